"""From an empty form to the receipt, at the command line, with a simulated card and a receiver on this machine."""

from __future__ import annotations

import json
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mynacard.japan import day_in_tokyo
from mynacard.portal import Receiver, Refusal, Store, served
from mynacard.portal.simulated import simulated_receiver
from mynacard.submission import outbox as outboxes
from mynacard.submission.exchange import State
from tests.cli.command_line import DIGITAL_SIGNATURE, USER_AUTHENTICATION, CardFile, Outcome, run
from tests.signing.pdfs import pdf
from tests.submission.packages import files_in

TODAY = day_in_tokyo(datetime.now(UTC))


@pytest.fixture
def receiver() -> Generator[Receiver]:
    store = Store()
    yield simulated_receiver(store)
    store.close()


@pytest.fixture
def url(receiver: Receiver) -> Generator[str]:
    with served(receiver) as found:
        yield found


class Person:
    """Somebody at a desk, with a card, a draft, and an outbox."""

    def __init__(self, card: CardFile, folder: Path, url: str) -> None:
        self.card, self.folder = card, folder
        self.pin, self.password = card.pin_file(USER_AUTHENTICATION), card.pin_file(DIGITAL_SIGNATURE)
        self.at = ("--portal", url, "--outbox", folder / "outbox", "-r", card.reader)
        self.draft = folder / "draft.json"

    def with_pin(self, *words: str | Path) -> Outcome:
        return run(*words, *self.at, "--pin-file", self.pin)

    def with_both(self, *words: str | Path) -> Outcome:
        return self.with_pin(*words, "--password-file", self.password)

    def filled_in(self, **changes: Any) -> Path:
        """A draft that can be sent, but for *changes*."""
        assert run("apply", "new", "extension", "-o", self.draft, "--force").code == 0
        document = json.loads(self.draft.read_text("utf-8"))
        files_in(self.folder / "files")
        document["files"] = [
            {"path": "files/photo.jpg", "role": "photo", "taken": (TODAY - timedelta(days=3)).isoformat()},
            {"path": "files/contract.pdf", "role": "document"},
        ]
        application = document["application"]
        application["person"] |= {
            "name": "MIHON ALEX SIMULATED", "birth_date": "1990-04-01", "nationality": "USA", "sex": "female",
            "married": False, "occupation": "Engineer", "home_town": "ＮＥＷ　ＹＯＲＫ", "mobile": "09000000000",
            "address": {"postcode": "1000001", "text": "東京都見本区模擬町一丁目２番３号"},
        }  # fmt: skip
        application |= {
            "wanted": {"reason": "As before.", "period": "3 years"},
            "contact": {"email": "a@b.example", "email_again": "a@b.example"},
            "stay": {
                "status": "engineer_humanities_international", "months": 36, "card_number": "AB12345678CD",
                "expires": (TODAY + timedelta(days=60)).isoformat(),
            },
            "passport": {"number": "X1", "expires": (TODAY + timedelta(days=900)).isoformat()},
            "criminal_record": {"exists": False}, "intent_confirmed": True, "content_is_true": True,
        }  # fmt: skip
        application |= changes
        self.draft.write_text(json.dumps(document), "utf-8")
        return self.draft


@pytest.fixture
def person(card: CardFile, tmp_path: Path, url: str) -> Person:
    return Person(card, tmp_path, url)


def done(outcome: Outcome) -> Outcome:
    assert outcome.code == 0, outcome.err + outcome.out
    return outcome


def test_an_application_goes_the_whole_way(person: Person, receiver: Receiver) -> None:
    assert "You are registered: account" in done(person.with_both("register")).out
    draft = person.filled_in()
    outcome = done(run("apply", "check", draft))
    assert "It can be sent" in outcome.err
    assert "Fee once it is permitted, for extension: " in outcome.err
    assert "signing certificate: not looked at" in outcome.out
    outcome = done(person.with_both("apply", "submit", draft))
    number = outcome.out.splitlines()[-2].split(":")[0]
    assert outcome.out.splitlines()[-2].endswith("received")
    receiver.accept(number)
    assert ": accepted" in done(person.with_pin("apply", "status")).out
    (found,) = done(person.with_pin("apply", "status", number, "--json")).json
    assert [event["state"] for event in found["history"]] == ["received", "accepted"]
    assert ": withdrawn" in done(person.with_pin("apply", "withdraw", number)).out
    assert receiver.store.count() == 1
    with pytest.raises(Refusal) as raised:
        receiver.move(number, State.COMPLETED)
    assert raised.value.problem == "application/state", "what was withdrawn stays so"
    decided = done(person.with_both("apply", "submit", draft)).out.splitlines()[-2].split(":")[0]
    receiver.move(decided, State.COMPLETED)
    assert person.with_pin("apply", "withdraw", decided).code == 67


def test_a_receiver_does_not_go_into_a_folder_with_other_files(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("my work", "utf-8")
    outcome = run("sim", "portal", "--folder", tmp_path)
    assert (outcome.code, "a receiver needs a folder of its own" in outcome.complaint) == (1, True)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_documents_are_sent_when_they_were_asked_for(person: Person, receiver: Receiver) -> None:
    done(person.with_both("register"))
    number = done(person.with_both("apply", "submit", person.filled_in())).out.splitlines()[-2].split(":")[0]
    more = person.folder / "files" / "proof.pdf"
    early = person.with_pin("apply", "attach", number, more)
    assert (early.code, "the application is received" in early.complaint) == (2, True), "before the password"
    receiver.move(number, State.AWAITING_DOCUMENTS, "A proof of income, please.")
    assert "A proof of income, please." in done(person.with_pin("apply", "status")).out
    assert ": under_examination" in done(person.with_both("apply", "attach", number, more)).out


def test_renewed_certificates_wait_for_somebody_to_look(person: Person, receiver: Receiver, tmp_path: Path) -> None:
    account = done(person.with_both("register")).out.split()[-1].rstrip(".")
    renewed = CardFile(tmp_path / "renewed.json", {"user-authentication": "1234", "digital-signature": "ABC123"})
    done(run("sim", "new", renewed.path))
    other = Person(renewed, tmp_path, str(person.at[1]))
    assert "waits for approval" in done(other.with_both("register", "--renew", account)).out
    assert other.with_pin("apply", "status").code == 67
    receiver.approve(account, receiver.store.rebinding(account))
    done(other.with_pin("apply", "status"))


def test_what_is_signed_is_sent_later_without_another_signature(person: Person, receiver: Receiver) -> None:
    done(person.with_both("register"))
    assert "waits in the outbox" in done(person.with_both("apply", "sign", person.filled_in())).out
    assert receiver.store.count() == 0
    assert ": received" in done(person.with_pin("apply", "resume")).out
    assert "Nothing waits" in done(person.with_pin("apply", "resume")).out
    assert receiver.store.count() == 1


def test_the_card_is_looked_at_without_a_pin(person: Person, tmp_path: Path) -> None:
    before, draft = person.card.trace_of_a_verify, person.filled_in()
    outcome = done(run("apply", "check", draft, "--with-card", "-r", person.card.reader, "--json"))
    assert {each["subject"]: each["ready"] for each in outcome.json} == {
        "application": True, "user-authentication certificate": True, "signing certificate": False, "PIN": True,
        "password": True, "residence card": False, "files": True,
    }  # fmt: skip
    assert person.card.trace_of_a_verify == before
    person.card.spend(DIGITAL_SIGNATURE, left=0)
    outcome = run("apply", "check", draft, "--with-card", "-r", person.card.reader)
    assert outcome.code == 67
    assert "password: not in order" in outcome.out
    assert "It is blocked: the municipality sets a new one. / ロックされています。" in outcome.out
    for persona, said in (
        ("missing-certificate", "The card does not have this certificate"),
        ("under-15", "password: not looked at"),
        ("expired", "The certificate expired on"),
        ("blocked-pins", "It is blocked"),
    ):
        outcome = run("apply", "check", draft, "--with-card", "-r", f"sim:@{persona}")
        assert outcome.code == 67, persona
        assert said in outcome.out


@pytest.mark.parametrize(
    ("persona", "said"),
    [("expired", "expired on"), ("revoked", "was revoked on"), ("ca-generation-2", "another key")],
)
def test_a_certificate_that_is_not_good_registers_nobody(
    person: Person, tmp_path: Path, persona: str, said: str
) -> None:
    card = CardFile(tmp_path / "other.json", {"user-authentication": "1234", "digital-signature": "ABC123"})
    done(run("sim", "new", card.path, "--persona", persona))
    outcome = Person(card, tmp_path, str(person.at[1])).with_both("register")
    assert outcome.code == 67
    assert said in outcome.err


def test_a_draft_is_filled_in_with_what_the_certificate_says(person: Person, tmp_path: Path) -> None:
    certificate, draft = tmp_path / "certificate.pem", tmp_path / "draft.json"
    words = ("-r", person.card.reader, "--pin-file", person.password)
    done(run("cert", "export", DIGITAL_SIGNATURE, "-o", certificate, *words))
    outcome = done(run("apply", "new", "change", "-o", draft, "--certificate", certificate))
    assert "/person/name: from the signing certificate." in outcome.err
    application = json.loads(draft.read_text("utf-8"))["application"]
    assert application["person"]["name"] == "MIHON ALEX SIMULATED"
    assert application["person"]["birth_date"] == "1990-04-01"
    assert "place_of_birth" in application["person"]
    assert run("apply", "new", "change", "-o", draft).code == 2, "it is there already"


def test_an_empty_draft_says_all_that_is_missing(tmp_path: Path) -> None:
    for kind in ("coe", "change", "extension", "acquisition", "work_certificate"):
        draft = tmp_path / f"{kind}.json"
        done(run("apply", "new", kind, "-o", draft))
        before = draft.read_bytes()
        outcome = run("apply", "check", draft, "--json")
        assert outcome.code == 67
        assert {each["code"] for each in outcome.json} <= {"form/date", "form/choice", "form/type", "text/empty"}
        assert all(each["message_ja"] and each["message_en"] for each in outcome.json)
        assert draft.read_bytes() == before


def test_mistakes_are_told_with_their_places_and_nobody_is_asked_for_a_pin(person: Person) -> None:
    done(person.with_both("register"))
    before = person.card.trace_of_a_verify
    draft = person.filled_in(intent_confirmed=False, delivery="email")
    for words in (
        ("apply", "check", draft),
        ("apply", "submit", draft, *person.at),
        ("apply", "sign", draft, *person.at),
    ):
        outcome = run(*words)
        assert outcome.code == 67
        assert "/intent_confirmed: error: This must be declared. / 確認・申告が必要です。" in outcome.out
        assert "/delivery: error:" in outcome.out
    assert person.card.trace_of_a_verify == before


def test_an_encrypted_file_is_told(person: Person) -> None:
    draft = person.filled_in()
    (person.folder / "files" / "contract.pdf").write_bytes(pdf(password="secret"))
    outcome = done(run("apply", "check", draft))
    assert "/attachments/1: warning: The file seems to be encrypted" in outcome.out


def test_the_statuses_are_listed_by_the_names_that_a_draft_takes() -> None:
    assert "student" in done(run("apply", "statuses")).out
    assert done(run("apply", "statuses", "--json")).json["student"] == {"ja": "留学", "en": "Student"}


def test_a_file_that_is_not_there_is_told(person: Person) -> None:
    draft = person.filled_in()
    (person.folder / "files" / "contract.pdf").unlink()
    outcome = run("apply", "check", draft)
    assert outcome.code == 63
    assert "contract.pdf" in outcome.complaint


def test_a_draft_that_is_none_is_told_and_kept(tmp_path: Path) -> None:
    draft = tmp_path / "draft.json"
    for content, code in ((b"{", "form/json"), (b'{"format": "x", "application": {}}', "form/choice")):
        draft.write_bytes(content)
        outcome = run("apply", "check", draft, "--json")
        assert (outcome.code, [each["code"] for each in outcome.json]) == (67, [code])
        assert draft.read_bytes() == content


def test_who_is_not_registered_learns_so_before_signing(person: Person) -> None:
    outcome = person.with_both("apply", "submit", person.filled_in())
    assert outcome.code == 67
    assert "No account is registered with this certificate" in outcome.err


def test_a_receiver_that_is_not_there_is_told_before_any_pin(person: Person) -> None:
    before = person.card.trace_of_a_verify
    person.at = ("--portal", "http://127.0.0.1:9", *person.at[2:])
    assert person.with_both("register").code == 68
    assert person.with_pin("apply", "status").code == 68
    person.at = ("--portal", "http://portal.example", *person.at[2:])
    assert person.with_both("register").code == 2
    assert person.card.trace_of_a_verify == before


def test_a_line_that_breaks_leaves_the_package_in_the_outbox(
    person: Person, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    done(person.with_both("register"))

    def failing(*_: object, **__: object) -> None:
        raise OSError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(Receiver, "submit", failing)
        assert person.with_both("apply", "submit", person.filled_in()).code == 67
    (entry,) = outboxes.Outbox(person.folder / "outbox").entries()
    assert entry.state is outboxes.EntryState.READY
    assert ": received" in done(person.with_pin("apply", "resume")).out

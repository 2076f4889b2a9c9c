"""What the receiver does not take, each by its code, after the good case was seen to pass."""

from __future__ import annotations

import hashlib
import io
import json
import random
import re
import zipfile
from collections.abc import Callable, Generator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from mynacard import portal
from mynacard.portal import Receiver
from mynacard.portal.store import Submission
from mynacard.signing import cades
from mynacard.submission.application import Sex
from mynacard.submission.calls import PortalError
from mynacard.submission.client import Client
from mynacard.submission.exchange import Purpose, State
from mynacard.submission.outbox import Entry, EntryState, Outbox
from mynacard.texts import catalogue
from mynacard.trust import RevocationEvidence
from tests.portal.campaign import Line
from tests.portal.people import ORIGIN, Clock, Somebody, logged_in, packed, receiver, registered
from tests.signing.documents import CA
from tests.submission.applications import EXTENSION, NOW
from tests.trust.authorities import AUTHENTICATION, authority, holder, key


@pytest.fixture
def made() -> Generator[Receiver]:
    found = receiver()
    yield found
    found.store.close()


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    return Outbox(tmp_path / "outbox")


@pytest.fixture
def client(made: Receiver, outbox: Outbox) -> Generator[Client]:
    with Client(ORIGIN, outbox, transport=Line(made)) as found:
        yield found


@pytest.fixture
def jane(client: Client) -> Somebody:
    found = Somebody()
    registered(client, found)
    logged_in(client, found)
    return found


@pytest.fixture
def entry(client: Client, outbox: Outbox, jane: Somebody, tmp_path: Path) -> Entry:
    """A good one: another like it was taken."""
    good = client.submit(packed(client, outbox, jane, tmp_path / "good"))
    assert good.state is EntryState.RECEIVED
    return packed(client, outbox, jane, tmp_path / "files")


def problem(call: Callable[..., object], *arguments: Any) -> str:
    with pytest.raises(PortalError) as raised:
        call(*arguments)
    return raised.value.problem


def with_content(outbox: Outbox, entry: Entry, data: bytes, **more: Any) -> Entry:
    """The entry with other bytes in its package."""
    outbox.package(entry).write_bytes(data)
    return replace(entry, content=hashlib.sha256(data).hexdigest(), size=len(data), **more)


def rezipped(outbox: Outbox, entry: Entry, **entries: bytes) -> Entry:
    """With further or other entries in the ZIP file, by their names: ``_`` stands for ``/``."""
    with zipfile.ZipFile(outbox.package(entry)) as archive:
        found = {info.filename: archive.read(info) for info in archive.infolist()}
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in (found | {name.replace("_", "/"): content for name, content in entries.items()}).items():
            info = zipfile.ZipInfo(name)
            info.create_system, info.external_attr = 3, 0o600 << 16
            archive.writestr(info, content)
    return with_content(outbox, entry, target.getvalue())


# --- packages --------------------------------------------------------------------------------------------------------


def test_the_same_package_is_taken_once_whatever_its_key(
    made: Receiver, client: Client, outbox: Outbox, entry: Entry
) -> None:
    client.submit(entry)
    assert problem(client.submit, replace(entry, key="another key of mine")) == "challenge/unknown"
    assert made.store.count() == 2
    assert client.submit(replace(entry, state=EntryState.READY)).status == client.submit(entry).status


def test_the_same_package_sent_twice_at_one_time_gets_one_receipt(
    made: Receiver, client: Client, entry: Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second one did not see the first when it looked, and finds its challenge used."""
    first = client.submit(entry).status
    real, asked = made.store.submission, list[str]()

    def blind_once(account: str, key: str) -> Submission | None:
        asked.append(key)
        return None if len(asked) == 1 else real(account, key)

    monkeypatch.setattr(made.store, "submission", blind_once)
    assert client.submit(replace(entry, state=EntryState.READY)).status == first
    assert len(asked) == 2
    assert made.store.count() == 2


def test_one_key_is_for_one_package(
    client: Client, outbox: Outbox, entry: Entry, jane: Somebody, tmp_path: Path
) -> None:
    client.submit(entry)
    other = packed(client, outbox, jane, tmp_path / "other", size=10)
    assert problem(client.submit, replace(other, key=entry.key)) == "idempotency/other-content"
    assert outbox.entry(other.id).state is EntryState.REFUSED


@pytest.mark.parametrize("name", ["", "short", "x" * 129])
def test_a_key_is_needed(client: Client, entry: Entry, name: str) -> None:
    assert problem(client.submit, replace(entry, key=name)) == "idempotency/missing"


def test_a_package_for_another_receiver_is_refused(
    made: Receiver, client: Client, entry: Entry, outbox: Outbox
) -> None:
    other = replace(made, origin="https://other.example")
    with Client(ORIGIN, outbox, transport=Line(other)) as there:
        there.session = client.session
        assert problem(there.submit, entry) == "manifest/audience"


def test_a_stale_challenge_is_refused(
    made: Receiver, client: Client, outbox: Outbox, jane: Somebody, tmp_path: Path
) -> None:
    clock = made.clock
    assert isinstance(clock, Clock)
    good, late = (packed(client, outbox, jane, tmp_path / name) for name in ("good", "late"))
    clock.now = NOW + timedelta(hours=23, minutes=59)
    logged_in(client, jane)
    client.submit(good)
    clock.now = NOW + timedelta(days=1)
    logged_in(client, jane)
    assert problem(client.submit, late) == "challenge/unknown"
    clock.now = NOW + timedelta(days=1, seconds=1)
    assert problem(client.submit, late) == "manifest/issued"


def test_the_clocks_may_be_five_minutes_apart(client: Client, outbox: Outbox, jane: Somebody, tmp_path: Path) -> None:
    client.submit(packed(client, outbox, jane, tmp_path / "files", now=NOW + timedelta(minutes=5)))
    ahead = packed(client, outbox, jane, tmp_path / "files", now=NOW + timedelta(minutes=5, seconds=1))
    assert problem(client.submit, ahead) == "manifest/issued"


@pytest.mark.parametrize(
    ("entries", "code"),
    [
        ({"files_01": b"%PDF-1.7 other"}, "attachment/changed"),
        ({"files_07": b"%PDF-1.7 more"}, "package/form"),
        ({".._.._etc_passwd": b"x"}, "package/form"),
        ({"_etc_passwd": b"x"}, "package/form"),
        ({"manifest.json": b"{}"}, "manifest/form"),
        ({"manifest.json.p7s": b"x"}, "certificate/unsupported"),
    ],
)
def test_a_package_with_something_else_in_it_is_refused(
    client: Client, outbox: Outbox, entry: Entry, entries: dict[str, bytes], code: str
) -> None:
    assert problem(client.submit, rezipped(outbox, entry, **entries)) == code
    assert outbox.entry(entry.id).state is EntryState.REFUSED


def test_a_bomb_is_refused_before_it_unfolds(client: Client, outbox: Outbox, entry: Entry) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", bytes(50_000_000))
    assert len(target.getvalue()) < 100_000
    assert problem(client.submit, with_content(outbox, entry, target.getvalue())) == "package/form"


def test_what_is_too_long_is_not_received_to_its_end(client: Client, outbox: Outbox, entry: Entry) -> None:
    assert problem(client.submit, with_content(outbox, entry, bytes(0x200_0001))) == "request/too-large"


# --- certificates ----------------------------------------------------------------------------------------------------


def test_a_certificate_for_logging_in_signs_no_document(
    client: Client, outbox: Outbox, jane: Somebody, tmp_path: Path
) -> None:
    class Confused(Somebody):
        def signature(self, document: bytes) -> bytes:
            return cades.sign(document, self.authentication, key(f"{self.name} log-in"))

    client.submit(packed(client, outbox, jane, tmp_path / "good"))
    assert problem(client.submit, packed(client, outbox, Confused(), tmp_path / "files")) == "certificate/unsupported"


def test_another_person_s_signature_is_none_of_this_account(
    client: Client, outbox: Outbox, entry: Entry, tmp_path: Path
) -> None:
    other = Somebody("other", serial=5)
    registered(client, other)
    assert problem(client.submit, packed(client, outbox, other, tmp_path / "other")) == "account/other-certificate"


def test_another_person_s_applications_are_nobody_s_business(
    client: Client, outbox: Outbox, entry: Entry, jane: Somebody, tmp_path: Path
) -> None:
    mine = client.submit(entry).status
    assert mine is not None
    number = mine.provisional_number
    assert client.status(number).provisional_number == number
    other = Somebody("other", serial=5)
    registered(client, other)
    logged_in(client, other)
    for call in (client.status, client.withdraw):
        assert problem(call, number) == "application/unknown"
    assert client.overview().applications == ()
    more = packed(client, outbox, other, tmp_path / "more", number=number)
    assert problem(client.submit, more) == "application/unknown"
    assert problem(client.submit, replace(entry, number="")) == "challenge/unknown", "her challenge is not the other's"


def listed(*serials: int) -> RevocationEvidence:
    builder = x509.CertificateRevocationListBuilder(CA.certificate.subject, NOW, NOW + timedelta(days=1))
    for serial in serials:
        entry = x509.RevokedCertificateBuilder(serial, NOW - timedelta(days=1)).build()
        builder = builder.add_revoked_certificate(entry)
    return RevocationEvidence((builder.sign(key(CA.key_name), hashes.SHA256()).public_bytes(Encoding.DER),))


def test_revocation_is_looked_at_each_time(made: Receiver, outbox: Outbox, tmp_path: Path) -> None:
    serials = list[int]()
    strict = replace(made, accept_unchecked=False, evidence=lambda: listed(*serials))
    jane = Somebody()
    with Client(ORIGIN, outbox, transport=Line(strict)) as client:
        registered(client, jane)
        logged_in(client, jane)
        client.submit(packed(client, outbox, jane, tmp_path / "good"))
        waiting = packed(client, outbox, jane, tmp_path / "files")
        serials.append(jane.signing.serial_number)
        assert problem(client.submit, waiting) == "certificate/revoked"
        logged_in(client, jane)
        serials.append(jane.authentication.serial_number)
        assert problem(logged_in, client, jane) == "certificate/revoked"
        assert problem(registered, client, jane) == "certificate/revoked"


def test_what_nobody_could_check_is_not_taken_unless_somebody_said_so(made: Receiver, outbox: Outbox) -> None:
    with Client(ORIGIN, outbox, transport=Line(replace(made, accept_unchecked=False))) as client:
        with pytest.raises(PortalError) as raised:
            registered(client, Somebody())
        assert (raised.value.problem, raised.value.status) == ("certificate/not-checked", 503)


def test_expired_certificates_are_refused(made: Receiver, client: Client, outbox: Outbox, jane: Somebody) -> None:
    clock = made.clock
    assert isinstance(clock, Clock)
    clock.now = jane.authentication.not_valid_after_utc
    logged_in(client, jane)
    clock.now += timedelta(seconds=1)
    assert problem(logged_in, client, jane) == "certificate/expired"
    assert problem(registered, client, jane) == "certificate/expired"


def test_other_authorities_are_nobody(client: Client) -> None:
    other = Somebody("holder of another", ca=authority("another ca", organization="ELSEWHERE"))
    assert problem(registered, client, other) == "certificate/issuer"


# --- challenges ------------------------------------------------------------------------------------------------------


def test_a_challenge_is_answered_once_and_for_its_purpose(client: Client, jane: Somebody) -> None:
    challenge = client.challenge(Purpose.SESSION)
    token = jane.token(client.origin, challenge.nonce)
    client.log_in(challenge.nonce, token)
    assert problem(client.log_in, challenge.nonce, token) == "challenge/unknown"
    challenge = client.challenge(Purpose.REGISTRATION)
    assert problem(client.log_in, challenge.nonce, jane.token(client.origin, challenge.nonce)) == "challenge/unknown"


def test_an_answer_for_another_origin_is_none(client: Client, jane: Somebody) -> None:
    challenge = client.challenge(Purpose.SESSION)
    assert problem(client.log_in, challenge.nonce, jane.token("https://phishing.example", challenge.nonce)) == (
        "signature/mismatch"
    )


def test_a_registration_needs_both_keys_for_this_challenge(client: Client, jane: Somebody) -> None:
    for change in ("token", "signature", "certificate"):
        challenge, other = client.challenge(Purpose.REGISTRATION), client.challenge(Purpose.REGISTRATION)
        token, signature = jane.registration(client.origin, challenge.nonce)
        stale_token, stale_signature = jane.registration(client.origin, other.nonce)
        if change == "token":
            token = stale_token
        elif change == "signature":
            signature = stale_signature
        else:
            signature = Somebody("other", serial=5).registration(client.origin, challenge.nonce)[1]
        assert problem(client.register, challenge.nonce, token, signature) == "signature/mismatch", change


def test_one_certificate_is_in_one_account(client: Client, jane: Somebody) -> None:
    class Two(Somebody):
        def __post_init__(self) -> None:
            super().__post_init__()
            self.authentication = holder(CA, f"{self.name} log-in", extensions=AUTHENTICATION, serial=9999)

    assert problem(registered, client, Two()) == "account/exists"


def test_a_challenge_for_a_package_is_given_only_to_an_account(client: Client, jane: Somebody) -> None:
    client.challenge(Purpose.PACKAGE)
    client.session = None
    assert problem(client.challenge, Purpose.PACKAGE) == "session/unknown"


# --- the application -------------------------------------------------------------------------------------------------


def test_all_that_breaks_a_rule_is_told_at_once_and_nothing_is_kept(
    made: Receiver, client: Client, outbox: Outbox, jane: Somebody, tmp_path: Path
) -> None:
    client.submit(packed(client, outbox, jane, tmp_path / "good"))
    wrong = replace(EXTENSION, intent_confirmed=False, person=replace(EXTENSION.person, name="jane"))
    assert not client.dry_run(wrong).acceptable
    with pytest.raises(PortalError) as raised:
        client.submit(packed(client, outbox, jane, tmp_path / "files", application=wrong))
    assert raised.value.problem == "rules/violated"
    errors = {(each.field, each.code) for each in raised.value.report if each.severity == "error"}
    assert errors == {("/intent_confirmed", "declaration/missing"), ("/person/name", "text/name")}
    assert all(each.message_ja and each.message_en for each in raised.value.report)
    assert made.store.count() == 1
    assert len(list((made.store.folder / "packages").iterdir())) == 1


def test_the_form_must_be_about_who_signed(client: Client, outbox: Outbox, tmp_path: Path) -> None:
    class Known(Somebody):
        def __post_init__(self) -> None:
            super().__post_init__()
            names = [
                x509.OtherName(x509.ObjectIdentifier(f"1.2.392.200149.8.5.5.{number}"), utf8(text))
                for number, text in ((1, "MADEUP JANE"), (3, "2"), (4, "319900131"), (5, EXTENSION.person.address.text))  # type: ignore[union-attr]
            ]
            self.signing = reissued(self.signing, x509.SubjectAlternativeName(names))

    jane = Known()
    registered(client, jane)
    logged_in(client, jane)
    good = client.submit(packed(client, outbox, jane, tmp_path / "good")).status
    assert good is not None
    assert good.report == ()
    person = replace(EXTENSION.person, birth_date=date(1991, 1, 31), sex=Sex.MALE, name="MADEUP JOAN")
    other = packed(client, outbox, jane, tmp_path / "files", application=replace(EXTENSION, person=person))
    with pytest.raises(PortalError) as raised:
        client.submit(other)
    assert {(each.code, each.severity) for each in raised.value.report} == {
        ("holder/birth-date-differs", "error"), ("holder/sex-differs", "error"), ("holder/name-differs", "warning"),
    }  # fmt: skip


def utf8(text: str) -> bytes:
    return b"\x0c" + bytes((len(text.encode()),)) + text.encode()


def reissued(certificate: x509.Certificate, names: x509.SubjectAlternativeName) -> x509.Certificate:
    builder = x509.CertificateBuilder(
        certificate.issuer, certificate.subject, certificate.public_key(), certificate.serial_number + 50,
        certificate.not_valid_before_utc, certificate.not_valid_after_utc,
    )  # fmt: skip
    for extension in certificate.extensions:
        value = names if isinstance(extension.value, x509.SubjectAlternativeName) else extension.value
        builder = builder.add_extension(value, extension.critical)
    return builder.sign(key(CA.key_name), hashes.SHA256())


def test_documents_are_taken_only_when_they_were_asked_for(
    made: Receiver, client: Client, outbox: Outbox, entry: Entry, jane: Somebody, tmp_path: Path
) -> None:
    status = client.submit(entry).status
    assert status is not None
    number = status.provisional_number
    early = packed(client, outbox, jane, tmp_path / "early", number=number)
    assert problem(client.submit, early) == "application/state"
    made.move(number, State.AWAITING_DOCUMENTS)
    wanted = packed(client, outbox, jane, tmp_path / "wanted", number=number)
    assert problem(client.submit, replace(wanted, number="")) == "application/unknown"
    assert client.submit(wanted).state is EntryState.RECEIVED


def test_what_was_decided_cannot_be_withdrawn(made: Receiver, client: Client, entry: Entry) -> None:
    status = client.submit(entry).status
    assert status is not None
    made.move(status.provisional_number, State.GRANTED)
    assert problem(client.withdraw, status.provisional_number) == "application/state"
    assert problem(client.status, "no such number") == "application/unknown"


# --- the line itself -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "body", "kind", "status", "code"),
    [
        ("/challenges", b"{", "application/json", 400, "request/form"),
        ("/challenges", b'{"purpose": "x"}', "application/json", 400, "request/form"),
        ("/challenges", b" " * 0x4_0001, "application/json", 413, "request/too-large"),
        ("/sessions", b'{"nonce": "x", "token": "y"}', "application/json", 409, "challenge/unknown"),
        ("/applications", b"", "application/json", 401, "session/unknown"),
        ("/nothing", b"", "application/json", 404, "http/404"),
    ],
)
def test_requests_that_are_none_get_a_problem(
    made: Receiver, path: str, body: bytes, kind: str, status: int, code: str
) -> None:
    with httpx2.Client(transport=Line(made), base_url=ORIGIN) as line:
        answer = line.post(path, content=body, headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Cache-Control"] == "no-store"


PATHS = (
    "/challenges", "/registrations", "/registrations/rebind", "/sessions", "/applications:check", "/applications",
    "/applications/x", "/applications/x/attachments", "/applications/x/withdraw", "/", "/applications/%00/withdraw",
)  # fmt: skip


def test_whatever_is_sent_gets_a_problem_and_never_breaks_the_receiver(
    made: Receiver, client: Client, jane: Somebody
) -> None:
    dice = random.Random(20261124)
    assert client.session is not None
    good = json.dumps({"purpose": "session", "nonce": "x" * 44, "token": "{}", "signature": "eA==", "account": "x"})
    kinds = ("application/json", "application/zip", "text/plain", "")
    with httpx2.Client(transport=Line(made), base_url=ORIGIN) as line:
        for _ in range(400):
            body = bytearray(good.encode())
            for _ in range(dice.randrange(6)):
                body[dice.randrange(len(body))] = dice.randrange(256)
            headers = {"Content-Type": dice.choice(kinds), "Idempotency-Key": "k" * dice.choice((0, 5, 20, 500))}
            if dice.random() < 0.7:
                headers["Authorization"] = dice.choice((f"Bearer {client.session.session}", "Bearer x", "Basic é", "x"))
            raw = [(name.encode(), value.encode()) for name, value in headers.items()]
            method, path = dice.choice(("GET", "POST", "PUT")), dice.choice(PATHS)
            answer = line.request(method, path, content=bytes(body), headers=raw)
            assert answer.status_code < 500, (answer.status_code, bytes(body))
            if answer.status_code >= 400:
                assert answer.json()["code"], answer.content
    client.overview()


def test_a_package_of_another_media_type_is_none(made: Receiver, client: Client, jane: Somebody) -> None:
    assert client.session is not None
    with httpx2.Client(transport=Line(made), base_url=ORIGIN) as line:
        headers = {"Authorization": f"Bearer {client.session.session}", "Content-Type": "text/html"}
        answer = line.post("/applications", content=b"", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "request/media-type")


def test_every_refusal_is_told_in_japanese_too(made: Receiver) -> None:
    """What the portal says itself is in tests/test_catalogue.py; what is bad of a signature it repeats from trust."""
    rooms, translate = Path(portal.__file__).parents[1], catalogue("ja").gettext
    source = "".join((rooms / name).read_text("utf-8") for name in ("trust/chain.py", "trust/revocation.py"))
    bad = re.findall(r'bad\(\s*"[a-z/-]+",\s*N_\("([^"]+)"', source) + re.findall(
        r'"(No CA certificate was given; [^"]+)"', source
    )
    assert len(bad) >= 12
    assert [template for template in bad if translate(template) == template] == []
    with httpx2.Client(transport=Line(made), base_url=ORIGIN) as line:
        answer = line.get("/applications")
    assert answer.json()["detail_ja"] == "ログインしてください。"


ANSWERS: dict[str, tuple[int, str, bytes, str]] = {
    "elsewhere": (302, "text/html", b"", "http/302"),
    "no JSON": (200, "text/html", b"<html>", "portal/answer"),
    "other JSON": (200, "application/json", b'{"x": 1}', "portal/answer"),
    "no problem": (500, "application/problem+json", b"[]", "http/500"),
    "a page": (503, "text/html", b"<html>", "http/503"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_answers_that_are_none_are_errors_with_codes(outbox: Outbox, name: str) -> None:
    status, kind, content, code = ANSWERS[name]

    def answer(_request: httpx2.Request) -> httpx2.Response:
        headers = {"Content-Type": kind, "Location": "https://elsewhere.example/"}
        return httpx2.Response(status, headers=headers, stream=httpx2.ByteStream(content))

    with Client(ORIGIN, outbox, transport=httpx2.MockTransport(answer)) as client:
        assert problem(client.challenge, Purpose.SESSION) == code


def test_an_answer_without_end_is_left(outbox: Outbox) -> None:
    from mynacard.errors import PortalUnreachable

    class Endless(httpx2.SyncByteStream):
        given = 0

        def __iter__(self) -> Generator[bytes]:
            while True:
                Endless.given += 1
                yield bytes(0x1_0000)

    def answer(_request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, stream=Endless())

    transport = httpx2.MockTransport(answer)
    with (
        Client(ORIGIN, outbox, transport=transport) as client,
        pytest.raises(PortalUnreachable, match="answer is too long"),
    ):
        client.challenge(Purpose.SESSION)
    assert Endless.given == 17


def test_anchors_are_the_receiver_s_own(made: Receiver, outbox: Outbox) -> None:
    with Client(ORIGIN, outbox, transport=Line(replace(made, anchors=()))) as client:
        assert problem(registered, client, Somebody()) == "certificate/issuer"

"""Drafts: what the cards say goes in, which of them said it is told, and what they disagree on is not hidden."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from mynacard.residence import CardNumber, contents_of
from mynacard.submission import codec, draft
from mynacard.submission.application import Application, Kind, Role
from mynacard.submission.codec import FormError
from mynacard.submission.draft import Draft, DraftFile, Prefilled, ResidenceFacts, Source, begin, facts_of, finish, load
from mynacard.submission.holder_match import Match, compare, compare_texts, fingerprint
from mynacard.submission.messages import Severity
from tests.residence.cards import FIRST, SECOND, files
from tests.signing.documents import CA, CERTIFICATE
from tests.submission.applications import EXTENSION
from tests.submission.packages import files_in
from tests.trust.authorities import key


def certificate(name: str = "MADEUP JANE", born: str = "319900131", sex: str = "2", address: str = "東京都１") -> Any:
    """A signing certificate that says these of its holder."""
    names = [
        x509.OtherName(x509.ObjectIdentifier(f"1.2.392.200149.8.5.5.{number}"), _utf8(text))
        for number, text in ((1, name), (3, sex), (4, born), (5, address))
    ]
    builder = x509.CertificateBuilder(
        CERTIFICATE.issuer, CERTIFICATE.subject, CERTIFICATE.public_key(), 77,
        CERTIFICATE.not_valid_before_utc, CERTIFICATE.not_valid_after_utc,
    )  # fmt: skip
    builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(key(CA.key_name), hashes.SHA256())


def _utf8(text: str) -> bytes:
    return b"\x0c" + bytes((len(text.encode()),)) + text.encode()


FACTS = ResidenceFacts(
    "AB12345678CD", date(2026, 12, 31), date(2026, 12, 31), date(1990, 1, 31), "東京都２", extension_pending=False
)


@pytest.mark.parametrize("kind", Kind)
def test_a_new_draft_declares_nothing_in_its_applicant_s_name(kind: Kind) -> None:
    made, _prefilled = begin(kind)
    assert made.application["intent_confirmed"] is False
    assert made.application["content_is_true"] is False


@pytest.mark.parametrize("kind", Kind)
def test_a_new_draft_asks_for_all_that_the_form_does(kind: Kind) -> None:
    made, prefilled = begin(kind)
    assert prefilled == ()
    assert load(json.dumps(codec.encode(made)).encode()) == made
    with pytest.raises(FormError) as raised:
        finish(made, Path())
    codes = {each.code for each in raised.value.violations}
    assert "text/empty" in codes
    assert not codes & {"form/unknown-field", "form/missing"}


def test_each_card_fills_in_what_it_says_and_is_named() -> None:
    made, prefilled = begin(Kind.EXTENSION, signing=certificate(), residence=FACTS)
    used = {each.place: each.source for each in prefilled if each.used}
    assert used == {
        "/stay/card_number": Source.RESIDENCE_CARD,
        "/stay/expires": Source.RESIDENCE_CARD,
        "/person/birth_date": Source.RESIDENCE_CARD,
        "/person/address/text": Source.RESIDENCE_CARD,
        "/person/name": Source.SIGNING_CERTIFICATE,
        "/person/sex": Source.SIGNING_CERTIFICATE,
    }
    person: Any = made.application["person"]
    assert (person["name"], person["birth_date"], person["sex"]) == ("MADEUP JANE", "1990-01-31", "female")


def test_what_the_cards_disagree_on_is_told_and_the_residence_card_s_is_used() -> None:
    made, prefilled = begin(Kind.EXTENSION, signing=certificate(born="319910131"), residence=FACTS)
    unused = {(each.place, each.value) for each in prefilled if not each.used}
    assert unused == {("/person/birth_date", "1991-01-31"), ("/person/address/text", "東京都１")}
    person: Any = made.application["person"]
    assert (person["birth_date"], person["address"]["text"]) == ("1990-01-31", "東京都２")


def test_a_name_that_the_form_does_not_take_is_told_and_not_put_in() -> None:
    made, prefilled = begin(Kind.EXTENSION, signing=certificate(name="見本　花子"))
    assert Prefilled("/person/name", "見本　花子", Source.SIGNING_CERTIFICATE, used=False) in prefilled
    person: Any = made.application["person"]
    assert person["name"] == ""


def test_nothing_personal_is_printed() -> None:
    _made, prefilled = begin(Kind.EXTENSION, signing=certificate(), residence=FACTS)
    assert "JANE" not in repr(prefilled) + repr(_made)
    assert "AB12345678CD" not in repr(FACTS)


def test_both_generations_of_residence_cards_are_read() -> None:
    first = facts_of(contents_of(files(FIRST)), CardNumber("AB12345678CD"))
    assert (first.number, first.stay_expires, first.extension_pending) == ("AB12345678CD", None, False)
    assert first.address is not None
    assert facts_of(contents_of(files(FIRST))).number is None
    second = facts_of(contents_of(files(SECOND)))
    assert second.number is not None
    assert second.stay_expires is not None
    assert second.birth_date is not None


def test_a_finished_draft_is_an_application_with_its_files(tmp_path: Path) -> None:
    paths, attachments = files_in(tmp_path / "files")
    document: Any = codec.encode(replace(EXTENSION, attachments=()))
    attached = (
        DraftFile("files/photo.jpg", Role.PHOTO, date(2026, 11, 1)),
        DraftFile("files/contract.pdf", Role.DOCUMENT),
        DraftFile("files/proof.pdf", Role.DOCUMENT),
    )
    application, found = finish(Draft(draft.FORMAT, document, attached), tmp_path)
    assert application == replace(EXTENSION, attachments=attachments)
    assert found == paths
    assert isinstance(application, Application)


def test_what_is_wrong_with_the_texts_is_told_along_with_the_rest(tmp_path: Path) -> None:
    document: Any = codec.encode(replace(EXTENSION, attachments=()))
    document["person"]["name"] = "jane"
    document["family"] = [{"name": "A", "workplace": "half width"}]
    del document["delivery"]
    with pytest.raises(FormError) as raised:
        finish(Draft(draft.FORMAT, document), tmp_path)
    found = {(each.field, each.code) for each in raised.value.violations}
    assert {
        ("/delivery", "form/missing"), ("/family/0/relationship", "form/missing"), ("/person/name", "text/name"),
        ("/family/0/workplace", "text/full-width"),
    } <= found  # fmt: skip


def test_attachments_are_not_said_but_looked_at(tmp_path: Path) -> None:
    document: Any = codec.encode(EXTENSION)
    with pytest.raises(FormError) as raised:
        finish(Draft(draft.FORMAT, document), tmp_path)
    assert [(each.field, each.code) for each in raised.value.violations] == [("/attachments", "form/unknown-field")]
    with pytest.raises(FileNotFoundError):
        finish(Draft(draft.FORMAT, {}, (DraftFile("no.pdf", Role.DOCUMENT),)), tmp_path)


# --- the form beside the certificate ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "found"),
    [
        ("MADEUP JANE", "MADEUP JANE", Match.SAME),
        ("MADEUP JANE", "ＭＡＤＥＵＰ　ＪＡＮＥ", Match.AFTER_NORMALISATION),
        ("MADEUP JANE", "Madeup  Jane ", Match.AFTER_NORMALISATION),
        ("MADEUP JANE", "MADEUPJANE", Match.DIFFERS),
        ("MADEUP JANE", "見本　花子", Match.DIFFERS),
    ],
)
def test_texts_are_compared_as_far_as_they_can_be(one: str, other: str, found: Match) -> None:
    assert compare_texts(one, other) is found
    assert compare_texts(other, one) is found


def test_what_the_certificate_says_otherwise_is_told() -> None:
    person = EXTENSION.person
    assert person.address is not None
    same = certificate(address=person.address.text)
    assert compare(person, same) == []
    other = compare(person, certificate("OTHER", "319910131", "1"))
    assert {(each.code, each.severity) for each in other} == {
        ("holder/birth-date-differs", Severity.ERROR), ("holder/sex-differs", Severity.ERROR),
        ("holder/name-differs", Severity.WARNING), ("holder/address-differs", Severity.WARNING),
    }  # fmt: skip
    unknown = compare(person, certificate(born="30000", sex="9", address=person.address.text))
    assert {(each.code, each.severity) for each in unknown} == {("holder/unknown", Severity.WARNING)}
    assert [each.code for each in compare(person, CA.certificate)] == ["holder/unknown"]


def test_a_holder_has_one_fingerprint_and_it_says_nothing() -> None:
    assert fingerprint(certificate()) == fingerprint(certificate(address="elsewhere"))
    assert fingerprint(certificate()) == fingerprint(certificate(name="ＭＡＤＥＵＰ JANE"))
    assert (
        len({fingerprint(each) for each in (certificate(), certificate("OTHER"), certificate(born="319910131"))}) == 3
    )
    assert fingerprint(CA.certificate) != fingerprint(CERTIFICATE)


def test_a_draft_file_is_read_with_the_files_beside_it(tmp_path: Path) -> None:
    paths, attachments = files_in(tmp_path / "files")
    attached = [
        {"path": f"files/{path.name}", "role": said.role} for path, said in zip(paths, attachments, strict=True)
    ]
    attached[0]["taken"] = "2026-11-01"
    document = {
        "format": draft.FORMAT, "application": codec.encode(replace(EXTENSION, attachments=())), "files": attached,
    }  # fmt: skip
    (tmp_path / "draft.json").write_text(json.dumps(document), "utf-8")
    assert draft.read(tmp_path / "draft.json") == (replace(EXTENSION, attachments=attachments), paths)


def test_a_file_that_is_too_long_for_a_draft_is_refused(tmp_path: Path) -> None:
    (tmp_path / "draft.json").write_bytes(bytes(codec.DOCUMENT_MAX + 1))
    with pytest.raises(FormError) as raised:
        draft.read(tmp_path / "draft.json")
    assert [mistake.code for mistake in raised.value.violations] == ["form/too-long"]

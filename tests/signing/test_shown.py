"""A file is signed as it was shown, or not at all."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mynacard import errors
from mynacard.apdu import Channel
from mynacard.hashes import HashAlgorithm
from mynacard.jpki import DIGITAL_SIGNATURE, JpkiSession
from mynacard.pin import Pin
from mynacard.signing.judging import judge
from mynacard.signing.making import Format, Making
from mynacard.signing.shown import ShownFile, sign_files, signer
from mynacard.trust import Verdict, load_certificate
from tests.jpki.cards import card_with, certificate_of, counted, pin
from tests.signing.documents import DATA
from tests.signing.pdfs import pdf
from tests.support import CardThat
from tests.test_meaning import SIGNED_ATTRIBUTES

CMS = Making()
RAW = Making(Format.RAW)
PADES = Making(Format.PADES)
ALL_BUT_PDF = [RAW, CMS, Making(Format.CADES), Making(hash_=HashAlgorithm.SHA512)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "document"
    path.write_bytes(DATA)
    return path


@pytest.fixture
def card() -> CardThat:
    return counted(card_with())


@pytest.fixture
def session(card: CardThat) -> JpkiSession:
    session = JpkiSession(Channel(card))
    session.verify(DIGITAL_SIGNATURE, pin(DIGITAL_SIGNATURE))
    return session


@pytest.mark.parametrize("making", ALL_BUT_PDF, ids=lambda making: f"{making.format}-{making.hash_}")
def test_what_is_shown_is_the_hash_of_the_file(making: Making, path: Path) -> None:
    shown = ShownFile.of(path, making, keep=False)
    assert (shown.path, shown.algorithm, shown.digest) == (path, making.hash_, making.hash_.digest(DATA))
    assert shown.content is None


def test_a_changed_file_is_refused(path: Path) -> None:
    shown = ShownFile.of(path, CMS, keep=False)
    assert shown.read() == DATA
    path.write_bytes(DATA + b"x")
    with pytest.raises(errors.UsageError, match="was changed after it was shown"):
        shown.read()


def test_what_was_kept_is_signed_whatever_becomes_of_the_file(path: Path) -> None:
    shown = ShownFile.of(path, CMS, keep=True)
    path.unlink()
    assert shown.read() == DATA
    assert "document\\nwith" not in repr(shown)


def test_a_file_that_the_format_cannot_sign_is_not_shown(path: Path) -> None:
    with pytest.raises(errors.PdfFileError):
        ShownFile.of(path, Making(Format.PADES), keep=False)


def test_for_a_raw_signature_the_file_is_not_held_in_memory(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "read_bytes", None)
    assert ShownFile.of(path, RAW, keep=True).content is None


@pytest.mark.parametrize("making", ALL_BUT_PDF, ids=lambda making: f"{making.format}-{making.hash_}")
def test_a_file_gets_one_good_signature(making: Making, path: Path, session: JpkiSession, card: CardThat) -> None:
    signature = signer(session, making)(ShownFile.of(path, making, keep=False))
    certificate = load_certificate(certificate_of(DIGITAL_SIGNATURE)) if making.format is Format.RAW else None
    judgement = judge(
        DATA, anchors=(), at=datetime.now(UTC), signature=signature, certificate=certificate, hash_=making.hash_
    )
    assert sum(command[1] == 0x2A for command in card.sent) == 1
    (judged,) = judgement.signatures
    assert dict(judged.steps)["signature"].verdict is Verdict.GOOD


def test_a_pdf_file_gets_one_good_signature(tmp_path: Path, session: JpkiSession, card: CardThat) -> None:
    (path := tmp_path / "document.pdf").write_bytes(pdf())
    signed = signer(session, PADES)(ShownFile.of(path, PADES, keep=False))
    assert sum(command[1] == 0x2A for command in card.sent) == 1
    (judged,) = judge(signed, anchors=(), at=datetime.now(UTC))
    assert dict(judged.steps)["signature"].verdict is Verdict.GOOD


@pytest.mark.parametrize("data", SIGNED_ATTRIBUTES, ids=len)
def test_signed_attributes_are_not_shown_for_a_raw_signature(data: bytes, path: Path) -> None:
    path.write_bytes(data)
    with pytest.raises(errors.UsageError, match=f"{re.escape(str(path))} is not signed"):
        ShownFile.of(path, RAW, keep=True)
    assert ShownFile.of(path, CMS, keep=False).read() == data


def test_a_changed_file_costs_no_signature(path: Path, session: JpkiSession, card: CardThat) -> None:
    shown, signature = ShownFile.of(path, CMS, keep=False), signer(session, CMS)
    path.write_bytes(b"another")
    before = len(card.sent)
    with pytest.raises(errors.UsageError):
        signature(shown)
    assert len(card.sent) == before


def test_many_files_are_signed_by_one_call_after_all_were_checked(tmp_path: Path) -> None:
    files = [tmp_path / f"{number}.pdf" for number in range(3)]
    for number, file in enumerate(files):
        file.write_bytes(pdf(1 + number))
    signed = dict(sign_files(PADES, files, Pin("ABC123"), name="sim:"))
    assert list(signed) == files
    for file in files:
        (judged,) = judge(signed[file], anchors=(), at=datetime.now(UTC))
        assert dict(judged.steps)["signature"].verdict is Verdict.GOOD
        assert signed[file].startswith(file.read_bytes())


def test_one_file_that_cannot_be_signed_keeps_all_from_being_asked_for(tmp_path: Path) -> None:
    def asked(*_: object) -> Pin:
        raise AssertionError

    good, bad = tmp_path / "good.pdf", tmp_path / "bad.pdf"
    good.write_bytes(pdf())
    bad.write_bytes(DATA)
    with pytest.raises(errors.PdfFileError):
        sign_files(PADES, [good, bad], asked, name="sim:")

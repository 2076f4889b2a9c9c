"""A file is signed as it was shown, or not at all."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime
from io import BufferedReader
from pathlib import Path

import pytest

from mynacard import errors
from mynacard.apdu import Channel
from mynacard.hashes import HashAlgorithm
from mynacard.jpki import DIGITAL_SIGNATURE, JpkiSession
from mynacard.pin import Pin
from mynacard.signing import cms
from mynacard.signing.content import Hashed, hashed
from mynacard.signing.judging import judge
from mynacard.signing.making import Format, Making
from mynacard.signing.shown import ShownFile, file_signer, sign_files, sign_to_files, signer
from mynacard.storage import whole_file
from mynacard.trust import Verdict, load_certificate
from tests.jpki.cards import card_with, certificate_of, counted, pin
from tests.signing.documents import CERTIFICATE, DATA
from tests.signing.pdfs import pdf
from tests.support import CardThat
from tests.test_meaning import SIGNED_ATTRIBUTES
from tests.trust.authorities import key

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


@pytest.mark.parametrize("making", [RAW, CMS, Making(Format.CADES)], ids=lambda making: making.format)
def test_a_file_is_read_once_to_be_shown_and_signed(
    making: Making, path: Path, session: JpkiSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = ShownFile.of(path, making, keep=False)
    monkeypatch.setattr(Path, "open", None)
    assert signer(session, making)(shown)
    assert shown.content is None


def test_another_hash_function_takes_another_reading(path: Path, session: JpkiSession) -> None:
    shown = ShownFile.of(path, CMS, keep=False)
    signature = cms.parse(signer(session, Making(hash_=HashAlgorithm.SHA512))(shown))
    assert signature.content_digest == HashAlgorithm.SHA512.digest(DATA)


@pytest.mark.parametrize("making", [RAW, CMS, PADES], ids=lambda making: making.format)
def test_a_file_that_changes_while_it_is_read_is_not_shown(
    making: Making, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def then_longer(file: BufferedReader, hash_: HashAlgorithm) -> Hashed:
        content = hashed(file, hash_)
        path.write_bytes(path.read_bytes() + bytes(2000))
        return content

    path.write_bytes(pdf())
    monkeypatch.setattr("mynacard.signing.shown.hashed", then_longer)
    with pytest.raises(errors.UsageError, match="was changed after it was shown"):
        ShownFile.of(path, making, keep=False)


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


@pytest.mark.parametrize("making", [*ALL_BUT_PDF, PADES, Making(Format.CMS, opaque=True)], ids=str)
def test_files_are_signed_to_files(making: Making, tmp_path: Path) -> None:
    outputs = {tmp_path / f"{number}.pdf": tmp_path / f"{number}.signed" for number in range(2)}
    for number, file in enumerate(outputs):
        file.write_bytes(pdf(1 + number))
    assert list(sign_to_files(making, outputs, Pin("ABC123"), name="sim:")) == list(outputs.values())
    ((_, of_card),) = sign_files(CMS, [next(iter(outputs))], Pin("ABC123"), name="sim:")
    certificate = cms.parse(of_card).certificate if making is RAW else None
    for file, output in outputs.items():
        inside = making.opaque or making is PADES
        document, signature = (output, None) if inside else (file, output.read_bytes())
        (judged,) = judge(
            document.read_bytes(),
            signature,
            anchors=(),
            at=datetime.now(UTC),
            certificate=certificate,
            hash_=making.hash_,
        )
        assert dict(judged.steps)["signature"].verdict is Verdict.GOOD
    assert sorted(tmp_path.iterdir()) == sorted([*outputs, *outputs.values()])


@pytest.mark.parametrize("replace", [True, False])
def test_an_output_that_exists_is_replaced_only_if_that_is_wanted(replace: bool, path: Path, tmp_path: Path) -> None:
    (output := tmp_path / "output").write_bytes(b"before")
    if replace:
        assert list(sign_to_files(CMS, {path: output}, Pin("ABC123"), name="sim:", replace=True)) == [output]
        assert cms.parse(output.read_bytes()).content_digest == HashAlgorithm.SHA256.digest(DATA)
        return
    with pytest.raises(FileExistsError):
        sign_to_files(CMS, {path: output}, asked, name="sim:")
    assert output.read_bytes() == b"before"


def test_a_pdf_file_that_was_changed_after_it_was_shown_leaves_no_output(
    tmp_path: Path, session: JpkiSession, card: CardThat
) -> None:
    (path := tmp_path / "document.pdf").write_bytes(pdf())
    shown, before = ShownFile.of(path, PADES, keep=False), len(card.sent)
    path.write_bytes(pdf(2))
    with (
        pytest.raises(errors.UsageError, match="was changed after it was shown"),
        whole_file(tmp_path / "output", replace=False) as output,
    ):
        file_signer(session, PADES)(shown, output)
    assert (list(tmp_path.iterdir()), len(card.sent)) == ([path], before)


def test_a_pdf_file_that_came_by_a_pipe_is_signed_as_it_was_shown(tmp_path: Path, session: JpkiSession) -> None:
    (path := tmp_path / "document.pdf").write_bytes(data := pdf())
    shown = ShownFile.of(path, PADES, keep=True)
    path.unlink()
    file_signer(session, PADES)(shown, output := io.BytesIO())
    assert output.getvalue().startswith(data)
    (judged,) = judge(output.getvalue(), anchors=(), at=datetime.now(UTC))
    assert dict(judged.steps)["signature"].verdict is Verdict.GOOD


@pytest.mark.parametrize("making", [CMS, RAW], ids=lambda making: making.format)
def test_only_a_pdf_file_is_signed_where_it_is(making: Making) -> None:
    for act in (making.check_in, lambda file: making.sign_in(file, CERTIFICATE, key("holder"))):
        with pytest.raises(errors.UsageError, match="does not go into the file"):
            act(io.BytesIO(pdf()))


def asked(*_: object) -> Pin:
    raise AssertionError


def test_one_file_that_cannot_be_signed_keeps_all_from_being_asked_for(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.pdf", tmp_path / "bad.pdf"
    good.write_bytes(pdf())
    bad.write_bytes(DATA)
    with pytest.raises(errors.PdfFileError):
        sign_files(PADES, [good, bad], asked, name="sim:")

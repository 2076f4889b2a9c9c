"""A disk that fills up: the error names the output, nothing is left of it, and what is there stays as it was."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from mynacard.pin import Pin
from mynacard.signing.making import Format, Making
from mynacard.signing.shown import sign_to_files
from mynacard.storage import is_full
from tests.cli.command_line import DIGITAL_SIGNATURE, CardFile, Outcome, environment, run
from tests.full_disk import limited
from tests.signing import tsa
from tests.signing.pdfs import pdf

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs limits on the size of files, and /dev/full")

ROOM: Final = 1 << 20
LARGE: Final = pdf(1, 2 * ROOM)
FITTING: Final = pdf(1, ROOM - 5000)
"""Fits, but not with a signature after it."""
OSERROR: Final = 63


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (folder := tmp_path / "signed").mkdir()
    return folder


def signed(card: CardFile, *words: str | Path) -> Outcome:
    return run("sign", *words, "-r", card.reader, "--pin-file", card.pin_file(DIGITAL_SIGNATURE))


@pytest.mark.parametrize("data", [LARGE, FITTING], ids=["in the copy", "in the signature"])
@pytest.mark.parametrize("existing", [b"", b"before"])
def test_no_half_signed_file_is_left(
    card: CardFile, folder: Path, tmp_path: Path, data: bytes, existing: bytes
) -> None:
    (document := tmp_path / "document.pdf").write_bytes(data)
    output = folder / "document.pdf"
    if existing:
        output.write_bytes(existing)
    with limited(ROOM):
        outcome = signed(card, document, "--format", "pades", "-o", output, *(["--force"] if existing else []))
    assert (outcome.code, f"{output}: File too large" in outcome.err) == (OSERROR, True)
    assert {one.name: one.read_bytes() for one in folder.iterdir()} == ({output.name: existing} if existing else {})
    assert document.read_bytes() == data


def test_a_document_is_never_replaced_by_half_of_it(card: CardFile, folder: Path) -> None:
    (document := folder / "document.pdf").write_bytes(LARGE)
    with limited(ROOM):
        outcome = signed(card, document, "--format", "pades", "--force", "-o", document)
    assert outcome.code == OSERROR
    assert [(one, one.read_bytes()) for one in folder.iterdir()] == [(document, LARGE)]


def test_of_many_files_those_before_stay(card: CardFile, folder: Path, tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("small.pdf", "large.pdf", "other.pdf")]
    for file, data in zip(files, (pdf(), LARGE, pdf()), strict=True):
        file.write_bytes(data)
    with limited(ROOM):
        outcome = signed(card, *files, "--format", "pades", "-o", folder)
    assert (outcome.code, "1 of 3 files are signed" in outcome.err) == (OSERROR, True)
    assert [one.name for one in folder.iterdir()] == ["small.pdf"]


def test_the_library_says_the_same(folder: Path, tmp_path: Path) -> None:
    (document := tmp_path / "document.pdf").write_bytes(LARGE)
    outputs = {document: folder / "output"}
    with limited(ROOM), pytest.raises(OSError, match="File too large") as caught:
        list(sign_to_files(Making(Format.PADES), outputs, Pin("ABC123"), name="sim:"))
    assert (is_full(caught.value), caught.value.filename) == (True, str(folder / "output"))
    assert list(folder.iterdir()) == []


def test_no_half_time_stamp_is_left(card: CardFile, folder: Path, tmp_path: Path) -> None:
    (document := tmp_path / "document.pdf").write_bytes(LARGE)
    with tsa.served() as (url, requests):
        signature = tmp_path / "signed.pdf"
        assert signed(card, document, "--format", "pades", "--timestamp-url", url, "-o", signature).code == 0
        before = signature.read_bytes()
        with limited(ROOM):
            outcome = run("timestamp", signature, "--url", url, "-o", folder / "again.pdf")
        assert len(requests) == 1, "the authority is not asked for nothing"
    assert (outcome.code, f"{folder / 'again.pdf'}: File too large" in outcome.err) == (OSERROR, True)
    assert list(folder.iterdir()) == []
    assert signature.read_bytes() == before


def test_a_device_is_not_an_output(card: CardFile, tmp_path: Path) -> None:
    (document := tmp_path / "document.pdf").write_bytes(pdf())
    before = card.trace_of_a_verify
    assert signed(card, document, "--format", "pades", "-o", "/dev/full", "--force").code == 2
    assert card.trace_of_a_verify == before


@pytest.mark.parametrize("options", [[], ["--json"]], ids=["text", "JSON"])
def test_results_of_many_that_cannot_be_written_are_an_error(options: list[str], folder: Path) -> None:
    (folder / "document.txt").write_text("no signature")
    with Path("/dev/full").open("w") as full:
        words = [sys.executable, "-m", "mynacard", "verify", "--many", str(folder), "--simulated", *options]
        done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, check=False, timeout=60, env=environment())
    assert (done.returncode, b"No space left on device" in done.stderr) == (OSERROR, True)

"""Files as streams: in pieces, and continued beyond their end."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mynacard import errors
from mynacard.signing import pades
from mynacard.signing.judging import judge
from mynacard.signing.streams import PIECE, Continued, part, pieces, size_of
from mynacard.trust import Anchor, Verdict
from tests.signing import tsa
from tests.signing.documents import CA, CERTIFICATE, DATA, OTHER
from tests.signing.pdfs import irregular, pdf
from tests.signing.signing_memory import WAYS, measured
from tests.trust.authorities import NOW, key

FILE: Final = b"a file"


@given(st.lists(st.tuples(st.integers(0, 20), st.one_of(st.binary(max_size=9), st.integers(0, 9)))))
def test_a_continued_file_behaves_as_one_in_memory(steps: list[tuple[int, bytes | int]]) -> None:
    file, copy = Continued(io.BytesIO(FILE)), io.BytesIO(FILE)
    for at, step in steps:
        place = max(at, len(FILE)) if isinstance(step, bytes) else at
        assert file.seek(place) == copy.seek(place) == file.tell()
        if isinstance(step, bytes):
            assert file.write(step) == copy.write(step)
        elif at != len(FILE):
            assert part(file, at, step) == part(copy, at, step)
    assert size_of(file) == size_of(copy)
    assert FILE + file.added() == copy.getvalue()


def test_the_file_itself_is_not_written_to() -> None:
    file = Continued(io.BytesIO(FILE))
    with pytest.raises(io.UnsupportedOperation):
        file.write(b"x")
    assert file.seek(-1, os.SEEK_END) == len(FILE) - 1
    assert (file.read(9), file.added()) == (b"e", b"")


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1])
def test_pieces_are_bounded_and_leave_nothing_out(size: int) -> None:
    data = bytes(range(256)) * (PIECE // 128)
    lengths = [len(piece) for piece in pieces(io.BytesIO(data), 1, size)]
    assert max(lengths, default=0) <= PIECE
    assert part(io.BytesIO(data), 1, size) == data[1 : size + 1]
    assert part(io.BytesIO(data), len(data) - 1, size) == data[-1:][:size]


# --- PDF files ---


@pytest.mark.parametrize("kind", pades.Kind)
def test_a_file_is_signed_where_it_is(kind: pades.Kind) -> None:
    data = pdf()
    file = io.BytesIO(data)
    pades.sign_in(file, CERTIFICATE, key("holder"), kind=kind, appearance=pades.Appearance())
    pades.sign_in(file, CERTIFICATE, key("holder"), kind=kind)
    signed = file.getvalue()
    assert signed.startswith(data)
    for one in judge(signed, anchors=[Anchor(CA.certificate)], at=NOW):
        assert (one.signature.verdict, one.signer and one.signer.certificate) == (Verdict.GOOD, CERTIFICATE)
    assert pades.read(io.BufferedReader(Continued(file))) == pades.read(signed)


def test_a_time_stamp_is_added_where_the_file_is() -> None:
    signed = pades.sign(pdf(), CERTIFICATE, key("holder"), room_for_time_stamp=True)
    file = io.BytesIO(signed)
    pades.add_time_stamp_in(file, tsa.answered)
    (signature,) = pades.read(file)
    assert (signature.signature.verdict, len(signature.time_stamps)) == (Verdict.GOOD, 1)
    assert len(file.getvalue()) == len(signed)


def test_what_fails_leaves_the_file_as_it_was() -> None:
    file = io.BytesIO(data := pdf())
    with pytest.raises(errors.UsageError, match="another key"):
        pades.sign_in(file, OTHER, key("holder"))
    with pytest.raises(errors.PdfFileError, match="could take a time stamp"):
        pades.add_time_stamp_in(file, tsa.answered)
    assert file.getvalue() == data
    text = io.BytesIO(DATA)
    with pytest.raises(errors.PdfFileError, match="not a PDF file"):
        pades.sign_in(text, CERTIFICATE, key("holder"))
    assert text.getvalue() == DATA


@pytest.mark.parametrize("data", [pdf(), irregular(pdf())], ids=["regular", "irregular"])
def test_a_stream_is_examined_as_the_bytes_are(data: bytes) -> None:
    assert pades.examine(io.BytesIO(data)) == pades.examine(data)


@pytest.mark.thorough("files of hundreds of megabytes, and processes whose memory is measured")
@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
@pytest.mark.parametrize("way", WAYS)
def test_signing_a_large_file_takes_little_memory(way: str, tmp_path: Path) -> None:
    _, most = WAYS[way]
    assert measured(way, tmp_path) <= most

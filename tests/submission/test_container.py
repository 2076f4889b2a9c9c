"""The package's ZIP file: all headers agree, and every byte belongs to an entry or to the directory."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mynacard.submission.container import Entry, PackageError, entries, info, names
from tests.submission.packages import made, opened

CONTENTS = (b"{}", b"signature", b"\xff\xd8\xff\xe0 photo", b"", b"%PDF-1.7 " + b"x" * 70_000)


def written(parts: Iterable[bytes] = CONTENTS) -> bytes:
    """The package that :mod:`zipfile` writes."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for number, content in enumerate(parts):
            archive.writestr(info(names(number + 2)[number]), content)
    return target.getvalue()


GOOD = written()
READ = entries(io.BytesIO(GOOD))
DIRECTORY = READ[-1].end


def with_directory(body: bytes, listed: Iterable[Entry]) -> bytes:
    """*body*, and a directory that lists these."""
    directory = b"".join(entry.central() for entry in listed)
    count = len(list(listed))
    return body + directory + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, len(directory), len(body), 0)


def contents(data: bytes) -> tuple[bytes, ...]:
    source = io.BytesIO(data)
    return tuple(b"".join(entry.pieces(source)) for entry in entries(source))


def refuse(data: bytes) -> None:
    with pytest.raises(PackageError) as raised:
        contents(data)
    assert raised.value.problem == "package/form"


def test_entries_are_where_another_reader_sees_them() -> None:
    with zipfile.ZipFile(io.BytesIO(GOOD)) as archive:
        assert [(entry.name, entry.offset, entry.size, entry.crc) for entry in READ] == [
            (other.filename, other.header_offset, other.file_size, other.CRC) for other in archive.infolist()
        ]
    assert contents(GOOD) == CONTENTS
    assert tuple(GOOD[entry.start : entry.end] for entry in READ) == CONTENTS


def test_a_reader_that_goes_by_local_headers_sees_the_same() -> None:
    at, seen = 0, list[bytes]()
    while GOOD[at : at + 4] == b"PK\3\4":
        size, name, extra = struct.unpack_from("<L2H", GOOD, at + 22)
        at += 30 + name + extra
        seen.append(GOOD[at : at + size])
        at += size
    assert tuple(seen) == CONTENTS
    assert at == DIRECTORY


def test_the_one_form_is_the_one_that_zipfile_writes() -> None:
    body = b"".join(entry.local() + content for entry, content in zip(READ, CONTENTS, strict=True))
    assert with_directory(body, READ) == GOOD


@pytest.mark.parametrize("count", [2, 3, 102])
def test_a_package_has_at_most_a_hundred_files(count: int) -> None:
    assert len(entries(io.BytesIO(written([b"x"] * count)))) == count


@pytest.mark.parametrize("count", [0, 1, 103])
def test_fewer_entries_than_two_or_more_than_102_are_refused(count: int) -> None:
    refuse(written([b"x"] * count))


def test_every_bit_that_is_not_content_is_looked_at() -> None:
    headers = [range(entry.offset, entry.start) for entry in READ]
    for place in (place for part in [*headers, range(DIRECTORY, len(GOOD))] for place in part):
        for bit in range(8):
            changed = bytearray(GOOD)
            changed[place] ^= 1 << bit
            refuse(bytes(changed))


def test_content_with_another_crc_is_refused() -> None:
    changed = bytearray(GOOD)
    changed[READ[2].start] ^= 1
    refuse(bytes(changed))


@pytest.mark.parametrize("place", [0, *(entry.start for entry in READ), *(entry.end for entry in READ), len(GOOD)])
@pytest.mark.parametrize("more", [b"\0", GOOD[: READ[0].end], struct.pack("<4s3L", b"PK\7\x08", 0, 2, 2)])
def test_bytes_that_belong_to_nothing_are_refused(place: int, more: bytes) -> None:
    refuse(GOOD[:place] + more + GOOD[place:])
    body = GOOD[:DIRECTORY]
    moved = [replace(entry, offset=entry.offset + (len(more) if entry.offset >= place else 0)) for entry in READ]
    if place <= DIRECTORY:
        refuse(with_directory(body[:place] + more + body[place:], moved))


def test_a_part_of_a_package_is_refused() -> None:
    for size in (*range(READ[-1].start), *range(READ[-1].start, len(GOOD), 97)):
        refuse(GOOD[:size])
        refuse(GOOD[size + 1 :])


def test_entries_that_share_bytes_are_refused() -> None:
    inner = Entry("files/00", 0, 3, zlib.crc32(b"abc"))
    outer = inner.local() + b"abc"
    listed = list(READ[:2])
    quoted = Entry("files/00", READ[1].end, len(outer), zlib.crc32(outer))
    within = replace(inner, name="files/01", offset=quoted.start)
    body = GOOD[: READ[1].end] + quoted.local() + outer
    refuse(with_directory(body, [*listed, quoted, within]))
    refuse(with_directory(GOOD[: READ[1].end], [READ[0], READ[0]]))
    refuse(with_directory(GOOD[: READ[1].end], [READ[0], replace(READ[1], offset=0)]))
    refuse(with_directory(GOOD[: READ[2].end], [READ[0], READ[2], READ[1]]))


@pytest.mark.parametrize("number", range(len(READ)))
@pytest.mark.parametrize("size", [0xFFFF_FFFF, 0x8000_0000, 0x1_0000])
def test_an_entry_that_ends_outside_the_file_is_refused(number: int, size: int) -> None:
    listed = [replace(entry, size=size) if at >= number else entry for at, entry in enumerate(READ)]
    placed = [replace(entry, offset=0) for entry in listed]
    refuse(with_directory(GOOD[:DIRECTORY], placed))


class Unseekable(io.BytesIO):
    """A pipe, for which a ZIP program has to put sizes after each content."""

    def seekable(self) -> bool:
        return False

    def seek(self, *_: int) -> int:
        raise io.UnsupportedOperation

    def tell(self) -> int:
        raise io.UnsupportedOperation


def changed(**changes: Any) -> Callable[[zipfile.ZipFile, zipfile.ZipInfo, bytes], None]:
    def write(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, content: bytes) -> None:
        for name, value in changes.items():
            setattr(entry, name, value)
        archive.writestr(entry, content)

    return write


def with_zip64(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, content: bytes) -> None:
    with archive.open(entry, "w", force_zip64=True) as target:
        target.write(content)


@pytest.mark.parametrize(
    ("target", "write"),
    [
        pytest.param(Unseekable, changed(), id="data descriptors"),
        pytest.param(io.BytesIO, with_zip64, id="zip64"),
        pytest.param(io.BytesIO, changed(extra=struct.pack("<2HL", 0x5455, 4, 0)), id="an extra field"),
        pytest.param(io.BytesIO, changed(comment=b"x"), id="a comment"),
        pytest.param(io.BytesIO, changed(compress_type=zipfile.ZIP_DEFLATED), id="compressed"),
        pytest.param(io.BytesIO, changed(date_time=(2026, 11, 24, 12, 0, 0)), id="a time"),
        pytest.param(io.BytesIO, changed(external_attr=0o100600 << 16), id="a file type, as zip -X writes it"),
        pytest.param(io.BytesIO, changed(create_system=0), id="another system"),
        pytest.param(io.BytesIO, changed(create_version=30), id="a newer version"),
        pytest.param(io.BytesIO, changed(internal_attr=1), id="marked as text"),
    ],
)
def test_what_another_program_adds_is_refused(target: Callable[[], io.BytesIO], write: Callable[..., None]) -> None:
    stream = target()
    with zipfile.ZipFile(stream, "w") as archive:
        for number, content in enumerate(CONTENTS):
            write(archive, info(names(number + 2)[number]), content)
    refuse(stream.getvalue())


def test_an_archive_comment_is_refused() -> None:
    stream = io.BytesIO(GOOD)
    with zipfile.ZipFile(stream, "a") as archive:
        archive.comment = b"x"
    refuse(stream.getvalue())


@pytest.mark.parametrize(
    ("offset", "form", "value"),
    [
        pytest.param(4, "<H", 99, id="version"),
        pytest.param(6, "<H", 8, id="data descriptor"),
        pytest.param(6, "<H", 0x800, id="UTF-8"),
        pytest.param(8, "<H", 8, id="deflated"),
        pytest.param(12, "<H", 0, id="date"),
        pytest.param(14, "<L", 0, id="CRC"),
        pytest.param(18, "<L", 5, id="packed size"),
        pytest.param(22, "<L", 5, id="size"),
    ],
)
def test_a_package_whose_local_header_says_something_else_is_refused(
    tmp_path: Path, offset: int, form: str, value: int
) -> None:
    data = bytearray(made(tmp_path / "files").data)
    opened(bytes(data))
    struct.pack_into(form, data, entries(io.BytesIO(data))[3].offset + offset, value)
    with pytest.raises(PackageError) as raised:
        opened(bytes(data))
    assert raised.value.problem == "package/form"


def test_a_disk_that_fails_is_not_the_package_s_fault() -> None:
    class Failing(io.BytesIO):
        def read(self, _size: int | None = -1, /) -> bytes:
            raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        entries(Failing(GOOD))

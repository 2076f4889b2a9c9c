"""PDF files that are large, or small and demanding: honest ones, and ones that were made to keep a reader busy."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable
from typing import Any, Final

from pyhanko.pdf_utils import generic, writer

from mynacard.signing import pades
from tests.signing.documents import CERTIFICATE
from tests.signing.pdfs import bomb, fill_in, updated, written
from tests.trust.authorities import key

__all__ = ["DEMANDING", "HONEST", "changed", "raw", "signed"]

_NAME: Any = generic.pdf_name
_PDF: Any = generic
_WRITER: Any = writer


def signed(data: bytes, times: int = 1) -> bytes:
    """*data*, signed *times* times in fields of their own."""
    for number in range(times):
        data = pades.sign(data, CERTIFICATE, key("holder"), field=f"Signer{number}")
    return data


def plain(extra: Callable[[Any], Any] = lambda _: None, *, pages: int = 1, packed: bool = False) -> bytes:
    """A file with *pages* pages, and what *extra* adds to the writer."""
    made = _WRITER.PdfFileWriter(stream_xrefs=packed)
    tree = made.root["/Pages"]
    kids = [made.add_object(_dictionary(Type=_NAME("/Page"), Parent=made.root.raw_get("/Pages"))) for _ in range(pages)]
    tree["/Kids"], tree["/Count"] = _PDF.ArrayObject(kids), _PDF.NumberObject(pages)
    tree["/MediaBox"] = _PDF.ArrayObject([_PDF.NumberObject(number) for number in (0, 0, 595, 842)])
    extra(made)
    return written(made)


def _dictionary(**entries: Any) -> Any:
    return _PDF.DictionaryObject({_NAME(f"/{name}"): value for name, value in entries.items()})


def _attached(made: Any, value: Any) -> None:
    made.root["/PieceInfo"] = _dictionary(A=value)


# --- honest ---


def bookmarks(count: int) -> bytes:
    """An outline, whose entries refer to the next and to the previous one."""

    def add(made: Any) -> None:
        places = [made.allocate_placeholder() for _ in range(count)]
        refs = [_PDF.IndirectObject(place.idnum, 0, made) for place in places]
        for at, place in enumerate(places):
            near = {"Prev": refs[at - 1]} if at else {}
            near |= {"Next": refs[at + 1]} if at + 1 < count else {}
            made.add_object(_dictionary(Title=_PDF.TextStringObject(f"Chapter {at}"), **near), idnum=place.idnum)
        made.root["/Outlines"] = made.add_object(_dictionary(First=refs[0], Last=refs[-1]))

    return plain(add)


def objects(count: int, *, packed: bool = False) -> bytes:
    """*count* small objects, *packed* in object streams or not."""

    def add(made: Any) -> None:
        refs = []
        for number in range(count):
            if packed and number % 200 == 0:
                stream = made.prepare_object_stream()
            value = _dictionary(S=_NAME("/P"), Lang=_PDF.TextStringObject("ja-JP"), N=_PDF.NumberObject(number))
            refs.append(made.add_object(value, obj_stream=stream if packed else None))
        _attached(made, made.add_object(_PDF.ArrayObject(refs)))

    return plain(add, packed=packed)


# --- demanding ---


def ladder(rungs: int) -> bytes:
    """Each object refers twice to the next one: 2 to the power of *rungs* paths."""

    def add(made: Any) -> None:
        value: Any = made.add_object(_PDF.NumberObject(1))
        for _ in range(rungs):
            value = made.add_object(_PDF.ArrayObject([value, value]))
        _attached(made, value)

    return plain(add)


def shared(fields: int, references: int) -> bytes:
    """Form fields that share an appearance, and an array that refers to them again and again."""

    def add(made: Any) -> None:
        appearance = made.add_object(_dictionary(X=_PDF.NumberObject(1)))
        refs = [
            made.add_object(_dictionary(
                FT=_NAME("/Tx"), T=_PDF.TextStringObject(f"field{number}"), V=_PDF.TextStringObject(""),
                AP=made.add_object(_dictionary(N=appearance)),
            ))
            for number in range(fields)
        ]  # fmt: skip
        made.root["/AcroForm"] = made.add_object(_dictionary(Fields=_PDF.ArrayObject(refs)))
        _attached(made, made.add_object(_PDF.ArrayObject([refs[at % fields] for at in range(references)])))

    def fill(made: Any) -> None:
        form = made.root["/AcroForm"]["/Fields"]
        for at in range(fields):
            form[at]["/V"] = _PDF.TextStringObject("filled in")
            made.update_container(form[at])

    return updated(signed(plain(add)), fill)


def array(values: int, value: bytes = b"1 ") -> bytes:
    """One object that holds *values* values, each written as *value*."""
    return raw([b"[" + value * values + b"]"])


def chain(length: int) -> bytes:
    """Objects, each of which refers to the next one only."""
    return raw([b"[%d 0 R]" % number for number in range(FIRST + 1, FIRST + length)] + [b"[1]"])


def tree(depth: int) -> bytes:
    """A page tree whose nodes have one child each."""
    nodes = [b"<</Type/Pages/Count 1/Kids[%d 0 R]>>" % (FIRST + at + 1) for at in range(depth)]
    return raw([*nodes, b"<</Type/Page>>"], pages=b"/Kids[3 0 R %d 0 R]/Count 2" % FIRST)


def star(uses: int, users: int) -> bytes:
    """A field that *uses* references in each of *users* objects refer to, all of which refer to each other."""
    refs = b"".join(b"%d 0 R " % number for number in range(FIRST + 1, FIRST + 1 + users))
    user = b"[" + refs + b"%d 0 R " % FIRST * uses + b"]"
    field = b"<</FT/Tx/T(a)/V()/A %d 0 R>>" % (FIRST + 1)
    return raw([field, *[user] * users], b"/AcroForm<</Fields[%d 0 R]>>" % FIRST)


def lying(count: int, size: int) -> bytes:
    """Streams that all claim to reach to the end of the file, *size* bytes away."""
    refs = b"".join(b"%d 0 R " % number for number in range(FIRST + 1, FIRST + 1 + count))
    streams = [b"<</Length 0000000000>>stream\n"] * count
    data = bytearray(raw([b"[" + refs + b"]", *streams, b"x" * size + b"\nendstream"]))
    end = data.index(b"\nendstream")
    for match in re.finditer(rb"/Length (0{10})>>stream\n", bytes(data)):
        data[match.start(1) : match.end(1)] = b"%010d" % (end - match.end())
    return bytes(data)


def stream(size: int) -> bytes:
    """One stream of *size* bytes."""
    return raw([b"<</Length %d>>stream\n" % size + b"x" * size + b"\nendstream"])


FIRST: Final = 4
"""The number of the first object in :func:`raw`."""


def raw(extra: list[bytes], catalog: bytes = b"", pages: bytes = b"/Kids[3 0 R]/Count 1") -> bytes:
    """A file with one page and the objects *extra*, to the first of which the catalog refers."""
    catalog += b"/PieceInfo<</A %d 0 R>>" % FIRST
    bodies = [b"<</Type/Catalog/Pages 2 0 R%s>>" % catalog, b"<</Type/Pages%s>>" % pages]
    bodies += [b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>", *extra]
    parts, at, places = [b"%PDF-1.7\n"], 9, list[int]()
    for number, body in enumerate(bodies, 1):
        parts.append(b"%d 0 obj\n%s\nendobj\n" % (number, body))
        places.append(at)
        at += len(parts[-1])
    rows = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n"
    return b"".join(parts) + end % (len(bodies) + 1, rows, len(bodies) + 1, at)


def entries(count: int) -> bytes:
    """A cross-reference stream without a byte of data, which claims *count* entries of no width."""
    body = b"%PDF-1.7\n"
    head = b"1 0 obj\n<</Type/XRef/Size %d/W[0 0 0]/Root 2 0 R/Length 0>>\nstream\n\nendstream\nendobj\n" % count
    return body + head + b"startxref\n%d\n%%%%EOF\n" % len(body)


def table(count: int) -> bytes:
    """A cross-reference table of *count* entries."""
    lines = b"0000000009 00000 n \n" * count
    head = b"%PDF-1.7\n1 0 obj\n<</Type/Catalog/Pages 1 0 R>>\nendobj\n"
    end = b"xref\n0 %d\n%strailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n"
    return head + end % (count, lines, count, len(head))


def revisions(count: int) -> bytes:
    """*count* empty updates after a signature."""
    data = bytearray(signed(plain()))
    size = int(data[data.rindex(b"/Size") + 5 :].split()[0])
    root = data[data.rindex(b"/Root") :].split(b"\n")[0]
    for _ in range(count):
        before, at = data[data.rindex(b"startxref") + 10 :].split()[0], len(data)
        data += b"xref\n0 0\ntrailer\n<</Size %d %s/Prev %s>>\nstartxref\n%d\n%%%%EOF\n" % (size, root, before, at)
    return bytes(data)


def unfolding(size: int) -> bytes:
    """An object stream of *size* bytes of brackets, compressed twice."""
    pad = zlib.compressobj(9)
    packed = pad.compress(b"1 0 " + b"[" * size) + pad.flush()
    packed = zlib.compress(packed, 9)
    stream = b"2 0 obj\n<</Type/ObjStm/N 1/First 4/Filter[/FlateDecode/FlateDecode]/Length %d>>\nstream\n" % len(packed)
    body = b"%PDF-1.7\n" + stream + packed + b"\nendstream\nendobj\n"
    rows = b"".join(struct.pack(">BIB", *row) for row in ((0, 0, 255), (2, 2, 0), (1, 9, 0), (1, len(body), 0)))
    head = b"3 0 obj\n<</Type/XRef/Size 4/W[1 4 1]/Root 1 0 R/Length %d>>\nstream\n" % len(rows)
    return body + head + rows + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % len(body)


def changed(data: bytes) -> bytes:
    """*data*, signed, and then changed, so that all that the signed version refers to is looked at."""
    return updated(signed(data), lambda made: made.update_root())


HONEST: Final[dict[str, Callable[[], bytes]]] = {
    "small, signed once": lambda: signed(plain()),
    "25 signatures": lambda: signed(plain(), 25),
    "50 signatures": lambda: signed(plain(), 50),
    "1,000 bookmarks, 2 signatures": lambda: signed(bookmarks(1000), 2),
    "5,000 pages, 2 signatures": lambda: signed(plain(pages=5000), 2),
    "100,000 objects, 2 signatures": lambda: signed(objects(100_000), 2),
    "100,000 packed objects, 2 signatures": lambda: signed(objects(100_000, packed=True), 2),
}
"""Files as honest programs write them, all of whose signatures are good."""

DEMANDING: Final[dict[str, Callable[[], bytes]]] = {
    "2^60 paths": lambda: changed(ladder(60)),
    "fields that share what they refer to": lambda: shared(100, 200_000),
    "1,000 fields that share what they refer to": lambda: shared(1000, 200_000),
    "a chain of 100,000 objects": lambda: changed(chain(100_000)),
    "a page tree 20,000 deep": lambda: changed(tree(20_000)),
    "a field that is used 10,000,000 times": lambda: updated(signed(star(3000, 300)), fill_in),
    "an array of 20,000,000 numbers": lambda: changed(array(20_000_000)),
    "an array of 20,000,000 arrays": lambda: changed(array(20_000_000, b"[]")),
    "an array of 20,000,000 names": lambda: changed(array(20_000_000, b"/")),
    "an array of 10,000,000 references": lambda: changed(array(10_000_000, b"1 0 R ")),
    "10,000 arrays in each other": lambda: changed(raw([b"[" * 10_000 + b"]" * 10_000])),
    "5,000 streams that lie about their length": lambda: changed(lying(5000, 30_000_000)),
    "a cross-reference stream of 4 billion entries": lambda: entries(1 << 32),
    "a cross-reference table of 10,000,000 entries": lambda: table(10_000_000),
    "10,000 versions": lambda: revisions(10_000),
    "a bomb of 300 MB": lambda: bomb(300_000_000),
    "a bomb of 100 MB, compressed twice": lambda: unfolding(100_000_000),
    "50 signatures of 256 MB": lambda: signed(stream(260_000_000), 50),
}
"""Files that were made to keep a reader busy."""

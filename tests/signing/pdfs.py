"""PDF files for tests, made here by pyHanko: plain ones, ones with a form, encrypted ones."""

from __future__ import annotations

import io
import re
import struct
import zlib
from typing import Any

from pyhanko.pdf_utils import generic, writer
from pyhanko.pdf_utils.crypt import StandardSecurityHandler

_NAME: Any = generic.pdf_name
_PDF: Any = generic
_WRITER: Any = writer


def pdf(pages: int = 1, filler: int = 0, *, form: bool = False, password: str | None = None) -> bytes:
    """A file with empty pages, *filler* bytes of comment in each, and optionally a form with the field ``remark``."""
    made = _WRITER.PdfFileWriter(stream_xrefs=False)
    for _ in range(pages):
        stream = _PDF.StreamObject(stream_data=b"%" + b"x" * filler + b"\n")
        box = (0, 0, 595, 842)
        made.insert_page(_WRITER.PageObject(contents=made.add_object(stream), media_box=box))
    if form:
        field = made.add_object(_PDF.DictionaryObject({
            _NAME("/FT"): _NAME("/Tx"), _NAME("/T"): _PDF.TextStringObject("remark"),
            _NAME("/V"): _PDF.TextStringObject(""), _NAME("/Ff"): _PDF.NumberObject(0),
        }))  # fmt: skip
        made.root["/AcroForm"] = _PDF.DictionaryObject({_NAME("/Fields"): _PDF.ArrayObject([field])})
    if password is not None:
        handler: Any = StandardSecurityHandler
        made.security_handler = handler.build_from_pw(password, password)
        made._encrypt = made.add_object(made.security_handler.as_pdf_object())
    return written(made)


def bomb(size: int) -> bytes:
    """A file whose catalogue lies in a compressed part, which unfolds to *size* bytes."""
    pad = zlib.compressobj(9)
    inside = b"1 0 << /Type /Catalog /Pages 9 0 R >>"
    packed = (
        pad.compress(inside) + b"".join(pad.compress(b" " * 1_000_000) for _ in range(size // 1_000_000)) + pad.flush()
    )
    objects = b"2 0 obj\n<< /Type /ObjStm /N 1 /First 4 /Filter /FlateDecode /Length %d >>\nstream\n" % len(packed)
    body = b"%PDF-1.7\n" + objects + packed + b"\nendstream\nendobj\n"
    table = b"".join(struct.pack(">BIB", *row) for row in ((0, 0, 255), (2, 2, 0), (1, 9, 0), (1, len(body), 0)))
    head = b"3 0 obj\n<< /Type /XRef /Size 4 /W [1 4 1] /Root 1 0 R /Length %d >>\nstream\n" % len(table)
    return body + head + table + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % len(body)


def irregular(data: bytes) -> bytes:
    """*data* with blanks for the leading zeros in its cross-reference table, which strict readers refuse."""
    table = data.rindex(b"xref\n", 0, data.rindex(b"startxref"))
    return data[:table] + re.sub(rb"\n0{8}(\d\d 00000 n)", rb"\n        \1", data[table:])


def hybrid(data: bytes) -> bytes:
    """*data* as a hybrid cross-reference file (ISO 32000-2 §7.5.8.4), whose additional stream is empty."""
    table = data.rindex(b"xref\n", 0, data.rindex(b"startxref"))
    stream = b"99 0 obj\n<< /Type /XRef /Size 1 /W [1 4 1] /Index [] /Length 0 >>\nstream\n\nendstream\nendobj\n"
    end = data[table:].replace(b"trailer\n<<", b"trailer\n<< /XRefStm %d " % table)
    return data[:table] + stream + re.sub(rb"startxref\n\d+", b"startxref\n%d" % (table + len(stream)), end)


def updated(data: bytes, change: Any) -> bytes:
    """*data* with an incremental update, which *change* makes in pyHanko's writer."""
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    made: Any = IncrementalPdfFileWriter(io.BytesIO(data))
    change(made)
    return written(made)


def other_page(made: Any) -> None:
    """Replace the contents of the first page: a "shadow" update."""
    page = made.root["/Pages"]["/Kids"][0]
    page["/Contents"] = made.add_object(_PDF.StreamObject(stream_data=b"1 0 0 rg 0 0 595 842 re f\n"))
    made.update_container(page)


def fill_in(made: Any) -> None:
    """Fill in the form."""
    field = made.root["/AcroForm"]["/Fields"][0]
    field["/V"] = _PDF.TextStringObject("paid")
    made.update_container(field)


def written(made: Any) -> bytes:
    output = io.BytesIO()
    made.write(output)
    return output.getvalue()

"""PDF files written byte by byte: pyHanko's writer would not write such entries of a page, a form, a field."""

from __future__ import annotations

from collections.abc import Sequence


def pdf_of(
    page: bytes = b"", *, form: Sequence[bytes] = (), catalogue: bytes = b"", box: bytes = b"0 0 300 400"
) -> bytes:
    """A file with one page.

    Args:
        page: entries of the page.
        form: the fields of the form, the top one first; the first is object 5.
        catalogue: entries of the catalogue.
        box: the MediaBox.
    """
    fields = b"/AcroForm<</Fields[5 0 R]>>" if form else b""
    return numbered(
        b"<</Type/Catalog/Pages 2 0 R%b%b>>" % (fields, catalogue),
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[%b]/Contents 4 0 R/Resources<<>>%b>>" % (box, page),
        b"<</Length 0>>stream\n\nendstream",
        *form,
    )


def field_of(entries: bytes = b"", name: bytes = b"Here") -> bytes:
    """An empty signature field with its widget on the page."""
    return b"<</FT/Sig/T(%b)/Type/Annot/Subtype/Widget/Rect[10 10 110 60]/P 3 0 R/F 4%b>>" % (name, entries)


def seeded(seed: bytes) -> bytes:
    """A file whose field ``Here`` has these seed values."""
    return pdf_of(b"/Annots[5 0 R]", form=[field_of(b"/SV<</Type/SV%b>>" % seed)])


def numbered(*objects: bytes) -> bytes:
    """A file of these objects, which are numbered from 1; the first is the catalogue."""
    body, places = b"%PDF-1.7\n", list[int]()
    for number, content in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    rows = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    table = b"xref\n0 %d\n0000000000 65535 f \n%btrailer\n<</Size %d/Root 1 0 R>>\n" % (size, rows, size)
    return body + table + b"startxref\n%d\n%%%%EOF\n" % len(body)

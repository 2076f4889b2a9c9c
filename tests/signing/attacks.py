"""Attacks on signed PDF files: each takes a file of :mod:`tests.signing.contracts`, signed in First, and changes it.

Sources: Mladenov et al., "1 Trillion Dollar Refund" (CCS 2019): universal signature forgery, incremental saving,
signature wrapping; Mainka et al., "Shadow Attacks" (NDSS 2021): hide, replace, hide and replace; Rohlmann et al.,
"Breaking the Specification" (IEEE S&P 2021): overlays by annotations and by signature fields.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from typing import Any, Final

from pyhanko.pdf_utils import generic
from pyhanko.sign import fields

from tests.signing.contracts import (
    AMOUNT,
    CA,
    CATALOG,
    COPIES,
    FIRST,
    NEW,
    OVER_THE_TEXT,
    OVERLAY,
    PAGE,
    PAGE_2,
    SHADOW,
    STAMP,
    TEXT,
    by_second,
    listed,
    stream,
    text_of,
    time_stamped,
    trailer_of,
    update,
    widget,
)
from tests.signing.pdfs import updated
from tests.trust.authorities import der

Attack = Callable[[bytes], bytes]
EVIL: Final = "A pays B 9000000 yen"
EVIL_TEXT: Final = stream(f"BT /F1 24 Tf 72 700 Td ({EVIL}) Tj ET")
BOX: Final = (60, 680, 560, 740)
OTHER_FONT: Final = (
    "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding << /Differences [49 /nine /nine /nine] >> >>"
)
JAVASCRIPT: Final = "<< /S /JavaScript /JS (app.alert(1)) >>"
_PDF: Any = generic


def changed(number: int, old: str, new: str, *, more: dict[int, str] | None = None) -> Attack:
    """The object *number* has *new* instead of *old*, and there are *more* objects."""

    def attack(data: bytes) -> bytes:
        text = text_of(data, number)
        assert old in text
        return update(data, {number: text.replace(old, new, 1)} | (more or {}))

    return attack


def entries(number: int, text: str, *, more: dict[int, str] | None = None) -> Attack:
    """The dictionary *number* has the entries *text*, besides its own."""
    return changed(number, "<<", f"<< {text}", more=more)


def invisible_field(more: str = "", **options: Any) -> Attack:
    """Nothing is seen; what the field has besides makes readers do something, or replaces something."""
    return unsigned_field("[0 0 0 0]", more=more, **options)


def objects(texts: dict[int, str]) -> Attack:
    """The update holds these objects, which are new or replace others."""
    return lambda data: update(data, texts)


def with_trailer(entries: str, texts: dict[int, str]) -> Attack:
    """The update holds these objects, and its trailer these entries."""
    return lambda data: update(data, texts, entries)


def then(*attacks: Attack) -> Attack:
    """One update after another."""

    def attack(data: bytes) -> bytes:
        for step in attacks:
            data = step(data)
        return data

    return attack


# --- overlays ---


def _field(writer: Any) -> None:
    fields.append_signature_field(writer, fields.SigFieldSpec("X", box=BOX))


def visible_time_stamp(data: bytes) -> bytes:
    """B is owed another amount: the time stamp's appearance lies over the text. An authority stamps for anyone."""
    return time_stamped(data, "X", _field)


def time_stamp_in(field: str) -> Attack:
    """As before, in a field that the signers left for a person."""
    return lambda data: time_stamped(data, field)


def visible_signature(data: bytes) -> bytes:
    """The second signer's appearance lies over the text, and looks like the text that both signed."""
    return by_second(data, "X", _field)


def unsigned_field(
    rectangle: str = OVER_THE_TEXT, flags: float = 4, more: str = "", *, look: int = OVERLAY,
    others: dict[int, str] | None = None,
) -> Attack:  # fmt: skip
    """B is owed another amount: an empty signature field's appearance lies over the text."""

    def attack(data: bytes) -> bytes:
        field = widget("X", rectangle, flags, f"/AP << /N {look} 0 R >> {more}")
        return update(data, {NEW: field} | (others or {}) | listed(data, (NEW,), (NEW,)))

    return attack


def kids(depth: int) -> Attack:
    """As before: the field shows nothing, but the widget under it does."""

    def attack(data: bytes) -> bytes:
        last = NEW + depth
        made = {NEW: f"<< /FT /Sig /T (X) /Rect [0 0 0 0] /Kids [{NEW + 1} 0 R] >>"}
        for number in range(NEW + 1, last):
            made[number] = f"<< /Parent {number - 1} 0 R /Kids [{number + 1} 0 R] >>"
        kid = f"/Parent {last - 1} 0 R /Rect {OVER_THE_TEXT} /F 4 /P {PAGE} 0 R /AP << /N {OVERLAY} 0 R >>"
        made[last] = f"<< /Type /Annot /Subtype /Widget {kid} >>"
        return update(data, made | listed(data, (NEW,), (last,)))

    return attack


def moved(field: str, number: int, **new: Any) -> Attack:
    """The second signer signs the prepared field at another place, or makes one visible that was not."""

    def change(writer: Any) -> None:
        field = writer.get_object(_PDF.Reference(number, 0, writer))
        for name, value in new.items():
            field[f"/{name}"] = value
        writer.update_container(field)

    return lambda data: by_second(data, field, change)


def numbers(*values: int) -> Any:
    return _PDF.ArrayObject([_PDF.NumberObject(value) for value in values])


def number(value: int) -> Any:
    return _PDF.NumberObject(value)


def on_another_page(data: bytes) -> bytes:
    """The field that the second signer signs is on the page with the text, where it was not."""
    return by_second(data, "Prepared", _to_page_2)


def _to_page_2(writer: Any) -> None:
    first, second = (writer.get_object(_PDF.Reference(number, 0, writer)) for number in (PAGE, PAGE_2))
    second["/Annots"].append(first["/Annots"].raw_get(1))
    del first["/Annots"][1]
    for page in (first, second):
        writer.update_container(page)


# --- shadow attacks ---


def show(data: bytes) -> bytes:
    """The page shows another amount: a field that was prepared before signing, and that no page listed, is listed."""
    return update(data, listed(data, (SHADOW,), (SHADOW,)))


def show_annotation(data: bytes) -> bytes:
    """As before, with the page's list only."""
    return update(data, listed(data, (), (SHADOW,)))


def hide(data: bytes) -> bytes:
    """The contract binds: the stamp that says that it does not is hidden."""
    return changed(STAMP, "/F 4", "/F 2")(data)


def other_root(number: int) -> Attack:
    """The whole document is another one, which was prepared before signing: the trailer names its catalog."""
    return lambda data: update(data, {}, f"/Root {number} 0 R")


def swapped(number: int) -> Attack:
    """As before: the update says that the object begins elsewhere, in the signed stream that holds a copy."""

    def attack(data: bytes) -> bytes:
        copies = data.index(f"{COPIES} 0 obj".encode())
        return update(data, {}, at={number: data.index(f"\n{number} 0 obj".encode(), copies) + 1})

    return attack


# --- incremental saving: an update that does not look like one ---


def saved(tail: str) -> Attack:
    """The page has another text for readers that repair files; others see no update at all."""

    def attack(data: bytes) -> bytes:
        copied = text_of(data, _signature(data))
        return data + f"{TEXT} 0 obj\n{EVIL_TEXT}\nendobj\n{tail.replace('SIGNATURE', copied)}".encode("latin-1")

    return attack


def same_xref(data: bytes) -> bytes:
    """As before; the file ends properly, with the signed version's cross-reference table."""
    return saved(f"startxref\n{data.split()[-2].decode()}\n%%EOF\n")(data)


def two_rows(data: bytes) -> bytes:
    """The page has another text for readers that take the first of two rows of the cross-reference table."""
    made, signed = update(data, {TEXT: EVIL_TEXT}), data.index(f"\n{TEXT} 0 obj".encode()) + 1
    end = made.rindex(b"trailer")
    return made[:end] + f"{TEXT} 1\n{signed:010} 00000 n \n".encode() + made[end:]


def unknown_row(data: bytes) -> bytes:
    """The page has no text, or another one: the row in the cross-reference stream is of a kind that does not exist.

    ISO 32000-2 §7.5.8.3: such a row stands for the null object.
    """
    text = f"{TEXT} 0 obj\n{EVIL_TEXT}\nendobj\n".encode()
    return _with_xref_stream(data, text, {TEXT: (3, len(data), 0)})


def overlapping_objects(data: bytes) -> bytes:
    """The contract binds: some readers read an object in a stream up to where the next begins, and miss the stamp."""
    page = text_of(data, PAGE)
    places = f"{PAGE} 0 {NEW + 1} {page.index('/Annots')} "
    inside = stream(places + page, f"/Type /ObjStm /N 2 /First {len(places)}")
    rows = {PAGE: (2, NEW + 2, 0), NEW + 2: (1, len(data), 0)}
    return _with_xref_stream(data, f"{NEW + 2} 0 obj\n{inside}\nendobj\n".encode(), rows)


def _with_xref_stream(data: bytes, body: bytes, rows: dict[int, tuple[int, int, int]]) -> bytes:
    """*data* with an update of *body*, and a cross-reference stream of *rows* (ISO 32000-2 §7.5.8.3)."""
    start = len(data) + len(body)
    table = dict(sorted((rows | {NEW: (1, start, 0)}).items()))
    trailer = trailer_of(data) | {"/Size": str(max(table) + 1)}
    entries = " ".join(f"{name} {value}" for name, value in trailer.items())
    index = " ".join(f"{number} 1" for number in table)
    packed = b"".join(struct.pack(">BIH", *row) for row in table.values()).decode("latin-1")
    xref = stream(packed, f"/Type /XRef /W [1 4 2] /Index [{index}] {entries}")
    return data + body + f"{NEW} 0 obj\n{xref}\nendobj\nstartxref\n{start}\n%%EOF\n".encode("latin-1")


def another_subtype(data: bytes) -> bytes:
    """The page has a note: a signature field without a rectangle is of a kind that has an icon."""
    note = widget("X", "[300 700 300 700]").replace("/Widget", "/Text")
    return update(data, {NEW: note} | listed(data, (NEW,), (NEW,)))


def copied_signature(data: bytes) -> bytes:
    """The field's value is a copy of the signature, so that it looks as if it covered the update."""
    old = _signature(data)
    field = text_of(data, FIRST).replace(f"/V {old} 0 R", f"/V {NEW} 0 R")
    return update(data, {NEW: text_of(data, old), FIRST: field, TEXT: EVIL_TEXT})


def _signature(data: bytes) -> int:
    found = re.search(r"/V (\d+) 0 R", text_of(data, FIRST))
    assert found is not None
    return int(found[1])


# --- universal signature forgery, signature wrapping: in the signature itself ---


def without_signature(data: bytes) -> bytes:
    """The document was not signed by the first signer: the field is empty."""
    return changed(FIRST, f"/V {_signature(data)} 0 R", "")(data)


def another_reason(data: bytes) -> bytes:
    """The signer gave another reason: the update replaces the signature's dictionary."""
    number = _signature(data)
    return update(data, {number: text_of(data, number).replace("<<", "<< /Reason (I have read nothing)", 1)})


def in_place(pattern: str, new: str) -> Attack:
    """The text is another one, and the signature is such that a reader might take it for unchecked and say nothing."""

    def attack(data: bytes) -> bytes:
        match = re.search(pattern.encode(), data)
        assert match is not None
        made = data[: match.start()] + new.encode().ljust(len(match[0])) + data[match.end() :]
        return made.replace(b"1000 yen", b"9999 yen")

    return attack


BYTE_RANGE = r"/ByteRange \[[0-9 ]+\] *"
CONTENTS = r"/Contents <[0-9a-fA-F]+>"


def wrapped(*numbers: str) -> Attack:
    """The page has another text: what was signed behind the signature moved to the end, and an update is in its place.

    *numbers* are those of the signature's new entries /ByteRange, where SIGNED and MOVED stand for the old ones, and
    for those of the bytes that are signed.
    """

    def attack(data: bytes) -> bytes:
        match = re.search(rb"/ByteRange \[0 (\d+) (\d+) (\d+)\]", data)
        assert match is not None
        length, start, rest = (int(number) for number in match.groups())
        xref = int(data.split()[-2])
        tail = data[xref : data.rindex(b"startxref")].decode("latin-1")
        table, trailer = tail[: tail.index("trailer")], tail[tail.index("trailer") :]
        at = xref + len(f"{table}{TEXT} 1\n{0:010} 00000 n \n{trailer}")
        text = f"{TEXT} 0 obj\n{EVIL_TEXT}\nendobj\n"
        ranges = {"SIGNED": f"0 {length} {start} {rest}", "MOVED": f"0 {length} {at + len(text)} {rest}"}
        entries = "".join(f"/ByteRange [{ranges[name]}]" for name in numbers)
        head = data[:start] + f"{entries}/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached>>\nendobj\n".encode()
        assert len(head) <= xref
        update = f"{table}{TEXT} 1\n{at:010} 00000 n \n{trailer}{text}"
        return head.ljust(xref) + update.encode("latin-1") + data[start:]

    return attack


def in_the_padding(data: bytes) -> bytes:
    """The signature is followed, in the room that it left, by objects for readers that repair files."""
    evil = f">\nendobj\n{TEXT} 0 obj\n{EVIL_TEXT}\nendobj\n<"
    match = re.search(rb"0{400,}>", data)
    assert match is not None
    return data[: match.start()] + evil.encode() + data[match.start() + len(evil) :]


def padded(data: bytes) -> bytes:
    """The signature is followed, in the room that it left, by digits that it does not cover."""
    match = re.search(rb"0{400,}>", data)
    assert match is not None
    return data[: match.end() - 5] + b"ffff" + data[match.end() - 1 :]


# --- annotations, the catalog, objects ---


def annotation(kind: str, flags: int = 4, more: str = "") -> Attack:
    """The page shows another amount or another remark: an annotation, beside a new invisible signature field."""

    def attack(data: bytes) -> bytes:
        made = {
            NEW: widget("X", "[0 0 0 0]"),
            NEW + 1: f"<< /Type /Annot /Subtype /{kind} /Rect {OVER_THE_TEXT} /F {flags} /Contents (paid) "
            f"/AP << /N {OVERLAY} 0 R >> {more} >>",
        }
        return update(data, made | listed(data, (NEW,), (NEW, NEW + 1)))

    return attack


def page_in_place(edit: Callable[[str], str]) -> Attack:
    """The page is shown otherwise, or its annotations are in another order, beside a new invisible signature field."""

    def attack(data: bytes) -> bytes:
        made = listed(data, (NEW,), (NEW,))
        made[PAGE] = edit(made[PAGE])
        return update(data, {NEW: widget("X", "[0 0 0 0]")} | made)

    return attack


def freed(number: int) -> Attack:
    """The page is without its text: the object is free now."""
    return lambda data: update(data, {}, free=(number,))


def regenerated(number: int, text: str) -> Attack:
    """The page has another text: the object's number has a new generation."""
    return lambda data: update(data, {number: text}, generation=1)


def replaced_stream(kind: str) -> Attack:
    """The page has another font: the stream that holds the signed version's objects is another one now."""

    def attack(data: bytes) -> bytes:
        number = int(re.findall(rb"(\d+) 0 obj\s*<<(?:(?!endobj).)*?/" + kind.encode(), data, re.DOTALL)[0])

        def change(writer: Any) -> None:
            old = writer.prev.get_object(_PDF.Reference(number, 0, writer.prev))
            new = _PDF.StreamObject(old, stream_data=old.data.replace(b"/Helvetica", b"/Wingdings"))
            del new["/Filter"]
            writer.objects[0, number] = new

        return updated(data, change)

    return attack


def filled_in(data: bytes) -> bytes:
    """The form has another amount, and shows it."""
    look = f"/V (9000000) /AP << /N {OVERLAY} 0 R >>"
    return changed(AMOUNT, "/V (1000)", look)(data)


def security_store(data: bytes) -> bytes:
    """Nothing that is seen: a DSS is added (ETSI EN 319 142-1 §5.4.2), as programs do that keep signatures valid."""
    certificate = stream(der(CA.certificate).decode("latin-1"))
    return entries(CATALOG, f"/DSS << /Certs [{NEW} 0 R] >>", more={NEW: certificate})(data)

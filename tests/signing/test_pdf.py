"""Reading a signed PDF file tells what is there: a bad signature is one; what is irregular is named, and never good."""

from __future__ import annotations

import re
from typing import Any

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.sign import fields

from mynacard import errors
from mynacard.signing import pdf as reading
from mynacard.signing.pades import Appearance, Beyond, PdfSignature, check_signable, examine, read, sign
from mynacard.trust import Verdict
from tests.extent import all_or_some
from tests.signing.documents import CERTIFICATE, OTHER
from tests.signing.pdfs import fill_in, hybrid, irregular, other_page, pdf, updated
from tests.signing.test_pades import PLAIN, SIGNED, TWICE, theirs
from tests.trust.authorities import key

_PDF: Any = generic
_NAME: Any = generic.pdf_name
PADES = fields.SigSeedSubFilter.PADES
GOOD, BAD, OPEN = Verdict.GOOD, Verdict.BAD, Verdict.NOT_CHECKED


def codes(data: bytes) -> list[tuple[str, str]]:
    return [(signature.signature.code, signature.rest.code) for signature in read(data)]


def second(change: Any) -> bytes:
    """SIGNED, and a second signature whose dictionary *change* alters."""
    at = len(SIGNED)
    return SIGNED + change(TWICE[at:])


def unreadable(data: bytes) -> PdfSignature:
    """The second signature of *data*, whose first one is good."""
    first, last = read(data)
    assert (first.field, first.signature.verdict, last.field) == ("Signature1", GOOD, "Second")
    return last


# --- one bad signature is one bad signature ---


def contents(update: bytes, change: Any) -> bytes:
    match = re.search(rb"/Contents ?<([0-9a-fA-F]+)>", update)
    assert match is not None
    digits = change(match[1])
    assert len(digits) == len(match[1])
    return update[: match.start(1)] + digits + update[match.end(1) :]


@pytest.mark.parametrize(
    "change",
    [
        lambda update: contents(update, lambda digits: b"0" * len(digits)),
        lambda update: contents(update, lambda digits: b"ff" * (len(digits) // 2)),
        lambda update: contents(update, lambda digits: digits[:1000].ljust(len(digits), b"0")),
        lambda update: update.replace(b"/ByteRange [", b"/BytesRange["),
        lambda update: update.replace(b"/Contents <", b"/Content  <"),
        lambda update: re.sub(rb"/V \d+ 0 R", lambda match: b"/V 1".ljust(len(match[0])), update),
        lambda update: re.sub(rb"/V \d+ 0 R", lambda match: b"/V 99 0 R".ljust(len(match[0])), update),
    ],
    ids=["zeros", "garbage", "truncated", "no ByteRange", "no Contents", "V is a number", "V is dangling"],
)
def test_a_signature_that_cannot_be_read_is_one_bad_signature_and_the_others_are_judged(change: Any) -> None:
    last = unreadable(second(change))
    assert (last.signature.code, last.signature.verdict) == ("signature/unreadable", BAD)
    assert (last.rest.verdict, last.beyond, last.cms) == (OPEN, Beyond.NOT_CHECKED, None)
    assert "{" not in last.signature.text()


def test_a_comparison_that_fails_is_not_checked_and_the_file_is_read_all_the_same() -> None:
    """A page that refers to an object that does not exist: pyHanko's comparison ends with an exception."""

    def dangling(made: Any) -> None:
        page = made.root["/Pages"]["/Kids"][0]
        page["/Thumb"] = _PDF.IndirectObject(900, 0, made)
        made.update_container(page)

    data = updated(sign(updated(PLAIN, dangling), CERTIFICATE, key("holder")), lambda _: None)
    later = sign(data, OTHER, key("somebody"), field="Second")
    assert codes(later) == [("signature/good", "rest/not-checked"), ("signature/good", "rest/nothing")]


# --- null is absent ---


def with_nulls(made: Any) -> None:
    """An empty signature field whose value is null, on a page whose annotations are null (ISO 32000-2 §7.3.9)."""
    field = made.add_object(_PDF.DictionaryObject({
        _NAME("/FT"): _NAME("/Sig"), _NAME("/T"): _PDF.TextStringObject("Here"), _NAME("/V"): _PDF.NullObject(),
    }))  # fmt: skip
    made.root["/AcroForm"] = _PDF.DictionaryObject({_NAME("/Fields"): _PDF.ArrayObject([field])})
    made.update_root()
    page = made.root["/Pages"]["/Kids"][0]
    page["/Annots"] = _PDF.NullObject()
    made.update_container(page)


def test_null_is_absent() -> None:
    data = updated(PLAIN, with_nulls)
    assert b"/Annots null" in data
    assert b"/V null" in data
    assert check_signable(data, field="Here") == 0
    with pytest.raises(errors.PdfFileError, match="no signature"):
        read(data)
    signed = sign(data, CERTIFICATE, key("holder"), field="Here")
    assert codes(signed) == [("signature/good", "rest/nothing")]
    twice = sign(signed, OTHER, key("somebody"), appearance=Appearance())
    assert [signature.signature.verdict for signature in read(twice)] == [GOOD, GOOD]


def test_a_reference_to_null_is_absent_too() -> None:
    def change(made: Any) -> None:
        with_nulls(made)
        field = made.root["/AcroForm"]["/Fields"][0]
        field["/V"] = made.add_object(_PDF.NullObject())

    assert check_signable(updated(PLAIN, change), field="Here") == 0


# --- what only a lenient reader opens ---


@pytest.mark.parametrize(("made", "reason"), [(hybrid, "hybrid"), (irregular, "marker")], ids=["hybrid", "table"])
def test_a_signature_in_an_irregular_file_is_bad_or_not_checked_and_never_good(made: Any, reason: str) -> None:
    data = theirs(made(PLAIN), PADES, strict=False)
    (signature,) = read(data)
    assert (signature.signature.code, signature.signature.verdict) == ("signature/irregular-file", OPEN)
    assert (signature.rest.code, signature.rest.verdict, signature.beyond) == (
        "rest/irregular", OPEN, Beyond.IRREGULAR,
    )  # fmt: skip
    for text in (signature.signature.text(), signature.rest.text()):
        assert reason in text
        assert "qpdf in.pdf out.pdf" in text
    assert signature.cms is not None
    assert signature.cms.certificate == CERTIFICATE
    changed = data.replace(b"/Type /Page\n", b"/Type /page\n", 1)
    assert changed != data
    assert [(one.signature.verdict, one.rest.verdict) for one in read(changed)] == [(BAD, OPEN)]


@pytest.mark.parametrize(("made", "reason"), [(hybrid, "hybrid"), (irregular, "marker")], ids=["hybrid", "table"])
def test_an_irregular_file_is_signed_and_the_reason_and_the_cure_are_said(made: Any, reason: str) -> None:
    (remark,) = examine(made(PLAIN)).remarks
    assert re.search(f"{reason}.*qpdf in.pdf out.pdf", remark.text())
    (signature,) = read(sign(made(PLAIN), CERTIFICATE, key("holder")))
    assert (signature.signature.code, signature.signature.verdict) == ("signature/irregular-file", OPEN)
    with pytest.raises(errors.PdfFileError, match=f"{reason}.*qpdf in.pdf out.pdf"):
        read(made(PLAIN))


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "not a PDF file"),
        (b"\x00" * 2000, "not a PDF file"),
        (b" " * 1020 + PLAIN, "not a PDF file"),
        (b"junk\n" + PLAIN, "before its header"),
        (b"\xef\xbb\xbf" + SIGNED, "before its header"),
        (PLAIN + b"\n" * 1500, "EOF"),
        (PLAIN.replace(b"/Pages", b"/Pagez"), "damaged or irregular"),
        (b"%PDF-1.7\n", "damaged or irregular"),
    ],
    ids=range(8),
)
def test_a_file_with_the_header_of_a_pdf_is_never_called_something_else(data: bytes, text: str) -> None:
    for call in (check_signable, read):
        with pytest.raises(errors.PdfFileError, match=text):
            call(data)


# --- bad input ---


@pytest.mark.exhaustive
def test_a_file_that_is_truncated_in_its_trailer_is_never_wholly_good() -> None:
    for end in all_or_some(range(TWICE.rindex(b"trailer"), len(TWICE)), sample=20):
        try:
            signatures = read(TWICE[:end])
        except errors.PdfFileError:
            continue
        assert {signature.signature.verdict for signature in signatures} != {GOOD}, end


def test_a_form_that_refers_to_itself_ends() -> None:
    def change(made: Any) -> None:
        field = made.root["/AcroForm"]["/Fields"][0]
        field["/Kids"] = made.root["/AcroForm"]["/Fields"]
        made.update_container(field)

    data = updated(pdf(form=True), change)
    assert check_signable(data) == 0
    assert codes(updated(sign(data, CERTIFICATE, key("holder")), other_page))[0][0] == "signature/good"


def test_a_form_that_is_too_deep_is_an_error() -> None:
    def change(made: Any) -> None:
        field = made.root["/AcroForm"]["/Fields"][0]
        for _ in range(3000):
            field = made.add_object(_PDF.DictionaryObject({
                _NAME("/T"): _PDF.TextStringObject("name"), _NAME("/Kids"): _PDF.ArrayObject([made.add_object(field)]),
            })).get_object()  # fmt: skip
        made.root["/AcroForm"]["/Fields"].append(made.add_object(field))
        made.update_root()

    with pytest.raises(errors.PdfFileError, match="too long"):
        check_signable(updated(pdf(form=True), change))


def test_a_range_around_a_huge_gap_is_bad(monkeypatch: pytest.MonkeyPatch) -> None:
    assert codes(SIGNED) == [("signature/good", "rest/nothing")]
    monkeypatch.setattr(reading, "_GAP_MAX", 100)
    assert codes(SIGNED) == [("signature/byte-range", "rest/nothing")]


def test_a_filled_in_form_is_still_told() -> None:
    assert codes(updated(sign(pdf(form=True), CERTIFICATE, key("holder")), fill_in)) == [
        ("signature/good", "rest/filled-in-fields")
    ]

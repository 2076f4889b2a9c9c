"""Honest files, the verdict on each of their signatures, and what pyHanko and poppler's pdfsig say of the same ones.

Source of the verdicts: ISO 32000-2 §7.5.6 (incremental updates), §12.7.3 (form), §12.8.2.2 (DocMDP), §12.8.4.3 (DSS).
"""

from __future__ import annotations

import io
import re
import subprocess
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
from pyhanko.pdf_utils.misc import PdfReadError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import fields
from pyhanko.sign.validation import validate_pdf_signature, validate_pdf_timestamp

from mynacard.signing.beyond import Beyond, Place
from mynacard.signing.judging import judge
from mynacard.signing.pdf import PdfSignature, read
from mynacard.trust import Anchor, Verdict
from tests.rig.pcscd import program
from tests.signing import tsa
from tests.signing.honest import (
    BOX,
    CA,
    TEXT_BOX,
    UPPER,
    Box,
    Metadata,
    Prepared,
    SigFlags,
    Step,
    all_again,
    changed,
    direct_form,
    filled_in,
    form_defaults,
    higher_version,
    in_a_tree,
    long_term,
    lost_object,
    made,
    more_resources,
    null_values,
    pdfsig,
    plain,
    pyhanko,
    qpdf,
    renewed,
    separate_annotations,
    stamped,
    text_field,
    trusting,
    unseen_appearance,
    us,
    with_bookmarks,
)

GOOD, OPEN = Verdict.GOOD, Verdict.NOT_CHECKED
OF_REST: Final = {
    Beyond.NOTHING: GOOD,
    Beyond.UNSEEN_ADDITIONS: GOOD,
    Beyond.LATER_SIGNATURES: GOOD,
    Beyond.NEW_VISIBLE_SIGNATURE: OPEN,
    Beyond.FILLED_IN_FIELDS: OPEN,
    Beyond.IRREGULAR: OPEN,
}
"""The verdicts that an honest file can get: no bad one is among them."""


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of one signature: its own verdict, what follows it, and where.

    Attributes:
        signature: None where a lenient reading decides, and the signature counts for nothing anyway.
        pyhanko: the level of modification by which pyHanko passes it; "refused"; or "unreadable".
    """

    signature: Verdict | None
    beyond: Beyond
    places: tuple[Place, ...] = ()
    pyhanko: str = "FORM_FILLING"


def place(field: str, box: Box | None = None, page: int = 1) -> Place:
    return Place(field, page, None if box is None else (float(box[0]), float(box[1]), float(box[2]), float(box[3])))


def later(*places: Place) -> Told:
    return Told(GOOD, Beyond.LATER_SIGNATURES, places)


def visible(*places: Place) -> Told:
    return Told(GOOD, Beyond.NEW_VISIBLE_SIGNATURE, places)


LAST: Final = Told(GOOD, Beyond.NOTHING, pyhanko="NONE")
UNSEEN: Final = Told(GOOD, Beyond.UNSEEN_ADDITIONS, pyhanko="LTA_UPDATES")
FILLED: Final = Told(GOOD, Beyond.FILLED_IN_FIELDS, (place("amount", TEXT_BOX),))
IRREGULAR: Final = Told(None, Beyond.IRREGULAR, pyhanko="unreadable")
THEN_INVISIBLE: Final = later(place("B"))
THEN_PREPARED: Final = later(place("B", UPPER))
STAMP: Final = replace(UNSEEN, signature=OPEN)
"""A time stamp on the file. pyHanko adds its authority's certificates after it, to the DSS."""


@dataclass(frozen=True, slots=True)
class Row:
    """An honest file: how it comes about, and what is told of its signatures in the order in which they were made.

    Attributes:
        irregular: whether pdfsig 22.12 leaves it so that only a lenient reading opens it: with objects of generation 1
            whose generation 0 was never freed (ISO 32000-2 §7.5.4). Then each of its signatures is IRREGULAR.
    """

    steps: tuple[Step, ...]
    told: tuple[Told, ...]
    base: bytes = plain()
    irregular: bool = False


FIELDS: Final = changed(Prepared("A"), Prepared("B", UPPER))
FORM: Final = changed(text_field, Prepared("A"), Prepared("B", UPPER))
A, B = us("A"), us("B", "second")
A_VISIBLE, B_VISIBLE = us("A", box=BOX), us("B", "second", box=UPPER)
PYHANKO_A, PYHANKO_B = pyhanko("A"), pyhanko("B", "second")
PYHANKO_VISIBLE: Final = pyhanko("B", "second", box=UPPER)
PDFSIG_A, PDFSIG_B = pdfsig("A"), pdfsig("B", "second")
BARE_A, BARE_B = Prepared("A", bare=True), Prepared("B", UPPER, bare=True)
ADOBE: Final = fields.SigSeedSubFilter.ADOBE_PKCS7_DETACHED
MDP: Final = fields.MDPPerm
LOCK: Final = fields.FieldMDPSpec(fields.FieldMDPAction.INCLUDE, fields=["amount"])
HIDDEN: Final = 1 << 1  # ISO 32000-2 §12.5.3
MANY: Final = tuple(f"S{number:02}" for number in range(25))
MANY_TOLD: Final = (*(later(*map(place, MANY[number:])) for number in range(1, 25)), LAST)


def second(change: Any) -> Step:
    """pyHanko signs invisibly, as the second person, and its program does *change* in the same update."""
    return pyhanko("B", "second", change=change)


def certified(permissions: MDP) -> Step:
    return pyhanko("A", certify=True, docmdp_permissions=permissions)


def invisible_with_appearance(file: Any) -> None:
    Prepared("B", None)(file)
    unseen_appearance(file)


TABLE: Final[dict[str, Row]] = {
    "one signature, by us": Row((A,), (LAST,)),
    "one signature, by pyHanko": Row((PYHANKO_A,), (LAST,)),
    "one signature, by pdfsig": Row((changed(BARE_A), PDFSIG_A), (LAST,)),
    "one signature, by pdfsig as PAdES": Row((changed(BARE_A), pdfsig("A", "first", "-etsi")), (LAST,)),
    # two people, one after the other; pdfsig also dates the widget with /M, which pyHanko refuses
    "new and visible, by us": Row((A_VISIBLE, B_VISIBLE), (visible(place("B", UPPER)), LAST)),
    "new and visible, by pyHanko": Row((A_VISIBLE, PYHANKO_VISIBLE), (visible(place("B", UPPER)), LAST)),
    "new and visible on page 2": Row(
        (A_VISIBLE, us("B", "second", box=UPPER, page=2)), (visible(place("B", UPPER, 2)), LAST)
    ),
    "prepared, by us": Row((FIELDS, PYHANKO_A, B), (THEN_PREPARED, LAST)),
    "prepared, by pyHanko": Row((FIELDS, A, PYHANKO_B), (THEN_PREPARED, LAST)),
    "prepared, by pdfsig": Row((changed(BARE_B), A, PDFSIG_B), (replace(THEN_PREPARED, pyhanko="refused"), LAST)),
    "prepared, all signed by pdfsig": Row(
        (changed(BARE_A, BARE_B), PDFSIG_A, PDFSIG_B), (replace(THEN_PREPARED, pyhanko="refused"), LAST)
    ),
    "invisible, by us": Row((PYHANKO_A, B), (THEN_INVISIBLE, LAST)),
    "invisible, by pyHanko": Row((A, PYHANKO_B), (THEN_INVISIBLE, LAST)),
    "invisible with an appearance": Row((A, second(invisible_with_appearance)), (THEN_INVISIBLE, LAST)),
    "by pdfsig, then by us": Row((changed(BARE_A, SigFlags(3)), PDFSIG_A, B), (THEN_INVISIBLE, LAST)),
    "by pdfsig, then by pyHanko": Row(
        (changed(BARE_A, Prepared("B", UPPER), SigFlags(3)), PDFSIG_A, PYHANKO_B), (THEN_PREPARED, LAST)
    ),
    "adbe.pkcs7.detached, then PAdES": Row((pyhanko("A", subfilter=ADOBE), B), (THEN_INVISIBLE, LAST)),
    "hidden": Row((A, second(Prepared("B", UPPER, flags=HIDDEN))), (later(place("B", UPPER)), LAST)),
    # pyHanko does not expect the appearance of a widget that is not the field itself
    "prepared, in a widget of its own": Row(
        (changed(Prepared("B", UPPER, options={"combine_annotation": False})), A, PYHANKO_B),
        (replace(THEN_PREPARED, pyhanko="refused"), LAST),
    ),
    "prepared, inside another field": Row(
        (changed(Prepared("group.B", UPPER)), A, pyhanko("group.B", "second")), (later(place("group.B", UPPER)), LAST)
    ),
    "prepared with the value null, and never signed": Row((changed(Prepared("B"), null_values), A), (LAST,)),
    # forms
    "approved, then filled in": Row((FORM, A, changed(filled_in)), (FILLED,)),
    "certified for forms, then signed": Row((FORM, certified(MDP.FILL_FORMS), B), (THEN_PREPARED, LAST)),
    "certified for forms, then filled in and signed": Row(
        (FORM, certified(MDP.FILL_FORMS), changed(filled_in), B), (FILLED, LAST)
    ),
    "certified for annotations, then signed": Row((FORM, certified(MDP.ANNOTATE), B), (THEN_PREPARED, LAST)),
    "signed with a lock on another field": Row(
        (changed(text_field, Prepared("A", options={"field_mdp_spec": LOCK}), Prepared("B", UPPER)), PYHANKO_A, B),
        (THEN_PREPARED, LAST),
    ),
    # long-term validation
    "a time stamp on the file": Row((A, stamped), (UNSEEN, replace(LAST, signature=OPEN))),
    "long-term, once": Row((long_term("A"),), (UNSEEN, STAMP)),
    "long-term, twice": Row((long_term("A"), renewed), (UNSEEN, STAMP, STAMP)),
    "long-term, certified as final": Row(
        (long_term("A", certify=True, docmdp_permissions=MDP.NO_CHANGES), renewed), (UNSEEN, STAMP, STAMP)
    ),
    "long-term, then another signature": Row(
        (long_term("A"), B), (THEN_INVISIBLE, replace(THEN_INVISIBLE, signature=OPEN), LAST)
    ),
    # what the second program adds and what does not show; pyHanko refuses new /SigFlags, except with their form
    "form defaults": Row((A, second(form_defaults)), (THEN_INVISIBLE, LAST)),
    "more resources of the form": Row(
        (A, second(form_defaults), pyhanko("C", change=more_resources)),
        (later(place("B"), place("C")), later(place("C")), LAST),
    ),
    "new metadata": Row((A, second(Metadata("After"))), (THEN_INVISIBLE, LAST)),
    "other metadata": Row((changed(Metadata("Before")), A, second(Metadata("After"))), (THEN_INVISIBLE, LAST)),
    "metadata in the same object": Row(
        (changed(Metadata("Before")), A, second(Metadata("After", replaced=True))), (THEN_INVISIBLE, LAST)
    ),
    "metadata, and no signature": Row((A, changed(Metadata("After"))), (UNSEEN,)),
    "a higher version": Row((A, second(higher_version)), (THEN_INVISIBLE, LAST)),
    "a higher version, and no signature": Row((A, changed(higher_version)), (UNSEEN,)),
    "an object that nothing refers to": Row((A, changed(lost_object)), (UNSEEN,)),
    "the same objects again": Row((A, second(all_again)), (THEN_INVISIBLE, LAST)),
    "flags of the form, new": Row((changed(BARE_A), PDFSIG_A, B), (replace(THEN_INVISIBLE, pyhanko="refused"), LAST)),
    "flags of the form, raised": Row(
        (changed(BARE_A, SigFlags(1)), PDFSIG_A, B), (replace(THEN_INVISIBLE, pyhanko="refused"), LAST)
    ),
    # structures of files
    "nested page tree, new": Row(
        (changed(in_a_tree), A, us("B", "second", box=UPPER, page=2)), (visible(place("B", UPPER, 2)), LAST), plain(4)
    ),
    "nested page tree, prepared": Row(
        (changed(in_a_tree, Prepared("B", UPPER, 3)), A, B), (later(place("B", UPPER, 3)), LAST), plain(4)
    ),
    "classic tables, by qpdf": Row((qpdf("--object-streams=disable"), A, PYHANKO_B), (THEN_INVISIBLE, LAST)),
    "object streams, by qpdf": Row((qpdf("--object-streams=generate"), PYHANKO_A, B), (THEN_INVISIBLE, LAST)),
    "linearized, by qpdf": Row((qpdf("--linearize"), A, PYHANKO_VISIBLE), (visible(place("B", UPPER)), LAST)),
    "linearized with object streams, by qpdf": Row(
        (FIELDS, qpdf("--linearize", "--object-streams=generate"), A, PYHANKO_B), (THEN_PREPARED, LAST)
    ),
    "the form in the catalog": Row((FIELDS, changed(direct_form), A, PYHANKO_B), (THEN_PREPARED, LAST)),
    "annotations in an object of their own": Row(
        (changed(separate_annotations), A, PYHANKO_VISIBLE), (visible(place("B", UPPER)), LAST)
    ),
    # pyHanko follows references by recursion, and so leaves this one unread
    "1,000 bookmarks": Row((A, PYHANKO_B), (replace(THEN_INVISIBLE, pyhanko="unreadable"), LAST), with_bookmarks(1000)),
    "25 signatures, by us": Row(tuple(us(field) for field in MANY), MANY_TOLD),
    "25 signatures, by pyHanko": Row(tuple(pyhanko(field) for field in MANY), MANY_TOLD),
    "new, by pdfsig": Row((PDFSIG_A,), (LAST,), irregular=True),
    "new, by us, then by pdfsig": Row((A_VISIBLE, PDFSIG_B), (THEN_INVISIBLE, LAST), irregular=True),
    "in a field with an appearance, by pdfsig": Row((FIELDS, A, PDFSIG_B), (THEN_PREPARED, LAST), irregular=True),
}


def names(*slow: str) -> list[Any]:
    """The names of all rows, as parameters of a test that *slow* ones make long."""
    thorough = pytest.mark.thorough("25 signatures in one file")
    return [pytest.param(name, marks=thorough if name in slow else ()) for name in TABLE]


NAMES: Final = names("25 signatures, by us", "25 signatures, by pyHanko")


@cache
def file(name: str) -> bytes:
    return made(TABLE[name].base, *TABLE[name].steps)


@cache
def expected(name: str) -> tuple[Told, ...]:
    row = TABLE[name]
    return (IRREGULAR,) * len(row.told) if row.irregular and not opens(file(name)) else row.told


def opens(data: bytes) -> bool:
    """Whether pyHanko opens the file in its strict mode."""
    try:
        return PdfFileReader(io.BytesIO(data)).root is not None
    except PdfReadError:
        return False


@cache
def signatures_of(name: str) -> tuple[PdfSignature, ...]:
    return read(file(name))


# --- the verdicts ---


@pytest.mark.parametrize("name", names("25 signatures, by pyHanko"))
def test_what_follows_each_signature_of_an_honest_file_is_told(name: str) -> None:
    assert [
        (signature.beyond, signature.rest.verdict, signature.rest.code, Counter(signature.places))
        for signature in signatures_of(name)
    ] == [(told.beyond, OF_REST[told.beyond], f"rest/{told.beyond}", Counter(told.places)) for told in expected(name)]


@pytest.mark.parametrize("name", names("25 signatures, by pyHanko"))
def test_every_signature_of_an_honest_file_is_good_in_itself(name: str) -> None:
    for signature, told in zip(signatures_of(name), expected(name), strict=True):
        assert told.signature in (signature.signature.verdict, None), signature.signature


@pytest.mark.parametrize("name", ["long-term, twice", "long-term, certified as final"])
def test_a_long_term_signature_is_good_in_all_that_is_checked(name: str) -> None:
    judgements = judge(
        file(name),
        anchors=[Anchor(CA.certificate)],
        at=tsa.END - timedelta(days=1),
        time_anchors=[Anchor(tsa.CA.certificate)],
    )
    assert (len(judgements), len(judgements.time_stamps)) == (1, 2)
    judgements.require(accept_unchecked={"revocation"})


# --- other programs ---


@pytest.mark.parametrize("name", NAMES)
def test_pyhanko_says_less_about_the_same_file(name: str) -> None:
    """Its levels do not tell visible from invisible, new fields from prepared ones, forms from signatures."""
    assert _pyhanko(file(name)) == [told.pyhanko for told in expected(name)]


def _pyhanko(data: bytes) -> list[str]:
    try:
        return [_level(embedded) for embedded in PdfFileReader(io.BytesIO(data)).embedded_signatures]
    except PdfReadError:
        return ["unreadable"] * data.count(b"/ByteRange")


def _level(embedded: Any) -> str:
    try:
        if embedded.sig_object["/SubFilter"] == "/ETSI.RFC3161":
            of_stamp: Any = validate_pdf_timestamp(embedded, trusting())
            return of_stamp.modification_level.name if of_stamp.valid and of_stamp.trusted else "refused"
        status: Any = validate_pdf_signature(embedded, trusting())
        return status.modification_level.name if status.bottom_line else "refused"
    except RecursionError:
        return "unreadable"


@pytest.mark.parametrize("name", NAMES)
def test_pdfsig_compares_nothing_and_so_calls_every_signature_valid(name: str, tmp_path: Path) -> None:
    """Of the last one it says that it covers the whole file, if nothing follows. It does not check time stamps."""
    said = Counter(_pdfsig(file(name), tmp_path))
    assert said == Counter(of_pdfsig(expected(name))), "in the order of the form's fields"


def of_pdfsig(tolds: Sequence[Told]) -> list[tuple[str, str]]:
    """What pdfsig says of each signature, and of the part of the file that it covers."""
    whole = tolds[-1].beyond in (Beyond.NOTHING, Beyond.IRREGULAR)
    extents = ["Not total"] * (len(tolds) - 1) + ["Total" if whole else "Not total"]
    validities = ["has not yet been verified" if told.signature is OPEN else "is Valid" for told in tolds]
    return list(zip(validities, extents, strict=True))


def _pdfsig(data: bytes, folder: Path) -> list[tuple[str, str]]:
    (folder / "signed.pdf").write_bytes(data)
    done = subprocess.run(
        [program("pdfsig"), "-nocert", "signed.pdf"], cwd=folder, capture_output=True, check=False, timeout=60
    )
    said = re.findall(r"- (Total|Not total) document signed\n.*Validation: Signature (.*)\.", done.stdout.decode())
    return [(validity, total) for total, validity in said]

"""What follows a signature in a PDF file is a value, and no sentence has to be read for it."""

from __future__ import annotations

import pytest
from pyhanko.sign import fields

from mynacard.signing.beyond import MEANINGS, Beyond, Place, result
from mynacard.signing.pades import read, sign
from mynacard.trust import Verdict
from tests.signing.contracts import by_hand, by_second, file_of, with_form
from tests.signing.documents import CERTIFICATE, OTHER
from tests.signing.pdfs import fill_in, other_page, pdf, updated
from tests.signing.test_pades import SIGNED, TWICE, theirs
from tests.trust.authorities import key

FORM = sign(pdf(form=True), CERTIFICATE, key("holder"))
FINAL = theirs(
    pdf(form=True), fields.SigSeedSubFilter.PADES, certify=True, docmdp_permissions=fields.MDPPerm.NO_CHANGES
)
FILES = {
    Beyond.NOTHING: SIGNED,
    Beyond.LATER_SIGNATURES: sign(SIGNED, OTHER, key("somebody")),
    Beyond.NEW_VISIBLE_SIGNATURE: TWICE,
    Beyond.FILLED_IN_FIELDS: updated(FORM, fill_in),
    Beyond.OTHER_CHANGES: updated(SIGNED, other_page),
    Beyond.FORBIDDEN_CHANGES: updated(FINAL, fill_in),
    Beyond.UNSIGNED_BYTES: SIGNED + b"more",
    Beyond.NOT_CHECKED: SIGNED.replace(b"/ETSI.CAdES.detached", b"/ETSI.CAdES.detacheX"),
}
"""The others are in tests/signing/test_attacks.py and test_honest.py."""


@pytest.mark.parametrize("beyond", FILES, ids=str)
def test_what_lies_beyond_a_signature_is_told_apart_by_a_program(beyond: Beyond) -> None:
    first = read(FILES[beyond])[0]
    assert (first.beyond, first.rest.verdict) == (beyond, MEANINGS[beyond][0])
    assert first.rest.code == f"rest/{beyond.value}"


def test_each_kind_has_a_verdict_and_the_worse_come_first() -> None:
    assert list(MEANINGS) == list(Beyond)
    verdicts = [verdict for verdict, _ in MEANINGS.values()]
    order = [Verdict.BAD, Verdict.NOT_CHECKED, Verdict.GOOD]
    assert verdicts == sorted(verdicts, key=order.index)


def test_the_cause_is_told_by_field_page_and_rectangle() -> None:
    assert read(TWICE)[0].places == (Place("Second", 2, (36.0, 36.0, 256.0, 76.0)),)
    assert read(FILES[Beyond.LATER_SIGNATURES])[0].places == (Place("Signature2", 1, None),)
    assert [place.field for place in read(FILES[Beyond.FILLED_IN_FIELDS])[0].places] == ["remark"]


def test_a_place_is_put_into_words_whatever_the_field_s_name() -> None:
    place = Place("{page}", 3, (0.5, 1, 2, 3))
    assert place.text() == "{page} (page 3, rectangle 0.5 1 2 3)"
    assert (
        result(Beyond.VISIBLE_TIME_STAMP, (place, Place("x")))
        .step.text()
        .endswith(": {page} (page 3, rectangle 0.5 1 2 3), x.")
    )


def locked_without_reference(fields: str) -> bytes:
    """A form signed by a program that leaves the lock in the field, and does not copy it into the signature."""
    lock = f"/Lock << /Type /SigFieldLock /Action /Include /Fields [{fields}] >>"
    return by_hand(file_of(with_form()), "Mine", lock)


def test_a_later_signature_that_the_field_s_lock_forbids_is_bad() -> None:
    first = read(by_second(locked_without_reference("(Later)"), "Later"))[0]
    assert (first.signature.verdict, first.beyond) == (Verdict.GOOD, Beyond.FORBIDDEN_CHANGES)
    assert [place.field for place in first.places] == ["Later"]
    other = read(by_second(locked_without_reference("(amount)"), "Later"))[0]
    assert (other.signature.verdict, other.beyond) == (Verdict.GOOD, Beyond.LATER_SIGNATURES)

"""What follows a signature in a PDF file is a value, and no sentence has to be read for it."""

from __future__ import annotations

from pyhanko.sign import fields

from mynacard.signing.pades import Beyond, read, sign
from mynacard.trust import Verdict
from tests.signing.documents import CERTIFICATE
from tests.signing.pdfs import fill_in, other_page, pdf, updated
from tests.signing.test_pades import SIGNED, TWICE, theirs
from tests.trust.authorities import key


def test_what_lies_beyond_a_signature_is_told_apart_by_a_program() -> None:
    form = sign(pdf(form=True), CERTIFICATE, key("holder"))
    final = theirs(
        pdf(form=True), fields.SigSeedSubFilter.PADES, certify=True, docmdp_permissions=fields.MDPPerm.NO_CHANGES
    )
    cases = {
        Beyond.NOTHING: SIGNED,
        Beyond.LATER_SIGNATURES: TWICE,
        Beyond.FILLED_IN_FIELDS: updated(form, fill_in),
        Beyond.OTHER_CHANGES: updated(SIGNED, other_page),
        Beyond.FORBIDDEN_CHANGES: updated(final, fill_in),
        Beyond.UNSIGNED_BYTES: SIGNED + b"more",
        Beyond.NOT_CHECKED: SIGNED.replace(b"/ETSI.CAdES.detached", b"/ETSI.CAdES.detacheX"),
    }
    assert set(cases) == set(Beyond)
    for beyond, data in cases.items():
        first = read(data)[0]
        assert first.beyond is beyond
        harmless = (Beyond.NOTHING, Beyond.LATER_SIGNATURES)
        assert (first.rest.verdict is Verdict.GOOD) == (beyond in harmless)

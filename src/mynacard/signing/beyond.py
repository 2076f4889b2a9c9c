"""What a PDF file holds beyond the bytes that one of its signatures is about, as pyHanko compares its versions.

Source: ISO 32000-2 §7.5.5, §7.5.6, §12.8.2.2 (DocMDP).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from mynacard.texts import N_
from mynacard.trust import pyhanko
from mynacard.verdict import Step, bad, good, not_checked

__all__ = ["Beyond", "compared", "ends_as_a_pdf"]


class Beyond(StrEnum):
    """What a PDF file holds beyond the bytes that a signature is about. ``PdfSignature.rest`` says what that means."""

    NOTHING = "nothing"
    LATER_SIGNATURES = "later-signatures"
    FILLED_IN_FIELDS = "filled-in-fields"
    OTHER_CHANGES = "other-changes"
    FORBIDDEN_CHANGES = "forbidden-changes"  # by the signer who certified the file
    UNSIGNED_BYTES = "unsigned-bytes"  # which are not a later version of the file
    NOT_CHECKED = "not-checked"


def ends_as_a_pdf(pdf: bytes) -> bool:
    """Whether the file ends where a PDF file says that it does (ISO 32000-2 §7.5.5)."""
    return pdf[-8:].rstrip(b"\r\n").endswith(b"%%EOF")


def compared(embedded: Any, names: frozenset[str], *, ends: bool) -> tuple[Beyond, Step]:
    """What there is, and what it means for the signature.

    Args:
        embedded: the signature, as pyHanko's reader has it.
        names: of the fields of all signatures: that these were filled in is no news.
        ends: whether the file ends as a PDF file does.
    """
    coverage = pyhanko.status.SignatureCoverageLevel
    embedded.compute_integrity_info()
    if embedded.coverage == coverage.ENTIRE_FILE:
        return Beyond.NOTHING, good(N_("The signature is about the whole file."))
    is_last = embedded.signed_revision == embedded.reader.xrefs.total_revisions - 1
    if embedded.coverage != coverage.ENTIRE_REVISION or is_last or not ends:
        return Beyond.UNSIGNED_BYTES, bad(
            N_("The file holds bytes that were not signed, and are no later version of it either.")
        )
    level = embedded.summarise_integrity_info()
    result = embedded.diff_result
    if isinstance(result, pyhanko.diff_analysis.SuspiciousModification):
        return Beyond.OTHER_CHANGES, bad(
            N_("The file was changed after it was signed, beyond signatures and form fields.")
        )
    if not level["docmdp_ok"]:
        return Beyond.FORBIDDEN_CHANGES, bad(
            N_("The file was changed after it was signed, which the signer had forbidden.")
        )
    filled = sorted(str(name) for name in set(result.changed_form_fields) - names)
    if filled:
        return Beyond.FILLED_IN_FIELDS, not_checked(
            N_("After it was signed, form fields were filled in, which this signature is not about: {fields}."),
            fields=", ".join(filled),
        )
    return Beyond.LATER_SIGNATURES, good(N_("The signature is about the whole file but for later signatures."))

"""Changes to a PDF file beyond the bytes that a signature covers, found by pyHanko's comparison of its versions.

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
    """A PDF file's content beyond the bytes that a signature covers. ``PdfSignature.rest`` says what it means."""

    NOTHING = "nothing"
    LATER_SIGNATURES = "later-signatures"
    FILLED_IN_FIELDS = "filled-in-fields"
    OTHER_CHANGES = "other-changes"
    FORBIDDEN_CHANGES = "forbidden-changes"  # forbidden by the signer who certified the file
    UNSIGNED_BYTES = "unsigned-bytes"  # they do not form a later version of the file
    NOT_CHECKED = "not-checked"


def ends_as_a_pdf(pdf: bytes) -> bool:
    """Whether the file ends with the end-of-file marker (ISO 32000-2 §7.5.5)."""
    return pdf[-8:].rstrip(b"\r\n").endswith(b"%%EOF")


def compared(embedded: Any, names: frozenset[str], *, ends: bool) -> tuple[Beyond, Step]:
    """The file's content beyond the signature *embedded*, and what it means for it.

    Args:
        embedded: the signature, as pyHanko's reader returns it.
        names: the names of all signatures' fields: these are expected to be filled in.
        ends: whether the file ends as a PDF file does; see :func:`ends_as_a_pdf`.
    """
    coverage = pyhanko.status.SignatureCoverageLevel
    embedded.compute_integrity_info()
    if embedded.coverage == coverage.ENTIRE_FILE:
        return Beyond.NOTHING, good("rest/nothing", N_("The signature covers the whole file."))
    is_last = embedded.signed_revision == embedded.reader.xrefs.total_revisions - 1
    if embedded.coverage != coverage.ENTIRE_REVISION or is_last or not ends:
        return Beyond.UNSIGNED_BYTES, bad(
            "rest/unsigned-bytes",
            N_("The file holds bytes that were not signed and that do not form a later version of it."),
        )
    integrity = embedded.summarise_integrity_info()
    differences = embedded.diff_result
    if isinstance(differences, pyhanko.diff_analysis.SuspiciousModification):
        return Beyond.OTHER_CHANGES, bad(
            "rest/other-changes", N_("The file was changed after it was signed, beyond signatures and form fields.")
        )
    if not integrity["docmdp_ok"]:
        return Beyond.FORBIDDEN_CHANGES, bad(
            "rest/forbidden-changes", N_("The file was changed after it was signed, which the signer had forbidden.")
        )
    filled = sorted(str(name) for name in set(differences.changed_form_fields) - names)
    if filled:
        return Beyond.FILLED_IN_FIELDS, not_checked(
            "rest/filled-in-fields",
            N_("Form fields were filled in after signing, and this signature does not cover them: {fields}."),
            fields=", ".join(filled),
        )
    return Beyond.LATER_SIGNATURES, good(
        "rest/later-signatures", N_("The signature covers the whole file except later signatures.")
    )

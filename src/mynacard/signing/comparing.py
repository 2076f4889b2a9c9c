"""A PDF file's later versions, compared with the one that a signature covers.

pyHanko compares them first: what it suspects is bad. Its levels do not tell apart what a reader of the page sees and
what remains unseen, so :mod:`mynacard.signing.changes` decides within what pyHanko lets pass.

Source: ISO 32000-2 §7.5.5, §7.5.6, §12.8.2.2 (DocMDP).
"""

from __future__ import annotations

from typing import Any, Final

from mynacard.signing.beyond import MEANINGS, Beyond, Comparison, result
from mynacard.signing.changes import Change, Versions, changes_between
from mynacard.signing.form import places
from mynacard.signing.policy import policy
from mynacard.signing.streams import Stream, part, size_of
from mynacard.trust import pyhanko
from mynacard.verdict import Verdict

__all__ = ["compared", "covers_its_version", "ends_as_a_pdf"]


def ends_as_a_pdf(file: Stream) -> bool:
    """Whether the file ends with the end-of-file marker (ISO 32000-2 §7.5.5)."""
    return part(file, max(0, size_of(file) - 8), 8).rstrip(b"\r\n").endswith(b"%%EOF")


def compared(embedded: Any, intact: frozenset[str], *, ends: bool) -> Comparison:
    """The file beyond the signature *embedded*.

    Args:
        embedded: the signature, as pyHanko's reader returns it.
        intact: as :func:`~mynacard.signing.changes.changes_between` takes it.
        ends: whether the file ends as a PDF file does; see :func:`ends_as_a_pdf`.

    Exceptions of pyHanko pass through.
    """
    if embedded.evaluate_signature_coverage() == pyhanko.status.SignatureCoverageLevel.ENTIRE_FILE:
        return result(Beyond.NOTHING)
    is_last = embedded.signed_revision == embedded.reader.xrefs.total_revisions - 1
    if is_last or not ends or not covers_its_version(embedded):
        return result(Beyond.UNSIGNED_BYTES)
    versions = Versions.of(embedded)
    if versions.define_what_was_missing():  # pyHanko would call the signed version damaged
        return result(Beyond.OTHER_CHANGES)
    try:
        embedded.compute_integrity_info(diff_policy=policy())
    except (pyhanko.misc.PdfError, *pyhanko.UNREADABLE):
        changes = tuple(changes_between(versions, intact, frozenset()))
        if any(_is_bad(change.beyond) for change in changes):
            return _worst(versions, changes)
        raise
    return _judged(versions, embedded, intact)


def covers_its_version(embedded: Any) -> bool:
    """Whether the signature covers the version of the file that added it, as a whole.

    A copy of an earlier signature is good for the earlier bytes, and does not cover the version that added the copy.
    """
    levels = pyhanko.status.SignatureCoverageLevel
    return embedded.evaluate_signature_coverage() in (levels.ENTIRE_FILE, levels.ENTIRE_REVISION)


def _judged(versions: Versions, embedded: Any, intact: frozenset[str]) -> Comparison:
    """The worst change between the version that the signature covers and the last one."""
    suspicious = isinstance(embedded.diff_result, pyhanko.diff_analysis.SuspiciousModification)
    filled = frozenset[str]() if suspicious else frozenset(map(str, embedded.diff_result.changed_form_fields))
    try:
        changes = tuple(changes_between(versions, intact, filled))
    except (pyhanko.misc.PdfError, *pyhanko.UNREADABLE):
        if suspicious:
            return result(Beyond.OTHER_CHANGES)
        raise
    kinds = {change.beyond for change in changes}
    if suspicious and not any(map(_is_bad, kinds)):
        limited = embedded.docmdp_level is not None or versions.locks() is not None
        kind = Beyond.FORBIDDEN_CHANGES if limited and kinds - _GOOD else Beyond.OTHER_CHANGES
        return _worst(versions, (*changes, Change(kind)))
    if not suspicious and not embedded.summarise_integrity_info()["docmdp_ok"]:
        return _worst(versions, (*changes, Change(Beyond.FORBIDDEN_CHANGES)))
    return _worst(versions, changes)


def _worst(versions: Versions, changes: tuple[Change, ...]) -> Comparison:
    """The worst of *changes*, with its places."""
    worst = min((change.beyond for change in changes), key=list(Beyond).index, default=Beyond.UNSEEN_ADDITIONS)
    fields = {change.field.name: change.field for change in changes if change.beyond is worst and change.field}
    return result(worst, places(versions.new.root, fields.values()))


def _is_bad(beyond: Beyond) -> bool:
    return MEANINGS[beyond][0] is Verdict.BAD


_GOOD: Final = frozenset(kind for kind, (verdict, _) in MEANINGS.items() if verdict is Verdict.GOOD)

"""Changes to a PDF file beyond the bytes that a signature covers, and what each kind of them means for it.

pyHanko compares the versions first: what it suspects is bad. Its levels do not tell apart what a reader of the page
sees and what nobody sees: an attacker without any key may lay a visible time stamp over a contract, or make an amount
invisible by the form's default appearance. So the table here decides within what pyHanko lets pass.

Source: ISO 32000-2 §7.5.6, §12.7.3, §12.8.2.2 (DocMDP), §12.8.2.4 (FieldMDP), §12.8.4.3 (DSS).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any, Final

from mynacard.errors import PdfFileError
from mynacard.signing.form import Field, Place, entry, fields_of, places, reference_of
from mynacard.texts import N_, Sentence, Translatable
from mynacard.trust import pyhanko
from mynacard.verdict import Step, Verdict

__all__ = ["MEANINGS", "TIMESTAMP", "Beyond", "Comparison", "Place", "compared", "ends_as_a_pdf", "result"]


TIMESTAMP: Final = "/ETSI.RFC3161"
"""The SubFilter of a time stamp on the file."""


class Beyond(StrEnum):
    """A PDF file's content beyond the bytes that a signature covers; the earlier of two kinds, the worse it is."""

    VISIBLE_TIME_STAMP = "visible-time-stamp"
    NEW_VISIBLE_FIELD = "new-visible-field"
    FORM_DEFAULTS = "form-defaults"
    ANNOTATIONS = "annotations"
    CATALOG = "catalog"
    OTHER_CHANGES = "other-changes"
    FORBIDDEN_CHANGES = "forbidden-changes"
    UNSIGNED_BYTES = "unsigned-bytes"
    NEW_VISIBLE_SIGNATURE = "new-visible-signature"
    FILLED_IN_FIELDS = "filled-in-fields"
    NOT_CHECKED = "not-checked"
    LATER_SIGNATURES = "later-signatures"
    UNSEEN_ADDITIONS = "unseen-additions"
    NOTHING = "nothing"


MEANINGS: Final[dict[Beyond, tuple[Verdict, str]]] = {
    Beyond.VISIBLE_TIME_STAMP: (
        Verdict.BAD, N_("After signing, a visible time stamp was added, which may cover the signed text: {places}.")),
    Beyond.NEW_VISIBLE_FIELD: (
        Verdict.BAD, N_("After signing, a visible field without a good signature was added or shown: {places}.")),
    Beyond.FORM_DEFAULTS: (
        Verdict.BAD, N_("After signing, the look of the form was changed, so its fields may show something else.")),
    Beyond.ANNOTATIONS: (Verdict.BAD, N_("After signing, the annotations of a page were changed.")),
    Beyond.CATALOG: (Verdict.BAD, N_("After signing, the file's catalog was changed.")),
    Beyond.OTHER_CHANGES: (
        Verdict.BAD, N_("The file was changed after it was signed, beyond signatures and form fields.")),
    Beyond.FORBIDDEN_CHANGES: (
        Verdict.BAD, N_("The file was changed after it was signed, which the signer had forbidden.")),
    Beyond.UNSIGNED_BYTES: (
        Verdict.BAD, N_("The file holds bytes that were not signed and that do not form a later version of it.")),
    Beyond.NEW_VISIBLE_SIGNATURE: (
        Verdict.NOT_CHECKED,
        N_("Another person signed later in a new visible field, which may cover the signed text: {places}.")),
    Beyond.FILLED_IN_FIELDS: (
        Verdict.NOT_CHECKED,
        N_("Form fields were filled in after signing, and this signature does not cover them: {places}.")),
    Beyond.NOT_CHECKED: (
        Verdict.NOT_CHECKED, N_("What the file holds beyond the signed bytes could not be checked: {reason}")),
    Beyond.LATER_SIGNATURES: (
        Verdict.GOOD, N_("The signature covers the whole file except later signatures: {places}.")),
    Beyond.UNSEEN_ADDITIONS: (
        Verdict.GOOD, N_("The signature covers everything that is seen; data for its long-term proof were added.")),
    Beyond.NOTHING: (Verdict.GOOD, N_("The signature covers the whole file.")),
}  # fmt: skip
"""The verdict on each kind of change, and the sentence."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The file beyond one signature.

    Attributes:
        beyond: the worst kind of change.
        step: what it means for the signature; its code is ``rest/`` and the kind.
        places: the fields that are the cause, with page and rectangle; of later signatures also where they are good.
    """

    beyond: Beyond
    step: Step
    places: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class _Listed:
    """Places as one text."""

    places: tuple[Place, ...]

    def text(self, translate: Callable[[str], str] = str) -> str:
        return ", ".join(place.text(translate) for place in self.places)


_UNREADABLE_VERSION: Final = Sentence(N_("A later version of it is damaged."))


def result(beyond: Beyond, where: tuple[Place, ...] = (), reason: Translatable = _UNREADABLE_VERSION) -> Comparison:
    """The comparison that ends with *beyond*; *reason* says why it could not be made, if it could not."""
    verdict, template = MEANINGS[beyond]
    details: tuple[tuple[str, object], ...] = (("places", _Listed(where)), ("reason", reason))
    return Comparison(beyond, Step(verdict, f"rest/{beyond.value}", template, details), where)


def ends_as_a_pdf(pdf: bytes) -> bool:
    """Whether the file ends with the end-of-file marker (ISO 32000-2 §7.5.5)."""
    return pdf[-8:].rstrip(b"\r\n").endswith(b"%%EOF")


def compared(embedded: Any, intact: frozenset[str], *, ends: bool) -> Comparison:
    """The file beyond the signature *embedded*.

    Args:
        embedded: the signature, as pyHanko's reader returns it.
        intact: the names of the fields whose signatures are those of their own certificates; not of time stamps.
        ends: whether the file ends as a PDF file does; see :func:`ends_as_a_pdf`.
    """
    try:
        embedded.compute_integrity_info(diff_policy=_policy())
        unsigned = _covers_no_version(embedded) or not ends
        if embedded.coverage == pyhanko.status.SignatureCoverageLevel.ENTIRE_FILE:
            return result(Beyond.NOTHING)
        return result(Beyond.UNSIGNED_BYTES) if unsigned else _judged(embedded, intact)
    except PdfFileError as error:  # a bound
        return result(Beyond.NOT_CHECKED, reason=error)
    except (pyhanko.misc.PdfError, *pyhanko.UNREADABLE):
        return result(Beyond.NOT_CHECKED)


def _covers_no_version(embedded: Any) -> bool:
    """Whether the signature covers neither the file nor one of its earlier versions as a whole."""
    is_last = embedded.signed_revision == embedded.reader.xrefs.total_revisions - 1
    return bool(is_last or embedded.coverage != pyhanko.status.SignatureCoverageLevel.ENTIRE_REVISION)


def _judged(embedded: Any, intact: frozenset[str]) -> Comparison:
    """The worst change between the version that the signature covers and the last one."""
    versions = _Versions.of(embedded)
    suspicious = isinstance(embedded.diff_result, pyhanko.diff_analysis.SuspiciousModification)
    try:
        changes = tuple(_changes(versions, intact, embedded))
    except (PdfFileError, pyhanko.misc.PdfError, *pyhanko.UNREADABLE):
        if suspicious:
            return result(Beyond.OTHER_CHANGES)
        raise
    kinds = {change.beyond for change in changes}
    if suspicious and not any(MEANINGS[kind][0] is Verdict.BAD for kind in kinds):
        limited = embedded.docmdp_level is not None or versions.locks() is not None
        kinds.add(Beyond.FORBIDDEN_CHANGES if limited and kinds - _GOOD else Beyond.OTHER_CHANGES)
    elif not suspicious and not embedded.summarise_integrity_info()["docmdp_ok"]:
        kinds.add(Beyond.FORBIDDEN_CHANGES)
    worst = min(kinds, key=list(Beyond).index, default=Beyond.UNSEEN_ADDITIONS)
    fields = {change.field.name: change.field for change in changes if change.beyond is worst and change.field}
    return result(worst, places(versions.new.root, fields.values()))


_GOOD: Final = frozenset(kind for kind, (verdict, _) in MEANINGS.items() if verdict is Verdict.GOOD)


@cache
def _policy() -> Any:
    """pyHanko's policy, which also lets /SigFlags change: they are compared here."""
    analysis = pyhanko.diff_analysis
    usual = analysis.DEFAULT_DIFF_POLICY
    exempt = pyhanko.diff_constants.ACROFORM_EXEMPT_STRICT_COMPARISON | {"/SigFlags"}
    form_rule = analysis.FormUpdatingRule(usual.form_rule.field_rules, ignored_acroform_keys=exempt)
    return analysis.StandardDiffPolicy(usual.global_rules, form_rule)


# --- the two versions ---


@dataclass(frozen=True, slots=True)
class _Change:
    beyond: Beyond
    field: Field | None = None


@dataclass(frozen=True, slots=True)
class _Versions:
    """The signed version of the file and its last one, as pyHanko's historical resolvers."""

    old: Any
    new: Any
    signed_field: str

    @classmethod
    def of(cls, embedded: Any) -> _Versions:
        reader = embedded.reader
        last = reader.xrefs.total_revisions - 1
        return cls(
            reader.get_historical_resolver(embedded.signed_revision),
            reader.get_historical_resolver(last),
            str(embedded.field_name),
        )

    @property
    def forms(self) -> tuple[Any, Any]:
        """The AcroForm dictionaries."""
        return entry(self.old.root, "/AcroForm"), entry(self.new.root, "/AcroForm")

    def overwritten(self) -> Iterator[tuple[Any, Any]]:
        """The old and the new value of each object of the signed version that a later version has again."""
        revisions = range(self.old.revision + 1, self.new.revision + 1)
        xrefs = self.old.reader.xrefs
        for reference in set().union(*map(xrefs.explicit_refs_in_revision, revisions)):
            if xrefs.get_historical_ref(reference, self.old.revision) is not None:
                yield self.old(reference), self.new(reference)

    def locks(self) -> Any:
        """The fields that the signer locked (FieldMDP): in the signature, else in the lock of its field."""
        field = fields_of(self.forms[0]).get(self.signed_field)
        if field is None:
            return None
        for reference in entry(field.value, "/Reference") or ():
            if entry(reference.get_object(), "/TransformMethod") == "/FieldMDP":
                return pyhanko.fields.FieldMDPSpec.from_pdf_object(reference.get_object()["/TransformParams"])
        lock = entry(field.dictionary, "/Lock")
        return pyhanko.fields.FieldMDPSpec.from_pdf_object(lock) if lock is not None else None


def _changes(versions: _Versions, intact: frozenset[str], embedded: Any) -> Iterator[_Change]:
    filled = frozenset[str]()
    if isinstance(embedded.diff_result, pyhanko.diff_analysis.DiffResult):
        filled = frozenset(map(str, embedded.diff_result.changed_form_fields))
    yield from _in_catalog(versions)
    yield from _in_form(versions)
    yield from _in_fields(versions, intact, filled)
    yield from _in_annotations(versions)
    if _defines_what_was_missing(versions):
        yield _Change(Beyond.OTHER_CHANGES)


# --- the catalog ---

_UNSEEN: Final = frozenset({"/AcroForm", "/DSS", "/Extensions", "/Metadata", "/Version"})
"""Entries of the catalog that may be added or changed; the form is compared on its own."""


def _in_catalog(versions: _Versions) -> Iterator[_Change]:
    old, new = versions.old.root, versions.new.root
    same_object = _root(versions.old) == _root(versions.new)
    if not same_object or _removed(old, new) or _differing(old, new) - _UNSEEN:
        yield _Change(Beyond.CATALOG)
    if "/Version" in new and not isinstance(new["/Version"], str):
        yield _Change(Beyond.CATALOG)
    information = entry(versions.new.trailer_view, "/Info")
    if information is not None and not _is_flat(information):
        yield _Change(Beyond.OTHER_CHANGES)


def _root(version: Any) -> tuple[int, int]:
    return reference_of(version.trailer_view.raw_get("/Root"))


def _is_flat(dictionary: Any) -> bool:
    """Whether it is a dictionary of texts, names and numbers, as /Info is (ISO 32000-2 §14.3.3)."""
    return hasattr(dictionary, "keys") and all(
        isinstance(entry(dictionary, key), str | bytes | int | float | type(None)) for key in dictionary
    )


def _differing(old: Any, new: Any) -> set[str]:
    """The keys whose values differ, or that only one of the dictionaries has. References are not followed."""
    keys = old.keys() | new.keys()
    return {str(key) for key in keys if (key in old) != (key in new) or old.raw_get(key) != new.raw_get(key)}


def _removed(old: Any, new: Any) -> set[str]:
    return set(map(str, old.keys() - new.keys()))


# --- the form ---

_DEFAULTS: Final = ("/DA", "/Q", "/NeedAppearances")
_SIG_FLAGS: Final = range(4)


def _in_form(versions: _Versions) -> Iterator[_Change]:
    old, new = versions.forms
    other_fields = any(field.type != "/Sig" and field.type for field in fields_of(old).values())
    for key in _DEFAULTS:
        added = key in new and key not in old
        if (added and other_fields) or (not added and entry(old, key) != entry(new, key)):
            yield _Change(Beyond.FORM_DEFAULTS)
    if not _resources_kept(entry(old, "/DR"), entry(new, "/DR"), may_grow=not other_fields):
        yield _Change(Beyond.FORM_DEFAULTS)
    signature_flags = entry(new, "/SigFlags")
    if "/SigFlags" in _removed(old, new) or (signature_flags is not None and signature_flags not in _SIG_FLAGS):
        yield _Change(Beyond.OTHER_CHANGES)


def _resources_kept(old: Any, new: Any, *, may_grow: bool) -> bool:
    """Whether the form's resources mean what they meant. Names may be added where no field shows text by them."""
    if old is None or new is None:
        return old is new or (old is None and may_grow)
    if not may_grow and old.keys() != new.keys():
        return False
    return all(_category_kept(entry(old, key), entry(new, key), may_grow) for key in old)


def _category_kept(old: Any, new: Any, may_grow: bool) -> bool:
    if not (hasattr(old, "keys") and hasattr(new, "keys")):
        return bool(old == new)  # /ProcSet, an array of names
    differing = _differing(old, new)
    return differing <= set(map(str, new.keys() - old.keys())) if may_grow else not differing


# --- fields ---

_OF_A_NEW_FIELD: Final = frozenset({
    "/AP", "/AS", "/BS", "/Border", "/C", "/DA", "/DR", "/F", "/FT", "/Ff", "/H", "/Kids", "/Lock", "/M", "/MK", "/NM",
    "/P", "/Parent", "/Q", "/Rect", "/SV", "/StructParent", "/Subtype", "/T", "/TM", "/TU", "/Type", "/V",
})  # fmt: skip
"""What a new signature field may have: no actions, nothing unknown."""
_FILLED_IN: Final = frozenset({"/AP", "/AS", "/I", "/M", "/RV", "/Type", "/V"})
_LOOKS: Final = frozenset({"/DA", "/F", "/Q"})
_READ_ONLY: Final = 1  # the field flag that programs set when a field is signed or locked (ISO 32000-2 §12.7.4.1)


def _in_fields(versions: _Versions, intact: frozenset[str], filled: frozenset[str]) -> Iterator[_Change]:
    old, new = map(fields_of, versions.forms)
    if old.keys() - new.keys():
        yield _Change(Beyond.OTHER_CHANGES)
    locks = versions.locks()
    for name, field in new.items():
        before = old.get(name)
        if before is None:
            yield _new_field(field, name in intact)
        elif before.type == "/Sig":
            yield from _signature_field(before, field, name in intact)
        elif name in filled or _differing(before.dictionary, field.dictionary):
            yield from _filled_in(before, field, locked=locks is not None and bool(locks.is_locked(name)))


def _new_field(field: Field, signed: bool) -> _Change:
    if field.type != "/Sig" or not _OF_A_NEW_FIELD.issuperset(_keys(field)):
        return _Change(Beyond.NEW_VISIBLE_FIELD if field.is_visible else Beyond.OTHER_CHANGES, field)
    if field.is_visible:
        return _Change(_of_visible(field, signed, Beyond.NEW_VISIBLE_SIGNATURE), field)
    return _Change(Beyond.LATER_SIGNATURES if signed else Beyond.UNSEEN_ADDITIONS, field)


def _of_visible(field: Field, signed: bool, signature: Beyond) -> Beyond:
    """The change that the visible signature field *field* is: *signature* if a person signed in it."""
    if signed:
        return signature
    return Beyond.VISIBLE_TIME_STAMP if _is_time_stamp(field.value) else Beyond.NEW_VISIBLE_FIELD


def _is_time_stamp(value: Any) -> bool:
    return value is not None and (entry(value, "/Type") == "/DocTimeStamp" or entry(value, "/SubFilter") == TIMESTAMP)


def _keys(field: Field) -> set[str]:
    return {str(key) for part in (field.dictionary, *field.widgets.values()) for key in part}


def _signature_field(before: Field, field: Field, signed: bool) -> Iterator[_Change]:
    differing = _differing(before.dictionary, field.dictionary)
    if not differing and before.reference == field.reference:
        return
    if before.reference != field.reference or before.value is not None or differing - _FILLED_IN - {"/Ff", "/Lock"}:
        shown = field.is_visible and not before.is_visible
        yield _Change(Beyond.NEW_VISIBLE_FIELD if shown else Beyond.OTHER_CHANGES, field)
    elif field.is_visible and field.value is not None:
        yield _Change(_of_visible(field, signed, Beyond.LATER_SIGNATURES), field)
    else:
        yield _Change(Beyond.LATER_SIGNATURES if signed else Beyond.UNSEEN_ADDITIONS, field)
    if _flags_changed(before, field):
        yield _Change(Beyond.OTHER_CHANGES, field)


def _filled_in(before: Field, field: Field, *, locked: bool) -> Iterator[_Change]:
    differing = _differing(before.dictionary, field.dictionary)
    yield _Change(Beyond.FORBIDDEN_CHANGES if locked else Beyond.FILLED_IN_FIELDS, field)
    if differing & _LOOKS or _flags_changed(before, field):
        yield _Change(Beyond.FORM_DEFAULTS, field)
    if before.reference != field.reference or differing - _FILLED_IN - _LOOKS - {"/Ff"}:
        yield _Change(Beyond.OTHER_CHANGES, field)


def _flags_changed(before: Field, field: Field) -> bool:
    """Whether a field flag changed that is more than a lock."""
    old, new = (int(entry(part.dictionary, "/Ff") or 0) for part in (before, field))
    return bool((old ^ new) & ~_READ_ONLY)


# --- annotations ---


def _in_annotations(versions: _Versions) -> Iterator[_Change]:
    """Changes to the annotations of pages, beyond widgets of new signature fields at the end of the list."""
    new_form = versions.forms[1]
    added = {widget for field in fields_of(new_form).values() if field.type == "/Sig" for widget in field.widgets}
    for old, new in versions.overwritten():
        if _is_annotation(old) and entry(old, "/FT") is None and entry(old, "/Parent") is None and old != new:
            yield _Change(Beyond.ANNOTATIONS)
        lists = [(_annotations(old), _annotations(new))] if _is_page(old) else []
        if isinstance(old, list) and isinstance(new, list) and any(_is_annotation(raw.get_object()) for raw in new):
            lists = [(old, new)]
        for before, after in lists:
            if not _only_added(list(map(_value_or_reference, before)), list(map(_value_or_reference, after)), added):
                yield _Change(Beyond.ANNOTATIONS)


def _only_added(before: list[Any], after: list[Any], allowed: set[tuple[int, int]]) -> bool:
    """Whether *after* is *before*, in its order, with some of *allowed* among it."""
    known = {item for item in before if isinstance(item, tuple)}
    kept = [item for item in after if item in known or item not in allowed]
    return kept == before


def _value_or_reference(raw: Any) -> Any:
    return reference_of(raw) if hasattr(raw, "idnum") else raw


def _is_page(value: Any) -> bool:
    return hasattr(value, "keys") and entry(value, "/Type") == "/Page"


def _annotations(page: Any) -> Iterable[Any]:
    return (entry(page, "/Annots") if hasattr(page, "keys") else None) or ()


def _is_annotation(value: Any) -> bool:
    return hasattr(value, "keys") and entry(value, "/Rect") is not None and entry(value, "/Subtype") is not None


# --- objects ---


def _defines_what_was_missing(versions: _Versions) -> bool:
    """Whether the signed version refers to an object that it lacks, and that a later version has."""
    xrefs = versions.old.reader.xrefs
    revisions = range(versions.old.revision + 1, versions.new.revision + 1)
    size = xrefs.get_xref_container_info(versions.old.revision).size
    later = {reference.idnum for reference in set().union(*map(xrefs.explicit_refs_in_revision, revisions))}
    missing = {number for number in later if number >= size}
    return bool(missing) and any(number in missing for number in _numbers_used(versions.old, size))


def _numbers_used(version: Any, size: int) -> Iterator[int]:
    """The object numbers to which the objects of *version* refer, from its trailer on."""
    seen, waiting = set[tuple[int, int]](), [version.trailer_view]
    while waiting:
        value = waiting.pop()
        if hasattr(value, "idnum"):
            yield value.idnum
            if value.idnum >= size or reference_of(value) in seen:
                continue
            seen.add(reference_of(value))
            value = version(value.reference)  # the trailer's own references lead to the last version
        if hasattr(value, "keys"):
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)

"""The changes between two versions of a PDF file that matter to a reader of its pages, or that are not understood.

What remains unseen does not count: a document security store (DSS), metadata, signatures and time stamps that are not
visible, and what these need in the lists of fields and annotations.

Source: ISO 32000-2 §7.7.2 (catalog), §12.5 (annotations), §12.7.3, §12.7.4 (forms), §12.8.2.4 (FieldMDP), §12.8.4.3
(DSS).
"""

from __future__ import annotations

from collections.abc import Iterator
from numbers import Number
from typing import Any, Final

from mynacard._dataclasses import dataclass
from mynacard.signing.beyond import Beyond
from mynacard.signing.form import Field, entry, fields_of, reference_of
from mynacard.signing.policy import SHOWS_A_VALUE, differing
from mynacard.trust import pyhanko

__all__ = ["TIMESTAMP", "Change", "Versions", "changes_between"]

TIMESTAMP: Final = "/ETSI.RFC3161"
"""The SubFilter of a time stamp on the file."""


@dataclass(frozen=True, slots=True)
class Change:
    """A change of the kind *beyond*, and the field that it is about."""

    beyond: Beyond
    field: Field | None = None


@dataclass(frozen=True, slots=True)
class Versions:
    """The signed version of the file and its last one, as pyHanko's historical resolvers."""

    old: Any
    new: Any
    signed_field: str

    @classmethod
    def of(cls, embedded: Any) -> Versions:
        """The versions for the signature *embedded*, as pyHanko's reader returns it."""
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

    def overwritten(self) -> Iterator[tuple[Any, Any, Any]]:
        """Each object of the signed version that a later version has again: its reference, old and new value."""
        for reference in self.written():
            if self._has(reference):
                yield reference, self.old(reference), self.new(reference)

    def written(self) -> set[Any]:
        """The objects that a later version has, new or again."""
        revisions = range(self.old.revision + 1, self.new.revision + 1)
        return set[Any]().union(*map(self.old.reader.xrefs.explicit_refs_in_revision, revisions))

    def define_what_was_missing(self) -> bool:
        """Whether the signed version refers to an object that it lacks, and that a later version has."""
        missing = {reference_of(reference) for reference in self.written() if not self._has(reference)}
        return bool(missing) and any(reference in missing for reference in self._used())

    def _has(self, reference: Any) -> bool:
        """Whether the signed version has the object."""
        return self.old.reader.xrefs.get_historical_ref(reference, self.old.revision) is not None

    def _used(self) -> Iterator[tuple[int, int]]:
        """The objects to which the signed version refers, from its trailer on."""
        seen, waiting = set[tuple[int, int]](), list[Any]([self.old.trailer_view])
        while waiting:
            value = waiting.pop()
            if hasattr(value, "idnum"):
                yield reference_of(value)
                if reference_of(value) in seen or not self._has(value.reference):
                    continue
                seen.add(reference_of(value))
                value = self.old(value.reference)  # the trailer's own references lead to the last version
            if hasattr(value, "keys"):
                waiting.extend(value.values())
            elif _is_array(value):
                waiting.extend(value)

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


def changes_between(versions: Versions, intact: frozenset[str], filled: frozenset[str]) -> Iterator[Change]:
    """All changes that matter.

    Args:
        versions: the version that the signature covers, and the last one.
        intact: the names of fields: their signatures are good for their own versions of the file, and no time stamps.
        filled: the names of the fields that pyHanko found changed.

    Raises:
        PdfReadError: as :func:`mynacard.signing.form.fields_of`.
    """
    yield from _in_catalog(versions)
    yield from _in_form(versions)
    yield from _in_fields(versions, intact, filled)
    yield from _in_annotations(versions)


# --- the catalog ---

_UNSEEN: Final = frozenset({"/AcroForm", "/DSS", "/Extensions", "/Metadata", "/Version"})
"""Entries of the catalog that may be added or changed; the form is compared on its own."""


def _in_catalog(versions: Versions) -> Iterator[Change]:
    old, new = versions.old.root, versions.new.root
    same_object = _root(versions.old) == _root(versions.new)
    if not same_object or _removed(old, new) or differing(old, new) - _UNSEEN:
        yield Change(Beyond.CATALOG)
    if "/Version" in new and not isinstance(new["/Version"], str):
        yield Change(Beyond.CATALOG)
    before, after = map(_information, (versions.old, versions.new))
    if after != before and not (after is None or _is_flat(after)):
        yield Change(Beyond.OTHER_CHANGES)


def _root(version: Any) -> tuple[int, int]:
    return reference_of(version.trailer_view.raw_get("/Root"))


def _information(version: Any) -> Any:
    """The dictionary /Info. The trailer's own references lead to the last version."""
    raw = version.trailer_view.get("/Info")
    return version(raw.reference) if hasattr(raw, "idnum") else raw


def _is_flat(dictionary: Any) -> bool:
    """Whether it is a dictionary of texts, names and numbers, as /Info is (ISO 32000-2 §14.3.3)."""
    return hasattr(dictionary, "keys") and all(
        isinstance(entry(dictionary, key), str | bytes | Number | type(None)) for key in dictionary
    )


def _removed(old: Any, new: Any) -> set[str]:
    return set(map(str, old.keys() - new.keys()))


# --- the form ---

_DEFAULTS: Final = ("/DA", "/Q", "/NeedAppearances")
_SIG_FLAGS: Final = range(4)


def _in_form(versions: Versions) -> Iterator[Change]:
    old, new = versions.forms
    other_fields = any(field.type != "/Sig" and field.type for field in fields_of(old).values())
    for key in _DEFAULTS:
        added = key in new and key not in old
        if (added and other_fields) or (not added and entry(old, key) != entry(new, key)):
            yield Change(Beyond.FORM_DEFAULTS)
    if not _resources_kept(entry(old, "/DR"), entry(new, "/DR"), may_grow=not other_fields):
        yield Change(Beyond.FORM_DEFAULTS)
    signature_flags = entry(new, "/SigFlags")
    if "/SigFlags" in _removed(old, new) or (signature_flags is not None and signature_flags not in _SIG_FLAGS):
        yield Change(Beyond.OTHER_CHANGES)


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
    changed = differing(old, new)
    return changed <= set(map(str, new.keys() - old.keys())) if may_grow else not changed


# --- fields ---

_OF_A_NEW_FIELD: Final = frozenset({
    "/AP", "/AS", "/BS", "/Border", "/C", "/DA", "/DR", "/F", "/FT", "/Ff", "/H", "/Kids", "/Lock", "/M", "/MK", "/NM",
    "/P", "/Parent", "/Q", "/Rect", "/SV", "/StructParent", "/Subtype", "/T", "/TM", "/TU", "/Type", "/V",
})  # fmt: skip
"""What a new signature field may have: no actions, nothing unknown."""
_FILLED_IN: Final = SHOWS_A_VALUE | {"/Type", "/V"}
_LOOKS: Final = frozenset({"/DA", "/F", "/Q"})
_READ_ONLY: Final = 1  # the field flag that programs set when a field is signed or locked (ISO 32000-2 §12.7.4.1)


def _in_fields(versions: Versions, intact: frozenset[str], filled: frozenset[str]) -> Iterator[Change]:
    old, new = map(fields_of, versions.forms)
    if old.keys() - new.keys():
        yield Change(Beyond.OTHER_CHANGES)
    locks = versions.locks()
    for name, field in new.items():
        before, locked = old.get(name), locks is not None and bool(locks.is_locked(name))
        if locked and name in intact and (before is None or before.value is None):
            yield Change(Beyond.FORBIDDEN_CHANGES, field)
        if before is None:
            yield _new_field(field, name in intact)
        elif before.type == "/Sig":
            yield from _signature_field(before, field, name in intact)
        elif name in filled or _changed(before, field) or _flags_changed(before, field):
            yield from _filled_in(before, field, locked=locked)


def _new_field(field: Field, signed: bool) -> Change:
    if any(entry(widget, "/Subtype") not in (None, "/Widget") for widget in field.widgets.values()):
        return Change(Beyond.ANNOTATIONS, field)  # such as a note, whose icon needs no area
    if field.type != "/Sig" or not _OF_A_NEW_FIELD.issuperset(_keys(field)):
        return Change(Beyond.NEW_VISIBLE_FIELD if field.is_visible else Beyond.OTHER_CHANGES, field)
    if field.is_visible:
        return Change(_of_visible(field, signed, Beyond.NEW_VISIBLE_SIGNATURE), field)
    return Change(Beyond.LATER_SIGNATURES, field) if signed else Change(Beyond.UNSEEN_ADDITIONS)


def _of_visible(field: Field, signed: bool, signature: Beyond) -> Beyond:
    """The change that the visible signature field *field* is: *signature* if a person signed in it."""
    if signed:
        return signature
    return Beyond.VISIBLE_TIME_STAMP if _is_time_stamp(field.value) else Beyond.NEW_VISIBLE_FIELD


def _is_time_stamp(value: Any) -> bool:
    kinds = (entry(value, "/Type"), entry(value, "/SubFilter")) if hasattr(value, "keys") else ()
    return "/DocTimeStamp" in kinds or TIMESTAMP in kinds


def _keys(field: Field) -> set[str]:
    return {str(key) for part in (field.dictionary, *field.widgets.values()) for key in part}


def _signature_field(before: Field, field: Field, signed: bool) -> Iterator[Change]:
    newly_signed = before.value is None and field.value is not None
    may_differ = _FILLED_IN if newly_signed else frozenset({"/Type"})
    if before.reference != field.reference or _changed(before, field) - may_differ or _flags_changed(before, field):
        shown = field.is_visible and not before.is_visible
        yield Change(_of_visible(field, False, Beyond.OTHER_CHANGES) if shown else Beyond.OTHER_CHANGES, field)
    elif newly_signed and field.is_visible:
        yield Change(_of_visible(field, signed, Beyond.LATER_SIGNATURES), field)
    elif newly_signed:
        yield Change(Beyond.LATER_SIGNATURES, field) if signed else Change(Beyond.UNSEEN_ADDITIONS)


def _filled_in(before: Field, field: Field, *, locked: bool) -> Iterator[Change]:
    keys = _changed(before, field)
    yield Change(Beyond.FORBIDDEN_CHANGES if locked else Beyond.FILLED_IN_FIELDS, field)
    if keys & _LOOKS or _flags_changed(before, field):
        yield Change(Beyond.FORM_DEFAULTS, field)
    if before.reference != field.reference or keys - _FILLED_IN - _LOOKS:
        yield Change(Beyond.OTHER_CHANGES, field)


def _changed(before: Field, field: Field) -> set[str]:
    """The keys that differ in a field or in one of its widgets; the field's flags are compared on their own."""
    if before.widgets.keys() != field.widgets.keys():
        return {"/Kids"}
    pairs = [(before.widgets[reference], widget) for reference, widget in field.widgets.items()]
    both = [(before.dictionary, field.dictionary), *pairs]
    return {key for old, new in both for key in differing(old, new)} - {"/Ff"}


def _flags_changed(before: Field, field: Field) -> bool:
    """Whether a field flag changed that is more than a lock."""
    old, new = (int(entry(part.dictionary, "/Ff") or 0) for part in (before, field))
    return bool((old ^ new) & ~_READ_ONLY)


# --- annotations ---


def _in_annotations(versions: Versions) -> Iterator[Change]:
    """Changes to the annotations of pages, besides widgets of new signature fields that their lists now have, too."""
    old_widgets, new_widgets = map(_widgets, versions.forms)
    for reference, old, new in versions.overwritten():
        kept = [raw for raw in _annotations(new) if not _is_one_of(raw, new_widgets - old_widgets)]
        is_other = _is_annotation(old) and not _is_one_of(reference, old_widgets)
        if kept != _annotations(old) or (is_other and old != new):
            yield Change(Beyond.ANNOTATIONS)


def _widgets(form: Any) -> set[tuple[int, int]]:
    return {widget for field in fields_of(form).values() for widget in field.widgets}


def _is_one_of(raw: Any, references: set[tuple[int, int]]) -> bool:
    return hasattr(raw, "idnum") and reference_of(raw) in references


def _annotations(value: Any) -> list[Any]:
    """The annotations of a page, or in a list of them; empty for other values."""
    if hasattr(value, "keys"):
        return list(entry(value, "/Annots") or ()) if entry(value, "/Type") == "/Page" else []
    return list(value) if _is_array(value) and any(_is_annotation(raw.get_object()) for raw in value) else []


def _is_annotation(value: Any) -> bool:
    return hasattr(value, "keys") and entry(value, "/Rect") is not None and entry(value, "/Subtype") is not None


def _is_array(value: Any) -> bool:
    return isinstance(value, list)

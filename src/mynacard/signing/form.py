"""The interactive form of one version of a PDF file: its fields, and where their widgets are seen.

Source: ISO 32000-2 §12.5.2, §12.5.3 (annotation flags), §12.5.6.19 (widgets), §12.7.4 (fields).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from mynacard._dataclasses import dataclass
from mynacard.texts import N_, Sentence
from mynacard.trust import pyhanko

__all__ = [
    "Field",
    "Place",
    "entry",
    "fields_of",
    "flags",
    "is_visible",
    "pages_of",
    "places",
    "rectangle",
    "reference_of",
]

DEPTH_MAX: Final = 50
"""The most levels of a tree of fields or pages."""
_HIDDEN, _PRINT, _NO_VIEW, _TOGGLE_NO_VIEW = 1 << 1, 1 << 2, 1 << 5, 1 << 8
_FLAGS_MAX: Final = (1 << 32) - 1

Reference = tuple[int, int]
"""Object number and generation."""
Rectangle = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a field is seen.

    Attributes:
        field: its full name.
        page: the page, counted from 1; None if it is on none.
        rectangle: left, bottom, right, top, in units of the page's user space; None if it has no area there.
    """

    field: str
    page: int | None = None
    rectangle: Rectangle | None = None

    def text(self, translate: Callable[[str], str] = str) -> str:
        """The place in words."""
        if self.page is None or self.rectangle is None:
            return self.field
        corners = " ".join(f"{corner:g}" for corner in self.rectangle)
        details = {"field": self.field, "page": self.page, "rectangle": corners}
        return Sentence(N_("{field} (page {page}, rectangle {rectangle})"), details).text(translate)


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a form.

    Attributes:
        name: its full name: the partial names, joined by periods.
        reference: its object.
        dictionary: the object's value.
        type: ``/Sig``, ``/Tx`` and so on, inherited if need be; empty if it has none.
        widgets: the objects that show it, itself included if it is one.
    """

    name: str
    reference: Reference
    dictionary: Any
    type: str
    widgets: dict[Reference, Any]

    @property
    def value(self) -> Any:
        """Its value; None if it has none, or one that is not in the file. For a signature field, the signature."""
        try:
            return entry(self.dictionary, "/V")
        except pyhanko.misc.PdfError:
            return None

    @property
    def is_visible(self) -> bool:
        """Whether one of its widgets is visible."""
        return any(is_visible(widget) for widget in self.widgets.values())


def entry(dictionary: Any, key: str) -> Any:
    """The value of *key*, references followed; None where there is none, or null (ISO 32000-2 §7.3.9)."""
    try:
        return dictionary[key]
    except KeyError:
        return None


def fields_of(form: Any) -> dict[str, Field]:
    """The fields in *form*, an AcroForm dictionary, by their full names. Of two with one name, both are refused.

    Raises:
        PdfReadError: a name occurs twice, an object is a field twice, or the tree is too deep.
    """
    fields = dict[str, Field]()
    seen = set[Reference]()
    for field in _walk(entry(form, "/Fields") or (), "", "", seen, DEPTH_MAX):
        if field.name in fields:
            raise pyhanko.misc.PdfReadError(N_("two of its form fields have one name"))
        fields[field.name] = field
    return fields


def _walk(kids: Iterable[Any], prefix: str, inherited: str, seen: set[Reference], depth: int) -> Iterator[Field]:
    for kid, reference in _objects(kids):
        if reference in seen or not depth:
            raise pyhanko.misc.PdfReadError(N_("its form fields are not a tree, or it is too deep"))
        seen.add(reference)
        name = f"{prefix}{entry(kid, '/T') or ''}"
        kind = str(entry(kid, "/FT") or inherited)
        below = list(_objects(entry(kid, "/Kids") or ()))
        named = [reference for child, reference in below if entry(child, "/T") is not None]
        own = {reference: child for child, reference in below if entry(child, "/T") is None}
        if "/Subtype" in kid or "/Rect" in kid:
            own[reference] = kid
        yield Field(name, reference, kid, kind, _with_kids(own))
        if named:
            wanted = set(named)
            fields = [child for child in entry(kid, "/Kids") if reference_of(child) in wanted]
            yield from _walk(fields, f"{name}.", kind, seen, depth - 1)


def _with_kids(widgets: dict[Reference, Any]) -> dict[Reference, Any]:
    """*widgets*, with those below them: readers may show what the standard does not provide for."""
    shown, waiting = dict(widgets), list(widgets.values())
    while waiting:
        for child, reference in _objects(entry(waiting.pop(), "/Kids") or ()):
            if reference not in shown and entry(child, "/T") is None:
                shown[reference] = child
                waiting.append(child)
    return shown


def _objects(array: Iterable[Any]) -> Iterator[tuple[Any, Reference]]:
    """The dictionaries in *array*, with their references."""
    for raw in array:
        value = raw.get_object()
        if hasattr(value, "keys"):
            yield value, reference_of(raw)


def reference_of(raw: Any) -> Reference:
    """The object to which *raw* refers.

    Raises:
        PdfReadError: it is a value and not a reference.
    """
    if not hasattr(raw, "idnum"):
        raise pyhanko.misc.PdfReadError(N_("one of its fields or annotations is not an object of its own"))
    return int(raw.idnum), int(raw.generation)


# --- what is seen ---


def flags(widget: Any) -> int:
    """The annotation flags (ISO 32000-2 §12.5.3); none where readers may differ on the number."""
    value = entry(widget, "/F")
    return int(value) if isinstance(value, int) and 0 <= value <= _FLAGS_MAX else 0


def rectangle(widget: Any) -> Rectangle | None:
    """The rectangle of *widget*; None if it has none, or one without area.

    Raises:
        ValueError: it is not four numbers, so that readers may differ on it.
    """
    corners = entry(widget, "/Rect")
    if corners is None:
        return None
    left, bottom, right, top = (float(corner.get_object()) for corner in corners)
    if not all(map(math.isfinite, (left, bottom, right, top))):
        raise ValueError
    left, right, bottom, top = min(left, right), max(left, right), min(bottom, top), max(bottom, top)
    return (left, bottom, right, top) if left < right and bottom < top else None


def is_visible(widget: Any) -> bool:
    """Whether *widget* is seen on the screen or on paper: its rectangle has area, and no flag hides it.

    What NoView hides on the screen, Print shows on paper, and ToggleNoView under the pointer. A malformed rectangle
    counts as visible.
    """
    try:
        has_area = rectangle(widget) is not None
    except (ValueError, TypeError, AttributeError):
        has_area = True
    shown = flags(widget)
    return has_area and not shown & _HIDDEN and (not shown & _NO_VIEW or bool(shown & (_PRINT | _TOGGLE_NO_VIEW)))


def places(root: Any, fields: Iterable[Field]) -> tuple[Place, ...]:
    """Where *fields* are seen in the file with the catalog *root*: each visible widget, or one place for a field."""
    wanted = tuple(fields)
    pages = _pages_with(root, {reference for field in wanted for reference in field.widgets})
    return tuple(place for field in wanted for place in _places_of(field, pages))


def _places_of(field: Field, pages: dict[Reference, int]) -> list[Place]:
    visible = [reference for reference, widget in field.widgets.items() if is_visible(widget)]
    return [_place(field, reference, pages) for reference in visible or list(field.widgets)[:1]] or [Place(field.name)]


def _place(field: Field, reference: Reference, pages: dict[Reference, int]) -> Place:
    try:
        corners = rectangle(field.widgets[reference])
    except (ValueError, TypeError, AttributeError):
        corners = None
    return Place(field.name, pages.get(reference), corners)


def _pages_with(root: Any, widgets: set[Reference]) -> dict[Reference, int]:
    """The number of the page, counted from 1, that shows each of *widgets*."""
    pages = dict[Reference, int]()
    for number, page in enumerate(pages_of(root), 1):
        for raw in entry(page, "/Annots") or ():
            if hasattr(raw, "idnum") and reference_of(raw) in widgets:
                pages.setdefault(reference_of(raw), number)
    return pages


def pages_of(root: Any) -> Iterator[Any]:
    """The pages of the file with the catalog *root*, in order; a node that occurs twice only once."""
    seen = set[Reference]()
    waiting = [raw for raw in (root.raw_get("/Pages"),) if hasattr(raw, "idnum")]
    while waiting:
        raw = waiting.pop()
        if reference_of(raw) in seen:
            continue
        seen.add(reference_of(raw))
        node = raw.get_object()
        kids = entry(node, "/Kids")
        if kids is None:
            yield node
        else:
            waiting.extend(kid for kid in reversed(list(kids)) if hasattr(kid, "idnum"))

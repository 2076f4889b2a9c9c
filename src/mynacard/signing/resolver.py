"""One version of a PDF file as pyHanko compares it, within a budget. It loads pyHanko: import it on first use.

The references between the objects of a version are walked in linear time (:mod:`mynacard.signing.references`).

Source: pyHanko 0.38, whose internal class this extends.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# because its base class is pyHanko's, which is loaded on use and so has no types.

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, TypeAlias

from mynacard.signing.references import Link, Path, References
from mynacard.trust import pyhanko

__all__ = ["LINK", "LINKING", "VALUE", "Key", "Resolver", "key_of", "links_in"]

_Array, _Dictionary, _Indirect, _Reference, _Stream = (
    pyhanko.generic.ArrayObject, pyhanko.generic.DictionaryObject, pyhanko.generic.IndirectObject,
    pyhanko.generic.Reference, pyhanko.generic.StreamObject,
)  # fmt: skip
_RawPath: Final = pyhanko.reader.RawPdfPath
_misc: Final = pyhanko.misc
Key: TypeAlias = tuple[int, int]
"""The number and the generation of an object."""
LINKING: Final = (_Indirect, _Dictionary, _Array)
"""The values that are references, or may hold some."""
VALUE, _REFERENCE, LINK = 450, 250, 300
"""Bytes of memory for one value, for one reference as pyHanko keeps it, and for one in the graph."""


class Resolver(pyhanko.reader.HistoricalResolver):  # type: ignore[misc]  # as above
    """One version of a file, within the budget of its reader."""

    def __init__(self, reader: Any, revision: int) -> None:
        reader.budget.spend(sum(map(len, reader.trailer._trailer_revisions)))
        super().__init__(reader, revision)
        self._budget, self._held = reader.budget, 0
        self._values: dict[Any, tuple[Any, int]] = {}
        self._references: References[Key] | None = None
        self._paths: dict[Any, set[Any]] = {}

    def get_object(self, ref: Any, as_metadata_stream: bool = False) -> Any:
        if ref not in self._values:
            value = super().get_object(ref, as_metadata_stream)
            self._values[ref] = value, 4 + self.reader.size(ref) // 16
            if not self._is_current(ref):  # else the reader keeps it for all versions
                self._held += VALUE * self.reader.size(ref) + len(getattr(value, "_encoded_data", None) or b"")
        value, cost = self._values[ref]
        if isinstance(value, _Stream):
            cost += len(value._data or value._encoded_data) // 512  # metadata are parsed again each time
        self._budget.spend(cost)
        return value

    def is_ref_unassignable(self, ref: Any) -> bool:
        """Whether no version up to this one mentions the object: poppler takes the gaps that pyHanko leaves."""
        return bool(self.reader.xrefs.is_unused(ref.idnum, self.revision))

    def __call__(self, ref: Any) -> Any:
        value = self.get_object(ref)
        self._budget.spend(self.reader.size(ref))  # a caller looks at all of it
        return value

    def _hold(self, size: int) -> None:
        self._budget.hold(size)
        self._held += size

    def release(self) -> None:
        """Give back the memory that this version takes."""
        self._budget.hold(-self._held)

    def _subsume_object(self, obj: Any) -> Any:
        if not isinstance(obj, LINKING):
            return obj  # what holds nothing is the same in all versions
        self._hold(_REFERENCE if isinstance(obj, _Indirect) else VALUE)
        return super()._subsume_object(obj)

    def collect_dependencies(self, obj: Any, since_revision: int | None = None) -> Any:
        """All references in *obj* and in what it refers to; not in objects that are older than *since_revision*."""
        known: set[Any] = set()
        pending = [obj]
        while pending:
            for _, key in links_in(pending.pop(), skipped=()):
                self._budget.spend(1)
                ref = _Reference(*key, self)
                if ref not in known and self._is_since(ref, since_revision):
                    known.add(ref)
                    pending.append(self(ref))
        return known

    def _is_since(self, ref: Any, revision: int | None) -> bool:
        return revision is None or self.reader.xrefs.get_introducing_revision(ref) >= revision

    def _load_reverse_xref_cache(self) -> None:
        if self._references is None:
            structure = self.root.get("/StructTreeRoot")
            self._references = References(
                self._links_of,
                root=key_of(self.root_ref),
                structure=key_of(structure) if isinstance(structure, _Indirect) else None,
                pages=self._pages(),
                elements=frozenset(self._elements(structure)),
                spend=self._budget.spend,
            )

    def _get_usages_of_ref(self, ref: Any) -> Any:
        if self._references is None:
            return set()
        if ref not in self._paths:
            self._paths[ref] = {_RawPath(*path) for path in self._references.paths(key_of(ref))}
        return self._paths[ref]

    def _links_of(self, key: Key | None) -> tuple[Link[Key], ...]:
        """The references in an object of this version; the reader keeps them where the value is the current one."""
        if key is None:
            return tuple(links_in(self.trailer_view))
        ref = _Reference(*key, self)
        if self._is_current(ref):
            links: tuple[Link[Key], ...] = self.reader.links(ref)
        else:
            links = tuple(links_in(self(ref)))
            self._hold(LINK * len(links))
        self._hold(LINK + LINK // 3 * len(links))
        return links

    def _is_current(self, ref: Any) -> bool:
        try:
            return bool(self.reader.xrefs.get_last_change(ref) <= self.revision)
        except KeyError:
            return False

    def _pages(self) -> dict[Key, Path]:
        """The nodes of the page tree with their paths.

        Raises:
            PdfReadError: a node is in the tree twice, or is not a dictionary.
        """
        pages: dict[Key, Path] = {}
        pending: list[tuple[Any, Path]] = [(self.root.raw_get("/Pages"), ("/Root", "/Pages"))]
        while pending:
            node, path = pending.pop()
            if isinstance(node, _Indirect):
                if key_of(node) in pages:
                    raise _misc.PdfReadError("Circular reference in page tree")
                pages[key_of(node)] = path
                self._hold(LINK + 8 * len(path))
            node = node.get_object()
            if not isinstance(node, _Dictionary):
                raise _misc.PdfReadError("A node of the page tree is not a dictionary")
            if len(path) == 2 or node.get("/Type") == "/Pages":  # the first node is one of pages
                pending += [(kid, (*path, "/Kids", at)) for at, kid in enumerate(node["/Kids"])]
        return pages

    def _elements(self, root: Any) -> set[Key]:
        """The elements of the structure tree.

        Raises:
            PdfReadError: an element is in the tree twice.
        """
        elements: set[Key] = set()
        pending = [] if root is None else [root.get_object()]
        while pending:
            kids = pending.pop().get("/K", _Array()).get_object()
            for kid in kids if isinstance(kids, _Array) else (kids,):
                value = kid.get_object()
                if not isinstance(value, _Dictionary) or value.get("/Type", _ELEMENT) != _ELEMENT:
                    continue  # marked content, or an object that is not a part of the tree
                if isinstance(kid, _Indirect):
                    if key_of(kid) in elements:
                        raise _misc.PdfReadError("Circular reference in structure tree")
                    elements.add(key_of(kid))
                pending.append(value)
        return elements


_ELEMENT: Final = "/StructElem"


def key_of(ref: Any) -> Key:
    """The object to which *ref* refers."""
    return ref.idnum, ref.generation


def links_in(value: Any, skipped: tuple[str, ...] = ("/Parent",)) -> Iterator[Link[Key]]:
    """The references in *value* and where they stand; not those below the entries *skipped*."""
    pending: list[tuple[Path, Any]] = [((), value)]
    while pending:
        path, value = pending.pop()
        if isinstance(value, _Indirect):
            yield path, key_of(value)
        elif isinstance(value, _Dictionary):
            pending += [
                ((*path, key), entry)
                for key, entry in value.items()
                if isinstance(entry, LINKING) and key not in skipped
            ]
        elif isinstance(value, _Array):
            pending += [((*path, at), entry) for at, entry in enumerate(value) if isinstance(entry, LINKING)]

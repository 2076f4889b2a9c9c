"""pyHanko's reader of PDF files, with a bound on its work and its memory. It loads pyHanko: import it on first use.

What pyHanko does in quadratic or exponential time is done here in linear time: objects in object streams, an object's
history, and the references between objects. Everything else is counted (:mod:`mynacard.signing.budget`). Entries whose
value is null are absent, so they are left out when an object is read (ISO 32000-2 §7.3.9).

Source: pyHanko 0.38, whose internal classes these extend.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# because its base classes are pyHanko's, which are loaded on use and so have no types.

from __future__ import annotations

import io
import os
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property
from typing import Any, Final, TypeAlias

from mynacard.signing.budget import Budget
from mynacard.signing.references import Link, Path, References
from mynacard.trust import pyhanko

__all__ = ["Reader", "Resolver"]

_Array, _Dictionary, _Indirect, _Null, _Number, _Reference, _Stream = (
    pyhanko.generic.ArrayObject, pyhanko.generic.DictionaryObject, pyhanko.generic.IndirectObject,
    pyhanko.generic.NullObject, pyhanko.generic.NumberObject, pyhanko.generic.Reference, pyhanko.generic.StreamObject,
)  # fmt: skip
_RawPath: Final = pyhanko.reader.RawPdfPath
_limits: Final = pyhanko.decode_limits
_misc: Final = pyhanko.misc
Key: TypeAlias = tuple[int, int]
"""The number and the generation of an object."""
_LINKING: Final = (_Indirect, _Dictionary, _Array)

_TOKEN: Final = 64
"""Longer pieces that are read are streams, which stay in memory."""
_ENTRY: Final = 600
"""Bytes of memory for one entry of a cross-reference table."""
_VALUE, _REFERENCE, _LINK = 450, 250, 300
"""Bytes of memory for one value, for one reference as pyHanko keeps it, and for one in the graph."""
_UNPACKED_MAX: Final = 0x400_0000
"""The most bytes of object streams and metadata after decompression, in one file."""


class Source(io.BytesIO):
    """The bytes of a file, or of an object stream; reading them is counted."""

    def __init__(self, data: bytes, budget: Budget) -> None:
        super().__init__(data)
        self._budget = budget

    def read(self, size: int | None = -1, /) -> bytes:
        budget = self._budget
        budget.steps -= 1
        if budget.steps < budget.floor:
            budget.refuse()
        data = super().read(size)
        if len(data) > _TOKEN:
            budget.hold(len(data))
        return data


class Unpacking(pyhanko.decode_limits.DecodeContext):  # type: ignore[misc]  # this module is loaded on use, and so is pyHanko
    """The limits of decompression, for all versions of a file together."""

    def __init__(self, budget: Budget, size: int) -> None:
        total = _limits.DocumentDecodeBudget(base_allowance=_UNPACKED_MAX, max_ratio=0)
        super().__init__(_limits.DecodeLimits(document_budget=total), size)
        self._budget = budget

    def fresh(self) -> Unpacking:
        return self

    def stream_output_cap(self, encoded_size: int, *arguments: Any, **options: Any) -> Any:
        self._budget.spend(encoded_size // 4)
        return super().stream_output_cap(encoded_size, *arguments, **options)

    def record_output(self, size: int) -> None:
        self._budget.spend(size // 4)
        super().record_output(size)


class Sections(pyhanko.xref.XRefBuilder):  # type: ignore[misc]  # as above
    """Reads the cross-reference tables. Their consistency is checked by comparing each with each, which is counted."""

    budget: Budget
    _raised = 0

    def _read_xref_table(self, declared_startxref: int) -> Any:
        start = self.stream.tell()
        with self.budget.parsing(_ENTRY):
            self._check_once(row.idnum for row in pyhanko.xref.parse_xref_table(self.stream, self.strict))
            self.stream.seek(start)
            previous = super()._read_xref_table(declared_startxref)
        self._count(self.sections[-1].xref_data)
        return previous

    def _check_once(self, numbers: Iterator[int]) -> None:
        """Check that no number comes twice: readers would take different rows."""
        known: set[int] = set()
        for number in numbers:
            if number in known and self.strict:
                raise _misc.PdfStrictReadError("A cross-reference table has two entries for one object")
            known.add(number)

    def _read_xref_stream(self, declared_startxref: int) -> Any:
        previous = super()._read_xref_stream(declared_startxref)
        self._count(self.sections[-1].xref_data)
        return previous

    def _read_xref_stream_object(self) -> Any:
        reference, stream = super()._read_xref_stream_object()
        index = stream.get("/Index", [0, stream.get("/Size")])
        entries = sum(int(number) for number in [*index][1::2])
        self.budget.spend(4 * entries)
        self.budget.hold(_ENTRY * entries)  # a width of 0 makes entries of no bytes
        if self.strict and sum(1 for _ in pyhanko.xref.parse_xref_stream(stream)) != entries:
            raise _misc.PdfStrictReadError("A cross-reference stream has entries of an unknown type")
        return reference, stream

    def _count(self, data: Any) -> None:
        if self.sections[-1].meta_info.stream_ref is None:
            self.budget.hold(_ENTRY * len(data.explicit_refs_in_revision))
        self._raised += sum(1 for _ in data.higher_generation_refs())
        self.budget.spend(len(self.sections) // 8 + len(self.sections) * len(data.freed) + self._raised)


class History(pyhanko.xref.XRefCache):  # type: ignore[misc]  # as above
    """Where each object lies in each version; only the versions that mention it are searched."""

    @cached_property
    def _mentioned(self) -> dict[int, list[int]]:
        versions: dict[int, list[int]] = defaultdict(list)
        for version, section in enumerate(self._xref_sections):
            data = section.xref_data
            numbers = {number for number, _ in data.explicit_refs_in_revision} | data.freed.keys()
            if data.hybrid is not None:
                hybrid = data.hybrid.xref_data
                numbers |= {number for number, _ in hybrid.explicit_refs_in_revision} | hybrid.freed.keys()
            for number in numbers:
                versions[number].append(version)
        return versions

    def _entries(self, ref: Any, versions: list[int]) -> Iterator[tuple[int, Any]]:
        self.reader.budget.spend(1 + len(versions) // 8)
        for version in versions:
            try:
                yield version, self._xref_sections[version].xref_data.try_resolve(ref)
            except KeyError:  # it mentions another generation
                continue

    def get_last_change(self, ref: Any) -> int:
        for version, _ in self._entries(ref, self._mentioned.get(ref.idnum, [])[::-1]):
            return version
        raise KeyError(ref)

    def get_introducing_revision(self, ref: Any) -> int:
        for version, place in self._entries(ref, self._mentioned.get(ref.idnum, [])):
            if place is not None:
                return version
        raise KeyError(ref)

    def get_historical_ref(self, ref: Any, revision: int) -> Any:
        versions = self._mentioned.get(ref.idnum, [])
        return next(
            (place for _, place in self._entries(ref, versions[: bisect_right(versions, revision)][::-1])), None
        )

    def is_unused(self, number: int, revision: int) -> bool:
        """Whether no version up to *revision* has or frees an object of this number."""
        versions = self._mentioned.get(number, [])
        return number > 0 and (not versions or versions[0] > revision)

    def explicit_refs_in_revision(self, revision: int) -> Any:
        refs = super().explicit_refs_in_revision(revision)
        self.reader.budget.spend(len(refs))
        return refs


class Reader(pyhanko.reader.PdfFileReader):  # type: ignore[misc]  # as above
    """pyHanko's reader of a file, within *budget*."""

    def __init__(self, data: bytes, budget: Budget, *, strict: bool = True) -> None:
        self.budget, self.strict, self.stream = budget, strict, Source(data, budget)
        self.resolved_objects: dict[Key, Any] = {}
        self._sizes: dict[Key, int] = {}
        self._links: dict[Key, tuple[Link[Key], ...]] = {}
        self._unpacked: dict[int, tuple[Source, int, dict[int, tuple[int, int]]]] = {}
        self._historical_resolver_cache: dict[int, Resolver] = {}
        self._security_handler = self._input_version = self._embedded_signatures = None
        self._decode_context = Unpacking(budget, len(data))
        self._header_version = pyhanko.reader._read_header_version(self.stream)
        self.stream.seek(-1, os.SEEK_END)
        last = pyhanko.reader.process_data_at_eof(self.stream)
        sections = Sections(self, self.stream, strict, last)
        sections.budget = budget
        self.xrefs = History(self, sections.read_xrefs())
        self.trailer, self.last_startxref = sections.trailer, last
        self.has_xref_stream = sections.has_xref_stream

    def get_object(self, ref: Any, *arguments: Any, **options: Any) -> Any:
        self.budget.spend(2)
        return super().get_object(ref, *arguments, **options)

    def _read_object(self, ref: Any, *arguments: Any, **options: Any) -> Any:
        with self.budget.parsing():
            value = super()._read_object(ref, *arguments, **options)
        size = self._sizes[_key(ref)] = _sized_without_nulls(value)
        self.budget.hold(_VALUE * size)
        return value

    def size(self, ref: Any) -> int:
        """The number of values in the object *ref*, as it was last read."""
        return self._sizes.get(_key(ref), 1)

    def links(self, ref: Any) -> tuple[Link[Key], ...]:
        """The references in the current value of the object *ref*."""
        if _key(ref) not in self._links:
            value = self.get_object(ref)
            self.budget.spend(self.size(ref))
            links = self._links[_key(ref)] = tuple(_links(value))
            self.budget.hold(_LINK * (1 + len(links)))
        return self._links[_key(ref)]

    def _get_object_from_stream(self, idnum: int, stmnum: int, idx: int) -> Any:
        """The object *idnum* from an object stream, whose list of objects is read only once."""
        if stmnum not in self._unpacked:
            self._unpacked[stmnum] = self._unpack(stmnum)
        source, count, places = self._unpacked[stmnum]
        index, offset = places.get(idnum, (-1, -1))
        if not 0 <= idx < count or index < 0 or (self.strict and index != idx):
            return self._not_in_stream()
        source.seek(offset)
        value = pyhanko.generic.read_object(source, _Reference(idnum, 0, self))
        ends = [start for at, start in places.values() if at == index + 1]
        if isinstance(value, (_Stream, _Indirect)) or any(source.tell() > end for end in ends):
            return self._not_in_stream()
        return value

    def _not_in_stream(self) -> Any:
        if self.strict:
            raise _misc.PdfStrictReadError("An object is not in the object stream where it should be")
        return _Null()

    def _unpack(self, number: int) -> tuple[Source, int, dict[int, tuple[int, int]]]:
        """The content of an object stream, the number of its objects, and the index and offset of each."""
        stream = _Reference(number, 0, self).get_object()
        if not isinstance(stream, _Stream) or stream["/Type"] != "/ObjStm":
            raise _misc.PdfReadError("An object stream is another kind of object")
        source = Source(stream.read_data(_limits.DecodePurpose.OBJECT_STREAM), self.budget)
        count, first = int(stream["/N"]), int(stream["/First"])
        places: dict[int, tuple[int, int]] = {}
        last = -1
        for index in range(count):
            idnum, offset = (_number(source), _number(source))
            if self.strict and offset <= last:  # ISO 32000-2 §7.5.7: in increasing order; else objects may overlap
                raise _misc.PdfStrictReadError("The objects in an object stream are not one after the other")
            places.setdefault(idnum, (index, first + offset))
            last = offset
        return source, count, places

    def get_historical_resolver(self, revision: int) -> Resolver:
        if revision not in self._historical_resolver_cache:
            self._historical_resolver_cache[revision] = Resolver(self, revision)
        return self._historical_resolver_cache[revision]

    def forget(self, revision: int) -> None:
        """Release the memory of the versions up to *revision*, which are not asked for again."""
        for version in [version for version in self._historical_resolver_cache if version <= revision]:
            self._historical_resolver_cache.pop(version).release()


class Resolver(pyhanko.reader.HistoricalResolver):  # type: ignore[misc]  # as above
    """One version of a file, within the budget of its reader."""

    def __init__(self, reader: Reader, revision: int) -> None:
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
                self._held += _VALUE * self.reader.size(ref) + len(getattr(value, "_encoded_data", None) or b"")
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
        if not isinstance(obj, _LINKING):
            return obj  # what holds nothing is the same in all versions
        self._hold(_REFERENCE if isinstance(obj, _Indirect) else _VALUE)
        return super()._subsume_object(obj)

    def collect_dependencies(self, obj: Any, since_revision: int | None = None) -> Any:
        """All references in *obj* and in what it refers to; not in objects that are older than *since_revision*."""
        known: set[Any] = set()
        pending = [obj]
        while pending:
            for _, key in _links(pending.pop(), skipped=()):
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
                root=_key(self.root_ref),
                structure=_key(structure) if isinstance(structure, _Indirect) else None,
                pages=self._pages(),
                elements=frozenset(self._elements(structure)),
                spend=self._budget.spend,
            )

    def _get_usages_of_ref(self, ref: Any) -> Any:
        if self._references is None:
            return set()
        if ref not in self._paths:
            self._paths[ref] = {_RawPath(*path) for path in self._references.paths(_key(ref))}
        return self._paths[ref]

    def _links_of(self, key: Key | None) -> tuple[Link[Key], ...]:
        """The references in an object of this version; the reader keeps them where the value is the current one."""
        if key is None:
            return tuple(_links(self.trailer_view))
        ref = _Reference(*key, self)
        if self._is_current(ref):
            links: tuple[Link[Key], ...] = self.reader.links(ref)
        else:
            links = tuple(_links(self(ref)))
            self._hold(_LINK * len(links))
        self._hold(_LINK + _LINK // 3 * len(links))
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
                if _key(node) in pages:
                    raise _misc.PdfReadError("Circular reference in page tree")
                pages[_key(node)] = path
                self._hold(_LINK + 8 * len(path))
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
                    if _key(kid) in elements:
                        raise _misc.PdfReadError("Circular reference in structure tree")
                    elements.add(_key(kid))
                pending.append(value)
        return elements


_ELEMENT: Final = "/StructElem"


def _key(ref: Any) -> Key:
    return ref.idnum, ref.generation


def _number(source: Source) -> int:
    _misc.read_non_whitespace(source, seek_back=True)
    return int(_Number.read_from_stream(source))


def _sized_without_nulls(value: Any) -> int:
    """The number of values in *value*, whose dictionaries lose the entries that are null."""
    size, pending = 0, [value]
    while pending:
        value = pending.pop()
        size += 1
        if isinstance(value, _Dictionary):
            for key in [key for key, entry in value.items() if isinstance(entry, _Null)]:
                del value[key]
            size += len(value)
            pending += value.values()
        elif isinstance(value, _Array):
            pending += value
        elif isinstance(value, (str, bytes)):
            size += len(value) // 64
    return size


def _links(value: Any, skipped: tuple[str, ...] = ("/Parent",)) -> Iterator[Link[Key]]:
    """The references in *value* and where they stand; not those below the entries *skipped*."""
    pending: list[tuple[Path, Any]] = [((), value)]
    while pending:
        path, value = pending.pop()
        if isinstance(value, _Indirect):
            yield path, _key(value)
        elif isinstance(value, _Dictionary):
            pending += [
                ((*path, key), entry)
                for key, entry in value.items()
                if isinstance(entry, _LINKING) and key not in skipped
            ]
        elif isinstance(value, _Array):
            pending += [((*path, at), entry) for at, entry in enumerate(value) if isinstance(entry, _LINKING)]

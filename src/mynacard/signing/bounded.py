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
from typing import Any, Final

from mynacard.signing.budget import Budget
from mynacard.signing.references import Link
from mynacard.signing.resolver import LINK, VALUE, Key, Resolver, key_of, links_in
from mynacard.signing.streams import Continued, Stream, size_of, stream_of
from mynacard.trust import pyhanko

__all__ = ["Reader"]

_Array, _Dictionary, _Indirect, _Null, _Number, _Reference, _Stream = (
    pyhanko.generic.ArrayObject, pyhanko.generic.DictionaryObject, pyhanko.generic.IndirectObject,
    pyhanko.generic.NullObject, pyhanko.generic.NumberObject, pyhanko.generic.Reference, pyhanko.generic.StreamObject,
)  # fmt: skip
_limits: Final = pyhanko.decode_limits
_misc: Final = pyhanko.misc

_STREAMS: Final = (io.BufferedIOBase, io.RawIOBase)
_TOKEN: Final = 64
"""Longer pieces that are read are streams, which stay in memory."""
_ENTRY: Final = 600
"""Bytes of memory for one entry of a cross-reference table."""
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


class FileSource(io.BufferedReader):
    """The same of a file that is not in memory."""

    def __init__(self, file: Stream, budget: Budget) -> None:
        super().__init__(Continued(file))
        self._budget = budget

    def read(self, size: int | None = -1, /) -> bytes:
        self._budget.spend(1)
        data = super().read(size)
        if len(data) > _TOKEN:
            self._budget.hold(len(data))
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
    """pyHanko's reader of *file*, within *budget*."""

    def __init__(self, file: bytes | Stream, budget: Budget, *, strict: bool = True) -> None:
        self.budget, self.strict, self.file = budget, strict, stream_of(file)
        self.stream = FileSource(file, budget) if isinstance(file, _STREAMS) else Source(file, budget)
        self.resolved_objects: dict[Key, Any] = {}
        self._sizes: dict[Key, int] = {}
        self._links: dict[Key, tuple[Link[Key], ...]] = {}
        self._unpacked: dict[int, tuple[Source, int, dict[int, tuple[int, int]]]] = {}
        self._historical_resolver_cache: dict[int, Resolver] = {}
        self._security_handler = self._input_version = self._embedded_signatures = None
        self._decode_context = Unpacking(budget, size_of(self.file))
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
        size = self._sizes[key_of(ref)] = _sized_without_nulls(value)
        self.budget.hold(VALUE * size)
        return value

    def size(self, ref: Any) -> int:
        """The number of values in the object *ref*, as it was last read."""
        return self._sizes.get(key_of(ref), 1)

    def links(self, ref: Any) -> tuple[Link[Key], ...]:
        """The references in the current value of the object *ref*."""
        if key_of(ref) not in self._links:
            value = self.get_object(ref)
            self.budget.spend(self.size(ref))
            links = self._links[key_of(ref)] = tuple(links_in(value))
            self.budget.hold(LINK * (1 + len(links)))
        return self._links[key_of(ref)]

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

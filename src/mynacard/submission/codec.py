"""JSON and frozen dataclasses: both directions from the same annotations, and all mistakes at once with their places.

A dataclass's fields are an object's members; a default makes one optional. A member that no annotation
names is a mistake. Places are JSON pointers (RFC 6901).
"""

from __future__ import annotations

import json
import re
import types
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from typing import Any, Final, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from mynacard.errors import SubmissionError
from mynacard.submission.messages import Violation, error
from mynacard.texts import N_, printable

__all__ = ["DOCUMENT_MAX", "FormError", "decode", "encode", "loads"]


_T = TypeVar("_T")

DOCUMENT_MAX: Final = 0x4_0000
"""Bytes of a document; an application has a few thousand."""
MISTAKES_MAX: Final = 100
"""The most that are named for one document."""
ITEMS_MAX: Final = 200
"""The most in a list; nothing here comes near it."""
_DEPTH_MAX: Final = 20
_DAY: Final = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")  # ISO 8601 has other forms
_INTEGERS: Final = range(-(2**53) + 1, 2**53)  # those that every reader of JSON reads alike (RFC 8259 §6)
_NAMES: Final[Mapping[type, str]] = {
    str: N_("a string"),
    bool: N_("true or false"),
    int: N_("a whole number"),
    dict: N_("an object"),
    list: N_("a list"),
}


class FormError(SubmissionError, ValueError):
    """A document that is not valid for its kind: ``.violations`` lists everything that is wrong, and where."""

    code = "submission/form"

    def __init__(self, violations: Iterable[Violation], /) -> None:
        mistakes = tuple(violations)
        super().__init__(
            N_("{count} mistakes, the first at {place}: {reason}"),
            count=len(mistakes),
            place=mistakes[0].field or "/",
            reason=mistakes[0],
        )
        self.violations = mistakes


def loads(kind: type[_T], document: bytes) -> _T:
    """The *kind* in *document*, which is JSON.

    Raises:
        FormError: it is longer than :data:`DOCUMENT_MAX`, is not JSON, or something in it is missing, unknown or wrong.
    """
    if len(document) > DOCUMENT_MAX:
        raise FormError([error("form/too-long", "", most=DOCUMENT_MAX)])
    try:
        value = json.loads(
            document.decode("utf-8"), object_pairs_hook=_Pairs, parse_constant=_refused, parse_float=_refused
        )
    except json.JSONDecodeError as mistake:
        raise FormError([error("form/json", "", line=mistake.lineno, column=mistake.colno)]) from None
    except (ValueError, RecursionError):
        raise FormError([error("form/json", "", line=1, column=1)]) from None
    return decode(kind, value)


def decode(kind: type[_T], value: object) -> _T:
    """The *kind* in *value*, which is as :mod:`json` returns it.

    Raises:
        FormError: as :func:`loads`.
    """
    mistakes, decoded = _Mistakes(), None
    with suppress(_Enough):
        decoded = _decoded(kind, value, "", mistakes)
    if mistakes:
        raise FormError(mistakes)
    return cast(_T, decoded)


def encode(value: object) -> Any:
    """*value* as :mod:`json` accepts it; members that have their default are left out."""
    if is_dataclass(value) and not isinstance(value, type):
        members = [(field, getattr(value, field.name)) for field in fields(value)]
        return {field.name: encode(member) for field, member in members if member != _default(field)}
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple | list):
        return [encode(item) for item in cast(Iterable[object], value)]
    if isinstance(value, Mapping):
        return {str(name): encode(member) for name, member in cast(Mapping[object, object], value).items()}
    return value


class _Pairs(list[tuple[str, object]]):
    """An object's members in order, including repeated ones."""


def _refused(text: str) -> object:
    raise ValueError(text)


class _Enough(Exception):
    """There are :data:`MISTAKES_MAX` mistakes: look no further."""


class _Mistakes(list[Violation]):
    """The first :data:`MISTAKES_MAX`; the last of them raises :class:`_Enough`."""

    def note(self, mistake: Violation) -> None:
        self.append(mistake)
        if len(self) == MISTAKES_MAX:
            raise _Enough


_MISSING: Final = object()


def _decoded(kind: Any, value: object, place: str, mistakes: _Mistakes) -> object:
    """*value* as *kind*; where it is not one, :data:`_MISSING` and one mistake more."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        if value is None:
            return None
        (kind,) = (argument for argument in arguments if argument is not type(None))
        return _decoded(kind, value, place, mistakes)
    if origin is tuple:
        return _list(arguments[0], value, place, mistakes)
    if origin is not None:  # a Mapping
        return _mapping(arguments[1], value, place, mistakes)
    if is_dataclass(kind):
        return _object(cast(type[Any], kind), value, place, mistakes)
    if kind is object:
        return _plain(value, place, mistakes, _DEPTH_MAX)
    return _scalar(kind, value, place, mistakes)


def _scalar(kind: Any, value: object, place: str, mistakes: _Mistakes) -> object:
    if kind is date:
        try:
            if isinstance(value, str) and _DAY.fullmatch(value):
                return date.fromisoformat(value)
        except ValueError:
            pass
        return _wrong(mistakes, error("form/date", place))
    if issubclass(kind, StrEnum):
        if isinstance(value, str) and value in set(kind):
            return kind(value)
        return _wrong(mistakes, error("form/choice", place, choices=", ".join(kind)))
    if type(value) is not kind or not _sound(value):
        return _wrong(mistakes, _of_another_type(place, kind))
    return value


def _list(kind: Any, value: object, place: str, mistakes: _Mistakes) -> object:
    if not isinstance(value, list) or isinstance(value, _Pairs):
        return _wrong(mistakes, _of_another_type(place, list))
    items = cast(list[object], value)
    if len(items) > ITEMS_MAX:
        return _wrong(mistakes, error("form/too-many", place, most=ITEMS_MAX))
    return tuple(_decoded(kind, item, f"{place}/{number}", mistakes) for number, item in enumerate(items))


def _mapping(kind: Any, value: object, place: str, mistakes: _Mistakes) -> object:
    members = _members(value, place, mistakes)
    if members is None:
        return _MISSING
    return {name: _decoded(kind, member, _below(place, name), mistakes) for name, member in members.items()}


def _object(kind: type[Any], value: object, place: str, mistakes: _Mistakes) -> object:
    members = _members(value, place, mistakes)
    if members is None:
        return _MISSING
    known, hints = {field.name: field for field in fields(kind)}, _hints(cast(Any, kind))
    before = len(mistakes)
    for name in members:
        if name not in known:
            mistakes.note(error("form/unknown-field", _below(place, name)))
    for name, field in known.items():
        if name not in members and _default(field) is _MISSING:
            mistakes.note(error("form/missing", _below(place, name)))
    values = {
        name: _decoded(hints[name], member, _below(place, name), mistakes)
        for name, member in members.items()
        if name in known
    }
    return kind(**values) if len(mistakes) == before else _MISSING


def _members(value: object, place: str, mistakes: _Mistakes) -> dict[str, object] | None:
    if isinstance(value, dict):
        return cast(dict[str, object], value)
    if not isinstance(value, _Pairs):
        _wrong(mistakes, _of_another_type(place, dict))
        return None
    members = dict(value)
    if len(members) != len(value):
        for name, count in Counter(name for name, _ in value).items():
            if count > 1:
                mistakes.note(error("form/repeated-field", _below(place, name)))
    return members


def _plain(value: object, place: str, mistakes: _Mistakes, depth: int) -> object:
    """Any JSON: dictionaries instead of pairs."""
    if depth == 0:
        return _wrong(mistakes, error("form/too-many", place, most=_DEPTH_MAX))
    if isinstance(value, _Pairs | dict):
        members = _members(cast(object, value), place, mistakes) or {}
        return {name: _plain(member, _below(place, name), mistakes, depth - 1) for name, member in members.items()}
    if isinstance(value, list):
        items = cast(list[object], value)
        return [_plain(item, f"{place}/{number}", mistakes, depth - 1) for number, item in enumerate(items)]
    if not _sound(value):
        return _wrong(mistakes, _of_another_type(place, str if isinstance(value, str) else int))
    return value


def _sound(value: object) -> bool:
    """Whether it can be written again: not an integer that others would round, not half of a surrogate pair."""
    if isinstance(value, str):
        return not any("\ud800" <= character <= "\udfff" for character in value)
    return isinstance(value, bool) or not isinstance(value, int) or value in _INTEGERS


def _wrong(mistakes: _Mistakes, mistake: Violation) -> object:
    mistakes.note(mistake)
    return _MISSING


def _of_another_type(place: str, wanted: type) -> Violation:
    return error("form/type", place, wanted=_NAMES[wanted])


def _below(place: str, name: str) -> str:
    shown = printable(name[:80])
    return f"{place}/{shown.replace('~', '~0').replace('/', '~1')}"


def _default(field: Field[Any]) -> object:
    if field.default is not MISSING:
        return field.default
    return field.default_factory() if field.default_factory is not MISSING else _MISSING


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)

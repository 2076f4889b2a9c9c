"""``dataclass`` as in the standard library, in a fifth of the time: a command defines a hundred and fifty of them.

Up to Python 3.12, the standard library compiles each of a class's six methods by itself. Here only ``__init__`` is
compiled; the others are closures, or shared. All else is the standard library's own work.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from operator import attrgetter
from types import FunctionType
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeAlias, TypeVar, cast

__all__ = ["dataclass"]

T = TypeVar("T")
Fields: TypeAlias = tuple[dataclasses.Field[Any], ...]

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(cls=None, /, **options):
        """As :func:`dataclasses.dataclass`; frozen ones with slots are defined faster."""
        if cls is None and options == _VALUE:
            return _value
        return dataclasses.dataclass(cls, **options)


_VALUE: Final = {"frozen": True, "slots": True}


def _value(cls: type[T]) -> type[T]:
    cls.__doc__ = cls.__doc__ or cls.__name__  # else the standard library asks inspect for a signature
    value = dataclasses.dataclass(init=False, repr=False, eq=False, slots=True)(cls)
    fields = dataclasses.fields(cast(Any, value))
    methods = {"__init__": _init(value, fields), "__eq__": _equality(fields), "__hash__": _hash(fields), **_SHARED}
    for name, method in methods.items():
        if vars(value).get(name) is None:
            setattr(value, name, method)
    return value


def _init(value: type, fields: Fields) -> FunctionType:
    names: dict[str, Any] = {"_NOT_GIVEN": _NOT_GIVEN, "__name__": value.__module__}
    for field in fields:
        names[f"_set_{field.name}"] = getattr(value, field.name).__set__
        names[f"_default_{field.name}"] = field.default
        names[f"_make_{field.name}"] = field.default_factory
    source = [
        f"def __init__({', '.join(_parameters(fields))}):",
        *[f" _set_{field.name}(self, {_argument(field)})" for field in fields],
        " self.__post_init__()" if hasattr(value, "__post_init__") else " pass",
    ]
    exec("\n".join(source), names)  # as the standard library does it; the names are those of fields
    init: FunctionType = names["__init__"]
    init.__qualname__ = f"{value.__qualname__}.__init__"
    init.__annotations__ = {field.name: field.type for field in fields} | {"return": None}
    return init


def _equality(fields: Fields) -> Callable[[Any, object], bool]:
    values = _getter(field.name for field in fields if field.compare)

    def equals(self: Any, other: object) -> bool:
        return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

    return equals


def _hash(fields: Fields) -> Callable[[Any], int]:
    values = _getter(field.name for field in fields if (field.compare if field.hash is None else field.hash))
    return lambda self: hash(values(self))


def _getter(names: Iterable[str]) -> Callable[[Any], tuple[object, ...]]:
    """The values of the fields *names*."""
    listed = tuple(names)
    if len(listed) > 1:
        return attrgetter(*listed)
    return lambda self: tuple(getattr(self, name) for name in listed)


def _parameters(fields: Fields) -> list[str]:
    positional = [_parameter(field) for field in fields if not field.kw_only]
    by_name = [_parameter(field) for field in fields if field.kw_only]
    return ["self", *positional, *(["*", *by_name] if by_name else [])]


def _parameter(field: dataclasses.Field[Any]) -> str:
    if field.default is not dataclasses.MISSING:
        return f"{field.name}=_default_{field.name}"
    return field.name if field.default_factory is dataclasses.MISSING else f"{field.name}=_NOT_GIVEN"


def _argument(field: dataclasses.Field[Any]) -> str:
    if field.default_factory is dataclasses.MISSING:
        return field.name
    return f"_make_{field.name}() if {field.name} is _NOT_GIVEN else {field.name}"


# --- the methods that all share ---


def _repr(self: Any) -> str:
    shown = [f"{field.name}={getattr(self, field.name)!r}" for field in dataclasses.fields(self) if field.repr]
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _frozen(self: object, name: str, _value: object) -> NoReturn:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _kept(self: object, name: str) -> NoReturn:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[object]:
    return [getattr(self, field.name) for field in dataclasses.fields(self)]


def _restore(self: Any, state: list[object]) -> None:
    for field, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, field.name, value)


class _NotGiven:
    def __repr__(self) -> str:
        return "<factory>"


_NOT_GIVEN: Final = _NotGiven()
_SHARED: Final = {
    "__repr__": _repr,
    "__setattr__": _frozen,
    "__delattr__": _kept,
    "__getstate__": _state,
    "__setstate__": _restore,
}

"""Our values are what the standard library's dataclasses would be, only defined faster."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
from dataclasses import field
from typing import Any, ClassVar, Final

import pytest

from mynacard import _dataclasses

MAKERS: Final[dict[str, Any]] = {"ours": _dataclasses.dataclass, "standard": dataclasses.dataclass}


def classes(dataclass: Any) -> tuple[Any, ...]:
    """Some classes, made by *dataclass*: with every kind of field, derived, and with methods of their own."""

    @dataclass(frozen=True, slots=True)
    class Empty:
        """It has no field."""

        title: ClassVar[str] = "empty"

    @dataclass(frozen=True, slots=True)
    class One(Empty):
        value: object

    @dataclass(frozen=True, slots=True)
    class Many(One):
        number: int = 1
        hidden: bytes = field(default=b"", repr=False)
        listed: tuple[int, ...] = field(default_factory=tuple)
        ignored: float = field(default=0.0, compare=False)
        hashless: str = field(default="", hash=False)
        named: int = field(default=7, kw_only=True)

    @dataclass(frozen=True, slots=True)
    class Own:  # noqa: PLW1641  # dataclass adds __hash__
        value: int
        doubled: list[int] = field(default_factory=list, compare=False)

        def __post_init__(self) -> None:
            if self.value < 0:
                raise ValueError
            self.doubled.append(2 * self.value)

        def __repr__(self) -> str:
            return "Own"

        def __eq__(self, other: object) -> bool:
            return isinstance(other, Own)

    return Empty, One, Many, Own


OURS, STANDARD = classes(MAKERS["ours"]), classes(MAKERS["standard"])
NAN: Final = float("nan")
ARGUMENTS: Final[list[tuple[int, tuple[object, ...], dict[str, object]]]] = [
    (0, (), {}),
    (1, (5,), {}),
    (1, ([],), {}),
    (1, (), {"value": b"x"}),
    (2, (1,), {}),
    (2, (1, 2, b"secret", (3,), 4.0, "5"), {"named": 6}),
    (2, (1,), {"ignored": 4.0}),
    (2, (1,), {"hashless": "x"}),
    (2, (1, 2, b"", (), 0.0, "", 7), {}),
    (2, (), {}),
    (0, (1,), {}),
    (3, (1,), {}),
    (3, (-1,), {}),
    (3, (1, [4]), {}),
]


def made(place: int, arguments: tuple[object, ...], named: dict[str, object]) -> tuple[Any, Any]:
    values: list[Any] = []
    for kinds in (OURS, STANDARD):
        try:
            values.append(kinds[place](*arguments, **named))
        except Exception as error:
            values.append(error)
    return values[0], values[1]


def outcome(function: Any, *arguments: object) -> object:
    try:
        return function(*arguments)
    except Exception as error:
        return type(error), str(error)


@pytest.mark.parametrize("arguments", ARGUMENTS, ids=str)
def test_a_value_is_made_shown_compared_and_hashed_as_the_standard_library_does_it(arguments: Any) -> None:
    ours, standard = made(*arguments)
    assert repr(ours) == repr(standard)
    if isinstance(standard, Exception):
        assert type(ours) is type(standard)
        return
    assert outcome(hash, ours) == outcome(hash, standard)
    assert dataclasses.astuple(ours) == dataclasses.astuple(standard)
    assert dataclasses.asdict(ours) == dataclasses.asdict(standard)
    assert ours != standard
    assert (ours == ours) is (standard == standard)  # noqa: PLR0124  # identical values may be unequal
    for other in ARGUMENTS:
        another = made(*other)
        assert (ours == another[0]) is (standard == another[1])


def test_values_are_compared_as_tuples_are_whatever_python_does() -> None:
    assert OURS[1](NAN) == OURS[1](NAN)  # from 3.13 on, the standard library compares field by field


@pytest.mark.parametrize("place", range(4))
def test_a_class_tells_the_same_of_itself(place: int) -> None:
    ours, standard = OURS[place], STANDARD[place]
    assert str(inspect.signature(ours)) == str(inspect.signature(standard))
    assert (ours.__slots__, ours.__match_args__) == (standard.__slots__, standard.__match_args__)
    assert [(x.name, x.type, x.default) for x in dataclasses.fields(ours)] == [
        (x.name, x.type, x.default) for x in dataclasses.fields(standard)
    ]
    assert ours.__init__.__qualname__ == standard.__init__.__qualname__
    assert ours.__init__.__annotations__ == standard.__init__.__annotations__


@pytest.mark.parametrize("place", range(1, 4))
def test_a_value_stays_as_it_is(place: int) -> None:
    for kinds in (OURS, STANDARD):
        value = kinds[place](1)
        with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign to field 'value'"):
            value.value = 2
        with pytest.raises(dataclasses.FrozenInstanceError, match="cannot delete field 'value'"):
            del value.value
        with pytest.raises((dataclasses.FrozenInstanceError, TypeError)):
            value.other = 2


def test_a_value_can_be_changed_into_another_copied_and_stored() -> None:
    value = OURS[2](1, named=3)
    assert dataclasses.replace(value, number=2) == OURS[2](1, 2, named=3)
    assert copy.deepcopy(value) == copy.copy(value) == value
    state = value.__getstate__()
    again = object.__new__(OURS[2])
    again.__setstate__(state)
    assert again == value


def test_a_value_of_a_module_passes_through_pickle() -> None:
    from mynacard.apdu.commands import ReadBinary

    assert pickle.loads(pickle.dumps(ReadBinary(7, 8))) == ReadBinary(7, 8)


@pytest.mark.parametrize("options", [{}, {"frozen": True}, {"slots": True}, {"frozen": True, "order": True}], ids=str)
def test_other_dataclasses_are_the_standard_librarys_own(options: dict[str, bool]) -> None:
    made_here = _dataclasses.dataclass(**options)(type("Some", (), {"__annotations__": {"x": int}}))
    assert made_here.__init__.__code__.co_filename == "<string>"
    assert made_here.__eq__.__code__.co_filename == "<string>"
    assert made_here(1) == made_here(1)

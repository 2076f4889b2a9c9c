"""Shared by tests: the vectors, cards that give the answers a test wants, and the search for a leaked secret."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Final, TypeAlias, cast

import mynacard

VECTORS: Final = Path(__file__).resolve().parent.parent / "vectors"
SOURCE: Final = Path(mynacard.__path__[0]).resolve()

SCRIPT: Final = f"""#!/bin/sh
'''exec' '{sys.executable}' -IS "$0" "$@"
' '''
"""
"""How a script for this Python begins: the first line of a script cannot have a path with a space in it."""
CANARY: Final = "7391"
"""A PIN that occurs nowhere else: wherever a test finds it, it was leaked."""


# --- vectors -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Vector:
    """One row of a vector file. Its fields are read by kind, so that a row of another kind fails loudly."""

    id: str
    fields: Mapping[str, object]

    def has(self, name: str) -> bool:
        return name in self.fields

    def data(self, name: str) -> bytes:
        """Bytes, from hexadecimal digits or a list of parts."""
        return from_hex(self.fields[name])

    def text(self, name: str) -> str:
        value = self.fields[name]
        assert isinstance(value, str), (self.id, name)
        return value

    def number(self, name: str) -> int:
        value = self.fields[name]
        assert isinstance(value, int), (self.id, name)
        return value

    def number_or_none(self, name: str) -> int | None:
        """The number; None if the row does not have it, or has null."""
        return None if self.fields.get(name) is None else self.number(name)

    def flag(self, name: str, default: bool) -> bool:
        value = self.fields.get(name, default)
        assert isinstance(value, bool), (self.id, name)
        return value

    def row(self, name: str) -> Mapping[str, object]:
        value = self.fields[name]
        assert isinstance(value, dict), (self.id, name)
        return cast(dict[str, object], value)

    def rows(self, name: str) -> list[list[object]]:
        value = self.fields[name]
        assert isinstance(value, list), (self.id, name)
        return cast(list[list[object]], value)


def from_hex(value: object) -> bytes:
    """The bytes of hexadecimal digits, of ``{"repeat": …, "times": …}``, or of a list of both."""
    match value:
        case str():
            return bytes.fromhex(value)
        case {"repeat": str(part), "times": int(times)}:
            return bytes.fromhex(part) * times
        case list():
            return b"".join(from_hex(part) for part in cast(list[object], value))
        case _:
            raise AssertionError(f"no bytes: {value!r}")


def vector_file(name: str) -> dict[str, object]:
    """All of ``vectors/``*name*."""
    return cast(dict[str, object], json.loads((VECTORS / name).read_text(encoding="utf-8")))


def vectors(name: str, *having: str) -> list[Vector]:
    """The rows of ``vectors/``*name* that have all fields in *having*."""
    rows = cast(list[dict[str, object]], vector_file(name)["vectors"])
    found = [Vector(str(row["id"]), row) for row in rows]
    return [vector for vector in found if all(vector.has(field) for field in having)]


def id_of(vector: Vector) -> str:
    return vector.id


# --- cards -------------------------------------------------------------------------------------------

Answer: TypeAlias = str | bytes | BaseException
"""The behaviour of a card: an answer (bytes, or hexadecimal digits) or a failure."""


def _given(answer: Answer) -> bytes:
    if isinstance(answer, BaseException):
        raise answer
    return bytes.fromhex(answer) if isinstance(answer, str) else answer


class CardThat:
    """A card that gets every answer from *answer*, and keeps the commands that it was sent."""

    def __init__(self, answer: Callable[[bytes], Answer]) -> None:
        self._answer = answer
        self.sent: list[bytes] = []

    def transmit(self, command: bytes, /) -> bytes:
        self.sent.append(command)
        return _given(self._answer(command))

    @property
    def sent_hex(self) -> list[str]:
        return [command.hex().upper() for command in self.sent]

    @property
    def verifies(self) -> list[bytes]:
        """The commands among those sent that presented a PIN."""
        return [command for command in self.sent if command[1] == 0x20 and len(command) > 4]


class ScriptedCard(CardThat):
    """A card that expects the commands of *script* in their order, and gives the answer of each."""

    def __init__(self, script: Iterable[tuple[str, Answer]]) -> None:
        super().__init__(self._next)
        self.rest = list(script)

    def _next(self, command: bytes) -> Answer:
        assert self.rest, f"nothing more was expected, and {command.hex().upper()} came"
        expected, answer = self.rest.pop(0)
        assert command == bytes.fromhex(expected), f"{command.hex().upper()} came, expected was {expected}"
        return answer


# --- secrets -----------------------------------------------------------------------------------------


def spellings(secret: str) -> list[str]:
    """The ways in which *secret* could be written somewhere: unchanged, in hexadecimal digits, as numbers."""
    raw = secret.encode()
    return [secret, raw.hex(), raw.hex(" "), repr(list(raw))[1:-1], repr(tuple(secret))[1:-1]]


def tells(text: str, secret: str = CANARY) -> bool:
    """Whether *text* gives *secret* away. The addresses of objects are ignored, since they may hold any digits."""
    text = re.sub(r" at 0x[0-9A-Fa-f]+", "", text).lower()
    return any(spelling.lower() in text for spelling in spellings(secret))


def chain(error: BaseException) -> list[BaseException]:
    """*error* and all errors that led to it, by cause and by context, shown or suppressed."""
    found = [error]
    for each in found:
        for below in (each.__cause__, each.__context__):
            if below is not None and not any(below is one for one in found):
                found.append(below)
    return found


def leaks(error: BaseException, secret: str = CANARY) -> list[str]:
    """The places where *error*, or one that led to it, gives *secret* away: texts, and our local variables."""
    found: list[str] = []
    for each in chain(error):
        said = [str(each), repr(each), *map(repr, each.args), *getattr(each, "__notes__", ()), repr(vars(each))]
        found += [f"{type(each).__name__}: {text}" for text in said if tells(text, secret)]
        for frame in _frames(each):
            if Path(frame.f_code.co_filename).resolve().is_relative_to(SOURCE):
                local = [name for name, value in frame.f_locals.items() if tells(repr(value), secret)]
                found += [f"{frame.f_code.co_qualname}: {name}" for name in local]
    return found


def _frames(error: BaseException) -> Iterator[FrameType]:
    traceback = error.__traceback__
    while traceback is not None:
        yield traceback.tb_frame
        traceback = traceback.tb_next

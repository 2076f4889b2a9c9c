"""The conversations of vectors/residence/dialogues.json, with made-up bytes where their sources do not give any."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import cast

from mynacard.residence.agreement import Half, NumberKey, session_key
from mynacard.residence.card import SUITES
from mynacard.residence.messaging import SessionKey
from mynacard.residence.number import CardNumber
from tests.support import Vector, from_hex, vectors

AGREEMENTS = {row.id: row for row in vectors("residence/agreement.json")}


@dataclass(frozen=True)
class Agreement:
    """A row of agreement.json."""

    row: Vector

    @property
    def number(self) -> CardNumber:
        return CardNumber(self.row.text("number"))

    @property
    def number_text(self) -> str:
        return self.row.text("number")

    @property
    def generation(self) -> int:
        return self.row.number("generation")

    @property
    def terminal(self) -> bytes:
        """The terminal's random bytes."""
        return self.row.data("rnd_ifd") + self.row.data("k_ifd")

    @property
    def card(self) -> bytes:
        """The card's random bytes, in the order in which it draws them."""
        return self.row.data("rnd_icc") + self.row.data("k_icc")

    @property
    def key(self) -> NumberKey:
        return NumberKey.of(SUITES[self.generation], self.number)

    @property
    def session(self) -> SessionKey:
        return session_key(SUITES[self.generation], Half.of(self.terminal), Half.of(self.card))


def agreement_of(row: Vector) -> Agreement:
    """The agreement in a row of agreement.json, or the one that a dialogue names."""
    return Agreement(AGREEMENTS[row.text("agreement")] if row.has("agreement") else row)


def content(value: object) -> bytes:
    """Bytes in the usual notation, ramps, and a pattern where the source gives none."""
    match value:
        case {"ramp": [int(a), int(b), int(m)], "times": int(times)}:
            return bytes((a * i + b) % m for i in range(times))
        case {"any": int(count)}:
            return bytes(i % 251 + 1 for i in range(count))
        case list():
            return b"".join(content(part) for part in cast(list[object], value))
        case _:
            return from_hex(value)


@dataclass(frozen=True)
class Expected:
    """A source's account of an answer."""

    value: object

    @property
    def wire(self) -> bytes | None:
        """The complete answer, if the source gives it."""
        return None if isinstance(self.value, dict) else content(self.value)

    @property
    def plain(self) -> bytes | None:
        """The data in the clear, without status word, as far as the source gives it."""
        return content(self.value["plain"]) if isinstance(self.value, dict) and "plain" in self.value else None

    def agrees(self, answer: bytes) -> bool:
        if not isinstance(self.value, dict):
            return answer == self.wire
        data = answer[:-2]
        return (
            answer.endswith(b"\x90\x00")
            and data.startswith(bytes.fromhex(self.value["begins"]))
            and data.endswith(bytes.fromhex(self.value.get("ends", "")))
            and len(data) == self.value["length"]
            and self.value.get("sha256", hashlib.sha256(data).hexdigest().upper())
            == hashlib.sha256(data).hexdigest().upper()
        )


def steps(row: Vector) -> list[tuple[bytes, Expected]]:
    return [(from_hex(command), Expected(answer)) for command, answer in row.rows("steps")]


def files(row: Vector) -> dict[tuple[str, int], bytes]:
    """The contents of the card, by DF and short identifier."""
    found = {}
    for name, value in row.row("files").items():
        df, sfi = name.split("/")
        found[df, int(sfi, 16)] = content(value)
    return found

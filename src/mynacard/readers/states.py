"""The state of a reader, as a value."""

from __future__ import annotations

from mynacard._dataclasses import dataclass
from mynacard.readers.library import State, Status

__all__ = ["ReaderState", "reader_states"]


@dataclass(frozen=True, slots=True)
class ReaderState:
    """A reader as it was when asked.

    Attributes:
        name: the name that PC/SC gives it; it may change when readers are plugged in.
        card_present: whether a card is on it, or something like a card.
        mute: whether that card does not answer.
        in_use: whether a program is connected to the card.
        exclusive: whether that program does not share it.
        atr: the card's answer to reset; empty without a card. It does not tell one kind of card from another.
        events: how many times a card has come or gone, if PC/SC counts that. Another card has another number.
    """

    name: str
    card_present: bool = False
    mute: bool = False
    in_use: bool = False
    exclusive: bool = False
    atr: bytes = b""
    events: int = 0

    def answers_to(self, part: str) -> bool:
        """Whether *part* is in its name, ignoring case; an empty *part* is in every name."""
        return part.casefold() in self.name.casefold()


def reader_states(statuses: tuple[Status, ...]) -> tuple[ReaderState, ...]:
    """*statuses* as values."""
    return tuple(_reader_state(*status) for status in statuses)


def _reader_state(name: str, bits: int, atr: bytes) -> ReaderState:
    state = State(bits & 0xFFFF)
    return ReaderState(
        name,
        card_present=bool(state & State.PRESENT),
        mute=bool(state & State.MUTE),
        in_use=bool(state & (State.IN_USE | State.EXCLUSIVE)),
        exclusive=bool(state & State.EXCLUSIVE),
        atr=atr,
        events=bits >> 16,
    )

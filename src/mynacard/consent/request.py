"""What a holder is asked in a window, what may be answered, and the door through which it passes."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Protocol, TypeAlias

from mynacard._dataclasses import dataclass
from mynacard.apdu.pins import PinReference, PinStatus, TriesLeft
from mynacard.pin import AtKeypad, Pin

__all__ = [
    "Act",
    "Answer",
    "Asker",
    "ConsentRequest",
    "Document",
    "Door",
    "Notice",
    "Page",
    "Program",
    "Refusal",
    "spends_last_try",
]


class Act(Enum):
    """What the holder is asked to allow."""

    LOG_IN = "log-in"
    READ_SIGNING_CERTIFICATE = "read-signing-certificate"
    SIGN = "sign"
    OTHER = "other"  # what the request's purpose says


@dataclass(frozen=True, slots=True)
class Page:
    """A web page asks.

    Attributes:
        origin: its origin, as the browser wrote it (ASCII, names in Punycode).
    """

    origin: str


@dataclass(frozen=True, slots=True)
class Document:
    """A command asks, about a document on this computer.

    Attributes:
        name: the document's name, for people.
    """

    name: str


@dataclass(frozen=True, slots=True)
class Program:
    """Another program on this computer asks.

    Attributes:
        name: its name, for people.
    """

    name: str


Asker: TypeAlias = Page | Document | Program


@dataclass(frozen=True, slots=True)
class ConsentRequest:
    """One request: everything that the holder should know before typing.

    Attributes:
        asker: who asks.
        act: what for.
        pin: which PIN, and so which key.
        status: how many tries are left.
        signatures: how many signatures will be made.
        seconds: how long the request is still valid.
        hash_name: the hash function of what is signed, such as ``SHA-256``, where only a hash is known.
        digest: that hash.
        incorrect: whether the PIN typed a moment ago was wrong.
        keypad: how to ask at the reader's keypad; None if the PIN is typed into the window.
        purpose: what it is for, in a sentence of the asker's, to show in the words for the act's place.
    """

    asker: Asker
    act: Act
    pin: PinReference
    status: PinStatus
    signatures: int
    seconds: float
    hash_name: str = ""
    digest: bytes = b""
    incorrect: bool = False
    keypad: AtKeypad | None = None
    purpose: str = ""


def spends_last_try(status: PinStatus) -> bool:
    """Whether a wrong PIN may block the card: a door then asks for a second, explicit confirmation."""
    return not (isinstance(status, TriesLeft) and status.count > 1)


class Refusal(Enum):
    """Why there is no PIN."""

    CANCELLED = "cancelled"
    TIMED_OUT = "timed-out"
    CLOSED = "closed"  # the window was killed, hung or answered nonsense, or close() was called
    BUSY = "busy"  # another dialog is open, in this or another process
    NO_DOOR = "no-door"  # there is no keypad, display or terminal to ask at


Answer: TypeAlias = Pin | AtKeypad | Refusal


class Notice(Enum):
    """What keeps a request from going on, and what the holder can do about it in front of an open window."""

    NO_READER = "no-reader"
    NO_CARD = "no-card"
    OTHER_CARD = "other-card"  # no Individual Number Card, or not the one that the page knows
    CARD_REMOVED = "card-removed"
    CARD_BUSY = "card-busy"
    NO_CERTIFICATE = "no-certificate"
    PIN_BLOCKED = "pin-blocked"


class Door(Protocol):
    """One way of asking. An instance serves one dialog, which may ask and tell several times.

    Nothing here raises because of what the holder, a window or another program did.
    """

    def ask(self, request: ConsentRequest, /) -> Answer:
        """Ask for the PIN; returns after ``request.seconds`` at the latest."""
        ...

    def tell(self, asker: Asker, notice: Notice, /, *, seconds: float, settled: Callable[[], bool]) -> Refusal | None:
        """Show *notice* until *settled* says that it no longer holds; None then.

        *settled* is called again and again, from the calling thread. The holder can cancel.
        """
        ...

    def close(self) -> None:
        """End the dialog at once, from any thread: :meth:`ask` and :meth:`tell` return a refusal, now and later."""
        ...

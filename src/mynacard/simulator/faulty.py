"""Faulty cards: a card around a card that puts faults into its answers.

Sans-IO: the function that sleeps for a delay, and the source of another key, are passed in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from mynacard._dataclasses import dataclass
from mynacard.apdu.commands import Command, ComputeDigitalSignature, GetResponse, ReadBinary, ReadBinarySfi, decode
from mynacard.apdu.message import Card, CommandApdu, ResponseApdu
from mynacard.apdu.status import StatusWord
from mynacard.errors import CardRemovedError, ProtocolError, UsageError
from mynacard.simulator.faults import DESK, LASTING, Armed, Fault, FaultKind
from mynacard.simulator.files import BadInput, SoftKey
from mynacard.simulator.powered import Around, PoweredCard
from mynacard.texts import N_

__all__ = ["FaultyAnswers", "FaultyCard", "FaultyPoweredCard", "Means"]

_FAULT: Final = b"\x6f\x00"
_DONE: Final = b"\x90\x00"
_FALSE_ENDS: Final = {
    FaultKind.FALSE_END_6B00: b"\x6b\x00",
    FaultKind.FALSE_END_6986: b"\x69\x86",
    FaultKind.FALSE_END_EMPTY: _DONE,
}
"""What is answered behind the false end of an EF."""
_WRONG_LE: Final = b"\x6c\x00"
_SHORT_MAX: Final = 256
_GARBAGE_MAX: Final = 300
_REMOVALS: Final = frozenset({FaultKind.REMOVED, FaultKind.REMOVED_DURING, FaultKind.REMOVED_AFTER})

Transmit = Callable[[bytes], bytes]


def _no_key() -> bytes:
    raise UsageError(N_("A foreign signature needs another key, and none was given."))


@dataclass(frozen=True, slots=True)
class Means:
    """Functions that some faults need from outside.

    Attributes:
        sleep: waits for a number of seconds; called for *delay* and *slow-first-command*.
        foreign_key_der: returns another RSA key, PKCS #8 DER; called for the first *foreign-signature*.
    """

    sleep: Callable[[float], None] = lambda _: None
    foreign_key_der: Callable[[], bytes] = _no_key


class FaultyAnswers:
    """Puts faults into one card's answers, and keeps those that last."""

    def __init__(self, means: Means = Means()) -> None:
        self._means = means
        self._lasting: list[Fault] = []
        self._block: bytes | None = None
        self._foreign_key: SoftKey | None = None

    def answer(self, fault: Fault | None, command: bytes, transmit: Transmit, *, first: bool) -> bytes:
        """The answer to *command*, at which *fault* occurs: made from the card's, which *transmit* gets.

        Args:
            fault: the fault at this APDU; one of :data:`~mynacard.simulator.faults.LASTING` stays from here on.
            command: the command APDU.
            transmit: sends a command to the card.
            first: whether it is the first command since the card got power.

        Raises:
            UsageError: a foreign signature is due, and the :class:`Means` have no other key.
            CardFileError: that key is not an RSA key.
        """
        if fault is not None and fault.kind in LASTING:
            self._lasting.append(fault)
        for slow in self._all(FaultKind.SLOW_FIRST_COMMAND) if first else ():
            self._means.sleep(slow.code / 1000)
        refused = self._refusal(fault, first=first)
        if refused is not None:
            return refused
        answer = self._lastingly(command, transmit)
        return answer if fault is None else self._once(fault, command, answer)

    def _all(self, kind: FaultKind) -> list[Fault]:
        return [fault for fault in self._lasting if fault.kind is kind]

    def _refusal(self, fault: Fault | None, *, first: bool) -> bytes | None:
        """The answer given instead of the card's, which does not see the command."""
        if fault is not None and fault.kind is FaultKind.STATUS:
            return bytes(ResponseApdu(status=StatusWord(fault.code)))
        if first and self._all(FaultKind.FIRST_COMMAND_FAULT):
            return _FAULT
        return _WRONG_LE if self._all(FaultKind.WRONG_LE_FOR_EVER) else None

    def _once(self, fault: Fault, command: bytes, answer: bytes) -> bytes:
        match fault.kind:
            case FaultKind.ONE_BYTE:
                return answer[:1]
            case FaultKind.OVER_LONG:
                return _over_long(command, answer)
            case FaultKind.GARBAGE:
                return _garbage(fault.code)
            case FaultKind.DELAY:
                self._means.sleep(fault.code / 1000)
                return answer
            case _:
                return answer

    def _lastingly(self, command: bytes, transmit: Transmit) -> bytes:
        asked = _decoded(command)
        if self._all(FaultKind.MORE_FOR_EVER):
            return _more(asked, command, transmit)
        answer = transmit(command)
        for fault in self._lasting:
            if answer.endswith(_DONE) and len(answer) > len(_DONE):
                answer = self._changed(fault, asked, answer)
        return answer

    def _changed(self, fault: Fault, asked: Command | None, answer: bytes) -> bytes:
        match fault.kind, asked:
            case FaultKind.TRUNCATED, _:
                return answer[:-2][:_SHORT_MAX] + answer[-2:]
            case FaultKind.REPEATED_BLOCK, ReadBinary(ne=ne) | ReadBinarySfi(ne=ne):
                self._block = answer[:-2] if self._block is None else self._block
                return self._block[:ne] + answer[-2:]
            case kind, ReadBinary(offset=offset) | ReadBinarySfi(offset=offset) if kind in _FALSE_ENDS:
                return _ended(fault, offset, answer)
            case FaultKind.WRONG_SIGNATURE, ComputeDigitalSignature():
                return answer[:-3] + bytes((answer[-3] ^ 0x01,)) + answer[-2:]
            case FaultKind.FOREIGN_SIGNATURE, ComputeDigitalSignature():
                return self._foreign(asked)
            case _:
                return answer

    def _foreign(self, asked: ComputeDigitalSignature) -> bytes:
        if self._foreign_key is None:
            self._foreign_key = SoftKey(self._means.foreign_key_der())
        try:
            return bytes(ResponseApdu(self._foreign_key.compute(asked.scheme, asked.input)))
        except BadInput:  # the card that answered accepts inputs that the simulator does not
            return _FAULT


class FaultyCard:
    """A card around *card*: *faults* occur at its APDUs, counted from 1. A :class:`~mynacard.apdu.message.Card`.

    A removed card stays away, with a :class:`~mynacard.errors.CardRemovedError`.

    Raises:
        UsageError: two faults at one APDU, or one that needs a reader on a desk (``reset``, ``unplugged``, …): only
            a door has those.
    """

    def __init__(self, card: Card, faults: Iterable[Fault], means: Means = Means()) -> None:
        faults = tuple(faults)
        for fault in faults:
            if fault.kind in DESK - _REMOVALS:
                raise UsageError(N_("{fault} needs a reader on a desk: a door has one."), fault=str(fault))
        self._inside = card
        self._armed = Armed(faults)
        self._answers = FaultyAnswers(means)
        self._there = self._first = True

    def transmit(self, command: bytes, /) -> bytes:
        """The card's answer, with the fault that occurs at this APDU.

        Raises:
            CardRemovedError: the card is removed at this APDU, or was before.
            UsageError, CardFileError: as :meth:`FaultyAnswers.answer`.
        """
        fault = self._armed.at_next_apdu()
        first, self._first = self._first, False
        removal = fault.kind if fault is not None and fault.kind in _REMOVALS else None
        if not self._there or removal is FaultKind.REMOVED:
            self._lose()
        answer = self._answers.answer(fault, command, self._inside.transmit, first=first)
        if removal is FaultKind.REMOVED_DURING:
            self._lose()
        self._there = removal is not FaultKind.REMOVED_AFTER
        return answer

    def _lose(self) -> None:
        self._there = False
        raise CardRemovedError(N_("The card was removed."))

    def powered(self) -> None:
        """The card has power again: it is back on its reader, and its next command is its first."""
        self._there = self._first = True


class FaultyPoweredCard(Around):
    """The same around a card with contacts. Power brings a removed card back, as if it were placed there again."""

    def __init__(self, card: PoweredCard, faults: Iterable[Fault], means: Means = Means()) -> None:
        super().__init__(card)
        self._faulty = FaultyCard(card, faults, means)

    def power_on(self) -> bytes:
        self._faulty.powered()
        return super().power_on()

    def transmit(self, command: bytes, /) -> bytes:
        """The card's answer; raises as :meth:`FaultyCard.transmit` does."""
        return self._faulty.transmit(command)


def _decoded(command: bytes) -> Command | None:
    """*command*, decoded; None where no form fits it."""
    try:
        return decode(CommandApdu.parse(command))
    except ProtocolError:
        return None


def _ended(fault: Fault, offset: int, answer: bytes) -> bytes:
    """*answer* to READ BINARY at *offset*, as if the EF ended where *fault* says."""
    if offset >= fault.code:
        return _FALSE_ENDS[fault.kind]
    return answer[: -len(_DONE)][: fault.code - offset] + _DONE


def _ne(command: bytes) -> int:
    try:
        return CommandApdu.parse(command).ne
    except ProtocolError:
        return 0


def _more(asked: Command | None, command: bytes, transmit: Transmit) -> bytes:
    """'61XX', after one byte of data if any is wanted."""
    if not isinstance(asked, GetResponse):
        transmit(command)
    return b"\x00\x61\x01" if _ne(command) else b"\x61\x01"


def _over_long(command: bytes, answer: bytes) -> bytes:
    nr = _ne(command) + 1
    return (answer[:-2] + bytes(nr))[:nr] + answer[-2:]


def _garbage(seed: int) -> bytes:
    """2 to 301 bytes that depend only on *seed*."""
    stream = b"".join(_blocks(seed))
    return stream[2 : 4 + int.from_bytes(stream[:2]) % _GARBAGE_MAX]


def _blocks(seed: int) -> Iterator[bytes]:
    for number in range(_GARBAGE_MAX // 32 + 1):
        yield hashlib.sha256(b"garbage %d %d" % (seed, number)).digest()

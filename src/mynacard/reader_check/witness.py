"""Watches what passes between the checks and the card, and remembers every exchange that was not as it should be.

An answer is compared with the standard's form, with the same question's earlier answer, and with the bytes of the file
that were read before, however they were read. Errors, answers without a status word, and stalls are remembered too, so
that a second try that succeeds hides nothing.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Generator, Hashable
from contextlib import contextmanager
from dataclasses import field
from typing import Final

from mynacard import errors
from mynacard._dataclasses import dataclass
from mynacard.apdu import commands
from mynacard.apdu.keypad import TypedCommand, with_keys
from mynacard.apdu.message import Card, CommandApdu
from mynacard.apdu.secrecy import carries_secret, told
from mynacard.jpki import DF_NAME
from mynacard.jpki.layout import APPLICATION
from mynacard.recordings.recording import Exchange
from mynacard.recordings.showing.words import describe

__all__ = ["Incident", "Line", "Watched", "Witness"]

_STALL_S: Final = 1.0
_SIGNATURE_S: Final = 3.0
"""An answer that takes this much longer than its bytes account for is a stall; a card takes time to sign."""
_SLOW_BYTE_S: Final = 0.001
"""A byte's time on the slowest wires (9,600 baud, ISO/IEC 7816-3:2006 §8.3), until it is measured."""
_FAST_BYTE_S: Final = 0.00001
_WRONG_LE: Final = 0x6C
_SHORT: Final = 256
"""An Ne that every reader passes."""
_SHOWN: Final = 90
_HAS_DATA: Final = (0x90, 0x61, 0x62, 0x63, 0x6C)


@dataclass(frozen=True, slots=True)
class Incident:
    """Something that was not as it should be.

    Attributes:
        command: the command, or another step, in words.
        at_s: seconds from the start of the run to it.
        took_s: its duration in seconds.
        came: what came, in words.
        grave: whether wrong bytes came, which a second try does not put right.
    """

    command: str
    at_s: float
    took_s: float
    came: str
    grave: bool = False

    def __str__(self) -> str:
        return f"{self.command}, at {self.at_s:.1f} s: {self.came}, after {self.took_s * 1000:,.0f} ms"


@dataclass
class Witness:
    """Everything that is known of the card's answers, and the incidents since the last :meth:`take`.

    Attributes:
        clock: seconds from any moment on.
        byte_s: the time that a byte takes at most, in seconds.
        ne_max: the largest Ne that passes; None until it is known. What comes after a larger one shows only a limit.
        lengths: the lengths of files in bytes, by short identifier.
    """

    clock: Callable[[], float] = time.perf_counter
    byte_s: float = _SLOW_BYTE_S
    ne_max: int | None = None
    lengths: dict[int, int] = field(default_factory=dict[int, int])
    _incidents: list[Incident] = field(default_factory=list[Incident])
    _files: dict[int, bytes] = field(default_factory=dict[int, bytes])
    _answers: dict[Hashable, Counter[str]] = field(default_factory=dict[Hashable, Counter[str]])
    _expected: bool = False

    def __post_init__(self) -> None:
        self._began = self.clock()

    def measured(self, byte_s: float) -> None:
        """Expect answers as fast as a byte's time *byte_s* allows, in seconds."""
        self.byte_s = max(byte_s, _FAST_BYTE_S)

    def note(self, command: str, since: float, took_s: float, came: str, *, grave: bool = False) -> None:
        """Remember that *command*, which began at *since* by the clock, was not answered as it should be."""
        self._incidents.append(Incident(command, since - self._began, took_s, came, grave))

    def failed(self, command: str, since: float, error: errors.MynacardError) -> None:
        """Remember that *error* came, unless a check expects errors now."""
        if not self._expected:
            self.note(command, since, self.clock() - since, f"{error.code}: {error.text()}".rstrip("."))

    def take(self) -> tuple[Incident, ...]:
        """The incidents since the last call."""
        taken, self._incidents = tuple(self._incidents), []
        return taken

    def mark(self) -> int:
        """A place to come back to with :meth:`forgive`."""
        return len(self._incidents)

    def forgive(self, mark: int) -> None:
        """Forget the incidents since *mark* in which nothing wrong came: they show a limit of the reader."""
        self._incidents[mark:] = [incident for incident in self._incidents[mark:] if incident.grave]

    @contextmanager
    def expecting_errors(self) -> Generator[None, None, None]:
        """Remember no errors while this lasts: the check provokes them."""
        self._expected = True
        try:
            yield
        finally:
            self._expected = False

    def differs(self, question: Hashable, answer: str) -> str:
        """How *answer* differs from the usual one to the same *question*; empty if it does not."""
        before = self._answers.setdefault(question, Counter())
        ((usual, times),) = before.most_common(1) or ((answer, 0),)
        differs = before[answer] < times
        before[answer] += 1
        return f"'{answer}', where '{usual}' came before" if differs else ""

    def forget(self, question: Hashable) -> None:
        """Expect another answer to *question* from now on."""
        self._answers.pop(question, None)

    def contradicts_file(self, sfi: int, offset: int, ne: int, data: bytes) -> str:
        """How *data*, read at *offset*, contradicts what was read of the file before; empty if it does not."""
        file = self._files.get(sfi, b"")
        known = file[offset : offset + len(data)]
        if known != data[: len(known)]:
            at = next(at for at, (one, other) in enumerate(zip(known, data, strict=False)) if one != other)
            return f"{len(data):,} bytes, which differ from those read before, first at offset {offset + at:,}"
        if offset <= len(file) < offset + len(data):
            self._files[sfi] = file[:offset] + data
        wanted = min(ne, self.lengths.get(sfi, 0) - offset)
        return f"{len(data):,} bytes of {wanted:,}, and '9000'" if len(data) < wanted else ""


class Line:
    """One connection to the card, on which *witness* watches every exchange.

    Attributes:
        took_s: how long the last exchange took, in seconds.
        spent_s: how long all of them took.
    """

    def __init__(self, witness: Witness) -> None:
        self._witness = witness
        self._df_name = b""
        self._sfi = 0
        self._pin_shown = False
        self._unselected = object()
        self.took_s = self.spent_s = 0.0

    def exchange(self, command: bytes, send: Callable[[], bytes]) -> bytes:
        """The answer to *command*, which *send* sends.

        Raises:
            MynacardError: raised by *send*.
        """
        witness = self._witness
        since = witness.clock()
        try:
            answer = send()
        except errors.MynacardError as error:
            if witness.ne_max is None or _ne(command) <= witness.ne_max:
                witness.failed(self._said(command), since, error)
            raise
        self.took_s = witness.clock() - since
        self.spent_s += self.took_s
        came, grave = self._wrong(command, answer)
        if came or self._is_stall(command, answer):
            witness.note(self._said(command), since, self.took_s, came or _counted(answer), grave=grave)
        return answer

    def shows_pin(self, header: bytes) -> None:
        """A PIN changes how many tries are left; *header* is the command that asks for them."""
        self._pin_shown = True
        self._witness.forget((self._df_name, header))

    def _wrong(self, command: bytes, answer: bytes) -> tuple[str, bool]:
        """How *answer* is not as it should be, empty if it is; and whether that is grave."""
        if carries_secret(command):
            self.shows_pin(told(command))
        if len(answer) < 2:
            return "no status word", False
        if malformed := _malformed(command, answer):
            return malformed, True
        if answer[-2] == _WRONG_LE and not _ne(command):
            return f"{_counted(answer)}, which corrects an Le that was not sent", False
        return self._contradiction(command, answer)

    def _is_stall(self, command: bytes, answer: bytes) -> bool:
        base = _SIGNATURE_S if command[1:2] == b"\x2a" else _STALL_S
        return self.took_s > base + 2 * self._witness.byte_s * (len(command) + len(answer))

    def _said(self, command: bytes) -> str:
        application = APPLICATION if self._df_name == DF_NAME else ""
        said = describe(Exchange(told(command), carries_secret(command), None), application)[1]
        return said if len(said) <= _SHOWN else f"{said[:_SHOWN]}… ({len(command):,} bytes)"

    def _contradiction(self, command: bytes, answer: bytes) -> tuple[str, bool]:
        """How *answer* contradicts an earlier one, empty if it does not; and whether other bytes came."""
        status, data = answer[-2:].hex().upper(), answer[:-2]
        match _decoded(command):
            case commands.SelectDf(name=name) | commands.SelectDfFci(name=name):
                self._df_name, self._sfi = (name, 0) if status == "9000" else (self._df_name, self._sfi)
                return self._witness.differs(command, status), False
            case commands.VerifyStatus() if not self._pin_shown:
                return self._witness.differs((self._df_name or self._unselected, command), status), False
            case commands.ReadBinarySfi(sfi=sfi, offset=offset, ne=ne) if self._df_name == DF_NAME:
                self._sfi = sfi
                return self._read(offset, ne, status, data)
            case commands.ReadBinary(offset=offset, ne=ne) if self._sfi:
                return self._read(offset, ne, status, data)
            case _:
                return "", False

    def _read(self, offset: int, ne: int, status: str, data: bytes) -> tuple[str, bool]:
        if ne > (self._witness.ne_max or _SHORT):
            return "", False
        came = "data" if bytes.fromhex(status)[0] in _HAS_DATA else status
        if refused := self._witness.differs((self._sfi, "READ BINARY"), came):
            return refused, False
        if status != "9000":
            return "", False
        contradiction = self._witness.contradicts_file(self._sfi, offset, ne, data)
        return contradiction, bool(contradiction)


class Watched:
    """A card around *card*: everything that passes is watched by *witness*."""

    def __init__(self, card: Card, witness: Witness) -> None:
        self._card = card
        self._line = Line(witness)

    def transmit(self, command: bytes, /) -> bytes:
        """The card's answer; raises as the card does."""
        return self._line.exchange(command, lambda: self._card.transmit(command))

    def transmit_typed(self, command: TypedCommand, /) -> bytes:
        """The card's answer to a command whose PIN the holder types, taking any time; raises as the card does."""
        self._line.shows_pin(command.header)
        return with_keys(self._card).transmit_typed(command)


def _decoded(command: bytes) -> commands.Command | None:
    try:
        return commands.decode(CommandApdu.parse(command))
    except errors.ProtocolError:
        return None


def _ne(command: bytes) -> int:
    return CommandApdu.parse(command).ne


def _malformed(command: bytes, answer: bytes) -> str:
    """How *answer* breaks the form of a response APDU; empty if it does not.

    Source: ISO/IEC 7816-4:2005 §5.1.3: SW1 is '6X' without '60', or '9X'; no data field comes with '64' to '6F'.
    """
    nr, ne, sw1 = len(answer) - 2, _ne(command), answer[-2:-1]
    if nr > ne:
        return f"{_counted(answer)}, where at most {ne:,} bytes were asked for"
    if len(answer) >= 2 and not (b"\x61" <= sw1 <= b"\x6f" or b"\x90" <= sw1 <= b"\x9f"):
        return f"{_counted(answer)}, which is not a status word"
    if nr > 0 and b"\x64" <= sw1 <= b"\x6f":
        return f"{_counted(answer)}, which allows no data"
    return ""


def _counted(answer: bytes) -> str:
    nr = len(answer) - 2
    data = f"{nr:,} byte{'s' * (nr > 1)} and " if nr else ""
    return f"{data}'{answer[-2:].hex().upper()}'"

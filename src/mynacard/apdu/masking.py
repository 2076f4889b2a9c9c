"""Which bytes of a card's answers are personal: rules as data, and a follower that applies them to a conversation.

Anything not known to be harmless is taken as personal: an application without rules, a file that no rule names or whose
selection was not seen, the inside of an object whose beginning was not seen. Only the basic channel is followed, and
only a SELECT that says what it selects: by name, the MF by its identifier, an EF under the current DF. Everything else
that may select something, unknown instructions included, leaves the application unknown until the next SELECT by name.
So does the MF without its identifier: on some cards that selects nothing.

Source: ISO/IEC 7816-4:2005 §5.1.1 (CLA and channels), §7.1.1 (SELECT), §7.2.3 (READ BINARY), §7.3.3 (READ RECORD),
§7.6.1 (GET RESPONSE).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias

from mynacard._dataclasses import dataclass
from mynacard.apdu import tlv
from mynacard.apdu.commands import SFI_MAX
from mynacard.apdu.message import CommandApdu
from mynacard.errors import ProtocolError, TlvError

__all__ = ["EVERY_FILE", "MASTER_FILE", "ApplicationMask", "FileMask", "Follower", "Range"]

Range: TypeAlias = tuple[int, int]
"""Bytes from the first number up to, but not including, the second."""

MASTER_FILE: Final = b"\x3f\x00"
"""The file identifier of the MF, in place of a name, which it does not have."""

EVERY_FILE: Final = frozenset(range(1, SFI_MAX + 1))
"""The identifiers of all files that are followed."""

_END: Final = 1 << 31
_FILLER: Final = (b"\x00\x00", b"\xff\xff")
"""How filler begins; a single 'FF' also begins tags on these cards."""
_SELECT, _READ_BINARY, _GET_RESPONSE = 0xA4, 0xB0, 0xC0
_HARMLESS: Final = frozenset({0x20, 0x2A, 0x84, 0x88})
"""VERIFY, '80 2A', GET CHALLENGE, INTERNAL AUTHENTICATE: their answers by themselves say nothing about the holder."""
_NAMES_A_KEY: Final = frozenset({0x20, 0x24, 0x2A, 0x32, 0x88})
_PLAIN: Final = frozenset({0x00, 0x80})
"""The classes of the basic channel, without secure messaging and chaining; '80' is what these cards use it for."""
_KEEPS_THE_FILE: Final = frozenset({0x84, _READ_BINARY, _GET_RESPONSE})
_KEEPS_THE_DF: Final = _NAMES_A_KEY | _KEEPS_THE_FILE | {0x22, 0x82, 0xAE, 0xB1, 0xB2, 0xCA}
"""What these cards' applications are sent, apart from SELECT."""


@dataclass(frozen=True, slots=True)
class FileMask:
    """Something personal in a file.

    Attributes:
        file_id: the file's identifier; its short identifier as well.
        path: the tags that lead to the data object whose value is personal; empty where the whole file is.
    """

    file_id: int
    path: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ApplicationMask:
    """What is personal in the files of an application.

    Attributes:
        df_name: the application's name.
        files: what is personal in files of which the rest is shown.
        shown: the identifiers of files in which nothing is; :data:`EVERY_FILE` for cards that belong to no person. A
            file that neither names is masked whole.
    """

    df_name: bytes
    files: tuple[FileMask, ...] = ()
    shown: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class _Place:
    """The EF and offset that the bytes of an answer come from."""

    file_id: int
    offset: int


class Follower:
    """Follows a conversation between a program and a card, and says which bytes of the answers are personal."""

    def __init__(self, rules: Iterable[ApplicationMask]) -> None:
        self._rules = {rule.df_name: rule for rule in rules}
        self._application: ApplicationMask | None = None
        self._ef: int | None = None
        self._known: dict[int, bytes] = {}  # the beginnings of files, as far as they were seen without a gap
        self._rest: _Place | None = None

    def lost(self) -> None:
        """Forget what is selected: an answer did not come, so it is no longer known."""
        self._application = self._ef = self._rest = None
        self._known.clear()

    def personal(self, command: bytes, answer: bytes) -> tuple[Range, ...]:
        """The ranges of *answer* that are personal; its status word never is."""
        nr = max(len(answer) - 2, 0) if len(answer) != 1 else 1
        if len(command) < 4 or len(answer) < 2:
            self.lost()
            return _whole(nr)
        place = self._place(command)
        self._rest = None
        done = answer[-2:] == b"\x90\x00" or answer[-2] == 0x61
        if command[1] == _SELECT:
            self._select(command, done=done)
            return () if self._application is not None else _whole(nr)
        self._forget_after(command)
        if place is None:
            shown = self._application is not None and command[0] in _PLAIN and command[1] in _HARMLESS
            return () if shown else _whole(nr)
        if command[1] == _READ_BINARY and done:
            self._ef = place.file_id
        self._rest = _Place(place.file_id, place.offset + nr) if answer[-2] == 0x61 else None
        return self._in_file(place, answer[:nr])

    def _place(self, command: bytes) -> _Place | None:
        """Where the answer to *command* comes from, if that is a known file."""
        cla, ins, p1, p2 = command[:4]
        if cla != 0:
            return None
        if ins == _GET_RESPONSE:
            return self._rest
        if ins != _READ_BINARY or self._application is None:
            return None
        if p1 < 0x80:
            return None if self._ef is None else _Place(self._ef, p1 << 8 | p2)
        sfi = p1 & 0x1F
        return _Place(sfi, p2) if p1 & 0xE0 == 0x80 and 0 < sfi <= SFI_MAX else None

    def _select(self, command: bytes, *, done: bool) -> None:
        cla, _, p1, p2 = command[:4]
        is_first = p2 & 0x03 == 0  # not the last of this name, the next or the previous one
        data = _data(command) if done and cla == 0 and is_first else None
        if cla == 0 and p1 == 0x02:
            file_id = int.from_bytes(data) if data is not None and len(data) == 2 else 0
            self._ef = file_id if 0 < file_id <= SFI_MAX else None  # rules name no other files
            return
        self.lost()
        if data is not None and (p1 == 0x00 if data == MASTER_FILE else p1 == 0x04):
            self._application = self._rules.get(data)

    def _forget_after(self, command: bytes) -> None:
        """Forget what *command*, which is not a SELECT, may have made current."""
        cla, ins, _, p2 = command[:4]
        if ins not in _KEEPS_THE_DF:
            self.lost()
        elif p2 != 0x80 if ins in _NAMES_A_KEY else cla != 0 or ins not in _KEEPS_THE_FILE:
            self._ef = None  # not every card is known to make it the current one

    def _in_file(self, place: _Place, data: bytes) -> tuple[Range, ...]:
        if self._application is None:
            return ()
        paths = [rule.path for rule in self._application.files if rule.file_id == place.file_id]
        if not paths:
            return () if place.file_id in self._application.shown else _whole(len(data))
        if () in paths:
            return _whole(len(data))
        known = self._known.get(place.file_id, b"")
        if place.offset <= len(known) < place.offset + len(data):
            known = self._known[place.file_id] = known[: place.offset] + data
        ranges = _personal(known, 0, _END, paths)
        return tuple(_clipped(ranges, place.offset, place.offset + len(data)))


def _data(command: bytes) -> bytes | None:
    """The data field of *command*; None where its form is wrong."""
    try:
        return CommandApdu.parse(command).data
    except ProtocolError:
        return None


def _whole(nr: int) -> tuple[Range, ...]:
    return ((0, nr),) if nr else ()


def _personal(known: bytes, at: int, end: int, paths: list[tuple[int, ...]]) -> Iterator[Range]:
    """The personal ranges from *at* to *end* of a file that begins with *known*: where *paths* lead, or unclear."""
    while at < end:
        if known[at : at + 2] in _FILLER:
            filler = len(known[at:end]) - len(known[at:end].lstrip(known[at : at + 1]))
            yield at + filler, end
            return
        try:
            tag, start, length = tlv.read_header(known, at)
        except TlvError:
            yield at, end
            return
        inside = [path[1:] for path in paths if path[0] == tag]
        if () in inside:
            yield start, start + length
        elif inside:
            yield from _personal(known, start, start + length, inside)
        at = start + length


def _clipped(ranges: Iterable[Range], start: int, end: int) -> Iterator[Range]:
    """The parts of *ranges* between *start* and *end*, counted from *start*."""
    for first, last in ranges:
        if max(first, start) < min(last, end):
            yield max(first, start) - start, min(last, end) - start

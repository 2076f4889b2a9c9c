"""A recording: what passed between a program and a card, in lines of JSON, personal bytes masked.

docs/recordings.md describes the format. What does not have it, to the letter, is no recording.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, cast

from mynacard.apdu.masking import ApplicationMask, FileMask, Range
from mynacard.apdu.secrecy import HEADER, MASK
from mynacard.errors import CardFileError
from mynacard.texts import N_

__all__ = ["Exchange", "MaskedBytes", "Recording", "end_line", "header_line", "load", "read_recording"]

FORMAT: Final = "mynacard recording"
VERSION: Final = 1
TIMED: Final = 2
"""The version of a recording whose exchanges have their times."""
SIZE_MAX: Final = 1 << 26
_BYTES: Final = re.compile(r"(?:[0-9A-F]{2}|\*\*)*")
_MASKED: Final = re.compile(r"(?:\*\*)+")


@dataclass(frozen=True, slots=True)
class MaskedBytes:
    """Bytes; those in the ranges *masked* are not known, and 0 in *data*. Prints neither."""

    data: bytes = field(repr=False)
    masked: tuple[Range, ...] = ()

    @classmethod
    def of(cls, data: bytes, masked: tuple[Range, ...]) -> MaskedBytes:
        """*data* without what is in the ranges *masked*."""
        kept = bytearray(data)
        for start, end in masked:
            kept[start:end] = bytes(end - start)
        return cls(bytes(kept), masked)

    @classmethod
    def parse(cls, text: str) -> MaskedBytes:
        """The bytes that *text* spells, two digits or two stars each; a ValueError where it spells none."""
        if not _BYTES.fullmatch(text):
            raise ValueError
        masked = tuple((found.start() // 2, found.end() // 2) for found in _MASKED.finditer(text))
        return cls(bytes.fromhex(text.replace(MASK, "00")), masked)

    def __str__(self) -> str:
        text = self.data.hex().upper()
        for start, end in self.masked:
            text = text[: 2 * start] + MASK * (end - start) + text[2 * end :]
        return text


@dataclass(frozen=True, slots=True)
class Exchange:
    """A command and what came back.

    Attributes:
        command: the command APDU; its first four bytes alone where *secret*.
        secret: whether something followed that nobody shall know, not even its length.
        answer: the response APDU; None where none came.
        error: the code of the error that came in its place, else empty.
        at_us: microseconds from the first command to this one; None where times were not kept.
        took_us: microseconds from the command to what came back.
    """

    command: bytes = field(repr=False)
    secret: bool
    answer: MaskedBytes | None
    error: str = ""
    at_us: int | None = None
    took_us: int | None = None

    def to_line(self) -> str:
        row: dict[str, object] = {"command": self.command.hex().upper()}
        if self.secret:
            row["secret"] = True
        if self.answer is None:
            row["error"] = self.error
        else:
            row["answer"] = str(self.answer)
        if self.answer is not None and self.answer.masked:
            row["masked"] = self.answer.masked
        if self.at_us is not None and self.took_us is not None:
            row["at"], row["took"] = self.at_us, self.took_us
        return json.dumps(row)

    @classmethod
    def parse(cls, row: Mapping[str, object], *, timed: bool = False) -> Exchange:
        """The exchange that *row* is, with or without its times; a ValueError where it is none."""
        command, secret, error = row.get("command"), row.get("secret", False), row.get("error", "")
        answer = row.get("answer")
        if not (isinstance(command, str) and isinstance(secret, bool) and isinstance(error, str)):
            raise ValueError
        told = MaskedBytes.parse(answer) if isinstance(answer, str) else None
        at, took = (_time(row.get(name)) if timed else None for name in ("at", "took"))
        found = cls(bytes.fromhex(command), secret, told, error, at, took)
        if json.loads(found.to_line()) != row or (secret and len(found.command) != HEADER):
            raise ValueError
        return found


def _time(value: object) -> int:
    if type(value) is not int or not 0 <= value < 1 << 53:
        raise ValueError
    return value


@dataclass(frozen=True, slots=True)
class Recording:
    """Exchanges in their order, and *about*: what was recorded, in the words of whoever did."""

    exchanges: tuple[Exchange, ...]
    about: Mapping[str, str]


def header_line(rules: tuple[ApplicationMask, ...], about: Mapping[str, str], *, timed: bool = False) -> str:
    """The first line: which format, what about, and by which rules bytes are masked."""
    masked = [{"df_name": rule.df_name.hex().upper(), "files": [_rule(file) for file in rule.files]} for rule in rules]
    version = TIMED if timed else VERSION
    return json.dumps({"format": FORMAT, "version": version, "about": dict(about), "masked": masked})


def _rule(file: FileMask) -> dict[str, object]:
    return {"file_id": f"{file.file_id:04X}", "path": [f"{tag:X}" for tag in file.path]}


def end_line(count: int) -> str:
    """The last line, without which a recording was cut off."""
    return json.dumps({"end": count})


def read_recording(path: Path) -> Recording:
    """The recording in the file *path*.

    Raises:
        CardFileError: there is none, or it is damaged, cut off, or of another version.
    """
    try:
        with path.open("rb") as file:
            content = file.read(SIZE_MAX + 1)
    except OSError as error:
        raise CardFileError(
            N_("The recording {path} cannot be read: {reason}."), path=str(path), reason=error.strerror or "?"
        ) from error
    return load(content, str(path))


def load(content: bytes, name: str) -> Recording:
    """The recording whose file has *content*; *name* is for the error."""
    lines = content.split(b"\n")
    header = _row(lines[0])
    if header is None or header.get("format") != FORMAT or len(content) > SIZE_MAX:
        raise CardFileError(N_("{path} is no recording of a card."), path=name)
    if header.get("version") not in (VERSION, TIMED) or isinstance(header.get("version"), bool):
        raise CardFileError(N_("The recording {path} has another version of the format."), path=name)
    if len(lines) < 3 or lines[-1] or lines[-2] != end_line(len(lines) - 3).encode():
        raise CardFileError(N_("The recording {path} was cut off: its last line is missing."), path=name)
    timed = header.get("version") == TIMED
    exchanges = tuple(_exchange(line, name, at, timed) for at, line in enumerate(lines[1:-2], 2))
    return Recording(exchanges, _about(header, name))


def _about(header: Mapping[str, object], name: str) -> Mapping[str, str]:
    about = header.get("about")
    found = cast(dict[str, object], about) if isinstance(about, dict) else {"": None}
    if not all(isinstance(text, str) for text in found.values()):
        raise _damaged(name, 1)
    return {word: str(text) for word, text in found.items()}


def _exchange(line: bytes, name: str, at: int, timed: bool) -> Exchange:
    row = _row(line)
    if row is None:
        raise _damaged(name, at)
    try:
        return Exchange.parse(row, timed=timed)
    except ValueError:
        raise _damaged(name, at) from None


def _row(line: bytes) -> dict[str, object] | None:
    """The JSON object that *line* is, if it is one."""
    try:
        row: object = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return cast(dict[str, object], row) if isinstance(row, dict) else None


def _damaged(name: str, at: int) -> CardFileError:
    return CardFileError(N_("The recording {path} is damaged in line {line}."), path=name, line=at)

"""The format of recordings: lines of JSON, as docs/recordings.md describes them; the parser takes nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final, cast

from mynacard.apdu.masking import ApplicationMask, FileMask
from mynacard.apdu.secrecy import HEADER
from mynacard.errors import CardFileError
from mynacard.recordings.recording import Exchange, MaskedBytes, Recording
from mynacard.texts import N_

__all__ = ["SIZE_MAX", "end_line", "exchange_line", "header_line", "load"]

FORMAT: Final = "mynacard recording"
VERSION: Final = 1
TIMED: Final = 2
"""The version of a recording whose exchanges have times."""
SIZE_MAX: Final = 1 << 26
"""The longest file in bytes; a longer one is refused."""
_TIME_END: Final = 1 << 53
"""From this number on, not every JSON parser is exact."""


def header_line(rules: tuple[ApplicationMask, ...], about: Mapping[str, str], *, timed: bool = False) -> str:
    """The first line: the format, the description *about* the recording, and the rules by which bytes are masked."""
    masked = [{"df_name": rule.df_name.hex().upper(), "files": [_rule(file) for file in rule.files]} for rule in rules]
    version = TIMED if timed else VERSION
    return json.dumps({"format": FORMAT, "version": version, "about": dict(about), "masked": masked})


def _rule(file: FileMask) -> dict[str, object]:
    return {"file_id": f"{file.file_id:04X}", "path": [f"{tag:X}" for tag in file.path]}


def exchange_line(exchange: Exchange) -> str:
    """The line of *exchange*."""
    row: dict[str, object] = {"command": exchange.command.hex().upper()}
    if exchange.secret:
        row["secret"] = True
    if exchange.answer is None:
        row["error"] = exchange.error
    else:
        row["answer"] = str(exchange.answer)
    if exchange.answer is not None and exchange.answer.masked:
        row["masked"] = exchange.answer.masked
    if exchange.at_us is not None and exchange.took_us is not None:
        row["at"], row["took"] = exchange.at_us, exchange.took_us
    return json.dumps(row)


def end_line(count: int) -> str:
    """The last line, after *count* exchanges; without it a recording counts as cut off."""
    return json.dumps({"end": count})


def load(content: bytes, name: str) -> Recording:
    """The recording in a file's *content*; *name* is for the error.

    Raises:
        CardFileError: it is not a recording, is damaged or cut off, or has another version.
    """
    lines = content.split(b"\n")
    header = _row(lines[0])
    if header is None or header.get("format") != FORMAT or len(content) > SIZE_MAX:
        raise CardFileError(N_("{path} is not a recording of a card."), path=name)
    if header.get("version") not in (VERSION, TIMED) or isinstance(header.get("version"), bool):
        raise CardFileError(N_("The recording {path} has an unknown version of the format."), path=name)
    if len(lines) < 3 or lines[-1] or lines[-2] != end_line(len(lines) - 3).encode():
        raise CardFileError(N_("The recording {path} was cut off: its last line is missing."), path=name)
    timed = header.get("version") == TIMED
    exchanges = tuple(_exchange(line, name, at, timed) for at, line in enumerate(lines[1:-2], 2))
    return Recording(exchanges, _about(header, name))


def _about(header: Mapping[str, object], name: str) -> Mapping[str, str]:
    about = header.get("about")
    texts = cast(dict[str, object], about) if isinstance(about, dict) else {"": None}
    if not all(isinstance(text, str) for text in texts.values()):
        raise _damaged(name, 1)
    return {word: str(text) for word, text in texts.items()}


def _exchange(line: bytes, name: str, at: int, timed: bool) -> Exchange:
    row = _row(line)
    if row is None:
        raise _damaged(name, at)
    try:
        return _parsed(row, timed=timed)
    except ValueError:
        raise _damaged(name, at) from None


def _parsed(row: Mapping[str, object], *, timed: bool) -> Exchange:
    """The exchange in *row*, with its times where the recording is *timed*.

    Raises:
        ValueError: *row* does not have the form of an exchange.
    """
    command, secret, error = row.get("command"), row.get("secret", False), row.get("error", "")
    answer = row.get("answer")
    if not (isinstance(command, str) and isinstance(secret, bool) and isinstance(error, str)):
        raise ValueError
    answered = MaskedBytes.parse(answer) if isinstance(answer, str) else None
    at, took = (_time(row.get(name)) if timed else None for name in ("at", "took"))
    exchange = Exchange(bytes.fromhex(command), secret, answered, error, at, took)
    if json.loads(exchange_line(exchange)) != row or (secret and len(exchange.command) != HEADER):
        raise ValueError
    return exchange


def _time(value: object) -> int:
    if type(value) is not int or not 0 <= value < _TIME_END:
        raise ValueError
    return value


def _row(line: bytes) -> dict[str, object] | None:
    """The JSON object in *line*; None where it holds something else."""
    try:
        row: object = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return cast(dict[str, object], row) if isinstance(row, dict) else None


def _damaged(name: str, at: int) -> CardFileError:
    return CardFileError(N_("The recording {path} is damaged in line {line}."), path=name, line=at)

"""Runs the command line: in this process, where a test chooses reader and card, or in a new process.

All output is searched for the PINs of the card, and for what a terminal obeys, so that every test here also tests that.
"""

from __future__ import annotations

import io
import json
import logging
import os
import re
import signal
import subprocess
import sys
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from unittest import mock

from mynacard import cli
from mynacard.doors import disk
from mynacard.simulator.individual.assembly import assemble
from mynacard.simulator.individual.card import SimulatedCard
from tests.support import CANARY, SOURCE, spellings

PIN: Final = CANARY
PASSWORD: Final = "KANARIE73"

USER_AUTHENTICATION: Final = "user-authentication"
DIGITAL_SIGNATURE: Final = "digital-signature"
SECRETS: Final = {USER_AUTHENTICATION: PIN, DIGITAL_SIGNATURE: PASSWORD}


def leaks(text: str) -> list[str]:
    """The spellings of the card's PINs in *text*; digits in the middle of other letters are a coincidence."""
    found = [spelling for secret in SECRETS.values() for spelling in spellings(secret)]
    return [each for each in found if re.search(rf"(?<![0-9A-Za-z+/=]){re.escape(each)}(?![0-9A-Za-z+/=])", text)]


def obeyed(text: str) -> set[str]:
    """The characters in *text* that a terminal obeys or shows in another place, apart from the ends of lines."""
    return {letter for letter in text if unicodedata.category(letter) in {"Cc", "Cf", "Cs", "Zl", "Zp"}} - {"\n"}


@dataclass(frozen=True)
class Outcome:
    """The result of a command."""

    code: int
    raw: bytes
    err: str

    def __post_init__(self) -> None:
        assert not leaks(self.out), self.out
        assert not leaks(self.err), self.err
        assert "Traceback" not in self.out + self.err, self.err
        with suppress(UnicodeDecodeError):  # a certificate in DER
            assert not obeyed(self.raw.decode().replace("\r\n", "\n")), self.raw
        assert not obeyed(self.err.replace("\r\n", "\n")), self.err

    @property
    def out(self) -> str:
        return self.raw.decode("utf-8", "replace")

    @property
    def json(self) -> Any:
        """Standard output, which must be JSON and nothing else."""
        return json.loads(self.out)

    @property
    def complaint(self) -> str:
        """The one sentence on standard error, which must be all of it (except for click's line of usage)."""
        lines = self.err.splitlines()
        if lines[0].startswith("Usage: "):
            assert lines[-1].startswith("Error: "), self.err
            return lines[-1].removeprefix("Error: ")
        assert len(lines) == 1, self.err
        assert lines[0].startswith("mynacard: "), self.err
        assert "{" not in lines[0], "a detail is missing"
        return lines[0].removeprefix("mynacard: ")


def run(
    *words: str | Path,
    stdin: bytes = b"",
    encoding: str = "utf-8",
    program: Callable[[], object] = cli.main,
) -> Outcome:
    """``mynacard`` with *words*, or another *program* that ends the process, in this process; it writes *encoding*."""
    out, err = _stream(encoding), _stream(encoding)
    source = io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8")
    streams = {"stdin": source, "stdout": out, "stderr": err, "argv": ["mynacard", *map(str, words)]}
    with mock.patch.multiple(sys, **streams), _as_a_new_process():
        try:
            program()
        except SystemExit as end:
            code = end.code
    assert isinstance(code, int)
    return Outcome(code, _written(out), _written(err).decode(encoding))


def _stream(encoding: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="\n")


def _written(stream: io.TextIOWrapper) -> bytes:
    stream.flush()
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue()


@contextmanager
def _as_a_new_process() -> Iterator[None]:
    """Signals and logs as in a new process; they are restored afterwards."""
    loggers = (logging.getLogger(), logging.getLogger("mynacard"))
    before = [(log, log.handlers[:], log.level) for log in loggers]
    numbers = [number for name in ("SIGTERM", "SIGHUP") if (number := getattr(signal, name, None)) is not None]
    actions = [signal.getsignal(number) for number in numbers]
    for log in loggers:
        log.handlers.clear()
    try:
        yield
    finally:
        for log, handlers, level in before:
            log.handlers[:] = handlers
            log.setLevel(level)
        for number, action in zip(numbers, actions, strict=True):
            signal.signal(number, action)


def environment(**more: str) -> dict[str, str]:
    """The environment for a process: this project's source, English, UTF-8, and *more*."""
    away = ("LANG", "LANGUAGE", "PYTHONIOENCODING", "PYTHONUTF8", "COLUMNS", "MYNACARD_READER")
    kept = {name: value for name, value in os.environ.items() if name not in away and not name.startswith("LC_")}
    return kept | {"PYTHONPATH": str(SOURCE.parent), "PYTHONIOENCODING": "utf-8"} | more


def process(*words: str | Path, stdin: bytes = b"", script: str = "", **more: str) -> Outcome:
    """``python -m mynacard`` with *words* (or Python's *script* with them) as a process of its own."""
    start = ["-c", script] if script else ["-m", "mynacard"]
    done = subprocess.run(
        [sys.executable, *start, *map(str, words)],
        input=stdin, capture_output=True, check=False, timeout=60, env=environment(**more),
    )  # fmt: skip
    return Outcome(done.returncode, done.stdout, done.stderr.decode())


# --- cards -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CardFile:
    """The file of a simulated card, its reader's name, and files with its PINs."""

    path: Path
    secrets: dict[str, str] = field(default_factory=lambda: dict(SECRETS))

    @property
    def reader(self) -> str:
        return f"sim:{self.path}"

    def pin_file(self, name: str, secret: str | None = None) -> Path:
        path = self.path.with_name(f"{name}.pin")
        path.write_bytes((self.secrets[name] if secret is None else secret).encode() + b"\r\n")
        return path

    def spend(self, name: str, *, left: int) -> None:
        """Spend tries until *left* are left."""
        document = json.loads(self.path.read_bytes())
        document["pins"][name]["tries_left"] = left
        self.path.write_text(json.dumps(document))

    def tries_left(self) -> dict[str, int]:
        left = run("sim", "show", self.path, "--json").json["tries_left"]
        return {name: left[name] for name in SECRETS}

    @property
    def trace_of_a_verify(self) -> tuple[int, int]:
        """Changes with every VERIFY, right or wrong: the chip writes its counter before it compares."""
        state = self.path.stat()
        return state.st_ino, state.st_mtime_ns

    def card(self) -> SimulatedCard:
        """The card in memory; its changes are not written back to the file."""
        return assemble(disk.read_file(self.path))


class CardAlong:
    """A simulated card whose answers pass through *change*; it keeps the commands that it was sent."""

    def __init__(self, card: SimulatedCard, change: Callable[[bytes, bytes], bytes] = lambda _, answer: answer) -> None:
        self.card = card
        self.change = change
        self.sent: list[bytes] = []

    def transmit(self, command: bytes, /) -> bytes:
        self.sent.append(command)
        return self.change(command, self.card.transmit(command))

    def power_off(self) -> None:
        self.card.power_off()

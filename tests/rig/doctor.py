"""``mynacard doctor``, run on a desk made for a test, and its findings."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from mynacard.doctor import FINDINGS

SOCKET: Final = "PCSCLITE_CSOCK_NAME"
READER: Final = "Simulated Reader 00 00"

IMPATIENT: Final = """
from mynacard.cli import main
from mynacard.doctor import desk, examination
from mynacard.errors import BrowserSetupError
from mynacard.readers import Deadlines

def no_account():
    raise BrowserSetupError("The browsers are those of the machine, and not of the desk.")

desk.this_account = no_account
examination.PATIENCE = Deadlines(service_s=1, card_s=1, busy_s=0.3, leaving_s=0.2)
main()
"""
FOUND: Final = ["library/found", "socket/elsewhere"]
OPEN: Final = [*FOUND, "socket/open"]
RUNNING: Final = [*OPEN, "service/running"]
CARD: Final = ["card/jpki", "certificate/valid", "certificate/present", "pin/good", "pin/good"]
"""The findings about a card that is in order."""


def environment(path: str | Path) -> dict[str, str]:
    """The environment of a desk whose service is at *path*."""
    return os.environ | {SOCKET: str(path)}


def shown(given: Mapping[str, str], *words: str, before: Sequence[str] = (), refused: bool = False) -> tuple[str, int]:
    """The output of ``mynacard doctor`` in the environment *given*, and its exit status; *before* precedes it."""
    done = subprocess.run(
        [*before, sys.executable, "-c", IMPATIENT, "doctor", *words],
        env=given, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    told = "--report" in words or refused  # standard error reports what was written, or what is wrong with the command
    assert bool(done.stderr) == told, done.stderr
    return done.stdout, done.returncode


def doctor(given: Mapping[str, str], *words: str, before: Sequence[str] = ()) -> tuple[list[str], int]:
    """The codes of its findings, and its exit status. The one that every desk has is left out: ``clock/good``."""
    said, status = shown(given, "--json", *words, before=before)
    found = json.loads(said)
    for each in found:
        assert each["level"] == FINDINGS[each["code"]].level.value
        assert each["cause"]
        assert each["cause_ja"] != each["cause"]
        assert bool(each["cure"]) == bool(each["cure_ja"]) == (each["level"] != "good")
        assert "{" not in "".join(each.values())
    codes = [each["code"] for each in found]
    assert codes.pop() == "clock/good"
    return codes, status


@contextlib.contextmanager
def listening(path: Path, answer: Callable[[socket.socket], None]) -> Iterator[None]:
    """A service that calls *answer* with each connection."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        served = threading.Thread(target=_serve, args=(listener, answer))
        served.start()
        try:
            yield
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            served.join()


def _serve(listener: socket.socket, answer: Callable[[socket.socket], None]) -> None:
    with contextlib.suppress(OSError):  # a listener that is shut down raises it
        while True:
            answer(listener.accept()[0])

"""A desk that ``mynacard sim exec`` laid, for all programs of a test module: each of them takes a second less so."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from mynacard.doors.pcsclite.server import SOCKET_VARIABLE
from tests.rig.pcscd import CLIENT_S, Desk

_LENDER: Final = f'echo "${SOCKET_VARIABLE}"; exec cat'
"""The one program that is executed: it says where the service is, and stays until its input ends."""


@contextlib.contextmanager
def sim_exec(log: Path, *options: str | Path) -> Iterator[Desk]:
    """The desk that a program under ``sim exec`` with *options* finds; its APDUs go to *log*."""
    command = [sys.executable, "-m", "mynacard", "sim", "exec", "--trace-to", log, *options, "--", "sh", "-c", _LENDER]
    with subprocess.Popen(
        [str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as lender:  # fmt: skip
        assert lender.stdout is not None
        socket = lender.stdout.readline().strip()
        assert socket, "sim exec ended at once"
        yield desk_at(socket, log)
        lender.communicate(timeout=CLIENT_S)
        assert lender.returncode == 0


def desk_at(socket: str, log: Path) -> Desk:
    """The desk of the service at *socket*, as a program in a terminal of today sees it."""
    return Desk({**os.environ, SOCKET_VARIABLE: socket}, log)


def apdus(log: Path) -> int:
    """How many APDUs *log* tells of."""
    return log.read_text("utf-8").count("  > ")

"""The process of a browser: headless, in a profile of its own, driven over a port that the kernel chose."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeVar

from tests.rig.pcscd import CLIENT_S

__all__ = ["PATIENCE_S", "BrowserProcess", "started", "until"]

T = TypeVar("T")

PATIENCE_S: Final = CLIENT_S / 10
"""How long one step may take. It ends only what hangs."""
_POLL_S: Final = 0.02


def until(condition: Callable[[], T], why: Callable[[], str] = str) -> T:
    """The first true value of *condition*; *why* tells what went wrong if there is none."""
    give_up = time.monotonic() + PATIENCE_S
    while not (value := condition()):
        assert time.monotonic() < give_up, why()
        time.sleep(_POLL_S)
    return value


class BrowserProcess:
    """A browser that runs.

    Attributes:
        port: where it listens for commands.
    """

    def __init__(self, process: subprocess.Popen[bytes], port: str) -> None:
        self.port = port
        self._process = process

    def kill(self) -> None:
        """End it as a crash does: only the browser itself. Its children see that it is gone."""
        self._process.kill()
        self._process.wait(PATIENCE_S)


@contextlib.contextmanager
def started(
    command: Sequence[str | Path], environment: Mapping[str, str], port: Callable[[], str], log: Path
) -> Iterator[BrowserProcess]:
    """The browser that *command* starts, while the ``with`` lasts; *port* is true once it has announced its port."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    try:
        yield BrowserProcess(process, until(port, lambda: log.read_text("utf-8", errors="replace")))
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(PATIENCE_S)

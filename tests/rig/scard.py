"""pyscard's raw layer in a process of its own, call by call: a client that can be kept waiting, and killed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any, Final

from tests.rig.pcscd import CLIENT_S, unavailable

__all__ = ["Scard"]


_CALLS: Final = """
import json, sys
from smartcard import scard

for line in sys.stdin:
    function, *arguments = json.loads(line)
    if function == "SCardGetStatusChange":
        arguments[-1] = [tuple(state) for state in arguments[-1]]
    said = getattr(scard, function)(*arguments)
    code, *values = said if isinstance(said, (list, tuple)) else [said]
    print(json.dumps([code & 0xFFFFFFFF, *values]), flush=True)
"""


class Scard:
    """A client in *environment*. A context manager, which kills it at the end if that has not happened before."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        if find_spec("smartcard") is None:
            unavailable("pyscard is not installed")
        self._process = subprocess.Popen(
            [sys.executable, "-c", _CALLS],
            env={**environment},
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    @property
    def number(self) -> int:
        return self._process.pid

    def call(self, function: str, *arguments: object) -> list[Any]:
        """The answer of *function*: its code, unsigned, and its values."""
        self.start(function, *arguments)
        return self.answer()

    def start(self, function: str, *arguments: object) -> None:
        """Call *function* without waiting for its answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([function, *arguments]) + "\n")
        self._process.stdin.flush()

    def answer(self) -> list[Any]:
        """Wait for the answer of the function that was started."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the client has ended"
        return list(json.loads(line))

    def kill(self) -> None:
        """Kill it at once, with a signal that it cannot catch."""
        self._process.kill()
        with self._process:  # closes its pipes
            self._process.wait(CLIENT_S)

    def __enter__(self) -> Scard:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    # --- what clients do ---

    def connect(self, reader: str, mode: int = 2) -> int:
        """A connection to the card on *reader*, in a context that lasts as long as the process."""
        code, context = self.call("SCardEstablishContext", 0)
        assert code == 0
        code, card, self._protocol = self.call("SCardConnect", context, reader, mode, 3)
        assert code == 0, hex(code)
        return int(card)

    def transmit(self, card: int, command: bytes) -> bytes | int:
        """The response, or the code of the failure."""
        code, answer = self.call("SCardTransmit", card, self._protocol, list(command))
        return code or bytes(answer)

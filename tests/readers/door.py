"""A PC/SC service for a test and the real libpcsclite, in this process: readers come and go as the test wants.

The library looks up its service only once, so all tests of a run share one service, and each begins with
an empty desk.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from typing import Final

import pytest

from mynacard.doors.pcsclite import PcscliteDoor
from mynacard.doors.pcsclite.server import ELSEWHERE, SOCKET_VARIABLE
from mynacard.readers import native
from mynacard.readers.abi import PCSC_LITE
from mynacard.simulator.powered import Around, PoweredCard
from tests.rig.pcscd import unavailable

ATR: Final = bytes.fromhex("3BE000FF8131FE4514")


class PlainCard:
    """It answers READ BINARY with as many bytes '5A' as Le says, and any other command with its length."""

    atr: Final = ATR

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.resets = 0
        self.powered_off = 0

    def power_on(self) -> bytes:
        return self.atr

    def power_off(self) -> None:
        self.powered_off += 1

    def reset(self) -> bytes:
        self.resets += 1
        return self.atr

    def transmit(self, command: bytes, /) -> bytes:
        self.sent.append(command)
        if len(command) < 4:
            return b"\x67\x00"
        if command[1] == 0xB0:
            le = int.from_bytes(command[4:])
            return b"\x5a" * (le or (256 if len(command) == 5 else 65536)) + b"\x90\x00"
        return len(command).to_bytes(3) + b"\x90\x00"


class Watched(Around):
    """A card that keeps the commands that reach it in *seen*."""

    def __init__(self, card: PoweredCard, seen: list[bytes]) -> None:
        super().__init__(card)
        self._seen = seen

    def transmit(self, command: bytes, /) -> bytes:
        self._seen.append(command)
        return super().transmit(command)


def library_is_here() -> bool:
    """Whether pcsc-lite's client library can be loaded."""
    try:
        ctypes.CDLL(PCSC_LITE.library)
    except OSError:
        return False
    return True


@pytest.fixture(scope="session")
def run_wide_door() -> Iterator[PcscliteDoor]:
    """The service, with whatever the last test left on it. Tests ask for :func:`door`."""
    if not sys.platform.startswith("linux"):
        pytest.skip("the service stands in for pcsc-lite's on Linux")
    if not library_is_here():
        unavailable("libpcsclite is not installed; tools/system_packages.sh says which packages the tests need")
    with pytest.MonkeyPatch.context() as environment, PcscliteDoor() as door:
        for name in ELSEWHERE:
            environment.delenv(name, raising=False)
        environment.setenv(SOCKET_VARIABLE, door.environment()[SOCKET_VARIABLE])  # the library looks it up once
        _, context = native.load(PCSC_LITE).establish_context()
        if not door.clients:
            pytest.fail("libpcsclite was used in this process before, and keeps to the service it found then")
        native.load(PCSC_LITE).release_context(context)
        environment.undo()
        yield door


@pytest.fixture
def door(run_wide_door: PcscliteDoor, monkeypatch: pytest.MonkeyPatch) -> Iterator[PcscliteDoor]:
    """The service, with no reader; programs that the test starts find it too."""
    for name in ELSEWHERE:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(SOCKET_VARIABLE, run_wide_door.environment()[SOCKET_VARIABLE])
    yield run_wide_door
    for name in run_wide_door.readers:
        run_wide_door.unplug(name)

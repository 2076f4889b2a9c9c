"""When the holder's program is gone, however it went, nobody signs with the holder's PIN: asserted at the card.

Through a real PC/SC service with a virtual reader, and through the door that stands in for one; on a card that forgets
a login at a warm reset, and on one that keeps it, as real cards were seen to.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import pytest

from mynacard.doors import disk
from mynacard.doors.pcsclite import PcscliteDoor
from mynacard.simulator import Personality, SimulatedCard, Traits
from tests.rig import two_programs
from tests.rig.pcscd import CLIENT_S, Desk, card_command, private_pcscd, unavailable
from tests.rig.two_programs import REFUSED, SIGNED, leave, leave_by, tries, tries_alone

pytestmark = pytest.mark.thorough("a PC/SC service with a virtual reader (pcscd, vsmartcard-vpcd, OpenSC)")

PERSONALITIES: Final = (Personality.STRICT, Personality.OBSERVED)

WAYS: Final[dict[str, tuple[Callable[[Desk], int], int]]] = {
    "at its end": (leave, 0),
    "logged out": (lambda desk: leave(desk, "session.log_out()"), 0),
    "with an exception": (lambda desk: leave(desk, "raise RuntimeError"), 1),
    "with an exit": (lambda desk: leave(desk, "sys.exit(3)"), 3),
    "by Ctrl-C": (lambda desk: leave_by(desk, signal.SIGINT), -signal.SIGINT),
    "by SIGTERM": (lambda desk: leave_by(desk, signal.SIGTERM), 143),
}
"""How the holder's program goes, and with which exit status."""


@pytest.fixture(autouse=True)
def _needs_pyscard() -> None:  # pyright: ignore[reportUnusedFunction]  # pytest finds it
    if find_spec("smartcard") is None:
        unavailable("pyscard is not installed")


@pytest.fixture(scope="module", params=PERSONALITIES, ids=lambda found: found.value)
def personality(request: pytest.FixtureRequest) -> Personality:
    found: Personality = request.param
    return found


@pytest.fixture(scope="module")
def real(personality: Personality, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A real PC/SC service with such a card."""
    folder = tmp_path_factory.mktemp(personality.value)
    disk.create_file(folder / "card", Traits(personality))
    with private_pcscd(card_command(folder / "card")) as found:
        yield found


@pytest.fixture(scope="module")
def played(personality: Personality) -> SimulatedCard:
    return disk.new_card(Traits(personality))


@pytest.fixture(scope="module")
def door(played: SimulatedCard, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """The door in pcscd's place, with such a card."""
    log = tmp_path_factory.mktemp("door") / "log"
    log.touch()
    with PcscliteDoor([played]) as opened:
        yield Desk(opened.environment(), log)


@pytest.fixture(params=["real", "door"])
def desk(request: pytest.FixtureRequest, personality: Personality) -> Desk:
    """One of the two, with a card of that *personality*."""
    found: Desk = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def stranger(desk: Desk) -> Iterator[subprocess.Popen[str]]:
    with two_programs.stranger(desk) as process:
        yield process


@pytest.mark.parametrize("way", WAYS)
def test_whichever_way_the_holder_goes_a_stranger_cannot_sign(
    desk: Desk, stranger: subprocess.Popen[str], way: str
) -> None:
    go, status = WAYS[way]
    assert go(desk) == status
    assert tries(stranger) == REFUSED, desk.said()


@pytest.mark.parametrize("way", WAYS)
def test_whichever_way_the_holder_goes_the_card_has_no_login(door: Desk, played: SimulatedCard, way: str) -> None:
    go, status = WAYS[way]
    assert go(door) == status
    assert not played.state.verified


def test_a_holder_that_is_killed_leaves_what_the_card_keeps_over_a_warm_reset(
    desk: Desk, stranger: subprocess.Popen[str], personality: Personality
) -> None:
    """The service resets the card of a program that dies in a transaction. It does not take its power."""
    assert leave_by(desk, signal.SIGKILL) == -signal.SIGKILL
    match personality:
        case Personality.STRICT:
            assert tries_alone(stranger) == REFUSED
        case Personality.OBSERVED:
            assert tries_alone(stranger) == SIGNED, "docs/security.md says so, and what to do"
    leave(desk)  # the advice: any use that ends as it should ends the login
    assert tries(stranger) == REFUSED


def test_the_next_holder_gets_in_although_a_stranger_stays(desk: Desk, stranger: subprocess.Popen[str]) -> None:
    for _ in range(2):
        leave(desk)
        assert tries(stranger) == REFUSED


# --- the command line, in the middle of a command -----------------------------------------------------

IN_THE_MIDDLE: Final = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}


class AtSignature(SimulatedCard):
    """Tells when it is asked for a signature."""

    def __init__(self, card: SimulatedCard) -> None:
        self.__dict__ = card.__dict__
        self.asked: Callable[[], object] = lambda: None

    def transmit(self, command: bytes, /) -> bytes:
        if command[1] == 0x2A:
            self.asked()
        return super().transmit(command)


@pytest.mark.parametrize("number", IN_THE_MIDDLE, ids=lambda number: number.name)
def test_a_signal_while_the_card_signs_ends_the_command_and_the_login(
    personality: Personality, number: signal.Signals, tmp_path: Path
) -> None:
    card = AtSignature(disk.new_card(Traits(personality)))
    document, password = tmp_path / "document", tmp_path / "password"
    document.write_text("an application")
    password.write_text("ABC123\n")
    words = ["sign", str(document), "-o", str(tmp_path / "signature"), "--pin-file", str(password)]
    with PcscliteDoor([card]) as opened:
        with subprocess.Popen(
            [sys.executable, "-m", "mynacard", *words],
            env=opened.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        ) as process:  # fmt: skip
            card.asked = lambda: os.kill(process.pid, number)
            _, said = process.communicate(timeout=CLIENT_S)
        assert process.returncode == IN_THE_MIDDLE[number], said
        assert "Traceback" not in said
        assert not card.state.verified
        assert not opened.open_handles
    assert not (tmp_path / "signature").exists()

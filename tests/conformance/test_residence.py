"""Residence cards on readers: through a real PC/SC service with a virtual reader, and through the door.

The card has no log-out: it forgets what its number opened when its power goes, and nobody else may find it open.
"""

from __future__ import annotations

import json
import os
import re
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
from mynacard.simulator import Personality, Traits
from mynacard.simulator.residence import RESIDENCE_PERSONAS, SimulatedResidenceCard
from tests.rig import two_programs
from tests.rig.pcscd import Desk, card_command, private_pcscd, unavailable
from tests.rig.two_programs import RESIDENCE_HOLDER, RESIDENCE_STRANGER, leave, leave_by, tries, tries_alone

pytestmark = pytest.mark.thorough("a PC/SC service with a virtual reader (pcscd, vsmartcard-vpcd, OpenSC)")

FIRST, SECOND = RESIDENCE_PERSONAS["residence-1-mid-term"], RESIDENCE_PERSONAS["residence-2-mid-term"]
READER: Final = "Simulated Reader 00 00"
CLOSED: Final = "6982\n"
OPEN: Final = "9000\n"

WAYS: Final[dict[str, tuple[Callable[[Desk], int], int]]] = {
    "at its end": (lambda desk: leave(desk, holder=RESIDENCE_HOLDER), 0),
    "with an exception": (lambda desk: leave(desk, "raise RuntimeError", holder=RESIDENCE_HOLDER), 1),
    "by Ctrl-C": (lambda desk: leave_by(desk, signal.SIGINT, holder=RESIDENCE_HOLDER), -signal.SIGINT),
    "by SIGTERM": (lambda desk: leave_by(desk, signal.SIGTERM, holder=RESIDENCE_HOLDER), 143),
}


@pytest.fixture(autouse=True)
def _needs_pyscard() -> None:  # pyright: ignore[reportUnusedFunction]  # pytest finds it
    if find_spec("smartcard") is None:
        unavailable("pyscard is not installed")


@pytest.fixture(scope="module", params=list(Personality), ids=lambda found: found.value)
def personality(request: pytest.FixtureRequest) -> Personality:
    found: Personality = request.param
    return found


@pytest.fixture(scope="module")
def real(personality: Personality, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp(personality.value)
    disk.create_file(folder / "card", Traits(personality), persona=FIRST)
    with private_pcscd(card_command(folder / "card")) as found:
        yield found


@pytest.fixture(scope="module")
def played(personality: Personality) -> SimulatedResidenceCard:
    return disk.new_card(Traits(personality), persona=FIRST)


@pytest.fixture(scope="module")
def door(played: SimulatedResidenceCard, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    log = tmp_path_factory.mktemp("door") / "log"
    log.touch()
    with PcscliteDoor([played]) as opened:
        yield Desk(opened.environment(), log)


@pytest.fixture(params=["real", "door"])
def desk(request: pytest.FixtureRequest, personality: Personality) -> Desk:
    found: Desk = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def stranger(desk: Desk) -> Iterator[subprocess.Popen[str]]:
    with two_programs.stranger(desk, RESIDENCE_STRANGER) as process:
        yield process


@pytest.mark.parametrize("way", WAYS)
def test_whichever_way_the_holder_goes_a_stranger_reads_nothing(
    desk: Desk, stranger: subprocess.Popen[str], way: str
) -> None:
    go, status = WAYS[way]
    assert go(desk) == status
    assert tries(stranger) == CLOSED, desk.said()


def test_a_holder_that_is_killed_leaves_what_the_card_keeps_over_a_warm_reset(
    desk: Desk, stranger: subprocess.Popen[str], personality: Personality
) -> None:
    """As with PINs (docs/security.md). What a real one keeps is not known."""
    assert leave_by(desk, signal.SIGKILL, holder=RESIDENCE_HOLDER) == -signal.SIGKILL
    assert tries_alone(stranger) == {Personality.STRICT: CLOSED, Personality.OBSERVED: OPEN}[personality]
    leave(desk, holder=RESIDENCE_HOLDER)
    assert tries(stranger) == CLOSED


def read(desk: Desk, number: Path, output: Path) -> str:
    return desk.run(
        sys.executable, "-m", "mynacard", "residence", "read", "--simulated", "--number-file", number, "-o", output
    )


def test_the_command_line_reads_it_there(desk: Desk, tmp_path: Path) -> None:
    number = tmp_path / "number"
    number.write_text("AB12345678CD\n")
    read(desk, number, tmp_path / "card")
    found = json.loads((tmp_path / "card" / "card.json").read_text("utf-8"))
    assert found["check"]["overall"] == "good"
    assert found["fields"]["front_image"]["signature"] == "signed-and-good"
    assert (tmp_path / "card" / "face-image.png").exists()
    said = desk.run(sys.executable, "-m", "mynacard", "info", "--json")
    assert json.loads(said)["card"] == "residence-card"


def test_sim_exec_and_trace_show_no_number_and_count_the_same(tmp_path: Path) -> None:
    disk.create_file(tmp_path / "card", persona=SECOND)
    (tmp_path / "number").write_text("AB12345678CD\n")
    done = subprocess.run(
        [
            sys.executable, "-m", "mynacard", "sim", "exec", "--card", tmp_path / "card", "--trace", "--count", "--",
            sys.executable, "-m", "mynacard", "residence", "verify", "--simulated", "--number-file",
            tmp_path / "number",
        ],
        capture_output=True, text=True, check=False, timeout=60, env=os.environ,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "AB12345678CD" not in done.stderr + done.stdout
    assert b"AB12345678CD".hex() not in (done.stderr + done.stdout).lower()
    counted = re.search(r"(\d+) APDUs", done.stderr)
    assert counted is not None
    assert int(counted[1]) == 17 + 1  # and the log-out, which this card does not know, before its power goes


@pytest.mark.parametrize("at", [2, 5, 8, 9, 12, 16])
def test_a_card_pulled_in_the_middle_is_said_to_be_gone(at: int, tmp_path: Path) -> None:
    disk.create_file(tmp_path / "card", persona=FIRST)
    (tmp_path / "number").write_text("AB12345678CD\n")
    done = subprocess.run(
        [
            sys.executable, "-m", "mynacard", "sim", "exec", "--card", tmp_path / "card", "--fault",
            f"removed-during@{at}", "--", sys.executable, "-m", "mynacard", "residence", "read", "--number-file",
            tmp_path / "number", "-o", tmp_path / "out",
        ],
        capture_output=True, text=True, check=False, timeout=60, env=os.environ,
    )  # fmt: skip
    assert done.returncode == 19, done.stderr
    assert not (tmp_path / "out").exists()

"""Nothing that could harm a real card gets past the guard, whatever a test asks for."""

from __future__ import annotations

import ctypes
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mynacard.doors.pcsclite import PcscliteDoor, reader_name
from mynacard.readers.abi import PCSC_LITE
from mynacard.simulator import SimulatedCard
from tests.conformance.card.conversation import KEYS, NAMES, Conversation
from tests.conformance.card.guard import Guard, RefusedError
from tests.conformance.card.statements import STATEMENTS
from tests.conformance.card.ways import InMemory, pins_of, simulated
from tests.rig.pcscd import unavailable
from tests.support import CANARY, tells

PINS = pins_of("")
HERE = Path(__file__).resolve().parent
SELECT = {name: "00A4040C" + f"{len(df_name) // 2:02X}" + df_name for name, df_name in NAMES.items()}


class Watched(InMemory):
    """A simulated card that keeps what came to it."""

    def __init__(self) -> None:
        self.card = simulated("")
        super().__init__(self.card)
        self.sent: list[bytes] = []

    def transmit(self, command: bytes, /) -> bytes:
        self.sent.append(command)
        return super().transmit(command)

    @property
    def presented(self) -> list[bytes]:
        """The commands that brought something to VERIFY."""
        return [command for command in self.sent if command[1] == 0x20 and len(command) > 4]


def guarded(pins: dict[str, bytes] | None = None) -> tuple[Watched, Guard]:
    card = Watched()
    return card, Guard(card, PINS if pins is None else pins)


def say(guard: Guard, *commands: str) -> bytes:
    for command in commands[:-1]:
        guard.transmit(bytes.fromhex(command))
    return guard.transmit(bytes.fromhex(commands[-1]))


def tries(card: SimulatedCard) -> dict[object, int]:
    return {key: memory.tries_left for key, memory in card.pins.items()}


@pytest.mark.parametrize("name", KEYS)
def test_the_right_pin_passes(name: str) -> None:
    _, guard = guarded()
    Conversation(guard, PINS, {}).log_in(name)


@pytest.mark.parametrize("name", KEYS)
def test_a_wrong_pin_does_not(name: str) -> None:
    card, guard = guarded()
    conversation = Conversation(guard, PINS, {})
    conversation.select(KEYS[name][0])
    with pytest.raises(RefusedError):
        conversation.present(name, conversation.wrong(name))
    assert card.presented == []


@pytest.mark.parametrize(
    "commands",
    [
        pytest.param([SELECT["text"], "0020009804 31323334"], id="of another application"),
        pytest.param(["0020009804 31323334"], id="of no application"),
        pytest.param([SELECT["jpki"], "00A4040C01D3", "0020009804 31323334"], id="of an application by prefix"),
        pytest.param([SELECT["jpki"], "0020009B04 31323334"], id="of another key"),
        pytest.param([SELECT["jpki"], "0020008004 31323334"], id="of no current EF"),
        pytest.param([SELECT["jpki"], "00A4020C020018", "00B08A0001", "0020008004 31323334"], id="of an EF by SFI"),
        pytest.param([SELECT["jpki"], "00A4020C020018", "0020009B", "0020008004 31323334"], id="of a key by SFI"),
        pytest.param([SELECT["jpki"], "00A4020C020018", "00A4020C022FF2", "0020008004 31323334"], id="of no EF"),
        pytest.param([SELECT["jpki"], "00200098000004 31323334"], id="by extended length"),
        pytest.param([SELECT["jpki"], "0020009804 31323334 00"], id="with Le"),
        pytest.param([SELECT["jpki"], "002000F804 31323334"], id="with other bits of P2"),
        pytest.param([SELECT["jpki"], "0820009804 31323334"], id="in a class of secure messaging"),
        pytest.param([SELECT["jpki"], "0120009804 31323334"], id="on another channel"),
        pytest.param([SELECT["jpki"], "0020009800"], id="with an empty Lc"),
        pytest.param([SELECT["jpki"], "0020009804 31323334", "00240198 04 31323334"], id="a change"),
        pytest.param([SELECT["common"], "0020009C04 31323334", "8032009C 04 31323334"], id="a change by its own"),
        pytest.param(["80540000"], id="an unblocking"),
        pytest.param(["80A20000"], id="a terminal's certificate"),
        pytest.param(["00DA0042 01 00"], id="PUT DATA"),
    ],
)  # fmt: skip
def test_what_is_not_the_right_pin_in_its_place_does_not_pass(commands: list[str]) -> None:
    card, guard = guarded()
    with pytest.raises(RefusedError) as refused:
        say(guard, *commands)
    assert bytes.fromhex(commands[-1]) not in card.sent
    assert "31" not in str(refused.value)


def test_a_pin_that_has_not_all_its_tries_is_not_presented() -> None:
    card, guard = guarded()
    say(guard, SELECT["jpki"])
    card.card.transmit(bytes.fromhex("0020009804 30303030"))
    with pytest.raises(RefusedError, match="not all its tries"):
        say(guard, "0020009804 31323334")
    assert card.presented == []


def test_a_wrong_file_of_pins_costs_one_try_in_all() -> None:
    card, guard = guarded({**PINS, "user-authentication": b"0000"})
    assert say(guard, SELECT["jpki"], "0020009804 30303030") == b"\x63\xc2"
    for command in ("0020009804 30303030", "0020009B06 414243313233"):
        with pytest.raises(RefusedError, match="no PIN is shown"):
            say(guard, command)
    assert len(card.presented) == 1


def test_power_and_resets_forget_what_was_selected() -> None:
    for again in (Guard.power_cycle, Guard.warm_reset):
        card, guard = guarded()
        say(guard, SELECT["jpki"])
        again(guard)
        with pytest.raises(RefusedError):
            say(guard, "0020009804 31323334")
        assert card.presented == []


HEADS = st.sampled_from(
    [bytes.fromhex(text) for text in ("0020", "00200080", "00200098", "0024", "8032", "0820", "00A4")]
)


@given(
    commands=st.lists(
        st.binary(min_size=4, max_size=24) | st.builds(bytes.__add__, HEADS, st.binary(min_size=2, max_size=20)),
        max_size=6,
    )
)
def test_no_bytes_at_all_cost_a_try(commands: list[bytes]) -> None:
    card, guard = guarded()
    before = tries(card.card)
    say(guard, SELECT["jpki"], "00A4020C020018")
    for command in commands:
        try:
            guard.transmit(command)
        except RefusedError:
            continue
    assert tries(card.card) == before


# --- the run on a real card, with a simulated one in its place --------------------------------------------


@dataclass
class RealRun:
    """What a run on a real card printed, which tests failed, and what came to the card."""

    said: str
    failed: set[str]
    presented: list[bytes]
    tries_before: dict[object, int]
    tries_after: dict[object, int]


def suite(door: PcscliteDoor, *options: str) -> subprocess.CompletedProcess[str]:
    """This suite, run as for a real card, through *door*."""
    if not sys.platform.startswith("linux"):
        pytest.skip("the door stands in for pcsc-lite's service on Linux")
    try:
        ctypes.CDLL(PCSC_LITE.library)
    except OSError:
        unavailable("libpcsclite is not installed; tools/system_packages.sh says which packages the tests need")
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(HERE), "--ignore", __file__, *options],
        env=door.environment() | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        capture_output=True, text=True, check=False, cwd=HERE.parents[2],
    )  # fmt: skip


def real_run(pins: dict[str, bytes], folder: Path, *options: str) -> RealRun:
    file = folder / "pins"
    file.write_text("# made up\n" + "".join(f"{name} {pin.decode()}\n" for name, pin in pins.items()), encoding="ascii")
    card, presented = simulated(""), list[bytes]()

    def observe(_: str, command: bytes, __: bytes | None) -> None:
        if command[1] == 0x20 and len(command) > 4:
            presented.append(command)

    before = tries(card)
    with PcscliteDoor([card], observe=observe) as door:
        done = suite(door, "--reader", reader_name(0), "--pin-file", str(file), *options)
    failed = set(re.findall(r"^FAILED \S+::(\w+)", done.stdout, re.MULTILINE))
    return RealRun(done.stdout + done.stderr, failed, presented, before, tries(card))


@pytest.mark.thorough("a run of this suite in a run of this suite")
@pytest.mark.parametrize("pins", [{}, PINS], ids=["without PINs", "with all PINs"])
def test_a_run_on_a_real_card_asks_what_spares_it_and_names_the_rest(pins: dict[str, bytes], tmp_path: Path) -> None:
    run = real_run(pins, tmp_path)
    assert run.failed == set(), run.said
    assert "This card is simulated: its certificates are checked with simulated roots." in run.said
    assert run.tries_after == run.tries_before
    assert {command[5:] for command in run.presented} <= set(pins.values())
    assert bool(run.presented) is bool(pins)
    for name, found in STATEMENTS.items():
        why = found.spares_a_real_card(pins)
        assert (f"\n{name}: {why}" in run.said) is bool(why)


@pytest.mark.thorough("a run of this suite in a run of this suite")
def test_a_wrong_pin_in_the_file_is_presented_once_and_never_shown(tmp_path: Path) -> None:
    run = real_run({**PINS, "user-authentication": CANARY.encode()}, tmp_path, "-k", "test_pins or test_the_number")
    assert len([command for command in run.presented if command[5:] == CANARY.encode()]) == 1
    assert sum(run.tries_before.values()) - sum(run.tries_after.values()) == 1
    assert "no PIN is shown to it any more" in run.said
    for pin in (CANARY, PINS["text/number-a"].decode(), PINS["digital-signature"].decode()):
        assert not tells(run.said, pin)


@pytest.mark.thorough("a run of this suite in a run of this suite")
@pytest.mark.parametrize(
    ("reader", "sentence"),
    [
        ("Another", f"No reader is called Another. Attached: {reader_name(0)}."),
        (reader_name(0), f"There is no card on the reader {reader_name(0)}."),
    ],
)
def test_without_such_a_reader_or_a_card_on_it_the_suite_ends_in_one_sentence(reader: str, sentence: str) -> None:
    with PcscliteDoor() as door:
        door.plug(reader_name(0))
        done = suite(door, "--reader", reader)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert done.stderr.strip() == f"ERROR: {sentence}"

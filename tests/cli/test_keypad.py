"""``--keypad`` and ``--untested-keypad``: commands over PC/SC, at a reader with keys. (Only Linux has the door.)"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from mynacard.doors.pcsclite import Gesture, Keypad, PcscliteDoor
from mynacard.jpki import DF_NAME, JpkiSession
from mynacard.jpki import USER_AUTHENTICATION as PAIR
from mynacard.personal.layout import COMMON, RESIDENT_REGISTER
from mynacard.recordings import read_recording
from mynacard.simulator import SimulatedCard
from mynacard.simulator.powered import Around, PoweredCard
from tests.cli.command_line import (
    DIGITAL_SIGNATURE,
    PASSWORD,
    PIN,
    USER_AUTHENTICATION,
    CardFile,
    Outcome,
    environment,
    process,
    run,
)
from tests.readers.door import Watched

TESTED: Final = "Simulated Reader 00 00"
OTHER: Final = "A Keypad"
NEW: Final = "8216"
WRONG: Final = "0000"
VERIFY: Final = ("pin", "verify", USER_AUTHENTICATION)
AUTHENTICATE: Final = ("authenticate", "--origin", "https://example.jp", "--nonce", "n" * 44)


class Keys:
    """A reader with keys, the card on it, and what reached that."""

    def __init__(self, door: PcscliteDoor, card: SimulatedCard) -> None:
        self.door = door
        self.card = card
        self.seen: list[bytes] = []
        self.watched = Watched(card, self.seen)

    def plug(self, *entries: str | Gesture, name: str = TESTED) -> Keypad:
        keypad = Keypad(entries)
        self.door.plug(name, self.watched, keypad=keypad)
        return keypad

    @property
    def tries(self) -> int:
        return self.card.pins[DF_NAME, PAIR.pin.key].tries_left

    @property
    def verifies(self) -> list[bytes]:
        return [command for command in self.seen if command[1] == 0x20 and len(command) > 5]

    def assert_left(self) -> None:
        """Logged out, and without power."""
        assert not self.card.state.verified
        assert self.seen[-1][:4] == bytes.fromhex("00A4040C"), "the last command is the log-out"


@pytest.fixture
def keys(card: CardFile, door: PcscliteDoor) -> Keys:
    return Keys(door, card.card())


def test_a_pin_is_verified_and_the_person_is_told_where_to_type(keys: Keys) -> None:
    keys.plug(PIN)
    outcome = process(*VERIFY, "--keypad")
    assert outcome.code == 0, outcome.err
    assert "on the reader's keypad" in outcome.err
    assert "3" in outcome.err
    keys.assert_left()


def test_somebody_logs_in(keys: Keys) -> None:
    keys.plug(PIN)
    outcome = run(*AUTHENTICATE, "--keypad")
    assert outcome.code == 0, outcome.err
    assert outcome.json["signature"]
    keys.assert_left()


@pytest.mark.parametrize(
    ("entry", "code", "left"),
    [(Gesture.CANCEL, 38, 3), (Gesture.TIME_OUT, 38, 3), ("123", 38, 3), (WRONG, 31, 2)],
    ids=["cancelled", "timed out", "too short", "wrong"],
)
@pytest.mark.parametrize("words", [VERIFY, AUTHENTICATE], ids=["verify", "authenticate"])
def test_what_is_no_pin_is_no_wrong_pin(
    keys: Keys, words: tuple[str, ...], entry: str | Gesture, code: int, left: int
) -> None:
    keys.plug(entry)
    outcome = run(*words, "--keypad")
    assert (outcome.code, outcome.out, keys.tries) == (code, "", left)
    keys.assert_left()


@pytest.mark.parametrize(("spent", "code"), [(2, 33), (3, 32)])
def test_the_last_try_is_not_typed_away_unasked(keys: Keys, spent: int, code: int) -> None:
    wrong_first(keys.card, spent)
    keypad = keys.plug(WRONG)
    assert run(*VERIFY, "--keypad").code == code
    assert (keypad.left, keys.tries, keys.verifies) == (1, 3 - spent, [])


def test_it_is_where_that_is_asked_for(keys: Keys) -> None:
    wrong_first(keys.card, 2)
    keys.plug(PIN)
    assert run(*VERIFY, "--keypad", "--spend-last-try").code == 0
    assert keys.tries == 3


def wrong_first(card: SimulatedCard, count: int) -> None:
    for _ in range(count):
        card.transmit(bytes.fromhex("00A4040C0AD392F000260100000001"))
        card.transmit(bytes.fromhex("0020009804") + WRONG.encode())
    card.power_off()


def test_keys_that_nobody_tried_are_used_where_that_is_asked_for(keys: Keys) -> None:
    keypad = keys.plug(PIN, name=OTHER)
    outcome = run(*VERIFY, "--keypad")
    assert (outcome.code, keypad.left) == (23, 1)
    assert OTHER in outcome.err
    assert run(*VERIFY, "--untested-keypad").code == 0
    assert keypad.left == 0


def test_a_reader_without_keys_says_so(keys: Keys) -> None:
    keys.door.plug(TESTED, keys.watched)
    assert run(*VERIFY, "--keypad").code == 23
    assert keys.verifies == []


@pytest.mark.parametrize("reader", ["sim:", "file"])
def test_a_card_in_memory_lies_on_none(keys: Keys, card: CardFile, reader: str) -> None:
    assert run(*VERIFY, "--keypad", "--reader", card.reader if reader == "file" else reader).code == 23


@pytest.mark.parametrize("option", ["--keypad", "--untested-keypad"])
def test_a_password_with_letters_is_not_typed(keys: Keys, tmp_path: Path, option: str) -> None:
    keypad = keys.plug(PIN)
    document = tmp_path / "document"
    document.write_bytes(b"a document")
    for words in (("pin", "verify", DIGITAL_SIGNATURE), ("sign", str(document), "-o", str(tmp_path / "signature"))):
        outcome = run(*words, option)
        assert outcome.code == 23, outcome.err
        assert "letters" in outcome.err
    assert keypad.left == 1
    assert not (tmp_path / "signature").exists()


@pytest.mark.parametrize("option", ["--keypad", "--untested-keypad"])
@pytest.mark.parametrize("words", [VERIFY, AUTHENTICATE, ("pin", "change", USER_AUTHENTICATION)])
def test_a_pin_comes_from_one_place(keys: Keys, card: CardFile, words: tuple[str, ...], option: str) -> None:
    keypad = keys.plug(PIN)
    for source in (("--pin-file", card.pin_file(USER_AUTHENTICATION)), ("--pin-fd", "0")):
        outcome = run(*words, option, *source)
        assert outcome.code == 2
        assert "exclude" in outcome.complaint
    assert (keypad.left, keys.seen) == (1, [])


# --- a new PIN ---------------------------------------------------------------------------------------


def changed(*words: str) -> Outcome:
    outcome = run("pin", "change", *words, "--keypad")
    assert NEW not in outcome.out + outcome.err
    return outcome


def in_force(card: SimulatedCard, pin: str) -> bool:
    card.power_off()
    JpkiSession(card).verify(PAIR, pin)
    return True


def test_a_new_pin_is_typed_twice_and_is_in_force(keys: Keys) -> None:
    keys.plug(PIN, NEW, NEW)
    outcome = changed(USER_AUTHENTICATION)
    assert outcome.code == 0, outcome.err
    assert "the new one again" in outcome.err
    keys.assert_left()
    assert in_force(keys.card, NEW)


@pytest.mark.parametrize(
    ("entries", "code"),
    [
        ((Gesture.CANCEL,), 38),
        ((PIN, Gesture.CANCEL), 38),
        ((PIN, NEW, Gesture.TIME_OUT), 38),
        ((PIN, NEW, "8217"), 38),
        ((WRONG, NEW, NEW), 31),
    ],
)
def test_else_the_old_one_stays_and_the_card_is_logged_out(
    keys: Keys, entries: tuple[str | Gesture, ...], code: int
) -> None:
    keys.plug(*entries)
    assert changed(USER_AUTHENTICATION).code == code
    keys.assert_left()
    assert in_force(keys.card, PIN)


def test_a_pin_that_is_two_keys_is_changed_one_by_one(keys: Keys) -> None:
    keypad = keys.plug("1234", NEW, NEW, "1234", NEW, NEW)
    outcome = changed(RESIDENT_REGISTER.name)
    assert outcome.code == 2
    assert "--only" in outcome.complaint
    assert (keypad.left, keys.seen) == (6, [])
    for only in (RESIDENT_REGISTER.name, COMMON.name):
        assert changed(RESIDENT_REGISTER.name, "--only", only).code == 0
    assert keypad.left == 0


# --- what is seen of it ------------------------------------------------------------------------------


def test_nothing_secret_is_said_or_kept(keys: Keys, tmp_path: Path) -> None:
    keys.plug(PIN)
    path = tmp_path / "typed.jsonl"
    outcome = run(*VERIFY, "--keypad", "--verbose", "--record", path)
    assert outcome.code == 0, outcome.err
    assert "00 20 00 98 typed at the reader" in outcome.err
    (secret,) = [exchange for exchange in read_recording(path).exchanges if exchange.secret]
    assert secret.command == bytes.fromhex("00200098")
    assert PIN not in path.read_text()


def test_the_same_by_sim_exec(card: CardFile, tmp_path: Path) -> None:
    typed = tmp_path / "typed"
    typed.write_text(f"cancel\n{PIN}\n")
    command = f"'{sys.executable}' -m mynacard {' '.join(VERIFY)} --keypad"
    outcome = process(
        "sim", "exec", "--card", card.path, "--keypad", typed, "--trace", "--", "sh", "-c", f"{command}; {command}"
    )
    assert outcome.code == 0, outcome.err
    assert "cancelled" in outcome.err
    assert "> 00 20 00 98 **\n" in outcome.err


class Slow(Around):
    """A card that lets *when* be done as soon as a VERIFY comes, and answers then."""

    def __init__(self, card: PoweredCard, when: Callable[[], None]) -> None:
        super().__init__(card)
        self._when = when

    def transmit(self, command: bytes, /) -> bytes:
        if command[1] == 0x20 and len(command) > 5:
            self._when()
        return super().transmit(command)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_who_is_stopped_while_the_reader_asks_takes_the_login_along(keys: Keys, number: int) -> None:
    programs: list[subprocess.Popen[str]] = []

    def stop() -> None:
        programs[0].send_signal(number)
        time.sleep(4)  # longer than a card is waited for on the way out

    keys.door.plug(TESTED, Slow(keys.watched, stop), keypad=Keypad([PIN]))
    words = [sys.executable, "-m", "mynacard", *VERIFY, "--keypad"]
    with subprocess.Popen(words, env=environment(), stderr=subprocess.PIPE, text=True) as program:
        programs.append(program)
        _, said = program.communicate(timeout=60)
    assert program.returncode == 128 + number, said
    assert "cancel key" in said
    assert PASSWORD not in said
    keys.assert_left()

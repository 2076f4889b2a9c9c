"""``mynacard pin``: every PIN of every application, and new ones."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from mynacard.cli.slots import CHANGEABLE, SLOTS
from mynacard.doors import disk
from mynacard.doors.pcsclite import Keypad, PcscliteDoor
from tests.cli.command_line import (
    DIGITAL_SIGNATURE,
    PASSWORD,
    PIN,
    USER_AUTHENTICATION,
    CardAlong,
    CardFile,
    Outcome,
    process,
    run,
)

FOUR = "1234"
NEW, NEW_PASSWORD = "8046", "NEUESWORT"
OLD = {
    USER_AUTHENTICATION: PIN, DIGITAL_SIGNATURE: PASSWORD, "text": FOUR, "resident-register": FOUR, "common": FOUR,
}  # fmt: skip
FRESH = {USER_AUTHENTICATION: NEW, DIGITAL_SIGNATURE: NEW_PASSWORD}


def lines(card: CardFile, *values: str) -> Path:
    path = card.path.with_name("lines.txt")
    path.write_text("".join(f"{value}\n" for value in values))
    return path


def changing(card: CardFile, name: str, *more: str | Path, old: str | None = None, new: str | None = None) -> Outcome:
    source = lines(card, OLD[name] if old is None else old, FRESH.get(name, NEW) if new is None else new)
    outcome = run("pin", "change", name, "-r", card.reader, "-v", "--pin-file", source, *more)
    assert NEW not in outcome.out + outcome.err
    assert NEW_PASSWORD not in outcome.out + outcome.err
    return outcome


def is_right(card: CardFile, name: str, secret: str) -> bool:
    code = run("pin", "verify", name, "-r", card.reader, "--pin-file", lines(card, secret)).code
    assert code in {0, 31}
    return code == 0


def changes(card: CardAlong) -> int:
    return len([command for command in card.sent if command[1] in {0x24, 0x32}])


# --- all of them -----------------------------------------------------------------------------------------


def test_status_has_every_pin_in_one_table(card: CardFile) -> None:
    before = card.trace_of_a_verify
    found = run("pin", "status", "-r", card.reader, "--json").json
    assert list(found) == list(SLOTS)
    assert len(found) == 10
    assert {name: state["tries_left"] for name, state in found.items()} == {
        name: slot.pin.tries for name, slot in SLOTS.items()
    }
    out = run("pin", "status", "-r", card.reader).out
    assert len(out.splitlines()) == 10
    assert len({line.partition(":")[0] for line in out.splitlines()}) == 10, "no two have one name"
    assert card.trace_of_a_verify == before


def test_status_costs_15(card_along: Callable[[Callable[[bytes, bytes], bytes]], CardAlong]) -> None:
    found = card_along(lambda _, answer: answer)
    assert run("pin", "status", "-r", "sim:").code == 0
    assert len(found.sent) == 15


def test_what_the_card_does_not_tell_is_said(
    card_along: Callable[[Callable[[bytes, bytes], bytes]], CardAlong],
) -> None:
    card_along(lambda command, answer: b"\x69\x81" if command[:2] == b"\x00\x20" else answer)
    outcome = run("pin", "status", "-r", "sim:", "--json")
    assert outcome.json["text"] == {"status": "CardError", "tries_left": None}
    assert "refused" in run("pin", "status", "-r", "sim:").out


def test_a_pin_that_the_card_does_not_have_is_said_to_be_absent(
    card_along: Callable[[Callable[[bytes, bytes], bytes]], CardAlong],
) -> None:
    card_along(lambda command, answer: b"\x6a\x88" if command[:2] == b"\x00\x20" else answer)
    outcome = run("pin", "status", "-r", "sim:", "--json")
    assert outcome.json["text"] == {"status": "PinAbsent", "tries_left": None}
    assert "has no text input support PIN" in run("pin", "status", "-r", "sim:").out


@pytest.mark.parametrize("name", ["text", "common", "resident-register"])
def test_any_pin_can_be_verified(card: CardFile, name: str) -> None:
    assert is_right(card, name, FOUR)
    assert not is_right(card, name, NEW)
    assert run("pin", "status", "-r", card.reader, "--json").json[name]["tries_left"] == 2


# --- a new one -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CHANGEABLE)
def test_a_changed_pin_is_the_new_one(card: CardFile, name: str) -> None:
    outcome = changing(card, name)
    assert outcome.code == 0
    assert outcome.out == f"The {SLOTS[name].label} is changed.\n"
    assert is_right(card, name, FRESH.get(name, NEW))
    card.secrets[name] = ""
    assert not is_right(card, name, OLD[name])


def test_the_resident_register_pin_is_two_keys_that_change_together(card: CardFile) -> None:
    assert changing(card, "resident-register").code == 0
    assert is_right(card, "common", NEW)
    assert is_right(card, "resident-register", NEW)


@pytest.mark.parametrize("only", ["common", "resident-register"])
def test_one_of_the_two_can_be_changed_alone(card: CardFile, only: str) -> None:
    assert changing(card, "resident-register", "--only", only).code == 0
    assert {name: is_right(card, name, NEW) for name in ("common", "resident-register")} == {
        name: name == only for name in ("common", "resident-register")
    }


def test_only_is_for_that_pin_alone(card: CardFile) -> None:
    assert changing(card, "text", "--only", "common").code == 2


@pytest.mark.parametrize("name", ["common", "text/number-a", "card-face/birth-date", "card-face"])
def test_what_nobody_changes_is_a_wrong_command_line(card: CardFile, name: str) -> None:
    before = card.trace_of_a_verify
    assert run("pin", "change", name, "-r", card.reader, "--pin-file", lines(card, FOUR, NEW)).code == 2
    assert card.trace_of_a_verify == before


def test_a_password_is_changed_in_capitals_where_that_is_asked_for(card: CardFile) -> None:
    assert changing(card, DIGITAL_SIGNATURE, new=NEW_PASSWORD.lower()).code == 30
    assert changing(card, DIGITAL_SIGNATURE, "--upper-case", new=NEW_PASSWORD.lower()).code == 0
    assert is_right(card, DIGITAL_SIGNATURE, NEW_PASSWORD)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [(FOUR, "804", 30), (FOUR, "", 30), ("12345", NEW, 30), (FOUR, FOUR, 2), ("", "", 30), ("9999", NEW, 31)],
)
def test_what_will_not_do_changes_nothing(card: CardFile, old: str, new: str, code: int) -> None:
    before = card.trace_of_a_verify
    outcome = changing(card, "text", old=old, new=new)
    assert outcome.code == code
    assert (card.trace_of_a_verify == before) is (code != 31)
    assert is_right(card, "text", FOUR)


def test_the_last_try_is_not_spent_on_a_change(card: CardFile) -> None:
    card.spend("text", left=1)
    outcome = changing(card, "text")
    assert outcome.code == 33
    assert "--spend-last-try" in outcome.err
    assert changing(card, "text", "--spend-last-try").code == 0


def test_both_values_come_by_standard_input_or_a_descriptor(card: CardFile) -> None:
    two = f"{FOUR}\n{NEW}\n".encode()
    assert run("pin", "change", "text", "-r", card.reader, "--pin-file", "-", stdin=two).code == 0
    reading, writing = os.pipe()
    os.write(writing, f"{NEW}\n{FOUR}\n".encode())
    os.close(writing)
    try:
        assert run("pin", "change", "text", "-r", card.reader, "--pin-fd", str(reading)).code == 0
        os.fstat(reading)
    finally:
        os.close(reading)
    assert is_right(card, "text", FOUR)


def test_without_a_terminal_nobody_is_asked(card: CardFile) -> None:
    assert run("pin", "change", "text", "-r", card.reader).code == 2


# --- when no clear answer comes ---------------------------------------------------------------------------


def test_an_unknown_outcome_is_told_and_nothing_is_sent_again(
    card_along: Callable[[Callable[[bytes, bytes], bytes]], CardAlong], tmp_path: Path
) -> None:
    found = card_along(lambda command, answer: b"" if command[1] == 0x24 else answer)
    source = tmp_path / "lines"
    source.write_text(f"{FOUR}\n{NEW}\n")
    outcome = run("pin", "change", "text", "-r", "sim:", "--pin-file", source)
    assert outcome.code == 35
    assert "Try the new one first" in outcome.complaint
    assert changes(found) == 1


def test_a_change_that_stops_half_way_says_which_is_which(
    card_along: Callable[[Callable[[bytes, bytes], bytes]], CardAlong], tmp_path: Path
) -> None:
    found = card_along(lambda command, answer: b"\x64\x00" if command[1] == 0x32 and changes(found) == 2 else answer)
    source = tmp_path / "lines"
    source.write_text(f"{FOUR}\n{NEW}\n")
    outcome = run("pin", "change", "resident-register", "-r", "sim:", "--pin-file", source)
    assert outcome.code == 36
    assert "The resident register PIN is the new one, the common application PIN is still the old one" in outcome.err


def test_json_is_json_in_a_process_of_its_own(card: CardFile) -> None:
    assert json.loads(process("pin", "status", "-r", card.reader, "--json").out)["text"]["tries_left"] == 3


# --- at the reader's keys --------------------------------------------------------------------------------


def at_keys(door: PcscliteDoor, *words: str, name: str = "Simulated Reader 00 00") -> Outcome:
    door.plug(name, disk.new_card(), keypad=Keypad(["1234"]))
    outcome = run(*words)
    door.unplug(name)
    return outcome


@pytest.mark.parametrize("command", ["verify", "change"])
def test_nobody_is_told_to_type_letters_at_a_keypad(door: PcscliteDoor, command: str) -> None:
    outcome = at_keys(door, "pin", command, DIGITAL_SIGNATURE, "--keypad")
    assert outcome.code == 23
    assert "has letters" in outcome.err
    assert "on the reader's keypad" not in outcome.err


def test_keys_that_nobody_tried_are_refused_with_the_option_that_uses_them(door: PcscliteDoor) -> None:
    words = ("pin", "verify", USER_AUTHENTICATION)
    outcome = at_keys(door, *words, "--keypad", name="A Keypad 00 00")
    assert outcome.code == 23
    assert "--untested-keypad" in outcome.err
    assert at_keys(door, *words, "--untested-keypad", name="A Keypad 00 00").code == 0

"""``mynacard personal``: what is shown, only where it is asked for, and only of a card that is genuine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mynacard.images import ImageKind
from mynacard.simulator import MIHON
from tests.cli.command_line import CardAlong, CardFile, Outcome, run

NUMBER = MIHON.my_number
SECRETS = {
    "pin": "1234",
    "number-a": MIHON.number_a.reveal().decode(),
    "number-b": MIHON.number_b.reveal().decode(),
    "birth-date": MIHON.birth_date_pin.reveal().decode(),
}
Along = Callable[[Callable[[bytes, bytes], bytes]], CardAlong]


def personal(card: CardFile | str, command: str, *more: str | Path, opener: str = "pin", secret: str = "") -> Outcome:
    reader = card if isinstance(card, str) else card.reader
    words = [] if opener in {"default", "birth-date"} else ["--with", opener]
    typed = secret or SECRETS[{"default": "number-b"}.get(opener, opener)]
    return run("personal", command, *words, "-r", reader, "--pin-file", "-", *more, stdin=f"{typed}\n".encode())


def said(outcome: Outcome, code: int = 0) -> str:
    assert outcome.code == code, outcome.err
    return outcome.out


# --- what is shown ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("opener", ["pin", "number-b"])
def test_attributes_are_the_holders(card: CardFile, opener: str) -> None:
    outcome = personal(card, "attributes", "--simulated", opener=opener)
    assert said(outcome).splitlines() == [
        f"name: {MIHON.name}", f"address: {MIHON.address}", "birth date: 1990-04-01", "sex: not applicable",
    ]  # fmt: skip
    assert outcome.err.splitlines()[-1] == "The card is genuine."
    assert "attributes: good" in outcome.err
    assert "validity: not checked" in outcome.err


@pytest.mark.parametrize("opener", ["pin", "number-a"])
def test_the_number_is_shown_where_it_is_asked_for(card: CardFile, opener: str) -> None:
    assert said(personal(card, "number", "--simulated", opener=opener)) == f"number: {NUMBER}\n"
    found = personal(card, "number", "--simulated", "--json", opener=opener).json
    assert found["number"] == NUMBER
    assert found["check"]["conclusion"] == "genuine"
    assert found["check"]["root"]["kind"] == "simulated"


def test_age_is_birth_date_and_years(card: CardFile) -> None:
    found = personal(card, "age", "--simulated", "--json", opener="birth-date").json
    assert found["birth_date"] == MIHON.birth_date.isoformat()
    assert set(found) == {"birth_date", "age", "check"}


@pytest.mark.parametrize("opener", ["number-b", "number-a", "default"])
def test_the_face_is_listed_and_its_photo_written(card: CardFile, tmp_path: Path, opener: str) -> None:
    found = personal(card, "face", "--simulated", "--json", opener=opener).json
    assert (found["birth_date"], found["sex"], found["expiry"]) == ("1990-04-01", "not applicable", "2099-04-01")
    assert [image["format"] for image in found["images"]] == ["png", "png", "jp2", "png"]
    target = tmp_path / "photo.jp2"
    assert said(personal(card, "photo", "-o", target, "--simulated", opener=opener)) == f"photo: {target}\n"
    assert target.read_bytes().startswith(ImageKind.JPEG_2000.signatures)
    assert "photo:" in said(personal(card, "face", "--simulated", opener=opener))


@pytest.mark.parametrize(
    ("command", "opener"), [("attributes", "pin"), ("age", "birth-date"), ("face", "number-a"), ("face", "number-b")]
)
@pytest.mark.parametrize("more", [["--simulated"], ["--no-check"], ["--simulated", "--json"], ["--no-check", "--json"]])
def test_no_other_command_shows_the_number(card: CardFile, command: str, opener: str, more: list[str]) -> None:
    outcome = personal(card, command, *more, "-v", opener=opener)
    assert outcome.code == 0
    assert NUMBER not in outcome.out + outcome.err


@pytest.mark.parametrize("words", [["info"], ["info", "--json"], ["pin", "status"], ["pin", "status", "--json"]])
def test_nor_do_those_without_a_pin(card: CardFile, words: list[str]) -> None:
    outcome = run(*words, "-r", card.reader, "-v")
    for secret in (NUMBER, MIHON.name, MIHON.address, SECRETS["number-b"]):
        assert secret not in outcome.out + outcome.err


@pytest.mark.parametrize(("opener", "command"), [(opener, command) for opener in SECRETS for command in ("number",)])
def test_no_secret_is_repeated(card: CardFile, opener: str, command: str) -> None:
    secret = "8" * len(SECRETS[opener])
    name = {"birth-date": "age", "number-b": "attributes"}.get(opener, command)
    outcome = personal(card, name, "-v", opener=opener, secret=secret)
    assert outcome.code == 31
    assert secret not in outcome.out + outcome.err


# --- only of a genuine card --------------------------------------------------------------------------------

COMMANDS = [("attributes", "pin"), ("number", "pin"), ("age", "birth-date"), ("face", "number-b")]


@pytest.mark.parametrize(("command", "opener"), COMMANDS)
def test_by_default_a_simulated_card_is_none_and_shows_nothing(card: CardFile, command: str, opener: str) -> None:
    outcome = personal(card, command, opener=opener)
    assert said(outcome, 70) == ""
    assert "The card is not genuine." in outcome.err
    assert outcome.err.splitlines()[-1].endswith("--simulated accepts it.")
    assert len(outcome.err.splitlines()) == 1
    outcome = personal(card, command, "--json", opener=opener)
    assert said(outcome, 70)
    assert set(outcome.json) == {"check"}
    assert outcome.json["check"]["conclusion"] == "not-genuine"


def test_the_photo_of_a_card_that_is_none_is_not_written(card: CardFile, tmp_path: Path) -> None:
    assert personal(card, "photo", "-o", tmp_path / "photo", opener="default").code == 70
    assert not (tmp_path / "photo").exists()


@pytest.mark.parametrize(("command", "opener"), COMMANDS)
def test_not_checked_is_said_so(card: CardFile, command: str, opener: str) -> None:
    assert said(personal(card, command, "--no-check", opener=opener)).splitlines()[-1] == "not checked"
    found = personal(card, command, "--no-check", "--json", opener=opener).json
    assert found["check"] == {"conclusion": "not-checked", "root": None, "steps": []}


def test_to_check_and_not_to_check_exclude_each_other(card: CardFile) -> None:
    assert personal(card, "number", "--no-check", "--simulated").code == 2


def swapped(command: bytes, answer: bytes) -> bytes:
    """Somebody else's name in the attributes."""
    return answer.replace(b"MIHON ALEX", b"MIHON EVIL")


def copied(command: bytes, answer: bytes) -> bytes:
    """A copy of a card, that has its files and not its key."""
    return bytes(256) + b"\x90\x00" if command[:2] == b"\x80\x2a" else answer


@pytest.mark.parametrize("change", [swapped, copied])
def test_a_forged_card_shows_nothing(card_along: Along, change: Callable[[bytes, bytes], bytes]) -> None:
    card_along(change)
    outcome = personal("sim:", "attributes", "--simulated")
    assert said(outcome, 70) == ""
    assert "MIHON" not in outcome.err


def damaged(command: bytes, answer: bytes) -> bytes:
    return b"\xff\x20\x01\x00\x90\x00" if command[:3] == b"\x00\xb0\x82" else answer


def test_a_damaged_file_is_a_card_that_is_none(card_along: Along) -> None:
    card_along(damaged)
    assert personal("sim:", "attributes", "--simulated").code == 70
    card_along(damaged)
    assert personal("sim:", "attributes", "--no-check").code == 50


# --- what it costs, and what is not sent --------------------------------------------------------------------


def test_a_checked_read_costs_8_and_the_log_out(card_along: Along) -> None:
    """Attributes alone: one file less than with the number, for which 9 are counted."""
    found = card_along(lambda _, answer: answer)
    assert personal("sim:", "attributes", "--simulated").code == 0
    assert len(found.sent) == 8 + 1


@pytest.mark.parametrize(("command", "opener", "secret"), [
    ("attributes", "pin", "12345"), ("attributes", "number-b", "1990040120990000x"[:14] + "x"),
    ("number", "number-a", "1234"), ("age", "birth-date", "19900401"), ("face", "number-b", ""),
])  # fmt: skip
def test_what_cannot_be_right_is_not_sent(card: CardFile, command: str, opener: str, secret: str) -> None:
    before = card.trace_of_a_verify
    assert personal(card, command, opener=opener, secret=secret or " ").code == 30
    assert card.trace_of_a_verify == before


@pytest.mark.parametrize(("command", "opener"), [("attributes", "number-a"), ("number", "number-b"), ("face", "pin")])
def test_what_would_not_open_it_is_a_wrong_command_line(card: CardFile, command: str, opener: str) -> None:
    assert personal(card, command, opener=opener).code == 2


def test_without_a_terminal_nobody_is_asked(card: CardFile) -> None:
    assert run("personal", "attributes", "-r", card.reader).code == 2


def test_a_photo_that_would_replace_a_file_is_not_read(card: CardFile, tmp_path: Path) -> None:
    before = card.trace_of_a_verify
    (tmp_path / "photo").write_bytes(b"mine")
    assert personal(card, "photo", "-o", tmp_path / "photo", opener="default").code == 2
    assert card.trace_of_a_verify == before


def test_a_phone_says_that_it_has_none(card_along: Along) -> None:
    card_along(
        lambda command, answer: b"\x6a\x82" if command[4:7] == b"\x0a\xd3\x92" and command[7] == 0x10 else answer
    )
    outcome = personal("sim:", "number")
    assert (outcome.code, "no text application" in outcome.err) == (40, True)

"""What a command says about a mistake is enough to put it right."""

from __future__ import annotations

import os
import pty
import sys
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import click
import pytest

from mynacard.cli.secrets import PinSource, SecretStream
from mynacard.cli.typing_ahead import ASKING, keep_quiet, keep_quiet_early
from mynacard.doors import vpcd
from mynacard.errors import NoPcscServiceError
from tests.cli.command_line import run
from tests.cli.test_pins import COMMANDS
from tests.readers.fake_scard import Desk

# --- apdu ---


@pytest.mark.parametrize(
    ("command", "part"),
    [
        ("XX", "Argument 2 is not hexadecimal: two digits a byte."),
        ("0", "Argument 2 is not hexadecimal: two digits a byte."),
        ("", "CLA, INS, P1 and P2 are 4 bytes; it has 0."),
        ("00A404", "CLA, INS, P1 and P2 are 4 bytes; it has 3."),
        ("00A4040C0AD392", "Lc says 10 bytes of data; it has 2, Le included."),
        ("00A4040C02AABBCCDD", "Lc says 2 bytes of data; it has 4, Le included."),
        ("00A4040C0000", "an extended Lc or Le is 00 and two more bytes; it has 1."),
        ("00A4040C000005AABB", "Lc says 5 bytes of data; it has 2, Le included."),
        ("00A4040C00000000", "an extended Lc is not 0000."),
    ],
)
def test_apdu_names_the_argument_and_its_wrong_part(command: str, part: str) -> None:
    outcome = run("apdu", "00B0000000", command, "-r", "sim:")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.complaint.startswith("Argument 2 ")
    assert outcome.complaint.endswith(part)


# --- doctor, demo, sim ---


def test_the_doctor_of_a_simulated_card_looks_at_nothing_that_it_does_not_need(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mynacard.doctor.examination.find_library", None)
    outcome = run("doctor", "-r", "sim:", "--json")
    rooms = [finding["code"].partition("/")[0] for finding in outcome.json]
    assert outcome.code == 0
    assert rooms == ["simulated", "card", "certificate", "certificate", "pin", "pin", "clock"]


def test_the_doctor_says_what_is_wrong_with_a_simulated_card_and_no_report_tells_its_path(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    outcome = run("doctor", "-r", f"sim:{tmp_path / 'missing'}", "--report", report)
    assert outcome.code == 72
    assert "[simulated/failed]" in outcome.out
    assert "missing" not in report.read_text("utf-8")
    assert run("doctor", "-r", "sim:@nonsense").code == 72


def test_the_mistake_of_the_demo_says_that_it_is_one() -> None:
    lines = run("demo").out.splitlines()
    (announced,) = [number for number, line in enumerate(lines) if "on purpose" in line]
    assert "was not sent" in lines[announced + 1]


def test_a_card_in_a_vpcd_reader_is_announced_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def hangs_up_twice(*_: object, connected: Callable[[], None]) -> None:
        connected()
        connected()

    monkeypatch.setattr(vpcd, "serve", hangs_up_twice)
    assert run("sim", "vpcd").err.count("The card is in the reader") == 1


# --- a desk without a service ---


def test_without_a_service_readers_asks_once(desk: Desk) -> None:
    desk.fail("SCardEstablishContext", *[0x8010001D] * 9)
    assert run("readers").code == 11
    assert desk.calls.count("SCardEstablishContext") == 1


# --- at a terminal ---


@contextmanager
def terminal() -> Iterator[int]:
    """The descriptor of a terminal that is also standard input."""
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "r", closefd=False) as stdin, mock.patch.object(sys, "stdin", stdin):
        yield theirs
    os.close(ours)
    os.close(theirs)


def echoes(descriptor: int) -> bool:
    return bool(termios.tcgetattr(descriptor)[3] & termios.ECHO)


@pytest.mark.parametrize("asks", [PinSource.pin, PinSource.change])
def test_the_terminal_is_quiet_from_before_the_prompt_to_the_end_of_the_command(
    asks: Callable[[PinSource], object],
) -> None:
    source = PinSource(SecretStream("pin", None, None), spend_last_try=False, upper_case=False)
    with terminal() as descriptor:
        assert echoes(descriptor)
        with click.Context(click.Command("any")):
            asks(source)
            assert not echoes(descriptor)
        assert echoes(descriptor)


def test_the_commands_that_ask_are_those_that_take_a_pin_or_a_number_from_a_file() -> None:
    def takes(command: click.Command) -> bool:
        return bool({"pin_file", "number_file"} & {parameter.name for parameter in command.params})

    asking = {" ".join(words) for words, command in COMMANDS if takes(command)}
    assert asking - {"readers check"} == ASKING  # which never asks


@pytest.mark.parametrize(
    ("words", "quiet"),
    [
        ("pin verify user-authentication", True),
        ("sign file -o out", True),
        ("sign file -o out --pin-file=pin", False),
        ("residence read --number-fd 3", False),
        ("pin verify --keypad", False),
        ("pin verify --help", False),
        ("pin status", False),
        ("info", False),
        ("", False),
    ],
)
def test_the_terminal_is_quiet_before_a_command_that_will_ask_is_loaded(words: str, quiet: bool) -> None:
    with terminal() as descriptor, click.Context(click.Command("any")):
        keep_quiet_early(words.split())
        assert echoes(descriptor) is not quiet


def test_a_terminal_of_another_program_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    with terminal() as descriptor, click.Context(click.Command("any")):
        monkeypatch.setattr(os, "tcgetpgrp", lambda _: os.getpgrp() + 1)
        keep_quiet_early(["sign"])  # as a background job it would be stopped
        assert echoes(descriptor)


def test_an_error_in_the_command_leaves_the_terminal_as_it_was() -> None:
    def fails(descriptor: int) -> None:
        with click.Context(click.Command("any")):
            keep_quiet(descriptor)
            raise NoPcscServiceError("gone")

    with terminal() as descriptor:
        with pytest.raises(NoPcscServiceError):
            fails(descriptor)
        assert echoes(descriptor)

"""``--ask window``: a PIN is asked for in a window, with everything that the terminal would have said."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.cli.command_line import PIN, USER_AUTHENTICATION, CardFile, Outcome, process
from tests.consent.test_pinentry import answers, heard, program

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the window is a script, found on Linux by its name")

VERIFY = ("pin", "verify", USER_AUTHENTICATION, "--ask", "window")


def run(folder: Path, *arguments: str, body: str = answers(PIN)) -> Outcome:
    program(folder, body).rename(folder / "pinentry-gnome3")
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    return process(*arguments, PATH=path, DISPLAY=":none", XDG_STATE_HOME=str(folder), LANGUAGE="en")


def log(folder: Path) -> str:
    (folder / "pinentry-gnome3.log").rename(folder / "pinentry.log")
    return "\n".join(heard(folder))


def test_the_pin_is_asked_for_in_a_window(card: CardFile, tmp_path: Path) -> None:
    outcome = run(tmp_path, *VERIFY, "-r", card.reader)
    assert (outcome.code, outcome.err) == (0, "")
    assert "Checks the PIN; nothing is signed.%0A3 tries of the user-authentication PIN are left." in log(tmp_path)


def test_a_window_that_is_cancelled_is_an_error_of_its_own(card: CardFile, tmp_path: Path) -> None:
    body = 'until(*LAST); say("ERR 83886179 Operation cancelled"); hear()'
    outcome = run(tmp_path, *VERIFY, "-r", card.reader, body=body)
    assert outcome.code == 46
    assert "The user-authentication PIN was not typed: the holder cancelled." in outcome.err


def test_a_wrong_pin_costs_a_try(card: CardFile, tmp_path: Path) -> None:
    outcome = run(tmp_path, *VERIFY, "-r", card.reader, body=answers("0000"))
    assert outcome.code == 31


def test_a_pin_is_not_changed_in_a_window(card: CardFile, tmp_path: Path) -> None:
    outcome = run(tmp_path, "pin", "change", USER_AUTHENTICATION, "--ask", "window", "-r", card.reader)
    assert (outcome.code, "A PIN cannot be changed with --ask window." in outcome.err) == (2, True)


def test_a_file_is_read_where_it_is_given_and_no_window_is_opened(card: CardFile, tmp_path: Path) -> None:
    (tmp_path / "pin").write_text(PIN)
    outcome = run(tmp_path, *VERIFY, "--pin-file", str(tmp_path / "pin"), "-r", card.reader)
    assert outcome.code == 0
    assert not (tmp_path / "pinentry-gnome3.log").exists()

"""Our own program for windows: hung, dead and lying ones; and real windows, with tkinter and of pinentry."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

from mynacard.apdu.pins import TriesLeft
from mynacard.consent import Answer, Door, Notice, Refusal
from mynacard.consent.dialog import DialogDoor, OpenDialog
from mynacard.consent.pinentry import opener as pinentry
from mynacard.consent.window import opener as window
from mynacard.pin import AtKeypad, Pin
from tests.consent.requests import LOG_IN, PAGE, SIGN, request
from tests.consent.screen import NEEDED, keys, screen, wait_for_window, windows
from tests.consent.test_pinentry import HEAD, heard, program
from tests.rig.pcscd import unavailable

scripts = pytest.mark.skipif(sys.platform == "win32", reason="the programs are scripts")


PROGRAM: Final = 'sys.stdin.buffer.read(int(sys.argv[-1].split("(")[-1].rstrip(")")))\n'
"""Takes our own program, which comes before the request, and does not run it."""


def door(folder: Path, body: str) -> Door:
    return DialogDoor(window(str(program(folder, body, HEAD + PROGRAM))), str)


SAYS: Final = {
    "cancelled": ('hear(); say("cancelled"); hear()', Refusal.CANCELLED),
    "timed out": ('hear(); say("timed-out"); hear()', Refusal.TIMED_OUT),
    "no display": ('hear(); say("no-door"); hear()', Refusal.NO_DOOR),
    "nonsense": ('hear(); say("yes"); hear()', Refusal.CLOSED),
    "agreed where a PIN is due": ('hear(); say("agreed"); hear()', Refusal.CLOSED),
    "too long": ('hear(); say("pin " + "1" * 5000); hear()', Refusal.CLOSED),
    "it dies": ("hear()", Refusal.CLOSED),
    "it hangs": ("hear(); time.sleep(600)", Refusal.CLOSED),
}


@scripts
@pytest.mark.parametrize(("body", "refusal"), SAYS.values(), ids=SAYS.keys())
def test_whatever_the_program_says_ends_the_question(body: str, refusal: Refusal, tmp_path: Path) -> None:
    seconds = 0.4 if refusal is Refusal.CLOSED and "sleep" in body else 60.0
    assert door(tmp_path, body).ask(request(seconds=seconds)) is refusal


@scripts
def test_the_program_gets_one_request_and_no_variable_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_SECRET", "x")
    asked = door(tmp_path, 'hear(); log.write(str("A_SECRET" in os.environ)); log.flush(); say("pin 1234"); hear()')
    assert asked.ask(LOG_IN) == Pin("1234")
    shown, variable = heard(tmp_path)
    assert '"heading": "https://portal.example"' in shown
    assert variable == "False"


def test_without_a_display_there_is_no_door(monkeypatch: pytest.MonkeyPatch) -> None:
    if sys.platform != "linux":
        pytest.skip("these systems always have a display")
    monkeypatch.setenv("DISPLAY", ":none")
    assert DialogDoor(window(), str).ask(LOG_IN) is Refusal.NO_DOOR


# --- real windows ------------------------------------------------------------------------------------

real = pytest.mark.thorough("windows on a screen without a monitor (Xvfb, xdotool)")
TOOLKITS: Final[dict[str, Callable[[], OpenDialog]]] = {
    "tkinter": window,
    "pinentry-gtk-2": lambda: pinentry(_path("pinentry-gtk-2"), "en"),
    "pinentry-qt": lambda: pinentry(_path("pinentry-qt"), "en"),
}


def _path(name: str) -> str:
    return shutil.which(name) or unavailable(f"{name} is not installed; tools/system_packages.sh says how")


@pytest.fixture
def display(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name in NEEDED:
        _path(name)
    with screen() as name:
        monkeypatch.setenv("DISPLAY", name)
        yield name


def typing(display: str, *presses: tuple[str, ...]) -> threading.Thread:
    """Presses the keys of each of *presses* in a window of its own."""

    def press() -> None:
        before = ""
        for names in presses:
            while (shown := wait_for_window(display)) == before:
                time.sleep(0.1)
            before = shown
            time.sleep(1.5)  # a button that agrees rests at first
            keys(display, *names)

    thread = threading.Thread(target=press)
    thread.start()
    return thread


def asked(
    display: str, toolkit: Callable[[], OpenDialog], ask: Callable[[Door], Answer], *presses: tuple[str, ...]
) -> Answer:
    thread = typing(display, *presses)
    answer = ask(DialogDoor(toolkit(), str))
    thread.join()
    return answer


@real
@pytest.mark.parametrize("toolkit", TOOLKITS.values(), ids=TOOLKITS.keys())
def test_what_is_typed_into_a_real_window_is_the_answer(toolkit: Callable[[], OpenDialog], display: str) -> None:
    assert asked(display, toolkit, lambda door: door.ask(LOG_IN), (*"1234", "Return")) == Pin("1234")
    assert asked(display, toolkit, lambda door: door.ask(SIGN), (*"abc123", "Return")) == Pin("ABC123")


@real
@pytest.mark.parametrize("toolkit", TOOLKITS.values(), ids=TOOLKITS.keys())
def test_a_real_window_is_cancelled_by_a_key(toolkit: Callable[[], OpenDialog], display: str) -> None:
    assert asked(display, toolkit, lambda door: door.ask(LOG_IN), ("Escape",)) is Refusal.CANCELLED


@real
@pytest.mark.parametrize("toolkit", TOOLKITS.values(), ids=TOOLKITS.keys())
def test_enter_does_not_spend_the_last_try_nor_start_the_keypad(
    toolkit: Callable[[], OpenDialog], display: str
) -> None:
    for confirmed in (request(status=TriesLeft(1)), request(keypad=AtKeypad())):
        answer = asked(display, toolkit, lambda door, asks=confirmed: door.ask(asks), ("Return", "Escape"))
        assert answer is Refusal.CANCELLED


@real
@pytest.mark.parametrize("toolkit", TOOLKITS.values(), ids=TOOLKITS.keys())
def test_a_real_window_says_itself_that_time_is_over(toolkit: Callable[[], OpenDialog], display: str) -> None:
    assert asked(display, toolkit, lambda door: door.ask(request(seconds=4.0))) is Refusal.TIMED_OUT


@real
@pytest.mark.parametrize("toolkit", TOOLKITS.values(), ids=TOOLKITS.keys())
def test_a_real_notice_goes_away_when_it_is_settled(toolkit: Callable[[], OpenDialog], display: str) -> None:
    door = DialogDoor(toolkit(), str)
    assert door.tell(PAGE, Notice.NO_CARD, seconds=60, settled=lambda: bool(windows(display))) is None
    while windows(display):
        time.sleep(0.05)


@real
def test_a_window_whose_program_is_stopped_is_a_refusal_at_the_deadline(display: str, tmp_path: Path) -> None:
    wrapper = program(
        tmp_path,
        "log.write(str(os.getpid())); log.flush(); os.execv(sys.executable, [sys.executable, *sys.argv[1:]])",
        HEAD,
    )
    stopped = threading.Thread(
        target=lambda: (wait_for_window(display), os.kill(int(heard(tmp_path)[0]), signal.SIGSTOP))
    )
    stopped.start()
    assert DialogDoor(window(str(wrapper)), str).ask(request(seconds=5.0)) is Refusal.CLOSED
    stopped.join()

"""Which door is taken: by what there is, and by the setting."""

from __future__ import annotations

from pathlib import Path

import pytest

from mynacard.consent import Notice, Refusal, choosing
from mynacard.consent.choosing import Desk, NoDoor, OnlyKeypad, chosen, open_door
from mynacard.errors import UsageError
from mynacard.pin import AtKeypad, Pin
from tests.consent.requests import LOG_IN, PAGE, request
from tests.consent.test_scripted import door

WHOLE = Desk(
    display=True, pinentry="/bin/pinentry-qt", curses="/bin/pinentry-curses", terminal="/dev/tty1", tkinter=True
)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choosing.pinentry, "opener", lambda program, *_: program)
    monkeypatch.setattr(choosing.window, "opener", lambda: "tkinter")


def at(**changes: object) -> Desk:
    values = {name: getattr(WHOLE, name) for name in ("display", "pinentry", "curses", "terminal", "tkinter")}
    return Desk(**{**values, **changes})


@pytest.mark.usefixtures("opened")
@pytest.mark.parametrize(("setting", "desk", "taken"), [
    ("", WHOLE, "/bin/pinentry-qt"),
    ("keypad", WHOLE, "/bin/pinentry-qt"),
    ("", at(pinentry=""), "tkinter"),
    ("", at(pinentry="", tkinter=False), "/bin/pinentry-curses"),
    ("", at(display=False, tkinter=False), "/bin/pinentry-curses"),
    ("", at(display=False, terminal="", tkinter=False), None),
    ("", at(display=False, curses="", tkinter=False), None),
    ("", Desk(), None),
    ("pinentry", at(pinentry=""), "/bin/pinentry-curses"),
    ("pinentry", at(pinentry="", terminal=""), None),
    ("window", WHOLE, "tkinter"),
    ("window", at(tkinter=False), None),
    ("window", at(display=False), None),
])  # fmt: skip
def test_the_door_is_the_best_that_there_is(setting: str, desk: Desk, taken: str | None) -> None:
    assert chosen(setting, desk, "en") == taken


def test_without_a_door_every_question_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Desk, "here", Desk)
    nothing = open_door()
    assert isinstance(nothing, NoDoor)
    assert nothing.ask(LOG_IN) is Refusal.NO_DOOR
    assert nothing.tell(PAGE, Notice.NO_CARD, seconds=1, settled=lambda: True) is Refusal.NO_DOOR
    nothing.close()


def test_a_desk_has_what_is_in_the_path_and_not_what_lies_in_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "pinentry-qt"
    program.touch(mode=0o700)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", ".")
    assert Desk.here().pinentry == ""


@pytest.mark.parametrize("setting", ["pin", "Window", "keypad ", "scripts:x"])
def test_another_setting_is_refused(setting: str) -> None:
    with pytest.raises(UsageError, match="is not a way to ask for a PIN"):
        open_door(setting)


def test_only_at_the_keypad_no_pin_is_typed_here(tmp_path: Path) -> None:
    only = OnlyKeypad(door(tmp_path, "keypad", {"pin": "1234"}))
    assert only.ask(LOG_IN) is Refusal.NO_DOOR
    assert only.ask(request(keypad=AtKeypad(5))) == AtKeypad(5)
    assert only.tell(PAGE, Notice.NO_CARD, seconds=1, settled=lambda: True) is None
    assert only.ask(request(keypad=AtKeypad(5))) == Pin("1234")
    only.close()
    assert only.ask(request(keypad=AtKeypad(5))) is Refusal.CLOSED

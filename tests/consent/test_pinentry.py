"""Programs in pinentry's place: whatever they say, the door answers in time, and only with what was typed."""

from __future__ import annotations

import stat
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from mynacard.apdu.pins import Blocked, TriesLeft
from mynacard.apdu.status import StatusWord
from mynacard.consent import Act, Answer, Asker, ConsentRequest, Document, Notice, Page, Refusal
from mynacard.consent.child import environment
from mynacard.consent.dialog import DialogDoor
from mynacard.consent.pinentry import opener
from mynacard.consent.request import Door
from mynacard.pin import AtKeypad, Pin
from mynacard.texts import catalogue
from tests.consent.requests import LOG_IN, PAGE, SIGN, request
from tests.support import CANARY, SCRIPT
from tests.test_frames import shown

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the programs are scripts")

HEAD: Final = (
    SCRIPT
    + """\
import os, sys, time
log = open(__file__ + ".log", "a")
def say(line): sys.stdout.write(line + "\\n"); sys.stdout.flush()
def hear():
    line = sys.stdin.readline().rstrip("\\n")
    log.write(line + "\\n"); log.flush()
    return line
def until(*words):
    "Agrees to everything but the commands that begin with *words*; the first such command."
    while not (line := hear()).startswith(words): say("OK")
    return line
LAST = "GETPIN", "CONFIRM"
"""
)
GREETS: Final = HEAD + 'say("OK Pleased to meet you")\n'


def program(folder: Path, body: str, head: str = GREETS) -> Path:
    path = folder / "pinentry"
    path.write_text(head + body, encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def door(folder: Path, body: str, head: str = GREETS, language: str = "en") -> Door:
    return DialogDoor(opener(str(program(folder, body, head)), language), catalogue(language).gettext)


def heard(folder: Path) -> list[str]:
    return (folder / "pinentry.log").read_text("utf-8").splitlines()


def answers(pin: str) -> str:
    return f'until(*LAST); say("D {pin}"); say("OK"); hear()'


def test_what_was_typed_is_the_answer(tmp_path: Path) -> None:
    asked = door(tmp_path, answers("12%334"))
    assert asked.ask(LOG_IN) == Pin("1234")
    assert heard(tmp_path)[-1] == "GETPIN"
    assert "SETTIMEOUT 58" in heard(tmp_path) or "SETTIMEOUT 59" in heard(tmp_path)


def test_what_is_shown_is_one_line_a_command_and_no_markup(tmp_path: Path) -> None:
    door(tmp_path, answers("ABC123")).ask(request(SIGN, asker=Document("<b>100%\n\r</b>")))
    text = next(line for line in heard(tmp_path) if line.startswith("SETDESC"))
    assert "‹b>100%25\\n\\r‹/b>" in text


def test_lowercase_letters_of_a_password_become_capitals(tmp_path: Path) -> None:
    assert door(tmp_path, answers("abc123")).ask(SIGN) == Pin("ABC123")


def test_a_pin_of_the_wrong_form_is_asked_for_again_and_not_for_ever(tmp_path: Path) -> None:
    assert door(tmp_path, answers("123")).ask(LOG_IN) is Refusal.CLOSED
    errors = [line for line in heard(tmp_path) if line.startswith("SETERROR")]
    assert len(errors) == 19
    assert errors[0].startswith("SETERROR The user-authentication PIN has exactly 4 digits.")


def test_a_wrong_pin_is_told_when_it_is_asked_for_again(tmp_path: Path) -> None:
    door(tmp_path, answers("1234")).ask(request(incorrect=True))
    assert "SETERROR The user-authentication PIN was wrong." in heard(tmp_path)


def test_the_last_try_is_asked_for_only_after_it_was_confirmed(tmp_path: Path) -> None:
    agrees = 'line = until(*LAST); say("D 1234") if line == "GETPIN" else 0; say("OK"); hear()'
    assert door(tmp_path, agrees).ask(request(status=TriesLeft(1))) == Pin("1234")
    assert [line for line in heard(tmp_path) if line in {"GETPIN", "CONFIRM"}] == ["CONFIRM", "GETPIN"]


def test_without_that_confirmation_there_is_no_question(tmp_path: Path) -> None:
    refuses = 'until("CONFIRM"); say("ERR 83886194 Not confirmed"); hear()'
    assert door(tmp_path, refuses).ask(request(status=TriesLeft(1))) is Refusal.CANCELLED
    assert "GETPIN" not in heard(tmp_path)


def test_at_the_keypad_only_a_button_is_pressed(tmp_path: Path) -> None:
    asked = door(tmp_path, 'until("CONFIRM"); say("OK"); hear()')
    assert asked.ask(request(keypad=AtKeypad(12))) == AtKeypad(12)
    assert "GETPIN" not in heard(tmp_path)


def test_a_blocked_pin_is_not_asked_for(tmp_path: Path) -> None:
    asked = door(tmp_path, 'until("CONFIRM"); say("OK"); hear()')
    assert asked.ask(request(status=Blocked(StatusWord(0x6983)))) is Refusal.CANCELLED


SAYS: Final = {
    "cancelled": ('until(*LAST); say("ERR 83886179 Operation cancelled <Pinentry>"); hear()', Refusal.CANCELLED),
    "cancelled, of another source": ('until(*LAST); say("ERR 67108963 x"); hear()', Refusal.CANCELLED),
    "timed out": ('until(*LAST); say("ERR 83886142 Timeout <Pinentry>"); hear()', Refusal.TIMED_OUT),
    "no terminal": ('until(*LAST); say("ERR 83918950 Inappropriate ioctl"); hear()', Refusal.NO_DOOR),
    "another error": ('until(*LAST); say("ERR 83886355 Unknown"); hear()', Refusal.CLOSED),
    "an error without a number": ('until(*LAST); say("ERR"); hear()', Refusal.CLOSED),
    "a confirmation of nothing": ('until(*LAST); say("OK"); say("OK"); hear()', Refusal.CLOSED),
    "a question of its own": ('until(*LAST); say("INQUIRE QUALITY 1"); hear()', Refusal.CLOSED),
    "nonsense": ('until(*LAST); say("\\x00\\xff nonsense"); hear()', Refusal.CLOSED),
    "a PIN before the question": ('say("D 1234"); until(*LAST); say("OK"); hear()', Refusal.CLOSED),
    "two PINs": ('until(*LAST); say("D 1234"); say("D 12345"); say("OK"); hear()', Refusal.CLOSED),
    "an empty line": ('until(*LAST); say(""); hear()', Refusal.CLOSED),
    "no end of line": ('until(*LAST); sys.stdout.write("D 1234" * 9999); sys.stdout.flush(); hear()', Refusal.CLOSED),
    "endless lines": ('until(*LAST)\nwhile True: say("S PIN_REPEATED")', Refusal.CLOSED),
    "no title": ('until("SETDESC"); say("ERR 1 no"); hear()', Refusal.CLOSED),
    "it dies": ("until(*LAST)", Refusal.CLOSED),
}  # fmt: skip


@pytest.mark.parametrize(("body", "refusal"), SAYS.values(), ids=SAYS.keys())
def test_whatever_a_program_says_ends_the_question(body: str, refusal: Refusal, tmp_path: Path) -> None:
    assert door(tmp_path, body).ask(LOG_IN) is refusal


def test_options_that_a_program_does_not_know_do_not_matter(tmp_path: Path) -> None:
    refuses = (
        'while not (line := hear()).startswith(LAST): say("ERR 1" if line[:4] in {"OPTI", "SETT"} else "OK")\n'
        'say("# a comment"); say("S a status"); say("D 1234"); say("OK"); hear()'
    )
    assert door(tmp_path, refuses).ask(LOG_IN) == Pin("1234")


@pytest.mark.parametrize("head", ["#!/nonexistent\n", HEAD], ids=["it cannot be started", "it dies at once"])
def test_a_program_that_shows_nothing_is_no_door(head: str, tmp_path: Path) -> None:
    assert door(tmp_path, "", head).ask(LOG_IN) is Refusal.NO_DOOR


@pytest.mark.parametrize("body", ["time.sleep(600)", "until(*LAST); time.sleep(600)"], ids=["at once", "later"])
def test_a_program_that_hangs_is_killed_at_the_deadline(body: str, tmp_path: Path) -> None:
    assert door(tmp_path, body).ask(request(seconds=0.4)) is Refusal.CLOSED


CALLS: Final[dict[str, Callable[[Door], object]]] = {
    "ask": lambda asked: asked.ask(LOG_IN),
    "tell": lambda asked: asked.tell(PAGE, Notice.NO_CARD, seconds=60, settled=lambda: False),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
def test_close_kills_it_from_another_thread(call: Callable[[Door], object], tmp_path: Path) -> None:
    asked, replies = door(tmp_path, 'until(*LAST); log.write("there\\n"); log.flush(); time.sleep(600)'), list[object]()
    thread = threading.Thread(target=lambda: replies.append(call(asked)))
    thread.start()
    while thread.is_alive() and not ((tmp_path / "pinentry.log").exists() and "there" in heard(tmp_path)):
        time.sleep(0.01)
    asked.close()
    thread.join()
    assert "there" in heard(tmp_path)
    assert [*replies, asked.ask(LOG_IN)] == [Refusal.CLOSED] * 2


def test_a_notice_goes_away_when_it_is_settled(tmp_path: Path) -> None:
    asked = door(tmp_path, "until(*LAST); hear()")

    def settled() -> bool:
        return (tmp_path / "pinentry.log").exists() and heard(tmp_path)[-1:] == ["CONFIRM --one-button"]

    assert asked.tell(PAGE, Notice.NO_CARD, seconds=60, settled=settled) is None


def test_the_only_button_of_a_notice_cancels(tmp_path: Path) -> None:
    asked = door(tmp_path, 'until(*LAST); say("OK"); hear()')
    assert asked.tell(PAGE, Notice.NO_CARD, seconds=60, settled=lambda: False) is Refusal.CANCELLED


def test_a_program_gets_no_variable_that_it_does_not_need() -> None:
    assert environment({"DISPLAY": ":0", "PIN": "1234", "AWS_SECRET": "x", "LD_PRELOAD": "x", "GPG_TTY": "x"}) == {
        "DISPLAY": ":0"
    }


def test_no_frame_holds_a_pin_when_the_caller_is_interrupted(tmp_path: Path) -> None:
    asked = door(tmp_path, f'until(*LAST); say("D {CANARY}"); hear()')

    def interrupted() -> bool:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        asked.tell(PAGE, Notice.NO_CARD, seconds=60, settled=interrupted)
    assert shown(caught.value) == []


LONG: Final = f"https://{'a' * 63}.{'b' * 63}.{'c' * 63}.{'d' * 42}.example:8443"


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("act", [Act.LOG_IN, Act.SIGN], ids=str)
def test_the_longest_origin_is_shown_whole(act: Act, language: str, tmp_path: Path) -> None:
    assert len(LONG) == 255
    base: ConsentRequest = SIGN if act is Act.SIGN else LOG_IN
    answer: Answer = door(tmp_path, answers("1234AB" if act is Act.SIGN else "1234"), language=language).ask(
        request(base, asker=Page(LONG), incorrect=True)
    )
    assert isinstance(answer, Pin)
    text = next(line for line in heard(tmp_path) if line.startswith("SETDESC")).replace("%0A", "")
    assert LONG in text


def test_a_text_that_a_pinentry_cannot_show_whole_is_not_shown(tmp_path: Path) -> None:
    too_long: Asker = Document("契" * 200)
    asked = request(SIGN, asker=too_long, purpose="約" * 200)
    assert door(tmp_path, answers("1234")).ask(asked) is Refusal.NO_DOOR

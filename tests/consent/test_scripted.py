"""The door for tests: it answers as the file says, and keeps what it was asked."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from mynacard.apdu.pins import TriesLeft, TriesUnknown
from mynacard.consent import Answer, Door, Notice, Refusal
from mynacard.consent.choosing import open_door
from mynacard.consent.scripted import ScriptedDoor, requests_file
from mynacard.errors import UsageError
from mynacard.pin import AtKeypad, Pin
from tests.consent.requests import LOG_IN, PAGE, SIGN, request
from tests.support import CANARY
from tests.test_frames import shown


def script(folder: Path, *answers: Any) -> Path:
    path = folder / "answers.json"
    path.write_text(json.dumps(answers), encoding="utf-8")
    return path


def door(folder: Path, *answers: Any) -> ScriptedDoor:
    return ScriptedDoor(script(folder, *answers))


def test_it_gives_the_answers_in_their_order_and_is_closed_then(tmp_path: Path) -> None:
    asked = door(tmp_path, {"pin": "1234"}, "keypad", "cancelled", {"answer": "no-door"})
    answers = [asked.ask(LOG_IN) for _ in range(5)]
    assert answers == [Pin("1234"), AtKeypad(), Refusal.CANCELLED, Refusal.NO_DOOR, Refusal.CLOSED]


def test_the_keypad_is_asked_as_the_request_says(tmp_path: Path) -> None:
    assert door(tmp_path, "keypad").ask(request(keypad=AtKeypad(12))) == AtKeypad(12)


@pytest.mark.parametrize("status", [TriesLeft(1), TriesUnknown()], ids=repr)
def test_the_last_try_is_given_only_where_the_answer_confirms_it(status: Any, tmp_path: Path) -> None:
    asked = door(tmp_path, {"pin": "1234"}, "keypad", {"pin": "1234", "last": True})
    answers = [asked.ask(request(status=status)) for _ in range(3)]
    assert answers == [Refusal.CANCELLED, Refusal.CANCELLED, Pin("1234")]


def test_requests_are_kept_without_pins(tmp_path: Path) -> None:
    path = script(tmp_path, {"pin": CANARY}, {"pin": CANARY, "last": True})
    asked = ScriptedDoor(path)
    asked.ask(SIGN)
    asked.ask(request(status=TriesLeft(1), incorrect=True))
    asked.tell(PAGE, Notice.NO_CARD, seconds=1, settled=lambda: True)
    kept = requests_file(path).read_text("utf-8")
    sign, log_in, told = map(json.loads, kept.splitlines())
    assert (sign["ask"], sign["asker"], sign["hash_name"], sign["tries"]) == (
        "sign", "https://portal.example", "SHA-256", 5,
    )  # fmt: skip
    assert (log_in["tries"], log_in["incorrect"], log_in["pin"]) == (1, True, "user-authentication")
    assert told == {"tell": "no-card", "asker": "https://portal.example"}
    assert CANARY not in kept


def test_a_door_that_hangs_ends_with_the_request(tmp_path: Path) -> None:
    asked = door(tmp_path, "hang", {"pin": "1234", "delay_ms": 60_000})
    assert [asked.ask(request(seconds=0.01)) for _ in range(2)] == [Refusal.TIMED_OUT] * 2


@pytest.mark.parametrize("answer", ["hang", {"pin": "1234", "delay_ms": 60_000}], ids=str)
def test_close_ends_it_from_another_thread_now_and_later(answer: Any, tmp_path: Path) -> None:
    asked, answers = door(tmp_path, answer, {"pin": "1234"}), list[Answer]()
    thread = threading.Thread(target=lambda: answers.append(asked.ask(LOG_IN)))
    thread.start()
    asked.close()
    thread.join()
    assert [*answers, asked.ask(LOG_IN)] == [Refusal.CLOSED] * 2
    assert asked.tell(PAGE, Notice.NO_CARD, seconds=1, settled=lambda: True) is Refusal.CLOSED


def test_a_notice_stays_until_it_is_settled_or_the_holder_or_time_ends_it(tmp_path: Path) -> None:
    asked, looks = door(tmp_path, {"pin": "1234"}, {"notice": "cancelled"}), iter([False, False, True])
    assert asked.tell(PAGE, Notice.NO_READER, seconds=60, settled=lambda: next(looks)) is None
    assert asked.tell(PAGE, Notice.NO_READER, seconds=0, settled=lambda: False) is Refusal.TIMED_OUT
    assert asked.ask(LOG_IN) == Pin("1234")
    assert asked.tell(PAGE, Notice.NO_READER, seconds=60, settled=lambda: False) is Refusal.CANCELLED


@pytest.mark.parametrize(
    "content",
    [b"", b"{}x", b"\xff", b"5", b'["nonsense"]', b"[null]", b'[{"notice": "x"}]', b'[{"delay_ms": "x"}]', b"[" * 9999],
    ids=lambda content: repr(content[:20]),
)
def test_another_file_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "answers.json"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="not a list of answers"):
        open_door(f"script:{path}")


def test_a_damaged_file_shows_no_pin(tmp_path: Path) -> None:
    path = script(tmp_path, {"pin": CANARY}, "nonsense")
    with pytest.raises(UsageError) as caught:
        ScriptedDoor(path)
    assert shown(caught.value) == []


def test_a_missing_file_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        open_door(f"script:{tmp_path / 'none'}")


def test_a_script_serves_one_dialog_at_a_time(tmp_path: Path) -> None:
    path = script(tmp_path, {"pin": "1234"})
    first, second = open_door(f"script:{path}"), open_door(f"script:{path}")
    doors: list[Door] = [first, second]
    assert [asked.ask(LOG_IN) for asked in doors] == [Pin("1234"), Refusal.BUSY]
    first.close()
    assert second.ask(LOG_IN) == Pin("1234")
    second.close()

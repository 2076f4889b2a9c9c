"""One dialog at a time: in one process, in several, and after one was killed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from mynacard.consent import Notice, Refusal
from mynacard.consent.choosing import NoDoor, open_door
from mynacard.consent.exclusive import Exclusive
from mynacard.pin import Pin
from tests.consent.requests import LOG_IN, PAGE

HOLDS: Final = """
import sys
from mynacard.consent import Notice, Page
from mynacard.consent.choosing import open_door
def settled():
    print("open", flush=True)
    sys.stdin.read()
open_door(sys.argv[1]).tell(Page("https://portal.example"), Notice.NO_CARD, seconds=600, settled=settled)
"""


def setting(folder: Path) -> str:
    path = folder / "answers.json"
    path.write_text(json.dumps([{"pin": "1234"}]), encoding="utf-8")
    return f"script:{path}"


def test_a_second_process_is_told_busy_at_once_and_one_that_is_killed_leaves_nothing(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS, setting(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline().strip() == b"open"
        door = open_door(setting(tmp_path))
        assert door.ask(LOG_IN) is Refusal.BUSY
        assert door.tell(PAGE, Notice.NO_CARD, seconds=600, settled=lambda: False) is Refusal.BUSY
        other.kill()
        other.wait()
    assert door.ask(LOG_IN) == Pin("1234")
    door.close()


def test_a_notice_and_a_question_are_one_dialog(tmp_path: Path) -> None:
    first, second = open_door(setting(tmp_path)), open_door(setting(tmp_path))
    assert first.tell(PAGE, Notice.NO_CARD, seconds=1, settled=lambda: True) is None
    assert second.ask(LOG_IN) is Refusal.BUSY
    assert first.ask(LOG_IN) == Pin("1234")
    first.close()
    second.close()


def test_a_closed_door_stays_closed_and_takes_no_lock(tmp_path: Path) -> None:
    closed, other = open_door(setting(tmp_path)), open_door(setting(tmp_path))
    closed.close()
    assert closed.ask(LOG_IN) is Refusal.CLOSED
    assert other.ask(LOG_IN) == Pin("1234")
    other.close()


def test_where_the_lock_cannot_be_made_there_is_no_dialog(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").touch()
    assert Exclusive(NoDoor(), lambda: tmp_path / "file" / "lock").ask(LOG_IN) is Refusal.NO_DOOR
    assert "no dialog: its lock cannot be used" in caplog.text

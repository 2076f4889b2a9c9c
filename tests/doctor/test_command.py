"""The command: which language, which report, which exit status."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mynacard.doors import disk
from mynacard.doors.pcsclite import PcscliteDoor
from tests.rig.doctor import READER, environment, shown

ENGLISH, JAPANESE = "does not exist", "存在しません"


@pytest.mark.parametrize(
    ("locale", "words", "said"),
    [
        ({}, [], ENGLISH),
        ({"LANG": "ja_JP.UTF-8"}, [], JAPANESE),
        ({"LANG": "ja_JP.UTF-8", "LC_MESSAGES": "en_US.UTF-8"}, [], ENGLISH),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "C", "LC_ALL": "ja_JP.UTF-8"}, [], JAPANESE),
        ({"LANG": "de_DE.UTF-8", "LC_ALL": ""}, [], ENGLISH),
        ({"LANG": "ja_JP.UTF-8"}, ["--language", "en"], ENGLISH),
        ({"LANG": "C"}, ["--language", "ja"], JAPANESE),
    ],
)
def test_it_speaks_the_language_that_was_asked_for(
    place: Path, locale: dict[str, str], words: list[str], said: str
) -> None:
    given = environment(place / "none")
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        given.pop(name, None)
    out, status = shown(given | locale | {"PYTHONIOENCODING": "utf-8"}, *words)
    assert said in out
    assert ("problem: " in out) == (said is ENGLISH)
    assert ("問題: " in out) == (said is JAPANESE)
    assert "[socket/absent]" in out
    assert status == 72


def test_json_has_both_languages(place: Path) -> None:
    out, _ = shown(environment(place / "none"), "--json", "--language", "ja")
    (absent,) = [each for each in json.loads(out) if each["code"] == "socket/absent"]
    assert set(absent) == {"code", "level", "cause", "cure", "cause_ja", "cure_ja"}
    assert ENGLISH in absent["cause"]
    assert JAPANESE in absent["cause_ja"]


SECRETS = ("7391739", "hanako", "(withheld)/")


def test_a_report_of_a_desk_tells_nothing_of_whose_it_is(door: PcscliteDoor, tmp_path: Path) -> None:
    """The reader's serial number, the service's path in somebody's folder, the number of what was typed."""
    door.plug("SONY FeliCa RC-S300/S (7391739) 00 00", disk.new_card())
    home = tmp_path / "hanako"
    home.mkdir()
    (home / "comm").symlink_to(door.socket)
    file = tmp_path / "report.json"
    given = door.environment() | {"PCSCLITE_CSOCK_NAME": str(home / "comm"), "HOME": str(home), "USER": "hanako"}
    out, status = shown(given, "--report", str(file), "-r", "rc-s300")
    assert "7391739" in out
    assert str(home) in out
    assert status == 0
    told = file.read_text("utf-8")
    assert [secret for secret in SECRETS if secret in told] == []
    causes = [each["cause"] for each in json.loads(told)["findings"]]
    assert "Reader: SONY FeliCa RC-S300/S 00 00." in causes
    assert "certificate/valid" not in told


def test_a_report_is_written_whole_where_there_is_a_problem_too(place: Path) -> None:
    file = place / "report.json"
    _, status = shown(environment(place / "none"), "--json", "--report", str(file))
    assert status == 72
    assert json.loads(file.read_text("utf-8"))["findings"][2]["code"] == "socket/absent"
    assert list(place.iterdir()) == [file]


def test_a_report_replaces_no_file_unasked(place: Path) -> None:
    file = place / "report.json"
    file.write_text("mine")
    out, status = shown(environment(place / "none"), "--report", str(file), refused=True)
    assert (out, status, file.read_text()) == ("", 2, "mine")
    _, status = shown(environment(place / "none"), "--report", str(file), "--force")
    assert (status, file.read_text("utf-8")[0]) == (72, "{")


def test_names_from_outside_command_no_terminal(door: PcscliteDoor) -> None:
    door.plug(READER + "\x1b[2J", disk.new_card())
    assert "\x1b" not in shown(door.environment())[0]

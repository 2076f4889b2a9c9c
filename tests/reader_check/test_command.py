"""``mynacard readers check`` and tools/reader_check.py: one program under two names."""

from __future__ import annotations

import errno
import io
from pathlib import Path

import pytest

from mynacard.cli.reader_check import check
from mynacard.doors.pcsclite import PcscliteDoor
from mynacard.jpki import USER_AUTHENTICATION
from mynacard.reader_check import CHECKS, Result, read_report, subject
from mynacard.reader_check import check as check_module
from mynacard.simulator import SimulatedCard
from mynacard.simulator.faults import Fault
from tests.reader_check.programs import Program, both
from tests.reader_check.runs import NAME, tries


@pytest.fixture(params=both("check"), ids=lambda program: program.name)
def check_reader(request: pytest.FixtureRequest, door: PcscliteDoor, card: SimulatedCard) -> Program:
    door.plug(NAME, card)
    program: Program = request.param
    return program


def test_it_writes_report_and_page_and_says_how_it_went(check_reader: Program, tmp_path: Path) -> None:
    said = check_reader("--json", tmp_path / "r.json", "--html", tmp_path / "r.html", "--rounds", 3)
    assert said.code == 0
    assert said.out == ""
    assert "[ 1/21] PC/SC library" in said.err
    assert "17 passed, 4 not tested" in said.err
    assert read_report(tmp_path / "r.json").finished
    assert (tmp_path / "r.html").read_text("utf-8").startswith("<!DOCTYPE html>")


def test_the_last_lines_are_the_summary_and_then_what_failed_and_what_is_noted(
    check_reader: Program, door: PcscliteDoor
) -> None:
    door.arm(NAME, Fault.parse("error=80100013@30"), Fault.parse("garbage=5@90"))
    outcome = check_reader("--rounds", 1)
    summary, failed, incident, noted = outcome.err.splitlines()[-4:]
    assert outcome.code == 1
    assert summary == f"{check_reader.name}: 15 passed, 1 noted, 1 failed, 4 not tested"
    assert failed.startswith(
        "failed: Size of READ BINARY: READ BINARY of 384 bytes at a time does not return the file."
    )
    assert "up to 384 bytes, at " in incident
    assert noted.startswith("noted: Longest command: ")
    assert "SCARD_F_COMM_ERROR" in noted


def test_a_failure_is_in_its_exit_code(check_reader: Program, door: PcscliteDoor) -> None:
    door.arm(NAME, Fault.parse("unplugged@5"))
    assert check_reader("--rounds", 1).code == 1


def test_a_pin_that_is_none_is_told_before_the_reader_is_touched(
    check_reader: Program, tmp_path: Path, card: SimulatedCard
) -> None:
    (tmp_path / "pin").write_text("12345\n")
    outcome = check_reader("--allow-pin", USER_AUTHENTICATION.name, "--pin-file", tmp_path / "pin")
    assert outcome.code == 2
    said = outcome.err
    assert "must be exactly 4 digits" in said
    assert "12345" not in said
    assert "[ 1/21]" not in said


@pytest.mark.parametrize(
    "words",
    [
        ("--rounds", "0"), ("--rounds", "9999"), ("--soak", "-1"), ("--allow-pin", "user-authentication"),
        ("--pin-file", "x"), ("--allow-pin", "digital-signature", "--pin-file", "x"), ("--nonsense",),
        ("--allow-pin", "user-authentication", "--pin-file", "/nonexistent/pin"),
    ],
)  # fmt: skip
def test_a_wrong_command_line_touches_nothing(
    check_reader: Program, card: SimulatedCard, words: tuple[str, ...]
) -> None:
    assert check_reader(*words).code == 2
    assert tries(card) == 3


def test_no_such_reader_has_an_exit_code_of_its_own(check_reader: Program) -> None:
    outcome = check_reader("--reader", "another")
    assert outcome.code == 3
    assert outcome.err.startswith(f"{check_reader.name}: No reader is called another.")


@pytest.mark.parametrize("option", ["--json", "--html"])
def test_a_place_where_nothing_can_be_written_is_told_before_the_reader_is_touched(
    check_reader: Program, tmp_path: Path, option: str
) -> None:
    for path in (tmp_path / "none" / "r.json", tmp_path):
        outcome = check_reader(option, path)
        assert outcome.code == 2
        said = outcome.err
        assert str(path) in said
        assert "[ 1/21]" not in said


def test_a_file_that_cannot_be_written_any_more_is_named(
    check_reader: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    outcome = check_reader("--json", tmp_path / "r.json")
    assert outcome.code == 1
    assert f"{check_reader.name}: {tmp_path / 'r.json'}: No space left on device\n" in outcome.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("code", ["card", "longest-command", "latency", "soak"])
def test_what_was_measured_stays_when_somebody_presses_control_c(
    check_reader: Program, tmp_path: Path, code: str, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    def stopped(desk: subject.Desk, values: subject.Values) -> str:
        values["measured_ms"] = (1.0, 2.0)
        raise KeyboardInterrupt

    monkeypatch.setattr(
        check_module, "CHECKS", [(name, title, stopped if name == code else step) for name, title, step in CHECKS]
    )
    outcome = check_reader("--json", tmp_path / "r.json", "--html", tmp_path / "r.html", "--rounds", 2)
    assert outcome.code == 130
    report = read_report(tmp_path / "r.json")
    assert [check.code for check in report.checks] == [name for name, _, _ in CHECKS][: len(report.checks)]
    assert (report.checks[-1].code, report.finished) == (code, False)
    assert report.checks[-1].result is Result.NOT_TESTED
    assert report.checks[-1].values == {"measured_ms": (1.0, 2.0)}
    assert "This check was not finished." in (tmp_path / "r.html").read_text("utf-8")
    assert "the results until then are kept" in outcome.err


def test_that_nobody_listens_stops_no_measuring(
    door: PcscliteDoor, card: SimulatedCard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Gone(io.StringIO):
        def write(self, _: str) -> int:
            raise BrokenPipeError

    monkeypatch.setattr("sys.stderr", Gone())
    door.plug(NAME, card)
    with pytest.raises(SystemExit) as ended:
        check.main(["--json", str(tmp_path / "r.json"), "--rounds", "1"])
    assert ended.value.code == 0
    assert read_report(tmp_path / "r.json").finished

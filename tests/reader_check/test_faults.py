"""Whatever fault occurs at whatever command, the report has it: as a failure, or as something to know."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from mynacard.doors.pcsclite import PcscliteDoor
from mynacard.reader_check import Report, Result, read_report, subject
from tests.reader_check.faults import FAULTS, PLACES, UNSEEN, run_with
from tests.reader_check.programs import TOOLS


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]  # pytest finds it
    """A mute card is given up after two seconds."""
    monkeypatch.setattr(subject, "DEADLINES", replace(subject.DEADLINES, card_s=2.0))


def has_it(report: Report) -> bool:
    return bool({check.result for check in report.checks} & {Result.FAILED, Result.NOTED})


@pytest.mark.parametrize("fault", UNSEEN)
def test_a_fault_that_once_went_unseen_is_in_the_report(door: PcscliteDoor, fault: str) -> None:
    report, met = run_with(door, fault)
    assert met
    assert has_it(report)


@pytest.mark.parametrize("fault", ["removed@14", "removed-during@14", "removed-after@14"])
def test_a_card_that_was_taken_away_is_not_called_the_readers_fault(door: PcscliteDoor, fault: str) -> None:
    report, _ = run_with(door, fault)
    (failed,) = (check for check in report.checks if check.result is Result.FAILED)
    assert "says nothing about the reader" in failed.reason
    later = [check for check in report.checks if check.number > failed.number and check.reason != failed.reason]
    assert {check.result for check in later} == {Result.NOT_TESTED}
    assert later[0].reason == f"The card was taken off the reader at check {failed.number}, and not put back."
    assert not [check.code for check in report.checks if "fault of the reader" in check.reason]


@pytest.mark.thorough("each of the 26 kinds of faults at five places, one check of a reader each")
@pytest.mark.parametrize("at", PLACES)
@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_in_the_report_unless_no_check_met_it(door: PcscliteDoor, fault: str, at: int) -> None:
    report, met = run_with(door, f"{fault}@{at}")
    assert has_it(report) is met


@pytest.mark.thorough("sim exec and the script, in processes of their own, with each of the eight faults")
@pytest.mark.parametrize("fault", UNSEEN)
def test_the_script_reports_a_fault_that_sim_exec_makes(fault: str, tmp_path: Path) -> None:
    script = [sys.executable, str(TOOLS / "reader_check.py"), "--json", str(tmp_path / "report")]
    command = [sys.executable, "-m", "mynacard", "sim", "exec", "--fault", fault, "--", *script]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert has_it(read_report(tmp_path / "report")), done.stderr

"""The reader check through a real PC/SC service and a virtual reader."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mynacard.reader_check import Result, read_report
from tests.rig.pcscd import Desk

pytestmark = pytest.mark.thorough("a PC/SC service with a virtual reader (pcscd, vsmartcard-vpcd, OpenSC)")

TOOLS = Path(__file__).parents[2] / "tools"


def test_a_real_service_passes_and_its_drivers_limit_is_found(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    desk.run(sys.executable, TOOLS / "reader_check.py", "--json", path, "--html", tmp_path / "page.html")
    report = read_report(path)
    assert report.finished
    found = {check.code: check for check in report.checks}
    assert found["listing"].result is Result.NOTED  # the driver has two slots
    assert {check.result for check in report.checks} == {Result.PASSED, Result.NOTED, Result.NOT_TESTED}
    # The driver's messages have a length of two bytes: vsmartcard's src/vpcd/vpcd.c.
    assert found["longest-command"].values["longest_command_bytes"] == 0xFFFF
    assert found["longest-answer"].values["limited"] is False

"""A page finds the host once ``mynacard webeid install`` has run, and no longer than until ``uninstall``."""

from __future__ import annotations

import pytest

from tests.browsers.calls import call
from tests.browsers.conftest import EXTENSIONS, Launcher
from tests.browsers.desk import Desk

pytestmark = pytest.mark.thorough("browsers")


def test_a_running_browser_sees_at_once_what_is_installed_and_for_which_extension(
    desk: Desk, launcher: Launcher
) -> None:
    tab = desk.open()
    launcher.install()  # again, for the published extension only
    assert tab.evaluate(call("status"))["error"]["code"] == "ERR_WEBEID_NATIVE_UNAVAILABLE"
    launcher.uninstall()
    assert tab.evaluate(call("status"))["error"]["code"] == "ERR_WEBEID_NATIVE_UNAVAILABLE"
    launcher.install(*EXTENSIONS)
    assert tab.evaluate(call("status"))["action"] == "web-eid:status-success"

"""A page finds the host between ``mynacard webeid install`` and ``uninstall``."""

from __future__ import annotations

import pytest

from tests.browsers.calls import call
from tests.browsers.desk import Desk
from tests.browsers.launcher import EXTENSIONS, Launcher

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

"""A browser that is killed takes its hosts with it.

The last module, so that no browser has to be started again.
"""

from __future__ import annotations

import pytest

from mynacard.jpki.layout import USER_AUTHENTICATION
from tests.browsers.desk import Desk
from tests.browsers.test_login import LOG_IN

pytestmark = pytest.mark.thorough("browsers")


def test_a_killed_browser_leaves_no_host_no_dialog_and_no_try_less(desk: Desk) -> None:
    desk.plug()
    desk.holder("hang")
    desk.open().start(LOG_IN)
    desk.until_shown("ask", "log-in")
    assert len(list(desk.hosts())) == 1
    desk.browser.kill()
    desk.until_left()
    assert (desk.pins, desk.card.tries_left(USER_AUTHENTICATION)) == (0, 3)

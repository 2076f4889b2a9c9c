"""From a page to a token that its portal accepts, and everything that can come in between.

After each: the card has the tries that it must have, it is logged out, and no host runs.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from cryptography import x509

from mynacard.jpki.layout import USER_AUTHENTICATION
from mynacard.testing import SimulatedPki
from mynacard.webeid import validate
from tests.browsers.calls import call
from tests.browsers.desk import READER, Desk, Pulled
from tests.browsers.launcher import Launcher

pytestmark = pytest.mark.thorough("browsers")

NONCE: Final = base64.b64encode(bytes(range(32))).decode()
LOG_IN: Final = call("authenticate", challengeNonce=NONCE)
FOR_A_SECOND: Final = call("authenticate", {"userInteractionTimeout": 1000}, challengeNonce=NONCE)
RIGHT: Final = {"pin": "1234"}
WRONG: Final = {"pin": "4321"}
RESULT: Final = "document.querySelector('#result').textContent.replace('…', '')"
"""What the example portal tells its visitor; empty while it waits."""
FIELDS: Final = ("unverifiedCertificate", "algorithm", "signature", "format", "appVersion")


def tries(desk: Desk) -> int:
    return desk.card.tries_left(USER_AUTHENTICATION)


def accepted(answer: Mapping[str, Any], origin: str) -> x509.Certificate:
    """The certificate in the token that is *answer*, which the portal at *origin* accepts."""
    assert answer["action"] == "web-eid:authenticate-success", answer
    token = json.dumps({name: answer[name] for name in FIELDS})
    pki = SimulatedPki((3,))
    return validate(token, origin, NONCE, pki.anchors, at=datetime.now(UTC), evidence=pki.evidence())


def code(answer: Mapping[str, Any]) -> str:
    assert answer["action"].endswith("-failure"), answer
    return str(answer["error"]["code"])


def test_a_page_gets_a_token_that_its_portal_accepts(desk: Desk) -> None:
    desk.plug()
    desk.holder(RIGHT)
    answer = desk.open().evaluate(LOG_IN)
    assert desk.logged_out  # already, when the page hears of it
    assert accepted(answer, desk.site)
    (request,) = desk.shown()
    assert (request["ask"], request["asker"], request["tries"]) == ("log-in", desk.site, 3)
    assert (desk.pins, tries(desk)) == (1, 3)


def test_a_visitor_of_the_example_portal_logs_in_and_out_by_its_buttons(desk: Desk) -> None:
    desk.plug()
    desk.holder(RIGHT)
    tab = desk.open()
    tab.evaluate("document.querySelector('#login').click()")
    account = tab.until(f"document.querySelector('#account')?.textContent || {RESULT}")
    assert re.fullmatch(r"[\w-]{20,}", account), account
    tab.evaluate("document.querySelector('#logout').click()")
    assert tab.until("Boolean(document.querySelector('#login'))")
    assert (desk.pins, tries(desk)) == (1, 3)


def test_the_example_portal_tells_a_visitor_who_cancels(desk: Desk) -> None:
    desk.plug()
    desk.holder("cancelled")
    tab = desk.open()
    tab.evaluate("document.querySelector('#login').click()")
    assert tab.until(RESULT) == "ERR_WEBEID_USER_CANCELLED"
    assert (desk.pins, tries(desk)) == (0, 3)


def test_a_status_call_tells_the_versions_and_sends_the_card_nothing(desk: Desk) -> None:
    desk.plug()
    answer = desk.open().evaluate(call("status"))
    assert answer["nativeApp"].startswith("2.9.0+mynacard.")
    assert desk.shown() == []
    assert desk.card.tally.apdus == 0


def test_a_holder_who_cancels_spends_no_try(desk: Desk) -> None:
    desk.plug()
    desk.holder("cancelled")
    assert code(desk.open().evaluate(LOG_IN)) == "ERR_WEBEID_USER_CANCELLED"
    assert (desk.pins, tries(desk)) == (0, 3)


def test_a_wrong_pin_is_asked_for_again_and_the_page_hears_nothing_of_it(desk: Desk) -> None:
    desk.plug()
    desk.holder(WRONG, RIGHT)
    assert accepted(desk.open().evaluate(LOG_IN), desk.site)
    asked = [(request["tries"], request["incorrect"]) for request in desk.shown()]
    assert asked == [(3, False), (2, True)]
    assert (desk.pins, tries(desk)) == (2, 3)


def test_a_dialog_waits_for_a_reader_and_then_for_its_card(desk: Desk) -> None:
    desk.holder(RIGHT)
    answer = desk.open().start(LOG_IN)
    desk.until_shown("tell", "no-reader")
    desk.door.plug(READER)
    desk.until_shown("tell", "no-card")
    desk.insert()
    assert accepted(answer.result(), desk.site)
    assert (desk.pins, tries(desk)) == (1, 3)


def test_a_card_that_was_pulled_is_waited_for_and_its_pin_is_asked_for_anew(desk: Desk) -> None:
    desk.plug(Pulled(desk.card.without_faults, desk.pull))
    desk.holder(RIGHT, RIGHT)
    answer = desk.open().start(LOG_IN)
    desk.until_shown("tell", "card-removed")
    assert desk.pins == 0
    desk.insert()
    assert accepted(answer.result(), desk.site)
    assert (desk.pins, tries(desk)) == (1, 3)


def test_a_request_ends_at_the_extension_s_limit_if_the_holder_does_nothing(desk: Desk) -> None:
    desk.plug()
    desk.holder("hang")
    assert code(desk.open().evaluate(FOR_A_SECOND)) == "ERR_WEBEID_USER_TIMEOUT"
    desk.until_left()
    assert (desk.pins, tries(desk)) == (0, 3)


def test_a_dialog_whose_tab_was_closed_ends_at_the_extension_s_limit(desk: Desk) -> None:
    """Nothing tells the host that the page is gone; it is as with the published extension."""
    desk.plug()
    desk.holder("hang")
    tab = desk.open()
    tab.start(FOR_A_SECOND)
    desk.until_shown("ask", "log-in")
    tab.close()
    desk.until_left()
    assert (desk.pins, tries(desk)) == (0, 3)


def test_of_two_tabs_at_once_the_second_is_refused_and_the_first_logs_in(desk: Desk) -> None:
    desk.holder(RIGHT)
    first = desk.open().start(LOG_IN)
    desk.until_shown("tell", "no-reader")
    assert code(desk.open().evaluate(LOG_IN)) == "ERR_WEBEID_USER_CANCELLED"
    desk.plug()
    assert accepted(first.result(), desk.site)
    assert (desk.pins, tries(desk)) == (1, 3)


def test_a_page_over_http_logs_in_only_if_the_holder_allowed_it_by_name(
    desk: Desk, launcher: Launcher, plain_site: str
) -> None:
    desk.plug()
    desk.holder(RIGHT)
    tab = desk.browser.open(f"{plain_site}/")
    assert code(tab.evaluate(LOG_IN)) == "ERR_WEBEID_NATIVE_INVALID_ARGUMENT"
    assert desk.shown() == []
    launcher.mynacard("allow", plain_site)
    assert accepted(tab.evaluate(LOG_IN), plain_site)
    assert (desk.pins, tries(desk)) == (1, 3)

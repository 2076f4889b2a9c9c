"""Requests for tests."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from mynacard.apdu.pins import TriesLeft
from mynacard.consent import Act, ConsentRequest, Page
from mynacard.jpki import DIGITAL_SIGNATURE, USER_AUTHENTICATION

PAGE: Final = Page("https://portal.example")
LOG_IN: Final = ConsentRequest(PAGE, Act.LOG_IN, USER_AUTHENTICATION.pin, TriesLeft(3), 1, 60.0)
SIGN: Final = ConsentRequest(PAGE, Act.SIGN, DIGITAL_SIGNATURE.pin, TriesLeft(5), 1, 60.0, "SHA-256", bytes(range(32)))


def request(of: ConsentRequest = LOG_IN, **changes: Any) -> ConsentRequest:
    """*of* with these *changes*."""
    return replace(of, **changes)

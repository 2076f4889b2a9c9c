"""A log-in without a browser is what a card would have answered, and costs it no try."""

from __future__ import annotations

import json

import pytest

from mynacard.apdu import TriesLeft
from mynacard.errors import PinIncorrect, UsageError
from mynacard.jpki import USER_AUTHENTICATION, JpkiSession
from mynacard.testing import CardOptions, count, web_eid_token
from mynacard.trust import Verdict
from mynacard.webeid import parse, verify_signature

ORIGIN, NONCE = "https://portal.example", "QUJD" * 11


def test_the_token_answers_the_nonce_for_the_origin_and_nothing_else() -> None:
    text = web_eid_token(CardOptions().make(), ORIGIN, NONCE)
    assert json.loads(text)["format"] == "web-eid:1.0"
    assert verify_signature(parse(text), ORIGIN, NONCE).verdict is Verdict.GOOD
    assert verify_signature(parse(text), ORIGIN, NONCE[::-1]).verdict is Verdict.BAD
    assert verify_signature(parse(text), "https://other.example", NONCE).verdict is Verdict.BAD


def test_the_pin_is_presented_once_and_the_card_is_logged_out() -> None:
    card = CardOptions(pins={"user-authentication": "9876"}).make()
    with count(card) as commands:
        web_eid_token(card, ORIGIN, NONCE, pin="9876")
    assert commands.pins == 1
    assert card.tries_left(USER_AUTHENTICATION) == 3
    assert JpkiSession(card).pin_status(USER_AUTHENTICATION) == TriesLeft(3)


@pytest.mark.parametrize(
    ("origin", "nonce", "pin", "error"),
    [
        (ORIGIN, NONCE, "0000", PinIncorrect),
        ("https://portal.example/", NONCE, "1234", UsageError),
        (ORIGIN, "short", "1234", UsageError),
    ],
)
def test_what_a_card_refuses_is_an_error(origin: str, nonce: str, pin: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        web_eid_token(CardOptions().make(), origin, nonce, pin=pin)

"""A session whose PIN is asked for at a door: what the holder is told, and which try is spent."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mynacard import errors
from mynacard.apdu.pins import PinSecret, TriesLeft
from mynacard.consent import Act, Answer, Asker, ConsentRequest, Notice, Page, Refusal
from mynacard.consent.choosing import open_door
from mynacard.consent.provider import Consent, consented_session_on
from mynacard.consent.scripted import requests_file
from mynacard.doors import disk
from mynacard.jpki import USER_AUTHENTICATION, JpkiSession
from mynacard.opening import connect_card, open_card
from mynacard.opening.pins import PinRequest
from mynacard.pin import Pin

PAGE = Page("https://portal.example")
NONCE = "QUJD" * 15


@pytest.fixture
def card(tmp_path: Path) -> str:
    disk.create_file(tmp_path / "card.json")
    return f"sim:{tmp_path / 'card.json'}"


def spend(card: str, count: int) -> None:
    with open_card(card) as channel:
        for _ in range(count):
            with pytest.raises(errors.PinIncorrect):
                JpkiSession(channel).verify(USER_AUTHENTICATION, "9999")


def tries(card: str) -> Any:
    with open_card(card) as channel:
        return JpkiSession(channel).pin_status(USER_AUTHENTICATION)


class DoorThat:
    """A door that gives what *answer* gives, and keeps the requests."""

    def __init__(self, answer: Callable[[ConsentRequest], Answer]) -> None:
        self._answer = answer
        self.asked: list[ConsentRequest] = []

    def ask(self, request: ConsentRequest, /) -> Answer:
        self.asked.append(request)
        return self._answer(request)

    def tell(self, asker: Asker, notice: Notice, /, *, seconds: float, settled: Callable[[], bool]) -> Refusal | None:
        raise AssertionError

    def close(self) -> None:
        pass


def log_in(card: str, door: DoorThat, kind: type[Consent] = Consent) -> None:
    consent = kind(door, PAGE, Act.LOG_IN, seconds=30)
    with connect_card(card) as connection, consented_session_on(connection, USER_AUTHENTICATION, consent) as session:
        session.authenticate(PAGE.origin, NONCE)


def test_the_holder_is_told_what_the_card_said_and_the_answer_is_used(card: str) -> None:
    door = DoorThat(lambda _: Pin("1234"))
    log_in(card, door)
    (asked,) = door.asked
    assert (asked.asker, asked.act, asked.pin, asked.signatures, asked.seconds) == (
        PAGE, Act.LOG_IN, USER_AUTHENTICATION.pin, 1, 30,
    )  # fmt: skip
    assert asked.status == tries(card)


@pytest.mark.parametrize("refusal", Refusal, ids=str)
def test_a_refusal_is_an_error_and_costs_nothing(refusal: Refusal, card: str) -> None:
    before = tries(card)
    with pytest.raises(errors.ConsentRefused) as caught:
        log_in(card, DoorThat(lambda _: refusal))
    assert (caught.value.reason, caught.value.pin) == (refusal.value, "user-authentication PIN")
    assert tries(card) == before


def test_the_last_try_is_spent_when_the_holder_was_told(card: str) -> None:
    spend(card, 2)
    log_in(card, DoorThat(lambda _: Pin("1234")))
    assert tries(card) == TriesLeft(3)


class ToldMore(Consent):
    """The holder was told of two tries, and another program spent one since."""

    def __call__(self, request: PinRequest, /) -> PinSecret:
        return super().__call__(replace(request, status=TriesLeft(2)))


def test_a_last_try_that_the_holder_was_not_told_of_is_not_spent(card: str) -> None:
    spend(card, 2)
    with pytest.raises(errors.LastTryError):
        log_in(card, DoorThat(lambda _: Pin("9999")), ToldMore)
    assert tries(card) == TriesLeft(1)


def test_a_scripted_door_serves_a_whole_session(card: str, tmp_path: Path) -> None:
    script = tmp_path / "answers.json"
    script.write_text(json.dumps([{"pin": "1234"}]), "utf-8")
    door = open_door(f"script:{script}")
    consent = Consent(door, PAGE, Act.LOG_IN)
    with connect_card(card) as connection, consented_session_on(connection, USER_AUTHENTICATION, consent) as session:
        session.authenticate(PAGE.origin, NONCE)
    door.close()
    assert json.loads(requests_file(script).read_text("utf-8"))["ask"] == "log-in"

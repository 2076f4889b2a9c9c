"""The common and the resident register application, as cards were found to have them."""

from __future__ import annotations

import re

import pytest

from tests.conformance.card.conversation import DONE, Conversation
from tests.conformance.card.objects import is_key_name

statement = pytest.mark.statement

SECOND = "00B2011400"
"""Record 1 of EF 0002."""


@statement("common-record")
def test_the_record_is_28_digits(card: Conversation) -> None:
    card.select("common")
    assert re.fullmatch(rb"\x01\x1c[0-9]{20}20[0-9]{6}", card.data("00B2010C00"))


@statement("common-record-free")
def test_the_record_is_free(card: Conversation) -> None:
    card.select("common")
    assert card.sw("00B2010C00") == DONE


@statement("common-key-name")
def test_there_is_a_name_of_a_key(card: Conversation) -> None:
    card.select("common")
    assert is_key_name(card.data(SECOND)[-16:])


@statement("common-001e")
def test_ef_001e_is_there_and_not_read(card: Conversation) -> None:
    card.select("common")
    assert card.ef(0x001E) == DONE
    assert card.sw("00B0000000") == "6981"
    assert card.sw("00B2010400") == "6981"


@statement("common-pin-tries")
def test_the_pin_of_the_common_application_has_three_tries(card: Conversation) -> None:
    card.select("common")
    assert card.tries("common") == 3


@statement("register-key-name")
def test_the_resident_register_has_the_same_name(card: Conversation) -> None:
    card.select("common")
    name = card.data(SECOND)
    card.select("resident-register")
    assert card.data(SECOND) == name


@statement("register-pin-tries")
def test_the_pin_of_the_resident_register_has_three_tries(card: Conversation) -> None:
    card.select("resident-register")
    assert card.tries("resident-register") == 3


@statement("register-pin-opens-nothing")
def test_the_pin_of_the_resident_register_opens_nothing(card: Conversation) -> None:
    def answers() -> list[str]:
        numbers = range(1, 0x1F)
        return [card.sw(f"00B0{0x80 | number:02X}0001") for number in numbers] + [
            card.sw(f"00B201{number << 3 | 4:02X}00") for number in numbers
        ]

    card.select("resident-register")
    before = answers()
    card.log_in("resident-register")
    assert answers() == before

"""The rules of all applications are one list, and a recording by them has nothing personal."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module

from mynacard.apdu.masking import ApplicationMask
from mynacard.jpki import DIGITAL_SIGNATURE
from mynacard.recordings.personal import PERSONAL
from tests.jpki.cards import card_with, certificate_of
from tests.recordings.card_in_use import recorded
from tests.support import SOURCE


def rules_of_rooms() -> Iterator[ApplicationMask]:
    """What each room with a module ``masks`` calls personal."""
    for module in SOURCE.glob("*/masks.py"):
        rules = import_module(f"mynacard.{module.parent.name}.masks").PERSONAL
        yield from (rules,) if isinstance(rules, ApplicationMask) else rules


def test_the_rules_of_every_room_are_there_once() -> None:
    names = [rule.df_name for rule in PERSONAL]
    assert len(set(names)) == len(names)
    assert set(PERSONAL) == set(rules_of_rooms())
    assert len(PERSONAL) > 3


def test_by_them_a_recording_of_a_signature_does_not_have_its_certificate() -> None:
    text = recorded(card_with(), PERSONAL)
    assert certificate_of(DIGITAL_SIGNATURE)[4:20].hex().upper() not in text
    assert "**" in text

"""``mynacard info``: everything that is on a card, and until when it is good."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from mynacard.doors import disk, new_cards
from mynacard.simulator import PERSONAS
from tests.cli.command_line import DIGITAL_SIGNATURE, USER_AUTHENTICATION, CardAlong, CardFile, run

Along = Callable[[Callable[[bytes, bytes], bytes]], CardAlong]
TODAY = (datetime.now(UTC) + timedelta(hours=9)).date()


def test_all_applications_are_named(card: CardFile) -> None:
    found = run("info", "-r", card.reader, "--json").json
    assert found["applications"] == ["JPKI", "text", "card-face", "common", "resident-register"]
    out = run("info", "-r", card.reader).out
    assert "Other applications: text, card-face, common, resident-register" in out


def test_what_is_free_costs_at_most_17(card_along: Along) -> None:
    found = card_along(lambda _, answer: answer)
    assert run("info", "-r", "sim:").code == 0
    assert len(found.sent) <= 17
    assert not any(command[1] == 0x20 and len(command) > 4 for command in found.sent)


def test_certificates_and_card_say_their_last_days(card: CardFile) -> None:
    found = run("info", "-r", card.reader, "--json").json
    assert found["valid_until"]["card"]["day"] == "2099-04-01"
    assert found["valid_until"]["card"]["days_left"] == (date(2099, 4, 1) - TODAY).days
    assert found["valid_until"]["user_authentication_certificate"]["warning"] is None
    assert all(authority["simulated"] for authority in found["authorities"].values())


@pytest.mark.parametrize(
    ("left", "warning"), [(-1, 7), (0, 7), (7, 7), (8, 30), (30, 30), (31, 90), (90, 90), (91, None)]
)
def test_a_warning_comes_at_90_30_and_7_days(card: CardFile, left: int, warning: int | None) -> None:
    day = str(TODAY + timedelta(days=left))
    found = run("info", "-r", card.reader, "--json", "--period-of-stay", day).json
    assert found["valid_until"]["period_of_stay"] == {"day": day, "days_left": left, "warning": warning}
    outcome = run("info", "-r", card.reader, "--period-of-stay", day)
    assert outcome.code == 0
    assert bool(outcome.err) is (warning is not None)
    assert ("No longer valid: period of stay." in outcome.err) is (left < 0)


@pytest.mark.parametrize("day", ["tomorrow", "2026-02-30", "1.4.2027", ""])
def test_what_is_no_day_is_a_wrong_command_line(card: CardFile, day: str) -> None:
    assert run("info", "-r", card.reader, "--period-of-stay", day).code == 2


def test_a_damaged_record_keeps_nothing_else_back(card_along: Along) -> None:
    card_along(lambda command, answer: b"\x01\x1cno digits\x90\x00" if command[1] == 0xB2 else answer)
    found = run("info", "-r", "sim:", "--json").json
    assert "card" not in found["valid_until"]
    assert "common" in found["applications"]


@pytest.mark.parametrize("name", sorted(PERSONAS))
def test_every_kind_of_card_is_shown(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = disk.new_card(persona=PERSONAS[name])
    monkeypatch.setattr(new_cards, "new_card", lambda: made)
    outcome = run("info", "-r", "sim:")
    assert outcome.code == 0, outcome.err
    found = run("info", "-r", "sim:", "--json").json
    present = found["certificates_present"]
    assert present == {pair: pair in PERSONAS[name].certificates for pair in (USER_AUTHENTICATION, DIGITAL_SIGNATURE)}
    assert (len(found["applications"]) == 1) is name.endswith("phone")

"""Days are counted in Tokyo, and warnings come in time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from mynacard.errors import UsageError
from mynacard.trust.last_days import Ending, LastDay, last_days
from tests.trust.authorities import authority

NOON = datetime(2026, 7, 1, 3, tzinfo=UTC)
"""Noon in Tokyo."""


def test_what_is_known_is_told_in_order() -> None:
    certificate = authority().certificate
    card, stay = date(2030, 4, 1), date(2026, 7, 2)
    first, *rest = last_days(certificate, card, stay, NOON)
    assert first.of is Ending.CERTIFICATE
    assert first.day == (certificate.not_valid_after_utc + timedelta(hours=9)).date()
    assert rest == [LastDay(Ending.CARD, card, 1370), LastDay(Ending.PERIOD_OF_STAY, stay, 1)]
    assert last_days(None, None, None, NOON) == ()


def test_the_day_begins_in_tokyo() -> None:
    day = date(2026, 7, 2)
    before, after = datetime(2026, 7, 1, 14, 59, tzinfo=UTC), datetime(2026, 7, 1, 15, tzinfo=UTC)
    assert [last_days(None, day, None, now)[0].days_left for now in (before, after)] == [1, 0]


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(UsageError):
        last_days(None, None, None, datetime(2026, 7, 1))


@pytest.mark.parametrize(
    ("left", "warning"), [(-1, 7), (0, 7), (7, 7), (8, 30), (30, 30), (31, 90), (90, 90), (91, None)]
)
def test_a_warning_comes_at_90_30_and_7_days(left: int, warning: int | None) -> None:
    assert LastDay(Ending.CARD, date(2026, 7, 1), left).warning == warning

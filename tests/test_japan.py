"""Days and years as Japan counts them."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from mynacard.errors import UsageError
from mynacard.japan import TOKYO, age, day_in_tokyo, months_after


def test_the_day_in_tokyo_begins_nine_hours_before_that_of_utc() -> None:
    assert day_in_tokyo(datetime(2026, 11, 30, 14, 59, tzinfo=UTC)) == date(2026, 11, 30)
    assert day_in_tokyo(datetime(2026, 11, 30, 15, 0, tzinfo=UTC)) == date(2026, 12, 1)
    assert day_in_tokyo(datetime(2026, 12, 1, 0, 0, tzinfo=TOKYO)) == date(2026, 12, 1)


def test_a_time_of_no_zone_is_no_day() -> None:
    with pytest.raises(UsageError):
        day_in_tokyo(datetime(2026, 11, 30, 15, 0))


@pytest.mark.parametrize(
    ("day", "months", "then"),
    [
        (date(2026, 12, 31), 2, date(2027, 2, 28)),
        (date(2027, 12, 31), 2, date(2028, 2, 29)),
        (date(2026, 1, 31), -1, date(2025, 12, 31)),
        (date(2026, 3, 31), -1, date(2026, 2, 28)),
        (date(2028, 2, 29), 12, date(2029, 2, 28)),
        (date(2026, 6, 15), 0, date(2026, 6, 15)),
    ],
)
def test_months_end_where_they_end(day: date, months: int, then: date) -> None:
    assert months_after(day, months) == then


def test_somebody_born_on_a_leap_day_has_a_birthday_every_year() -> None:
    assert [age(date(2012, 2, 29), day) for day in (date(2027, 2, 28), date(2027, 3, 1), date(2028, 2, 29))] == [
        14, 15, 16,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("born", "day", "years"),
    [
        (date(1990, 4, 1), date(2026, 3, 31), 35),
        (date(1990, 4, 1), date(2026, 4, 1), 36),
        (date(2000, 2, 29), date(2026, 2, 28), 25),
        (date(2000, 2, 29), date(2026, 3, 1), 26),
        (date(2026, 1, 1), date(2026, 1, 1), 0),
    ],
)
def test_ages_are_full_years(born: date, day: date, years: int) -> None:
    assert age(born, day) == years

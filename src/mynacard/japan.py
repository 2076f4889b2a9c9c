"""Days as Japan, its offices and its cards count them: calendar days in Tokyo, and full years of age.

Japan has had no summer time since 1951, so the zone is fixed and needs no time zone database.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime, timedelta, timezone
from typing import Final

from mynacard.errors import UsageError
from mynacard.texts import N_

__all__ = ["TOKYO", "age", "day_in_tokyo", "months_after"]

TOKYO: Final = timezone(timedelta(hours=9), "Asia/Tokyo")


def day_in_tokyo(moment: datetime) -> date:
    """The calendar day that *moment* falls on in Tokyo.

    Raises:
        UsageError: *moment* has no time zone.
    """
    if moment.tzinfo is None:
        raise UsageError(N_("A time needs a time zone."))
    return moment.astimezone(TOKYO).date()


def months_after(day: date, months: int) -> date:
    """The same day *months* months later, or earlier if negative; the month's last day where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def age(born: date, day: date) -> int:
    """Age in whole years on *day*. A person born on 29 February ages on 1 March in other years.

    The law counts the year as complete at the end of the day before (年齢計算ニ関する法律); no rule
    here depends on that day.
    """
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))

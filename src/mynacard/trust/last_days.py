"""Until when a card and its certificate are valid, and when to warn of the end."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Final

from cryptography import x509

from mynacard._dataclasses import dataclass
from mynacard.japan import day_in_tokyo
from mynacard.texts import N_

__all__ = ["WARN_AT", "Ending", "LastDay", "last_days"]

WARN_AT: Final = (7, 30, 90)
"""Days before the end at which to warn. Certificates can be renewed from three months before their end on."""


class Ending(StrEnum):
    """Something that ends, by its name for people."""

    CERTIFICATE = N_("user-authentication certificate")
    CARD = N_("card")
    PERIOD_OF_STAY = N_("period of stay")
    """Card and certificates end with it."""


@dataclass(frozen=True, slots=True)
class LastDay:
    """The last day of something, in Tokyo.

    Attributes:
        days_left: 0 on that day itself, fewer than 0 after it.
    """

    of: Ending
    day: date
    days_left: int

    @property
    def warning(self) -> int | None:
        """The smallest of :data:`WARN_AT` that is reached; None before that."""
        return next((days for days in WARN_AT if self.days_left <= days), None)


def last_days(
    certificate: x509.Certificate | None, card: date | None, period_of_stay: date | None, now: datetime
) -> tuple[LastDay, ...]:
    """The last days of those that are known, counted from *now*.

    Raises:
        UsageError: *now* has no time zone.
    """
    today = day_in_tokyo(now)
    days = {
        Ending.CERTIFICATE: day_in_tokyo(certificate.not_valid_after_utc) if certificate else None,
        Ending.CARD: card,
        Ending.PERIOD_OF_STAY: period_of_stay,
    }
    return tuple(LastDay(ending, day, (day - today).days) for ending, day in days.items() if day)

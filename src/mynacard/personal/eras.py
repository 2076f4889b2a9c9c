"""The years of the Japanese calendar, as written on the card.

Source: the eras' first days as the Cabinet and the Imperial Household publish them; vectors/personal/numbers.json.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from mynacard._dataclasses import dataclass
from mynacard.errors import UsageError
from mynacard.texts import N_

__all__ = ["ERAS", "Era", "era_of"]


@dataclass(frozen=True, slots=True)
class Era:
    """An era: its name, and its first day. The year of that day is its year 1, however short."""

    name: str
    first_day: date

    def year(self, day: date) -> int:
        """The year of this era in which *day* lies."""
        return day.year - self.first_day.year + 1


ERAS: Final = (
    Era("令和", date(2019, 5, 1)),
    Era("平成", date(1989, 1, 8)),
    Era("昭和", date(1926, 12, 25)),
    Era("大正", date(1912, 7, 30)),
    Era("明治", date(1868, 1, 25)),
)
"""The eras in which a holder can have been born, latest first."""


def era_of(day: date) -> Era:
    """The era in which *day* lies.

    Raises:
        UsageError: it lies before all of them.
    """
    for era in ERAS:
        if day >= era.first_day:
            return era
    raise UsageError(N_("No era is known for a day before 1868-01-25."))

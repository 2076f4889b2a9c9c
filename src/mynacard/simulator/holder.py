"""Who a simulated card belongs to: nobody, and unmistakably so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

__all__ = ["MIHON", "Holder"]


@dataclass(frozen=True, slots=True)
class Holder:
    """What a signing certificate says of its holder.

    Attributes:
        name: as on the card.
        sex: '1' male, '2' female, '9' not applicable.
        birth_date: Gregorian.
        address: as on the card.
    """

    name: str
    sex: str
    birth_date: date
    address: str

    @property
    def birth_date_with_era(self) -> str:
        """EYYYYMMDD: the digit of the era, and the Gregorian date."""
        return f"{_era(self.birth_date)}{self.birth_date:%Y%m%d}"


_ERA_STARTS: Final = (  # 明治 1, 大正 2, 昭和 3, 平成 4, 令和 5
    (5, date(2019, 5, 1)),
    (4, date(1989, 1, 8)),
    (3, date(1926, 12, 25)),
    (2, date(1912, 7, 30)),
    (1, date(1868, 1, 25)),
)


def _era(day: date) -> int:
    return next((era for era, start in _ERA_STARTS if day >= start), 0)


MIHON: Final = Holder(  # 見本 is what is printed across specimens
    name="MIHON ALEX SIMULATED",
    sex="9",
    birth_date=date(1990, 4, 1),
    address="東京都見本区模擬町一丁目２番３号",
)

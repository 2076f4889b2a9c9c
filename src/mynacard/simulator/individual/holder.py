"""The holder of a simulated card: unmistakably not a real person."""

from __future__ import annotations

from dataclasses import field
from datetime import date
from typing import Final

from mynacard._dataclasses import dataclass
from mynacard.personal.eras import ERAS
from mynacard.personal.numbers import (
    Calendar,
    MyNumber,
    birth_date_pin,
    check_digit,
    verification_number_a,
    verification_number_b,
)
from mynacard.pin import Pin

__all__ = ["MIHON", "SIMULATED_NUMBER", "Holder"]

SIMULATED_NUMBER: Final = "99999999999" + check_digit("99999999999")
"""The Individual Number of every simulated holder: eleven nines, and their check digit."""


@dataclass(frozen=True, slots=True)
class Holder:
    """The holder's details on a card.

    Attributes:
        name: as on the card.
        sex: '1' male, '2' female, '9' not applicable.
        birth_date: Gregorian.
        address: as on the card.
        my_number: the Individual Number; it also opens some files.
        expiry: the last day on which the card is valid. For a mid-term resident no later than the period of stay.
        security_code: the four digits beside the expiry.
        calendar: the calendar in which the card shows the birth date.
    """

    name: str
    sex: str
    birth_date: date
    address: str
    my_number: str = field(default=SIMULATED_NUMBER, repr=False)
    expiry: date = date(2099, 4, 1)
    security_code: str = "0000"
    calendar: Calendar = Calendar.JAPANESE

    @property
    def birth_date_with_era(self) -> str:
        """EYYYYMMDD: the digit of the era, and the Gregorian date."""
        return f"{_era(self.birth_date)}{self.birth_date:%Y%m%d}"

    @property
    def number_a(self) -> Pin:
        """Verification number A, 照合番号A.

        Raises:
            UsageError: *my_number* is not an Individual Number.
        """
        return verification_number_a(MyNumber(self.my_number))

    @property
    def number_b(self) -> Pin:
        """Verification number B, 照合番号B, in the calendar that the card shows.

        Raises:
            UsageError: the expiry, the security code or the birth date does not fit into one.
        """
        return verification_number_b(self.birth_date, self.expiry.year, self.security_code, calendar=self.calendar)

    @property
    def birth_date_pin(self) -> Pin:
        """The PIN that opens the age record.

        Raises:
            UsageError: the birth date lies before all eras.
        """
        return birth_date_pin(self.birth_date, calendar=self.calendar)


def _era(day: date) -> int:
    """The digit of the era: 明治 1, 大正 2, 昭和 3, 平成 4, 令和 5; 0 before all of them."""
    return sum(day >= era.first_day for era in ERAS)


MIHON: Final = Holder(  # 見本 is what is printed across specimens
    name="MIHON ALEX SIMULATED",
    sex="9",
    birth_date=date(1990, 4, 1),
    address="東京都見本区模擬町一丁目２番３号",
)

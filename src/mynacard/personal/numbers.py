"""The numbers that open files: the Individual Number, and those made of what is printed on the card.

Source: the check digit is in the Ministry of Internal Affairs' Ordinance No. 85 of 2014, article 5; the verification
numbers are as soltia48/myna-card used them on cards (vectors/personal/numbers.json).
"""

from __future__ import annotations

import hmac
import re
from datetime import date
from enum import Enum, auto
from typing import Final, NoReturn

from mynacard.arguments import check_class, check_member, check_type
from mynacard.errors import UsageError
from mynacard.personal.eras import era_of
from mynacard.pin import Pin
from mynacard.texts import N_

__all__ = ["Calendar", "MyNumber", "birth_date_pin", "check_digit", "verification_number_a", "verification_number_b"]

_DIGITS: Final = re.compile("[0-9]+")
_WEIGHTS: Final = (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)


def check_digit(eleven: str) -> str:
    """The last digit of the Individual Number whose first eleven are *eleven*.

    Raises:
        UsageError: these are not eleven digits.
    """
    if len(eleven) != len(_WEIGHTS) or not _DIGITS.fullmatch(eleven):
        del eleven
        raise UsageError(N_("A check digit is made of eleven digits."))
    rest = sum(int(digit) * weight for digit, weight in zip(eleven, _WEIGHTS, strict=True)) % 11
    return "0" if rest <= 1 else str(11 - rest)


class MyNumber:
    """An Individual Number, given away only by :meth:`reveal`: who may collect or store one is regulated by law.

    Prints as ``MyNumber(…)``, cannot be pickled, copied or hashed, and compares in constant time.

    Args:
        digits: its twelve digits, without spaces.

    Raises:
        UsageError: these are not twelve digits, or the last is not the check digit of the others.
    """

    __slots__ = ("__digits",)

    def __init__(self, digits: str) -> None:
        try:
            check_class(type(digits), str)
        except UsageError:
            del digits  # tracebacks show local variables
            raise
        if len(digits) != 12 or not _DIGITS.fullmatch(digits):
            del digits
            raise UsageError(N_("An Individual Number has twelve digits."))
        if check_digit(digits[:11]) != digits[11]:
            del digits
            raise UsageError(N_("This is not an Individual Number: its check digit is wrong."))
        self.__digits: Final = digits

    def reveal(self) -> str:
        """The twelve digits themselves. One search for this name finds every use."""
        return self.__digits

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MyNumber) and hmac.compare_digest(self.__digits, other.__digits)

    __hash__ = None  # type: ignore[assignment]  # few numbers share a hash, so it would reveal which

    def __repr__(self) -> str:
        return "MyNumber(…)"

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a MyNumber cannot be pickled or copied")


class Calendar(Enum):
    """The calendar in which the card shows the birth date.

    ``JAPANESE`` is known to work. For cards that show the western calendar nothing is documented; ``WESTERN`` takes the
    last two digits of that year, an unconfirmed guess. A wrong guess costs a try.
    """

    JAPANESE = auto()
    WESTERN = auto()


def birth_date_pin(birth_date: date, *, calendar: Calendar = Calendar.JAPANESE) -> Pin:
    """The PIN of the age record: YYMMDD, the year as the card shows it.

    Raises:
        UsageError: the date lies before all eras.
    """
    return Pin(_six_digits(birth_date, calendar))


def verification_number_a(number: MyNumber) -> Pin:
    """Verification number A (照合番号A): the Individual Number."""
    check_class(type(number), MyNumber)
    return Pin(number.reveal())


def verification_number_b(
    birth_date: date, expiry_year: int, security_code: str, *, calendar: Calendar = Calendar.JAPANESE
) -> Pin:
    """Verification number B (照合番号B): birth date, year of expiry and security code, 14 digits.

    Args:
        birth_date: the holder's.
        expiry_year: the year until which the *card* is valid, as printed, e.g. 2035.
        security_code: the four digits beside it.
        calendar: the one in which the card shows the birth date; only this form is made, never a second one.

    Raises:
        UsageError: the year or the code has the wrong length, or the birth date lies before all eras.
    """
    check_type(expiry_year, int)
    check_class(type(security_code), str)
    if not 1000 <= expiry_year <= 9999:
        del security_code
        raise UsageError(N_("The year of expiry has four digits."))
    if len(security_code) != 4 or not _DIGITS.fullmatch(security_code):
        del security_code
        raise UsageError(N_("The security code has four digits."))
    try:
        day = _six_digits(birth_date, calendar)
    except UsageError:
        del security_code
        raise
    return Pin(f"{day}{expiry_year}{security_code}")


def _six_digits(day: date, calendar: Calendar) -> str:
    check_type(day, date)
    check_member(calendar, Calendar)
    year = day.year % 100 if calendar is Calendar.WESTERN else era_of(day).year(day)
    if year > 99:
        raise UsageError(N_("The year of an era has at most two digits on a card."))
    return f"{year:02}{day:%m%d}"

"""Fields that occur in files of several applications."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Final

from mynacard._dataclasses import dataclass
from mynacard.personal.forms import Form
from mynacard.texts import N_

__all__ = ["DATE_LENGTH", "CardVersion", "Sex", "day", "sex_of"]

DATE_LENGTH: Final = 8
"""Bytes of a date, YYYYMMDD."""


class Sex(StrEnum):
    """The holder's sex, as the card writes it."""

    MALE = "1"
    FEMALE = "2"
    NOT_APPLICABLE = "9"
    UNKNOWN = "0"


@dataclass(frozen=True, slots=True)
class CardVersion:
    """Four bytes of an application's basic data."""

    specification: int
    extended_length: int
    vendor: int
    vendor_byte: int

    def __bytes__(self) -> bytes:
        return bytes((self.specification, self.extended_length, self.vendor, self.vendor_byte))


def sex_of(value: bytes, form: Form) -> Sex:
    """The sex in *value*, from a file of *form*.

    Raises:
        CardDataError: it is not one of the four codes.
    """
    try:
        return Sex(value.decode("latin-1"))
    except ValueError:
        raise form.error(N_("It holds an unknown code for the sex.")) from None


def day(date_: date) -> bytes:
    """*date_* as stored in files."""
    return b"%04d%02d%02d" % (date_.year, date_.month, date_.day)

"""The values in the files of a residence card: days, codes, periods. Unpublished codes stay as they are.

Source: the specification (layout.py names it) §3.3.4; for the second generation eringoio/zairyu-card-reader. The
agency's tables of codes for nationality, status of residence and kind of permission are not public: those codes have no
meaning here.
"""

from __future__ import annotations

import re
from dataclasses import field
from datetime import date
from enum import StrEnum
from typing import Final, Generic, TypeAlias, TypeVar

from mynacard._dataclasses import dataclass
from mynacard.residence.forms import Row, data_error
from mynacard.texts import N_

__all__ = [
    "Code",
    "Coded",
    "ComprehensivePermission",
    "Day",
    "Days",
    "Indefinite",
    "PeriodOfStay",
    "Presence",
    "RawCode",
    "Sex",
    "UnknownPeriod",
    "WorkRestriction",
    "YearsAndMonths",
]

E = TypeVar("E", bound="Code")

_DAY: Final = re.compile("[0-9]{8}")
_YEARS_AND_MONTHS: Final = re.compile("([0-9]{2})([0-9]{2})")
_DAYS: Final = re.compile("[0-9]{3}")


class Code(StrEnum):
    """A code whose table is public; its value is the card's."""

    @property
    def label(self) -> str:
        """Its meaning, for people."""
        return _LABELS[type(self)][self.value]


class Sex(Code):
    """C7."""

    MALE = "1"
    FEMALE = "2"
    UNSPECIFIED = "3"


class WorkRestriction(Code):
    """CC."""

    NONE = "1"
    BY_STATUS = "2"
    BY_DESIGNATION = "4"
    NOT_ALLOWED = "9"


class ComprehensivePermission(Code):
    """D5 of the second generation."""

    NONE = "0"
    UP_TO_28_HOURS = "1"
    UP_TO_28_HOURS_IN_EDUCATION = "2"


class Presence(Code):
    """Whether there is a pending application, a permission, an entry."""

    NO = "0"
    YES = "1"


_LABELS: Final[dict[type[Code], dict[str, str]]] = {
    Sex: {"1": N_("male"), "2": N_("female"), "3": N_("unspecified")},
    WorkRestriction: {
        "1": N_("no restriction on work"),
        "2": N_("only work that the status of residence allows"),
        "4": N_("only work that the designation document names"),
        "9": N_("no work allowed"),
    },
    ComprehensivePermission: {
        "0": N_("no permission"),
        "1": N_("up to 28 hours a week, no adult entertainment"),
        "2": N_("up to 28 hours a week, education and the like"),
    },
    Presence: {"0": N_("no"), "1": N_("yes")},
}


@dataclass(frozen=True, slots=True)
class Coded(Generic[E]):
    """A code whose table is public.

    Attributes:
        raw: the card's code.
        known: its meaning; None where the table does not have it.
    """

    raw: str = field(repr=False)
    known: E | None = field(repr=False)

    @property
    def meaning(self) -> str | None:
        """Its meaning, for people; None where the table does not have it."""
        return self.known.label if self.known is not None else None


@dataclass(frozen=True, slots=True)
class RawCode:
    """A code whose table is not public: the card's code, without a meaning."""

    raw: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Day:
    """Eight digits, YYYYMMDD.

    Attributes:
        raw: the digits as the card has them.
    """

    raw: str = field(repr=False)

    @property
    def date(self) -> date | None:
        """The calendar day; None where there is no such day, as with a birth date that is only partly known."""
        try:
            return date(int(self.raw[:4]), int(self.raw[4:6]), int(self.raw[6:]))
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class YearsAndMonths:
    """A period of stay."""

    years: int
    months: int


@dataclass(frozen=True, slots=True)
class Days:
    """A period of stay in days."""

    days: int


@dataclass(frozen=True, slots=True)
class Indefinite:
    """A stay without end."""


@dataclass(frozen=True, slots=True)
class UnknownPeriod:
    """A period in a form that no source describes; *raw* is the card's."""

    raw: str


PeriodOfStay: TypeAlias = YearsAndMonths | Days | Indefinite | UnknownPeriod


def coded(table: type[E], raw: str) -> Coded[E]:
    """*raw*, looked up in *table*."""
    return Coded(raw, table(raw) if raw in set(table) else None)


def day(row: Row, tag: int) -> Day | None:
    """The day in an object; None where it is absent or blank.

    Raises:
        CardDataError: it is not eight digits.
    """
    text = row.text(tag)
    if not text:
        return None
    if not _DAY.fullmatch(text):
        raise data_error(row.file, N_("It holds a date that is not eight digits."))
    return Day(text)


def period(raw: str) -> PeriodOfStay:
    """The period of stay in CE: YYMM, or three digits of days; '0000' means without end."""
    if raw == "0000":
        return Indefinite()
    if numbers := _YEARS_AND_MONTHS.fullmatch(raw):
        return YearsAndMonths(int(numbers[1]), int(numbers[2]))
    return Days(int(raw)) if _DAYS.fullmatch(raw) else UnknownPeriod(raw)

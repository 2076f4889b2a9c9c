"""The holder's attributes in a signing certificate: name, sex, birth date, address, and which characters were replaced.

The user-authentication certificate has none of them. Six names are known; others are only listed, since more were
announced (readings of names).

Source: cards, as soltia48/myna-card and others read them (vectors/trust/holder.json); RFC 5280 §4.2.1.6 (otherName).
"""

from __future__ import annotations

import re
from dataclasses import field
from datetime import date
from enum import StrEnum
from typing import Final

from cryptography import x509

from mynacard._dataclasses import dataclass
from mynacard.apdu import tlv
from mynacard.errors import CertificateFileError, TlvError
from mynacard.personal.fields import Sex
from mynacard.texts import N_

__all__ = ["BirthDate", "Era", "HolderAttributes", "Text", "holder_of"]

_ARC: Final = "1.2.392.200149.8.5.5."
_UTF8_STRING: Final = 0x0C
_BIRTH_DATE: Final = re.compile("([0-9])([0-9]{4})([0-9]{2})([0-9]{2})")


class Era(StrEnum):
    """The first digit of a birth date. The year that follows is Gregorian in any case."""

    UNKNOWN = "0"
    MEIJI = "1"
    TAISHO = "2"
    SHOWA = "3"
    HEISEI = "4"
    REIWA = "5"


@dataclass(frozen=True, slots=True)
class BirthDate:
    """A birth date, written EYYYYMMDD.

    Attributes:
        raw: the birth date as written.
        era: its era; None if the digit is unknown.
        date: the day; None if there is no such day, as in a birth date that is only partly known.
    """

    raw: str = field(repr=False)
    era: Era | None = field(repr=False)
    date: date | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Text:
    """A text in which characters may have been replaced: certificates have only those of JIS X 0208 and 0212.

    Attributes:
        value: the text.
        replaced: for each character, whether it stands for another; None if the certificate does not say.
    """

    value: str = field(repr=False)
    replaced: tuple[bool, ...] | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class HolderAttributes:
    """The holder's attributes in a signing certificate. They are personal, and ``repr`` does not show them.

    Attributes:
        name: None if the certificate does not have it; likewise the next three.
        sex: None also if the code is unknown.
        birth_date: the day, and the era in which the card counts it.
        address: where the holder was registered when the certificate was issued.
        others: the object identifiers of the other names.
    """

    name: Text | None
    sex: Sex | None = field(repr=False)
    birth_date: BirthDate | None
    address: Text | None
    others: tuple[str, ...]


def holder_of(certificate: x509.Certificate) -> HolderAttributes | None:
    """The holder's attributes in *certificate*; None if it has none of the six.

    Raises:
        CertificateFileError: one of the six is not a text, or occurs twice.
    """
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return None
    values, others = dict[int, str](), list[str]()
    for name in names:
        number = _number(name) if isinstance(name, x509.OtherName) else None
        if isinstance(name, x509.OtherName) and number is not None:
            if number in values:
                raise _unreadable()
            values[number] = _text(name.value)
        elif isinstance(name, x509.OtherName):
            others.append(name.type_id.dotted_string)
    if not values:
        return None
    return HolderAttributes(
        name=_replaced(values.get(1), values.get(2)),
        sex=Sex(values[3]) if values.get(3) in set(Sex) else None,
        birth_date=_birth_date(values[4]) if 4 in values else None,
        address=_replaced(values.get(5), values.get(6)),
        others=tuple(others),
    )


def _number(name: x509.OtherName) -> int | None:
    """Which of the six names *name* is, 1 to 6; None for another."""
    last = name.type_id.dotted_string.removeprefix(_ARC)
    return int(last) if last in {"1", "2", "3", "4", "5", "6"} else None


def _text(der: bytes) -> str:
    try:
        data_object = tlv.parse(der)
        if data_object.tag != _UTF8_STRING:
            raise _unreadable()
        return data_object.value.decode("utf-8")
    except (TlvError, UnicodeDecodeError):
        raise _unreadable() from None


def _replaced(value: str | None, flags: str | None) -> Text | None:
    if value is None:
        return None
    if flags is None or len(flags) != len(value) or not set(flags) <= {"0", "1"}:
        return Text(value, None)
    return Text(value, tuple(flag == "1" for flag in flags))


def _birth_date(raw: str) -> BirthDate:
    digits = _BIRTH_DATE.fullmatch(raw)
    if digits is None:
        return BirthDate(raw, None, None)
    try:
        day = date(*map(int, digits.groups()[1:]))
    except ValueError:
        day = None
    return BirthDate(raw, Era(digits[1]) if digits[1] in set(Era) else None, day)


def _unreadable() -> CertificateFileError:
    return CertificateFileError(N_("This certificate describes its holder in an unknown form."))

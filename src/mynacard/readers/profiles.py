"""Profiles of readers, as data: the longest APDU that passes, the best way to read a certificate, tested keypads.

This is the one place that decides. The user's own rows come before the built-in ones: the environment variable
``MYNACARD_PROFILES`` names a file of them, and ``mynacard readers profile`` writes a row from a report of
``mynacard readers check``. Anything that no row says is found out on the card, as long as that costs no login.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from functools import cache
from pathlib import Path
from pkgutil import get_data
from typing import Any, Final, cast

from mynacard._dataclasses import dataclass
from mynacard.apdu.channel import CardProfile
from mynacard.apdu.keypad import Property
from mynacard.apdu.selection import BLOCK
from mynacard.arguments import check_type
from mynacard.errors import ReaderFileError
from mynacard.texts import N_, json_text, printable

__all__ = [
    "UNKNOWN",
    "VARIABLE",
    "ReaderIdentity",
    "ReaderProfile",
    "load_profiles",
    "model",
    "profile_of",
    "public_name",
    "to_json",
]

VARIABLE: Final = "MYNACARD_PROFILES"
FORMAT: Final = "mynacard reader profiles"
VERSION: Final = 1
SIZE_MAX: Final = 1 << 20

_STATUS: Final = 2
"""Bytes of a status word."""
_USB: Final = re.compile(r"(?:[0-9A-F]{4}:[0-9A-F]{4})?")
_SERIAL: Final = re.compile(r"( ?\([^()]*\))+(?= [0-9A-F]{2} [0-9A-F]{2}\b|( [0-9])?$)")
_INDEX: Final = re.compile(r"( [0-9A-F]{2} [0-9A-F]{2}| [0-9])$")
"""Both follow a model's name in PC/SC: in pcsc-lite a serial number in parentheses and two numbers, on Windows one."""


@dataclass(frozen=True, slots=True)
class ReaderProfile:
    """The properties of a kind of reader with its driver; None means unknown.

    Attributes:
        names: parts of the names that PC/SC gives it; one of them is enough.
        usb: vendor and product, ``VVVV:PPPP`` in hexadecimal digits; empty where it is not known.
        driver: which driver, and in or from which version.
        extended_length: whether APDUs of extended length pass at all.
        command_max: bytes of the longest command APDU that passes.
        answer_max: bytes of the longest response APDU that passes, status word and all.
        chunk: how many bytes to ask for first of a JPKI certificate, whose length is not known; that many came.
        keypad_tested: whether a PIN was verified at its keypad.
        quirks: what else to know, for people.
        source: where this is from.
        date: when it was written down, YYYY-MM-DD.
    """

    names: tuple[str, ...] = ()
    usb: str = ""
    driver: str = ""
    extended_length: bool | None = None
    command_max: int | None = None
    answer_max: int | None = None
    chunk: int | None = None
    keypad_tested: bool = False
    quirks: tuple[str, ...] = ()
    source: str = ""
    date: str = ""

    def card_profile(self) -> CardProfile:
        """The assumptions that a channel through this reader may make.

        Where extended length passes, *chunk* bytes were asked for, and came: they are asked for after a VERIFY, too.
        Longer answers are tried only where no login can be lost.
        """
        if self.extended_length is False:
            return CardProfile(extended_length=False)
        chunk = self.chunk if self.chunk and self.chunk > BLOCK else None
        seen = chunk if chunk and self.extended_length else BLOCK
        if self.answer_max is None or self.answer_max >= _UNLIMITED:
            return CardProfile(seen=seen, certificate=chunk)
        block = max(BLOCK, self.answer_max - _STATUS)
        first = min(max(BLOCK, self.chunk or block), block)
        return CardProfile(extended_length=False, block=block, seen=min(seen, block), certificate=first)

    @classmethod
    def of(cls, row: Any) -> ReaderProfile:
        """The profile in *row*.

        Raises:
            ValueError, KeyError, TypeError: *row* is not a profile.
        """
        if not isinstance(row, dict):
            raise ValueError
        values = dict(cast(dict[str, Any], row))
        values["names"], values["quirks"] = _texts(values["names"]), _texts(values["quirks"])
        if set(values) != {field.name for field in fields(cls)}:
            raise ValueError
        profile = cls(**values)
        numbers = (profile.command_max, profile.answer_max, profile.chunk)
        flags = (profile.keypad_tested, profile.extended_length is None or profile.extended_length)
        texts = (profile.driver, profile.source, profile.date)
        if not profile.names or not all(profile.names) or not _USB.fullmatch(profile.usb):
            raise ValueError
        if not all(number is None or (type(number) is int and 4 <= number <= _LONGEST) for number in numbers):
            raise ValueError
        if not all(type(flag) is bool for flag in flags) or not _are_texts(*texts):
            raise ValueError
        return profile


_UNLIMITED: Final = 0x10000 + _STATUS
_LONGEST: Final = 4 + 3 + 0xFFFF + 2
UNKNOWN: Final = ReaderProfile()
"""The profile of a reader that no row describes."""


@dataclass(frozen=True, slots=True)
class ReaderIdentity:
    """A reader's report of itself (PC/SC part 10, supplement).

    Most drivers report nothing. A number that is too long is ignored.

    Attributes:
        usb: as in :class:`ReaderProfile`.
        firmware: the name of its firmware, printable characters only.
        apdu_data_max: the longest data of a command that its driver allows, in bytes; 0: no extended length. None: not
            reported.
    """

    usb: str = ""
    firmware: str = ""
    apdu_data_max: int | None = None

    @classmethod
    def of(cls, properties: Mapping[int, bytes]) -> ReaderIdentity:
        """The identity in *properties*."""
        vendor, product = (_number(properties, key, 2) for key in (Property.VENDOR, Property.PRODUCT))
        firmware = properties.get(Property.FIRMWARE, b"").decode("ascii", "replace").strip("\0 ")
        return cls(
            usb="" if vendor is None or product is None else f"{vendor:04X}:{product:04X}",
            firmware="".join(character for character in firmware if character.isprintable()),
            apdu_data_max=_number(properties, Property.MAX_APDU_DATA, 4),
        )


def profile_of(name: str, usb: str = "") -> ReaderProfile:
    """The profile of the reader that PC/SC calls *name*: by its USB id if a row has it, else by its name.

    Raises:
        ReaderFileError: the file that :data:`VARIABLE` names cannot be read, or does not contain profiles.
    """
    check_type(name, str)
    own = os.environ.get(VARIABLE, "")
    rows = (*(load_profiles(Path(own)) if own else ()), *_ours())
    if usb:
        for row in rows:
            if row.usb == usb:
                return row
    wanted = name.casefold()
    return next((row for row in rows if any(part.casefold() in wanted for part in row.names)), UNKNOWN)


def public_name(name: str) -> str:
    """PC/SC's name of a reader, without the serial number that it may have in parentheses at its end.

    A sentence that contains names from pcsc-lite loses their serial numbers, too.
    """
    check_type(name, str)
    return _SERIAL.sub("", name)


def model(name: str) -> str:
    """The same without the reader's number at this desk, too: the name that all readers of this kind share."""
    return _INDEX.sub("", public_name(name))


def load_profiles(path: Path) -> tuple[ReaderProfile, ...]:
    """The profiles in a file.

    Raises:
        ReaderFileError: it cannot be read, or does not contain profiles.
    """
    check_type(path, Path)
    try:
        with path.open("rb") as stream:
            return _profiles(stream.read(SIZE_MAX + 1))
    except OSError as error:
        raise ReaderFileError(N_("{path} cannot be read: {reason}."), path=path.name, reason=error.strerror) from error
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ReaderFileError(
            N_("{path} does not contain reader profiles, or they are damaged."), path=path.name
        ) from None


def _profiles(content: bytes) -> tuple[ReaderProfile, ...]:
    document: Any = json.loads(content) if len(content) <= SIZE_MAX else {}
    if document["format"] != FORMAT or document["version"] != VERSION or not _is_list(document["profiles"]):
        raise ValueError
    return tuple(ReaderProfile.of(row) for row in document["profiles"])


def to_json(profiles: Sequence[ReaderProfile]) -> str:
    """The content of a file of *profiles*."""
    rows = [asdict(profile) for profile in profiles]
    return json_text({"format": FORMAT, "version": VERSION, "profiles": rows}, indent=1) + "\n"


@cache
def _ours() -> tuple[ReaderProfile, ...]:
    return _profiles(get_data(__package__ or "mynacard.readers", "profiles.json") or b"")


def _texts(value: Any) -> tuple[str, ...]:
    if not _is_list(value) or not _are_texts(*value):
        raise ValueError
    return tuple(value)


def _is_list(value: object) -> bool:
    return isinstance(value, list)


def _are_texts(*values: object) -> bool:
    return all(isinstance(value, str) and printable(value) == value for value in values)


def _number(properties: Mapping[int, bytes], key: Property, length: int) -> int | None:
    value = properties.get(key, b"")
    return int.from_bytes(value, "little") if 0 < len(value) <= length else None

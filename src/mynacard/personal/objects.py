"""The contents of the files of the card's other applications, as values and as bytes, both ways.

``parse`` takes a file as read, filler included; ``bytes(value)`` is the file as a card stores it, or a UsageError for a
value that does not fit. Signatures cover bytes as stored, so ``signed_part`` cuts them out of a file, and ``signed``
does so for the file that ``bytes(value)`` builds: what a card's maker signs.

Source: soltia48/myna-card, which read them off cards; the text files also jpki/myna, siketyan/jpki-rs,
AokiApp/jsapdu and hebingchang/pymyna (vectors/personal/objects.json).
"""

from __future__ import annotations

import re
from dataclasses import field
from datetime import date
from typing import Final

from mynacard._dataclasses import dataclass
from mynacard.errors import UsageError
from mynacard.personal.face_objects import AgeRecord, Face, FaceBasicData, NumberImage
from mynacard.personal.fields import CardVersion, Sex, day
from mynacard.personal.forms import Form
from mynacard.personal.keys import KeyId, PublicKeyObject
from mynacard.personal.text_objects import Attributes, CardKey, NumberFile, SessionKey, TextBasicData, TextDigests
from mynacard.texts import N_

__all__ = [
    "AgeRecord",
    "Attributes",
    "CardKey",
    "CardVersion",
    "CommonInformation",
    "Face",
    "FaceBasicData",
    "KeyId",
    "NumberFile",
    "NumberImage",
    "PublicKeyObject",
    "SessionKey",
    "Sex",
    "TextBasicData",
    "TextDigests",
]

_COMMON_INFORMATION: Final = Form(N_("common information"), 0x01, {})
_COMMON: Final = re.compile(rb"\x01\x1C([0-9]{15})([0-9]{5})([0-9]{8})")


@dataclass(frozen=True, slots=True)
class CommonInformation:
    """Record 1 of EF 0001: readable without a PIN; it identifies the card.

    Attributes:
        serial: 15 digits.
        municipality: the code of the municipality that issued the card, five digits.
        expiry: the last day on which the card is valid.
    """

    serial: str = field(repr=False)
    municipality: str = field(repr=False)
    expiry: date = field(repr=False)

    def __bytes__(self) -> bytes:
        record = b"\x01\x1c" + f"{self.serial}{self.municipality}".encode() + day(self.expiry)
        if len(self.serial) != 15 or not _COMMON.fullmatch(record):
            raise UsageError(N_("A card's serial number has 15 digits, and a municipality's code has 5."))
        return record

    @classmethod
    def parse(cls, content: bytes) -> CommonInformation:
        """The value of the record.

        Raises:
            CardDataError: *content* does not have its form.
        """
        digits = _COMMON.match(content)
        if not digits:
            raise _COMMON_INFORMATION.error(N_("Record 1 is not '01', '1C' and 28 digits."))
        serial, municipality, expiry = digits.groups()
        return cls(serial.decode("ascii"), municipality.decode("ascii"), _COMMON_INFORMATION.date(expiry))

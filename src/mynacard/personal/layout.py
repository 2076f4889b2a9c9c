"""The card's other applications: names, files, PINs, keys and access rules. Data only; driver and simulator read it.

No specification of them is public. Source, unless marked otherwise: soltia48/myna-card, which measured
several real cards and test cards; names, PINs and tags also in jpki/myna, siketyan/jpki-rs and AokiApp/jsapdu
(vectors/personal/layout.json).
"""

from __future__ import annotations

import re
from typing import Final

from mynacard._dataclasses import dataclass
from mynacard.apdu.commands import ISSUER_SECURITY_DOMAIN, ChangeKey, ChangeReferenceData
from mynacard.apdu.pins import PinReference
from mynacard.texts import N_

__all__ = [
    "APPLICATIONS",
    "BIRTH_DATE",
    "CARD_FACE",
    "COMMON",
    "COMMON_PIN",
    "FACE_NUMBER_A",
    "FACE_NUMBER_B",
    "ISSUER",
    "RESIDENT_REGISTER",
    "RESIDENT_REGISTER_PIN",
    "TEXT",
    "TEXT_NUMBER_A",
    "TEXT_NUMBER_B",
    "TEXT_PIN",
    "Application",
    "File",
    "Tag",
]

_FOUR_DIGITS: Final = re.compile(rb"[0-9]{4}")
_FOUR: Final = N_("exactly 4 digits")
_TWELVE: Final = N_("the 12 digits of the Individual Number")
_FOURTEEN: Final = N_("14 digits: birth date YYMMDD in the Japanese era, year of expiry, security code")
_SIX: Final = N_("the birth date, YYMMDD in the Japanese era")

TRIES_OF_NUMBERS: Final = 10
"""For the numbers printed on the card: 10 by myna-card, 3 by one other source. For the birth date it is a choice."""


@dataclass(frozen=True, slots=True)
class File:
    """An EF.

    Attributes:
        file_id: file identifier, and short identifier.
        opened_by: any one of these PINs opens it; empty where it is free.
    """

    file_id: int
    opened_by: tuple[PinReference, ...] = ()


@dataclass(frozen=True, slots=True)
class Application:
    """An application.

    Attributes:
        name: its name on the command line, in English.
        df_name: its DF name.
        pins: its PINs, in the order of their keys.
        change: the command that changes one of its PINs; None where the holder cannot change any.
    """

    name: str
    df_name: bytes
    pins: tuple[PinReference, ...]
    change: type[ChangeReferenceData] | type[ChangeKey] | None = None


# --- text input support, 券面事項入力補助AP -------------------------------------------------------------

TEXT_PIN: Final = PinReference(N_("text input support PIN"), 0x0011, 3, _FOUR_DIGITS, _FOUR, name="text")
TEXT_NUMBER_A: Final = PinReference(  # 照合番号A
    N_("verification number A"), 0x0014, TRIES_OF_NUMBERS, re.compile(rb"[0-9]{12}"), _TWELVE, name="text/number-a"
)
TEXT_NUMBER_B: Final = PinReference(  # 照合番号B
    N_("verification number B"), 0x0015, TRIES_OF_NUMBERS, re.compile(rb"[0-9]{14}"), _FOURTEEN, name="text/number-b"
)
TEXT: Final = Application(
    "text", bytes.fromhex("D3921000310001010408"), (TEXT_PIN, TEXT_NUMBER_A, TEXT_NUMBER_B), ChangeReferenceData
)

MY_NUMBER: Final = File(0x0001, (TEXT_PIN, TEXT_NUMBER_A))
ATTRIBUTES: Final = File(0x0002, (TEXT_PIN, TEXT_NUMBER_B))
TEXT_DIGESTS: Final = File(0x0003, TEXT.pins)
TEXT_CERTIFICATE: Final = File(0x0004)
TEXT_BASIC_DATA: Final = File(0x0005)
SESSION_KEY: Final = File(0x0006, TEXT.pins)
TEXT_CARD_KEY: Final = File(0x0007, TEXT.pins)
TEXT_SIGNING_KEY: Final = 0x0013

# --- card face, 券面事項確認AP ---------------------------------------------------------------------------

BIRTH_DATE: Final = PinReference(
    N_("birth date"), 0x0011, TRIES_OF_NUMBERS, re.compile(rb"[0-9]{6}"), _SIX, name="card-face/birth-date"
)
FACE_NUMBER_B: Final = PinReference(
    N_("verification number B"),
    0x0012,
    TRIES_OF_NUMBERS,
    re.compile(rb"[0-9]{14}"),
    _FOURTEEN,
    name="card-face/number-b",
)
FACE_NUMBER_A: Final = PinReference(  # in the other application A comes before B
    N_("verification number A"), 0x0013, TRIES_OF_NUMBERS, re.compile(rb"[0-9]{12}"), _TWELVE, name="card-face/number-a"
)
CARD_FACE: Final = Application(
    "card-face", bytes.fromhex("D3921000310001010402"), (BIRTH_DATE, FACE_NUMBER_B, FACE_NUMBER_A)
)

AGE_RECORD: Final = File(0x0001, (BIRTH_DATE,))
FACE: Final = File(0x0002, (FACE_NUMBER_A, FACE_NUMBER_B))
FACE_BASIC_DATA: Final = File(0x0003)
FACE_CERTIFICATE: Final = File(0x0004)
NUMBER_IMAGE: Final = File(0x0005, (FACE_NUMBER_A,))

# --- common, 共通カードAP, and resident register, 住基AP --------------------------------------------------

COMMON_PIN: Final = PinReference(N_("common application PIN"), 0x001C, 3, _FOUR_DIGITS, _FOUR, name="common")
COMMON: Final = Application("common", bytes.fromhex("D3921000310001010100"), (COMMON_PIN,), ChangeKey)
COMMON_INFORMATION: Final = 0x0001
COMMON_KEY_ID: Final = 0x0002
COMMON_AUTHENTICATION_KEY: Final = 0x0019

RESIDENT_REGISTER_PIN: Final = PinReference(
    N_("resident register PIN"), 0x001C, 3, _FOUR_DIGITS, _FOUR, name="resident-register"
)
RESIDENT_REGISTER: Final = Application(
    "resident-register", bytes.fromhex("D3921000310001010401"), (RESIDENT_REGISTER_PIN,), ChangeKey
)
RESIDENT_REGISTER_KEY_ID: Final = 0x0002

# --- the issuer's domain --------------------------------------------------------------------------------

ISSUER: Final = Application("issuer", ISSUER_SECURITY_DOMAIN, ())


class Tag:
    """Tags of GET DATA."""

    ISSUER_IDENTIFICATION: Final = 0x0042
    CARD_IDENTIFICATION: Final = 0x0045
    RECOGNITION: Final = 0x0066
    MUNICIPALITY: Final = 0x00F0
    EXPIRY: Final = 0x00F2
    INTERMEDIATE_KEY_ID: Final = 0x00F7
    INTERMEDIATE_CERTIFICATE: Final = 0x00F8
    CARD_CERTIFICATE: Final = 0x7F21
    CONTACT_ATR: Final = 0x5F51


APPLICATIONS: Final = (TEXT, CARD_FACE, COMMON, RESIDENT_REGISTER)
"""The applications with PINs, besides JPKI."""

"""Residence cards: types, DF names, files, data objects, access conditions. Data only, for driver and simulator alike.

Source: 在留カード等仕様書(一般公開用) Ver 1.5, Immigration Services Agency, March 2024 (*the specification* in all this
package) §3.3, §4.2.5, for the first generation. That of the second, 第2世代在留カード等仕様書 Ver 1.1, could not be
had: eringoio/zairyu-card-reader's notes on it, which cite its pages, stand in. vectors/residence/layout.json.
"""

from __future__ import annotations

from enum import Enum, StrEnum, auto
from typing import Final

from mynacard._dataclasses import dataclass
from mynacard.texts import N_

__all__ = [
    "LAYOUTS",
    "MASTER_FILE",
    "NUMBER_KEY",
    "RESIDENCE_APPLICATION",
    "Access",
    "CardType",
    "File",
    "First",
    "Free",
    "Object",
    "Second",
]

MASTER_FILE: Final = b""
"""In place of a DF name, which the MF does not have."""
_DF: Final = bytes.fromhex("D392F0004F")
DF1: Final = (_DF + b"\x02").ljust(16, b"\0")
DF2: Final = (_DF + b"\x03").ljust(16, b"\0")
DF3: Final = (_DF + b"\x04").ljust(16, b"\0")
_PLACES: Final = {MASTER_FILE: "MF", DF1: "DF1", DF2: "DF2", DF3: "DF3"}
RESIDENCE_APPLICATION: Final = (_DF + b"\x01").ljust(16, b"\0")
"""The residence application of a specified card, which is also an Individual Number Card."""
NUMBER_KEY: Final = 0x06
"""The short identifier of the reference that VERIFY compares the card's number with."""


class CardType(StrEnum):
    """The type that the card reports (MF/EF02)."""

    RESIDENCE_CARD = "1"  # 在留カード
    SPECIAL_PERMANENT_RESIDENT = "2"  # 特別永住者証明書
    RESIDENCE_CARD_2 = "05"
    SPECIAL_PERMANENT_RESIDENT_2 = "06"
    SPECIFIED_RESIDENCE_CARD = "07"  # 特定在留カード
    SPECIFIED_SPECIAL_PERMANENT_RESIDENT = "08"  # 特定特別永住者証明書

    @property
    def generation(self) -> int:
        """1, since July 2012; 2, since June 2026."""
        return 1 if len(self.value) == 1 else 2

    @property
    def specified(self) -> bool:
        """Whether it is also an Individual Number Card; no public text specifies how to open its residence files."""
        return self in {CardType.SPECIFIED_RESIDENCE_CARD, CardType.SPECIFIED_SPECIAL_PERMANENT_RESIDENT}

    @property
    def label(self) -> str:
        """Its name, for people."""
        return _LABELS[self]


_LABELS: Final = {
    CardType.RESIDENCE_CARD: N_("residence card, first generation"),
    CardType.SPECIAL_PERMANENT_RESIDENT: N_("special permanent resident certificate, first generation"),
    CardType.RESIDENCE_CARD_2: N_("residence card, second generation"),
    CardType.SPECIAL_PERMANENT_RESIDENT_2: N_("special permanent resident certificate, second generation"),
    CardType.SPECIFIED_RESIDENCE_CARD: N_("specified residence card"),
    CardType.SPECIFIED_SPECIAL_PERMANENT_RESIDENT: N_("specified special permanent resident certificate"),
}  # fmt: skip


class Access(Enum):
    """The condition for reading a file."""

    FREE = auto()
    NUMBER = auto()
    """Needs the number; comes in the clear or encrypted."""
    NUMBER_AND_MESSAGING = auto()
    """Needs the number; comes only encrypted."""


@dataclass(frozen=True, slots=True)
class Object:
    """A data object of a file.

    Attributes:
        tag: its tag.
        length: the most bytes of its value; a shorter value is filled with '00'.
        fixed: whether the value always has this many bytes, or is absent.
    """

    tag: int
    length: int
    fixed: bool = True


@dataclass(frozen=True, slots=True)
class File:
    """An EF.

    Attributes:
        name: what it holds, for people; unique in a layout.
        df: the name of its DF.
        sfi: its short identifier.
        size: bytes of it.
        objects: what is in it, in this order.
        access: the condition for reading it.
    """

    name: str
    df: bytes
    sfi: int
    size: int
    objects: tuple[Object, ...]
    access: Access = Access.NUMBER

    @property
    def place(self) -> str:
        """Its DF and short identifier, such as 'DF1-05'; unique in a layout."""
        return f"{_PLACES[self.df]}-{self.sfi:02X}"

    def __repr__(self) -> str:
        return f"File({self.name!r})"


class Free:
    """Files of both generations that can be read freely."""

    COMMON: Final = File(N_("common data"), MASTER_FILE, 0x0B, 6, (Object(0xC0, 4),), Access.FREE)
    TYPE_1: Final = File(N_("card type"), MASTER_FILE, 0x0A, 3, (Object(0xC1, 1),), Access.FREE)
    TYPE_2: Final = File(N_("card type"), MASTER_FILE, 0x0A, 4, (Object(0xC1, 2),), Access.FREE)


class First:
    """Files of the first generation."""

    FRONT: Final = File(
        N_("front image"), DF1, 0x05, 7004, (Object(0xD0, 7000),), Access.NUMBER_AND_MESSAGING
    )  # 券面(表)イメージ
    FACE: Final = File(N_("face image"), DF1, 0x06, 3004, (Object(0xD1, 3000),), Access.NUMBER_AND_MESSAGING)  # 顔写真
    ADDRESS: Final = File(
        N_("address"), DF2, 0x01, 342, (Object(0xD2, 8), Object(0xD3, 6), Object(0xD4, 320))
    )  # 住居地(裏面追記)
    COMPREHENSIVE_PERMISSION: Final = File(
        N_("comprehensive permission"), DF2, 0x02, 122, (Object(0xD5, 120),)
    )  # 裏面資格外活動包括許可欄
    INDIVIDUAL_PERMISSION: Final = File(
        N_("individual permission"), DF2, 0x03, 122, (Object(0xD6, 120),)
    )  # 裏面資格外活動個別許可欄
    EXTENSION: Final = File(N_("extension application"), DF2, 0x04, 3, (Object(0xD7, 1),))  # 裏面在留期間等更新申請欄
    SIGNATURE: Final = File(N_("signature"), DF3, 0x02, 1464, (Object(0xDA, 256), Object(0xDB, 1200)))  # 電子署名


_PERSON: Final = (
    Object(0xC5, 8),
    Object(0xC6, 8),
    Object(0xC7, 1),
    Object(0xC8, 3),
    Object(0xC9, 10),
    Object(0xCE, 4, fixed=False),
)
_OTHER: Final = (Object(0xD9, 1), Object(0xDE, 200, fixed=False))
_DC_MAX: Final = 104
"""The signature has 96 bytes in the published example; in DER, as the text is reported to say, up to 104."""


class Second:
    """Files of the second generation."""

    NUMBER: Final = File(N_("card number"), DF1, 0x01, 14, (Object(0xC2, 12),), Access.NUMBER_AND_MESSAGING)
    ENTRIES: Final = File(
        N_("printed entries"), DF1, 0x03, 73,
        (*_PERSON, Object(0xCA, 2), Object(0xCB, 8), Object(0xCC, 1), Object(0xCD, 8)), Access.NUMBER_AND_MESSAGING,
    )  # fmt: skip
    ENTRIES_OF_SPECIAL: Final = File(  # no source says which six objects the 46 bytes are; this is arithmetic
        N_("printed entries"), DF1, 0x03, 46, _PERSON, Access.NUMBER_AND_MESSAGING
    )
    IMAGES: Final = File(
        N_("name and face images"), DF1, 0x04, 5508, (Object(0xD0, 2500), Object(0xD1, 3000)),
        Access.NUMBER_AND_MESSAGING,
    )  # fmt: skip
    ADDRESS: Final = File(N_("address image"), DF1, 0x06, 2505, (Object(0xDFD1, 2500),), Access.NUMBER_AND_MESSAGING)
    PERMISSIONS: Final = File(  # one byte of D5 is said to be written; whether its length says so is unknown
        N_("permissions"), DF2, 0x01, 22, (Object(0xD5, 7, fixed=False), Object(0xD6, 8), Object(0xD7, 1))
    )
    EXTENSION: Final = File(N_("extension application"), DF2, 0x02, 3, (Object(0xD8, 1),))
    OTHER: Final = File(N_("other entries"), DF2, 0x03, 207, _OTHER)
    SIGNATURE: Final = File(
        N_("signature"), DF3, 0x02, 704, (Object(0xDC, _DC_MAX, fixed=False), Object(0xDD, 602, fixed=False))
    )


LAYOUTS: Final[dict[CardType, tuple[File, ...]]] = {
    CardType.RESIDENCE_CARD: (
        Free.COMMON, Free.TYPE_1, First.FRONT, First.FACE, First.ADDRESS, First.COMPREHENSIVE_PERMISSION,
        First.INDIVIDUAL_PERMISSION, First.EXTENSION, First.SIGNATURE,
    ),
    CardType.SPECIAL_PERMANENT_RESIDENT: (
        Free.COMMON, Free.TYPE_1, First.FRONT, First.FACE, First.ADDRESS, First.SIGNATURE,
    ),
    CardType.RESIDENCE_CARD_2: (
        Free.COMMON, Free.TYPE_2, Second.NUMBER, Second.ENTRIES, Second.IMAGES, Second.ADDRESS, Second.PERMISSIONS,
        Second.EXTENSION, Second.OTHER, Second.SIGNATURE,
    ),
    CardType.SPECIAL_PERMANENT_RESIDENT_2: (
        Free.COMMON, Free.TYPE_2, Second.NUMBER, Second.ENTRIES_OF_SPECIAL, Second.IMAGES, Second.ADDRESS, Second.OTHER,
        Second.SIGNATURE,
    ),
}  # fmt: skip
"""The files of each type, in reading order: each DF is selected once."""

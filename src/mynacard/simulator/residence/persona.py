"""Kinds of residence cards, by name: their type, their contents, and the fault of their signature."""

from __future__ import annotations

from dataclasses import field, replace
from datetime import timedelta
from enum import Enum, auto
from typing import Final

from mynacard._dataclasses import dataclass
from mynacard.residence.layout import CardType
from mynacard.residence.report import SignatureForm
from mynacard.simulator.choices import chosen
from mynacard.simulator.residence import images
from mynacard.texts import N_

__all__ = ["RESIDENCE_PERSONAS", "SIMULATED_CARD_NUMBER", "Fault", "ResidencePersona"]

SIMULATED_CARD_NUMBER: Final = "AB12345678CD"
"""The number that opens every simulated residence card; published specimens show it."""


class Fault(Enum):
    """The faults of a signature."""

    NONE = auto()
    BROKEN = auto()
    """A dot of the photo was changed afterwards."""
    OTHER_CA = auto()
    """The signer's certificate is from an untrusted CA of the same name."""
    EXPIRED = auto()
    """The signer's certificate has expired, and so has the card."""


@dataclass(frozen=True, slots=True)
class ResidencePersona:
    """A kind of residence card.

    Attributes:
        name: its name.
        about: what it is for, in a sentence.
        type: the type of card.
        front: the image of its front (first generation).
        has_face: whether there is a photo.
        signed: whether there is a signature.
        form: the form of the signature.
        fault: the fault of the signature.
        address: the date, municipality code and text of an address added on the back (first generation), if any.
        comprehensive: the comprehensive permission: a text (first generation), or a code.
        individual: the individual permission, likewise.
        extension_pending: whether an application for extension is pending.
        entries: printed entries by tag (second generation).
        permission_expires: the last day of the comprehensive permission (second generation).
    """

    name: str
    about: str
    type: CardType
    front: bytes = field(default=images.FRONT_MID_TERM, repr=False)
    has_face: bool = True
    signed: bool = True
    form: SignatureForm = chosen(
        SignatureForm.BARE_DIGEST,
        "check code",
        "the bare digest, but for one persona",
        "A in the text, ? on cards",
    )
    fault: Fault = Fault.NONE
    address: tuple[str, str, str] | None = None
    comprehensive: str = ""
    individual: str = ""
    extension_pending: bool = False
    entries: tuple[tuple[int, str], ...] = ()
    permission_expires: str = ""


_ADDRESS: Final = ("20240401", "999997", "東京都見本区模擬町一丁目２番３号")
_HOURS: Final = "許可(資格外活動)：原則週28時間以内・風俗営業等の従事を除く"
_NATION, _STATUS, _PERMISSION = chosen(
    ("XXX", "9999999999", "99"),
    "second generation: codes of nationality, status, kind of permission",
    "XXX (which ISO 3166 reserves for private use), 9999999999, 99: no table's",
)
_ENTRIES: Final = (
    (0xC5, "20990401"), (0xC6, "19900401"), (0xC7, "3"), (0xC8, _NATION), (0xC9, _STATUS), (0xCE, "0500"),
    (0xCA, _PERMISSION), (0xCB, "20260615"), (0xCC, "2"), (0xCD, "20990401"),
)  # fmt: skip
_OF_SPECIAL: Final = (
    (0xC5, "20990401"), (0xC6, "19791231"), (0xC7, "2"), (0xC8, _NATION), (0xC9, _STATUS), (0xCE, "0000"),
)  # fmt: skip
_FIRST: Final = ResidencePersona(
    "residence-1-mid-term", N_("a mid-term resident's card, first generation; all is well"), CardType.RESIDENCE_CARD,
    address=_ADDRESS,
)  # fmt: skip
_SECOND: Final = ResidencePersona(
    "residence-2-mid-term", N_("a mid-term resident's card, second generation; all is well"),
    CardType.RESIDENCE_CARD_2, comprehensive="0", individual="0", entries=_ENTRIES,
    form=chosen(SignatureForm.RAW, "second generation: signature", "r and s, but for one persona", "D"),
)  # fmt: skip
_EXPIRED: Final = tuple((tag, "20190401" if tag in {0xC5, 0xCD} else value) for tag, value in _ENTRIES)
_CHILD: Final = tuple((tag, "20260908" if tag == 0xC6 else value) for tag, value in _ENTRIES)

_ALL: Final = (
    _FIRST,
    replace(
        _FIRST, name="residence-1-special-permanent", front=images.FRONT_SPECIAL, address=None,
        type=CardType.SPECIAL_PERMANENT_RESIDENT,
        about=N_("a special permanent resident certificate, first generation; no address was ever added"),
    ),
    replace(
        _FIRST, name="residence-1-permission", comprehensive=_HOURS, individual=_HOURS, extension_pending=True,
        about=N_("both permissions noted on the back, and an application for extension pending; first generation"),
    ),
    replace(
        _FIRST, name="residence-1-under-16", front=images.FRONT_CHILD, has_face=False, signed=False,
        about=N_("a child's card, first generation: no photo and no signature"),
    ),
    replace(
        _FIRST, name="residence-1-digest-info", form=SignatureForm.DIGEST_INFO,
        about=N_("signed in the form that PKCS #1 specifies; first generation"),
    ),
    replace(
        _FIRST, name="residence-1-broken-signature", fault=Fault.BROKEN,
        about=N_("a photo that was changed after it was signed; first generation"),
    ),
    replace(
        _FIRST, name="residence-1-other-ca", fault=Fault.OTHER_CA,
        about=N_("signed under an untrusted CA; first generation"),
    ),
    replace(
        _FIRST, name="residence-1-expired", fault=Fault.EXPIRED, front=images.FRONT_EXPIRED,
        about=N_("a card that has expired, and so has its signer's certificate; first generation"),
    ),
    _SECOND,
    replace(
        _SECOND, name="residence-2-special-permanent", type=CardType.SPECIAL_PERMANENT_RESIDENT_2,
        entries=_OF_SPECIAL, about=N_("a special permanent resident certificate, second generation"),
    ),
    replace(
        _SECOND, name="residence-2-permission", comprehensive="1", individual="1", permission_expires="20990401",
        extension_pending=True,
        about=N_("both permissions, and an application for extension pending; second generation"),
    ),
    replace(
        _SECOND, name="residence-2-infant", has_face=False, entries=_CHILD,
        signed=chosen(False, "second generation: signature for a child under one year", "none"),
        about=N_("a card of a child under one year, second generation: no photo, and (a choice) no signature"),
    ),
    replace(
        _SECOND, name="residence-2-der-signature", form=SignatureForm.DER,
        about=N_("signed in DER instead of two bare numbers; second generation"),
    ),
    replace(
        _SECOND, name="residence-2-broken-signature", fault=Fault.BROKEN,
        about=N_("a photo that was changed after it was signed; second generation"),
    ),
    replace(
        _SECOND, name="residence-2-other-ca", fault=Fault.OTHER_CA,
        about=N_("signed under an untrusted CA; second generation"),
    ),
    replace(
        _SECOND, name="residence-2-expired", fault=Fault.EXPIRED, entries=_EXPIRED,
        about=N_("a card that has expired, and so has its signer's certificate; second generation"),
    ),
)  # fmt: skip

RESIDENCE_PERSONAS: Final = {persona.name: persona for persona in _ALL}
LIFE: Final = timedelta(days=7 * 366)
"""How long a signer's certificate is valid; an expired one ended a year ago."""

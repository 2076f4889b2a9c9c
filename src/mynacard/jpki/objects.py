"""The contents of the files of the JPKI application, as values and as bytes, in both directions.

Source: soltia48/myna-card, which read them off cards (vectors/jpki/objects.json).
"""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from typing import Final

from construct import Bytes, Const, ConstructError, ExprAdapter, Int32ub, Mapping, PaddedString, Struct

from mynacard._dataclasses import dataclass
from mynacard.apdu import tlv
from mynacard.apdu.wire import Wire
from mynacard.errors import CardDataError, TlvError
from mynacard.jpki.layout import DIGITAL_SIGNATURE, KeyPair, check_pair
from mynacard.texts import N_

__all__ = ["CertificatesPresent", "Medium", "TokenInfo", "certificate_length"]

CERTIFICATE_MAX: Final = 0x2000
"""The most bytes accepted of a certificate; the longest seen has 1583."""


class Medium(StrEnum):
    """The medium that holds the JPKI application, by the token's label."""

    CARD = "JPKIAPICCTOKEN2"
    ANDROID_PHONE = "JPKIAPGPSETOKEN"
    IPHONE = "JPKIAPIOSTOKEN"
    RESIDENT_REGISTER_CARD = "JPKIAPICCTOKEN"  # 住基カード, the predecessor of this card


def _text(length: int) -> Wire:
    return ExprAdapter(
        PaddedString(length, "ascii"), lambda text, _: text.rstrip(" "), lambda text, _: text.ljust(length, " ")
    )


_TOKEN_INFO: Final[Wire] = Struct(  # PKCS #11 CK_TOKEN_INFO with four-byte numbers
    "label" / _text(32),
    "manufacturer" / _text(32),
    "model" / _text(16),
    "serial_number" / _text(16),
    "flags" / Int32ub,
    "max_sessions" / Int32ub,
    "sessions" / Int32ub,
    "max_rw_sessions" / Int32ub,
    "rw_sessions" / Int32ub,
    "max_pin_length" / Int32ub,
    "min_pin_length" / Int32ub,
    "memory" / Bytes(16),
    "hardware_version" / _text(2),
    "firmware_version" / _text(2),
    "utc_time" / _text(16),
)

_PRESENT: Final[Wire] = Mapping(Bytes(1), {True: b"\x8f", False: b"\x00"})
_CERTIFICATES_PRESENT: Final[Wire] = Struct(
    "digital_signature" / _PRESENT, "user_authentication" / _PRESENT, Const(b"\x00")
)


@dataclass(frozen=True, slots=True)
class TokenInfo:
    """EF 0006: PKCS #11 token information. It describes the medium, and says nothing about the holder."""

    label: str
    manufacturer: str
    model: str
    serial_number: str
    flags: int
    max_sessions: int
    sessions: int
    max_rw_sessions: int
    rw_sessions: int
    max_pin_length: int
    min_pin_length: int
    memory: bytes
    hardware_version: str
    firmware_version: str
    utc_time: str

    LENGTH = 160

    @property
    def medium(self) -> Medium | None:
        """The medium that holds the application; None for a label that no source describes."""
        return Medium(self.label) if self.label in {medium.value for medium in Medium} else None

    def __bytes__(self) -> bytes:
        return bytes(_TOKEN_INFO.build(asdict(self)))

    @classmethod
    def parse(cls, content: bytes) -> TokenInfo:
        """The value of EF 0006; filler after its 160 bytes is ignored.

        Raises:
            CardDataError: *content* does not have the known form.
        """
        try:
            value = _TOKEN_INFO.parse(content)
        except (ConstructError, UnicodeDecodeError):
            raise CardDataError(N_("The token information (EF 0006) does not have the known form.")) from None
        return cls(**{name: field for name, field in value.items() if not name.startswith("_")})


@dataclass(frozen=True, slots=True)
class CertificatesPresent:
    """EF 0008: which of the two certificates are on the card."""

    digital_signature: bool
    user_authentication: bool

    LENGTH = 3

    def of(self, pair: KeyPair) -> bool:
        """Whether the certificate of *pair* is on the card."""
        check_pair(pair)
        return self.digital_signature if pair is DIGITAL_SIGNATURE else self.user_authentication

    def __bytes__(self) -> bytes:
        return bytes(_CERTIFICATES_PRESENT.build(asdict(self)))

    @classmethod
    def parse(cls, content: bytes) -> CertificatesPresent:
        """The value of EF 0008; filler after its 3 bytes is ignored.

        Raises:
            CardDataError: *content* does not have the known form.
        """
        try:
            value = _CERTIFICATES_PRESENT.parse(content)
        except ConstructError:
            raise CardDataError(N_("EF 0008 does not say in a known way which certificates are present.")) from None
        return cls(value.digital_signature, value.user_authentication)


def certificate_length(head: bytes) -> int:
    """The length of the certificate that begins with *head*: a DER SEQUENCE of at most 8 KiB.

    Raises:
        CardDataError: these bytes do not begin a certificate.
    """
    try:
        length = tlv.outer_length(head[:8]) if head[:1] == b"\x30" else 0
    except TlvError:
        length = 0
    if not 16 <= length <= CERTIFICATE_MAX:
        raise CardDataError(N_("A certificate's EF on the card does not begin like a certificate."))
    return length

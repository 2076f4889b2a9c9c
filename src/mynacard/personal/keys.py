"""Public keys, and the names of keys, as these applications write them.

Source: soltia48/myna-card; the key's objects also hebingchang/pymyna (vectors/personal/objects.json).
"""

from __future__ import annotations

import re
from dataclasses import field
from typing import Final

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers

from mynacard._dataclasses import dataclass
from mynacard.apdu import tlv
from mynacard.errors import CardDataError, UnsupportedAlgorithmError, UsageError
from mynacard.texts import N_

__all__ = ["KeyId", "PublicKeyObject"]

_BITS: Final = 2048
_EXPONENT: Final = 65537
_HEAD: Final = bytes(tlv.Tlv(0x90, _EXPONENT.to_bytes(3, "big"))) + bytes.fromhex("91820100")
_KEY_ID: Final = re.compile(rb"([0-9]{7})\x08\x05([0-9]{3})(.{4})", re.DOTALL)


@dataclass(frozen=True, slots=True)
class PublicKeyObject:
    """An RSA key of 2048 bits and exponent 65537, as '90' and '91'. A card's own key identifies the card.

    Raises:
        UnsupportedAlgorithmError: *modulus* does not have 2048 bits, or is even.
    """

    modulus: int = field(repr=False)

    exponent = _EXPONENT

    def __post_init__(self) -> None:
        if self.modulus.bit_length() != _BITS or not self.modulus & 1:
            raise UnsupportedAlgorithmError(N_("The card takes only RSA keys of 2048 bits."))

    @classmethod
    def of(cls, key: RSAPublicKey) -> PublicKeyObject:
        """*key* as stored on the card.

        Raises:
            UnsupportedAlgorithmError: it does not have 2048 bits and the exponent 65537.
        """
        numbers = key.public_numbers()
        if numbers.e != _EXPONENT:
            raise UnsupportedAlgorithmError(N_("The card takes only RSA keys with the exponent 65537."))
        return cls(numbers.n)

    def key(self) -> RSAPublicKey:
        """The key, to verify with."""
        return RSAPublicNumbers(_EXPONENT, self.modulus).public_key()

    def __bytes__(self) -> bytes:
        return _HEAD + self.modulus.to_bytes(_BITS // 8, "big")

    @classmethod
    def parse(cls, value: bytes) -> PublicKeyObject:
        """The key in *value*, all of which it is.

        Raises:
            CardDataError: *value* is anything else.
        """
        if value.startswith(_HEAD) and len(value) == len(_HEAD) + _BITS // 8:
            try:
                return cls(int.from_bytes(value[len(_HEAD) :], "big"))
            except UnsupportedAlgorithmError:
                pass
        raise CardDataError(N_("A public key on the card is not an RSA key of 2048 bits with the exponent 65537."))


@dataclass(frozen=True, slots=True)
class KeyId:
    """The name of a key: of a root, of a municipality, of a card's maker.

    Attributes:
        number: seven digits. A first digit of 5 or 6 tells what the key is for.
        version: three digits.
        suffix: four bytes; zero, except '000000A8' for the roots of the card manager.

    Raises:
        UsageError: number, version or suffix has another form.
    """

    number: str
    version: str = "001"
    suffix: bytes = bytes(4)

    LENGTH = 16

    def __post_init__(self) -> None:
        if not _KEY_ID.fullmatch(bytes(self)):
            raise UsageError(N_("A key is named by 7 digits, 3 digits and 4 bytes."))

    @property
    def production(self) -> bool | None:
        """Whether it is a key of real cards (5…) or of test cards (6…); None where the name does not say."""
        return {"5": True, "6": False}.get(self.number[0])

    @property
    def simulated(self) -> bool:
        """Whether the simulator names its keys so (9…)."""
        return self.number.startswith("9")

    def __bytes__(self) -> bytes:
        return self.number.encode("utf-8") + b"\x08\x05" + self.version.encode("utf-8") + self.suffix

    def __str__(self) -> str:
        return f"{self.number}/{self.version}" + (f"/{self.suffix.hex().upper()}" if any(self.suffix) else "")

    @classmethod
    def parse(cls, value: bytes) -> KeyId:
        """The name in *value*, all of which it is.

        Raises:
            CardDataError: *value* is anything else.
        """
        parts = _KEY_ID.fullmatch(value)
        if not parts:
            raise CardDataError(N_("The name of a key on the card does not have the known form."))
        number, version, suffix = parts.groups()
        return cls(number.decode("ascii"), version.decode("ascii"), suffix)

"""The parts of a simulated application: its files, its keys, and what the chip remembers of its PINs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import Final, TypeAlias

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import NoDigestInfo, Prehashed
from cryptography.hazmat.primitives.serialization import load_der_private_key

from mynacard._dataclasses import dataclass
from mynacard.apdu.commands import ISSUER_SECURITY_DOMAIN, ChangeKey, ChangeReferenceData, SignatureScheme
from mynacard.apdu.status import StatusWord
from mynacard.errors import CardFileError
from mynacard.hashes import HashAlgorithm, digest_info
from mynacard.pin import Pin
from mynacard.texts import N_

__all__ = [
    "ISSUER_DOMAIN",
    "NO_OBJECTS",
    "Application",
    "AuthenticationKeyFile",
    "BadInput",
    "File",
    "KeyFile",
    "PinFile",
    "PinMemory",
    "RecordFile",
    "SoftKey",
    "TransparentFile",
    "UnknownKeyFile",
]


class BadInput(ValueError):
    """The signature command got an input of a length that its scheme does not take."""


class SoftKey:
    """The private key of a simulated card, PKCS #8 DER; loaded at first use."""

    def __init__(self, der: bytes) -> None:
        self.der = der

    @staticmethod
    @lru_cache(maxsize=64)
    def of(der: bytes) -> SoftKey:
        """The key *der*; cards that share a key share this object, and load it once."""
        return SoftKey(der)

    @cached_property
    def private_key(self) -> rsa.RSAPrivateKey:
        """The key itself.

        Raises:
            CardFileError: these bytes are not an RSA key.
        """
        try:  # a key that this program made needs no validation, which would take longer than all the rest
            key = load_der_private_key(self.der, None, unsafe_skip_rsa_key_validation=True)
        except ValueError:
            key = None
        if not isinstance(key, rsa.RSAPrivateKey):
            raise CardFileError(N_("A private key of the simulated card is damaged."))
        return key

    def compute(self, scheme: SignatureScheme, data: bytes) -> bytes:
        """The card's answer to '80 2A' with P1 *scheme* and *data*.

        Raises:
            BadInput: the length of *data* does not fit the scheme.
            CardFileError: the key is damaged.
        """
        bare, pss = NoDigestInfo(), padding.PSS(padding.MGF1(hashes.SHA256()), 32)
        longest = {
            SignatureScheme.PKCS1: 245,
            SignatureScheme.PKCS1_SHA256_DIGEST: 32,
            SignatureScheme.PSS_SHA256_DIGEST: 32,
        }
        exact = scheme in (SignatureScheme.PKCS1_SHA256_DIGEST, SignatureScheme.PSS_SHA256_DIGEST)
        limit = longest.get(scheme, 255)
        if len(data) > limit or (exact and len(data) != limit):
            raise BadInput
        sha256 = HashAlgorithm.SHA256
        match scheme:
            case SignatureScheme.PKCS1:
                return self.private_key.sign(data, padding.PKCS1v15(), bare)
            case SignatureScheme.PKCS1_BARE_SHA256:
                return self.private_key.sign(sha256.digest(data), padding.PKCS1v15(), bare)
            case SignatureScheme.PKCS1_SHA256_DIGEST:
                return self.private_key.sign(digest_info(sha256, data), padding.PKCS1v15(), bare)
            case SignatureScheme.PKCS1_SHA256:
                return self.private_key.sign(data, padding.PKCS1v15(), hashes.SHA256())
            case SignatureScheme.PSS_SHA256_DIGEST:
                return self.private_key.sign(data, pss, Prehashed(hashes.SHA256()))
            case SignatureScheme.PSS_SHA256:
                return self.private_key.sign(data, pss, hashes.SHA256())

    def __repr__(self) -> str:
        return "SoftKey(…)"


@dataclass(frozen=True, slots=True)
class TransparentFile:
    """Bytes, filler included. Any one of the PINs *guards* opens them; without guards they are free."""

    content: bytes = field(repr=False)
    guards: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordFile:
    """Records, numbered from 1; free to read."""

    records: tuple[bytes, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class PinFile:
    """A PIN; its value and counter are the chip's (:class:`PinMemory`).

    One with a *form* can be changed, to a value of that form. One with no *tries* is blocked forever, and the chip
    remembers nothing of it.
    """

    tries: int
    form: re.Pattern[bytes] | None = None


@dataclass(frozen=True, slots=True)
class KeyFile:
    """A private key that signs, after VERIFY of the PIN *guard* if there is one."""

    key: SoftKey
    guard: int | None = None


@dataclass(frozen=True, slots=True)
class AuthenticationKeyFile:
    """A private key that answers INTERNAL AUTHENTICATE, without a PIN, and signs nothing else."""

    key: SoftKey


@dataclass(frozen=True, slots=True)
class UnknownKeyFile:
    """A key that exists, and whose purpose no source describes."""


File: TypeAlias = TransparentFile | RecordFile | PinFile | KeyFile | AuthenticationKeyFile | UnknownKeyFile


@dataclass(frozen=True, slots=True)
class Application:
    """A DF.

    Attributes:
        df_name: its name.
        files: its files by file identifier.
        own_key: the key that signs when no key is named; None where there is none.
        session_key: the key that a seed for secure messaging is encrypted to; None where there is none.
        session_guard: the PIN that must be verified for that.
        session_refusal: the status word for '80 AE' where there is no such key.
        change: the command that changes a PIN here.
    """

    df_name: bytes
    files: Mapping[int, File] = field(default_factory=dict[int, File])
    own_key: SoftKey | None = None
    session_key: SoftKey | None = None
    session_guard: int | None = None
    session_refusal: int = StatusWord.SECURITY_STATUS_NOT_SATISFIED
    change: type[ChangeReferenceData] | type[ChangeKey] | None = None


@dataclass(slots=True)
class PinMemory:
    """The value and the counter of a PIN: the chip remembers them without power."""

    secret: Pin
    tries_left: int


NO_OBJECTS: Final[Mapping[int, bytes]] = MappingProxyType({})
ISSUER_DOMAIN = Application(ISSUER_SECURITY_DOMAIN)
"""Current after power-on; nothing in it is read here."""

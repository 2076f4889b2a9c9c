"""What a simulated application is made of: its files, and what the chip remembers of its PINs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import NoDigestInfo, Prehashed
from cryptography.hazmat.primitives.serialization import load_der_private_key

from mynacard.apdu.commands import ISSUER_SECURITY_DOMAIN, SignatureScheme
from mynacard.apdu.hashes import HashAlgorithm, digest_info
from mynacard.errors import CardFileError, mark
from mynacard.pin import Pin

__all__ = [
    "ISSUER_DOMAIN",
    "Application",
    "BadInput",
    "File",
    "KeyFile",
    "PinFile",
    "PinMemory",
    "SoftKey",
    "TransparentFile",
]


class BadInput(ValueError):
    """The card's signature command was given an input of a length that its scheme does not take."""


class SoftKey:
    """The private key of a simulated card, PKCS #8 DER; loaded when it is first used."""

    def __init__(self, der: bytes) -> None:
        self.der = der

    @cached_property
    def _key(self) -> rsa.RSAPrivateKey:
        try:  # a key that this program made needs no second proof of being one: that takes longer than all the rest
            key = load_der_private_key(self.der, None, unsafe_skip_rsa_key_validation=True)
        except ValueError:
            key = None
        if not isinstance(key, rsa.RSAPrivateKey):
            raise CardFileError(mark("A private key of the simulated card is damaged."))
        return key

    def compute(self, scheme: SignatureScheme, data: bytes) -> bytes:
        """What '80 2A' with P1 *scheme* returns for *data*; a BadInput where its length does not fit."""
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
                return self._key.sign(data, padding.PKCS1v15(), bare)
            case SignatureScheme.PKCS1_BARE_SHA256:
                return self._key.sign(sha256.digest(data), padding.PKCS1v15(), bare)
            case SignatureScheme.PKCS1_SHA256_DIGEST:
                return self._key.sign(digest_info(sha256, data), padding.PKCS1v15(), bare)
            case SignatureScheme.PKCS1_SHA256:
                return self._key.sign(data, padding.PKCS1v15(), hashes.SHA256())
            case SignatureScheme.PSS_SHA256_DIGEST:
                return self._key.sign(data, pss, Prehashed(hashes.SHA256()))
            case SignatureScheme.PSS_SHA256:
                return self._key.sign(data, pss, hashes.SHA256())

    def __repr__(self) -> str:
        return "SoftKey(…)"


@dataclass(frozen=True, slots=True)
class TransparentFile:
    """Bytes, filler included. *guard* is the file identifier of the PIN that opens them, None where they are free."""

    content: bytes = field(repr=False)
    guard: int | None = None


@dataclass(frozen=True, slots=True)
class PinFile:
    """A PIN; its value and counter are the chip's (:class:`PinMemory`)."""

    tries: int


@dataclass(frozen=True, slots=True)
class KeyFile:
    """A private key, used after VERIFY of the PIN *guard*."""

    key: SoftKey
    guard: int


File: TypeAlias = TransparentFile | PinFile | KeyFile


@dataclass(frozen=True, slots=True)
class Application:
    """A DF: its name, and its files by file identifier."""

    df_name: bytes
    files: Mapping[int, File] = field(default_factory=dict[int, File])


@dataclass(slots=True)
class PinMemory:
    """What the chip remembers of a PIN, whatever happens to its power."""

    secret: Pin
    tries_left: int


ISSUER_DOMAIN = Application(ISSUER_SECURITY_DOMAIN)
"""Current after power-on; it has nothing that anybody here reads."""

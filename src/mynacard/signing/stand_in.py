"""A throw-away key and certificate, with which a document is signed once before its holder types a password."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Final, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from mynacard._dataclasses import dataclass

__all__ = ["CERTIFICATE_SIZE", "StandIn", "apart", "stand_in"]

_T = TypeVar("_T")

CERTIFICATE_SIZE: Final = 2048
"""The bytes of the stand-in's certificate: more than JPKI's signing certificates have."""
_KEY_SIZE: Final = 2048
_FILLER: Final = x509.ObjectIdentifier("2.25.0")


@dataclass(frozen=True, slots=True)
class StandIn:
    """A key that belongs to no card, and its certificate of :data:`CERTIFICATE_SIZE` bytes."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey


@cache
def stand_in() -> StandIn:
    """This process's stand-in. The first call makes it, in about 0.1 s."""
    key = rsa.generate_private_key(65537, _KEY_SIZE)
    start = 1024
    short = CERTIFICATE_SIZE - len(_certificate(key, start).public_bytes(Encoding.DER))
    return StandIn(_certificate(key, start + short), key)


def apart(make: Callable[[], _T]) -> _T:
    """What *make* returns in a thread where no event loop runs: a stand-in belongs to no thread, unlike a card."""
    with ThreadPoolExecutor(1, "mynacard-stand-in") as executor:
        return executor.submit(make).result()


def _certificate(key: rsa.RSAPrivateKey, filler: int) -> x509.Certificate:
    """A certificate of *key* with *filler* bytes that mean nothing."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "stand-in")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
    extension = x509.UnrecognizedExtension(_FILLER, bytes(filler))
    return builder.add_extension(extension, critical=False).sign(key, SHA256())

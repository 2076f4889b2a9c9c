"""Who signs this machine's simulated residence cards, on disk: made once, where it is used, beside the test PKI."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_der_private_key
from filelock import FileLock, Timeout

from mynacard.doors.pki_cache import cache_folder
from mynacard.errors import TestPkiError
from mynacard.residence.anchors import Anchor
from mynacard.simulator.individual.card_file import base64_text
from mynacard.simulator.residence import pki
from mynacard.simulator.residence.issuing import Signer
from mynacard.simulator.residence.persona import LIFE, Fault, ResidencePersona
from mynacard.simulator.residence.pki import PrivateKey
from mynacard.storage import replace_file
from mynacard.texts import N_

__all__ = ["ResidencePki", "cached_residence_pki"]

_FILE: Final = "residence-pki.json"
_VERSION: Final = 1
_GENERATIONS: Final = (1, 2)
_BEGAN: Final = timedelta(days=-3650)
"""CAs of a past that cards which have expired fit into."""
_RENEW_BEFORE: Final = timedelta(days=3660)
_A_YEAR: Final = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class _Authority:
    """The CA of a generation, another of the same name that nobody trusts, and a key that signs cards; DER."""

    certificate: bytes
    key: bytes = field(repr=False)
    other_certificate: bytes
    other_key: bytes = field(repr=False)
    signer_key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ResidencePki:
    """The CAs of simulated residence cards, by generation."""

    authorities: dict[int, _Authority]

    def anchors(self) -> tuple[Anchor, ...]:
        """Their certificates: anchors of simulated cards, and of nothing else."""
        return tuple(Anchor.load(found.certificate, simulated=True) for found in self.authorities.values())

    def signer(self, persona: ResidencePersona, now: datetime) -> Signer:
        """Who signs the card of *persona*, with a certificate as the persona's fault has it."""
        found = self.authorities[persona.type.generation]
        other = persona.fault is Fault.OTHER_CA
        issuer = x509.load_der_x509_certificate(found.other_certificate if other else found.certificate)
        issuer_key, key = _load(found.other_key if other else found.key), _load(found.signer_key)
        start = now - _A_YEAR if persona.fault is not Fault.EXPIRED else now - LIFE - _A_YEAR
        certificate = pki.signer_certificate(issuer, issuer_key, key.public_key(), _serial(), start, start + LIFE)
        return Signer(key, certificate.public_bytes(Encoding.DER))


def cached_residence_pki(now: datetime | None = None) -> ResidencePki:
    """The CAs of this machine's simulated residence cards; made now, where there are none or their end is near.

    Raises:
        TestPkiError: the cache folder cannot be used.
    """
    now = now or datetime.now(UTC)
    path = cache_folder() / _FILE
    try:
        found = _read(path, now)
        if found is None:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with FileLock(path.with_suffix(".lock"), timeout=120):
                found = _read(path, now) or _make(path, now)
    except (OSError, Timeout) as error:
        raise TestPkiError(
            N_("The test PKI in {path} cannot be used ({reason})."), path=str(path), reason=type(error).__name__
        ) from error
    return found


def _make(path: Path, now: datetime) -> ResidencePki:
    found = ResidencePki({generation: _make_authority(generation, now) for generation in _GENERATIONS})
    document = {
        "version": _VERSION,
        "generations": {
            str(generation): {name: base64_text(getattr(authority, name)) for name in _Authority.__slots__}
            for generation, authority in found.authorities.items()
        },
    }
    replace_file(path, json.dumps(document).encode())
    return found


_NEW_KEY: Final[dict[int, Callable[[], PrivateKey]]] = {
    1: lambda: rsa.generate_private_key(65537, 2048),
    2: lambda: ec.generate_private_key(ec.SECP384R1()),
}


def _make_authority(generation: int, now: datetime) -> _Authority:
    new_key = _NEW_KEY[generation]
    (certificate, key), (other_certificate, other_key) = (_make_ca(generation, new_key(), now) for _ in range(2))
    return _Authority(certificate, key, other_certificate, other_key, _dump(new_key()))


def _make_ca(generation: int, key: PrivateKey, now: datetime) -> tuple[bytes, bytes]:
    certificate = pki.ca_certificate(generation, key, _serial(), now + _BEGAN)
    return certificate.public_bytes(Encoding.DER), _dump(key)


def _read(path: Path, now: datetime) -> ResidencePki | None:
    """What is in *path*; None where there is nothing, or nothing that is good for long enough."""
    try:
        document: Any = json.loads(path.read_bytes())
        if document["version"] != _VERSION:
            return None
        found = ResidencePki({generation: _authority(document["generations"][str(generation)])
                              for generation in _GENERATIONS})  # fmt: skip
        certificates = [anchor.certificate.parsed for anchor in found.anchors()]
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    lasting = (
        found.not_valid_before_utc <= now + _BEGAN + LIFE and found.not_valid_after_utc - now > _RENEW_BEFORE
        for found in certificates
    )
    return found if all(lasting) else None


def _authority(entry: Any) -> _Authority:
    return _Authority(*(base64.b64decode(entry[name], validate=True) for name in _Authority.__slots__))


@lru_cache(maxsize=16)
def _load(der: bytes) -> PrivateKey:
    try:
        key = load_der_private_key(der, None, unsafe_skip_rsa_key_validation=True)
    except ValueError:
        key = None
    if not isinstance(key, PrivateKey):
        raise TestPkiError(N_("A key of the test PKI is damaged. Delete its folder: {path}."), path=str(cache_folder()))
    return key


def _dump(key: PrivateKey) -> bytes:
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def _serial() -> int:
    return secrets.randbits(62) | 1 << 62

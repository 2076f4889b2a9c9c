"""The CAs of this machine's simulated residence cards, on disk: made once, at the first use, next to the test PKI."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from mynacard._dataclasses import dataclass
from mynacard.doors.cache import cached, damaged, dump_key, load_key, new_serial
from mynacard.residence.anchors import Anchor
from mynacard.simulator.individual.card_file import base64_text
from mynacard.simulator.residence import pki
from mynacard.simulator.residence.issuing import Signer
from mynacard.simulator.residence.persona import LIFE, Fault, ResidencePersona
from mynacard.simulator.residence.pki import PrivateKey

__all__ = ["ResidencePki", "cached_residence_pki"]

_FILE: Final = "residence-pki.json"
_VERSION: Final = 1
_GENERATIONS: Final = (1, 2)
_BEGAN: Final = timedelta(days=-3650)
"""The CAs begin far enough in the past for cards that have expired."""
_RENEW_BEFORE: Final = timedelta(days=3660)
_A_YEAR: Final = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class _Authority:
    """The CA of a generation, an untrusted one of the same name, and a key that signs cards; DER."""

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
        return tuple(Anchor.load(authority.certificate, simulated=True) for authority in self.authorities.values())

    def signer(self, persona: ResidencePersona, now: datetime) -> Signer:
        """The signer of the card of *persona*, with a certificate as the persona's fault has it.

        Raises:
            TestPkiError: a key is damaged.
        """
        authority = self.authorities[persona.type.generation]
        other = persona.fault is Fault.OTHER_CA
        issuer = x509.load_der_x509_certificate(authority.other_certificate if other else authority.certificate)
        issuer_key, key = _load_key(authority.other_key if other else authority.key), _load_key(authority.signer_key)
        start = now - _A_YEAR if persona.fault is not Fault.EXPIRED else now - LIFE - _A_YEAR
        certificate = pki.signer_certificate(issuer, issuer_key, key.public_key(), new_serial(), start, start + LIFE)
        return Signer(key, certificate.public_bytes(Encoding.DER))


def cached_residence_pki(now: datetime | None = None) -> ResidencePki:
    """The CAs of this machine's simulated residence cards; made now if there are none or they expire soon.

    Raises:
        TestPkiError: the cache folder cannot be used.
    """
    now = now or datetime.now(UTC)
    return cached(
        _FILE,
        _VERSION,
        load=lambda document: _load_pki(document, now),
        make=lambda: ResidencePki({generation: _make_authority(generation, now) for generation in _GENERATIONS}),
        dump=_document,
    )


def _document(residence_pki: ResidencePki) -> dict[str, object]:
    return {
        "generations": {
            str(generation): {name: base64_text(getattr(authority, name)) for name in _Authority.__slots__}
            for generation, authority in residence_pki.authorities.items()
        },
    }


_NEW_KEY: Final[dict[int, Callable[[], PrivateKey]]] = {
    1: lambda: rsa.generate_private_key(65537, 2048),
    2: lambda: ec.generate_private_key(ec.SECP384R1()),
}


def _make_authority(generation: int, now: datetime) -> _Authority:
    new_key = _NEW_KEY[generation]
    (certificate, key), (other_certificate, other_key) = (_make_ca(generation, new_key(), now) for _ in range(2))
    return _Authority(certificate, key, other_certificate, other_key, dump_key(new_key()))


def _make_ca(generation: int, key: PrivateKey, now: datetime) -> tuple[bytes, bytes]:
    certificate = pki.ca_certificate(generation, key, new_serial(), now + _BEGAN)
    return certificate.public_bytes(Encoding.DER), dump_key(key)


def _load_pki(document: Any, now: datetime) -> ResidencePki | None:
    """The CAs in *document*; None if they do not last long enough."""
    generations = document["generations"]
    residence_pki = ResidencePki({number: _authority(generations[str(number)]) for number in _GENERATIONS})
    certificates = [anchor.certificate.parsed for anchor in residence_pki.anchors()]
    return residence_pki if all(_good_for_long(certificate, now) for certificate in certificates) else None


def _good_for_long(certificate: x509.Certificate, now: datetime) -> bool:
    begun = certificate.not_valid_before_utc <= now + _BEGAN + LIFE
    return begun and certificate.not_valid_after_utc - now > _RENEW_BEFORE


def _authority(entry: Any) -> _Authority:
    return _Authority(*(base64.b64decode(entry[name], validate=True) for name in _Authority.__slots__))


def _load_key(der: bytes) -> PrivateKey:
    key = load_key(der)
    if not isinstance(key, PrivateKey):
        raise damaged()
    return key

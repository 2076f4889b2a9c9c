"""The test PKI of this machine, on disk.

It is made once, at the first use, in the cache folder (``MYNACARD_CACHE``, else the user's), and made again before it
expires.
"""

from __future__ import annotations

import base64
from collections.abc import Collection, Mapping
from dataclasses import field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from mynacard._dataclasses import dataclass
from mynacard.doors.cache import cached, damaged, dump_key, load_key, new_serial
from mynacard.jpki.layout import KEY_PAIRS, KeyPair
from mynacard.personal.keys import PublicKeyObject
from mynacard.personal.roots import Root
from mynacard.simulator.individual import pki
from mynacard.simulator.individual.card_file import base64_text
from mynacard.simulator.individual.contents import KeyMaterial
from mynacard.simulator.individual.holder import Holder
from mynacard.simulator.individual.issuing import (
    BRANCHES,
    ApplicationContents,
    CardKeys,
    Municipality,
    cv_certificate,
    issue,
)

__all__ = ["REVOKED", "Authority", "CvHierarchy", "TestPki", "cached_pki", "new_key_der"]

_PKI_FILE: Final = {1: "test-pki-1.json", 2: "test-pki-2.json", 3: "test-pki.json"}
"""By generation of its CAs. The first two are made only when a card of theirs is requested."""
_PKI_VERSION: Final = 2
_BEGAN: Final = {1: timedelta(days=-366 * (pki.CA_YEARS + 1)), 2: timedelta(days=-366 * 10), 3: timedelta(0)}
"""When the CAs of each generation began, relative to when they are made: those of the first have expired."""
REVOKED: Final = int.from_bytes(b"REVOKED")
"""The serial number on the CAs' revocation lists."""
_RENEW_BEFORE: Final = timedelta(days=366 * (pki.HOLDER_YEARS + 1))  # so that no holder's certificate outlives its CA's
_CLOCK_SKEW: Final = timedelta(hours=1)
_ALL_PAIRS: Final = tuple(pair.name for pair in KEY_PAIRS)
_CARD_KEYS: Final = ("own", "session", "authentication")


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority of the test PKI, and a key for holders without a key of their own; all DER."""

    certificate_der: bytes
    private_key_der: bytes = field(repr=False)
    holder_key_der: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class CvHierarchy:
    """The keys behind the other applications: roots by purpose, a municipality under each, and keys for cards."""

    roots: Mapping[str, bytes] = field(repr=False)
    municipality: bytes = field(repr=False)
    certificates: Mapping[str, bytes]
    card: CardKeys

    def anchors(self) -> tuple[Root, ...]:
        """Its roots as anchors, of simulated cards and of nothing else.

        Raises:
            TestPkiError: a key is damaged.
        """
        return tuple(
            Root.simulated(
                branch.root, PublicKeyObject.of(_load_key(self.roots[branch.purpose]).public_key()), branch.purpose
            )
            for branch in BRANCHES
        )


@dataclass(frozen=True, slots=True)
class TestPki:
    """The test PKI of this machine: an authority for each key pair, by its name; and the keys behind the rest."""

    __test__ = False
    authorities: Mapping[str, Authority]
    cv: CvHierarchy

    def ca_certificates(self) -> tuple[x509.Certificate, ...]:
        """The certificates of its authorities: anchors of simulated cards, and of nothing else."""
        return tuple(
            x509.load_der_x509_certificate(authority.certificate_der) for authority in self.authorities.values()
        )

    def issue(
        self,
        holder: Holder,
        holder_keys: Mapping[str, bytes],
        now: datetime,
        pairs: Collection[str] = _ALL_PAIRS,
        *,
        revoked: bool = False,
    ) -> dict[str, KeyMaterial]:
        """Certificates for *holder*, with the holder's own keys if *holder_keys* has them (PKCS #8 DER).

        Raises:
            TestPkiError: a key is damaged.
        """
        serial = REVOKED if revoked else None
        return {
            pair.name: self._issue(pair, holder, holder_keys.get(pair.name), now, serial or new_serial())
            for pair in KEY_PAIRS
            if pair.name in pairs
        }

    def issue_applications(self, holder: Holder) -> dict[str, ApplicationContents]:
        """The contents that a municipality writes into the other applications for *holder*.

        Raises:
            TestPkiError: a key is damaged.
        """
        keys = self.cv.card
        public = {name: _load_key(getattr(keys, name)).public_key() for name in _CARD_KEYS}
        return issue(holder, Municipality(_load_key(self.cv.municipality), self.cv.certificates), keys, public)

    def revocation_list(self, pair: KeyPair, now: datetime) -> x509.CertificateRevocationList:
        """The revocation list of *pair*'s CA; it names only the certificates that were issued as revoked.

        Raises:
            TestPkiError: a key is damaged.
        """
        authority = self.authorities[pair.name]
        issuer = x509.load_der_x509_certificate(authority.certificate_der)
        return pki.revocation_list(issuer, _load_key(authority.private_key_der), [REVOKED], now)

    def _issue(self, pair: KeyPair, holder: Holder, own_key: bytes | None, now: datetime, serial: int) -> KeyMaterial:
        authority = self.authorities[pair.name]
        key_der = own_key or authority.holder_key_der
        issuer = (_load_certificate(authority.certificate_der), _load_key(authority.private_key_der))
        certificate = pki.holder_certificate(
            pair, holder, _load_key(key_der).public_key(), issuer, serial, now - _CLOCK_SKEW
        )
        return KeyMaterial(pki.der(certificate), authority.certificate_der, key_der)


def cached_pki(now: datetime | None = None, generation: int = 3) -> TestPki:
    """The test PKI of this machine; made now if there is none or it expires soon. That takes some seconds.

    Args:
        now: the time; None for the clock's.
        generation: the generation of its CAs, 1 to 3; the CAs of one pair share a name, as J-LIS's do.

    Raises:
        TestPkiError: the cache folder cannot be used.
    """
    now = now or datetime.now(UTC)
    return cached(
        _PKI_FILE[generation],
        _PKI_VERSION,
        load=lambda document: _load_pki(document, now, generation),
        make=lambda: _make_pki(now, generation),
        dump=_document,
    )


def _make_pki(now: datetime, generation: int) -> TestPki:
    authorities = {pair.name: _make_authority(pair, now + _BEGAN[generation]) for pair in KEY_PAIRS}
    return TestPki(authorities, _make_cv_hierarchy())


def _document(test_pki: TestPki) -> dict[str, object]:
    return {
        "authorities": {
            name: {
                "certificate": base64_text(authority.certificate_der),
                "private_key": base64_text(authority.private_key_der),
                "holder_key": base64_text(authority.holder_key_der),
            }
            for name, authority in test_pki.authorities.items()
        },
        "roots": {purpose: base64_text(der) for purpose, der in test_pki.cv.roots.items()},
        "municipality": base64_text(test_pki.cv.municipality),
        "certificates": {purpose: base64_text(content) for purpose, content in test_pki.cv.certificates.items()},
        "card": {name: base64_text(getattr(test_pki.cv.card, name)) for name in _CARD_KEYS},
    }


def _make_authority(pair: KeyPair, began: datetime) -> Authority:
    key = _generate_key()
    certificate = pki.ca_certificate(pair, key, new_serial(), began - _CLOCK_SKEW)
    return Authority(pki.der(certificate), dump_key(key), new_key_der())


def _make_cv_hierarchy() -> CvHierarchy:
    roots: dict[str, rsa.RSAPrivateKey] = {branch.purpose: _generate_key() for branch in BRANCHES}
    municipality = _generate_key()
    certificates: dict[str, bytes] = {
        branch.purpose: cv_certificate(
            branch.root, roots[branch.purpose], branch.municipality, municipality.public_key()
        )
        for branch in BRANCHES
    }
    keys = {purpose: dump_key(key) for purpose, key in roots.items()}
    return CvHierarchy(keys, dump_key(municipality), certificates, CardKeys(*(new_key_der() for _ in _CARD_KEYS)))


def _load_pki(document: Any, now: datetime, generation: int) -> TestPki | None:
    """The PKI in *document*; None if it does not last long enough."""
    authorities = {pair.name: _authority(document["authorities"][pair.name]) for pair in KEY_PAIRS}
    test_pki = TestPki(authorities, _cv_hierarchy(document))
    lasting = [_good_for_long(certificate, now) for certificate in test_pki.ca_certificates()]
    expired = generation == 1
    return test_pki if expired or all(lasting) else None


def _cv_hierarchy(document: Any) -> CvHierarchy:
    return CvHierarchy(
        roots={branch.purpose: _bytes(document["roots"][branch.purpose]) for branch in BRANCHES},
        municipality=_bytes(document["municipality"]),
        certificates={branch.purpose: _bytes(document["certificates"][branch.purpose]) for branch in BRANCHES},
        card=CardKeys(*(_bytes(document["card"][name]) for name in _CARD_KEYS)),
    )


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def _good_for_long(certificate: x509.Certificate, now: datetime) -> bool:
    """Whether the validity of certificates that this CA issues *now* is within its own.

    A CA from the future, made when the clock was wrong, would make them all invalid for years.
    """
    begun = certificate.not_valid_before_utc <= now - _CLOCK_SKEW
    return begun and certificate.not_valid_after_utc - now > _RENEW_BEFORE


def _authority(entry: Any) -> Authority:
    return Authority(*(_bytes(entry[name]) for name in ("certificate", "private_key", "holder_key")))


def new_key_der() -> bytes:
    """A new key for a holder, PKCS #8 DER. That takes some tenths of a second."""
    return dump_key(_generate_key())


def _generate_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@lru_cache(maxsize=64)
def _load_certificate(der: bytes) -> x509.Certificate:
    return x509.load_der_x509_certificate(der)


def _load_key(der: bytes) -> rsa.RSAPrivateKey:
    key = load_key(der)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise damaged()
    return key

"""The test PKI of this machine, on disk.

It is made once, where it is used, into the cache folder (``MYNACARD_CACHE``, else the user's), and made anew before it
expires.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_der_private_key
from filelock import FileLock, Timeout

from mynacard.errors import TestPkiError, mark
from mynacard.jpki.layout import KEY_PAIRS, KeyPair
from mynacard.simulator import pki
from mynacard.simulator.doors.atomic import replace_file
from mynacard.simulator.holder import Holder
from mynacard.simulator.personalisation import KeyMaterial, base64_text

__all__ = ["Authority", "TestPki", "cache_folder", "cached_pki", "new_key_der"]

_PKI_FILE: Final = "test-pki.json"
_PKI_VERSION: Final = 1
_RENEW_BEFORE: Final = timedelta(days=366 * (pki.HOLDER_YEARS + 1))  # so that no holder's certificate outlives its CA's
_CLOCK_SKEW: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority of the test PKI, and a key for holders who need none of their own; all DER."""

    certificate_der: bytes
    private_key_der: bytes = field(repr=False)
    holder_key_der: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class TestPki:
    """The test PKI of this machine: an authority for each key pair, by its name."""

    __test__ = False
    authorities: Mapping[str, Authority]

    def ca_certificates(self) -> tuple[x509.Certificate, ...]:
        """The certificates of its authorities: anchors of simulated cards, and of nothing else."""
        return tuple(x509.load_der_x509_certificate(found.certificate_der) for found in self.authorities.values())

    def issue(self, holder: Holder, holder_keys: Mapping[str, bytes], now: datetime) -> dict[str, KeyMaterial]:
        """Certificates for *holder*, with keys of the holder's own where *holder_keys* has them (PKCS #8 DER)."""
        return {pair.name: self._issue(pair, holder, holder_keys.get(pair.name), now) for pair in KEY_PAIRS}

    def _issue(self, pair: KeyPair, holder: Holder, own_key: bytes | None, now: datetime) -> KeyMaterial:
        found = self.authorities[pair.name]
        key_der = own_key or found.holder_key_der
        issuer = (x509.load_der_x509_certificate(found.certificate_der), _load_key(found.private_key_der))
        certificate = pki.holder_certificate(
            pair, holder, _load_key(key_der).public_key(), issuer, _serial(), now - _CLOCK_SKEW
        )
        return KeyMaterial(pki.der(certificate), found.certificate_der, key_der)


def cached_pki(now: datetime | None = None) -> TestPki:
    """The test PKI of this machine; made now, where there is none or its end is near. That takes a second.

    Raises:
        TestPkiError: the cache folder cannot be used.
    """
    now = now or datetime.now(UTC)
    path = cache_folder() / _PKI_FILE
    try:
        found = _load_pki(path, now)
        if found is None:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with FileLock(path.with_suffix(".lock"), timeout=120):
                found = _load_pki(path, now) or _make_pki(path, now)
    except (OSError, Timeout) as error:
        raise TestPkiError(
            mark("The test PKI in {path} cannot be used ({reason})."), path=str(path), reason=type(error).__name__
        ) from error
    return found


def cache_folder() -> Path:
    """Where the test PKI is kept."""
    if chosen := os.environ.get("MYNACARD_CACHE"):
        return Path(chosen)
    from platformdirs import user_cache_path  # noqa: PLC0415

    return user_cache_path("mynacard", appauthor=False)


def _make_pki(path: Path, now: datetime) -> TestPki:
    found = TestPki({pair.name: _make_authority(pair, now) for pair in KEY_PAIRS})
    authorities = {
        name: {
            "certificate": base64_text(authority.certificate_der),
            "private_key": base64_text(authority.private_key_der),
            "holder_key": base64_text(authority.holder_key_der),
        }
        for name, authority in found.authorities.items()
    }
    replace_file(path, json.dumps({"version": _PKI_VERSION, "authorities": authorities}).encode())
    return found


def _make_authority(pair: KeyPair, now: datetime) -> Authority:
    key = _generate_key()
    certificate = pki.ca_certificate(pair, key, _serial(), now - _CLOCK_SKEW)
    return Authority(pki.der(certificate), _dump_key(key), new_key_der())


def _load_pki(path: Path, now: datetime) -> TestPki | None:
    """The PKI in *path*; None where there is none, or none that is good for long enough."""
    try:
        document: Any = json.loads(path.read_bytes())
        if document["version"] != _PKI_VERSION:
            return None
        found = TestPki({pair.name: _authority(document["authorities"][pair.name]) for pair in KEY_PAIRS})
        certificates = found.ca_certificates()
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return found if all(_good_for_long(certificate, now) for certificate in certificates) else None


def _good_for_long(certificate: x509.Certificate, now: datetime) -> bool:
    """Whether certificates that this CA issues *now* fit into its time.

    A CA from the future, which a clock that was wrong once has left, would fail all of them for years.
    """
    begun = certificate.not_valid_before_utc <= now - _CLOCK_SKEW
    return begun and certificate.not_valid_after_utc - now > _RENEW_BEFORE


def _authority(entry: Any) -> Authority:
    return Authority(
        *(base64.b64decode(entry[name], validate=True) for name in ("certificate", "private_key", "holder_key"))
    )


def new_key_der() -> bytes:
    """A new key for a holder, PKCS #8 DER; takes some tenths of a second."""
    return _dump_key(_generate_key())


def _generate_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def _load_key(der: bytes) -> rsa.RSAPrivateKey:
    try:
        key = load_der_private_key(der, None, unsafe_skip_rsa_key_validation=True)
    except ValueError:
        key = None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TestPkiError(
            mark("A key of the test PKI is damaged. Delete its folder: {path}."), path=str(cache_folder())
        )
    return key


def _dump_key(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def _serial() -> int:
    return secrets.randbits(62) | 1 << 62

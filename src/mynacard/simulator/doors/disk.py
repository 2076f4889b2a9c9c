"""Simulated cards and their test PKI on disk.

The test PKI is made once, on the machine of whoever uses it, into the cache folder (``MYNACARD_CACHE``, else the
user's), and made anew before it expires. A card file holds one card; what a card has once stored stays stored.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import secrets
import tempfile
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_der_private_key
from filelock import FileLock, Timeout

from mynacard.apdu.verification import check_form
from mynacard.errors import CardFileError, TestPkiError, mark
from mynacard.jpki.layout import KEY_PAIRS, KeyPair
from mynacard.pin import Pin
from mynacard.simulator import pki
from mynacard.simulator.card import SimulatedCard
from mynacard.simulator.holder import MIHON, Holder
from mynacard.simulator.personalisation import (
    DEFAULT_PINS,
    CardContents,
    KeyMaterial,
    assemble,
    base64_text,
    dump,
    fresh_pins,
    load,
)
from mynacard.simulator.traits import Traits

__all__ = ["TestPki", "cached_pki", "create_file", "new_card", "open_file", "read_file"]

CARD_FILE_MAX: Final = 1 << 20
LOCK_TIMEOUT_S: Final = 5.0
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


def new_card(
    traits: Traits = Traits(), pins: Mapping[str, str] = DEFAULT_PINS, holder: Holder = MIHON
) -> SimulatedCard:
    """A fresh simulated card, ready at once: its certificates are new, its keys are those of the test PKI's cache."""
    keys = cached_pki().issue(holder, {}, datetime.now(UTC))
    return assemble(CardContents(keys, fresh_pins(pins), traits))


def create_file(
    path: Path,
    traits: Traits = Traits(),
    pins: Mapping[str, str] = DEFAULT_PINS,
    holder: Holder = MIHON,
) -> None:
    """Make a simulated card with keys of its own, in a new file that only its owner can read.

    Raises:
        CardFileError: the file exists, or cannot be written.
        PinFormError: a PIN that a real card would not have.
    """
    for pair in KEY_PAIRS:
        check_form(pair.pin, Pin(pins[pair.name]))
    if path.exists():
        raise CardFileError(mark("{path} exists already."), path=str(path))
    own_keys = {pair.name: _dump_key(_generate_key()) for pair in KEY_PAIRS}
    contents = CardContents(cached_pki().issue(holder, own_keys, datetime.now(UTC)), fresh_pins(pins), traits)
    _write(path, dump(contents))


@contextlib.contextmanager
def open_file(path: Path) -> Generator[SimulatedCard, None, None]:
    """The card in the file *path*, for this process alone while the context lasts.

    Whatever its chip remembers is on the disk before the card answers.

    Raises:
        CardFileError: no such file, damaged, of another version, or in use by another process.
    """
    path = path.resolve()
    read_file(path)  # a file that is none leaves no lock beside it
    lock = FileLock(path.with_name(path.name + ".lock"), timeout=LOCK_TIMEOUT_S)
    try:
        lock.acquire()
    except Timeout as error:
        raise CardFileError(mark("The simulated card {path} is in use by another program."), path=str(path)) from error
    except OSError as error:
        raise _unusable(path, error) from error
    try:
        contents = read_file(path)
        yield assemble(contents, lambda: _write(path, dump(contents)))
    finally:
        lock.release()


def read_file(path: Path) -> CardContents:
    """What the card in the file *path* has, without using it."""
    try:
        with path.open("rb") as file:
            text = file.read(CARD_FILE_MAX + 1)
    except OSError as error:
        raise _unusable(path, error) from error
    if len(text) > CARD_FILE_MAX:
        raise CardFileError(mark("{path} is too large to be a simulated card."), path=str(path))
    return load(text)


def _unusable(path: Path, error: OSError) -> CardFileError:
    return CardFileError(
        mark("The simulated card {path} cannot be used: {reason}."), path=str(path), reason=error.strerror or "?"
    )


def _write(path: Path, content: bytes) -> None:
    """Replace *path* by *content*, mode 0600, whole or not at all, and on the disk when this returns."""
    temporary = ""
    try:
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # made with mode 0600
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        _sync_folder(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise _unusable(path, error) from error


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # has no such thing; its rename is journalled
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


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
    _write(path, json.dumps({"version": _PKI_VERSION, "authorities": authorities}).encode())
    return found


def _make_authority(pair: KeyPair, now: datetime) -> Authority:
    key = _generate_key()
    certificate = pki.ca_certificate(pair, key, _serial(), now - _CLOCK_SKEW)
    return Authority(pki.der(certificate), _dump_key(key), _dump_key(_generate_key()))


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

"""The CAs of JPKI whose certificates J-LIS publishes: serial numbers and fingerprints, but no certificates.

Certificates come from the card, a file or the caller; these fingerprints identify them. They were computed from the
certificates that other programs include; J-LIS's own list of fingerprints was not available. The certificate of the
second user-authentication CA has never been published: it has no fingerprint here, and no check recognises it.

Source: vectors/trust/published.json names who has which.
"""

from __future__ import annotations

from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from mynacard._dataclasses import dataclass
from mynacard.trust.chain import Purpose, is_simulated

__all__ = ["PUBLISHED", "PublishedCa", "generation", "published"]


@dataclass(frozen=True, slots=True)
class PublishedCa:
    """A CA of JPKI.

    Attributes:
        purpose: the use of the certificates that it issues.
        generation: 1 from 2015 on, 2 from 2019, 3 from 2023; all CAs of one purpose have the same name.
        serial: the serial number of its certificate.
        sha256: the fingerprint of its certificate; None if unknown.
    """

    purpose: Purpose
    generation: int
    serial: int
    sha256: bytes | None


def _ca(purpose: Purpose, generation: int, serial: int, sha256: str = "") -> PublishedCa:
    return PublishedCa(purpose, generation, serial, bytes.fromhex(sha256) or None)


PUBLISHED: Final = (
    _ca(Purpose.DOCUMENT, 1, 0x01, "19645405A1FE14377434BD55957628AC4038557C542403A2243F21C706FC9355"),
    _ca(Purpose.DOCUMENT, 2, 0x0132C4AB, "79679C33E4CC9319440F1AD120A597FF1844E2EF217063ADB176966FD5E6FBEB"),
    _ca(Purpose.DOCUMENT, 3, 0x067C6A21, "D227F6CDE11D35C5252178F106F843D24651944975413B539FA2FB68DBFA365F"),
    _ca(Purpose.AUTHENTICATION, 1, 0x01, "4DCFC4CA0AAF9FB2A3081B3F0C991C320B3ACC008667A341EEAEC5AF1D58CA7D"),
    _ca(Purpose.AUTHENTICATION, 2, 0x0133C349),
    _ca(Purpose.AUTHENTICATION, 3, 0x06D18006, "64114F29620C24ED2631D46476A040E7EE740D956089C00B036A6A8118C322B5"),
)
_BY_FINGERPRINT: Final = {authority.sha256: authority for authority in PUBLISHED if authority.sha256 is not None}
_UNPUBLISHED: Final = {ca.serial: ca.generation for ca in PUBLISHED if ca.sha256 is None}
"""CAs of which only the serial number is known: enough to name one for people, but not to check anything."""


def published(certificate: x509.Certificate) -> PublishedCa | None:
    """The published CA that *certificate* is of, by its fingerprint; None if it is not one of the five known."""
    return _BY_FINGERPRINT.get(certificate.fingerprint(hashes.SHA256()))


def generation(certificate: x509.Certificate) -> int | None:
    """The generation of *certificate*, which is a CA's, at J-LIS, for people: a serial number is enough for the second.

    None if it is not known as one of J-LIS's.
    """
    known = published(certificate)
    if known is not None:
        return known.generation
    return None if is_simulated(certificate) else _UNPUBLISHED.get(certificate.serial_number)

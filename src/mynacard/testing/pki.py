"""What a verifier of simulated cards trusts and knows: anchors, roots, revocation lists, a time-stamping authority."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from cryptography.hazmat.primitives.serialization import Encoding

from mynacard import residence
from mynacard._dataclasses import dataclass
from mynacard.doors.pki_cache import TestPki, cached_pki
from mynacard.doors.residence_cache import cached_residence_pki
from mynacard.jpki.layout import KEY_PAIRS
from mynacard.personal.roots import Root
from mynacard.testing.tsa import TimeStampAuthority, cached_authority
from mynacard.trust import Anchor, RevocationEvidence

__all__ = ["GENERATIONS", "SimulatedPki"]

GENERATIONS: Final = (1, 2, 3)
"""Of JPKI's CAs. Cards of today are of the third."""


@dataclass(frozen=True, slots=True)
class SimulatedPki:
    """The CAs of this machine's simulated cards. Those of a generation are made at their first use, in a second or two.

    All of its properties and methods may raise a TestPkiError: the cache folder cannot be used.

    Attributes:
        generations: those that are trusted.
    """

    generations: tuple[int, ...] = GENERATIONS

    @property
    def anchors(self) -> tuple[Anchor, ...]:
        """The CA certificates of both key pairs, for :func:`mynacard.signing.judging.judge` and the like."""
        certificates = (certificate for ours in self._pkis() for certificate in ours.ca_certificates())
        return tuple(Anchor(certificate, simulated=True) for certificate in certificates)

    @property
    def residence_anchors(self) -> tuple[residence.Anchor, ...]:
        """The CA certificates of residence cards of both generations."""
        return cached_residence_pki().anchors()

    @property
    def roots(self) -> tuple[Root, ...]:
        """The keys behind the card's other applications, for :mod:`mynacard.personal`."""
        return tuple(root for ours in self._pkis() for root in ours.cv.anchors())

    @property
    def tsa(self) -> TimeStampAuthority:
        """A time-stamping authority under a CA of its own."""
        return cached_authority()

    def crls(self, *times: datetime) -> tuple[bytes, ...]:
        """The revocation lists (DER) of all these CAs, and of the time-stamping authority's.

        Of all cards, they list only those of the persona ``revoked``.

        Args:
            times: when they are made, with a time zone: all of them at each of these times; now if there are none. They
                are fresh for a day, and one that was made after a certificate had expired says nothing about it.
        """
        return tuple(crl for time in times or (datetime.now(UTC),) for crl in self._crls(time))

    def evidence(self, *times: datetime) -> RevocationEvidence:
        """The same lists as evidence."""
        return RevocationEvidence(self.crls(*times))

    def _crls(self, time: datetime) -> Iterator[bytes]:
        for ours in self._pkis():
            for pair in KEY_PAIRS:
                yield ours.revocation_list(pair, time).public_bytes(Encoding.DER)
        yield self.tsa.crl(time)

    def _pkis(self) -> Iterator[TestPki]:
        return (cached_pki(generation=generation) for generation in self.generations)

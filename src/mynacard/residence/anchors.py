"""The CAs that sign residence cards, and what the caller trusts. Only figures are here, not the certificates.

The Immigration Services Agency publishes the certificates; they could not be had when this was written. A caller
who checks a card brings them, and this table identifies them. The test CA of the second generation has the name and
the serial number of the real one: only the fingerprint tells them apart. Cards of 2012 to 2015 were signed by a CA that
is not in the table.

Source: eringoio/zairyu-card-reader (manifest of trust anchors). vectors/residence/anchors.json.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final

from cryptography import x509
from cryptography.x509.oid import NameOID

from mynacard._dataclasses import dataclass
from mynacard.arguments import check_type
from mynacard.residence.certificates import Certificate

__all__ = ["PUBLISHED", "SIMULATED_ORGANIZATION", "Anchor", "AnchorKind", "PublishedCa", "names_simulated", "published"]

SIMULATED_ORGANIZATION: Final = "JPKI-SIM"
"""How the simulator's CAs name themselves."""


class AnchorKind(StrEnum):
    """Which cards a CA signs."""

    PRODUCTION = "production"
    TEST = "test"
    SIMULATED = "simulated"


@dataclass(frozen=True, slots=True)
class PublishedCa:
    """A published certificate.

    Attributes:
        generation: of the cards that it signs.
        kind: production, or the agency's own test CA.
        common_name: of its subject.
        serial: its serial number.
        not_before: the start of its validity, UTC.
        not_after: the end of it.
        sha256: of its DER.
    """

    generation: int
    kind: AnchorKind
    common_name: str
    serial: int
    not_before: datetime
    not_after: datetime
    sha256: bytes


def _published(generation: int, serial: int, start: str, end: str, sha256: str, *, test: bool = False) -> PublishedCa:
    return PublishedCa(
        generation,
        AnchorKind.TEST if test else AnchorKind.PRODUCTION,
        "ZairyuCard CA" if generation == 1 else "ZairyuCard CA2",
        serial,
        datetime.fromisoformat(start + "+00:00"),
        datetime.fromisoformat(end + "+00:00"),
        bytes.fromhex(sha256),
    )


PUBLISHED: Final = (
    _published(
        1, 0x2A, "2015-06-05T15:46:23", "2025-09-05T15:46:23",
        "97F37C5967AF5F3CD84E6ED694B09539ABB7F8E7E76B6F7496A060008982983D",
    ),
    _published(
        1, 0x4B, "2018-04-06T15:09:03", "2028-07-06T15:09:03",
        "FF02323CEA7B8C3DFC0DC2DE79D46E78514AF587368523086B188E9690AEC861",
    ),
    _published(
        1, 0x74, "2021-05-27T02:06:03", "2031-08-27T02:06:03",
        "6F50161AA80F7FF7C630505FAF472906F7B101D5083E327A6182C82CD7985E67",
    ),
    _published(
        1, 0x93, "2024-05-08T13:52:03", "2034-08-08T13:52:03",
        "BF854466ED9ABF61F559C39BF8790546F8ACDAB99B51FD2330563669CE4A71B2",
    ),
    _published(
        2, 0x01, "2026-04-20T04:33:17", "2039-07-20T04:33:17",
        "11E6AD8B8E64F0CDB1D8BA9E3689926C80E8479A2F098616F674A23582BEC13B",
    ),
    _published(
        2, 0x01, "2026-03-19T07:28:01", "2039-06-19T07:28:01",
        "1846B815D31F04FE93D57450A6D8A8C351EAC3D8C444A2375D95734DF7DD1057", test=True,
    ),
)  # fmt: skip
_BY_DIGEST: Final = {authority.sha256: authority for authority in PUBLISHED}


def published(certificate: Certificate) -> PublishedCa | None:
    """The published certificate that this is; None if it is not one of them."""
    check_type(certificate, Certificate)
    return _BY_DIGEST.get(certificate.sha256)


@dataclass(frozen=True, slots=True)
class Anchor:
    """A CA certificate that the caller trusts.

    Attributes:
        certificate: from a place that the caller trusts; its fingerprint is compared with the published ones.
        simulated: whether the caller knows that it is one of the simulator's CAs, and wants it anyway.
    """

    certificate: Certificate
    simulated: bool = False

    @classmethod
    def load(cls, data: bytes, *, simulated: bool = False) -> Anchor:
        """The CA whose certificate is *data*, PEM or DER.

        Raises:
            CertificateFileError: this is not a certificate, or it is damaged.
        """
        return cls(Certificate.load(data), simulated)

    @property
    def kind(self) -> AnchorKind:
        """Which cards it signs: what its fingerprint says, else what the caller says."""
        if self.simulated or self.says_simulated:
            return AnchorKind.SIMULATED
        known = self.published
        return known.kind if known else AnchorKind.PRODUCTION

    @property
    def published(self) -> PublishedCa | None:
        """The published certificate that it is; None if it is not one of them."""
        return published(self.certificate)

    @property
    def says_simulated(self) -> bool:
        """Whether it calls itself one of the simulator's."""
        return names_simulated(self.certificate.parsed.subject)


def names_simulated(name: x509.Name) -> bool:
    """Whether *name*, of a certificate's subject or issuer, is one of the simulator's."""
    organizations = name.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    return any(organization.value == SIMULATED_ORGANIZATION for organization in organizations)

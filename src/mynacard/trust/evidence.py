"""The caller's revocation data: lists and answers, within bounds, and read once if the caller loads them.

Source: RFC 5280 §5; RFC 6960 §4.2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import field
from datetime import datetime
from typing import Any, Final

from cryptography import x509

from mynacard._dataclasses import dataclass
from mynacard.arguments import check_type
from mynacard.errors import CertificateFileError
from mynacard.texts import N_
from mynacard.trust import asn1, pyhanko
from mynacard.trust.plain_lists import PlainLists, plain_lists
from mynacard.verdict import Step

__all__ = ["EVIDENCE_MAX", "NO_EVIDENCE", "Datum", "RevocationEvidence"]

EVIDENCE_MAX: Final = 0x100_0000
"""The most bytes of one list or answer. A list of 700,000 entries fits; one was measured to take 7.5 s and 690 MB."""


@dataclass(frozen=True, slots=True)
class Datum:
    """One list, or what one answer says of one certificate: pyHanko's container, and the times that it covers."""

    container: Any
    is_list: bool
    made: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class _Loaded:
    """What :meth:`RevocationEvidence.load` read: all data, the serial numbers in answers, and lists by their issuer."""

    data: tuple[Datum, ...]
    answered: frozenset[int]
    lists: dict[x509.Certificate, PlainLists]


@dataclass(frozen=True, slots=True)
class RevocationEvidence:
    """The caller's data on revoked certificates. Those that are used more than once are best loaded (:meth:`load`).

    Attributes:
        crls: revocation lists, DER.
        ocsps: OCSP responses, DER.
    """

    crls: tuple[bytes, ...] = field(default=(), repr=False)
    ocsps: tuple[bytes, ...] = field(default=(), repr=False)
    _loaded: _Loaded | None = field(default=None, repr=False, compare=False)

    @classmethod
    def load(
        cls, crls: Iterable[bytes] = (), ocsps: Iterable[bytes] = (), *, issuers: Iterable[x509.Certificate]
    ) -> RevocationEvidence:
        """Read each list and answer once, and verify the lists once under *issuers*.

        Every check then takes the same time, however long a list is. It gives the same result as without loading.

        Args:
            crls: revocation lists, DER.
            ocsps: OCSP responses, DER.
            issuers: the CA certificates under which certificates will be checked. Lists of other CAs work, slowly.

        Raises:
            MissingExtraError: pyHanko is not installed.
            CertificateFileError: a list or answer, which the message names by its number, is not one, is damaged, is a
                delta list, or is longer than :data:`EVIDENCE_MAX`.
        """
        evidence, authorities = cls(tuple(crls), tuple(ocsps)), tuple(dict.fromkeys(issuers))
        for authority in authorities:
            check_type(authority, x509.Certificate, wanted="cryptography.x509.Certificate")
        data = evidence.data()
        lists = [datum for datum in data if datum.is_list]
        answered = frozenset(_serial(datum) for datum in data if not datum.is_list)
        return cls(evidence.crls, evidence.ocsps, _Loaded(data, answered, plain_lists(lists, authorities)))

    def __bool__(self) -> bool:
        return bool(self.crls or self.ocsps)

    def __reduce__(self) -> tuple[Any, ...]:
        if self._loaded is None:
            return RevocationEvidence, (self.crls, self.ocsps)
        return _reloaded, (self.crls, self.ocsps, tuple(self._loaded.lists))

    @property
    def made(self) -> datetime | None:
        """When the newest of the loaded data was made; None if nothing is loaded."""
        return max((datum.made for datum in self._loaded.data), default=None) if self._loaded else None

    @property
    def until(self) -> datetime | None:
        """Until when all loaded data are fresh; None if nothing is loaded."""
        return min((datum.until for datum in self._loaded.data), default=None) if self._loaded else None

    def decided(
        self, certificate: x509.Certificate, issuer: x509.Certificate, at: datetime, latest: datetime
    ) -> Step | None:
        """Whether *certificate* was revoked at *at*, if the loaded lists of *issuer* decide that; else None.

        Data made after *latest* are not used.
        """
        if self._loaded is None or certificate.serial_number in self._loaded.answered:
            return None
        lists = self._loaded.lists.get(issuer)
        return lists.step(certificate, at, latest) if lists is not None else None

    def data(self) -> tuple[Datum, ...]:
        """All lists and answers, read.

        Raises:
            MissingExtraError, CertificateFileError: as :meth:`load`.
        """
        if self._loaded is not None:
            return self._loaded.data
        if not self:
            return ()
        pyhanko.check_installed()
        return (
            *_read(self.crls, _of_list, N_("Revocation list {number} cannot be used: {reason}")),
            *_read(self.ocsps, _of_answer, N_("OCSP response {number} cannot be used: {reason}")),
        )


NO_EVIDENCE: Final = RevocationEvidence()


def _reloaded(
    crls: tuple[bytes, ...], ocsps: tuple[bytes, ...], issuers: tuple[x509.Certificate, ...]
) -> RevocationEvidence:
    return RevocationEvidence.load(crls, ocsps, issuers=issuers)


def _serial(datum: Datum) -> int:
    return int(datum.container.extract_single_response()["cert_id"]["serial_number"].native)


def _read(data: tuple[bytes, ...], read: Callable[[bytes], list[Datum]], unusable: str) -> list[Datum]:
    """What *read* finds in *data*. A CertificateFileError says which of them is *unusable*."""
    read_data: list[Datum] = []
    for number, datum in enumerate(data, 1):
        try:
            read_data += _within_bounds(datum, read)
        except CertificateFileError as reason:
            raise CertificateFileError(unusable, number=number, reason=reason) from None
    return read_data


def _within_bounds(data: bytes, read: Callable[[bytes], list[Datum]]) -> list[Datum]:
    if len(data) > EVIDENCE_MAX:
        raise CertificateFileError(N_("These revocation data are longer than {most} bytes."), most=EVIDENCE_MAX)
    try:
        return read(data)
    except CertificateFileError:
        raise
    except pyhanko.UNREADABLE:
        raise CertificateFileError(
            N_("This is neither a revocation list nor an OCSP response, or it is damaged.")
        ) from None


def _of_list(data: bytes) -> list[Datum]:
    """The list in *data*. Parses the values that are used later: each may raise."""
    crl = asn1.crl.CertificateList.load(data, strict=True)
    _ = crl["tbs_cert_list"]["issuer"].native
    if crl.delta_crl_indicator_value is not None:
        raise CertificateFileError(
            N_("This is a delta list, which only adds to another list: a complete one is needed.")
        )
    return [Datum(pyhanko.archival.CRLContainer(crl), True, *_times(crl["tbs_cert_list"]))]


def _of_answer(data: bytes) -> list[Datum]:
    """What the answer in *data* says of each certificate; see :func:`_of_list`."""
    ocsp = asn1.ocsp.OCSPResponse.load(data, strict=True)
    if ocsp["response_status"].native != "successful":
        raise CertificateFileError(N_("This OCSP response says that the responder had no answer."))
    _ = ocsp.response_data["responses"].native
    produced = _time(ocsp.response_data["produced_at"])
    containers = pyhanko.archival.OCSPContainer.load_multi(ocsp)
    times = [_times(container.extract_single_response()) for container in containers]
    return [
        Datum(container, False, max(made, produced), until)
        for container, (made, until) in zip(containers, times, strict=True)
    ]


def _times(part: Any) -> tuple[datetime, datetime]:
    """When *part* was made, and until when it holds; without a nextUpdate, only then."""
    made = _time(part["this_update"])
    return made, _time(part["next_update"]) if part["next_update"].native is not None else made


def _time(value: Any) -> datetime:
    time = value.native  # in the year 0, of another type; where the zone is missing, without one
    if not isinstance(time, datetime) or time.tzinfo is None:
        raise ValueError
    return time

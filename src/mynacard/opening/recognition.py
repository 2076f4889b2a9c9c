"""Which card it is, and what it says to anyone: applications, certificates, tries left. No PIN, and no try is spent."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import field
from datetime import date
from typing import TYPE_CHECKING, TypeAlias

from mynacard._dataclasses import dataclass
from mynacard.apdu.channel import Channel
from mynacard.apdu.commands import SelectDf
from mynacard.apdu.pins import PinStatus
from mynacard.apdu.status import StatusWord
from mynacard.errors import (
    ApplicationNotFound,
    CardDataError,
    CardError,
    CertificateAbsent,
    NoResidenceCard,
    ProtocolError,
    SecurityStatusNotSatisfied,
)
from mynacard.jpki.layout import APPLICATION, KEY_PAIRS, USER_AUTHENTICATION, KeyPair
from mynacard.jpki.objects import CertificatesPresent, TokenInfo
from mynacard.jpki.session import JpkiSession
from mynacard.personal.common_session import CommonSession
from mynacard.personal.layout import APPLICATIONS, COMMON
from mynacard.personal.states import status_or_refusal
from mynacard.residence.specified import has_residence_application

if TYPE_CHECKING:
    from mynacard.residence.card import ResidenceCard
    from mynacard.residence.layout import CardType

__all__ = [
    "RecognisedCard",
    "RecognisedIndividualNumberCard",
    "RecognisedResidenceCard",
    "recognise",
    "recognised_session",
]


@dataclass(frozen=True, slots=True)
class RecognisedIndividualNumberCard:
    """An Individual Number Card, or a phone that has its JPKI application, and what it gives without a PIN.

    Attributes:
        token: the medium, by its label.
        certificates: which certificates are present.
        pins: the tries left of JPKI's PINs; the card's refusal where it does not have the PIN, or does not say.
        certificate_der: the user-authentication certificate; None if absent, or guarded by its PIN, as on phones.
        ca_certificates_der: the CA certificates that belong to the certificates that are present, where they are there.
        applications: the other applications, by their names.
        expiry: the last day of the card; None if it does not say.
        specified: whether it is a specified residence card, too.
    """

    token: TokenInfo
    certificates: CertificatesPresent
    pins: Mapping[KeyPair, PinStatus | CardError]
    certificate_der: bytes | None = field(repr=False)
    ca_certificates_der: Mapping[KeyPair, bytes] = field(repr=False)
    applications: tuple[str, ...]
    expiry: date | None
    specified: bool


@dataclass(frozen=True, slots=True)
class RecognisedResidenceCard:
    """A residence card or special permanent resident certificate.

    Attributes:
        type: the type that the card reports.
        specification_version: the version of the specification that it follows, such as '0001'.
    """

    type: CardType
    specification_version: str


RecognisedCard: TypeAlias = RecognisedIndividualNumberCard | RecognisedResidenceCard


def recognise(channel: Channel) -> RecognisedCard:
    """Which card it is, and what it gives without a PIN; at most 14 APDUs where extended length passes.

    Ends every session on the card, and every login.

    Raises:
        ApplicationNotFound: it is another kind of card.
        NotPublicError: it is a specified residence card without JPKI.
        ReaderError, ProtocolError, CardError: the card cannot be asked.
    """
    session = recognised_session(channel)
    if isinstance(session, JpkiSession):
        return _individual_number_card(channel, session)
    try:
        return RecognisedResidenceCard(session.type, session.specification_version())
    except ProtocolError:
        raise ApplicationNotFound(StatusWord(StatusWord.FILE_NOT_FOUND), SelectDf.title, APPLICATION) from None


def recognised_session(channel: Channel) -> JpkiSession | ResidenceCard:
    """The session that the kind of card allows; one APDU for an Individual Number Card.

    JPKI is tried first: a specified residence card has it, and is an Individual Number Card here.

    Raises:
        ApplicationNotFound: it is another kind of card.
        NotPublicError: it is a specified residence card without JPKI.
        ReaderError, CardError: the card cannot be asked.
    """
    try:
        return JpkiSession(channel)
    except ApplicationNotFound as error:
        from mynacard.residence.card import ResidenceCard  # noqa: PLC0415  # few cards need it

        try:
            return ResidenceCard(channel)
        except (NoResidenceCard, ProtocolError):
            raise error from None


def _individual_number_card(channel: Channel, session: JpkiSession) -> RecognisedIndividualNumberCard:
    token, certificates = session.token_info(), session.certificates_present()
    present = [pair for pair in KEY_PAIRS if certificates.of(pair)]
    return RecognisedIndividualNumberCard(
        token,
        certificates,
        {pair: status_or_refusal(channel, pair.pin) for pair in KEY_PAIRS},
        _free_certificate(session) if USER_AUTHENTICATION in present else None,
        _authorities(session, present),
        *_others(channel),
        has_residence_application(channel),
    )


def _free_certificate(session: JpkiSession) -> bytes | None:
    try:
        return session.certificate_der(USER_AUTHENTICATION)
    except (SecurityStatusNotSatisfied, CertificateAbsent):
        return None


def _authorities(session: JpkiSession, present: Iterable[KeyPair]) -> dict[KeyPair, bytes]:
    authorities: dict[KeyPair, bytes] = {}
    for pair in present:
        with contextlib.suppress(CertificateAbsent):
            authorities[pair] = session.ca_certificate_der(pair)
    return authorities


def _others(channel: Channel) -> tuple[tuple[str, ...], date | None]:
    """The other applications on the card, and the last day of the card, which one of them tells."""
    names: list[str] = []
    expiry = None
    for application in APPLICATIONS:
        try:
            if application is COMMON:
                session = CommonSession(channel)
                with contextlib.suppress(CardError, CardDataError):  # the rest is worth showing without it
                    expiry = session.information().expiry
            else:
                channel.select(application.df_name, application.name)
        except ApplicationNotFound:
            continue
        names.append(application.name)
    return tuple(names), expiry

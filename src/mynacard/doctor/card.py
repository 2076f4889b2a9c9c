"""Findings about a card, from what anyone may read: its kind, its certificates, its PINs.

They cost at most seven APDUs on a reader that passes extended length, and no try. No finding names a day: a certificate
expires on its holder's birthday.

Source: docs/simulator.md for the card and the answers to reset (pcsc-tools' list). For resetting JPKI's password by its
PIN, and the PIN by the password, with the app JPKI暗証番号リセット and a convenience store's kiosk: J-LIS's portal
www.jpki.go.jp, and municipalities' pages.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from cryptography import x509

from mynacard import errors
from mynacard.apdu.channel import Channel
from mynacard.apdu.pins import Blocked, PinStatus, TriesLeft, TriesUnknown, Verified
from mynacard.doctor.findings import Finding
from mynacard.jpki.layout import KEY_PAIRS, KeyPair
from mynacard.jpki.session import JpkiSession
from mynacard.opening.recognition import recognised_session
from mynacard.residence.card import ResidenceCard
from mynacard.texts import N_
from mynacard.trust import load_certificate

__all__ = ["findings_of_card"]

_SOON: Final = ((30, "certificate/ends-in-30-days"), (90, "certificate/ends-in-90-days"))

_JUKI_CARD: Final = N_("an older resident card (住民基本台帳カード)")
_LICENCE: Final = N_("a driving licence")
_LIKELY: Final[Mapping[str, str]] = {
    "3BE000FF8131FE4514": _JUKI_CARD,  # and an Individual Number Card's: so only SELECT tells
    "3B888001000014E0B38191005E": _JUKI_CARD,
    "3B888001000000009181C100D8": _LICENCE,
    "3BF59100FF918171FE4000420001B3C175": _LICENCE,
}
"""What a card without JPKI may be, by its answer to reset: a hint and no proof."""

Where: TypeAlias = Mapping[str, str]


def findings_of_card(channel: Channel, where: Where, now: datetime, atr: bytes = b"") -> Iterator[Finding]:
    """The findings about the card on *channel*, whose answer to reset is *atr*; empty if that is not known.

    Raises:
        ReaderError, ProtocolError, CardError: the card cannot be asked.
    """
    try:
        session = recognised_session(channel)
    except errors.ApplicationNotFound:
        likely = _LIKELY.get(atr.hex().upper())
        yield Finding("card/likely", {**where, "card": likely}) if likely else Finding("card/other", where)
        return
    if isinstance(session, ResidenceCard):
        yield Finding("card/residence", {**where, "card": session.type.label})
        return
    yield Finding("card/jpki", {**where, "token": session.token_info().label})
    present = session.certificates_present()
    for pair in KEY_PAIRS:
        yield _certificate(session, pair, present.of(pair), where, now)
    for pair in KEY_PAIRS:
        yield from _pin(session, pair, present.of(pair), where)


def _certificate(session: JpkiSession, pair: KeyPair, present: bool, where: Where, now: datetime) -> Finding:
    named = {**where, "certificate": pair.name}
    if not present:
        return Finding("certificate/absent", named)
    if pair.certificate_is_private:
        return Finding("certificate/present", named)
    try:
        return Finding(_validity(load_certificate(session.certificate_der(pair)), now), named)
    except errors.SecurityStatusNotSatisfied:  # a phone's
        return Finding("certificate/present", named)
    except (errors.CardError, errors.CardDataError, errors.CertificateFileError) as error:
        return Finding("certificate/unreadable", {**named, "reason": error})


def _validity(certificate: x509.Certificate, now: datetime) -> str:
    if now < certificate.not_valid_before_utc:
        return "certificate/not-yet-valid"
    left = certificate.not_valid_after_utc - now
    if left < timedelta(0):
        return "certificate/expired"
    return next((code for days, code in _SOON if left <= timedelta(days)), "certificate/valid")


def _pin(session: JpkiSession, pair: KeyPair, present: bool, where: Where) -> Iterator[Finding]:
    named = {**where, "pin": pair.pin.label}
    try:
        status = session.pin_status(pair)
    except errors.FileNotFound:
        if present:
            yield Finding("pin/not-set", named)
    except errors.CardError as error:
        yield Finding("pin/untold", {**named, "reason": error})
    else:
        tries = status.count if isinstance(status, TriesLeft) else 0
        yield Finding(_pin_code(status, pair), {**named, "tries": tries, "all": pair.pin.tries})


def _pin_code(status: PinStatus, pair: KeyPair) -> str:
    match status:
        case TriesLeft(1):
            return "pin/last-try"
        case TriesLeft(count):
            return "pin/good" if count >= pair.pin.tries else "pin/fewer-tries"
        case Blocked():
            return "pin/blocked"
        case TriesUnknown():
            return "pin/tries-unknown"
        case Verified():
            return "pin/open"

"""``mynacard info``: what is on the card, and until when it is good."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

import click
from cryptography import x509

from mynacard.apdu.channel import Channel
from mynacard.apdu.pins import PinStatus
from mynacard.cli.commands import residence
from mynacard.cli.commands.cert import describe
from mynacard.cli.commands.pin import status_json
from mynacard.cli.language import _
from mynacard.cli.options import PAIRS, CardChoice, as_json, card_options
from mynacard.cli.output import print_json
from mynacard.cli.session import card_channel
from mynacard.cli.wording import status_text
from mynacard.errors import (
    ApplicationNotFound,
    CardDataError,
    CardError,
    NoResidenceCard,
    ProtocolError,
    SecurityStatusNotSatisfied,
)
from mynacard.japan import day_in_tokyo
from mynacard.jpki.layout import APPLICATION, DIGITAL_SIGNATURE, KEY_PAIRS, USER_AUTHENTICATION
from mynacard.jpki.objects import TokenInfo
from mynacard.jpki.session import JpkiSession
from mynacard.personal.common_session import CommonSession
from mynacard.personal.layout import APPLICATIONS, COMMON
from mynacard.personal.states import status_or_refusal
from mynacard.residence.card import ResidenceCard, has_residence_application
from mynacard.residence.layout import CardType
from mynacard.texts import N_, printable
from mynacard.trust import is_simulated, load_certificate
from mynacard.trust.published import PUBLISHED, published

__all__ = ["info"]

WARN_AT: Final = (7, 30, 90)
"""Days before the end at which a warning is due. The certificates can be renewed from three months before on."""

_INDIVIDUAL_NUMBER_CARD: Final = N_("Individual Number Card")
_SPECIFIED: Final = N_(
    "Individual Number Card and specified residence card in one; how to read the latter is not public"
)
_NEXT: Final = N_("mynacard sign signs with it; mynacard personal shows what it says of its holder.")
_UNPUBLISHED: Final = {found.serial: found.generation for found in PUBLISHED if found.sha256 is None}
"""CAs of which the serial number alone is known: enough to name one for people, and to check nothing."""


@click.command(
    help=_(
        "Show which card it is, and what is on it: applications, certificates, which CA they are from, until when they"
        " and the card are valid, tries left. Asks for no PIN."
    )
)
@click.option(
    "--period-of-stay",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help=_("The last day of your period of stay, YYYY-MM-DD: card and certificates end with it, too."),
)
@as_json
@card_options
def info(card: CardChoice, period_of_stay: datetime | None, as_json: bool) -> None:
    with card_channel(card) as channel:
        found: _Found | tuple[CardType, str]
        try:
            found = _read(channel)
        except ApplicationNotFound as error:
            found = _residence_card(channel, error)
    if isinstance(found, tuple):
        residence.show_info(*found, as_json)
        return
    now = datetime.now(UTC)
    ends = _ends(found, period_of_stay.date() if period_of_stay else None, now)
    if as_json:
        print_json(_as_json(found, ends))
        return
    _print(found, ends)


@dataclass(frozen=True, slots=True)
class _Found:
    """What the card says to anybody."""

    token: TokenInfo
    present: dict[str, bool]
    pins: dict[str, PinStatus | CardError]
    certificate: x509.Certificate | None
    authorities: dict[str, x509.Certificate]
    applications: tuple[str, ...]
    expiry: date | None
    specified: bool


def _read(channel: Channel) -> _Found:
    session = JpkiSession(channel)
    token, there = session.token_info(), session.certificates_present()
    present = {
        USER_AUTHENTICATION.name: there.user_authentication,
        DIGITAL_SIGNATURE.name: there.digital_signature,
    }
    pins = {pair.name: status_or_refusal(channel, pair.pin) for pair in KEY_PAIRS}
    certificate = _free_certificate(session) if there.user_authentication else None
    authorities = {
        pair.name: load_certificate(session.ca_certificate_der(pair)) for pair in KEY_PAIRS if present[pair.name]
    }
    return _Found(token, present, pins, certificate, authorities, *_others(channel), has_residence_application(channel))


def _residence_card(channel: Channel, error: ApplicationNotFound) -> tuple[CardType, str]:
    """What anybody may read of a residence card; *error* where it is none."""
    try:
        card = ResidenceCard(channel)
        return card.type, card.specification_version()
    except (NoResidenceCard, ProtocolError):
        raise error from None


def _free_certificate(session: JpkiSession) -> x509.Certificate | None:
    """The user-authentication certificate; None on phones, which guard it by the PIN."""
    try:
        return load_certificate(session.certificate_der(USER_AUTHENTICATION))
    except SecurityStatusNotSatisfied:
        return None


def _others(channel: Channel) -> tuple[tuple[str, ...], date | None]:
    """The other applications that are there, and the last day of the card, which one of them tells."""
    found: list[str] = []
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
        found.append(application.name)
    return tuple(found), expiry


# --- until when ----------------------------------------------------------------------------------------------


_CERTIFICATE: Final = N_("user-authentication certificate")
_CARD: Final = N_("card")
_PERIOD_OF_STAY: Final = N_("period of stay")
_ADVICE: Final = {
    _CERTIFICATE: N_("The municipal office renews it, and the digital-signature one with it."),
    _CARD: N_("The municipal office renews it."),
    _PERIOD_OF_STAY: N_(
        "Card and certificates end with it. When it is extended, the municipal office extends the card, before it ends."
    ),
}


@dataclass(frozen=True, slots=True)
class _End:
    """The last day of something, and how many days are left; none are on that day itself, and fewer after it."""

    name: str
    day: date
    days_left: int

    @property
    def warning(self) -> int | None:
        """The nearest of :data:`WARN_AT` that has come."""
        return next((days for days in WARN_AT if self.days_left <= days), None)

    def text(self) -> str:
        return _("{name}: valid until {end:%Y-%m-%d}, {left} days left").format(
            name=_(self.name), end=self.day, left=max(self.days_left, 0)
        )

    def warning_text(self) -> str:
        name, advice = _(self.name), _(_ADVICE[self.name])
        if self.days_left < 0:
            return _("Not valid any more: {name}. {advice}").format(name=name, advice=advice)
        return _("{days} days left or fewer: {name}. {advice}").format(days=self.warning, name=name, advice=advice)


def _ends(found: _Found, period_of_stay: date | None, now: datetime) -> list[_End]:
    today = day_in_tokyo(now)
    days: dict[str, date | None] = {
        _CERTIFICATE: day_in_tokyo(found.certificate.not_valid_after_utc) if found.certificate else None,
        _CARD: found.expiry,
        _PERIOD_OF_STAY: period_of_stay,
    }
    return [_End(name, day, (day - today).days) for name, day in days.items() if day]


def generation(certificate: x509.Certificate) -> int | None:
    """Which of J-LIS's CAs *certificate* is, by its fingerprint; None where it is not known as one."""
    known = published(certificate)
    if known is not None:
        return known.generation
    return None if is_simulated(certificate) else _UNPUBLISHED.get(certificate.serial_number)


# --- how it is shown -------------------------------------------------------------------------------------------


def _print(found: _Found, ends: list[_End]) -> None:
    click.echo(_("Card: {card}").format(card=_(_SPECIFIED if found.specified else _INDIVIDUAL_NUMBER_CARD)))
    click.echo(_("Application: JPKI ({token})").format(token=printable(found.token.label)))
    if found.applications:
        click.echo(_("Other applications: {names}").format(names=", ".join(found.applications)))
    for name, there in found.present.items():
        click.echo(_("{name} certificate: {there}").format(name=name, there=_("present") if there else _("absent")))
    for name, authority in found.authorities.items():
        click.echo(_("{name} CA: {which}").format(name=name, which=_which(authority)))
    for end in ends:
        click.echo(end.text())
    for name, status in found.pins.items():
        text = status.text(_) if isinstance(status, CardError) else status_text(status)
        click.echo(_("{pin}: {status}").format(pin=_(PAIRS[name].pin.label), status=text))
    for end in ends:
        if end.warning is not None:
            click.echo(end.warning_text(), err=True)
    click.echo(_("Next: {what}").format(what=_(_NEXT)))


def _which(authority: x509.Certificate) -> str:
    if is_simulated(authority):
        return _("simulated")
    number = generation(authority)
    return _("generation {number} of J-LIS").format(number=number) if number else _("not known")


def _as_json(found: _Found, ends: list[_End]) -> dict[str, object]:
    return {
        "card": "individual-number-card",
        "specified_residence_card": found.specified,
        "next": _NEXT,
        "application": APPLICATION,
        "token": found.token.label,
        "medium": found.token.medium.name.lower().replace("_", "-") if found.token.medium else None,
        "applications": [APPLICATION, *found.applications],
        "certificates_present": found.present,
        "user_authentication_certificate": describe(found.certificate) if found.certificate else None,
        "authorities": {
            name: {**describe(authority), "generation": generation(authority), "simulated": is_simulated(authority)}
            for name, authority in found.authorities.items()
        },
        "valid_until": {
            end.name.replace(" ", "_").replace("-", "_"): {
                "day": end.day.isoformat(), "days_left": end.days_left, "warning": end.warning,
            }
            for end in ends
        },
        "pins": {name: status_json(status) for name, status in found.pins.items()},
    }  # fmt: skip

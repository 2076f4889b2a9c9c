"""``mynacard info``: what is on the card, and until when it is valid."""

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
"""Days before the end at which to warn. Certificates can be renewed from three months before their end on."""

_INDIVIDUAL_NUMBER_CARD: Final = N_("Individual Number Card")
_SPECIFIED: Final = N_(
    "Individual Number Card and specified residence card in one; how to read the latter is not public"
)
_NEXT: Final = N_("mynacard sign signs with it; mynacard personal shows what it says about its holder.")
_UNPUBLISHED: Final = {ca.serial: ca.generation for ca in PUBLISHED if ca.sha256 is None}
"""CAs of which only the serial number is known: enough to name one for people, but not to check anything."""


@click.command(
    help=_(
        "Show which card it is, and what is on it: applications, certificates and their CAs, last days"
        " of certificates and card, tries left. Asks for no PIN."
    )
)
@click.option(
    "--period-of-stay",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help=_("The last day of your period of stay, YYYY-MM-DD; card and certificates end with it, too."),
)
@as_json
@card_options
def info(card: CardChoice, period_of_stay: datetime | None, as_json: bool) -> None:
    with card_channel(card) as channel:
        contents: _Contents | tuple[CardType, str]
        try:
            contents = _read(channel)
        except ApplicationNotFound as error:
            contents = _residence_card(channel, error)
    if isinstance(contents, tuple):
        residence.show_info(*contents, as_json)
        return
    now = datetime.now(UTC)
    ends = _ends(contents, period_of_stay.date() if period_of_stay else None, now)
    if as_json:
        print_json(_as_json(contents, ends))
        return
    _print(contents, ends)


@dataclass(frozen=True, slots=True)
class _Contents:
    """The information that an Individual Number Card gives without a PIN."""

    token: TokenInfo
    present: dict[str, bool]
    pins: dict[str, PinStatus | CardError]
    certificate: x509.Certificate | None
    authorities: dict[str, x509.Certificate]
    applications: tuple[str, ...]
    expiry: date | None
    specified: bool


def _read(channel: Channel) -> _Contents:
    session = JpkiSession(channel)
    token, certificates = session.token_info(), session.certificates_present()
    present = {
        USER_AUTHENTICATION.name: certificates.user_authentication,
        DIGITAL_SIGNATURE.name: certificates.digital_signature,
    }
    pins = {pair.name: status_or_refusal(channel, pair.pin) for pair in KEY_PAIRS}
    certificate = _free_certificate(session) if certificates.user_authentication else None
    authorities = {
        pair.name: load_certificate(session.ca_certificate_der(pair)) for pair in KEY_PAIRS if present[pair.name]
    }
    return _Contents(
        token, present, pins, certificate, authorities, *_others(channel), has_residence_application(channel)
    )


def _residence_card(channel: Channel, error: ApplicationNotFound) -> tuple[CardType, str]:
    """The type of a residence card, and the version of its specification.

    Raises:
        ApplicationNotFound: it is not a residence card; this is *error*.
    """
    try:
        card = ResidenceCard(channel)
        return card.type, card.specification_version()
    except (NoResidenceCard, ProtocolError):
        raise error from None


def _free_certificate(session: JpkiSession) -> x509.Certificate | None:
    """The user-authentication certificate; None on phones, which guard it with the PIN."""
    try:
        return load_certificate(session.certificate_der(USER_AUTHENTICATION))
    except SecurityStatusNotSatisfied:
        return None


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
    """The last day of something, and how many days are left: 0 on that day itself, fewer than 0 after it."""

    name: str
    day: date
    days_left: int

    @property
    def warning(self) -> int | None:
        """The smallest of :data:`WARN_AT` that is reached; None before that."""
        return next((days for days in WARN_AT if self.days_left <= days), None)

    def text(self) -> str:
        return _("{name}: valid until {end:%Y-%m-%d}, {left} days left").format(
            name=_(self.name), end=self.day, left=max(self.days_left, 0)
        )

    def warning_text(self) -> str:
        name, advice = _(self.name), _(_ADVICE[self.name])
        if self.days_left < 0:
            return _("No longer valid: {name}. {advice}").format(name=name, advice=advice)
        return _("At most {days} days left: {name}. {advice}").format(days=self.warning, name=name, advice=advice)


def _ends(contents: _Contents, period_of_stay: date | None, now: datetime) -> list[_End]:
    today = day_in_tokyo(now)
    days: dict[str, date | None] = {
        _CERTIFICATE: day_in_tokyo(contents.certificate.not_valid_after_utc) if contents.certificate else None,
        _CARD: contents.expiry,
        _PERIOD_OF_STAY: period_of_stay,
    }
    return [_End(name, day, (day - today).days) for name, day in days.items() if day]


def generation(certificate: x509.Certificate) -> int | None:
    """The generation of *certificate*, which is a CA's, at J-LIS; None if it is not known as one of J-LIS's."""
    known = published(certificate)
    if known is not None:
        return known.generation
    return None if is_simulated(certificate) else _UNPUBLISHED.get(certificate.serial_number)


# --- how it is shown -------------------------------------------------------------------------------------------


def _print(contents: _Contents, ends: list[_End]) -> None:
    click.echo(_("Card: {card}").format(card=_(_SPECIFIED if contents.specified else _INDIVIDUAL_NUMBER_CARD)))
    click.echo(_("Application: JPKI ({token})").format(token=printable(contents.token.label)))
    if contents.applications:
        click.echo(_("Other applications: {names}").format(names=", ".join(contents.applications)))
    for name, is_present in contents.present.items():
        there = _("present") if is_present else _("absent")
        click.echo(_("{name} certificate: {there}").format(name=name, there=there))
    for name, authority in contents.authorities.items():
        click.echo(_("{name} CA: {which}").format(name=name, which=_which(authority)))
    for end in ends:
        click.echo(end.text())
    for name, status in contents.pins.items():
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


def _as_json(contents: _Contents, ends: list[_End]) -> dict[str, object]:
    return {
        "card": "individual-number-card",
        "specified_residence_card": contents.specified,
        "next": _NEXT,
        "application": APPLICATION,
        "token": contents.token.label,
        "medium": contents.token.medium.name.lower().replace("_", "-") if contents.token.medium else None,
        "applications": [APPLICATION, *contents.applications],
        "certificates_present": contents.present,
        "user_authentication_certificate": describe(contents.certificate) if contents.certificate else None,
        "authorities": {
            name: {**describe(authority), "generation": generation(authority), "simulated": is_simulated(authority)}
            for name, authority in contents.authorities.items()
        },
        "valid_until": {
            end.name.replace(" ", "_").replace("-", "_"): {
                "day": end.day.isoformat(), "days_left": end.days_left, "warning": end.warning,
            }
            for end in ends
        },
        "pins": {name: status_json(status) for name, status in contents.pins.items()},
    }  # fmt: skip

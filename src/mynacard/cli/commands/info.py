"""``mynacard info``: what is on the card, and until when it is valid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

import click
from cryptography import x509

from mynacard._dataclasses import dataclass
from mynacard.apdu.pins import PinStatus, TriesLeft
from mynacard.cli.commands import HELP
from mynacard.cli.commands.cert import describe
from mynacard.cli.commands.pin import status_json
from mynacard.cli.language import _
from mynacard.cli.options import PAIRS, CardChoice, as_json, card_options
from mynacard.cli.output import print_json
from mynacard.cli.session import card_channel
from mynacard.cli.wording import status_text
from mynacard.errors import CardError
from mynacard.jpki.layout import APPLICATION, DIGITAL_SIGNATURE, KEY_PAIRS, USER_AUTHENTICATION, KeyPair
from mynacard.opening.recognition import RecognisedIndividualNumberCard, RecognisedResidenceCard, recognise
from mynacard.personal.layout import TEXT
from mynacard.texts import N_, printable
from mynacard.trust import is_simulated, load_certificate
from mynacard.trust.last_days import Ending, LastDay, last_days
from mynacard.trust.published import generation

__all__ = ["info"]

_INDIVIDUAL_NUMBER_CARD: Final = N_("Individual Number Card")
_SPECIFIED: Final = N_(
    "Individual Number Card and specified residence card in one; how to read the latter is not public"
)
_SIGN: Final = N_("mynacard sign signs with it.")
_LOG_IN: Final = N_("mynacard authenticate logs in with it.")
_PERSONAL: Final = N_("mynacard personal shows what it says about its holder.")
_ADVICE: Final = {
    Ending.CERTIFICATE: N_("The municipal office renews it, and the digital-signature one with it."),
    Ending.CARD: N_("The municipal office renews it."),
    Ending.PERIOD_OF_STAY: N_(
        "Card and certificates end with it. When it is extended, the municipal office extends the card, before it ends."
    ),
}


@click.command(help=_(HELP["info"]))
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
        recognised = recognise(channel)
    if isinstance(recognised, RecognisedResidenceCard):
        from mynacard.cli.commands import residence

        residence.show_info(recognised.type, recognised.specification_version, as_json)
        return
    contents = _Contents.of(recognised)
    day = period_of_stay.date() if period_of_stay else None
    ends = last_days(contents.certificate, recognised.expiry, day, datetime.now(UTC))
    recommended = list(_recommended(contents.card, ends))
    if as_json:
        print_json(_as_json(contents, ends) | {"next": " ".join(recommended)})
        return
    _print(contents, ends)
    if recommended:
        click.echo(_("Next: {what}").format(what=" ".join(map(_, recommended))))


@dataclass(frozen=True, slots=True)
class _Contents:
    """An Individual Number Card, and what is shown of it: certificates parsed, key pairs by their names."""

    card: RecognisedIndividualNumberCard
    present: dict[str, bool]
    pins: dict[str, PinStatus | CardError]
    certificate: x509.Certificate | None
    authorities: dict[str, x509.Certificate]

    @classmethod
    def of(cls, card: RecognisedIndividualNumberCard) -> _Contents:
        return cls(
            card,
            {pair.name: card.certificates.of(pair) for pair in KEY_PAIRS},
            {pair.name: status for pair, status in card.pins.items()},
            load_certificate(card.certificate_der) if card.certificate_der is not None else None,
            {pair.name: load_certificate(der) for pair, der in card.ca_certificates_der.items()},
        )


def _end_text(end: LastDay) -> str:
    return _("{name}: valid until {end:%Y-%m-%d}, {left} days left").format(
        name=_(end.of), end=end.day, left=max(end.days_left, 0)
    )


def _warning_text(end: LastDay) -> str:
    name, advice = _(end.of), _(_ADVICE[end.of])
    if end.days_left < 0:
        return _("No longer valid: {name}. {advice}").format(name=name, advice=advice)
    return _("At most {days} days left: {name}. {advice}").format(days=end.warning, name=name, advice=advice)


def _print(contents: _Contents, ends: Sequence[LastDay]) -> None:
    card = contents.card
    click.echo(_("Card: {card}").format(card=_(_SPECIFIED if card.specified else _INDIVIDUAL_NUMBER_CARD)))
    click.echo(_("Application: JPKI ({token})").format(token=printable(card.token.label)))
    if card.applications:
        click.echo(_("Other applications: {names}").format(names=", ".join(card.applications)))
    for name, is_present in contents.present.items():
        there = _("present") if is_present else _("absent")
        click.echo(_("{name} certificate: {there}").format(name=name, there=there))
    for name, authority in contents.authorities.items():
        click.echo(_("{name} CA: {which}").format(name=name, which=_which(authority)))
    for end in ends:
        click.echo(_end_text(end))
    for name, status in contents.pins.items():
        text = status.text(_) if isinstance(status, CardError) else status_text(status)
        click.echo(_("{pin}: {status}").format(pin=_(PAIRS[name].pin.label), status=text))
    for end in ends:
        if end.warning is not None:
            click.echo(_warning_text(end), err=True)


def _recommended(card: RecognisedIndividualNumberCard, ends: Sequence[LastDay]) -> Iterator[str]:
    """The commands that can work with this card."""
    is_valid = all(end.days_left >= 0 for end in ends)
    if is_valid and _is_usable(card, DIGITAL_SIGNATURE):
        yield _SIGN
    elif is_valid and _is_usable(card, USER_AUTHENTICATION):
        yield _LOG_IN
    if TEXT.name in card.applications:
        yield _PERSONAL


def _is_usable(card: RecognisedIndividualNumberCard, pair: KeyPair) -> bool:
    """Whether the pair's certificate is there, and its PIN would be sent: there are tries besides the last."""
    match card.pins[pair]:
        case TriesLeft(count):
            return count > 1 and card.certificates.of(pair)
        case _:
            return False


def _which(authority: x509.Certificate) -> str:
    if is_simulated(authority):
        return _("simulated")
    number = generation(authority)
    return _("generation {number} of J-LIS").format(number=number) if number else _("not known")


def _as_json(contents: _Contents, ends: Sequence[LastDay]) -> dict[str, object]:
    card = contents.card
    return {
        "card": "individual-number-card",
        "specified_residence_card": card.specified,
        "application": APPLICATION,
        "token": card.token.label,
        "medium": card.token.medium.name.lower().replace("_", "-") if card.token.medium else None,
        "applications": [APPLICATION, *card.applications],
        "certificates_present": contents.present,
        "user_authentication_certificate": describe(contents.certificate) if contents.certificate else None,
        "authorities": {
            name: {**describe(authority), "generation": generation(authority), "simulated": is_simulated(authority)}
            for name, authority in contents.authorities.items()
        },
        "valid_until": {
            end.of.replace(" ", "_").replace("-", "_"): {
                "day": end.day.isoformat(), "days_left": end.days_left, "warning": end.warning,
            }
            for end in ends
        },
        "pins": {name: status_json(status) for name, status in contents.pins.items()},
    }  # fmt: skip

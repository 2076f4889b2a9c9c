"""Kinds of cards, by name: whose they are, and in what state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final, TypeAlias

from mynacard.errors import UsageError, mark
from mynacard.jpki.layout import DIGITAL_SIGNATURE, USER_AUTHENTICATION
from mynacard.jpki.objects import Medium
from mynacard.personal.numbers import Calendar
from mynacard.simulator.holder import MIHON, Holder

if TYPE_CHECKING:
    from mynacard.simulator.residence.persona import ResidencePersona

__all__ = ["DEFAULT_PERSONA", "PERSONAS", "AnyPersona", "Persona", "all_personas", "persona"]

_BOTH: Final = frozenset({USER_AUTHENTICATION.name, DIGITAL_SIGNATURE.name})
_LONG: Final = timedelta(days=6 * 366)


@dataclass(frozen=True, slots=True)
class Persona:
    """A kind of card.

    Attributes:
        name: its name.
        about: what it is for, in a sentence.
        holder: whose card it is.
        certificates: of which key pairs there are certificates.
        pins: of which key pairs there are PINs.
        blocked: the PINs of which no try is left, by their names in a card's file.
        issued: when the certificates were issued, from now.
        generation: of the CAs that issued them.
        revoked: whether the CA's list names them.
        medium: what JPKI lives on; a phone has no other application.
        specified: whether it is a specified residence card, too, of which no more than that is public.
    """

    name: str
    about: str
    holder: Holder = MIHON
    certificates: frozenset[str] = _BOTH
    pins: frozenset[str] = _BOTH
    blocked: frozenset[str] = frozenset()
    issued: timedelta = timedelta(0)
    generation: int = 3
    revoked: bool = False
    medium: Medium = Medium.CARD
    specified: bool = False


_JAPANESE: Final = Holder(
    name="見本　模擬子", sex="2", birth_date=date(1985, 7, 3), address="東京都見本区模擬町一丁目２番３号"
)
_CHILD: Final = replace(_JAPANESE, name="見本　模擬太", sex="1", birth_date=date(2016, 11, 8))
_LONG_ADDRESS: Final = replace(
    MIHON,
    address="北海道見本市模擬区長々町大字果無字行止"
    + "見本" * 30
    + "１２３番地４５６　シミュレーションハイツ７８９号室",
)

_ALL: Final = (
    Persona("mid-term-resident", mark("a foreign resident with a period of stay; all is well")),
    Persona(
        "permanent-resident", mark("a foreign resident without a period of stay"),
        replace(MIHON, name="MIHON KIM SIMULATED", sex="2", birth_date=date(1979, 12, 31)),
    ),
    Persona("japanese-national", mark("a Japanese national"), _JAPANESE),
    Persona(
        "under-15", mark("a child: no signing certificate, and no password for it"), _CHILD,
        certificates=frozenset({USER_AUTHENTICATION.name}), pins=frozenset({USER_AUTHENTICATION.name}),
    ),
    Persona(
        "pin-less", mark("a card without PINs, for those who are known by their face"),
        pins=frozenset(), certificates=frozenset({USER_AUTHENTICATION.name}),
    ),
    Persona("blocked-pins", mark("both PINs of JPKI are blocked"), blocked=_BOTH),
    Persona("expired", mark("both certificates have expired"), issued=-_LONG, generation=2),
    Persona("not-yet-valid", mark("both certificates are valid from next month on"), issued=timedelta(days=30)),
    Persona("revoked", mark("both certificates are on their CA's revocation list"), revoked=True),
    Persona("ca-generation-1", mark("certificates of the first CAs, which have expired"), generation=1, issued=-_LONG),
    Persona("ca-generation-2", mark("certificates of the second CAs"), generation=2, issued=timedelta(days=-3 * 365)),
    Persona("ca-generation-3", mark("certificates of the third CAs, as all of today"), generation=3),
    Persona("long-address", mark("an address of more than 127 bytes"), _LONG_ADDRESS),
    Persona(
        "western-calendar", mark("a foreign resident whose card shows the birth date in the western calendar"),
        replace(MIHON, calendar=Calendar.WESTERN),
    ),
    Persona(
        "missing-certificate", mark("no signing certificate, though there is its password"),
        certificates=frozenset({USER_AUTHENTICATION.name}),
    ),
    Persona(
        "android-phone", mark("on an Android phone: both certificates behind the PIN"), medium=Medium.ANDROID_PHONE
    ),
    Persona("iphone", mark("on an iPhone"), medium=Medium.IPHONE),
    Persona(
        "specified-residence-card", mark("a residence card in one with it, as given since June 2026"), specified=True
    ),
)  # fmt: skip

PERSONAS: Final[Mapping[str, Persona]] = {found.name: found for found in _ALL}
DEFAULT_PERSONA: Final = _ALL[0]

AnyPersona: TypeAlias = "Persona | ResidencePersona"


def all_personas() -> Mapping[str, AnyPersona]:
    """The same, and those of residence cards, which load when they are first asked for."""
    from mynacard.simulator.residence.persona import RESIDENCE_PERSONAS  # noqa: PLC0415

    return {**PERSONAS, **RESIDENCE_PERSONAS}


def persona(name: str) -> AnyPersona:
    """The persona *name*, of an Individual Number Card or a residence card.

    Raises:
        UsageError: there is none of this name.
    """
    if name in PERSONAS:
        return PERSONAS[name]
    known = all_personas()
    if name not in known:
        raise UsageError(mark("No persona is called {name}. There are: {known}."), name=name, known=", ".join(known))
    return known[name]

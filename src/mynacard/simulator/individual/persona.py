"""Kinds of cards, by name: their holder, and their state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Final

from mynacard._dataclasses import dataclass
from mynacard.jpki.layout import DIGITAL_SIGNATURE, USER_AUTHENTICATION
from mynacard.jpki.objects import Medium
from mynacard.personal.numbers import Calendar
from mynacard.simulator.individual.holder import MIHON, Holder
from mynacard.texts import N_

__all__ = ["DEFAULT_PERSONA", "PERSONAS", "Persona"]

_BOTH: Final = frozenset({USER_AUTHENTICATION.name, DIGITAL_SIGNATURE.name})
_LONG: Final = timedelta(days=6 * 366)


@dataclass(frozen=True, slots=True)
class Persona:
    """A kind of card.

    Attributes:
        name: its name.
        about: what it is for, in a sentence.
        holder: whose card it is.
        certificates: the key pairs that have certificates.
        pins: the key pairs that have PINs.
        blocked: the PINs with no try left, by their names in a card file.
        issued: when the certificates were issued, relative to now.
        generation: the generation of the CAs that issued them.
        revoked: whether the CA's revocation list names them.
        medium: the medium that carries JPKI; a phone has no other application.
        specified: whether it is also a specified residence card; nothing more about those is public.
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
    Persona("mid-term-resident", N_("a foreign resident with a period of stay; all is well")),
    Persona(
        "permanent-resident", N_("a foreign resident without a period of stay"),
        replace(MIHON, name="MIHON KIM SIMULATED", sex="2", birth_date=date(1979, 12, 31)),
    ),
    Persona("japanese-national", N_("a Japanese national"), _JAPANESE),
    Persona(
        "under-15", N_("a child: no signing certificate, and no password for it"), _CHILD,
        certificates=frozenset({USER_AUTHENTICATION.name}), pins=frozenset({USER_AUTHENTICATION.name}),
    ),
    Persona(
        "pin-less", N_("a card without PINs, for holders who are identified by their face"),
        pins=frozenset(), certificates=frozenset({USER_AUTHENTICATION.name}),
    ),
    Persona("blocked-pins", N_("both PINs of JPKI are blocked"), blocked=_BOTH),
    Persona("expired", N_("both certificates have expired"), issued=-_LONG, generation=2),
    Persona("not-yet-valid", N_("both certificates are valid from next month on"), issued=timedelta(days=30)),
    Persona("revoked", N_("both certificates are on their CA's revocation list"), revoked=True),
    Persona("ca-generation-1", N_("certificates of the first CAs, which have expired"), generation=1, issued=-_LONG),
    Persona("ca-generation-2", N_("certificates of the second CAs"), generation=2, issued=timedelta(days=-3 * 365)),
    Persona("ca-generation-3", N_("certificates of the third CAs, as all are today"), generation=3),
    Persona("long-address", N_("an address of more than 127 bytes"), _LONG_ADDRESS),
    Persona(
        "western-calendar", N_("a foreign resident whose card shows the birth date in the western calendar"),
        replace(MIHON, calendar=Calendar.WESTERN),
    ),
    Persona(
        "missing-certificate", N_("no signing certificate, though its password exists"),
        certificates=frozenset({USER_AUTHENTICATION.name}),
    ),
    Persona(
        "android-phone", N_("on an Android phone: both certificates behind the PIN"), medium=Medium.ANDROID_PHONE
    ),
    Persona("iphone", N_("on an iPhone"), medium=Medium.IPHONE),
    Persona(
        "specified-residence-card", N_("combined with a residence card, as issued since June 2026"), specified=True
    ),
)  # fmt: skip

PERSONAS: Final[Mapping[str, Persona]] = {persona.name: persona for persona in _ALL}
DEFAULT_PERSONA: Final = _ALL[0]

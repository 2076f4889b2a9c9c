"""The rules for applying online, as data with dates and sources.

The data are ``rules.json`` in this package; :func:`load` reads another version of them, and
:func:`mynacard.submission.checking.check` checks an application against them. Facts that could not be found out are
marked unknown, in the data and in the answers, and only give warnings. This is not legal advice, and the permission
itself is another matter: online is only a way to apply for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum
from functools import cache
from importlib.resources import files

from mynacard._dataclasses import dataclass
from mynacard.japan import months_after
from mynacard.submission import codec
from mynacard.submission.application import Actor, Application, Kind, Rider
from mynacard.submission.messages import error

__all__ = [
    "ActorRule",
    "Attachments",
    "Channel",
    "Fee",
    "FeeItem",
    "KindRule",
    "May",
    "Online",
    "Photo",
    "RiderRule",
    "Rules",
    "StatusRule",
    "TextForm",
    "TextRule",
    "Timing",
    "UnknownFee",
    "WhichStatus",
    "current",
    "fee",
    "fees",
    "load",
    "special_period_end",
]


class May(StrEnum):
    """Whether an actor may apply for something."""

    YES = "yes"
    NO = "no"
    BY_STATUS = "by-status"
    NEEDS_REASON = "needs-reason"  # the person is a child, or cannot apply because of illness or the like
    LISTED_STATUS = "listed-status"  # StatusRule.relative; for the others it is not known
    UNKNOWN = "unknown"


class Online(StrEnum):
    """Whether applications for a status, or by its holders, can be made online."""

    YES = "yes"
    NO = "no"
    SUPERVISING = "supervising-organisation"
    SPONSOR = "sponsor"
    NOTICE = "notice"


class WhichStatus(StrEnum):
    """Which statuses of residence a kind is about."""

    HELD = "held"
    WANTED = "wanted"
    BOTH = "both"

    @property
    def holds(self) -> bool:
        """Whether the present status matters."""
        return self is not WhichStatus.WANTED

    @property
    def wants(self) -> bool:
        """Whether the application asks for a status."""
        return self is not WhichStatus.HELD


class Photo(StrEnum):
    FROM_16 = "required-from-16"
    UNKNOWN_UNDER_16 = "required-but-unknown-under-16"
    UNKNOWN = "unknown"


class TextForm(StrEnum):
    ANY = "any"
    NAME = "name"
    HALF_WIDTH = "half-width"
    FULL_WIDTH = "full-width"
    POSTCODE = "postcode"
    TELEPHONE = "telephone"
    CARD_NUMBER = "card-number"
    EMAIL = "email"


class Channel(StrEnum):
    ONLINE = "online"
    COUNTER = "counter"


class FeeItem(StrEnum):
    COE = "coe"
    CHANGE = "change"
    EXTENSION = "extension"
    ACQUISITION = "acquisition"
    WORK_CERTIFICATE = "work_certificate"
    REENTRY_SINGLE = "reentry_single"
    REENTRY_MULTIPLE = "reentry_multiple"
    EXTRA_ACTIVITY = "extra_activity"


@dataclass(frozen=True, slots=True)
class KindRule:
    """The requirements of a kind. *required*: places that must be filled in; *period*: needs a stay with an end."""

    ja: str
    en: str
    article: str
    form: str
    status: WhichStatus
    photo: Photo
    source: str
    riders: bool = False
    period: bool = False
    event: bool = False
    required: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RiderRule:
    ja: str
    en: str
    article: str
    form: str


@dataclass(frozen=True, slots=True)
class ActorRule:
    """An actor's permissions (*may*, by the names of kinds and riders), and their preconditions."""

    ja: str
    en: str
    may: Mapping[str, May]
    approval: bool = False
    request: bool = False


@dataclass(frozen=True, slots=True)
class StatusRule:
    """A status of residence.

    Attributes:
        online: whether applications can be made online.
        relative: a relative is known to be able to apply for a certificate of eligibility for it.
        work: one of the work statuses, some of which need an organisation in Japan; it is not known which.
        card: its holders have an Individual Number Card.
        grantable: it can be applied for online.
    """

    ja: str
    en: str
    online: Online = Online.YES
    relative: bool = False
    work: bool = False
    card: bool = True
    grantable: bool = True


@dataclass(frozen=True, slots=True)
class Timing:
    opens_months: int
    opens_from_stay_months: int
    online_days_before_end: int
    acquisition_days: int
    special_period_months: int
    special_period_above_days: int
    self_from_age: int
    photo_from_age: int
    relative_below_age: int
    source: str


@dataclass(frozen=True, slots=True)
class Attachments:
    """*bytes*: of all files together. *photo_legacy_bytes*: the old system's limit; the new one's is not known."""

    count: int
    bytes: int
    photo_months: int
    photo_legacy_bytes: int
    source: str


@dataclass(frozen=True, slots=True)
class TextRule:
    """A text's form, and its length in characters."""

    form: TextForm
    most: int
    may_be_empty: bool = False


@dataclass(frozen=True, slots=True)
class Fee:
    """The fee after permission; *yen* is None where the amount is not known, and 0 where nothing is paid."""

    item: FeeItem
    channel: Channel
    valid_from: date
    source: str
    yen: int | None = None
    valid_to: date | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """One version of all the rules.

    Attributes:
        version: the day on which they were written down, in ISO 8601; later versions sort later.
        valid_from: the first day on which the system that they describe was in use.
        sources: what the letters S1, S2 … stand for.
        texts: by JSON pointer; ``*`` stands for any number.
    """

    version: str
    valid_from: date
    sources: Mapping[str, str]
    kinds: Mapping[str, KindRule]
    riders: Mapping[str, RiderRule]
    actors: Mapping[str, ActorRule]
    statuses: Mapping[str, StatusRule]
    timing: Timing
    attachments: Attachments
    texts: Mapping[str, TextRule]
    family_most: int
    fees: tuple[Fee, ...]


class UnknownFee:
    """An amount that is not known."""


def load(document: bytes) -> Rules:
    """The rules in *document*.

    Raises:
        FormError: it is not a valid set of rules; all mistakes are named.
    """
    rules = codec.loads(Rules, document)
    tables: list[tuple[str, Iterable[str], Mapping[str, object]]] = [
        ("kinds", Kind, rules.kinds),
        ("riders", Rider, rules.riders),
        ("actors", Actor, rules.actors),
        *((f"actors/{actor}/may", (*Kind, *Rider), rule.may) for actor, rule in rules.actors.items()),
    ]
    missing = [
        error("form/missing", f"/{table}/{name}")
        for table, names, known in tables
        for name in names
        if name not in known
    ]
    if missing:
        raise codec.FormError(missing)
    return rules


@cache
def current() -> Rules:
    """The rules that this package comes with."""
    return load(files(__package__ or "mynacard.submission").joinpath("rules.json").read_bytes())


def fee(rules: Rules, item: FeeItem, channel: Channel, day: date) -> int | UnknownFee:
    """The fee, in yen, for an application accepted on *day*; payable once it is permitted."""
    for entry in rules.fees:
        in_force = entry.valid_from <= day and (entry.valid_to is None or day <= entry.valid_to)
        if (entry.item, entry.channel) == (item, channel) and in_force and entry.yen is not None:
            return entry.yen
    return UnknownFee()


def fees(application: Application, rules: Rules, channel: Channel, day: date) -> dict[FeeItem, int | UnknownFee]:
    """The fees for everything that *application* asks for; each is payable if it is permitted."""
    items = [FeeItem(application.kind)]
    if Rider.EXTRA_ACTIVITY in application.riders:
        items.append(FeeItem.EXTRA_ACTIVITY)
    if Rider.REENTRY in application.riders and application.circumstances.reentry is not None:
        items.append(FeeItem(f"reentry_{application.circumstances.reentry}"))
    return {item: fee(rules, item, channel, day) for item in items}


def special_period_end(rules: Rules, expires: date, stay_days: int) -> date | None:
    """Until when an applicant in time may stay without a decision; None: the stay is too short for that.

    A decision ends it earlier (特例期間: Immigration Control Act, article 20(6)).
    """
    if stay_days <= rules.timing.special_period_above_days:
        return None
    return months_after(expires, rules.timing.special_period_months)

"""Checks an application against the rules: a pure function, which reports all violations at once.

Source: ``rules.json``, in the same folder, names the source of each rule.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, datetime, timedelta
from typing import Final, cast

from mynacard.japan import age, day_in_tokyo, months_after
from mynacard.submission.application import Actor, Application, Attachment, Delivery, Kind, Rider, Role
from mynacard.submission.messages import Severity, Violation, error, warning
from mynacard.submission.rules import May, Online, Photo, Rules, StatusRule, TextForm, TextRule, Timing
from mynacard.texts import N_

__all__ = ["check", "check_texts", "is_acceptable", "is_plain_name", "text_violations"]


def check(application: Application, rules: Rules, *, now: datetime) -> tuple[Violation, ...]:
    """All violations of *rules* by *application*. With none, or only warnings, it can be sent.

    Args:
        application: complete; files are judged by what its attachments say about them.
        rules: :func:`mynacard.submission.rules.current`, or another version.
        now: the time that matters, aware of its zone; the day in Tokyo counts. A receiver passes its own, not the
            sender's.

    Raises:
        UsageError: *now* has no time zone.
    """
    today = day_in_tokyo(now)
    violations = (
        *check_texts(application, rules.texts),
        *_form(application, rules),
        *_riders(application, rules),
        *_statuses(application, rules),
        *_actor(application, rules, today),
        *_timing(application, rules, today),
        *_attachments(application, rules, today),
    )
    return tuple(dict.fromkeys(violations))


def is_acceptable(violations: Iterable[Violation]) -> bool:
    """Whether none of *violations* stops an application."""
    return all(violation.severity is not Severity.ERROR for violation in violations)


# --- the form ---


def check_texts(value: object, texts: Mapping[str, TextRule]) -> Iterator[Violation]:
    """The violations by the texts in *value*.

    Args:
        value: a dataclass or JSON.
        texts: the rules, by JSON pointer into *value*; ``*`` stands for any number.
    """
    for place, pattern, text in _all_texts(value, "", ""):
        rule = texts.get(pattern)
        if rule is not None:
            yield from text_violations(place, text, rule)


def _all_texts(value: object, place: str, pattern: str) -> Iterator[tuple[str, str, str]]:
    """Every text in *value*, with its place and that place's pattern."""
    if isinstance(value, str):
        yield place, pattern, value
    elif isinstance(value, tuple | list):
        for number, item in enumerate(cast(Sequence[object], value)):
            yield from _all_texts(item, f"{place}/{number}", f"{pattern}/*")
    else:
        for name, member in _members(value):
            yield from _all_texts(member, f"{place}/{name}", f"{pattern}/{name}")


def _members(value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping):
        for name, member in cast(Mapping[object, object], value).items():
            yield str(name), member
    elif is_dataclass(value):
        for field in fields(value):
            yield field.name, getattr(value, field.name)


_UNPRINTABLE: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
_FORMS: Final[Mapping[TextForm, tuple[re.Pattern[str], str]]] = {
    TextForm.NAME: (re.compile(r"[A-Z]+(?:[ '.-]+[A-Z]+)*\.?"), "text/name"),
    TextForm.HALF_WIDTH: (re.compile(r"[!-~]+(?: [!-~]+)*"), "text/half-width"),
    TextForm.TELEPHONE: (re.compile(r"[0-9]{5,}"), "text/telephone"),
    TextForm.CARD_NUMBER: (re.compile(r"[A-Z]{2}[0-9]{8}[A-Z]{2}"), "text/card-number"),
    TextForm.EMAIL: (re.compile(r"[!-?A-~]+@[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)+"), "text/email"),
}


def text_violations(place: str, text: str, rule: TextRule) -> Iterator[Violation]:
    """The violations of *rule* by *text*, which stands at *place*."""
    if not text.strip():
        if not rule.may_be_empty:
            yield error("text/empty", place)
        return
    if any(unicodedata.category(character) in _UNPRINTABLE for character in text.replace("\n", "")):
        yield error("text/control", place)
    if rule.form is TextForm.POSTCODE:
        if not re.fullmatch("[0-9]{7}", text):
            yield error("text/digits", place, count=7)
        return
    if len(text) > rule.most:
        yield error("text/too-long", place, most=rule.most)
    if rule.form is TextForm.FULL_WIDTH:
        if any(unicodedata.east_asian_width(character) not in "FWA" for character in text):
            yield error("text/full-width", place)
    elif rule.form in _FORMS:
        pattern, code = _FORMS[rule.form]
        if not pattern.fullmatch(text):
            yield error(code, place)


def _form(application: Application, rules: Rules) -> Iterator[Violation]:
    kind = rules.kinds[application.kind]
    for place in kind.required:
        value = _at(application, place)
        if value is None or value == "":
            yield error("form/missing", place)
    if not (application.person.telephone or application.person.mobile) and application.person.address is not None:
        yield error("contact/no-telephone", "/person/telephone")
    if application.contact.email != application.contact.email_again:
        yield error("contact/differs", "/contact/email_again")
    record = application.criminal_record
    if record is not None and record.exists and not record.detail.strip():
        yield error("criminal-record/detail", "/criminal_record/detail")
    for name in ("intent_confirmed", "content_is_true"):
        if not getattr(application, name):
            yield error("declaration/missing", f"/{name}")
    if len(application.family) > rules.family_most:
        yield error("form/too-many", "/family", most=rules.family_most)
    if application.delivery is Delivery.EMAIL and application.kind is not Kind.COE:
        yield error("delivery/email", "/delivery")


def _at(value: object, place: str) -> object:
    for name in place.split("/")[1:]:
        value = getattr(value, name, None)
    return value


_RIDERS: Final = {
    Rider.REENTRY: N_("Re-entry permission"),
    Rider.EXTRA_ACTIVITY: N_("Permission for other activity"),
}
"""Their names in the rules."""


def _riders(application: Application, rules: Rules) -> Iterator[Violation]:
    for number, rider in enumerate(application.riders):
        place = f"/riders/{number}"
        if not rules.kinds[application.kind].riders:
            yield error("rider/not-with-kind", place, rider=_RIDERS[rider])
        if rider in application.riders[:number]:
            yield error("rider/twice", place)
    if Rider.REENTRY in application.riders and application.circumstances.reentry is None:
        yield error("rider/reentry-kind", "/circumstances/reentry")


# --- who, and with which status ---


def _concerned(application: Application, rules: Rules) -> list[tuple[str, str | None, bool]]:
    """The statuses that a kind is about: the place of each, its name, and whether it is the one to be granted."""
    which = rules.kinds[application.kind].status
    status = application.stay.status if application.stay is not None else None
    held = ("/stay/status", status, application.kind is Kind.EXTENSION)
    wanted = ("/wanted/status", application.wanted.status, True)
    return [*([held] if which.holds else []), *([wanted] if which.wants else [])]


def _statuses(application: Application, rules: Rules) -> Iterator[Violation]:
    concerned = _concerned(application, rules)
    for place, name, granted in concerned:
        if name is None:
            yield error("status/missing", place)
        elif name not in rules.statuses:
            yield error("status/unknown", place)
        else:
            yield from _status(application, rules.statuses[name], place, granted)
    if application.kind is Kind.CHANGE and len({name for _place, name, _granted in concerned}) == 1:
        yield warning("status/same", "/wanted/status")


def _status(application: Application, status: StatusRule, place: str, granted: bool) -> Iterator[Violation]:
    staff = application.actor in (Actor.ORGANISATION, Actor.SUPPORT_ORGANISATION)
    match status.online:
        case Online.NO:
            yield error("status/not-online", place)
        case Online.SUPERVISING if not (staff and application.circumstances.supervising):
            yield error("status/only-supervising-organisation", place)
        case Online.SPONSOR if staff:
            yield warning("status/follows-sponsor", place)
        case Online.NOTICE:
            yield warning("status/per-notice", place)
        case _:
            pass
    if granted and not status.grantable:
        yield error("status/permanent-not-online", place)
    if status.work and application.circumstances.organisation_in_japan is False:
        yield warning("status/organisation-may-be-needed", "/circumstances/organisation_in_japan")


def _actor(application: Application, rules: Rules, today: date) -> Iterator[Violation]:
    actor, person = rules.actors[application.actor], application.person
    years = age(person.birth_date, today)
    has_reason = years < rules.timing.relative_below_age or application.circumstances.cannot_apply
    asked: Sequence[tuple[str, str]] = [
        ("/actor", application.kind.value),
        *((f"/riders/{number}", rider.value) for number, rider in enumerate(application.riders)),
    ]
    for place, name in asked:
        match actor.may[name]:
            case May.NO:
                yield error("actor/not-allowed", place)
            case May.NEEDS_REASON if not has_reason:
                yield error("actor/condition", place)
            case May.LISTED_STATUS if not _is_listed(application.wanted.status, rules):
                yield warning("actor/condition-unknown", place)
            case May.UNKNOWN:
                yield warning("actor/condition-unknown", place)
            case _:
                pass
    if application.actor is Actor.SELF:
        held = rules.statuses.get(application.stay.status) if application.stay is not None else None
        if held is not None and not held.card:
            yield error("actor/self-impossible", "/actor")
        if years < rules.timing.self_from_age:
            yield error("actor/too-young", "/actor")
    if actor.approval and not application.circumstances.approved:
        yield error("actor/not-approved", "/circumstances/approved")
    if actor.request and not application.circumstances.requested:
        yield error("actor/not-requested", "/circumstances/requested")
    if application.circumstances.abroad and application.kind is not Kind.COE:
        yield error("actor/abroad", "/circumstances/abroad")
    if application.actor in (Actor.LEGAL_REPRESENTATIVE, Actor.RELATIVE) and application.representative is None:
        yield error("representative/missing", "/representative")
    if actor.approval and application.intermediary is None:
        yield error("representative/missing", "/intermediary")


def _is_listed(status: str | None, rules: Rules) -> bool:
    return status is not None and status in rules.statuses and rules.statuses[status].relative


# --- when ---


def _timing(application: Application, rules: Rules, today: date) -> Iterator[Violation]:
    kind = rules.kinds[application.kind]
    if kind.period:
        yield from _period(application, rules.timing, today)
    if kind.event:
        yield from _event(application.circumstances.event, rules.timing, today)
    if application.passport is not None and application.passport.expires < today:
        yield warning("timing/passport-expired", "/passport/expires")
    if application.person.birth_date > today:
        yield error("timing/event-in-future", "/person/birth_date")


def _period(application: Application, timing: Timing, today: date) -> Iterator[Violation]:
    place, stay = "/stay/expires", application.stay
    if stay is None or stay.expires is None:
        yield error("timing/no-end", place)
        return
    last_online = stay.expires - timedelta(days=timing.online_days_before_end)
    if today > stay.expires:
        yield error("timing/expired", place, day=stay.expires)
    elif today > last_online:
        yield error("timing/last-day", place, day=stay.expires)
    elif today == last_online:
        yield warning("timing/tomorrow", place, day=stay.expires)
    long_enough = stay.months is None or stay.months >= timing.opens_from_stay_months
    opens = months_after(stay.expires, -timing.opens_months)
    if application.kind is Kind.EXTENSION and long_enough and today < opens:
        yield warning("timing/early", place, day=opens)


def _event(event: date | None, timing: Timing, today: date) -> Iterator[Violation]:
    """It is not known whether the day of the event counts among the thirty: the thirtieth day after it warns."""
    place = "/circumstances/event"
    if event is None:
        yield error("timing/event-missing", place)
        return
    end = event + timedelta(days=timing.acquisition_days)
    if today < event:
        yield error("timing/event-in-future", place)
    elif today == end:
        yield warning("timing/acquisition-last-day", place)
    elif today > end:
        yield error("timing/acquisition-late", place, day=end)


# --- attachments ---


def _attachments(application: Application, rules: Rules, today: date) -> Iterator[Violation]:
    limits, attached = rules.attachments, application.attachments
    if len(attached) > limits.count:
        yield error("attachment/too-many", "/attachments", most=limits.count)
    size = sum(attachment.size for attachment in attached)
    if size > limits.bytes:
        yield error("attachment/too-large", "/attachments", most=limits.bytes, size=size)
    names = [attachment.name.casefold() for attachment in attached]
    for number, attachment in enumerate(attached):
        place = f"/attachments/{number}"
        yield from _attachment(attachment, place)
        if attachment.name.casefold() in names[:number]:
            yield error("attachment/twice", f"{place}/name")
    yield from _photo(application, rules, today)


_MEDIA_TYPES: Final = {Role.PHOTO: "image/jpeg", Role.DOCUMENT: "application/pdf"}


def _attachment(attachment: Attachment, place: str) -> Iterator[Violation]:
    if not is_plain_name(attachment.name):
        yield error("attachment/name", f"{place}/name")
    if attachment.media_type != _MEDIA_TYPES[attachment.role]:
        yield error("attachment/type", f"{place}/media_type")
    if attachment.size <= 0:
        yield error("attachment/empty", f"{place}/size")
    if not re.fullmatch("[0-9a-f]{64}", attachment.sha256):
        yield error("attachment/digest", f"{place}/sha256")


def is_plain_name(name: str) -> bool:
    """Whether *name* is a plain file name on every system: no folder or device, no hidden or text-turning character."""
    stem = name.split(".", maxsplit=1)[0].upper()
    return (
        0 < len(name.encode("utf-8", "replace")) <= 100
        and name.isprintable()
        and not set(name) & set('/\\:*?"<>|')
        and name.strip(" .") == name
        and not re.fullmatch("CON|PRN|AUX|NUL|COM[0-9]|LPT[0-9]", stem)
    )


def _photo(application: Application, rules: Rules, today: date) -> Iterator[Violation]:
    photos = [(number, photo) for number, photo in enumerate(application.attachments) if photo.role is Role.PHOTO]
    is_child = age(application.person.birth_date, today) < rules.timing.photo_from_age
    if not photos:
        match rules.kinds[application.kind].photo:
            case Photo.FROM_16 if is_child:
                pass
            case Photo.FROM_16:
                yield error("photo/missing", "/attachments")
            case Photo.UNKNOWN_UNDER_16 if not is_child:
                yield error("photo/missing", "/attachments")
            case _:
                yield warning("photo/maybe-missing", "/attachments")
    for number, photo in photos:
        place = f"/attachments/{number}"
        oldest = months_after(today, -rules.attachments.photo_months)
        if number != photos[0][0]:
            yield error("photo/several", place)
        if photo.taken is None:
            yield error("photo/no-day", f"{place}/taken")
        elif photo.taken < oldest:
            yield error("photo/old", f"{place}/taken", day=oldest)
        elif photo.taken > today:
            yield error("timing/event-in-future", f"{place}/taken")
        if photo.size > rules.attachments.photo_legacy_bytes:
            yield warning("photo/large", f"{place}/size", most=rules.attachments.photo_legacy_bytes)

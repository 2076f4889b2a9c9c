"""Every kind, actor, rider and status as the hand-made table says; every mistake at once."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from typing import Any

import pytest

from mynacard.errors import UsageError
from mynacard.japan import TOKYO
from mynacard.submission import checking
from mynacard.submission.application import (
    Actor,
    Application,
    Attachment,
    Contact,
    CriminalRecord,
    Delivery,
    FamilyMember,
    Kind,
    Passport,
    Rider,
    Stay,
)
from mynacard.submission.checking import _RIDERS, check  # pyright: ignore[reportPrivateUsage]
from mynacard.submission.codec import FormError
from mynacard.submission.messages import MESSAGES, Severity
from mynacard.submission.rules import Channel, FeeItem, UnknownFee, current, fee, fees, load, special_period_end
from mynacard.texts import catalogue
from tests.submission.applications import DOCUMENT, EXTENSION, NOW, PERSON, PHOTO, STATUS, application
from tests.submission.hand_table import ACTORS, KINDS, RIDERS, STATUSES, every_case, expected

RULES = current()
DOCUMENT_OF_RULES = files("mynacard.submission").joinpath("rules.json").read_bytes()


def codes(found: Application, now: datetime = NOW) -> set[str]:
    return {violation.code for violation in check(found, RULES, now=now)}


def at(year: int, month: int, day: int, hour: int = 12, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=TOKYO)


# --- kinds, actors, riders, statuses ---------------------------------------------------------------------------------

HELD_AGAINST = {code for case in every_case() for code in expected(*case)}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("actor", ACTORS)
def test_every_case_is_judged_as_the_hand_made_table_says(kind: str, actor: str) -> None:
    cases = [case for case in every_case() if (case[0], case[2]) == (kind, actor)]
    assert len(cases) >= 4 * len(STATUSES)
    for case in cases:
        for circumstances in ({}, {"cannot_apply": True}, {"supervising": True}):
            told = {"ill": "cannot_apply" in circumstances, "supervising": "supervising" in circumstances}
            found = codes(application(*case, **circumstances))
            assert found & HELD_AGAINST == expected(*case, **told), (case, circumstances)
            assert found - HELD_AGAINST <= {"status/same"}, case


def test_a_child_s_relative_may_apply() -> None:
    child = replace(PERSON, birth_date=date(2012, 1, 1))
    found = replace(application("extension", actor="relative"), person=child)
    assert "actor/condition" in codes(application("extension", actor="relative"))
    assert "actor/condition" not in codes(found)
    assert expected("extension", frozenset(), "relative", STATUS, None, under_16=True) == frozenset()


def test_the_rules_know_what_the_hand_made_table_knows_and_nothing_else() -> None:
    assert set(RULES.statuses) == set(STATUSES)
    assert set(RULES.kinds) == set(KINDS)
    assert set(RULES.riders) == set(RIDERS)
    assert set(RULES.actors) == set(ACTORS)


def test_what_only_warns_stops_nothing() -> None:
    found = check(application("acquisition", actor="relative", current=None, target="student"), RULES, now=NOW)
    assert [violation.severity for violation in found] == [Severity.WARNING]
    assert checking.is_acceptable(found)
    assert not checking.is_acceptable(check(replace(EXTENSION, intent_confirmed=False), RULES, now=NOW))


@pytest.mark.parametrize(
    ("actor", "circumstances", "code"),
    [
        ("organisation", {"approved": False}, "actor/not-approved"),
        ("support_organisation", {"approved": False}, "actor/not-approved"),
        ("professional", {"approved": False}, "actor/not-approved"),
        ("support_organisation", {"requested": False}, "actor/not-requested"),
        ("self", {"abroad": True}, "actor/abroad"),
        ("self", {"organisation_in_japan": False}, "status/organisation-may-be-needed"),
    ],
)
def test_circumstances_count(actor: str, circumstances: dict[str, Any], code: str) -> None:
    assert codes(application(actor=actor)) == set()
    assert codes(application(actor=actor, **circumstances)) == {code}


def test_who_is_abroad_can_still_be_given_a_certificate_of_eligibility() -> None:
    assert codes(application("coe", current=None, target="student", abroad=True)) == set()


@pytest.mark.parametrize(("actor", "missing"), [("relative", "representative"), ("professional", "intermediary")])
def test_who_applies_for_another_is_named(actor: str, missing: str) -> None:
    found = replace(application(actor=actor, cannot_apply=True), **{missing: None})
    (violation,) = check(found, RULES, now=NOW)
    assert (violation.code, violation.field) == ("representative/missing", f"/{missing}")


# --- days ------------------------------------------------------------------------------------------------------------


def with_end(day: date, months: int | None = 36) -> Application:
    return replace(EXTENSION, stay=Stay(STATUS, day, months, "AB12345678CD"))


@pytest.mark.parametrize(
    ("now", "code"),
    [
        (at(2026, 9, 29, 23, 59), "timing/early"),
        (at(2026, 9, 30, 0, 0), None),  # three months before the 31 December
        (at(2026, 12, 29, 23, 59), None),
        (at(2026, 12, 30, 0, 0), "timing/tomorrow"),
        (at(2026, 12, 30, 23, 59), "timing/tomorrow"),
        (at(2026, 12, 31, 0, 0), "timing/last-day"),
        (at(2026, 12, 31, 23, 59), "timing/last-day"),
        (at(2027, 1, 1, 0, 0), "timing/expired"),
        (datetime(2026, 12, 30, 14, 59, 59, tzinfo=UTC), "timing/tomorrow"),  # a second before midnight in Tokyo
        (datetime(2026, 12, 30, 15, 0, 0, tzinfo=UTC), "timing/last-day"),
    ],
)
def test_the_day_in_tokyo_decides(now: datetime, code: str | None) -> None:
    fresh = replace(with_end(date(2026, 12, 31)), attachments=(replace(PHOTO, taken=date(2026, 9, 1)),))
    assert codes(fresh, now) == ({code} - {None})


@pytest.mark.parametrize(
    ("end", "opens"),
    [
        (date(2027, 5, 31), date(2027, 2, 28)),
        (date(2028, 5, 31), date(2028, 2, 29)),
        (date(2028, 2, 29), date(2027, 11, 29)),
        (date(2027, 3, 1), date(2026, 12, 1)),
        (date(2027, 1, 15), date(2026, 10, 15)),
    ],
)
def test_three_months_before_is_a_day_of_its_month(end: date, opens: date) -> None:
    noon = datetime(opens.year, opens.month, opens.day, 12, tzinfo=TOKYO)
    fresh = replace(with_end(end), attachments=(replace(PHOTO, taken=opens - timedelta(days=1)),))
    assert codes(fresh, noon) == set()
    assert codes(fresh, noon - timedelta(days=1)) == {"timing/early"}


def test_short_stays_have_no_opening_day() -> None:
    now = at(2026, 9, 1)
    fresh = replace(with_end(date(2026, 12, 31)), attachments=(replace(PHOTO, taken=date(2026, 8, 1)),))
    assert codes(fresh, now) == {"timing/early"}
    assert codes(replace(fresh, stay=Stay(STATUS, date(2026, 12, 31), 5, "AB12345678CD")), now) == set()


def test_a_change_has_no_opening_day_and_the_same_end() -> None:
    change = replace(application("change", target="student"), stay=with_end(date(2027, 12, 31)).stay)
    assert codes(change) == set()
    late = replace(change, stay=with_end(date(2026, 11, 24)).stay)
    assert codes(late) == {"timing/last-day"}


def test_a_stay_without_an_end_is_asked_for_it() -> None:
    assert codes(replace(EXTENSION, stay=Stay(STATUS))) == {"timing/no-end", "text/empty"}
    assert codes(replace(EXTENSION, stay=None)) == {"timing/no-end", "status/missing"}


@pytest.mark.parametrize(
    ("now", "code"),
    [
        (at(2026, 11, 19), "timing/event-in-future"),
        (at(2026, 11, 20, 0, 0), None),
        (at(2026, 12, 19, 23, 59), None),
        (at(2026, 12, 20, 0, 0), "timing/acquisition-last-day"),
        (at(2026, 12, 21, 0, 0), "timing/acquisition-late"),
    ],
)
def test_an_acquisition_has_thirty_days(now: datetime, code: str | None) -> None:
    found = application("acquisition", current=None, target="long_term_resident")
    assert codes(found, now) == ({code} - {None})
    assert codes(application("acquisition", current=None, target="student", event=None)) == {"timing/event-missing"}


def test_a_time_needs_a_zone() -> None:
    with pytest.raises(UsageError):
        check(EXTENSION, RULES, now=datetime(2026, 11, 24))


@pytest.mark.parametrize(("today", "code"), [(date(2027, 2, 28), "actor/too-young"), (date(2027, 3, 1), None)])
def test_nobody_under_15_applies_in_person(today: date, code: str | None) -> None:
    child = replace(PERSON, birth_date=date(2012, 2, 29))
    found = replace(with_end(date(2027, 5, 1)), person=child, attachments=())
    assert codes(found, datetime(today.year, today.month, today.day, 12, tzinfo=TOKYO)) == ({code} - {None})


def test_the_special_period_is_two_months_and_not_for_short_stays() -> None:
    assert special_period_end(RULES, date(2026, 12, 31), 365) == date(2027, 2, 28)
    assert special_period_end(RULES, date(2026, 12, 31), 31) == date(2027, 2, 28)
    assert special_period_end(RULES, date(2026, 12, 31), 30) is None


# --- fees ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("item", "channel", "day", "yen"),
    [
        ("extension", "online", date(2026, 11, 24), 5500),
        ("change", "counter", date(2026, 11, 24), 6000),
        ("reentry_single", "online", date(2025, 4, 1), 3500),
        ("reentry_multiple", "counter", date(2027, 3, 30), 7000),
        ("work_certificate", "online", date(2026, 1, 5), 1600),
        ("coe", "online", date(2026, 11, 24), 0),
        ("extra_activity", "counter", date(2030, 1, 1), 0),
        ("extension", "online", date(2027, 3, 31), None),
        ("extension", "online", date(2025, 3, 31), None),
    ],
)
def test_a_fee_is_known_or_said_to_be_unknown(item: str, channel: str, day: date, yen: int | None) -> None:
    found = fee(RULES, FeeItem(item), Channel(channel), day)
    assert isinstance(found, UnknownFee) if yen is None else found == yen


def test_an_application_costs_what_each_of_its_parts_does() -> None:
    asked = application("extension", ("reentry", "extra_activity"))
    found = fees(asked, RULES, Channel.ONLINE, date(2026, 11, 24))
    assert found == {FeeItem.EXTENSION: 5500, FeeItem.EXTRA_ACTIVITY: 0, FeeItem.REENTRY_SINGLE: 3500}
    assert fees(application("coe", current=None), RULES, Channel.ONLINE, date(2026, 11, 24)) == {FeeItem.COE: 0}


def test_no_two_fees_hold_on_one_day() -> None:
    for item in FeeItem:
        for channel in Channel:
            known = [each for each in RULES.fees if (each.item, each.channel) == (item, channel)]
            assert known
            for before, after in zip(known, known[1:], strict=False):
                assert before.valid_to is not None
                assert after.valid_from == before.valid_to + timedelta(days=1)


# --- files -----------------------------------------------------------------------------------------------------------


def files_(count: int) -> tuple[Attachment, ...]:
    return (PHOTO, *(replace(DOCUMENT, name=f"{number}.pdf", size=1) for number in range(1, count)))


@pytest.mark.parametrize(
    ("attachments", "code"),
    [
        ((PHOTO,) + tuple(replace(DOCUMENT, name=f"{number}.pdf", size=1) for number in range(19)), None),
        (
            (PHOTO,) + tuple(replace(DOCUMENT, name=f"{number}.pdf", size=1) for number in range(20)),
            "attachment/too-many",
        ),
        ((PHOTO, replace(DOCUMENT, size=25_000_000 - PHOTO.size)), None),
        ((PHOTO, replace(DOCUMENT, size=25_000_001 - PHOTO.size)), "attachment/too-large"),
        ((PHOTO, replace(DOCUMENT, size=0)), "attachment/empty"),
        ((PHOTO, replace(DOCUMENT, media_type="image/jpeg")), "attachment/type"),
        ((PHOTO, replace(DOCUMENT, sha256="B2" * 32)), "attachment/digest"),
        ((PHOTO, DOCUMENT, replace(DOCUMENT, name="CONTRACT.PDF")), "attachment/twice"),
        ((DOCUMENT,), "photo/missing"),
        ((PHOTO, replace(PHOTO, name="again.jpg")), "photo/several"),
        ((replace(PHOTO, taken=date(2026, 5, 24)),), None),
        ((replace(PHOTO, taken=date(2026, 5, 23)),), "photo/old"),
        ((replace(PHOTO, taken=date(2026, 11, 25)),), "timing/event-in-future"),
        ((replace(PHOTO, taken=None),), "photo/no-day"),
        ((replace(PHOTO, size=50_000),), None),
        ((replace(PHOTO, size=50_001),), "photo/large"),
    ],
)
def test_files_are_counted_and_measured(attachments: Any, code: str | None) -> None:
    assert codes(replace(EXTENSION, attachments=attachments)) == ({code} - {None})


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a/b.pdf", "a\\b.pdf", "a\0.pdf", "nul.pdf", "COM1", " a.pdf", "a.pdf ", "a.", "x" * 101,
             "\u202efdp.exe", "a:b", "～" * 40],
)  # fmt: skip
def test_a_file_s_name_is_one_everywhere(name: str) -> None:
    assert not checking.is_plain_name(name)


@pytest.mark.parametrize("name", ["a", "契約書.pdf", "a b (1).pdf", "console.pdf", "x" * 100])
def test_usual_names_are_taken(name: str) -> None:
    assert checking.is_plain_name(name)


def test_a_child_needs_no_photo_and_where_it_is_not_known_it_is_said_so() -> None:
    child = replace(PERSON, birth_date=date(2011, 1, 1))
    assert codes(replace(EXTENSION, person=child, attachments=())) == set()
    coe = replace(application("coe", current=None, target="student"), attachments=())
    assert codes(coe) == {"photo/missing"}
    assert codes(replace(coe, person=child)) == {"photo/maybe-missing"}
    assert codes(replace(application("work_certificate"), attachments=())) == {"photo/maybe-missing"}


# --- the form --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"person": replace(PERSON, name="Jane Madeup")}, "/person/name", "text/name"),
        ({"person": replace(PERSON, name="ＪＡＮＥ")}, "/person/name", "text/name"),
        ({"person": replace(PERSON, name="A" * 105)}, "/person/name", "text/too-long"),
        ({"person": replace(PERSON, name=" ")}, "/person/name", "text/empty"),
        ({"person": replace(PERSON, occupation="a\x1bb")}, "/person/occupation", "text/control"),
        ({"person": replace(PERSON, home_town="New York")}, "/person/home_town", "text/full-width"),
        ({"person": replace(PERSON, mobile="090-0000-0000")}, "/person/mobile", "text/telephone"),
        ({"person": replace(PERSON, mobile="")}, "/person/telephone", "contact/no-telephone"),
        ({"person": replace(PERSON, address=None)}, "/person/address", "form/missing"),
        ({"passport": None}, "/passport", "form/missing"),
        ({"passport": Passport("Ｘ1", date(2030, 1, 1))}, "/passport/number", "text/half-width"),
        ({"passport": Passport("X1", date(2026, 11, 23))}, "/passport/expires", "timing/passport-expired"),
        ({"stay": Stay(STATUS, date(2026, 12, 31), 36, "AB1234567CD")}, "/stay/card_number", "text/card-number"),
        ({"contact": Contact("a@b.example", "c@b.example")}, "/contact/email_again", "contact/differs"),
        ({"contact": Contact("a@b", "a@b")}, "/contact/email", "text/email"),
        ({"criminal_record": CriminalRecord(True)}, "/criminal_record/detail", "criminal-record/detail"),
        ({"content_is_true": False}, "/content_is_true", "declaration/missing"),
        ({"delivery": Delivery.EMAIL}, "/delivery", "delivery/email"),
        ({"riders": (Rider.REENTRY,)}, "/circumstances/reentry", "rider/reentry-kind"),
        ({"riders": (Rider.EXTRA_ACTIVITY,) * 2}, "/riders/1", "rider/twice"),
        ({"stay": Stay("nothing", date(2026, 12, 31), 36, "AB12345678CD")}, "/stay/status", "status/unknown"),
        ({"family": (FamilyMember("child", "A", date(2020, 1, 1), "USA", True),) * 7}, "/family", "form/too-many"),
        ({"kind": Kind.COE, "stay": None}, "/wanted/status", "status/missing"),
        ({"actor": Actor.PROFESSIONAL}, "/circumstances/approved", "actor/not-approved"),
    ],
)
def test_each_mistake_has_its_place(change: dict[str, Any], field: str, code: str) -> None:
    assert codes(EXTENSION) == set()
    found = {(violation.field, violation.code) for violation in check(replace(EXTENSION, **change), RULES, now=NOW)}
    assert (field, code) in found


def test_all_mistakes_come_at_once() -> None:
    person = replace(PERSON, name="jane", home_town="New York", mobile="x")
    many = replace(EXTENSION, person=person, passport=None, attachments=(), intent_confirmed=False)
    assert codes(many) == {
        "text/name", "text/full-width", "text/telephone", "form/missing", "photo/missing", "declaration/missing",
    }  # fmt: skip


def test_every_sentence_is_there_in_both_languages_and_says_no_more_than_it_is_told() -> None:
    for code, english in MESSAGES.items():
        japanese = catalogue("ja").gettext(english)
        assert english.endswith((".", "?")), code
        assert any(character > "\u3000" for character in japanese), code
        names = [set(part.split("}")[0] for part in text.split("{")[1:]) for text in (english, japanese)]
        assert names[0] == names[1], code


def test_what_the_sentences_name_has_the_names_of_the_rules() -> None:
    translate = catalogue("ja").gettext
    for rider, english in _RIDERS.items():
        assert (english, translate(english)) == (RULES.riders[rider].en, RULES.riders[rider].ja)
    assert set(_RIDERS) == set(Rider)


def test_a_violation_can_be_told_in_both_languages() -> None:
    found = check(with_end(date(2026, 11, 24)), RULES, now=NOW)
    assert found[0].document() == {
        "field": "/stay/expires", "code": "timing/last-day", "severity": "error",
        "message_en": "On the last day of the period (2026-11-24) nothing is accepted online: go to the office today.",
        "message_ja": "満了日（2026-11-24）当日はオンライン申請できません。本日中に窓口で申請してください。",
    }  # fmt: skip


# --- the file of rules -----------------------------------------------------------------------------------------------


def test_the_file_has_a_source_for_everything_that_it_names_one_for() -> None:
    texts = [each.source for each in (*RULES.kinds.values(), RULES.timing, RULES.attachments, *RULES.fees)]
    named = {word.strip(",;:") for text in texts for word in text.split() if word[0] == "S" and word[1].isdigit()}
    assert named <= set(RULES.sources)


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        (lambda rules: rules["kinds"].pop("coe"), "/kinds/coe", "form/missing"),
        (lambda rules: rules["actors"]["self"]["may"].pop("coe"), "/actors/self/may/coe", "form/missing"),
        (lambda rules: rules["timing"].pop("source"), "/timing/source", "form/missing"),
        (lambda rules: rules.update(more=1), "/more", "form/unknown-field"),
        (lambda rules: rules["fees"][3].update(yen="5500"), "/fees/3/yen", "form/type"),
        (lambda rules: rules["fees"][3].update(valid_from="2025-02-30"), "/fees/3/valid_from", "form/date"),
        (lambda rules: rules["statuses"]["student"].update(online="maybe"), "/statuses/student/online", "form/choice"),
    ],
)
def test_a_file_of_another_shape_is_an_error_with_a_place(change: Any, field: str, code: str) -> None:
    document = json.loads(DOCUMENT_OF_RULES)
    change(document)
    with pytest.raises(FormError) as raised:
        load(json.dumps(document).encode())
    assert [(each.field, each.code) for each in raised.value.violations] == [(field, code)]


def test_the_counts_are_those_of_the_law() -> None:
    assert Counter(status.online for status in RULES.statuses.values()) == {
        "yes": 31, "no": 3, "supervising-organisation": 3, "sponsor": 1, "notice": 1,
    }  # fmt: skip

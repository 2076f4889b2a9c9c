"""What is on a card, as values."""

from __future__ import annotations

import pickle
from datetime import date

import pytest

from mynacard import errors
from mynacard.images import ImageKind
from mynacard.pin import Pin
from mynacard.residence import (
    LAYOUTS,
    Address,
    CardFiles,
    CardNumber,
    CardType,
    Coded,
    ComprehensivePermission,
    Contents,
    Day,
    Days,
    First,
    FirstContents,
    Indefinite,
    PeriodOfStay,
    Presence,
    RawCode,
    Second,
    SecondContents,
    Sex,
    UnknownPeriod,
    WorkRestriction,
    YearsAndMonths,
    contents_of,
)
from mynacard.residence.contents import card_type
from mynacard.residence.forms import build
from mynacard.residence.values import period
from mynacard.simulator.residence import RESIDENCE_PERSONAS
from tests.residence.cards import BOTH, FIRST, SECOND, changed, files
from tests.residence.dialogues import files as files_of
from tests.support import CANARY, Vector, vectors


def first(name: str = FIRST) -> FirstContents:
    found = contents_of(files(name))
    assert isinstance(found, FirstContents)
    return found


def second(name: str = SECOND) -> SecondContents:
    found = contents_of(files(name))
    assert isinstance(found, SecondContents)
    return found


# --- the worked examples ---------------------------------------------------------------------------------------


def example(name: str) -> Vector:
    return next(row for row in vectors("residence/dialogues.json") if row.id == name)


def with_example(name: str, base: str) -> CardFiles:
    """The files of a simulated card, and those of the example in their places."""
    found = files(base)
    places = {file.place: file for file in LAYOUTS[found.type]}
    given = {places[f"{df}-{sfi:02X}"]: content for (df, sfi), content in files_of(example(name)).items()}
    return changed(found, given)


def test_the_example_of_the_first_generation() -> None:
    found = contents_of(with_example("1-made-up", FIRST))
    assert isinstance(found, FirstContents)
    assert (found.type, found.version) == (CardType.RESIDENCE_CARD, "0001")
    assert found.address == Address(Day("20240401"), "131016", "東京都千代田区霞が関１丁目１番１号")
    assert found.extension_pending == Coded("1", Presence.YES)
    assert found.front_image.kind is ImageKind.TIFF
    assert len(found.front_image.content) == 7000
    assert found.face_image is not None
    assert found.face_image.sound
    assert len(found.face_image.content) == 3000


def test_the_example_of_the_second_generation() -> None:
    found = contents_of(with_example("2-made-up", SECOND))
    assert isinstance(found, SecondContents)
    entries = found.entries
    assert found.number == CardNumber("AB12345678CD")
    assert entries.expires == Day("20310613")
    assert entries.stay_expires == Day("20310614")
    assert entries.birth_date == Day("19900405")
    assert entries.sex == Coded("2", Sex.FEMALE)
    assert entries.nationality == RawCode("USA")
    assert entries.status == RawCode("0000000001")
    assert entries.period_of_stay == YearsAndMonths(5, 0)
    assert entries.permission_kind == RawCode("01")
    assert entries.permission_date == Day("20260614")
    assert entries.work == Coded("2", WorkRestriction.BY_STATUS)


# --- personas --------------------------------------------------------------------------------------------------


def test_a_special_permanent_resident_has_no_boxes_for_permissions() -> None:
    found = first("residence-1-special-permanent")
    assert found.type is CardType.SPECIAL_PERMANENT_RESIDENT
    assert found.comprehensive_permission is found.individual_permission is found.extension_pending is None
    assert found.address is None
    other = second("residence-2-special-permanent")
    assert other.permissions is other.extension_pending is None
    assert other.entries.permission_kind is other.entries.work is other.entries.stay_expires is None
    assert other.entries.period_of_stay == Indefinite()
    assert other.other is not None


def test_permissions_are_told() -> None:
    found = first("residence-1-permission")
    assert found.comprehensive_permission == found.individual_permission != ""
    assert found.extension_pending == Coded("1", Presence.YES)
    assert first().comprehensive_permission == ""
    other = second("residence-2-permission").permissions
    assert other is not None
    assert other.comprehensive.known is ComprehensivePermission.UP_TO_28_HOURS
    assert other.comprehensive.meaning is not None
    assert (other.expires, other.individual.known) == (Day("20990401"), Presence.YES)
    none = second().permissions
    assert none is not None
    assert (none.comprehensive.known, none.expires) == (ComprehensivePermission.NONE, None)


def test_a_child_has_neither_photo_nor_signature() -> None:
    found = first("residence-1-under-16")
    assert found.face_image is found.check_code is found.certificate_der is None
    assert found.images == (found.front_image,)
    other = second("residence-2-infant")
    assert other.face_image is other.signature is other.certificate_der is None
    assert other.images == (other.name_image, other.address_image)


@pytest.mark.parametrize("form", ["D100", "", "D1820BB8"])
def test_a_photo_that_is_not_there_is_none_in_every_form(form: str) -> None:
    found = contents_of(changed(files(), {First.FACE: bytes.fromhex(form).ljust(3004, b"\0")}))
    assert isinstance(found, FirstContents)
    assert found.face_image is None


def test_a_permission_taken_back_reads_like_one_never_given() -> None:
    for content in (bytes(122), build(First.COMPREHENSIVE_PERMISSION, {0xD5: b"\0"})):
        found = contents_of(changed(files(), {First.COMPREHENSIVE_PERMISSION: content}))
        assert isinstance(found, FirstContents)
        assert found.comprehensive_permission == ""


# --- codes, days, periods --------------------------------------------------------------------------------------


def with_entries(**values: bytes) -> SecondContents:
    row = files(SECOND).needed(Second.ENTRIES).values
    found = contents_of(
        changed(
            files(SECOND),
            {Second.ENTRIES: build(Second.ENTRIES, {**row, **{int(t, 16): v for t, v in values.items()}})},
        )
    )
    assert isinstance(found, SecondContents)
    return found


def test_an_unknown_code_stays_as_it_is_and_means_nothing() -> None:
    found = with_entries(C7=b"8", CC=b"3", C9=b"T410010000").entries
    assert (found.sex.raw, found.sex.known, found.sex.meaning) == ("8", None, None)
    assert found.work is not None
    assert (found.work.raw, found.work.known) == ("3", None)
    assert found.status.raw == "T410010000"


@pytest.mark.parametrize(
    ("raw", "meant"),
    [
        ("0500", YearsAndMonths(5, 0)), ("0006", YearsAndMonths(0, 6)), ("0103", YearsAndMonths(1, 3)),
        ("0000", Indefinite()), ("090", Days(90)), ("015", Days(15)), ("", UnknownPeriod("")),
        ("5", UnknownPeriod("5")), ("A500", UnknownPeriod("A500")), ("００００", UnknownPeriod("００００")),
    ],
)  # fmt: skip
def test_periods(raw: str, meant: PeriodOfStay) -> None:
    assert period(raw) == meant


def test_a_period_of_days_is_filled_up() -> None:
    assert with_entries(CE=b"090\0").entries.period_of_stay == Days(90)
    assert with_entries(CE=b"090").entries.period_of_stay == Days(90)


def test_a_birth_date_that_is_not_wholly_known_stays_as_it_is() -> None:
    found = with_entries(C6=b"19800000").entries.birth_date
    assert found is not None
    assert (found.raw, found.date) == ("19800000", None)
    assert Day("20240229").date == date(2024, 2, 29)


def test_a_blank_date_is_none() -> None:
    assert with_entries(CB=bytes(8)).entries.permission_date is None


@pytest.mark.parametrize("text", [b"2026/1/1", b"yesterda", "１２".encode().ljust(8)])
def test_a_date_of_another_form_is_an_error(text: bytes) -> None:
    with pytest.raises(errors.CardDataError):
        with_entries(C5=text)


def test_text_that_is_no_utf_8_is_an_error() -> None:
    content = build(First.ADDRESS, {0xD2: b"20240401", 0xD3: b"131016", 0xD4: "東京".encode("shift_jis")})
    with pytest.raises(errors.CardDataError):
        contents_of(changed(files(), {First.ADDRESS: content}))


def test_a_number_in_the_card_that_is_none_is_an_error() -> None:
    with pytest.raises(errors.CardDataError):
        contents_of(changed(files(SECOND), {Second.NUMBER: build(Second.NUMBER, {0xC2: b"123456789012"})}))


# --- what is missing -------------------------------------------------------------------------------------------

OF_NEED = [First.FRONT, First.FACE, First.ADDRESS, First.SIGNATURE]
OF_NEED_2 = [Second.NUMBER, Second.ENTRIES, Second.IMAGES, Second.ADDRESS, Second.SIGNATURE]


@pytest.mark.parametrize("file", [*OF_NEED, *OF_NEED_2], ids=lambda file: file.place)
def test_a_file_without_which_there_is_no_card_is_missed(file: object) -> None:
    base = files(FIRST if file in OF_NEED else SECOND)
    with pytest.raises(errors.CardDataError):
        contents_of(CardFiles(base.type, {each: content for each, content in base.content.items() if each != file}))


def test_other_files_may_be_missing() -> None:
    base = files(SECOND)
    rest = {Second.PERMISSIONS, Second.EXTENSION, Second.OTHER}
    found = CardFiles(base.type, {each: content for each, content in base.content.items() if each not in rest})
    assert set(found.missing) == rest
    read = contents_of(found)
    assert isinstance(read, SecondContents)
    assert read.permissions is read.extension_pending is read.other is None


@pytest.mark.parametrize("type_", [CardType.SPECIFIED_RESIDENCE_CARD, CardType.SPECIFIED_SPECIAL_PERMANENT_RESIDENT])
def test_of_a_specified_card_nothing_is_guessed(type_: CardType) -> None:
    with pytest.raises(errors.UsageError):
        contents_of(CardFiles(type_, {}))


@pytest.mark.parametrize("content", ["C10133", "C10100", "C1023031", "C1023039", "C20131", "313131", ""])
def test_a_type_that_is_none_is_an_error(content: str) -> None:
    with pytest.raises(errors.CardDataError):
        card_type(bytes.fromhex(content))


# --- secrets ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", RESIDENCE_PERSONAS)
def test_no_value_prints_anything_personal(name: str) -> None:
    found: Contents = contents_of(files(name))
    shown = repr(found)
    for personal in ("AB12345678CD", "東京", "1990", "999997", "28時間", "XXX", "9999999999"):
        assert personal not in shown
    for image in found.images:
        assert repr(image.content[:40])[2:-1] not in shown


def test_a_number_does_not_show_itself() -> None:
    number = CardNumber("AB12345678CD")
    assert repr(number) == str(number) == f"{number}" == "CardNumber(…)"
    with pytest.raises(TypeError):
        pickle.dumps(number)
    with pytest.raises(TypeError):
        hash(number)
    assert number == CardNumber("AB12345678CD") != CardNumber("AB12345678CE")


WRONG = [
    "",
    "AB1234567CD",
    "AB123456789CD",
    "ab12345678ef",
    "AB12345678C1",
    "A112345678EF",
    " AB12345678EF",
    "ＡＢ12345678EF",
]


@pytest.mark.parametrize("text", WRONG)
def test_a_number_of_another_form_is_none(text: str) -> None:
    with pytest.raises(errors.PinFormError) as caught:
        CardNumber(text)
    assert not text or text not in str(caught.value)


@pytest.mark.parametrize(
    "typed", ["AB12345678CD", "ab12345678cd", " AB12345678CD ", "ＡＢ１２３４５６７８ＣＤ", "Ab12345678cD\t"]
)
def test_what_somebody_types_means_the_same_number(typed: str) -> None:
    assert CardNumber.typed(Pin(typed)) == CardNumber("AB12345678CD")


@pytest.mark.parametrize("typed", [CANARY, f"AB1234{CANARY}CD5", "\udcff", "ＡＢ"])
def test_a_number_that_is_none_is_in_no_error(typed: str) -> None:
    with pytest.raises(errors.PinFormError) as caught:
        CardNumber.typed(Pin(typed))
    assert typed not in str(caught.value)


def test_both_generations_have_one_shape_each() -> None:
    assert [type(contents_of(files(name))) for name in BOTH] == [FirstContents, SecondContents]

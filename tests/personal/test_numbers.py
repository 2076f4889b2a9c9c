"""The Individual Number, and the numbers that are printed on the card."""

from __future__ import annotations

import copy
import pickle
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mynacard.errors import UsageError
from mynacard.personal.eras import ERAS, era_of
from mynacard.personal.layout import BIRTH_DATE, FACE_NUMBER_A, FACE_NUMBER_B
from mynacard.personal.numbers import (
    Calendar,
    MyNumber,
    birth_date_pin,
    check_digit,
    verification_number_a,
    verification_number_b,
)
from tests.support import Vector, id_of, leaks, tells, vectors

FILE = "personal/numbers.json"
ELEVEN = st.text("0123456789", min_size=11, max_size=11)
SECRET = "537686677188"


@pytest.mark.parametrize("vector", vectors(FILE, "eleven"), ids=id_of)
def test_the_check_digit_is_the_rule_s(vector: Vector) -> None:
    assert check_digit(vector.text("eleven")) == vector.text("check")


@given(ELEVEN)
def test_a_number_with_its_check_digit_is_one_and_with_any_other_is_none(eleven: str) -> None:
    right = check_digit(eleven)
    assert MyNumber(eleven + right).reveal() == eleven + right
    for digit in set("0123456789") - {right}:
        with pytest.raises(UsageError):
            MyNumber(eleven + digit)


@given(ELEVEN, st.integers(0, 10), st.integers(1, 9))
def test_the_number_with_one_digit_wrong_is_noticed_unless_the_rest_is_one_or_nought(
    eleven: str, place: int, add: int
) -> None:
    wrong = eleven[:place] + str((int(eleven[place]) + add) % 10) + eleven[place + 1 :]
    assert check_digit(wrong) != check_digit(eleven) or check_digit(eleven) == "0"


@pytest.mark.parametrize(
    "digits",
    ["", "53768667718", "5376866771888", " 37686677188", "53768667718８", "５３７６８６６７７１８８", "53768667718\n"],
)
def test_anything_but_twelve_digits_is_refused(digits: str) -> None:
    with pytest.raises(UsageError):
        MyNumber(digits)


@pytest.mark.parametrize("show", [str, repr, format, lambda number: f"{number:>30}", lambda number: repr([number])])
def test_a_number_does_not_show_itself(show: object) -> None:
    assert "MyNumber(…)" in show(MyNumber(SECRET))  # type: ignore[operator]
    assert not tells(show(MyNumber(SECRET)), SECRET)  # type: ignore[operator]


@pytest.mark.parametrize("take", [pickle.dumps, copy.copy, copy.deepcopy, hash])
def test_a_number_cannot_be_pickled_copied_or_hashed(take: object) -> None:
    with pytest.raises(TypeError):
        take(MyNumber(SECRET))  # type: ignore[operator]


@pytest.mark.parametrize("digits", ["537686677189", "5376866771", "5376866771888"])
def test_a_refused_number_is_in_no_error(digits: str) -> None:
    with pytest.raises(UsageError) as caught:
        MyNumber(digits)
    assert not leaks(caught.value, digits)


def test_numbers_are_equal_to_themselves_alone() -> None:
    assert MyNumber(SECRET) == MyNumber(SECRET)
    assert MyNumber(SECRET) != MyNumber("123456789018")
    assert MyNumber(SECRET) != SECRET


# --- what is printed on the card -------------------------------------------------------------------------


@pytest.mark.parametrize("vector", vectors(FILE, "number_b"), ids=id_of)
def test_numbers_of_a_card(vector: Vector) -> None:
    born = date.fromisoformat(vector.text("birth_date"))
    made = verification_number_b(born, vector.number("expiry_year"), vector.text("security_code"))
    assert made.reveal().decode() == vector.text("number_b")
    assert birth_date_pin(born).reveal().decode() == vector.text("six")


@pytest.mark.parametrize("vector", vectors(FILE, "day"), ids=id_of)
def test_the_year_is_the_era_s(vector: Vector) -> None:
    assert birth_date_pin(date.fromisoformat(vector.text("day"))).reveal().decode() == vector.text("six")


@given(st.dates(date(1868, 1, 25), date(2100, 12, 31)), st.integers(2000, 2100), st.integers(0, 9999))
def test_every_number_has_the_form_that_its_pin_has(born: date, year: int, code: int) -> None:
    assert FACE_NUMBER_B.form.fullmatch(verification_number_b(born, year, f"{code:04}").reveal())
    assert BIRTH_DATE.form.fullmatch(birth_date_pin(born).reveal())
    assert FACE_NUMBER_A.form.fullmatch(verification_number_a(MyNumber(SECRET)).reveal())


def test_eras_follow_each_other() -> None:
    assert [era.first_day for era in ERAS] == sorted((era.first_day for era in ERAS), reverse=True)
    for era in ERAS:
        assert era_of(era.first_day) is era
        assert era.year(era.first_day) == 1


def test_the_western_calendar_is_used_by_name_alone() -> None:
    born = date(1980, 2, 17)
    assert birth_date_pin(born, calendar=Calendar.WESTERN).reveal() == b"800217"
    assert verification_number_b(born, 2035, "2285", calendar=Calendar.WESTERN).reveal() == b"80021720352285"


@pytest.mark.parametrize(
    ("born", "year", "code"),
    [
        (date(1868, 1, 24), 2035, "2285"), (date(2118, 1, 1), 2035, "2285"), (date(1980, 2, 17), 35, "2285"),
        (date(1980, 2, 17), 20350, "2285"), (date(1980, 2, 17), -203, "2285"), (date(1980, 2, 17), 2035, "228"),
        (date(1980, 2, 17), 2035, "22855"), (date(1980, 2, 17), 2035, "２２８５"), (date(1980, 2, 17), 2035, "22A5"),
    ],
)  # fmt: skip
def test_what_no_card_shows_is_refused(born: date, year: int, code: str) -> None:
    with pytest.raises(UsageError) as caught:
        verification_number_b(born, year, code)
    assert not leaks(caught.value, code)

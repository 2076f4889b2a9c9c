"""A budget of steps and of memory: what exceeds it is refused, with the bound, and stays refused."""

from __future__ import annotations

import pytest

from mynacard.errors import PdfFileError
from mynacard.signing.budget import MEMORY_MAX, STEPS_MAX, Budget


def test_all_steps_can_be_spent_and_not_one_more() -> None:
    budget = Budget()
    budget.spend(STEPS_MAX)
    with pytest.raises(PdfFileError, match=f"more than {STEPS_MAX} steps"):
        budget.spend(1)


def test_memory_that_is_released_can_be_held_again() -> None:
    budget = Budget()
    for _ in range(3):
        budget.hold(MEMORY_MAX)
        budget.hold(-MEMORY_MAX)
    with pytest.raises(PdfFileError, match=f"more than {MEMORY_MAX} bytes"):
        budget.hold(MEMORY_MAX + 1)


def test_a_refusal_that_was_caught_is_raised_again() -> None:
    budget = Budget()
    budget.check()
    with pytest.raises(PdfFileError) as first:
        budget.hold(MEMORY_MAX + 1)
    with pytest.raises(PdfFileError) as second:
        budget.check()
    assert second.value is first.value


def test_what_is_parsed_is_bounded_by_the_memory_that_is_left() -> None:
    budget = Budget()
    budget.hold(MEMORY_MAX - 1000)
    with budget.parsing(100), pytest.raises(PdfFileError, match="bytes of memory"):
        budget.spend(11)
    other = Budget()
    other.hold(MEMORY_MAX - 1000)
    with other.parsing(100):
        other.spend(10)
        with other.parsing(10):  # what is parsed meanwhile has the same end
            other.spend(0)
    other.spend(1000)


def test_reading_in_another_way_takes_the_steps_that_are_left() -> None:
    budget = Budget()
    budget.spend(STEPS_MAX - 5)
    budget.hold(MEMORY_MAX)
    again = budget.renewed()
    again.hold(MEMORY_MAX)
    again.spend(5)
    with pytest.raises(PdfFileError, match="steps"):
        again.spend(1)

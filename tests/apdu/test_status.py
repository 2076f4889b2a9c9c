"""Status words: what they count, and what they mean."""

from __future__ import annotations

import pytest

from mynacard import errors
from mynacard.apdu.channel import refusal
from mynacard.apdu.status import SUCCESS, StatusWord
from tests.support import Vector, id_of, vectors

STATUS = "apdu/status.json"
ALL = [StatusWord(value) for value in range(0x10000)]


def word(vector: Vector) -> StatusWord:
    return StatusWord(int(vector.text("status"), 16))


@pytest.mark.parametrize("vector", vectors(STATUS), ids=id_of)
def test_a_status_word_counts_what_the_standard_says_it_counts(vector: Vector) -> None:
    status = word(vector)
    assert status.tries_left == vector.number_or_none("tries_left")
    assert status.more == vector.number_or_none("more")
    assert status.exact_ne == vector.number_or_none("exact_ne")


@pytest.mark.parametrize("vector", vectors(STATUS, "raises"), ids=id_of)
def test_a_refusal_is_the_exception_that_says_it(vector: Vector) -> None:
    error = refusal(word(vector), "what was asked")
    assert type(error) is getattr(errors, vector.text("raises"))
    assert error.status == word(vector)
    assert "what was asked" in error.during


def test_only_9000_is_success() -> None:
    assert [vector.id for vector in vectors(STATUS) if not vector.has("raises")] == ["9000"]
    assert SUCCESS == 0x9000


def test_every_status_word_has_a_meaning_and_prints_as_four_digits() -> None:
    for status in ALL:
        assert status.meaning
        assert str(status) == f"{int(status):04X}"
        assert repr(status) == f"StatusWord({status}: {status.meaning})"
        assert status == status.sw1 << 8 | status.sw2


def test_the_words_this_card_uses_have_meanings_of_their_own() -> None:
    used = [word(vector) for vector in vectors(STATUS) if "myna-card" in repr(vector.fields["by"])]
    meanings = {status: status.meaning for status in used if status.tries_left is None and status != 0x66F1}
    assert len(set(meanings.values())) == len(meanings)


def test_every_refusal_is_a_card_error_and_none_is_lost() -> None:
    for status in ALL:
        error = refusal(status, "what was asked")
        assert isinstance(error, errors.CardError)
        assert isinstance(error, errors.PinError) == (status.tries_left is not None)


def test_6984_is_never_four_tries() -> None:
    assert StatusWord(0x6984).tries_left is None
    assert not isinstance(refusal(StatusWord(0x6984), "VERIFY"), errors.PinIncorrect)


def test_an_application_says_what_its_words_mean() -> None:
    error = refusal(StatusWord(0x6A82), "SELECT", {0x6A82: errors.ConditionsNotSatisfied})
    assert type(error) is errors.ConditionsNotSatisfied


def test_every_name_of_a_status_word_is_its_number_and_means_something() -> None:
    names = {name: value for name, value in vars(StatusWord).items() if name.isupper()}
    assert names["SUCCESS"] == SUCCESS
    assert len(set(names.values())) == len(names)
    vague = StatusWord(0x6FFF).meaning
    assert [name for name, value in names.items() if StatusWord(value).meaning == vague] == []

"""What can go wrong, sorted by who can put it right."""

from __future__ import annotations

import inspect
import re
from typing import cast

import pytest

from mynacard import errors
from mynacard.apdu.status import StatusWord
from tests.support import CANARY, tells

EXPORTED = [cls for name in errors.__all__ if inspect.isclass(cls := getattr(errors, name))]
CLASSES = cast(list[type[errors.MynacardError]], EXPORTED)
DESK = (errors.ReaderError,)
PEER = (errors.ProtocolError,)
CARD = (errors.CardError,)
CALLER = (errors.PinFormError, errors.UnsupportedAlgorithmError, errors.UsageError)


def test_every_error_is_exported() -> None:
    defined = {
        name for name, value in vars(errors).items() if inspect.isclass(value) and value.__module__ == errors.__name__
    }
    assert defined == set(errors.__all__)
    assert errors.__all__ == sorted(errors.__all__)


@pytest.mark.parametrize("cls", CLASSES)
def test_every_error_has_the_one_root(cls: type[Exception]) -> None:
    assert issubclass(cls, errors.MynacardError)
    assert cls.__doc__


def test_every_error_has_a_code_of_its_own() -> None:
    codes = [cls.code for cls in CLASSES]
    assert len(set(codes)) == len(codes)
    assert all("code" in vars(cls) for cls in CLASSES)


def test_nobody_answers_for_two() -> None:
    for cls in CLASSES:
        assert sum(issubclass(cls, group) for group in (DESK, PEER, CARD, CALLER)) <= 1, cls


@pytest.mark.parametrize("cls", CALLER)
def test_the_callers_mistakes_are_value_errors(cls: type[Exception]) -> None:
    assert issubclass(cls, ValueError)


@pytest.mark.parametrize("cls", [errors.ReaderError, errors.ProtocolError, errors.CardError, errors.LastTryError])
def test_what_the_caller_did_not_do_is_no_value_error(cls: type[Exception]) -> None:
    assert not issubclass(cls, ValueError)


@pytest.mark.parametrize("cls", [errors.VerificationOutcomeUnknownError, errors.ChangeOutcomeUnknownError])
def test_a_lost_answer_to_a_pin_is_no_lost_card_and_no_wrong_pin(cls: type[Exception]) -> None:
    assert not issubclass(cls, errors.CardLostError | errors.CardError)
    assert issubclass(cls, errors.OutcomeUnknownError)
    assert issubclass(cls, errors.PinError)


@pytest.mark.parametrize("cls", [errors.CardLostAtVerificationError, errors.CardLostAtChangeError])
def test_a_card_lost_at_a_pin_is_lost_and_its_outcome_unknown(cls: type[Exception]) -> None:
    assert issubclass(cls, errors.CardLostError)
    assert issubclass(cls, errors.VerificationOutcomeUnknownError | errors.ChangeOutcomeUnknownError)
    assert not issubclass(cls, errors.CardError)


def test_whatever_concerns_a_pin_is_the_holders_and_names_it() -> None:
    status, cause = StatusWord(0x63C0), errors.CardRemovedError("gone")
    concerning_a_pin: list[errors.PinError] = [
        errors.PinIncorrect(status, "VERIFY", "PIN of the tests"),
        errors.PinBlocked(status, "VERIFY", "PIN of the tests"),
        errors.PinAbsent(status, "VERIFY", "PIN of the tests"),
        errors.LastTryError("Last.", pin="PIN of the tests", tries_left=1),
        errors.PinFormError("Form.", pin="PIN of the tests", form="digits"),
        errors.PinNotTyped("Not typed.", pin="PIN of the tests"),
        errors.VerificationOutcomeUnknownError("Unknown.", pin="PIN of the tests", cause=cause),
        errors.ChangeOutcomeUnknownError("Unknown.", pin="PIN of the tests", cause=cause),
        errors.HalfChangedError("Half.", changed="another", unchanged="PIN of the tests"),
    ]
    assert {error.pin for error in concerning_a_pin} == {"PIN of the tests"}
    assert errors.CardNumberIncorrect(status, "VERIFY").pin == "card number"


def test_an_absent_pin_is_a_missing_file() -> None:
    error = errors.PinAbsent(StatusWord(0x6A88), "VERIFY", "PIN of the tests")
    assert isinstance(error, errors.FileNotFound)
    assert "PIN of the tests" in str(error)


def drawn() -> dict[str, tuple[str, ...]]:
    """The tree in the docstring: the bases of each class, the line above that is less indented first."""
    bases: dict[str, tuple[str, ...]] = {}
    above: dict[int, str] = {}
    for branches, names, words in re.findall(
        r"^ {4}([│├└─ ]*)((?:\w+, )*\w+)(?: {2,}(.*))?$", str(errors.__doc__), re.MULTILINE
    ):
        depth = len(branches) // 4
        also = re.findall(r"also (\w+)", words)
        for name in names.split(", "):
            bases[name] = (above[depth - 1], *also) if depth else ("Exception", *also)
            above[depth] = name
    return bases


def test_the_tree_that_is_drawn_is_the_tree() -> None:
    assert drawn() == {cls.__name__: tuple(base.__name__ for base in cls.__bases__) for cls in CLASSES}


def test_a_text_and_its_details_are_translated_before_they_meet() -> None:
    error = errors.MynacardError("{count} of {name}", count=3, name="{count}")
    german = {"{count} of {name}": "von {name} {count}", "{count}": "{name}"}
    assert str(error) == "3 of {count}"
    assert error.text(german.__getitem__) == "von {name} 3"
    assert repr(error) == "MynacardError('3 of {count}')"


def test_a_cause_inside_a_text_is_translated_too() -> None:
    error = errors.OutcomeUnknownError("It failed ({cause}).", cause=errors.NoCardError("no card"))
    german = {"It failed ({cause}).": "Misslungen ({cause}).", "no card": "keine Karte"}
    assert str(error) == "It failed (no card)."
    assert error.text(german.__getitem__) == "Misslungen (keine Karte)."


def test_a_card_error_says_what_was_asked_and_what_came_back() -> None:
    error = errors.CardError(StatusWord(0x6A82), "SELECT (EF)")
    assert (error.status, error.during) == (0x6A82, "SELECT (EF)")
    assert "SELECT (EF)" in str(error)
    assert "6A82" in str(error)


@pytest.mark.parametrize(("status", "tries_left"), [(0x63C4, 4), (0x63C1, 1), (0x6300, None)])
def test_a_wrong_pin_counts_the_tries_left_or_says_that_it_cannot(status: int, tries_left: int | None) -> None:
    error = errors.PinIncorrect(StatusWord(status), "VERIFY", "PIN of the tests")
    assert error.tries_left == tries_left
    assert error.pin == "PIN of the tests"
    assert "PIN of the tests" in str(error)
    assert (str(tries_left) in str(error)) == (tries_left is not None)
    assert "None" not in str(error)


@pytest.mark.parametrize("status", [0x63C0, 0x6983, 0x6984])
def test_a_blocked_pin_names_the_office_and_no_number(status: int) -> None:
    error = errors.PinBlocked(StatusWord(status), "VERIFY", "PIN of the tests")
    assert "municipal office" in str(error)
    assert not any(digit in str(error) for digit in "123456789")


def test_the_readers_to_choose_from_are_listed() -> None:
    error = errors.ReaderAmbiguousError("Which? {readers}", readers=("one", "two"))
    assert error.readers == ("one", "two")
    assert str(error) == "Which? one, two"


def test_an_absent_certificate_is_a_missing_file() -> None:
    error = errors.CertificateAbsent(StatusWord(0x6A82), "READ BINARY", "digital-signature")
    assert isinstance(error, errors.FileNotFound)
    assert "digital-signature" in str(error)


def test_an_absent_application_is_a_missing_file_and_knows_its_name() -> None:
    error = errors.ApplicationNotFound(StatusWord(0x6A82), "SELECT (application)", "JPKI")
    assert isinstance(error, errors.FileNotFound)
    assert error.application == "JPKI"


def test_the_search_for_secrets_finds_them() -> None:
    assert all(map(tells, (CANARY, repr(CANARY.encode()), "37333931", "37 33 39 31", repr(list(CANARY.encode())))))
    assert not tells("Pin(…)")

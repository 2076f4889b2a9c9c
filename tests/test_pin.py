"""A PIN that does not show itself."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import pprint
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mynacard.apdu.commands import Verify
from mynacard.pin import Pin
from tests.support import CANARY, tells


@given(st.binary(max_size=20))
def test_reveal_gives_the_bytes_that_went_in(secret: bytes) -> None:
    assert Pin(secret).reveal() == secret
    assert len(Pin(secret)) == len(secret)


@given(st.text(st.characters(codec="ascii"), max_size=20))
def test_text_becomes_its_ascii_bytes(secret: str) -> None:
    assert Pin(secret).reveal() == secret.encode("ascii")


@given(st.text(st.characters(min_codepoint=0x80), min_size=1, max_size=20))
def test_what_is_not_ascii_never_becomes_ascii(secret: str) -> None:
    assert not any(byte < 0x80 for byte in Pin(secret).reveal())


@pytest.mark.parametrize(
    "show",
    [
        str,
        repr,
        ascii,
        format,
        pprint.pformat,
        lambda pin: f"{pin}",
        lambda pin: f"{pin!r:>20}",
        lambda pin: f"{pin:>20}",
        lambda pin: "%s %r" % (pin, pin),  # noqa: UP031  # as a logger does it
        "{0} {0!s}".format,  # as a message template does it
        lambda pin: repr([pin, {"pin": pin}]),
        lambda pin: repr(Verify(0x18, pin)),
    ],
)
def test_a_pin_prints_as_dots(show: object) -> None:
    shown = show(Pin(CANARY))  # type: ignore[operator]
    assert "Pin(…)" in shown or "Pin(\\u2026)" in shown
    assert not tells(shown)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pin_cannot_be_pickled(protocol: int) -> None:
    with pytest.raises(TypeError) as caught:
        pickle.dumps(Pin(CANARY), protocol)
    assert not tells(str(caught.value))


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda pin: dataclasses.asdict(Verify(0x18, pin))])
def test_a_pin_cannot_be_copied_by_accident(duplicate: object) -> None:
    with pytest.raises(TypeError) as caught:
        duplicate(Pin(CANARY))  # type: ignore[operator]
    assert not tells(str(caught.value))


@pytest.mark.parametrize("use", [bytes, list, iter, int, hash, vars, lambda pin: pin[0], lambda pin: "1" in pin])
def test_a_pin_is_no_bytes_no_sequence_no_number_and_no_key(use: object) -> None:
    with pytest.raises(TypeError) as caught:
        use(Pin(CANARY))  # type: ignore[operator]
    assert not tells(str(caught.value))


def test_a_pin_takes_no_further_attributes() -> None:
    with pytest.raises(AttributeError):
        Pin(CANARY).note = "mine"  # type: ignore[attr-defined]


def test_pins_are_equal_by_their_bytes_and_to_nothing_else() -> None:
    assert Pin(CANARY) == Pin(CANARY.encode())
    assert Pin(CANARY) != Pin("0000")
    assert Pin(CANARY) != Pin(CANARY + "0")
    assert Pin(CANARY) != CANARY
    assert Pin(CANARY) != CANARY.encode()


def test_a_traceback_with_local_variables_shows_no_pin() -> None:
    def fail(pin: Pin) -> None:
        raise RuntimeError(f"not with {pin}")

    with pytest.raises(RuntimeError) as caught:
        fail(Pin(CANARY))
    innermost = traceback.TracebackException.from_exception(caught.value, capture_locals=True).stack[-1]
    assert innermost.locals is not None
    assert innermost.locals["pin"] == "Pin(…)"

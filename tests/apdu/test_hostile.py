"""A card that answers anything at all: whatever is asked of it ends, in few APDUs, and costs one try at most."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from typing import Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mynacard import errors
from mynacard.apdu.channel import Channel
from mynacard.apdu.commands import (
    ComputeDigitalSignature,
    ReadBinary,
    ReadBinarySfi,
    SelectDfFci,
    SelectEf,
    SignatureScheme,
)
from mynacard.apdu.pins import PinReference
from mynacard.apdu.verification import pin_status, verify
from mynacard.pin import Pin
from tests.extent import examples
from tests.support import CANARY, Answer, CardThat, leaks

APDUS_MAX: Final = 70
PIN: Final = PinReference("four digits", 0x18, 3, re.compile(rb"[0-9]{4}"), "exactly 4 digits")

SIGN: Final = ComputeDigitalSignature(0x17, SignatureScheme.PKCS1, b"\x5a" * 51)

OPERATIONS: dict[str, Callable[[Channel], object]] = {
    "select": lambda channel: channel.select(bytes.fromhex("D392F000260100000001"), "JPKI"),
    "select-fci": lambda channel: channel.send(SelectDfFci(b"\xd3")),
    "select-ef": lambda channel: channel.send(SelectEf(0x0A)),
    "read": lambda channel: channel.send(ReadBinary(0)),
    "read-extended": lambda channel: channel.send(ReadBinary(0, 65536)),
    "read-by-identifier": lambda channel: channel.exchange_on(0x0A, ReadBinarySfi(0x0A, 0, 65536)),
    "sign": lambda channel: channel.exchange_on(0x17, SIGN),
    "pin-status": lambda channel: pin_status(channel, PIN),
    "verify": lambda channel: verify(channel, PIN, Pin(CANARY)),
    "verify-last": lambda channel: verify(channel, PIN, Pin(CANARY), spend_last_try=True),
}

WORDS = st.sampled_from(
    [0x9000, 0x6100, 0x6101, 0x61FF, 0x6C00, 0x6C01, 0x6CFF, 0x63C0, 0x63C1, 0x63C3, 0x63CF, 0x6300]
    + [0x6982, 0x6983, 0x6984, 0x6981, 0x6986, 0x6A81, 0x6A82, 0x6A86, 0x6A88, 0x6B00, 0x6700, 0x6F00, 0x0000, 0xFFFF]
).map(lambda word: word.to_bytes(2, "big"))
DATA = st.just(b"") | st.binary(max_size=4) | st.integers(0, 66_000).map(bytes)
FAILURES = st.sampled_from(
    [errors.ReaderError, errors.CardRemovedError, errors.CardResetError, errors.CardMuteError]
    + [errors.OutcomeUnknownError]
)
ANSWERS: st.SearchStrategy[Answer] = st.one_of(
    WORDS,
    st.builds(bytes.__add__, DATA, WORDS),
    st.binary(max_size=300),
    FAILURES.map(lambda failure: failure("The reader says so.")),
)


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS.keys())
@settings(max_examples=examples(300))
@given(first=st.lists(ANSWERS, max_size=6), then=st.lists(ANSWERS, min_size=1, max_size=3))
@example(first=[], then=["5A6101"])
@example(first=[], then=["6100"])
@example(first=[], then=["6C00"])
@example(first=["6A82", "9000", "6C00"], then=["5A6101"])
@example(first=["6A82", "9000", "63C3"], then=["6A82"])
@example(first=["63C3"], then=["6A82"])
@example(first=["63C3"], then=["6CFF"])
@example(first=[], then=["63C3"])
@example(first=[], then=["9000"])
def test_every_operation_ends_and_tells_why(
    operation: Callable[[Channel], object], first: list[Answer], then: list[Answer]
) -> None:
    answers = itertools.chain(first, itertools.cycle(then))
    card = CardThat(lambda command: next(answers))
    raised: errors.MynacardError | None = None
    try:
        operation(Channel(card))
    except errors.MynacardError as error:
        raised = error
    assert raised is None or (str(raised) and not leaks(raised))
    assert len(card.sent) <= APDUS_MAX
    assert len(card.verifies) <= 1


@settings(max_examples=examples(300))
@given(st.lists(ANSWERS, min_size=1, max_size=4), st.booleans())
def test_a_pin_goes_only_to_a_card_that_said_it_has_tries(answers: list[Answer], allowed: bool) -> None:
    said: list[Answer] = []
    script = itertools.cycle(answers)

    def answer(command: bytes) -> Answer:
        said.append(next(script))
        return said[-1]

    card = CardThat(answer)
    try:
        verify(Channel(card), PIN, Pin(CANARY), spend_last_try=allowed)
    except errors.MynacardError:
        pass
    else:
        assert said[-1] in ("9000", b"\x90\x00"), "only '9000' to VERIFY itself is a login"
    if card.verifies:
        before = said[card.sent.index(card.verifies[0]) - 1]
        assert isinstance(before, bytes)
        counted = 0x63C2 <= int.from_bytes(before, "big") <= 0x63CF
        assert counted or (allowed and before in (b"\x63\xc1", b"\x63\x00", b"\x90\x00"))

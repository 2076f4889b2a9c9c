"""Readers through which not every APDU passes."""

from __future__ import annotations

import pytest

from mynacard.errors import OutcomeUnknownError
from mynacard.simulator.narrow import LONGEST, NarrowReader, Narrows


class Echo:
    """Answers as many bytes as the last two of the command say."""

    atr = b""

    def power_on(self) -> bytes:
        return b""

    def power_off(self) -> None:
        return None

    def reset(self) -> bytes:
        return b""

    def transmit(self, command: bytes, /) -> bytes:
        return bytes(int.from_bytes(command[-2:])) + b"\x90\x00"


def sent(narrows: Narrows, length: int, answer: int, *, extended: bool = True) -> bytes:
    head = b"\x00\xa4\x00\x00" + (b"\x00" if extended else b"\x01")
    return NarrowReader(Echo(), narrows).transmit(head + bytes(length - 7) + answer.to_bytes(2))


@pytest.mark.parametrize("longest", [261, 522, 60_000])
def test_an_apdu_passes_up_to_the_byte_and_not_one_more(longest: int) -> None:
    narrows = Narrows(longest=longest)
    assert len(sent(narrows, longest, longest - 2)) == longest
    with pytest.raises(OutcomeUnknownError, match=str(longest + 1)):
        sent(narrows, longest + 1, 0)
    with pytest.raises(OutcomeUnknownError, match=str(longest + 1)):
        sent(narrows, 7, longest - 1)


def test_else_everything_that_can_be_encoded_passes() -> None:
    assert len(sent(Narrows(), LONGEST, 65_535)) == 65_537


def test_what_is_cut_off_looks_whole() -> None:
    answer = sent(Narrows(longest=300, cuts=True), 7, 1000)
    assert len(answer) == 300
    assert answer[-2:] == b"\x90\x00"


def test_without_extended_length_its_commands_are_lost_and_short_ones_pass() -> None:
    narrows = Narrows(extended_length=False)
    with pytest.raises(OutcomeUnknownError):
        sent(narrows, 7, 0)
    assert sent(narrows, 7, 5, extended=False) == bytes(5) + b"\x90\x00"
    assert NarrowReader(Echo(), narrows).transmit(b"\x00\xa4\x00\x00\x00")[-2:] == b"\x90\x00"

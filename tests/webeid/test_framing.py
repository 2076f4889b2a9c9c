"""Frames: whatever way the bytes are split, the same messages come out, or none."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mynacard.errors import ProtocolError
from mynacard.webeid.framing import ANSWER_LENGTHS, COMMAND_LENGTHS, FrameReader, frame

MESSAGES = st.lists(st.binary(min_size=5, max_size=300), max_size=4)
CUTS = st.lists(st.integers(0, 1300), max_size=8)


def parts(data: bytes, cuts: list[int]) -> list[bytes]:
    """*data*, split at *cuts*."""
    places = [0, *sorted(cuts), len(data)]
    return [data[start:end] for start, end in zip(places, places[1:], strict=False)]


def test_a_frame_is_a_native_32_bit_length_and_the_message() -> None:
    assert frame(b'{"a":"b"}') == struct.pack("=I", 9) + b'{"a":"b"}'
    assert (COMMAND_LENGTHS[0], COMMAND_LENGTHS[-1], ANSWER_LENGTHS[-1]) == (5, 8192, 1 << 20)


@given(MESSAGES, CUTS)
def test_messages_come_out_as_they_went_in_however_they_are_split(messages: list[bytes], cuts: list[int]) -> None:
    reader = FrameReader(COMMAND_LENGTHS)
    wire = b"".join(map(frame, messages))
    assert [message for part in parts(wire, cuts) for message in reader.feed(part)] == messages
    assert reader.is_between


@given(st.binary(min_size=5, max_size=50), st.integers(1, 8))
def test_a_message_that_is_not_whole_does_not_come_out(message: bytes, missing: int) -> None:
    reader = FrameReader(COMMAND_LENGTHS)
    assert reader.feed(frame(message)[:-missing]) == []
    assert not reader.is_between


@pytest.mark.parametrize("length", [0, 1, 4, 8193, 1 << 24, (1 << 32) - 1])
def test_a_length_out_of_range_is_an_error_before_its_bytes_come(length: int) -> None:
    reader = FrameReader(COMMAND_LENGTHS)
    for _ in range(2):
        with pytest.raises(ProtocolError):
            reader.feed(struct.pack("=I", length))


@pytest.mark.parametrize("length", [5, 8192])
def test_the_lengths_at_both_ends_are_accepted(length: int) -> None:
    assert FrameReader(COMMAND_LENGTHS).feed(frame(b" " * length)) == [b" " * length]

"""Masked bytes are unknown, in every form that they have."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mynacard.apdu.masking import Range
from mynacard.recordings.recording import MaskedBytes


@given(st.binary(max_size=40), st.lists(st.booleans(), min_size=40, max_size=40))
def test_masked_bytes_are_written_as_they_are_read(data: bytes, hidden: list[bool]) -> None:
    ranges: list[Range] = []
    for at in range(len(data)):
        if hidden[at]:
            if ranges and ranges[-1][1] == at:
                ranges[-1] = (ranges[-1][0], at + 1)
            else:
                ranges.append((at, at + 1))
    masked = MaskedBytes.of(data, tuple(ranges))
    assert MaskedBytes.parse(str(masked)) == masked
    assert "data" not in repr(masked)


@pytest.mark.parametrize(("fill", "filled"), [(0, "0100000490"), (0xEE, "01eeee0490")])
def test_masked_bytes_are_filled_and_the_others_stay(fill: int, filled: str) -> None:
    assert MaskedBytes.of(bytes.fromhex("0102030490"), ((1, 3),)).filled(fill).hex() == filled

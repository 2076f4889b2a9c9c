"""Tables and bars for a terminal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mynacard.cli.chart import Row, bars, has_blocks, table


def test_bars_are_as_long_as_their_values() -> None:
    rows = [Row("one", 100.0, "100"), Row("another", 50.0, "50"), Row("none", 0.0, "0"), Row("a bit", 0.001, "0.001")]
    assert bars(rows, 32, blocks=True) == [
        "one      ████████████████    100",
        "another  ████████             50",
        "none                           0",
        "a bit    ▏                 0.001",
    ]
    assert bars(rows, 32, blocks=False) == [
        "one      ################    100",
        "another  ########             50",
        "none                           0",
        "a bit    #                 0.001",
    ]


@pytest.mark.parametrize(("eighths", "bar"), [*enumerate(["▏", "▎", "▍", "▌", "▋", "▊", "▉", "█", "█▏"], 1)])
def test_a_bar_ends_within_a_column(eighths: int, bar: str) -> None:
    rows = [Row("a", 64.0, "x"), Row("b", float(eighths), "x")]
    assert bars(rows, 1 + 2 + 8 + 2 + 1, blocks=True)[1] == f"b  {bar:8}  x"


def test_one_bar_fills_its_line_and_none_is_no_line() -> None:
    assert bars([Row("step", 3.0, "3 ms")], 24, blocks=True) == ["step  ████████████  3 ms"]
    assert bars([Row("step", 0.0, "0 ms")], 24, blocks=True) == ["step                0 ms"]
    assert bars([], 24, blocks=True) == []


def test_japanese_letters_take_two_columns() -> None:
    assert bars([Row("署名", 2.0, "2"), Row("a", 1.0, "1")], 17, blocks=True) == [
        "署名  ████████  2",
        "a     ████      1",
    ]
    assert table([("署名", "1"), ("PIN", "12")]) == ["署名   1", "PIN   12"]


@given(st.lists(st.just(0.0) | st.floats(1e-6, 1e9), min_size=1, max_size=20), st.integers(0, 300), st.booleans())
def test_all_lines_are_of_the_width_that_there_is(values: list[float], width: int, blocks: bool) -> None:
    lines = bars([Row(f"step {at}", value, f"{value:.2f}") for at, value in enumerate(values)], width, blocks=blocks)
    assert len(lines) == len(values)
    least = max(len(f"step {at}") for at in range(len(values))) + 4 + 8 + max(len(f"{value:.2f}") for value in values)
    assert {len(line) for line in lines} == {max(width, least)}
    for line, value in zip(lines, values, strict=True):
        assert any(letter in line for letter in "▏▎▍▌▋▊▉█#") is (value > 0)


@pytest.mark.parametrize(
    ("encoding", "there"),
    [("utf-8", True), ("utf-16", True), ("ascii", False), ("cp932", False), ("latin-1", False), ("no-such", False)],
)
def test_blocks_are_drawn_where_the_encoding_has_them(encoding: str, there: bool) -> None:
    assert has_blocks(encoding) is there

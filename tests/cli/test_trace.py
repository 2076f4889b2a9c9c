"""A trace shows what passes, and of a command with a secret only the header."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mynacard.apdu.message import CommandApdu
from mynacard.cli.trace import Trace, answer_line, command_line
from tests.support import CardThat


@given(st.binary(min_size=1, max_size=300))
def test_a_trace_is_the_same_for_a_pin_of_any_length(secret: bytes) -> None:
    lines: list[str] = []
    Trace(CardThat(lambda _: "9000"), lines.append).transmit(bytes(CommandApdu(0x00, 0x20, 0x00, 0x98, secret)))
    assert lines == ["  > 00 20 00 98 **", "  < 9000"]


@pytest.mark.parametrize(
    ("command", "line"),
    [
        ("00200098", "  > 00 20 00 98"),
        ("00B0000004", "  > 00 B0 00 00 04"),
        ("00" * 30, f"  > {'00 ' * 24}… (30 bytes)"),
    ],
)
def test_a_command_without_a_secret_is_shown(command: str, line: str) -> None:
    assert command_line(bytes.fromhex(command)) == line


@pytest.mark.parametrize(
    ("answer", "line"),
    [(None, "  < (none)"), (b"", "  < (empty)"), (b"\x90", "  < 90"), (b"\x01\x90\x00", "  < 01 9000")],
)
def test_an_answer_that_is_none_is_shown_too(answer: bytes | None, line: str) -> None:
    assert answer_line(answer) == line

"""A bar is shown on a terminal, and nowhere else."""

from __future__ import annotations

import io

import pytest

from mynacard.cli.progress import progress


class Terminal(io.StringIO):
    def __init__(self, is_one: bool) -> None:
        super().__init__()
        self.is_one = is_one

    def isatty(self) -> bool:
        return self.is_one


@pytest.mark.parametrize("is_one", [True, False])
def test_a_bar_shows_how_much_is_done_to_a_terminal_only(is_one: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", stream := Terminal(is_one))
    with progress("Checking", 4) as show:
        for done in (1, 3, 4):
            show(done)
    shown = stream.getvalue()
    assert ("Checking" in shown, "75%" in shown, "100%" in shown) == (is_one, is_one, is_one)

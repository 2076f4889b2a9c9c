"""A test PKI for these tests only, and a card with PINs that occur nowhere else."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mynacard.doors import new_cards
from tests.cli.command_line import PASSWORD, PIN, CardAlong, CardFile, run
from tests.readers.fake_scard import Desk, desk_with

collect_ignore = [
    *(["test_help.py", "test_terminal.py"] if sys.platform == "win32" else []),  # no pseudo-terminals; other signals
    *(
        ["test_bench_door.py", "test_keypad.py", "test_sim_exec.py", "test_two_phases.py"]
        if sys.platform != "linux"
        else []
    ),  # the door is Linux's
]


@pytest.fixture(scope="session")
def cli_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cli")


@pytest.fixture(autouse=True)
def _own_surroundings(cli_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    monkeypatch.setenv("MYNACARD_CACHE", str(cli_folder / "cache"))
    monkeypatch.setenv("COLUMNS", "1000")
    monkeypatch.delenv("MYNACARD_READER", raising=False)


@pytest.fixture
def card(cli_folder: Path, tmp_path: Path) -> CardFile:
    """A card with the PINs of these tests, and all its tries."""
    template = cli_folder / "card.json"
    if not template.exists():
        made = run("sim", "new", template, "--choose-pins", stdin=f"{PIN}\n{PASSWORD}\n".encode())
        assert made.code == 0, made.err
    return CardFile(Path(shutil.copy(template, tmp_path / "card.json")))


@pytest.fixture
def desk(card: CardFile, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk with the card on its one reader."""
    return desk_with(card.card(), monkeypatch)


@pytest.fixture
def card_along(
    card: CardFile, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Callable[[bytes, bytes], bytes]], CardAlong]:
    """Make ``sim:`` mean the card with its answers changed."""

    def make(change: Callable[[bytes, bytes], bytes]) -> CardAlong:
        made = CardAlong(card.card(), change)
        monkeypatch.setattr(new_cards, "new_card", lambda: made)
        return made

    return make


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "application.txt"
    path.write_bytes("在留期間更新許可申請書\n".encode())
    return path

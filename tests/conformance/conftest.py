"""The desk of these tests: real PC/SC, and a simulated card."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mynacard.doors import disk
from tests.rig.pcscd import Desk, card_command, private_pcscd

# pcscd and network namespaces are Linux's.
_LINUX = ("no_leak", "opensc", "own_driver", "reader_check", "residence", "sim_exec")
collect_ignore = [] if sys.platform == "linux" else [f"test_{name}.py" for name in _LINUX]


@pytest.fixture(scope="module")
def card_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A simulated card in a file, with the PINs 1234 and ABC123."""
    folder = tmp_path_factory.mktemp("card")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("MYNACARD_CACHE", str(folder / "cache"))
        disk.create_file(folder / "card")
        yield folder / "card"


@pytest.fixture(scope="module")
def desk(card_file: Path) -> Iterator[Desk]:
    """A private PC/SC service with that card on its reader."""
    with private_pcscd(card_command(card_file)) as found:
        yield found

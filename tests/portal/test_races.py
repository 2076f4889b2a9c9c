"""Of two changes at once that exclude each other one wins, the other is told, and every receipt's file is there."""

from __future__ import annotations

import shutil
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.portal.races import PAIRS, Processes, Threads, World, outcome, race, serial_outcomes, world

SEEDS = range(5)
TOLD = {
    ("submit", "submit"): {"received"},
    ("submit", "submit under another key"): {"received", "challenge/unknown"},
    ("supplement", "supplement"): {"under_examination"},
    ("supplement", "supplement with other documents"): {"under_examination", "application/state"},
    ("grant", "grant"): {"granted", "application/state"},
    ("withdraw", "grant"): {"withdrawn", "granted", "application/state"},
}
"""The outcomes for some pairs, whatever the order."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> World:
    return world(tmp_path_factory.mktemp("races") / "world")


@pytest.fixture(scope="module")
def processes(made: World) -> Generator[Processes]:
    with Processes(made) as racers:
        yield racers


def check(made: World, pair: tuple[str, str], racers: Threads | Processes, folder: Path, seeds: range) -> None:
    good = serial_outcomes(made, pair, folder)
    assert {(result.files_missing, result.files_too_many) for result in good} == {(0, 0)}
    for seed in seeds:
        result, told = race(made, pair, racers, folder / str(seed), seed)
        assert result in good, (seed, told)
        assert set(told) <= TOLD.get(pair, set(told)), (seed, told)


@pytest.mark.parametrize("pair", PAIRS, ids=" and ".join)
def test_two_changes_at_once_in_two_threads_are_as_one_after_the_other(
    pair: tuple[str, str], made: World, tmp_path: Path
) -> None:
    """More of them: ``make races``, docs/races.md."""
    with Threads() as racers:
        check(made, pair, racers, tmp_path, SEEDS)


@pytest.mark.parametrize("pair", list(TOLD), ids=" and ".join)
def test_two_changes_at_once_in_two_processes_are_as_one_after_the_other(
    pair: tuple[str, str], made: World, processes: Processes, tmp_path: Path
) -> None:
    check(made, pair, processes, tmp_path, SEEDS)


def test_the_judge_sees_a_missing_file_and_one_too_many(made: World, tmp_path: Path) -> None:
    folder = tmp_path / "store"
    shutil.copytree(made.folder, folder)
    (package,) = (folder / "packages").iterdir()
    package.rename(folder / "packages" / "another")
    result = outcome(folder, ("", ""))
    assert (result.files_missing, result.files_too_many) == (1, 1)

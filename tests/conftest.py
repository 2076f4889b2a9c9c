"""The setup of all tests: always the same examples, no judgement by time, and counterexamples that can be pasted."""

from __future__ import annotations

import os
import random
import signal
import sys
from collections.abc import Callable, Iterator
from typing import Final

import pytest

from mynacard.doors import disk
from mynacard.simulator import SimulatedCard
from tests.readers.door import door, library_is_here, run_wide_door
from tests.support import Answer, ScriptedCard

__all__ = ["door", "run_wide_door"]  # one service for the whole run, whichever folder asks for it

_LONG_VALUE: Final = 100
SEED: Final = 20160113
"""The seed of `random` at the start of each test."""

pytest_plugins = ["tests.extent"]

os.environ["LANGUAGE"] = "en"  # before the command line is imported, which speaks the user's language
os.environ.pop("COLUMNS", None)  # prose is as wide as the terminal of whoever runs the tests

# A background job of a shell ignores Ctrl-C, and so would the programs that the tests interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Long values do not name a test: some are made at random, and all workers have to collect the same names."""
    return argname if isinstance(val, bytes | str) and len(val) > _LONG_VALUE else None


def pytest_report_header(config: pytest.Config) -> str:
    ours = "thorough" if config.getoption("--thorough") else "mynacard"
    profile = config.getoption("--hypothesis-profile", default=None) or ours
    forced = config.getoption("--hypothesis-seed", default=None)
    chosen = "from each test's own source" if profile != "explore" else (forced or "free")
    return f"seeds: random {SEED}; hypothesis {chosen} (profile {profile}; --hypothesis-profile=explore looks further)"


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:  # pyright: ignore[reportUnusedFunction]
    """One test PKI for the whole run, outside the user's cache; the user's choice of reader and binding is ignored."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("MYNACARD_CACHE", str(tmp_path_factory.mktemp("cache")))
        for name in ("MYNACARD_READER", "MYNACARD_PCSC", "MYNACARD_PROFILES"):
            environment.delenv(name, raising=False)
        yield


@pytest.fixture(scope="session", autouse=True)
def _own_service(request: pytest.FixtureRequest) -> None:  # pyright: ignore[reportUnusedFunction]
    """Start the service before any test: pcsc-lite's library stays with the first one that it finds.

    It is not started if the tests were given a real reader.
    """
    real = request.config.getoption("--reader", default=None)
    if sys.platform.startswith("linux") and library_is_here() and not real:
        request.getfixturevalue("run_wide_door")


@pytest.fixture(autouse=True)
def _seeded() -> None:  # pyright: ignore[reportUnusedFunction]  # pytest finds it
    random.seed(SEED)


@pytest.fixture
def card() -> SimulatedCard:
    """A new one, with the PINs that all new ones have; some folders have cards of their own."""
    return disk.new_card()


@pytest.fixture
def scripted() -> Iterator[Callable[..., ScriptedCard]]:
    """Make cards that expect these commands, and check at the end that all of them came."""
    made: list[ScriptedCard] = []

    def make(*script: tuple[str, Answer]) -> ScriptedCard:
        made.append(ScriptedCard(script))
        return made[-1]

    yield make
    for card in made:
        assert not card.rest, f"never came: {[command for command, _ in card.rest]}"

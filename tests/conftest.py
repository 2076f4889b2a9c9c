"""How all tests run: always the same examples, no clock in judgement, and a counterexample that can be pasted."""

from __future__ import annotations

import os
import random
import signal
import sys
from collections.abc import Callable, Iterator
from typing import Final

import pytest

from tests.readers.door import door, library_is_here, service
from tests.support import Answer, ScriptedCard

__all__ = ["door", "service"]  # one service for the whole run, whichever folder asks for it

SEED: Final = 20160113
"""What `random` starts each test with."""

pytest_plugins = ["tests.extent"]

os.environ["LANGUAGE"] = "en"  # before the command line is imported, which speaks the user's language

# A background job of a shell ignores Ctrl-C, and so would the programs that the tests interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_report_header(config: pytest.Config) -> str:
    ours = "thorough" if config.getoption("--thorough") else "mynacard"
    profile = config.getoption("--hypothesis-profile", default=None) or ours
    forced = config.getoption("--hypothesis-seed", default=None)
    chosen = "from each test's own source" if profile != "explore" else (forced or "free")
    return f"seeds: random {SEED}; hypothesis {chosen} (profile {profile}; --hypothesis-profile=explore looks further)"


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:  # pyright: ignore[reportUnusedFunction]
    """One test PKI for the whole run, none of it in the user's cache; nor a reader or binding that the user chose."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("MYNACARD_CACHE", str(tmp_path_factory.mktemp("cache")))
        for name in ("MYNACARD_READER", "MYNACARD_PCSC", "MYNACARD_PROFILES"):
            environment.delenv(name, raising=False)
        yield


@pytest.fixture(scope="session", autouse=True)
def _own_service(request: pytest.FixtureRequest) -> None:  # pyright: ignore[reportUnusedFunction]
    """The service comes first, whichever test does: pcsc-lite's library keeps to the one that it finds first.

    Not where the tests were given a real reader.
    """
    real = request.config.getoption("--reader", default=None)
    if sys.platform.startswith("linux") and library_is_here() and not real:
        request.getfixturevalue("service")


@pytest.fixture(autouse=True)
def _seeded() -> None:  # pyright: ignore[reportUnusedFunction]  # pytest finds it
    random.seed(SEED)


@pytest.fixture
def scripted() -> Iterator[Callable[..., ScriptedCard]]:
    """Makes cards that expect these commands, and sees at the end that all of them came."""
    made: list[ScriptedCard] = []

    def make(*script: tuple[str, Answer]) -> ScriptedCard:
        made.append(ScriptedCard(script))
        return made[-1]

    yield make
    for card in made:
        assert not card.rest, f"never came: {[command for command, _ in card.rest]}"

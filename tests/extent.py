"""How far a run goes: `make test` samples, skips what is marked ``thorough``, and says at its end what it left out;
`make thorough` (``--thorough``) runs that, and every property with all its examples, and nothing that `make test` does.
"""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final, TypeVar

import pytest
from _pytest.terminal import TerminalReporter
from hypothesis import settings

__all__ = ["all_or_some", "examples"]

T = TypeVar("T")

FULL: Final = 100
"""The examples of a property that does not say how many it wants, in a thorough run."""
QUICK: Final = 10
SAMPLE: Final = 250
"""How many values of an exhaustive loop a quick run takes."""

settings.register_profile("mynacard", derandomize=True, deadline=None, print_blob=True, max_examples=QUICK)
settings.register_profile("thorough", derandomize=True, deadline=None, print_blob=True, max_examples=FULL)
settings.register_profile("explore", derandomize=False, deadline=None, print_blob=True, max_examples=2000)
settings.load_profile("mynacard")


def examples(count: int) -> int:
    """How many examples a property tries now, if it wants *count* in a thorough run."""
    return max(1, count * settings().max_examples // FULL)


def all_or_some(values: Sequence[T], sample: int = SAMPLE) -> Iterator[T]:
    """All *values* in a thorough run; else about *sample*, evenly spread, the first and the last among them.

    The step is odd, so that values of every remainder modulo a power of two are among them. Tests that call it are
    marked ``exhaustive``.
    """
    step = 1 if settings().max_examples >= FULL else max(1, len(values) // sample) | 1
    yield from values[::step]
    if values and (len(values) - 1) % step:
        yield values[-1]


# --- hooks: tests/conftest.py names this file as a plugin --------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--thorough", action="store_true", help="run what `make test` leaves out, and nothing else")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "thorough(why): left to `make thorough`, because it takes long or needs *why*")
    config.addinivalue_line("markers", "exhaustive: takes a sample in `make test`, and everything in `make thorough`")
    if config.getoption("--thorough"):
        settings.load_profile("thorough")


@pytest.hookimpl(trylast=True)  # Hypothesis marks its tests first
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--thorough"):
        dropped = [item for item in items if not _goes_further(item)]
        items[:] = [item for item in items if _goes_further(item)]
        config.hook.pytest_deselected(items=dropped)
        return
    for item in items:
        for mark in item.iter_markers("thorough"):
            item.add_marker(pytest.mark.skip(reason=f"`make thorough`: {mark.args[0]}"))


def pytest_collection_finish() -> None:
    """What was collected stays until the end: the collector of garbage need not look at all of it again and again."""
    gc.collect()
    gc.freeze()


def _goes_further(item: pytest.Item) -> bool:
    return any(item.get_closest_marker(name) for name in ("thorough", "exhaustive", "hypothesis"))


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    skipped: list[pytest.TestReport] = terminalreporter.stats.get("skipped", [])
    reasons = Counter(_reason(report) for report in skipped)
    if reasons:
        terminalreporter.section(f"left out: {reasons.total()} tests")
        for reason, count in reasons.most_common():
            terminalreporter.write_line(f"{count:5}  {reason}")


def _reason(report: pytest.TestReport) -> str:
    told = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return told.removeprefix("Skipped: ")

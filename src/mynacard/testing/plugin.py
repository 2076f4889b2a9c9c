"""The pytest plugin: a simulated card for each test that asks for one.

pytest imports this at every start, in every project whose environment has mynacard: so it loads nothing until a fixture
is used.

Source: pytest, "Writing plugins".
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from mynacard.jpki.session import JpkiSession
    from mynacard.testing.cards import CardUnderTest, Count
    from mynacard.testing.readers import ReaderUnderTest

MARKER: Final = "mynacard"
_CACHE: Final = "mynacard_cache"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini(
        _CACHE,
        "A folder for mynacard's test PKI, for later runs to use, too; by default each run makes its own.",
        "paths",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        f"{MARKER}(persona, personality, extended_length, pins, faults, timing): the simulated card for this test",
    )


@pytest.fixture(scope="session")
def mynacard_cache(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Generator[None, None, None]:
    """A test PKI for this run, not the user's."""
    chosen: list[Any] = pytestconfig.getini(_CACHE)
    folder = chosen[0] if chosen else tmp_path_factory.mktemp("mynacard")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("MYNACARD_CACHE", str(folder))
        yield


@pytest.fixture
def mynacard_card(request: pytest.FixtureRequest, mynacard_cache: None) -> CardUnderTest:
    """A fresh simulated card in memory, as the marker ``mynacard`` says: a Card, for sessions and portals."""
    from mynacard.testing.cards import CardOptions

    marker = request.node.get_closest_marker(MARKER)
    words: dict[str, Any] = dict(marker.kwargs) if marker is not None else {}
    known = {field for field in CardOptions.__dataclass_fields__}
    if marker is not None and (marker.args or not words.keys() <= known):
        raise pytest.UsageError(f"the marker {MARKER} takes these keywords: {', '.join(sorted(known))}")
    return CardOptions(**words).make()


@pytest.fixture
def mynacard_session(mynacard_card: CardUnderTest) -> JpkiSession:
    """The JPKI application of that card, selected; no PIN is verified."""
    from mynacard.jpki.session import JpkiSession

    return JpkiSession(mynacard_card)


@pytest.fixture
def mynacard_reader(mynacard_card: CardUnderTest) -> Generator[ReaderUnderTest, None, None]:
    """That card on a PC/SC reader, for programs under test; the test is skipped on systems other than Linux."""
    if not sys.platform.startswith("linux"):
        pytest.skip("simulated readers are only on Linux: they stand in for pcsc-lite's")
    from mynacard.testing.readers import reader_with

    with reader_with(mynacard_card) as reader:
        yield reader


@pytest.fixture
def apdu_count(mynacard_card: CardUnderTest) -> Callable[[], AbstractContextManager[Count]]:
    """``with apdu_count() as apdus:`` counts what the card is sent: ``apdus.total``, ``apdus.pins``."""
    from mynacard.testing.cards import count

    return lambda: count(mynacard_card)

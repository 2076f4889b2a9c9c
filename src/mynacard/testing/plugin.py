"""The pytest plugin: a simulated card for each test that asks for one.

pytest imports this at every start, in every project whose environment has mynacard: so it loads nothing until a fixture
is used.

Source: pytest, "Writing plugins".
"""

from __future__ import annotations

import sys
from collections.abc import Generator
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from mynacard.jpki.session import JpkiSession
    from mynacard.residence import ResidenceCard
    from mynacard.testing.cards import ApduCount, CardOptions, CardUnderTest
    from mynacard.testing.pki import SimulatedPki
    from mynacard.testing.reader_options import ReaderOptions
    from mynacard.testing.readers import ReaderUnderTest
    from mynacard.testing.receivers import ReceiverUnderTest

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
        f"{MARKER}(persona, personality, extended_length, pins, faults, timing, limits, keypad): "
        "the simulated card for this test, and its reader",
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

    words = _words(request, CardOptions)
    if "mynacard_residence" in request.fixturenames:
        from mynacard.testing.residence import RESIDENCE

        words.setdefault("persona", RESIDENCE)
    return CardOptions(**words).make()


@pytest.fixture
def mynacard_session(mynacard_card: CardUnderTest) -> JpkiSession:
    """The JPKI application of that card, selected; no PIN is verified."""
    from mynacard.jpki.session import JpkiSession

    return JpkiSession(mynacard_card)


@pytest.fixture
def mynacard_residence(mynacard_card: CardUnderTest) -> ResidenceCard:
    """That card, opened with its number: a residence card of the second generation, unless the marker says another."""
    from mynacard.testing.residence import opened_residence_card

    return opened_residence_card(mynacard_card)


@pytest.fixture
def mynacard_reader(
    request: pytest.FixtureRequest, mynacard_card: CardUnderTest
) -> Generator[ReaderUnderTest, None, None]:
    """The simulated card on a PC/SC reader: ``open_card()`` finds it, and on Linux programs do.

    A test that asks for their environment on another system is skipped.
    """
    from mynacard.testing.reader_options import ReaderOptions
    from mynacard.testing.readers import reader_with

    with reader_with(mynacard_card, ReaderOptions(**_words(request, ReaderOptions)), check=_check_system) as reader:
        yield reader


@pytest.fixture
def mynacard_pki(mynacard_cache: None) -> SimulatedPki:
    """Anchors, roots, revocation lists and a time-stamping authority of this run's simulated cards."""
    from mynacard.testing.pki import SimulatedPki

    return SimulatedPki()


@pytest.fixture
def mynacard_receiver(mynacard_cache: None) -> Generator[ReceiverUnderTest, None, None]:
    """The reference receiver of applications on a port of this machine, empty; needs the extra ``server``."""
    from mynacard.testing.receivers import receiver

    with receiver() as served:
        yield served


@pytest.fixture
def apdu_count(mynacard_card: CardUnderTest) -> ApduCount:
    """``with apdu_count() as apdus:`` counts what the card is sent: ``apdus.total``, ``apdus.pins``."""
    from mynacard.testing.cards import count

    return lambda: count(mynacard_card)


def _words(request: pytest.FixtureRequest, options: type[CardOptions | ReaderOptions]) -> dict[str, Any]:
    """The keywords of the marker that are *options*."""
    from mynacard.testing.cards import CardOptions
    from mynacard.testing.reader_options import ReaderOptions

    marker = request.node.get_closest_marker(MARKER)
    words: dict[str, Any] = dict(marker.kwargs) if marker is not None else {}
    known = {*CardOptions.__dataclass_fields__, *ReaderOptions.__dataclass_fields__}
    if marker is not None and (marker.args or not words.keys() <= known):
        raise pytest.UsageError(f"the marker {MARKER} takes these keywords: {', '.join(sorted(known))}")
    return {word: value for word, value in words.items() if word in options.__dataclass_fields__}


def _check_system() -> None:
    if not sys.platform.startswith("linux"):
        pytest.skip("programs find simulated readers only on Linux: they stand in for pcsc-lite's")

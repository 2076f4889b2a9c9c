"""One suite, several cards: each test runs once for every way of reaching a card.

``--reader NAME`` tests a real card instead, only with tests that do it no harm; the others are deselected, and the
reasons are printed.
"""

from __future__ import annotations

import ctypes
import inspect
import sys
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path
from typing import Final, cast

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from mynacard.doors.cache import cache_folder
from mynacard.doors.pcsclite import PcscliteDoor
from mynacard.errors import MaskedError, ReaderError
from mynacard.opening import choose_reader
from mynacard.personal.layout import FACE_CERTIFICATE
from mynacard.readers import find_library, list_readers
from mynacard.readers.abi import PCSC_LITE
from tests.conformance.card.conversation import Conversation
from tests.conformance.card.guard import Guard, RefusedError
from tests.conformance.card.objects import CvCertificate
from tests.conformance.card.pcsc_card import PcscCard
from tests.conformance.card.statements import STATEMENTS, Statement
from tests.conformance.card.ways import (
    READER,
    DoorCard,
    InMemory,
    RecordedCard,
    known_of_cards,
    known_of_simulated_cards,
    pins_of,
    read_pins,
    simulated,
)
from tests.rig.pcscd import unavailable

SIMULATED: Final = ("simulator", "door", "recording") if sys.platform == "linux" else ("simulator", "recording")
REAL: Final = "reader"

RECORDED: Final = pytest.StashKey[RecordedCard]()
SPARED: Final = pytest.StashKey[dict[str, str]]()
CACHE: Final = pytest.StashKey[Path]()
"""The user's own cache: behind a door, a simulated card is from there."""
IS_SIMULATED: Final = pytest.StashKey[bool]()
IS_STRICT: Final = pytest.StashKey[bool]()
WARM_RESET: Final = "state-warm-reset"
NOBODY: Final[Mapping[str, bytes]] = {}


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("conformance", "the conformance suite on a real card")
    group.addoption("--reader", metavar="NAME", help="ask the card on this reader, and nothing that could harm it")
    group.addoption("--pin-file", metavar="FILE", help="its right PINs, a name and a PIN in each line")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "statement(id, …): what of vectors/conformance/statements.json a test shows")
    config.stash[CACHE] = cache_folder()
    if _reader(config):
        _check_desk(_reader(config))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "card" in metafunc.fixturenames:
        metafunc.parametrize("way", (REAL,) if _reader(metafunc.config) else SIMULATED)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not _reader(config):
        return
    spared = config.stash.setdefault(SPARED, {})
    kept: list[pytest.Item] = []
    dropped: list[pytest.Item] = []
    for item in items:
        shown = statements_of(item)
        reasons = {found.id: found.spares_a_real_card(_told(config)) for found in shown}
        found = {name: why for name, why in reasons.items() if why}
        (dropped if found else kept).append(item)
        if found:
            spared.update({name: found.get(name) or "is shown together with another that is not" for name in reasons})
    items[:] = kept
    config.hook.pytest_deselected(items=dropped)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if config.stash.get(IS_SIMULATED, False):
        terminalreporter.write_line("This card is simulated: its certificates are checked with simulated roots.")
    spared = config.stash.get(SPARED, None)
    if spared:
        terminalreporter.section("not asked of a real card")
        for name, why in spared.items():
            terminalreporter.write_line(f"{name}: {why}")


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """A test on a recording runs twice: once to make it, once on it."""
    recorded = pyfuncitem.stash.get(RECORDED, None)
    if _is_strict(pyfuncitem.config) and any(shown.id == WARM_RESET for shown in statements_of(pyfuncitem)):
        with pytest.raises(AssertionError):  # a simulated card of the strict personality forgets more than cards do
            yield
        return True
    if recorded is None:
        return (yield)
    names = inspect.signature(pyfuncitem.obj).parameters
    pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names})
    recorded.play()
    if any(statement.masked for statement in statements_of(pyfuncitem)):
        with pytest.raises(MaskedError):  # otherwise the statement's "replay" is out of date
            yield
        return True
    done = yield
    assert recorded.rest == 0
    return done


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Report a failure on a real card by its place and its APDUs, without data, which may be personal."""
    report: pytest.TestReport = yield
    if call.excinfo is not None and report.failed and _reader(item.config):
        own = [entry for entry in call.excinfo.traceback if Path(entry.path).parent == Path(__file__).parent]
        where = [f"{Path(entry.path).name}:{entry.lineno + 1}: {str(entry.statement).strip()}" for entry in own]
        refused = [str(call.excinfo.value)] if call.excinfo.errisinstance(RefusedError) else []
        card = cast(pytest.Function, item).funcargs.get("card")
        heard = card.heard[-12:] if isinstance(card, Conversation) else []
        report.longrepr = "\n".join([*where, call.excinfo.typename, *refused, *heard])
        report.sections = []
    return report


def statements_of(item: pytest.Item) -> list[Statement]:
    """The statements that the test names."""
    marks = list(item.iter_markers("statement"))
    return [STATEMENTS[name] for mark in marks for name in mark.args]


def _reader(config: pytest.Config) -> str:
    return config.getoption("--reader", default="") or ""


def _is_strict(config: pytest.Config) -> bool:
    return config.stash.get(IS_STRICT, False)


def _check_desk(reader: str) -> None:
    """End the run in one sentence where there is no such reader, or no card on it.

    Raises:
        pytest.UsageError: the sentence.
    """
    try:
        states = list_readers()
        name = choose_reader(states, reader)
    except ReaderError as error:
        raise pytest.UsageError(str(error)) from None
    if not any(state.card_present for state in states if state.name == name):
        raise pytest.UsageError(f"There is no card on the reader {name}.")


def _told(config: pytest.Config) -> Mapping[str, bytes]:
    """The PINs of the real card that were given."""
    path = config.getoption("--pin-file", default="")
    return read_pins(Path(path)) if path else NOBODY


# --- the cards ---------------------------------------------------------------------------------------


@pytest.fixture
def card(request: pytest.FixtureRequest, way: str) -> Iterator[Conversation]:
    """A card that was not used yet, just powered on."""
    if way == REAL:
        real: Guard = request.getfixturevalue("real_card")
        real.power_cycle()
        yield Conversation(real, _told(request.config), request.getfixturevalue("known_of_real_card"))
        return
    personas = {statement.persona for statement in statements_of(request.node)}
    assert len(personas) == 1, "a test is about one kind of card"
    persona = personas.pop()
    pins, known = pins_of(persona), known_of_simulated_cards()
    match way:
        case "simulator":
            yield Conversation(InMemory(simulated(persona)), pins, known)
        case "recording":
            request.node.stash[RECORDED] = recorded = RecordedCard(simulated(persona))
            yield Conversation(recorded, pins, known)
        case _:
            door: PcscliteDoor = request.getfixturevalue("own_door")
            client: DoorCard = request.getfixturevalue("client")
            door.plug(READER, simulated(persona))
            client.open(READER)
            yield Conversation(client, pins, known)
            client.close()
            door.unplug(READER)


@pytest.fixture(scope="session")
def own_door() -> Iterator[PcscliteDoor]:
    try:
        ctypes.CDLL(PCSC_LITE.library)
    except OSError:
        unavailable("libpcsclite is not installed; tools/system_packages.sh says which packages the tests need")
    with PcscliteDoor() as door:
        yield door


@pytest.fixture(scope="session")
def client(own_door: PcscliteDoor) -> Iterator[DoorCard]:
    client = DoorCard(own_door)
    yield client
    client.end()


@pytest.fixture(scope="session")
def real_card(request: pytest.FixtureRequest) -> Iterator[Guard]:
    """The card on the named reader, behind the guard."""
    library = find_library()
    found = PcscCard(library, choose_reader(list_readers(library), _reader(request.config)))
    try:
        yield Guard(found, _told(request.config))
    finally:
        found.close()


@pytest.fixture(scope="session")
def known_of_real_card(request: pytest.FixtureRequest, real_card: Guard) -> Mapping[str, RSAPublicKey]:
    """The root keys of real cards; or of simulated ones, if the card on the named reader is one behind a door."""
    real_card.power_cycle()
    asked = Conversation(real_card, NOBODY, {})
    asked.select("card-face")
    issuer = CvCertificate.parse(asked.read(FACE_CERTIFICATE.file_id)).issuer.hex()
    if issuer in known_of_cards():
        return known_of_cards()
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("MYNACARD_CACHE", str(request.config.stash[CACHE]))
        simulated_ones = known_of_simulated_cards()
    request.config.stash[IS_SIMULATED] = issuer in simulated_ones
    asked.select("jpki")
    real_card.warm_reset()
    request.config.stash[IS_STRICT] = issuer in simulated_ones and asked.sw("00200098")[:2] != "63"
    return simulated_ones if issuer in simulated_ones else known_of_cards()

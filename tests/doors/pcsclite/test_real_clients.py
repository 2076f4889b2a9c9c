"""The door and the real libpcsclite, in clients that are processes: pyscard's raw layer, and its monitors."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec

import pytest

from mynacard.doors import disk
from mynacard.doors.pcsclite import PcscliteDoor
from mynacard.doors.pcsclite.scard import Code, Disposition, ShareMode
from mynacard.simulator import Personality, SimulatedCard, Traits
from mynacard.simulator.faults import Fault
from tests.doors.pcsclite.client import APPLICATION, DONE, REFUSED, SIGN, VERIFY
from tests.rig.pcscd import CLIENT_S, unavailable
from tests.rig.scard import Scard

NAME = "A Reader"


@pytest.fixture(scope="module")
def opened() -> Iterator[PcscliteDoor]:
    with PcscliteDoor() as door:
        yield door


@pytest.fixture
def door(opened: PcscliteDoor, card: SimulatedCard) -> PcscliteDoor:
    """The one door, with the card on its one reader."""
    for name in opened.readers:
        opened.unplug(name)
    opened.plug(NAME, card)
    return opened


@pytest.fixture
def client(door: PcscliteDoor) -> Iterator[Callable[[], Scard]]:
    """Makes clients; all are gone at the end."""
    made: list[Scard] = []

    def make() -> Scard:
        made.append(Scard(door.environment()))
        return made[-1]

    yield make
    for each in made:
        each.__exit__()
    door.restart()


def verify(client: Scard, card: int) -> None:
    assert client.transmit(card, APPLICATION) == client.transmit(card, VERIFY) == DONE


# --- leaving ---


@pytest.mark.parametrize("personality", Personality)
@pytest.mark.parametrize("in_transaction", [True, False], ids=["in-a-transaction", "outside"])
def test_who_signs_after_a_client_was_killed(
    door: PcscliteDoor, client: Callable[[], Scard], in_transaction: bool, personality: Personality
) -> None:
    door.remove(NAME)
    door.insert(NAME, disk.new_card(Traits(personality)))
    holder, other = client(), client()
    theirs = other.connect(NAME)
    mine = holder.connect(NAME)
    if in_transaction:
        assert holder.call("SCardBeginTransaction", mine) == [Code.S_SUCCESS]
        assert door.transaction_holder(NAME) == holder.number
    verify(holder, mine)
    holder.kill()
    said = other.transmit(theirs, APPLICATION)  # the library waits for the end of a transaction
    assert said == (Code.W_RESET_CARD if in_transaction else DONE)
    assert other.call("SCardReconnect", theirs, ShareMode.SHARED, 3, Disposition.LEAVE)[0] == Code.S_SUCCESS
    assert other.transmit(theirs, APPLICATION) == DONE
    signs = not in_transaction or personality is Personality.OBSERVED
    assert (other.transmit(theirs, SIGN) != REFUSED) is signs


def test_a_client_waits_for_another_ones_transaction(door: PcscliteDoor, client: Callable[[], Scard]) -> None:
    holder, other = client(), client()
    mine, theirs = holder.connect(NAME), other.connect(NAME)
    holder.call("SCardBeginTransaction", mine)
    other.start("SCardBeginTransaction", theirs)
    verify(holder, mine)
    assert holder.call("SCardEndTransaction", mine, Disposition.UNPOWER) == [Code.S_SUCCESS]
    assert other.answer() == [Code.W_RESET_CARD]
    assert other.call("SCardReconnect", theirs, ShareMode.SHARED, 3, Disposition.LEAVE)[0] == Code.S_SUCCESS
    assert other.transmit(theirs, APPLICATION) == DONE
    assert other.transmit(theirs, SIGN) == REFUSED


def test_an_exclusive_client_shuts_others_out(client: Callable[[], Scard]) -> None:
    holder, other = client(), client()
    holder.connect(NAME, ShareMode.EXCLUSIVE)
    _, context = other.call("SCardEstablishContext", 0)
    assert other.call("SCardConnect", context, NAME, ShareMode.SHARED, 3)[0] == Code.E_SHARING_VIOLATION


# --- waiting for cards ---


def test_a_client_hears_of_removal_and_insertion(door: PcscliteDoor, client: Callable[[], Scard]) -> None:
    waiting = client()
    _, context = waiting.call("SCardEstablishContext", 0)
    _, states = waiting.call("SCardGetStatusChange", context, 0, [[NAME, 0]])
    waiting.start("SCardGetStatusChange", context, 1000 * int(CLIENT_S), [states[0][:2]])
    card = door.remove(NAME)
    assert card is not None
    code, states = waiting.answer()
    assert code == Code.S_SUCCESS
    assert states[0][1] & 0xFFFF == 0x0012  # changed, empty
    waiting.start("SCardGetStatusChange", context, 1000 * int(CLIENT_S), [states[0][:2]])
    door.insert(NAME, card)
    code, states = waiting.answer()
    assert states[0][1] & 0xFFFF == 0x0022  # changed, present
    assert bytes(states[0][2]) == card.atr


MONITOR = """
import sys
from smartcard.CardMonitoring import CardMonitor, CardObserver
from smartcard.ReaderMonitoring import ReaderMonitor, ReaderObserver
from smartcard.util import toHexString

def say(line):  # in one piece: two threads speak
    sys.stdout.write(line + "\\n")
    sys.stdout.flush()

class Cards(CardObserver):
    def update(self, observable, actions):
        for action, cards in zip(("card came", "card went"), actions):
            for card in cards:
                say(f"{action}: {card.reader} {toHexString(card.atr)}")

class Readers(ReaderObserver):
    def update(self, observable, actions):
        for action, readers in zip(("reader came", "reader went"), actions):
            for reader in readers:
                say(f"{action}: {reader}")

CardMonitor().addObserver(Cards())
ReaderMonitor(period=0.05).addObserver(Readers())
sys.stdin.readline()
"""


def test_pyscards_monitors_see_readers_and_cards_come_and_go(door: PcscliteDoor, card: SimulatedCard) -> None:
    if find_spec("smartcard") is None:
        unavailable("pyscard is not installed")
    atr = card.atr.hex(" ").upper()
    with subprocess.Popen(
        [sys.executable, "-c", MONITOR],
        env=door.environment(),
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as monitor:
        try:
            assert monitor.stdout is not None
            said = iter(monitor.stdout.readline, "")
            assert sorted((next(said), next(said))) == [f"card came: {NAME} {atr}\n", f"reader came: {NAME}\n"]
            door.remove(NAME)
            assert next(said) == f"card went: {NAME} {atr}\n"
            door.insert(NAME, card)
            assert next(said) == f"card came: {NAME} {atr}\n"
            door.plug("Another")
            assert next(said) == "reader came: Another\n"
            door.unplug("Another")
            assert next(said) == "reader went: Another\n"
        finally:
            monitor.kill()
    door.restart()


# --- faults, as the library has them ---

HEARD = {
    "removed@2": Code.W_REMOVED_CARD,
    "unplugged@2": Code.E_READER_UNAVAILABLE,
    "reset@2": Code.W_RESET_CARD,
    "error=80100016@2": Code.E_NOT_TRANSACTED,
    "error=80100013@2": 0x80100013,
    "not-transacted@2": Code.E_NOT_TRANSACTED,
    "empty@2": b"",
    "service-gone@2": 0x80100013,  # SCARD_F_COMM_ERROR; see docs/simulator.md
}


@pytest.mark.parametrize(("fault", "heard"), HEARD.items(), ids=list(HEARD))
def test_a_client_hears_of_a_fault(
    door: PcscliteDoor, client: Callable[[], Scard], fault: str, heard: bytes | int
) -> None:
    door.arm(NAME, Fault.parse(fault))
    program = client()
    card = program.connect(NAME)
    assert program.transmit(card, APPLICATION) == DONE
    assert program.transmit(card, VERIFY) == heard


def test_a_client_of_a_service_that_ended_hears_that_there_is_none_until_it_begins_anew(
    door: PcscliteDoor, client: Callable[[], Scard]
) -> None:
    door.arm(NAME, Fault.parse("service-gone@1"))
    program = client()
    card = program.connect(NAME)
    assert program.transmit(card, APPLICATION) == 0x80100013
    assert program.transmit(card, APPLICATION) == 0x8010001D  # SCARD_E_NO_SERVICE
    again = program.connect(NAME)
    assert program.transmit(again, APPLICATION) == DONE


def test_a_fault_that_keeps_silent_keeps_its_client_waiting_alone(
    door: PcscliteDoor, client: Callable[[], Scard], card: SimulatedCard
) -> None:
    door.arm(NAME, Fault.parse("mute@2"))
    waiting, other = client(), client()
    mine, theirs = waiting.connect(NAME), other.connect(NAME)
    assert waiting.transmit(mine, APPLICATION) == DONE
    waiting.start("SCardTransmit", mine, 2, list(VERIFY))
    while not card.state.verified:  # or the other one would come second, and wait in its place
        time.sleep(0.001)
    assert other.transmit(theirs, APPLICATION) == DONE
    assert door.open_handles == 2
    waiting.kill()
    assert other.transmit(theirs, APPLICATION) == DONE


def test_an_error_that_says_try_again_is_tried_again_by_the_library(
    door: PcscliteDoor, client: Callable[[], Scard]
) -> None:
    door.arm(NAME, Fault.parse("error=8010000B@1"))
    program = client()
    assert program.transmit(program.connect(NAME), APPLICATION) == DONE

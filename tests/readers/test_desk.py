"""Bad moments at a desk that is as real as it gets without hardware: libpcsclite, and a service in pcscd's place.

Whatever happens, at whichever command: a typed error, one VERIFY at most, no try lost but by that VERIFY, nothing left
open, and nobody logged in.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Final

import pytest

from mynacard import JpkiSession, Pin, errors, verified_session
from mynacard.apdu import Channel
from mynacard.doors import disk
from mynacard.doors.pcsclite import PcscliteDoor
from mynacard.jpki import DIGITAL_SIGNATURE, USER_AUTHENTICATION
from mynacard.opening.pins import PinRequest
from mynacard.readers import Deadlines, ReaderCard, link, list_readers, wait_for_card, wait_for_removal
from mynacard.readers.finding import VARIABLE
from mynacard.readers.library import Share
from mynacard.readers.native import load
from mynacard.simulator import Personality, SimulatedCard, Traits
from mynacard.simulator.faults import Fault, FaultKind
from tests.readers.door import PlainCard
from tests.support import CANARY

READER: Final = "Simulated Reader 00 00"
PINS: Final = {USER_AUTHENTICATION.name: CANARY, DIGITAL_SIGNATURE.name: "KANARIE73"}
LONG_S: Final = 30.0


class Watched(SimulatedCard):
    """A simulated card that counts what it was sent."""

    def __init__(self, card: SimulatedCard) -> None:
        self.__dict__ = card.__dict__ | {"sent": []}
        self.sent: list[bytes] = []

    def transmit(self, command: bytes, /) -> bytes:
        self.sent.append(command)
        return super().transmit(command)

    @property
    def verifies(self) -> int:
        return sum(command[1] == 0x20 and len(command) > 5 for command in self.sent)

    @property
    def tries_left(self) -> list[int]:
        return [memory.tries_left for memory in self.pins.values()]


@pytest.fixture(params=["pyscard", "native"])
def binding(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Which binding this library uses."""
    monkeypatch.setenv(VARIABLE, request.param)
    return str(request.param)


@pytest.fixture(params=[Personality.STRICT, Personality.OBSERVED], ids=lambda found: found.value)
def card(request: pytest.FixtureRequest) -> Watched:
    return Watched(disk.new_card(Traits(request.param), PINS))


@pytest.fixture
def desk(door: PcscliteDoor, card: Watched, monkeypatch: pytest.MonkeyPatch) -> Iterator[PcscliteDoor]:
    """The card on the one reader; at the end nothing may be open, and nobody logged in."""
    monkeypatch.setattr(link, "_REMOVAL_MS", 20)  # this service tells of a removal at once
    door.plug(READER, card)
    yield door
    door.restart()  # whoever still waits for a mute card hears of it
    wait_until(lambda: not door.open_handles and not door.clients, "something is open")
    assert not card.state.verified


def wait_until(condition: Callable[[], bool], otherwise: str) -> None:
    until = time.monotonic() + LONG_S
    while not condition():
        assert time.monotonic() < until, otherwise
        time.sleep(0.005)


def typed(_: PinRequest) -> Pin:
    return Pin("KANARIE73")


def sign(pin: Callable[[PinRequest], Pin] = typed, **deadlines: float) -> bytes:
    """The main job, in two phases."""
    with verified_session(DIGITAL_SIGNATURE, pin, deadlines=Deadlines(**deadlines)) as session:
        return session.sign(b"an application")


def test_the_main_job_is_done(binding: str, desk: PcscliteDoor, card: Watched) -> None:
    assert len(sign()) == 256
    assert card.verifies == 1
    assert desk.longest_idle_s < 1


APDUS: Final = 14
"""SELECT, query, SELECT of the certificate; SELECT, query, VERIFY, six blocks of it, signature, log-out."""


def test_it_takes_so_many_apdus(desk: PcscliteDoor, card: Watched) -> None:
    sign()
    assert len(card.sent) == APDUS


# --- faults, at every command ------------------------------------------------------------------------

EXPECTED: Final[dict[FaultKind, tuple[type[errors.MynacardError], ...]]] = {
    FaultKind.REMOVED: (errors.CardRemovedError,),
    FaultKind.UNPLUGGED: (errors.ReaderNotFoundError,),
    FaultKind.RESET: (errors.CardResetError,),
    FaultKind.SERVICE_GONE: (errors.NoPcscServiceError, errors.CardLostError),
    FaultKind.NOT_TRANSACTED: (errors.OutcomeUnknownError,),
    FaultKind.EMPTY: (errors.OutcomeUnknownError,),
    FaultKind.MUTE: (errors.CallTimeoutError,),
}


@pytest.mark.parametrize("at", range(1, APDUS + 1))
@pytest.mark.parametrize("kind", EXPECTED, ids=lambda kind: kind.value)
def test_a_fault_at_any_command_is_a_typed_error_and_loses_nothing(
    binding: str, desk: PcscliteDoor, card: Watched, kind: FaultKind, at: int
) -> None:
    before = card.tries_left
    desk.arm(READER, Fault(kind, at))
    try:
        sign(card_s=0.3, leaving_s=0.3)
    except errors.VerificationOutcomeUnknownError as error:
        assert isinstance(error.__cause__, EXPECTED[kind])
        assert card.verifies <= 1
    except EXPECTED[kind]:
        assert card.verifies <= 1
    else:  # the log-out, which nobody hears of; or the probe, whose failure is an answer to its question
        assert at in (4, APDUS)
    assert card.tries_left == before, "the PIN was right"
    assert card.verifies <= 1


def test_an_error_of_no_name_is_passed_on(binding: str, desk: PcscliteDoor) -> None:
    desk.arm(READER, Fault.parse("error=80100004@1"))
    with pytest.raises(errors.ReaderError, match="0x80100004"):
        sign()


# --- between the two phases --------------------------------------------------------------------------


def between(step: Callable[[], object]) -> Callable[[PinRequest], Pin]:
    def ask(request: PinRequest) -> Pin:
        step()
        return typed(request)

    return ask


@pytest.mark.parametrize(
    ("happens", "kind"),
    [
        (lambda desk: desk.reset(READER), errors.CardResetError),
        (lambda desk: desk.remove(READER), errors.CardRemovedError),
        (lambda desk: desk.unplug(READER), errors.ReaderNotFoundError),
        (lambda desk: desk.insert(READER, desk.remove(READER)), errors.CardRemovedError),
        (lambda desk: (desk.remove(READER), desk.insert(READER, PlainCard())), errors.CardRemovedError),
        (lambda desk: desk.restart(), (errors.NoPcscServiceError, errors.CardLostError)),
    ],
    ids=["reset", "removed", "unplugged", "removed and put back", "swapped", "service restarted"],
)
def test_whatever_happens_while_somebody_types_costs_no_try(
    binding: str,
    desk: PcscliteDoor,
    card: Watched,
    happens: Callable[[PcscliteDoor], object],
    kind: type[errors.MynacardError] | tuple[type[errors.MynacardError], ...],
) -> None:
    with pytest.raises(kind):
        sign(between(lambda: happens(desk)))
    assert card.verifies == 0


def test_another_program_may_use_the_card_while_somebody_types(binding: str, desk: PcscliteDoor, card: Watched) -> None:
    def other() -> None:
        with ReaderCard(READER) as other_card, other_card.transaction():
            assert JpkiSession(Channel(other_card)).certificates_present().digital_signature
            other_card.transmit(bytes.fromhex("00A4040C07A0000001510000"))  # and leaves another application current

    assert len(sign(between(other))) == 256
    assert card.verifies == 1


# --- two programs ------------------------------------------------------------------------------------


def test_two_that_fight_for_the_card_take_turns(desk: PcscliteDoor, card: Watched) -> None:
    """Not by pyscard, which keeps Python to itself while it frees the list of readers, and so this service waiting."""
    signatures: list[bytes] = []

    def often() -> None:
        for _ in range(3):
            signatures.append(_patiently())

    threads = [threading.Thread(target=often) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(signature) for signature in signatures] == [256] * 6
    assert card.tries_left == [memory.tries_left for memory in disk.new_card(pins=PINS).pins.values()]


def _patiently() -> bytes:
    """Signs; begins again where the other one's power-off came between the phases, as the error says."""
    while True:
        try:
            return sign(busy_s=LONG_S)
        except errors.CardResetError:
            continue


@pytest.mark.parametrize("share", [Share.SHARED, Share.EXCLUSIVE])
def test_a_card_that_another_program_keeps_is_told(binding: str, desk: PcscliteDoor, share: Share) -> None:
    library = load()
    _, context = library.establish_context()
    code, (handle, _) = library.connect(context, READER, share, 3)
    assert code == 0
    if share is Share.SHARED:
        assert library.begin_transaction(handle)[0] == 0
    with pytest.raises(errors.ReaderBusyError) as raised:
        sign(busy_s=0.3, leaving_s=0.1)
    assert raised.value.details["call"] in ("SCardConnect", "SCardBeginTransaction")
    library.release_context(context)
    assert len(sign()) == 256


# --- the disk, the thread, the list ------------------------------------------------------------------


def test_a_full_disk_under_the_card_file_spends_no_try_and_the_card_lives(
    binding: str, desk: PcscliteDoor, card: Watched
) -> None:
    def full() -> None:
        raise errors.CardFileError("No space is left.")

    remember, before = card._remember, card.tries_left
    card._remember = full  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(errors.VerificationOutcomeUnknownError):
        sign()
    card._remember = remember
    for memory, left in zip(card.pins.values(), before, strict=True):
        memory.tries_left = left  # as the file has it
    assert len(sign()) == 256


def test_cards_and_readers_that_come_and_go_are_heard_of(binding: str, desk: PcscliteDoor, card: Watched) -> None:
    desk.remove(READER)
    thread = threading.Timer(0.05, lambda: desk.insert(READER, card))
    thread.start()
    states = wait_for_card(timeout_s=LONG_S)
    assert [(state.name, state.card_present) for state in states] == [(READER, True)]
    threading.Timer(0.05, lambda: desk.remove(READER)).start()
    assert wait_for_removal(READER, LONG_S)
    desk.unplug(READER)
    assert list_readers() == ()
    threading.Timer(0.05, lambda: desk.plug("Another 00", card)).start()
    assert [state.name for state in wait_for_card("another", LONG_S)] == ["Another 00"]


def test_as_many_readers_as_there_can_be_are_listed_and_watched(binding: str, door: PcscliteDoor) -> None:
    names = [f"Reader {number:02}" for number in range(16)]
    for name in names:
        door.plug(name)
    assert [state.name for state in list_readers()] == names
    threading.Timer(0.05, lambda: door.insert(names[15], PlainCard())).start()
    assert [state.card_present for state in wait_for_card(timeout_s=LONG_S)] == [False] * 15 + [True]

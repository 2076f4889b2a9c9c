"""PC/SC's functions in this process: what tests/readers/test_library_conformance.py does not show of them."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest

from mynacard.doors.pcsclite import PcscliteDoor
from mynacard.doors.pcsclite.in_process import READER_LIST, InProcess
from mynacard.doors.pcsclite.scard import Code, Disposition, Protocol, ShareMode
from mynacard.doors.pcsclite.service import Service
from mynacard.simulator.faults import Fault
from tests.readers.door import PlainCard

READER: Final = "A Reader 00 00"
PLAIN: Final = bytes.fromhex("00840000")


@pytest.fixture
def desk() -> PcscliteDoor:
    """A door that is not open: programs cannot come in."""
    return PcscliteDoor()


@pytest.fixture
def pcsc(desk: PcscliteDoor) -> Iterator[InProcess]:
    with desk.in_process() as functions:
        yield functions


def connected(pcsc: InProcess) -> tuple[int, int]:
    """A context, and a connection to the card on READER."""
    _, context = pcsc.establish_context()
    code, (card, _) = pcsc.connect(context, READER, ShareMode.SHARED, Protocol.T1)
    assert code == Code.S_SUCCESS
    return context, card


def in_thread(function: Callable[[], Any]) -> Callable[[], Any]:
    """Start *function* in a thread; what is returned waits for its result."""
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(function()))
    thread.start()

    def result() -> Any:
        thread.join()
        return results[0]

    return result


def test_a_service_that_ends_ends_the_call_and_all_connections_and_another_one_begins(
    desk: PcscliteDoor, pcsc: InProcess
) -> None:
    desk.plug(READER, PlainCard(), [Fault.parse("service-gone@1")])
    context, card = connected(pcsc)
    assert pcsc.transmit(card, Protocol.T1, PLAIN) == (Code.F_COMM_ERROR, b"")
    assert pcsc.transmit(card, Protocol.T1, PLAIN) == (Code.E_NO_SERVICE, b"")
    assert pcsc.list_readers(context)[0] == Code.E_NO_SERVICE
    assert pcsc.transmit(connected(pcsc)[1], Protocol.T1, PLAIN)[0] == Code.S_SUCCESS


@pytest.mark.parametrize("end", ["release", "close"])
def test_a_mute_card_keeps_its_caller_waiting_until_the_context_or_the_service_ends(
    desk: PcscliteDoor, pcsc: InProcess, end: str
) -> None:
    reached = threading.Event()

    class Heard(PlainCard):
        def transmit(self, command: bytes, /) -> bytes:
            reached.set()
            return super().transmit(command)

    desk.plug(READER, Heard(), [Fault.parse("mute@1")])
    context, card = connected(pcsc)
    answer = in_thread(lambda: pcsc.transmit(card, Protocol.T1, PLAIN))
    reached.wait()
    _ = pcsc.release_context(context) if end == "release" else pcsc.close()
    assert answer() == (Code.F_COMM_ERROR, b"")


def test_nothing_is_answered_after_the_end(desk: PcscliteDoor) -> None:
    desk.plug(READER, PlainCard())
    with desk.in_process() as pcsc:
        context, card = connected(pcsc)
    assert pcsc.establish_context() == (Code.E_NO_SERVICE, 0)
    assert pcsc.list_readers(context)[0] == Code.E_NO_SERVICE
    assert pcsc.transmit(card, Protocol.T1, PLAIN) == (Code.E_NO_SERVICE, b"")
    assert (desk.clients, desk.open_handles) == (0, 0)


def test_a_refused_call_returns_nothing_of_what_it_carried(desk: PcscliteDoor, pcsc: InProcess) -> None:
    desk.plug(READER, PlainCard())
    _, card = connected(pcsc)
    desk.remove(READER)
    assert pcsc.transmit(card, Protocol.T1, PLAIN) == (Code.W_REMOVED_CARD, b"")
    assert pcsc.transmit(card + 1, Protocol.T1, PLAIN) == (Code.E_INVALID_HANDLE, b"")
    assert pcsc.control(card + 1, 0, PLAIN) == (Code.E_INVALID_HANDLE, b"")


def test_readers_that_come_and_go_are_news(desk: PcscliteDoor, pcsc: InProcess) -> None:
    _, context = pcsc.establish_context()
    assert pcsc.get_status_change(context, 0, [(READER_LIST, 0)])[0] == Code.E_TIMEOUT
    came = in_thread(lambda: pcsc.get_status_change(context, 60_000, [(READER_LIST, 0)]))
    desk.plug(READER)
    assert came() == (Code.S_SUCCESS, ((READER_LIST, 0x00010002, b""),))
    desk.unplug(READER)
    assert pcsc.get_status_change(context, 0, [(READER_LIST, 0x00010000)])[1] == ((READER_LIST, 0x00020002, b""),)


def test_programs_and_this_process_wait_for_each_other(door: PcscliteDoor) -> None:
    """The program stands here for itself: it is this process, through the real library and the socket."""
    from mynacard.readers import Disposition as How
    from mynacard.readers import Share, native

    door.plug(READER, card := PlainCard())
    program = native.load()
    with door.in_process() as pcsc:
        _, ours = connected(pcsc)
        _, context = program.establish_context()
        _, (theirs, _) = program.connect(context, READER, Share.SHARED, 3)
        assert pcsc.begin_transaction(ours)[0] == Code.S_SUCCESS
        answer = in_thread(lambda: program.transmit(theirs, 2, b"\0\x84\0\1"))
        assert pcsc.transmit(ours, Protocol.T1, PLAIN)[0] == Code.S_SUCCESS
        assert pcsc.end_transaction(ours, Disposition.LEAVE)[0] == Code.S_SUCCESS
        assert answer()[0] == Code.S_SUCCESS
        assert program.begin_transaction(theirs)[0] == Code.S_SUCCESS
        answer = in_thread(lambda: pcsc.transmit(ours, Protocol.T1, PLAIN))
        assert program.end_transaction(theirs, How.LEAVE)[0] == Code.S_SUCCESS
        assert answer()[0] == Code.S_SUCCESS
        program.release_context(context)
    assert card.sent == [PLAIN, b"\0\x84\0\1", PLAIN]


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_context_may_be_silent_and_an_unused_card_loses_its_power() -> None:
    clock, tokens = Clock(), itertools.count(1)
    service = Service(clock, lambda: next(tokens), power_off_after_s=1.0, patience_s=1.0)
    service.desk.plug(READER, card := PlainCard())
    pcsc = InProcess(service, threading.Condition(), service.settle)
    context, handle = connected(pcsc)
    clock.now = 100.0
    service.tick()
    assert pcsc.list_readers(context) == (Code.S_SUCCESS, (READER,))
    assert pcsc.disconnect(handle, Disposition.LEAVE)[0] == Code.S_SUCCESS
    assert card.powered_off == 0
    clock.now = 200.0
    assert pcsc.establish_context()[0] == Code.S_SUCCESS
    assert card.powered_off == 1

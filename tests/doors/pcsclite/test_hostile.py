"""Whatever a peer sends: the service says nothing wrong, serves the others, and the card lives."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mynacard.doors.pcsclite import messages as say
from mynacard.doors.pcsclite.clients import CLIENTS_MAX, INBOX_MAX, OUTBOX_MAX
from mynacard.doors.pcsclite.scard import Code, ShareMode
from mynacard.doors.pcsclite.service import Service
from mynacard.doors.pcsclite.wire import HEADER
from mynacard.simulator import SimulatedCard
from mynacard.simulator.individual.assembly import assemble
from mynacard.simulator.individual.contents import CardContents, fresh_pins
from tests.doors.pcsclite.client import (
    APPLICATION,
    DONE,
    READER,
    T0_OR_T1,
    VERIFY,
    Clock,
    Program,
    new_service,
    request,
    transmission,
)
from tests.extent import examples
from tests.support import tells

PATIENCE_S = 10.0
SESSION = (  # the first context and connection of a service have the numbers 1 and 2 here, where nobody else has any
    say.Version(4, 4),
    say.EstablishContext(0),
    say.GetReaders(),
    say.Connect(1, READER, ShareMode.SHARED, T0_OR_T1),
    say.BeginTransaction(2),
    transmission(2, APPLICATION),
    transmission(2, VERIFY),
    say.GetAttribute(2, 0x90303, bytes(264), 264),
    say.Control(2, 0x42000D48, 3, 264, data=b"abc"),
    say.Version(4, 6),
    say.WaitForChange(),
    say.CountRows(),
    say.GetRows(),
    say.StopWaiting(),
    say.Status(2),
    say.EndTransaction(2, 1),
    say.Reconnect(2, ShareMode.SHARED, T0_OR_T1, 0),
    say.Disconnect(2, 0),
    say.ReleaseContext(1),
)
WHOLE = b"".join(map(request, SESSION))

MUTATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("flip"), st.integers(0, len(WHOLE) - 1), st.integers(1, 255)),
        st.tuples(st.just("cut"), st.integers(0, len(WHOLE) - 1), st.integers(1, 200)),
        st.tuples(st.just("add"), st.integers(0, len(WHOLE) - 1), st.integers(0, 255)),
    ),
    min_size=1,
    max_size=6,
)
MESSAGES = st.lists(st.sampled_from(SESSION), max_size=30)
PIECES = st.lists(st.integers(1, 400), min_size=1, max_size=20)


def mutated(data: bytes, mutations: list[tuple[str, int, int]]) -> bytes:
    changed = bytearray(data)
    for kind, at, value in mutations:
        if kind == "flip" and at < len(changed):
            changed[at] ^= value
        elif kind == "cut":
            del changed[at : at + value]
        elif kind == "add":
            changed[at:at] = bytes((value,)) * 3
    return bytes(changed)


def in_pieces(data: bytes, sizes: list[int]) -> list[bytes]:
    pieces: list[bytes] = []
    while data:
        size = sizes[len(pieces) % len(sizes)]
        pieces.append(data[:size])
        data = data[size:]
    return pieces


def desk_with_a_card() -> tuple[Service, Clock, SimulatedCard]:
    clock = Clock()
    service = new_service(clock)
    card = assemble(CardContents({}, fresh_pins()))
    service.desk.plug(READER, card)
    return service, clock, card


def survives(data: bytes, sizes: list[int]) -> None:
    """A peer sends *data*, and goes; an honest program that was there before is served as if nothing had been."""
    service, clock, card = desk_with_a_card()
    peer = Program(service, peer=66)
    honest = Program(service)
    for piece in in_pieces(data, sizes):
        peer.send(piece)
        assert len(peer.client.inbox) <= INBOX_MAX
        assert len(peer.client.outbox) <= OUTBOX_MAX or peer.hung_up_on
    clock.now += PATIENCE_S
    service.tick()
    peer.leave()
    assert service.calls.open_handles == 0
    assert service.calls.transaction_holder(READER) is None
    handle = honest_connection(service, honest)
    assert honest.begin(handle) == Code.S_SUCCESS
    assert honest.transmit(handle, APPLICATION) == DONE
    assert all(0 < memory.tries_left <= 5 for memory in card.pins.values())


def honest_connection(service: Service, honest: Program) -> int:
    assert honest.hung_up_on  # it said nothing for ten seconds, which is long
    again = Program(service)
    honest.client, honest.context = again.client, 0
    return honest.connected()


@given(st.binary(max_size=600), PIECES)
def test_random_bytes(data: bytes, sizes: list[int]) -> None:
    survives(data, sizes)


@given(st.integers(0, len(WHOLE)), PIECES)
def test_a_session_that_breaks_off(length: int, sizes: list[int]) -> None:
    survives(WHOLE[:length], sizes)


@given(MUTATIONS, PIECES)
@settings(max_examples=examples(300))
def test_a_session_with_mistakes(mutations: list[tuple[str, int, int]], sizes: list[int]) -> None:
    survives(mutated(WHOLE, mutations), sizes)


@given(MESSAGES, PIECES)
def test_good_messages_in_a_bad_order(messages: list[say.Message], sizes: list[int]) -> None:
    survives(b"".join(map(request, messages)), sizes)


@given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from(SESSION)), max_size=40))
def test_several_at_once(said: list[tuple[int, say.Message]]) -> None:
    service, clock, _ = desk_with_a_card()
    programs = [Program(service, peer=number) for number in range(3)]
    for number, message in said:
        programs[number].send(request(message))
    clock.now += PATIENCE_S
    service.tick()
    for program in programs:
        program.leave()
    assert service.calls.open_handles == 0
    assert not len(service.clients)
    assert Program(service).connect().code == Code.S_SUCCESS


# --- patience ---


@pytest.mark.parametrize("said", [b"", WHOLE[:7], WHOLE[:19], WHOLE + WHOLE[:1]], ids=["nothing", "7", "19", "later"])
def test_whoever_says_nothing_or_half_of_it_is_hung_up_on(service: Service, clock: Clock, said: bytes) -> None:
    peer = Program(service)
    peer.send(said)
    clock.now += PATIENCE_S - 0.1
    service.tick()
    assert not peer.hung_up_on
    clock.now += 0.2
    service.tick()
    assert peer.hung_up_on
    assert not len(service.clients)


def test_whoever_said_something_whole_may_be_silent_for_ever(service: Service, clock: Clock) -> None:
    peer = Program(service)
    peer.ask(say.Version(4, 4))
    clock.now += 1e6
    service.tick()
    assert not peer.hung_up_on


def test_a_part_every_few_seconds_is_no_way_around_it(service: Service, clock: Clock) -> None:
    peer = Program(service)
    for byte in WHOLE[:15]:
        peer.send(bytes((byte,)))
        clock.now += PATIENCE_S / 10
        service.tick()
    assert peer.hung_up_on


def test_one_who_waits_for_a_transaction_is_not_hurried(service: Service, holder: Program, clock: Clock) -> None:
    holder.begin(holder.connected())
    other = Program(service)
    other.establish()
    other.send(request(say.Connect(other.context, READER, ShareMode.SHARED, T0_OR_T1)))
    clock.now += 1e6
    service.tick()
    assert not other.hung_up_on


# --- bounds ---


def test_there_are_not_more_clients_than_so_many(service: Service) -> None:
    programs = [Program(service) for _ in range(CLIENTS_MAX)]
    assert CLIENTS_MAX >= 250
    assert service.attach(1) is None
    programs[0].leave()
    assert service.attach(1) is not None


def test_whoever_asks_without_reading_is_hung_up_on(service: Service, holder: Program) -> None:
    greedy = Program(service)
    for _ in range(OUTBOX_MAX // (16 * 184) + 1):
        greedy.send(request(say.GetReaders()))
    assert greedy.hung_up_on
    assert holder.connect().code == Code.S_SUCCESS


def test_whoever_sends_on_while_it_waits_is_hung_up_on(service: Service, holder: Program) -> None:
    holder.begin(holder.connected())
    other = Program(service)
    other.establish()
    connect = request(say.Connect(other.context, READER, ShareMode.SHARED, T0_OR_T1))
    other.send(connect)
    other.send(bytes(INBOX_MAX))
    assert not other.hung_up_on
    other.send(bytes(1))
    assert other.hung_up_on


def test_a_long_apdu_is_waited_for_and_a_longer_one_is_not(service: Service, holder: Program) -> None:
    handle = holder.connected()
    assert holder.transmit(handle, bytes(65548), room=65548) == b"\x67\x00"
    holder.send(request(say.Transmit(handle, 2, 16, 65549, 3, 16, 258)))
    assert holder.hung_up_on


def test_many_who_wait_and_talk_nonsense_end_together(service: Service, holder: Program) -> None:
    handle = holder.connected()
    holder.begin(handle)
    programs = [Program(service) for _ in range(CLIENTS_MAX - 1)]
    for program in programs:
        program.establish()
        program.send(request(say.Connect(program.context, READER, ShareMode.SHARED, T0_OR_T1)))
        program.send(HEADER.pack(1, 99))
    holder.end(handle)
    assert all(program.hung_up_on for program in programs)
    assert service.calls.open_handles == 1


def test_nothing_that_a_peer_sent_is_printed(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    peer = Program(service)
    handle = peer.connected()
    assert peer.transmit(handle, APPLICATION) == peer.transmit(handle, VERIFY) == DONE
    peer.send(HEADER.pack(4, 9) + VERIFY)
    assert peer.hung_up_on
    assert caplog.text
    assert not tells(caplog.text + repr(transmission(handle, VERIFY)), "1234")

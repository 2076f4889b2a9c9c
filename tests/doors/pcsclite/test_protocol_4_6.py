"""Protocol 4:6: clients have the readers' table counted, then fetch its rows; a wait has no answer of its own."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mynacard.doors.disk import new_card
from mynacard.doors.pcsclite import messages as say
from mynacard.doors.pcsclite import wire
from mynacard.doors.pcsclite.clients import FETCH_S, OUTBOX_MAX
from mynacard.doors.pcsclite.scard import MAX_ATR, Code, ShareMode
from mynacard.doors.pcsclite.service import Service
from mynacard.simulator import SimulatedCard
from tests.doors.pcsclite.client import READER, Clock, Program, answer, new_service, request
from tests.extent import examples
from tests.support import Vector, id_of, vectors

FILE = "simulator/pcsclite-4-6.json"
ROW = wire.READER.sizeof()
NOTICE = wire.NOTICES[say.ChangeNotice].sizeof()
CHANGED = wire.encode(say.ChangeNotice())
LONGEST = 127

little_endian = pytest.mark.skipif(sys.byteorder != "little", reason="the recorded bytes are little-endian")


def names(table: bytes) -> list[str]:
    """The name in each row, empty where the row is unused."""
    assert len(table) % ROW == 0
    return [wire.READER.parse(table[at : at + ROW]).name for at in range(0, len(table), ROW)]


def without_stale_atrs(table: bytes) -> bytes:
    """*table* with zeros in each ATR beyond its length."""
    rows = [wire.READER.parse(table[at : at + ROW]) for at in range(0, len(table), ROW)]
    return b"".join(wire.READER.build(row | {"atr": row.atr[: row.atr_length].ljust(MAX_ATR, b"\0")}) for row in rows)


class Counting(Program):
    """The library of pcsc-lite 2.5, as it was seen: it reads no more bytes than the answer that it expects has.

    Attributes:
        said: received and not yet read.
    """

    def __init__(self, service: Service, peer: int = 1) -> None:
        super().__init__(service, peer)
        self.said = b""
        assert self.ask(say.Version(4, 6)) == say.Version(4, 6)

    def next(self, length: int) -> bytes:
        self.said += self.read()
        assert len(self.said) >= length, "it waits for ever"
        data, self.said = self.said[:length], self.said[length:]
        return data

    def count(self) -> int:
        self.send(request(say.CountRows()))
        return answer_count(self.next(4))

    def fetch(self, count: int) -> list[str]:
        self.send(request(say.GetRows()))
        return names(self.next(count * ROW))

    def table(self) -> list[str]:
        return self.fetch(self.count())

    def begin_to_wait(self) -> None:
        self.send(request(say.WaitForChange()))

    def end_of_wait(self) -> say.ChangeNotice:
        """The notice that stopping the wait brings, unless another one was on its way."""
        self.send(request(say.StopWaiting()))
        return answer(say.ChangeNotice, self.next(NOTICE))

    @property
    def nothing_more(self) -> bool:
        self.said += self.read()
        return not self.said


def answer_count(data: bytes) -> int:
    count = wire.NOTICES[say.RowCount].parse(data).count
    assert isinstance(count, int)
    return count


@pytest.fixture
def counting(service: Service) -> Counting:
    return Counting(service, peer=300)


# --- against the world ---


@little_endian
@pytest.mark.parametrize("vector", vectors(FILE, "request"), ids=id_of)
def test_what_the_library_sends_is_understood_and_sent_alike(vector: Vector) -> None:
    message = wire.take(inbox := bytearray(vector.data("request")))
    assert message is not None
    assert not inbox
    assert request(message) == vector.data("request")


def recorded(name: str) -> bytes:
    return next(vector for vector in vectors(FILE) if vector.id == name).data("answer")


@little_endian
def test_the_service_says_what_pcscd_said() -> None:
    connected = wire.LAYOUTS[say.Connect].body.parse(recorded("connect-long-name"))
    numbers = iter((connected.context, connected.card))
    service = Service(lambda: 0.0, lambda: next(numbers), 0.5, 10.0)
    plugged = names(recorded("get-rows"))
    for name in plugged:
        service.desk.plug(name)
    service.desk.insert(plugged[10], new_card())
    clients = {number: service.attach(number) for number in (1, 2)}
    for vector in vectors(FILE):
        client = clients[vector.number("connection")]
        assert client is not None
        if vector.id == "changed":
            service.desk.remove(plugged[10])
        if vector.has("request"):
            service.receive(client, vector.data("request"))
        said = bytes(client.outbox)
        client.outbox.clear()
        expected = vector.data("answer") if vector.has("answer") else b""
        assert said == (without_stale_atrs(expected) if vector.flag("stale", default=False) else expected), vector.id


# --- the table ---


def test_all_readers_of_a_full_desk_are_told_and_reached_with_the_longest_names(
    service: Service, counting: Counting
) -> None:
    plugged = [f"{number:04}" + "え" * 41 for number in range(255)]
    assert {len(name.encode()) for name in plugged} == {LONGEST}
    for name in plugged:
        service.desk.plug(name)
    assert counting.table() == [READER, *plugged]
    assert 256 * ROW < OUTBOX_MAX
    assert counting.connect(plugged[-1], ShareMode.DIRECT, 0).code == Code.S_SUCCESS


@pytest.mark.parametrize("minor", [4, 5])
def test_older_clients_see_the_first_sixteen_readers_and_reach_all(
    service: Service, holder: Program, minor: int
) -> None:
    for number in range(1, 18):
        service.desk.plug(f"{number}")
    holder.ask(say.Version(4, minor))
    for message in (say.GetReaders(), say.WaitForChange()):
        holder.send(request(message))
        assert names(holder.read()) == [READER, *map(str, range(1, 16))]
    holder.send(request(say.StopWaiting()))
    holder.read()
    assert holder.connect("17", ShareMode.DIRECT, 0).code == Code.S_SUCCESS


def test_an_empty_desk_has_no_rows() -> None:
    counting = Counting(new_service())
    assert counting.table() == []
    assert counting.nothing_more


def test_the_table_never_becomes_shorter_and_free_rows_are_used_again(service: Service, counting: Counting) -> None:
    service.desk.plug("second")
    service.desk.plug("third")
    service.desk.unplug("third")
    service.desk.unplug(READER)
    assert counting.table() == ["", "second", ""]
    service.desk.plug("fourth")
    assert counting.table() == ["fourth", "second", ""]


def test_the_rows_are_those_that_were_counted(service: Service, counting: Counting) -> None:
    count = counting.count()
    service.desk.plug("new")
    assert counting.fetch(count) == [READER]
    assert counting.nothing_more
    assert counting.table() == [READER, "new"]


def test_rows_that_were_not_counted_are_those_of_now(service: Service, counting: Counting) -> None:
    counting.table()
    service.desk.plug("new")
    assert counting.fetch(2) == [READER, "new"]


# --- waiting for news ---


def test_a_wait_has_no_answer_before_something_changes(service: Service, counting: Counting) -> None:
    counting.begin_to_wait()
    assert counting.nothing_more
    counting.table()
    service.desk.remove(READER)
    assert counting.next(NOTICE) == CHANGED
    assert counting.nothing_more


def test_a_client_of_4_5_that_counts_still_gets_the_table_when_it_waits(service: Service, holder: Program) -> None:
    holder.ask(say.Version(4, 5))
    holder.send(request(say.CountRows()))
    assert answer_count(holder.read()) == 1
    holder.send(request(say.WaitForChange()))
    assert len(holder.read()) == 16 * ROW
    service.desk.remove(READER)
    assert holder.read() == CHANGED


def cancel(service: Service, counting: Counting) -> None:
    Program(service).ask(say.Cancel(counting.context))


def remove(service: Service, _counting: Counting) -> None:
    service.desk.remove(READER)


@pytest.mark.parametrize(("event", "code"), [(remove, Code.S_SUCCESS), (cancel, Code.E_CANCELLED)])
@pytest.mark.parametrize("counted", [False, True], ids=["before-the-count", "before-the-rows"])
def test_a_notice_comes_after_the_rows_and_not_in_their_place(
    service: Service, counting: Counting, event: Callable[[Service, Counting], None], code: Code, counted: bool
) -> None:
    counting.establish()
    counting.begin_to_wait()
    if counted:
        count = counting.count()
        event(service, counting)
    else:
        event(service, counting)
        count = counting.count()
    assert counting.fetch(count) == [READER]
    assert answer(say.ChangeNotice, counting.next(NOTICE)).code == code
    assert counting.nothing_more
    assert service.clients.deadline is None


def test_a_client_that_does_not_fetch_the_table_hears_soon(service: Service, clock: Clock, counting: Counting) -> None:
    counting.begin_to_wait()
    service.desk.remove(READER)
    assert counting.nothing_more
    assert service.deadline == clock.now + FETCH_S
    clock.now += FETCH_S
    service.tick()
    assert counting.next(NOTICE) == CHANGED
    assert service.deadline is None


@pytest.mark.parametrize("changes", [False, True])
def test_a_wait_that_is_stopped_before_the_table_is_fetched_is_answered_once(
    service: Service, counting: Counting, changes: bool
) -> None:
    counting.begin_to_wait()
    if changes:
        service.desk.remove(READER)
    assert counting.end_of_wait() == say.ChangeNotice()
    assert counting.nothing_more


def test_what_is_held_back_for_a_client_goes_with_it(service: Service, counting: Counting) -> None:
    counting.begin_to_wait()
    service.desk.remove(READER)
    counting.leave()
    assert service.deadline is None


CHANGES: dict[str, Callable[[Service, Counting], None]] = {
    "plug": lambda service, _: service.desk.plug(f"reader {len(service.desk.rows())} {service.desk.events}"),
    "unplug": lambda service, _: [service.desk.unplug(reader.name) for reader in list(service.desk)[-1:]] and None,
    "connect": lambda service, _: Program(service).connect(READER, ShareMode.DIRECT, 0) and None,
    "cancel": cancel,
}
EVENTS = st.lists(st.sampled_from(sorted(CHANGES)), max_size=3)


@given(st.lists(st.tuples(EVENTS, EVENTS, EVENTS, EVENTS), min_size=1, max_size=4))
@settings(max_examples=examples(300))
def test_whatever_changes_in_between_the_client_reads_what_it_expects(rounds: list[tuple[list[str], ...]]) -> None:
    service = new_service()
    service.desk.plug(READER)
    counting = Counting(service)
    counting.establish()

    def happen(events: list[str]) -> None:
        for name in events:
            CHANGES[name](service, counting)

    longest = 0
    for after_wait, after_count, after_rows, between in rounds:
        counting.begin_to_wait()
        happen(after_wait)
        count = counting.count()
        told = [reader.name if reader else "" for reader in service.desk.rows()]
        happen(after_count)
        assert counting.fetch(count) == told
        assert count >= longest
        longest = count
        happen(after_rows)
        assert counting.end_of_wait().code in (Code.S_SUCCESS, Code.E_CANCELLED)
        assert counting.nothing_more
        happen(between)


def test_a_card_is_used_as_in_older_protocols(counting: Counting, card: SimulatedCard) -> None:
    handle = counting.connected()
    assert counting.begin(handle) == counting.status(handle) == counting.end(handle) == Code.S_SUCCESS
    assert counting.disconnect(handle) == Code.S_SUCCESS

"""The door itself: its socket, who may come to it, and its thread, which nobody stops."""

from __future__ import annotations

import os
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

import pytest

from mynacard.doors.pcsclite import PcscliteDoor, place, reader_name
from mynacard.doors.pcsclite import messages as say
from mynacard.doors.pcsclite.clients import CLIENTS_MAX, OUTBOX_MAX
from mynacard.doors.pcsclite.scard import Code, ShareMode
from mynacard.doors.pcsclite.server import ELSEWHERE, SOCKET_VARIABLE
from mynacard.doors.pcsclite.wire import HEADER, TRANSMIT
from mynacard.errors import UsageError
from mynacard.simulator import ATR_CONTACT, SimulatedCard
from mynacard.simulator.faults import Fault
from tests.doors.pcsclite.client import APPLICATION, DONE, READER, T0_OR_T1, VERIFY, answer, request, transmission
from tests.support import tells

DEADLINE_S = 20.0
NOBODY = 65534


class Visitor:
    """A client of the door, on a real socket."""

    def __init__(self, door: PcscliteDoor) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(DEADLINE_S)
        self.socket.connect(str(door.socket))

    def send(self, message: say.Message) -> None:
        self.socket.sendall(request(message))

    def read(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            block = self.socket.recv(count - len(data))
            if not block:
                raise EOFError
            data += block
        return data

    def ask(self, message: say.Call, size: int) -> bytes:
        self.send(message)
        return self.read(size)

    def connect(self, reader: str = READER) -> int:
        """The handle of a connection."""
        context = answer(say.EstablishContext, self.ask(say.EstablishContext(0), 12)).context
        made = answer(say.Connect, self.ask(say.Connect(context, reader, ShareMode.SHARED, T0_OR_T1), 152))
        assert made.code == Code.S_SUCCESS
        return made.card

    def transmit(self, card: int, command: bytes) -> bytes | int:
        self.send(transmission(card, command))
        head = self.read(TRANSMIT.size)
        said = answer(say.Transmit, head)
        return said.code or self.read(said.receive_length)

    @property
    def is_hung_up_on(self) -> bool:
        """Whether the door ends the connection; waits for that."""
        try:
            while self.socket.recv(1 << 16):
                pass
        except ConnectionResetError:
            pass
        return True

    def leave(self) -> None:
        self.socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()


@pytest.fixture
def door(card: SimulatedCard) -> Iterator[PcscliteDoor]:
    with PcscliteDoor([card]) as opened:
        yield opened


@pytest.fixture
def visit(door: PcscliteDoor) -> Iterator[Callable[[], Visitor]]:
    made: list[Visitor] = []

    def visitor() -> Visitor:
        made.append(Visitor(door))
        return made[-1]

    yield visitor
    for each in made:
        each.leave()


def until(condition: Callable[[], bool]) -> None:
    """Wait until *condition* holds, and long enough for the slowest machine."""
    event = threading.Event()
    for _ in range(2000):
        if condition():
            return
        event.wait(DEADLINE_S / 2000)
    raise AssertionError("it never came about")


# --- the place ---


def test_only_the_owner_can_reach_the_socket_and_nothing_is_left_of_it(card: SimulatedCard) -> None:
    with PcscliteDoor([card]) as door:
        path = door.socket
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert path.parent.stat().st_uid == os.geteuid()
        assert len(os.fsencode(path)) <= 107
    assert not path.parent.exists()


def test_the_users_own_place_is_taken_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    short = Path(tempfile.mkdtemp(dir="/tmp"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(short))
    with PcscliteDoor() as door:
        assert door.socket.is_relative_to(short)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / ("x" * 100)))
    (tmp_path / ("x" * 100)).mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / ("x" * 100)))
    with PcscliteDoor() as door:
        assert door.socket.is_relative_to("/tmp")
    assert list(short.iterdir()) == list((tmp_path / ("x" * 100)).iterdir()) == []
    short.rmdir()


def test_without_a_place_or_on_another_system_there_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "_folder_in", lambda parent: None)
    with pytest.raises(UsageError, match="no folder for a socket"), PcscliteDoor():
        pass
    monkeypatch.setattr(place.sys, "platform", "darwin")
    with pytest.raises(UsageError, match="only on Linux"), PcscliteDoor():
        pass


def test_the_environment_leads_here_and_nowhere_else(door: PcscliteDoor, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ELSEWHERE:
        monkeypatch.setenv(name, "somewhere else")
    environment = door.environment()
    assert environment[SOCKET_VARIABLE] == str(door.socket)
    assert not environment.keys() & set(ELSEWHERE)


# --- who may come ---


KNOCK = """
import os, socket, sys
os.setgid(int(sys.argv[1]))
os.setuid(int(sys.argv[1]))
knocking = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
try:
    knocking.connect(sys.argv[2])
    knocking.sendall(bytes.fromhex(sys.argv[3]))
    print("answered" if knocking.recv(12) else "hung up on")
except PermissionError:
    print("kept out")
except (BrokenPipeError, ConnectionResetError):
    print("hung up on")
"""


def knock_as(user: int, path: Path) -> str:
    """What becomes of a process of *user* that knocks."""
    words = [str(user), str(path), request(say.Version(4, 4)).hex()]
    done = subprocess.run([sys.executable, "-c", KNOCK, *words], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_another_user_is_hung_up_on(card: SimulatedCard) -> None:
    if os.geteuid() == 0:  # the folder opened wide, so that it is the door that refuses
        with PcscliteDoor([card]) as door:
            assert knock_as(NOBODY, door.socket) == "kept out"
            door.socket.parent.chmod(0o755)
            door.socket.chmod(0o666)
            assert knock_as(NOBODY, door.socket) == "hung up on"
            assert knock_as(0, door.socket) == "answered"
            until(lambda: door.clients == 0)  # the door hears a little later that the program is gone
    with PcscliteDoor([card], peer=lambda _: (1, os.geteuid() + 1)) as door, Visitor(door) as visitor:
        assert visitor.is_hung_up_on
        assert door.clients == 0


def test_a_process_is_known_by_its_number(door: PcscliteDoor, visit: Callable[[], Visitor]) -> None:
    visitor = visit()
    card = visitor.connect()
    assert door.transaction_holder(READER) is None
    visitor.ask(say.BeginTransaction(card), 8)
    assert door.transaction_holder(READER) == os.getpid()


# --- bad company ---


@pytest.mark.parametrize(
    "nonsense",
    [HEADER.pack(0, 0), HEADER.pack(0xFFFFFFFF, 9), b"GET / HTTP/1.1\r\n\r\n", struct.pack("<II", 12, 0x18)],
    ids=["zeros", "endless", "http", "unknown"],
)
def test_nonsense_is_hung_up_on_and_others_are_served(visit: Callable[[], Visitor], nonsense: bytes) -> None:
    good, bad = visit(), visit()
    card = good.connect()
    bad.socket.sendall(nonsense)
    assert bad.is_hung_up_on
    assert good.transmit(card, APPLICATION) == DONE


@pytest.mark.parametrize("said", [b"", request(say.Version(4, 4))[:-1]], ids=["nothing", "half-a-message"])
def test_silence_is_hung_up_on(card: SimulatedCard, said: bytes) -> None:
    now = [0.0]
    with PcscliteDoor([card], clock=lambda: now[0]) as door, Visitor(door) as good, Visitor(door) as bad:
        handle = good.connect()
        bad.socket.sendall(said)
        until(lambda: door.clients == 2)
        now[0] += 1000.0
        assert good.transmit(handle, APPLICATION) == DONE  # and the thread looks at the clock
        assert bad.is_hung_up_on
        assert good.transmit(handle, APPLICATION) == DONE
        assert door.clients == 1


def test_one_who_does_not_read_is_hung_up_on_and_keeps_nobody_waiting(visit: Callable[[], Visitor]) -> None:
    good, bad = visit(), visit()
    card = good.connect()
    table = request(say.GetReaders())

    def ask_on() -> None:
        for _ in range(100 * OUTBOX_MAX // (16 * 184)):
            bad.socket.sendall(table)
            assert good.transmit(card, APPLICATION) == DONE

    with pytest.raises(OSError, match="pipe|reset"):
        ask_on()


def test_one_who_reads_late_gets_all(visit: Callable[[], Visitor]) -> None:
    visitor = visit()
    visitor.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    for _ in range(60):
        visitor.send(say.GetReaders())
    assert len(visitor.read(60 * 16 * 184)) == 60 * 16 * 184
    assert answer(say.Version, visitor.ask(say.Version(4, 4), 12)).minor == 4


def test_a_message_may_come_byte_by_byte(visit: Callable[[], Visitor]) -> None:
    visitor = visit()
    for byte in request(say.Version(4, 4)):
        visitor.socket.sendall(bytes((byte,)))
    assert answer(say.Version, visitor.read(12)) == say.Version(4, 4)


def test_one_client_too_many_is_hung_up_on(door: PcscliteDoor, visit: Callable[[], Visitor]) -> None:
    visitors = [visit() for _ in range(CLIENTS_MAX)]
    for visitor in visitors:
        visitor.ask(say.Version(4, 4), 12)
    assert door.clients == CLIENTS_MAX
    assert visit().is_hung_up_on
    visitors[0].leave()
    until(lambda: door.clients == CLIENTS_MAX - 1)
    assert answer(say.Version, visit().ask(say.Version(4, 4), 12)).code == Code.S_SUCCESS


# --- the thread ---


def test_a_change_is_heard_by_those_who_wait(door: PcscliteDoor, visit: Callable[[], Visitor]) -> None:
    visitor = visit()
    visitor.send(say.WaitForChange())
    visitor.read(16 * 184)
    card = door.remove(READER)
    assert card is not None
    assert answer(say.ChangeNotice, visitor.read(8)) == say.ChangeNotice()
    visitor.send(say.WaitForChange())
    visitor.read(16 * 184)
    door.insert(READER, card)
    assert answer(say.ChangeNotice, visitor.read(8)) == say.ChangeNotice()


def test_a_removal_lets_in_whoever_waited_for_a_transaction(door: PcscliteDoor, visit: Callable[[], Visitor]) -> None:
    holder, other = visit(), visit()
    holder.ask(say.BeginTransaction(holder.connect()), 8)
    context = answer(say.EstablishContext, other.ask(say.EstablishContext(0), 12)).context
    other.send(say.Connect(context, READER, ShareMode.SHARED, T0_OR_T1))
    door.remove(READER)
    assert answer(say.Connect, other.read(152)).code == Code.E_NO_SMARTCARD


def test_the_desk_can_be_cleared_and_laid_anew(door: PcscliteDoor, card: SimulatedCard) -> None:
    for _ in range(3):
        for name in door.readers:
            door.unplug(name)
        assert door.readers == ()
        door.plug("A", card)
        door.plug("B")
        assert door.readers == ("A", "B")
        door.reset("A")


def test_a_restart_ends_every_client(door: PcscliteDoor, visit: Callable[[], Visitor], card: SimulatedCard) -> None:
    first, second = visit(), visit()
    handle = first.connect()
    second.connect()
    first.ask(say.BeginTransaction(handle), 8)
    assert first.transmit(handle, APPLICATION) == first.transmit(handle, VERIFY) == DONE
    door.restart()
    assert first.is_hung_up_on
    assert second.is_hung_up_on
    assert (door.clients, door.open_handles, door.transaction_holder(READER)) == (0, 0, None)
    assert not card.state.verified
    again = visit()
    assert again.transmit(again.connect(), APPLICATION) == DONE


def test_clients_that_go_are_missed(door: PcscliteDoor, visit: Callable[[], Visitor]) -> None:
    visitor = visit()
    visitor.connect()
    assert (door.clients, door.open_handles) == (1, 1)
    visitor.leave()
    until(lambda: (door.clients, door.open_handles) == (0, 0))


def test_silence_in_a_transaction_is_measured_by_the_doors_clock(card: SimulatedCard) -> None:
    now = [0.0]
    with PcscliteDoor([card], clock=lambda: now[0]) as door, Visitor(door) as visitor:
        handle = visitor.connect()
        visitor.ask(say.BeginTransaction(handle), 8)
        now[0] += 4.0
        assert door.longest_idle_s == 4.0
        assert visitor.transmit(handle, APPLICATION) == DONE
        now[0] += 1.0
        visitor.ask(say.EndTransaction(handle, 0), 12)
        assert door.longest_idle_s == 4.0


def test_an_unused_card_loses_its_power_by_itself(card: SimulatedCard) -> None:
    with PcscliteDoor([card], power_off_after_s=0.05) as door, Visitor(door) as visitor:
        handle = visitor.connect()
        assert visitor.transmit(handle, APPLICATION) == visitor.transmit(handle, VERIFY) == DONE
        visitor.leave()
        until(lambda: not card.state.verified)


def test_a_closed_door_leaves_no_client_and_no_power(card: SimulatedCard) -> None:
    with PcscliteDoor([card]) as door, Visitor(door) as visitor:
        handle = visitor.connect()
        assert visitor.transmit(handle, APPLICATION) == visitor.transmit(handle, VERIFY) == DONE
    assert not card.state.verified
    assert door.clients == door.open_handles == 0
    door.remove(READER)  # the desk is still there


def test_no_thread_or_descriptor_is_left_of_doors(card: SimulatedCard) -> None:
    def left() -> tuple[int, int]:
        return threading.active_count(), len(os.listdir("/proc/self/fd"))

    before = left()
    for _ in range(5):
        with PcscliteDoor([card]) as door:
            Visitor(door).leave()
    assert left() == before


class OddCard:
    """A card of which a test says what it does."""

    atr = ATR_CONTACT

    def __init__(self, does: Callable[[bytes], bytes]) -> None:
        self.does = does

    def power_on(self) -> bytes:
        return self.atr

    reset = power_on

    def power_off(self) -> None:
        pass

    def transmit(self, command: bytes, /) -> bytes:
        return self.does(command)


def test_a_mistake_in_a_card_ends_the_service_and_comes_out() -> None:
    def mistaken(_: bytes) -> bytes:
        raise ZeroDivisionError

    def visit_it() -> None:
        with PcscliteDoor([OddCard(mistaken)]) as door, Visitor(door) as visitor:
            visitor.send(transmission(visitor.connect(), APPLICATION))
            assert visitor.is_hung_up_on

    with pytest.raises(ZeroDivisionError):
        visit_it()


def test_a_card_may_leave_while_it_thinks() -> None:
    def leaving(_: bytes) -> bytes:
        door.remove(READER)
        return DONE

    with PcscliteDoor([OddCard(leaving)]) as door, Visitor(door) as visitor:
        handle = visitor.connect()
        assert visitor.transmit(handle, APPLICATION) == Code.E_NOT_TRANSACTED
        assert visitor.transmit(handle, APPLICATION) == Code.W_REMOVED_CARD


def test_the_observer_sees_what_goes_to_the_reader_and_back(card: SimulatedCard) -> None:
    seen: list[tuple[str, bytes, bytes | None]] = []
    with PcscliteDoor([card], observe=lambda *exchange: seen.append(exchange)) as door, Visitor(door) as visitor:
        door.arm(READER, Fault.parse("removed@2"))
        handle = visitor.connect()
        visitor.transmit(handle, APPLICATION)
        visitor.transmit(handle, VERIFY)
    assert seen == [(READER, APPLICATION, DONE), (READER, VERIFY, None)]


def test_the_door_prints_no_secret(card: SimulatedCard, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    with PcscliteDoor([card]) as door, Visitor(door) as visitor:
        handle = visitor.connect()
        assert visitor.transmit(handle, APPLICATION) == visitor.transmit(handle, VERIFY) == DONE
        visitor.socket.sendall(VERIFY)
        assert visitor.is_hung_up_on
    assert not tells(caplog.text, "1234")


def test_readers_without_names_are_numbered() -> None:
    assert [reader_name(number) for number in (0, 10)] == ["Simulated Reader 00 00", "Simulated Reader 0A 00"]

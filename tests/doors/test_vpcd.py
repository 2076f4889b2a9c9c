"""The door to virtual readers: what vpcd says to a card, and what it hears."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator

import pytest

from mynacard.doors import disk, vpcd
from mynacard.simulator import ATR_CONTACT
from mynacard.simulator.faults import Fault
from mynacard.simulator.faulty import FaultyPoweredCard
from mynacard.simulator.powered import PoweredCard

SELECT = bytes.fromhex("00A4040C0AD392F000260100000001")
RIGHT = bytes.fromhex("002000980431323334")
OFF, ON, RESET, ATR = b"\x00", b"\x01", b"\x02", b"\x04"


class Reader:
    """The side of the reader: it listens on this machine, and a card dials."""

    def __init__(self, card: PoweredCard) -> None:
        self.card = card
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(20)
        self.stop = threading.Event()
        self.dials: list[int] = []
        self.thread = threading.Thread(
            target=vpcd.serve, args=(card, self.port, self.stop, lambda: self.dials.append(1)), daemon=True
        )
        self.connection: socket.socket | None = None

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])

    def accept(self) -> None:
        self.hang_up()
        self.connection, (host, _) = self.listener.accept()
        assert host == "127.0.0.1"
        self.connection.settimeout(20)

    def hang_up(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def send(self, message: bytes) -> None:
        self.send_raw(struct.pack(">H", len(message)) + message)

    def send_raw(self, data: bytes) -> None:
        assert self.connection is not None
        self.connection.sendall(data)

    def receive(self) -> bytes:
        (length,) = struct.unpack(">H", self._exactly(2))
        return self._exactly(length)

    def ask(self, message: bytes) -> bytes:
        self.send(message)
        return self.receive()

    def _exactly(self, count: int) -> bytes:
        assert self.connection is not None
        data = b""
        while len(data) < count:
            block = self.connection.recv(count - len(data))
            assert block, "the card hung up"
            data += block
        return data

    def close(self) -> None:
        self.stop.set()
        self.hang_up()
        self.listener.close()
        if self.thread.is_alive():
            self.thread.join(20)
        assert not self.thread.is_alive()


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    monkeypatch.setattr(vpcd, "REDIAL_DELAY_S", 0.05)
    made = Reader(disk.new_card())
    try:
        made.thread.start()
        made.accept()
        yield made
    finally:
        made.close()


def test_a_removed_card_leaves_and_is_laid_there_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vpcd, "REDIAL_DELAY_S", 0.05)
    reader = Reader(FaultyPoweredCard(disk.new_card(), [Fault.parse("removed@2")]))
    try:
        reader.thread.start()
        reader.accept()
        assert reader.ask(SELECT) == b"\x90\x00"
        reader.send(RIGHT)
        assert reader.connection is not None
        assert reader.connection.recv(1) == b""
        reader.accept()
        reader.send(ON)
        assert reader.ask(SELECT) == b"\x90\x00"
    finally:
        reader.close()


def test_the_card_tells_its_atr(reader: Reader) -> None:
    reader.send(ON)
    assert reader.ask(ATR) == ATR_CONTACT


def test_the_card_answers_commands(reader: Reader) -> None:
    assert reader.ask(SELECT) == b"\x90\x00"
    assert reader.ask(bytes.fromhex("00B0880000")) == bytes.fromhex("8F8F009000")


@pytest.mark.parametrize("control", [OFF, ON, RESET], ids=["off", "on", "reset"])
def test_power_and_reset_end_the_login(reader: Reader, control: bytes) -> None:
    assert (reader.ask(SELECT), reader.ask(RIGHT)) == (b"\x90\x00", b"\x90\x00")
    reader.send(control)
    reader.ask(SELECT)
    assert reader.ask(bytes.fromhex("802A009702686900")) == b"\x69\x82"


@pytest.mark.parametrize("message", [b"", b"\x03", b"\x05", b"\xff"], ids=["empty", "03", "05", "ff"])
def test_an_unknown_control_code_is_not_answered(reader: Reader, message: bytes) -> None:
    reader.send(message)
    assert reader.ask(ATR) == ATR_CONTACT  # the next answer is this one's


def test_bytes_that_are_no_command_get_a_status_word(reader: Reader) -> None:
    assert reader.ask(b"\x00\xb0") == b"\x67\x00"


def test_a_message_may_come_in_pieces(reader: Reader) -> None:
    for byte in struct.pack(">H", len(SELECT)) + SELECT:
        reader.send_raw(bytes((byte,)))
    assert reader.receive() == b"\x90\x00"


def test_a_message_may_come_late(reader: Reader) -> None:
    message = struct.pack(">H", len(SELECT)) + SELECT
    reader.send_raw(message[:5])
    threading.Event().wait(0.3)  # longer than the card looks for the end
    reader.send_raw(message[5:])
    assert reader.receive() == b"\x90\x00"


def test_several_messages_may_come_at_once(reader: Reader) -> None:
    message = struct.pack(">H", len(SELECT)) + SELECT
    reader.send_raw(message * 3)
    assert [reader.receive() for _ in range(3)] == [b"\x90\x00"] * 3


def test_a_long_answer_goes_out_whole(reader: Reader) -> None:
    reader.ask(SELECT)
    assert len(reader.ask(bytes.fromhex("00B08A00000000"))) == 2048 + 2


def test_a_card_whose_reader_hangs_up_has_lost_its_power_and_dials_again(reader: Reader) -> None:
    assert (reader.ask(SELECT), reader.ask(RIGHT)) == (b"\x90\x00", b"\x90\x00")
    reader.accept()
    assert reader.ask(bytes.fromhex("00200098")) == b"\x6a\x82"  # nothing is selected
    assert len(reader.dials) == 2


def test_a_reader_that_hangs_up_within_a_message_is_dialled_again(reader: Reader) -> None:
    reader.send_raw(b"\x00\x10\x00\xa4")
    reader.accept()
    assert reader.ask(ATR) == ATR_CONTACT


def test_a_card_waits_for_its_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vpcd, "REDIAL_DELAY_S", 0.02)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = int(taken.getsockname()[1])
    stop = threading.Event()
    thread = threading.Thread(target=vpcd.serve, args=(disk.new_card(), port, stop), daemon=True)
    thread.start()
    thread.join(0.2)
    assert thread.is_alive()
    stop.set()
    thread.join(20)
    assert not thread.is_alive()


@pytest.mark.parametrize("state", ["idle", "within a message"])
def test_stop_ends_it_and_the_login(reader: Reader, state: str) -> None:
    reader.ask(SELECT)
    reader.ask(RIGHT)
    if state != "idle":
        reader.send_raw(b"\x00")
    reader.stop.set()
    reader.thread.join(20)
    assert not reader.thread.is_alive()
    assert reader.card.state.verified == frozenset()


def test_nothing_but_this_machine_is_dialled(monkeypatch: pytest.MonkeyPatch) -> None:
    dialled: list[str] = []
    stop = threading.Event()

    def dial(address: tuple[str, int], **_: object) -> socket.socket:
        dialled.append(address[0])
        stop.set()
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", dial)
    monkeypatch.setattr(vpcd, "REDIAL_DELAY_S", 0.0)
    vpcd.serve(disk.new_card(), vpcd.DEFAULT_PORT, stop)
    assert dialled == ["127.0.0.1"]


def test_a_mute_card_does_not_hang_the_reader(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    silent: Callable[[bytes], bytes] = lambda command: b""  # noqa: E731
    monkeypatch.setattr(reader.card, "transmit", silent)
    assert reader.ask(SELECT) == b"\x6f\x00"

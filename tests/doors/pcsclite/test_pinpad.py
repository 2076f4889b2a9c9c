"""A keypad at the reader: who typed what, what reaches the card, and that the client never has the PIN."""

from __future__ import annotations

import struct
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mynacard.apdu.keypad import Feature, TypedCommand
from mynacard.doors.pcsclite import Gesture, Keypad
from mynacard.doors.pcsclite import messages as say
from mynacard.doors.pcsclite.pinpad import TypedRequest
from mynacard.doors.pcsclite.scard import Code, ShareMode
from mynacard.errors import UsageError
from mynacard.simulator import SimulatedCard
from mynacard.simulator.faults import Fault
from tests.doors.pcsclite.client import APPLICATION, DONE, READER, SIGN, Program, new_service, request

GET_FEATURES, VERIFY_DIRECT, PROPERTIES = 0x42000D48, 0x42330006, 0x4233000A
VERIFY = bytes.fromhex("0020009800")
ASCII = 0x82
RIGHT, WRONG = "1234", "9999"


def structure(
    template: bytes = VERIFY, format: int = ASCII, block: int = 0, length_format: int = 0, lengths: int = 0x0410
) -> bytes:
    """A PIN_VERIFY_STRUCTURE: pcsc-lite 1.9.9, src/PCSC/reader.h."""
    head = struct.pack("=BBBBBHBBHB3xI", 30, 30, format, block, length_format, lengths, 2, 0, 0, 0, len(template))
    return head + template


class Desk:
    """A client at a reader with a keypad; what the reader's card was sent."""

    def __init__(self, card: SimulatedCard, keypad: Keypad | None, *faults: str, selected: bool = True) -> None:
        self.seen: list[tuple[bytes, bytes | None]] = []
        self.service = new_service(observe=lambda _, command, answer: self.seen.append((command, answer)))
        self.service.desk.plug(READER, card, [Fault.parse(fault) for fault in faults], keypad)
        self.program = Program(self.service)
        self.handle = self.program.connected()
        if selected:
            assert self.program.transmit(self.handle, APPLICATION) == DONE
        self.seen.clear()

    def control(self, code: int, data: bytes = b"", room: int = 264) -> bytes | int:
        """What the reader says, or why it says nothing."""
        said = self.program.ask(say.Control(self.handle, code, len(data), room, data=data))
        assert said.code or said.returned == len(said.data)
        return said.code or said.data

    def verify(self, template: bytes = VERIFY, **words: int) -> bytes | int:
        return self.control(VERIFY_DIRECT, structure(template, **words))


@pytest.fixture
def desk(card: SimulatedCard) -> Callable[..., Desk]:
    def make(*entries: str | Gesture, faults: tuple[str, ...] = ()) -> Desk:
        return Desk(card, Keypad(entries), *faults)

    return make


def test_a_reader_with_a_keypad_says_so(desk: Callable[..., Desk]) -> None:
    assert desk().control(GET_FEATURES) == bytes.fromhex("0604 42330006 0704 42330007 0A04 4233000A")
    assert desk().control(PROPERTIES) == bytes.fromhex("0000 02 00")


def test_it_says_so_to_whoever_only_looks(card: SimulatedCard) -> None:
    service = new_service()
    service.desk.plug(READER, card, keypad=Keypad([]))
    looking = Program(service)
    handle = looking.connected(ShareMode.DIRECT)
    assert looking.ask(say.Control(handle, GET_FEATURES, 0, 264)).returned == 18


def test_a_reader_without_one_has_nothing(card: SimulatedCard) -> None:
    desk = Desk(card, None)
    assert {desk.control(code, structure()) for code in (GET_FEATURES, VERIFY_DIRECT, PROPERTIES)} == {
        Code.E_UNSUPPORTED_FEATURE
    }
    assert desk.seen == []


def test_the_right_pin_is_typed_at_the_reader_and_opens_the_key(desk: Callable[..., Desk], card: SimulatedCard) -> None:
    at = desk(RIGHT)
    assert at.verify() == DONE
    assert card.state.verified
    assert at.program.transmit(at.handle, SIGN, room=300) != b"\x69\x82"


def test_a_wrong_one_costs_a_try_and_says_how_many_are_left(desk: Callable[..., Desk]) -> None:
    at = desk(WRONG, WRONG, RIGHT)
    assert [at.verify() for _ in range(4)] == [b"\x63\xc2", b"\x63\xc1", DONE, b"\x64\x00"]


@pytest.mark.parametrize(
    ("entry", "words", "status"),
    [
        (Gesture.CANCEL, {}, "6401"),
        (Gesture.TIME_OUT, {}, "6400"),
        ("123", {}, "6403"),
        ("12345", {"lengths": 0x0404}, "6403"),
        ("12345", {"block": 4}, "6403"),
    ],
)
def test_what_is_no_pin_is_the_readers_answer_and_costs_no_try(
    desk: Callable[..., Desk], entry: str | Gesture, words: dict[str, int], status: str
) -> None:
    at = desk(entry)
    assert at.verify(**words) == bytes.fromhex(status)
    assert at.seen == []


def test_when_nobody_is_there_any_more_the_time_is_out(desk: Callable[..., Desk]) -> None:
    assert desk().verify() == b"\x64\x00"


@pytest.mark.parametrize(
    ("template", "words", "sent"),
    [
        ("0020009800", {}, "0020009804 31323334"),
        ("00200098", {}, "0020009804 31323334"),
        ("0020009800", {"format": 0x02}, "0020009804 31323334"),
        ("0020009800", {"block": 8}, "0020009808 31323334 FFFFFFFF"),
        ("0020009808 2020202020202020", {"block": 8}, "0020009808 31323334 20202020"),
        ("0020009806 000000000000", {}, "0020009806 31323334 0000"),
        ("0020009802 AABB", {"format": 0x82 | 2 << 3}, "0020009806 AABB 31323334"),
        ("0C20009800", {}, "0C20009804 31323334"),
    ],
)
def test_the_digits_go_where_the_structure_says(
    desk: Callable[..., Desk], template: str, words: dict[str, int], sent: str
) -> None:
    at = desk(RIGHT)
    at.verify(bytes.fromhex(template), **words)
    assert [command.hex() for command, _ in at.seen] == [sent.replace(" ", "").lower()]


@pytest.mark.parametrize(
    ("template", "words"),
    [
        pytest.param("0020009800", {"format": 0x80}, id="binary"),
        pytest.param("0020009800", {"format": 0x81}, id="bcd"),
        pytest.param("0020009800", {"format": 0x86}, id="from-the-right"),
        pytest.param("0020009800", {"format": 0x02 | 2 << 3}, id="counted-in-bits"),
        pytest.param("0020009800", {"block": 0x48}, id="a-length-in-the-block"),
        pytest.param("00A4020C00", {}, id="another-command"),
        pytest.param("00240180", {}, id="a-change"),
        pytest.param("0020", {}, id="half-a-header"),
        pytest.param("", {}, id="nothing"),
    ],
)
def test_what_this_keypad_cannot_do_it_says_and_asks_nobody(
    desk: Callable[..., Desk], template: str, words: dict[str, int]
) -> None:
    at = desk(RIGHT)
    assert at.verify(bytes.fromhex(template), **words) == b"\x6b\x80"
    assert at.seen == []
    assert at.verify() == DONE  # the person still has the PIN to type


@pytest.mark.parametrize("cut", range(len(structure())))
def test_a_structure_that_is_cut_off_is_a_wrong_parameter(desk: Callable[..., Desk], cut: int) -> None:
    assert desk(RIGHT).control(VERIFY_DIRECT, structure()[:cut]) == b"\x6b\x80"


@given(st.binary(max_size=60))
def test_any_bytes_are_a_request_or_none(data: bytes) -> None:
    request = TypedRequest.parse(Feature.VERIFY_PIN_DIRECT, data)
    assert request is None or request.header[1] == 0x20
    request = TypedRequest.parse(Feature.MODIFY_PIN_DIRECT, data)
    assert request is None or request.header[1] in (0x24, 0x32)


def test_room_for_the_answer_is_wanted(desk: Callable[..., Desk]) -> None:
    assert desk().control(GET_FEATURES, room=17) == Code.E_INSUFFICIENT_BUFFER
    assert desk(RIGHT).control(0x42330008, structure()) == Code.E_UNSUPPORTED_FEATURE


def test_faults_come_at_what_is_typed_too(desk: Callable[..., Desk], card: SimulatedCard) -> None:
    assert desk(RIGHT, faults=("removed@2",)).verify() == Code.W_REMOVED_CARD
    assert desk(RIGHT, faults=("status=6F00@2",)).verify() == b"\x6f\x00"
    assert not card.state.verified


def test_a_transaction_of_another_client_keeps_the_keypad_too(card: SimulatedCard) -> None:
    desk = Desk(card, Keypad([RIGHT]))
    other = Program(desk.service, peer=2)
    other.begin(other.connected())
    assert desk.verify() == Code.E_SHARING_VIOLATION


def test_without_a_card_nobody_types(card: SimulatedCard) -> None:
    keypad = Keypad([RIGHT])
    desk = Desk(card, keypad)
    desk.service.desk.remove(READER)
    assert desk.verify() == Code.E_NO_SMARTCARD
    assert keypad.left == 1


def test_a_mute_card_leaves_the_client_without_an_answer(card: SimulatedCard) -> None:
    desk = Desk(card, Keypad([WRONG]), "mute@2")
    wire = structure()
    desk.program.send(request(say.Control(desk.handle, VERIFY_DIRECT, len(wire), 264, data=wire)))
    assert desk.program.read() == b""


@pytest.mark.parametrize("entry", ["", "ABC123", "12 4", "１２３４", "1" * 17])
def test_a_keypad_has_ten_keys(entry: str) -> None:
    with pytest.raises(UsageError, match="ten digits"):
        Keypad([entry])


def test_what_was_typed_is_not_printed(card: SimulatedCard) -> None:
    assert "7391" not in repr(Keypad(["7391"])) + repr(vars(Keypad(["7391"])))
    assert "7391" not in repr(TypedRequest.parse(Feature.VERIFY_PIN_DIRECT, structure(b"\x00\x20\x00\x98\x047391")))


# --- a new PIN ---------------------------------------------------------------------------------------

CHANGE_DIRECT = 0x42330007
SELECT_PIN = bytes.fromhex("00A4020C020018")


def change(template: bytes = bytes.fromhex("0024018000"), confirm: int = 1, lengths: int = 0x0404) -> bytes:
    """A PIN_MODIFY_STRUCTURE: pcsc-lite 1.9.9, src/PCSC/reader.h."""
    head = struct.pack("=BBBBBBBHBBBH6xI", 30, 30, ASCII, 0, 0, 0, 0, lengths, confirm, 2, 0, 0, len(template))
    return head + template


@pytest.mark.parametrize(
    ("entries", "confirm", "status"),
    [
        (("4711", "4711"), 1, "9000"),
        (("4711",), 0, "9000"),
        (("4711", "4712"), 1, "6402"),
        (("471", "471"), 1, "6403"),
        (("4711", Gesture.CANCEL), 1, "6401"),
        ((Gesture.TIME_OUT,), 1, "6400"),
        (("4711",), 3, "6b80"),
    ],
)
def test_a_new_pin_is_typed_twice_or_is_none(
    desk: Callable[..., Desk], card: SimulatedCard, entries: tuple[str | Gesture, ...], confirm: int, status: str
) -> None:
    at = desk(RIGHT, *entries)
    assert at.verify() == DONE
    assert at.program.transmit(at.handle, SELECT_PIN) == DONE
    at.seen.clear()
    assert at.control(CHANGE_DIRECT, change(confirm=confirm)) == bytes.fromhex(status)
    assert len(at.seen) == (status == "9000")


@given(st.binary(min_size=4, max_size=4), st.integers(1, 8), st.integers(8, 16), st.booleans(), st.integers(1, 255))
def test_what_the_driver_asks_for_the_keypad_understands(
    header: bytes, fewest: int, most: int, new: bool, timeout_s: int
) -> None:
    header = header[:1] + (b"\x24" if new else b"\x20") + header[2:]
    command = TypedCommand(header, fewest, most, new, timeout_s)
    request = TypedRequest.parse(command.feature, command.structure())
    assert request == TypedRequest(header, b"", 0, 0, range(fewest, most + 1), 2 if new else 1)

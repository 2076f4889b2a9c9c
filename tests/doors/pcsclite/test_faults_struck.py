"""What each fault does to the client, to the others, and to the card."""

from __future__ import annotations

import pytest

from mynacard.doors.pcsclite.scard import Code, Disposition
from mynacard.doors.pcsclite.service import Service
from mynacard.simulator import SimulatedCard
from mynacard.simulator.faults import Fault
from tests.doors.pcsclite.client import APPLICATION, DONE, READER, VERIFY, Program, request, transmission, verified

WRONG = VERIFY[:-1] + b"5"
TRIES = 3


def tries_left(card: SimulatedCard) -> int:
    return min(memory.tries_left for memory in card.pins.values() if memory.tries_left <= TRIES)


def struck_at_a_wrong_pin(service: Service, program: Program, fault: str) -> tuple[int, bytes | int]:
    """The handle, and what the program hears to the second of its APDUs, which costs a try where the card sees it."""
    service.desk.arm(READER, [Fault.parse(fault)])
    handle = program.connected()
    assert program.transmit(handle, APPLICATION) == DONE
    return handle, program.transmit(handle, WRONG)


BEFORE = {
    "removed@2": Code.W_REMOVED_CARD,
    "unplugged@2": Code.E_READER_UNAVAILABLE,
    "reset@2": Code.W_RESET_CARD,
    "error=80100016@2": Code.E_NOT_TRANSACTED,
    "error=8010002F@2": 0x8010002F,
}
AFTER = {"not-transacted@2": Code.E_NOT_TRANSACTED, "empty@2": b""}


@pytest.mark.parametrize(("fault", "heard"), BEFORE.items(), ids=list(BEFORE))
def test_faults_before_the_card_cost_no_try(
    service: Service, holder: Program, card: SimulatedCard, fault: str, heard: int
) -> None:
    assert struck_at_a_wrong_pin(service, holder, fault)[1] == heard
    assert tries_left(card) == TRIES


@pytest.mark.parametrize(("fault", "heard"), AFTER.items(), ids=list(AFTER))
def test_faults_that_lose_the_answer_cost_one(
    service: Service, holder: Program, card: SimulatedCard, fault: str, heard: bytes | int
) -> None:
    handle, said = struck_at_a_wrong_pin(service, holder, fault)
    assert said == heard
    assert tries_left(card) == TRIES - 1
    assert holder.transmit(handle, VERIFY) == DONE


def test_a_mute_card_costs_one_too_and_holds_up_its_client_alone(
    service: Service, holder: Program, other: Program, card: SimulatedCard
) -> None:
    service.desk.arm(READER, [Fault.parse("mute@2")])
    mine, theirs = holder.connected(), other.connected()
    assert holder.transmit(mine, APPLICATION) == DONE
    holder.send(request(transmission(mine, WRONG)))
    holder.send(request(transmission(mine, VERIFY)))
    assert holder.read() == b""
    assert tries_left(card) == TRIES - 1
    assert other.transmit(theirs, VERIFY) == DONE
    holder.leave()
    assert service.calls.open_handles == 1


def test_a_removed_card_is_gone_until_it_is_back(
    service: Service, holder: Program, other: Program, card: SimulatedCard
) -> None:
    theirs = other.connected()
    mine, _ = struck_at_a_wrong_pin(service, holder, "removed@2")
    assert other.transmit(theirs, APPLICATION) == Code.W_REMOVED_CARD
    assert holder.connect().code == Code.E_NO_SMARTCARD
    service.desk.insert(READER, card)
    assert holder.reconnect(mine) == Code.S_SUCCESS
    assert holder.transmit(mine, APPLICATION) == DONE


def test_an_unplugged_reader_is_gone(service: Service, holder: Program) -> None:
    mine, _ = struck_at_a_wrong_pin(service, holder, "unplugged@2")
    assert holder.transmit(mine, APPLICATION) == Code.E_INVALID_VALUE
    assert holder.connect().code == Code.E_UNKNOWN_READER
    assert list(service.desk) == []


def test_a_foreign_reset_in_a_transaction_leaves_it_to_its_holder(
    service: Service, holder: Program, other: Program, card: SimulatedCard
) -> None:
    service.desk.arm(READER, [Fault.parse("reset@3")])
    mine, theirs = holder.connected(), other.connected()
    holder.begin(mine)
    assert holder.transmit(mine, APPLICATION) == holder.transmit(mine, VERIFY) == DONE
    assert holder.transmit(mine, APPLICATION) == Code.W_RESET_CARD
    assert not verified(card)
    assert holder.end(mine) == Code.W_RESET_CARD
    assert other.begin(theirs) == Code.W_RESET_CARD
    assert other.reconnect(theirs) == Code.E_SHARING_VIOLATION
    assert holder.reconnect(mine) == Code.S_SUCCESS
    assert holder.end(mine, Disposition.RESET) == Code.S_SUCCESS
    assert other.reconnect(theirs) == Code.S_SUCCESS


def test_the_end_of_the_service_is_everybodys(
    service: Service, holder: Program, other: Program, card: SimulatedCard
) -> None:
    service.desk.arm(READER, [Fault.parse("service-gone@3")])
    mine = holder.connected()
    other.connected()
    holder.begin(mine)
    assert holder.transmit(mine, APPLICATION) == holder.transmit(mine, VERIFY) == DONE
    holder.send(request(transmission(mine, APPLICATION)))
    assert holder.hung_up_on
    assert other.hung_up_on
    assert not verified(card)
    assert service.calls.open_handles == 0
    again = Program(service)
    assert again.transmit(again.connected(), APPLICATION) == DONE


def test_apdus_that_do_not_reach_the_reader_are_not_counted(service: Service, holder: Program, other: Program) -> None:
    service.desk.arm(READER, [Fault.parse("error=80100013@2")])
    mine, theirs = holder.connected(), other.connected()
    holder.begin(mine)
    assert holder.transmit(mine, APPLICATION) == DONE
    assert other.transmit(theirs, APPLICATION) == Code.E_SHARING_VIOLATION
    assert holder.transmit(mine, APPLICATION) == 0x80100013
    assert holder.transmit(mine, APPLICATION) == DONE


def test_arming_counts_anew_and_forgets_what_was_armed_before(service: Service, holder: Program) -> None:
    service.desk.arm(READER, [Fault.parse("error=80100013@2")])
    handle = holder.connected()
    assert holder.transmit(handle, APPLICATION) == DONE
    service.desk.arm(READER, [Fault.parse("error=8010002F@2")])
    assert [holder.transmit(handle, APPLICATION) for _ in range(3)] == [DONE, 0x8010002F, DONE]


def test_a_card_that_is_removed_during_has_counted_the_try(
    service: Service, holder: Program, card: SimulatedCard
) -> None:
    mine, said = struck_at_a_wrong_pin(service, holder, "removed-during@2")
    assert said == Code.E_NOT_TRANSACTED
    assert tries_left(card) == TRIES - 1
    assert holder.transmit(mine, APPLICATION) == Code.W_REMOVED_CARD


def test_a_card_that_is_removed_after_has_answered(service: Service, holder: Program, card: SimulatedCard) -> None:
    mine, said = struck_at_a_wrong_pin(service, holder, "removed-after@2")
    assert said == b"\x63\xc2"
    assert holder.transmit(mine, APPLICATION) == Code.W_REMOVED_CARD
    assert holder.connect().code == Code.E_NO_SMARTCARD


@pytest.mark.parametrize(
    ("fault", "heard", "spent"),
    [
        ("status=6F00@2", b"\x6f\x00", 0),
        ("one-byte@2", b"\x63", 1),
        ("over-long@2", b"\x00\x63\xc2", 1),
        ("wrong-le-for-ever@2", b"\x6c\x00", 0),
        ("more-for-ever@2", b"\x61\x01", 1),
        ("truncated@2", b"\x63\xc2", 1),
    ],
)
def test_faults_in_the_answers_come_through_the_door(
    service: Service, holder: Program, card: SimulatedCard, fault: str, heard: bytes, spent: int
) -> None:
    assert struck_at_a_wrong_pin(service, holder, fault)[1] == heard
    assert tries_left(card) == TRIES - spent


def test_what_lasts_ends_when_something_else_is_armed(service: Service, holder: Program) -> None:
    handle, _ = struck_at_a_wrong_pin(service, holder, "wrong-le-for-ever@2")
    assert holder.transmit(handle, APPLICATION) == b"\x6c\x00"
    service.desk.arm(READER, [])
    assert holder.transmit(handle, APPLICATION) == DONE


def test_the_first_command_after_each_power_on_is_known_at_the_reader(service: Service, holder: Program) -> None:
    service.desk.arm(READER, [Fault.parse("first-command-fault@1")])
    handle = holder.connected()
    assert [holder.transmit(handle, APPLICATION) for _ in range(2)] == [b"\x6f\x00", DONE]
    assert holder.reconnect(handle, initialization=Disposition.RESET) == Code.S_SUCCESS
    assert holder.transmit(handle, APPLICATION) == DONE
    assert holder.reconnect(handle, initialization=Disposition.UNPOWER) == Code.S_SUCCESS
    assert [holder.transmit(handle, APPLICATION) for _ in range(2)] == [b"\x6f\x00", DONE]

"""What pcscd does: who may, who waits, who is told, and what becomes of the card."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mynacard.doors import disk
from mynacard.doors.pcsclite import messages as say
from mynacard.doors.pcsclite.atr import protocols_of
from mynacard.doors.pcsclite.scard import Attribute, Code, Disposition, Protocol, ShareMode, State
from mynacard.doors.pcsclite.service import Service
from mynacard.errors import CardFileError, UsageError
from mynacard.simulator import ATR_CONTACT, ATR_CONTACTLESS, Personality, SimulatedCard, Traits
from tests.doors.pcsclite.client import (
    APPLICATION,
    DONE,
    READER,
    REFUSED,
    SIGN,
    T0_OR_T1,
    VERIFY,
    Clock,
    Program,
    answer,
    new_service,
    request,
    transmission,
    verified,
)

POWER = [Disposition.RESET, Disposition.UNPOWER]


# --- versions and contexts ---


@pytest.mark.parametrize(("minor", "spoken"), [(4, 4), (5, 5), (6, 6), (9, 6)])
def test_a_client_of_this_major_protocol_is_answered_in_what_both_speak(
    holder: Program, minor: int, spoken: int
) -> None:
    assert holder.ask(say.Version(4, minor)) == say.Version(4, spoken)


@pytest.mark.parametrize(("major", "minor"), [(4, 3), (4, 2), (4, -1), (3, 4), (5, 4), (0, 0)])
def test_a_client_of_another_protocol_is_told_that_the_service_has_stopped(
    holder: Program, major: int, minor: int
) -> None:
    assert holder.ask(say.Version(major, minor)).code == Code.E_SERVICE_STOPPED
    assert not holder.hung_up_on


def test_contexts_have_a_known_scope_and_an_end(holder: Program) -> None:
    assert holder.ask(say.EstablishContext(4)).code == Code.E_INVALID_VALUE
    assert holder.ask(say.ReleaseContext(0)).code == Code.E_INVALID_HANDLE
    holder.establish()
    assert holder.ask(say.ReleaseContext(holder.context + 1)).code == Code.E_INVALID_VALUE
    assert holder.ask(say.ReleaseContext(holder.context)).code == Code.S_SUCCESS
    assert holder.ask(say.Connect(holder.context, READER, ShareMode.SHARED, T0_OR_T1)).code == Code.E_INVALID_HANDLE


def test_a_released_context_takes_its_connections_along(holder: Program, service: Service) -> None:
    holder.connected()
    holder.connected()
    assert service.calls.open_handles == 2
    holder.ask(say.ReleaseContext(holder.context))
    assert service.calls.open_handles == 0


# --- connections ---


def test_a_connection_has_a_protocol_that_the_card_offers(holder: Program) -> None:
    made = holder.connect()
    assert (made.code, made.protocol) == (Code.S_SUCCESS, Protocol.T1)


@pytest.mark.parametrize(
    ("mode", "protocols", "code"),
    [
        (ShareMode.SHARED, 0, Code.E_PROTO_MISMATCH),
        (ShareMode.SHARED, Protocol.T0, Code.E_PROTO_MISMATCH),  # the card in the test speaks T=1 alone
        (ShareMode.SHARED, Protocol.ANY_OLD, Code.S_SUCCESS),
        (ShareMode.SHARED, Protocol.RAW, Code.S_SUCCESS),
        (ShareMode.DIRECT, 0, Code.S_SUCCESS),
        (0, T0_OR_T1, Code.E_INVALID_VALUE),
        (4, T0_OR_T1, Code.E_INVALID_VALUE),
    ],
)
def test_what_cannot_be_connected_is_said(holder: Program, mode: int, protocols: int, code: Code) -> None:
    holder.establish()
    assert holder.ask(say.Connect(holder.context, READER, mode, protocols)).code == code


def test_a_reader_that_is_not_there_is_unknown(holder: Program) -> None:
    assert holder.connect("Another Reader").code == Code.E_UNKNOWN_READER


def test_an_empty_reader_can_be_connected_directly_alone(service: Service, holder: Program) -> None:
    service.desk.remove(READER)
    assert holder.connect().code == Code.E_NO_SMARTCARD
    assert holder.connect(mode=ShareMode.DIRECT).code == Code.S_SUCCESS


def test_an_exclusive_connection_shuts_others_out(holder: Program, other: Program) -> None:
    card = holder.connected(ShareMode.EXCLUSIVE)
    assert other.connect().code == Code.E_SHARING_VIOLATION
    assert holder.end(card) == Code.E_NOT_TRANSACTED
    assert holder.begin(card) == holder.end(card) == Code.S_SUCCESS
    assert other.connect(mode=ShareMode.DIRECT).code == Code.E_SHARING_VIOLATION
    holder.disconnect(card)
    assert other.connect().code == Code.S_SUCCESS


def test_exclusivity_is_had_by_the_only_one_alone(holder: Program, other: Program) -> None:
    first = holder.connected()
    assert other.connect(mode=ShareMode.EXCLUSIVE).code == Code.E_SHARING_VIOLATION
    assert holder.reconnect(first, ShareMode.EXCLUSIVE) == Code.S_SUCCESS
    assert other.connect().code == Code.E_SHARING_VIOLATION
    assert holder.reconnect(first, ShareMode.SHARED) == Code.S_SUCCESS
    second = other.connected()
    assert other.transmit(second, APPLICATION) == DONE
    assert holder.reconnect(first, ShareMode.EXCLUSIVE) == Code.E_SHARING_VIOLATION


def test_a_connection_of_another_client_ends_the_one_that_names_it(holder: Program, other: Program) -> None:
    card = holder.connected()
    other.establish()
    other.send(request(transmission(card, APPLICATION)))
    assert other.hung_up_on
    assert holder.transmit(card, APPLICATION) == DONE


def test_a_disconnected_connection_is_none(holder: Program) -> None:
    card = holder.connected()
    assert holder.disconnect(card) == Code.S_SUCCESS
    holder.send(request(say.Status(card)))
    assert holder.hung_up_on


@pytest.mark.parametrize("disposition", [4, 0xFFFFFFFF])
def test_an_unknown_disposition_changes_nothing(holder: Program, disposition: int) -> None:
    card = holder.connected()
    assert holder.begin(card) == Code.S_SUCCESS
    assert holder.ask(say.EndTransaction(card, disposition)).code == Code.E_INVALID_VALUE
    assert holder.ask(say.Disconnect(card, disposition)).code == Code.E_INVALID_VALUE
    assert holder.ask(say.Reconnect(card, ShareMode.SHARED, T0_OR_T1, 3)).code == Code.E_INVALID_VALUE
    assert holder.end(card) == Code.S_SUCCESS


def test_one_client_has_not_more_connections_than_pcscd_would_stand(holder: Program, service: Service) -> None:
    codes = [holder.connect().code for _ in range(257)]
    assert codes == [Code.S_SUCCESS] * 256 + [Code.E_NO_MEMORY]
    holder.leave()
    assert service.calls.open_handles == 0


def test_one_reader_has_not_more_connections_than_pcscd_would_stand(holder: Program, other: Program) -> None:
    for _ in range(200):
        holder.connect()
    codes = [other.connect().code for _ in range(57)]
    assert codes == [Code.S_SUCCESS] * 56 + [Code.F_INTERNAL_ERROR]


# --- transactions ---


def test_a_transaction_shuts_others_out_until_its_end(holder: Program, other: Program, service: Service) -> None:
    mine, theirs = holder.connected(), other.connected()
    assert service.calls.transaction_holder(READER) is None
    assert holder.begin(mine) == Code.S_SUCCESS
    assert service.calls.transaction_holder(READER) == 100
    assert other.begin(theirs) == Code.E_SHARING_VIOLATION
    assert other.transmit(theirs, APPLICATION) == Code.E_SHARING_VIOLATION
    assert other.status(theirs) == Code.E_SHARING_VIOLATION
    assert other.reconnect(theirs) == Code.E_SHARING_VIOLATION
    assert other.end(theirs, Disposition.RESET) == other.end(theirs) == Code.E_SHARING_VIOLATION
    assert holder.transmit(mine, APPLICATION) == DONE
    assert holder.end(mine) == Code.S_SUCCESS
    assert other.begin(theirs) == Code.S_SUCCESS
    assert service.calls.transaction_holder(READER) == 200


def test_transactions_nest(holder: Program, other: Program) -> None:
    mine, theirs = holder.connected(), other.connected()
    assert holder.begin(mine) == holder.begin(mine) == holder.end(mine) == Code.S_SUCCESS
    assert other.begin(theirs) == Code.E_SHARING_VIOLATION
    assert holder.end(mine) == Code.S_SUCCESS
    assert holder.end(mine) == Code.E_NOT_TRANSACTED
    assert other.begin(theirs) == Code.S_SUCCESS


@pytest.mark.parametrize(
    "ends", [Program.end, Program.disconnect, lambda program, _: program.leave()], ids=["end", "disconnect", "leave"]
)
def test_whoever_connects_meanwhile_waits_for_the_end(
    holder: Program, other: Program, ends: Callable[[Program, int], object]
) -> None:
    mine = holder.connected()
    holder.begin(mine)
    other.establish()
    other.send(request(say.Connect(other.context, READER, ShareMode.SHARED, T0_OR_T1)))
    assert other.read() == b""
    ends(holder, mine)
    assert answer(say.Connect, other.read()).code == Code.S_SUCCESS


def test_a_disconnection_that_resets_waits_too_and_one_that_leaves_does_not(holder: Program, other: Program) -> None:
    mine, first, second = holder.connected(), other.connected(), other.connected()
    holder.begin(mine)
    assert other.disconnect(first) == Code.S_SUCCESS
    other.send(request(say.Disconnect(second, Disposition.RESET)))
    assert other.read() == b""
    assert holder.transmit(mine, APPLICATION) == DONE
    holder.end(mine)
    assert answer(say.Disconnect, other.read()).code == Code.S_SUCCESS
    assert holder.transmit(mine, APPLICATION) == Code.W_RESET_CARD


def test_those_who_wait_come_in_the_order_of_their_coming(service: Service, holder: Program) -> None:
    mine = holder.connected()
    holder.begin(mine)
    waiting = [Program(service) for _ in range(3)]
    for program in waiting:
        program.establish()
        program.send(request(say.Connect(program.context, READER, ShareMode.EXCLUSIVE, T0_OR_T1)))
    holder.disconnect(mine)
    codes = [answer(say.Connect, program.read()).code for program in waiting]
    assert codes == [Code.S_SUCCESS, Code.E_SHARING_VIOLATION, Code.E_SHARING_VIOLATION]


def test_one_who_waits_may_go(service: Service, holder: Program, other: Program) -> None:
    mine = holder.connected()
    holder.begin(mine)
    other.establish()
    other.send(request(say.Connect(other.context, READER, ShareMode.SHARED, T0_OR_T1)))
    other.leave()
    holder.end(mine)
    assert service.calls.open_handles == 1


def test_an_end_without_a_beginning_resets_all_the_same(holder: Program, card: SimulatedCard) -> None:
    mine = holder.connected()
    holder.transmit(mine, APPLICATION)
    holder.transmit(mine, VERIFY)
    assert holder.end(mine, Disposition.RESET) == Code.E_NOT_TRANSACTED
    assert not verified(card)


def test_no_reader_here_ejects(holder: Program, other: Program) -> None:
    mine, theirs = holder.connected(), other.connected()
    holder.begin(mine)
    assert holder.end(mine, Disposition.EJECT) == Code.E_UNSUPPORTED_FEATURE
    assert other.begin(theirs) == Code.S_SUCCESS  # it is over all the same
    assert other.disconnect(theirs, Disposition.EJECT) == Code.S_SUCCESS


# --- who is told, and who signs afterwards ---


@pytest.mark.parametrize("disposition", POWER, ids=["reset", "unpower"])
def test_after_a_reset_everybody_is_told_until_they_reconnect(
    holder: Program, other: Program, disposition: Disposition
) -> None:
    mine, theirs = holder.connected(), other.connected()
    holder.begin(mine)
    assert holder.end(mine, disposition) == Code.S_SUCCESS
    for program, handle in ((holder, mine), (other, theirs)):
        assert program.transmit(handle, APPLICATION) == Code.W_RESET_CARD
        assert program.begin(handle) == program.end(handle) == program.status(handle) == Code.W_RESET_CARD
        assert program.reconnect(handle) == Code.S_SUCCESS
        assert program.transmit(handle, APPLICATION) == DONE


@pytest.mark.parametrize("initialization", POWER, ids=["reset", "unpower"])
def test_a_reconnection_may_reset_and_is_not_told_itself(
    holder: Program, other: Program, card: SimulatedCard, initialization: Disposition
) -> None:
    mine, theirs = holder.connected(), other.connected()
    holder.transmit(mine, APPLICATION)
    holder.transmit(mine, VERIFY)
    assert holder.reconnect(mine, initialization=initialization) == Code.S_SUCCESS
    assert not verified(card)
    assert holder.transmit(mine, APPLICATION) == DONE
    assert other.transmit(theirs, APPLICATION) == Code.W_RESET_CARD


STRICT, OBSERVED = Personality.STRICT, Personality.OBSERVED
ENDINGS: dict[str, Callable[[Program, int], object]] = {
    "disconnect-leave": lambda program, card: program.disconnect(card),
    "disconnect-reset": lambda program, card: program.disconnect(card, Disposition.RESET),
    "disconnect-unpower": lambda program, card: program.disconnect(card, Disposition.UNPOWER),
    "disconnect-eject": lambda program, card: program.disconnect(card, Disposition.EJECT),
    "end-leave": lambda program, card: program.end(card),
    "end-reset": lambda program, card: program.end(card, Disposition.RESET),
    "end-unpower": lambda program, card: program.end(card, Disposition.UNPOWER),
    "killed-in-a-transaction": lambda program, _: program.leave(),
    "killed-outside": lambda program, card: (program.end(card), program.leave()),
    "killed-after-a-reset-in-it": lambda program, card: (program.reconnect(card), program.leave()),
}
SIGNS_AFTERWARDS = {
    #                             strict, observed
    "disconnect-leave":           (True, True),
    "disconnect-reset":           (False, True),
    "disconnect-unpower":         (False, False),
    "disconnect-eject":           (True, True),
    "end-leave":                  (True, True),
    "end-reset":                  (False, True),
    "end-unpower":                (False, False),
    "killed-in-a-transaction":    (False, True),
    "killed-outside":             (True, True),
    "killed-after-a-reset-in-it": (False, True),
}  # fmt: skip


@pytest.mark.parametrize("bystander", [True, False], ids=["with-a-bystander", "alone"])
@pytest.mark.parametrize("personality", [STRICT, OBSERVED])
@pytest.mark.parametrize("ending", ENDINGS)
def test_who_signs_after_a_program_that_verified(ending: str, personality: Personality, bystander: bool) -> None:
    card = disk.new_card(Traits(personality))
    service = new_service()
    service.desk.plug(READER, card)
    stranger = Program(service)
    if bystander:
        stranger.connected()
    holder = Program(service)
    handle = holder.connected()
    holder.begin(handle)
    assert holder.transmit(handle, APPLICATION) == holder.transmit(handle, VERIFY) == DONE
    ENDINGS[ending](holder, handle)
    signs = SIGNS_AFTERWARDS[ending][personality is OBSERVED]
    assert verified(card) is signs
    theirs = stranger.connected()
    assert stranger.transmit(theirs, APPLICATION) == DONE
    signature = stranger.transmit(theirs, SIGN)
    assert (signature != REFUSED) is signs


def test_a_program_killed_in_a_transaction_lets_others_in_who_hear_of_the_reset(
    holder: Program, other: Program
) -> None:
    mine, theirs = holder.connected(), other.connected()
    holder.begin(mine)
    holder.leave()
    assert other.transmit(theirs, APPLICATION) == Code.W_RESET_CARD
    assert other.reconnect(theirs) == Code.S_SUCCESS
    assert other.begin(theirs) == Code.S_SUCCESS


def test_a_program_killed_outside_of_one_disturbs_nobody(holder: Program, other: Program) -> None:
    holder.connected()
    theirs = other.connected()
    holder.leave()
    assert other.transmit(theirs, APPLICATION) == DONE


# --- power ---


def test_the_card_loses_its_power_when_nobody_comes_back(
    holder: Program, service: Service, clock: Clock, card: SimulatedCard
) -> None:
    mine = holder.connected()
    holder.transmit(mine, APPLICATION)
    holder.transmit(mine, VERIFY)
    holder.disconnect(mine)
    clock.now += 0.499
    service.tick()
    assert verified(card)
    assert service.deadline == pytest.approx(clock.now + 0.001)
    clock.now += 0.002
    service.tick()
    assert not verified(card)
    assert service.deadline is None
    assert holder.transmit(holder.connected(), APPLICATION) == DONE


def test_whoever_comes_back_in_time_keeps_it_on(
    holder: Program, service: Service, clock: Clock, card: SimulatedCard
) -> None:
    mine = holder.connected()
    holder.transmit(mine, APPLICATION)
    holder.transmit(mine, VERIFY)
    holder.disconnect(mine)
    clock.now += 0.4
    service.tick()
    holder.connected()
    clock.now += 100.0
    service.tick()
    assert verified(card)


def test_a_card_that_nobody_asks_for_loses_its_power_and_is_listed_all_the_same(service: Service, clock: Clock) -> None:
    clock.now += 0.6
    service.tick()
    (reader,) = service.desk
    assert not reader.contacts.powered
    assert reader.state.state == State.PRESENT | State.POWERED | State.NEGOTIABLE  # pcscd does not say
    assert reader.state.atr == ATR_CONTACT


def test_a_card_that_one_unpowers_while_another_stays_gets_power_again_for_the_other(
    holder: Program, other: Program
) -> None:
    mine, theirs = holder.connected(), other.connected()
    holder.begin(mine)
    holder.end(mine, Disposition.UNPOWER)
    holder.reconnect(mine)
    holder.disconnect(mine, Disposition.UNPOWER)
    assert other.transmit(theirs, APPLICATION) == Code.W_RESET_CARD
    assert other.reconnect(theirs) == Code.S_SUCCESS
    assert other.transmit(theirs, APPLICATION) == DONE
    assert holder.connect().code == Code.S_SUCCESS


class BrokenCard:
    """A card that works until it is told to fail."""

    atr = ATR_CONTACT

    def __init__(self) -> None:
        self.failure: Exception | None = None
        self.starts = 0

    def _work(self) -> None:
        if self.failure is not None:
            raise self.failure

    def power_on(self) -> bytes:
        self.starts += 1
        self._work()
        return self.atr

    reset = power_on

    def power_off(self) -> None:
        pass

    def transmit(self, command: bytes, /) -> bytes:
        self._work()
        return DONE


@pytest.mark.parametrize("failure", [CardFileError("The disk of {path} is full.", path="here"), OSError(28, "full")])
def test_a_card_that_fails_costs_its_client_an_answer_and_nobody_anything_more(
    failure: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    service, card = new_service(), BrokenCard()
    service.desk.plug(READER, card)
    program = Program(service)
    handle = program.connected()
    card.failure = failure
    assert program.transmit(handle, VERIFY) == Code.E_NOT_TRANSACTED
    assert str(failure) in caplog.text
    assert VERIFY[5:].decode() not in caplog.text
    card.failure = None
    assert program.transmit(handle, VERIFY) == DONE


def test_a_card_that_does_not_start_is_mute_and_tried_again_at_each_connection() -> None:
    service, card = new_service(), BrokenCard()
    card.failure = OSError(5, "no contact")
    service.desk.plug(READER, card)
    (reader,) = service.desk
    assert reader.state.state == State.PRESENT | State.SWALLOWED
    assert reader.state.atr == b""
    program = Program(service)
    assert program.connect().code == Code.W_UNPOWERED_CARD
    card.failure = None
    handle = program.connected()
    card.failure = OSError(5, "no contact")
    assert program.reconnect(handle, initialization=Disposition.RESET) == Code.W_UNRESPONSIVE_CARD
    assert program.reconnect(handle) == Code.W_UNRESPONSIVE_CARD
    assert card.starts == 4


# --- the desk ---


def test_a_card_that_is_taken_away_is_missed_and_a_new_one_is_another(
    service: Service, holder: Program, card: SimulatedCard
) -> None:
    mine = holder.connected()
    holder.begin(mine)
    holder.transmit(mine, APPLICATION)
    holder.transmit(mine, VERIFY)
    assert service.desk.remove(READER) is card
    assert not verified(card)
    assert service.calls.transaction_holder(READER) is None
    assert holder.transmit(mine, APPLICATION) == Code.W_REMOVED_CARD
    assert holder.end(mine) == Code.W_REMOVED_CARD
    assert holder.reconnect(mine) == Code.E_NO_SMARTCARD
    service.desk.insert(READER, card)
    assert holder.transmit(mine, APPLICATION) == Code.W_REMOVED_CARD
    assert holder.reconnect(mine) == Code.S_SUCCESS
    assert holder.transmit(mine, APPLICATION) == DONE


def test_the_removal_of_a_card_ends_the_waiting_for_its_transaction(
    service: Service, holder: Program, other: Program
) -> None:
    holder.begin(holder.connected())
    other.establish()
    other.send(request(say.Connect(other.context, READER, ShareMode.SHARED, T0_OR_T1)))
    service.desk.remove(READER)
    service.settle()
    assert answer(say.Connect, other.read()).code == Code.E_NO_SMARTCARD


def test_an_unplugged_reader_is_gone_for_its_connections_and_one_of_its_name_is_another(
    service: Service, holder: Program, card: SimulatedCard
) -> None:
    mine = holder.connected()
    assert service.desk.unplug(READER) is card
    assert holder.transmit(mine, APPLICATION) == holder.begin(mine) == holder.status(mine) == Code.E_INVALID_VALUE
    assert holder.connect().code == Code.E_UNKNOWN_READER
    service.desk.plug(READER, card)
    assert holder.transmit(mine, APPLICATION) == Code.E_INVALID_VALUE
    assert holder.ask(say.Disconnect(mine, 9)).code == Code.E_INVALID_VALUE
    assert holder.disconnect(mine, Disposition.RESET) == Code.S_SUCCESS
    assert holder.transmit(holder.connected(), APPLICATION) == DONE


def test_a_reset_from_outside_is_told_to_everybody(service: Service, holder: Program, card: SimulatedCard) -> None:
    mine = holder.connected()
    holder.transmit(mine, APPLICATION)
    holder.transmit(mine, VERIFY)
    service.desk.reset(READER)
    assert not verified(card)
    assert holder.transmit(mine, APPLICATION) == Code.W_RESET_CARD


def test_readers_have_names_of_their_own_and_there_are_at_most_256(service: Service, card: SimulatedCard) -> None:
    for name in (READER, "", "\0", "X" * 128, "え" * 43):
        with pytest.raises(UsageError):
            service.desk.plug(name)
    for name in ("nobody", ""):
        with pytest.raises(UsageError):
            service.desk.unplug(name)
    with pytest.raises(UsageError):
        service.desk.insert(READER, card)
    for number in range(255):
        service.desk.plug(f"{number}" + "え" * 40)
    with pytest.raises(UsageError):
        service.desk.plug("one too many")
    service.desk.unplug(READER)
    service.desk.plug("one too many")
    assert len(list(service.desk)) == 256


def test_nothing_is_taken_from_an_empty_reader(service: Service) -> None:
    assert service.desk.remove(READER) is not None
    assert service.desk.remove(READER) is None


def test_each_reader_has_its_own_transaction_and_card(service: Service, holder: Program, other: Program) -> None:
    second = disk.new_card()
    service.desk.plug("Second", second)
    mine = holder.connected()
    holder.begin(mine)
    theirs = other.connect("Second")
    assert other.begin(theirs.card) == Code.S_SUCCESS
    assert other.transmit(theirs.card, APPLICATION) == other.transmit(theirs.card, VERIFY) == DONE
    assert verified(second)
    assert holder.transmit(mine, APPLICATION) == DONE
    assert holder.transmit(mine, SIGN) == REFUSED


# --- waiting for news ---


def wait(program: Program) -> None:
    """The program waits for news of the readers."""
    program.send(request(say.WaitForChange()))
    assert len(program.read()) == 16 * 184


def test_whoever_waits_hears_of_the_next_change_once(service: Service, holder: Program, card: SimulatedCard) -> None:
    wait(holder)
    service.desk.remove(READER)
    service.desk.insert(READER, card)
    assert answer(say.ChangeNotice, holder.read()) == say.ChangeNotice()
    holder.send(request(say.StopWaiting()))
    assert holder.read() == b""


@pytest.mark.parametrize(
    "change",
    [
        lambda service: service.desk.plug("new"),
        lambda service: service.desk.unplug(READER),
        lambda service: service.desk.remove(READER),
        lambda service: Program(service).connected(),
    ],
    ids=["plugged", "unplugged", "removed", "connected"],
)
def test_changes_are_those_of_readers_cards_and_connections(
    service: Service, holder: Program, change: Callable[[Service], object]
) -> None:
    wait(holder)
    change(service)
    assert answer(say.ChangeNotice, holder.read()) == say.ChangeNotice()


def test_waiting_can_be_stopped_and_cancelled_by_another_connection(
    service: Service, holder: Program, other: Program
) -> None:
    holder.establish()
    wait(holder)
    holder.send(request(say.StopWaiting()))
    assert answer(say.ChangeNotice, holder.read()).code == Code.S_SUCCESS
    wait(holder)
    assert other.ask(say.Cancel(holder.context)).code == Code.S_SUCCESS
    assert answer(say.ChangeNotice, holder.read()).code == Code.E_CANCELLED
    assert other.ask(say.Cancel(holder.context)).code == Code.S_SUCCESS
    assert holder.read() == b""
    for context in (0, 12345):
        assert other.ask(say.Cancel(context)).code == Code.E_INVALID_HANDLE


def test_readers_that_come_and_go_are_counted(service: Service, holder: Program) -> None:
    def count() -> int:
        holder.send(request(say.GetReaderEvents()))
        return answer(say.ReaderEvents, holder.read()).count

    before = count()
    service.desk.plug("new")
    service.desk.unplug("new")
    assert count() == before + 2


# --- APDUs, attributes, control ---


def test_an_answer_that_is_longer_than_its_place_is_kept_back(holder: Program) -> None:
    mine = holder.connected()
    holder.transmit(mine, APPLICATION)
    read = bytes.fromhex("00B08A0000")
    said = holder.ask(transmission(mine, read, room=257))
    assert (said.code, said.receive_length, said.data) == (Code.E_INSUFFICIENT_BUFFER, 258, b"")
    assert len(bytes(holder.ask(transmission(mine, read, room=258)).data)) == 258


def test_a_refusal_carries_no_data_of_the_command(holder: Program, other: Program) -> None:
    mine, theirs = holder.connected(), other.connected()
    holder.begin(mine)
    other.send(request(transmission(theirs, VERIFY)))
    assert VERIFY[5:] not in other.read()
    other.send(request(say.Control(theirs, 1, 4, 0, data=VERIFY[5:])))
    assert VERIFY[5:] not in other.read()


@pytest.mark.parametrize(
    ("protocol", "expected"),
    [(Protocol.T1, DONE), (Protocol.ANY_OLD, DONE), (Protocol.RAW, DONE), (Protocol.T0, Code.E_PROTO_MISMATCH)],
)
def test_an_apdu_goes_in_the_protocol_of_its_connection(
    holder: Program, protocol: Protocol, expected: bytes | Code
) -> None:
    assert holder.transmit(holder.connected(), APPLICATION, protocol=protocol) == expected


def test_without_a_card_nothing_is_sent(service: Service, holder: Program) -> None:
    service.desk.remove(READER)
    mine = holder.connected(ShareMode.DIRECT)
    assert holder.transmit(mine, APPLICATION) == Code.E_NO_SMARTCARD
    assert holder.transmit(mine, APPLICATION, protocol=Protocol.RAW) == Code.E_NOT_TRANSACTED


def attribute(program: Program, card: int, number: int) -> bytes | int:
    said = program.ask(say.GetAttribute(card, number, bytes(264), 264))
    return said.code or said.value[: said.length]


def test_readers_tell_what_programs_ask_of_them(service: Service, holder: Program) -> None:
    mine = holder.connected()
    assert attribute(holder, mine, Attribute.ATR_STRING) == ATR_CONTACT
    assert attribute(holder, mine, Attribute.DEVICE_FRIENDLY_NAME) == READER.encode() + b"\0"
    assert attribute(holder, mine, Attribute.DEVICE_SYSTEM_NAME) == READER.encode() + b"\0"
    assert attribute(holder, mine, Attribute.VENDOR_NAME) == b"mynacard\0"
    for known in Attribute:
        assert isinstance(attribute(holder, mine, known), bytes), known
    assert attribute(holder, mine, 0x123456) == Code.E_UNSUPPORTED_FEATURE
    service.desk.remove(READER)
    assert attribute(holder, mine, Attribute.ATR_STRING) == Code.W_REMOVED_CARD
    empty = holder.connected(ShareMode.DIRECT)
    assert attribute(holder, empty, Attribute.ATR_STRING) == Code.E_UNSUPPORTED_FEATURE
    assert attribute(holder, empty, Attribute.ICC_PRESENCE) == b"\0"


def test_nothing_can_be_set_and_there_are_no_features(holder: Program, other: Program) -> None:
    mine = holder.connected()
    assert holder.ask(say.SetAttribute(mine, 1, bytes(264), 4)).code == Code.E_UNSUPPORTED_FEATURE
    assert holder.ask(say.Control(mine, 0x42000D48, 0, 264)).code == Code.E_UNSUPPORTED_FEATURE
    theirs = other.connected()
    holder.begin(mine)
    assert other.ask(say.Control(theirs, 0x42000D48, 0, 264)).code == Code.E_SHARING_VIOLATION


@pytest.mark.parametrize(
    ("atr", "protocols"),
    [
        (ATR_CONTACT, Protocol.T1),
        (ATR_CONTACTLESS, Protocol.T0 | Protocol.T1),
        (bytes.fromhex("3B00"), Protocol.T0),
        (bytes.fromhex("3F6525083304" + "6C9000"), Protocol.T0),
        (bytes.fromhex("3B9F968131" + "80" * 16), Protocol.T1),
        (bytes.fromhex("3B8110" + "01"), Protocol.T1),  # TA2: the specific mode, T=1
        (bytes.fromhex("3B8110" + "0F"), Protocol.UNDEFINED),
        (bytes.fromhex("3B80"), Protocol.UNDEFINED),  # TD1 is missing
        (b"", Protocol.UNDEFINED),
        (bytes.fromhex("0000"), Protocol.UNDEFINED),
    ],
)
def test_the_atr_tells_the_protocols(atr: bytes, protocols: Protocol) -> None:
    assert protocols_of(atr) == protocols


# --- idle transactions ---


def test_the_longest_silence_in_a_transaction_is_kept(service: Service, holder: Program, clock: Clock) -> None:
    (reader,) = service.desk
    mine = holder.connected()
    clock.now += 50.0
    assert reader.idleness.longest_s == 0.0
    holder.begin(mine)
    clock.now += 1.0
    holder.transmit(mine, APPLICATION)
    clock.now += 3.0
    assert reader.idleness.longest_s == 3.0
    holder.transmit(mine, APPLICATION)
    clock.now += 2.0
    holder.end(mine)
    clock.now += 50.0
    assert reader.idleness.longest_s == 3.0


def test_a_card_of_ones_own_is_no_transaction(service: Service, holder: Program, clock: Clock) -> None:
    (reader,) = service.desk
    mine = holder.connected(ShareMode.EXCLUSIVE)
    assert service.calls.transaction_holder(READER) is None
    clock.now += 50.0
    holder.begin(mine)
    clock.now += 2.0
    holder.begin(mine)
    clock.now += 2.0
    holder.end(mine)
    clock.now += 0.5
    holder.end(mine)
    clock.now += 50.0
    assert reader.idleness.longest_s == 4.5

"""PINs typed at the reader's keys: the same guard, the card's answer, and a program that never has the PIN."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mynacard import AtKeypad, errors, open_card, verified_session
from mynacard.apdu.keypad import (
    Feature,
    Property,
    TypedCommand,
    parse_features,
    parse_properties,
    property_list,
    with_keys,
)
from mynacard.apdu.message import Card
from mynacard.apdu.pins import TriesLeft
from mynacard.doors import disk
from mynacard.doors.pcsclite import Gesture, Keypad, PcscliteDoor
from mynacard.jpki import DF_NAME, DIGITAL_SIGNATURE, USER_AUTHENTICATION, JpkiSession
from mynacard.jpki.masks import PERSONAL
from mynacard.opening.pins import PinRequest, verified_application
from mynacard.personal import TEXT_PIN, TextSession
from mynacard.pin import Pin
from mynacard.readers import ReaderCard, ReaderIdentity
from mynacard.recordings import read_recording, recording_to
from mynacard.simulator import SimulatedCard
from mynacard.simulator.faults import Fault
from tests.support import CANARY

NAME: Final = "Simulated Reader 00 00"
"""What the profiles call tested."""
OTHER: Final = "A Keypad"
WRONG: Final = "0000"
PASSWORD: Final = "4093175528614937"
ORIGIN, NONCE = "https://example.jp", "n" * 44


@pytest.fixture
def card() -> SimulatedCard:
    return disk.new_card(pins={USER_AUTHENTICATION.name: CANARY, DIGITAL_SIGNATURE.name: PASSWORD})


@pytest.fixture
def plug(door: PcscliteDoor, card: SimulatedCard) -> Callable[..., Keypad]:
    """Puts the card on a reader at whose keys somebody does what is said."""

    def plugged(*entries: str | Gesture, name: str = NAME, faults: tuple[Fault, ...] = ()) -> Keypad:
        keypad = Keypad(entries)
        door.plug(name, card, faults, keypad)
        return keypad

    return plugged


def tries(card: SimulatedCard) -> int:
    return card.pins[DF_NAME, USER_AUTHENTICATION.pin.key].tries_left


def spend(card: SimulatedCard, count: int) -> None:
    """So many tries are spent already."""
    session = JpkiSession(card)
    for _ in range(count):
        with pytest.raises(errors.PinError):
            session.verify(USER_AUTHENTICATION, WRONG, spend_last_try=True)
    card.power_off()


def test_a_pin_typed_at_the_reader_opens_the_key_and_is_closed_again(
    plug: Callable[..., Keypad], card: SimulatedCard
) -> None:
    plug(CANARY)
    with verified_session(USER_AUTHENTICATION, AtKeypad(), name=NAME) as session:
        assert session.authenticate(ORIGIN, NONCE).signature
    assert tries(card) == USER_AUTHENTICATION.pin.tries
    with open_card(NAME) as channel, pytest.raises(errors.SecurityStatusNotSatisfied):
        JpkiSession(channel).authenticate(ORIGIN, NONCE)


def test_the_holder_is_told_before_and_the_provider_says_where(plug: Callable[..., Keypad]) -> None:
    plug(CANARY)
    told: list[PinRequest] = []

    def provider(request: PinRequest, /) -> AtKeypad:
        told.append(request)
        return AtKeypad()

    with verified_session(USER_AUTHENTICATION, provider, name=NAME, purpose="a test") as session:
        session.authenticate(ORIGIN, NONCE)
    assert [(request.purpose, request.status) for request in told] == [("a test", TriesLeft(3))]


@pytest.mark.parametrize(
    ("entry", "error", "left"),
    [
        (Gesture.CANCEL, errors.PinEntryCancelled, 3),
        (Gesture.TIME_OUT, errors.PinEntryTimedOut, 3),
        ("123", errors.PinNotTyped, 3),
        ("12345", errors.PinNotTyped, 3),
        (WRONG, errors.PinIncorrect, 2),
    ],
)
def test_only_what_reached_the_card_is_a_wrong_pin(
    plug: Callable[..., Keypad], card: SimulatedCard, entry: str | Gesture, error: type[Exception], left: int
) -> None:
    plug(entry)
    with (
        pytest.raises(errors.MynacardError) as raised,
        verified_session(USER_AUTHENTICATION, AtKeypad(), name=NAME),
    ):
        pass
    assert type(raised.value) is error
    assert tries(card) == left
    assert not card.state.verified


@pytest.mark.parametrize(("spent", "error"), [(2, errors.LastTryError), (3, errors.PinBlocked)])
def test_the_last_try_is_guarded_here_as_well(
    plug: Callable[..., Keypad], card: SimulatedCard, spent: int, error: type[errors.MynacardError]
) -> None:
    spend(card, spent)
    keypad = plug(WRONG)
    with pytest.raises(error), verified_session(USER_AUTHENTICATION, AtKeypad(), name=NAME):
        pass
    assert keypad.left == 1
    assert tries(card) == 3 - spent


def test_a_last_try_may_be_spent_where_that_is_asked_for(plug: Callable[..., Keypad], card: SimulatedCard) -> None:
    spend(card, 2)
    plug(CANARY)
    with verified_session(USER_AUTHENTICATION, AtKeypad(), name=NAME, spend_last_try=True):
        pass
    assert tries(card) == 3


def test_keys_that_nobody_tried_are_used_only_where_that_is_asked_for(
    plug: Callable[..., Keypad], card: SimulatedCard
) -> None:
    keypad = plug(CANARY, name=OTHER)
    with pytest.raises(errors.NoKeypadError), verified_session(USER_AUTHENTICATION, AtKeypad(), name=OTHER):
        pass
    assert keypad.left == 1
    with verified_session(USER_AUTHENTICATION, AtKeypad(untested=True), name=OTHER) as session:
        session.authenticate(ORIGIN, NONCE)
    assert keypad.left == 0


def test_a_reader_without_keys_says_so_and_nobody_types(door: PcscliteDoor, card: SimulatedCard) -> None:
    door.plug(NAME, card)
    with pytest.raises(errors.NoKeypadError), verified_session(USER_AUTHENTICATION, AtKeypad(), name=NAME):
        pass
    assert tries(card) == 3


@pytest.mark.parametrize("name", ["sim:", "sim:@residence-1-mid-term"])
def test_a_card_in_memory_has_no_keys(name: str) -> None:
    with (
        pytest.raises((errors.NoKeypadError, errors.ApplicationNotFound)),
        verified_session(USER_AUTHENTICATION, AtKeypad(), name=name),
    ):
        pass


def test_a_password_with_letters_cannot_be_typed(plug: Callable[..., Keypad]) -> None:
    keypad = plug(PASSWORD)
    with (
        pytest.raises(errors.NoKeypadError, match="letters"),
        verified_session(DIGITAL_SIGNATURE, AtKeypad(), name=NAME),
    ):
        pass
    assert keypad.left == 1


def test_other_applications_take_it_too(plug: Callable[..., Keypad], card: SimulatedCard) -> None:
    keypad = plug("1234")
    with verified_application(TextSession, TEXT_PIN, AtKeypad(), name=NAME) as session:
        assert session.attributes().name
    assert keypad.left == 0


@pytest.mark.parametrize("kind", ["removed", "reset", "unplugged"])
def test_a_card_that_goes_between_the_question_and_the_entry_has_lost_no_try(
    plug: Callable[..., Keypad], door: PcscliteDoor, card: SimulatedCard, kind: str
) -> None:
    """PC/SC does not tell of a reset in SCardControl: what comes then is a card with nothing selected."""
    keypad = plug(CANARY)

    def meanwhile(inner: Card) -> Card:
        class Between:
            def transmit(self, command: bytes, /) -> bytes:
                answer = inner.transmit(command)
                if command[1] == 0x20:
                    {"removed": door.remove, "reset": door.reset, "unplugged": door.unplug}[kind](NAME)
                return answer

            def transmit_typed(self, command: TypedCommand, /) -> bytes:
                return with_keys(inner).transmit_typed(command)

        return Between()

    with (
        pytest.raises(errors.MynacardError) as raised,
        verified_session(USER_AUTHENTICATION, AtKeypad(), name=NAME, around=meanwhile),
    ):
        pass
    assert not (isinstance(raised.value, errors.PinError) and isinstance(raised.value, errors.CardError))
    assert tries(card) == 3
    assert not card.state.verified
    assert keypad.left == (0 if kind == "reset" else 1)


def test_a_session_under_secure_messaging_has_no_keys(plug: Callable[..., Keypad]) -> None:
    keypad = plug("1234")
    with open_card(NAME) as channel:
        session = TextSession(channel)
        session.begin_secure_messaging("1234", bytes(32))
        with pytest.raises(errors.NoKeypadError):
            session.verify(TEXT_PIN, AtKeypad())
    assert keypad.left == 1


@pytest.mark.parametrize("kind", ["removed-during", "not-transacted", "empty", "one-byte"])
def test_without_an_answer_a_try_may_be_spent_and_nobody_is_asked_again(
    plug: Callable[..., Keypad], card: SimulatedCard, kind: str
) -> None:
    # SELECT, the certificate in two parts, the tries; then the PIN.
    keypad = plug(WRONG, WRONG, faults=(Fault.parse(f"{kind}@5"),))
    with (
        pytest.raises(errors.VerificationOutcomeUnknownError),
        verified_session(USER_AUTHENTICATION, AtKeypad(), name=NAME),
    ):
        pass
    assert keypad.left == 1
    assert tries(card) == 2


# --- a new PIN ---------------------------------------------------------------------------------------


def change() -> None:
    with open_card(NAME) as channel:
        JpkiSession(channel).change_pin(USER_AUTHENTICATION, AtKeypad(), AtKeypad())


def test_a_new_pin_is_typed_twice_and_is_in_force(plug: Callable[..., Keypad], card: SimulatedCard) -> None:
    plug(CANARY, "8216", "8216")
    change()
    with pytest.raises(errors.PinIncorrect):
        JpkiSession(card).verify(USER_AUTHENTICATION, CANARY)
    JpkiSession(card).verify(USER_AUTHENTICATION, "8216")
    assert tries(card) == 3


@pytest.mark.parametrize(
    ("entries", "error"),
    [
        (("8216", "8217"), errors.PinNotTyped),
        (("8216", Gesture.CANCEL), errors.PinEntryCancelled),
        ((Gesture.TIME_OUT,), errors.PinEntryTimedOut),
        (("82", "82"), errors.PinNotTyped),
    ],
)
def test_else_the_old_one_is(
    plug: Callable[..., Keypad], card: SimulatedCard, entries: tuple[str | Gesture, ...], error: type[Exception]
) -> None:
    plug(CANARY, *entries)
    with pytest.raises(error):
        change()
    assert not card.state.verified
    JpkiSession(card).verify(USER_AUTHENTICATION, CANARY)


def test_a_change_without_an_answer_is_not_known(plug: Callable[..., Keypad]) -> None:
    # SELECT, the tries, the PIN, SELECT of its EF; then the change.
    plug(CANARY, "8216", "8216", faults=(Fault.parse("not-transacted@5"),))
    with pytest.raises(errors.ChangeOutcomeUnknownError):
        change()


# --- what is seen of it ------------------------------------------------------------------------------


def test_a_recording_keeps_it_as_if_the_program_had_sent_it(plug: Callable[..., Keypad], tmp_path: Path) -> None:
    plug(CANARY)
    path = tmp_path / "typed.jsonl"
    with (
        recording_to(path, (PERSONAL,)) as around,
        verified_session(USER_AUTHENTICATION, AtKeypad(), name=NAME, around=around),
    ):
        pass
    (secret,) = [exchange for exchange in read_recording(path).exchanges if exchange.secret]
    assert secret.command == bytes.fromhex("00200098")
    assert secret.answer is not None
    assert secret.answer.data == b"\x90\x00"
    with verified_session(USER_AUTHENTICATION, Pin("0000"), name=f"replay:{path}"):
        pass


def test_a_recording_has_no_pin_where_nobody_was_asked_for_one(plug: Callable[..., Keypad], tmp_path: Path) -> None:
    plug(CANARY, name=OTHER)
    path = tmp_path / "untested.jsonl"
    with (
        recording_to(path, (PERSONAL,)) as around,
        pytest.raises(errors.NoKeypadError),
        verified_session(USER_AUTHENTICATION, AtKeypad(), name=OTHER, around=around),
    ):
        pass
    assert not any(exchange.secret for exchange in read_recording(path).exchanges)


CLIENT: Final = """
import sys
from dataclasses import replace
import re
from mynacard import AtKeypad, verified_session
from mynacard.jpki import DIGITAL_SIGNATURE
from mynacard.pin import Pin

reference = replace(DIGITAL_SIGNATURE.pin, form=re.compile(rb"[0-9]{6,16}"), upper_case=False)
pair = replace(DIGITAL_SIGNATURE, pin=reference)
given = sys.stdin.readline().strip()
pin = Pin(given) if given else AtKeypad()
with verified_session(pair, pin, name=sys.argv[1]) as session:
    print(session.sign(b"a document").hex(), flush=True)
    sys.stdin.readline()
"""
"""A password of sixteen digits, for four would be in any memory by chance."""


def memory(process: int) -> Iterator[bytes]:
    """What stands in the memory of another process."""
    with Path(f"/proc/{process}/mem").open("rb") as content:
        for line in Path(f"/proc/{process}/maps").read_text().splitlines():
            found = re.match(r"([0-9a-f]+)-([0-9a-f]+) r", line)
            if found is None or line.endswith(("[vvar]", "[vsyscall]", "[vvar_vclock]")):
                continue
            start, end = (int(number, 16) for number in found.groups())
            content.seek(start)
            yield content.read(end - start)


@pytest.mark.parametrize("typed_where", ["at the reader", "in the program"])
def test_the_program_never_has_a_pin_that_is_typed_at_the_reader(
    door: PcscliteDoor, plug: Callable[..., Keypad], typed_where: str
) -> None:
    plug(PASSWORD)
    at_reader = typed_where == "at the reader"
    with subprocess.Popen(
        [sys.executable, "-c", CLIENT, NAME],
        env=door.environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as client:  # fmt: skip
        assert client.stdin is not None
        assert client.stdout is not None
        client.stdin.write("\n" if at_reader else PASSWORD + "\n")
        client.stdin.flush()
        assert len(bytes.fromhex(client.stdout.readline())) == 256
        found = any(PASSWORD.encode() in block for block in memory(client.pid))
        client.stdin.write("\n")
    assert client.returncode == 0
    assert found is not at_reader  # and so the search is one that finds it where it is


# --- what a reader tells -----------------------------------------------------------------------------


def test_what_the_reader_can_do_is_asked_once(plug: Callable[..., Keypad]) -> None:
    plug()
    with ReaderCard(NAME) as card:
        assert card.features() == {Feature.VERIFY_PIN_DIRECT, Feature.MODIFY_PIN_DIRECT, Feature.IFD_PIN_PROPERTIES}
        assert card.identity() == ReaderIdentity()


def test_a_reader_that_tells_nothing_can_do_nothing(door: PcscliteDoor, card: SimulatedCard) -> None:
    door.plug(NAME, card)
    with ReaderCard(NAME) as opened:
        assert opened.features() == frozenset()
        assert opened.identity() == ReaderIdentity()


def test_an_identity_is_in_the_properties() -> None:
    told = property_list({
        Property.VENDOR: b"\x4c\x05", Property.PRODUCT: b"\xc8\x0d", Property.FIRMWARE: b"1.23\x00",
        Property.MAX_APDU_DATA: (65536).to_bytes(4, "little"),
    })  # fmt: skip
    assert ReaderIdentity.of(parse_properties(told)) == ReaderIdentity("054C:0DC8", "1.23", 65536)


@given(st.binary(max_size=40))
def test_any_bytes_are_a_list_or_a_protocol_error(answer: bytes) -> None:
    for parse in (parse_features, parse_properties):
        try:
            parse(answer)
        except errors.ProtocolError:
            continue


def test_what_the_reader_is_sent_is_the_structure_of_the_header_file() -> None:
    verify = TypedCommand(bytes.fromhex("00200098"), 4, 4)
    assert verify.structure() == bytes.fromhex("1E1E82 0000 0404 02FF1104 00 000000 05000000 0020009800")
    change = replace(verify, header=bytes.fromhex("00240180"), new=True)
    assert change.structure() == bytes.fromhex("1E1E82 0000 0000 0404 01 02FF1104 000102 000000 05000000 0024018000")

"""Both bindings say the same of the same library: codes, values, and the types of the values.

They run through the real libpcsclite, whose service is the stand-in of ``readers.door``. Where they differ, a test says
how: in what they do with a null handle, and with names that are not ASCII. The functions for simulated readers in this
process, which need no library, say it too.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

import pytest

from mynacard import errors
from mynacard.apdu.keypad import GET_FEATURE_REQUEST, TypedCommand, parse_features
from mynacard.doors.pcsclite import Gesture, Keypad, PcscliteDoor
from mynacard.readers.finding import VARIABLE, find_library
from mynacard.readers.library import ANY_PROTOCOL, Calls, Disposition, Library, Outcome, Share, State
from tests.readers.door import ATR, PlainCard
from tests.rig.pcscd import unavailable

READER: Final = "A Reader 00 00"
OTHER: Final = "Another Reader 01 00"
JAPANESE: Final = "\u30ab\u30fc\u30c9 \uff20 02 00"
T1: Final = 2
PLAIN: Final = bytes.fromhex("00840000")

SUCCESS: Final = 0
CANCELLED: Final = 0x80100002
INVALID_HANDLE: Final = 0x80100003
UNKNOWN_READER: Final = 0x80100009
TIMEOUT: Final = 0x8010000A
SHARING_VIOLATION: Final = 0x8010000B
NO_CARD: Final = 0x8010000C
NOT_TRANSACTED: Final = 0x80100016
UNSUPPORTED: Final = 0x8010001F
NO_READERS: Final = 0x8010002E
RESET: Final = 0x80100068
REMOVED: Final = 0x80100069


@pytest.fixture(params=["pyscard", "native", "in-process"])
def library(request: pytest.FixtureRequest, door: PcscliteDoor, monkeypatch: pytest.MonkeyPatch) -> Iterator[Library]:
    if request.param == "in-process":
        with door.in_process() as functions:
            yield functions
        return
    monkeypatch.setenv(VARIABLE, request.param)
    try:
        yield find_library()
    except errors.NoPcscLibraryError as error:
        unavailable(str(error))


@pytest.fixture
def context(door: PcscliteDoor, library: Library) -> Iterator[int]:
    found, context = library.establish_context()
    assert found == SUCCESS
    yield context
    library.release_context(context)


@pytest.fixture
def card(door: PcscliteDoor) -> PlainCard:
    """What lies on READER."""
    door.plug(READER, card := PlainCard())
    return card


@pytest.fixture
def handle(library: Library, context: int, card: PlainCard) -> Iterator[int]:
    """A connection to it."""
    connection = connect(library, context)
    yield connection
    library.disconnect(connection, Disposition.LEAVE)


def connect(library: Library, context: int, reader: str = READER, share: Share = Share.SHARED) -> int:
    found, value = library.connect(context, reader, share, ANY_PROTOCOL)
    assert found == SUCCESS, hex(found)
    assert value[1] == T1
    return value[0]


def code(outcome: Outcome[Any]) -> int:
    return outcome[0] & 0xFFFFFFFF


def brings(outcome: Outcome[Any], value: object) -> bool:
    """Whether *outcome* is a success with *value*, to the types in it."""
    return outcome[0] == SUCCESS and repr(outcome[1]) == repr(value)


def meanwhile(library: Library, context: int, states: list[tuple[str, int]]) -> Callable[[], Outcome[Any]]:
    """Waits for a change in another thread; what is returned waits for its outcome."""
    outcomes: list[Outcome[Any]] = []
    thread = threading.Thread(target=lambda: outcomes.append(library.get_status_change(context, 60_000, states)))
    thread.start()

    def outcome() -> Outcome[Any]:
        thread.join()
        return outcomes[0]

    return outcome


# --- readers -----------------------------------------------------------------------------------------


def test_no_reader_is_a_code(library: Library, context: int) -> None:
    assert code(library.list_readers(context)) == NO_READERS


@pytest.mark.parametrize("names", [(READER,), (READER, OTHER, "x"), (JAPANESE, READER), tuple("ABCDEFGHIJKLMNOP")])
def test_readers_are_listed_as_they_stand(
    door: PcscliteDoor, library: Library, context: int, names: tuple[str, ...]
) -> None:
    for name in names:
        door.plug(name)
    assert brings(library.list_readers(context), names)


def test_the_state_of_readers_is_told_at_once_to_who_does_not_know_it(
    door: PcscliteDoor, library: Library, context: int, card: PlainCard
) -> None:
    door.plug(OTHER)
    outcome = library.get_status_change(context, 0, [(READER, State.UNAWARE), (OTHER, State.UNAWARE)])
    assert brings(outcome, ((READER, 0x00010022, ATR), (OTHER, 0x00000012, b"")))
    assert brings(library.get_status_change(context, 0, []), ())


def test_a_state_that_is_known_is_waited_for(library: Library, context: int, card: PlainCard) -> None:
    states = [(name, state) for name, state, _ in library.get_status_change(context, 0, [(READER, 0)])[1]]
    assert code(library.get_status_change(context, 1, states)) == TIMEOUT
    assert code(library.get_status_change(context, 0, states)) == TIMEOUT


def test_an_unknown_reader_is_a_code(library: Library, context: int, card: PlainCard) -> None:
    assert code(library.get_status_change(context, 0, [(READER, 0), ("Nobody's", 0)])) == UNKNOWN_READER
    assert code(library.connect(context, "Nobody's", Share.SHARED, ANY_PROTOCOL)) == UNKNOWN_READER
    assert code(library.connect(context, "", Share.SHARED, ANY_PROTOCOL)) == UNKNOWN_READER


def test_a_wait_ends_when_a_card_comes(door: PcscliteDoor, library: Library, context: int) -> None:
    door.plug(READER)
    outcome = meanwhile(library, context, [(READER, State.EMPTY)])
    door.insert(READER, PlainCard())
    assert brings(outcome(), ((READER, 0x00010022, ATR),))


def test_a_wait_ends_when_the_card_goes(door: PcscliteDoor, library: Library, context: int, card: PlainCard) -> None:
    outcome = meanwhile(library, context, [(READER, 0x00010020)])
    door.remove(READER)
    assert brings(outcome(), ((READER, 0x00020012, b""),))


def test_a_wait_ends_when_the_reader_goes(door: PcscliteDoor, library: Library, context: int) -> None:
    door.plug(READER)
    outcome = meanwhile(library, context, [(READER, State.EMPTY)])
    door.unplug(READER)
    went = outcome()
    gone = int(State.CHANGED | State.UNKNOWN | State.UNAVAILABLE)
    assert brings(went, ((READER, gone, b""),)) or code(went) == UNKNOWN_READER  # where the waiting came too late
    assert code(library.get_status_change(context, 0, [(READER, State.EMPTY)])) == UNKNOWN_READER


def test_another_thread_ends_a_wait(library: Library, context: int, card: PlainCard) -> None:
    outcome = meanwhile(library, context, [(READER, 0x00010020)])
    ended: list[Outcome[Any]] = []
    end = threading.Thread(target=lambda: ended.append(outcome()))
    end.start()
    while end.is_alive():
        assert brings(library.cancel(context), None)
        end.join(0.01)
    assert [code(each) for each in ended] == [CANCELLED]


# --- connections -------------------------------------------------------------------------------------


def test_a_reader_without_a_card_is_no_connection(door: PcscliteDoor, library: Library, context: int) -> None:
    door.plug(READER)
    assert code(library.connect(context, READER, Share.SHARED, ANY_PROTOCOL)) == NO_CARD


def test_a_reader_whose_name_is_not_ascii_is_connected(door: PcscliteDoor, library: Library, context: int) -> None:
    door.plug(JAPANESE, PlainCard())
    assert brings(library.status(connect(library, context, JAPANESE)), ATR)


def test_a_card_for_one_is_not_shared(library: Library, context: int, card: PlainCard) -> None:
    alone = connect(library, context, share=Share.EXCLUSIVE)
    assert code(library.connect(context, READER, Share.SHARED, ANY_PROTOCOL)) == SHARING_VIOLATION
    assert brings(library.disconnect(alone, Disposition.LEAVE), None)
    connect(library, context)
    assert code(library.connect(context, READER, Share.EXCLUSIVE, ANY_PROTOCOL)) == SHARING_VIOLATION


def test_the_reader_itself_is_connected_without_a_card(door: PcscliteDoor, library: Library, context: int) -> None:
    door.plug(READER)
    found, (connection, protocol) = library.connect(context, READER, Share.DIRECT, 0)
    assert (found, protocol) == (SUCCESS, 0)
    assert brings(library.disconnect(connection, Disposition.LEAVE), None)


# --- commands ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("00840000", "000004 9000"),
        ("00B00000 01", "5A 9000"),
        ("00B00000 00", "5A" * 256 + "9000"),
        ("00B00000 00FFFF", "5A" * 65535 + "9000"),
        ("00B00000 000000", "5A" * 65536 + "9000"),
        ("00D60000 FF" + "00" * 255, "000104 9000"),
        ("00D60000 00FFFF" + "00" * 65535 + "0000", "010008 9000"),
        ("0084", "6700"),
    ],
    ids=["4 bytes", "1 byte back", "256 back", "65535 back", "65536 back", "260", "65544", "too short"],
)
def test_commands_and_answers_of_any_length_pass(library: Library, handle: int, command: str, answer: str) -> None:
    assert brings(library.transmit(handle, T1, bytes.fromhex(command)), bytes.fromhex(answer))


def test_the_atr_is_the_cards(library: Library, handle: int) -> None:
    assert brings(library.status(handle), ATR)


@pytest.mark.parametrize("function", [1, 3400])
def test_a_reader_without_features_refuses_to_be_asked_for_them(library: Library, handle: int, function: int) -> None:
    assert code(library.control(handle, library.control_code(function), b"")) == UNSUPPORTED


def test_a_keypad_tells_its_features_and_answers_for_the_card(
    door: PcscliteDoor, library: Library, context: int
) -> None:
    door.plug(OTHER, card := PlainCard(), keypad=Keypad(["1234", Gesture.CANCEL]))
    connection = connect(library, context, OTHER)
    features = parse_features(library.control(connection, library.control_code(GET_FEATURE_REQUEST), b"")[1])
    verify = TypedCommand(bytes.fromhex("00200098"), 4, 4)
    asked = partial(library.control, connection, features[verify.feature], verify.structure())
    assert brings(asked(), bytes.fromhex("000009 9000"))
    assert brings(asked(), bytes.fromhex("6401"))
    assert card.sent == [bytes.fromhex("0020009804 31323334")]
    library.disconnect(connection, Disposition.LEAVE)


def test_a_card_that_goes_is_heard_of_in_every_call(door: PcscliteDoor, library: Library, handle: int) -> None:
    door.remove(READER)
    calls: list[Outcome[Any]] = [
        library.transmit(handle, T1, PLAIN),
        library.status(handle),
        library.begin_transaction(handle),
        library.transmit(handle, T1, PLAIN),
    ]
    assert [code(each) for each in calls] == [REMOVED] * 4
    assert brings(library.disconnect(handle, Disposition.UNPOWER), None)


# --- transactions ------------------------------------------------------------------------------------


def test_a_transaction_keeps_a_question_for_the_card_waiting_and_refuses_one_for_the_reader(
    library: Library, context: int, handle: int
) -> None:
    _, another_context = library.establish_context()
    other = connect(library, another_context)
    library.begin_transaction(handle)
    assert code(library.control(other, library.control_code(GET_FEATURE_REQUEST), b"")) == SHARING_VIOLATION
    answers: list[Outcome[bytes]] = []
    stranger = threading.Thread(target=lambda: answers.append(library.status(other)))
    stranger.start()
    library.end_transaction(handle, Disposition.LEAVE)
    stranger.join()
    assert brings(answers[0], ATR)
    library.release_context(another_context)


def test_a_transaction_keeps_others_waiting(library: Library, context: int, handle: int, card: PlainCard) -> None:
    found, another_context = library.establish_context()
    assert found == SUCCESS
    other = connect(library, another_context)
    assert brings(library.begin_transaction(handle), None)
    stranger = threading.Thread(target=lambda: library.transmit(other, T1, b"\x00\x84\x00\x01"))
    stranger.start()
    for _ in range(3):
        assert code(library.transmit(handle, T1, PLAIN)) == SUCCESS
    assert brings(library.end_transaction(handle, Disposition.LEAVE), None)
    stranger.join()
    assert card.sent == [PLAIN] * 3 + [b"\x00\x84\x00\x01"]
    library.release_context(another_context)


def test_a_transaction_that_never_began_cannot_end(library: Library, handle: int) -> None:
    assert code(library.end_transaction(handle, Disposition.LEAVE)) == NOT_TRANSACTED


@pytest.mark.parametrize(
    ("disposition", "expected"),
    [(Disposition.LEAVE, SUCCESS), (Disposition.RESET, RESET), (Disposition.UNPOWER, RESET)],
)
def test_what_ends_a_transaction_is_heard_by_all(
    library: Library, context: int, handle: int, card: PlainCard, disposition: Disposition, expected: int
) -> None:
    other = connect(library, context)
    library.begin_transaction(handle)
    assert brings(library.end_transaction(handle, disposition), None)
    assert [code(library.transmit(each, T1, PLAIN)) for each in (handle, other)] == [expected] * 2
    assert (card.resets, card.powered_off) == (disposition is Disposition.RESET, disposition is Disposition.UNPOWER)


@pytest.mark.parametrize("disposition", [Disposition.RESET, Disposition.UNPOWER])
def test_a_reset_by_another_connection_is_heard(
    library: Library, context: int, handle: int, disposition: Disposition
) -> None:
    other = connect(library, context)
    assert brings(library.disconnect(other, disposition), None)
    assert code(library.transmit(handle, T1, PLAIN)) == RESET
    assert code(library.begin_transaction(handle)) == RESET


def test_a_reset_from_outside_is_heard(door: PcscliteDoor, library: Library, handle: int) -> None:
    door.reset(READER)
    assert code(library.transmit(handle, T1, PLAIN)) == RESET


# --- handles -----------------------------------------------------------------------------------------


def test_a_connection_that_was_let_go_is_no_handle(library: Library, context: int, card: PlainCard) -> None:
    connection = connect(library, context)
    assert brings(library.disconnect(connection, Disposition.LEAVE), None)
    assert [code(each) for each in with_card(library, connection)] == [INVALID_HANDLE] * 6


def with_card(library: Library, connection: int) -> list[Outcome[Any]]:
    return [
        library.disconnect(connection, Disposition.LEAVE),
        library.begin_transaction(connection),
        library.end_transaction(connection, Disposition.LEAVE),
        library.status(connection),
        library.transmit(connection, T1, PLAIN),
        library.control(connection, library.control_code(3400), b""),
    ]


def test_a_context_that_was_let_go_is_no_handle(door: PcscliteDoor, library: Library, card: PlainCard) -> None:
    _, context = library.establish_context()
    connection = connect(library, context)
    assert brings(library.release_context(context), None)
    with_context: list[Outcome[Any]] = [
        library.release_context(context),
        library.cancel(context),
        library.list_readers(context),
        library.get_status_change(context, 0, [(READER, 0)]),
        library.connect(context, READER, Share.SHARED, ANY_PROTOCOL),
    ]
    assert [code(each) for each in with_context] == [INVALID_HANDLE] * 5
    assert [code(each) for each in with_card(library, connection)] == [INVALID_HANDLE] * 6


NULL: Final[dict[str, Callable[[Calls], object]]] = {
    "SCardReleaseContext": lambda calls: calls.release_context(0),
    "SCardListReaders": lambda calls: calls.list_readers(0),
    "SCardConnect": lambda calls: calls.connect(0, READER),
    "SCardDisconnect": lambda calls: calls.disconnect(0, Disposition.LEAVE),
    "SCardBeginTransaction": lambda calls: calls.begin_transaction(0),
    "SCardEndTransaction": lambda calls: calls.end_transaction(0, Disposition.LEAVE),
    "SCardStatus": lambda calls: calls.atr(0),
    "SCardTransmit": lambda calls: calls.transmit(0, T1, PLAIN),
}


@pytest.mark.parametrize("call", NULL)
def test_a_null_handle_is_a_reader_error(door: PcscliteDoor, library: Library, call: str) -> None:
    """pyscard raises a bare SystemError, where the library itself answers SCARD_E_INVALID_HANDLE."""
    with pytest.raises(errors.ReaderError):
        NULL[call](Calls(library))


# --- where they differ -------------------------------------------------------------------------------


def test_the_state_of_a_reader_whose_name_is_not_ascii(door: PcscliteDoor, library: Library, context: int) -> None:
    """pyscard 2.3.1 encodes the names it gets in ASCII."""
    door.plug(JAPANESE, PlainCard())
    if library.name == "pyscard":
        with pytest.raises(UnicodeEncodeError):
            library.get_status_change(context, 0, [(JAPANESE, 0)])
    else:
        assert brings(library.get_status_change(context, 0, [(JAPANESE, 0)]), ((JAPANESE, 0x00010022, ATR),))

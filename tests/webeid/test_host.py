"""The state machine: every pair of a state and an event has an end, and one command gets one answer, or none."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mynacard.errors import SettingsFileError
from mynacard.webeid.framing import frame
from mynacard.webeid.host import LIMITS, TABLE, VALID_S, Action, Event, Host, Move, State
from mynacard.webeid.messages import Authenticate, Command, Done, Failure, GetSigningCertificate, Quit, Sign, encode
from mynacard.webeid.settings import Settings
from tests.webeid.test_framing import parts
from tests.webeid.test_messages import COMMANDS, NONCE, ORIGIN

LOOPBACK = "http://127.0.0.1:8765"
SETTINGS = Settings(loopback=frozenset({LOOPBACK}), signing=frozenset({ORIGIN}))
ASKED, SAID = (Action.ASK,), (Action.ANSWER, Action.LEAVE)


def host(settings: Settings = SETTINGS) -> Host:
    return Host(lambda: settings)


def sent(message: Command) -> bytes:
    return frame(encode(message))


def test_every_pair_of_a_state_and_an_event_has_a_row() -> None:
    assert TABLE.keys() == {(state, event) for state in State for event in Event}


def test_from_every_state_the_end_of_time_leads_to_the_end() -> None:
    assert LIMITS.keys() == {*State} - {State.ENDED}
    for state in LIMITS:
        seen = [state]
        while seen[-1] is not State.ENDED:
            seen.append(TABLE[seen[-1], Event.TIME_IS_UP].state)
            assert len(seen) <= len(State)


def test_after_the_end_nothing_is_done() -> None:
    assert {TABLE[State.ENDED, event] for event in Event} == {Move(State.ENDED)}


def test_whatever_is_answered_or_left_is_the_end() -> None:
    for move in TABLE.values():
        assert (Action.LEAVE in move.actions) is (move.state is State.ENDED and move.actions != ())
        assert Action.ANSWER not in move.actions or move.state is State.ENDED


def test_a_dialog_is_closed_before_the_browser_kills_the_host() -> None:
    assert LIMITS[State.LEAVING] <= 1.5
    assert LIMITS[State.ATTENDING] > VALID_S == 120


def test_quit_is_answered_at_once_without_a_look_at_the_settings() -> None:
    quitting = Host(lambda: pytest.fail("looked"))
    assert quitting.receive(sent(Quit())) == SAID
    assert (quitting.answer, quitting.state) == (Done(), State.ENDED)


@pytest.mark.parametrize("command", COMMANDS[1:], ids=repr)
def test_an_allowed_command_is_asked_about(command: Command) -> None:
    asking = host(Settings(frozenset({"http://localhost:8080"}), frozenset({ORIGIN})))
    assert asking.receive(sent(command)) == ASKED
    assert asking.request == command
    assert asking.finish(Failure.CANCELLED) == SAID
    assert asking.answer is Failure.CANCELLED


@pytest.mark.parametrize(
    ("command", "failure"),
    [
        (Authenticate(NONCE, "http://127.0.0.1:8766"), Failure.NOT_HTTPS),
        (Authenticate(NONCE, "http://127.0.0.1"), Failure.NOT_HTTPS),
        (Authenticate(NONCE, "http://localhost:8765"), Failure.NOT_HTTPS),
        (Authenticate(NONCE, "http://[::1]:8765"), Failure.NOT_HTTPS),
        (GetSigningCertificate("https://other.example"), Failure.SIGNING_NOT_ALLOWED),
        (GetSigningCertificate("https://portal.example:8443"), Failure.SIGNING_NOT_ALLOWED),
        (GetSigningCertificate(LOOPBACK), Failure.SIGNING_NOT_ALLOWED),
        (Sign(bytes(32), COMMANDS[5].hash_, b"0", "https://other.example"), Failure.SIGNING_NOT_ALLOWED),  # type: ignore[union-attr]
    ],
)
def test_a_command_that_the_holder_has_not_allowed_is_refused(command: Command, failure: Failure) -> None:
    refusing = host()
    assert refusing.receive(sent(command)) == SAID
    assert refusing.answer is failure
    assert refusing.request is None


def test_a_loopback_page_that_the_holder_allowed_may_ask_for_a_log_in() -> None:
    assert host().receive(sent(Authenticate(NONCE, LOOPBACK))) == ASKED


def test_an_http_page_that_may_sign_must_be_allowed_to_log_in_too() -> None:
    only_signing = host(Settings(signing=frozenset({LOOPBACK})))
    assert only_signing.receive(sent(GetSigningCertificate(LOOPBACK))) == SAID
    assert only_signing.answer is Failure.NOT_HTTPS


@pytest.mark.parametrize(
    ("text", "failure"),
    [
        (b"[" * 8000, Failure.NOT_A_MESSAGE),
        (b'{"command":"quit"}', Failure.NOT_A_MESSAGE),
        (b'{"command":"status","arguments":{}}', Failure.BAD_ARGUMENTS),
        (b'{"command":"authenticate","arguments":{}}', Failure.BAD_ARGUMENTS),
        (encode(Authenticate("A" * 43, ORIGIN)), Failure.BAD_ARGUMENTS),
        (encode(Authenticate("A" * 129, ORIGIN)), Failure.BAD_ARGUMENTS),
        (encode(Authenticate(NONCE, "https://holder@portal.example")), Failure.BAD_ARGUMENTS),
        (encode(Authenticate(NONCE, "https://portal.example/")), Failure.BAD_ARGUMENTS),
        (encode(Authenticate(NONCE, "https://portal.example:443")), Failure.BAD_ARGUMENTS),
        (encode(Authenticate(NONCE, "https://Portal.example")), Failure.BAD_ARGUMENTS),
        (encode(Authenticate(NONCE, "https://pоrtal.example")), Failure.BAD_ARGUMENTS),  # Cyrillic о
        (encode(Authenticate(NONCE, "http://portal.example")), Failure.BAD_ARGUMENTS),
        (encode(Authenticate(NONCE, "wss://portal.example")), Failure.BAD_ARGUMENTS),
    ],
)
def test_a_message_that_is_wrong_is_answered_and_nobody_is_asked(text: bytes, failure: Failure) -> None:
    refusing = host()
    assert refusing.receive(frame(text)) == SAID
    assert refusing.answer is failure


@pytest.mark.parametrize("prefix", [b"\x00\x00\x00\x00", b"\xff\xff\xff\xff", (8193).to_bytes(4, "little")])
def test_a_wrong_length_is_answered_before_its_bytes_come(prefix: bytes) -> None:
    refusing = host()
    assert refusing.receive(prefix) == SAID
    assert refusing.answer is Failure.NOT_A_MESSAGE


def test_settings_that_cannot_be_read_allow_nothing() -> None:
    def damaged() -> Settings:
        raise SettingsFileError("damaged")

    refusing = Host(damaged)
    assert refusing.receive(sent(Authenticate(NONCE, ORIGIN))) == SAID
    assert refusing.answer is Failure.FAILED


def test_what_follows_the_first_command_is_dropped() -> None:
    asking = host()
    assert asking.receive(sent(Authenticate(NONCE, ORIGIN)) + sent(Quit())) == ASKED
    assert asking.receive(sent(Quit())) == ()
    assert asking.receive(b"\xff" * 100) == ()
    assert asking.request == Authenticate(NONCE, ORIGIN)


@pytest.mark.parametrize("event", [Event.INPUT_ENDED, Event.TERMINATED, Event.TIME_IS_UP])
def test_when_the_browser_gives_up_the_dialog_is_closed_and_nothing_is_answered(event: Event) -> None:
    asking = host()
    asking.receive(sent(Authenticate(NONCE, ORIGIN)))
    assert asking.happen(event) == (Action.CLOSE,)
    assert asking.happen(Event.INPUT_ENDED) == ()
    assert asking.finish(Done()) == (Action.LEAVE,)
    assert asking.state is State.ENDED


ANYTHING = st.one_of(
    st.binary(max_size=40),
    st.sampled_from([sent(command) for command in COMMANDS]),
    st.binary(min_size=5, max_size=40).map(frame),
    st.sampled_from([frame(json.dumps([command]).encode()) for command in ("quit", "sign")]),
    st.sampled_from([*Event]),
)


@given(st.lists(ANYTHING, max_size=8), st.lists(st.integers(0, 400), max_size=4))
def test_whatever_comes_there_is_one_answer_or_none_and_one_dialog_or_none(
    things: list[bytes | Event], cuts: list[int]
) -> None:
    machine, done = host(), list[Action]()
    for thing in things:
        if isinstance(thing, Event):
            done += machine.happen(thing)
        else:
            for part in parts(thing, [cut for cut in cuts if cut < len(thing)]):
                done += machine.receive(part)
    for _ in State:
        done += machine.happen(Event.TIME_IS_UP)
    assert machine.state is State.ENDED
    assert done.count(Action.LEAVE) == 1
    assert max(map(done.count, Action)) == 1


@given(st.sampled_from(COMMANDS), st.lists(st.integers(0, 400), max_size=6))
def test_a_command_means_the_same_however_it_is_split(command: Command, cuts: list[int]) -> None:
    whole, split = host(), host()
    at_once = whole.receive(sent(command))
    in_parts = [action for part in parts(sent(command), sorted(cuts)) for action in split.receive(part)]
    assert tuple(in_parts) == at_once
    assert (split.answer, split.request) == (whole.answer, whole.request)

"""The process around the state machine, in this process: any bytes in, split anywhere, ended anywhere."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mynacard.consent import Door, Refusal, choosing
from mynacard.doors import disk
from mynacard.errors import NoReaderError
from mynacard.jpki import DF_NAME, DIGITAL_SIGNATURE, USER_AUTHENTICATION
from mynacard.webeid import attending, running
from mynacard.webeid.framing import ANSWER_LENGTHS, FrameReader, frame
from mynacard.webeid.host import LIMITS, State
from mynacard.webeid.messages import Answer, Authenticate, Command, Done, Failure, Quit, Token, decode_answer, encode
from mynacard.webeid.settings import Settings
from tests.readers.fake_scard import desk_with
from tests.support import CANARY
from tests.webeid.holders import Holder, Said
from tests.webeid.test_framing import parts
from tests.webeid.test_messages import COMMANDS

ORIGIN, NONCE = "https://portal.example", "n" * 44
LOG_IN = frame(encode(Authenticate(NONCE, ORIGIN)))
PINS = {USER_AUTHENTICATION.name: CANARY, DIGITAL_SIGNATURE.name: "KANARIE73"}


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:  # pyright: ignore[reportUnusedFunction]
    """The handlers of this process, put back."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def run(patch: pytest.MonkeyPatch, door: Door, feed: Callable[[int], object], **settings: object) -> list[Answer]:
    """What the host says while *feed* writes to it, and before it ends; *door* is where the holder is asked."""
    if not isinstance(choosing.open_door, Opening):
        patch.setattr(choosing, "open_door", Opening(door))
    patch.setattr(running, "settings", SimpleNamespace(load=lambda: Settings(**settings)))  # type: ignore[arg-type]
    source, browser = os.pipe()
    said, output = os.pipe()
    feeder = threading.Thread(target=feed, args=(browser,))
    feeder.start()
    try:
        running.run(source, output)
    finally:
        feeder.join()
        os.close(output)
        answers = os.read(said, 65536)
        os.close(said)
    reader = FrameReader(ANSWER_LENGTHS)
    messages = reader.feed(answers)
    assert reader.is_between
    return [decode_answer(message) for message in messages]


class Opening:
    """Opens *door*, and keeps how that was asked for."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self.opened: list[tuple[str, str]] = []

    def __call__(self, setting: str, *, language: str) -> Door:
        self.opened.append((setting, language))
        return self._door


def fed(*data: bytes) -> Callable[[int], None]:
    """Writes *data*, then closes."""

    def feed(browser: int) -> None:
        for part in data:
            os.write(browser, part)
        os.close(browser)

    return feed


@pytest.fixture
def left_open() -> Iterator[Callable[[bytes], Callable[[int], None]]]:
    """Writes data, and closes when the test is over."""
    browsers: list[int] = []

    def feeding(data: bytes) -> Callable[[int], None]:
        def feed(browser: int) -> None:
            browsers.append(browser)
            os.write(browser, data)

        return feed

    yield feeding
    for browser in browsers:
        os.close(browser)


Feeding: TypeAlias = Callable[[bytes], Callable[[int], None]]


def test_the_answer_comes_after_the_dialog_and_the_card_are_closed(
    monkeypatch: pytest.MonkeyPatch, left_open: Feeding
) -> None:
    desk = desk_with(disk.new_card(pins=PINS), monkeypatch)
    holder = Holder(CANARY)
    write = running._write

    def written(output: int, data: bytes) -> None:
        assert holder.closed
        assert desk.nothing_is_open
        assert not desk.simulated.state.verified
        write(output, data)

    monkeypatch.setattr(running, "_write", written)
    (answer,) = run(monkeypatch, holder, left_open(LOG_IN))
    assert isinstance(answer, Token)


class Hanging(Holder):
    """A holder who does not answer until the dialog is closed."""

    def __init__(self) -> None:
        super().__init__(self._hang)
        self.asked, self._released = threading.Event(), threading.Event()

    def _hang(self) -> Refusal:
        self.asked.set()
        assert self._released.wait(30)
        return Refusal.CLOSED

    def close(self) -> None:
        super().close()
        self._released.set()


def after_asking(holder: Hanging, do: Callable[[int], object]) -> Callable[[int], None]:
    def feed(browser: int) -> None:
        os.write(browser, LOG_IN)
        assert holder.asked.wait(30)
        do(browser)

    return feed


def test_the_end_of_input_closes_the_dialog_and_is_not_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = desk_with(disk.new_card(pins=PINS), monkeypatch)
    hanging = Hanging()
    assert run(monkeypatch, hanging, after_asking(hanging, os.close)) == []
    assert hanging.closed
    assert desk.nothing_is_open


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_closes_the_dialog_and_is_not_answered(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    desk = desk_with(disk.new_card(pins=PINS), monkeypatch)
    browsers: list[int] = []

    def interrupt(browser: int) -> None:
        browsers.append(browser)
        signal.raise_signal(number)

    hanging = Hanging()
    assert run(monkeypatch, hanging, after_asking(hanging, interrupt)) == []
    assert desk.nothing_is_open
    os.close(browsers[0])


@pytest.mark.parametrize("data", [b"\x10", LOG_IN[:10]])
def test_a_browser_that_sends_nothing_more_is_not_waited_for_for_ever(
    monkeypatch: pytest.MonkeyPatch, left_open: Feeding, data: bytes
) -> None:
    monkeypatch.setattr(running, "VALID_S", 0.0)
    assert run(monkeypatch, Holder(), left_open(data)) == []


def test_a_dialog_that_does_not_close_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = desk_with(disk.new_card(pins=PINS), monkeypatch)
    monkeypatch.setitem(LIMITS, State.LEAVING, 0.0)
    hanging = Hanging()
    release = hanging.close
    monkeypatch.setattr(hanging, "close", lambda: None)
    assert run(monkeypatch, hanging, after_asking(hanging, os.close)) == []
    release()
    desk.wait_until_nothing_is_open()


def test_a_dialog_is_closed_that_opens_after_the_browser_gave_up(monkeypatch: pytest.MonkeyPatch) -> None:
    dialog, holder = running._Dialog(), Holder()
    monkeypatch.setattr(choosing, "open_door", Opening(holder))
    dialog.close()
    assert dialog.open("", "") is holder
    assert holder.closed


@pytest.mark.parametrize(("setting", "language"), [("", ""), ("window", "ja")])
def test_the_holder_is_asked_as_the_settings_say_and_in_the_language_of_the_page(
    monkeypatch: pytest.MonkeyPatch, left_open: Feeding, setting: str, language: str
) -> None:
    desk_with(disk.new_card(pins=PINS), monkeypatch)
    opening = Opening(holder := Holder(Refusal.CANCELLED))
    monkeypatch.setattr(choosing, "open_door", opening)
    command = frame(encode(Authenticate(NONCE, ORIGIN, language)))
    assert run(monkeypatch, holder, left_open(command), consent=setting) == [Failure.CANCELLED]
    assert opening.opened == [(setting, language)]


@pytest.mark.parametrize("error", [RuntimeError(CANARY), KeyboardInterrupt(CANARY), NoReaderError(CANARY)])
def test_a_page_learns_nothing_of_an_error_and_the_log_only_its_kind(
    monkeypatch: pytest.MonkeyPatch, left_open: Feeding, caplog: pytest.LogCaptureFixture, error: BaseException
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(attending, "attend", fail)
    assert run(monkeypatch, Holder(), left_open(LOG_IN)) == [Failure.FAILED]
    assert caplog.messages == [getattr(error, "code", type(error).__name__)]


def test_a_browser_that_does_not_read_its_answer_is_no_error() -> None:
    said, output = os.pipe()
    os.close(said)
    running._write(output, b"answer")
    os.close(output)


INPUT = st.lists(
    st.one_of(
        st.sampled_from([frame(encode(command)) for command in COMMANDS]),
        st.binary(max_size=40),
        st.binary(min_size=5, max_size=40).map(frame),
    ),
    max_size=3,
).map(b"".join)


@given(INPUT, st.lists(st.integers(0, 600), max_size=5), st.lists(st.sampled_from([CANARY, "0000", *Refusal])))
def test_whatever_comes_there_is_one_answer_or_none_and_no_try_is_lost_but_by_the_holder(
    data: bytes, cuts: list[int], answers: list[Said]
) -> None:
    card = disk.new_card(pins=PINS)
    with pytest.MonkeyPatch.context() as patch:
        desk = desk_with(card, patch)
        holder = Holder(*answers)
        said = run(patch, holder, fed(*parts(data, [cut for cut in cuts if cut < len(data)])))
    assert len(said) <= 1
    given_ = answers[: len(holder.requests)]
    assert len(desk.verifies) <= len(given_)
    spent = given_.count("0000")
    assert card.pins[DF_NAME, USER_AUTHENTICATION.pin.key].tries_left >= 3 - spent
    assert desk.nothing_is_open
    assert not card.state.verified


@given(st.sampled_from(COMMANDS), st.sampled_from(["cancelled", "0000", CANARY]))
def test_a_whole_command_gets_one_answer(command: Command, said: str) -> None:
    browsers: list[int] = []
    with pytest.MonkeyPatch.context() as patch:
        desk_with(disk.new_card(pins=PINS), patch)
        holder = Holder(Refusal.CANCELLED if said == "cancelled" else said)
        (answer,) = run(
            patch,
            holder,
            lambda browser: (browsers.append(browser), os.write(browser, frame(encode(command)))),
            loopback=frozenset({"http://localhost:8080"}),
            signing=frozenset({ORIGIN}),
        )
    assert isinstance(answer, Token) == (isinstance(command, Authenticate) and said == CANARY)
    os.close(browsers[0])


def test_quit_is_answered_without_a_dialog(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, holder := Holder(), fed(frame(encode(Quit())))) == [Done()]
    assert holder.requests == []

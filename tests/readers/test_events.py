"""Readers and cards come and go, the service too; who waits hears of it, and nothing runs in between."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from typing import Final

import pytest

from mynacard import errors
from mynacard.readers import ReaderState, Watch, events, wait_for_card, wait_for_removal, watch
from mynacard.readers.library import Disposition, Library, Outcome, Share, State, Status

LONG_S: Final = 30.0
"""Nobody waits so long; who does has failed."""

NO_SERVICE: Final = 0x8010001D
INVALID_HANDLE: Final = 0x80100003
NO_READERS: Final = 0x8010002E
UNKNOWN_READER: Final = 0x80100009
TIMEOUT: Final = 0x8010000A
CANCELLED: Final = 0x80100002
READER_LIST: Final = "\\\\?PnP?\\Notification"

EMPTY, CARD = State.EMPTY, State.PRESENT


class Service(Library):
    """A PC/SC service in memory whose readers change under the eyes of whoever waits."""

    def __init__(self, **readers: tuple[State, int]) -> None:
        self.readers = readers
        self.runs = True
        self.contexts: set[int] = set()
        self.calls = 0
        self.waiting = threading.Event()
        self._changed = threading.Condition()
        self._cancelled = False
        self._handles = iter(range(1, 1000))

    # --- for tests

    def change(self, **readers: tuple[State, int]) -> None:
        """Other readers than before, once somebody waits."""
        assert self.waiting.wait(LONG_S)
        with self._changed:
            self.waiting.clear()
            self.readers = readers
            self._changed.notify_all()

    def stop(self) -> None:
        assert self.waiting.wait(LONG_S)
        with self._changed:
            self.waiting.clear()
            self.runs = False
            self.contexts.clear()
            self._changed.notify_all()

    def wait_until_nothing_is_open(self) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: not self.contexts, LONG_S)

    # --- the library

    @property
    def name(self) -> str:
        return "in memory"

    def establish_context(self) -> Outcome[int]:
        with self._changed:
            if not self.runs:
                return NO_SERVICE, 0
            self.contexts.add(context := next(self._handles))
            return 0, context

    def release_context(self, context: int, /) -> Outcome[None]:
        with self._changed:
            self.contexts.discard(context)
            self._changed.notify_all()
            return 0, None

    def cancel(self, context: int, /) -> Outcome[None]:
        with self._changed:
            self._cancelled = True
            self._changed.notify_all()
            return 0, None

    def list_readers(self, context: int, /) -> Outcome[tuple[str, ...]]:
        with self._changed:
            return self._refusal(context) or (0 if self.readers else NO_READERS), tuple(self.readers)

    def get_status_change(
        self, context: int, timeout_ms: int, known: Sequence[tuple[str, int]], /
    ) -> Outcome[tuple[Status, ...]]:
        with self._changed:
            self.calls += 1
            if refusal := self._refusal(context):
                return refusal, ()
            if any(name not in self.readers and name != READER_LIST for name, _ in known):
                return UNKNOWN_READER, ()
            if timeout_ms:
                self.waiting.set()
            self._changed.wait_for(lambda: self._news(context, known), timeout_ms / 1000)
            if self._cancelled:
                self._cancelled = False
                return CANCELLED, ()
            news = self._news(context, known)
            return self._refusal(context) or (0 if news else TIMEOUT), tuple(map(self._status, known))

    def _news(self, context: int, known: Sequence[tuple[str, int]]) -> bool:
        changed = any(self._status(entry)[1] != entry[1] for entry in known)
        return changed or self._cancelled or bool(self._refusal(context))

    def _status(self, entry: tuple[str, int]) -> Status:
        state, count = self.readers.get(entry[0], (State.UNKNOWN, 0))
        if entry[0] == READER_LIST:
            state, count = State.UNAWARE, len(self.readers)
        return entry[0], count << 16 | state, b"\x3b\x00" if state & CARD else b""

    def _refusal(self, context: int) -> int:
        if not self.runs:
            return NO_SERVICE
        return 0 if context in self.contexts else INVALID_HANDLE

    def connect(self, context: int, reader: str, share: Share, protocols: int, /) -> Outcome[tuple[int, int]]:
        raise AssertionError("nobody touches a card to wait for it")

    def disconnect(self, card: int, disposition: Disposition, /) -> Outcome[None]:
        raise AssertionError

    def begin_transaction(self, card: int, /) -> Outcome[None]:
        raise AssertionError

    def end_transaction(self, card: int, disposition: Disposition, /) -> Outcome[None]:
        raise AssertionError

    def status(self, card: int, /) -> Outcome[bytes]:
        raise AssertionError

    def transmit(self, card: int, protocol: int, command: bytes, /) -> Outcome[bytes]:
        raise AssertionError

    def control_code(self, function: int, /) -> int:
        raise AssertionError

    def control(self, card: int, code: int, data: bytes, /) -> Outcome[bytes]:
        raise AssertionError


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]  # pytest finds it
    monkeypatch.setattr(events, "_PAUSE_S", 0.001)
    monkeypatch.setattr(events, "_SERVICE_AGAIN_S", 0.01)


def meanwhile(step: object, *arguments: object, **keywords: object) -> threading.Thread:
    assert callable(step)
    thread = threading.Thread(target=step, args=arguments, kwargs=keywords)
    thread.start()
    return thread


def names(states: tuple[ReaderState, ...] | None) -> dict[str, bool]:
    assert states is not None
    return {state.name: state.card_present for state in states}


def test_the_readers_are_told_at_once_and_then_each_change() -> None:
    service = Service(A=(EMPTY, 0))
    with Watch(service) as watching:
        assert names(watching.next()) == {"A": False}
        meanwhile(service.change, A=(CARD, 1))
        assert names(watching.next(LONG_S)) == {"A": True}
        meanwhile(service.change, A=(CARD, 1), B=(EMPTY, 0))
        assert names(watching.next(LONG_S)) == {"A": True, "B": False}
        meanwhile(service.change, B=(EMPTY, 0))
        assert names(watching.next(LONG_S)) == {"B": False}
        meanwhile(service.change)
        assert names(watching.next(LONG_S)) == {}
        meanwhile(service.change, A=(CARD, 2))
        assert names(watching.next(LONG_S)) == {"A": True}
    service.wait_until_nothing_is_open()


def test_where_nothing_changes_nothing_is_told_and_hardly_anything_runs() -> None:
    service = Service(A=(CARD, 1))
    with Watch(service) as watching:
        assert watching.next() is not None
        service.calls = 0
        assert watching.next(0.3) is None
    assert service.calls <= 4, "asked how it is, waited for, and asked once more"


def test_a_watch_ends_at_its_time() -> None:
    service = Service(A=(EMPTY, 0))
    assert [names(states) for states in watch(0.05, service)] == [{"A": False}]
    service.wait_until_nothing_is_open()


def test_a_watch_is_closed_from_another_thread() -> None:
    service = Service(A=(EMPTY, 0))
    watching = Watch(service)
    assert watching.next() is not None

    def close() -> None:
        assert service.waiting.wait(LONG_S)
        watching.close()

    meanwhile(close)
    assert watching.next(LONG_S) is None
    service.wait_until_nothing_is_open()


def test_who_stops_listening_leaves_nothing_open() -> None:
    service = Service(A=(EMPTY, 0))
    for _ in watch(None, service):
        break
    service.wait_until_nothing_is_open()


# --- the service -------------------------------------------------------------------------------------


def test_a_service_that_stops_is_no_reader_until_it_is_back() -> None:
    service = Service(A=(CARD, 1))
    with Watch(service) as watching:
        assert names(watching.next()) == {"A": True}
        meanwhile(service.stop)
        assert names(watching.next(LONG_S)) == {}
        service.runs = True
        assert names(watching.next(LONG_S)) == {"A": True}
    service.wait_until_nothing_is_open()


def test_another_service_than_before_is_asked_anew() -> None:
    service = Service(A=(CARD, 1))
    with Watch(service) as watching:
        assert watching.next() is not None
        service.contexts.clear()  # restarted: it knows no context of ours
        service.readers = {"A": (CARD, 7)}
        states = watching.next(LONG_S)
        assert states is not None
        assert states[0].events == 7


def test_a_service_that_is_not_there_is_told() -> None:
    service = Service()
    service.runs = False
    with pytest.raises(errors.NoPcscServiceError):
        wait_for_card(timeout_s=LONG_S, library=service)


def test_where_the_service_sleeps_without_readers_it_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "SERVICE_SLEEPS", True)
    service = Service(A=(CARD, 1))
    service.runs = False
    with Watch(service) as watching:
        assert names(watching.next()) == {}
        service.runs = True
        assert names(watching.next(LONG_S)) == {"A": True}


def test_a_service_that_does_not_tell_of_readers_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "_TELLS_OF_READERS", False)
    monkeypatch.setattr(events, "_WAIT_S", 0.01)
    service = Service()
    with Watch(service) as watching:
        assert names(watching.next()) == {}
        service.readers = {"A": (EMPTY, 0)}
        assert names(watching.next(LONG_S)) == {"A": False}


# --- a card, and its end -----------------------------------------------------------------------------


@pytest.fixture
def two() -> Iterator[Service]:
    service = Service(**{"First 00": (EMPTY, 0), "Second 01": (EMPTY, 0)})
    yield service
    service.wait_until_nothing_is_open()


def test_a_card_on_any_reader_is_waited_for(two: Service) -> None:
    meanwhile(two.change, **{"First 00": (EMPTY, 0), "Second 01": (CARD, 1)})
    assert names(wait_for_card(timeout_s=LONG_S, library=two)) == {"First 00": False, "Second 01": True}


def test_a_card_on_another_reader_is_not_waited_for(two: Service) -> None:
    def cards() -> None:
        two.change(**{"First 00": (EMPTY, 0), "Second 01": (CARD, 1)})
        two.change(**{"First 00": (CARD, 1), "Second 01": (CARD, 1)})

    meanwhile(cards)
    assert names(wait_for_card("first", LONG_S, two)) == {"First 00": True, "Second 01": True}


def test_a_card_that_does_not_come_is_told(two: Service) -> None:
    with pytest.raises(errors.NoCardError, match=r"0\.05 s"):
        wait_for_card(timeout_s=0.05, library=two)


@pytest.mark.parametrize("after", [(EMPTY, 2), (CARD, 3), None], ids=["taken", "swapped", "with the reader"])
def test_a_removal_is_waited_for(after: tuple[State, int] | None) -> None:
    service = Service(A=(CARD, 1))
    thread = meanwhile(service.change, **({} if after is None else {"A": after}))
    assert wait_for_removal("A", LONG_S, service)
    thread.join()


def test_a_card_that_stays_is_no_removal() -> None:
    assert not wait_for_removal("A", 0.05, Service(A=(CARD, 1)))


def test_no_card_needs_no_removal() -> None:
    assert wait_for_removal("A", LONG_S, Service(A=(EMPTY, 0)))
    assert wait_for_removal("B", LONG_S, Service(A=(CARD, 1)))


def test_another_program_that_connects_is_no_removal() -> None:
    service = Service(A=(CARD, 1))
    begun = time.monotonic()
    meanwhile(service.change, A=(CARD | State.IN_USE, 1))
    assert not wait_for_removal("A", 0.1, service)
    assert time.monotonic() - begun >= 0.1

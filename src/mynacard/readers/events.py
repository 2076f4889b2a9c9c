"""Readers and cards that come and go.

The PC/SC service is asked to say when something changes; between its answers nothing runs. No thread is left when the
wait is over. If the service stops during a wait (Windows stops it with the last reader), there are no readers until it
is back.

Source: PC/SC Workgroup, part 5; Microsoft's page on SCardGetStatusChangeW for the pseudo-reader that stands for the
list of readers, which macOS does not have.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Generator
from functools import partial
from types import NoneType
from typing import Final, Self, TypeAlias

from mynacard import errors
from mynacard.arguments import check_type
from mynacard.readers.deadlines import Deadlines
from mynacard.readers.finding import find_library
from mynacard.readers.library import Calls, Library, State, Status, known
from mynacard.readers.link import quietly
from mynacard.readers.states import ReaderState, reader_states
from mynacard.readers.worker import Worker
from mynacard.texts import N_

__all__ = ["Watch", "card_lies_on", "list_readers", "no_card_came", "wait_for_card", "wait_for_removal", "watch"]

States: TypeAlias = tuple[ReaderState, ...]

SERVICE_SLEEPS: Final = os.name == "nt"
"""Windows stops its service with the last reader, and starts it with the first."""
_READER_LIST: Final = "\\\\?PnP?\\Notification"
_TELLS_OF_READERS: Final = sys.platform != "darwin"
_ASKED_AT_ONCE: Final = 16
"""pcsc-lite takes at most this many readers in one call, and has at most this many."""
_WAIT_S: Final = 5.0 if _TELLS_OF_READERS else 1.0
"""How long one call waits. pcsc-lite before 2.3 does not report a reader that comes between two calls: only the next
call finds it, up to this much later."""
_PAUSE_S: Final = 0.1
"""The minimum pause between two calls, so that spurious reports from the service do not make us spin."""
_SERVICE_AGAIN_S: Final = 1.0
_SERVICE_GONE: Final = (errors.NoPcscServiceError, errors.CardLostError, errors.AccessRefusedError)
"""The service is not running, is not the one that gave us our context, or has hung up."""
_LISTS: Final = 3
"""How many times the list is fetched if a reader in it is gone before its state is reported."""


class Watch:
    """Watches readers and cards come and go. A context manager; :meth:`close` may be called from any thread.

    A service that stops meanwhile is a change: there are no readers until it is back.

    Args:
        library: the PC/SC library; None finds it.
        deadlines: how long the service may take to answer.

    Raises:
        NoPcscLibraryError, UsageError: as :func:`find_library`.
    """

    def __init__(self, library: Library | None = None, deadlines: Deadlines = Deadlines()) -> None:
        self._view = _View(Calls(find_library() if library is None else library))
        self._worker = Worker()
        self._deadlines = deadlines
        self._states: States | None = None
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def next(self, timeout_s: float | None = None) -> States | None:
        """All readers: at once on the first call, later as soon as something has changed.

        None if nothing has changed within *timeout_s*, or the watch was closed.

        Raises:
            NoPcscServiceError: the service is not running, on the first call.
            CallTimeoutError: the service does not answer.
            ReaderError: PC/SC failed in another way.
        """
        until = float("inf") if timeout_s is None else time.monotonic() + timeout_s
        not_before = 0.0
        while not self._closed:
            states = self._look()
            if states != self._states:
                self._states = states
                return states
            time.sleep(max(0.0, not_before - time.monotonic()))
            not_before = time.monotonic() + _PAUSE_S
            left = until - time.monotonic()
            if left <= 0:
                break
            self._wait(min(left, _WAIT_S))
        return None

    def close(self) -> None:
        """End the wait, and release the service."""
        self._closed = True
        if self._view.waiting:
            canceller = Worker()  # the watch's own worker is in the call that is to end
            canceller.post(self._view.cancel)
            canceller.stop()
        self._worker.finish(self._view.close, self._deadlines.leaving_s)
        self._worker.stop()

    def _look(self) -> States:
        """The readers now; none if the service has gone since the first call, or sleeps because there are none."""
        try:
            return self._worker.run("SCardListReaders", self._view.look, self._deadlines.service_s)
        except errors.NoPcscServiceError:
            if self._states is None and not SERVICE_SLEEPS:
                raise
            return ()

    def _wait(self, seconds: float) -> None:
        """Wait until the service reports a change, for at most *seconds*."""
        if self._view.alive:
            deadline_s = seconds + self._deadlines.service_s
            self._worker.run("SCardGetStatusChange", partial(self._view.wait, seconds), deadline_s)
        else:
            time.sleep(min(seconds, _SERVICE_AGAIN_S))


def list_readers(library: Library | None = None, deadlines: Deadlines = Deadlines()) -> States:
    """The attached readers, and whether a card is on each; empty if there are none. Touches no card.

    Args:
        library: the PC/SC library; None finds it.
        deadlines: how long the service may take.

    Raises:
        NoPcscLibraryError, UsageError: as :func:`find_library`.
        NoPcscServiceError: the service is not running. (On Windows, which stops it with the last reader, the answer is
            empty instead.)
        CallTimeoutError: the service does not answer.
        ReaderError: PC/SC failed in another way.
    """
    with Watch(library, deadlines) as watching:
        return watching.next() or ()


def watch(timeout_s: float | None = None, library: Library | None = None) -> Generator[States, None, None]:
    """All readers as they are now, and again whenever something has changed, until *timeout_s* have passed.

    Raises:
        ReaderError, UsageError: as :class:`Watch` and :meth:`Watch.next`.
    """
    check_type(timeout_s, float, int, NoneType, wanted="float or None")
    until = float("inf") if timeout_s is None else time.monotonic() + timeout_s
    with Watch(library) as watching:
        while True:
            left = until - time.monotonic()
            states = watching.next(None if timeout_s is None else max(left, 0.0))
            if states is None:
                return
            yield states


class _View:
    """The service's view of the readers. Its methods run in a worker's thread, :meth:`cancel` in another's.

    Attributes:
        waiting: whether a call waits for something to happen.
    """

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._context: int | None = None
        self._known: list[tuple[str, int]] = []
        self.waiting = False

    @property
    def alive(self) -> bool:
        """Whether the service was there at the last call."""
        return self._context is not None

    def look(self) -> States:
        if self._context is not None:
            try:
                return self._look()
            except _SERVICE_GONE:
                self.close()
        return self._look()

    def _look(self) -> States:
        if self._context is None:
            self._context = self._calls.establish_context()
        for _ in range(_LISTS):
            self._known = [(name, int(State.UNAWARE)) for name in self._names(self._context)]
            statuses = self._news(0)
            if statuses is not None:
                return reader_states(tuple(status for status in statuses if status[0] != _READER_LIST))
        return ()

    def _names(self, context: int) -> tuple[str, ...]:
        """The readers' names, and the pseudo-reader's that signals changes of their list."""
        try:
            names = self._calls.list_readers(context)
        except errors.NoReaderError:
            names = ()
        return (*names, _READER_LIST) if _TELLS_OF_READERS and len(names) < _ASKED_AT_ONCE else names

    def wait(self, seconds: float) -> None:
        """Wait until something has changed, for at most *seconds*."""
        self.waiting = True
        try:
            if self._known:
                self._news(int(seconds * 1000) + 1)
            else:
                time.sleep(seconds)
        except _SERVICE_GONE:
            self.close()
        finally:
            self.waiting = False

    def _news(self, timeout_ms: int) -> tuple[Status, ...] | None:
        """The states of the known readers once one has changed; they are known then. None if a reader is gone."""
        if self._context is None or not self._known:
            return ()
        try:
            statuses = self._calls.get_status_change(self._context, timeout_ms, self._known)
        except (errors.NoReaderError, errors.ReaderNotFoundError):
            return None
        self._known = [(name, known(bits)) for name, bits, _ in statuses] or self._known
        return statuses

    def cancel(self) -> None:
        if self._context is not None:
            quietly(partial(self._calls.cancel, self._context))

    def close(self) -> None:
        if self._context is not None:
            quietly(partial(self._calls.release_context, self._context))
        self._context = None


def wait_for_card(name: str = "", timeout_s: float | None = None, library: Library | None = None) -> States:
    """The readers, as soon as a card is on one with *name* in its name.

    Raises:
        NoCardError: none came within *timeout_s*.
        ReaderError, UsageError: as :func:`watch`.
    """
    check_type(name, str)
    for states in watch(timeout_s, library):
        if card_lies_on(states, name):
            return states
    raise no_card_came(timeout_s)


def card_lies_on(states: States, name: str = "") -> bool:
    """Whether a card is on a reader with *name* in its name."""
    return any(state.card_present and state.answers_to(name) for state in states)


def no_card_came(timeout_s: float | None) -> errors.NoCardError:
    """The error for a wait in which no card came."""
    return errors.NoCardError(N_("No card was placed on a reader within {seconds:g} s."), seconds=timeout_s)


def wait_for_removal(reader: str, timeout_s: float | None = None, library: Library | None = None) -> bool:
    """Whether the card that is on *reader* now leaves it within *timeout_s*, by itself or with the reader.

    Also true if there is no card, or if another one has taken its place meanwhile.

    Raises:
        ReaderError, UsageError: as :func:`watch`.
    """
    check_type(reader, str)
    events: int | None = None
    for states in watch(timeout_s, library):
        occupied = next((state for state in states if state.name == reader and state.card_present), None)
        if occupied is None or occupied.events != (occupied.events if events is None else events):
            return True
        events = occupied.events
    return False

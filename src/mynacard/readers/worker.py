"""Calls that may block, made in a thread that the caller need not wait for.

PC/SC has no time limits: a mute card, or a program that keeps a transaction, holds a call forever, and Python does not
notice Ctrl-C until it returns. So the calls of one connection are made one after the other in a thread of their own;
the caller waits for the answer as long as it wants to, and can be interrupted at any moment.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Final, Generic, NoReturn, TypeVar

from mynacard.errors import CallTimeoutError, CardLostError
from mynacard.texts import N_

__all__ = ["Pending", "Worker"]

T = TypeVar("T")

_SLICE_S: Final = 0.2
"""Windows does not notice Ctrl-C in a longer wait. Other systems do; on all of them an answer ends the wait at once."""

_TIMEOUT: Final = N_(
    "{call} did not return within {seconds:g} s: what it did is unknown, and the connection is given up. "
    "Take the card off, or close the program that uses it."
)
_GIVEN_UP: Final = N_("The connection was given up when {call} did not return. Begin again.")


class Pending(Generic[T]):
    """A job in the hands of a worker."""

    def __init__(self) -> None:
        self._ending: Callable[[], T] | None = None
        self._ended: SimpleQueue[None] = SimpleQueue()

    def end(self, ending: Callable[[], T]) -> None:
        """The job has ended; *ending* returns or raises as it did."""
        self._ending = ending
        self._ended.put(None)

    def wait(self, timeout_s: float) -> Callable[[], T] | None:
        """A function that returns or raises as the job did; None if the job has not ended within *timeout_s*."""
        until = time.monotonic() + timeout_s
        while self._ending is None:
            left = until - time.monotonic()
            if left <= 0:
                break
            with suppress(Empty):
                self._ended.get(timeout=min(left, _SLICE_S))
        return self._ending


class Worker:
    """A thread that makes blocking calls in the order in which they come. It begins with the first one.

    Attributes:
        stuck_in: the name of the call that did not return in time, else "".
    """

    def __init__(self) -> None:
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread: Thread | None = None
        self._call = ""
        self.stuck_in = ""

    def run(self, call: str, job: Callable[[], T], timeout_s: float) -> T:
        """Do *job* in the thread, and return or raise as it does.

        Raises:
            CallTimeoutError: the job, named *call*, did not return within *timeout_s*.
            CardLostError: an earlier job did not return in time; *job* is not done.
        """
        if self.stuck_in:
            raise CardLostError(_GIVEN_UP, call=self.stuck_in)
        self._call = call
        ending = self.post(job).wait(timeout_s)
        if ending is None:
            self.stuck_in = call
            raise CallTimeoutError(_TIMEOUT, call=call, seconds=timeout_s)
        return ending()

    def post(self, job: Callable[[], T]) -> Pending[T]:
        """Have *job* done when its turn comes, whether or not the caller waits."""
        pending: Pending[T] = Pending()
        self._jobs.put(lambda: pending.end(_ending(job)))
        if self._thread is None:
            self._thread = Thread(target=self._work, name="mynacard-pcsc", daemon=True)
            self._thread.start()
        return pending

    def finish(self, job: Callable[[], object], timeout_s: float) -> bool:
        """Have *job* done in any case, and return whether it is; after a call that did not return, do not wait.

        An interrupt during the wait is raised when the job is done, or after *timeout_s* again.
        """
        pending = self.post(job)
        if self.stuck_in:
            return False
        try:
            ending = pending.wait(timeout_s)
        except BaseException:
            pending.wait(timeout_s)
            raise
        if ending is None:
            self.stuck_in = self._call
            return False
        ending()
        return True

    def stop(self) -> None:
        """End the thread when all posted jobs are done."""
        self._jobs.put(None)

    def _work(self) -> None:
        while self._do_next():
            pass

    def _do_next(self) -> bool:
        # A method of its own, so that no local variable keeps a job, and the command in it, while the next is awaited.
        job = self._jobs.get()
        if job is not None:
            job()
        return job is not None


def _ending(job: Callable[[], T]) -> Callable[[], T]:
    try:
        value = job()
    except BaseException as error:  # of any kind: the waiting caller gets it
        return partial(_raise, error)
    return lambda: value


def _raise(error: BaseException) -> NoReturn:
    raise error

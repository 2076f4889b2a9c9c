"""Cards in an event loop: the same functions, run in threads by anyio, under asyncio or trio.

Functions that send APDUs run in a thread and never block the loop. Calls about one card run one after the other, since
a card belongs to one thread at a time. A cancelled task first waits for the command that is on its way, and for the
card to be let go: calls have deadlines, and a PIN that may have been sent has to be logged out. A PIN provider that is
still asking is cancelled.

Needs anyio, the extra ``async``.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from concurrent.futures import CancelledError, Future, wait
from contextlib import AbstractContextManager, aclosing, asynccontextmanager, suppress
from functools import partial
from types import MappingProxyType
from typing import Concatenate, Generic, ParamSpec, TypeVar

from mynacard import opening, readers
from mynacard.apdu.channel import Channel
from mynacard.apdu.pins import PinSecret
from mynacard.errors import MissingExtraError
from mynacard.jpki.layout import KeyPair
from mynacard.jpki.session import JpkiSession
from mynacard.opening import pins
from mynacard.opening.pins import PinProvider, PinRequest
from mynacard.pin import AtKeypad, Pin, hidden
from mynacard.readers import Deadlines, ReaderState

try:
    from anyio import CancelScope, CapacityLimiter, current_time, from_thread, get_cancelled_exc_class, to_thread
except ModuleNotFoundError:
    raise MissingExtraError("anyio", "async") from None

__all__ = ["InThread", "open_card", "verified_session", "wait_for_card", "watch"]

P = ParamSpec("P")
T = TypeVar("T")
S = TypeVar("S")


class InThread(Generic[S]):
    """A channel or session whose functions run in a thread, one at a time."""

    def __init__(self, subject: S, calls: _Calls) -> None:
        self._subject = subject
        self._calls = calls

    async def run(self, function: Callable[Concatenate[S, P], T], /, *arguments: P.args, **keywords: P.kwargs) -> T:
        """The result of *function*, called with the channel or session: ``run(JpkiSession.sign, b"…")``."""
        job = _Job(function, self._subject, arguments, keywords)
        del arguments, keywords
        return await self._calls.run(job)


@asynccontextmanager
async def open_card(
    name: str | None = None, *, deadlines: Deadlines = Deadlines()
) -> AsyncGenerator[InThread[Channel], None]:
    """As :func:`mynacard.open_card`."""
    calls = _Calls()
    connecting = opening.connect_card(name, deadlines=deadlines)
    async with calls.inside(connecting) as connection:
        calls.adopt = connection.adopt
        async with calls.inside(connection.transaction()) as channel:
            yield InThread(channel, calls)


@asynccontextmanager
async def verified_session(
    pair: KeyPair,
    pin: PinSecret | Callable[[PinRequest], Awaitable[PinSecret]],
    *,
    name: str | None = None,
    purpose: str = "",
    signatures: int = 1,
    spend_last_try: bool = False,
    upper_case: bool = False,
    certificates: Mapping[KeyPair, bytes] = MappingProxyType({}),
    deadlines: Deadlines = Deadlines(),
) -> AsyncGenerator[InThread[JpkiSession], None]:
    """As :func:`mynacard.verified_session`; a PIN provider is awaited in the event loop."""
    pin = hidden(pin)
    pins.check_arguments(pair, pin)
    calls = _Calls()
    connecting = opening.connect_card(name, deadlines=deadlines)
    async with calls.inside(connecting) as connection:
        calls.adopt = connection.adopt
        verified = pins.verified_session_on(
            connection,
            pair,
            pin if isinstance(pin, Pin | AtKeypad) else calls.asked_in_the_loop(pin),
            purpose=purpose,
            signatures=signatures,
            spend_last_try=spend_last_try,
            upper_case=upper_case,
            certificates=certificates,
        )
        async with calls.inside(verified) as session:
            yield InThread(session, calls)


async def watch(timeout_s: float | None = None) -> AsyncGenerator[tuple[ReaderState, ...], None]:
    """As :func:`mynacard.readers.watch`; a cancelled task ends it at once."""
    until = current_time() + (float("inf") if timeout_s is None else timeout_s)
    watching = readers.Watch()
    try:
        while True:
            left = None if timeout_s is None else max(until - current_time(), 0.0)
            states = await to_thread.run_sync(watching.next, left, abandon_on_cancel=True)
            if states is None:
                return
            yield states
    finally:
        with CancelScope(shield=True):
            await to_thread.run_sync(watching.close)


async def wait_for_card(name: str = "", timeout_s: float | None = None) -> tuple[ReaderState, ...]:
    """As :func:`mynacard.readers.wait_for_card`; a cancelled task ends it at once."""
    async with aclosing(watch(timeout_s)) as changes:
        async for states in changes:
            if readers.card_lies_on(states, name):
                return states
    raise readers.no_card_came(timeout_s)


class _Job(Generic[T]):
    """A call that keeps its arguments out of local variables: one may be a PIN, and tracebacks show those."""

    def __init__(
        self, function: Callable[..., T], subject: object, arguments: tuple[object, ...], keywords: Mapping[str, object]
    ) -> None:
        self._function = function
        self._arguments = (subject, *arguments)
        self._keywords = keywords

    def __call__(self) -> T:
        return self._function(*self._arguments, **self._keywords)


class _Calls:
    """The calls about one card: each in some thread, one at a time."""

    def __init__(self) -> None:
        self._one_at_a_time = CapacityLimiter(1)
        self._asking = CancelScope()
        self.adopt: Callable[[], None] = lambda: None

    async def run(self, job: Callable[[], T]) -> T:
        """The result of *job*; a cancelled task goes on only after it has ended."""
        future: Future[T] = Future()

        def adopted() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                self.adopt()
                future.set_result(job())
            except BaseException as error:  # of any kind: the waiting task gets it
                future.set_exception(error)

        async with self._one_at_a_time:
            try:
                await to_thread.run_sync(adopted, limiter=CapacityLimiter(1))
            except BaseException:  # asyncio's own cancelling comes through every shield
                if not future.cancel():
                    self._asking.cancel()
                    await _ended(future)
                raise
        return future.result()

    @asynccontextmanager
    async def inside(self, context: AbstractContextManager[T]) -> AsyncGenerator[T, None]:
        """Enter *context* in a thread, and leave it in one; a cancelled task leaves it, too."""
        entered: list[T] = []
        try:
            await self.run(lambda: entered.append(context.__enter__()))
            yield entered[0]
        except BaseException as error:
            with CancelScope(shield=True):
                if not entered or not await self.run(
                    partial(context.__exit__, type(error), error, error.__traceback__)
                ):
                    raise
        else:
            with CancelScope(shield=True):
                await self.run(partial(context.__exit__, None, None, None))

    def asked_in_the_loop(self, ask: Callable[[PinRequest], Awaitable[PinSecret]]) -> PinProvider:
        """*ask* for the thread that needs the answer; cancelling the task ends the question."""

        async def asked(request: PinRequest) -> PinSecret:
            with CancelScope() as self._asking:
                return await ask(request)
            raise CancelledError

        return lambda request: from_thread.run(asked, request)


async def _ended(future: Future[T]) -> None:
    """Wait until *future* has ended, however often the task is cancelled."""
    while not future.done():
        with CancelScope(shield=True), suppress(get_cancelled_exc_class()):
            await to_thread.run_sync(wait, [future], limiter=CapacityLimiter(1))

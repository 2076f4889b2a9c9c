"""Connections that wait for their peers: each for a limited time, and only so many that none keeps others waiting.

uvicorn itself limits only how long a connection is idle after an answer. The body's deadline is the application's
(:mod:`mynacard.portal.web`), which knows who sends it.
"""

from __future__ import annotations

import asyncio
import socket
from collections import OrderedDict
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, cast

from uvicorn import Config, Server
from uvicorn.protocols.http.h11_impl import H11Protocol

from mynacard.portal.web import KNOWN

if TYPE_CHECKING:
    from starlette.types import ASGIApp
    from uvicorn._types import (
        ASGIReceiveCallable,
        ASGIReceiveEvent,
        ASGISendCallable,
        ASGISendEvent,
        Scope,
    )

__all__ = ["LINES_MAX", "Line", "Lines", "most_lines", "server"]

LINES_MAX: Final = 512
"""Connections at one time, where the system allows that many."""
QUEUE, BATCH = 1024, 16
"""How many connections may wait to be accepted, and how many of them are accepted before one is looked at."""
SHUTDOWN_S: Final = 5
"""How long requests may go on when the server is stopped."""
HEADERS_S, ANSWER_S = 10.0, 60.0
"""How long a peer may take for all headers, from the connection or the last answer on, and to read an answer."""


def server(application: ASGIApp, lifespan: Literal["on", "off"]) -> Server:
    """A server for *application*, to be run on sockets that listen."""
    protocol = cast("type[asyncio.Protocol]", partial(Line, Lines(most_lines())))
    return _Server(
        Config(
            application,
            http=protocol,
            ws="none",
            loop="asyncio",
            interface="asgi3",
            lifespan=lifespan,
            log_level="critical",
            backlog=BATCH,
            timeout_graceful_shutdown=SHUTDOWN_S,
        )
    )


def most_lines() -> int:
    """How many connections to keep: a fifth of the descriptors that this process may have, at most :data:`LINES_MAX`.

    Each may need two more, for an upload and its lock; the rest is for those that are being accepted or closed.
    """
    try:
        import resource  # noqa: PLC0415  # not on Windows, which has no such limit
    except ImportError:
        return LINES_MAX
    descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return LINES_MAX if descriptors == resource.RLIM_INFINITY else min(LINES_MAX, descriptors // 5)


class Cuttable(Protocol):
    """A connection, as :class:`Lines` sees it."""

    def cut(self) -> None:
        """End it at once."""


class Lines:
    """The connections of one server, at most *most*.

    For one more, that one is cut whose peer has sent nothing for the longest time: first of strangers' connections,
    then of those on which an account was logged in. So a stranger who opens many ends only those of strangers.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._all = set[Cuttable]()
        self._strangers, self._known = OrderedDict[Cuttable, None](), OrderedDict[Cuttable, None]()

    def enter(self, line: Cuttable) -> None:
        """Keep a new connection, which waits for its peer."""
        if len(self._all) >= self._most:
            oldest = next(iter(self._strangers or self._known), line)
            self.leave(oldest)
            oldest.cut()
            if oldest is line:  # every other one is being answered
                return
        self._all.add(line)
        self.wait(line)

    def leave(self, line: Cuttable) -> None:
        """Forget a connection, if it is not forgotten already."""
        self.answer(line)
        self._all.discard(line)

    def wait(self, line: Cuttable, *, known: bool = False) -> None:
        """Note that *line* waits for its peer, for an account's if *known*."""
        self.answer(line)
        if line in self._all:
            (self._known if known else self._strangers)[line] = None

    def answer(self, line: Cuttable) -> None:
        """Note that *line* does not wait for its peer."""
        self._strangers.pop(line, None)
        self._known.pop(line, None)

    def hear(self, line: Cuttable) -> None:
        """Note that the peer sent something."""
        for waiting in (self._strangers, self._known):
            if line in waiting:
                waiting.move_to_end(line)


class Line(H11Protocol):
    """A connection among others, with one time limit at a time."""

    def __init__(self, lines: Lines, **options: Any) -> None:
        super().__init__(**options)
        self._lines = lines
        self._known = False
        self._timer: asyncio.TimerHandle | None = None
        self._application, self.app = self.app, self._answer

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._limit(HEADERS_S)
        self._lines.enter(self)

    def data_received(self, data: bytes) -> None:
        self._lines.hear(self)
        super().data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._limit(None)
        self._lines.leave(self)
        super().connection_lost(exc)

    def cut(self) -> None:
        self.transport.abort()

    async def _answer(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        self._limit(None)
        self._known = False
        scope.setdefault("state", {})[KNOWN] = self._note

        async def received() -> ASGIReceiveEvent:
            message = await receive()
            if not message.get("more_body", False):
                self._lines.answer(self)
            return message

        async def sent(message: ASGISendEvent) -> None:
            self._lines.wait(self, known=self._known)
            self._limit(ANSWER_S)
            await send(message)
            if not self.transport.get_write_buffer_size():  # it is taken
                self._limit(HEADERS_S)

        await self._application(scope, received, sent)

    def _note(self) -> None:
        """Note that an account is logged in on this connection, until the next request."""
        self._known = True
        self._lines.wait(self, known=True)

    def _limit(self, seconds: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if seconds is None else self.loop.call_later(seconds, self.cut)


class _Server(Server):
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for listening in sockets or ():
            listening.listen(QUEUE)  # asyncio made the queue as short as a batch; a full one costs a client seconds

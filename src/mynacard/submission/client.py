"""The client: makes each call once, with a deadline, and keeps its outcome. Blocking, or in an event loop.

It never signs: a card does that before (:meth:`mynacard.jpki.JpkiSession.authenticate`, :mod:`mynacard.signing.cades`),
so no PIN stays verified while a connection is open. TLS uses the system's trust store. Needs httpx2, from the extra
``client``.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

from mynacard.arguments import check_type
from mynacard.errors import MissingExtraError, PortalUnreachable
from mynacard.submission import calls
from mynacard.submission.application import Application
from mynacard.submission.calls import Call, PortalError
from mynacard.submission.exchange import (
    ANSWER_MAX,
    Challenge,
    Overview,
    Purpose,
    Registered,
    ReportAnswer,
    Session,
    Status,
)
from mynacard.submission.manifest import CLIENT_NEEDS
from mynacard.submission.origin import base_of, origin_of
from mynacard.submission.outbox import Entry, EntryState, Outbox
from mynacard.submission.profile import REFERENCE, Profile
from mynacard.texts import N_

if TYPE_CHECKING:
    import httpx2

__all__ = ["AsyncClient", "Client", "Progress"]

_T = TypeVar("_T")
_CHUNK: Final = 0x1_0000
CONNECT_S, SILENCE_S, ANSWER_S = 10.0, 30.0, 60.0
"""Time limits: to connect; without a byte; and for each piece of a package, and for the whole answer."""

Progress = Callable[[int, int], object]
"""Called with the number of bytes sent, and the number of all."""


def _unreported(_sent: int, _all: int) -> None:
    pass


class _Base:
    """The part that both clients share: the receiver's address, the session, and the handling of failures."""

    def __init__(self, url: str, outbox: Outbox, profile: Profile) -> None:
        MissingExtraError.check(CLIENT_NEEDS, "client")
        check_type(url, str)
        check_type(outbox, Outbox)
        self.url = base_of(url)
        self.origin = origin_of(url)
        self.outbox = outbox
        self.profile = profile
        self.session: Session | None = None
        """The session of :meth:`log_in`; None before it."""

    def _settings(self) -> dict[str, Any]:
        import httpx2  # noqa: PLC0415  # an extra

        return {
            "timeout": httpx2.Timeout(SILENCE_S, connect=CONNECT_S),
            "follow_redirects": False,
            "headers": {"Accept": "application/json, application/problem+json", "Accept-Encoding": "identity"},
        }

    def _headers(self, call: Call[Any]) -> dict[str, str]:
        headers = dict(call.headers)
        if call.body:
            headers["Content-Type"] = "application/json"
        if self.session is not None and call.as_somebody:
            headers["Authorization"] = f"Bearer {self.session.session}"
        return headers

    def waiting(self) -> tuple[Entry, ...]:
        """The entries in the outbox that wait to be sent to this receiver.

        Raises:
            FormError: an entry's file was damaged.
        """
        return tuple(
            entry for entry in self.outbox.entries() if entry.state is EntryState.READY and entry.portal == self.url
        )

    def _submission(self, entry: Entry) -> Call[Status]:
        return self.profile.submit(self.outbox.package(entry), entry.size, entry.key, entry.number)

    def _refused(self, entry: Entry, refusal: PortalError) -> None:
        if calls.is_final(refusal):
            self.outbox.refuse(entry, refusal.problem)


class Client(_Base):
    """A client that blocks until each answer comes.

    Args:
        url: the receiver's: ``https``, or ``http`` on this machine.
        outbox: keeps packages and their receipts.
        profile: how to speak to the receiver.
        transport: an httpx2 transport, for tests and for what the default one does not do.

    Raises:
        UsageError: *url* is not an address that a receiver can have.
        MissingExtraError: httpx2, or another package of the extra, is not installed.

    Every call raises PortalError if the receiver refuses, and PortalUnreachable if no answer comes, or only part of it.
    """

    def __init__(
        self, url: str, outbox: Outbox, *, profile: Profile = REFERENCE, transport: httpx2.BaseTransport | None = None
    ) -> None:
        super().__init__(url, outbox, profile)
        import httpx2  # noqa: PLC0415  # an extra

        self._http = httpx2.Client(transport=transport, **self._settings())
        self._line: socket.socket | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections. The session at the receiver ends by itself."""
        self._http.close()

    def challenge(self, purpose: Purpose) -> Challenge:
        """A number from the receiver, which a key has to answer."""
        return self._made(self.profile.challenge(purpose))

    def register(self, nonce: str, token: str, signature: bytes) -> Registered:
        """Open an account, by both keys' answers to the challenge *nonce*.

        Args:
            nonce: of a challenge for a registration.
            token: Web eID 1.0, by the user-authentication key, for :attr:`origin`.
            signature: CAdES, detached, by the signing key, over
                :func:`~mynacard.submission.exchange.registration_statement`.
        """
        return self._made(self.profile.register(nonce, token, signature))

    def rebind(self, account: str, nonce: str, token: str, signature: bytes) -> Registered:
        """Bind an existing account to renewed certificates; the other arguments are those of :meth:`register`."""
        return self._made(self.profile.rebind(account, nonce, token, signature))

    def log_in(self, nonce: str, token: str) -> Session:
        """Log in, by the user-authentication key's answer to a challenge for a session."""
        self.session = self._made(self.profile.log_in(nonce, token))
        return self.session

    def dry_run(self, application: Application) -> ReportAnswer:
        """Check *application* by the receiver's rules; nothing is submitted."""
        return self._made(self.profile.dry_run(application))

    def submit(self, entry: Entry, progress: Progress = _unreported) -> Entry:
        """Send a package, and keep its receipt; return the entry in its new state.

        Sent twice, it is still one application. If this raises PortalUnreachable, send it again at any time.
        """
        if entry.state is EntryState.RECEIVED:
            return entry
        try:
            status = self._made(self._submission(entry), progress)
        except PortalError as refusal:
            self._refused(entry, refusal)
            raise
        return self.outbox.settle(entry, status)

    def resume(self, progress: Progress = _unreported) -> tuple[Entry, ...]:
        """Send every entry that waits for this receiver; return the entries in their new states.

        Raises:
            FormError: an entry's file was damaged.
        """
        return tuple(self.submit(entry, progress) for entry in self.waiting())

    def overview(self) -> Overview:
        """The applications of the account that is logged in."""
        return self._made(self.profile.overview())

    def status(self, number: str) -> Status:
        """The status of one application, by its provisional number."""
        return self._made(self.profile.status(number))

    def withdraw(self, number: str) -> Status:
        """Withdraw an application, as long as it is not decided."""
        return self._made(self.profile.withdraw(number))

    def _made(self, call: Call[_T], progress: Progress = _unreported) -> _T:
        import httpx2  # noqa: PLC0415  # an extra

        answer, watch = _Answer(), _Watch(lambda: self._line)
        content = call.body if call.package is None else _sent(call.package, progress, watch.feed)
        headers, extensions = self._headers(call), {"trace": self._connected}
        try:
            with (
                watch,
                self._http.stream(
                    call.method, self.url + call.path, content=content, headers=headers, extensions=extensions
                ) as response,
            ):
                for piece in response.iter_raw():
                    answer.add(piece)
            return call.read(response.status_code, response.headers.get("Content-Type", ""), bytes(answer.content))
        except (httpx2.HTTPError, httpx2.StreamError, httpx2.InvalidURL) as error:
            raise _unreachable(error) from error

    def _connected(self, event: str, info: dict[str, Any]) -> None:
        """Remember the socket of each new connection, so that the watch can shut it down."""
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            self._line = info["return_value"].get_extra_info("socket")


class AsyncClient(_Base):
    """A client for an event loop; its methods, arguments and errors are those of :class:`Client`."""

    def __init__(
        self,
        url: str,
        outbox: Outbox,
        *,
        profile: Profile = REFERENCE,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        super().__init__(url, outbox, profile)
        import httpx2  # noqa: PLC0415  # an extra

        self._http = httpx2.AsyncClient(transport=transport, **self._settings())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self._http.aclose()

    async def challenge(self, purpose: Purpose) -> Challenge:
        return await self._made(self.profile.challenge(purpose))

    async def register(self, nonce: str, token: str, signature: bytes) -> Registered:
        return await self._made(self.profile.register(nonce, token, signature))

    async def rebind(self, account: str, nonce: str, token: str, signature: bytes) -> Registered:
        return await self._made(self.profile.rebind(account, nonce, token, signature))

    async def log_in(self, nonce: str, token: str) -> Session:
        self.session = await self._made(self.profile.log_in(nonce, token))
        return self.session

    async def dry_run(self, application: Application) -> ReportAnswer:
        return await self._made(self.profile.dry_run(application))

    async def submit(self, entry: Entry, progress: Progress = _unreported) -> Entry:
        if entry.state is EntryState.RECEIVED:
            return entry
        try:
            status = await self._made(self._submission(entry), progress)
        except PortalError as refusal:
            self._refused(entry, refusal)
            raise
        return self.outbox.settle(entry, status)

    async def resume(self, progress: Progress = _unreported) -> tuple[Entry, ...]:
        return tuple([await self.submit(entry, progress) for entry in self.waiting()])

    async def overview(self) -> Overview:
        return await self._made(self.profile.overview())

    async def status(self, number: str) -> Status:
        return await self._made(self.profile.status(number))

    async def withdraw(self, number: str) -> Status:
        return await self._made(self.profile.withdraw(number))

    async def _made(self, call: Call[_T], progress: Progress = _unreported) -> _T:
        import anyio  # noqa: PLC0415  # comes with httpx2
        import httpx2  # noqa: PLC0415  # an extra

        answer = _Answer()
        try:
            with anyio.fail_after(ANSWER_S) as scope:

                def feed() -> None:
                    scope.deadline = anyio.current_time() + ANSWER_S

                content = call.body if call.package is None else _sent_in_a_loop(call.package, progress, feed)
                async with self._http.stream(
                    call.method, self.url + call.path, content=content, headers=self._headers(call)
                ) as response:
                    async for piece in response.aiter_raw():
                        answer.add(piece)
            return call.read(response.status_code, response.headers.get("Content-Type", ""), bytes(answer.content))
        except (httpx2.HTTPError, httpx2.StreamError, httpx2.InvalidURL, TimeoutError) as error:
            raise _unreachable(error) from error


class _Answer:
    """The part of an answer that has come, at most :data:`ANSWER_MAX` bytes."""

    def __init__(self) -> None:
        self.content = bytearray()

    def add(self, piece: bytes) -> None:
        self.content += piece
        if len(self.content) > ANSWER_MAX:
            raise PortalUnreachable(N_("The receiver's answer is too long."))


class _Watch:
    """Breaks a connection on which a piece or the answer takes too long, even if bytes keep dripping in.

    No single read would notice that. The shutdown, from another thread, ends the waiting call, which raises what it
    raises when a connection breaks.
    """

    def __init__(self, line: Callable[[], socket.socket | None]) -> None:
        self._line = line
        self._until = time.monotonic() + ANSWER_S
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="mynacard line watch", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def feed(self) -> None:
        """Start the time limit again: a piece was sent."""
        self._until = time.monotonic() + ANSWER_S

    def _watch(self) -> None:
        while not self._over.wait(max(0.0, self._until - time.monotonic())):
            line = self._line()
            if time.monotonic() >= self._until and line is not None:
                with suppress(OSError):  # TLS's own shutdown would change what the reading thread uses
                    socket.socket.shutdown(line, socket.SHUT_RDWR)
                return


def _sent(path: Path, progress: Progress, feed: Callable[[], object]) -> Iterator[bytes]:
    """The file in pieces; each is reported as sent when the next one is requested."""
    size, done = path.stat().st_size, 0
    with path.open("rb") as stream:
        while piece := stream.read(_CHUNK):
            feed()
            yield piece
            done += len(piece)
            progress(done, size)


async def _sent_in_a_loop(path: Path, progress: Progress, feed: Callable[[], object]) -> AsyncIterator[bytes]:
    for piece in _sent(path, progress, feed):
        yield piece


def _unreachable(error: Exception) -> PortalUnreachable:
    return PortalUnreachable(
        N_("The receiver cannot be reached, or the connection broke: {reason}"),
        reason=str(error) or type(error).__name__,
    )

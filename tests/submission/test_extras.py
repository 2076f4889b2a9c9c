"""What is not installed is named, and where to get it; and nothing large is loaded by those who do not need it."""

from __future__ import annotations

import subprocess
import sys
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

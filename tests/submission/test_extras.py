"""What is not installed is named, and where to get it; and nothing large is loaded by those who do not need it."""

from __future__ import annotations

import json
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
from tests.cli.command_line import environment, run
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


PACKAGES = (
    "PIL", "aiohttp", "anyio", "fontTools", "httpx2", "pyhanko", "pyhanko_certvalidator", "rfc8785", "starlette",
    "uharfbuzz", "uvicorn",
)  # fmt: skip
"""All packages that only extras install."""
HIDDEN = f"import sys; sys.modules.update(dict.fromkeys({PACKAGES!r}))\n"
SIGNER = """
from datetime import UTC, datetime
from mynacard.doors.new_cards import new_card
from mynacard import DIGITAL_SIGNATURE, JpkiSession
from mynacard.trust import load_certificate
session = JpkiSession(new_card())
session.verify(DIGITAL_SIGNATURE, "ABC123")
certificate, key = load_certificate(session.certificate_der(DIGITAL_SIGNATURE)), session.private_key()
now = datetime.now(UTC)
"""
RECEIVER = """
from mynacard.portal import Store
from mynacard.portal.simulated import simulated_receiver
receiver = simulated_receiver(Store())
"""
PUBLIC = [
    ("import mynacard.aio", "async"),
    ("from mynacard import aio", "async"),
    ("import mynacard.portal.web", "server"),
    (RECEIVER + "from mynacard.portal import served\nwith served(receiver): pass", "server"),
    (RECEIVER + "from mynacard.portal import serve\nserve(receiver, 0)", "server"),
    ("from mynacard.submission.client import Client\nClient('https://a.example', None)", "client"),
    ("from mynacard.submission.client import AsyncClient\nAsyncClient('https://a.example', None)", "client"),
    ("from mynacard.submission.manifest import canonical\ncanonical({})", "client"),
    ("from mynacard.images import Image, ImageKind\nfrom mynacard.images.decoding import decode\n"
     "decode(Image('face', ImageKind.PNG, b''))", "images"),
    ("from mynacard.images import Image, ImageKind\nfrom mynacard.images.decoding import png\n"
     "png(Image('face', ImageKind.PNG, b''))", "images"),
    ("from mynacard.signing import pades\npades.read(b'%PDF-1.7')", "pdf"),
    (SIGNER + "from mynacard.signing import pades\npades.sign(b'%PDF-1.7', certificate, key)", "pdf"),
    (SIGNER + "from mynacard.signing import cades\ncades.sign(b'text', certificate, key)", "pdf"),
    (SIGNER + "from mynacard.signing.judging import judge\njudge(b'%PDF-1.7', anchors=(), at=now)", "pdf"),
    (SIGNER + "from mynacard.trust import Purpose, RevocationEvidence, Anchor, check\n"
     "from mynacard.doors.pki_cache import cached_pki\n"
     "anchors = [Anchor(authority, simulated=True) for authority in cached_pki().ca_certificates()]\n"
     "check(certificate, anchors, at=now, purpose=Purpose.DOCUMENT, evidence=RevocationEvidence((b'0',)))", "pdf"),
    (SIGNER + "from mynacard.signing.making import Format, Making\nMaking(Format.PADES).check(b'%PDF-1.7')", "pdf"),
    (SIGNER + "from mynacard.signing.making import add_time_stamp\nadd_time_stamp(b'%PDF-1.7', None)", "pdf"),
    ("from mynacard.signing.fonts import Font\nFont(b'OTTO').check('a')", "font"),
    ("from mynacard.signing.timestamp import ask_http\nask_http('http://127.0.0.1:9')(b'')", "pdf"),
]  # fmt: skip


@pytest.mark.thorough("imports every module")
def test_every_module_is_imported_without_extras_or_names_its_own() -> None:
    script = HIDDEN + (
        "import importlib, pkgutil, mynacard\n"
        "from mynacard.errors import MissingExtraError\n"
        "for module in pkgutil.walk_packages(mynacard.__path__, 'mynacard.'):\n"
        "    try: module.name.endswith('__main__') or importlib.import_module(module.name)\n"
        "    except MissingExtraError as error: print(module.name, error.extra)\n"
        "    except ModuleNotFoundError: print(module.name)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        "mynacard.aio async",
        "mynacard.portal.lines",  # serving.py loads it, after it has looked for all that a receiver needs
        "mynacard.portal.web server",
        "mynacard.signing.bounded",  # pdf.py loads both, after it has looked for pyHanko
        "mynacard.signing.resolver",
        "mynacard.signing.updating",  # likewise, by adding.py
    ]


RUN_ALL = """
import json
from mynacard.errors import MissingExtraError
for script in json.load(sys.stdin):
    try:
        exec(script, {})
    except MissingExtraError as error:
        print(error.extra, error.__context__ is None or error.__suppress_context__)
    else:
        print("nothing is missing")
"""


def test_every_public_name_names_the_extra_that_it_needs(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", HIDDEN + RUN_ALL], input=json.dumps([script for script, _ in PUBLIC]), text=True,
        stdout=subprocess.PIPE, check=True, env=environment(MYNACARD_CACHE=str(tmp_path)),
    )  # fmt: skip
    assert done.stdout.splitlines() == [f"{extra} True" for _, extra in PUBLIC]


def test_a_receiver_names_all_that_it_needs() -> None:
    done = subprocess.run(
        [sys.executable, "-c", HIDDEN + "import mynacard.portal.web"], capture_output=True, text=True, check=False
    )
    said = "This needs anyio, pyhanko, rfc8785, starlette, uvicorn: pip install 'mynacard[server]'."
    assert done.stderr.splitlines()[-1].endswith(said)


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

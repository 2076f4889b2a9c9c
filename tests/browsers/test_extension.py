"""The extension of these tests tells a page what the published one tells it.

Source: github.com/web-eid/web-eid-webextension 2.5.0, commit 2277476, read and measured.
"""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from tests.browsers import stub_host
from tests.browsers.calls import call
from tests.browsers.driving import Tab
from tests.browsers.launcher import Launcher
from tests.browsers.manifest import allowed
from tests.browsers.process import until

pytestmark = pytest.mark.thorough("browsers")

NONCE: Final = "0123456789" * 5
GREETING: Final = {"version": "2.9.0"}
TOKEN: Final = dict.fromkeys(
    ("unverifiedCertificate", "algorithm", "signature", "format", "appVersion"), "something"
) | {"extra": "passed on"}  # fmt: skip
CANCELLED: Final = {"error": {"code": "ERR_WEBEID_USER_CANCELLED", "message": "no"}}
OTHER: Final = {"error": {"code": "ERR_WEBEID_OF_TOMORROW", "message": "kept"}}
LOG_IN: Final = call("authenticate", challengeNonce=NONCE)
STATUS: Final = call("status")
IN_A_HURRY: Final = call("authenticate", {"userInteractionTimeout": 300}, challengeNonce=NONCE)


class Stub:
    """A host that does what a test says, and a page that calls it."""

    def __init__(self, folder: Path, tab: Tab) -> None:
        self.tab = tab
        self.script = folder / "script.json"
        self.program = folder / "host"
        command = shlex.join([sys.executable, stub_host.__file__, str(self.script)])
        self.program.write_text(f"#!/bin/sh\nexec {command}\n", "utf-8")
        self.program.chmod(0o700)

    def does(self, **script: object) -> None:
        self.script.write_text(json.dumps(script), "utf-8")

    def heard(self) -> Any:
        return json.loads(self.script.with_suffix(".heard").read_bytes())


@pytest.fixture
def stub(launcher: Launcher, site: str, tmp_path: Path) -> Iterator[Stub]:
    browser = launcher.browser()
    stub = Stub(tmp_path, browser.open(f"{site}/"))
    with allowed(stub.program, launcher.home):
        yield stub
    browser.close_tabs()


ANSWERS: Final[Mapping[str, tuple[str, Mapping[str, object], object]]] = {
    "status":       (STATUS, {"greeting": GREETING, "answer": {}}, "2.9.0"),
    "old host":     (STATUS, {"greeting": {"version": "1.9.9"}, "answer": {}}, "VERSION_MISMATCH"),
    "no SemVer":    (STATUS, {"greeting": {"version": "2.5"}, "answer": {}}, "VERSION_INVALID"),
    "gone":         (STATUS, {}, "NATIVE_UNAVAILABLE"),
    "no version":   (LOG_IN, {"greeting": {"something": "else"}}, "NATIVE_UNAVAILABLE"),
    "gone later":   (LOG_IN, {"greeting": GREETING}, "UNKNOWN_ERROR"),
    "late":         (IN_A_HURRY, {"greeting": GREETING, "answer": "hang"}, "USER_TIMEOUT"),
    "cancelled":    (LOG_IN, {"greeting": GREETING, "answer": CANCELLED}, "USER_CANCELLED"),
    "old, failing": (LOG_IN, {"greeting": {"version": "1.9.9"}, "answer": OTHER}, "VERSION_MISMATCH"),
    "old, no":      (LOG_IN, {"greeting": {"version": "1.9.9"}, "answer": CANCELLED}, "USER_CANCELLED"),
    "other code":   (LOG_IN, {"greeting": GREETING, "answer": OTHER}, "UNKNOWN_ERROR"),
    "a field less": (LOG_IN, {"greeting": GREETING, "answer": {"algorithm": "RS256"}}, "UNKNOWN_ERROR"),
    "too long":     (call("authenticate", challengeNonce="x" * 8192), {"greeting": GREETING}, "UNKNOWN_ERROR"),
    "token":        (LOG_IN, {"greeting": GREETING, "answer": TOKEN}, "passed on"),
}  # fmt: skip
"""What the page asks, what the host does, and the page's answer: an error's code, or a field that tells one."""


def told(answer: Mapping[str, Any]) -> object:
    assert answer["acknowledged"] is True
    if answer["action"].endswith("-failure"):
        return answer["error"]["code"].removeprefix("ERR_WEBEID_")
    assert answer["action"].endswith("-success")
    return answer.get("nativeApp", answer.get("extra"))


def test_a_page_hears_of_every_end_of_a_call(stub: Stub, launcher: Launcher, site: str) -> None:
    stub.does(greeting="hang")
    silent = stub.tab.start(STATUS)
    until(stub.script.with_suffix(".hangs").exists)  # it has read its part
    other = launcher.browser().open(f"{site}/")
    answers: dict[str, object] = {}
    for name, (expression, script, _) in ANSWERS.items():
        stub.does(**script)
        answers[name] = told(other.evaluate(expression))
    assert answers == {name: expected for name, (_, _, expected) in ANSWERS.items()}
    assert told(silent.result()) == "NATIVE_UNAVAILABLE"


def test_the_host_hears_the_page_s_words_and_the_origin_that_the_browser_knows(stub: Stub, site: str) -> None:
    stub.does(greeting=GREETING, answer=TOKEN)
    stub.tab.evaluate(call("authenticate", {"lang": "ja"}, challengeNonce=NONCE, origin="https://other.example"))
    assert stub.heard() == {
        "command": "authenticate",
        "arguments": {"challengeNonce": NONCE, "origin": site, "lang": "ja"},
    }
    stub.does(greeting=GREETING, answer={"signature": "s", "signatureAlgorithm": {"hashFunction": "SHA-256"}})
    stub.tab.evaluate(call("sign", hash="aGFzaA==", hashFunction="SHA-256", certificate="Y2VydA=="))
    assert stub.heard() == {
        "command": "sign",
        "arguments": {"hash": "aGFzaA==", "hashFunction": "SHA-256", "certificate": "Y2VydA==", "origin": site},
    }
    stub.does(greeting=GREETING, answer={})
    stub.tab.evaluate(STATUS)
    assert stub.heard() == {"command": "quit", "arguments": {}}

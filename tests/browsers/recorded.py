"""What was tried in browsers, as a page. ``python -m tests.browsers.recorded`` tries it, and prints the page."""

from __future__ import annotations

import ast
import contextlib
import platform
import sys
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

import pytest

from tests.browsers.driving import BROWSERS

__all__ = ["claims", "titles"]

HERE: Final = Path(__file__).resolve().parent
_HEAD: Final = """\
# What was tried in browsers

`make browsers` runs `tests/browsers`, as `make thorough` does, and writes this page. Four things are not real. The card
is simulated, behind a [stand-in for pcsc-lite](simulator.md#any-pcsc-program-on-a-simulated-card). The holder is a
script, which `mynacard webeid install --consent script:PATH` names. The browsers show no window. And the extension is a
small one for the tests: it has the host name, messages, limits and error codes of the published Web eID extension
2.5.0, and an identifier of its own. The pages are those of the example portal in `docs/examples/login`, over https with
a certificate that it signed itself. The host is `mynacard-webeid`, which the command installs.

After each test the card has the tries that it must have, it is logged out, and no host runs.
"""
_TAIL: Final = """\
## What cannot be tried like this

- **The extension from a store.** Stores install it for people, and no package registry has it. What was tried with it
  was [built from its source](browser.md#what-was-tried-and-what-not).
- **Google Chrome.** It no longer loads an extension that a command line names. **Edge and Brave** are not in Debian.
- **Snaps and Flatpaks.** They reach a host only through the services of a desktop session, which the tests do not have.
- **Windows and macOS.** The simulated reader stands in for pcsc-lite, which these systems do not use.
- **What the holder sees.** These browsers have no display. Dialogs and keypads have tests of their own.
- **A dialog that ends when its tab is closed.** Nothing tells the extension, or its host, that the page is gone: not in
  Chromium, not in Firefox, and not with the published extension. The dialog stays until the request is no longer valid.
  It shows how long that is; the page of the test allows one second.
- **The 120 seconds of a page that sets no limit.** The pages of the tests set one second.
- **A host that does not leave.** Chromium kills it about 2 seconds after the end of its input, Firefox ends it after
  about 3. Ours has left by then; its own tests kill it at every stage.
- **A card that is pulled while a dialog is open.** The test would have to guess the moment, so it pulls the card while
  the PIN is on its way.
"""


def modules() -> list[Path]:
    return sorted(HERE.glob("test_*.py"), key=lambda path: path.name != "test_login.py")


def titles() -> dict[str, str]:
    """The first sentence of each module with tests in browsers, by the module's name."""
    trees = {path.stem: ast.parse(path.read_text("utf-8")) for path in modules()}
    docstrings = {name: ast.get_docstring(tree) or "" for name, tree in trees.items() if claims(tree)}
    return {
        name: docstring.partition(".\n")[0].removesuffix(".").replace("``", "`")
        for name, docstring in docstrings.items()
    }


def claims(tree: ast.Module) -> list[str]:
    """The tests of a module that need a browser, in words."""
    if not any("pytestmark" in ast.unparse(node) for node in tree.body):
        return []
    names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]
    return [in_words(name) for name in names]


def in_words(name: str) -> str:
    return name.removeprefix("test_").replace("_s_", "'s ").replace("_", " ").replace(" pin ", " PIN ")


@dataclass(frozen=True)
class Row:
    """One test in one browser."""

    module: str
    claim: str
    browser: str
    passed: bool


class Recorder:
    """A plugin of pytest that keeps what came out, and in which versions."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.versions: dict[str, str] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Function, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        from tests.browsers.launcher import Launcher  # not before pytest has begun to rewrite its asserts

        report = yield
        launcher = item.funcargs.get("launcher")
        if call.when == "call" and isinstance(launcher, Launcher):
            self.versions[launcher.name] = launcher.version
            module = Path(item.path).stem
            self.rows.append(Row(module, in_words(item.originalname), launcher.name, call.excinfo is None))
        return report


def tried() -> tuple[Recorder, float]:
    """What came out, and how many seconds it took."""
    recorder, start = Recorder(), time.monotonic()
    with contextlib.redirect_stdout(sys.stderr):
        pytest.main(["-q", "-p", "no:cacheprovider", "--thorough", str(HERE)], plugins=[recorder])
    return recorder, time.monotonic() - start


def page(recorder: Recorder, seconds: float) -> Iterator[str]:
    yield _HEAD
    drivers = ", ".join(f"{name} {version(name)}" for name in ("playwright", "websockets"))
    system = platform.freedesktop_os_release()["PRETTY_NAME"]
    programs = f"{system}, Python {platform.python_version()}, {drivers}"
    yield f"Tried on {datetime.now(UTC).date()} with {programs}, in {seconds:.0f} seconds.\n"
    for module, title in titles().items():
        yield f"## {title}\n"
        yield f"| | {' | '.join(f'{name.capitalize()} {recorder.versions[name]}' for name in BROWSERS)} |"
        yield f"| --- |{' --- |' * len(BROWSERS)}"
        rows = [row for row in recorder.rows if row.module == module]
        for claim in dict.fromkeys(row.claim for row in rows):
            passed = {row.browser: "yes" if row.passed else "**no**" for row in rows if row.claim == claim}
            yield f"| {claim} | {' | '.join(passed[name] for name in BROWSERS)} |"
        yield ""
    yield _TAIL


if __name__ == "__main__":
    print("\n".join(page(*tried())), end="")

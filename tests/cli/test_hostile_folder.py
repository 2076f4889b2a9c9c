"""Others write into the folder, too, and have put links in every name that can be guessed: nothing outside changes."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mynacard.doors import disk
from mynacard.submission.outbox import Outbox
from tests.cli.command_line import DIGITAL_SIGNATURE, CardFile, run

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows lets only administrators make links")

Words = tuple[str | Path, ...]

READING: Words = ("cert", "export", "user-authentication", "-r", "sim:")
RESIDENCE: Words = ("residence", "read", "-r", "sim:@residence-2-permission")
COMMANDS: dict[str, Words] = {
    "certificate": (*READING, "-o", "out"),
    "recording": ("pin", "status", "-r", "sim:", "--record", "out"),
    "card": ("sim", "new", "out"),
    "revocation list": ("sim", "crl", DIGITAL_SIGNATURE, "-o", "out"),
    "draft": ("apply", "new", "extension", "-o", "out"),
    "findings": ("doctor", "--report", "out", "-r", "sim:"),
    "residence card": (
        "residence",
        "read",
        "-r",
        "sim:@residence-2-permission",
        "--number-file",
        "number",
        "-o",
        "out",
    ),
    "page": ("trace", "show", "recording", "--html", "out"),
    "capture": ("trace", "pcapng", "recording", "-o", "out"),
    "signature": ("sign", "document", "-r", "sim:", "--pin-file", "password", "-o", "out"),
}
FORCED = {"certificate", "revocation list", "draft", "findings", "page", "capture", "signature"}
if sys.platform == "linux":
    COMMANDS["trace"] = ("sim", "exec", "--trace-to", "out", "--", "true")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder to which links lead, outside of the one where the commands run."""
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "profile").write_text("mine")
    return tmp_path / "home"


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder where the commands run, with what they read."""
    folder = tmp_path / "shared"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for name, content in (("number", "AB12345678CD"), ("password", "ABC123"), ("document", "mine")):
        (folder / name).write_text(content)
    assert run("pin", "status", "-r", "sim:", "--record", "recording").code == 0
    return folder


@pytest.fixture(params=["profile", "none", "."])
def plant(request: pytest.FixtureRequest, home: Path, shared: Path) -> Callable[[str], None]:
    """Puts links to a file, to a name that is free, or to the folder itself, in every name made from one."""

    def planted(name: str) -> None:
        numbers = (os.getpid(), os.getpid() + 1)
        guesses = [f".{name}.{number}" for number in numbers] + [f"{name}{end}" for end in (".lock", ".tmp", "~", "")]
        for guess in guesses:
            (shared / guess).symlink_to(home / request.param)

    return planted


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_changes_nothing_outside(name: str, plant: Callable[[str], None], home: Path, shared: Path) -> None:
    plant("out")
    for more in ((), ("--force",) if name in FORCED else ()):
        run(*COMMANDS[name], *more)
        assert contents(home) == {"profile": "mine"}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_same_command_writes_where_no_link_is(name: str, shared: Path) -> None:
    before = set(shared.iterdir())
    run(*COMMANDS[name])
    assert set(shared.iterdir()) - before == {shared / "out"}


def test_the_lock_of_a_card_is_no_way_out(card: CardFile, home: Path) -> None:
    card.path.with_name("card.json.lock").symlink_to(home / "profile")
    outcome = run("pin", "status", "-r", card.reader)
    assert (outcome.code, contents(home)) == (61, {"profile": "mine"})


def test_a_card_behind_a_link_is_not_changed(card: CardFile, home: Path) -> None:
    disk.create_file(home / "card.json")
    before = contents(home)
    card.path.unlink()
    card.path.symlink_to(home / "card.json")
    outcome = run("pin", "status", "-r", card.reader)
    assert outcome.code == 61
    assert "is a link" in outcome.complaint
    assert contents(home) == before


def test_an_outbox_behind_a_link_is_refused(shared: Path, home: Path) -> None:
    (shared / "outbox").symlink_to(home)
    with pytest.raises(OSError, match="symbolic link"):
        Outbox(shared / "outbox")
    assert contents(home) == {"profile": "mine"}

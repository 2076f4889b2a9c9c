"""What a command loads: its own rooms; to list the commands, none of them. Modules are counted, not milliseconds."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import Final

import click
import pytest

from mynacard.cli import commands
from mynacard.cli.language import _
from mynacard.doors.pki_cache import cached_pki
from mynacard.jpki import DIGITAL_SIGNATURE
from mynacard.simulator import DEFAULT_PINS
from tests.support import SOURCE

COMMANDS: Final = sorted(path.stem for path in (SOURCE / "cli" / "commands").glob("[a-z]*.py"))


def loaded(*arguments: str) -> frozenset[str]:
    """The modules that ``mynacard`` with *arguments* has loaded when it ends."""
    script = (
        "import atexit, sys\n"
        "atexit.register(lambda: print(*sys.modules, file=sys.__stderr__))\n"
        "from mynacard.cli import main\n"
        f"sys.argv[1:] = {list(arguments)}\n"
        "main()"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    return frozenset(done.stderr.splitlines()[-1].split())


def rooms(modules: Iterable[str]) -> set[str]:
    """The rooms of ours among *modules*, and the other packages that are not Python's own."""
    names = (name.split(".") for name in modules)
    return {words[1] if words[0] == "mynacard" and words[1:] else words[0] for words in names} - sys.stdlib_module_names


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_of_each_what_the_command_says_of_itself(name: str) -> None:
    command: click.Command = getattr(import_module(f"mynacard.cli.commands.{name}"), name)
    assert command.help == _(commands.HELP[name])
    assert not command.hidden


def test_the_list_of_commands_is_that_of_their_files() -> None:
    assert list(commands.HELP) == COMMANDS


@pytest.mark.parametrize("arguments", [["--help"], ["--lang", "ja", "--help"], ["--version"], ["nonsense"]], ids=str)
def test_what_runs_no_command_loads_no_command_and_no_room(arguments: list[str]) -> None:
    modules = loaded(*arguments)
    assert rooms(modules) & {path.name for path in SOURCE.iterdir() if path.is_dir()} == {"cli"}
    assert not {f"mynacard.cli.commands.{name}" for name in COMMANDS} & modules
    assert not {"asn1crypto", "construct", "cryptography", "filelock", "importlib.resources", "rich"} & modules


GROUND: Final = {"arguments", "errors", "pin", "storage", "texts", "verdict", "_dataclasses", "_lazy", "_version"}
COMMON: Final = GROUND | {"apdu", "certificates", "cli", "hashes", "jpki", "meaning"}
CARD: Final = COMMON | {"opening", "readers"}
"""The rooms of a command that reads a card; of ``readers``, only what a name means is loaded before there is one."""
SIGNATURES: Final = COMMON | {"ber", "signing", "trust"}
APPLICATIONS: Final = CARD | SIGNATURES | {
    "images", "japan", "personal", "recordings", "residence", "submission", "webeid",
}  # fmt: skip
ROOMS: Final[dict[str, set[str]]] = {
    "apdu": CARD,
    "apply": APPLICATIONS,
    "authenticate": CARD | {"trust", "webeid"},
    "bench": CARD,
    "cert": CARD | {"trust"},
    "completion": COMMON,
    "demo": CARD | SIGNATURES | {"doors", "images", "personal", "simulator", "webeid"},
    "doctor": CARD | {"ber", "consent", "doctor", "images", "personal", "residence", "trust", "webeid"},
    "info": CARD | {"images", "japan", "personal", "residence", "trust"},
    "personal": CARD | {"images", "japan", "personal"},
    "pin": CARD | {"images", "personal"},
    "readers": CARD,
    "register": APPLICATIONS,
    "residence": CARD | {"ber", "images", "recordings", "residence"},
    "sign": CARD | SIGNATURES,
    "sim": COMMON | {"ber", "doors", "images", "personal", "residence", "simulator"},
    "timestamp": SIGNATURES | {"personal"},
    "trace": COMMON | {"drawing", "personal", "recordings", "residence"},
    "verify": SIGNATURES | {"personal"},
    "webeid": CARD | {"consent", "webeid"},
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_loads_only_its_own_rooms(name: str) -> None:
    modules = loaded(name, "--help")
    ours = {module.split(".")[1] for module in modules if module.startswith("mynacard.")}
    assert f"mynacard.cli.commands.{name}" in modules
    assert ours <= ROOMS[name]
    assert not {"asyncio", "filelock", "multiprocessing", "ssl"} & modules
    assert ("mynacard.readers.native" in modules) is (name == "doctor")
    assert ("rich" in modules) is (name == "demo")


@pytest.mark.parametrize("arguments", [["info"], ["pin", "status"]], ids=str)
def test_a_simulated_card_needs_no_reader_no_lock_and_no_signature(arguments: list[str]) -> None:
    cached_pki()
    not_loaded = {"asn1crypto", "asyncio", "filelock", "mynacard.readers.native", "mynacard.residence.contents"}
    assert not (not_loaded | {"mynacard.signing"}) & loaded(*arguments, "-r", "sim:")


def test_a_cms_signature_needs_neither_pdf_nor_an_event_loop(tmp_path: Path) -> None:
    cached_pki()
    document, signature, pin = (tmp_path / name for name in ("document", "signature", "pin"))
    document.write_bytes(b"a document")
    pin.write_text(DEFAULT_PINS[DIGITAL_SIGNATURE.name], "utf-8")
    not_loaded = {"asyncio", "filelock", "mynacard.signing.pades", "mynacard.signing.pdf", "mynacard.residence"}
    signing = loaded("sign", str(document), "-r", "sim:", "--pin-file", str(pin), "-o", str(signature))
    assert signature.exists()
    verifying = loaded("verify", str(document), str(signature), "--simulated")
    assert not not_loaded & (signing | verifying)
    assert "asn1crypto" not in signing
    assert not {"mynacard.opening", "mynacard.readers"} & verifying

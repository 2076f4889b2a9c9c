"""What a command loads: its own rooms; to list the commands, none of them. Modules are counted, not milliseconds."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from importlib import import_module
from typing import Final

import click
import pytest

from mynacard.cli import commands
from mynacard.cli.language import _
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

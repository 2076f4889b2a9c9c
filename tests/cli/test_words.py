"""What the command line says: help, versions and languages."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest

from mynacard import __version__
from tests.cli.command_line import USER_AUTHENTICATION, CardFile, environment, process, run
from tests.cli.test_pins import COMMANDS


@pytest.mark.parametrize(
    ("words", "command"), COMMANDS, ids=lambda value: " ".join(value) if isinstance(value, tuple) else ""
)
def test_every_command_helps(words: tuple[str, ...], command: click.Command) -> None:
    short, long = run(*words, "-h"), run(*words, "--help")
    assert (short.code, short.err) == (0, "")
    assert short.out == long.out
    assert short.out.startswith(f"Usage: {' '.join(('mynacard', *words))} [OPTIONS]")
    assert max(map(len, short.out.splitlines())) <= 80
    assert (command.help or "").endswith(".")
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.name


def test_an_unknown_command_says_so() -> None:
    outcome = run("nonesuch")
    assert (outcome.code, outcome.complaint) == (2, "No such command 'nonesuch'.")


def test_version_is_printed_alone() -> None:
    assert run("--version").out == f"mynacard {__version__}\n"


def test_version_waits_for_no_big_package() -> None:
    script = (
        "import sys; from mynacard.cli import main\n"
        "try: main()\n"
        "except SystemExit as end: assert end.code == 0\n"
        "big = {'asn1crypto', 'construct', 'cryptography', 'filelock', 'platformdirs', 'rich', 'smartcard'}\n"
        "print(sorted(big & set(sys.modules)))"
    )
    assert process("--version", script=script).out.splitlines() == [f"mynacard {__version__}", "[]"]


@pytest.mark.parametrize("words", [("--version",), ("--help",), ("readers",), ("readers", "--help")])
def test_the_reader_check_is_loaded_by_none_but_its_own_commands(words: tuple[str, ...]) -> None:
    script = (
        "import sys; from mynacard.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print([name for name in sys.modules if name.startswith('mynacard.reader_check')])"
    )
    assert process(*words, script=script).out.splitlines()[-1] == "[]"


def test_python_m_is_the_same_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mynacard", "--version"], capture_output=True, check=True, env=environment()
    )
    assert done.stdout.decode().strip() == f"mynacard {__version__}"


def test_a_catalogue_translates(card: CardFile) -> None:
    words = ("pin", "status", "-r", card.reader)
    assert "利用者証明用電子証明書の暗証番号: 残り3回" in process(*words, LANGUAGE="ja").out
    assert "user-authentication PIN: 3 tries left" in process(*words, LANGUAGE="en").out


def test_a_catalogue_translates_errors(card: CardFile) -> None:
    wrong = card.pin_file(USER_AUTHENTICATION, "1937")
    outcome = process("pin", "verify", USER_AUTHENTICATION, "-r", card.reader, "--pin-file", wrong, LANGUAGE="ja")
    assert outcome.code == 31
    assert "が違います。残りは2回です。" in outcome.err


def test_json_is_not_translated(card: CardFile) -> None:
    words = ("pin", "status", "--json", "-r", card.reader)
    assert process(*words, LANGUAGE="ja").json == process(*words).json


def test_a_language_without_catalogue_is_english() -> None:
    assert process("-h", LANGUAGE="tlh").out.startswith("Usage: ")

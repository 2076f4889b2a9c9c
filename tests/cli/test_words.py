"""What the command line says: help, versions, languages, and letters that would do more than be read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo

from mynacard import __version__
from mynacard.apdu.status import StatusWord
from mynacard.cli.texts import plain
from mynacard.errors import PinIncorrect
from tests.cli.harness import USER_AUTHENTICATION, CardFile, environment, process, run
from tests.cli.test_pins import COMMANDS


@pytest.mark.parametrize(
    ("words", "command"), COMMANDS, ids=lambda value: " ".join(value) if isinstance(value, tuple) else ""
)
def test_every_command_helps(words: tuple[str, ...], command: click.Command) -> None:
    short, long = run(*words, "-h"), run(*words, "--help")
    assert (short.code, short.err) == (0, "")
    assert short.out == long.out
    assert short.out.startswith(f"Usage: {' '.join(('mynacard', *words))} [OPTIONS]")
    assert max(map(len, short.out.splitlines())) <= 100
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


@pytest.mark.parametrize("words", [("--version",), ("readers",), ("readers", "--help")])
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


@pytest.fixture
def japanese(tmp_path: Path) -> Path:
    """A folder with a small Japanese catalogue."""
    catalogue = Catalog(locale="ja", charset="utf-8")
    wrong = PinIncorrect(StatusWord(0x63C2), "VERIFY", "PIN")
    catalogue.add(str(wrong.args[0]), "{pin}が違います。残りは{tries_left}回です。")
    catalogue.add("{count} tries left", "残り{count}回")
    catalogue.add("user-authentication PIN", "利用者証明用暗証番号")
    path = tmp_path / "locale" / "ja" / "LC_MESSAGES" / "mynacard.mo"
    path.parent.mkdir(parents=True)
    with path.open("wb") as file:
        write_mo(file, catalogue)
    return tmp_path / "locale"


def test_a_catalogue_translates(card: CardFile, japanese: Path) -> None:
    words = ("pin", "status", "-r", card.reader)
    assert "利用者証明用暗証番号: 残り3回" in process(*words, MYNACARD_LOCALE=str(japanese), LANGUAGE="ja").out
    assert "user-authentication PIN: 3 tries left" in process(*words, MYNACARD_LOCALE=str(japanese), LANGUAGE="en").out


def test_a_catalogue_translates_errors(card: CardFile, japanese: Path) -> None:
    wrong = card.pin_file(USER_AUTHENTICATION, "1937")
    outcome = process(
        "pin", "verify", USER_AUTHENTICATION, "-r", card.reader, "--pin-file", wrong,
        MYNACARD_LOCALE=str(japanese), LANGUAGE="ja",
    )  # fmt: skip
    assert outcome.code == 31
    assert "が違います。残りは2回です。" in outcome.err


def test_json_is_not_translated(card: CardFile, japanese: Path) -> None:
    words = ("pin", "status", "--json", "-r", card.reader)
    assert process(*words, MYNACARD_LOCALE=str(japanese), LANGUAGE="ja").json == process(*words).json


def test_a_folder_without_catalogue_is_english(tmp_path: Path) -> None:
    assert process("-h", MYNACARD_LOCALE=str(tmp_path / "nonesuch"), LANGUAGE="ja").out.startswith("Usage: ")


@pytest.mark.parametrize(("text", "shown"), [
    ("見本　花子 (Hanako) 𠮷 \ue000", "見本　花子 (Hanako) 𠮷 \ue000"),
    ("\x1b[2Jgone", "\\x1b[2Jgone"),
    ("two\nlines\r", "two\\nlines\\r"),
    ("\u202eevil\u200b", "\\u202eevil\\u200b"),
    ("\x9b2J \x7f \udcff", "\\x9b2J \\x7f \\udcff"),
])  # fmt: skip
def test_names_are_shown_and_commands_are_not(text: str, shown: str) -> None:
    assert plain(text) == shown

"""Options before the command, the language, mistyped commands, and completion."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping

import pytest

from mynacard.cli.language import chosen
from tests.cli.command_line import USER_AUTHENTICATION, CardFile, environment, process, run


@pytest.mark.parametrize("command", [("info",), ("pin", "status"), ("sim", "personas"), ("readers", "list")])
def test_an_option_before_the_command_is_the_same_as_behind_it(command: tuple[str, ...], card: CardFile) -> None:
    reader = () if command[0] == "sim" else ("--reader", card.reader)
    assert run(*reader, "--json", *command) == run(*command, *reader, "--json")


def test_what_stands_behind_the_command_counts(card: CardFile) -> None:
    assert run("-r", "replay:missing", "pin", "status", "-r", card.reader).code == 0
    assert run("-r", card.reader, "pin", "status", "-r", "replay:missing").code == 61


def test_the_variable_counts_where_no_option_does(card: CardFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MYNACARD_READER", card.reader)
    assert run("pin", "status").code == 0
    assert run("-r", "replay:missing", "pin", "status").code == 61


def test_verbose_before_the_command_shows_the_log(card: CardFile) -> None:
    assert "mynacard." in run("--verbose", "pin", "status", "-r", card.reader).err


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--json", "demo"), "The command demo has no --json."),
        (("--reader", "sim:", "apply", "statuses"), "The command apply has no --reader."),
        (("--json", "pin", "verify", USER_AUTHENTICATION), "The command pin has no --json."),
    ],
)
def test_an_option_that_the_command_lacks_is_refused_before_it_too(words: tuple[str, ...], complaint: str) -> None:
    outcome = run(*words)
    assert (outcome.code, outcome.complaint) == (2, complaint)


@pytest.mark.parametrize(
    ("typed", "suggested"),
    [
        ("verfy", " Did you mean verify?"),
        ("sings", " Did you mean sign?"),
        ("zzz", ""),
    ],
)
def test_a_mistyped_command_gets_a_suggestion(typed: str, suggested: str) -> None:
    outcome = run(typed)
    assert (outcome.code, outcome.complaint) == (2, f"No such command '{typed}'.{suggested}")


# --- the language ---


@pytest.mark.parametrize(
    ("arguments", "language"),
    [
        ("info", ""), ("--lang ja info", "ja"), ("info --lang ja", "ja"), ("info --lang=en", "en"),
        ("info --lang fr", ""), ("info --lang", ""), ("sim exec -- program --lang ja", ""), ("--language ja", ""),
    ],
)  # fmt: skip
def test_the_language_is_found_before_and_behind_the_command(arguments: str, language: str) -> None:
    assert chosen(arguments.split()) == language


@pytest.mark.parametrize("words", [("--lang", "ja", "doctor"), ("doctor", "--lang=ja")])
def test_texts_are_in_the_language_that_was_asked_for(words: tuple[str, ...]) -> None:
    assert process(*words, LANGUAGE="en").out == process("doctor", LANGUAGE="ja").out


def test_a_language_that_is_not_there_is_refused() -> None:
    assert run("--lang", "fr", "info").code == run("info", "--lang", "fr").code == 2


# --- completion ---


def completed(words: str, shell: str = "bash", **more: str) -> list[str]:
    variables: Mapping[str, str] = {
        "_MYNACARD_COMPLETE": f"{shell}_complete", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" ")), **more
    }  # fmt: skip
    return process(**variables).out.split()


def test_the_shell_completes_commands_options_and_names() -> None:
    assert completed("mynacard pi") == ["plain,pin"]
    assert "plain,digital-signature" in completed("mynacard pin verify di")
    assert completed("mynacard pin status --js") == ["plain,--json"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_a_shell_asks_this_program(shell: str) -> None:
    outcome = run("completion", shell)
    assert (outcome.code, outcome.err) == (0, "")
    assert f"_MYNACARD_COMPLETE={shell}_complete" in outcome.out
    assert "%(" not in outcome.out


def test_bash_takes_the_script() -> None:
    script = run("completion", "bash").out
    done = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True, check=False, env=environment())
    assert (done.returncode, done.stderr) == (0, "")


def test_another_shell_is_refused() -> None:
    assert run("completion", "tcsh").code == 2

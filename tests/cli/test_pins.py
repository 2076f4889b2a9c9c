"""Where a PIN may come from, and that it goes nowhere but to the card."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from mynacard.cli import cli
from tests.cli.command_line import (
    DIGITAL_SIGNATURE,
    PASSWORD,
    PIN,
    USER_AUTHENTICATION,
    CardFile,
    Outcome,
    leaks,
    process,
    run,
)


def commands(group: click.Group = cli, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """All commands and groups, with the words that call them."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


COMMANDS = [((), cli), *commands()]


@pytest.mark.parametrize(
    ("words", "command"), COMMANDS, ids=lambda value: " ".join(value) if isinstance(value, tuple) else ""
)
def test_no_argument_and_no_variable_takes_a_pin(words: tuple[str, ...], command: click.Command) -> None:
    assert "auto_envvar_prefix" not in command.context_settings
    for parameter in command.params:
        assert parameter.envvar in (None, "MYNACARD_PORTAL", "MYNACARD_OUTBOX"), "an address and a folder"
        taken = {name for name in parameter.opts if "pin" in name or "password" in name or "secret" in name}
        if taken == {"--allow-pin"}:  # which PIN may be presented, by its name
            assert isinstance(parameter.type, click.Choice)
        elif isinstance(parameter, click.Option) and not parameter.is_flag:
            assert taken <= {"--pin-file", "--pin-fd", "--password-file", "--password-fd"}


@pytest.mark.parametrize("words", [["--pin", "1937"], ["--pin=1937"], ["1937"], ["--password", "1937"]])
def test_a_pin_as_an_argument_is_a_wrong_command_line(card: CardFile, words: list[str]) -> None:
    before = card.trace_of_a_verify
    assert run("pin", "verify", USER_AUTHENTICATION, "-r", card.reader, *words).code == 2
    assert card.trace_of_a_verify == before


@pytest.mark.parametrize("name", ["MYNACARD_PIN", "MYNACARD_PIN_VERIFY_PIN_FILE", "PIN_FILE", "MYNACARD_PIN_FILE"])
def test_no_variable_holds_a_pin(card: CardFile, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, str(card.pin_file(USER_AUTHENTICATION)))
    assert run("pin", "verify", USER_AUTHENTICATION, "-r", card.reader).code == 2


# --- sources -----------------------------------------------------------------------------------------


def verifying(card: CardFile, *more: str | Path, stdin: bytes = b"") -> Outcome:
    return run("pin", "verify", USER_AUTHENTICATION, "-r", card.reader, "-v", *more, stdin=stdin)


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n", b"\nmore\n"])
def test_a_pin_is_the_first_line_of_a_file(card: CardFile, end: bytes) -> None:
    source = card.path.with_name("pin")
    source.write_bytes(PIN.encode() + end)
    assert verifying(card, "--pin-file", source).code == 0


def test_a_pin_comes_by_standard_input(card: CardFile) -> None:
    assert verifying(card, "--pin-file", "-", stdin=f"{PIN}\n".encode()).code == 0
    assert verifying(card, "--pin-file", "-").code == 30, "an empty one is none"


def test_a_pin_comes_by_file_descriptor(card: CardFile) -> None:
    reading, writing = os.pipe()
    os.write(writing, PIN.encode() + b"\n")
    os.close(writing)
    try:
        assert verifying(card, "--pin-fd", str(reading)).code == 0
        os.fstat(reading)  # it stays open: whoever opened it closes it
    finally:
        os.close(reading)


def test_a_closed_descriptor_is_told(card: CardFile) -> None:
    outcome = run("pin", "verify", USER_AUTHENTICATION, "-r", card.reader, "--pin-fd", "250")
    assert (outcome.code, outcome.complaint.startswith("--pin-fd 250: ")) == (63, True)


@pytest.mark.parametrize("number", ["-1", "x", ""])
def test_what_is_no_descriptor_is_a_wrong_command_line(card: CardFile, number: str) -> None:
    assert verifying(card, "--pin-fd", number).code == 2


def test_two_sources_exclude_each_other(card: CardFile) -> None:
    before = card.trace_of_a_verify
    outcome = verifying(card, "--pin-file", "-", "--pin-fd", "0")
    assert (outcome.code, outcome.complaint) == (2, "--pin-file and --pin-fd exclude each other.")
    assert card.trace_of_a_verify == before


def test_a_pin_file_that_is_not_there_is_told(card: CardFile) -> None:
    missing = card.path.with_name("nonesuch")
    outcome = run("pin", "verify", USER_AUTHENTICATION, "-r", card.reader, "--pin-file", missing)
    assert (outcome.code, outcome.complaint.startswith(f"{missing}: ")) == (63, True)


def test_without_a_terminal_nobody_is_asked(card: CardFile) -> None:
    before = card.trace_of_a_verify
    outcome = run("pin", "verify", USER_AUTHENTICATION, "-r", card.reader, stdin=PIN.encode())
    assert outcome.code == 2
    assert "no terminal" in outcome.err
    assert card.trace_of_a_verify == before


@pytest.mark.parametrize("words", [[], ["--pin-file", "-"]])
def test_a_closed_standard_input_is_no_crash(card: CardFile, words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    script = (
        "import sys; sys.stdin = None; sys.argv[0] = 'mynacard'\n"  # as Python itself does where it starts without one
        "from mynacard.cli import main; main()"
    )
    outcome = process("pin", "verify", USER_AUTHENTICATION, "-r", card.reader, *words, script=script)
    assert outcome.code == 2
    assert "no terminal" in outcome.err


# --- the canary --------------------------------------------------------------------------------------


def test_the_harness_finds_a_canary() -> None:
    assert leaks(f"the PIN is {PIN}.")
    assert leaks("37 33 39 31")
    assert leaks(f"b'{PASSWORD}'")
    assert not leaks("0123739145")
    with pytest.raises(AssertionError):
        Outcome(0, PASSWORD.encode(), "")


@pytest.mark.parametrize("secrets", [{}, {USER_AUTHENTICATION: "1937", DIGITAL_SIGNATURE: "EIRANAK"}])
def test_a_verbose_process_shows_no_pin_right_or_wrong(card: CardFile, document: Path, secrets: dict[str, str]) -> None:
    for name, words in {
        USER_AUTHENTICATION: ["pin", "verify", USER_AUTHENTICATION],
        DIGITAL_SIGNATURE: ["sign", str(document), "-o", str(document.with_name("signature"))],
    }.items():
        secret = secrets.get(name)
        outcome = process(*words, "-r", card.reader, "-v", "--pin-file", card.pin_file(name, secret))
        assert outcome.code == (31 if secret else 0)
        assert "mynacard.apdu.channel: CommandApdu(00 20 00 9" in outcome.err, "the log is there"
        assert secret is None or secret not in outcome.out + outcome.err


def test_json_stays_json_under_verbose(card: CardFile) -> None:
    outcome = process("info", "--json", "-v", "-r", card.reader)
    assert outcome.json["application"] == "JPKI"
    assert outcome.err

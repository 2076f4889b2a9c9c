"""At a terminal: the prompt, the interrupt, the closed pipe. (Not on Windows, which has other terminals.)"""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command_line import DIGITAL_SIGNATURE, PASSWORD, PIN, USER_AUTHENTICATION, CardFile, environment

TIMEOUT_S = 30.0
COMMAND = [sys.executable, "-m", "mynacard"]
AT_TERMINAL = (
    "import fcntl, runpy, sys, termios\n"
    "fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"  # so that Ctrl-C is an interrupt, and /dev/tty is there
    "runpy.run_module('mynacard', run_name='__main__', alter_sys=True)\n"
)


class Terminal:
    """``mynacard`` at a terminal of its own."""

    def __init__(self, *words: str, script: str = AT_TERMINAL, inherited: tuple[int, ...] = ()) -> None:
        self._side, theirs = pty.openpty()
        self.seen = ""
        self.process = subprocess.Popen(
            [sys.executable, "-c", script, *words],
            stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
            env=environment(TERM="dumb", COLUMNS="1000"), pass_fds=inherited,
        )  # fmt: skip
        os.close(theirs)

    def wait_for(self, text: str, times: int = 1) -> None:
        until = time.monotonic() + TIMEOUT_S
        while self.seen.count(text) < times:
            assert time.monotonic() < until, self.seen
            if not self._more():
                raise AssertionError(self.seen)

    def type(self, keys: str) -> None:
        os.write(self._side, keys.encode())

    def end(self) -> int:
        """The exit code, when everything was said."""
        while self._more():
            pass
        return self.process.wait(TIMEOUT_S)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._side)

    def _more(self) -> bool:
        if not select.select([self._side], [], [], TIMEOUT_S)[0]:
            raise AssertionError(f"nothing comes after: {self.seen}")
        try:
            data = os.read(self._side, 4096)
        except OSError:  # so Linux says that the other side is closed
            return False
        self.seen += data.decode()
        return bool(data)


@pytest.fixture
def terminals() -> Iterator[list[Terminal]]:
    opened: list[Terminal] = []
    yield opened
    for terminal in opened:
        terminal.close()


def at_prompt(terminals: list[Terminal], card: CardFile, name: str, label: str) -> Terminal:
    terminals.append(Terminal("pin", "verify", name, "-r", card.reader))
    terminals[-1].wait_for(f"\n{label}: ", times=2)  # the tries left, and the prompt
    time.sleep(0.3)  # the prompt is written before the echo is turned off
    return terminals[-1]


def test_the_prompt_says_what_it_is_about_and_echoes_nothing(terminals: list[Terminal], card: CardFile) -> None:
    terminals.append(terminal := Terminal("pin", "verify", DIGITAL_SIGNATURE, "-r", card.reader))
    terminal.wait_for("Checks the PIN; nothing is signed.")
    terminal.wait_for("5 tries left. The last wrong one blocks it until the municipal office sets a new one.")
    terminal.wait_for("\ndigital-signature password: ", times=2)
    time.sleep(0.3)
    terminal.type(f"{PASSWORD}\n")
    assert terminal.end() == 0, terminal.seen
    assert PASSWORD not in terminal.seen
    assert "The digital-signature password is right." in terminal.seen


GATED = """
import fcntl, importlib, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
from mynacard import cli
gate = int(sys.argv.pop(1))

def load(name):
    print("loading", flush=True)
    os.read(gate, 1)
    return importlib.import_module(name)

cli.root.import_module = load
cli.main()
"""
"""The command is loaded only when the test says so."""


@pytest.mark.parametrize(
    ("words", "asked", "secret"),
    [
        (("pin", "verify", USER_AUTHENTICATION), "\nuser-authentication PIN: ", PIN),
        (("sign", "{document}", "-o", "{document}.p7s"), "\ndigital-signature password: ", PASSWORD),
    ],
    ids=["pin", "sign"],
)
def test_what_is_typed_before_the_prompt_is_neither_shown_nor_used(
    terminals: list[Terminal],
    card: CardFile,
    document: Path,
    words: tuple[str, ...],
    asked: str,
    secret: str,
) -> None:
    reading, writing = os.pipe()
    given = (word.format(document=document) for word in words)
    terminals.append(terminal := Terminal(str(reading), *given, "-r", card.reader, script=GATED, inherited=(reading,)))
    terminal.wait_for("loading")
    terminal.type("ZYXW85\n8520\n")
    os.close(writing)
    os.close(reading)
    terminal.wait_for(asked, times=2)
    time.sleep(0.3)
    terminal.type(f"{secret}\n")
    assert terminal.end() == 0, terminal.seen
    assert "ZYXW85" not in terminal.seen
    assert "8520" not in terminal.seen


def test_an_interrupt_at_the_prompt_sends_nothing(terminals: list[Terminal], card: CardFile) -> None:
    before = card.trace_of_a_verify
    terminal = at_prompt(terminals, card, USER_AUTHENTICATION, "user-authentication PIN")
    terminal.type(f"{PIN}\x03")
    assert terminal.end() == 130, terminal.seen
    assert terminal.seen.rstrip().endswith("Stopped.")
    assert PIN not in terminal.seen
    assert "Traceback" not in terminal.seen
    assert card.trace_of_a_verify == before


@pytest.mark.parametrize(("left", "code", "said"), [(0, 32, "is blocked"), (1, 33, "--spend-last-try")])
def test_nobody_types_what_would_not_be_sent(
    terminals: list[Terminal], card: CardFile, left: int, code: int, said: str
) -> None:
    card.spend(USER_AUTHENTICATION, left=left)
    terminals.append(terminal := Terminal("pin", "verify", USER_AUTHENTICATION, "-r", card.reader))
    assert terminal.end() == code, terminal.seen
    assert said in terminal.seen
    assert len(terminal.seen.splitlines()) == 1


def test_bytes_are_not_shown_at_a_terminal(terminals: list[Terminal], card: CardFile) -> None:
    terminals.append(
        terminal := Terminal("cert", "export", USER_AUTHENTICATION, "--encoding", "der", "-r", card.reader)
    )
    assert terminal.end() == 2
    assert "DER is not text." in terminal.seen


# --- signals -----------------------------------------------------------------------------------------

SLOW = """
import sys, time
from mynacard.cli import main
from mynacard.simulator.individual.card import SimulatedCard

answer = SimulatedCard.transmit

def transmit(self, command):
    if command[1] == 0x2A:
        print("signing", flush=True)
        time.sleep(60)
    response = answer(self, command)
    if command[1] == 0xA4:
        print("verified", sorted(self.state.verified), "after", command.hex(), flush=True)
    return response

SimulatedCard.transmit = transmit
main()
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_in_the_middle_of_a_session_logs_out(
    card: CardFile, document: Path, number: signal.Signals, code: int
) -> None:
    output = document.with_name("signature")
    words = ["sign", document, "-o", output, "-r", card.reader, "--pin-file", card.pin_file(DIGITAL_SIGNATURE)]
    with subprocess.Popen(
        [sys.executable, "-c", SLOW, *map(str, words)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(),
    ) as process:  # fmt: skip
        assert process.stdout is not None
        while process.stdout.readline() != "signing\n":
            assert process.poll() is None
        process.send_signal(number)
        out, err = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == code, err
    assert out == "verified [] after 00a4040c07a0000001510000\n"
    assert "Traceback" not in err
    assert not output.exists()


# --- pipes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [
    ["demo", "--trace"],
    ["info", "-r", "sim:"],
    ["info", "-r", "sim:", "--json"],
    ["cert", "export", USER_AUTHENTICATION, "-r", "sim:"],
    ["cert", "export", USER_AUTHENTICATION, "-r", "sim:", "--encoding", "der"],
    ["apdu", "00A4040C0AD392F000260100000001", "00B0860000", "-r", "sim:"],
    ["--help"],
], ids=" ".join)  # fmt: skip
def test_a_reader_that_stops_listening_is_no_crash(words: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [*COMMAND, *words], stdout=writing, stderr=subprocess.PIPE, text=True, check=False, timeout=60,
            env=environment(),
        )  # fmt: skip
    finally:
        os.close(writing)
    assert done.returncode == 141
    assert done.stderr == ""


def test_head_takes_what_it_wants(card: CardFile) -> None:
    done = subprocess.run(
        f'"{sys.executable}" -m mynacard demo --trace | head -c 10',
        shell=True, capture_output=True, text=True, check=False, timeout=60, env=environment(),
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "A simulate", "")


def test_a_full_disk_is_told() -> None:
    if not Path("/dev/full").exists():  # Linux's own
        return
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*COMMAND, "info", "-r", "sim:"], stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=60,
            env=environment(),
        )  # fmt: skip
    assert done.returncode == 63
    assert done.stderr.startswith("mynacard: ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(("again", "code"), [("8046", 0), ("8047", 2)])
def test_a_new_pin_is_asked_for_twice(card: CardFile, terminals: list[Terminal], again: str, code: int) -> None:
    terminals.append(Terminal("pin", "change", USER_AUTHENTICATION, "-r", card.reader))
    terminal = terminals[-1]
    for said, typed in (
        ("The current user-authentication PIN: ", PIN),
        ("exactly 4 digits: ", "8046"),
        ("again: ", again),
    ):
        terminal.wait_for(said)
        time.sleep(0.3)
        terminal.type(f"{typed}\n")
    assert terminal.end() == code, terminal.seen
    assert "3 tries left" in terminal.seen
    assert not {PIN, "8046", "8047"} & set(terminal.seen.split())


def test_a_new_pin_of_another_form_is_told_before_it_is_asked_for_again(
    card: CardFile, terminals: list[Terminal]
) -> None:
    before = card.trace_of_a_verify
    terminals.append(terminal := Terminal("pin", "change", USER_AUTHENTICATION, "-r", card.reader))
    for said, typed in (("The current user-authentication PIN: ", PIN), ("exactly 4 digits: ", "80461")):
        terminal.wait_for(said)
        time.sleep(0.3)
        terminal.type(f"{typed}\n")
    assert terminal.end() == 30, terminal.seen
    assert "again" not in terminal.seen
    assert "must be exactly 4 digits. The one typed is not" in terminal.seen
    assert card.trace_of_a_verify == before


def test_the_pin_of_a_new_card_is_asked_for_anew_where_its_form_is_wrong(
    tmp_path: Path, terminals: list[Terminal]
) -> None:
    terminals.append(terminal := Terminal("sim", "new", str(tmp_path / "new"), "--choose-pins"))
    prompts = (
        ("user-authentication PIN: ", 1, "12"),
        ("user-authentication PIN: ", 2, PIN),
        ("Repeat for confirmation: ", 1, PIN),
        ("digital-signature password: ", 1, PASSWORD),
        ("Repeat for confirmation: ", 2, PASSWORD),
    )
    for said, times, typed in prompts:
        terminal.wait_for(said, times)
        time.sleep(0.3)
        terminal.type(f"{typed}\n")
    assert terminal.end() == 0, terminal.seen
    assert terminal.seen.count("must be exactly 4 digits") == 1

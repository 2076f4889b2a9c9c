"""``sim exec``: a program runs as in a shell, and finds simulated cards. (only on Linux.)"""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from mynacard.doors.pcsclite import place as system
from tests.cli.command_line import PIN, USER_AUTHENTICATION, CardFile, Outcome, environment, process, run

DEADLINE_S = 30
READER = "Simulated Reader 00 00"
COUNTING = """
import signal, sys
heard = []
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, lambda number, _: heard.append(number))
print("ready", flush=True)
while not heard:
    signal.pause()
signal.sigtimedwait([signal.SIGUSR2], 0.3)  # for a second one that should not come
print("heard", [int(number) for number in heard], flush=True)
sys.exit(7)
"""
"""A program that says which signals it gets, and how often."""


def sim_exec(*words: str | Path, **more: str) -> Outcome:
    return process("sim", "exec", *words, **more)


# --- like a shell ---


@pytest.mark.parametrize("code", [0, 1, 7, 255])
def test_the_exit_status_is_the_programs(code: int) -> None:
    assert sim_exec("--", "sh", "-c", f"exit {code}").code == code


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGABRT])
def test_a_program_that_a_signal_ends_has_its_number_in_the_exit_status(number: int) -> None:
    assert sim_exec("--", "sh", "-c", f"kill -{int(number)} $$").code == 128 + number


DEAF = """
import os, signal, sys
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
os.execv(sys.executable, [sys.executable, "-m", "mynacard", *sys.argv[1:]])
"""


def test_the_exit_status_is_known_even_where_ends_of_programs_are_ignored() -> None:
    assert process("sim", "exec", "--", "sh", "-c", "exit 3", script=DEAF).code == 3


@pytest.mark.parametrize(
    ("name", "code", "reason"),
    [("no-such-program", 127, "No such file"), ("/etc/passwd", 126, "Permission denied"), ("/", 126, "")],
)
def test_what_cannot_be_run_gets_a_sentence(name: str, code: int, reason: str) -> None:
    said = sim_exec("--", name)
    assert said.code == code
    assert said.complaint.startswith(name)
    assert reason in said.complaint


def test_input_output_and_arguments_are_the_programs() -> None:
    said = process("sim", "exec", "sh", "-c", 'cat; echo "$1|$2"; echo bad >&2', "sh", "--trace", "a b", stdin=b"in\n")
    assert (said.code, said.out, said.err) == (0, "in\n--trace|a b\n", "bad\n")


def test_the_environment_leads_to_the_door_alone() -> None:
    said = sim_exec("--", "env", PCSCLITE_CSOCK_NAME="/elsewhere", MYNACARD_READER="another", LIBPCSCLITE_DELEGATE="x")
    variables = dict(line.split("=", 1) for line in said.out.splitlines() if "=" in line)
    assert variables["PCSCLITE_CSOCK_NAME"].endswith("/pcscd.comm")
    assert not {"MYNACARD_READER", "LIBPCSCLITE_DELEGATE"} & variables.keys()
    assert not Path(variables["PCSCLITE_CSOCK_NAME"]).parent.exists()


@pytest.fixture
def counting() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-m", "mynacard", "sim", "exec", "--", sys.executable, "-c", COUNTING],
        stdout=subprocess.PIPE, text=True, env=environment(),
    ) as program:  # fmt: skip
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"
        yield program
        program.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_this_process_is_passed_on_and_its_end_is_the_programs(
    counting: subprocess.Popen[str], number: int
) -> None:
    counting.send_signal(number)
    out, _ = counting.communicate(timeout=DEADLINE_S)
    assert out == f"heard [{int(number)}]\n"
    assert counting.returncode == 7


def test_an_interrupt_at_the_terminal_reaches_the_program_once() -> None:
    from tests.cli.test_terminal import Terminal  # another system may have no terminals

    terminal = Terminal("sim", "exec", "--", sys.executable, "-c", COUNTING)
    try:
        terminal.wait_for("ready")
        terminal.type("\x03")
        assert terminal.end() == 7, terminal.seen
        assert f"heard [{int(signal.SIGINT)}]" in terminal.seen
        assert "Traceback" not in terminal.seen
    finally:
        terminal.close()


def test_nothing_is_left_when_this_process_is_killed_but_the_folder() -> None:
    place = Path(tempfile.mkdtemp(dir="/tmp"))  # the name of a socket has at most 107 bytes
    with subprocess.Popen(
        [sys.executable, "-m", "mynacard", "sim", "exec", "--", "sh", "-c", 'echo "$PCSCLITE_CSOCK_NAME"; cat'],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment(XDG_RUNTIME_DIR=str(place)),
    ) as killed:  # fmt: skip
        assert killed.stdout is not None
        socket = Path(killed.stdout.readline().strip())
        killed.kill()
        killed.communicate(timeout=DEADLINE_S)
    assert socket.is_relative_to(place)
    assert [path.name for path in socket.parent.iterdir()] == ["pcscd.comm"]
    shutil.rmtree(place)


# --- readers and cards ---


def readers(*options: str | Path) -> list[dict[str, object]]:
    """What mynacard itself sees through PC/SC."""
    said = sim_exec(*options, "--", sys.executable, "-m", "mynacard", "readers", "--json")
    assert said.code == 0, said.err
    return list(json.loads(said.out))


def test_a_fresh_card_lies_on_the_one_reader() -> None:
    (reader,) = readers()
    assert reader["name"] == READER
    assert reader["card_present"] is True


def test_readers_have_the_names_given_and_those_without_a_card_are_empty(card: CardFile) -> None:
    found = readers("--card", card.path, "--reader-name", "SONY FeliCa RC-S300/S", "--reader-name", "二つ目")
    assert [(reader["name"], reader["card_present"]) for reader in found] == [
        ("SONY FeliCa RC-S300/S", True),
        ("二つ目", False),
    ]


def test_what_a_program_does_to_a_card_is_in_its_file(card: CardFile) -> None:
    pin_file = card.pin_file(USER_AUTHENTICATION, "0000")
    verify = ("-m", "mynacard", "pin", "verify", USER_AUTHENTICATION, "--pin-file", pin_file)
    assert sim_exec("--card", card.path, "--", sys.executable, *verify).code == 31
    assert card.tries_left()[USER_AUTHENTICATION] == 2


def test_a_card_does_not_lie_on_two_readers(card: CardFile, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(card.path)
    said = sim_exec("--card", card.path, "--card", tmp_path / "link", "--", "true")
    assert said.code == 2
    assert "two readers" in said.complaint


def test_a_card_that_is_none_is_said_before_the_program_runs(tmp_path: Path) -> None:
    said = sim_exec("--card", tmp_path / "nothing", "--", "echo", "ran")
    assert (said.code, said.out) == (61, "")


@pytest.mark.parametrize("names", [("A", "A"), ("",), ("x" * 128,), tuple(str(number) for number in range(257))])
def test_names_that_no_desk_has_are_refused(names: tuple[str, ...]) -> None:
    options = [word for name in names for word in ("--reader-name", name)]
    said = run("sim", "exec", *options, "--", "true")
    assert said.code == 2
    assert "reader" in said.complaint


# --- what is said about it ---

VERIFY = ("-m", "mynacard", "pin", "verify", USER_AUTHENTICATION, "--pin-file")


def test_a_trace_shows_apdus_and_never_a_pin(card: CardFile) -> None:
    pin_file = card.pin_file(USER_AUTHENTICATION)
    said = sim_exec("--trace", "--count", "--card", card.path, "--", sys.executable, *VERIFY, pin_file)
    assert said.code == 0, said.err
    assert "  > 00 20 00 98 **\n  < 9000\n" in said.err
    count = said.err.count("  > ")
    assert f"{READER}: {count} APDUs\n" in said.err
    assert PIN not in said.err  # and an Outcome looks for all spellings


def test_a_trace_can_go_to_a_file_and_names_readers_where_there_are_several(card: CardFile, tmp_path: Path) -> None:
    options = ("--trace-to", tmp_path / "trace", "--count", "--reader-name", "A", "--reader-name", "B")
    pin_file = card.pin_file(USER_AUTHENTICATION)
    said = sim_exec(*options, "--card", card.path, "--", sys.executable, *VERIFY, pin_file)
    assert said.code == 0
    lines = (tmp_path / "trace").read_text("utf-8").splitlines()
    assert "A:  > 00 20 00 98 **" in lines
    sent = sum(line.startswith("A:  > ") for line in lines)
    assert re.findall(r"[AB]: \d+ APDUs", said.err) == [f"A: {sent} APDUs", "B: 0 APDUs"]


def test_a_trace_that_cannot_be_written_is_said_and_disturbs_nobody(card: CardFile) -> None:
    pin_file = card.pin_file(USER_AUTHENTICATION)
    said = sim_exec("--trace-to", "/dev/full", "--card", card.path, "--", sys.executable, *VERIFY, pin_file)
    assert said.code == 63
    assert "right" in said.out + said.err
    assert "No space left" in said.err


def test_two_places_for_a_trace_are_one_too_many(tmp_path: Path) -> None:
    assert run("sim", "exec", "--trace", "--trace-to", tmp_path / "t", "--", "true").code == 2


def test_a_fault_comes_at_its_apdu(card: CardFile) -> None:
    pin_file = card.pin_file(USER_AUTHENTICATION)
    said = sim_exec("--fault", "removed@2", "--trace", "--card", card.path, "--", sys.executable, *VERIFY, pin_file)
    assert said.code == 19
    assert said.err.count("  > ") == 2
    assert "  < (none)" in said.err


@pytest.mark.parametrize("fault", ["melted@3", "reset", "reset@0", "error@1"])
def test_a_fault_that_is_none_is_a_wrong_command_line(fault: str) -> None:
    said = run("sim", "exec", "--fault", fault, "--", "true")
    assert said.code == 2
    assert "KIND@N" in said.complaint


def test_without_a_program_there_is_nothing_to_do() -> None:
    assert run("sim", "exec").code == 2


def test_elsewhere_than_on_linux_there_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system.sys, "platform", "darwin")
    said = run("sim", "exec", "--", "true")
    assert said.code == 2
    assert "Linux" in said.complaint


def test_no_descriptor_of_the_door_is_the_programs() -> None:
    said = sim_exec("--", "sh", "-c", "ls -l /proc/self/fd")
    assert "socket:" not in said.out


SLEEPLESS = """
import sys, time
slept = []
time.sleep = slept.append
from mynacard import cli
try:
    cli.main()
finally:
    print("slept", len(slept), f"{sum(slept):.3f}")
"""


@pytest.mark.parametrize(("timing", "slept"), [("contactless-106", "slept 2 0.090"), ("none", "slept 0 0.000")])
def test_a_card_takes_as_long_as_it_is_told(card: CardFile, timing: str, slept: str) -> None:
    program = [sys.executable, "-m", "mynacard", "apdu", "00A4040C0AD392F000260100000001", "00200098"]
    said = process("sim", "exec", "--timing", timing, "--card", card.path, "--", *program, script=SLEEPLESS)
    assert said.code == 0, said.err
    assert slept in said.out


def test_a_timing_that_nobody_knows_is_a_wrong_command_line() -> None:
    assert run("sim", "exec", "--timing", "steam", "--", "true").code == 2

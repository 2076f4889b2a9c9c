"""Each thing that can be wrong with a desk is made wrong, and found."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest

from mynacard import errors
from mynacard.doctor import FINDINGS, Finding, Level, examination, examine
from mynacard.doctor.findings import Kind
from mynacard.readers import Library, ReaderState
from mynacard.simulator import SimulatedCard
from mynacard.simulator.doors import disk
from mynacard.simulator.doors.pcsclite import PcscliteDoor
from mynacard.simulator.residence import RESIDENCE_PERSONAS

SOCKET: Final = "PCSCLITE_CSOCK_NAME"
READER: Final = "Simulated Reader 00 00"


def environment(path: str) -> dict[str, str]:
    return os.environ | {SOCKET: path}


def doctor(given: Mapping[str, str], *words: str) -> tuple[list[str], int]:
    """The codes that ``mynacard doctor`` finds with the environment *given*, and its exit status."""
    done = subprocess.run(
        [sys.executable, "-c", IMPATIENT, "doctor", "--json", *words],
        env=given, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert not done.stderr, done.stderr
    found = json.loads(done.stdout)
    for each in found:
        assert each["level"] == FINDINGS[each["code"]].level.value
        assert bool(each["cure"]) == (each["level"] != "good")
        assert "{" not in each["cause"] + each["cure"]
    return [each["code"] for each in found], done.returncode


IMPATIENT: Final = """
from mynacard.cli import main
from mynacard.doctor import examination
from mynacard.readers import Deadlines
examination.PATIENCE = Deadlines(service_s=1, card_s=1, busy_s=0.3, leaving_s=0.2)
main()
"""
FOUND: Final = ["library/found", "socket/elsewhere"]
RUNNING: Final = [*FOUND, "socket/open", "service/running"]


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder whose name is short enough for a socket in it."""
    with tempfile.TemporaryDirectory(prefix="mynacard-", dir="/tmp") as folder:
        yield Path(folder)


# --- the service -------------------------------------------------------------------------------------


def test_a_socket_that_is_not_there_is_found(place: Path) -> None:
    assert doctor(environment(str(place / "none"))) == ([*FOUND, "socket/absent"], 72)


def test_a_socket_at_which_nobody_listens_is_found(place: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(place / "left"))
    assert doctor(environment(str(place / "left"))) == ([*FOUND, "socket/deaf"], 72)


def test_a_file_in_its_place_is_found(place: Path) -> None:
    (place / "file").touch()
    assert doctor(environment(str(place / "file"))) == ([*FOUND, "socket/deaf"], 72)


@contextlib.contextmanager
def listening(path: Path, answer: Callable[[socket.socket], None]) -> Iterator[None]:
    """A service that does *answer* with whoever comes."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        served = threading.Thread(target=_serve, args=(listener, answer))
        served.start()
        try:
            yield
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            served.join()


def _serve(listener: socket.socket, answer: Callable[[socket.socket], None]) -> None:
    with contextlib.suppress(OSError):  # so a listener that is shut down says
        while True:
            answer(listener.accept()[0])


FIRST_MESSAGE: Final = 20
"""So long is libpcsclite's first message; it comes in two parts."""


def test_a_service_that_refuses_is_found(place: Path) -> None:
    def hang_up(connection: socket.socket) -> None:  # as pcscd does where polkit says no: what came stays unread
        with connection:
            while 0 < len(connection.recv(FIRST_MESSAGE, socket.MSG_PEEK)) < FIRST_MESSAGE:
                time.sleep(0.001)

    with listening(place / "service", hang_up):
        assert doctor(environment(str(place / "service"))) == ([*FOUND, "socket/open", "service/refuses"], 72)


def test_a_service_that_does_not_answer_is_found(place: Path) -> None:
    kept: list[socket.socket] = []
    with listening(place / "service", kept.append):
        assert doctor(environment(str(place / "service"))) == ([*FOUND, "socket/open", "service/silent"], 72)
    for connection in kept:
        connection.close()


# --- readers and cards -------------------------------------------------------------------------------


class Mute(SimulatedCard):
    """One that lies face down."""

    def __init__(self) -> None:
        self.__dict__ = disk.new_card().__dict__

    def power_on(self) -> bytes:
        return b""

    @property
    def atr(self) -> bytes:
        return b""


class Other(SimulatedCard):
    """A card of another kind."""

    def __init__(self) -> None:
        self.__dict__ = disk.new_card().__dict__

    def transmit(self, command: bytes, /) -> bytes:
        return b"\x6a\x82"


@pytest.fixture
def door() -> Iterator[PcscliteDoor]:
    with PcscliteDoor() as opened:
        yield opened


def test_no_reader_is_found(door: PcscliteDoor) -> None:
    assert doctor(door.environment()) == ([*RUNNING, "reader/none"], 72)


def test_a_good_desk_is_found_good(door: PcscliteDoor) -> None:
    door.plug(READER, disk.new_card())
    assert doctor(door.environment()) == ([*RUNNING, "reader/found", "card/jpki"], 0)
    assert door.open_handles == 0


def test_an_empty_reader_is_no_problem(door: PcscliteDoor) -> None:
    door.plug(READER)
    assert doctor(door.environment()) == ([*RUNNING, "reader/found", "card/none"], 0)


def test_a_reader_of_another_name_is_not_looked_at(door: PcscliteDoor) -> None:
    door.plug(READER, disk.new_card())
    door.plug("Second", disk.new_card())
    assert doctor(door.environment(), "-r", "second") == ([*RUNNING, "reader/found", "card/jpki"], 0)
    assert doctor(door.environment(), "-r", "third") == ([*RUNNING, "reader/other"], 72)


def test_a_card_of_another_kind_is_found(door: PcscliteDoor) -> None:
    door.plug(READER, Other())
    assert doctor(door.environment()) == ([*RUNNING, "reader/found", "card/other"], 0)


@pytest.mark.parametrize("name", ["residence-1-mid-term", "residence-2-special-permanent"])
def test_a_residence_card_is_found(door: PcscliteDoor, name: str) -> None:
    door.plug(READER, disk.new_card(persona=RESIDENCE_PERSONAS[name]))
    assert doctor(door.environment()) == ([*RUNNING, "reader/found", "card/residence"], 0)


def test_a_mute_card_is_found(door: PcscliteDoor) -> None:
    door.plug(READER, Mute())
    assert doctor(door.environment()) == ([*RUNNING, "reader/found", "card/mute"], 72)


HOLD: Final = """
import sys
from mynacard.readers.library import Share
from mynacard.readers.native import load
library = load()
_, context = library.establish_context()
code, (handle, _) = library.connect(context, sys.argv[1], Share[sys.argv[2]], 3)
assert code == 0, hex(code)
if "transaction" in sys.argv:
    assert library.begin_transaction(handle)[0] == 0
print("here", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize(
    ("words", "codes", "status"),
    [
        (["SHARED"], ["card/shared", "card/jpki"], 0),
        (["SHARED", "transaction"], ["card/shared", "card/held"], 72),
        (["EXCLUSIVE"], ["card/exclusive"], 72),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_who_else_has_the_card_is_found(door: PcscliteDoor, words: list[str], codes: list[str], status: int) -> None:
    door.plug(READER, disk.new_card())
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, READER, *words], env=door.environment(), text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as holder:  # fmt: skip
        assert holder.stdout is not None
        assert holder.stdout.readline() == "here\n"
        assert doctor(door.environment()) == ([*RUNNING, "reader/found", *codes], status)
        shown = subprocess.run(
            [sys.executable, "-m", "mynacard", "doctor"], env=door.environment(), capture_output=True, text=True,
            check=False, timeout=60,
        )  # fmt: skip
        assert f"({holder.pid})" in shown.stdout, shown.stdout


# --- what no machine of these tests can be -----------------------------------------------------------


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[Finding]]:
    """What is found where a library is, and the service listens."""

    class AnyLibrary:
        name = "a library"

    monkeypatch.setattr(examination, "find_library", AnyLibrary)
    monkeypatch.setattr(examination, "_look_at_socket", lambda: iter(()))
    return lambda: list(examine())


def test_no_library_is_found_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> Library:
        raise errors.NoPcscLibraryError("Install it.")

    monkeypatch.setattr(examination, "find_library", missing)
    (finding,) = examine()
    assert (finding.code, finding.cure()) == ("library/missing", "Install it.")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.NoPcscServiceError(""), "service/not-running"),
        (errors.AccessRefusedError(""), "service/refuses"),
        (errors.CallTimeoutError("", call="SCardListReaders"), "service/silent"),
        (errors.ReaderError("It broke."), "service/failed"),
    ],
)
def test_each_failure_of_the_service_has_its_row(
    found: Callable[[], list[Finding]], monkeypatch: pytest.MonkeyPatch, error: errors.ReaderError, code: str
) -> None:
    def fail(*_: object) -> tuple[ReaderState, ...]:
        raise error

    monkeypatch.setattr(examination, "list_readers", fail)
    assert [finding.code for finding in found()] == ["library/found", code]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.CardRemovedError(""), "card/lost"),
        (errors.ReaderNotFoundError(""), "card/lost"),
        (errors.CardMuteError(""), "card/mute"),
        (errors.ReaderBusyError(""), "card/held"),
        (errors.OutcomeUnknownError("It broke."), "card/failed"),
        (errors.CardDataError("It is damaged."), "card/failed"),
    ],
)
def test_each_failure_of_a_card_has_its_row(
    found: Callable[[], list[Finding]], monkeypatch: pytest.MonkeyPatch, error: errors.MynacardError, code: str
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(examination, "list_readers", lambda *_: (ReaderState("A", card_present=True),))
    monkeypatch.setattr(examination, "ReaderCard", fail)
    assert [finding.code for finding in found()][-1] == code


@pytest.mark.parametrize(("number", "code"), [(13, "socket/forbidden"), (1, "socket/forbidden"), (24, "socket/failed")])
def test_each_failure_of_the_socket_has_its_row(monkeypatch: pytest.MonkeyPatch, number: int, code: str) -> None:
    class Refused(socket.socket):
        def connect(self, _address: object, /) -> None:
            raise OSError(number, os.strerror(number))

    monkeypatch.setattr(examination.socket, "socket", Refused)
    (finding,) = examination._look_at_socket()  # pyright: ignore[reportPrivateUsage]
    assert finding.code == code
    assert "/run/pcscd/pcscd.comm" in finding.cause()


# --- the table ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", FINDINGS.values(), ids=FINDINGS)
def test_what_is_not_good_has_a_cure(kind: Kind) -> None:
    assert bool(kind.cure) == (kind.level is not Level.GOOD)


def test_sentences_are_translated_with_what_they_name() -> None:
    finding = Finding("service/failed", {"reason": errors.ReaderError("It broke.")})
    assert finding.cause(lambda text: f"<{text}>") == "<The PC/SC service fails: <It broke.>>"


def table() -> str:
    """The table of findings as docs/doctor.md has it."""
    lines = [
        f"| `{code}` | {kind.level.value} | {kind.cause} | {'' if kind.cure == '{cure}' else kind.cure} |"
        for code, kind in FINDINGS.items()
    ]
    return "\n".join(["| code | | what is so | what mends it |", "| --- | --- | --- | --- |", *lines]) + "\n"


def test_the_page_has_every_row() -> None:
    assert table() in (Path(__file__).resolve().parents[2] / "docs/doctor.md").read_text("utf-8")

"""Each thing that can be wrong with the service is made wrong, and found."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from mynacard import errors
from mynacard.doctor import Desk, Finding, System, examination, service
from mynacard.doors.pcsclite import PcscliteDoor
from mynacard.readers import ReaderState
from tests.rig.doctor import FOUND, OPEN, RUNNING, doctor, environment, listening, shown
from tests.rig.pcscd import program

Found = Callable[..., list[Finding]]
LayDesk = Callable[..., Desk]

# --- the socket ---------------------------------------------------------------------------------------


def test_a_socket_that_is_not_there_is_found(place: Path) -> None:
    assert doctor(environment(place / "none")) == ([*FOUND, "socket/absent"], 72)


def test_a_service_that_has_ended_is_found(place: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(place / "left"))
    assert doctor(environment(place / "left")) == ([*FOUND, "socket/deaf"], 72)


def test_a_file_in_its_place_is_found(place: Path) -> None:
    (place / "file").touch()
    assert doctor(environment(place / "file")) == ([*FOUND, "socket/deaf"], 72)


def test_a_socket_that_this_user_may_not_open_is_found(place: Path) -> None:
    powers = "-dac_override,-dac_read_search"  # with which root opens everything
    as_user = [program("setpriv"), "--bounding-set", powers, "--inh-caps", powers, "--"] if os.geteuid() == 0 else []
    with listening(place / "closed", socket.socket.close):
        (place / "closed").chmod(0)
        assert doctor(environment(place / "closed"), before=as_user) == ([*FOUND, "socket/forbidden"], 72)


@pytest.mark.parametrize(("number", "code"), [(13, "socket/forbidden"), (1, "socket/forbidden"), (24, "socket/failed")])
def test_each_failure_of_the_socket_has_its_row(
    monkeypatch: pytest.MonkeyPatch, lay_desk: LayDesk, number: int, code: str
) -> None:
    class Refused(socket.socket):
        def connect(self, _address: object, /) -> None:
            raise OSError(number, os.strerror(number))

    monkeypatch.setattr(service.socket, "socket", Refused)
    (finding,) = service.look_at_socket(lay_desk())
    assert finding.code == code
    assert "/run/pcscd/pcscd.comm" in finding.cause()


# --- the service, through libpcsclite --------------------------------------------------------------------

FIRST_MESSAGE: Final = 20
"""So long is libpcsclite's first message; it comes in two parts."""


def test_a_service_that_refuses_is_found(place: Path) -> None:
    def hang_up(connection: socket.socket) -> None:  # as pcscd does where polkit says no: what came stays unread
        with connection:
            while 0 < len(connection.recv(FIRST_MESSAGE, socket.MSG_PEEK)) < FIRST_MESSAGE:
                time.sleep(0.001)

    with listening(place / "service", hang_up):
        assert doctor(environment(place / "service")) == ([*OPEN, "service/refuses"], 72)
        said, _ = shown(environment(place / "service") | {"SSH_CONNECTION": "192.0.2.1 1 192.0.2.2 22"})
    assert "an SSH session" in said or "a container" in said  # these tests may run in one
    assert "org.debian.pcsc-lite.access_pcsc" in said


def test_a_service_that_does_not_answer_is_found(place: Path) -> None:
    kept: list[socket.socket] = []
    with listening(place / "service", kept.append):
        assert doctor(environment(place / "service")) == ([*OPEN, "service/silent"], 72)
    for connection in kept:
        connection.close()


SPEAKER: Final = """
import socket, struct, sys
with socket.socket(socket.AF_UNIX) as listener:
    listener.bind(sys.argv[1])
    listener.listen()
    print("here", flush=True)
    while True:
        with listener.accept()[0] as client:
            while len(header := client.recv(8, socket.MSG_WAITALL)) == 8:
                size, command = struct.unpack("=II", header)
                client.recv(size, socket.MSG_WAITALL)
                client.sendall(struct.pack("=iiI", 4, int(sys.argv[2]), 0x8010001E))
"""
"""A service that knows one protocol, and tells everybody that it has stopped, as pcscd up to 2.4.0 tells those of
another one: SCARD_E_SERVICE_STOPPED, and what it speaks itself. In numbers of its own."""


@contextmanager
def speaking(path: Path, minor: int) -> Iterator[None]:
    with subprocess.Popen(
        [sys.executable, "-c", SPEAKER, path, str(minor)], stdout=subprocess.PIPE, text=True
    ) as speaker:  # fmt: skip
        assert speaker.stdout is not None
        assert speaker.stdout.readline() == "here\n"
        try:
            yield
        finally:
            speaker.kill()


OLDER_THAN_ALL: Final = 3
"""No library of today accepts it, however tolerant."""


def test_a_service_of_another_protocol_is_found(place: Path) -> None:
    with speaking(place / "service", OLDER_THAN_ALL):
        assert doctor(environment(place / "service")) == ([*OPEN, "service/protocol"], 72)
        said, _ = shown(environment(place / "service"))
    assert "speaks protocol 4:3 (pcsc-lite not known here)" in said


@pytest.mark.parametrize(("minor", "versions"), [(4, "1.8.24 – 2.2"), (5, "2.3 – 2.4"), (6, "2.5")])
def test_the_protocol_tells_the_version(place: Path, lay_desk: LayDesk, minor: int, versions: str) -> None:
    with speaking(place / "service", minor):
        finding = service.look_at_protocol(lay_desk(PCSCLITE_CSOCK_NAME=str(place / "service")))
    assert finding.details == {"protocol": f"4:{minor}", "versions": versions}


def test_what_the_door_speaks_is_understood(door: PcscliteDoor, lay_desk: LayDesk) -> None:
    finding = service.look_at_protocol(lay_desk(PCSCLITE_CSOCK_NAME=str(door.socket)))
    assert finding.details["protocol"] == "4:6"
    assert doctor(door.environment()) == ([*RUNNING, "reader/none"], 72)


def say_half(peer: socket.socket) -> None:
    with peer:
        peer.sendall(b"half")


@pytest.mark.parametrize("answer", [socket.socket.close, say_half])
def test_who_says_no_protocol_is_no_service(
    monkeypatch: pytest.MonkeyPatch, place: Path, lay_desk: LayDesk, answer: Callable[[socket.socket], None]
) -> None:
    monkeypatch.setattr(service, "_CONNECT_S", 0.2)
    with listening(place / "service", answer):
        finding = service.look_at_protocol(lay_desk(PCSCLITE_CSOCK_NAME=str(place / "service")))
    assert finding.code == "service/not-running"


def test_who_drips_is_not_listened_to_for_ever(monkeypatch: pytest.MonkeyPatch, place: Path, lay_desk: LayDesk) -> None:
    monkeypatch.setattr(service, "_CONNECT_S", 0.2)

    def drip(peer: socket.socket) -> None:
        with peer:
            for _ in range(12):
                peer.sendall(b"\0")
                time.sleep(0.1)

    with listening(place / "service", drip):
        finding = service.look_at_protocol(lay_desk(PCSCLITE_CSOCK_NAME=str(place / "service")))
    assert finding.code == "service/not-running"  # to its end it would have been a protocol


# --- the service, by fakes, on all systems --------------------------------------------------------------


@pytest.mark.parametrize("system", list(System))
@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.NoPcscServiceError(""), "service/not-running"),
        (errors.AccessRefusedError(""), "service/refuses"),
        (errors.CallTimeoutError("", call="SCardListReaders"), "service/silent"),
        (errors.ReaderError("It broke."), "service/failed"),
    ],
)
def test_each_failure_of_the_service_has_its_row_and_the_cure_of_its_system(
    found: Found,
    lay_desk: LayDesk,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    error: errors.ReaderError,
    code: str,
    system: System,
) -> None:
    def fail(*_: object) -> tuple[ReaderState, ...]:
        raise error

    monkeypatch.setattr(examination, "list_readers", fail)
    desk = lay_desk(system, PCSCLITE_CSOCK_NAME=str(tmp_path / "none"))
    first, finding, _ = found(desk)
    assert (first.code, finding.code) == ("library/found", code)
    assert NAMED[system, code] in finding.cure()


NAMED: Final = {
    (System.LINUX, "service/not-running"): "systemctl enable --now pcscd.socket",
    (System.LINUX, "service/refuses"): "polkit",
    (System.LINUX, "service/silent"): "systemctl restart pcscd",
    (System.LINUX, "service/failed"): "systemctl restart pcscd",
    (System.WINDOWS, "service/not-running"): "Windows starts the Smart Card service (SCardSvr) with the first reader",
    (System.WINDOWS, "service/refuses"): "remote desktop",
    (System.WINDOWS, "service/silent"): "SCardSvr",
    (System.WINDOWS, "service/failed"): "SCardSvr",
    (System.MACOS, "service/not-running"): "macOS starts it when a reader is plugged in",
    (System.MACOS, "service/refuses"): "com.apple.security.smartcard",
    (System.MACOS, "service/silent"): "restart the Mac",
    (System.MACOS, "service/failed"): "restart the Mac",
}

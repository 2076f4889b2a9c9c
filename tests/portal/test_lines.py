"""However many connections say nothing, drip or do not read, the next client is served."""

from __future__ import annotations

import json
import resource
import socket
import subprocess
import sys
from collections.abc import Callable, Generator, MutableMapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from mynacard.portal import lines, web
from mynacard.portal.lines import LINES_MAX, Line, Lines, most_lines
from mynacard.submission.client import Client
from mynacard.submission.exchange import Purpose
from mynacard.submission.outbox import EntryState, Outbox
from tests.portal.people import Somebody, logged_in, packed, receiver, registered, served

ENDLESS = 600.0
PATIENCE_S = 30.0
"""How long a test waits for what should come at once, before it fails."""


def at(url: str) -> tuple[str, int]:
    return "127.0.0.1", int(url.rpartition(":")[2])


@pytest.fixture
def address() -> Generator[tuple[str, int]]:
    made = receiver()
    with served(made) as url:
        yield at(url)
    made.store.close()


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> int:
    """How many connections the receiver keeps, without any deadline."""
    for name in ("HEADERS_S", "ANSWER_S"):
        monkeypatch.setattr(lines, name, ENDLESS)
    monkeypatch.setattr(web, "PIECE_S", ENDLESS)
    monkeypatch.setattr(lines, "LINES_MAX", 16)
    return 16


BODY = b'{"purpose":"session"}'
WHOLE = b"POST /challenges HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (len(BODY), BODY)
NOWHERE = b"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n"
HALVES = {
    "nothing": b"",
    "half a line": WHOLE[:10],
    "half of the headers": WHOLE[: WHOLE.index(b"Content")],
    "half of the body": WHOLE[:-5],
    "half of a second request": NOWHERE + WHOLE[:10],
}


def said(address: tuple[str, int], start: bytes) -> socket.socket:
    connection = socket.create_connection(address, timeout=PATIENCE_S)
    connection.sendall(start)
    return connection


def answer(connection: socket.socket) -> tuple[int, Any]:
    """The status and body of the next answer."""
    stream = connection.makefile("rb")
    status = int(stream.readline().split()[1])
    headers = dict(line.strip().lower().split(b": ", 1) for line in iter(stream.readline, b"\r\n"))
    return status, json.loads(stream.read(int(headers[b"content-length"])))


def ended(connection: socket.socket) -> bool:
    """Wait until the receiver ends the connection, whatever it sends before."""
    with suppress(ConnectionError):
        while connection.recv(65536):
            pass
    return True


def still_open(connections: list[socket.socket]) -> int:
    count = 0
    for connection in connections:
        connection.setblocking(False)
        try:
            while connection.recv(65536):
                pass
        except BlockingIOError:
            count += 1
        except ConnectionError:
            pass
    return count


def flood(address: tuple[str, int], start: bytes, count: int, most: int) -> None:
    with ExitStack() as stack:
        silent = [stack.enter_context(said(address, start)) for _ in range(count)]
        client = stack.enter_context(said(address, WHOLE))
        status, challenge = answer(client)
        assert (status, challenge["purpose"]) == (201, "session")
        assert still_open(silent) < most


@pytest.mark.parametrize("start", HALVES.values(), ids=HALVES)
def test_a_client_is_served_though_others_say_nothing_more(few: int, address: tuple[str, int], start: bytes) -> None:
    flood(address, start, 10 * few, few)


@contextmanager
def descriptors(wanted: int) -> Generator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, enough), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.thorough("ten thousand connections, five times")
@pytest.mark.parametrize("start", HALVES.values(), ids=HALVES)
def test_a_client_is_served_beside_ten_thousand_that_say_nothing_more(start: bytes) -> None:
    made = receiver()
    with descriptors(12_000), served(made) as url:
        flood(at(url), start, 10_000, LINES_MAX)
    made.store.close()


@pytest.mark.parametrize("start", HALVES.values(), ids=HALVES)
def test_a_connection_that_says_nothing_more_is_ended(
    address: tuple[str, int], start: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "HEADERS_S", 0.2)
    monkeypatch.setattr(web, "PIECE_S", 0.2)
    with said(address, start) as connection:
        assert ended(connection)


def dripped(connection: socket.socket) -> None:
    """Send a byte of a header or body whenever the receiver has been silent for a moment, until it ends the line."""
    connection.settimeout(0.02)
    with suppress(ConnectionError):
        while True:
            with suppress(TimeoutError):
                if not connection.recv(65536):
                    return
            connection.sendall(b"x")


@pytest.mark.parametrize("start", [WHOLE[:20], NOWHERE + WHOLE[:20]], ids=["first", "second"])
def test_headers_that_drip_are_left(address: tuple[str, int], start: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "HEADERS_S", 0.2)
    with said(address, start) as connection:
        dripped(connection)


def status_of(pieces: list[bytes], gap_s: float) -> int:
    """The status of an answer to a body that comes in *pieces*, each after so long, on a clock that jumps."""
    made, statuses = receiver(), list[int]()

    async def receive() -> dict[str, object]:
        await trio.sleep(gap_s)
        return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

    async def send(message: MutableMapping[str, Any]) -> None:
        statuses.extend([message["status"]] if "status" in message else [])

    scope = {"type": "http", "method": "POST", "path": "/challenges", "headers": [], "query_string": b""}
    trio.run(web.application(made), scope, receive, send, clock=MockClock(autojump_threshold=0))
    made.store.close()
    return statuses[0]


@pytest.mark.parametrize(
    ("pieces", "gap_s", "status"),
    [
        ([BODY], 29, 201),
        ([BODY], 31, 408),
        ([BODY, b" "], 16, 408),
        ([b" "] * 31 + [BODY], 1, 408),
        ([BODY, *[b" " * 0x1_0000] * 3], 29, 408),
        ([b" " * 0x1_0000] * 3 + [BODY], 29, 201),
        ([b" " * 0x8000] * 7 + [BODY], 14.5, 201),
        ([b" " * 0x8000] * 7 + [BODY], 15.5, 408),
    ],
)
def test_each_64_kib_of_a_body_may_take_30_seconds(pieces: list[bytes], gap_s: float, status: int) -> None:
    assert status_of(list(pieces), gap_s) == status


def test_a_body_that_comes_too_slowly_is_refused_by_name(
    address: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "PIECE_S", 0.2)
    with said(address, WHOLE[:-5]) as connection:
        status, problem = answer(connection)
    assert (status, problem["code"]) == (408, "request/too-slow")
    assert problem["detail_ja"] == "要求の受信に時間がかかりすぎました。"


async def talkative(_scope: object, _receive: object, send: Callable[[dict[str, object]], Any]) -> None:
    """An application whose answers no system's buffers hold."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": bytes(30_000_000), "more_body": False})


def test_a_peer_that_does_not_read_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "ANSWER_S", 0.2)
    monkeypatch.setattr(web, "application", lambda _: talkative)
    cut, over = Line.cut, Event()
    monkeypatch.setattr(Line, "cut", lambda line: (cut(line), over.set()))
    made = receiver()
    with served(made) as url, said(at(url), WHOLE):
        assert over.wait(PATIENCE_S)
    made.store.close()


def test_an_account_s_upload_goes_on_though_strangers_come(few: int, tmp_path: Path) -> None:
    made, outbox, jane = receiver(tmp_path / "portal"), Outbox(tmp_path / "outbox"), Somebody()
    with served(made) as url, Client(url, outbox) as client, ExitStack() as stack:
        registered(client, jane)
        logged_in(client, jane)
        entry = packed(client, outbox, jane, tmp_path / "files", size=200_000)
        come = list[socket.socket]()

        def strangers(*_: int) -> None:
            come.extend(stack.enter_context(said(at(url), b"GET")) for _ in range(3 * few))

        assert client.submit(entry, strangers).state is EntryState.RECEIVED
        assert len(come) > 10 * few
        assert client.challenge(Purpose.SESSION).nonce
    made.store.close()


def test_silent_peers_do_not_keep_a_receiver_from_stopping(few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "SHUTDOWN_S", 0)
    made = receiver()
    with ExitStack() as stack:
        with served(made) as url:
            silent = [stack.enter_context(said(at(url), start)) for start in HALVES.values()]
            assert answer(stack.enter_context(said(at(url), WHOLE)))[0] == 201
        assert all(ended(connection) for connection in silent)
    made.store.close()


@pytest.mark.thorough("a program of its own, with few descriptors")
@pytest.mark.parametrize("start", HALVES.values(), ids=HALVES)
def test_a_program_with_few_descriptors_never_runs_out_of_them(start: bytes) -> None:
    words = ("sh", "-c", 'ulimit -n 256; exec "$0" -m mynacard sim portal --port 0', sys.executable)
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as program:
        assert program.stderr is not None
        try:
            flood(at(program.stderr.readline().split()[-1]), start, 2000, 256)
        finally:
            program.terminate()
        assert program.stderr.read() == ""


# --- which connection is ended, without connections ---


@dataclass(eq=False)
class Named:
    name: str
    ended: list[str]

    def cut(self) -> None:
        self.ended.append(self.name)


@dataclass
class Desk:
    """Three connections, and no room for more."""

    ended: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.lines = Lines(3)
        self.a, self.b, self.c = (self.enter(name) for name in "abc")

    def enter(self, name: str) -> Named:
        line = Named(name, self.ended)
        self.lines.enter(line)
        return line


def busy(desk: Desk) -> None:
    for line in (desk.a, desk.b, desk.c):
        desk.lines.answer(line)


@pytest.mark.parametrize(
    ("before", "ends"),
    [
        pytest.param(lambda desk: None, "ab", id="the first that came"),
        pytest.param(lambda desk: desk.lines.hear(desk.a), "bc", id="not one that was heard since"),
        pytest.param(lambda desk: desk.lines.answer(desk.a), "bc", id="not one that is being answered"),
        pytest.param(lambda desk: desk.lines.wait(desk.a, known=True), "bc", id="not an account's"),
        pytest.param(lambda desk: desk.lines.leave(desk.a), "b", id="none while there is room"),
        pytest.param(
            lambda desk: [desk.lines.wait(line, known=True) for line in (desk.c, desk.b, desk.a)],
            "cd",
            id="an account's before the new one, and strangers' before another account's",
        ),
        pytest.param(busy, "de", id="the new one if all others are being answered"),
    ],
)
def test_one_more_ends_the_one_that_was_silent_for_the_longest_time(
    before: Callable[[Desk], object], ends: str
) -> None:
    desk = Desk()
    before(desk)
    for name in "de":
        desk.enter(name)
    assert "".join(desk.ended) == ends


def test_one_that_was_ended_does_not_come_back() -> None:
    desk = Desk()
    desk.enter("d")
    for call in (
        desk.lines.wait,
        partial(desk.lines.wait, known=True),
        desk.lines.hear,
        desk.lines.answer,
        desk.lines.leave,
    ):
        call(desk.a)
    for name in "efg":
        desk.enter(name)
    assert desk.ended == ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("limit", "most"), [(resource.RLIM_INFINITY, LINES_MAX), (1_000_000, LINES_MAX), (1024, 204), (256, 51)]
)
def test_a_system_that_allows_fewer_descriptors_gets_fewer_connections(
    limit: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (limit, limit))
    assert most_lines() == most

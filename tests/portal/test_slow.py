"""A receiver that drips, or does not read, is left: no byte that comes in time makes a call endless."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread

import pytest

from mynacard.errors import PortalUnreachable
from mynacard.submission import client as clients
from mynacard.submission.client import AsyncClient, Client
from mynacard.submission.exchange import Purpose
from mynacard.submission.outbox import EntryState, Outbox
from tests.portal.people import Somebody, logged_in, packed, receiver, registered, served


@contextmanager
def serving(behave: Callable[[socket.socket], None]) -> Generator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with suppress(OSError):
                connection, _ = listening.accept()
                with connection:
                    behave(connection)

        thread = Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        OVER.set()
        thread.join()


def drip(start: bytes) -> Callable[[socket.socket], None]:
    """Answer *start*, and then a letter whenever it is sent, until the line is torn."""

    def behave(connection: socket.socket) -> None:
        connection.recv(100_000)
        connection.sendall(start)
        connection.settimeout(0.02)
        while True:
            try:
                if not connection.recv(1000):
                    return
            except TimeoutError:
                connection.sendall(b"x")

    return behave


def refuse_to_read(connection: socket.socket) -> None:
    """Read a little, and then nothing, until the test is over."""
    connection.recv(1000)
    OVER.wait(20)


OVER = Event()


DRIPS = [b"HTTP/1.1 200 OK\r\nX-", b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b""]


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "ANSWER_S", 0.3)
    OVER.clear()


@pytest.mark.parametrize("start", DRIPS, ids=["headers", "body", "nothing"])
def test_an_answer_that_drips_is_left(start: bytes, tmp_path: Path) -> None:
    with serving(drip(start)) as url, Client(url, Outbox(tmp_path)) as client, pytest.raises(PortalUnreachable):
        client.challenge(Purpose.SESSION)


@pytest.mark.parametrize("start", DRIPS, ids=["headers", "body", "nothing"])
def test_an_answer_that_drips_is_left_in_an_event_loop(start: bytes, tmp_path: Path) -> None:
    async def ask(url: str) -> None:
        async with AsyncClient(url, Outbox(tmp_path)) as client:
            with pytest.raises(PortalUnreachable):
                await client.challenge(Purpose.SESSION)

    with serving(drip(start)) as url:
        asyncio.run(ask(url))


def test_a_package_that_nobody_reads_stays_in_the_outbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made, outbox, jane = receiver(tmp_path / "portal"), Outbox(tmp_path / "outbox"), Somebody()
    monkeypatch.setattr(clients, "ANSWER_S", 60.0)
    with served(made) as url, Client(url, outbox) as client:
        registered(client, jane)
        logged_in(client, jane)
        entry = packed(client, outbox, jane, tmp_path / "files", size=5_000_000)
    made.store.close()
    monkeypatch.setattr(clients, "ANSWER_S", 0.3)
    with serving(refuse_to_read) as url, Client(url, outbox) as client, pytest.raises(PortalUnreachable):
        client.submit(replace(entry, portal=url))
    assert outbox.entry(entry.id).state is EntryState.READY

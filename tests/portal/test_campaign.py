"""Whatever breaks on the way, there is one application in the end, and nobody signs twice."""

from __future__ import annotations

import random
import socket
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest

from mynacard.errors import PortalUnreachable
from mynacard.submission.client import Client
from mynacard.submission.outbox import EntryState, Outbox
from tests.portal.campaign import run
from tests.portal.people import Somebody, logged_in, packed, receiver, registered, served

SEEDS = range(20)


@pytest.mark.parametrize("seed", SEEDS)
def test_one_application_comes_of_any_faults(seed: int, tmp_path: Path) -> None:
    """More of them: ``make campaign``, docs/campaign.md."""
    found = run(seed, tmp_path)
    assert (found.applications, found.kept, found.received) == (1, 1, 1), found
    assert found.signatures <= found.asked_to_sign, found


@contextmanager
def torn(url: str, limits: list[tuple[int, int]]) -> Generator[str]:
    """A way to *url* whose connections break: each after so many bytes there, or so many back (-1: never)."""
    port = int(url.rpartition(":")[2])
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    here, _ = listening.accept()
                except OSError:
                    return
                there_max, back_max = limits.pop(0) if limits else (-1, -1)
                Thread(target=connect, args=(here, there_max, back_max), daemon=True).start()

        def connect(here: socket.socket, there_max: int, back_max: int) -> None:
            with here, socket.create_connection(("127.0.0.1", port)) as there:
                both = (here, there)
                back = Thread(target=pump, args=(there, here, back_max, both), daemon=True)
                back.start()
                pump(here, there, there_max, both)
                back.join()

        Thread(target=serve, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            listening.shutdown(socket.SHUT_RDWR)


def pump(source: socket.socket, target: socket.socket, most: int, both: tuple[socket.socket, ...]) -> None:
    """Bytes from *source* to *target*; after *most* of them both are torn down."""
    sent = 0
    try:
        while piece := source.recv(4096):
            if 0 <= most <= sent + len(piece):
                target.sendall(piece[: most - sent])
                raise OSError
            target.sendall(piece)
            sent += len(piece)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        for each in both:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)  # also wakes who waits for more of it


def test_a_line_that_is_torn_anywhere_costs_nothing(tmp_path: Path) -> None:
    """The same on real sockets: before, in headers and body, after it, and in the answer."""
    dice = random.Random(7)
    made, outbox, jane = receiver(tmp_path / "portal"), Outbox(tmp_path / "outbox"), Somebody()
    with served(made) as url:
        with Client(url, outbox) as client:
            registered(client, jane)
            logged_in(client, jane)
            session = client.session
            entry = packed(client, outbox, jane, tmp_path / "files", size=30_000)
        signatures = jane.signatures
        tears = [(0, -1), (100, -1), (450, -1), (entry.size, -1), (-1, 0), (-1, 60), (-1, 250)]
        tears += [(dice.randrange(entry.size), -1) for _ in range(5)]
        for tear in tears:
            with torn(url, [tear]) as way, Client(way, outbox) as client:
                client.session = session
                with pytest.raises(PortalUnreachable):
                    client.submit(replace(entry, portal=way))
            assert outbox.entry(entry.id).state is EntryState.READY
        with Client(url, outbox) as client:
            client.session = session
            (settled,) = client.resume()
        assert settled.state is EntryState.RECEIVED
        assert made.store.count() == 1
        assert jane.signatures == signatures
        assert client.origin == url
    made.store.close()

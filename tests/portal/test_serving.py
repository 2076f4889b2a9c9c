"""Where the receiver listens, and what it is called there."""

from __future__ import annotations

import re
import socket
from collections.abc import Generator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from mynacard.errors import ListeningError, UsageError
from mynacard.portal import serve, web
from mynacard.submission.client import Client
from mynacard.submission.exchange import State
from mynacard.submission.manifest import parse
from mynacard.submission.outbox import EntryState, Outbox
from tests.cli.command_line import run
from tests.portal.people import Somebody, logged_in, packed, receiver, registered, served


class Reader(Somebody):
    """Somebody who keeps what they signed."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.origins, self.documents = list[str](), list[bytes]()

    def token(self, origin: str, nonce: str) -> str:
        self.origins.append(origin)
        return super().token(origin, nonce)

    def signature(self, document: bytes) -> bytes:
        self.documents.append(document)
        return super().signature(document)


def test_all_that_is_signed_names_plain_http_on_this_machine_as_a_browser_does(tmp_path: Path) -> None:
    made, outbox, jane = receiver(tmp_path / "portal"), Outbox(tmp_path / "outbox"), Reader()
    with served(made) as url, Client(f"{url.upper()}/", outbox) as client:
        registered(client, jane)
        logged_in(client, jane)
        entry = client.submit(packed(client, outbox, jane, tmp_path / "files"))
    made.store.close()
    assert entry.state is EntryState.RECEIVED
    assert url.startswith("http://127.0.0.1:")
    assert (client.url, client.origin, jane.origins) == (url, url, [url, url])
    statement, manifest = jane.documents
    assert f'"origin":"{url}"'.encode() in statement
    assert parse(manifest).audience == url


def test_a_receiver_behind_a_path_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at_the_root = web.application
    monkeypatch.setattr(web, "application", lambda made: Starlette(routes=[Mount("/a/b", at_the_root(made))]))
    made, outbox, jane = receiver(tmp_path / "portal"), Outbox(tmp_path / "outbox"), Reader()
    with served(made) as url, Client(f"{url}/a/b/", outbox) as client:
        registered(client, jane)
        logged_in(client, jane)
        packed(client, outbox, jane, tmp_path / "files")
        (entry,) = client.resume()
        assert entry.status is not None
        number = entry.status.provisional_number
        assert client.status(number) == entry.status
        assert client.withdraw(number).state is State.WITHDRAWN
        assert (client.url, client.origin, set(jane.origins)) == (f"{url}/a/b", url, {url})
    made.store.close()


@pytest.mark.parametrize(
    "origin",
    ["https://portal.example/", "https://portal.example/v2", "https://portal.example:443", "HTTPS://portal.example",
     "http://portal.example", "portal.example", ""],
)  # fmt: skip
def test_a_receiver_that_calls_itself_as_no_browser_does_is_refused(origin: str) -> None:
    made = receiver(origin=origin)
    with pytest.raises(UsageError):
        web.application(made)
    made.store.close()


# --- the port ---


@pytest.fixture
def taken() -> Generator[int]:
    """A port at which another program listens."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


def test_a_port_that_is_taken_is_an_error(taken: int) -> None:
    made, said = receiver(), list[str]()
    with pytest.raises(ListeningError, match=f"^Port {taken} is not free"):
        serve(made, taken, said.append)
    with pytest.raises(ListeningError), served(made, taken):
        pass
    made.store.close()
    assert said == []


def test_a_command_that_finds_its_port_taken_prints_only_that(taken: int) -> None:
    outcome = run("sim", "portal", "--port", str(taken))
    assert (outcome.code, outcome.out) == (3, "")
    assert outcome.complaint.startswith(f"Port {taken} is not free, or you may not use it: ")
    assert "http" not in outcome.err


def test_the_address_is_said_once_clients_can_connect() -> None:
    class Over(Exception):
        """The test has seen enough."""

    def listens(url: str) -> None:
        host, _, port = url.removeprefix("http://").partition(":")
        with socket.create_connection((host, int(port))):
            raise Over

    made = receiver()
    with pytest.raises(Over):
        serve(made, 0, listens)
    made.store.close()


def test_the_command_says_the_address_also_of_a_port_that_the_system_chose(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("uvicorn.Server.run", lambda *_, **__: None)
    outcome = run("sim", "portal", "--port", "0")
    assert (outcome.code, outcome.out) == (0, "")
    assert re.fullmatch(r"A receiver for simulated cards is at http://127\.0\.0\.1:[1-9][0-9]+\n", outcome.err)

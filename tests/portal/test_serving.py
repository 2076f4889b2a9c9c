"""Where the receiver listens, and what it is called there."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from mynacard.errors import UsageError
from mynacard.portal import web
from mynacard.submission.client import Client
from mynacard.submission.exchange import State
from mynacard.submission.manifest import parse
from mynacard.submission.outbox import EntryState, Outbox
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

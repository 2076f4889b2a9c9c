"""Strangers' requests, and many rows and submissions, cost others nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from mynacard.portal import Receiver
from mynacard.submission.client import Client
from mynacard.submission.exchange import Purpose
from mynacard.submission.outbox import EntryState, Outbox
from tests.portal.campaign import Line
from tests.portal.load import batches, serving, strangers
from tests.portal.people import ORIGIN, Somebody, logged_in, packed, receiver, registered
from tests.portal.test_refused import problem


def bytes_of(made: Receiver) -> dict[str, int]:
    return {path.name: path.stat().st_size for path in made.store.folder.rglob("*") if path.is_file()}


def test_strangers_requests_for_challenges_store_nothing_and_stand_before_no_one(tmp_path: Path) -> None:
    """20,000 of them: ``make load``, docs/load.md."""
    made, outbox, jane = receiver(tmp_path / "store"), Outbox(tmp_path / "outbox"), Somebody()
    with Client(ORIGIN, outbox, transport=Line(made)) as client:
        registered(client, jane)
        before = bytes_of(made)
        for _ in range(5_000):
            made.challenge(Purpose.SESSION, None)
            made.challenge(Purpose.REGISTRATION, None)
        assert bytes_of(made) == before
        logged_in(client, jane)
    made.store.close()
    again = receiver(tmp_path / "store")
    with Client(ORIGIN, outbox, transport=Line(again)) as client:
        logged_in(client, jane)
    again.store.close()


def test_answers_without_a_good_signature_store_nothing(tmp_path: Path) -> None:
    made, jane = receiver(tmp_path / "store"), Somebody()
    with Client(ORIGIN, Outbox(tmp_path / "outbox"), transport=Line(made)) as client:
        registered(client, jane)
        before = made.store._all("SELECT * FROM used_challenges")
        nonce = client.challenge(Purpose.SESSION).nonce
        assert problem(client.log_in, nonce, "not a token") == "token/form"
        assert problem(client.log_in, nonce, jane.token("https://phishing.example", nonce)) == "signature/mismatch"
        assert made.store._all("SELECT * FROM used_challenges") == before
        client.log_in(nonce, jane.token(client.origin, nonce))
        assert len(made.store._all("SELECT * FROM used_challenges")) == len(before) + 1
    made.store.close()


def test_an_account_may_have_any_number_of_open_challenges(tmp_path: Path) -> None:
    made, outbox, jane = receiver(tmp_path / "store"), Outbox(tmp_path / "outbox"), Somebody()
    with Client(ORIGIN, outbox, transport=Line(made)) as client:
        registered(client, jane)
        logged_in(client, jane)
        entry = packed(client, outbox, jane, tmp_path / "files")
        for _ in range(150):
            client.challenge(Purpose.PACKAGE)
        assert client.submit(entry).state is EntryState.RECEIVED
    made.store.close()


def test_another_account_cannot_send_or_disturb_a_package(tmp_path: Path) -> None:
    made, outbox = receiver(tmp_path / "store"), Outbox(tmp_path / "outbox")
    jane, joan = Somebody(), Somebody("joan", serial=5)
    with (
        Client(ORIGIN, outbox, transport=Line(made)) as client,
        Client(ORIGIN, Outbox(tmp_path / "joan"), transport=Line(made)) as other,
    ):
        registered(client, jane)
        logged_in(client, jane)
        registered(other, joan)
        logged_in(other, joan)
        entry = packed(client, outbox, jane, tmp_path / "files")
        content = outbox.package(entry).read_bytes()
        for _ in range(2):
            stolen = other.outbox.package(entry)
            stolen.parent.mkdir(exist_ok=True)
            stolen.write_bytes(content)
            assert problem(other.submit, entry) == "challenge/unknown"
            assert client.submit(entry).state is EntryState.RECEIVED
            (kept,) = (tmp_path / "store" / "packages").iterdir()
            assert kept.read_bytes() == content
    made.store.close()


@pytest.mark.thorough("a receiver in a process of its own, whose memory is measured")
def test_submissions_and_strangers_take_no_memory_after_the_first_500(tmp_path: Path) -> None:
    """10,000 of them: ``make load``, docs/load.md."""
    jane = Somebody()
    with serving(tmp_path) as served, Client(served.url, Outbox(tmp_path / "outbox")) as client:
        registered(client, jane)
        logged_in(client, jane)
        memory = [batch.memory for batch in batches(served, client, jane, 1_500, 500)]
        assert memory[-1] < memory[0] + 8_000_000
        strangers(served, 2_000)
        assert served.state()[0] < memory[0] + 8_000_000
        assert len(list((tmp_path / "store" / "packages").iterdir())) == 1_500

"""The whole way over a line: registered, logged in, checked, submitted, asked for more, withdrawn."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Generator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mynacard import errors
from mynacard.errors import PortalUnreachable
from mynacard.portal import Receiver, Refusal, Store
from mynacard.portal.web import application
from mynacard.submission.calls import PortalError
from mynacard.submission.client import AsyncClient, Client
from mynacard.submission.exchange import AccountState, Purpose, State
from mynacard.submission.outbox import EntryState, Outbox
from tests.portal.people import Clock, Somebody, logged_in, packed, receiver, registered, served
from tests.submission.applications import EXTENSION, NOW


@pytest.fixture
def made() -> Generator[Receiver]:
    found = receiver()
    yield found
    found.store.close()


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    return Outbox(tmp_path / "outbox")


@pytest.fixture
def client(made: Receiver, outbox: Outbox) -> Generator[Client]:
    with served(made) as url, Client(url, outbox) as found:
        yield found


@pytest.fixture
def jane(client: Client) -> Somebody:
    """Registered, and logged in."""
    found = Somebody()
    registered(client, found)
    logged_in(client, found)
    return found


def problem(call: Any, *arguments: Any) -> str:
    with pytest.raises(PortalError) as raised:
        call(*arguments)
    return raised.value.problem


def test_an_application_goes_the_whole_way(
    made: Receiver, client: Client, outbox: Outbox, jane: Somebody, tmp_path: Path
) -> None:
    answer = client.dry_run(EXTENSION)
    assert (answer.acceptable, answer.report) == (True, ())
    before = jane.signatures
    entry = packed(client, outbox, jane, tmp_path / "files")
    assert jane.signatures == before + 1
    sent = list[tuple[int, int]]()
    entry = client.submit(entry, lambda done, size: sent.append((done, size)))
    assert sent[-1] == (entry.size, entry.size)
    assert entry.state is EntryState.RECEIVED
    assert entry.status is not None
    number = entry.status.provisional_number
    assert entry.status.state is State.RECEIVED
    assert made.accept(number).number
    made.move(number, State.AWAITING_DOCUMENTS, "A proof of income is needed.")
    status = client.status(number)
    assert (status.state, status.history[-1].note) == (State.AWAITING_DOCUMENTS, "A proof of income is needed.")
    more = client.submit(packed(client, outbox, jane, tmp_path / "more", number=number))
    assert more.status is not None
    assert more.status.state is State.UNDER_EXAMINATION
    assert [event.state for event in more.status.history] == [
        State.RECEIVED, State.ACCEPTED, State.AWAITING_DOCUMENTS, State.UNDER_EXAMINATION,
    ]  # fmt: skip
    assert client.withdraw(number).state is State.WITHDRAWN
    assert client.withdraw(number).state is State.WITHDRAWN, "once more is no other"
    assert [each.provisional_number for each in client.overview().applications] == [number]
    assert made.store.count() == 1
    assert len(list((made.store.folder / "packages").iterdir())) == 2
    assert list((made.store.folder / "incoming").iterdir()) == []


def test_it_goes_the_same_way_in_an_event_loop(made: Receiver, tmp_path: Path) -> None:
    outbox, jane = Outbox(tmp_path / "outbox"), Somebody()

    async def way(url: str) -> None:
        async with AsyncClient(url, outbox) as client:
            challenge = await client.challenge(Purpose.REGISTRATION)
            await client.register(
                challenge.nonce, *(await asyncio.to_thread(jane.registration, client.origin, challenge.nonce))
            )
            challenge = await client.challenge(Purpose.SESSION)
            await client.log_in(challenge.nonce, jane.token(client.origin, challenge.nonce))
            assert (await client.dry_run(EXTENSION)).acceptable
            with Client(url, outbox) as waiting:
                waiting.session = client.session
                entry = await asyncio.to_thread(packed, waiting, outbox, jane, tmp_path / "files")
            entry = await client.submit(entry)
            assert entry.status is not None
            number = entry.status.provisional_number
            assert (await client.status(number)).state is State.RECEIVED
            assert len((await client.overview()).applications) == 1
            assert (await client.withdraw(number)).state is State.WITHDRAWN
            assert await client.resume() == ()
            session = client.session
            assert session is not None
            renewed = Somebody("renewed", serial=2)
            challenge = await client.challenge(Purpose.REGISTRATION)
            answers = await asyncio.to_thread(renewed.registration, client.origin, challenge.nonce)
            assert (await client.rebind(session.account, challenge.nonce, *answers)).state is AccountState.ACTIVE

    with served(made) as url:
        asyncio.run(way(url))
    assert made.store.count() == 1


def test_what_was_not_sent_is_sent_by_one_call(
    made: Receiver, client: Client, outbox: Outbox, jane: Somebody, tmp_path: Path
) -> None:
    packed(client, outbox, jane, tmp_path / "files")
    before = jane.signatures
    again = Outbox(tmp_path / "outbox")
    with Client(client.url, again) as other:
        logged_in(other, jane)
        (entry,) = other.resume()
        assert entry.state is EntryState.RECEIVED
        assert other.resume() == ()
        assert other.submit(entry) == entry, "what has its receipt is not sent"
    assert jane.signatures == before
    assert made.store.count() == 1


def test_a_registration_waits_for_approval(tmp_path: Path, outbox: Outbox) -> None:
    made, jane = receiver(approve_at_once=False), Somebody()
    with served(made) as url, Client(url, outbox) as client:
        account = registered(client, jane)
        assert account.state is AccountState.PENDING
        assert problem(logged_in, client, jane) == "account/pending"
        assert registered(client, jane).account == account.account, "sent twice, it is one"
        made.approve(account.account)
        logged_in(client, jane)
        made.close(account.account)
        assert problem(client.overview) == "session/unknown"
        assert problem(logged_in, client, jane) == "account/closed"
    made.store.close()


def test_renewed_certificates_are_bound_at_once_for_who_is_logged_in(
    made: Receiver, client: Client, jane: Somebody
) -> None:
    assert client.session is not None
    account = client.session.account
    renewed = Somebody("renewed", serial=2)
    challenge = client.challenge(Purpose.REGISTRATION)
    found = client.rebind(account, challenge.nonce, *renewed.registration(client.origin, challenge.nonce))
    assert (found.account, found.state) == (account, AccountState.ACTIVE)
    assert problem(client.overview) == "session/unknown"
    assert problem(logged_in, client, jane) == "account/unknown", "the old certificate is nobody's"
    logged_in(client, renewed)
    assert client.session.account == account


def test_others_certificates_wait_for_somebody_to_look_and_change_nothing_until_then(
    made: Receiver, client: Client, jane: Somebody
) -> None:
    assert client.session is not None
    account = client.session.account
    client.session = None
    thief = Somebody("thief", serial=3)
    challenge = client.challenge(Purpose.REGISTRATION)
    found = client.rebind(account, challenge.nonce, *thief.registration(client.origin, challenge.nonce))
    assert found.state is AccountState.PENDING
    logged_in(client, jane)
    client.session = None
    challenge = client.challenge(Purpose.REGISTRATION)
    unknown = client.rebind("nobody", challenge.nonce, *thief.registration(client.origin, challenge.nonce))
    assert unknown.state is AccountState.PENDING, "nobody learns which accounts there are"
    assert problem(logged_in, client, thief) == "account/unknown"
    made.approve(account)
    assert problem(logged_in, client, thief) == "account/unknown", "nobody looked at these certificates"
    looked_at = made.store.rebinding(account)
    other = Somebody("another thief", serial=4)
    challenge = client.challenge(Purpose.REGISTRATION)
    client.rebind(account, challenge.nonce, *other.registration(client.origin, challenge.nonce))
    with pytest.raises(Refusal) as raised:
        made.approve(account, looked_at)
    assert raised.value.problem == "account/changed"
    made.approve(account, made.store.rebinding(account))
    logged_in(client, other)


def test_a_session_ends(made: Receiver, client: Client, jane: Somebody) -> None:
    clock = made.clock
    assert isinstance(clock, Clock)
    clock.now = NOW + timedelta(minutes=29, seconds=59)
    client.overview()
    clock.now = NOW + timedelta(minutes=30)
    assert problem(client.overview) == "session/unknown"
    client.session = None
    assert problem(client.overview) == "session/unknown"


def test_nothing_of_a_session_is_printed(client: Client, jane: Somebody) -> None:
    assert client.session is not None
    assert client.session.session not in repr(client.session) + repr(client)


@pytest.mark.parametrize(
    "url",
    ["http://portal.example", "ftp://127.0.0.1", "https://u:p@portal.example", "https://portal.example/?a", "portal",
     "", "https://portal.example/#x", "http://127.0.0.1.evil.example", "https://", "https://[::1",
     "https://portal.example:0"],
)  # fmt: skip
def test_an_address_that_is_not_safe_is_refused(url: str, outbox: Outbox) -> None:
    with pytest.raises(errors.UsageError):
        Client(url, outbox)


def test_nobody_there_is_said_so(outbox: Outbox) -> None:
    with Client("http://127.0.0.1:9", outbox) as client, pytest.raises(PortalUnreachable, match="cannot be reached"):
        client.challenge(Purpose.SESSION)


def test_the_rules_decide_at_the_receiver_s_time(
    made: Receiver, client: Client, outbox: Outbox, jane: Somebody, tmp_path: Path
) -> None:
    """The sender's clock is behind: what it thought to be in time is not."""
    clock = made.clock
    assert isinstance(clock, Clock)
    entry = packed(client, outbox, jane, tmp_path / "files", application=replace(EXTENSION, stay=_ending("2026-11-25")))
    clock.now = NOW + timedelta(hours=12, seconds=1)  # a second after midnight in Tokyo
    logged_in(client, jane)
    with pytest.raises(PortalError) as raised:
        client.submit(entry)
    assert raised.value.problem == "rules/violated"
    assert [(each.field, each.code) for each in raised.value.report if each.severity == "error"] == [
        ("/stay/expires", "timing/last-day")
    ]
    assert outbox.entry(entry.id).state is EntryState.REFUSED
    assert outbox.package(entry).exists()


def _ending(day: str) -> Any:
    from datetime import date

    assert EXTENSION.stay is not None
    return replace(EXTENSION.stay, expires=date.fromisoformat(day))


@pytest.mark.parametrize(
    ("theirs", "code"), [("2026-11-23", "rules/older-client"), ("2027-01-01", "rules/newer-client")]
)
def test_two_versions_of_the_rules_are_told_and_the_receiver_s_decide(
    client: Client, outbox: Outbox, jane: Somebody, tmp_path: Path, theirs: str, code: str
) -> None:
    entry = client.submit(packed(client, outbox, jane, tmp_path / "files", rules=theirs))
    assert entry.status is not None
    assert code in [remark.code for remark in entry.status.report]


def test_the_lifespan_closes_the_store() -> None:
    made = receiver()
    web = application(made)

    async def live() -> None:
        async with web.router.lifespan_context(web):
            assert made.store.count() == 0

    asyncio.run(live())
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        made.store.count()
    assert not made.store.folder.exists()
    made.store.close()


def test_a_package_on_its_way_goes_unless_it_is_kept(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with store.receiving() as kept, store.receiving() as left:
        kept.write_bytes(b"kept")
        left.write_bytes(b"left")
        with store.keeping(kept) as name:
            assert (tmp_path / "packages" / name).read_bytes() == b"kept"
    assert [path.name for path in (tmp_path / "packages").iterdir()] == [name]
    assert not any(path.exists() for path in (kept, left))
    store.close()

"""A nonce is for one session, for one log-in, and for five minutes; and a full memory locks no one out."""

from __future__ import annotations

import base64
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mynacard.errors import NonceExpired, NonceUnknown, UsageError
from mynacard.jpki.authentication import check_nonce
from mynacard.webeid import Issued, NonceMemory, Nonces
from tests.trust.authorities import NOW

SECOND = timedelta(seconds=1)


def test_a_nonce_is_32_random_bytes_that_a_card_signs() -> None:
    nonces = Nonces()
    issued = {nonces.issue("one", at=NOW) for _ in range(100)}
    assert len(issued) == 100
    for nonce in issued:
        check_nonce(nonce)
        assert (len(nonce), len(base64.b64decode(nonce, validate=True))) == (44, 32)


def test_a_nonce_is_taken_once() -> None:
    nonces = Nonces()
    nonce = nonces.issue("one", at=NOW)
    assert nonces.take("one", at=NOW) == nonce
    with pytest.raises(NonceUnknown):
        nonces.take("one", at=NOW)


def test_a_session_has_only_the_last_nonce() -> None:
    nonces = Nonces()
    first, second = nonces.issue("one", at=NOW), nonces.issue("one", at=NOW)
    assert nonces.take("one", at=NOW) == second != first
    with pytest.raises(NonceUnknown):
        nonces.take("one", at=NOW)


def test_a_session_has_only_its_own_nonce() -> None:
    nonces = Nonces()
    mine, theirs = nonces.issue("one", at=NOW), nonces.issue("two", at=NOW)
    assert nonces.take("two", at=NOW) == theirs
    assert nonces.take("one", at=NOW) == mine
    with pytest.raises(NonceUnknown):
        nonces.take("three", at=NOW)


@pytest.mark.parametrize("lifetime", [timedelta(minutes=5), timedelta(seconds=30)])
def test_a_nonce_lasts_for_its_lifetime_and_is_gone_afterwards(lifetime: timedelta) -> None:
    nonces = Nonces(lifetime=lifetime)
    nonce = nonces.issue("one", at=NOW)
    assert nonces.take("one", at=NOW + lifetime - SECOND) == nonce
    nonces.issue("one", at=NOW)
    with pytest.raises(NonceExpired):
        nonces.take("one", at=NOW + lifetime)
    with pytest.raises(NonceUnknown):
        nonces.take("one", at=NOW)


def test_the_lifetime_is_five_minutes_unless_the_portal_says_otherwise() -> None:
    assert Nonces().lifetime == timedelta(minutes=5)


def test_a_full_memory_lets_the_oldest_go_and_counts_it() -> None:
    memory = NonceMemory(2)
    nonces = Nonces(memory)
    kept = {session: nonces.issue(session, at=NOW) for session in ("one", "two", "three")}
    assert memory.displaced == 1
    with pytest.raises(NonceUnknown):
        nonces.take("one", at=NOW)
    assert [nonces.take(session, at=NOW) for session in ("two", "three")] == [kept["two"], kept["three"]]


def test_a_session_that_asks_again_and_again_displaces_no_other() -> None:
    memory = NonceMemory(2)
    nonces = Nonces(memory)
    mine = nonces.issue("one", at=NOW)
    for _ in range(100):
        nonces.issue("two", at=NOW)
    assert nonces.take("one", at=NOW) == mine
    assert memory.displaced == 0


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), max_size=60), st.integers(1, 4))
def test_a_memory_has_the_latest_sessions_and_at_most_as_many_as_it_may(
    steps: list[tuple[bool, int]], most: int
) -> None:
    memory, model = NonceMemory(most), dict[str, Issued]()
    for number, (puts, session) in enumerate(steps):
        name, issued = str(session), Issued(str(number), NOW)
        if puts:
            model.pop(name, None)
            model[name] = issued
            model = dict([*model.items()][-most:])
            memory.put(name, issued)
        else:
            assert memory.take(name) == model.pop(name, None)


def test_of_threads_that_take_at_the_same_time_one_gets_the_nonce() -> None:
    nonces, together = Nonces(), Barrier(8)

    def take(_: int) -> str | None:
        together.wait()
        try:
            return nonces.take("one", at=NOW)
        except NonceUnknown:
            return None

    with ThreadPoolExecutor(8) as pool:
        for _ in range(50):
            nonce = nonces.issue("one", at=NOW)
            assert sorted(pool.map(take, range(8)), key=str) == sorted([nonce, *[None] * 7], key=str)


def naive() -> datetime:
    return NOW.replace(tzinfo=None)


@pytest.mark.parametrize(
    "call",
    [
        lambda: Nonces().issue("", at=NOW),
        lambda: Nonces().take("", at=NOW),
        lambda: Nonces().issue("one", at=naive()),
        lambda: Nonces().take("one", at=naive()),
        lambda: NonceMemory(0),
    ],
)
def test_a_portal_without_sessions_or_time_zone_is_told(call: Callable[[], Any]) -> None:
    with pytest.raises(UsageError):
        call()


def test_nothing_prints_a_nonce() -> None:
    nonces = Nonces()
    nonce = nonces.issue("one", at=NOW)
    assert nonce not in repr(nonces) + repr(Issued(nonce, NOW))

"""Challenges: not to be made by others, used once, and never open again, whatever the clock does."""

from __future__ import annotations

import base64
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from mynacard.jpki.authentication import check_nonce
from mynacard.portal import Refusal, Store
from mynacard.portal.challenges import Bound
from mynacard.submission.exchange import Purpose

SESSION, PACKAGE = Bound(Purpose.SESSION), Bound(Purpose.PACKAGE, "jane")
NOW, DAY = 1_795_489_200, 86_400


@pytest.fixture
def store(tmp_path: Path) -> Generator[Store]:
    made = Store(tmp_path / "store")
    yield made
    made.close()


def is_open(store: Store, nonce: str, bound: Bound = SESSION, now: int = NOW) -> bool:
    try:
        store.check_challenge(nonce, bound, now)
    except Refusal as refusal:
        assert (refusal.status, refusal.problem) == (409, "challenge/unknown")
        return False
    return True


def uses(store: Store, nonce: str, bound: Bound = SESSION, now: int = NOW) -> bool:
    try:
        store.use_challenge(nonce, bound, now)
    except Refusal as refusal:
        assert refusal.problem == "challenge/unknown"
        return False
    return True


def stored(store: Store) -> int:
    return len(store._all("SELECT * FROM used_challenges"))


def test_a_challenge_has_the_form_of_web_eid_and_is_stored_only_when_it_is_used(store: Store) -> None:
    nonces = {store.new_challenge(SESSION, NOW + 300) for _ in range(100)}
    assert len(nonces) == 100
    for nonce in nonces:
        check_nonce(nonce)
        assert len(nonce) == 80
    assert stored(store) == 0
    assert uses(store, nonces.pop())
    assert stored(store) == 1


def test_a_challenge_is_open_until_it_expires_or_is_used(store: Store) -> None:
    nonce, other = store.new_challenge(SESSION, NOW + 300), store.new_challenge(SESSION, NOW + 300)
    assert is_open(store, nonce, now=NOW + 299)
    assert not is_open(store, nonce, now=NOW + 300)
    assert not uses(store, nonce, now=NOW + 300)
    assert uses(store, nonce)
    assert not uses(store, nonce)
    assert not is_open(store, nonce)
    assert is_open(store, other)


@pytest.mark.parametrize(
    "bound",
    [Bound(Purpose.SESSION), Bound(Purpose.REGISTRATION), Bound(Purpose.PACKAGE), Bound(Purpose.PACKAGE, "joan"),
     Bound(Purpose.SESSION, "jane")],
    ids=str,
)  # fmt: skip
def test_a_challenge_is_unknown_for_another_purpose_or_account(store: Store, bound: Bound) -> None:
    nonce = store.new_challenge(PACKAGE, NOW + DAY)
    assert is_open(store, nonce, PACKAGE)
    assert not is_open(store, nonce, bound)


def test_a_challenge_with_any_bit_changed_is_unknown(store: Store) -> None:
    nonce = store.new_challenge(SESSION, NOW + 300)
    content = base64.b64decode(nonce)
    assert is_open(store, base64.b64encode(content).decode())
    for bit in range(len(content) * 8):
        changed = bytearray(content)
        changed[bit // 8] ^= 1 << bit % 8
        assert not is_open(store, base64.b64encode(changed).decode()), bit


@pytest.mark.parametrize(
    "spell",
    [str.lower, lambda text: "", lambda text: text + "\n", lambda text: text + "AAAA", lambda text: text[:-4],
     lambda text: f" {text}", lambda text: text.replace("A", "Ａ") + "é", lambda text: text[:40] + "\0" + text[40:]],
)  # fmt: skip
def test_a_challenge_has_one_spelling(store: Store, spell: Callable[[str], str]) -> None:
    nonce = store.new_challenge(SESSION, NOW + 300)
    assert is_open(store, nonce)
    assert not is_open(store, spell(nonce))


def test_used_challenges_are_forgotten_when_they_have_expired(store: Store) -> None:
    for _ in range(10):
        assert uses(store, store.new_challenge(SESSION, NOW + 300))
    package = store.new_challenge(PACKAGE, NOW + DAY)
    assert uses(store, package, PACKAGE)
    assert stored(store) == 11
    later = NOW + 300
    assert uses(store, store.new_challenge(SESSION, later + 300), now=later)
    assert stored(store) == 2, "the package's goes on being remembered"
    assert not uses(store, package, PACKAGE, later)


def test_a_clock_that_jumps_back_opens_no_used_challenge(store: Store) -> None:
    used = store.new_challenge(SESSION, NOW + 300)
    assert uses(store, used)
    assert uses(store, store.new_challenge(SESSION, NOW + DAY), now=NOW + 400)
    assert stored(store) == 1
    for now in (NOW + 299, NOW, NOW - DAY, NOW - 400 * DAY):
        assert not uses(store, used, now=now), now


@pytest.mark.parametrize("back", [1, 299, 300, 301, DAY, 400 * DAY])
def test_a_clock_that_jumps_back_locks_nobody_out(store: Store, back: int) -> None:
    used, waiting = store.new_challenge(SESSION, NOW + 300), store.new_challenge(PACKAGE, NOW + DAY)
    assert uses(store, used)
    assert uses(store, store.new_challenge(SESSION, NOW + 601), now=NOW + 301)
    now = NOW + 301 - back
    fresh = store.new_challenge(SESSION, now + 300)
    assert uses(store, fresh, now=now)
    assert not uses(store, fresh, now=now)
    assert not uses(store, used, now=now)
    assert uses(store, waiting, PACKAGE, now), "a package that waits need not be signed again"


def test_a_clock_that_was_years_ahead_for_a_while_locks_nobody_out(store: Store) -> None:
    ahead = NOW + 3650 * DAY
    for now in (ahead, ahead + 400):
        assert uses(store, store.new_challenge(SESSION, now + 300), now=now)
    old = store.new_challenge(SESSION, ahead + 700)
    fresh = store.new_challenge(SESSION, NOW + 300)
    assert uses(store, fresh)
    assert not uses(store, old), "the generation of that time has ended"
    again = store.new_challenge(SESSION, NOW + 300)
    assert uses(store, again)


def test_a_challenge_is_used_once_by_two_processes_and_after_a_restart(store: Store) -> None:
    nonce, other = store.new_challenge(SESSION, NOW + 300), store.new_challenge(SESSION, NOW + 300)
    second = Store(store.folder)
    assert uses(second, nonce)
    assert not uses(store, nonce)
    second.close()
    third = Store(store.folder)
    assert not uses(third, nonce)
    assert uses(third, other)
    third.close()


def test_another_receiver_s_challenge_is_unknown(store: Store, tmp_path: Path) -> None:
    other = Store(tmp_path / "other")
    nonce = other.new_challenge(SESSION, NOW + 300)
    assert is_open(other, nonce)
    assert not is_open(store, nonce)
    other.close()


def test_the_key_is_not_printed(store: Store) -> None:
    key = (store.folder / "challenge.key").read_bytes()
    assert repr(key) not in repr(store._challenges)
    assert key.hex() not in repr(store._challenges)

"""The rows that the conditions for a change are about: read, checked and written within its transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from typing import Literal

from mynacard._dataclasses import dataclass
from mynacard.portal import refusal
from mynacard.portal.refusal import Refusal
from mynacard.submission.exchange import AccountState, Event, State

__all__ = [
    "Account",
    "account_by",
    "active_account",
    "add_event",
    "bind",
    "check_logged_in",
    "check_unchanged",
    "present_state",
    "set_state",
    "unique",
    "waiting_renewal",
]


@dataclass(frozen=True, slots=True)
class Account:
    """A registered account: fingerprints of both certificates, and of the holder's data in the signing one."""

    id: str
    state: AccountState
    authentication: str
    signing: str
    holder: str


def account_by(reading: sqlite3.Connection, column: Literal["id", "authentication"], value: str) -> Account | None:
    row = reading.execute(
        f"SELECT id, state, authentication, signing, holder FROM accounts WHERE {column} = ?", (value,)
    ).fetchone()
    if row is None:
        return None
    id_, state, *rest = map(str, row)
    return Account(id_, AccountState(state), *rest)


def active_account(reading: sqlite3.Connection, id_: str) -> Account:
    """The account of this id.

    Raises:
        Refusal: ``account/unknown`` (404); ``account/pending`` or ``account/closed`` (403).
    """
    account = account_by(reading, "id", id_)
    if account is None:
        raise refusal.unknown_account()
    refusal.check_active(account.state)
    return account


def check_unchanged(reading: sqlite3.Connection, account: Account) -> None:
    """Check that the account is active, and as it was when *account* was read.

    Raises:
        Refusal: ``account/pending`` or ``account/closed`` (403); ``account/changed`` (409).
    """
    if active_account(reading, account.id) != account:
        raise refusal.account_changed()


def check_logged_in(reading: sqlite3.Connection, id_: str, now: str) -> None:
    """Check that the account has a session that has not ended.

    Raises:
        Refusal: ``session/unknown`` (401).
    """
    if reading.execute("SELECT 1 FROM sessions WHERE account = ? AND expires > ?", (id_, now)).fetchone() is None:
        raise refusal.not_logged_in()


def set_state(change: sqlite3.Connection, id_: str, state: AccountState) -> None:
    change.execute("UPDATE accounts SET state = ? WHERE id = ?", (state, id_))


def bind(change: sqlite3.Connection, renewed: Account) -> None:
    """Bind these certificates to the account of this id, and end its sessions.

    Raises:
        Refusal: ``account/exists``: one of them belongs to another account.
    """
    with unique(refusal.account_exists()):
        change.execute(
            "UPDATE accounts SET authentication = ?, signing = ?, holder = ? WHERE id = ?",
            (renewed.authentication, renewed.signing, renewed.holder, renewed.id),
        )
    change.execute("DELETE FROM rebindings WHERE account = ?", (renewed.id,))
    change.execute("DELETE FROM sessions WHERE account = ?", (renewed.id,))


def waiting_renewal(reading: sqlite3.Connection, id_: str) -> Account | None:
    """The renewed certificates that wait for the office, as a pending account of the same id."""
    row = reading.execute("SELECT authentication, signing, holder FROM rebindings WHERE account = ?", (id_,)).fetchone()
    return None if row is None else Account(id_, AccountState.PENDING, *map(str, row))


def present_state(reading: sqlite3.Connection, application: str, account: str | None) -> State:
    """The state of an application that belongs to *account*; None stands for any account.

    Raises:
        Refusal: ``application/unknown`` (404).
    """
    row = reading.execute(
        "SELECT account, state FROM applications JOIN events ON application = provisional_number"
        " WHERE provisional_number = ? ORDER BY position DESC LIMIT 1",
        (application,),
    ).fetchone()
    if row is None or account not in (None, row[0]):
        raise refusal.unknown_application()
    return State(row[1])


def add_event(change: sqlite3.Connection, application: str, event: Event) -> None:
    change.execute(
        "INSERT INTO events SELECT ?, count(*), ?, ?, ? FROM events WHERE application = ?",
        (application, event.state, event.time, event.note, application),
    )


@contextmanager
def unique(refused: Refusal) -> Generator[None]:
    """Raise *refused* if a row would be there twice."""
    try:
        yield
    except sqlite3.IntegrityError:
        raise refused from None

"""The receiver's memory: SQLite and the packages in one folder, which may be temporary.

Every change is one transaction, so that a crash leaves the state before it or after it. Of certificates only the
fingerprints are kept: 公的個人認証法 does not allow a service to keep more.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mynacard import storage
from mynacard.submission import codec
from mynacard.submission.exchange import AccountState, Event, Overview, Purpose, Remark, State, Status

__all__ = ["Account", "Duplicate", "NoChallenge", "Store", "Submission"]

_INCOMING, _PACKAGES = "incoming", "packages"

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS accounts (
    id TEXT PRIMARY KEY, state TEXT NOT NULL, authentication TEXT NOT NULL UNIQUE, signing TEXT NOT NULL UNIQUE,
    holder TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS rebindings (
    account TEXT PRIMARY KEY, authentication TEXT NOT NULL, signing TEXT NOT NULL, holder TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS challenges (
    nonce TEXT PRIMARY KEY, purpose TEXT NOT NULL, account TEXT, expires TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS sessions (digest TEXT PRIMARY KEY, account TEXT NOT NULL, expires TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS submissions (
    account TEXT NOT NULL, key TEXT NOT NULL, content TEXT NOT NULL, manifest TEXT NOT NULL UNIQUE,
    application TEXT NOT NULL, file TEXT NOT NULL, PRIMARY KEY (account, key));
CREATE TABLE IF NOT EXISTS applications (
    provisional_number TEXT PRIMARY KEY, account TEXT NOT NULL, digest TEXT NOT NULL, number TEXT NOT NULL DEFAULT '',
    report TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS events (
    application TEXT NOT NULL, position INTEGER NOT NULL, state TEXT NOT NULL, time TEXT NOT NULL, note TEXT NOT NULL,
    PRIMARY KEY (application, position));
"""


class Duplicate(Exception):
    """An equal entry is there already."""


class NoChallenge(Exception):
    """The challenge is not open."""


@dataclass(frozen=True, slots=True)
class Account:
    """A registered account: fingerprints of both certificates, and of the holder's data in the signing one."""

    id: str
    state: AccountState
    authentication: str
    signing: str
    holder: str


@dataclass(frozen=True, slots=True)
class Submission:
    """An accepted package: its key, its bytes' digest, and the application that it is or belongs to."""

    account: str
    key: str
    content: str
    manifest: str
    application: str
    file: str


class Store:
    """Accounts, challenges, sessions, applications. Any thread may call; calls run one after the other."""

    def __init__(self, folder: Path | None = None) -> None:
        """Open or create the store in *folder*; without one it lives as long as this object."""
        self._temporary = tempfile.TemporaryDirectory() if folder is None else None
        self.folder = Path(self._temporary.name) if self._temporary is not None else folder or Path()
        storage.private_folder(storage.private_folder(self.folder) / _PACKAGES)
        database = storage.private_file(self.folder / "store.sqlite")  # SQLite gives its other files the same mode
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(database, check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.executescript(_SCHEMA)
        self._sweep()

    def close(self) -> None:
        """Close the database, and remove a temporary folder. Closing it twice changes nothing."""
        self._connection.close()
        if self._temporary is not None:
            self._temporary.cleanup()

    # --- challenges and sessions ---

    def add_challenge(self, nonce: str, purpose: Purpose, account: str | None, expires: str, now: str) -> None:
        with self._change() as change:
            change.execute("DELETE FROM challenges WHERE expires <= ?", (now,))
            change.execute("INSERT INTO challenges VALUES (?, ?, ?, ?)", (nonce, purpose, account, expires))

    def challenge_count(self, account: str | None) -> int:
        """The number of open challenges of *account*; None: of those that do not belong to an account."""
        (count,) = self._one("SELECT count(*) FROM challenges WHERE account IS ?", account) or (0,)
        return int(str(count))

    def has_challenge(self, nonce: str, purpose: Purpose, account: str | None, now: str) -> bool:
        return self._one(f"SELECT * {_OPEN}", nonce, purpose, account, now) is not None

    def take_challenge(self, nonce: str, purpose: Purpose, account: str | None, now: str) -> bool:
        """Close the challenge; return whether it was open."""
        with self._change() as change:
            return change.execute(f"DELETE {_OPEN}", (nonce, purpose, account, now)).rowcount == 1

    def add_session(self, digest: str, account: str, expires: str, now: str) -> None:
        with self._change() as change:
            change.execute("DELETE FROM sessions WHERE expires <= ?", (now,))
            change.execute("INSERT INTO sessions VALUES (?, ?, ?)", (digest, account, expires))

    def session_account(self, digest: str, now: str) -> str | None:
        row = self._one("SELECT account FROM sessions WHERE digest = ? AND expires > ?", digest, now)
        return None if row is None else str(row[0])

    # --- accounts ---

    def add_account(self, account: Account) -> None:
        """Add a new account.

        Raises:
            Duplicate: one of its certificates belongs to another.
        """
        with self._change() as change:
            change.execute(
                "INSERT INTO accounts VALUES (?, ?, ?, ?, ?)",
                (account.id, account.state, account.authentication, account.signing, account.holder),
            )

    def account(self, id_: str) -> Account | None:
        return self._account("id", id_)

    def account_of(self, authentication: str) -> Account | None:
        return self._account("authentication", authentication)

    def set_state(self, account: str, state: AccountState) -> None:
        with self._change() as change:
            change.execute("UPDATE accounts SET state = ? WHERE id = ?", (state, account))
            if state is not AccountState.ACTIVE:
                change.execute("DELETE FROM sessions WHERE account = ?", (account,))

    def rebind(self, account: Account) -> None:
        """Bind these certificates to the account of this id, and end its sessions.

        Raises:
            Duplicate: one of them belongs to another account.
        """
        with self._change() as change:
            change.execute(
                "UPDATE accounts SET authentication = ?, signing = ?, holder = ? WHERE id = ?",
                (account.authentication, account.signing, account.holder, account.id),
            )
            change.execute("DELETE FROM rebindings WHERE account = ?", (account.id,))
            change.execute("DELETE FROM sessions WHERE account = ?", (account.id,))

    def add_rebinding(self, account: Account) -> None:
        """Keep these certificates until the office has examined them; the account stays as it is."""
        with self._change() as change:
            change.execute(
                "INSERT OR REPLACE INTO rebindings VALUES (?, ?, ?, ?)",
                (account.id, account.authentication, account.signing, account.holder),
            )

    def rebinding(self, account: str) -> Account | None:
        row = self._one("SELECT authentication, signing, holder FROM rebindings WHERE account = ?", account)
        return None if row is None else Account(account, AccountState.PENDING, *map(str, row))

    # --- applications ---

    def submission(self, account: str, key: str) -> Submission | None:
        row = self._one("SELECT * FROM submissions WHERE account = ? AND key = ?", account, key)
        return None if row is None else Submission(*map(str, row))

    def add_submission(self, submission: Submission, nonce: str, event: Event, report: tuple[Remark, ...]) -> None:
        """Take a package, its challenge and its application's first or next event, all at once.

        Raises:
            NoChallenge: the challenge is not open.
            Duplicate: the same manifest was taken before, or the key.
        """
        with self._change() as change:
            values = (nonce, Purpose.PACKAGE, submission.account, event.time)
            if change.execute(f"DELETE {_OPEN}", values).rowcount != 1:
                raise NoChallenge
            change.execute(
                "INSERT INTO submissions VALUES (?, ?, ?, ?, ?, ?)",
                (
                    submission.account,
                    submission.key,
                    submission.content,
                    submission.manifest,
                    submission.application,
                    submission.file,
                ),
            )
            change.execute(
                "INSERT OR IGNORE INTO applications (provisional_number, account, digest, report) VALUES (?, ?, ?, ?)",
                (submission.application, submission.account, submission.manifest, json.dumps(codec.encode(report))),
            )
            _add_event(change, submission.application, event)

    def add_event(self, application: str, event: Event, *, number: str | None = None) -> None:
        with self._change() as change:
            if number is not None:
                change.execute("UPDATE applications SET number = ? WHERE provisional_number = ?", (number, application))
            _add_event(change, application, event)

    def status(self, account: str | None, application: str) -> Status | None:
        """The status of an application, if it is *account*'s; None stands for any account."""
        row = self._one(
            "SELECT provisional_number, digest, number, report, account FROM applications WHERE provisional_number = ?",
            application,
        )
        if row is None or account not in (None, row[4]):
            return None
        events = self._all("SELECT state, time, note FROM events WHERE application = ? ORDER BY position", application)
        history = tuple(Event(State(str(state)), str(time), str(note)) for state, time, note in events)
        report = tuple(codec.decode(Remark, remark) for remark in json.loads(str(row[3])))
        return Status(str(row[0]), str(row[1]), history, str(row[2]), report)

    def overview(self, account: str, most: int = 100) -> Overview:
        """The latest applications of an account, newest first."""
        numbers = self._all(
            "SELECT provisional_number FROM applications WHERE account = ? ORDER BY rowid DESC LIMIT ?", account, most
        )
        statuses = (self.status(account, str(number)) for (number,) in numbers)
        return Overview(tuple(status for status in statuses if status is not None))

    def count(self) -> int:
        """How many applications there are."""
        (count,) = self._one("SELECT count(*) FROM applications") or (0,)
        return int(str(count))

    @contextmanager
    def receiving(self) -> Generator[Path]:
        """The path for a package while it comes in; unless :meth:`keep` moves the file, it is removed afterwards."""
        incoming = storage.private_folder(self.folder / _INCOMING)
        with tempfile.TemporaryDirectory(dir=incoming) as folder:
            yield Path(folder) / "package"

    def keep(self, received: Path, name: str) -> None:
        """Move a received package to those that are kept."""
        storage.move(received, self.folder / _PACKAGES / name)

    def discard(self, name: str) -> None:
        """Remove a kept package that was not accepted after all."""
        (self.folder / _PACKAGES / name).unlink(missing_ok=True)

    def _sweep(self) -> None:
        """Remove what a crash left: packages that were coming in, or kept and not accepted."""
        shutil.rmtree(self.folder / _INCOMING, ignore_errors=True)
        accepted = {str(name) for (name,) in self._all("SELECT file FROM submissions")}
        for package in (self.folder / _PACKAGES).iterdir():
            if package.name not in accepted:
                package.unlink()

    # --- SQLite ---

    def _account(self, column: str, value: str) -> Account | None:
        row = self._one(f"SELECT id, state, authentication, signing, holder FROM accounts WHERE {column} = ?", value)
        if row is None:
            return None
        id_, state, *rest = map(str, row)
        return Account(id_, AccountState(state), *rest)

    def _one(self, query: str, *values: object) -> tuple[object, ...] | None:
        with self._lock:
            row: tuple[object, ...] | None = self._connection.execute(query, values).fetchone()
            return row

    def _all(self, query: str, *values: object) -> list[tuple[object, ...]]:
        with self._lock:
            return self._connection.execute(query, values).fetchall()

    @contextmanager
    def _change(self) -> Generator[sqlite3.Connection]:
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._commit()
            except sqlite3.IntegrityError as error:
                self._connection.execute("ROLLBACK")
                raise Duplicate from error
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def _commit(self) -> None:
        self._connection.execute("COMMIT")


_OPEN: Final = "FROM challenges WHERE nonce = ? AND purpose = ? AND account IS ? AND expires > ?"


def _add_event(change: sqlite3.Connection, application: str, event: Event) -> None:
    change.execute(
        "INSERT INTO events SELECT ?, count(*), ?, ?, ? FROM events WHERE application = ?",
        (application, event.state, event.time, event.note, application),
    )

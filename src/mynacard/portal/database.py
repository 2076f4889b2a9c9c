"""SQLite in the receiver's folder: whose folder it is, the tables, and transactions that other processes wait for."""

from __future__ import annotations

import sqlite3
import struct
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from filelock import Timeout

from mynacard import storage
from mynacard.errors import MynacardError
from mynacard.texts import N_

__all__ = ["Database", "StoreError", "setting_up"]

_NAME: Final = "store.sqlite"
_SETUP_LOCK: Final = "setup.lock"
_UNFINISHED: Final = frozenset({_NAME, f"{_NAME}-journal", _SETUP_LOCK})
"""All that a start that was cut short can leave in a new folder: the tables and the mark come in one transaction."""
_APPLICATION_ID: Final = 0x6D796E61
_VERSION: Final = 1
_BUSY_S: Final = 30.0
_MAGIC: Final = b"SQLite format 3\0"
_HEADER: Final = struct.Struct(">16s52xI28x")  # https://sqlite.org/fileformat2.html §1.3

_SCHEMA: Final = f"""
BEGIN IMMEDIATE;
CREATE TABLE accounts (
    id TEXT PRIMARY KEY, state TEXT NOT NULL, authentication TEXT NOT NULL UNIQUE, signing TEXT NOT NULL UNIQUE,
    holder TEXT NOT NULL);
CREATE TABLE rebindings (
    account TEXT PRIMARY KEY, authentication TEXT NOT NULL, signing TEXT NOT NULL, holder TEXT NOT NULL);
CREATE TABLE used_challenges (
    purpose TEXT NOT NULL, expires INTEGER NOT NULL, nonce TEXT NOT NULL,
    PRIMARY KEY (purpose, expires, nonce)) WITHOUT ROWID;
CREATE TABLE generations (purpose TEXT PRIMARY KEY, generation INTEGER NOT NULL, forgotten INTEGER NOT NULL);
CREATE TABLE sessions (digest TEXT PRIMARY KEY, account TEXT NOT NULL, expires TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX sessions_account ON sessions (account);
CREATE INDEX sessions_expiry ON sessions (expires);
CREATE TABLE submissions (
    account TEXT NOT NULL, key TEXT NOT NULL, content TEXT NOT NULL, manifest TEXT NOT NULL UNIQUE,
    application TEXT NOT NULL, file TEXT NOT NULL UNIQUE, PRIMARY KEY (account, key));
CREATE TABLE applications (
    provisional_number TEXT PRIMARY KEY, account TEXT NOT NULL, digest TEXT NOT NULL, number TEXT NOT NULL,
    report TEXT NOT NULL);
CREATE INDEX applications_account ON applications (account);
CREATE TABLE events (
    application TEXT NOT NULL, position INTEGER NOT NULL, state TEXT NOT NULL, time TEXT NOT NULL, note TEXT NOT NULL,
    PRIMARY KEY (application, position)) WITHOUT ROWID;
PRAGMA application_id = {_APPLICATION_ID};
PRAGMA user_version = {_VERSION};
COMMIT;
"""


class StoreError(MynacardError):
    """The receiver's folder is not one, was made by another version, or cannot be used."""

    code = "portal/store"


class Database:
    """The database in *folder*. Any thread, and any number of processes, may call; changes come one after the other."""

    def __init__(self, folder: Path) -> None:
        """Open the database, or create it, while this process is :func:`setting_up` the folder.

        Raises:
            StoreError: the database cannot be used, or was made by another version.
        """
        path = storage.private_file(folder / _NAME)  # SQLite gives its other files the same mode
        path.chmod(0o600)
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, timeout=_BUSY_S, check_same_thread=False, isolation_level=None)
        try:
            self._prepare(folder)
        except BaseException as error:
            self._connection.close()
            if isinstance(error, sqlite3.Error):
                raise StoreError(
                    N_("The receiver's database in {folder} cannot be used: {reason}"), folder=folder, reason=error
                ) from error
            raise

    def close(self) -> None:
        """Close the database. Closing it twice changes nothing."""
        self._connection.close()

    def _prepare(self, folder: Path) -> None:
        self._connection.execute("PRAGMA synchronous = FULL")
        if self._one("PRAGMA application_id") == (0,):
            self._connection.executescript(_SCHEMA)
        if self._one("PRAGMA user_version") != (_VERSION,):
            raise StoreError(N_("The receiver's data in {folder} is that of another version."), folder=folder)
        self._connection.execute("PRAGMA journal_mode = WAL")

    def _one(self, query: str, *values: object) -> tuple[object, ...] | None:
        with self._lock:
            row: tuple[object, ...] | None = self._connection.execute(query, values).fetchone()
            return row

    def _all(self, query: str, *values: object) -> list[tuple[object, ...]]:
        with self._lock:
            return self._connection.execute(query, values).fetchall()

    @contextmanager
    def _reading(self) -> Generator[sqlite3.Connection]:
        with self._lock:
            yield self._connection

    @contextmanager
    def _change(self) -> Generator[sqlite3.Connection]:
        """A transaction in which no other thread or process changes anything."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._commit()
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def _commit(self) -> None:
        self._connection.execute("COMMIT")


@contextmanager
def setting_up(folder: Path) -> Generator[None]:
    """Prepare *folder*, which exists; other processes that start there wait meanwhile.

    Raises:
        StoreError: *folder* is not a receiver's, and nothing in it was touched; or another process does not finish.
    """
    _check_ours(folder)
    folder.chmod(0o700)
    try:
        with storage.lock(folder / _SETUP_LOCK, _BUSY_S):
            yield
    except Timeout as error:
        raise StoreError(
            N_("Another program does not finish starting a receiver in {folder}."), folder=folder
        ) from error


def _check_ours(folder: Path) -> None:
    """Check that *folder* is new, or has a database with our mark."""
    header = b""
    with suppress(FileNotFoundError), (folder / _NAME).open("rb") as database:
        header = database.read(_HEADER.size)
    is_new = not header and _UNFINISHED.issuperset(entry.name for entry in folder.iterdir())
    if not is_new and (len(header) < _HEADER.size or _HEADER.unpack(header) != (_MAGIC, _APPLICATION_ID)):
        raise StoreError(N_("{folder} has other files in it; a receiver needs a folder of its own."), folder=folder)

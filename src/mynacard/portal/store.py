"""The receiver's memory: SQLite and the packages in one folder, which may be temporary, and shared by processes.

Every change is one transaction, and the conditions for it are part of that: a crash leaves the state before it or after
it, and of two changes that exclude each other one is refused. Of certificates only the fingerprints are kept:
公的個人認証法 does not allow a service to keep more.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import tempfile
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

from mynacard import storage
from mynacard._dataclasses import dataclass
from mynacard.arguments import check_type
from mynacard.portal import refusal
from mynacard.portal.challenges import KEY_LENGTH, Bound, Challenges
from mynacard.portal.database import Database, StoreError, setting_up
from mynacard.portal.moves import check_move
from mynacard.portal.packages import Packages
from mynacard.portal.rows import (
    Account,
    account_by,
    active_account,
    add_event,
    bind,
    check_logged_in,
    check_unchanged,
    present_state,
    set_state,
    unique,
    waiting_renewal,
)
from mynacard.submission import codec
from mynacard.submission.exchange import AccountState, Event, Overview, Purpose, Remark, State, Status
from mynacard.texts import N_

__all__ = ["Account", "Claim", "Store", "Submission"]

_KEY_FILE: Final = "challenge.key"


@dataclass(frozen=True, slots=True)
class Claim:
    """What a package says, and has to be true when it is taken.

    Attributes:
        account: the one that sent it.
        nonce: of its challenge.
        signing: the fingerprint of the certificate that it is signed with.
        to: the application that it was sent to; None for a new one.
        belongs_to: the application that it names; None for a new one.
    """

    account: str
    nonce: str
    signing: str
    to: str | None
    belongs_to: str | None

    @property
    def bound(self) -> Bound:
        """What its challenge is bound to."""
        return Bound(Purpose.PACKAGE, self.account)


@dataclass(frozen=True, slots=True)
class Submission:
    """An accepted package: its key, its bytes' digest, and the application that it is or belongs to."""

    account: str
    key: str
    content: str
    manifest: str
    application: str
    file: str


class Store(Database):
    """Accounts, challenges, sessions, applications. Any thread may call; changes come one after the other.

    Times are those of the receiver: ``now`` in seconds since 1970, or in the form of messages.
    """

    def __init__(self, folder: Path | None = None) -> None:
        """Open or create the store in *folder*; without one it lives as long as this object.

        Raises:
            StoreError: *folder* is not new and not a receiver's, is another version's, or its files cannot be used.
            OSError: it cannot be made, or is a link.
        """
        check_type(folder, Path, type(None), wanted="Path or None")
        self._temporary = tempfile.TemporaryDirectory() if folder is None else None
        self.folder = Path(self._temporary.name) if self._temporary is not None else folder or Path()
        with setting_up(storage.private_folder(self.folder)):
            super().__init__(self.folder)
            try:
                self._challenges = Challenges(_key(self.folder / _KEY_FILE))
                self._packages = Packages(self.folder, self._is_accepted)
            except BaseException:
                super().close()
                raise

    def close(self) -> None:
        """Close the database, and remove a temporary folder. Closing it twice changes nothing."""
        super().close()
        self._packages.close()
        if self._temporary is not None:
            self._temporary.cleanup()

    # --- challenges and sessions ---

    def new_challenge(self, bound: Bound, expires: int) -> str:
        """A challenge that is open until *expires*. Nothing is stored, unless the clock has gone back."""
        while True:
            with self._reading() as reading:
                nonce = self._challenges.new(reading, bound, expires)
            if nonce is not None:
                return nonce
            with self._change() as change:
                self._challenges.begin_generation(change, bound.purpose, expires)

    def check_challenge(self, nonce: str, bound: Bound, now: int) -> None:
        """Check that the challenge is open.

        Raises:
            Refusal: ``challenge/unknown``.
        """
        with self._reading() as reading:
            self._challenges.check(reading, nonce, bound, now)

    def use_challenge(self, nonce: str, bound: Bound, now: int) -> None:
        """Close the challenge.

        Raises:
            Refusal: ``challenge/unknown``: it is not open, perhaps not any more.
        """
        with self._change() as change:
            self._challenges.use(change, nonce, bound, now)

    def add_session(self, digest: str, account: Account, expires: str, now: str) -> None:
        """Begin a session of *account*, if that is still as it was when its holder logged in.

        Raises:
            Refusal: ``account/changed``.
        """
        with self._change() as change:
            check_unchanged(change, account)
            change.execute("DELETE FROM sessions WHERE expires <= ?", (now,))
            change.execute("INSERT INTO sessions VALUES (?, ?, ?)", (digest, account.id, expires))

    def session_account(self, digest: str, now: str) -> str | None:
        row = self._one("SELECT account FROM sessions WHERE digest = ? AND expires > ?", digest, now)
        return None if row is None else str(row[0])

    # --- accounts ---

    def add_account(self, account: Account) -> Account:
        """Add a new account, or return the one that has the same two certificates.

        Raises:
            Refusal: ``account/exists``: one of its certificates belongs to another.
        """
        with self._change() as change:
            known = account_by(change, "authentication", account.authentication)
            if known is not None and known.signing == account.signing:
                return known  # sent twice: the line was cut
            with unique(refusal.account_exists()):
                change.execute(
                    "INSERT INTO accounts VALUES (?, ?, ?, ?, ?)",
                    (account.id, account.state, account.authentication, account.signing, account.holder),
                )
            return account

    def account(self, id_: str) -> Account | None:
        with self._reading() as reading:
            return account_by(reading, "id", id_)

    def account_of(self, authentication: str) -> Account | None:
        with self._reading() as reading:
            return account_by(reading, "authentication", authentication)

    def close_account(self, account: str) -> None:
        """Close the account, and end its sessions."""
        with self._change() as change:
            set_state(change, account, AccountState.CLOSED)
            change.execute("DELETE FROM sessions WHERE account = ?", (account,))

    def rebind(self, renewed: Account, before: Account, now: str) -> None:
        """Bind the certificates of *renewed* to its account, if that is still *before* and logged in; end its sessions.

        Raises:
            Refusal: ``account/changed``; ``session/unknown``; ``account/exists``: one of them is another account's.
        """
        with self._change() as change:
            check_unchanged(change, before)
            check_logged_in(change, before.id, now)
            bind(change, renewed)

    def approve(self, account: str, renewal: Account | None) -> None:
        """Make the account active, with the certificates of *renewal* if they are still those that wait.

        Raises:
            Refusal: ``account/unknown``; ``account/changed``: others wait; ``account/closed``: only renewed
                certificates can open it again; ``account/exists``: they belong to another account.
        """
        with self._change() as change:
            known = account_by(change, "id", account)
            if known is None:
                raise refusal.unknown_account()
            if renewal is not None:
                if waiting_renewal(change, account) != renewal:
                    raise refusal.account_changed()
                bind(change, renewal)
            elif known.state is AccountState.CLOSED:
                raise refusal.account_closed()
            set_state(change, account, AccountState.ACTIVE)

    def add_rebinding(self, account: Account) -> None:
        """Keep these certificates until the office has examined them; the account stays as it is."""
        with self._change() as change:
            change.execute(
                "INSERT OR REPLACE INTO rebindings VALUES (?, ?, ?, ?)",
                (account.id, account.authentication, account.signing, account.holder),
            )

    def rebinding(self, account: str) -> Account | None:
        with self._reading() as reading:
            return waiting_renewal(reading, account)

    # --- applications ---

    def submission(self, account: str, key: str) -> Submission | None:
        row = self._one("SELECT * FROM submissions WHERE account = ? AND key = ?", account, key)
        return None if row is None else Submission(*map(str, row))

    def check_claim(self, claim: Claim, now: int) -> None:
        """Check what a package says. :meth:`add_submission` does it again, when nothing can change any more.

        Raises:
            Refusal: as :meth:`add_submission`, but not ``submission/repeated``.
        """
        with self._reading() as reading:
            self._challenges.check(reading, claim.nonce, claim.bound, now)
            self._check_claim(reading, claim)

    def _check_claim(self, reading: sqlite3.Connection, claim: Claim) -> None:
        sender = active_account(reading, claim.account)
        if sender.signing != claim.signing:
            raise refusal.other_certificate()
        if claim.to != claim.belongs_to:
            raise refusal.belongs_elsewhere()
        if claim.to is not None:
            present = present_state(reading, claim.to, claim.account)
            if present is not State.AWAITING_DOCUMENTS:
                raise refusal.wrong_state(present)

    def add_submission(
        self,
        submission: Submission,
        claim: Claim,
        events: tuple[Event, ...],
        report: tuple[Remark, ...],
        now: int,
        *,
        number: str = "",
    ) -> None:
        """Take a package, its challenge and the first or next events of its application, all at once.

        Args:
            submission: the package.
            claim: what has to be true.
            events: at least one.
            report: the rules' warnings about a new application.
            now: the receiver's time.
            number: the final number of a new application.

        Raises:
            Refusal: ``challenge/unknown``; ``account/pending``, ``account/closed`` or ``account/other-certificate``;
                ``application/unknown`` or ``application/state``; ``submission/repeated``: the same manifest was taken
                before, or the key.
        """
        values = (submission.account, submission.key, submission.content, submission.manifest, submission.application)
        with self._change() as change:
            self._challenges.use(change, claim.nonce, claim.bound, now)
            self._check_claim(change, claim)
            with unique(refusal.repeated()):
                change.execute("INSERT INTO submissions VALUES (?, ?, ?, ?, ?, ?)", (*values, submission.file))
            if claim.to is None:
                _add_application(change, submission, number, report)
            for event in events:
                add_event(change, submission.application, event)

    def move(
        self,
        application: str,
        event: Event,
        *,
        account: str | None = None,
        before: State | None = None,
        number: str | None = None,
    ) -> None:
        """Move an application to the state of *event*; one that was withdrawn before stays so.

        Args:
            application: its provisional number.
            event: the new state.
            account: the active account that it must belong to; None: any.
            before: the state that it must be in; None: any from which it can go there.
            number: its final number.

        Raises:
            Refusal: ``account/pending`` or ``account/closed``; ``application/unknown``; ``application/state``.
        """
        with self._change() as change:
            if account is not None:
                active_account(change, account)
            present = present_state(change, application, account)
            if account is not None and present is event.state is State.WITHDRAWN:
                return
            if before not in (None, present):
                raise refusal.wrong_state(present)
            check_move(present, event.state)
            if number is not None:
                change.execute("UPDATE applications SET number = ? WHERE provisional_number = ?", (number, application))
            add_event(change, application, event)

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

    # --- packages ---

    def receiving(self) -> AbstractContextManager[Path]:
        """The path for a package while it comes in; unless :meth:`keeping` moves the file, it is removed afterwards."""
        return self._packages.receiving()

    def keeping(self, received: Path) -> AbstractContextManager[str]:
        """Keep a received package under a new name; an error before it is accepted removes it again."""
        return self._packages.keeping(received)

    def _is_accepted(self, file: str) -> bool:
        return self._one("SELECT 1 FROM submissions WHERE file = ?", file) is not None


def _add_application(
    change: sqlite3.Connection, submission: Submission, number: str, report: tuple[Remark, ...]
) -> None:
    values = (submission.application, submission.account, submission.manifest, number, json.dumps(codec.encode(report)))
    change.execute("INSERT INTO applications VALUES (?, ?, ?, ?, ?)", values)


def _key(path: Path) -> bytes:
    """The key in the file *path*, which is made if it does not exist.

    Raises:
        StoreError: the file has another length.
    """
    if not path.exists():
        storage.replace_file(path, secrets.token_bytes(KEY_LENGTH))
    key = path.read_bytes()
    if len(key) != KEY_LENGTH:
        raise StoreError(N_("The receiver's key in {file} is damaged."), file=path)
    return key

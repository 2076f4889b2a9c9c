"""Signed packages on their way: each is complete on the disk before its first byte is sent, and stays there.

An entry's Idempotency-Key is made and stored with it. So whatever breaks, sending it again results in one application,
and never needs another signature.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import field, replace
from enum import StrEnum
from pathlib import Path
from typing import Final

from mynacard import storage
from mynacard._dataclasses import dataclass
from mynacard.arguments import check_type
from mynacard.errors import UsageError
from mynacard.submission import codec
from mynacard.submission.exchange import Status
from mynacard.submission.profile import REFERENCE, Profile
from mynacard.texts import N_

__all__ = ["Entry", "EntryState", "Outbox"]

_ENTRY, _PACKAGE = "entry.json", "package.zip"
_UNFINISHED: Final = "."
_ABANDONED_S: Final = 86_400.0


class EntryState(StrEnum):
    """READY: to be sent, or sent and not answered. REFUSED: the receiver refused it, and would again."""

    READY = "ready"
    RECEIVED = "received"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Entry:
    """A package, and its outcome.

    Attributes:
        id: its folder's name.
        portal: the receiver's address.
        key: the Idempotency-Key.
        content: the package's SHA-256 value.
        size: its bytes.
        state: whether it still has to be sent.
        number: the number of the application that it belongs to; empty for a new one.
        status: the receipt.
        problem: the code of the receiver's refusal.
    """

    id: str
    portal: str
    key: str = field(repr=False)
    content: str
    size: int
    state: EntryState = EntryState.READY
    number: str = ""
    status: Status | None = None
    problem: str = ""


class Outbox:
    """The entries in a folder, which belongs to one person."""

    def __init__(self, folder: Path, profile: Profile = REFERENCE) -> None:
        check_type(folder, Path)
        self._folder = storage.private_folder(folder)
        self._profile = profile

    def add(
        self,
        portal: str,
        manifest_json: bytes,
        signature: bytes,
        files: Sequence[Path],
        *,
        number: str = "",
        progress: Callable[[int], object] = lambda _: None,
    ) -> Entry:
        """A new entry with a package made of these; once this returns, the entry survives a crash.

        If it raises, nothing is left of the entry.

        Raises:
            PackageError: a file is not the one that the manifest lists.
            FormError: *manifest_json* is not a manifest in canonical form.
            MissingExtraError: rfc8785 is not installed.
            OSError: a file cannot be read, or the outbox cannot be written.
        """
        id_ = secrets.token_hex(8)
        unfinished = self._folder / f"{_UNFINISHED}{id_}"
        storage.private_folder(unfinished)
        try:
            with storage.create_stream(unfinished / _PACKAGE) as target:
                self._profile.build(target, manifest_json, signature, files, progress)
                storage.flush(target)
                target.seek(0)
                content = hashlib.file_digest(target, "sha256").hexdigest()
                size = target.tell()
            entry = Entry(id_, portal, secrets.token_urlsafe(24), content, size, number=number)
            storage.replace_file(unfinished / _ENTRY, _document(entry))
            storage.move(unfinished, self._folder / id_)
        except Exception:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise
        return entry

    def entries(self) -> tuple[Entry, ...]:
        """All entries, by their folders' names; removes what a crash left unfinished a day ago.

        Raises:
            FormError: an entry's file was damaged; its package is still there.
        """
        entries = list[Entry]()
        for folder in sorted(self._folder.iterdir()):
            if folder.name.startswith(_UNFINISHED):  # left by a crash, or being written by another process
                if time.time() - folder.stat().st_mtime > _ABANDONED_S:
                    shutil.rmtree(folder, ignore_errors=True)
            elif (folder / _ENTRY).exists():
                entries.append(codec.loads(Entry, (folder / _ENTRY).read_bytes()))
        return tuple(entries)

    def entry(self, id_: str) -> Entry:
        """The entry of this name.

        Raises:
            UsageError: there is no such entry.
            FormError: its file was damaged.
        """
        folders = {path.name: path for path in self._folder.iterdir() if not path.name.startswith(_UNFINISHED)}
        if id_ not in folders:
            raise UsageError(N_("The outbox has no entry {id}."), id=id_)
        return codec.loads(Entry, (folders[id_] / _ENTRY).read_bytes())

    def package(self, entry: Entry) -> Path:
        """The path of the entry's package."""
        return self._folder / entry.id / _PACKAGE

    def settle(self, entry: Entry, status: Status) -> Entry:
        """Keep the receipt."""
        return self._kept(replace(entry, state=EntryState.RECEIVED, status=status, problem=""))

    def refuse(self, entry: Entry, problem: str) -> Entry:
        """Keep the receiver's refusal. The package stays."""
        return self._kept(replace(entry, state=EntryState.REFUSED, problem=problem))

    def _kept(self, entry: Entry) -> Entry:
        storage.replace_file(self._folder / entry.id / _ENTRY, _document(entry))
        return entry


def _document(entry: Entry) -> bytes:
    return json.dumps(codec.encode(entry), indent=1).encode()

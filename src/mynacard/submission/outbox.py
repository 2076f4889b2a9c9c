"""Signed packages on their way: each on the disk, whole, before its first byte is sent, and until its receipt is there.

An entry's Idempotency-Key is made and written down with it. So whatever breaks, sending it again ends in one
application, and never needs another signature.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Final

from mynacard import storage
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
    """READY: to be sent, or sent and not answered. REFUSED: the receiver said no, and would again."""

    READY = "ready"
    RECEIVED = "received"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Entry:
    """A package, and what became of it.

    Attributes:
        id: its folder's name.
        portal: the receiver's address.
        key: the Idempotency-Key.
        content: the package's SHA-256 value.
        size: its bytes.
        number: of the application that it belongs to; empty for a new one.
        status: the receipt.
        problem: the code of the receiver's no.
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
    """Entries in a folder of one person's."""

    def __init__(self, folder: Path, profile: Profile = REFERENCE) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder
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
        """A new entry with the package of these; when this returns, it survives a crash.

        Raises:
            PackageError: a file is not the one that the manifest lists. Nothing is left of the entry.
        """
        id_ = secrets.token_hex(8)
        unfinished = self._folder / f"{_UNFINISHED}{id_}"
        unfinished.mkdir(mode=0o700)
        try:
            with (unfinished / _PACKAGE).open("w+b") as target:
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
        """All entries, by their folders' names; what a crash left unfinished a day ago is thrown away.

        Raises:
            FormError: an entry's file was damaged; its package is there.
        """
        found = list[Entry]()
        for folder in sorted(self._folder.iterdir()):
            if folder.name.startswith(_UNFINISHED):  # of a crash, or of another process at this moment
                if time.time() - folder.stat().st_mtime > _ABANDONED_S:
                    shutil.rmtree(folder, ignore_errors=True)
            elif (folder / _ENTRY).exists():
                found.append(codec.loads(Entry, (folder / _ENTRY).read_bytes()))
        return tuple(found)

    def entry(self, id_: str) -> Entry:
        """The entry of this name.

        Raises:
            UsageError: there is none.
            FormError: its file was damaged.
        """
        found = {each.name: each for each in self._folder.iterdir() if not each.name.startswith(_UNFINISHED)}
        if id_ not in found:
            raise UsageError(N_("The outbox has no entry {id}."), id=id_)
        return codec.loads(Entry, (found[id_] / _ENTRY).read_bytes())

    def package(self, entry: Entry) -> Path:
        """Where the entry's package lies."""
        return self._folder / entry.id / _PACKAGE

    def settle(self, entry: Entry, status: Status) -> Entry:
        """Keep the receipt."""
        return self._kept(replace(entry, state=EntryState.RECEIVED, status=status, problem=""))

    def refuse(self, entry: Entry, problem: str) -> Entry:
        """Keep the receiver's no. The package stays."""
        return self._kept(replace(entry, state=EntryState.REFUSED, problem=problem))

    def _kept(self, entry: Entry) -> Entry:
        storage.replace_file(self._folder / entry.id / _ENTRY, _document(entry))
        return entry


def _document(entry: Entry) -> bytes:
    return json.dumps(codec.encode(entry), indent=1).encode()

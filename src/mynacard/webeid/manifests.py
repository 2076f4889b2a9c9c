"""Manifests of native-messaging hosts, and the slots that hold them: a file, or a value in the Windows registry.

What is not ours is never overwritten: it is kept under another name beside its own, and put back.

Source: developer.chrome.com "Native messaging"; developer.mozilla.org "Native manifests". A browser refuses a manifest
that has the other family's list of extensions instead of its own.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, Protocol, cast

from mynacard._dataclasses import dataclass
from mynacard.errors import BrowserSetupError, UsageError
from mynacard.storage import replace_file
from mynacard.texts import N_
from mynacard.webeid.places import EXTENSIONS, Family
from mynacard.webeid.registry import Hive, Registry

__all__ = ["HOST", "PROGRAM", "FileSlot", "KeySlot", "Manifest", "Slot", "content_of", "family_of"]

HOST: Final = "eu.webeid"
"""The name by which the extension asks for its host."""
PROGRAM: Final = "mynacard-webeid"
"""The name of our host's program, by which our manifests are told from others."""
_SIZE_MAX: Final = 0x1_0000
_KEPT: Final = ".before-mynacard"
_MADE: Final = ".made-by-mynacard"
_OURS: Final = re.compile(rf"(?:.*[/\\])?{PROGRAM}(?:\.exe)?", re.DOTALL)
_LISTS: Final = {Family.CHROMIUM: "allowed_origins", Family.FIREFOX: "allowed_extensions"}
_ORIGIN: Final = "chrome-extension://{}/"
_IDS: Final = {
    Family.CHROMIUM: re.compile("[a-p]{32}"),
    Family.FIREFOX: re.compile(r"\{[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\}|[\w.-]*@[\w.-]+", re.ASCII),
}


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a browser reads: which program it starts, and for which extensions.

    Attributes:
        program: the program's path; empty if the manifest cannot be read.
        allowed: the extensions that may start it, as the manifest lists them.
    """

    program: str = ""
    allowed: frozenset[str] = frozenset()

    @property
    def ours(self) -> bool:
        return _OURS.fullmatch(self.program) is not None

    def current(self, family: Family) -> bool:
        """Whether the published extension may start the program."""
        return _listed(family, EXTENSIONS[family]) <= self.allowed

    def extra(self, family: Family) -> frozenset[str]:
        """The extensions that may start it besides the published one."""
        return self.allowed - _listed(family, EXTENSIONS[family])


def content_of(program: Path, family: Family, extensions: Iterable[str] = ()) -> bytes:
    """The manifest that lets the published extension, and *extensions* of the same family, start *program*.

    Raises:
        BrowserSetupError: the path has bytes that JSON cannot hold.
    """
    listed = [*EXTENSIONS[family], *(extension for extension in extensions if family_of(extension) is family)]
    document = {
        "name": HOST,
        "description": "mynacard: Japan's Individual Number Card for Web eID (removed by: mynacard webeid uninstall)",
        "path": str(program),
        "type": "stdio",
        _LISTS[family]: [_entry(family, extension) for extension in dict.fromkeys(listed)],
    }
    try:
        return (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode()
    except UnicodeEncodeError:
        raise BrowserSetupError(
            N_("{path} is not in UTF-8, and browsers cannot start it. Install mynacard in another folder."),
            path=ascii(str(program)),
        ) from None


def family_of(extension: str) -> Family:
    """The browsers that have extensions with identifiers like *extension*.

    Raises:
        UsageError: none has.
    """
    for family, form in _IDS.items():
        if form.fullmatch(extension):
            return family
    raise UsageError(
        N_("{extension} is not an extension's identifier: 32 letters for Chromium, name@place for Firefox."),
        extension=ascii(extension),
    )


def _entry(family: Family, extension: str) -> str:
    return _ORIGIN.format(extension) if family is Family.CHROMIUM else extension


def _listed(family: Family, extensions: Iterable[str]) -> frozenset[str]:
    return frozenset(_entry(family, extension) for extension in extensions)


def _manifest(path: Path) -> Manifest:
    """The manifest in *path*, as far as it can be read."""
    try:
        with path.open("rb") as file:
            document: object = json.loads(file.read(_SIZE_MAX).decode())
    except (OSError, ValueError, RecursionError):
        return Manifest()
    members = cast(dict[str, Any], document) if isinstance(document, dict) else {}
    program = members.get("path")
    lists = [members.get(name) for name in _LISTS.values()]
    listed = [entry for entries in lists if isinstance(entries, list) for entry in cast(list[object], entries)]
    return Manifest(
        program if isinstance(program, str) else "", frozenset(entry for entry in listed if isinstance(entry, str))
    )


class Slot(Protocol):
    """A place where a browser finds at most one manifest for the extension's host."""

    @property
    def where(self) -> str:
        """The place, for people."""
        ...

    def read(self) -> Manifest | None:
        """What is there; None if nothing is."""
        ...

    def take(self, content: bytes) -> bool:
        """Put our manifest there, and keep what is not ours; False if exactly this one was there already.

        Raises:
            OSError: it cannot be written; everything is as it was.
        """
        ...

    def release(self) -> bool:
        """Remove our manifest, and put back what was kept; False if ours was not there.

        Raises:
            OSError: it cannot be removed.
        """
        ...


@dataclass(frozen=True, slots=True)
class FileSlot:
    """The file of the host's name in *folder*."""

    folder: Path

    @property
    def path(self) -> Path:
        return self.folder / f"{HOST}.json"

    @property
    def where(self) -> str:
        return str(self.path)

    def read(self) -> Manifest | None:
        return _manifest(self.path) if os.path.lexists(self.path) else None

    def take(self, content: bytes) -> bool:
        current = self.read()
        if current is not None and current.ours and self.path.read_bytes() == content:
            return False
        try:
            _make(self.folder)
            if current is not None and not current.ours:
                self.path.replace(self._kept)
            replace_file(self.path, content)
        except BaseException:
            self._put_back()
            _unmake(self.folder)
            raise
        return True

    def release(self) -> bool:
        current = self.read()
        ours = current is not None and current.ours
        if ours:
            self.path.unlink()
        self._put_back()
        _unmake(self.folder)
        return ours

    @property
    def _kept(self) -> Path:
        return self.path.with_name(self.path.name + _KEPT)

    def _put_back(self) -> None:
        if os.path.lexists(self._kept) and not os.path.lexists(self.path):
            self._kept.replace(self.path)


@dataclass(frozen=True, slots=True)
class KeySlot:
    """The default value of a registry key: the path of a manifest. Ours is in a folder of our own.

    Attributes:
        registry: the registry.
        hive: where the key is; only this user's is ever written.
        key: the key.
        file: where our manifest goes.
    """

    registry: Registry
    hive: Hive
    key: str
    file: FileSlot

    @property
    def where(self) -> str:
        return rf"{self.hive}\{self.key}"

    def read(self) -> Manifest | None:
        path = self.registry.get(self.hive, self.key)
        return None if path is None else _manifest(Path(path))

    def take(self, content: bytes) -> bool:
        value = self.registry.get(self.hive, self.key)
        manifest, path = self.read(), str(self.file.path)
        changed = self.file.take(content)
        if value == path:
            return changed
        try:
            if manifest is not None and not manifest.ours:
                self.registry.put(self.key, _KEPT, value)
            self.registry.put(self.key, "", path)
        except BaseException:
            self.file.release()
            raise
        return True

    def release(self) -> bool:
        manifest = self.read()
        ours = manifest is not None and manifest.ours
        if ours or manifest is None:
            kept = self.registry.get(self.hive, self.key, _KEPT)
            if kept is not None:
                self.registry.put(self.key, _KEPT, None)
            if ours or kept is not None:
                self.registry.put(self.key, "", kept)
        self.file.release()
        return ours


def _make(folder: Path) -> None:
    """Make *folder* and what is missing above it, with a mark in each, so that they can go again."""
    missing = [path for path in (folder, *folder.parents) if not os.path.lexists(path)]
    for path in reversed(missing):
        path.mkdir(mode=0o700)
        (path / _MADE).touch(mode=0o600)


def _unmake(folder: Path) -> None:
    """Remove the marks that :func:`_make` left, and the folders with nothing else in them.

    A mark stays while another folder of ours is below it: what was made for two browsers goes with the second.
    """
    with contextlib.suppress(OSError):
        for path in filter(os.path.lexists, (folder, *folder.parents)):
            entries = os.listdir(path)
            if _MADE not in entries or any((path / entry / _MADE).exists() for entry in entries):
                return
            (path / _MADE).unlink()
            if entries == [_MADE]:
                path.rmdir()

"""User accounts in a folder: of any system, with browsers, other programs' manifests, and a registry."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from mynacard.webeid.places import Account
from mynacard.webeid.registry import Hive


class FakeRegistry:
    """A registry in memory: texts by hive, key and name."""

    def __init__(self) -> None:
        self.texts: dict[tuple[Hive, str, str], str] = {}

    def get(self, hive: Hive, key: str, name: str = "", /) -> str | None:
        return self.texts.get((hive, key, name))

    def put(self, key: str, name: str, text: str | None, /) -> None:
        if text is None:
            self.texts.pop((Hive.USER, key, name), None)
        else:
            self.texts[Hive.USER, key, name] = text


def account(folder: Path, platform: str = "linux", **environment: str) -> Account:
    """An account whose home and root are *folder*; it has no browser."""
    return Account(platform, folder, environment, folder, FakeRegistry() if platform == "win32" else None)


def program(path: Path, text: str = "#!/bin/sh\n") -> Path:
    """A program at *path* that can be started."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    path.chmod(0o755)
    return path


def manifest(folder: Path, path: str = "/usr/bin/web-eid", extensions: Iterable[str] = ()) -> Path:
    """A manifest in *folder* that starts *path*: by itself, another country's program."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "eu.webeid.json"
    file.write_text(json.dumps({"name": "eu.webeid", "path": path, "allowed_origins": [*extensions]}), "utf-8")
    return file


def tree(folder: Path) -> dict[str, tuple[str, bytes]]:
    """Everything in *folder*: folders, files with their bytes, links with where they lead."""
    entries: dict[str, tuple[str, bytes]] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            entries[name] = ("link", path.readlink().as_posix().encode())
        else:
            entries[name] = ("folder", b"") if path.is_dir() else ("file", path.read_bytes())
    return entries

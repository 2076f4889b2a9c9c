"""Who may hold the card is read from /proc, and nothing is done to anybody."""

from __future__ import annotations

import os
from pathlib import Path

from mynacard.readers.holders import likely_holders


def process(proc: Path, number: int, name: str, maps: str) -> None:
    folder = proc / str(number)
    folder.mkdir()
    (folder / "comm").write_text(name + "\n")
    (folder / "maps").write_text(maps)


def test_who_has_the_library_loaded_is_named(tmp_path: Path) -> None:
    process(tmp_path, 12, "scdaemon", "7f00-7f01 r-xp 0 08:01 1 /usr/lib/x86_64-linux-gnu/libpcsclite.so.1.0.0\n")
    process(tmp_path, 13, "bash", "7f00-7f01 r-xp 0 08:01 1 /usr/lib/x86_64-linux-gnu/libc.so.6\n")
    process(tmp_path, os.getpid(), "ourselves", "/usr/lib/libpcsclite.so.1\n")
    (tmp_path / "14").mkdir()  # ends while it is looked at
    (tmp_path / "self").mkdir()
    assert likely_holders(tmp_path) == ("scdaemon (12)",)


def test_where_the_system_has_no_such_list_nobody_is_named(tmp_path: Path) -> None:
    assert likely_holders(tmp_path / "nothing") == ()

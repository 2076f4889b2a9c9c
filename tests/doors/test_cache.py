"""What is kept in the cache folder is made once, and anew where it is of no use."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from filelock import FileLock

from mynacard.doors import cache
from mynacard.errors import TestPkiError
from tests.support import SOURCE

NAME = "kept.json"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MYNACARD_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def memory() -> Iterator[None]:
    """As in a new process, which has told nothing yet."""
    cache._memory.cache_clear()
    yield
    cache._memory.cache_clear()


class Maker:
    """Makes numbers; of documents it takes those with a positive one."""

    def __init__(self) -> None:
        self.made = 0

    def value(self, version: int = 1) -> int:
        return cache.cached(NAME, version, load=self._load, make=self._make, dump=lambda value: {"number": value})

    def _load(self, document: Any) -> int | None:
        number: int = document["number"]
        return number if number > 0 else None

    def _make(self) -> int:
        self.made += 1
        return self.made


def test_it_is_made_once_and_its_document_says_the_version(folder: Path) -> None:
    maker = Maker()
    assert [maker.value(), maker.value()] == [1, 1]
    assert json.loads((folder / NAME).read_bytes()) == {"version": 1, "number": 1}


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[]", b"null", b"{}", b'{"version": 1}', b'{"version": 2, "number": 7}',
        b'{"version": 1, "number": "7"}', b'{"version": 1, "number": -7}', b"[" * 100_000,
    ],
)  # fmt: skip
def test_what_is_of_no_use_is_made_anew(content: bytes, folder: Path) -> None:
    folder.mkdir()
    (folder / NAME).write_bytes(content)
    maker = Maker()
    assert [maker.value(), maker.value(), maker.made] == [1, 1, 1]


def test_another_version_is_made_anew(folder: Path) -> None:
    maker = Maker()
    assert [maker.value(), maker.value(version=2), maker.value(version=2)] == [1, 2, 2]
    assert json.loads((folder / NAME).read_bytes())["version"] == 2


def test_of_several_that_need_it_at_once_one_makes_it(folder: Path) -> None:
    makers = [Maker() for _ in range(4)]
    threads = [threading.Thread(target=maker.value) for maker in makers]
    folder.mkdir()
    with FileLock((folder / NAME).with_suffix(".lock")):
        for thread in threads:
            thread.start()
    for thread in threads:
        thread.join()
    assert sum(maker.made for maker in makers) == 1


def test_a_lock_that_nobody_lets_go_is_an_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "_LOCK_TIMEOUT_S", 0.05)
    folder.mkdir()
    with FileLock((folder / NAME).with_suffix(".lock")), pytest.raises(TestPkiError, match="cannot be used"):
        Maker().value()


def test_keys_come_back_and_damaged_ones_say_what_to_delete(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    again = cache.load_key(cache.dump_key(key))
    assert cache.dump_key(again) == cache.dump_key(key)
    with pytest.raises(TestPkiError, match="Delete its folder") as caught:
        cache.load_key(b"damaged")
    assert str(folder) in str(caught.value)


def test_serial_numbers_have_63_bits() -> None:
    assert {cache.new_serial().bit_length() for _ in range(20)} == {63}


# --- no folder ---------------------------------------------------------------------------------------


def full(_path: Path, _content: bytes) -> None:
    raise OSError(28, "No space left on device")


def unusable(folder: Path, monkeypatch: pytest.MonkeyPatch, why: str) -> str:
    """Make the cache *folder* unusable; returns what the system says of it."""
    if why == "a file":
        folder.write_bytes(b"")
        return "Not a directory"
    if why == "below a file":
        folder.write_bytes(b"")
        monkeypatch.setenv("MYNACARD_CACHE", str(folder / "cache"))
        return "Not a directory"
    if why == "nonsense":
        monkeypatch.setenv("MYNACARD_CACHE", "\x1b[2J" * 2000)
        return "File name too long"
    if why == "full":
        monkeypatch.setattr(cache, "replace_file", full)
        return "No space left on device"
    monkeypatch.delenv("MYNACARD_CACHE")
    for name in ("HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    import pwd  # only where users have numbers

    monkeypatch.setattr(pwd, "getpwuid", {}.__getitem__)  # a container's user, who is not in the list of users
    monkeypatch.chdir(folder.parent)
    return "No such file or directory"


UNUSABLE = ["a file", "below a file", "nonsense", "full"]
"""On every system; Windows always knows where the home is, and has its own words for errors."""


@pytest.mark.parametrize("why", UNUSABLE if sys.platform == "win32" else [*UNUSABLE, "no home"])
def test_without_a_folder_it_is_kept_in_memory_and_that_is_said_once(
    why: str, folder: Path, memory: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    reason = unusable(folder, monkeypatch, why)
    before = sorted(folder.parent.iterdir())
    maker = Maker()
    made = maker.value()
    assert [maker.value(), Maker().value()] == [made, made]
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert ("(" if sys.platform == "win32" else f"({reason})") in record.getMessage()
    assert "MYNACARD_CACHE" in record.getMessage()
    assert why == "full" or sorted(folder.parent.iterdir()) == before


def test_what_is_in_memory_and_of_no_use_is_made_anew(
    folder: Path, memory: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    unusable(folder, monkeypatch, "a file")
    maker = Maker()
    assert [maker.value(), maker.value(version=2), maker.value(version=2)] == [1, 2, 2]


def test_what_can_be_read_need_not_be_writable(
    folder: Path, memory: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert Maker().value() == 1
    monkeypatch.setattr(cache, "replace_file", full)
    maker = Maker()
    assert (maker.value(), maker.made, caplog.records) == (1, 0, [])


PROCESS = """
import sys
from pathlib import Path
from mynacard.doors import cache

def make():
    with Path(sys.argv[1]).open("a") as made:
        made.write("made ")
    return 7

print(cache.cached("kept.json", 1, load=lambda document: document["number"], make=make,
                   dump=lambda value: {"number": value}))
"""


def test_of_two_processes_that_need_it_at_once_one_makes_it(folder: Path, tmp_path: Path) -> None:
    folder.mkdir()
    environment = {**os.environ, "PYTHONPATH": str(SOURCE.parent), "MYNACARD_CACHE": str(folder)}
    with FileLock((folder / NAME).with_suffix(".lock")):
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", PROCESS, str(tmp_path / "made")], stdout=subprocess.PIPE, text=True,
                env=environment,
            )
            for _ in range(2)
        ]  # fmt: skip
    assert [process.communicate(timeout=60)[0] for process in processes] == ["7\n", "7\n"]
    assert (tmp_path / "made").read_text() == "made "

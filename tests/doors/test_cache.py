"""What is kept in the cache folder is made once, and anew where it is of no use."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from filelock import FileLock

from mynacard.doors import cache
from mynacard.errors import TestPkiError

NAME = "kept.json"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MYNACARD_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


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

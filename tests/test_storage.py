"""Whole or not at all: what is there when a disk is full, a rename fails, or a caller gives up."""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mynacard.storage import flush, move, replace_file, whole_folder

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes")


def failing(*_arguments: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device", "/another/name")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def open_umask() -> Iterator[None]:
    mask = os.umask(0)
    yield
    os.umask(mask)


# --- files ---


@posix
@pytest.mark.usefixtures("open_umask")
def test_a_file_is_its_owner_s_whatever_stood_there(tmp_path: Path) -> None:
    path = tmp_path / "file"
    replace_file(path, b"one")
    assert (path.read_bytes(), mode(path)) == (b"one", 0o600)
    path.chmod(0o644)
    replace_file(path, b"two")
    assert (path.read_bytes(), mode(path)) == (b"two", 0o600)


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_file_that_cannot_be_written_is_as_it_was_and_is_named(
    step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"before")
    monkeypatch.setattr(os, step, failing)
    with pytest.raises(OSError, match="No space left") as caught:
        replace_file(path, b"after")
    assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, str(path))
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_missing_is_named_by_the_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        replace_file(tmp_path / "none" / "file", b"")
    assert caught.value.filename == str(tmp_path / "none" / "file")


def test_an_interrupted_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_descriptor: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        replace_file(tmp_path / "file", b"content")
    assert list(tmp_path.iterdir()) == []


def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"of another")
    (tmp_path / "file").symlink_to(target)
    replace_file(tmp_path / "file", b"ours")
    assert (target.read_bytes(), (tmp_path / "file").is_symlink()) == (b"of another", False)


def test_the_bytes_are_on_the_disk_before_the_name_is_and_the_name_before_it_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    rename, sync = os.replace, os.fsync

    def synced(descriptor: int) -> None:
        steps.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        sync(descriptor)

    def renamed(source: Path, target: Path) -> None:
        steps.append("name")
        rename(source, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", renamed)
    replace_file(tmp_path / "file", b"content")
    assert steps == ["file", "name"] + ["folder"] * (sys.platform != "win32")


def test_what_is_flushed_can_be_read_while_it_is_open_and_moved_whole(tmp_path: Path) -> None:
    with (tmp_path / "one").open("wb") as stream:
        stream.write(b"content")
        flush(stream)
        assert (tmp_path / "one").read_bytes() == b"content"
    move(tmp_path / "one", tmp_path / "two")
    assert [path.name for path in tmp_path.iterdir()] == ["two"]


# --- folders ---


def fill(folder: Path, content: bytes) -> None:
    (folder / "inner").mkdir()
    (folder / "inner" / "file").write_bytes(content)


@posix
@pytest.mark.usefixtures("open_umask")
def test_a_folder_appears_whole_and_is_its_owner_s(tmp_path: Path) -> None:
    path = tmp_path / "folder"
    with whole_folder(path) as folder:
        assert mode(folder) == 0o700
        assert mode(folder.parent) == 0o700
        fill(folder, b"content")
        assert not path.exists()
    assert ((path / "inner" / "file").read_bytes(), mode(path)) == (b"content", 0o700)
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_replaces_the_whole_former_one(tmp_path: Path) -> None:
    path = tmp_path / "folder"
    fill(path.parent, b"beside")
    path.mkdir()
    (path / "old").write_bytes(b"")
    with whole_folder(path) as folder:
        fill(folder, b"new")
    assert [entry.name for entry in path.iterdir()] == ["inner"]
    assert {entry.name for entry in tmp_path.iterdir()} == {"folder", "inner"}


def test_a_folder_whose_filling_fails_is_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "folder"
    path.mkdir()
    (path / "old").write_bytes(b"")

    def give_up(folder: Path) -> None:
        fill(folder, b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), whole_folder(path) as folder:
        give_up(folder)
    assert [entry.name for entry in path.iterdir()] == ["old"]
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_cannot_be_put_in_place_leaves_the_former_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "folder"
    path.mkdir()
    (path / "old").write_bytes(b"")
    monkeypatch.setattr("mynacard.storage.move", failing)
    with pytest.raises(OSError, match="No space left") as caught, whole_folder(path) as folder:
        fill(folder, b"new")
    assert caught.value.filename == str(path)
    assert [entry.name for entry in path.iterdir()] == ["old"]
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_of_the_caller_s_own_keeps_its_name(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught, whole_folder(tmp_path / "folder"):
        (tmp_path / "none").read_bytes()
    assert caught.value.filename == str(tmp_path / "none")

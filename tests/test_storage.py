"""Whole or not at all: what is there when a disk is full, a rename fails, or a caller gives up."""

from __future__ import annotations

import ast
import errno
import os
import re
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

from mynacard.storage import (
    create_file,
    create_stream,
    flush,
    lock,
    move,
    open_output,
    private_file,
    private_folder,
    replace_file,
    whole_file,
    whole_folder,
    write_output,
)
from tests.full_disk import limited
from tests.support import SOURCE

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has other modes, links, pipes and errors")


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


@posix
@pytest.mark.parametrize("replace", [True, False])
def test_a_file_that_cannot_grow_is_named_and_leaves_what_was_there(replace: bool, tmp_path: Path) -> None:
    path = tmp_path / "file"
    if replace:
        path.write_bytes(b"before")
    with (
        limited(1 << 20),
        pytest.raises(OSError, match="too large") as caught,
        whole_file(path, replace=replace) as file,
    ):
        file.write(b"x" * ((1 << 20) + 1))
    assert (caught.value.errno, caught.value.filename) == (errno.EFBIG, str(path))
    assert {one.name: one.read_bytes() for one in tmp_path.iterdir()} == ({"file": b"before"} if replace else {})


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "", "/another"), ConnectionError(), KeyboardInterrupt()])
def test_errors_of_others_pass_and_leave_no_file(error: BaseException, tmp_path: Path) -> None:
    def fail() -> None:
        with whole_file(tmp_path / "file", replace=False) as file:
            file.write(b"content")
            raise error

    with pytest.raises(type(error)) as caught:
        fail()
    assert caught.value is error
    assert list(tmp_path.iterdir()) == []


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


# --- where others can write, too ---


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A file of another folder, to which links lead."""
    (tmp_path / "home").mkdir()
    file = tmp_path / "home" / "profile"
    file.write_bytes(b"of another")
    return file


@pytest.fixture(params=["file", "nowhere", "folder"])
def planted(request: pytest.FixtureRequest, tmp_path: Path, outside: Path) -> Path:
    """A link at the name that a test writes to."""
    (tmp_path / "shared").mkdir()
    leads = {"file": outside, "nowhere": outside.with_name("none"), "folder": outside.parent}[request.param]
    (tmp_path / "shared" / "name").symlink_to(leads)
    return tmp_path / "shared" / "name"


def locked(path: Path) -> None:
    with lock(path, 0.1):
        pass


def streamed(path: Path, *, replace: bool = False) -> None:
    with create_stream(path, replace=replace) as stream:
        stream.write(b"ours")


def opened(path: Path) -> None:
    with open_output(path) as stream:
        stream.write(b"ours")


@posix
@pytest.mark.parametrize("write", [
    lambda path: replace_file(path, b"ours"),
    lambda path: write_output(path, b"ours"),
    lambda path: streamed(path, replace=True),
    opened,
])  # fmt: skip
def test_a_planted_link_is_replaced(write: Callable[[Path], object], planted: Path, outside: Path) -> None:
    write(planted)
    assert (planted.read_bytes(), planted.is_symlink(), mode(planted)) == (b"ours", False, 0o600)
    assert [(path.name, path.read_bytes()) for path in outside.parent.iterdir()] == [("profile", b"of another")]


@posix
@pytest.mark.parametrize("write", [
    lambda path: create_file(path, b"ours"), streamed, private_file, private_folder, locked,
])  # fmt: skip
def test_a_planted_link_is_refused(write: Callable[[Path], object], planted: Path, outside: Path) -> None:
    with pytest.raises(OSError, match="exists|symbolic links") as caught:
        write(planted)
    assert caught.value.filename == str(planted)
    assert planted.is_symlink()
    assert [(path.name, path.read_bytes()) for path in outside.parent.iterdir()] == [("profile", b"of another")]


@posix
@pytest.mark.usefixtures("open_umask")
def test_everything_new_is_its_owner_s(tmp_path: Path) -> None:
    create_file(tmp_path / "a", b"content")
    streamed(tmp_path / "b")
    private_file(tmp_path / "c")
    locked(tmp_path / "d")
    assert {path.name: mode(path) for path in tmp_path.iterdir() if path.name != "d"} == dict.fromkeys("abc", 0o600)
    assert mode(private_folder(tmp_path / "folder")) == 0o700
    assert (tmp_path / "a").read_bytes() == b"content"


def test_a_new_file_replaces_nothing(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"before")
    for write in (lambda: create_file(path, b"after"), lambda: streamed(path)):
        with pytest.raises(FileExistsError):
            write()
    assert private_file(path).read_bytes() == b"before"


def test_a_new_file_that_cannot_be_written_leaves_its_name_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(OSError, match="No space left"):
        create_file(tmp_path / "file", b"content")
    assert list(tmp_path.iterdir()) == []


@posix
def test_a_device_and_a_pipe_are_written_to_and_stay(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_output(pipe, b"one ")
    opened(pipe)
    assert os.read(reader, 99) == b"one ours"
    os.close(reader)
    write_output(Path("/dev/null"), b"gone")
    assert stat.S_ISFIFO(pipe.lstat().st_mode)
    assert stat.S_ISCHR(Path("/dev/null").lstat().st_mode)


@posix
def test_standard_output_by_its_name_is_written_to() -> None:
    script = "from pathlib import Path; from mynacard.storage import write_output; write_output(Path('{}'), b'ours')"
    for name in ("/dev/stdout", "/dev/fd/1"):
        done = subprocess.run([sys.executable, "-c", script.format(name)], capture_output=True, check=True)
        assert done.stdout == b"ours"


@posix
def test_a_pipe_that_became_a_link_is_not_followed(
    planted: Path, outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mynacard.storage.is_plain", lambda _: False)  # as it was a moment ago
    with pytest.raises(OSError, match="symbolic links"):
        opened(planted)
    assert outside.read_bytes() == b"of another"


def test_a_name_may_be_as_long_as_the_system_allows(tmp_path: Path) -> None:
    for write in (create_file, replace_file):
        write(tmp_path / ("n" * 255), b"content")
    assert [path.name for path in tmp_path.iterdir()] == ["n" * 255]


@posix
def test_a_folder_is_no_place_for_output(tmp_path: Path) -> None:
    for write in (lambda: write_output(tmp_path, b""), lambda: opened(tmp_path)):
        with pytest.raises(IsADirectoryError) as caught:
            write()
        assert caught.value.filename == str(tmp_path)


# --- and nothing else writes ---


def writes(call: ast.Call) -> bool:
    """Whether *call* makes or changes a file or folder, as far as its name and arguments say."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    of = call.func.value.id if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name) else ""
    texts = [argument.value for argument in (*call.args, *(word.value for word in call.keywords))
             if isinstance(argument, ast.Constant) and isinstance(argument.value, str)]  # fmt: skip
    match of, name:
        case ("os", "open" | "mkdir" | "makedirs" | "replace" | "rename" | "link" | "symlink" | "truncate" | "mkfifo"):
            return True
        case ("shutil", "copy" | "copy2" | "copyfile" | "copytree" | "move"):
            return True
        case (_, "FileLock" | "SoftFileLock" | "mkstemp" | "NamedTemporaryFile"):
            return True
        case (_, "write_text" | "write_bytes" | "mkdir" | "touch" | "symlink_to" | "hardlink_to"):
            return True
        case (_, "open" | "fdopen"):
            return any(re.fullmatch(r"[rwaxbt+]{1,4}", text) and set(text) & set("wax+") for text in texts)
    return False


_OTHERS: Final = {
    "consent/scripted.py": "appends to a file that storage made",
    "submission/package.py": "an entry of an archive, in a stream that it is given",
    "webeid/manifests.py": "makes a browser's own folders, which others may read",
    "webeid/serving.py": "opens the null device, before it imports anything",
}


def test_no_other_module_writes_files() -> None:
    writing = {
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and writes(call)
    }
    assert writing == {"storage.py", *_OTHERS}

"""The one writer of files and folders: whole or not at all, for their owner only, and never through a link.

Others may be able to write into the same folder. So a file grows under a name that they cannot guess, and is then moved
to its own name, where a link is replaced or refused, not followed. What grows under its own name, such as a recording,
is a file that did not exist before.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import tempfile
from collections.abc import Generator
from io import BufferedRandom
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

if TYPE_CHECKING:
    from filelock import FileLock

__all__ = [
    "check_free",
    "create_file",
    "create_stream",
    "flush",
    "is_full",
    "is_plain",
    "lock",
    "move",
    "open_output",
    "private_file",
    "private_folder",
    "replace_file",
    "whole_file",
    "whole_folder",
    "write_output",
]

_PREFIX: Final = ".mynacard-"
"""How temporary names begin; the target's own name may leave no room for more letters."""
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""No room on the disk, none for this person, none for a file of this length."""
_STREAMS: Final = (Path("/dev"), Path("/dev/fd"), Path("/proc/self/fd"))
"""Folders of the system, whose links to the streams of a process only the system can make."""


def replace_file(path: Path, content: bytes) -> None:
    """Replace *path* with *content*, mode 0600, whole or not at all; it is on the disk when this returns.

    Raises:
        OSError: it cannot be written; ``filename`` is *path*, not the temporary file.
    """
    with whole_file(path, replace=True) as file:
        file.write(content)


def create_file(path: Path, content: bytes) -> None:
    """The same for a *path* that does not exist yet. Only a crash in the middle leaves an empty file.

    Raises:
        FileExistsError: there is something at *path*, be it a link that leads nowhere; it is unchanged.
        OSError: as :func:`replace_file`.
    """
    with whole_file(path, replace=False) as file:
        file.write(content)


@contextlib.contextmanager
def whole_file(path: Path, *, replace: bool) -> Generator[BufferedRandom]:
    """A file to write and read, mode 0600. It becomes *path* when the context ends; after an error it is removed.

    Args:
        path: its name in the end.
        replace: whether what is there may go.

    Raises:
        FileExistsError: *replace* is false, and there is something at *path*, be it a link that leads nowhere.
        OSError: it cannot be written; ``filename`` is *path*, which is as it was, not the temporary file.

    What else is raised in the context passes through.
    """
    if not replace:
        create_stream(path).close()  # takes the name; a hard link would do the same, but not every file system has them
    try:
        with _errors_name(path):
            descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=_PREFIX)  # made with mode 0600
        try:
            with _flushed(descriptor, path) as file:
                yield file
            with _errors_name(path):
                move(Path(temporary), path)
        finally:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
    except BaseException:
        if not replace:
            with contextlib.suppress(OSError):
                path.unlink()
        raise


@contextlib.contextmanager
def _flushed(descriptor: int, path: Path) -> Generator[BufferedRandom]:
    """The file of *descriptor*, on the disk when the context ends. That it cannot grow is an error of *path*."""
    file = os.fdopen(descriptor, "w+b")
    try:
        yield file
        with _errors_name(path):
            flush(file)
    except OSError as error:
        if error.filename is None and is_full(error):
            raise OSError(error.errno, error.strerror, os.fspath(path)) from error
        raise
    finally:
        with contextlib.suppress(OSError):  # what cannot be flushed was raised above
            file.close()


def check_free(path: Path) -> None:
    """Check that a new file can have the name *path*.

    Raises:
        FileExistsError: there is something at *path*, be it a link that leads nowhere.
    """
    if os.path.lexists(path):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), os.fspath(path))


def create_stream(path: Path, *, replace: bool = False) -> BufferedRandom:
    """A new file at *path*, mode 0600, to write and read while it grows; what *replace* allows to go is removed first.

    Raises:
        FileExistsError: there is something at *path*, be it a link that leads nowhere; it is unchanged.
        OSError: the file cannot be made.
    """
    if replace:
        path.unlink(missing_ok=True)
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    return os.fdopen(os.open(path, flags, 0o600), "w+b")


def open_output(path: Path) -> BinaryIO:
    """What a person named for output that comes bit by bit: a device or pipe, or a new file in place of an old one.

    Raises:
        OSError: it cannot be opened, or is a folder.
    """
    if is_plain(path):
        return create_stream(path, replace=True)
    flags = os.O_WRONLY | getattr(os, "O_BINARY", 0)
    if path.absolute().parent not in _STREAMS:
        flags |= getattr(os, "O_NOFOLLOW", 0)  # it may have become a link since
    return os.fdopen(os.open(path, flags), "wb")


def write_output(path: Path, content: bytes) -> None:
    """Write *content* to what a person named: to a device or pipe, else as :func:`replace_file`.

    Raises:
        OSError: it cannot be written.
    """
    if is_plain(path):
        replace_file(path, content)
        return
    with open_output(path) as stream:
        stream.write(content)


def is_plain(path: Path) -> bool:
    """Whether a file can be put at *path*: it is free, or holds a file or link; a device, pipe or folder stays."""
    try:
        mode = path.lstat().st_mode
    except OSError:
        return True
    return path.absolute().parent not in _STREAMS and (stat.S_ISREG(mode) or stat.S_ISLNK(mode))


def private_folder(path: Path) -> Path:
    """*path*, made with mode 0700 if it does not exist; its missing parents are made, too.

    Raises:
        OSError: it cannot be made, or is a link: what is kept in it would go where the link leads.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return _no_link(path)


def private_file(path: Path) -> Path:
    """*path*, made empty and with mode 0600 if it does not exist, for a library that opens files by name.

    Raises:
        OSError: it cannot be made, or is a link.
    """
    with contextlib.suppress(FileExistsError):
        create_stream(path).close()
    return _no_link(path)


def lock(path: Path, timeout_s: float, *, any_thread: bool = False) -> FileLock:
    """A lock between processes, in the file *path*, not yet acquired.

    Its ``acquire`` raises ``filelock.Timeout`` after *timeout_s* seconds, and an OSError if *path* is a link. Only the
    thread that acquired it can release it, unless *any_thread*.
    """
    from filelock import FileLock  # noqa: PLC0415  # who only reads a card does not wait for it

    return FileLock(path, timeout=timeout_s, mode=0o600, thread_local=not any_thread)


@contextlib.contextmanager
def whole_folder(path: Path) -> Generator[Path, None, None]:
    """A folder to fill, mode 0700. It replaces *path* when the context ends; after an error it is removed instead.

    Raises:
        OSError: it cannot be made or put in place; ``filename`` is *path*, which is unchanged.
    """
    path = path.absolute()
    with _errors_name(path):
        work = Path(tempfile.mkdtemp(dir=path.parent, prefix=_PREFIX))  # made with mode 0700
    try:
        new = work / "new"
        with _errors_name(path):
            new.mkdir(mode=0o700)
        yield new
        with _errors_name(path):
            _flush_tree(new)
            _exchange(path, new, work / "former")
    finally:
        shutil.rmtree(work, ignore_errors=True)


def flush(stream: BinaryIO) -> None:
    """Return once everything written to *stream* is on the disk."""
    stream.flush()
    os.fsync(stream.fileno())


def is_full(error: OSError) -> bool:
    """Whether *error* says that there is no room for what was to be written."""
    return error.errno in _FULL


def move(source: Path, target: Path) -> None:
    """Make *source* the new *target*, within one file system; a crash afterwards does not undo it."""
    os.replace(source, target)
    _sync_folder(target.parent)


def _no_link(path: Path) -> Path:
    if path.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), os.fspath(path))
    return path


def _exchange(path: Path, new: Path, former: Path) -> None:
    if path.exists():
        path.replace(former)
    try:
        move(new, path)
    except BaseException:
        if former.exists():
            former.replace(path)
        raise


def _flush_tree(folder: Path) -> None:
    for entry in folder.iterdir():
        if entry.is_dir():
            _flush_tree(entry)
        else:
            with entry.open("r+b") as file:  # Windows flushes only a file that is open for writing
                flush(file)
    _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # Windows cannot sync a folder; it journals the rename
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _errors_name(path: Path) -> Generator[None, None, None]:
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, os.fspath(path)) from error

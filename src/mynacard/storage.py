"""Files and folders that are written whole or not at all, and are on the disk before anything relies on them."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import BinaryIO

__all__ = ["flush", "move", "replace_file", "whole_folder"]


def replace_file(path: Path, content: bytes) -> None:
    """Replace *path* with *content*, mode 0600, whole or not at all; it is on the disk when this returns.

    Raises:
        OSError: it cannot be written; ``filename`` is *path*, not the temporary file.
    """
    with _errors_name(path):
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # made with mode 0600
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                flush(file)
            move(Path(temporary), path)
        finally:
            with contextlib.suppress(OSError):
                os.unlink(temporary)


@contextlib.contextmanager
def whole_folder(path: Path) -> Generator[Path, None, None]:
    """A folder to fill, mode 0700. It replaces *path* when the context ends; after an error it is removed instead.

    Raises:
        OSError: it cannot be made or put in place; ``filename`` is *path*, which is unchanged.
    """
    path = path.absolute()
    with _errors_name(path):
        work = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))  # made with mode 0700
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


def move(source: Path, target: Path) -> None:
    """Make *source* the new *target*, within one file system; a crash afterwards does not undo it."""
    os.replace(source, target)
    _sync_folder(target.parent)


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

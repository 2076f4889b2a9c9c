"""Writing what must be there after a crash: whole or not at all, and on the disk before anybody relies on it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

__all__ = ["flush", "replace", "write"]


def write(path: Path, content: bytes) -> None:
    """*path* holds *content*, or what it held before."""
    temporary = path.with_name(f".{path.name}.new")
    with temporary.open("wb") as stream:
        stream.write(content)
        flush(stream)
    replace(temporary, path)


def flush(stream: BinaryIO) -> None:
    """What was written to *stream* is on the disk."""
    stream.flush()
    os.fsync(stream.fileno())


def replace(source: Path, target: Path) -> None:
    """*target* is what *source* was; so it is after a crash."""
    source.replace(target)
    if hasattr(os, "O_DIRECTORY"):  # Windows writes folders down by itself
        folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

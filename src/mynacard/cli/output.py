"""The output of commands: standard output, files, folders."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from io import BufferedRandom
from pathlib import Path
from typing import BinaryIO, Final

import click

from mynacard.cli.language import _
from mynacard.cli.terminal import as_rows
from mynacard.storage import whole_file
from mynacard.texts import json_text, printable

__all__ = ["check_output", "check_output_folder", "copy_up_to", "new_file", "print_json", "read_up_to", "write_new"]

_PIECE: Final = 1 << 18


def print_json(document: Mapping[str, object] | list[Mapping[str, object]], *, indent: int | None = 2) -> None:
    """Print *document* on standard output, with *indent* spaces for each level, or in one line."""
    unicode = sys.stdout.encoding.lower().startswith("utf")
    click.echo(json_text(document, indent=indent, ascii_only=not unicode), file=as_rows(sys.stdout))


def check_output(path: Path, *, force: bool) -> None:
    """Check that :func:`write_new` can write *path*, as far as possible before a password is typed for it.

    Raises:
        click.UsageError: it cannot; the message says why.
    """
    if path.is_symlink() or (path.exists() and not path.is_file()):  # /dev/stdout would be replaced, not written to
        raise click.UsageError(_("{path} is not a regular file.").format(path=printable(path)))
    if path.exists() and not force:
        raise click.UsageError(_("{path} exists already; --force replaces it.").format(path=printable(path)))
    if not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise click.UsageError(_("No file can be made in the folder {folder}.").format(folder=printable(path.parent)))


def check_output_folder(path: Path, *, force: bool, made_by: str) -> None:
    """Check that the folder *path* can be made, as far as possible before a number is typed for it.

    Args:
        path: the folder.
        force: whether a folder with the file *made_by* in it may be replaced; an empty one always is.
        made_by: a file that only our folders have.

    Raises:
        click.UsageError: it cannot be made; the message says why.
    """
    if path.is_symlink() or (path.exists() and not path.is_dir()):
        raise click.UsageError(_("{path} is not a folder.").format(path=printable(path)))
    if path.exists() and any(path.iterdir()):
        if not force:
            raise click.UsageError(_("{path} exists already; --force replaces it.").format(path=printable(path)))
        if not (path / made_by).is_file():
            raise click.UsageError(_("{path} holds something else, and is not replaced.").format(path=printable(path)))
    if not path.absolute().parent.is_dir() or not os.access(path.absolute().parent, os.W_OK):
        raise click.UsageError(
            _("No file can be made in the folder {folder}.").format(folder=printable(path.absolute().parent))
        )


def read_up_to(path: Path, most: int) -> bytes:
    """The content of the file; if it is longer than *most* bytes, only its first *most* + 1 bytes."""
    with path.open("rb") as stream:
        return stream.read(most + 1)


def write_new(path: Path, content: bytes, *, force: bool) -> None:
    """Write *content* to *path*, whole or not at all, for its owner only; over an existing file only with *force*.

    Raises:
        click.UsageError: as :func:`check_output`.
        OSError: it cannot be written; its ``filename`` is *path*.
    """
    with new_file(path, force=force) as file:
        file.write(content)


@contextmanager
def new_file(path: Path, *, force: bool) -> Generator[BufferedRandom]:
    """The same for content that is written in the context; it is there when that ends, and nothing after an error.

    Raises:
        click.UsageError, OSError: as :func:`write_new`.
    """
    check_output(path, force=force)
    with whole_file(path, replace=force) as file:
        yield file


def copy_up_to(path: Path, output: BinaryIO, most: int) -> None:
    """Write to *output* what :func:`read_up_to` returns, in pieces."""
    left = most + 1
    with path.open("rb") as stream:
        while piece := stream.read(min(left, _PIECE)):
            output.write(piece)
            left -= len(piece)

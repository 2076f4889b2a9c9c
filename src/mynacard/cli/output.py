"""What commands write: standard output, files, folders."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import click

from mynacard.cli.language import _
from mynacard.storage import replace_file

__all__ = ["check_output", "check_output_folder", "print_json", "read_up_to", "write_new"]


def print_json(document: Mapping[str, object] | list[Mapping[str, object]]) -> None:
    """*document* on standard output."""
    unicode = sys.stdout.encoding.lower().startswith("utf")
    text = json.dumps(document, indent=2, ensure_ascii=not unicode)
    click.echo(text.encode("utf-8", "backslashreplace").decode())  # a reader's name need not be a proper text


def check_output(path: Path, *, force: bool) -> None:
    """Raise a UsageError where :func:`write_new` will fail, as far as can be told before a password is typed for it."""
    if path.is_symlink() or (path.exists() and not path.is_file()):  # /dev/stdout would be replaced, not written to
        raise click.UsageError(_("{path} is no regular file.").format(path=path))
    if path.exists() and not force:
        raise click.UsageError(_("{path} exists already; --force replaces it.").format(path=path))
    if not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise click.UsageError(_("No file can be made in the folder {folder}.").format(folder=path.parent))


def check_output_folder(path: Path, *, force: bool, made_by: str) -> None:
    """Raise a UsageError where no folder can be made, as far as can be told before a number is typed for it.

    Args:
        path: the folder.
        force: whether one that is there may be replaced: one that has the file *made_by*, or nothing, in it.
        made_by: the file that tells a folder of ours.
    """
    if path.is_symlink() or (path.exists() and not path.is_dir()):
        raise click.UsageError(_("{path} is no folder.").format(path=path))
    if path.exists() and any(path.iterdir()):
        if not force:
            raise click.UsageError(_("{path} exists already; --force replaces it.").format(path=path))
        if not (path / made_by).is_file():
            raise click.UsageError(_("{path} holds something else, and is not replaced.").format(path=path))
    if not path.absolute().parent.is_dir() or not os.access(path.absolute().parent, os.W_OK):
        raise click.UsageError(_("No file can be made in the folder {folder}.").format(folder=path.absolute().parent))


def read_up_to(path: Path, most: int) -> bytes:
    """The file, or as much of it as shows that it has more than *most* bytes."""
    with path.open("rb") as stream:
        return stream.read(most + 1)


def write_new(path: Path, content: bytes, *, force: bool) -> None:
    """Write *content* to *path*, whole or not at all, for its owner only; over an existing file only with *force*.

    Raises:
        click.UsageError: as :func:`check_output`.
        OSError: it cannot be written; its ``filename`` is *path*.
    """
    check_output(path, force=force)
    replace_file(path, content)

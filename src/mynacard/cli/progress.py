"""A bar for what takes seconds, on standard error if that is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager

import click

from mynacard.cli.terminal import unescaped

__all__ = ["progress"]


@contextmanager
def progress(label: str, length: int) -> Generator[Callable[[int], None]]:
    """A bar called *label*; the function takes how much of *length* is done by now."""
    hidden = not sys.stderr.isatty()
    with click.progressbar(length=length, label=label, file=unescaped(sys.stderr), hidden=hidden) as bar:
        yield lambda done: bar.update(done - bar.pos)

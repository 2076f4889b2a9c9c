"""Everything that the command line prints passes a stream which leaves a terminal nothing to obey."""

from __future__ import annotations

import io
import logging
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO, cast
from unittest import mock

import click
import pytest

from mynacard.cli.terminal import PrintableStream, guard, unescaped

HOSTILE = "name\x1b[2K\rgone\x1b[8m\x9b31m\u202eevil\u2069\x07"
SHOWN = "name\\x1b[2K\\rgone\\x1b[8m\\x9b31m\\u202eevil\\u2069\\x07"


@contextmanager
def guarded(encoding: str) -> Iterator[io.TextIOWrapper]:
    """The stream below both streams of this process."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="backslashreplace", newline="\n")
    with mock.patch.multiple(sys, stdout=stream, stderr=stream):
        guard()
        yield stream


encodings = pytest.mark.parametrize("encoding", ["utf-8", "ascii", "cp932"])


def written(stream: io.TextIOWrapper) -> str:
    stream.flush()
    return cast(io.BytesIO, stream.buffer).getvalue().decode(stream.encoding)


def failed() -> None:
    try:
        raise ValueError(HOSTILE)
    except ValueError:
        traceback.print_exc()


@encodings
@pytest.mark.parametrize(
    "show",
    [
        lambda: print(HOSTILE),
        lambda: print(HOSTILE, file=sys.stderr),
        lambda: sys.stdout.writelines([HOSTILE]),
        lambda: click.echo(HOSTILE, color=True),
        lambda: click.echo(HOSTILE, err=True, color=True),
        lambda: click.UsageError(HOSTILE, click.Context(click.Command("x"), color=True)).show(),
        lambda: logging.StreamHandler(sys.stderr).handle(logging.makeLogRecord({"msg": HOSTILE})),
        failed,
    ],
)
def test_nothing_that_is_printed_reaches_the_terminal_as_a_command(show: Callable[[], object], encoding: str) -> None:
    with guarded(encoding) as below:
        show()
    assert SHOWN in written(below)
    assert not [letter for letter in HOSTILE if not letter.isprintable() and letter in written(below)]


@encodings
def test_lines_stay_lines_and_letters_stay_letters(encoding: str) -> None:
    with guarded(encoding) as below:
        print("one\ntwo")
        print("在留カード")
    assert written(below).startswith("one\ntwo\n")
    assert ("在留カード" in written(below)) is (encoding != "ascii")


def test_what_is_meant_for_the_terminal_passes_below_it() -> None:
    with guarded("ascii") as below:
        assert unescaped(sys.stdout) is below
        assert unescaped(cast(TextIO, below)) is below
        click.echo(b"\x1b\x00", file=unescaped(sys.stdout), nl=False)
    assert written(below) == "\x1b\x00"


def test_there_is_no_other_way_to_the_stream_below() -> None:
    with guarded("cp932"):
        assert isinstance(sys.stdout, PrintableStream)
        assert not hasattr(sys.stdout, "buffer")
        assert not hasattr(sys.stdout, "detach")
        assert sys.stdout.encoding == "cp932"


def test_a_process_without_streams_is_left_alone() -> None:
    with mock.patch.multiple(sys, stdout=None, stderr=None):
        guard()
        assert (sys.stdout, sys.stderr) == (None, None)

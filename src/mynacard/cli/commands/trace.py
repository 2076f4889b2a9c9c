"""``mynacard trace``: recordings, shown in words or turned into files for other programs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import click

from mynacard.cli.commands import HELP
from mynacard.cli.language import _
from mynacard.cli.options import verbose_option
from mynacard.cli.output import check_output, write_new
from mynacard.cli.terminal import as_rows
from mynacard.recordings import read_recording
from mynacard.recordings.showing import capture, dialogue, page, text

__all__ = ["trace"]

_PATH: Final = click.Path(dir_okay=False, path_type=Path)

_recording_argument = click.argument("recording", type=_PATH, metavar="FILE")
_force_option = click.option("--force", is_flag=True, help=_("Replace an existing file."))


@click.group(help=_(HELP["trace"]))
def trace() -> None:
    pass


@trace.command(help=_("Show a recording in words: commands, answers, and where the time went."))
@_recording_argument
@click.option("--html", type=_PATH, help=_("Also write an HTML page with a timeline; it loads nothing from elsewhere."))
@_force_option
@verbose_option
def show(recording: Path, html: Path | None, force: bool) -> None:
    recorded = read_recording(recording)
    lines = list(dialogue(recorded))
    if html is not None:
        _write(html, page(lines, recorded.about).encode(), recording, force=force)
    for row in text(lines):
        click.echo(row, file=as_rows(sys.stdout))


@trace.command(help=_("Write a recording as a capture file, which Wireshark dissects without any settings."))
@_recording_argument
@click.option("-o", "--output", required=True, type=_PATH, help=_("The capture file (pcapng)."))
@_force_option
@verbose_option
def pcapng(recording: Path, output: Path, force: bool) -> None:
    _write(output, capture(read_recording(recording)), recording, force=force)


def _write(output: Path, content: bytes, recording: Path, *, force: bool) -> None:
    check_output(output, force=force)
    if output.exists() and output.samefile(recording):
        raise click.UsageError(_("{path} is the recording itself.").format(path=output))
    write_new(output, content, force=force)

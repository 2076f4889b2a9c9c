"""Shows a recording as a readable dialogue, as a page, and as a capture file; ``mynacard trace`` does the same.

Usage: python tools/trace_view.py RECORDING [--html PAGE] [--pcapng FILE]

The dialogue goes to standard output; PAGE is one file that loads nothing from elsewhere; FILE is for Wireshark. Both
replace an existing file. A recording without times, from a program that passed no clock, has no picture.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from mynacard.errors import CardFileError
from mynacard.recordings import read_recording
from mynacard.recordings.showing import capture, dialogue, page, text
from mynacard.storage import replace_file

__all__ = ["main"]


def main(arguments: Sequence[str]) -> int:
    """Run the script with *arguments*; the exit code."""
    parser = argparse.ArgumentParser(description="A recording as a readable dialogue, and as a picture.")
    parser.add_argument("recording", type=Path)
    parser.add_argument("--html", type=Path, help="write a page with a timeline to this file")
    parser.add_argument("--pcapng", type=Path, help="write a capture file for Wireshark to this file")
    options = parser.parse_args(arguments)
    try:
        _view(options.recording, options.html, options.pcapng)
        sys.stdout.flush()
    except (CardFileError, _UnwritableError) as error:
        print(f"trace_view: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # the dialogue's reader closed the pipe; without this Python would report it again at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _view(source: Path, html_page: Path | None, pcapng: Path | None) -> None:
    recording = read_recording(source)
    lines = list(dialogue(recording))
    if html_page is not None:
        _write(html_page, page(lines, recording.about).encode(), source)
    if pcapng is not None:
        _write(pcapng, capture(recording), source)
    for row in text(lines):
        print(row)


def _write(path: Path, content: bytes, source: Path) -> None:
    """Replace the file *path* whole or not at all, unless it is *source*; write to what is not a file, such as a pipe.

    Raises:
        _UnwritableError: *path* is *source*, or cannot be written.
    """
    try:
        if path.exists() and path.samefile(source):
            raise _UnwritableError(f"{path} is the recording itself.")
        if path.exists() and not path.is_file():
            path.write_bytes(content)
        else:
            replace_file(path, content)
    except OSError as error:
        raise _UnwritableError(f"{path} cannot be written: {error.strerror}.") from error


class _UnwritableError(Exception):
    """A file cannot be written; the sentence says why."""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

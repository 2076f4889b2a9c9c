"""A recording as a readable dialogue, and as a picture of where the time went.

Usage: python tools/trace_view.py RECORDING [--html PAGE] [--pcapng FILE]

The dialogue goes to standard output; PAGE is one file that loads nothing from elsewhere; FILE is for Wireshark.
Recordings without times (those of programs that gave no clock) have no picture.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from trace_capture import capture
from trace_words import KINDS, Line, dialogue

from mynacard.errors import CardFileError
from mynacard.reader_check import plots
from mynacard.reader_check.plots import escaped
from mynacard.recordings import read_recording
from mynacard.storage import replace_file

__all__ = ["main", "page", "text"]

_COLOURS: Final = plots.colours(KINDS)


def text(lines: Sequence[Line]) -> Iterator[str]:
    """The dialogue, two lines an exchange; then where the time went."""
    for line in lines:
        when = f"{line.at_us / 1000:10.2f} ms " if line.at_us is not None else ""
        took = f" [{line.took_us / 1000:.2f} ms]" if line.took_us is not None else ""
        yield f"{when}> {line.said}"
        yield f"{' ' * len(when)}< {line.answered}{took}"
    for kind, count, spent in _shares(lines):
        yield f"{kind}: " + ", ".join(filter(None, (f"{count} command{'s' * (count > 1)}" * bool(count), spent)))


def _shares(lines: Sequence[Line]) -> Iterator[tuple[str, int, str]]:
    """Kinds of commands, how many, and how long all of them took; last the time between commands."""
    spent = 0
    for kind in KINDS:
        times = [line.took_us for line in lines if line.kind == kind]
        known = [took for took in times if took is not None]
        spent += sum(known)
        if times:
            yield kind, len(times), f"{sum(known) / 1000:.2f} ms" * bool(known)
    ends = [line.at_us + line.took_us for line in lines if line.at_us is not None and line.took_us is not None]
    if ends:
        yield "between commands", 0, f"{max(0, max(ends) - spent) / 1000:.2f} ms"


def page(lines: Sequence[Line], about: Mapping[str, str]) -> str:
    """The same as a page, with a timeline, and how the times of each kind of commands are distributed."""
    title = ", ".join(f"{name}: {value}" for name, value in about.items()) or "A recording"
    shares = "\n".join(
        f'<tr><td{_stripe(kind)}>{kind}</td><td class="number">{count or ""}</td><td class="number">{took}</td></tr>'
        for kind, count, took in _shares(lines)
    )
    rows = "\n".join(
        f'<tr><td class="number">{_ms(line.at_us)}</td><td class="number">{_ms(line.took_us)}</td>'
        f"<td{_stripe(line.kind)}>{escaped(line.said)}</td><td>{escaped(line.answered)}</td></tr>"
        for line in lines
    )
    return plots.page(
        title,
        f"""{_pictures(lines)}
<table><tr><th>kind</th><th>commands</th><th>time</th></tr>
{shares}
</table>
<table><tr><th>at, ms</th><th>took, ms</th><th>command</th><th>answer</th></tr>
{rows}
</table>""",
    )


def _pictures(lines: Sequence[Line]) -> str:
    bars = [
        plots.Bar(line.at_us / 1000, line.took_us / 1000, line.kind, line.said)
        for line in lines
        if line.at_us is not None and line.took_us is not None
    ]
    if not bars:
        return "<p>This recording has no times.</p>"
    times = {kind: [bar.length for bar in bars if bar.kind == kind] for kind in KINDS}
    taken = {kind: found for kind, found in times.items() if found}
    return f"""{plots.timeline(bars, _COLOURS)}
<h2>How long a command took</h2>
{plots.histogram(taken, "ms", _COLOURS)}"""


def _stripe(kind: str) -> str:
    return f' style="border-left: 0.5em solid {_COLOURS[kind]}"' if kind in _COLOURS else ""


def _ms(time_us: int | None) -> str:
    return "" if time_us is None else f"{time_us / 1000:.2f}"


def main(arguments: Sequence[str]) -> int:
    """The script; its exit code."""
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
    except BrokenPipeError:  # whoever reads the dialogue has enough of it; Python would complain again at its end
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
    """Replace a file whole or not at all, but not *source*; what is none, as a pipe, is written to."""
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
    """A file that was asked for and cannot be; what to say."""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

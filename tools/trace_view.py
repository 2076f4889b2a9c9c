"""A recording as a readable dialogue, and as a picture of where the time went.

Usage: python tools/trace_view.py RECORDING [--html PAGE] [--pcapng FILE]

The dialogue goes to standard output; PAGE is one file that loads nothing from elsewhere; FILE is for Wireshark.
Recordings without times (those of programs that gave no clock) have no picture.
"""

from __future__ import annotations

import argparse
import html
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from trace_capture import capture
from trace_words import Line, dialogue

from mynacard.errors import CardFileError
from mynacard.readers import read_recording
from mynacard.simulator.doors.atomic import replace_file

__all__ = ["main", "page", "text"]

_COLOURS: Final[Mapping[str, str]] = {
    "select": "#7a8fb0", "read": "#3f7fbf", "PIN": "#c0504d", "signature": "#e08e0b", "other": "#8a8a8a",
}  # fmt: skip


def text(lines: Sequence[Line]) -> Iterator[str]:
    """The dialogue, two lines an exchange; then where the time went."""
    for line in lines:
        when = f"{line.at_us / 1000:10.2f} ms " if line.at_us is not None else ""
        took = f" [{line.took_us / 1000:.2f} ms]" if line.took_us is not None else ""
        yield f"{when}> {line.said}"
        yield f"{' ' * len(when)}< {line.answered}{took}"
    for name, count, share in _shares(lines):
        yield f"{name}: {count} commands, {share / 1000:.2f} ms"


def _shares(lines: Sequence[Line]) -> list[tuple[str, int, int]]:
    """Kinds of commands, how many, and microseconds for all of them; last what the program took between them."""
    counts, times = Counter(line.kind for line in lines), Counter[str]()
    for line in lines:
        times[line.kind] += line.took_us or 0
    shares = [(kind, counts[kind], times[kind]) for kind in _COLOURS if kind in counts]
    if lines and lines[-1].at_us is not None:
        whole = lines[-1].at_us + (lines[-1].took_us or 0)
        shares.append(("between commands", 0, max(0, whole - times.total())))
    return shares


def page(lines: Sequence[Line], about: Mapping[str, str]) -> str:
    """The same as a page, with a timeline: time from left to right, a bar for each exchange."""
    title = html.escape(", ".join(f"{name}: {value}" for name, value in about.items()) or "A recording")
    rows = "\n".join(
        f"<tr><td>{'' if line.at_us is None else f'{line.at_us / 1000:.2f}'}</td>"
        f"<td>{'' if line.took_us is None else f'{line.took_us / 1000:.2f}'}</td>"
        f'<td class="{line.kind}">{html.escape(line.said)}</td><td>{html.escape(line.answered)}</td></tr>'
        for line in lines
    )
    shares = "\n".join(
        f"<tr><td>{html.escape(name)}</td><td>{count or ''}</td><td>{share / 1000:.2f}</td></tr>"
        for name, count, share in _shares(lines)
    )
    colours = "\n".join(f".{kind} {{ border-left: 0.5em solid {colour}; }}" for kind, colour in _COLOURS.items())
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<style>
body {{ font-family: sans-serif; margin: 2em; color: #222; }}
table {{ border-collapse: collapse; margin-top: 1em; }}
td, th {{ padding: 0.2em 0.8em; text-align: left; border-bottom: 1px solid #ddd; }}
td:nth-child(-n+2) {{ font-variant-numeric: tabular-nums; }}
{colours}
</style></head><body>
<h1>{title}</h1>
{_timeline(lines)}
<table><tr><th>kind</th><th>commands</th><th>ms</th></tr>
{shares}
</table>
<table><tr><th>at, ms</th><th>took, ms</th><th>command</th><th>answer</th></tr>
{rows}
</table>
</body></html>
"""


def _timeline(lines: Sequence[Line], width: int = 1000) -> str:
    if not lines or lines[-1].at_us is None:
        return "<p>This recording has no times.</p>"
    whole = max(1, lines[-1].at_us + (lines[-1].took_us or 0))
    bars = "\n".join(
        f'<rect x="{(line.at_us or 0) * width / whole:.2f}" y="10" height="50" fill="{_COLOURS[line.kind]}"'
        f' width="{max(1.0, (line.took_us or 0) * width / whole):.2f}"><title>{html.escape(line.said)}:'
        f" {(line.took_us or 0) / 1000:.2f} ms</title></rect>"
        for line in lines
    )
    ticks = "\n".join(
        f'<text x="{tick * width / 5:.0f}" y="80" font-size="12" text-anchor="{anchor}">'
        f"{whole * tick / 5000:.1f} ms</text>"
        for tick, anchor in zip(range(6), ("start", *["middle"] * 4, "end"), strict=True)
    )
    legend = "\n".join(
        f'<rect x="{place * 130}" y="95" width="12" height="12" fill="{colour}"/>'
        f'<text x="{place * 130 + 18}" y="106" font-size="13">{kind}</text>'
        for place, (kind, colour) in enumerate(_COLOURS.items())
    )
    return (
        f'<svg viewBox="0 0 {width} 115" width="100%" role="img"'
        ' aria-label="When each command came, and how long it took">'
        f'<rect x="0" y="10" width="{width}" height="50" fill="#f3f3f3"/>\n{bars}\n{ticks}\n{legend}</svg>'
    )


def main(arguments: Sequence[str]) -> int:
    """The script; its exit code."""
    parser = argparse.ArgumentParser(description="A recording as a readable dialogue, and as a picture.")
    parser.add_argument("recording", type=Path)
    parser.add_argument("--html", type=Path, help="write a page with a timeline to this file")
    parser.add_argument("--pcapng", type=Path, help="write a capture file for Wireshark to this file")
    options = parser.parse_args(arguments)
    try:
        _view(options.recording, options.html, options.pcapng)
    except (CardFileError, _UnwritableError) as error:
        print(f"trace_view: {error}", file=sys.stderr)
        return 1
    return 0


def _view(source: Path, html_page: Path | None, pcapng: Path | None) -> None:
    recording = read_recording(source)
    lines = list(dialogue(recording))
    for row in text(lines):
        print(row)
    if html_page is not None:
        _write(html_page, page(lines, recording.about).encode(), source)
    if pcapng is not None:
        _write(pcapng, capture(recording), source)


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

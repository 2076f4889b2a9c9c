"""A dialogue as an HTML page, with a timeline and a distribution of times; it loads nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from mynacard import drawing
from mynacard.drawing import escaped
from mynacard.recordings.showing.durations import Share, milliseconds, shares
from mynacard.recordings.showing.words import KINDS, Line

__all__ = ["page"]

_COLOURS: Final = drawing.colours(KINDS)


def page(lines: Sequence[Line], about: Mapping[str, str]) -> str:
    """The dialogue *lines*, and how the time was spent, as HTML.

    Args:
        lines: from :func:`~mynacard.recordings.showing.words.dialogue`.
        about: the recording's description; it becomes the title.
    """
    title = ", ".join(f"{name}: {value}" for name, value in about.items() if value) or "A recording"
    kinds = "\n".join(map(_share_row, shares(lines)))
    exchanges = "\n".join(map(_line_row, lines))
    return drawing.page(
        title,
        f"""{_pictures(lines)}
<table><tr><th>kind</th><th>commands</th><th>time</th></tr>
{kinds}
</table>
<table class="rows"><tr class="head"><th>at, ms</th><th>took, ms</th><th>command</th><th>answer</th></tr>
{exchanges}
</table>""",
    )


def _share_row(share: Share) -> str:
    spent = "" if share.spent_us is None else f"{milliseconds(share.spent_us)} ms"
    return f"<tr><td{_stripe(share.kind)}>{share.kind}</td>{_number(share.count or '')}{_number(spent)}</tr>"


def _line_row(line: Line) -> str:
    times = "".join(_number("" if time_us is None else milliseconds(time_us)) for time_us in (line.at_us, line.took_us))
    answered = f'<td class="text">{escaped(line.answered)}</td>'
    return f'<tr>{times}<td class="text"{_stripe(line.kind)}>{escaped(line.said)}</td>{answered}</tr>'


def _number(shown: int | str) -> str:
    return f'<td class="number">{shown}</td>'


def _stripe(kind: str) -> str:
    return f' style="border-left: 0.5em solid {_COLOURS[kind]}"' if kind in _COLOURS else ""


def _pictures(lines: Sequence[Line]) -> str:
    bars = [
        drawing.Bar(line.at_us / 1000, line.took_us / 1000, line.kind, line.said)
        for line in lines
        if line.at_us is not None and line.took_us is not None
    ]
    if not bars:
        return "<p>This recording has no times.</p>"
    times = {kind: [bar.length for bar in bars if bar.kind == kind] for kind in KINDS}
    taken = {kind: lengths for kind, lengths in times.items() if lengths}
    return f"""{drawing.timeline(bars, _COLOURS)}
<h2>How long a command took</h2>
{drawing.histogram(taken, "ms", _COLOURS)}"""

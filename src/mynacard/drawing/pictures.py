"""Pictures of measurements: each a complete ``<svg>`` that runs and loads nothing, and a page for them.

They have no background of their own, and colours that suit light and dark ones. Names may come from anywhere: markup in
them is shown as text.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from mynacard._dataclasses import dataclass
from mynacard.drawing.parts import (
    DASHES,
    WIDTH,
    Scale,
    colours,
    escaped,
    legend_of,
    no_values,
    number,
    shortened,
    svg,
    text_at,
    wide,
    x_axis,
    y_axis,
)

__all__ = ["Bar", "histogram", "lines", "page", "timeline"]

_BINS: Final = 48
_POINTS_MAX: Final = 64
"""A line with more points is drawn without dots."""
_NO_PALETTE: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of time, in milliseconds; bars of one *kind* have one colour."""

    start: float
    length: float
    kind: str
    title: str


def timeline(bars: Sequence[Bar], palette: Mapping[str, str] = _NO_PALETTE) -> str:
    """Time from left to right, with a bar for each stretch; bars of one kind that cover the same pixels are merged.

    Raises:
        ValueError: a time is infinite, or not a number.
    """
    label = "When each began, and how long it took"
    if not bars:
        return no_values(label)
    scale = Scale.of([0.0, *(bar.start + bar.length for bar in bars)], 16, WIDTH - 24)
    palette = palette or colours(bar.kind for bar in bars)
    legend, bottom = legend_of({kind: palette[kind] for kind in dict.fromkeys(bar.kind for bar in bars)}, 112)
    return svg(
        bottom,
        label,
        f'<rect x="{scale.start}" y="8" width="{scale.end - scale.start}" height="50" fill="currentColor"'
        ' fill-opacity="0.07"/>',
        *x_axis(scale, 58, 64, "time, ms"),
        *(
            f'<rect class="bar" x="{left:.2f}" y="8" width="{right - left:.2f}" height="50" fill="{palette[kind]}"'
            ' stroke="currentColor" stroke-opacity="0.6" stroke-width="0.5">'
            f"<title>{escaped(title)}</title></rect>"
            for left, right, kind, title in _merged(bars, scale)
        ),
        *legend,
    )


def _merged(bars: Sequence[Bar], scale: Scale) -> Iterator[tuple[float, float, str, str]]:
    """Left, right, kind and title of each bar that is drawn."""
    places: dict[tuple[int, int, str], list[Bar]] = {}
    for bar in bars:
        left, right = scale.at(bar.start), scale.at(bar.start + bar.length)
        places.setdefault((round(left), round(right), bar.kind), []).append(bar)
    for (_, _, kind), merged in places.items():
        left = min(scale.at(bar.start) for bar in merged)
        right = max(scale.at(bar.start + bar.length) for bar in merged)
        total = f"{number(sum(bar.length for bar in merged))} ms"
        title = f"{merged[0].title}: {total}" if len(merged) == 1 else f"{len(merged)} of kind {kind}: {total}"
        yield left, max(right, left + 1), kind, title


def histogram(series: Mapping[str, Sequence[float]], unit: str, palette: Mapping[str, str] = _NO_PALETTE) -> str:
    """How the values of each of *series* are distributed, in rows, with median and 95th percentile.

    The axis is logarithmic where the range of the values is wide. The highest bin of every row has the same height. The
    percentile is the smallest value that 95 of 100 values do not exceed.

    Raises:
        ValueError: a value is infinite, or not a number.
    """
    label = f"How these are distributed: {', '.join(series)}"
    if not any(series.values()):
        return no_values(label)
    top, row = 8, 62
    scale = Scale.of(list(itertools.chain.from_iterable(series.values())), 16, WIDTH - 24, base=10)
    palette, bottom = palette or colours(series), top + row * len(series)
    return svg(
        bottom + 82,
        label,
        *x_axis(scale, bottom, top, f"duration, {unit}"),
        text_at(16, bottom + 59, "height: how many; the highest of each row is equally high"),
        text_at(16, bottom + 76, "line: median; dashed: 95th percentile"),
        *itertools.chain.from_iterable(
            _row(name, sorted(values), unit, scale, palette[name], top + row * (place + 1))
            for place, (name, values) in enumerate(series.items())
        ),
    )


def _row(name: str, values: Sequence[float], unit: str, scale: Scale, colour: str, base: float) -> Iterator[str]:
    yield text_at(16, base - 44, shortened(name, 215), weight="bold")
    yield f'<line x1="{scale.start}" x2="{scale.end}" y1="{base}" y2="{base}" stroke="currentColor"/>'
    if not values:
        yield text_at(WIDTH - 24, base - 44, "no values", anchor="end")
        return
    width = (scale.end - scale.start) / _BINS
    bins = Counter(min(int((scale.at(value) - scale.start) / width), _BINS - 1) for value in values)
    for place, count in sorted(bins.items()):
        height = 34 * count / max(bins.values())
        yield (
            f'<rect class="bin" x="{scale.start + place * width:.2f}" y="{base - height:.2f}" width="{width - 1:.2f}"'
            f' height="{height:.2f}" fill="{colour}"><title>{count} of {len(values)}</title></rect>'
        )
    median, high = _percentile(values, 50), _percentile(values, 95)
    for kind, value, dash in (("median", median, ""), ("p95", high, "4 3")):
        x = scale.at(value)
        yield (
            f'<line class="{kind}" x1="{x:.2f}" x2="{x:.2f}" y1="{base - 38}" y2="{base}" stroke="currentColor"'
            f' stroke-width="1.5" stroke-dasharray="{dash}"/>'
        )
    counted = f"n {len(values):,} · median {number(median)} · p95 {number(high)} {unit}"
    yield text_at(WIDTH - 24, base - 44, counted, anchor="end")


def _percentile(values: Sequence[float], percent: int) -> float:
    """The smallest of the sorted *values* that *percent* of 100 do not exceed."""
    return values[max(0, math.ceil(len(values) * percent / 100) - 1)]


def lines(series: Mapping[str, Sequence[tuple[float, float]]], x_label: str, y_label: str) -> str:
    """A line for each of *series*, through its points (x, y); x goes by powers of two where its range is wide.

    Raises:
        ValueError: a value is infinite, or not a number.
    """
    label = f"{y_label} over {x_label}: {', '.join(series)}"
    points = list(itertools.chain.from_iterable(series.values()))
    if not points:
        return no_values(label)
    high = Scale.of([y for _, y in points], 300, 32)
    left = 20 + max(wide(number(tick)) for tick in high.ticks())
    scale = Scale.of([x for x, _ in points], left, WIDTH - 40, base=2)
    palette = colours(series)
    legend, bottom = legend_of(palette, 356, dashed=True)
    return svg(
        bottom,
        label,
        text_at(8, 16, y_label),
        *y_axis(high, scale),
        *x_axis(scale, 300, 32, x_label),
        *itertools.chain.from_iterable(
            _line(name, sorted(values), scale, high, palette[name], dash)
            for (name, values), dash in zip(series.items(), itertools.cycle(DASHES), strict=False)
        ),
        *legend,
    )


def _line(
    name: str, points: Sequence[tuple[float, float]], across: Scale, up: Scale, colour: str, dash: str
) -> Iterator[str]:
    places = [(across.at(x), up.at(y)) for x, y in points]
    path = " ".join(f"{x:.2f},{y:.2f}" for x, y in places)
    yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"/>'
    if len(points) <= _POINTS_MAX:
        for (x, y), (cx, cy) in zip(points, places, strict=True):
            yield (
                f'<circle cx="{cx:.2f}" cy="{cy:.2f}" r="3.5" fill="{colour}">'
                f"<title>{escaped(name)}: {number(x)}, {number(y)}</title></circle>"
            )


def page(title: str, body: str) -> str:
    """A page around *body*, which is markup. The page loads and runs nothing, whatever *body* holds.

    It fits a telephone, a dark screen, and paper. On a narrow screen each row of a table of the class ``rows`` is a
    paragraph, whose cells of the class ``text`` have lines of their own, and the row of the class ``head`` is left out.
    """
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8" /><title>{escaped(title)}</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'" />
<meta name="viewport" content="width=device-width" /><meta name="color-scheme" content="light dark" />
<style>
body {{ font-family: sans-serif; margin: clamp(0.7em, 4vw, 2em); }}
h1 {{ font-size: 1.4em; overflow-wrap: anywhere; }}
h2 {{ font-size: 1.1em; break-after: avoid; }}
th {{ white-space: nowrap; }}
table {{ border-collapse: collapse; margin-top: 1em; }}
td, th {{ padding: 0.2em 0.8em; text-align: left; vertical-align: top; border-bottom: 1px solid #8888; }}
td {{ overflow-wrap: anywhere; }}
tr, svg, li {{ break-inside: avoid; }}
.number {{ text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }}
@media (max-width: 40em) {{
  td, th {{ padding: 0.2em 0.4em; }}
  .rows, .rows tbody, .rows tr, .rows td.text {{ display: block; }}
  .rows .head {{ display: none; }}
  .rows tr {{ padding: 0.4em 0; border-bottom: 1px solid #8888; }}
  .rows td {{ display: inline; border: 0; padding: 0 0.3em 0 0; }}
}}
</style></head><body>
<h1>{escaped(title)}</h1>
{body}
</body></html>
"""

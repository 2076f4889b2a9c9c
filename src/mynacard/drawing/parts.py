"""The parts of pictures of measurements: scales, axes, legends, text."""

from __future__ import annotations

import html
import itertools
import math
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from mynacard._dataclasses import dataclass
from mynacard.texts import printable

__all__ = [
    "DASHES", "WIDTH", "Scale", "colours", "escaped", "legend_of", "no_values", "number", "shortened", "svg", "text_at",
    "wide", "x_axis", "y_axis",
]  # fmt: skip

WIDTH: Final = 480
"""On a telephone of 400 pixels the text is then still legible."""
_SHOWN_WIDTH: Final = 640
_TICKS_MAX: Final = 10
_LOG_FROM: Final = 20
"""An axis that may be logarithmic is so from this ratio of its ends."""
_NARROW, _WIDE = 7.0, 12.0  # pixels of a character; those of Chinese and Japanese are wide
_PALETTE: Final = ("#4a86c5", "#c9605c", "#a87414", "#3f9a68", "#8f74c4", "#2690a0", "#bb6597", "#808080")
"""Each has a contrast of at least 3 to white and to '#1c1c1c'."""
_NO_XML: Final[Mapping[int, str]] = dict.fromkeys((0xFFFE, 0xFFFF), "\N{REPLACEMENT CHARACTER}")
"""The two characters that XML does not allow and :func:`printable` keeps."""
DASHES: Final = ("", "8 3", "2 3", "10 3 2 3")
_STYLE: Final = (
    ".plot{color:#222;font-family:sans-serif;font-size:12px}.plot text{fill:currentColor}"
    "@media(prefers-color-scheme:dark){.plot{color:#ddd}}"
)


@dataclass(frozen=True, slots=True)
class Scale:
    """Maps values from *low* to *high* to places from *start* to *end*. Logarithmic where *base* is not 0."""

    low: float
    high: float
    start: float
    end: float
    step: float
    base: int

    @classmethod
    def of(cls, values: Sequence[float], start: float, end: float, *, base: int = 0) -> Scale:
        """A scale for *values*: logarithmic where their range is wide and *base* is not 0, else from 0, or below.

        Raises:
            ValueError: a value is infinite, or not a number.
        """
        if not all(math.isfinite(value) for value in values):
            raise ValueError("A value is infinite, or not a number.")
        low, high = min(values, default=0.0), max(values, default=0.0)
        if base and low > 0 and high / low >= _LOG_FROM:
            return cls(low, high, start, end, 0, base)
        low, high = min(low, 0.0), max(high, 0.0)
        step = _step((high - low) / (_TICKS_MAX - 2)) if high > low else 1.0
        low, high = math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step
        return cls(low, high if high > low else low + 1, start, end, step, 0)

    def at(self, value: float) -> float:
        """The place of *value*."""
        if self.base:
            share = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def ticks(self) -> list[float]:
        """At most about ten round values."""
        if not self.base:
            first, last = round(self.low / self.step), round(self.high / self.step)
            return [count * self.step for count in range(first, last + 1)]
        ticks = self._products((1, 2, 5) if self.base == 10 else (1,))
        if len(ticks) > _TICKS_MAX:
            ticks = self._products((1,))
        return ticks[:: max(1, math.ceil(len(ticks) / _TICKS_MAX))]

    def _products(self, parts: Sequence[int]) -> list[float]:
        """The products of *parts* and powers of the base that lie on the scale, in order."""
        exponents = range(math.floor(math.log(self.low, self.base)), math.ceil(math.log(self.high, self.base)) + 1)
        products = [part * float(self.base) ** exponent for exponent in exponents for part in parts]
        return [product for product in products if self.low <= product <= self.high]


def _step(least: float) -> float:
    """The smallest round number (1, 2 or 5 times a power of ten) that is *least* or more."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(part * power for part in (1, 2, 5, 10) if part * power >= least * (1 - 1e-9))


def number(value: float) -> str:
    """*value* with three digits, or with all that stand before the point."""
    return f"{value:,.0f}" if 100 <= abs(value) < 1e15 else f"{value:.3g}"


def x_axis(scale: Scale, bottom: float, top: float, label: str) -> Iterator[str]:
    """Ticks, lines from them up to *top*, and *label*, which says what is counted; a logarithmic scale is named."""
    for tick in scale.ticks():
        x = scale.at(tick)
        yield (
            f'<line x1="{x:.2f}" x2="{x:.2f}" y1="{top}" y2="{bottom + 5}" stroke="currentColor" stroke-opacity="0.2"/>'
        )
        yield text_at(x, bottom + 19, number(tick), anchor="middle", of="x-tick")
    named = f"{label} (logarithmic scale)" if scale.base else label
    yield text_at((scale.start + scale.end) / 2, bottom + 37, named, anchor="middle")


def y_axis(scale: Scale, across: Scale) -> Iterator[str]:
    """Ticks, and lines from them across the picture."""
    for tick in scale.ticks():
        y = scale.at(tick)
        yield (
            f'<line x1="{across.start:.2f}" x2="{across.end:.2f}" y1="{y:.2f}" y2="{y:.2f}" stroke="currentColor"'
            ' stroke-opacity="0.2"/>'
        )
        yield text_at(across.start - 8, y + 4, number(tick), anchor="end", of="y-tick")


def legend_of(palette: Mapping[str, str], y: float, *, dashed: bool = False) -> tuple[list[str], float]:
    """The names with their colours, in as many rows as they need, and the height at which the picture ends."""
    parts: list[str] = []
    x = 16.0
    for (name, colour), dash in zip(palette.items(), itertools.cycle(DASHES), strict=False):
        shown = shortened(name, 170)
        if x > 16 and x + 40 + wide(shown) > WIDTH:
            x, y = 16.0, y + 20
        look = f'stroke-width="3" stroke-dasharray="{dash}"' if dashed else 'stroke-width="10"'
        parts.append(f'<line x1="{x:.0f}" x2="{x + 24:.0f}" y1="{y}" y2="{y}" stroke="{colour}" {look}/>')
        parts.append(text_at(x + 30, y + 4, shown))
        x += 54 + wide(shown)
    return parts, y + 12


def wide(text: str) -> float:
    """The approximate width of *text*, in pixels."""
    return sum(_WIDE if unicodedata.east_asian_width(letter) in "WF" else _NARROW for letter in text)


def shortened(text: str, pixels: float) -> str:
    """*text*, or as much of it as fits into *pixels*."""
    if wide(text) <= pixels:
        return text
    widths = itertools.accumulate(map(wide, text))
    return text[: sum(1 for width in widths if width <= pixels - _WIDE)] + "…"


def text_at(x: float, y: float, text: str, *, anchor: str = "start", weight: str = "normal", of: str = "") -> str:
    """An element for *text*, of the CSS class *of*."""
    name = f' class="{of}"' if of else ""
    return f'<text{name} x="{x:.2f}" y="{y:.2f}" text-anchor="{anchor}" font-weight="{weight}">{escaped(text)}</text>'


def no_values(label: str) -> str:
    """The picture for no values at all."""
    return svg(32, label, text_at(8, 20, "no values"))


def svg(height: float, label: str, *parts: str) -> str:
    """The picture made of *parts*; *label* describes it in words."""
    inside = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="plot" viewBox="0 0 {WIDTH} {height:.0f}" width="100%"'
        f' style="max-width:{_SHOWN_WIDTH}px" role="img" aria-label="{escaped(label)}"><style>{_STYLE}</style>\n'
        f"{inside}\n</svg>"
    )


def colours(names: Iterable[str]) -> dict[str, str]:
    """A colour for each of *names*, in their order; from the ninth on they repeat."""
    return dict(zip(dict.fromkeys(names), itertools.cycle(_PALETTE), strict=False))


def escaped(text: str) -> str:
    """*text* escaped for markup, between tags or inside quotation marks."""
    return html.escape(printable(text).translate(_NO_XML))

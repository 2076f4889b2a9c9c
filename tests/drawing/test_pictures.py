"""Pictures are whole, load and run nothing, take names for text, and put numbers where they belong."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from xml.etree import ElementTree

import pytest

from mynacard.drawing import Bar, colours, histogram, lines, page, timeline
from mynacard.drawing.parts import WIDTH, Scale, number, shortened, wide

NAMESPACE = "{http://www.w3.org/2000/svg}"
MARKUP = '</svg></title><script>alert(\'1\')</script>"<b onload="x">&\x00\x1b'
BARS = [Bar(0, 10, "read", "one"), Bar(20, 30, "PIN", "two"), Bar(60, 40, "read", "three")]
PICTURES: dict[str, Callable[[str], str]] = {
    "timeline": lambda name: timeline([Bar(0, 1, name, name), Bar(1, 2, name, name)]),
    "histogram": lambda name: histogram({name: [1, 2, 3]}, name),
    "lines": lambda name: lines({name: [(1, 2), (3, 4)]}, name, name),
    "timeline of nothing": lambda _: timeline([]),
    "histogram of nothing": lambda name: histogram({name: []}, name),
    "lines of nothing": lambda name: lines({name: []}, name, name),
    "a page": lambda name: page(name, timeline([Bar(0, 1, name, name)])),
}


def parts(picture: str, tag: str, of: str | None = None) -> list[ElementTree.Element]:
    found = ElementTree.fromstring(picture).iter(NAMESPACE + tag)
    return [each for each in found if of is None or each.get("class") == of]


def places(picture: str, tag: str, name: str, of: str | None = None) -> list[float]:
    return [float(each.get(name, "nan")) for each in parts(picture, tag, of)]


def words(picture: str, of: str | None = None) -> list[str]:
    return [each.text or "" for each in parts(picture, "text", of)]


# --- what is no picture ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["a name", MARKUP, "在留カード", "\ud800", "", "x" * 10_000, "\ufffe\uffff"], ids=range(7)
)
@pytest.mark.parametrize("kind", PICTURES)
def test_whatever_its_names_a_picture_is_well_formed_and_runs_and_loads_nothing(kind: str, name: str) -> None:
    made = PICTURES[kind](name)
    root = ElementTree.fromstring(made)
    assert {each.tag.removeprefix(NAMESPACE) for each in root.iter()} <= {
        "svg", "style", "text", "title", "rect", "line", "polyline", "circle",  # of a picture
        "html", "head", "meta", "body", "h1",
    }  # fmt: skip
    assert not [attribute for each in root.iter() for attribute in each.attrib if attribute.startswith("on")]
    assert not re.search(r"<script|href|src=|@import|url\(|https?:", made.replace(NAMESPACE.strip("{}"), ""))
    assert made.encode()


def test_markup_in_a_name_is_shown_as_it_is() -> None:
    shown = [*words(timeline([Bar(0, 1, "<b>&", "")])), *words(histogram({"<b>&": [1]}, "<i>"))]
    assert shown.count("<b>&") == 2
    assert "duration, <i>" in shown


def test_a_page_forbids_what_it_does_not_need() -> None:
    made = page("t", "")
    assert "default-src 'none'; style-src 'unsafe-inline'" in made
    assert "script" not in made


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in (red, green, blue)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_colours_stand_out_from_light_and_dark() -> None:
    found = colours(map(str, range(8)))
    assert len(set(found.values())) == 8
    for colour in found.values():
        for background in ("#ffffff", "#1c1c1c"):
            one, other = sorted((luminance(colour), luminance(background)))
            assert (other + 0.05) / (one + 0.05) >= 3, (colour, background)  # WCAG 2.2, 1.4.11


def test_colours_begin_again_and_a_name_keeps_its_own() -> None:
    found = colours([*map(str, range(9)), "0"])
    assert found["8"] == found["0"]
    assert list(found) == [str(place) for place in range(9)]


# --- numbers ---------------------------------------------------------------------------------------------


def test_a_bar_is_as_long_as_its_time_and_where_it_began() -> None:
    made = timeline(BARS)
    left, width = places(made, "rect", "x", "bar"), places(made, "rect", "width", "bar")
    assert left == sorted(left)
    per_ms = width[0] / 10
    assert [each / per_ms for each in width] == pytest.approx([10, 30, 40], abs=0.01)
    assert [(each - left[0]) / per_ms for each in left] == pytest.approx([0, 20, 60], abs=0.01)
    assert [each.findtext(f"{NAMESPACE}title") for each in parts(made, "rect", "bar")] == [
        "one: 10 ms", "two: 30 ms", "three: 40 ms",
    ]  # fmt: skip
    assert words(made)[-2:] == ["read", "PIN"]
    assert words(made, "x-tick") == [str(tick) for tick in range(0, 101, 20)]
    assert "time, ms" in words(made)


def test_many_bars_are_no_more_than_there_is_room_for() -> None:
    made = timeline([Bar(at, 0.5, f"kind {at % 3}", "it") for at in range(100_000)])
    assert 3 < len(parts(made, "rect", "bar")) <= 4 * WIDTH
    titles = [str(each.findtext(f"{NAMESPACE}title")) for each in parts(made, "rect", "bar")]
    assert sum(1 if title.startswith("it: ") else int(title.split()[0]) for title in titles) == 100_000
    assert min(places(made, "rect", "width", "bar")) >= 1


def test_a_bar_too_short_to_see_is_seen() -> None:
    assert places(timeline([Bar(0, 0, "a", ""), Bar(1000, 1, "a", "")]), "rect", "width", "bar")[0] == 1


def test_a_histogram_tells_count_median_and_95th_percentile() -> None:
    made = histogram({"SELECT": list(range(1, 101)), "READ": [7.0], "none": []}, "ms")
    assert words(made)[-6:] == [
        "SELECT", "n 100 · median 50 · p95 95 ms", "READ", "n 1 · median 7 · p95 7 ms", "none", "no values",
    ]  # fmt: skip
    median, high = places(made, "line", "x1", "median"), places(made, "line", "x1", "p95")
    assert median[0] < high[0]
    assert median[1] == high[1]


def test_a_histogram_has_every_value_in_a_bin() -> None:
    made = histogram({"a": [1.0, 1.0, 2.0, 4.0]}, "ms")
    heights, left = places(made, "rect", "height", "bin"), places(made, "rect", "x", "bin")
    assert heights == [34, 17, 17]
    assert left == sorted(left)
    titles = [str(each.findtext(f"{NAMESPACE}title")) for each in parts(made, "rect", "bin")]
    assert titles == ["2 of 4", "1 of 4", "1 of 4"]


def test_a_histogram_over_decades_has_a_logarithmic_axis() -> None:
    made = histogram({"a": [1.0, 10.0, 100.0, 1000.0]}, "ms")
    assert words(made, "x-tick") == ["1", "2", "5", "10", "20", "50", "100", "200", "500", "1,000"]
    left = places(made, "text", "x", "x-tick")
    assert left[3] - left[0] == pytest.approx(left[6] - left[3], abs=0.02)
    assert words(histogram({"a": [1.0, 10.0]}, "ms"), "x-tick")[0] == "0"
    assert words(histogram({"a": [0.0, 10.0, 1000.0]}, "ms"), "x-tick")[0] == "0"  # nothing has no logarithm


def test_axes_and_scales_are_named() -> None:
    wide, narrow = words(histogram({"a": [1.0, 1000.0]}, "ms")), words(histogram({"a": [1.0, 2.0]}, "ms"))
    assert "duration, ms (logarithmic scale)" in wide
    assert "duration, ms" in narrow
    assert "height: how many; the highest of each row is equally high" in wide
    assert "line: median; dashed: 95th percentile" in wide
    assert "time, ms" in words(timeline([Bar(0, 1, "a", "")]))


def test_lines_go_by_powers_of_two_and_up_is_more() -> None:
    made = lines({"a": [(64, 10), (16, 0), (256, 20), (1024, 40)]}, "bytes", "bytes/s")
    across, down = places(made, "circle", "cx"), places(made, "circle", "cy")
    assert across == sorted(across)
    assert down == sorted(down, reverse=True)
    assert [b - a for a, b in zip(across, across[1:], strict=False)] == pytest.approx(
        [across[1] - across[0]] * 3, abs=0.02
    )
    assert words(made, "x-tick") == ["16", "32", "64", "128", "256", "512", "1,024"]
    assert words(made, "y-tick") == ["0", "5", "10", "15", "20", "25", "30", "35", "40"]
    assert {"bytes (logarithmic scale)", "bytes/s", "a"} <= set(words(made))
    assert parts(made, "circle")[1].findtext(f"{NAMESPACE}title") == "a: 64, 10"


def test_lines_of_one_point_and_of_very_many() -> None:
    assert len(parts(lines({"a": [(5, 5)]}, "x", "y"), "circle")) == 1
    made = lines({"a": [(at, math.sin(at)) for at in range(1000)]}, "x", "y")
    assert not parts(made, "circle")
    assert str(parts(made, "polyline")[0].get("points")).count(",") == 1000
    assert words(made, "y-tick")[0].startswith("-")


def test_names_without_room_are_cut_and_legends_go_on_below() -> None:
    made = lines({f"{place} is a name {'long ' * 20}": [(1, 1)] for place in range(8)}, "x", "y")
    names = [each for each in parts(made, "text") if "is a name" in str(each.text)]
    assert all(str(each.text).endswith("…") for each in names)
    rows = [float(str(each.get("y"))) for each in names]
    assert rows == sorted(rows)
    assert len(rows) == 8
    assert len(set(rows)) == 4  # two have room beside one another
    assert rows[-1] < float(str(ElementTree.fromstring(made).get("viewBox")).split()[3])
    assert shortened("在留カード" * 10, 100).endswith("…")
    assert wide(shortened("在留カード" * 10, 100)) <= 100


@pytest.mark.parametrize("high", [0.0, 0.001, 0.3, 1.0, 7.0, 99.0, 12_345.0, 9e12])
def test_ticks_are_round_few_and_around_the_values(high: float) -> None:
    scale = Scale.of([0.0, high], 0, 100)
    ticks = scale.ticks()
    assert 2 <= len(ticks) <= 11
    assert ticks[0] == 0
    assert ticks[-1] >= high * (1 - 1e-9)
    assert len({number(tick) for tick in ticks}) == len(ticks)
    assert [scale.at(ticks[0]), scale.at(ticks[-1])] == pytest.approx([0, 100])


@pytest.mark.parametrize("base", [2, 10])
@pytest.mark.parametrize("ratio", [20, 1000, 1e6, 1e15])
def test_ticks_of_a_logarithmic_axis_are_few_too(base: int, ratio: float) -> None:
    ticks = Scale.of([0.3, 0.3 * ratio], 0, 100, base=base).ticks()
    assert 3 <= len(ticks) <= 10


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_is_no_number_is_no_value(value: float) -> None:
    with pytest.raises(ValueError, match="A value is infinite, or not a number"):
        histogram({"a": [1.0, value]}, "ms")

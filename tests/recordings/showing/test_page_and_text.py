"""A dialogue as text and as a page: what it cost is there, and nothing that could run."""

from __future__ import annotations

from xml.etree import ElementTree

from mynacard.recordings.json_lines import load
from mynacard.recordings.showing import Line, Share, dialogue, page, shares, text
from tests.jpki.cards import card_with
from tests.recordings.card_in_use import recorded


def test_markup_in_a_recording_is_shown_and_not_taken() -> None:
    lines = [Line("<b>said</b>", "<i>&answered</i>", "other", 0, 10)]
    content = page(lines, {"reader": "</title><script>alert(1)</script>"})
    for word in ("<script", "<b>", "<i>"):
        assert word not in content
    assert "&lt;b&gt;said" in content


def test_without_times_there_is_no_picture_and_still_a_dialogue() -> None:
    found = load(recorded(card_with()).encode(), "it")
    lines = list(dialogue(found))
    assert "has no times" in page(lines, {})
    assert next(iter(text(lines))).startswith("> SELECT the application JPKI")
    assert "has no times" in page([], {})
    assert not [row for row in text(lines) if " ms" in row]
    assert " ms" not in page(lines, {}).replace("<th>at, ms</th><th>took, ms</th>", "")


def test_times_out_of_order_are_within_the_picture() -> None:
    lines = [Line("late", "", "read", 1_000_000, 500_000), Line("early", "", "read", 0, 250_000)]
    bars = ElementTree.fromstring(page(lines, {})).iterfind(".//*[@class='bar']")
    assert [float(str(bar.get("x"))) + float(str(bar.get("width"))) <= 960 for bar in bars] == [True, True]
    assert list(text(lines))[-1] == "between commands: 750.00 ms"


def test_each_kind_has_its_share_of_the_time_and_the_rest_is_between() -> None:
    lines = [Line("", "", "read", 0, 200), Line("", "", "PIN", 300, 50), Line("", "", "read", 400, 100)]
    assert list(shares(lines)) == [Share("read", 2, 300), Share("PIN", 1, 50), Share("between commands", 0, 150)]
    assert list(shares([Line("", "", "other", None, None)])) == [Share("other", 1, None)]
    assert list(shares([])) == []


def test_text_has_two_lines_for_an_exchange_and_the_shares_below() -> None:
    lines = [Line("SELECT", "9000", "select", 1500, 2000), Line("READ", "no answer: lost", "read", None, None)]
    assert list(text(lines)) == [
        "      1.50 ms > SELECT", "              < 9000 [2.00 ms]", "> READ", "< no answer: lost",
        "select: 1 command, 2.00 ms", "read: 1 command", "between commands: 1.50 ms",
    ]  # fmt: skip

"""A recording in words and as a picture: what was asked, what it cost, and nothing that could run."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
import trace_view
from trace_words import Line, dialogue

from mynacard.recordings.recording import load
from tests.jpki.cards import card_with
from tests.recordings.test_recording import PASSWORD, PIN, recorded, timed


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.recording"
    path.write_text(timed(card_with(), itertools.count(0, 500_000)), "ascii")  # half a millisecond each
    return path


def test_a_recording_is_told_in_words(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert trace_view.main([str(file)]) == 0
    said = capsys.readouterr().out
    for words in (
        "0.00 ms > SELECT the application JPKI", "[0.50 ms]", "READ BINARY of 0006 (token information)",
        "VERIFY of 0018 (user-authentication PIN) without data: how many tries are left?",
        "< 63C3 (3 tries left)", "> VERIFY of 001B (digital-signature PIN)\n",
        "COMPUTE DIGITAL SIGNATURE of 51 bytes with 001A (digital-signature key)", "256 bytes, 9000",
        " masked), 9000 done", "signature: 1 command, 0.50 ms", "between commands: ",
    ):  # fmt: skip
        assert words in said, words
    assert PIN not in said
    assert PASSWORD not in said


def test_every_command_of_a_recording_has_words() -> None:
    found = load(timed(card_with(), itertools.count(0, 500_000)).encode(), "it")
    lines = list(dialogue(found))
    assert len(lines) == len(found.exchanges)
    assert not [line.said for line in lines if line.said.startswith("unknown")]
    assert {line.kind for line in lines} >= {"select", "read", "PIN", "signature"}


def test_the_page_has_a_bar_for_each_command_and_loads_nothing(file: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    assert trace_view.main([str(file), "--html", str(page)]) == 0
    content = page.read_text("utf-8")
    count = len(load(file.read_bytes(), "it").exchanges)
    assert content.count('class="bar"') == count
    assert "median 0.5 · p95 0.5 ms" in content
    for word in ("http:", "https:", "href", "src=", "<script", "@import", "url("):
        assert word not in content.replace('xmlns="http://www.w3.org/2000/svg"', "")
    ElementTree.fromstring(content)


def test_markup_in_a_recording_is_shown_and_not_taken() -> None:
    lines = [Line("<b>said</b>", "<i>&answered</i>", "other", 0, 10)]
    content = trace_view.page(lines, {"reader": "</title><script>alert(1)</script>"})
    for word in ("<script", "<b>", "<i>"):
        assert word not in content
    assert "&lt;b&gt;said" in content


def test_without_times_there_is_no_picture_and_still_a_dialogue() -> None:
    found = load(recorded(card_with()).encode(), "it")
    lines = list(dialogue(found))
    assert "has no times" in trace_view.page(lines, {})
    assert next(iter(trace_view.text(lines))).startswith("> SELECT the application JPKI")
    assert "has no times" in trace_view.page([], {})
    assert not [row for row in trace_view.text(lines) if " ms" in row]
    assert " ms" not in trace_view.page(lines, {}).replace("<th>at, ms</th><th>took, ms</th>", "")


def test_times_out_of_order_are_within_the_picture() -> None:
    lines = [Line("late", "", "read", 1_000_000, 500_000), Line("early", "", "read", 0, 250_000)]
    bars = ElementTree.fromstring(trace_view.page(lines, {})).iterfind(".//*[@class='bar']")
    assert [float(str(bar.get("x"))) + float(str(bar.get("width"))) <= 960 for bar in bars] == [True, True]
    assert list(trace_view.text(lines))[-1] == "between commands: 750.00 ms"


def test_who_reads_no_further_is_no_error(file: Path) -> None:
    tool = [sys.executable, str(Path(trace_view.__file__)), str(file)]
    done = subprocess.Popen(tool, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert done.stdout is not None
    done.stdout.close()
    assert (done.communicate(timeout=60)[1], done.returncode) == (b"", 0)


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", b"no recording"])
def test_what_is_none_is_told(tmp_path: Path, content: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "none"
    path.write_bytes(content)
    assert trace_view.main([str(path)]) == 1
    assert capsys.readouterr().err.startswith("trace_view: ")
    assert trace_view.main([str(tmp_path / "missing")]) == 1

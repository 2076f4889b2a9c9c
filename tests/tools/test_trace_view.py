"""The script says a recording in words, and writes a page and a capture file, whole or not at all."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
import trace_view

from mynacard.recordings.json_lines import load
from mynacard.recordings.showing import capture
from tests.jpki.cards import card_with
from tests.recordings.card_in_use import PASSWORD, PIN, timed


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


@pytest.mark.parametrize("option", ["--pcapng", "--html"])
def test_a_file_is_there_whole_or_as_it_was(
    option: str, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    target = tmp_path / "out"
    assert trace_view.main([str(file), option, str(target)]) == 0
    written = target.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        assert trace_view.main([str(file), option, str(target)]) == 1
    assert capsys.readouterr().err == f"trace_view: {target} cannot be written: No space left on device.\n"
    assert target.read_bytes() == written
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.recording", "out"]


@pytest.mark.parametrize("option", ["--pcapng", "--html"])
def test_what_cannot_be_written_is_told(
    option: str, file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for target, reason in ((tmp_path / "none" / "out", "No such file or directory"), (tmp_path, "Is a directory")):
        assert trace_view.main([str(file), option, str(target)]) == 1
        assert capsys.readouterr().err == f"trace_view: {target} cannot be written: {reason}.\n"


def test_a_recording_is_not_replaced_by_what_is_made_of_it(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = file.read_bytes()
    assert trace_view.main([str(file), "--pcapng", str(file)]) == 1
    assert "is the recording itself" in capsys.readouterr().err
    assert file.read_bytes() == before


def test_a_damaged_recording_leaves_no_file(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_bytes(file.read_bytes()[:-20])
    assert trace_view.main([str(file), "--pcapng", str(tmp_path / "out")]) == 1
    assert capsys.readouterr().err.startswith("trace_view: The recording ")
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such pipes")
def test_a_pipe_is_written_to_and_not_replaced(file: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert trace_view.main([str(file), "--pcapng", str(pipe)]) == 0
        assert os.read(reader, 1 << 20) == capture(load(file.read_bytes(), "it"))
        assert pipe.is_fifo()
    finally:
        os.close(reader)

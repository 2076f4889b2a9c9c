"""``mynacard trace``: a recording in words, as a page, and as a capture file."""

from __future__ import annotations

from pathlib import Path

import pytest

from mynacard.recordings import read_recording
from mynacard.recordings.showing import capture, dialogue, page, text
from tests.cli.command_line import CardFile, process, run


@pytest.fixture
def recording(card: CardFile, tmp_path: Path) -> Path:
    file = tmp_path / "card.recording"
    assert run("pin", "status", "-r", card.reader, "--record", file).code == 0
    return file


def test_a_recording_is_shown_in_words(recording: Path) -> None:
    outcome = run("trace", "show", recording)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.splitlines() == list(text(list(dialogue(read_recording(recording)))))
    assert "> SELECT the application JPKI\n" in outcome.out
    assert "between commands: " in outcome.out


def test_a_page_is_written_beside_the_words(recording: Path, tmp_path: Path) -> None:
    assert run("trace", "show", recording, "--html", tmp_path / "page.html").out == run("trace", "show", recording).out
    recorded = read_recording(recording)
    assert (tmp_path / "page.html").read_text("utf-8") == page(list(dialogue(recorded)), recorded.about)


def test_a_capture_file_is_written(recording: Path, tmp_path: Path) -> None:
    outcome = run("trace", "pcapng", recording, "-o", tmp_path / "card.pcapng")
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "")
    assert (tmp_path / "card.pcapng").read_bytes() == capture(read_recording(recording))


WRITING = pytest.mark.parametrize("words", [("show", "--html"), ("pcapng", "--output")], ids=lambda words: words[0])


@WRITING
def test_an_existing_file_is_replaced_only_with_force(words: tuple[str, str], recording: Path, tmp_path: Path) -> None:
    command, option = words
    target = tmp_path / "out"
    target.write_text("mine")
    refused = run("trace", command, recording, option, target)
    assert (refused.code, target.read_text()) == (2, "mine")
    assert "--force" in refused.complaint
    assert run("trace", command, recording, option, target, "--force").code == 0
    assert target.read_bytes() != b"mine"


@WRITING
def test_a_recording_is_not_replaced_by_what_is_made_of_it(words: tuple[str, str], recording: Path) -> None:
    command, option = words
    before = recording.read_bytes()
    outcome = run("trace", command, recording, option, recording, "--force")
    assert (outcome.code, recording.read_bytes()) == (2, before)
    assert "is the recording itself" in outcome.complaint


@WRITING
def test_what_is_not_a_recording_leaves_no_file(words: tuple[str, str], tmp_path: Path) -> None:
    command, option = words
    (tmp_path / "none").write_text("{}")
    assert run("trace", command, tmp_path / "none", option, tmp_path / "out").code == 61
    assert run("trace", command, tmp_path / "missing", option, tmp_path / "out").code == 61
    assert not (tmp_path / "out").exists()


def test_no_other_command_loads_what_draws() -> None:
    script = (
        "import sys; from mynacard.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print([name for name in sys.modules if 'drawing' in name or 'showing' in name])"
    )
    assert process("pin", "status", "-r", "sim:", script=script).out.splitlines()[-1] == "[]"

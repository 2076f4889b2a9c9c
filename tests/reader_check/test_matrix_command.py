"""``mynacard readers matrix`` and tools/reader_matrix.py: a bad report is named, and the others make the table."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mynacard.reader_check import Reader, write_report
from tests.reader_check.programs import TOOLS, Program, both
from tests.reader_check.test_matrix import FAILED, check, report


@pytest.fixture(params=both("matrix"), ids=lambda program: program.name)
def readers_matrix(request: pytest.FixtureRequest) -> Program:
    program: Program = request.param
    return program


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "good.json"
    write_report(report(check("library"), check("signature", FAILED, ms=703)), path)
    return path


def test_without_options_the_table_goes_to_standard_output(good: Path, readers_matrix: Program) -> None:
    said = readers_matrix(good)
    assert said.code == 0
    assert said.err == ""
    assert said.out == (
        "| reader | system | the signature | the library | reports |\n"
        "| --- | --- | --- | --- | --- |\n"
        "| A Reader<br>1234:ABCD<br>driver 1.5.0 | Linux pcsc-lite | ✗ failed<br>ms: 703 | ✓ passed"
        " | 1 report, 2026-11-01 |\n"
        "\n"
        "- A Reader, the signature (failed): signature failed\n"
    )


def test_files_are_written_where_they_are_wanted(good: Path, tmp_path: Path, readers_matrix: Program) -> None:
    web, table = tmp_path / "page.html", tmp_path / "table.md"
    said = readers_matrix(good, "--html", web, "--markdown", table)
    assert (said.code, said.out, said.err) == (0, "", "")
    assert "✗ failed" in web.read_text("utf-8")
    assert "✗ failed" in table.read_text("utf-8")


def test_each_bad_report_is_named_and_the_others_make_the_table(
    good: Path, tmp_path: Path, readers_matrix: Program
) -> None:
    document = json.loads(good.read_text("utf-8"))
    contents = {
        "version.json": json.dumps({**document, "version": 2}).encode(),
        "damaged.json": good.read_bytes()[:-20],
        "large.json": b" " * (8 << 20) + b"{}",
        "empty.json": b"",
        "a\x1b[31m.json": b"{}",
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    said = readers_matrix(*(tmp_path / name for name in contents), tmp_path / "missing.json", good)
    assert said.code == 1
    lines = said.err.splitlines()
    assert len(lines) == 6
    for line, name in zip(lines, [*contents, "missing.json"], strict=True):
        assert line.startswith(f"{readers_matrix.name}: ")
        assert name.replace("\x1b", "\\x1b") + ": " in line
    assert "another version" in lines[0]
    assert "A Reader" in said.out


def test_without_a_report_there_is_no_table(tmp_path: Path, readers_matrix: Program) -> None:
    web = tmp_path / "page.html"
    said = readers_matrix(tmp_path / "missing.json", "--html", web)
    assert said.code == 1
    assert "No report could be read, so there is no table." in said.err
    assert not web.exists()
    assert readers_matrix().code == 2


def test_a_page_that_cannot_be_written_is_told(good: Path, tmp_path: Path, readers_matrix: Program) -> None:
    said = readers_matrix(good, "--html", tmp_path / "none" / "page.html")
    assert said.code == 1
    assert said.err.startswith(f"{readers_matrix.name}: {tmp_path / 'none'}")


def test_it_runs_as_a_script_whatever_letters_the_terminal_has(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_report(report(reader=Reader("読取装置")), path)
    done = subprocess.run(
        [sys.executable, TOOLS / "reader_matrix.py", path], capture_output=True, check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONIOENCODING": "ascii"},
    )  # fmt: skip
    assert b"\\u8aad" in done.stdout

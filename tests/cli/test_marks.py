"""Text files from Notepad and PowerShell begin with a byte order mark, which is not part of what they hold."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from tests.cli.command_line import DIGITAL_SIGNATURE, PASSWORD, PIN, USER_AUTHENTICATION, CardFile, run

Mark = Callable[[str], bytes]
MARKED: Final[dict[str, Mark]] = {
    "UTF-8": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "UTF-16, little-endian": lambda text: b"\xff\xfe" + text.encode("utf-16-le"),
    "UTF-16, big-endian": lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
}
marked = pytest.mark.parametrize("mark", MARKED.values(), ids=MARKED)


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@marked
def test_a_pin_file_with_a_mark_holds_the_pin(mark: Mark, card: CardFile, tmp_path: Path) -> None:
    file = written(tmp_path / "pin", mark(f"{PIN}\r\n"))
    outcome = run("pin", "verify", USER_AUTHENTICATION, "-r", card.reader, "--pin-file", file)
    assert (outcome.code, card.tries_left()[USER_AUTHENTICATION]) == (0, 3), outcome.err


@marked
def test_a_file_with_both_pins_of_a_change_may_have_a_mark(mark: Mark, card: CardFile, tmp_path: Path) -> None:
    file = written(tmp_path / "pins", mark(f"{PIN}\r\n8046\r\n"))
    outcome = run("pin", "change", USER_AUTHENTICATION, "-r", card.reader, "--pin-file", file)
    assert outcome.code == 0, outcome.err


@marked
def test_a_descriptor_may_begin_with_a_mark(mark: Mark, card: CardFile) -> None:
    reading, writing = os.pipe()
    os.write(writing, mark(f"{PASSWORD}\n"))
    os.close(writing)
    outcome = run("pin", "verify", DIGITAL_SIGNATURE, "-r", card.reader, "--pin-fd", str(reading))
    os.close(reading)
    assert outcome.code == 0, outcome.err


@marked
def test_a_number_a_draft_and_a_profile_may_have_a_mark(
    mark: Mark, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = written(tmp_path / "number", mark("AB12345678CD\r\n"))
    words = ("-r", "sim:@residence-2-mid-term", "--number-file", number, "-o", tmp_path / "card", "--simulated")
    assert run("residence", "read", *words).code == 0
    assert run("apply", "new", "extension", "-o", tmp_path / "draft").code == 0
    before = run("apply", "check", tmp_path / "draft", "--json")
    written(tmp_path / "draft", mark((tmp_path / "draft").read_text("utf-8")))
    assert run("apply", "check", tmp_path / "draft", "--json") == before
    profiles = '{"format": "mynacard reader profiles", "version": 1, "profiles": []}'
    monkeypatch.setenv("MYNACARD_PROFILES", str(written(tmp_path / "profiles", mark(profiles))))
    assert run("doctor", "-r", "sim:").err == ""


@marked
def test_a_ca_certificate_may_have_a_mark(mark: Mark, card: CardFile, tmp_path: Path) -> None:
    exported, document, signature = (tmp_path / name for name in ("certificate.pem", "document", "signature"))
    written(document, b"document")
    source = ("-r", card.reader, "--pin-file", card.pin_file(DIGITAL_SIGNATURE))
    assert run("cert", "export", DIGITAL_SIGNATURE, "-o", exported, *source).code == 0
    assert run("sign", document, "--format", "raw", "-o", signature, *source).code == 0
    before = run("verify", document, signature, "--certificate", exported, "--simulated")
    again = written(tmp_path / "marked.pem", mark(exported.read_text("ascii")))
    after = run("verify", document, signature, "--certificate", again, "--simulated", "--ca", again)
    assert (before.code, after.code) == (71, 71), after.err


@pytest.mark.parametrize("content", [b"", b"12\n", "１２３４".encode(), b"\xef\xbb\xbf", b"\xff\xfe", b" 1234\n"])
def test_a_fault_of_the_file_is_called_the_files(content: bytes, card: CardFile, tmp_path: Path) -> None:
    file = written(tmp_path / "pin", content)
    before = card.trace_of_a_verify
    outcome = run("pin", "verify", USER_AUTHENTICATION, "-r", card.reader, "--pin-file", file)
    assert outcome.code == 30
    assert outcome.complaint == (
        "The user-authentication PIN must be exactly 4 digits. "
        "The one in the file is not, and was not sent: no try is spent."
    )
    assert card.trace_of_a_verify == before


def test_lowercase_letters_name_the_option_that_converts_them(card: CardFile, tmp_path: Path) -> None:
    file = written(tmp_path / "password", PASSWORD.lower().encode())
    words = ("pin", "verify", DIGITAL_SIGNATURE, "-r", card.reader, "--pin-file", file)
    outcome = run(*words)
    assert outcome.code == 30
    assert "--upper-case" in outcome.complaint
    assert run(*words, "--upper-case").code == 0

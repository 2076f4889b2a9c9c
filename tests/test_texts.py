"""Texts for people: their details, their languages, and letters that would do more than be read."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mynacard
from mynacard.errors import MynacardError
from mynacard.texts import Sentence, catalogue, json_text, language_of, lines_printable, moment, printable, unmarked


@pytest.mark.parametrize(("text", "shown"), [
    ("見本　花子 (Hanako) 𠮷 \ue000", "見本　花子 (Hanako) 𠮷 \ue000"),
    ("\x1b[2Jgone", "\\x1b[2Jgone"),
    ("two\nlines\r", "two\\nlines\\r"),
    ("\u202eevil\u200b", "\\u202eevil\\u200b"),
    ("\x9b2J \x7f \udcff", "\\x9b2J \\x7f \\udcff"),
    ("one\u2028two\u2029", "one\\u2028two\\u2029"),
])  # fmt: skip
def test_names_are_shown_and_commands_are_not(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text())
def test_what_is_printable_is_one_line_and_stays_as_it_is(text: str) -> None:
    once = printable(text)
    assert len(once.splitlines()) <= 1
    assert printable(once) == once


def test_a_path_is_printable_too_and_lines_stay_lines() -> None:
    assert printable(Path("a\x1b[8m\nb")) == "a\\x1b[8m\\nb"
    assert lines_printable("one\ntwo\x9b\n") == "one\ntwo\\x9b\n"


@pytest.mark.parametrize(("text", "written"), [
    ("見本　𠮷", '"見本　𠮷"'),
    ("\x1b\n\x7f\x9b", '"\\u001b\\n\\u007f\\u009b"'),
    ("\u202e\u2028\udcff", '"\\u202e\\u2028\\udcff"'),
    ("\U000e0041", '"\\udb40\\udc41"'),
])  # fmt: skip
def test_json_has_letters_as_they_are_and_escapes_what_a_terminal_obeys(text: str, written: str) -> None:
    assert json_text(text) == written


@given(st.dictionaries(st.text(), st.text() | st.integers()), st.sampled_from([None, 2]), st.booleans())
def test_json_that_a_terminal_can_show_means_the_same(document: dict[str, object], indent: int, narrow: bool) -> None:
    text = json_text(document, indent=indent, ascii_only=narrow)
    assert json.loads(text) == document
    assert text == lines_printable(text)
    assert text.isascii() or not narrow


def quoted(text: str) -> str:
    return f"«{text}»"


def test_a_sentence_is_translated_with_the_texts_and_sentences_in_it() -> None:
    inner = Sentence("{name} is gone", {"name": "it"})
    outer = Sentence("{what}, {count} times: {why} {empty}{error}", {
        "what": "Again", "count": 3, "why": inner, "empty": "", "error": MynacardError("No."),
    })  # fmt: skip
    assert outer.text() == "Again, 3 times: it is gone No."
    assert outer.text(quoted) == "««Again», 3 times: ««it» is gone» «No.»»"
    assert Sentence("").text(catalogue("ja").gettext) == ""


def test_a_moment_is_told_in_utc() -> None:
    japan = timezone(timedelta(hours=9))
    assert moment(datetime(2026, 11, 30, 8, 59, 59, 999_999, japan)) == "2026-11-29 23:59:59 UTC"
    assert moment(datetime(2026, 11, 30, tzinfo=UTC)) == "2026-11-30 00:00:00 UTC"


def test_a_language_without_catalogue_is_english() -> None:
    assert catalogue("tlh").gettext("The account was closed.") == "The account was closed."


def test_a_package_in_a_zip_file_speaks_its_languages(tmp_path: Path) -> None:
    folder, file = Path(mynacard.__file__).parent, tmp_path / "mynacard.zip"
    with zipfile.ZipFile(file, "w") as archive:
        for part in ("_dataclasses.py", "texts.py", "locale/ja/LC_MESSAGES/mynacard.mo"):
            archive.write(folder / part, f"mynacard/{part}")
        archive.writestr("mynacard/__init__.py", "")
    script = "from mynacard.texts import catalogue; print(*(catalogue(name).gettext('bad') for name in ('ja', 'en')))"
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONPATH": str(file), "PYTHONIOENCODING": "utf-8", "SYSTEMROOT": ""}, capture_output=True, check=True,
    )  # fmt: skip
    assert done.stdout.decode("utf-8").split() == ["不正", "bad"]


@pytest.mark.parametrize(
    "content", [b"", b"text", b"\xef\xbb", b"\xff", b"0\x82\xff\xfe", "在留".encode(), b"\x00\xff\xfe"]
)
def test_what_has_no_mark_stays_as_it_is(content: bytes) -> None:
    assert unmarked(content) == content
    assert unmarked(b"\xef\xbb\xbf" + content) == content


@pytest.mark.parametrize("text", ["", "1234\r\n", "在留\n"])
def test_utf_16_with_a_mark_becomes_utf_8(text: str) -> None:
    for mark, encoding in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        assert unmarked(mark + text.encode(encoding)) == text.encode()
        assert isinstance(unmarked(mark + text.encode(encoding) + b"\xd8"), bytes)


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "POSIX"}, "en"),
        ({"LANG": "ja_JP.UTF-8"}, "ja"),
        ({"LANGUAGE": "ja:en", "LC_ALL": "en_US.UTF-8"}, "ja"),
        ({"LANGUAGE": "", "LC_ALL": "de_DE@euro", "LANG": "ja_JP.UTF-8"}, "de"),
        ({"LC_MESSAGES": "ja", "LANG": "de"}, "ja"),
        ({"LANG": "../../elsewhere"}, "en"),
    ],
)
def test_the_environment_names_the_language(environment: dict[str, str], language: str) -> None:
    assert language_of(environment) == language

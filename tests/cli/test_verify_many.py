"""``mynacard verify --many``: a line for each file of a folder, a summary, and the exit code of the worst."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import pytest

from mynacard.hashes import HashAlgorithm
from tests.cli.command_line import run
from tests.signing.documents import CA, CERTIFICATE, DATA, SIGNATURE
from tests.signing.test_judging import OPAQUE, SIGNED, raw
from tests.signing.test_timestamp import revocation_list
from tests.trust.authorities import NOW, der

AT: Final = ("--at", NOW.isoformat())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "ca").write_bytes(der(CA.certificate))
    (tmp_path / "crl").write_bytes(revocation_list(CA, when=NOW))
    (tmp_path / "many" / "a folder").mkdir(parents=True)
    return tmp_path / "many"


def write(folder: Path, **files: bytes) -> None:
    for name, content in files.items():
        (folder / name.replace("_", ".")).write_bytes(content)


def verify(folder: Path, *more: str) -> tuple[int, list[str], str]:
    words = ("--many", str(folder), "--ca", str(folder.parent / "ca"), "--crl", str(folder.parent / "crl"), *AT)
    result = run("verify", *words, *more)
    return result.code, result.out.splitlines(), result.err


def test_each_file_has_a_line_and_all_have_a_summary(folder: Path) -> None:
    write(
        folder,
        a=DATA,
        a_p7s=SIGNATURE,
        b=DATA + b"!",
        b_p7s=SIGNATURE,
        c_p7m=OPAQUE,
        d_pdf=SIGNED,
        e=b"",
        f_p7s=SIGNATURE,
    )
    code, lines, summary = verify(folder)
    assert [line.partition(": ")[0].rpartition("/")[2] for line in lines] == ["a", "b", "c.p7m", "d.pdf", "e", "f.p7s"]
    said = [line.partition(": ")[2] for line in lines]
    assert (said[0], said[2]) == ("good", "good")
    assert said[1].startswith("bad. The signature is for another file")
    assert said[5] == "This signature does not hold what was signed: the file is needed, too."
    assert summary.endswith("3 good, 1 bad, 0 not fully checked, 2 that could not be checked.\n")
    assert code == 70


def test_with_json_each_line_is_a_document(folder: Path) -> None:
    write(folder, a=DATA, a_p7s=SIGNATURE, e=b"")
    code, lines, _ = verify(folder, "--json")
    good, unreadable = map(json.loads, lines)
    assert (good["overall"], good["steps"]["signature"]["code"]) == ("good", "signature/good")
    assert (good["file"], unreadable["file"]) == (str(folder / "a"), str(folder / "e"))
    assert (unreadable["overall"], unreadable["error"]) == (None, "This is not a PDF file.")
    assert code == 71


def test_raw_signatures_go_with_the_certificate(folder: Path) -> None:
    (folder.parent / "certificate").write_bytes(der(CERTIFICATE))
    write(folder, a=DATA, a_sig=raw(HashAlgorithm.SHA384))
    more = ("--certificate", str(folder.parent / "certificate"), "--hash", "sha384")
    assert verify(folder, *more)[:2] == (0, [f"{folder / 'a'}: good"])


def test_an_empty_folder_is_not_good(folder: Path) -> None:
    assert verify(folder)[0] == 71


@pytest.mark.parametrize("words", [(), ("FILE", "--many", ".")], ids=["neither", "both"])
def test_a_file_or_a_folder_is_named(words: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "FILE").write_bytes(DATA)
    result = run("verify", *(str(tmp_path / word) if word == "FILE" else word for word in words), "--simulated")
    assert (result.code, "Name a FILE, or a folder with --many." in result.err) == (2, True)


@pytest.mark.thorough("starts processes")
def test_processes_say_the_same(folder: Path) -> None:
    write(folder, a=DATA, a_p7s=SIGNATURE, b=DATA + b"!", b_p7s=SIGNATURE, e=b"")
    code, lines, _ = verify(folder, "--jobs", "2")
    assert (code, lines) == verify(folder)[:2]

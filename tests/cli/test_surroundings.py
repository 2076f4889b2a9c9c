"""Every command, in surroundings that are not its developer's: without a home, from a zip, with Python's switches."""

from __future__ import annotations

import itertools
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from mynacard.doors import cache
from tests.cli.command_line import DIGITAL_SIGNATURE, USER_AUTHENTICATION, CardFile, environment, run
from tests.support import SOURCE

NO_READER: Final = frozenset({10, 11, 12, 13, 14, 17})
"""A machine without PC/SC, without its service, without a reader: the codes of what this desk lacks."""
COMMANDS: Final[tuple[tuple[str, frozenset[int]], ...]] = (
    ("--version", frozenset({0})),
    ("--help", frozenset({0})),
    ("apdu 00A4040C0AD392F000260100000001 -r {card}", frozenset({0})),
    ("apply check {draft}", frozenset({67})),
    ("apply new extension -o {folder}/new.json", frozenset({0})),
    ("apply statuses", frozenset({0})),
    ("authenticate --origin https://a.example --nonce {nonce} -r {card} --pin-file {pin}", frozenset({0})),
    ("cert show digital-signature -r {card} --pin-file {password}", frozenset({0})),
    ("doctor -r sim:", frozenset({0})),
    ("info -r sim:", frozenset({0})),
    ("info -r sim:@residence-2-mid-term", frozenset({0})),
    ("personal attributes -r sim: --simulated --pin-file {usual}", frozenset({0})),
    ("pin status -r {card}", frozenset({0})),
    ("pin verify user-authentication -r {card} --pin-file {pin}", frozenset({0})),
    ("readers", NO_READER | {0}),
    ("residence read -r sim:@residence-2-mid-term --number-file {number} -o {folder}/res --force", frozenset({0})),
    ("sign {document} -o {folder}/signature --force -r {card} --pin-file {password}", frozenset({0})),
    ("sim crl digital-signature -o {folder}/crl --force", frozenset({0})),
    ("sim new {folder}/new-card", frozenset({0})),
    ("sim personas", frozenset({0})),
    ("sim show {file}", frozenset({0})),
    ("verify {document} {document} --simulated", frozenset({70, 60})),
)  # fmt: skip


@pytest.fixture(scope="module")
def keys() -> Iterator[rsa.RSAPrivateKey]:
    """Keys in turn: making them takes long, and here many PKIs are made."""
    return itertools.cycle([rsa.generate_private_key(65537, 2048) for _ in range(7)])


@pytest.fixture
def memory(keys: Iterator[rsa.RSAPrivateKey], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As in a new process, which has told nothing yet."""
    monkeypatch.setattr(rsa, "generate_private_key", lambda *_: next(keys))
    cache._memory.cache_clear()
    yield
    cache._memory.cache_clear()


@pytest.fixture
def names(card: CardFile, document: Path) -> Mapping[str, object]:
    """The files that the commands name."""
    folder = document.parent
    draft, usual, number = folder / "draft.json", folder / "usual.pin", folder / "number"
    assert run("apply", "new", "extension", "-o", draft).code == 0
    usual.write_bytes(b"1234\n")
    number.write_bytes(b"AB12345678CD\n")
    return {
        "card": card.reader, "file": card.path, "folder": folder, "document": document, "draft": draft,
        "pin": card.pin_file(USER_AUTHENTICATION), "password": card.pin_file(DIGITAL_SIGNATURE), "usual": usual,
        "number": number,
        "nonce": "A" * 44,
    }  # fmt: skip


def words(command: str, names: Mapping[str, object]) -> list[str]:
    return [word.format(**names) for word in command.split()]


# --- in this process ---


@pytest.mark.parametrize(("command", "codes"), COMMANDS, ids=[command for command, _ in COMMANDS])
def test_without_a_home_every_command_works_and_says_at_most_once_what_it_lacks(
    command: str, codes: frozenset[int], names: Mapping[str, object], tmp_path: Path, memory: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("MYNACARD_CACHE", str(tmp_path / "file" / "cache"))
    outcome = run(*words(command, names))
    assert outcome.code in codes, outcome.err
    said = [line for line in outcome.err.splitlines() if "MYNACARD_CACHE" in line]
    assert len(said) <= 1
    assert all(line.startswith("mynacard: Nothing can be kept in the folder ") for line in said)


def test_what_is_lacking_is_said_once_in_a_command_that_makes_several_cards(
    tmp_path: Path, memory: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("MYNACARD_CACHE", str(tmp_path / "file"))
    outcome = run("info", "-r", "sim:")
    assert (outcome.code, len(outcome.err.splitlines())) == (0, 1)
    assert "from memory" in outcome.err
    assert run("info", "-r", "sim:").err == ""


@pytest.mark.parametrize(("command", "codes"), COMMANDS, ids=[command for command, _ in COMMANDS])
def test_a_terminal_in_a_japanese_code_page_gets_what_it_can_show(
    command: str, codes: frozenset[int], names: Mapping[str, object]
) -> None:
    assert run(*words(command, names), encoding="cp932").code in codes


# --- in a process of its own ---


@dataclass(frozen=True)
class Surroundings:
    """How a process differs from one at its developer's desk."""

    switches: tuple[str, ...] = ()
    more: Mapping[str, str] = field(default_factory=dict[str, str])
    less: tuple[str, ...] = ()
    zipped: bool = False

    def run(self, program: list[str], folder: Path) -> subprocess.CompletedProcess[bytes]:
        variables = environment(**self.more)
        for name in self.less:
            variables.pop(name, None)
        if self.zipped:
            variables["PYTHONPATH"] = str(zipped(folder))
        start = [sys.executable, *self.switches, "-m", "mynacard", *program]
        return subprocess.run(start, capture_output=True, check=False, timeout=60, env=variables)


def zipped(folder: Path) -> Path:
    """The package as a zip file, as a zipapp has it."""
    path = folder / "mynacard.zip"
    if not path.exists():
        with zipfile.ZipFile(path, "w") as archive:
            for file in sorted(SOURCE.rglob("*")):
                if file.is_file() and file.suffix not in {".pyc", ".po"}:
                    archive.write(file, file.relative_to(SOURCE.parent))
    return path


PLACES: Final = {
    "from a zip": Surroundings(zipped=True),
    "-O": Surroundings(("-O",)),
    "-OO": Surroundings(("-OO",)),
    "-W error": Surroundings(("-W", "error")),
    "without HOME": Surroundings(less=("HOME",)),
    "without a locale": Surroundings(
        ("-X", "utf8=0"), {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"}, ("PYTHONIOENCODING",)
    ),
    "in Japanese, from a zip, to ASCII": Surroundings(
        (), {"LANGUAGE": "ja", "PYTHONIOENCODING": "ascii"}, zipped=True
    ),
}  # fmt: skip
NONSENSE: Final = ("MYNACARD_CACHE", "MYNACARD_OUTBOX", "MYNACARD_PCSC", "MYNACARD_PORTAL", "MYNACARD_PROFILES",
                   "MYNACARD_READER")  # fmt: skip


def calm(done: subprocess.CompletedProcess[bytes], codes: frozenset[int]) -> None:
    assert done.returncode in codes, done.stderr
    assert b"Traceback" not in done.stdout + done.stderr, done.stderr
    assert b"\x1b" not in done.stdout + done.stderr, done.stderr


@pytest.mark.parametrize("place", PLACES)
def test_a_card_is_looked_at_from(place: str, tmp_path: Path) -> None:
    calm(PLACES[place].run(["info", "-r", "sim:"], tmp_path), frozenset({0}))


@pytest.mark.thorough("every command is a process of its own, in every place")
@pytest.mark.parametrize("place", PLACES)
def test_every_command_works_from(place: str, names: Mapping[str, object], tmp_path: Path) -> None:
    for command, codes in COMMANDS:
        names_file = Path(str(names["folder"])) / "new-card"
        names_file.unlink(missing_ok=True)
        (names_file.with_name("new.json")).unlink(missing_ok=True)
        calm(PLACES[place].run(words(command, names), tmp_path), codes)
    calm(PLACES[place].run(["demo"], tmp_path), frozenset({0}))


@pytest.mark.parametrize("name", NONSENSE)
@pytest.mark.parametrize("value", ["\x1b[2J\u202e", "~", "x" * 5000, "sim:@", "/dev/null"], ids=repr)
def test_a_variable_that_is_nonsense_is_told_or_ignored(
    name: str, value: str, memory: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, names: Mapping[str, object]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(name, value)
    for command in ("info -r sim:", "readers", "info", "apply status 1"):
        outcome = run(*words(command, names))
        assert "\x1b" not in outcome.err + outcome.out
        assert outcome.code == 0 or outcome.err
    assert not (tmp_path / "~").exists()


def test_the_names_of_all_variables_are_here() -> None:
    sources = (path.read_text("utf-8") for path in SOURCE.rglob("*.py"))
    named = {
        word for text in sources for word in text.replace("`", " ").replace('"', " ").split() if word[:9] == "MYNACARD_"
    }
    assert {word.strip(".,:;()]}") for word in named} == set(NONSENSE)


def test_no_module_asks_for_its_own_file() -> None:
    """In a zip there is none: ``importlib.resources`` reads what a package holds."""
    assert [path.name for path in SOURCE.rglob("*.py") if "__file__" in path.read_text("utf-8")] == []

"""What the project promises of itself: what an import costs, who may send a PIN, what a source file may name."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import mynacard
from tests.support import SOURCE

ROOT = Path(__file__).resolve().parent.parent
MODULES = sorted(SOURCE.rglob("*.py"))
TEXTS = sorted(
    path
    for place in ("src", "tests", "tools", "docs", "vectors", ".github", ".ci")
    for path in (ROOT / place).rglob("*")
    if path.is_file() and path.suffix != ".pyc" and path != Path(__file__).resolve()
) + sorted(path for path in ROOT.glob("*") if path.is_file())


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def calls(module: Path) -> Iterator[str]:
    """The names that *module* calls, without what is before their last dot."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        match node:
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
                yield name
            case _:
                pass


@pytest.mark.parametrize("package", ["asn1crypto", "click", "construct", "cryptography", "rich", "smartcard"])
def test_importing_mynacard_loads_no_other_package(package: str) -> None:
    script = f"import sys, mynacard; sys.exit({package!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_every_public_name_is_there() -> None:
    rooms = {path.stem for path in SOURCE.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()}
    rooms = {room for room in rooms if not room.startswith("_")}
    assert dir(mynacard) == sorted({*mynacard.__all__, *rooms})
    for name in mynacard.__all__:
        assert getattr(mynacard, name) is not None


TYPOS = "from mynacard import opne_card\nfrom mynacard.testing import CardUnderTset\nopne_card(), CardUnderTset\n"
CHECKERS = {
    "mypy": ["mypy", "--no-incremental", "--follow-imports=silent"],
    "pyright": ["pyright", "--pythonpath", sys.executable],
}


@pytest.mark.thorough("type checkers that read the whole package")
@pytest.mark.parametrize("checker", CHECKERS)
def test_a_mistyped_name_is_an_error_before_the_program_runs(checker: str, tmp_path: Path) -> None:
    pytest.importorskip(checker)
    program = tmp_path / "program.py"
    program.write_text(TYPOS, "utf-8")
    command = [sys.executable, "-m", *CHECKERS[checker], program.name]
    environment = os.environ | {"MYPYPATH": str(SOURCE.parent), "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert "opne_card" in done.stdout
    assert "CardUnderTset" in done.stdout


def test_one_module_alone_sends_verify() -> None:
    assert [name_of(module) for module in MODULES if "Verify" in calls(module)] == ["src/mynacard/apdu/verification.py"]


@pytest.mark.parametrize("command", ["ChangeReferenceData", "ChangeKey"])
def test_one_module_alone_sends_a_new_pin(command: str) -> None:
    assert [name_of(module) for module in MODULES if command in calls(module)] == ["src/mynacard/apdu/change.py"]


def test_no_module_hides_a_verify_or_a_change_in_bytes() -> None:
    header = re.compile(r"""(?:fromhex\(\s*b?["'](?:0?0 ?2[04]|80 ?32))|(?:\\x00\\x2[04])|(?:\\x802)""")
    assert [name_of(module) for module in MODULES if header.search(module.read_text(encoding="utf-8"))] == []


def test_old_ciphers_are_in_one_module_and_no_cipher_is_our_own() -> None:
    old = re.compile(r"decrepit|TripleDES")
    assert [name_of(module) for module in MODULES if old.search(module.read_text(encoding="utf-8"))] == [
        "src/mynacard/residence/ciphers.py"
    ]
    ciphers = re.compile(r"^from (?!cryptography|mynacard|__future__|collections|dataclasses|typing)", re.MULTILINE)
    assert not ciphers.search((SOURCE / "residence" / "ciphers.py").read_text(encoding="utf-8"))


def test_secrets_are_revealed_in_few_places() -> None:
    revealing = {name_of(module) for module in MODULES if "reveal" in calls(module)}
    assert revealing == {
        "src/mynacard/apdu/commands.py",  # onto the wire
        "src/mynacard/apdu/verification.py",  # its form is checked
        "src/mynacard/consent/pinentry.py",  # taken from a line of the window's program
        "src/mynacard/consent/window.py",
        "src/mynacard/cli/commands/personal.py",  # My Number, by the one command that is for it
        "src/mynacard/personal/numbers.py",  # verification number A is the Individual Number
        "src/mynacard/personal/text_objects.py",  # into the file of that number
        "src/mynacard/recordings/residence_folder.py",  # a second-generation card holds its own number
        "src/mynacard/residence/agreement.py",  # a residence card's number is made a key
        "src/mynacard/residence/number.py",  # its form is checked
        "src/mynacard/simulator/individual/card.py",  # the form of a new one is checked by the card
        "src/mynacard/simulator/individual/card_file.py",  # into the file of a card that is nobody's
        "src/mynacard/simulator/residence/card_file.py",  # likewise
        "src/mynacard/doors/pcsclite/pinpad.py",  # somebody types it at a simulated keypad
        "src/mynacard/submission/draft.py",  # a residence card's number goes into the form, which asks for it
    }


@pytest.mark.parametrize("path", TEXTS, ids=name_of)
def test_no_file_names_a_place_of_one_machine(path: Path) -> None:
    text = path.read_text(encoding="utf-8", errors="replace")
    assert re.findall(r"(?<![\w.])/(?:home|root|Users)/|\.\./shared", text) == []


def test_the_version_stands_once() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert "version" not in project
    assert mynacard.__version__ in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_types_are_shipped() -> None:
    assert (SOURCE / "py.typed").is_file()


def test_the_actions_of_workflows_are_pinned_by_commit() -> None:
    texts = [path.read_text(encoding="utf-8") for path in sorted((ROOT / ".github" / "workflows").glob("*.yml"))]
    actions = [action for text in texts for action in re.findall(r"uses: *(\S+)", text)]
    assert actions
    assert [action for action in actions if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", action)] == []


def test_the_packages_that_workflows_install_by_hash_are_those_that_the_project_allows() -> None:
    """`sh tools/lock.sh` brings them up to date."""
    text = (ROOT / ".github" / "locked" / "packages.txt").read_text(encoding="utf-8")
    locked = dict(re.findall(r"^([\w.-]+)==([\w.]+)", text, re.MULTILINE))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = map(Requirement, [*project["dependencies"], *extras["pcsc"], *extras["test"], *extras["dev"]])
    assert [
        str(requirement)
        for requirement in wanted
        if requirement.name != "mynacard" and locked.get(requirement.name) not in requirement.specifier
    ] == []

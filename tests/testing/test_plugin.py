"""The pytest plugin, as somebody else's tests meet it: in a process of its own, with nothing of this project's."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

from mynacard import testing
from mynacard.testing import CardOptions, ReaderOptions
from tests.support import SOURCE

ROOT = SOURCE.parent.parent
EXAMPLES = re.findall(r"^```py\n(.*?)^```$", (ROOT / "docs/testing.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)
PASSING = (7, 5, 6, 4)
"""How many tests of each example pass."""


@pytest.fixture
def cache() -> Path:
    """The test PKI of this run."""
    return Path(os.environ["MYNACARD_CACHE"])


def run_tests(folder: Path, text: str, *words: str, **environment: str) -> tuple[int, str]:
    """The exit status, and what pytest says, of a project that has *text* for its only tests."""
    (folder / "test_portal.py").write_text(text, "utf-8")
    (folder / "pytest.ini").write_text("[pytest]\naddopts = --strict-markers\nfilterwarnings = error\n", "utf-8")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MYNACARD", "PYTEST"))}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "mynacard.testing.plugin", "-p", "no:cacheprovider", "-rA", *words],
        cwd=folder, capture_output=True, text=True, check=False, timeout=120,
        env=kept | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(SOURCE.parent), **environment},
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("example", "passing"), list(zip(EXAMPLES, PASSING, strict=True)), ids=["cards", "readers", "trust", "log-ins"]
)
def test_the_files_that_the_page_shows_pass_as_they_stand(
    tmp_path: Path, cache: Path, example: str, passing: int
) -> None:
    status, said = run_tests(tmp_path, example, "-o", f"mynacard_cache={cache}")
    assert status == 0, said
    for_programs = ".environment" in example and not sys.platform.startswith("linux")
    assert f"{passing - for_programs} passed" in said


PERSONAL_CACHE = """
import os
from pathlib import Path

def test_the_cache_is_not_the_users(mynacard_card, tmp_path):
    assert Path(os.environ["MYNACARD_CACHE"]) != Path({own!r})
    assert list(Path(os.environ["MYNACARD_CACHE"]).iterdir())

def test_nothing_is_changed_for_others():
    pass
"""


def test_the_users_own_cache_is_left_alone(tmp_path: Path) -> None:
    own = tmp_path / "own"
    status, said = run_tests(tmp_path, PERSONAL_CACHE.format(own=str(own)), MYNACARD_CACHE=str(own))
    assert status == 0, said
    assert not own.exists()


WORDS = """
import pytest
from mynacard import USER_AUTHENTICATION

@pytest.mark.mynacard(personality="observed", extended_length=False, pins={"user-authentication": "9999"})
def test_what_was_asked_for(mynacard_card, mynacard_session):
    mynacard_session.verify(USER_AUTHENTICATION, "9999")
    mynacard_card.reset()
    assert mynacard_card.card.state.verified
    assert mynacard_card.card.traits.extended_length is False
    assert "9999" not in repr(mynacard_card)

def test_every_test_has_a_card_of_its_own(mynacard_card):
    assert mynacard_card.tally.apdus == 0

@pytest.mark.mynacard(colour="red")
def test_wrong_keyword(mynacard_card):
    pass

@pytest.mark.mynacard("blocked-pins")
def test_no_keyword(mynacard_card):
    pass

@pytest.mark.mynacard(faults=["melted@1"])
def test_wrong_fault(mynacard_card):
    pass
"""


def test_the_marker_says_what_the_card_is_like_and_refuses_what_it_does_not_know(tmp_path: Path, cache: Path) -> None:
    status, said = run_tests(tmp_path, WORDS, "-o", f"mynacard_cache={cache}")
    assert status == 1
    assert "2 passed" in said
    assert "3 errors" in said
    assert "takes these keywords: extended_length, faults, keypad, limits, persona, personality, pins, timing" in said
    assert "melted@1 is not a fault" in said


def test_the_plugin_is_where_pytest_looks_for_it() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    plugin = import_module(project["entry-points"]["pytest11"]["mynacard"])
    assert callable(plugin.mynacard_card)
    assert not [name for name in project["dependencies"] if name.startswith("pytest")]


@pytest.mark.parametrize("package", ["cryptography", "construct", "click", "mynacard.simulator", "mynacard.jpki"])
def test_a_project_that_uses_no_card_pays_nothing_for_the_plugin(package: str) -> None:
    script = f"import sys, mynacard.testing.plugin; sys.exit({package!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def fixtures() -> dict[str, str]:
    """The fixtures that give a value, with its type."""
    tree = ast.parse((SOURCE / "testing" / "plugin.py").read_text("utf-8"))
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.decorator_list]
    types = {function.name: ast.unparse(function.returns or ast.Constant(None)) for function in functions}
    given = {name: re.sub(r"Generator\[(\w+), None, None\]", r"\1", value) for name, value in types.items()}
    return {name: value for name, value in given.items() if value != "None"}


def test_the_page_has_every_fixture_with_its_type_and_every_keyword() -> None:
    page = (ROOT / "docs/testing.md").read_text("utf-8")
    types: dict[str, str] = dict(re.findall(r"^\| `(\w+)` \| `(\w+)` \|", page, re.MULTILINE))
    assert types == fixtures()
    assert set(types.values()) - set(testing.__all__) == {"JpkiSession", "ResidenceCard"}
    keywords = re.findall(r"^\| `(\w+)` \| (?!`\w+` \|)", page, re.MULTILINE)
    assert sorted(keywords) == sorted([*CardOptions.__dataclass_fields__, *ReaderOptions.__dataclass_fields__])


@pytest.mark.parametrize("name", testing.__all__)
def test_every_name_is_where_it_is_said_to_be(name: str) -> None:
    assert name in dir(testing)
    assert getattr(testing, name) is not None

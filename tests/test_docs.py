"""The documents say what is so: code runs, commands print what is shown, tables and links are right."""

from __future__ import annotations

import ast
import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from mynacard import errors
from mynacard.cli.exits import EXIT_CODES, NOT_FULLY_CHECKED, SIGNATURE_BAD, SOMETHING_WRONG
from mynacard.signing.beyond import MEANINGS
from mynacard.simulator import all_personas
from mynacard.verdict import WORDS
from tests.signing.pdfs import pdf
from tests.support import SOURCE

ROOT: Final = Path(__file__).resolve().parent.parent
LINKED: Final = {page.relative_to(ROOT).as_posix(): page for page in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"))}
PAGES: Final = {name: page for name, page in LINKED.items() if name == "README.md" or name.startswith("docs/")}

_BLOCK: Final = re.compile(r"^```(python|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE: Final = re.compile(r"^```py\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK: Final = re.compile(r"\]\(([^)\s]+)\)")
_HEADING: Final = re.compile(r"^#+ (.*)$", re.MULTILINE)

OWN_WORDS: Final = {
    errors.MynacardError: "an error without a code of its own",
    OSError: "a file or the system refuses",
}
OTHER_CODES: Final = {
    0: ("", "done; of `verify`, also of `residence`: all was checked, and is good"),
    2: ("", "a wrong command line"),
    SIGNATURE_BAD: ("", "`verify`, `residence`: something is bad; `personal`: the card is not genuine"),
    NOT_FULLY_CHECKED: (
        "",
        "`verify`, also of `residence`: nothing is bad, but something was not checked; `personal`: too little was",
    ),
    SOMETHING_WRONG: ("", "`doctor`, `webeid status`: there is a problem"),
    130: ("", "stopped by the user"),
}


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def desk(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with a PDF file, without the settings of whoever runs the tests."""
    (tmp_path / "contract.pdf").write_bytes(pdf())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MYNACARD_CACHE", str(cache))
    monkeypatch.setenv("PYTHONUTF8", "1")
    for name in ("MYNACARD_READER", "MYNACARD_PCSC"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.mark.parametrize("name", [name for name, page in PAGES.items() if _BLOCK.search(page.read_text("utf-8"))])
def test_what_a_page_shows_is_what_happens(name: str, desk: Path) -> None:
    names: dict[str, object] = {"__name__": "page"}
    terminal = Terminal()
    for language, block in _BLOCK.findall(PAGES[name].read_text("utf-8")):
        if language == "python":
            with contextlib.redirect_stdout(io.StringIO()):
                exec(compile(block, name, "exec"), names)
        else:
            for command, shown in _commands(block):
                printed = terminal.run(command)
                assert re.fullmatch(_pattern(shown), printed), f"{command}\n--- shown\n{shown}\n--- printed\n{printed}"


def modules() -> Iterator[tuple[str, str]]:
    """The Python of each page, as modules: its examples one after the other, and each file that it shows."""
    for name, page in PAGES.items():
        stem, text = name.removesuffix(".md").replace("/", "_").lower(), page.read_text("utf-8")
        if examples := [block for language, block in _BLOCK.findall(text) if language == "python"]:
            yield stem, "\n".join(examples)
        for number, file in enumerate(_FILE.findall(text)):
            yield f"{stem}_{number}", file


@pytest.mark.thorough("a type checker that reads the whole package")
def test_what_a_page_shows_is_typed(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    names = [name for name, _ in modules()]
    for name, text in modules():
        (tmp_path / f"{name}.py").write_text(text, "utf-8")
    assert {"readme", "docs_library", "docs_testing_0"} <= set(names)
    strict = ["-m", "mypy", "--strict", "--no-incremental", "--follow-imports=silent", "--config-file="]
    done = subprocess.run(
        [sys.executable, *strict, *(f"{name}.py" for name in names)],
        cwd=tmp_path, env=os.environ | {"MYPYPATH": str(SOURCE.parent)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout == f"Success: no issues found in {len(names)} source files\n", done.stderr


class Terminal:
    """As much of a shell as the pages use, so that they are tested on every system."""

    def __init__(self) -> None:
        self._status = 0

    def run(self, line: str) -> str:
        """What *line* prints; a command's standard output and error together."""
        command, _, target = line.partition(" > ")
        match shlex.split(command):
            case ["echo", "$?"]:
                return f"{self._status}\n"
            case ["echo", text]:
                Path(target).write_text(text + "\n", "utf-8")
                return ""
            case ["mynacard", *arguments]:
                return self._mynacard(arguments, target)
            case _:
                raise AssertionError(f"no page may show this command: {line}")

    def _mynacard(self, arguments: list[str], target: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "mynacard", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if target else subprocess.STDOUT,
            encoding="utf-8",
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
            check=False,
        )
        self._status = done.returncode
        if not target:
            return done.stdout
        Path(target).write_text(done.stdout, "utf-8")
        return done.stderr


def _commands(block: str) -> Iterator[tuple[str, str]]:
    """Each command of a console block, with what is shown below it."""
    for part in block.removeprefix("$ ").split("\n$ "):
        command, _, shown = part.partition("\n")
        yield command, shown if not shown or shown.endswith("\n") else shown + "\n"


def _pattern(shown: str) -> re.Pattern[str]:
    """What fits *shown*, in which an ellipsis stands for anything."""
    return re.compile(".*".join(re.escape(part) for part in shown.split("…")), re.DOTALL)


def exit_code_table() -> str:
    """The table of exit codes as docs/cli.md has it."""
    rows = [(code, *texts) for code, texts in OTHER_CODES.items()]
    for kind, code in EXIT_CODES.items():
        words = OWN_WORDS.get(kind) or (kind.__doc__ or "").splitlines()[0].replace("``", "`")
        rows.append((code, f"`{kind.__name__}`", words))
    lines = [f"| {code} | {name} | {words} |" for code, name, words in sorted(rows)]
    return "\n".join(["| code | error | |", "| --- | --- | --- |", *lines]) + "\n"


def test_the_page_of_the_command_line_has_the_exit_codes() -> None:
    assert exit_code_table() in PAGES["docs/cli.md"].read_text("utf-8")


def beyond_table() -> str:
    """The table of docs/verification.md: what may follow a signature in a PDF file."""
    rows = [
        f"| `{beyond.value}` | {WORDS[verdict]} | {re.sub(r':? {[a-z]+}', '', sentence).rstrip('.')}. |"
        for beyond, (verdict, sentence) in MEANINGS.items()
    ]
    return "\n".join(["| `beyond` | verdict | in words |", "| --- | --- | --- |", *rows]) + "\n"


def test_the_page_of_verification_has_what_may_follow_a_signature() -> None:
    assert beyond_table() in PAGES["docs/verification.md"].read_text("utf-8")


def code_table() -> str:
    """The table of docs/verification.md: the codes of steps, except those of the table above it."""
    rows = {f"| `{code}` | {verdict} |" for code, verdict in step_codes() if not code.startswith("rest/")}
    return "\n".join(["| code | verdict |", "| --- | --- |", *sorted(rows)]) + "\n"


def step_codes() -> Iterator[tuple[str, str]]:
    """The codes that documents and log-ins can get, with their verdicts, as the source has them."""
    for room in ("signing", "trust", "webeid"):
        for path in (ROOT / "src/mynacard" / room).glob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                match node:
                    case ast.Call(
                        func=ast.Name(id="good" | "bad" | "not_checked" as verdict),
                        args=[ast.Constant(value=str(code)), *_],
                    ):
                        yield code, verdict.replace("_", " ")


def test_the_page_of_verification_has_the_codes_of_steps() -> None:
    assert code_table() in PAGES["docs/verification.md"].read_text("utf-8")


def error_table() -> str:
    """The table of errors as docs/library.md has it: each class below the first one that it is."""
    lines: list[str] = []

    def describe(kind: type[errors.MynacardError]) -> None:
        bases = ", ".join(f"`{base.__name__}`" for base in kind.__bases__ if base is not errors.MynacardError)
        words = (kind.__doc__ or "").splitlines()[0].replace("``", "`")
        lines.append(f"| `{kind.__name__}` | `{kind.code}` | {bases} | {words} |")
        below(kind)

    def below(kind: type[errors.MynacardError]) -> None:
        for heir in kind.__subclasses__():
            if heir.__bases__[0] is kind and heir.__module__ == errors.__name__:
                describe(heir)

    below(errors.MynacardError)
    return "\n".join(["| class | code | is a | |", "| --- | --- | --- | --- |", *lines]) + "\n"


def test_the_page_of_the_library_has_the_errors() -> None:
    assert error_table() in PAGES["docs/library.md"].read_text("utf-8")


@pytest.mark.parametrize("name", [name for name in errors.__all__ if name not in {"mark", "sentence", "MynacardError"}])
def test_the_page_of_the_library_has_every_error_with_its_code(name: str) -> None:
    code = getattr(errors, name).code
    assert f"| `{name}` | `{code}` |" in PAGES["docs/library.md"].read_text("utf-8")


@pytest.mark.parametrize("name", LINKED)
def test_links_lead_somewhere(name: str) -> None:
    page = LINKED[name]
    for link in _LINK.findall(page.read_text("utf-8")):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path) if path else page
        assert target.exists(), link
        if anchor:
            assert anchor in {_anchor(heading) for heading in _HEADING.findall(target.read_text("utf-8"))}, link


def _anchor(heading: str) -> str:
    """The name that GitHub gives to a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def persona_table() -> str:
    """The table of personas as docs/simulator.md has it."""
    lines = [f"| `{found.name}` | {found.about} |" for found in all_personas().values()]
    return "\n".join(["| persona | |", "| --- | --- |", *lines]) + "\n"


def test_the_page_of_the_simulator_has_the_personas() -> None:
    assert persona_table() in PAGES["docs/simulator.md"].read_text("utf-8")

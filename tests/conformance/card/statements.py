"""The statements that a card can show, who tests each, and the table of both for docs/conformance.md."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from tests.support import Vector, vector_file, vectors

__all__ = ["FILE", "STATEMENTS", "Statement", "Test", "claims", "left_out_table", "section_tables"]

FILE: Final = "conformance/statements.json"
HERE: Final = Path(__file__).resolve().parent
NEEDS: Final = {"pin", "wrong-pin", "change", "power-off", "warm-reset", "extended-length", "public-key"}

_NEVER: Final = {
    "wrong-pin": "spends tries",
    "change": "changes the card",
    "public-key": "needs a public key that no card tells",
}


@dataclass(frozen=True)
class Statement:
    """One thing that cards were found to do.

    Attributes:
        id: its name.
        section: what it belongs to.
        mark: A or B, how sure that is.
        says: the statement.
        by: who says so, keys of the file's implementations.
        needs: what is done to the card.
        pins: the PINs that are shown to it, by their names in a card's file.
        persona: the kind of card it is about, if not any.
        masked: whether a recording does not hold what it is about.
        real: why a real card is not asked, if it is not.
    """

    id: str
    section: str
    mark: str
    says: str
    by: tuple[str, ...]
    needs: frozenset[str]
    pins: tuple[str, ...]
    persona: str
    masked: bool
    real: str

    @classmethod
    def of(cls, row: Vector) -> Statement:
        def texts(name: str) -> tuple[str, ...]:
            return tuple(cast(list[str], row.fields.get(name, [])))

        def text(name: str) -> str:
            return row.text(name) if row.has(name) else ""

        needs = frozenset(texts("needs"))
        assert needs <= NEEDS, row.id
        assert ("pin" in needs) == row.has("pins"), row.id
        assert text("replay") in {"", "masked"}, row.id
        return cls(
            row.id, text("section"), text("mark"), text("says"), texts("by"), needs, texts("pins"),
            text("persona"), text("replay") == "masked", text("real"),
        )  # fmt: skip

    def spares_a_real_card(self, pins: Collection[str]) -> str:
        """Why a real card, of which *pins* are known, is not asked; empty where it is."""
        for need, why in _NEVER.items():
            if need in self.needs:
                return why
        if self.persona:
            return f"is about another kind of card: {self.persona}"
        if self.real:
            return self.real
        missing = [pin for pin in self.pins if pin not in pins]
        return f"needs a PIN that no file tells: {', '.join(missing)}" if missing else ""


STATEMENTS: Final = {row.id: Statement.of(row) for row in vectors(FILE)}


@dataclass(frozen=True)
class Test:
    """A test function, and the statements that its mark names."""

    __test__ = False
    module: str
    name: str
    statements: tuple[str, ...]


def claims() -> Iterator[Test]:
    """The tests of this folder that ask a card, as they are written down."""
    for module in sorted(HERE.glob("test_*.py")):
        for node in ast.parse(module.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and _asks_a_card(node):
                yield Test(module.name, node.name, tuple(_marked(node)))


def _asks_a_card(function: ast.FunctionDef) -> bool:
    return any(argument.arg == "card" for argument in function.args.args)


def _marked(function: ast.FunctionDef) -> Iterator[str]:
    for decorator in function.decorator_list:
        match decorator:
            case ast.Call(func=ast.Name(id="statement"), args=arguments):
                for argument in arguments:
                    assert isinstance(argument, ast.Constant)
                    yield str(argument.value)
            case _:
                pass


def section_tables() -> str:
    """All statements, a table for each section, as docs/conformance.md has them."""
    tests = {found: test for test in claims() for found in test.statements}
    sections = list(dict.fromkeys(statement.section for statement in STATEMENTS.values()))
    return "\n".join(_section_table(section, tests) for section in sections)


def _section_table(section: str, tests: dict[str, Test]) -> str:
    rows = [_row(found, tests[found.id]) for found in STATEMENTS.values() if found.section == section]
    head = ["| statement | | mark | sources | test | recording | real card |", "|" + " --- |" * 7]
    return "\n".join([f"### {section[0].upper()}{section[1:]}", "", *head, *rows]) + "\n"


def _row(statement: Statement, test: Test) -> str:
    by = ", ".join(statement.by)
    recorded = "masked" if statement.masked else "yes"
    name = f"`{test.module.removeprefix('test_').removesuffix('.py')}`: {test.name.removeprefix('test_')}"
    words = name.replace("_", " ")
    return (
        f"| `{statement.id}` | {statement.says} | {statement.mark} | {by} | {words} | {recorded} "
        f"| {_on_a_real_card(statement)} |"
    )


def _on_a_real_card(statement: Statement) -> str:
    why = statement.spares_a_real_card(statement.pins)
    if why:
        return f"no: {why}"
    return f"with {', '.join(statement.pins)}" if statement.pins else "yes"


def left_out_table() -> str:
    """The subjects that the file leaves out, as docs/conformance.md lists them."""
    rows = cast(list[dict[str, str]], vector_file(FILE)["left_out"])
    lines = [f"| {row['section']} | {row['mark']} | {row['what']} | {row['why']} |" for row in rows]
    return "\n".join(["| section | mark | what | why not |", "| --- | --- | --- | --- |", *lines]) + "\n"

"""The English of docstrings, comments, messages and help: the turns of phrase that read translated stay out."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from tests.support import SOURCE

PATTERNS: Final = {
    "is no X (say: is not a)": r"(?<!here )\b(?:is|are|was|were|be) (?:none|no)\b(?! longer| more| later| earlier)",
    "so long, so often, so many (say: how long, at most)": r"\b[Ss]o (?:long|often|many|much)\b(?! as| that)",
    "Who does that … (say: a caller who)": r"(?:^|[.:;(]\s+)Who(?:ever)?\s+[a-z]+s?\b(?!.*\?)",
    "nobody, somebody (name the holder, another program, us)": r"\b(?:[Nn]o|[Ss]ome)body\b",
    "alone (say: only)": r"\balone\b",
    "small letters, in vain, of now, hand in": r"\b(?:small letters|in vain|of now|hand(?:ed)? in)\b",
}
VAGUE: Final = {"found", "each"}
"""Names that say nothing about what they hold."""


@cache
def parsed(module: Path) -> ast.Module:
    return ast.parse(module.read_text("utf-8"))


def comments(module: Path) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(module.read_text("utf-8")).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string.removeprefix("#").strip()


@cache
def texts(module: Path) -> tuple[tuple[int, str], ...]:
    """The texts of *module* with their lines: string constants (docstrings and messages among them), and comments."""
    strings = (node for node in ast.walk(parsed(module)) if isinstance(node, ast.Constant))
    return *((node.lineno, node.value) for node in strings if isinstance(node.value, str)), *comments(module)


def modules() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


@pytest.mark.parametrize("pattern", PATTERNS.values(), ids=PATTERNS)
def test_no_text_uses_a_turn_of_phrase_that_reads_translated(pattern: str) -> None:
    turn = re.compile(pattern, re.MULTILINE)
    assert [
        f"{module.relative_to(SOURCE)}:{line}: {text[max(0, use.start() - 30) : use.end() + 30]!r}"
        for module in modules()
        for line, text in texts(module)
        for use in turn.finditer(text)
    ] == []


def test_local_names_say_what_they_hold() -> None:
    assert [
        f"{module.relative_to(SOURCE)}:{node.lineno}"
        for module in modules()
        for node in ast.walk(parsed(module))
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id in VAGUE
    ] == []

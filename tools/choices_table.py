"""Rewrites the tables of choices in the docs from the marks in the simulator's source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from mynacard.apdu.status import StatusWord
from mynacard.simulator.choices import chosen

ROOT: Final = Path(__file__).resolve().parent.parent
SOURCE: Final = ROOT / "src" / "mynacard" / "simulator"
RESIDENCE: Final = "residence"
PAGES: Final = {ROOT / "docs" / "simulator.md": False, ROOT / "docs" / "residence.md": True}
"""The pages with a table, and whether it is that of residence cards."""
BEGIN: Final = "<!-- printed from the marks in the source: tools/choices_table.py -->\n"
END: Final = "<!-- end of the choices -->\n"
_PARTS: Final = ("value", "situation", "does", "certainty")


def choices(*, residence: bool) -> Iterator[tuple[str, str, str]]:
    """Situation, what the simulator does, and how sure that is, of every mark; by file, and by place in it.

    Args:
        residence: those of residence cards; else those of the Individual Number Card, and of all cards.
    """
    files = [file for file in SOURCE.rglob("*.py") if (RESIDENCE in file.relative_to(SOURCE).parts) is residence]
    for file in sorted(files):
        calls = [node for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if _is_mark(node)]
        for call in sorted(calls, key=lambda node: node.lineno):
            yield _row(call)


def table(*, residence: bool) -> str:
    """The table in Markdown."""
    rows = (f"| {situation} | {does} | {certainty} |\n" for situation, does, certainty in choices(residence=residence))
    return "| situation | the simulator | certainty |\n| --- | --- | --- |\n" + "".join(rows)


def _is_mark(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == chosen.__name__


def _row(call: ast.AST) -> tuple[str, str, str]:
    assert isinstance(call, ast.Call)
    given = dict(zip(_PARTS, call.args, strict=False)) | {str(word.arg): word.value for word in call.keywords}
    texts = {name: ast.literal_eval(given[name]) for name in _PARTS[1:] if name in given}
    does = texts.get("does") or _status(given["value"])
    return texts["situation"], does, texts.get("certainty", "?")


def _status(value: ast.expr) -> str:
    assert isinstance(value, ast.Attribute), "a mark says what the simulator does, unless it is a status word"
    return f"'{getattr(StatusWord, value.attr):04X}'"


def main() -> None:
    for page, residence in PAGES.items():
        head, begin, rest = page.read_text(encoding="utf-8").partition(BEGIN)
        _, end, tail = rest.partition(END)
        assert begin, BEGIN
        assert end, END
        content = head + begin + "\n" + table(residence=residence) + "\n" + end + tail
        page.write_text(content, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()

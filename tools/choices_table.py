"""Rewrites the table of choices in docs/simulator.md from the marks in the simulator's source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from mynacard.apdu.status import StatusWord
from mynacard.simulator.choices import chosen

ROOT: Final = Path(__file__).resolve().parent.parent
PAGE: Final = ROOT / "docs" / "simulator.md"
SOURCE: Final = ROOT / "src" / "mynacard" / "simulator"
BEGIN: Final = "<!-- printed from the marks in the source: tools/choices_table.py -->\n"
END: Final = "<!-- end of the choices -->\n"
_PARTS: Final = ("value", "situation", "does", "certainty")


def choices() -> Iterator[tuple[str, str, str]]:
    """Situation, what the simulator does, and how sure that is, of every mark; by file, and by place in it."""
    for file in sorted(SOURCE.rglob("*.py")):
        calls = [node for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if _is_mark(node)]
        for call in sorted(calls, key=lambda node: node.lineno):
            yield _row(call)


def table() -> str:
    """The table in Markdown."""
    rows = (f"| {situation} | {does} | {certainty} |\n" for situation, does, certainty in choices())
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
    head, begin, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, end, tail = rest.partition(END)
    assert begin, BEGIN
    assert end, END
    PAGE.write_text(head + begin + "\n" + table() + "\n" + end + tail, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()

"""Rewrites the tables of docs/conformance.md from vectors/conformance/statements.json and the tests."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
PAGE: Final = ROOT / "docs" / "conformance.md"
BEGIN: Final = "<!-- from here to the end: tools/conformance_table.py -->\n"


def main() -> None:
    sys.path.insert(0, str(ROOT))
    from tests.conformance.card.statements import left_out_table, section_tables  # noqa: PLC0415

    page = PAGE.read_text(encoding="utf-8")
    head, begin, _ = page.partition(BEGIN)
    if not begin:
        sys.exit(f"{PAGE.name} has no line {BEGIN.strip()}")
    tables = f"\n## The statements\n\n{section_tables()}\n## What is left out\n\n{left_out_table()}"
    PAGE.write_text(head + begin + tables, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()

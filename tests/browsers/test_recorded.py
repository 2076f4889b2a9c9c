"""The page of what was tried in browsers is about the tests that there are."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Final

from tests.browsers.recorded import claims, modules, titles

PAGE: Final = Path(__file__).resolve().parent.parent.parent / "docs/browsers-tested.md"


def test_the_page_has_every_test_and_no_other() -> None:
    """`make browsers` writes it anew."""
    page = PAGE.read_text("utf-8")
    tests = [claim for path in modules() for claim in claims(ast.parse(path.read_text("utf-8")))]
    assert re.findall(r"^\| (.+?) \| yes \| yes \|$", page, re.MULTILINE) == tests
    assert [title for title in titles().values() if f"## {title}\n" not in page] == []

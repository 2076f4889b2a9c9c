"""The tables of docs/oracles.md: what each column says, and which version of a program says it."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable
from html import unescape
from itertools import groupby
from pathlib import Path
from typing import Final

from pyhanko.version import __version__

from tests.rig import dss
from tests.rig.dss import Said
from tests.rig.pcscd import program

__all__ = ["NO_SIGNATURE", "column", "of_dss", "together", "version"]

PAGE: Final = Path(__file__).resolve().parent.parent.parent / "docs" / "oracles.md"
NO_SIGNATURE: Final = "finds no signature"
WARNED: Final = {"overlapping annotations", "visual difference", "undefined"}
"""The kinds of changes of which DSS warns."""


def version(name: str) -> str:
    """The version of the program *name*, as it stands in the head of a table."""
    if name in ("pyHanko", "DSS"):
        return __version__ if name == "pyHanko" else dss.version()
    words = ("-v",) if name == "pdfsig" else ("version",)
    done = subprocess.run([program(name.lower()), *words], capture_output=True, check=False, timeout=60)
    told = re.search(r"(?:version|OpenSSL) ([0-9.]+)", (done.stdout + done.stderr).decode())
    assert told is not None
    return told[1]


def column(title: str, name: str) -> tuple[str, dict[str, str]]:
    """What the column of the program *name* says in the table below the heading *title*, and the version there.

    One row of the table may stand for several, ``kind: one; another``.
    """
    section = PAGE.read_text("utf-8").partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    head, _, *rows = ([*line.strip("| ").split(" | ")] for line in section.splitlines() if line.startswith("| "))
    (index,) = (number for number, cell in enumerate(head) if cell.split(" ")[0] == name)
    return head[index].partition(" ")[2], {one: unescape(row[index]) for row in rows for one in _apart(row[0])}


def _apart(cell: str) -> list[str]:
    kind, colon, names = unescape(cell).partition(": ")
    return [f"{kind}: {name}" for name in names.split("; ")] if colon else kind.split("; ")


def together(cells: Iterable[str]) -> str:
    """What is said of the signatures of one file, in their order."""
    counted = ((cell, len(list(same))) for cell, same in groupby(cells))
    return "; ".join(cell if count == 1 else f"{count} times {cell}" for cell, count in counted)


def of_dss(said: Said, before: Iterable[str] = ()) -> str:
    """What DSS says of a signature, without the changes that it named *before* there were any."""
    if said.indication == "REFUSED":
        return f"error ({said.reason})"
    if said.indication != "TOTAL_PASSED":
        return f"{said.indication.removeprefix('TOTAL_').lower()} ({said.reason})"
    assert said.warns == bool(WARNED & set(said.changes))
    changes = [change for change in said.changes if change not in before]
    return f"{'warns' if WARNED & set(changes) else 'passed'}: {', '.join(changes) or 'none'}"

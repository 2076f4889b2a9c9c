"""Do the tests see small mistakes? Changes one thing at a time in a copy of this tree, and runs the tests there.

    python tools/mutations.py [--count 50] [--seed 20160113] [--tree FOLDER] [--output docs/mutations.md]

For each mutant it runs the tests of its room, up to the first failure; if there is none, all tests of `make test`, then
what `make thorough` adds in its room: a mutant that only that sees is one that `make test` has lost.
FOLDER is another checkout, run with this Python's packages. The same seed picks the same mutants in the same sources.
"""

from __future__ import annotations

import argparse
import ast
import builtins
import copy
import functools
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
ROOMS: Final = ("apdu", "jpki", "trust", "signing", "submission")
TIMEOUT_S: Final = 900
"""A mutant may run forever; one that takes longer counts as seen."""
THOROUGH: Final = "only `make thorough`"

COMPARISONS: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
ARITHMETIC: Final[dict[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
    ast.LShift: ast.RShift, ast.RShift: ast.LShift, ast.FloorDiv: ast.Mult, ast.Mult: ast.FloorDiv,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mutant:
    """In *module*, a path in the package, the expression *before* becomes *after*. Lines from 1, columns in bytes."""

    module: str
    line: int
    column: int
    end_line: int
    end_column: int
    before: str
    after: str

    @property
    def room(self) -> str:
        return self.module.split("/")[0]

    def applied(self, source: str) -> str:
        lines = source.encode().splitlines(keepends=True)
        head = b"".join(lines[: self.line - 1]) + lines[self.line - 1][: self.column]
        tail = lines[self.end_line - 1][self.end_column :] + b"".join(lines[self.end_line :])
        return (head + self.after.encode() + tail).decode()


def mutants(module: str, source: str) -> list[Mutant]:
    """Every mutant of *module*, in the order of its lines."""
    return [
        Mutant(
            module, node.lineno, node.col_offset, node.end_lineno or 0, node.end_col_offset or 0,
            ast.unparse(node), after,
        )
        for node in _working(ast.parse(source))
        if (after := _changed(node)) is not None
    ]  # fmt: skip


def _working(tree: ast.AST) -> Iterator[ast.expr]:
    """The expressions in *tree* that take effect: no annotations, no decorators, and nothing in f-strings."""
    for name, value in ast.iter_fields(tree):
        if name in ("annotation", "returns", "decorator_list") or isinstance(tree, ast.JoinedStr):
            continue
        for node in value if isinstance(value, list) else [value]:
            if isinstance(node, ast.expr):
                yield node
            if isinstance(node, ast.AST):
                yield from _working(node)


def _changed(node: ast.expr) -> str | None:
    """The source of *node* with one change; None where there is no change for it."""
    match node:
        case ast.Compare(ops=[operator, *_]) if type(operator) in COMPARISONS:
            return _with(node, ops=[COMPARISONS[type(operator)](), *node.ops[1:]])
        case ast.BoolOp(op=ast.And()):
            return _with(node, op=ast.Or())
        case ast.BoolOp(op=ast.Or()):
            return _with(node, op=ast.And())
        case ast.UnaryOp(op=ast.Not()):
            return f"({ast.unparse(node.operand)})"
        case ast.BinOp(op=operator) if type(operator) in ARITHMETIC and not _is_text_or_type(node):
            return _with(node, op=ARITHMETIC[type(operator)]())
        case ast.Constant(value=bool()):
            return str(not node.value)
        case ast.Constant(value=int()):
            return str(node.value + 1)
        case ast.IfExp():
            return _with(node, body=node.orelse, orelse=node.body)
        case _:
            return None


def _is_text_or_type(node: ast.BinOp) -> bool:
    """Whether *node* may be only a join of texts or types: a mutant that fails at import is too easy to see."""
    parts = [part for part in ast.walk(node) if isinstance(part, ast.Constant)]
    names = [part.id for part in (node.left, node.right) if isinstance(part, ast.Name)]
    types = [name for name in names if name[:1].isupper() or hasattr(builtins, name)]
    return len(types) == 2 or any(isinstance(part.value, str | None) for part in parts)


def _with(node: ast.expr, **changes: object) -> str:
    changed = copy.copy(node)
    for name, value in changes.items():
        setattr(changed, name, value)
    return f"({ast.unparse(changed)})"


@functools.cache
def offered(package: Path, room: str) -> list[Mutant]:
    """Every mutant of *room*, in the order of its modules."""
    modules = sorted((package / room).rglob("*.py"))
    return [
        mutant
        for module in modules
        for mutant in mutants(module.relative_to(package).as_posix(), module.read_text("utf-8"))
    ]


def picked(tree: Path, count: int, seed: int) -> list[Mutant]:
    """*count* mutants, the same number from each room, as far as that divides."""
    chance = random.Random(seed)
    shares = [count // len(ROOMS) + (at < count % len(ROOMS)) for at in range(len(ROOMS))]
    return [
        mutant
        for room, share in zip(ROOMS, shares, strict=True)
        for mutant in chance.sample(offered(tree / "src/mynacard", room), share)
    ]


# --- runs --------------------------------------------------------------------------------------------


def copied(tree: Path, folder: Path) -> Path:
    """A copy of *tree* without caches and environments, but with the virtual reader's driver."""
    away = shutil.ignore_patterns(
        ".git", ".venv", "venv", "lowest-*", "newest-*", ".*_cache", "__pycache__", ".hypothesis", "dist"
    )
    return shutil.copytree(tree, folder / "tree", ignore=away)


def seen_by(tree: Path, mutant: Mutant) -> str:
    """Which tests fail with *mutant*: of its room, of another, or only of ``make thorough``; empty if all pass."""
    module = tree / "src/mynacard" / mutant.module
    source = module.read_text("utf-8")
    module.write_text(mutant.applied(source), "utf-8")
    try:
        if failing(tree, f"tests/{mutant.room}"):
            return "its room"
        if failing(tree, "tests"):
            return "another room"
        return THOROUGH if failing(tree, f"tests/{mutant.room}", "--thorough") else ""
    finally:
        module.write_text(source, "utf-8")


def failing(tree: Path, place: str, *options: str) -> bool:
    """Whether a test in *place* fails, or the tests do not end in time."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", place, *options]
    if place == "tests":
        command += ["-n", "auto", "--maxprocesses", "4", "--dist", "worksteal"]
    environment = os.environ | {"PYTHONPATH": str(tree / "src")}
    with subprocess.Popen(
        command, cwd=tree, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, start_new_session=True,
    ) as process:  # fmt: skip
        try:
            return process.wait(TIMEOUT_S) != 0
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return True


def row(mutant: Mutant, seen: str) -> str:
    def code(text: str) -> str:
        return f"`{' '.join(text.split())[:60]}`".replace("|", "\\|")

    return f"| `{mutant.module}:{mutant.line}` | {code(mutant.before)} | {code(mutant.after)} | {seen or '**none**'} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--seed", type=int, default=20160113)
    parser.add_argument("--tree", type=Path, default=ROOT)
    parser.add_argument("--output", type=Path)
    chosen = parser.parse_args()
    rows: list[str] = []
    verdicts = Counter[str]()
    with tempfile.TemporaryDirectory(prefix="mynacard-mutations-") as folder:
        tree = copied(chosen.tree, Path(folder))
        if failing(tree, "tests"):
            sys.exit("The tests fail before anything is changed.")
        for mutant in picked(tree, chosen.count, chosen.seed):
            start = time.monotonic()
            seen = seen_by(tree, mutant)
            verdicts[seen] += 1
            rows.append(row(mutant, seen))
            print(f"{time.monotonic() - start:6.1f} s  {rows[-1]}", flush=True)
    by_quick = len(rows) - verdicts[""] - verdicts[THOROUGH]
    result = (
        f"`make test` saw {by_quick} of {len(rows)} mutants, `make thorough` {verdicts[THOROUGH]} more; "
        f"{verdicts['']} survived."
    )
    print(result)
    if chosen.output:
        chosen.output.write_text(PAGE.format(seed=chosen.seed, result=result, rows="\n".join(rows)), "utf-8")


PAGE: Final = """\
# Are small mistakes seen?

`make mutations` changes one thing at a time in the rooms that decide about PINs, certificates and signatures, and runs
the tests of `make test` each time; the mutants are chosen with seed {seed}. {result} A mutant that
changes nothing that a caller could see, such as the size of a buffer, survives rightly.

| where | before | after | seen by the tests of |
| --- | --- | --- | --- |
{rows}
"""


if __name__ == "__main__":
    main()

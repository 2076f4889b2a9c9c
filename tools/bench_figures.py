"""Shared by the benches: a figure, the machine that it depends on, progress, and how figures are printed."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

try:
    from mynacard import __version__
except ModuleNotFoundError as error:
    raise SystemExit(f"The benches need mynacard, and {error.name} is not installed: run make bench.") from None

__all__ = ["Figure", "measured", "process_cpu_ms", "process_ms", "show"]


@dataclass(frozen=True, slots=True)
class Figure:
    """A line of the result; *value* is a median where it was measured several times, None where it was not measured."""

    what: str
    value: float | None
    unit: str
    target: str = ""
    note: str = ""


def measured(needs: str, steps: Mapping[str, Callable[[], Sequence[Figure]]]) -> list[Figure]:
    """The figures of all *steps*, by their names; on standard error what the bench *needs*, and where it is."""
    print(needs, file=sys.stderr, flush=True)
    figures: list[Figure] = []
    for number, (name, step) in enumerate(steps.items(), 1):
        print(f"[{number}/{len(steps)}] {name} …", file=sys.stderr, flush=True)
        figures += step()
    return figures


def show(figures: Sequence[Figure], arguments: Sequence[str]) -> None:
    """Print *figures* as a table, or as JSON where *arguments*, the script's, are ``--json``."""
    if list(arguments) == ["--json"]:
        print(json.dumps({"machine": _machine(), "figures": [asdict(figure) for figure in figures]}, indent=2))
        return
    print(", ".join(f"{name} {value}" for name, value in _machine().items()))
    print(f"{'figure':>12}       {'what':<72} target, and what was compared")
    for figure in figures:
        value = figure.value
        shown = "–" if value is None else f"{value:,.0f}" if value >= 1000 else f"{value:,.2f}"
        remarks = "; ".join(filter(None, (figure.target, figure.note)))
        print(f"{shown:>12} {figure.unit:<5} {figure.what:<72} {remarks}".rstrip())


def _machine() -> dict[str, str]:
    """The properties of this machine that the figures depend on."""
    return {
        "mynacard": __version__,
        "Python": platform.python_version(),
        "system": platform.system(),
        "processor": platform.machine(),
        "processors": str(os.cpu_count()),
    }


def process_ms(*arguments: str) -> float:
    """How long a process of Python with *arguments* takes, from start to end."""
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return 1000 * (time.perf_counter() - start)


def process_cpu_ms(*arguments: str) -> float:
    """The processor time of a process of Python with *arguments*; 0 on Windows, which does not tell.

    Whether it ends with an error does not matter: ``verify`` does, where it could not check everything.
    """
    if sys.platform == "win32":
        return 0.0
    import resource  # noqa: PLC0415  # Windows has none

    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)

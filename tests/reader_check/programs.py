"""The commands of the reader check, and the scripts in tools/ that are the same programs under other names."""

from __future__ import annotations

import runpy
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from tests.cli.command_line import Outcome, run
from tests.support import VECTORS

TOOLS: Final = VECTORS.parent / "tools"


@dataclass(frozen=True)
class Program:
    """``mynacard readers`` *command*, or the script that does the same; its messages begin with *name*."""

    name: str
    command: str

    def __call__(self, *words: str | Path | float) -> Outcome:
        if self.name == "mynacard":
            return run("readers", self.command, *map(str, words))
        return run(*map(str, words), program=partial(runpy.run_path, str(self.script), run_name="__main__"))

    @property
    def script(self) -> Path:
        return TOOLS / f"reader_{self.command}.py"


def both(command: str) -> Iterator[Program]:
    yield Program("mynacard", command)
    yield Program(f"reader_{command}", command)

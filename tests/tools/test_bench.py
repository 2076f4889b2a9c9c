"""The bench scripts: what they need and where they are is on the screen from the first second."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TOOLS = Path(__file__).parents[2] / "tools"


def first_lines(script: str, environment: dict[str, str], count: int) -> list[str]:
    """The first *count* lines that *script* prints on standard error; it is stopped then."""
    with subprocess.Popen(
        [sys.executable, TOOLS / script], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path), **environment},
    ) as process:  # fmt: skip
        assert process.stderr is not None
        lines = [process.stderr.readline().rstrip("\n") for _ in range(count)]
        process.kill()
    return lines


def test_the_bench_says_first_what_it_needs_and_where_it_is() -> None:
    needs, step, other = first_lines("bench.py", {}, 3)
    assert needs.startswith("No reader and no card are needed.")
    assert step == "[1/9] the test PKI, made once per machine …"
    assert other == "[2/9] the simulator's commands …"


def test_the_bench_of_the_door_says_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.util as util, sys\n"
        "find = util.find_spec\n"
        "util.find_spec = lambda name, *more: None if name == 'smartcard' else find(name, *more)\n"
    )
    path = os.pathsep.join([str(tmp_path), *(path for path in sys.path if path)])
    (line,) = first_lines("bench_door.py", {"PYTHONPATH": path}, 1)
    assert line.startswith("Linux, libpcsclite and pyscard are needed")
    assert "pip install" in line


@pytest.mark.parametrize("script", ["bench.py", "bench_door.py"])
def test_without_mynacard_a_bench_ends_in_one_sentence(script: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-S", TOOLS / script]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 1
    assert done.stderr == "The benches need mynacard, and mynacard is not installed: run make bench.\n"

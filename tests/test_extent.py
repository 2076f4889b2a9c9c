"""A quick run samples and says what it leaves out; a thorough one runs that, and nothing twice."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings

from tests import extent

ROOT = Path(__file__).resolve().parent.parent
TESTS = """
import pytest
from hypothesis import given, strategies

@pytest.mark.thorough("OpenSC")
def test_thorough(): pass

@pytest.mark.exhaustive
def test_exhaustive(): pass

@given(strategies.integers())
def test_property(number): pass

def test_plain(): pass

def test_without_a_program():
    pytest.skip("java is not installed")
"""


def run(folder: Path, *options: str) -> str:
    """What pytest says of :data:`TESTS`."""
    (folder / "test_these.py").write_text(TESTS)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "tests.extent", *options],
        cwd=folder, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    return done.stdout


def test_a_quick_run_says_what_it_left_out(tmp_path: Path) -> None:
    said = run(tmp_path)
    assert "3 passed, 2 skipped" in said
    for line in ("left out: 2 tests", "    1  `make thorough`: OpenSC\n", "    1  java is not installed\n"):
        assert line in said


def test_a_thorough_run_leaves_what_a_quick_one_did(tmp_path: Path) -> None:
    assert "3 passed, 2 deselected" in run(tmp_path, "--thorough")


@pytest.mark.parametrize("length", [0, 1, 7, 65536])
def test_a_sample_has_both_ends_and_no_value_twice(length: int) -> None:
    values = range(length)
    sample = list(extent.all_or_some(values))
    assert sample == sorted(set(sample))
    assert sample[:1] == list(values[:1])
    assert sample[-1:] == list(values[-1:])
    assert len(sample) <= length


def test_a_sample_is_about_as_large_as_a_test_says() -> None:
    expected = range(0, 10, 3) if settings().max_examples < extent.FULL else range(10)
    assert list(extent.all_or_some(range(10), sample=3)) == list(expected)


def test_properties_scale_with_the_profile() -> None:
    assert extent.examples(extent.FULL) == settings().max_examples
    assert extent.examples(1) >= 1

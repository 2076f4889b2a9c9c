"""The comparison with another simulator: where it is not installed, the bench says so, and fails nothing."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import bench_vpicc
import pytest
from bench_figures import show


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A machine without it; what a test loads of it is forgotten."""
    monkeypatch.setattr(bench_vpicc, "DEBIAN", tmp_path)
    monkeypatch.delenv("VPICC", raising=False)
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        del sys.modules[name]


@pytest.mark.parametrize(
    ("program", "said"),
    [
        (None, "vsmartcard-vpicc is not installed"),
        (
            "/usr/bin/vicc",
            "vsmartcard-vpicc is installed, and its Python package is not (VPICC=FOLDER says where it is)",
        ),
    ],
)
def test_what_is_not_installed_is_not_measured_and_the_bench_says_so(
    program: str | None, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: program)
    shown = bench_vpicc.figures()
    assert [(figure.value, figure.note) for figure in shown] == [(None, f"not measured: {said}")] * 2
    show(shown, [])
    lines = capsys.readouterr().out.splitlines()[-2:]
    assert all(line.split()[:2] == ["–", "×"] and line.endswith(said) for line in lines)
    show(shown, ["--json"])
    assert [figure["value"] for figure in json.loads(capsys.readouterr().out)["figures"]] == [None, None]


VPICC = {
    "ConstantDefinitions": 'FDB = {"NOTSHAREABLEFILE": 0, "DF": 0}',
    "SmartcardFilesystem": (
        "class DF(list):\n    def __init__(self, *given, **named): pass\nMF = TransparentStructureEF = DF"
    ),
    "SmartcardSAM": "class SAM:\n    def __init__(self, *given): pass\n    def set_MF(self, root): pass",
    "VirtualSmartcard": (
        "class Iso7816OS:\n    def __init__(self, root, access, extended_length): pass\n"
        "    def execute(self, command):\n        return b'\\x90\\x00'"
    ),
}
"""As much of its modules as the bench uses."""


def test_what_is_there_is_measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (package := tmp_path / "virtualsmartcard").mkdir()
    for name, source in {"__init__": "", **VPICC}.items():
        (package / f"{name}.py").write_text(source, "utf-8")
    monkeypatch.setenv("VPICC", str(tmp_path))
    monkeypatch.setattr(bench_vpicc, "ROUNDS", 1)
    shown = bench_vpicc.figures()
    assert all(figure.value is not None and 0 < figure.value < 1 for figure in shown)
    assert [figure.target for figure in shown] == ["1.5 or more", "4 or more"]

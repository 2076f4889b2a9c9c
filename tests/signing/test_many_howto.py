"""The program in docs/many.md does what the page says: in processes here, and on a cluster of two workers."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

from tests.signing.documents import CA, DATA, SIGNATURE
from tests.signing.test_timestamp import revocation_list
from tests.support import SOURCE
from tests.trust.authorities import pem

PAGE: Final = SOURCE.parents[1] / "docs" / "many.md"
PROGRAM: Final = re.search(r"^```py\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
CLUSTER: Final = """
import sys
from distributed import LocalCluster
from program import main
from pathlib import Path

if __name__ == "__main__":
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        main(*map(Path, sys.argv[1:4]), cluster.scheduler_address)
"""


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    assert PROGRAM is not None
    (tmp_path / "program.py").write_text(PROGRAM[1], "utf-8")
    (tmp_path / "on_a_cluster.py").write_text(CLUSTER, "utf-8")
    (tmp_path / "ca.pem").write_bytes(pem(CA.certificate))
    (tmp_path / "ca.crl").write_bytes(revocation_list(CA, when=datetime.now(UTC)))
    (tmp_path / "folder").mkdir()
    for number in range(200):
        (tmp_path / "folder" / f"{number:03}").write_bytes(DATA + b"!" * (number % 2))
        (tmp_path / "folder" / f"{number:03}.p7s").write_bytes(SIGNATURE if number % 10 else b"\x30")
    return tmp_path


@pytest.mark.thorough("starts processes")
@pytest.mark.parametrize("name", ["program", "on_a_cluster"])
def test_the_program_says_what_is_good_in_order(name: str, desk: Path) -> None:
    words = [sys.executable, f"{name}.py", "folder", "ca.pem", "ca.crl"]
    environment = os.environ | {"PYTHONPATH": str(SOURCE.parent)}
    done = subprocess.run(words, cwd=desk, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    said = dict(line.split(" ", 1) for line in done.stdout.splitlines())
    assert [*said] == [str(Path("folder", f"{number:03}")) for number in range(200)]
    of_ten = [said[str(Path("folder", f"{number:03}"))].partition(" ")[0] for number in range(10, 20)]
    assert of_ten == ["This", "bad", "good", "bad", "good", "bad", "good", "bad", "good", "bad"]

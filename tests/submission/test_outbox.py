"""The outbox throws away what a crash left, and nothing that another process is about to finish."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from mynacard.errors import UsageError
from mynacard.submission.outbox import Outbox


@pytest.mark.parametrize(("age_s", "stays"), [(0, True), (3600, True), (2 * 86_400, False)])
def test_what_is_unfinished_stays_for_a_day(tmp_path: Path, age_s: int, stays: bool) -> None:
    unfinished = tmp_path / ".0123456789abcdef"
    unfinished.mkdir()
    (unfinished / "package.zip").write_bytes(b"half of a pack")
    then = time.time() - age_s
    os.utime(unfinished, (then, then))
    assert Outbox(tmp_path).entries() == ()
    assert unfinished.exists() is stays


@pytest.mark.parametrize("name", ["nothing", "..", ".0123456789abcdef", "a/b"])
def test_an_entry_that_is_none_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / ".0123456789abcdef").mkdir()
    with pytest.raises(UsageError, match="no entry"):
        Outbox(tmp_path).entry(name)

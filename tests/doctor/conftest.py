"""Most of these tests have a Linux desk: libpcsclite, and a service in the place of pcscd."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mynacard.doctor import Desk, Finding, System, UsbDevice, examination, examine

_LINUX = ("attached", "command", "examination", "service")  # names in sysfs have colons, which Windows does not allow
collect_ignore = [] if sys.platform == "linux" else [f"test_{name}.py" for name in _LINUX]

LayDesk = Callable[..., Desk]
Found = Callable[..., list[Finding]]


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder whose name is short enough for a socket in it."""
    with tempfile.TemporaryDirectory(prefix="mynacard-", dir="/tmp") as folder:
        yield Path(folder)


@pytest.fixture
def lay_desk(tmp_path: Path) -> LayDesk:
    """Make an empty desk: of a system, at a time, with devices on USB, in an environment."""

    def lay(
        system: System = System.LINUX,
        now: datetime = datetime(2027, 4, 1, tzinfo=UTC),
        usb: tuple[UsbDevice, ...] | None = None,
        **environment: str,
    ) -> Desk:
        return Desk(system, environment, now, lambda: usb, tmp_path)

    return lay


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch, lay_desk: LayDesk) -> Found:
    """The findings on a desk that has a library, and where the service listens."""

    class AnyLibrary:
        name = "a library"

    monkeypatch.setattr(examination, "find_library", AnyLibrary)
    monkeypatch.setattr(examination, "look_at_socket", lambda _: iter(()))
    return lambda desk=None: list(examine(desk=desk or lay_desk()))

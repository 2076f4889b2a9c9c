"""Starts a private PC/SC service with a card, waits until the card is there, and leaves nothing behind.

Needs no hardware, no systemd and no root. Clients stay outside its namespaces, for UNIX sockets cross them.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn

import pytest

READER: Final = "Virtual PCD 00 00"
PORT: Final = 35963
CLIENT_S: Final = 600.0
"""How long anything here may take: to start, to answer, to stop. It ends only what hangs."""

_HERE: Final = Path(__file__).resolve().parent
_BUILD: Final = _HERE.parent.parent / "build"
_DRIVERS: Final = (
    _BUILD / "vpcd/usr/lib/pcsc/drivers/serial/libifdvpcd.so",  # unpacked by tools/system_packages.sh
    Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so"),
)
_SBIN: Final = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])
_READER_FILE: Final = """\
FRIENDLYNAME "Virtual PCD"
DEVICENAME /dev/null:0x{port:X}
LIBPATH {driver}
CHANNELID 0x{port:X}
"""


@dataclass(frozen=True, slots=True)
class Desk:
    """A private PC/SC service, seen from a client.

    Attributes:
        environment: a program started in it finds this reader. It looks once: to use two cards, start two programs.
        log: the output of service and card.
    """

    environment: Mapping[str, str]
    log: Path

    def run(self, *command: str | Path, refused: bool = False, cwd: Path | None = None) -> str:
        """The output of a client, which must succeed, or fail if *refused*."""
        done = subprocess.run(
            [str(part) for part in command],
            env=self.environment, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
            timeout=CLIENT_S,
        )  # fmt: skip
        said = done.stdout + done.stderr
        assert bool(done.returncode) is refused, f"{command} ended with {done.returncode}:\n{said}\n{self.said()}"
        return said if refused else done.stdout

    def said(self) -> str:
        """The output of service and card so far, for a test that failed."""
        return f"--- pcscd and card ---\n{self.log.read_text(errors='replace')}"


def unavailable(reason: str) -> NoReturn:
    """End this test (or this import): fail if everything has to be tested (``CI=true``), otherwise skip."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason, allow_module_level=True)


def program(name: str) -> str:
    """The path of the program *name*."""
    return shutil.which(name, path=_SBIN) or unavailable(
        f"{name} is not installed; tools/system_packages.sh says which packages the tests need"
    )


def card_command(card_file: Path) -> list[str]:
    """The command that puts the card in *card_file* on the virtual reader."""
    return [sys.executable, "-m", "mynacard", "sim", "vpcd", "--card", str(card_file), "--port", str(PORT)]


@contextlib.contextmanager
def private_pcscd(card: Sequence[str]) -> Iterator[Desk]:
    """A PC/SC service with one reader, and in it the card that the command *card* simulates."""
    # TMPDIR is ignored: the name of a UNIX socket has at most 108 bytes, and pcscd's configuration takes no spaces.
    folder = Path(tempfile.mkdtemp(prefix="mynacard-", dir="/tmp"))
    try:
        command = _cage_command(folder, card)
        desk = Desk(os.environ | {"PCSCLITE_CSOCK_NAME": str(folder / "pcscd.comm")}, folder / "log")
        with desk.log.open("wb") as log:
            cage = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True)
        try:
            _wait_for_card(cage, desk)
            yield desk
        finally:
            cage.communicate(timeout=CLIENT_S)  # it ends when its stdin does, after everything in it
    finally:
        shutil.rmtree(folder)


def _cage_command(folder: Path, card: Sequence[str]) -> list[str]:
    driver = next((path for path in _DRIVERS if path.exists()), None)
    if driver is None:
        unavailable("the driver vsmartcard-vpcd is not there; tools/system_packages.sh fetches it")
    (folder / "libifdvpcd.so").symlink_to(driver)
    (folder / "readers").mkdir()
    (folder / "readers/vpcd").write_text(_READER_FILE.format(port=PORT, driver=folder / "libifdvpcd.so"))
    pcscd = [program("pcscd"), "--foreground", "--config", str(folder / "readers")]
    if "--disable-polkit" in subprocess.run([pcscd[0], "--help"], capture_output=True, text=True, check=False).stdout:
        pcscd.append("--disable-polkit")
    for needed in ("mount", "ip"):
        program(needed)
    unshare = [program("unshare"), "--net", "--mount", "--pid", "--fork"]
    if os.geteuid() != 0:
        unshare += ["--user", "--map-root-user"]
    if (refused := subprocess.run([*unshare, "true"], capture_output=True, text=True, check=False)).returncode:
        unavailable(f"no private network for the virtual reader: {refused.stderr.strip()}")
    return [*unshare, "env", f"PATH={_SBIN}", sys.executable, str(_HERE / "cage.py"), str(folder), *pcscd, "--", *card]


def _wait_for_card(cage: subprocess.Popen[bytes], desk: Desk) -> None:
    deadline = time.monotonic() + CLIENT_S
    while time.monotonic() < deadline and cage.poll() is None:
        if (desk.log.parent / "pcscd.comm").exists():
            listed = desk.run(program("opensc-tool"), "--list-readers").splitlines()
            if any(line.split()[1:2] == ["Yes"] and READER in line for line in listed):
                return
        time.sleep(0.05)
    raise AssertionError(f"no card came within {CLIENT_S} s\n{desk.said()}")

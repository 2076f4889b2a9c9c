"""Starts a private PC/SC service with a card, waits until the card is there, and leaves nothing behind.

Needs no hardware, no systemd and no root. Clients stay outside its namespaces, for UNIX sockets cross them.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NoReturn

import pytest

READER: Final = "Virtual PCD 00 00"
PORT: Final = 35963
START_S: Final = 20.0
"""How long a card may take to be there; 0.5 s is usual."""
STOP_S: Final = 10.0

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


def unavailable(reason: str) -> NoReturn:
    """End this test: as a failure where everything has to be tested (``CI=true``), else as skipped."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def program(name: str) -> str:
    """Where *name* is."""
    return shutil.which(name, path=_SBIN) or unavailable(
        f"{name} is not installed; tools/system_packages.sh says which packages the tests need"
    )


def card_command(card_file: Path) -> list[str]:
    """What puts the card in *card_file* on the virtual reader."""
    return [sys.executable, "-m", "mynacard", "sim", "vpcd", "--card", str(card_file), "--port", str(PORT)]


@contextlib.contextmanager
def private_pcscd(card: Sequence[str]) -> Iterator[Mapping[str, str]]:
    """The environment in which clients meet the card that the command *card* plays.

    A process reads it once: whoever wants to meet two cards needs two.
    """
    # Not where TMPDIR says: the name of a UNIX socket has at most 108 bytes, and pcscd's configuration takes no spaces.
    folder = Path(tempfile.mkdtemp(prefix="mynacard-", dir="/tmp"))
    try:
        command = _cage_command(folder, card)
        alive, held = os.pipe()  # at its end when nobody holds the other one, which everything in the cage inherits
        with (folder / "log").open("wb") as log:
            cage = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=[held], start_new_session=True
            )
        os.close(held)
        client = os.environ | {"PCSCLITE_CSOCK_NAME": str(folder / "pcscd.comm")}
        try:
            _wait_for_card(cage, client, folder / "log")
            yield client
        except Exception:
            print(f"--- pcscd and card said ---\n{(folder / 'log').read_text(errors='replace')}", file=sys.stderr)
            raise
        finally:
            _end(cage, alive)
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
    unshare = [program("unshare"), "--net", "--mount", "--pid", "--fork", "--kill-child"]
    if os.geteuid() != 0:
        unshare += ["--user", "--map-root-user"]
    if (refused := subprocess.run([*unshare, "true"], capture_output=True, text=True, check=False)).returncode:
        unavailable(f"no private network for the virtual reader: {refused.stderr.strip()}")
    return [*unshare, "env", f"PATH={_SBIN}", sys.executable, str(_HERE / "cage.py"), str(folder), *pcscd, "--", *card]


def _wait_for_card(cage: subprocess.Popen[bytes], client: Mapping[str, str], log: Path) -> None:
    probe = [program("opensc-tool"), "--list-readers"]
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and cage.poll() is None:
        seen = subprocess.run(probe, env=client, capture_output=True, text=True, check=False, timeout=START_S).stdout
        if any(line.split()[1:2] == ["Yes"] and READER in line for line in seen.splitlines()):
            return
        time.sleep(0.05)
    raise AssertionError(f"no card came within {START_S} s:\n{log.read_text(errors='replace')}")


def _end(cage: subprocess.Popen[bytes], alive: int) -> None:
    """End everything in the cage, and see that it has ended."""
    cage.send_signal(signal.SIGKILL)  # the kernel passes it on to process 1 inside, and from there to all
    cage.wait(STOP_S)
    os.set_blocking(alive, False)
    deadline = time.monotonic() + STOP_S
    while time.monotonic() < deadline:
        with contextlib.suppress(BlockingIOError):
            if os.read(alive, 1) == b"":
                os.close(alive)
                return
        time.sleep(0.01)
    os.close(alive)
    raise AssertionError("something of the private PC/SC service goes on running")

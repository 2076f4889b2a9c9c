"""How fast a simulated card answers beside another one in the same process: vpicc of frankmorgner/vsmartcard.

Debian calls it vsmartcard-vpicc. In Debian 12 its package lacks the Python package ``virtualsmartcard`` that it needs;
VPICC=FOLDER names a folder that holds it, such as virtualsmartcard/src/vpicc of Debian's source package vsmartcard.

Usage: python tools/bench_vpicc.py [--json]
"""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Final

from bench_figures import Figure, measured, show

from mynacard.doors.new_cards import new_card
from mynacard.jpki import DF_NAME

__all__ = ["figures"]

NEEDS: Final = "No reader and no card are needed. vpicc is measured where it is installed."
ROUNDS: Final = 9
COUNT: Final = 2000
DEBIAN: Final = Path("/usr/lib/python3/dist-packages")
FILE: Final = 0x000A
SELECT: Final = b"\x00\xa4\x04\x0c\x0a" + DF_NAME
SELECT_EF: Final = bytes.fromhex("00A4020C02000A")
COMMANDS: Final = {
    "SELECT of an application": (SELECT, 1.5),
    "READ BINARY, 256 bytes": (bytes.fromhex("00B0000000"), 4),
}
"""What is sent, after SELECT of the application and the EF, and how many times the other's rate is wanted."""

Transmit = Callable[[bytes], bytes]


def figures() -> list[Figure]:
    """The rate of commands as a multiple of vpicc's, by processor time, both in turn; or that vpicc is not there."""
    try:
        theirs = _vpicc()
    except ImportError:
        return [_figure(what, None, f"not measured: {_missing()}") for what in COMMANDS]
    ours = new_card().transmit
    shown: list[Figure] = []
    for what, (command, _) in COMMANDS.items():
        pairs = [(_per_second(ours, command), _per_second(theirs, command)) for _ in range(ROUNDS)]
        rates = [statistics.median(rate) for rate in zip(*pairs, strict=True)]
        ratio = statistics.median(own / other for own, other in pairs)
        shown.append(_figure(what, ratio, f"{rates[0]:,.0f} and {rates[1]:,.0f} in a second"))
    return shown


def _figure(what: str, value: float | None, note: str) -> Figure:
    return Figure(f"simulator, over vpicc in process: {what}", value, "×", f"{COMMANDS[what][1]} or more", note)


def _missing() -> str:
    if shutil.which("vicc") is None:
        return "vsmartcard-vpicc is not installed"
    return "vsmartcard-vpicc is installed, and its Python package is not (VPICC=FOLDER says where it is)"


def _per_second(transmit: Transmit, command: bytes) -> float:
    for first in (SELECT, SELECT_EF):
        transmit(first)
    if transmit(command)[-2:] != b"\x90\x00":
        raise SystemExit(f"a card refused {command.hex()}")
    start = time.process_time()
    for _ in range(COUNT):
        transmit(command)
    return COUNT / (time.process_time() - start)


def _vpicc() -> Transmit:
    """A card of vpicc with one application, and in it one file of 2,048 bytes.

    Raises:
        ImportError: vpicc is not there.
    """
    sys.modules.setdefault("sha", ModuleType("sha"))  # of Python 2; it wants that where PyCryptodome is missing
    sys.path.append(os.environ.get("VPICC") or str(DEBIAN))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            module = partial(import_module, package="virtualsmartcard")
            files, sam, system, constants = map(
                module, (".SmartcardFilesystem", ".SmartcardSAM", ".VirtualSmartcard", ".ConstantDefinitions")
            )
    finally:
        del sys.path[-1]
    system.hexdump = lambda *_, **__: ""  # for a log that is not written: most of its time
    root = files.MF(filedescriptor=constants.FDB["NOTSHAREABLEFILE"] | constants.FDB["DF"])
    root.append(application := files.DF(root, 0x0100, dfname=DF_NAME))
    application.append(files.TransparentStructureEF(application, FILE, shortfid=FILE, data=bytes(range(256)) * 8))
    access = sam.SAM(b"1234", b"1234567890", root)
    access.set_MF(root)
    transmit: Transmit = system.Iso7816OS(root, access, extended_length=True).execute
    return transmit


if __name__ == "__main__":
    show(measured(NEEDS, {"vpicc": figures}), sys.argv[1:])

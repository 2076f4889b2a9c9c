"""Chooses the PC/SC binding.

Windows and macOS use pyscard if it is installed, else the system's library by ctypes, which has not been seen running
there. With pcsc-lite it is the other way round: pyscard 2.3.1 cannot list a reader whose name is not ASCII (its issue
106), and is not published compiled for Linux.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import sys
from typing import Final

from mynacard.errors import NoPcscLibraryError, UsageError
from mynacard.readers import native
from mynacard.readers.abi import PCSC_LITE, system_abi
from mynacard.readers.library import Library
from mynacard.readers.pyscard import Pyscard
from mynacard.texts import N_

__all__ = ["VARIABLE", "find_library", "system_library"]

VARIABLE: Final = "MYNACARD_PCSC"
"""The environment variable that names the binding: ``pyscard`` or ``native``."""

_SCARD: Final = "smartcard.scard"

_NO_LIBRARY: Final = {
    "darwin": N_("The system's PC/SC framework could not be loaded."),
    "win32": N_("The system's PC/SC library, winscard.dll, could not be loaded."),
}
_NO_PCSC_LITE: Final = N_(
    "This machine has no PC/SC library: install it (Debian, Ubuntu: sudo apt install pcscd; "
    "Fedora: sudo dnf install pcsc-lite pcsc-lite-ccid)."
)
_NO_PYSCARD: Final = N_(
    'This Python has no usable PC/SC binding: install it with pip install "mynacard[pcsc]" '
    "(Debian, Ubuntu: or with sudo apt install python3-pyscard)."
)
_UNKNOWN: Final = N_("{variable} is {value}; it has to be one of: {allowed}.")


def find_library() -> Library:
    """The PC/SC library of this machine, through pyscard or without it.

    Raises:
        NoPcscLibraryError: there is none, or the binding that :data:`VARIABLE` names is missing; the message says what
            to install.
        UsageError: :data:`VARIABLE` has another value than the names of the bindings.
    """
    wanted = os.environ.get(VARIABLE, "")
    match wanted:
        case "":
            return system_library()
        case "pyscard":
            return _pyscard()
        case "native":
            return _native()
        case _:
            raise UsageError(_UNKNOWN, variable=VARIABLE, value=wanted, allowed="pyscard, native")


def system_library() -> Library:
    """The PC/SC library of this machine, by the binding that suits its system.

    :mod:`mynacard.testing` puts simulated readers in its place.

    Raises:
        NoPcscLibraryError: as :func:`find_library`.
    """
    first, second = (_native, _pyscard) if system_abi() is PCSC_LITE else (_pyscard, _native)
    try:
        return first()
    except NoPcscLibraryError:
        return second()


def _native() -> Library:
    try:
        return native.load()
    except OSError as error:
        raise NoPcscLibraryError(_NO_LIBRARY.get(sys.platform, _NO_PCSC_LITE)) from error


def _pyscard() -> Library:
    if system_abi() is PCSC_LITE:
        _probe()
    try:
        return Pyscard(importlib.import_module(_SCARD))
    except (ImportError, OSError) as error:
        raise NoPcscLibraryError(_NO_PYSCARD) from error


def _probe() -> None:
    """Check for the library first: if it is missing, importing pyscard prints that to stdout, amid our output."""
    try:
        ctypes.CDLL(PCSC_LITE.library)
    except OSError as error:
        raise NoPcscLibraryError(_NO_PCSC_LITE) from error

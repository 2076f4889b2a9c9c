"""The Windows registry, as much of it as browsers need to find a host. Not tried on Windows."""

from __future__ import annotations

import contextlib
import sys
from enum import StrEnum
from typing import Final, Protocol

from mynacard.errors import BrowserSetupError
from mynacard.texts import N_

__all__ = ["Hive", "Registry", "windows_registry"]


class Hive(StrEnum):
    """Where a key is: of this user, or of all users."""

    USER = "HKEY_CURRENT_USER"
    MACHINE = "HKEY_LOCAL_MACHINE"


class Registry(Protocol):
    """Texts by key and name; the name of a key's default value is empty."""

    def get(self, hive: Hive, key: str, name: str = "", /) -> str | None:
        """The text; None if there is none."""
        ...

    def put(self, key: str, name: str, text: str | None, /) -> None:
        """Set this user's text, or remove it with None; a key that has none left is removed, too.

        Raises:
            OSError: Windows refuses.
        """
        ...


def windows_registry() -> Registry:
    """The registry of this computer.

    Raises:
        BrowserSetupError: this is not Windows.
    """
    if sys.platform == "win32":
        return _Windows()
    else:  # noqa: RET505  # type checkers know only this form
        raise BrowserSetupError(N_("This computer has no Windows registry."))


if sys.platform == "win32":
    import winreg

    _HIVES: Final = {Hive.USER: winreg.HKEY_CURRENT_USER, Hive.MACHINE: winreg.HKEY_LOCAL_MACHINE}
    _VIEWS: Final = (winreg.KEY_WOW64_32KEY, winreg.KEY_WOW64_64KEY)  # Chrome asks in this order

    class _Windows:
        def get(self, hive: Hive, key: str, name: str = "", /) -> str | None:
            for view in _VIEWS:
                access = winreg.KEY_READ | view
                with contextlib.suppress(OSError), winreg.OpenKey(_HIVES[hive], key, 0, access) as opened:
                    return str(winreg.QueryValueEx(opened, name)[0])
            return None

        def put(self, key: str, name: str, text: str | None, /) -> None:
            with winreg.CreateKey(winreg.HKEY_CURRENT_USER, key) as opened:
                if text is not None:
                    winreg.SetValueEx(opened, name, 0, winreg.REG_SZ, text)
                    return
                with contextlib.suppress(FileNotFoundError):
                    winreg.DeleteValue(opened, name)
                left = winreg.QueryInfoKey(opened)[:2]
            if left == (0, 0):
                winreg.DeleteKey(winreg.HKEY_CURRENT_USER, key)

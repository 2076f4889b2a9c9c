"""The desk apart from PC/SC: what a diagnosis depends on, as a value, so that a test can set up another desk."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from mynacard._dataclasses import dataclass
from mynacard.doctor.attached import attached
from mynacard.doctor.systems import System, this_system
from mynacard.doctor.usb import UsbDevice
from mynacard.errors import BrowserSetupError
from mynacard.texts import N_
from mynacard.webeid.places import Account, this_account

__all__ = ["Desk", "session", "this_desk"]


@dataclass(frozen=True, slots=True)
class Desk:
    """The things around a reader that PC/SC does not report.

    Attributes:
        system: whose PC/SC it is.
        environment: the environment variables.
        now: the time that the clock shows.
        usb: lists the devices on USB; None where the system does not list them.
        root: the root of the file system.
        account: whose browsers are looked at; None to look at none.
    """

    system: System
    environment: Mapping[str, str]
    now: datetime
    usb: Callable[[], tuple[UsbDevice, ...] | None]
    root: Path = Path("/")
    account: Account | None = None


def this_desk() -> Desk:
    """The desk that this program runs on."""
    system, account = this_system(), None
    with contextlib.suppress(BrowserSetupError):
        account = this_account()
    return Desk(system, os.environ, datetime.now(UTC), lambda: attached(system), account=account)


def session(desk: Desk) -> str:
    """The kind of session that this is for polkit, as a text that a catalogue may translate."""
    marks = (desk.root / ".dockerenv", desk.root / "run/.containerenv")  # Docker's, Podman's
    if "container" in desk.environment or any(path.exists() for path in marks):  # systemd's, Flatpak's
        return N_("a container")
    if "SSH_CONNECTION" in desk.environment:
        return N_("an SSH session")
    if desk.environment.get("SESSIONNAME", "").startswith("RDP-"):
        return N_("a remote desktop session")
    if desk.system is System.LINUX and "XDG_SESSION_ID" not in desk.environment:
        return N_("no login session, as in a background service")
    return N_("a session at this computer")

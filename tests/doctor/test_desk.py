"""What polkit would see of a session is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mynacard.doctor import Desk, System, this_desk
from mynacard.doctor.desk import session
from mynacard.texts import catalogue

LayDesk = Callable[..., Desk]


@pytest.mark.parametrize(
    ("environment", "kind"),
    [
        ({"container": "flatpak", "XDG_SESSION_ID": "1"}, "a container"),
        ({"SSH_CONNECTION": "192.0.2.1 1 192.0.2.2 22", "XDG_SESSION_ID": "1"}, "an SSH session"),
        ({}, "no login session, as in a background service"),
        ({"XDG_SESSION_ID": "1"}, "a session at this computer"),
    ],
)
def test_the_kind_of_session_is_told(lay_desk: LayDesk, environment: dict[str, str], kind: str) -> None:
    assert session(lay_desk(**environment)) == kind
    assert catalogue("ja").gettext(kind) != kind


@pytest.mark.parametrize("mark", [".dockerenv", "run/.containerenv"])
def test_containers_leave_a_mark(lay_desk: LayDesk, tmp_path: Path, mark: str) -> None:
    (tmp_path / mark).parent.mkdir(exist_ok=True)
    (tmp_path / mark).touch()
    assert session(lay_desk(XDG_SESSION_ID="1")) == "a container"


def test_windows_tells_a_remote_desktop(lay_desk: LayDesk) -> None:
    assert session(lay_desk(System.WINDOWS, SESSIONNAME="RDP-Tcp#3")) == "a remote desktop session"
    assert session(lay_desk(System.WINDOWS, SESSIONNAME="Console")) == "a session at this computer"


def test_this_desk_can_be_asked() -> None:
    desk = this_desk()
    assert desk.now.tzinfo is not None
    assert desk.usb() is None or isinstance(desk.usb(), tuple)

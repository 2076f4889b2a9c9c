"""What a browser finds is said as it is: whose manifest comes first, and whether its program greets in time."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mynacard.errors import BrowserSetupError
from mynacard.webeid.installing import Target, install, targets
from mynacard.webeid.looking import Standing, greeting, look
from mynacard.webeid.places import PLACES, Account, Browser
from tests.support import SCRIPT
from tests.webeid.accounts import account, manifest, program

EXTENSION = "abcdefghijklmnopabcdefghijklmnop"


def only(user: Account) -> Target:
    (target,) = targets(user, [Browser.CHROMIUM])
    return target


def host(folder: Path, text: str = "") -> Path:
    """Our program in *folder*, which runs the Python *text*."""
    return program(folder / "bin" / "mynacard-webeid", SCRIPT + text)


def test_without_a_manifest_the_place_of_ours_is_named(tmp_path: Path) -> None:
    seen = look(only(account(tmp_path)))
    assert seen.standing is Standing.ABSENT
    assert seen.where == str(tmp_path / ".config/chromium/NativeMessagingHosts/eu.webeid.json")


@pytest.mark.parametrize("platform", sorted(PLACES))
def test_ours_is_ready_once_its_program_is_there(platform: str, tmp_path: Path) -> None:
    user, path = account(tmp_path, platform), tmp_path / "bin" / "mynacard-webeid"
    install([only(user)], path)
    assert look(only(user)).standing is Standing.GONE
    host(tmp_path)
    seen = look(only(user))
    assert (seen.standing, seen.program, seen.extra) == (Standing.READY, str(path), frozenset())


def test_a_program_that_is_a_folder_or_has_a_relative_path_is_gone(tmp_path: Path) -> None:
    user = account(tmp_path)
    (tmp_path / "mynacard-webeid").mkdir()
    for path in (tmp_path / "mynacard-webeid", Path("mynacard-webeid")):
        install([only(user)], path)
        assert look(only(user)).standing is Standing.GONE


def test_extensions_beside_the_published_one_are_named(tmp_path: Path) -> None:
    user = account(tmp_path)
    install([only(user)], host(tmp_path), extensions=[EXTENSION])
    assert look(only(user)).extra == {f"chrome-extension://{EXTENSION}/"}


def test_a_manifest_of_ours_without_the_published_extension_is_outdated(tmp_path: Path) -> None:
    user = account(tmp_path)
    manifest(tmp_path / ".config/chromium/NativeMessagingHosts", str(host(tmp_path)), ["chrome-extension://old/"])
    assert look(only(user)).standing is Standing.OUTDATED


def test_the_users_manifest_comes_before_that_of_all_users(tmp_path: Path) -> None:
    user = account(tmp_path)
    other = manifest(tmp_path / "etc/chromium/native-messaging-hosts")
    seen = look(only(user))
    assert (seen.standing, seen.where, seen.program) == (Standing.OTHER, str(other), "/usr/bin/web-eid")
    install([only(user)], host(tmp_path), replace=True)
    assert look(only(user)).standing is Standing.READY


def test_a_manifest_that_cannot_be_read_is_said_to_be_so(tmp_path: Path) -> None:
    user = account(tmp_path)
    manifest(tmp_path / ".config/chromium/NativeMessagingHosts").write_bytes(b"{")
    assert look(only(user)).standing is Standing.UNREADABLE


# --- the greeting ------------------------------------------------------------------------------------

SEND = """
import os, sys, time
def send(message, length=None):
    data = (len(message) if length is None else length).to_bytes(4, sys.byteorder) + message
    while data:
        data = data[os.write(1, data):]
"""


def greets(version: str) -> str:
    return SEND + f"send({json.dumps({'version': version}).encode()!r})\n"


def test_a_greeting_in_its_frame_is_the_version(tmp_path: Path) -> None:
    assert greeting(str(host(tmp_path, greets("2.9.0+mynacard.0-1-0")))) == "2.9.0+mynacard.0-1-0"


def test_the_host_is_started_as_chromium_starts_it_and_its_input_is_closed(tmp_path: Path) -> None:
    note = f"open({str(tmp_path / 'note')!r}, 'w').write(repr((sys.argv[1:], sys.stdin.buffer.read())))\n"
    greeting(str(host(tmp_path, greets("2.9.0") + note)))
    expected = (["chrome-extension://ncibgoaomkmdpilpocfeponihegamlic/"], b"")
    assert (tmp_path / "note").read_text("utf-8") == repr(expected)


WRONG = {
    "nothing": "",
    "half a length": SEND + "os.write(1, b'\\1\\0')",
    "half a message": SEND + "send(b'{', 20)",
    "a length of zero": SEND + "send(b'')",
    "a huge length": SEND + "send(b'{}', 0xFFFFFFFF)",
    "not JSON": SEND + "send(b'version')",
    "deep JSON": SEND + "send(b'[' * 8000)",
    "a list": SEND + "send(b'[]')",
    "no version": SEND + "send(b'{}')",
    "a version that is a number": SEND + "send(b'{\"version\": 2}')",
    "a version with a v": greets("v2.9.0"),
    "two numbers": greets("2.9"),
    "a long version": greets("2.9.0+" + "a" * 200),
    "words instead": "print('Traceback (most recent call last):')",
    "too late": SEND + "time.sleep(60)",
}


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG)
def test_what_is_not_a_greeting_in_time_is_an_error(text: str, tmp_path: Path) -> None:
    late = 0.2 if text == WRONG["too late"] else 30.0
    with pytest.raises(BrowserSetupError, match="did not send its version"):
        greeting(str(host(tmp_path, text)), deadline_s=late)


def test_a_program_that_cannot_be_started_is_an_error(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none", program(tmp_path / "no-interpreter", f"#!{tmp_path}/none\n"), "a\0b"):
        with pytest.raises(BrowserSetupError, match="cannot be started"):
            greeting(str(path))

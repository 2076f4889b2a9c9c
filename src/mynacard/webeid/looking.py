"""What a browser finds when a page calls: whose manifest, whether its program is there, whether it greets in time."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from enum import Enum
from pathlib import Path
from typing import IO, Final, cast

from mynacard._dataclasses import dataclass
from mynacard.errors import BrowserSetupError
from mynacard.texts import N_
from mynacard.webeid.installing import Target
from mynacard.webeid.manifests import Manifest
from mynacard.webeid.places import EXTENSIONS, Family

__all__ = ["GREETING_S", "Look", "Standing", "greeting", "look"]

GREETING_S: Final = 5.0
"""How long the extension waits for the version (its version 2.5.0)."""
_LEAVING_S: Final = 2.0
_LENGTHS: Final = range(2, 0x2001)
_VERSION: Final = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?")  # Semantic Versioning
_SHOWN_MAX: Final = 100


class Standing(Enum):
    """What stands between a page and our host; the worst counts."""

    READY = "ready"
    ABSENT = "absent"
    """There is no manifest."""
    UNREADABLE = "unreadable"
    OTHER = "other"
    """The manifest starts another program."""
    GONE = "gone"
    """The manifest is ours, and its program is not there, or cannot be started."""
    OUTDATED = "outdated"
    """The manifest is ours, and does not let the published extension in."""


@dataclass(frozen=True, slots=True)
class Look:
    """What browsers find at *target*.

    Attributes:
        target: where was looked.
        standing: the result.
        where: the manifest that they read, or where ours would be.
        program: the program that they start; empty if none is known.
        extra: the extensions that may start it besides the published one.
    """

    target: Target
    standing: Standing
    where: str
    program: str = ""
    extra: frozenset[str] = frozenset()


def look(target: Target) -> Look:
    """What the browsers of *target* find. Nothing is started."""
    for slot in target.read:
        if (manifest := slot.read()) is not None:
            standing, extra = _standing(manifest, target.family), manifest.extra(target.family)
            return Look(target, standing, slot.where, manifest.program, extra)
    return Look(target, Standing.ABSENT, target.slot.where)


def _standing(manifest: Manifest, family: Family) -> Standing:
    if not manifest.program:
        return Standing.UNREADABLE
    if not manifest.ours:
        return Standing.OTHER
    path = Path(manifest.program)
    if not path.is_absolute() or not path.is_file() or not os.access(path, os.X_OK):
        return Standing.GONE
    return Standing.READY if manifest.current(family) else Standing.OUTDATED


def greeting(program: str, *, deadline_s: float = GREETING_S) -> str:
    """The version that *program* greets with. It is started as Chromium starts it, and ended again.

    Raises:
        BrowserSetupError: it cannot be started, or does not greet in time, or not as the extension expects.
    """
    argument = f"chrome-extension://{EXTENSIONS[Family.CHROMIUM][0]}/"
    try:
        process = subprocess.Popen(
            [program, argument], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
    except (OSError, ValueError) as error:
        raise BrowserSetupError(N_("It cannot be started: {reason}."), reason=str(error)) from error
    with process:
        too_late = threading.Timer(deadline_s, process.kill)
        too_late.start()
        try:
            first = _first_message(process.stdout) if process.stdout else b""
        finally:
            too_late.cancel()
            _end(process)
    return _version(first)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End *process* as a browser does: close its input, and kill it after a while."""
    if process.stdin:
        process.stdin.close()
    try:
        process.wait(_LEAVING_S)
    except subprocess.TimeoutExpired:
        process.kill()


def _first_message(stream: IO[bytes]) -> bytes:
    """The first message on *stream*, without its length; fewer bytes if the stream ends."""
    length = int.from_bytes(stream.read(4), sys.byteorder)
    return stream.read(length) if length in _LENGTHS else b""


def _version(message: bytes) -> str:
    try:
        document: object = json.loads(message.decode()) if message else None
    except (ValueError, RecursionError):
        document = None
    version = cast(dict[str, object], document).get("version") if isinstance(document, dict) else None
    if not isinstance(version, str) or len(version) > _SHOWN_MAX or not _VERSION.fullmatch(version):
        raise BrowserSetupError(
            N_("It did not send its version in {seconds} seconds, as the extension expects."), seconds=f"{GREETING_S:g}"
        )
    return version

"""Making our host known to browsers, and taking that back: which browsers, which slots, and the neighbour rule.

The host's name, ``eu.webeid``, belongs to the extension, and another country's program may have it already. This user's
manifest comes before everybody's, so ours would take that program's place, and its owner could no longer log in with
another card. Ours is therefore installed beside another program only on request, and undone without a trace.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

from mynacard._dataclasses import dataclass
from mynacard.errors import BrowserSetupError
from mynacard.texts import N_
from mynacard.webeid.manifests import PROGRAM, FileSlot, KeySlot, Manifest, Slot, content_of, family_of
from mynacard.webeid.places import PLACES, Account, Browser, Family
from mynacard.webeid.registry import Hive

__all__ = ["Target", "host_program", "install", "neighbour", "profile_target", "targets", "uninstall"]


@dataclass(frozen=True, slots=True)
class Target:
    """What is installed in one go.

    Attributes:
        label: the browsers that read it, for people.
        family: the form of its manifest.
        slot: where ours goes.
        read: where these browsers look, in this order, *slot* among them.
        shadowed: where browsers that look into *slot* look later.
    """

    label: str
    family: Family
    slot: Slot
    read: tuple[Slot, ...]
    shadowed: tuple[Slot, ...]


def targets(account: Account, browsers: Iterable[Browser]) -> list[Target]:
    """The targets for *browsers*; those with one slot in common are one target."""
    rows = PLACES[account.platform]
    labels: dict[Browser, list[str]] = {}
    for browser in browsers:
        first = next(other for other in rows if rows[other].user == rows[browser].user)
        labels.setdefault(first, []).append(browser.label)
    return [_target(account, browser, ", ".join(names)) for browser, names in labels.items()]


def profile_target(account: Account, folder: Path) -> Target:
    """The target for a Chromium that is started with ``--user-data-dir`` *folder*. Which Chromium, is not known.

    Raises:
        BrowserSetupError: this is Windows, where only the registry counts.
    """
    if account.platform == "win32":
        raise BrowserSetupError(N_("On Windows, the registry counts for all profiles. Name the browser: --browser."))
    slot = FileSlot(folder.absolute() / "NativeMessagingHosts")
    rows = [place for browser, place in PLACES[account.platform].items() if browser.family is Family.CHROMIUM]
    everybody = tuple(FileSlot(account.path(system)) for place in rows for system in place.system)
    return Target(str(folder), Family.CHROMIUM, slot, (slot, *everybody), everybody)


def _target(account: Account, browser: Browser, label: str) -> Target:
    place = PLACES[account.platform][browser]
    file = FileSlot(account.path(place.user))
    if account.registry is None:
        everybody = tuple(FileSlot(account.path(system)) for system in place.system)
        return Target(label, browser.family, file, (file, *everybody), everybody)
    registry, written = account.registry, place.keys[0]
    slots = {(hive, key): KeySlot(registry, hive, key, file) for hive in Hive for key in place.keys}
    readers = [other.keys for other in PLACES[account.platform].values() if written in other.keys]
    later = {(hive, key): KeySlot(registry, hive, key, file) for hive in Hive for keys in readers for key in keys}
    slot = later.pop((Hive.USER, written))
    return Target(label, browser.family, slot, tuple(slots.values()), tuple(later.values()))


def neighbour(target: Target) -> tuple[Slot, Manifest] | None:
    """The program of others whose place ours would take: in the same slot, or in one that is looked into later."""
    for slot in (target.slot, *target.shadowed):
        manifest = slot.read()
        if manifest is not None and not manifest.ours:
            return slot, manifest
        if manifest is not None and slot is target.slot:  # it was decided when ours came there
            return None
    return None


def install(
    chosen: Iterable[Target], program: Path, *, extensions: Iterable[str] = (), replace: bool = False
) -> list[tuple[Target, bool]]:
    """Let browsers start *program*; each target, and whether something changed there.

    Args:
        chosen: where.
        program: the absolute path of our host.
        extensions: more extensions that may start it, for tests.
        replace: whether ours may take another program's place. What is in the same slot is kept.

    Raises:
        UsageError: one of *extensions* is not an identifier.
        BrowserSetupError: another program is there, and *replace* is not set; nothing was changed then. Or a manifest
            cannot be written; what was installed before it stays.
    """
    todo, more = list(chosen), list(extensions)
    for extension in more:
        family_of(extension)
    for target in todo:
        if not replace and (other := neighbour(target)):
            raise _refused(target, *other)
    return [(target, _taken(target, content_of(program, target.family, more))) for target in todo]


def uninstall(chosen: Iterable[Target]) -> list[tuple[Target, bool]]:
    """Remove our manifests, and put back what they replaced; each target, and whether ours was there.

    Raises:
        BrowserSetupError: a manifest cannot be removed.
    """
    return [(target, _released(target)) for target in chosen]


def host_program() -> Path:
    """The program of our host, in the environment that runs this.

    Raises:
        BrowserSetupError: it is not there, or cannot be started.
    """
    name = PROGRAM + (".exe" if os.name == "nt" else "")
    folders = (Path(sys.executable).parent, Path(sysconfig.get_path("scripts")))
    places = [(folder / name).absolute() for folder in folders]
    for path in places:
        if path.is_file() and os.access(path, os.X_OK):
            return path
    raise BrowserSetupError(
        N_("The program {name} is missing or cannot be started: {path}. Install mynacard again, with pip or pipx."),
        name=name,
        path=str(places[0]),
    )


def _taken(target: Target, content: bytes) -> bool:
    try:
        return target.slot.take(content)
    except OSError as error:
        raise _unwritable(target, error) from error


def _released(target: Target) -> bool:
    try:
        return target.slot.release()
    except OSError as error:
        raise _unwritable(target, error) from error


def _unwritable(target: Target, error: OSError) -> BrowserSetupError:
    return BrowserSetupError(
        N_("{where} cannot be written ({reason}). Correct the permissions or what is in the way, and try again."),
        where=target.slot.where,
        reason=error.strerror or type(error).__name__,
    )


def _refused(target: Target, slot: Slot, manifest: Manifest) -> BrowserSetupError:
    return BrowserSetupError(
        N_(
            "{browser} already starts another program for Web eID: {program} ({where}). --replace puts mynacard's host"
            " in its place until mynacard webeid uninstall."
        ),
        browser=target.label,
        program=manifest.program or N_("an unreadable manifest"),
        where=slot.where,
    )

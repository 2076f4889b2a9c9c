"""What the holder has set for the program that browsers start: a small file, read at each start.

An installation is more than a manifest: pages on this computer, pages that may ask for the signing key, and how the
holder is asked are allowed by name, by ``mynacard webeid``, and never by a page, an argument or the environment.
"""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Final, cast

import platformdirs

from mynacard._dataclasses import dataclass
from mynacard.arguments import check_type
from mynacard.consent.ways import NAMED, SCRIPT
from mynacard.errors import SettingsFileError, UsageError
from mynacard.jpki.authentication import check_origin
from mynacard.storage import private_folder, replace_file
from mynacard.texts import N_

__all__ = ["Settings", "check_consent", "document", "load", "save", "settings_file"]

_SIZE_MAX: Final = 0x1_0000
"""Bytes of the file: room for hundreds of origins."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of the host.

    Attributes:
        loopback: ``http`` origins on this computer that may log in.
        signing: origins that may ask for the signing certificate and for signatures.
        consent: how the holder is asked: empty for what there is, ``keypad``, ``pinentry``, ``window``, or
            ``script:PATH`` for tests.
        card: which card, as :func:`mynacard.open_card` takes it; empty for the one reader that holds a card.
    """

    loopback: frozenset[str] = frozenset()
    signing: frozenset[str] = frozenset()
    consent: str = ""
    card: str = ""

    def allowing(self, origin: str, *, sign: bool = False) -> Settings:
        """These settings, with *origin* allowed: to log in if it is on this computer, and with *sign* to sign.

        Raises:
            UsageError: it is not an origin; or it is ``https`` and *sign* is not set, and needs no permission.
        """
        check_origin(origin)
        if not sign and _is_https(origin):
            raise UsageError(
                N_("Every https page may ask for a log-in: {origin} needs no permission. Only signing does (--sign)."),
                origin=origin,
            )
        loopback = self.loopback if _is_https(origin) else self.loopback | {origin}
        return replace(self, loopback=loopback, signing=self.signing | {origin} if sign else self.signing)

    def forbidding(self, origin: str, *, sign: bool = False) -> Settings:
        """These settings without *origin*; with *sign* it may still log in.

        Raises:
            UsageError: it was not allowed.
        """
        check_type(origin, str)
        loopback = self.loopback if sign else self.loopback - {origin}
        changed = replace(self, loopback=loopback, signing=self.signing - {origin})
        if changed == self:
            raise UsageError(N_("{origin} was not allowed. Allowed are: {origins}."), origin=ascii(origin),
                             origins=", ".join(sorted(self.loopback | self.signing)) or "-")  # fmt: skip
        return changed


def settings_file() -> Path:
    """Where the settings are: ``webeid.json`` in the user's configuration folder for mynacard.

    Raises:
        SettingsFileError: this user has no home.
    """
    try:
        folder = platformdirs.user_config_path("mynacard", appauthor=False)
    except RuntimeError:  # platformdirs 4.14; earlier ones return a path that begins with "~"
        folder = Path("~")
    if not folder.is_absolute():
        raise SettingsFileError(N_("This user has no home folder, and so no settings."))
    return folder / "webeid.json"


def load(path: Path | None = None) -> Settings:
    """The settings in *path*, or in :func:`settings_file`; without a file, those of :class:`Settings`.

    Raises:
        SettingsFileError: the file cannot be read, or holds something else. Nothing is allowed then.
    """
    path = settings_file() if path is None else path
    try:
        with path.open("rb") as file:
            content = file.read(_SIZE_MAX + 1)
    except FileNotFoundError:
        return Settings()
    except OSError as error:
        raise SettingsFileError(N_("{path} cannot be read: {reason}."), path=str(path), reason=error.strerror) from None
    try:
        return _settings(content)
    except (ValueError, RecursionError):  # a UsageError is a ValueError, too
        raise SettingsFileError(
            N_("{path} is damaged, or holds settings that this version does not know. Correct it, or delete it."),
            path=str(path),
        ) from None


def save(settings: Settings, path: Path | None = None) -> None:
    """Write *settings* to *path*, or to :func:`settings_file`: whole or not at all, for their owner only.

    Raises:
        UsageError: a value in them is not one that a file may hold.
        SettingsFileError: this user has no home.
        OSError: the file cannot be written.
    """
    check_type(settings, Settings)
    _check(settings)
    path = settings_file() if path is None else path
    folder = private_folder(path.parent.resolve())  # its owner may keep the folder elsewhere, through a link
    replace_file(folder / path.name, json.dumps(document(settings), indent=2).encode("ascii") + b"\n")


def document(settings: Settings) -> dict[str, object]:
    """*settings* as JSON, the same each time."""
    return {
        "loopback": sorted(settings.loopback),
        "signing": sorted(settings.signing),
        "consent": settings.consent,
        "card": settings.card,
    }


def check_consent(consent: str) -> None:
    """Check that *consent* names a way of asking, as :attr:`Settings.consent` does.

    Raises:
        UsageError: it does not; or it names a script by a path that is not absolute, and browsers start the host in
            a folder of their own.
    """
    if consent and consent not in NAMED and not _names_script(consent):
        raise UsageError(
            N_("A way of asking is one of {names}, or script:PATH with an absolute path; {consent} is not."),
            names=", ".join(NAMED),
            consent=ascii(consent),
        )


def _names_script(consent: str) -> bool:
    return consent.startswith(SCRIPT) and Path(consent.removeprefix(SCRIPT)).is_absolute()


def _settings(content: bytes) -> Settings:
    """The settings that *content* is.

    Raises:
        ValueError: it is not JSON, or has a member twice, of another name or kind, or with a forbidden value.
        RecursionError: it is too deep.
    """
    if len(content) > _SIZE_MAX:
        raise ValueError
    value: object = json.loads(content.decode("utf-8"), object_pairs_hook=_once)
    if not isinstance(value, dict):
        raise ValueError
    members = cast(dict[str, Any], value)
    if members.keys() - {field.name for field in fields(Settings)}:
        raise ValueError
    settings = Settings(
        _origins(members.get("loopback", [])),
        _origins(members.get("signing", [])),
        _text(members.get("consent", "")),
        _text(members.get("card", "")),
    )
    _check(settings)
    return settings


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError
    return members


def _origins(value: object) -> frozenset[str]:
    if not isinstance(value, list):
        raise ValueError  # the file is wrong, not the caller
    return frozenset(_text(origin) for origin in cast(list[object], value))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError  # the file is wrong, not the caller
    return value


def _check(settings: Settings) -> None:
    for origin in settings.loopback | settings.signing:
        check_origin(origin)
    if wrong := next(filter(_is_https, settings.loopback), None):
        raise UsageError(N_("{origin} is not a page on this computer."), origin=wrong)
    check_consent(settings.consent)


def _is_https(origin: str) -> bool:
    return origin.startswith("https:")

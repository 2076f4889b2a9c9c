"""The findings as a report to send to others: nothing in it identifies the holder or the place.

Each detail of a finding is let through by name, and made harmless; an unlisted one is withheld. The report does not say
how long a certificate is valid, not even roughly: it expires on its holder's birthday.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from typing import Final

from mynacard._dataclasses import dataclass
from mynacard._version import __version__
from mynacard.arguments import check_type
from mynacard.doctor.findings import Finding
from mynacard.doctor.service import SOCKET
from mynacard.doctor.systems import Run, System, output_of, this_system
from mynacard.errors import MynacardError
from mynacard.jpki.objects import Medium
from mynacard.texts import json_text

__all__ = ["FORMAT", "Machine", "report", "without_serial"]

FORMAT: Final = "mynacard-doctor-report"
_FORMAT_VERSION: Final = 1
_WITHHELD: Final = "(withheld)"
_PCSCD: Final = "/usr/sbin/pcscd"
_DATED: Final = frozenset({"certificate/valid", "certificate/ends-in-90-days", "certificate/ends-in-30-days"})

_IN_PARENTHESES: Final = re.compile(r"\s*\([^()]*\)?")
_LIKE_A_SERIAL: Final = re.compile(r"\S*\d{5}\S*|(?<!\S)(?=\S*\d)[0-9A-Fa-f-]{8,}(?!\S)")
_IDENTIFIER: Final = re.compile(r"[a-z][a-z0-9_.-]{0,31}")
_NUMBERS: Final = re.compile(r"\d{1,4}(?:\.\d{1,6}){0,3}")
_PROCESS: Final = re.compile(r"\s*\(\d+\)$")
_PROGRAMS: Final = frozenset({
    "chrome", "chromium", "firefox", "firefox-esr", "gpg-agent", "java", "msedge", "mynacard", "opensc-explorer",
    "opensc-tool", "p11-kit-server", "pcsc_scan", "pkcs11-tool", "pkcs15-tool", "python", "python3", "scdaemon",
    "ssh-agent", "ssh-pkcs11-help", "ykman",
})  # fmt: skip
"""Well-known programs, as Linux names them (15 bytes). The name of any other program may identify its author."""


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine that the diagnosis ran on.

    Attributes:
        mynacard, python, implementation: versions of mynacard and Python, and which Python it is.
        system, system_version: the operating system; on Linux the distribution's identifier and version.
        machine: the kind of processor.
        pcsc_version: the version of pcsc-lite's service on this machine; empty where there is none.
    """

    mynacard: str
    python: str
    implementation: str
    system: str
    system_version: str
    machine: str
    pcsc_version: str

    @classmethod
    def here(cls, run: Run = output_of) -> Machine:
        """The machine that this program runs on."""
        system = this_system()
        name, version = _operating_system(system)
        return cls(
            __version__,
            _numbers(platform.python_version()),
            platform.python_implementation(),
            name,
            version,
            _identifier(platform.machine().lower()),
            _numbers(run(_PCSCD, "--version").partition("version ")[2]) if system is System.LINUX else "",
        )


def _operating_system(system: System) -> tuple[str, str]:
    match system:
        case System.WINDOWS:
            return system.value, _numbers(platform.version())
        case System.MACOS:
            return system.value, _numbers(platform.mac_ver()[0])
        case System.LINUX:
            try:
                release = platform.freedesktop_os_release()
            except OSError:
                return _identifier(platform.system().lower()), _numbers(platform.release())
            return _identifier(release.get("ID", "")), _numbers(release.get("VERSION_ID", ""))


def report(findings: Iterable[Finding], machine: Machine | None = None) -> str:
    """*findings* and the versions around them, as JSON; docs/doctor.md describes it."""
    known = tuple(findings)
    for finding in known:
        check_type(finding, Finding)
    document = {
        "format": FORMAT,
        "version": _FORMAT_VERSION,
        **asdict(machine or Machine.here()),
        "findings": [
            {"code": finding.code, "level": finding.level.value, "cause": finding.cause()}
            for finding in map(_harmless, known)
        ],
    }
    return json_text(document, indent=2) + "\n"


def without_serial(reader: str) -> str:
    """A reader's name without what may be its serial number: pcsc-lite puts that into parentheses."""
    return _LIKE_A_SERIAL.sub(_WITHHELD, _IN_PARENTHESES.sub("", reader))


def _harmless(finding: Finding) -> Finding:
    details = {name: _SHOWN.get(name, _withheld)(value) for name, value in finding.details.items()}
    code = "certificate/present" if finding.code in _DATED else finding.code
    return Finding(code, details, finding.system)


def _withheld(_: object) -> str:
    return _WITHHELD


def _reason(value: object) -> str:
    """An error's code: its words may quote anything."""
    return value.code if isinstance(value, MynacardError) else _WITHHELD


def _path(value: object) -> str:
    return SOCKET if value == SOCKET else _WITHHELD


def _token(value: object) -> str:
    return str(value) if value in {medium.value for medium in Medium} else _WITHHELD


def _holders(value: object) -> str:
    names = {_PROCESS.sub("", program) for program in str(value).split(", ")}
    return ", ".join(sorted({name if name in _PROGRAMS else _WITHHELD for name in names}))


def _identifier(value: object) -> str:
    return str(value) if _IDENTIFIER.fullmatch(str(value)) else _WITHHELD


def _numbers(text: str) -> str:
    numbers = _NUMBERS.match(text)
    return numbers[0] if numbers else ""


_SHOWN: Final[Mapping[str, Callable[[object], str]]] = {
    # from this library's own tables
    **dict.fromkeys(
        ("all", "browser", "call", "card", "certificate", "device", "library", "pin", "protocol", "session", "than",
         "tries", "versions"), str,
    ),
    "holders": _holders,
    "module": _identifier,
    "path": _path,
    "reader": lambda value: without_serial(str(value)),
    "reason": _reason,
    "cure": _reason,
    "token": _token,
    "version": lambda value: _numbers(str(value)),
}  # fmt: skip
"""By the detail's name. Left out: the reader's name that the user typed, and lists of readers."""

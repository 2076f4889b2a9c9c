"""What was found, for somebody else to read: without anything that tells who or where it was.

Each detail of a finding is let through by name, and made harmless; one that nobody thought of is withheld. How long a
certificate is valid is not told, not even roughly: it ends on its holder's birthday.
"""

from __future__ import annotations

import json
import platform
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Final

from mynacard._version import __version__
from mynacard.doctor.findings import Finding
from mynacard.doctor.service import SOCKET
from mynacard.doctor.systems import Run, System, output_of, this_system
from mynacard.errors import MynacardError
from mynacard.jpki.objects import Medium

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
"""Programs of everybody's, as Linux calls them (15 bytes). A name of another one may be somebody's own."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What the diagnosis ran on.

    Attributes:
        mynacard, python, implementation: versions, and which Python.
        system, system_version: the operating system; of a Linux distribution its identifier and version.
        machine: the processor's kind.
        pcsc_version: the version of pcsc-lite's service on this machine; empty where there is none to ask.
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
        """This one."""
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
    """*findings* and the versions around them, as JSON; what it holds is in docs/doctor.md."""
    document = {
        "format": FORMAT,
        "version": _FORMAT_VERSION,
        **asdict(machine or Machine.here()),
        "findings": [
            {"code": each.code, "level": each.level.value, "cause": each.cause()} for each in map(_harmless, findings)
        ],
    }
    return json.dumps(document, indent=2) + "\n"  # ASCII: a reader's name need not be a proper text


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
    """An error's code; its words may quote anything."""
    return value.code if isinstance(value, MynacardError) else _WITHHELD


def _path(value: object) -> str:
    return SOCKET if value == SOCKET else _WITHHELD


def _token(value: object) -> str:
    return str(value) if value in {medium.value for medium in Medium} else _WITHHELD


def _holders(value: object) -> str:
    names = {_PROCESS.sub("", each) for each in str(value).split(", ")}
    return ", ".join(sorted({name if name in _PROGRAMS else _WITHHELD for name in names}))


def _identifier(value: object) -> str:
    return str(value) if _IDENTIFIER.fullmatch(str(value)) else _WITHHELD


def _numbers(text: str) -> str:
    found = _NUMBERS.match(text)
    return found[0] if found else ""


_SHOWN: Final[Mapping[str, Callable[[object], str]]] = {
    # out of this library's own tables
    **dict.fromkeys(
        ("all", "call", "card", "certificate", "device", "library", "pin", "protocol", "session", "than", "tries",
         "versions"), str,
    ),
    "holders": _holders,
    "module": _identifier,
    "path": _path,
    "reader": lambda value: without_serial(str(value)),
    "reason": _reason,
    "cure": _reason,
    "token": _token,
}  # fmt: skip
"""By a detail's name. Not among them: what the user typed as a reader's name, and lists of readers."""

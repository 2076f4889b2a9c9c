"""What can be found: one table, with a stable code, the cause in a sentence, and one action that mends it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from mynacard.doctor.systems import System
from mynacard.texts import N_, Sentence

__all__ = ["FINDINGS", "Finding", "Kind", "Level"]


class Level(StrEnum):
    """How bad it is."""

    GOOD = "good"
    NOTICE = "notice"
    """Nothing is broken, but something is in the way, or missing."""
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Kind:
    """A row of the table. The templates may use what the finding has as details.

    Attributes:
        level: how bad it is.
        cause: what is so.
        cure: what mends it.
        cures: what mends it instead, on some systems.
    """

    level: Level
    cause: str
    cure: str = ""
    cures: Mapping[System, str] = field(default_factory=dict[System, str])


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that was found.

    Attributes:
        code: its row in :data:`FINDINGS`; stable.
        details: what its sentences name.
        system: whose cure is told.
    """

    code: str
    details: Mapping[str, object] = field(default_factory=dict[str, object])
    system: System = System.LINUX

    @property
    def level(self) -> Level:
        return FINDINGS[self.code].level

    def cause(self, translate: Callable[[str], str] = str) -> str:
        """What is so, in a sentence."""
        return Sentence(FINDINGS[self.code].cause, self.details).text(translate)

    def cure(self, translate: Callable[[str], str] = str) -> str:
        """What to do about it; empty where nothing is to be done."""
        kind = FINDINGS[self.code]
        cure = kind.cures.get(self.system, kind.cure)
        return Sentence(cure, self.details).text(translate)


_START: Final = N_(
    "Start it: sudo systemctl enable --now pcscd.socket; without systemd: sudo pcscd. If it is not installed: "
    "sudo apt install pcscd (Debian, Ubuntu), sudo dnf install pcsc-lite pcsc-lite-ccid (Fedora)."
)
_RESTART: Final = N_("Restart the PC/SC service: sudo systemctl restart pcscd, or take its readers off.")
_RESTARTS: Final = {
    System.WINDOWS: N_("Restart the service Smart Card (SCardSvr), or take its readers off and plug them in again."),
    System.MACOS: N_("Take the readers off and plug them in again; if that does not help, restart the Mac."),
}
_CLOSE: Final = N_(
    "Close the program that uses the card, and try again. Programs that have PC/SC in use now: {holders}."
)
_TAKE_OFF: Final = N_(
    "Take the card off and lay it on again, chip side right. If that does not help, clean its contacts."
)
_MAKERS_DRIVER: Final = N_("Install its maker's driver, or use a reader that speaks CCID, such as Sony's RC-S300.")
_RENEW: Final = N_("Renew it at the municipal office. mynacard info shows until when it is valid.")
_ELSEWHERE: Final = N_(
    "The municipal office sets a new one. Who knows the other one of PIN and password can do it at a convenience "
    "store's kiosk, after the app JPKI暗証番号リセット."
)

FINDINGS: Final[Mapping[str, Kind]] = {
    "library/found": Kind(Level.GOOD, N_("PC/SC is used through {library}.")),
    "library/missing": Kind(Level.PROBLEM, N_("There is no PC/SC library here."), "{cure}"),
    "socket/open": Kind(Level.GOOD, N_("The PC/SC service listens at {path}.")),
    "socket/elsewhere": Kind(
        Level.NOTICE,
        N_("PCSCLITE_CSOCK_NAME sends PC/SC programs to {path} instead of the system's service."),
        N_("Unset the variable, unless a simulated card is wanted."),
    ),
    "socket/absent": Kind(Level.PROBLEM, N_("The PC/SC service is not there: {path} does not exist."), _START),
    "socket/deaf": Kind(Level.PROBLEM, N_("Nobody listens at {path}: the PC/SC service has ended."), _START),
    "socket/forbidden": Kind(
        Level.PROBLEM,
        N_("This user may not open {path}."),
        N_("Use an account that may, or correct the permissions: the socket is meant to be open to all (0666)."),
    ),
    "socket/failed": Kind(Level.PROBLEM, N_("{path} cannot be used: {reason}."), _RESTART),
    "service/running": Kind(Level.GOOD, N_("The PC/SC service answers.")),
    "service/not-running": Kind(
        Level.PROBLEM, N_("The PC/SC service does not run."), _START,
        {
            System.WINDOWS: N_(
                "Plug a reader in: Windows starts the service Smart Card (SCardSvr) with the first reader and stops it "
                "with the last. If one is plugged in, start the service, or install the reader's driver."
            ),
            System.MACOS: N_(
                "macOS starts it by itself, with a reader: take the reader off and plug it in again; if that does not "
                "help, restart the Mac."
            ),
        },
    ),
    "service/protocol": Kind(
        Level.PROBLEM,
        N_("The PC/SC service speaks protocol {protocol} (pcsc-lite {versions}), and the library here another one."),
        N_(
            "Use library and service of one version: restart the service after an update of pcsc-lite; in a container, "
            "Flatpak or Snap install the library that the system outside has."
        ),
    ),
    "service/refuses": Kind(
        Level.PROBLEM,
        N_("The PC/SC service refuses this user or session ({session})."),
        N_(
            "On Linux polkit decides: SSH sessions, containers and background services need a rule for "
            "org.debian.pcsc-lite.access_pcsc and org.debian.pcsc-lite.access_card; docs/doctor.md has one."
        ),
        {
            System.WINDOWS: N_(
                "Run mynacard in a session at the computer itself; for a remote desktop turn on the redirection of "
                "smart cards in its settings."
            ),
            System.MACOS: N_(
                "Run mynacard from a terminal: programs in a sandbox need Apple's entitlement "
                "com.apple.security.smartcard."
            ),
        },
    ),
    "service/silent": Kind(Level.PROBLEM, N_("The PC/SC service does not answer ({call})."), _RESTART, _RESTARTS),
    "service/failed": Kind(Level.PROBLEM, N_("The PC/SC service fails: {reason}"), _RESTART, _RESTARTS),
    "reader/found": Kind(Level.GOOD, N_("Reader: {reader}.")),
    "reader/none": Kind(
        Level.PROBLEM,
        N_("No card reader is attached, or none that PC/SC knows."),
        N_("Plug one in. If it is: it needs a PC/SC driver, and some have none (on Linux Sony's RC-S380)."),
        dict.fromkeys(
            (System.WINDOWS, System.MACOS), N_("Plug one in. If it is: install the driver that its maker has for it.")
        ),
    ),
    "reader/other": Kind(
        Level.PROBLEM,
        N_("No attached reader is called {name}."),
        N_("Use a part of one of these names: {readers}."),
    ),
    "usb/found": Kind(Level.GOOD, N_("A card reader is on USB: {device}.")),
    "usb/none": Kind(
        Level.NOTICE,
        N_("No card reader is on USB."),
        N_("Plug one in; if it is, try another cable or another port."),
    ),
    "usb/no-driver": Kind(
        Level.NOTICE,
        N_("{device} is on USB. Linux has no PC/SC driver for its maker's protocol. (Who uses it now: {module}.)"),
        N_("Use a reader that speaks CCID, such as Sony's RC-S300 or ACS's ACR39U."),
    ),
    "usb/kernel-module": Kind(
        Level.NOTICE,
        N_("{device} is on USB, and the kernel's module {module} keeps it from the PC/SC service."),
        N_(
            "Stop that: echo blacklist {module} | sudo tee /etc/modprobe.d/{module}.conf; sudo modprobe -r {module}; "
            "then plug the reader in again."
        ),
    ),
    "usb/not-in-pcsc": Kind(
        Level.NOTICE,
        N_("{device} is on USB, and PC/SC does not have it: its driver is missing, or older than it."),
        N_(
            "Install the newest driver for CCID (sudo apt install libccid; sudo dnf install pcsc-lite-ccid), and plug "
            "the reader in again. RC-S300 needs libccid 1.4.35."
        ),
        dict.fromkeys((System.WINDOWS, System.MACOS), _MAKERS_DRIVER),
    ),
    "card/none": Kind(Level.NOTICE, N_("No card lies on {reader}."), N_("Lay the card on it.")),
    "card/mute": Kind(Level.PROBLEM, N_("The card on {reader} does not answer."), _TAKE_OFF),
    "card/exclusive": Kind(Level.PROBLEM, N_("Another program has the card on {reader} for itself alone."), _CLOSE),
    "card/held": Kind(Level.PROBLEM, N_("Another program does not let go of the card on {reader}."), _CLOSE),
    "card/shared": Kind(
        Level.NOTICE,
        N_("Another program is connected to the card on {reader}, too: {holders}."),
        N_("Nothing, as long as all works. What it may do is in docs/security.md."),
    ),
    "card/lost": Kind(Level.PROBLEM, N_("The card on {reader} went away while it was looked at."), _TAKE_OFF),
    "card/failed": Kind(Level.PROBLEM, N_("The card on {reader} cannot be used: {reason}"), _TAKE_OFF),
    "card/other": Kind(
        Level.NOTICE,
        N_("The card on {reader} has no JPKI application: it is no Individual Number Card."),
        N_("Lay the Individual Number Card on the reader, or the residence card."),
    ),
    "card/residence": Kind(
        Level.NOTICE,
        N_("The card on {reader} is a {card}."),
        N_("mynacard residence reads it. For JPKI lay the Individual Number Card on the reader."),
    ),
    "card/jpki": Kind(Level.GOOD, N_("The card on {reader} is an Individual Number Card ({token}).")),
    "certificate/present": Kind(Level.GOOD, N_("The {certificate} certificate is on the card.")),
    "certificate/valid": Kind(
        Level.GOOD, N_("The {certificate} certificate is on the card, and valid for more than 90 days.")
    ),
    "certificate/ends-in-90-days": Kind(
        Level.NOTICE, N_("The {certificate} certificate ends within 90 days."), _RENEW
    ),
    "certificate/ends-in-30-days": Kind(
        Level.NOTICE, N_("The {certificate} certificate ends within 30 days."), _RENEW
    ),
    "certificate/expired": Kind(Level.PROBLEM, N_("The {certificate} certificate has expired."), _RENEW),
    "certificate/not-yet-valid": Kind(
        Level.PROBLEM,
        N_("The {certificate} certificate is not valid yet."),
        N_("Set the computer's clock; if it is right, wait for the certificate's first day (mynacard info)."),
    ),
    "certificate/absent": Kind(
        Level.NOTICE,
        N_("There is no {certificate} certificate on the card."),
        N_("If it is wanted: the municipal office puts it on the card (the signing one from 15 years of age on)."),
    ),
    "certificate/unreadable": Kind(
        Level.PROBLEM,
        N_("The {certificate} certificate cannot be read: {reason}"),
        N_("Try again with the card laid anew; if it stays so, the municipal office replaces the card."),
    ),
    "pin/good": Kind(Level.GOOD, N_("No try of the {pin} is spent.")),
    "pin/fewer-tries": Kind(
        Level.NOTICE,
        N_("{tries} of {all} tries of the {pin} are left."),
        N_("Type it with care: the right one gives all tries back."),
    ),
    "pin/last-try": Kind(
        Level.NOTICE,
        N_("One try of the {pin} is left. A wrong one blocks it."),
        N_("Type it only if you are sure of it: the right one gives all tries back. If you are not, ask the office."),
    ),
    "pin/blocked": Kind(Level.PROBLEM, N_("The {pin} is blocked: no tries are left."), _ELSEWHERE),
    "pin/tries-unknown": Kind(
        Level.NOTICE,
        N_("The card does not say how many tries of the {pin} are left."),
        N_("Type it only if you are sure of it."),
    ),
    "pin/open": Kind(
        Level.NOTICE,
        N_("The card asks for no {pin} now, and does not say how many tries are left: it may be verified already."),
        N_("Take the card off and lay it on again."),
    ),
    "pin/not-set": Kind(
        Level.NOTICE,
        N_("The {pin} is not set: the card is one without PINs, whose holder is known by the face."),
        N_("If it is wanted, the municipal office sets it: without it nothing can be signed with this key."),
    ),
    "pin/untold": Kind(
        Level.PROBLEM,
        N_("The card does not tell the state of the {pin}: {reason}"),
        N_("Try again with the card laid anew; if it stays so, the municipal office replaces the card."),
    ),
    "clock/good": Kind(Level.GOOD, N_("The computer's clock may be right.")),
    "clock/behind": Kind(
        Level.PROBLEM,
        N_("The computer's clock is behind: {than} is younger than what it shows."),
        N_("Set it, or have it set by the network: sudo timedatectl set-ntp true."),
        {
            System.WINDOWS: N_("Set it: Settings, Time & language, Date & time, Sync now."),
            System.MACOS: N_("Set it: System Settings, General, Date & Time, Set time and date automatically."),
        },
    ),
}  # fmt: skip
"""By code. The part before the stroke is what was looked at, in this order."""

"""The table of findings: for each a stable code, the cause in a sentence, and one action that mends it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from enum import StrEnum
from typing import Final

from mynacard._dataclasses import dataclass
from mynacard.doctor.systems import System
from mynacard.texts import N_, Sentence

__all__ = ["FINDINGS", "Finding", "Kind", "Level"]


class Level(StrEnum):
    """How bad a finding is."""

    GOOD = "good"
    NOTICE = "notice"
    """Nothing is broken, but something is in the way, or missing."""
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Kind:
    """A row of the table. Its templates may name the finding's details.

    Attributes:
        level: how bad it is.
        cause: what was found.
        cure: what mends it; empty where nothing needs to be done.
        cures: what mends it on a system for which *cure* is wrong.
    """

    level: Level
    cause: str
    cure: str = ""
    cures: Mapping[System, str] = field(default_factory=dict[System, str])


@dataclass(frozen=True, slots=True)
class Finding:
    """One result of the examination.

    Attributes:
        code: its row in :data:`FINDINGS`; stable.
        details: the values that its sentences name.
        system: the system that the cure is for.
    """

    code: str
    details: Mapping[str, object] = field(default_factory=dict[str, object])
    system: System = System.LINUX

    @property
    def level(self) -> Level:
        return FINDINGS[self.code].level

    def cause(self, translate: Callable[[str], str] = str) -> str:
        """The finding in a sentence."""
        return Sentence(FINDINGS[self.code].cause, self.details).text(translate)

    def cure(self, translate: Callable[[str], str] = str) -> str:
        """The action that mends it; empty where nothing needs to be done."""
        kind = FINDINGS[self.code]
        cure = kind.cures.get(self.system, kind.cure)
        return Sentence(cure, self.details).text(translate)


_START: Final = N_(
    "Start it: sudo systemctl enable --now pcscd.socket; without systemd: sudo pcscd. If it is not installed: "
    "sudo apt install pcscd (Debian, Ubuntu), sudo dnf install pcsc-lite pcsc-lite-ccid (Fedora)."
)
_RESTART: Final = N_("Restart the PC/SC service (sudo systemctl restart pcscd), or unplug its readers.")
_RESTARTS: Final = {
    System.WINDOWS: N_("Restart the Smart Card service (SCardSvr), or unplug its readers and plug them in again."),
    System.MACOS: N_("Unplug the readers and plug them in again; if that does not help, restart the Mac."),
}
_CLOSE: Final = N_("Close the program that uses the card, and try again. Programs that use PC/SC now: {holders}.")
_TAKE_OFF: Final = N_(
    "Take the card off the reader and put it back, chip the right way round. If that does not help, clean its contacts."
)
_PLACE: Final = N_("Place the Individual Number Card or the residence card on the reader.")
_MAKERS_DRIVER: Final = N_("Install its maker's driver, or use a reader that speaks CCID, such as Sony's RC-S300.")
_RENEW: Final = N_("Renew it at the municipal office. mynacard info shows when it expires.")
_ELSEWHERE: Final = N_(
    "The municipal office sets a new one. A holder who knows the other one, PIN or password, can set it at a "
    "convenience store's kiosk, after using the app JPKI暗証番号リセット."
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
    "socket/deaf": Kind(Level.PROBLEM, N_("No program listens at {path}: the PC/SC service has ended."), _START),
    "socket/forbidden": Kind(
        Level.PROBLEM,
        N_("This user may not open {path}."),
        N_("Use an account that may, or correct the permissions: the socket should be open to all users (0666)."),
    ),
    "socket/failed": Kind(Level.PROBLEM, N_("{path} cannot be used: {reason}."), _RESTART),
    "service/running": Kind(Level.GOOD, N_("The PC/SC service answers.")),
    "service/not-running": Kind(
        Level.PROBLEM, N_("The PC/SC service is not running."), _START,
        {
            System.WINDOWS: N_(
                "Plug a reader in: Windows starts the Smart Card service (SCardSvr) with the first reader and stops it "
                "with the last. If one is plugged in, start the service, or install the reader's driver."
            ),
            System.MACOS: N_(
                "macOS starts it when a reader is plugged in: unplug the reader and plug it in again; if that does not "
                "help, restart the Mac."
            ),
        },
    ),
    "service/protocol": Kind(
        Level.PROBLEM,
        N_("The PC/SC service speaks protocol {protocol} (pcsc-lite {versions}), and the library here speaks another."),
        N_(
            "Use a library and a service of the same version: restart the service after an update of pcsc-lite; in a "
            "container, Flatpak or Snap, install the library that the host system has."
        ),
    ),
    "service/refuses": Kind(
        Level.PROBLEM,
        N_("The PC/SC service refuses this user or session ({session})."),
        N_(
            "On Linux, polkit decides: SSH sessions, containers and background services need a rule for "
            "org.debian.pcsc-lite.access_pcsc and org.debian.pcsc-lite.access_card; docs/doctor.md has one."
        ),
        {
            System.WINDOWS: N_(
                "Run mynacard in a session at the computer itself; for a remote desktop, turn on smart card "
                "redirection in its settings."
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
        N_("No card reader is attached, or PC/SC does not know it."),
        N_("Plug one in. If one is attached, it needs a PC/SC driver; some have none (on Linux, Sony's RC-S380)."),
        dict.fromkeys(
            (System.WINDOWS, System.MACOS), N_("Plug one in. If one is attached, install its maker's driver.")
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
        N_("Plug one in; if one is attached, try another cable or port."),
    ),
    "usb/no-driver": Kind(
        Level.NOTICE,
        N_("{device} is on USB. Linux has no PC/SC driver for its maker's protocol. (Its kernel driver: {module}.)"),
        N_("Use a reader that speaks CCID, such as Sony's RC-S300 or ACS's ACR39U."),
    ),
    "usb/kernel-module": Kind(
        Level.NOTICE,
        N_("{device} is on USB, and the kernel's module {module} keeps it from the PC/SC service."),
        N_(
            "Keep the module away: echo blacklist {module} | sudo tee /etc/modprobe.d/{module}.conf; "
            "sudo modprobe -r {module}; then plug the reader in again."
        ),
    ),
    "usb/not-in-pcsc": Kind(
        Level.NOTICE,
        N_("{device} is on USB, and PC/SC does not have it: its driver is missing, or too old for it."),
        N_(
            "Install the newest CCID driver (sudo apt install libccid; sudo dnf install pcsc-lite-ccid), and plug the "
            "reader in again. The RC-S300 needs libccid 1.4.35."
        ),
        dict.fromkeys((System.WINDOWS, System.MACOS), _MAKERS_DRIVER),
    ),
    "simulated/found": Kind(Level.GOOD, N_("A simulated card is examined ({reader}). It needs no reader.")),
    "simulated/failed": Kind(
        Level.PROBLEM,
        N_("The simulated card cannot be used: {reason}"),
        N_("Name another one: sim: is a fresh card; mynacard sim new makes one in a file."),
    ),
    "card/none": Kind(Level.NOTICE, N_("There is no card on {reader}."), N_("Place the card on it.")),
    "card/mute": Kind(Level.PROBLEM, N_("The card on {reader} does not answer."), _TAKE_OFF),
    "card/exclusive": Kind(Level.PROBLEM, N_("Another program has the card on {reader} exclusively."), _CLOSE),
    "card/held": Kind(Level.PROBLEM, N_("Another program does not release the card on {reader}."), _CLOSE),
    "card/shared": Kind(
        Level.NOTICE,
        N_("Another program is also connected to the card on {reader}: {holders}."),
        N_("Do nothing while everything works. docs/security.md says what that program may do."),
    ),
    "card/lost": Kind(Level.PROBLEM, N_("The card on {reader} went away during the examination."), _TAKE_OFF),
    "card/failed": Kind(Level.PROBLEM, N_("The card on {reader} cannot be used: {reason}"), _TAKE_OFF),
    "card/other": Kind(
        Level.NOTICE,
        N_("The card on {reader} has no JPKI application: it is not an Individual Number Card."),
        _PLACE,
    ),
    "card/likely": Kind(
        Level.NOTICE,
        N_(
            "The card on {reader} has no JPKI application. It may be {card}: its answer to reset is seen on such "
            "cards, which proves nothing."
        ),
        _PLACE,
    ),
    "card/residence": Kind(
        Level.NOTICE,
        N_("The card on {reader} is a {card}."),
        N_("mynacard residence reads it. For JPKI, place the Individual Number Card on the reader."),
    ),
    "card/jpki": Kind(Level.GOOD, N_("The card on {reader} is an Individual Number Card ({token}).")),
    "certificate/present": Kind(Level.GOOD, N_("The {certificate} certificate is on the card.")),
    "certificate/valid": Kind(
        Level.GOOD, N_("The {certificate} certificate is on the card and valid for more than 90 days.")
    ),
    "certificate/ends-in-90-days": Kind(
        Level.NOTICE, N_("The {certificate} certificate expires within 90 days."), _RENEW
    ),
    "certificate/ends-in-30-days": Kind(
        Level.NOTICE, N_("The {certificate} certificate expires within 30 days."), _RENEW
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
        N_("If you want it, the municipal office puts it on the card (the signing one only from the age of 15)."),
    ),
    "certificate/unreadable": Kind(
        Level.PROBLEM,
        N_("The {certificate} certificate cannot be read: {reason}"),
        N_("Take the card off and put it back; if that does not help, the municipal office replaces the card."),
    ),
    "pin/good": Kind(Level.GOOD, N_("No try of the {pin} has been spent.")),
    "pin/fewer-tries": Kind(
        Level.NOTICE,
        N_("{tries} of {all} tries of the {pin} are left."),
        N_("Type it with care: the right one restores all tries."),
    ),
    "pin/last-try": Kind(
        Level.NOTICE,
        N_("One try of the {pin} is left. A wrong one blocks it."),
        N_("Type it only if you are sure of it: the right one restores all tries. Otherwise ask the municipal office."),
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
        N_("Take the card off the reader and put it back."),
    ),
    "pin/not-set": Kind(
        Level.NOTICE,
        N_("The {pin} is not set: this card has no PINs, and its holder is identified by the face."),
        N_("If you want it, the municipal office sets it: without it this key cannot sign."),
    ),
    "pin/untold": Kind(
        Level.PROBLEM,
        N_("The card does not report the state of the {pin}: {reason}"),
        N_("Take the card off and put it back; if that does not help, the municipal office replaces the card."),
    ),
    "browser/not-set-up": Kind(
        Level.NOTICE,
        N_("No browser here starts mynacard for Web eID: {browser}."),
        N_("If web pages should use the card: mynacard webeid install (docs/browser.md)."),
    ),
    "browser/ready": Kind(Level.GOOD, N_("{browser} starts mynacard for Web eID.")),
    "browser/missing": Kind(
        Level.NOTICE,
        N_("{browser} does not know mynacard: {path} does not exist."),
        N_("If web pages in this browser should use the card, too: mynacard webeid install."),
    ),
    "browser/other": Kind(
        Level.NOTICE,
        N_("{browser} starts another program for Web eID: {program} ({path})."),
        N_(
            "Leave it if you use the cards of that program. mynacard webeid install --replace puts mynacard in its "
            "place, until mynacard webeid uninstall."
        ),
    ),
    "browser/other-copy": Kind(
        Level.NOTICE,
        N_("{browser} starts a mynacard that is not this one: {program}."),
        N_("If it should start this one: mynacard webeid install."),
    ),
    "browser/test-extension": Kind(
        Level.NOTICE,
        N_("{browser} also lets other extensions than the published one start mynacard ({path})."),
        N_("Unless you test with them: mynacard webeid install, without --extension."),
    ),
    "browser/unreadable": Kind(
        Level.PROBLEM,
        N_("{browser} cannot read what it would start for Web eID: {path}."),
        N_("Correct or remove it. mynacard webeid install --replace keeps it and writes a new one."),
    ),
    "browser/program-gone": Kind(
        Level.PROBLEM,
        N_("{browser} cannot start mynacard: {program} is gone, or may not be started."),
        N_("mynacard webeid install writes the path of this one."),
    ),
    "browser/outdated": Kind(
        Level.PROBLEM,
        N_("{browser} does not let the published extension start mynacard ({path})."),
        N_("mynacard webeid install adds it."),
    ),
    "browser/snap": Kind(
        Level.NOTICE,
        N_("{browser} is also here as a Snap ({path}), which starts no program outside by itself."),
        N_(
            "Use the browser as an ordinary package. On Ubuntu, the desktop's portal may start mynacard after mynacard "
            "webeid install --browser …; that has not been tried."
        ),
    ),
    "browser/flatpak": Kind(
        Level.NOTICE,
        N_("{browser} is also here as a Flatpak ({path}), which starts no program outside by itself."),
        N_(
            "Use the browser as an ordinary package. Firefox can from version 157 on, with xdg-native-messaging-proxy; "
            "that has not been tried."
        ),
    ),
    "browser/greets": Kind(Level.GOOD, N_("{program} greets browsers in time, as version {version}.")),
    "browser/silent": Kind(
        Level.PROBLEM,
        N_("{program} does not greet browsers: {reason}"),
        N_("Start it in a terminal to see why, or install mynacard again."),
    ),
    "browser/settings": Kind(
        Level.PROBLEM,
        N_("Web pages are allowed nothing: {reason}"),
        N_("Correct or delete that file, then say again what is allowed: mynacard webeid allow."),
    ),
    "browser/scripted": Kind(
        Level.NOTICE,
        N_("A script answers web pages instead of the holder: {path}."),
        N_('Unless you test with it: mynacard webeid install --consent "".'),
    ),
    "browser/no-display": Kind(
        Level.NOTICE,
        N_("This program has no display, so a page's request cannot ask for the PIN in a window."),
        N_(
            "Start the browser where there is one. A reader with a keypad needs none: mynacard webeid install "
            "--consent keypad."
        ),
    ),
    "clock/good": Kind(Level.GOOD, N_("The computer's clock may be right.")),
    "clock/behind": Kind(
        Level.PROBLEM,
        N_("The computer's clock is behind: {than} is newer than the time it shows."),
        N_("Set it, or let the network set it: sudo timedatectl set-ntp true."),
        {
            System.WINDOWS: N_("Set it: Settings, Time & language, Date & time, Sync now."),
            System.MACOS: N_("Set it: System Settings, General, Date & Time, Set time and date automatically."),
        },
    ),
}  # fmt: skip
"""By code. The part before the slash is what was examined, in this order."""

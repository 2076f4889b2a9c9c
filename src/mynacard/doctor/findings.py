"""What can be found: one table, with a stable code, the cause in a sentence, and one action that mends it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from mynacard.errors import mark, sentence

__all__ = ["FINDINGS", "Finding", "Kind", "Level"]


class Level(StrEnum):
    """How bad it is."""

    GOOD = "good"
    NOTICE = "notice"
    """Nothing is broken, but something is in the way, or missing."""
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Kind:
    """A row of the table. The templates may use what the finding has as details."""

    level: Level
    cause: str
    cure: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that was found.

    Attributes:
        code: its row in :data:`FINDINGS`; stable.
        details: what its sentences name.
    """

    code: str
    details: Mapping[str, object] = field(default_factory=dict[str, object])

    @property
    def level(self) -> Level:
        return FINDINGS[self.code].level

    def cause(self, translate: Callable[[str], str] = str) -> str:
        """What is so, in a sentence."""
        return sentence(FINDINGS[self.code].cause, self.details, translate)

    def cure(self, translate: Callable[[str], str] = str) -> str:
        """What to do about it; empty where nothing is to be done."""
        cure = FINDINGS[self.code].cure
        return sentence(cure, self.details, translate) if cure else ""


_START: Final = mark(
    "Start it: sudo systemctl enable --now pcscd.socket; without systemd: sudo pcscd. If it is not installed: "
    "sudo apt install pcscd (Debian, Ubuntu), sudo dnf install pcsc-lite pcsc-lite-ccid (Fedora)."
)
_RESTART: Final = mark("Restart the PC/SC service: sudo systemctl restart pcscd, or take its readers off.")
_CLOSE: Final = mark(
    "Close the program that uses the card, and try again. Programs that have PC/SC in use now: {holders}."
)
_TAKE_OFF: Final = mark(
    "Take the card off and lay it on again, chip side right. If that does not help, clean its contacts."
)

FINDINGS: Final[Mapping[str, Kind]] = {
    "library/found": Kind(Level.GOOD, mark("PC/SC is used through {library}.")),
    "library/missing": Kind(Level.PROBLEM, mark("There is no PC/SC library here."), "{cure}"),
    "socket/open": Kind(Level.GOOD, mark("The PC/SC service listens at {path}.")),
    "socket/elsewhere": Kind(
        Level.NOTICE,
        mark("PCSCLITE_CSOCK_NAME sends PC/SC programs to {path} instead of the system's service."),
        mark("Unset the variable, unless a simulated card is wanted."),
    ),
    "socket/absent": Kind(Level.PROBLEM, mark("The PC/SC service is not there: {path} does not exist."), _START),
    "socket/deaf": Kind(Level.PROBLEM, mark("Nobody listens at {path}: the PC/SC service has ended."), _START),
    "socket/forbidden": Kind(
        Level.PROBLEM,
        mark("This user may not open {path}."),
        mark("Use an account that may, or correct the permissions: the socket is meant to be open to all (0666)."),
    ),
    "socket/failed": Kind(Level.PROBLEM, mark("{path} cannot be used: {reason}."), _RESTART),
    "service/running": Kind(Level.GOOD, mark("The PC/SC service answers.")),
    "service/not-running": Kind(Level.PROBLEM, mark("The PC/SC service does not run."), _START),
    "service/refuses": Kind(
        Level.PROBLEM,
        mark("The PC/SC service refuses this user or session."),
        mark(
            "On Linux polkit decides: SSH sessions, containers and background services need a rule for "
            "org.debian.pcsc-lite.access_pcsc and org.debian.pcsc-lite.access_card."
        ),
    ),
    "service/silent": Kind(Level.PROBLEM, mark("The PC/SC service does not answer ({call})."), _RESTART),
    "service/failed": Kind(Level.PROBLEM, mark("The PC/SC service fails: {reason}"), _RESTART),
    "reader/found": Kind(Level.GOOD, mark("Reader: {reader}.")),
    "reader/none": Kind(
        Level.PROBLEM,
        mark("No card reader is attached, or none that PC/SC knows."),
        mark("Plug one in. If it is: it needs a PC/SC driver, and some have none (on Linux Sony's RC-S380)."),
    ),
    "reader/other": Kind(
        Level.PROBLEM,
        mark("No attached reader is called {name}."),
        mark("Use a part of one of these names: {readers}."),
    ),
    "card/none": Kind(Level.NOTICE, mark("No card lies on {reader}."), mark("Lay the card on it.")),
    "card/mute": Kind(Level.PROBLEM, mark("The card on {reader} does not answer."), _TAKE_OFF),
    "card/exclusive": Kind(Level.PROBLEM, mark("Another program has the card on {reader} for itself alone."), _CLOSE),
    "card/held": Kind(Level.PROBLEM, mark("Another program does not let go of the card on {reader}."), _CLOSE),
    "card/shared": Kind(
        Level.NOTICE,
        mark("Another program is connected to the card on {reader}, too: {holders}."),
        mark("Nothing, as long as all works. What it may do is in docs/security.md."),
    ),
    "card/lost": Kind(Level.PROBLEM, mark("The card on {reader} went away while it was looked at."), _TAKE_OFF),
    "card/failed": Kind(Level.PROBLEM, mark("The card on {reader} cannot be used: {reason}"), _TAKE_OFF),
    "card/other": Kind(
        Level.NOTICE,
        mark("The card on {reader} has no JPKI application: it is no Individual Number Card."),
        mark("Lay the Individual Number Card on the reader, or the residence card."),
    ),
    "card/residence": Kind(
        Level.NOTICE,
        mark("The card on {reader} is a {card}."),
        mark("mynacard residence reads it. For JPKI lay the Individual Number Card on the reader."),
    ),
    "card/jpki": Kind(Level.GOOD, mark("The card on {reader} is an Individual Number Card ({token}).")),
}  # fmt: skip
"""By code. The part before the stroke is what was looked at, in this order."""

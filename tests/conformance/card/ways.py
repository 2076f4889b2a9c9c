"""The ways in which the suite reaches a card: in memory, through a PC/SC door, as its own recording, on a reader."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_private_key

from mynacard.apdu.commands import ISSUER_SECURITY_DOMAIN
from mynacard.apdu.masking import EVERY_FILE, ApplicationMask
from mynacard.doors import disk
from mynacard.doors.pcsclite import PcscliteDoor
from mynacard.doors.pki_cache import cached_pki
from mynacard.jpki.layout import DF_NAME
from mynacard.personal.layout import APPLICATIONS
from mynacard.personal.roots import PRODUCTION, TEST, Root
from mynacard.recordings import Recorder, Replay
from mynacard.recordings.json_lines import load
from mynacard.simulator import Personality, SimulatedCard, Traits
from mynacard.simulator.individual.contents import DEFAULT_PINS, fresh_pins
from mynacard.simulator.individual.persona import DEFAULT_PERSONA, PERSONAS
from tests.conformance.card import pcsc_card

__all__ = [
    "READER",
    "DoorCard",
    "InMemory",
    "RecordedCard",
    "known_of_cards",
    "known_of_simulated_cards",
    "pins_of",
    "read_pins",
    "simulated",
]

OBSERVED: Final = Traits(personality=Personality.OBSERVED)
"""The suite's simulated card behaves at a warm reset as cards were seen to do. The default is the safest behaviour."""
SHOWN: Final = tuple(
    ApplicationMask(df_name, shown=EVERY_FILE)
    for df_name in (DF_NAME, ISSUER_SECURITY_DOMAIN, *(found.df_name for found in APPLICATIONS))
)
"""Nothing in the files of a simulated card is personal."""
READER: Final = "Conformance 00 00"


def simulated(persona: str) -> SimulatedCard:
    """A fresh card of this kind."""
    return disk.new_card(OBSERVED, persona=PERSONAS[persona] if persona else DEFAULT_PERSONA)


def pins_of(persona: str) -> dict[str, bytes]:
    """The right PINs of such a card, by their names in a card's file."""
    holder = (PERSONAS[persona] if persona else DEFAULT_PERSONA).holder
    return {name: memory.secret.reveal() for name, memory in fresh_pins(DEFAULT_PINS, holder).items()}


def read_pins(path: Path) -> dict[str, bytes]:
    """The PINs in the file *path*: a name and a PIN in each line."""
    lines = path.read_text(encoding="ascii").splitlines()
    return {name: pin.encode() for name, pin in (line.split() for line in lines if line.strip() and line[0] != "#")}


# --- what no card tells ------------------------------------------------------------------------------


@cache
def known_of_cards() -> dict[str, RSAPublicKey]:
    """The root keys of real cards, by the name that certificates use for them, as hexadecimal digits."""
    return _by_name((*PRODUCTION, *TEST))


def _by_name(roots: tuple[Root, ...]) -> dict[str, RSAPublicKey]:
    return {bytes(root.key_id).hex(): root.public_key.key() for root in roots}


@cache
def known_of_simulated_cards() -> dict[str, RSAPublicKey]:
    """The same for simulated cards; and as "authentication" the key of their common application."""
    found = cached_pki().cv
    key = load_der_private_key(found.card.authentication, None).public_key()
    assert isinstance(key, RSAPublicKey)
    return {**_by_name(found.anchors()), "authentication": key}


# --- cards -------------------------------------------------------------------------------------------


class InMemory:
    """A simulated card, in this process."""

    def __init__(self, card: SimulatedCard) -> None:
        self._card = card

    def transmit(self, command: bytes, /) -> bytes:
        return self._card.transmit(command)

    def power_cycle(self) -> None:
        self._card.power_off()
        self._card.power_on()

    def warm_reset(self) -> None:
        self._card.reset()


class DoorCard:
    """The card on a door's reader, as another process meets it through libpcsclite.

    Another process, because the library looks up its service only once, and in this process other tests came first.
    """

    def __init__(self, door: PcscliteDoor) -> None:
        self._process = subprocess.Popen(
            [sys.executable, pcsc_card.__file__],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
            env=door.environment() | {"PYTHONPATH": ":".join(path for path in sys.path if path)},
        )  # fmt: skip

    def open(self, reader: str) -> None:
        self._ask(f"open {reader}")

    def close(self) -> None:
        self._ask("close")

    def transmit(self, command: bytes, /) -> bytes:
        return bytes.fromhex(self._ask(f"t {command.hex()}"))

    def power_cycle(self) -> None:
        self._ask("off")

    def warm_reset(self) -> None:
        self._ask("reset")

    def end(self) -> None:
        self._process.communicate()
        assert self._process.returncode == 0

    def _ask(self, line: str) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        said = self._process.stdout.readline()
        assert said.endswith("\n"), "the client has ended"
        assert not said.startswith("!"), said
        return said.rstrip("\n")


class RecordedCard:
    """A simulated card that is recorded; after :meth:`play`, the recording of it.

    A test is run on both: the second time, the recording answers its commands, in the same order.
    """

    def __init__(self, card: SimulatedCard) -> None:
        self._card = InMemory(card)
        self._stream = io.StringIO()
        self._recorder = Recorder(self._card, self._stream, SHOWN, _ABOUT)
        self._replay: Replay | None = None

    def play(self) -> None:
        """Answer from the recording from now on, as read from its file."""
        self._recorder.end()
        self._replay = Replay(load(self._stream.getvalue().encode("ascii"), "memory"))

    @property
    def rest(self) -> int:
        """How many exchanges the replay did not reach."""
        assert self._replay is not None
        return self._replay.rest

    def transmit(self, command: bytes, /) -> bytes:
        return self._recorder.transmit(command) if self._replay is None else self._replay.transmit(command)

    def power_cycle(self) -> None:
        if self._replay is None:
            self._card.power_cycle()

    def warm_reset(self) -> None:
        if self._replay is None:
            self._card.warm_reset()


_ABOUT: Final[Mapping[str, str]] = {"card": "simulated", "by": "the conformance suite"}

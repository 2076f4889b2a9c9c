"""A holder's desk: a card on a reader, a holder who answers as a test says, and a browser whose pages ask for both."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from mynacard.apdu.secrecy import carries_secret
from mynacard.consent.scripted import requests_file
from mynacard.doors.pcsclite import PcscliteDoor
from mynacard.simulator.individual.card import SimulatedCard
from mynacard.simulator.powered import Around, PoweredCard
from mynacard.testing import CardOptions, CardUnderTest
from tests.browsers.driving import Browser, Tab
from tests.browsers.process import until

__all__ = ["READER", "SCRIPT", "Desk", "Pulled"]

READER: Final = "A Reader 00 00"
HOST: Final = b"mynacard-webeid"
SCRIPT: Final = "holder.json"
"""The file in the home folder that answers in the holder's place."""


class Pulled(Around):
    """A card that is pulled from the reader, once, as the first PIN is on its way: the chip does not hear it."""

    def __init__(self, card: PoweredCard, pull: Callable[[], object]) -> None:
        super().__init__(card)
        self._pull: Callable[[], object] | None = pull

    def transmit(self, command: bytes, /) -> bytes:
        if self._pull and carries_secret(command):
            self._pull()
            self._pull = None
            return b""
        return super().transmit(command)


class Desk:
    """What is around a page, and what is seen of it.

    Attributes:
        site: the origin of the pages.
        card: the card, whether it lies on the reader or not.
    """

    def __init__(self, browser: Browser, home: Path, door: PcscliteDoor, site: str) -> None:
        self.browser = browser
        self.site = site
        self.card: CardUnderTest = CardOptions().make()
        self.door = door
        self._home = home
        self._script = home / SCRIPT
        self.holder()

    # --- what the holder does ---

    def holder(self, *answers: object) -> None:
        """Give these answers to the next dialog; see :mod:`mynacard.consent.scripted`."""
        self._script.write_text(json.dumps(answers), "utf-8")
        requests_file(self._script).unlink(missing_ok=True)

    def plug(self, card: PoweredCard | None = None) -> None:
        """A reader, with the card or *card* on it."""
        self.door.plug(READER, card or self.card.without_faults)

    def insert(self) -> None:
        """Put the card onto the empty reader."""
        self.door.insert(READER, self.card.without_faults)

    def pull(self) -> None:
        self.door.remove(READER)

    # --- pages ---

    def open(self) -> Tab:
        return self.browser.open(f"{self.site}/")

    # --- what is seen ---

    def shown(self) -> list[dict[str, Any]]:
        """What the holder was shown since the last :meth:`holder`."""
        try:
            return [json.loads(line) for line in requests_file(self._script).read_text("utf-8").splitlines()]
        except FileNotFoundError:
            return []

    def until_shown(self, name: str, value: object) -> None:
        """Wait until the holder is shown something whose *name* is *value*."""
        until(lambda: any(request.get(name) == value for request in self.shown()), lambda: str(self.shown()))

    @property
    def pins(self) -> int:
        """How many PINs the card was given."""
        return self.card.tally.pins

    @property
    def logged_out(self) -> bool:
        assert isinstance(self.card.card, SimulatedCard)
        return not self.card.card.state.verified

    def until_left(self) -> None:
        """Wait until no host runs, and check that the card was let go and logged out."""
        until(lambda: not list(self.hosts()), lambda: f"hosts: {list(self.hosts())}")
        until(lambda: not self.door.clients, lambda: f"{self.door.clients} clients")
        assert self.logged_out

    def hosts(self) -> Iterator[int]:
        """The processes of our host that the browsers of this home started."""
        home = f"HOME={self._home}".encode()
        for process in Path("/proc").iterdir():
            if process.name.isdigit() and int(process.name) != os.getpid():
                try:
                    command, environment = (process / "cmdline").read_bytes(), (process / "environ").read_bytes()
                except OSError:  # it ended, or is another user's
                    continue
                if HOST in command and home in environment.split(b"\0"):
                    yield int(process.name)

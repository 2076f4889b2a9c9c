"""Simulated cards under test: made as a test wants them, counted, and asked what their chip remembers."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import field
from typing import Final, TypeAlias

from mynacard._dataclasses import dataclass
from mynacard.apdu.secrecy import carries_secret
from mynacard.apdu.verification import check_form
from mynacard.doors import new_cards, pki_cache
from mynacard.errors import UsageError
from mynacard.jpki.layout import DF_NAME, KEY_PAIRS, KeyPair
from mynacard.pin import Pin
from mynacard.simulator.faults import Fault
from mynacard.simulator.faulty import FaultyPoweredCard, Means
from mynacard.simulator.individual.card import SimulatedCard
from mynacard.simulator.individual.contents import DEFAULT_PINS
from mynacard.simulator.individual.persona import DEFAULT_PERSONA
from mynacard.simulator.personas import persona
from mynacard.simulator.powered import Around, PoweredCard
from mynacard.simulator.timing import TRANSPORTS, TimedCard
from mynacard.simulator.traits import Personality, Traits
from mynacard.texts import N_

__all__ = ["ApduCount", "CardOptions", "CardUnderTest", "Count", "count"]


_PAIRS: Final = {pair.name: pair for pair in KEY_PAIRS}


@dataclass(frozen=True, slots=True)
class CardOptions:
    """The card that a test wants: the keywords of the marker ``mynacard``.

    Attributes:
        persona: the name of a kind of card (:func:`mynacard.simulator.all_personas`); it may be a residence card.
        personality: what a warm reset keeps: ``strict`` or ``observed``.
        extended_length: whether the card understands long commands.
        pins: PINs by the name of their key pair; pairs without one have the PIN of every simulated card.
        faults: what goes wrong, as ``KIND@N`` (docs/simulator.md has the kinds).
        timing: the transport whose real cards it is as slow as; empty: it answers at once.
    """

    persona: str = DEFAULT_PERSONA.name
    personality: str = Personality.STRICT.value
    extended_length: bool = True
    pins: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    faults: Sequence[str] = ()
    timing: str = ""

    def make(self) -> CardUnderTest:
        """A fresh card in memory.

        Raises:
            UsageError: an attribute has an unknown value.
            PinFormError: a PIN does not have the form of its key pair's.
        """
        if self.personality not in set(Personality):
            raise UsageError(N_("No personality is called {personality}."), personality=self.personality)
        if self.timing and self.timing not in TRANSPORTS:
            raise UsageError(
                N_("No timing is called {name}. There are: {known}."), name=self.timing, known=", ".join(TRANSPORTS)
            )
        for name, pin in self.pins.items():
            if name not in _PAIRS:
                raise UsageError(N_("No key pair is called {name}."), name=name)
            check_form(_PAIRS[name].pin, Pin(pin))
        traits = Traits(Personality(self.personality), self.extended_length)
        faults = tuple(Fault.parse(text) for text in self.faults)
        card = new_cards.new_card(traits, {**DEFAULT_PINS, **self.pins}, persona=persona(self.persona))
        return CardUnderTest(card, faults, self.timing)


@dataclass(frozen=True, slots=True)
class _Tally:
    apdus: int = 0
    pins: int = 0


class _Counted(Around):
    """A card around *card* that reports its commands to *counter*."""

    def __init__(self, card: PoweredCard, counter: CardUnderTest) -> None:
        super().__init__(card)
        self._counter = counter

    def transmit(self, command: bytes, /) -> bytes:
        self._counter.saw(command)
        return super().transmit(command)


class CardUnderTest:
    """A simulated card that counts its commands: a :class:`~mynacard.apdu.message.Card`, and one for readers.

    Attributes:
        card: the simulated card itself.
        faults: what goes wrong with it.
    """

    def __init__(self, card: new_cards.AnyCard, faults: Sequence[Fault] = (), timing: str = "") -> None:
        self.card = card
        self.faults = tuple(faults)
        self._timed = TimedCard(card, TRANSPORTS[timing], time.sleep) if timing else card
        self.tally = _Tally()
        self._inside: _Counted | None = None

    @property
    def without_faults(self) -> PoweredCard:
        """The same card and the same counts, for a reader that makes the faults itself."""
        return _Counted(self._timed, self)

    @property
    def atr(self) -> bytes:
        return self.card.atr

    def power_on(self) -> bytes:
        return self._faulty().power_on()

    def power_off(self) -> None:
        self._faulty().power_off()

    def reset(self) -> bytes:
        return self._faulty().reset()

    def transmit(self, command: bytes, /) -> bytes:
        """The answer, as the faults leave it.

        Raises:
            UsageError: a fault needs a reader, which the fixture ``mynacard_reader`` has.
        """
        return self._faulty().transmit(command)

    def tries_left(self, pair: KeyPair) -> int:
        """How many tries of the pair's PIN the chip has left; no command is sent.

        Raises:
            UsageError: it is a residence card, which counts no tries.
        """
        if not isinstance(self.card, SimulatedCard):
            raise UsageError(N_("A residence card has no PINs, and counts no tries."))
        return self.card.pins[DF_NAME, pair.pin.key].tries_left

    def saw(self, command: bytes) -> None:
        """Count *command*."""
        tally = self.tally
        self.tally = _Tally(tally.apdus + 1, tally.pins + carries_secret(command))

    def _faulty(self) -> _Counted:
        if self._inside is None:
            means = Means(time.sleep, pki_cache.new_key_der)
            faulty = FaultyPoweredCard(self._timed, self.faults, means) if self.faults else self._timed
            self._inside = _Counted(faulty, self)
        return self._inside


class Count:
    """How many commands a card was sent since the ``with`` began, and until it ended.

    Attributes:
        total: all of them.
        pins: those that presented or changed a PIN.
    """

    def __init__(self, card: CardUnderTest) -> None:
        self._card = card
        self._start = card.tally
        self._end: _Tally | None = None

    def end(self) -> None:
        """Stop counting."""
        self._end = self._card.tally

    @property
    def total(self) -> int:
        return (self._end or self._card.tally).apdus - self._start.apdus

    @property
    def pins(self) -> int:
        return (self._end or self._card.tally).pins - self._start.pins

    def __repr__(self) -> str:
        return f"Count(total={self.total}, pins={self.pins})"


ApduCount: TypeAlias = Callable[[], AbstractContextManager[Count]]
"""The type of the fixture ``apdu_count``."""


@contextlib.contextmanager
def count(card: CardUnderTest) -> Generator[Count, None, None]:
    """Count the commands that *card* is sent while the ``with`` lasts, by any program."""
    commands = Count(card)
    try:
        yield commands
    finally:
        commands.end()

"""A reader's contacts: a card or none, its power, its answer to reset, the protocol in use.

Source: pcsc-lite 1.9.9, src/winscard.c (the table after each step) and src/prothandler.c.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

from mynacard.doors.pcsclite.atr import protocols_of
from mynacard.doors.pcsclite.scard import Code, Protocol, State
from mynacard.errors import MynacardError, OutcomeUnknownError
from mynacard.simulator.powered import PoweredCard

__all__ = ["Contacts", "Refused"]

_log = logging.getLogger(__name__)

_READY: Final = State.PRESENT | State.POWERED | State.NEGOTIABLE
_MUTE: Final = State.PRESENT | State.SWALLOWED
_FAILURES: Final = (MynacardError, OSError)
"""Errors of a card that do not end the service: its file is gone, or its disk is full."""


class Refused(Exception):
    """A refusal: the client gets *code* instead of the result that it asked for."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Contacts:
    """The contacts of the reader called *name*: empty at first.

    Attributes:
        card: the card.
        atr: its answer to reset, kept after the power goes.
        state: as in the readers' table. pcscd leaves it unchanged when it powers off an unused card, so ``powered``
            is kept apart.
        powered: whether the card has power.
        protocol: the one in use; UNDEFINED after every start, until a client needs one.
        fresh: whether no command has come since the card got its power.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self.card: PoweredCard | None = None
        self.atr = b""
        self.state = State.ABSENT
        self.powered = False
        self.protocol = Protocol.UNDEFINED
        self.fresh = False

    def insert(self, card: PoweredCard) -> None:
        """Put *card* in; it is powered on for its ATR."""
        self.card = card
        self._power_on(card)

    def remove(self) -> PoweredCard | None:
        """Take the card out."""
        self.power_off()
        card, self.card = self.card, None
        self._lost()
        return card

    # --- power ---

    def need(self) -> None:
        """Give the card power if it has none.

        Raises:
            Refused: there is no card, or a mute one.
        """
        self.need_card()
        if not self.powered and self.card is not None:
            self._power_on(self.card)
        if not self.state & State.POWERED:
            raise Refused(Code.W_UNPOWERED_CARD)

    def need_card(self) -> None:
        """Check that there is a card.

        Raises:
            Refused: there is none.
        """
        if not self.state & State.PRESENT:
            raise Refused(Code.E_NO_SMARTCARD)

    def need_responsive_card(self) -> None:
        """Check that there is a card, and that it answered when it was last powered on.

        Raises:
            Refused: there is no card, or a mute one.
        """
        self.need_card()
        if self.state & State.SWALLOWED:
            raise Refused(Code.W_UNRESPONSIVE_CARD)

    def need_powered_card(self) -> None:
        """Check that there is a card with power: a keypad gives it none.

        Raises:
            Refused: there is no card, or it has no power.
        """
        self.need_card()
        if not self.powered:
            raise Refused(Code.E_NOT_TRANSACTED)

    def reset(self) -> Code:
        """A warm reset."""
        if self.card is None:
            return self._lost()
        return self._start(self.card.reset) if self.powered else self._power_on(self.card)

    def cycle(self) -> Code:
        """Cut the power and restore it."""
        if self.card is None:
            return self._lost()
        self.card.power_off()
        return self._power_on(self.card)

    def power_off(self) -> None:
        """Cut the power; the table does not show it."""
        if self.card is not None and self.powered:
            self.card.power_off()
        self.powered = False
        self.protocol = Protocol.UNDEFINED

    def unpower(self) -> None:
        """Cut the power because a client wants it."""
        self.power_off()
        self.state = State.ABSENT if self.card is None else State.PRESENT

    def _power_on(self, card: PoweredCard) -> Code:
        self.fresh = True
        return self._start(card.power_on)

    def _start(self, start: Callable[[], bytes]) -> Code:
        self.protocol = Protocol.UNDEFINED
        try:
            self.atr = start()
        except _FAILURES as error:
            _log.error("the card on %s does not start: %s", self._name, error)
            self.atr, self.state, self.powered = b"", _MUTE, False
            return Code.E_NOT_TRANSACTED
        self.state, self.powered = _READY, True
        return Code.S_SUCCESS

    def _lost(self) -> Code:
        self.atr, self.state, self.protocol = b"", State.ABSENT, Protocol.UNDEFINED
        return Code.W_REMOVED_CARD

    # --- APDUs ---

    def negotiate(self, protocols: int) -> None:
        """Agree with the card on one of *protocols*: T=1 where both have it, unless one is in use already.

        Raises:
            Refused: they have none in common, or another one is in use.
        """
        if self.protocol is not Protocol.UNDEFINED:
            if not protocols & self.protocol:
                raise Refused(Code.E_PROTO_MISMATCH)
            return
        wanted = protocols | (Protocol.T0 | Protocol.T1 if protocols & Protocol.ANY_OLD else 0)
        common = wanted & protocols_of(self.atr)
        if not common:
            raise Refused(Code.E_PROTO_MISMATCH)
        self.protocol = Protocol.T1 if common & Protocol.T1 else Protocol.T0

    def transmit(self, command: bytes) -> bytes:
        """The card's response to *command*.

        Raises:
            Refused: there is no card, it left meanwhile, or it failed.
        """
        card = self.card
        if card is None:
            raise Refused(Code.E_NOT_TRANSACTED)
        try:
            answer = card.transmit(command)
        except OutcomeUnknownError as error:  # as this reader is meant to behave
            _log.debug("the card on %s: %s", self._name, error)
            raise Refused(Code.E_NOT_TRANSACTED) from error
        except _FAILURES as error:
            _log.error("the card on %s failed: %s", self._name, error)
            raise Refused(Code.E_NOT_TRANSACTED) from error
        if self.card is not card:  # it was removed meanwhile
            raise Refused(Code.E_NOT_TRANSACTED)
        return answer

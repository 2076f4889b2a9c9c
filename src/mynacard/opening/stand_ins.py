"""Simulated and recorded cards, used like a card on a reader."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from typing import TYPE_CHECKING

from mynacard import errors
from mynacard.apdu.channel import CardProfile
from mynacard.apdu.exposure import LOG_OUT_WIRE, Exposure
from mynacard.readers.ownership import Ownership
from mynacard.texts import N_

if TYPE_CHECKING:
    from mynacard.simulator.powered import PoweredCard

__all__ = ["SimulatedCard"]


class SimulatedCard:
    """A simulated card, used like a card on a reader: in transactions, by its owner, and logged out in the same way.

    Raises:
        UsageError: from :meth:`transmit` outside a transaction; from :meth:`transaction` inside another one, or after
            one with a PIN.
        OwnershipError: another thread or process has the card.
    """

    card_profile = CardProfile()

    def __init__(self, card: PoweredCard) -> None:
        self._card = card
        self._owner = Ownership()
        self._exposure = Exposure()
        self._in_transaction = False

    def adopt(self) -> None:
        self._owner.adopt()

    def has_tested_keypad(self) -> bool:
        return False

    @contextlib.contextmanager
    def transaction(self) -> Generator[None, None, None]:
        self._owner.check()
        if self._in_transaction or self._exposure.pin_shown:
            raise errors.UsageError(N_("The simulated card is in a transaction already, or was in one with a PIN."))
        self._in_transaction = True
        try:
            yield
        finally:
            self._in_transaction = False
            self._leave()

    def transmit(self, command: bytes, /) -> bytes:
        self._owner.check()
        if not self._in_transaction:
            raise errors.UsageError(N_("The simulated card takes commands only in a transaction."))
        self._exposure.sending(command)
        answer = self._card.transmit(command)
        self._exposure.answered(command, answer)
        return answer

    def _leave(self) -> None:
        if self._exposure.login_possible:
            self._card.transmit(LOG_OUT_WIRE)
        if self._exposure.pin_shown:
            self._card.power_off()

"""A card with its contacts: something a reader can hold."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Around", "PoweredCard"]


class PoweredCard(Protocol):
    """A card that a reader can hold: the simulator's, or anything around it."""

    @property
    def atr(self) -> bytes: ...
    def power_on(self) -> bytes: ...
    def power_off(self) -> None: ...
    def reset(self) -> bytes: ...
    def transmit(self, command: bytes, /) -> bytes: ...


class Around:
    """Base class for cards around a card: forwards everything; subclasses override what differs."""

    def __init__(self, card: PoweredCard) -> None:
        self._card = card

    @property
    def atr(self) -> bytes:
        return self._card.atr

    def power_on(self) -> bytes:
        return self._card.power_on()

    def power_off(self) -> None:
        self._card.power_off()

    def reset(self) -> bytes:
        return self._card.reset()

    def transmit(self, command: bytes, /) -> bytes:
        return self._card.transmit(command)

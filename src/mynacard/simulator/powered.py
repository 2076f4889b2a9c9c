"""A card with its contacts: what a reader can hold."""

from __future__ import annotations

from typing import Protocol

__all__ = ["PoweredCard"]


class PoweredCard(Protocol):
    """A card that a reader can hold: the simulator's, or anything around it."""

    @property
    def atr(self) -> bytes: ...
    def power_on(self) -> bytes: ...
    def power_off(self) -> None: ...
    def reset(self) -> bytes: ...
    def transmit(self, command: bytes, /) -> bytes: ...

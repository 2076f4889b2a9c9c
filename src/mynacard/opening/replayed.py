"""A recorded card in place of one on a reader."""

from __future__ import annotations

import contextlib
from contextlib import AbstractContextManager

from mynacard.apdu.channel import CardProfile
from mynacard.recordings import Replay

__all__ = ["ReplayedCard"]


class ReplayedCard(Replay):
    """A recorded card, used like a card on a reader. It needs no log-out, and no other program shares it."""

    card_profile = CardProfile()

    def transaction(self) -> AbstractContextManager[object]:
        return contextlib.nullcontext()

    def adopt(self) -> None:
        pass

    def has_tested_keypad(self) -> bool:
        return False

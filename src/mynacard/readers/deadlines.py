"""How long to wait for what."""

from __future__ import annotations

from mynacard._dataclasses import dataclass

__all__ = ["Deadlines"]


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Time limits in seconds. PC/SC has none of its own.

    Attributes:
        service_s: for calls to the PC/SC service that concern no card.
        card_s: for the answer to a command. A signature takes a card about a second; some readers ask for more time
            while it works, and PC/SC waits with them.
        busy_s: for another program to let go of the card.
        leaving_s: for a command that is still running when the card is let go, and for letting go. This is how long
            Ctrl-C takes while a card is mute; what is not done by then is done when the command returns. While a reader
            asks for a PIN, Ctrl-C takes effect when the entry ends.
    """

    service_s: float = 10.0
    card_s: float = 30.0
    busy_s: float = 10.0
    leaving_s: float = 3.0

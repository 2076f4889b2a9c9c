"""The status of a PIN, in words for people."""

from __future__ import annotations

from typing import assert_never

from mynacard.apdu.pins import Blocked, PinStatus, TriesLeft, TriesUnknown, Verified
from mynacard.cli.language import _

__all__ = ["cost_text", "status_text"]


def status_text(status: PinStatus) -> str:
    """*status* in words for people."""
    match status:
        case TriesLeft(1):
            return _("1 try left. A wrong one blocks the PIN, and the municipal office has to set a new one.")
        case TriesLeft(count):
            return _("{count} tries left").format(count=count)
        case Blocked():
            return _("blocked; the municipal office sets a new one")
        case TriesUnknown():
            return _("the card does not say how many tries are left")
        case Verified():
            return _("the card says that it needs no PIN now, and not how many tries are left")
        case _:
            assert_never(status)


def cost_text(status: PinStatus) -> str:
    """*status* for a person about to type the PIN: what a wrong one costs."""
    match status:
        case TriesLeft(count) if count > 1:
            return _(
                "{count} tries left. The last wrong one blocks it until the municipal office sets a new one."
            ).format(count=count)
        case _:
            return status_text(status)

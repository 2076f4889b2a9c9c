"""A recording as a card: it answers as recorded."""

from __future__ import annotations

from typing import Final

from mynacard import errors
from mynacard.apdu.secrecy import HEADER, carries_secret
from mynacard.arguments import check_type
from mynacard.errors import MynacardError, UsageError
from mynacard.recordings.recording import Exchange, Recording
from mynacard.texts import N_

__all__ = ["Replay"]

_LOST: Final = {kind.code: kind for kind in (errors.CardLostError, errors.CardRemovedError, errors.CardResetError)}


class Replay:
    """A card that answers as the recorded one did. It accepts any PIN: the right one was not recorded.

    Args:
        recording: the recording.
        lenient: whether to answer any recorded command at any time, from the next exchange with it, or else from the
            last one before. Otherwise the same commands must come in the same order.
        fill: the byte, 0..255, in place of each masked one; without it such an answer is a MaskedError.
    """

    def __init__(self, recording: Recording, *, lenient: bool = False, fill: int | None = None) -> None:
        check_type(recording, Recording)
        self.recording = recording
        self._lenient = lenient
        self._fill = fill
        self._next = 0

    @property
    def rest(self) -> int:
        """The number of exchanges left."""
        return len(self.recording.exchanges) - self._next

    def transmit(self, command: bytes, /) -> bytes:
        """The recorded answer to *command*.

        Raises:
            UsageError: the command was not recorded, or not at this place.
            MaskedError: the answer has bytes that were masked, and no *fill* was given.
            ReaderError: no answer came when this was recorded: CardLostError where the card was removed or reset, else
                OutcomeUnknownError.
        """
        at = self._find(command)
        self._next = at + 1
        exchange = self.recording.exchanges[at]
        if exchange.answer is None:
            raise _no_answer(exchange.error)
        if exchange.answer.masked and self._fill is None:
            raise errors.MaskedError(
                N_("The recording masks the card's answer to command number {number}: it holds personal data."),
                number=at + 1,
            )
        return exchange.answer.filled(self._fill or 0)

    def _find(self, command: bytes) -> int:
        exchanges, here = self.recording.exchanges, self._next
        if not self._lenient:
            if here < len(exchanges) and _fits(exchanges[here], command):
                return here
            raise UsageError(
                N_(
                    "Command number {number} ({header}) does not match the recording, which has another there, or ends."
                ),
                number=here + 1,
                header=command[:4].hex(" ").upper(),
            )
        order: list[int] = [*range(here, len(exchanges)), *range(here - 1, -1, -1)]
        for at in order:
            if _fits(exchanges[at], command):
                return at
        raise UsageError(
            N_("The recording does not have this command ({header})."), header=command[:4].hex(" ").upper()
        )


def _fits(exchange: Exchange, command: bytes) -> bool:
    if exchange.secret:
        return carries_secret(command) and command[:HEADER] == exchange.command
    return command == exchange.command


def _no_answer(code: str) -> MynacardError:
    kind = _LOST.get(code, errors.OutcomeUnknownError)
    return kind(N_("When this was recorded, no answer came to this command ({code})."), code=code)

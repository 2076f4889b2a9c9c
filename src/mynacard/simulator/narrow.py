"""Readers that do not pass every APDU: a card around a card.

The lengths that real readers pass are known for few (mynacard.readers.profiles). Beyond them, three behaviours are
seen: nothing comes back, the answer is cut off, or the command is refused before the card sees it. Sans-IO.

Source: USB CCID 1.1, §5.1 (dwMaxCCIDMessageLength, exchange level); LudovicRousseau/CCID, readers/ (lengths of 271 and
522 bytes); https://ludovicrousseau.blogspot.com, 2015-12 and 2018-09 (answers cut off on macOS).
"""

from __future__ import annotations

from typing import Final

from mynacard._dataclasses import dataclass
from mynacard.errors import OutcomeUnknownError
from mynacard.simulator.powered import Around, PoweredCard
from mynacard.texts import N_

__all__ = ["LONGEST", "NarrowReader", "Narrows"]

LONGEST: Final = 4 + 3 + 0xFFFF + 2
"""The longest command APDU (ISO/IEC 7816-3:2006 §12.1.3); a response is shorter."""
_DONE: Final = b"\x90\x00"


@dataclass(frozen=True, slots=True)
class Narrows:
    """The APDUs that pass through a reader.

    Attributes:
        extended_length: whether commands of extended length pass at all.
        longest: bytes of the longest APDU, a command or a response with its status word.
        cuts: whether a longer answer is cut off, and looks whole; otherwise it is lost.
    """

    extended_length: bool = True
    longest: int = LONGEST
    cuts: bool = False


class NarrowReader(Around):
    """*card* behind a reader that passes only what *narrows* allows."""

    def __init__(self, card: PoweredCard, narrows: Narrows) -> None:
        super().__init__(card)
        self._narrows = narrows

    def transmit(self, command: bytes, /) -> bytes:
        """The card's answer, as the reader passes it.

        Raises:
            OutcomeUnknownError: command or answer is too long.
        """
        extended = len(command) >= 7 and command[4] == 0
        if len(command) > self._narrows.longest or (extended and not self._narrows.extended_length):
            raise _lost(command)
        answer = super().transmit(command)
        if len(answer) <= self._narrows.longest:
            return answer
        if self._narrows.cuts:
            return answer[: self._narrows.longest - len(_DONE)] + _DONE
        raise _lost(answer)


def _lost(apdu: bytes) -> OutcomeUnknownError:
    return OutcomeUnknownError(N_("The reader does not pass an APDU of {length} bytes."), length=len(apdu))

"""An application of a card, selected, and how its files are read. What sessions stand on.

A file is read in one APDU where extended length passes; else as many bytes as pass by short identifier, which makes the
file the current one, and what its outer length says by plain offsets. Never until the card refuses: that costs an APDU,
and a hostile card does not refuse.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final, TypeAlias

from mynacard import errors
from mynacard.apdu import tlv
from mynacard.apdu.channel import Channel, refusal
from mynacard.apdu.commands import LOG_OUT, ReadBinary, ReadBinarySfi
from mynacard.apdu.message import NE_MAX, Card
from mynacard.apdu.status import SUCCESS
from mynacard.errors import mark

__all__ = ["BLOCK", "FILE_MAX", "OBJECT_MAX", "Length", "Selection", "blocks", "object_length"]

BLOCK: Final = 256
"""What a READ BINARY with a short Le brings at most."""
FILE_MAX: Final = 0x8000
"""No offset of READ BINARY is beyond (ISO/IEC 7816-4:2005 §7.2.3)."""
OBJECT_MAX: Final = 0x1000
"""No file without pictures is longer; the longest seen has 568 bytes."""

Length: TypeAlias = Callable[[bytes], int]
"""How long a file's content is, from its first bytes; a CardDataError where they begin none."""

_ABOUT_THE_FILE: Final = frozenset({0x6982, 0x6A82})
"""Refusals of READ BINARY that do not come from its length."""


def object_length(head: bytes, most: int = OBJECT_MAX) -> int:
    """How long the data object is that *head* begins: nearly every file is one, and filler after it.

    Raises:
        CardDataError: these bytes begin none, or one longer than *most*.
    """
    try:
        length = tlv.outer_length(head[:8])
    except errors.TlvError:
        length = 0
    if not 2 <= length <= most:
        raise errors.CardDataError(mark("A file on the card does not begin like a data object."))
    return length


def blocks(rest: int, most: int) -> tuple[int, ...]:
    """How *rest* bytes are read with the fewest commands of up to *most* bytes, and those with the fewest bytes.

    A command for more than 256 bytes has two bytes more.
    """
    count = -(-rest // most)
    short = max((n for n in range(count + 1) if n * BLOCK + (count - n) * most >= rest), default=0)
    sizes = [most] * (count - short) + [BLOCK] * short
    return tuple(min(size, rest - sum(sizes[:place])) for place, size in enumerate(sizes))


class Selection:
    """An application, selected; one APDU. It ends when another one is selected on its channel.

    Attributes:
        may_probe: whether a file may still be read to find out whether extended length passes. Not after a VERIFY:
            a reader that chokes on it would cost the login.

    Raises:
        ApplicationNotFound: the card does not have it.
    """

    def __init__(self, card: Card, df_name: bytes, application: str) -> None:
        self._channel = card if isinstance(card, Channel) else Channel(card)
        self._route = self._channel
        self._df_name = df_name
        self._application = application
        self.may_probe = True
        self._select()

    @property
    def channel(self) -> Channel:
        """The channel to it; as :meth:`check`."""
        self.check()
        return self._route

    def check(self) -> None:
        """That it is still selected.

        Raises:
            SessionEndedError: something else was selected since.
        """
        if self._channel.selections != self._selections:
            raise errors.SessionEndedError(
                mark("This {application} session has ended: something else was selected since."),
                application=self._application,
            )

    def knows_lengths(self, first: int | None = None) -> bool:
        """Whether nothing more is to be found out of what length passes, where *first* bytes of a file come first."""
        profile = self._route.profile
        if profile.extended_length is None:
            return False
        return profile.extended_length or profile.block_tried or min(first or NE_MAX, profile.block) <= BLOCK

    def go_through(self, route: Callable[[Channel], Channel]) -> None:
        """From here on commands go through *route*, a channel around the one that the application was selected on."""
        self.check()
        self._route = route(self._channel)

    def read(self, file_id: int, ne: int = BLOCK) -> bytes:
        """What one READ BINARY brings of an EF, filler and all."""
        return self.channel.send_on(file_id, ReadBinarySfi(file_id, 0, ne))

    def read_content(self, file_id: int, length: Length = object_length, first: int | None = None) -> bytes:
        """The content of an EF as long as *length* says; filler after it stays where it is.

        Args:
            file_id: the EF.
            length: how long its content is, from its first bytes.
            first: so many bytes are asked for first, or fewer where no more pass; None: as many as pass.
        """
        if self.may_probe and not self.knows_lengths(first):
            data = self._probe(file_id, length, first)
        else:
            data = self.read(file_id, min(first or NE_MAX, self._most()))
        whole = length(data)
        most = BLOCK if first is None and self.channel.profile.extended_length else self._most()  # else it was cut off
        for ne in blocks(max(0, whole - len(data)), most):
            data += self._read_block(len(data), ne)
        return data[:whole]

    def probe(self, file_id: int, length: Length = object_length, first: int | None = None) -> None:
        """Find out on a free file longer than 256 bytes whether extended length passes."""
        self._probe(file_id, length, first)

    def log_out(self) -> None:
        """End what PINs opened: SELECT of the issuer's domain, one APDU. The application is no longer selected."""
        self.channel.send(LOG_OUT, mark("log-out"))

    def _select(self) -> None:
        self._channel.select(self._df_name, self._application)
        self._selections = self._channel.selections

    def _read_block(self, offset: int, ne: int) -> bytes:
        """*ne* bytes of the current EF in one APDU: a card that dribbles would take thousands."""
        response = self.channel.exchange_once(ReadBinary(offset, ne))
        if response.status != SUCCESS:
            raise refusal(response.status, ReadBinary.title)
        if len(response.data) < ne:
            raise errors.CardDataError(mark("A file on the card ends before its length."))
        return response.data

    def _most(self) -> int:
        """As many bytes as one answer brings, as far as that was seen."""
        profile = self.channel.profile
        if profile.extended_length:
            return NE_MAX
        return profile.block if profile.block_tried else BLOCK

    def _probe(self, file_id: int, length: Length, first: int | None) -> bytes:
        """The beginning of the file, by extended Le where that passes; and remembers."""
        channel = self.channel
        unlimited = channel.profile.extended_length is None
        ne = min(first or NE_MAX, NE_MAX if unlimited else channel.profile.block)
        try:
            response = channel.exchange_on(file_id, ReadBinarySfi(file_id, 0, ne))
        except errors.CallTimeoutError:  # the connection is given up
            raise
        except errors.OutcomeUnknownError:  # it got stuck in the reader or its driver; the card may have been reset
            self._select()
            response = None
        if response is not None and response.status in _ABOUT_THE_FILE:
            raise refusal(response.status, ReadBinarySfi.title)
        if response is not None and response.status == SUCCESS and len(response.data) > BLOCK:
            whole = len(response.data) >= min(ne, length(response.data))  # a reader that cuts off is none
            channel.profile = replace(channel.profile, extended_length=unlimited and whole, block_tried=whole)
            if whole or unlimited:
                return response.data
        data = self.read(file_id)
        channel.profile = replace(channel.profile, extended_length=False, block=BLOCK)
        return data

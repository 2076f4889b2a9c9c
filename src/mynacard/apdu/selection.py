"""An application of a card, selected, and how its files are read. Sessions are built on it.

A file is read in one APDU where extended length passes. Otherwise, and where that would bring much filler, a first
block is read by short identifier, which makes the file the current one, and then the rest of its outer length by plain
offsets (:mod:`mynacard.apdu.reading`). Reading does not go on until the card refuses: that would cost an APDU, and a
hostile card does not refuse.
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
from mynacard.apdu.reading import BLOCK, answer_to_try, blocks
from mynacard.apdu.status import SUCCESS, StatusWord
from mynacard.texts import N_

__all__ = ["BLOCK", "FILE_MAX", "OBJECT_MAX", "Length", "Selection", "object_length"]

FILE_MAX: Final = 0x8000
"""READ BINARY has no offset beyond this (ISO/IEC 7816-4:2005 §7.2.3)."""
OBJECT_MAX: Final = 0x1000
"""The most bytes accepted of a file without pictures; the longest seen has 568."""

Length: TypeAlias = Callable[[bytes], int]
"""Returns the length of a file's content, from its first bytes. Raises CardDataError where they do not begin one."""

_ABOUT_THE_FILE: Final = frozenset({StatusWord.SECURITY_STATUS_NOT_SATISFIED, StatusWord.FILE_NOT_FOUND})
"""Refusals of READ BINARY that are not about its length."""
_BROUGHT: Final = frozenset({SUCCESS, StatusWord.END_OF_FILE})
"""'6282': the file ended before Ne bytes, and Ne did not ask for all there are (ISO/IEC 7816-4:2005 §5.1.3)."""


def object_length(head: bytes, most: int = OBJECT_MAX) -> int:
    """The length of the data object that begins with *head*: nearly every file is one, followed by filler.

    Raises:
        CardDataError: these bytes do not begin a data object, or it is longer than *most*.
    """
    try:
        length = tlv.outer_length(head[:8])
    except errors.TlvError:
        length = 0
    if not 2 <= length <= most:
        raise errors.CardDataError(N_("A file on the card does not begin like a data object."))
    return length


class Selection:
    """A selected application; one APDU. It ends when another one is selected on its channel.

    Attributes:
        may_probe: whether a file may still be read to find out whether extended length passes. False after a
            VERIFY: a reader that chokes on it would cost the login.

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
        """The channel to the application.

        Raises:
            SessionEndedError: as :meth:`check`.
        """
        self.check()
        return self._route

    def check(self) -> None:
        """Check that the application is still selected.

        Raises:
            SessionEndedError: something else has been selected since.
        """
        if self._channel.selections != self._selections:
            raise errors.SessionEndedError(
                N_("This {application} session has ended: something else was selected since."),
                application=self._application,
            )

    def knows_lengths(self) -> bool:
        """Whether it is already known which length passes."""
        return self._wanted(None) <= self._seen()

    def go_through(self, route: Callable[[Channel], Channel]) -> None:
        """From here on, send commands through *route*, a channel around the one that the application was selected on.

        Raises:
            SessionEndedError: as :meth:`check`.
        """
        self.check()
        self._route = route(self._channel)

    def read(self, file_id: int, ne: int = BLOCK) -> bytes:
        """The bytes that one READ BINARY returns from an EF, including filler.

        Raises:
            SessionEndedError: as :meth:`check`.
            CardError: the card refused, as :meth:`mynacard.apdu.channel.Channel.send_on`.
        """
        return self.channel.send_on(file_id, ReadBinarySfi(file_id, 0, ne))

    def read_content(self, file_id: int, length: Length = object_length, first: int | None = None) -> bytes:
        """The content of an EF, as long as *length* says, without the filler after it.

        Args:
            file_id: the EF.
            length: gets the length of the content from its first bytes.
            first: how many bytes to ask for first, or fewer where no more pass; None: as many as pass.

        Raises:
            SessionEndedError: as :meth:`check`.
            CardDataError: the content does not begin as *length* expects, the file ends before its length, or it
                changed while it was read.
            CardError: the card refused.
        """
        ne = self._wanted(first) if self.may_probe else min(first or NE_MAX, self._seen())
        data = self._known(file_id, ne) if ne <= self._seen() else self._probe(file_id, length, ne)
        total = length(data)
        most = self._seen() if len(data) >= ne else BLOCK  # else it was cut off
        if self.may_probe and (ne := answer_to_try(max(0, total - len(data)), most, self._wanted(None))):
            more = self._tried(file_id, data, ne)
            data, most = data + more, max(most, len(more))
        for size in blocks(max(0, total - len(data)), most):
            data += self._read_block(len(data), size)
        return data[:total]

    def log_out(self) -> None:
        """Log out: SELECT of the issuer's domain, one APDU. The application is no longer selected.

        Raises:
            SessionEndedError: as :meth:`check`.
            CardError: the card refused.
        """
        self.channel.send(LOG_OUT, N_("log-out"))

    def _select(self) -> None:
        self._channel.select(self._df_name, self._application)
        self._selections = self._channel.selections

    def _read_block(self, offset: int, ne: int) -> bytes:
        """*ne* bytes of the current EF in one APDU: a card that dribbles would take thousands."""
        response = self.channel.exchange_once(ReadBinary(offset, ne))
        if response.status != SUCCESS:
            raise refusal(response.status, ReadBinary.title)
        if len(response.data) < ne:
            raise errors.CardDataError(N_("A file on the card ends before its length."))
        return response.data

    def _tried(self, file_id: int, begun: bytes, ne: int) -> bytes:
        """*ne* bytes of the current EF after those *begun*, or none where that does not pass; the profile remembers.

        An answer that was cut off is not used: what cuts off may also lose something in the middle.
        """
        try:
            response = self.channel.exchange_once(ReadBinary(len(begun), ne))
        except errors.CallTimeoutError:  # the connection is given up
            raise
        except errors.OutcomeUnknownError:  # stuck in the reader or its driver; the card may have been reset
            self._select()
            if self._begin(file_id, len(begun)) != begun:
                raise errors.CardDataError(N_("A file on the card changed while it was read.")) from None
            response = None
        if response is not None and response.status in _ABOUT_THE_FILE:
            raise refusal(response.status, ReadBinary.title)
        profile = self.channel.profile
        if response is not None and response.status == SUCCESS and len(response.data) == ne:
            self.channel.learn(replace(profile, seen=max(profile.seen, ne)))
            return response.data
        self.channel.learn(replace(profile, extended_length=False, block=profile.seen))
        return b""

    def _wanted(self, first: int | None) -> int:
        """How many bytes to ask for where more may pass than was seen: *first*, but no more than may pass."""
        profile = self._route.profile
        return min(first or NE_MAX, profile.block if profile.extended_length is False else NE_MAX)

    def _seen(self) -> int:
        """The most bytes that one answer was seen to hold."""
        profile = self._route.profile
        return NE_MAX if profile.extended_length else profile.seen

    def _begin(self, file_id: int, ne: int) -> bytes:
        """The first *ne* bytes of the file, all of a shorter one, or 256 where the card refuses this length."""
        response = self.channel.exchange_on(file_id, ReadBinarySfi(file_id, 0, ne))
        if response.status in _BROUGHT:
            return response.data
        if ne in (BLOCK, NE_MAX) or response.status in _ABOUT_THE_FILE:
            raise refusal(response.status, ReadBinarySfi.title)
        return self.read(file_id)

    def _known(self, file_id: int, ne: int) -> bytes:
        """As :meth:`_begin`; a profile of the reader that is wrong is forgotten, as long as that costs no login."""
        try:
            return self._begin(file_id, ne)
        except errors.CallTimeoutError:
            raise
        except errors.OutcomeUnknownError:
            if not self.may_probe or ne <= BLOCK:
                raise
            self._select()
        self._channel.learn(replace(self._channel.profile, extended_length=False, block=BLOCK, seen=BLOCK))
        return self._begin(file_id, BLOCK)

    def _probe(self, file_id: int, length: Length, ne: int) -> bytes:
        """The first *ne* bytes of the file, or fewer where these do not pass; the profile remembers which."""
        channel = self.channel
        try:
            response = channel.exchange_on(file_id, ReadBinarySfi(file_id, 0, ne))
        except errors.CallTimeoutError:  # the connection is given up
            raise
        except errors.OutcomeUnknownError:  # stuck in the reader or its driver; the card may have been reset
            self._select()
            response = None
        if response is not None and response.status in _ABOUT_THE_FILE:
            raise refusal(response.status, ReadBinarySfi.title)
        seen = channel.profile.seen
        if response is not None and response.status in _BROUGHT and len(response.data) > BLOCK:
            data = response.data
            complete = len(data) >= min(ne, length(data))  # a reader that cuts answers off does not pass them
        else:
            data, complete = self._begin(file_id, seen), False
        if not complete:
            channel.learn(replace(channel.profile, extended_length=False, block=seen))
        elif ne == NE_MAX:
            channel.learn(replace(channel.profile, extended_length=True))
        else:
            channel.learn(replace(channel.profile, seen=ne))
        return data

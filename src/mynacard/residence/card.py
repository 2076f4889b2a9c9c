"""A residence card: recognised, opened with its number, read."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace
from typing import Final, TypeAlias

from mynacard import errors
from mynacard.apdu import verification
from mynacard.apdu.channel import Channel, refusal
from mynacard.apdu.commands import (
    Command,
    GetChallenge,
    MutualAuthenticate,
    ReadBinary,
    ReadBinarySfi,
    SelectDf,
    SelectMfByFileId,
    Verify,
)
from mynacard.apdu.message import NE_MAX, Card, ResponseApdu
from mynacard.apdu.status import SUCCESS, StatusWord
from mynacard.residence.agreement import CHALLENGE_LENGTH, Half, NumberKey, session_key
from mynacard.residence.ciphers import AES_CMAC, TRIPLE_DES, Suite
from mynacard.residence.contents import CardFiles, card_type, specification_version
from mynacard.residence.layout import (
    LAYOUTS,
    MASTER_FILE,
    NUMBER_KEY,
    RESIDENCE_APPLICATION,
    Access,
    CardType,
    File,
    Free,
)
from mynacard.residence.messaging import SecureCard, room
from mynacard.residence.number import NUMBER_LABEL, CardNumber
from mynacard.texts import N_

__all__ = ["Progress", "ResidenceCard", "has_residence_application"]

Progress: TypeAlias = Callable[[int, int], None]
"""Told after each command that reads: how many bytes of the files are there, and how many there will be."""

BLOCK: Final = 256
"""What the answer to a command with a short Le holds at most."""
SUITES: Final[dict[int, Suite]] = {1: TRIPLE_DES, 2: AES_CMAC}
"""What the generations encrypt with."""

_DOES_NOT_MATCH: Final = 0x6300
_OF_ITS_LENGTH: Final = frozenset({0x6700, 0x6A86, 0x6D00, 0x6E00, 0x6F00})
"""Refusals of READ BINARY that a card or reader that does not pass extended length may give."""


def _unheard(_done: int, _of: int) -> None:
    pass


class ResidenceCard:
    """A residence card or special permanent resident certificate, its master file selected; two APDUs.

    What anybody may read is the type and the version of its specification. The number opens the rest
    (:meth:`authenticate`). It belongs to one thread at a time. The card forgets what opened it when its power goes, as
    on the way out of :func:`mynacard.open_card`, and not before: it has no log-out.

    Args:
        card: the card, or a channel to it.

    Attributes:
        type: what the card says that it is.

    Raises:
        NoResidenceCard: it is another kind of card.
        NotPublicError: it is a specified residence card, of which more than that is not public.
        CardDataError: it says nothing that is a type.
    """

    def __init__(self, card: Card) -> None:
        self._channel = card if isinstance(card, Channel) else Channel(card)
        self._secure: Channel | None = None
        self._df: bytes | None = MASTER_FILE
        self._type_content = self._recognised()
        self.type: CardType = card_type(self._type_content)
        if self.type.specified:
            raise _not_public(self.type.label)

    @property
    def files(self) -> tuple[File, ...]:
        """The files that a card of this type has."""
        return LAYOUTS[self.type]

    def specification_version(self) -> str:
        """Which version of the specification the card follows, such as '0001'; one APDU."""
        return specification_version(self.read_file(Free.COMMON))

    # --- the number ---

    def authenticate(self, number: CardNumber, entropy: bytes) -> None:
        """Open the card with its number: three APDUs, a fourth if another DF than the MF is current.

        Both sides show that they know the number, agree on a session key, and the number is presented under it, once.
        The card counts no tries, and nothing is repeated here.

        Args:
            number: as printed on the card.
            entropy: 24 bytes that nobody could foretell, used once.

        Raises:
            CardNumberIncorrect: it is another card's number.
            UsageError: *entropy* has another length. Nothing was sent.
            ProtocolError: the answer was not made by somebody who knows the number.
            OutcomeUnknownError: the answer to the number did not come.
            CardError: the card refused in another way.
        """
        self._check_selected()
        own, suite = Half.of(entropy), SUITES[self.type.generation]
        key = NumberKey.of(suite, number)
        self._select_df(MASTER_FILE)
        self._secure = None
        challenge = self._channel.send(GetChallenge(CHALLENGE_LENGTH))
        if len(challenge) != CHALLENGE_LENGTH:
            raise errors.CardDataError(N_("The card's challenge has another length than it should."))
        answer = self._channel.exchange_once(MutualAuthenticate(key.token(own, challenge)))
        _check_number(answer.status, MutualAuthenticate.title)
        other = key.open(answer.data, own.challenge)
        if other.challenge != challenge:
            raise errors.ProtocolError(N_("MUTUAL AUTHENTICATE was answered with another challenge than the card's."))
        secure = Channel(SecureCard(self._channel, session_key(suite, own, other)))
        status = verification.present(secure, NUMBER_KEY, number, NUMBER_LABEL)
        _check_number(status, Verify.title)
        self._secure = secure

    # --- files ---

    def read_file(self, file: File, on_progress: Progress = _unheard, *, encrypted: bool = True) -> bytes:
        """The whole of *file*, filler and all: one APDU where extended length passes, and one for its DF.

        Else one for each 247 bytes of it (239 in the second generation), or 256 in the clear.

        Args:
            file: one of :attr:`files`.
            on_progress: told after each command, of this file.
            encrypted: whether what the number opens comes encrypted. The card sends some files in the clear, too, as
                published examples have it; whoever listens reads them then.

        Raises:
            UsageError: the number is needed for it, and was not presented; it does not come in the clear; or a card of
                this type has no such file. Nothing was sent.
            SessionEndedError: something else was selected since. Nothing was sent.
            CardDataError: the card sent more or less than the file has.
            ProtocolError: what came is not encrypted with the session's key.
            FileNotFound, SecurityStatusNotSatisfied, CardError: the card refused.
            CardLostError: the card left; what was read is void.
        """
        self._check_selected()
        if file not in self.files:
            raise errors.UsageError(
                N_("A {card} has no file “{file}”. Nothing was sent."), card=self.type.label, file=file.name
            )
        route = self._route(file, encrypted=encrypted)
        self._select_df(file.df)
        content = self._whole(route, file)
        on_progress(len(content), file.size)
        most = BLOCK if route is self._channel else room(BLOCK, SUITES[self.type.generation].block)
        while len(content) < file.size:
            ne = min(most, file.size - len(content))
            command = ReadBinary(len(content), ne) if content else ReadBinarySfi(file.sfi, 0, ne)
            block = route.send(command)
            if len(block) != ne:
                raise _wrong_length(file, len(content) + len(block))
            content += block
            on_progress(len(content), file.size)
        return content

    def read(self, on_progress: Progress = _unheard) -> CardFiles:
        """Every file; after :meth:`authenticate` of a first-generation residence card 11 APDUs, or 57 in blocks.

        A file that the card says it does not have is left out.

        Args:
            on_progress: told after each command, of all files together.

        Raises:
            as :meth:`read_file`.
        """
        total = sum(file.size for file in self.files)
        found = dict[File, bytes]()
        before = 0
        for file in self.files:
            if file in (Free.TYPE_1, Free.TYPE_2):
                found[file] = self._type_content
            else:
                with contextlib.suppress(errors.FileNotFound):
                    found[file] = self.read_file(file, _from(before, total, on_progress))
            before += file.size
            on_progress(before, total)
        return CardFiles(self.type, found)

    # --- how ---

    def _recognised(self) -> bytes:
        """What the file says that tells the type of card."""
        answer = self._first_read()
        if answer.status == SUCCESS:
            return answer.data
        if has_residence_application(self._channel):
            raise _not_public(N_("specified residence card or special permanent resident certificate"))
        raise errors.NoResidenceCard(answer.status, ReadBinarySfi.title)

    def _first_read(self) -> ResponseApdu:
        """The answer to reading the type: by extended Le, as it is specified, or else by a short one."""
        if self._channel.profile.extended_length is not False:
            try:
                self._select_mf()
                answer = self._channel.exchange(ReadBinarySfi(Free.TYPE_1.sfi, 0, NE_MAX))
                if answer.status not in _OF_ITS_LENGTH:
                    return answer
            except errors.CallTimeoutError:  # the connection is given up
                raise
            except errors.OutcomeUnknownError:  # it got stuck in the reader or its driver
                pass
        self._select_mf()
        answer = self._channel.exchange(ReadBinarySfi(Free.TYPE_1.sfi, 0, BLOCK))
        if answer.status == SUCCESS:
            self._learn(passes=False)
        return answer

    def _select_mf(self) -> None:
        """SELECT of the MF; whatever the card says: one that has none says so again when a file is read."""
        self._channel.exchange(SelectMfByFileId())
        self._selections = self._channel.selections

    def _select_df(self, df: bytes) -> None:
        if df == self._df:
            return
        command: Command = SelectDf(df) if df else SelectMfByFileId()
        self._df = None  # as long as the card has not said that it is
        try:
            self._channel.send(command)
        finally:
            self._selections = self._channel.selections
        self._df = df

    def _check_selected(self) -> None:
        if self._channel.selections != self._selections:
            raise errors.SessionEndedError(
                N_("This {application} session has ended: something else was selected since."),
                application=N_("residence card"),
            )

    def _route(self, file: File, *, encrypted: bool) -> Channel:
        """The channel through which *file* comes."""
        if file.access is Access.FREE:
            return self._channel
        if self._secure is None:
            raise errors.UsageError(
                N_("The file “{file}” needs the card's number first. Nothing was sent."), file=file.name
            )
        if encrypted:
            return self._secure
        if file.access is Access.NUMBER_AND_MESSAGING:
            raise errors.UsageError(
                N_("The file “{file}” does not come in the clear. Nothing was sent."), file=file.name
            )
        return self._channel

    def _whole(self, route: Channel, file: File) -> bytes:
        """*file* in one APDU where extended length passes, as far as is known; else nothing, and that is known then."""
        known = self._channel.profile.extended_length
        if known is False:
            return b""
        try:
            response = route.exchange(ReadBinarySfi(file.sfi, 0, NE_MAX))
        except errors.TlvError:  # the answer was cut off on its way
            if known:
                raise
            self._learn(passes=False)
            return b""
        except errors.OutcomeUnknownError:  # a reader got stuck: the card may have lost the session
            self._learn(passes=False)
            raise
        content = response.data
        cut = response.status in _OF_ITS_LENGTH or (route is self._channel and len(content) == BLOCK)
        if cut and len(content) != file.size and not known:
            self._learn(passes=False)
            return b""
        if response.status != SUCCESS:
            raise refusal(response.status, ReadBinarySfi.title)
        if len(content) != file.size:
            raise _wrong_length(file, len(content))
        if file.size > BLOCK:
            self._learn(passes=True)
        return content

    def _learn(self, *, passes: bool) -> None:
        self._channel.profile = replace(self._channel.profile, extended_length=passes)


def has_residence_application(channel: Channel) -> bool:
    """Whether the card is a specified residence card, which is an Individual Number Card, too; one APDU.

    What else was selected no longer is, whatever the card says.
    """
    return channel.exchange(SelectDf(RESIDENCE_APPLICATION)).status == SUCCESS


def _from(start: int, total: int, on_progress: Progress) -> Progress:
    """Tells *on_progress* of one file as a part of all of them."""
    return lambda done, _: on_progress(start + done, total)


def _check_number(status: StatusWord, during: str) -> None:
    if status == _DOES_NOT_MATCH:
        raise errors.CardNumberIncorrect(status, during)
    if status != SUCCESS:
        raise refusal(status, during)


def _wrong_length(file: File, length: int) -> errors.CardDataError:
    return errors.CardDataError(
        N_("The file “{file}” has {wanted} bytes, and the card sent {length}."),
        file=file.name, wanted=file.size, length=length,
    )  # fmt: skip


def _not_public(card: str) -> errors.NotPublicError:
    return errors.NotPublicError(
        N_("This is a {card}. The specification of this card's session is not public to us."), card=card
    )

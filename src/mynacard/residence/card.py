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
from mynacard.arguments import check_class, check_type
from mynacard.pin import hidden
from mynacard.residence.agreement import CHALLENGE_LENGTH, Half, NumberKey, session_key
from mynacard.residence.ciphers import AES_CMAC, TRIPLE_DES, Suite
from mynacard.residence.contents import CardFiles, card_type, specification_version
from mynacard.residence.layout import (
    LAYOUTS,
    MASTER_FILE,
    NUMBER_KEY,
    Access,
    CardType,
    File,
    Free,
)
from mynacard.residence.messaging import SecureCard, room
from mynacard.residence.number import NUMBER_LABEL, CardNumber, as_number
from mynacard.residence.specified import has_residence_application
from mynacard.texts import N_

__all__ = ["Progress", "ResidenceCard"]

Progress: TypeAlias = Callable[[int, int], None]
"""Called after each command that reads, with the bytes of the files so far and in all."""

BLOCK: Final = 256
"""The most bytes that the answer to a command with a short Le holds."""
SUITES: Final[dict[int, Suite]] = {1: TRIPLE_DES, 2: AES_CMAC}
"""The ciphers of each generation."""

_OF_ITS_LENGTH: Final = frozenset(
    {StatusWord.WRONG_LENGTH, StatusWord.WRONG_P1_P2, StatusWord.UNKNOWN_INS, StatusWord.UNKNOWN_CLA, StatusWord.FAULT}
)
"""Refusals of READ BINARY that may come from a card or reader without extended length."""


def _unheard(_done: int, _of: int) -> None:
    pass


class ResidenceCard:
    """A residence card or special permanent resident certificate, its master file selected; two APDUs.

    The type and the version of the specification can be read freely. The number opens the rest
    (:meth:`authenticate`). It belongs to one thread at a time. The card forgets what opened it when its power goes, as
    on the way out of :func:`mynacard.open_card`, and not before: it has no log-out.

    Args:
        card: the card, or a channel to it.

    Attributes:
        type: the type that the card reports.

    Raises:
        NoResidenceCard: it is another kind of card.
        NotPublicError: it is a specified residence card; nothing more about those is public.
        CardDataError: it does not report a known type.
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
        """The files on a card of this type."""
        return LAYOUTS[self.type]

    def specification_version(self) -> str:
        """The version of the specification that the card follows, such as '0001'; one APDU.

        Raises:
            as :meth:`read_file`.
        """
        return specification_version(self.read_file(Free.COMMON))

    # --- the number ---

    def authenticate(self, number: CardNumber, entropy: bytes) -> None:
        """Open the card with its number: three APDUs, a fourth if another DF than the MF is current.

        Both sides show that they know the number, agree on a session key, and the number is presented under it, once.
        The card counts no tries, and nothing is repeated here.

        Args:
            number: as printed on the card.
            entropy: 24 unpredictable bytes, used once.

        Raises:
            CardNumberIncorrect: it is another card's number.
            UsageError: *entropy* has another length. Nothing was sent.
            ProtocolError: whatever made the answer does not know the number.
            OutcomeUnknownError: the answer to the number did not come.
            CardError: the card refused in another way.
        """
        typed = hidden(number)
        del number  # before the text is looked at: tracebacks show variables
        known = as_number(typed)
        check_class(type(known), CardNumber)
        check_type(entropy, bytes)
        self._check_selected()
        own, suite = Half.of(entropy), SUITES[self.type.generation]
        key = NumberKey.of(suite, known)
        self._select_df(MASTER_FILE)
        self._secure = None
        challenge = self._channel.send(GetChallenge(CHALLENGE_LENGTH))
        if len(challenge) != CHALLENGE_LENGTH:
            raise errors.CardDataError(N_("The card's challenge has the wrong length."))
        answer = self._channel.exchange_once(MutualAuthenticate(key.token(own, challenge)))
        _check_number(answer.status, MutualAuthenticate.title)
        other = key.open(answer.data, own.challenge)
        if other.challenge != challenge:
            raise errors.ProtocolError(
                N_("The answer to MUTUAL AUTHENTICATE holds a challenge that is not the card's.")
            )
        secure = Channel(SecureCard(self._channel, session_key(suite, own, other)))
        status = verification.present(secure, NUMBER_KEY, known, NUMBER_LABEL)
        _check_number(status, Verify.title)
        self._secure = secure

    # --- files ---

    def read_file(self, file: File, on_progress: Progress = _unheard, *, encrypted: bool = True) -> bytes:
        """All of *file*, filler included: one APDU where extended length passes, and one for its DF.

        Otherwise one for each 247 bytes (239 in the second generation), or 256 in the clear.

        Args:
            file: one of :attr:`files`.
            on_progress: called after each command, for this file.
            encrypted: whether files that the number opens come encrypted. The card also sends some of them in the
                clear, as the published examples show; then an eavesdropper reads them too.

        Raises:
            UsageError: the file needs the number, which was not presented; it does not come in the clear; or a card of
                this type has no such file. Nothing was sent.
            SessionEndedError: something else was selected since. Nothing was sent.
            CardDataError: the card sent more or fewer bytes than the file has.
            ProtocolError: the answer is not encrypted with the session's key.
            FileNotFound, SecurityStatusNotSatisfied, CardError: the card refused.
            CardLostError: the card was removed; what was read is void.
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
            on_progress: called after each command, for all files together.

        Raises:
            as :meth:`read_file`.
        """
        total = sum(file.size for file in self.files)
        contents = dict[File, bytes]()
        before = 0
        for file in self.files:
            if file in (Free.TYPE_1, Free.TYPE_2):
                contents[file] = self._type_content
            else:
                with contextlib.suppress(errors.FileNotFound):
                    contents[file] = self.read_file(file, _from(before, total, on_progress))
            before += file.size
            on_progress(before, total)
        return CardFiles(self.type, contents)

    # --- how ---

    def _recognised(self) -> bytes:
        """The content of the file that tells the type of card."""
        answer = self._first_read()
        if answer.status == SUCCESS:
            return answer.data
        if has_residence_application(self._channel):
            raise _not_public(N_("specified residence card or special permanent resident certificate"))
        raise errors.NoResidenceCard(answer.status, ReadBinarySfi.title)

    def _first_read(self) -> ResponseApdu:
        """The answer to reading the type: with extended Le, as specified, or else with a short one."""
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
        """SELECT the MF, whatever the card answers: a card without one says so again when a file is read."""
        self._channel.exchange(SelectMfByFileId())
        self._selections = self._channel.selections

    def _select_df(self, df: bytes) -> None:
        if df == self._df:
            return
        command: Command = SelectDf(df) if df else SelectMfByFileId()
        self._df = None  # until the card has confirmed it
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
        """*file* in one APDU unless extended length is known not to pass; empty where it turns out not to."""
        known = self._channel.profile.extended_length
        if known is False:
            return b""
        try:
            response = route.exchange(ReadBinarySfi(file.sfi, 0, NE_MAX))
        except errors.TlvError:  # the answer was cut off on the way
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
        self._channel.learn(replace(self._channel.profile, extended_length=passes))


def _from(start: int, total: int, on_progress: Progress) -> Progress:
    """Reports the progress of one file as part of all of them."""
    return lambda done, _: on_progress(start + done, total)


def _check_number(status: StatusWord, during: str) -> None:
    if status == StatusWord.VERIFICATION_FAILED:
        raise errors.CardNumberIncorrect(status, during)
    if status != SUCCESS:
        raise refusal(status, during)


def _wrong_length(file: File, length: int) -> errors.CardDataError:
    return errors.CardDataError(
        N_("The file “{file}” has {wanted} bytes, but the card sent {length}."),
        file=file.name,
        wanted=file.size,
        length=length,
    )


def _not_public(card: str) -> errors.NotPublicError:
    return errors.NotPublicError(N_("This is a {card}. How to open a session with it is not public."), card=card)

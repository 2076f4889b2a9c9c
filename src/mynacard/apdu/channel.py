"""A channel sends commands to a card, fetches what '61XX' and '6CXX' announce, and turns refusals into exceptions."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final, TypeAlias

from mynacard import errors
from mynacard._dataclasses import dataclass
from mynacard.apdu.commands import (
    SFI_MAX,
    Command,
    GetResponse,
    SelectDf,
    SelectEf,
    SfiCommand,
    encode,
)
from mynacard.apdu.keypad import TypedCommand, with_keys
from mynacard.apdu.message import Card, CommandApdu, ResponseApdu
from mynacard.apdu.status import SUCCESS, StatusWord
from mynacard.arguments import BYTES, check_type, wrong_type
from mynacard.texts import N_

__all__ = ["ISO_7816_4", "CardProfile", "Channel", "Meanings", "refusal"]

_log = logging.getLogger(__name__)

Meanings: TypeAlias = Mapping[int, Callable[[StatusWord, str], errors.CardError]]
"""The exceptions that status words stand for, by status word."""

ISO_7816_4: Final[Meanings] = {
    StatusWord.WRONG_LENGTH: errors.WrongLength,
    StatusWord.SECURITY_STATUS_NOT_SATISFIED: errors.SecurityStatusNotSatisfied,
    StatusWord.CONDITIONS_NOT_SATISFIED: errors.ConditionsNotSatisfied,
    StatusWord.FUNCTION_NOT_SUPPORTED: errors.FunctionNotSupported,
    StatusWord.FILE_NOT_FOUND: errors.FileNotFound,
    StatusWord.WRONG_P1_P2: errors.FunctionNotSupported,
    StatusWord.UNKNOWN_INS: errors.FunctionNotSupported,
    StatusWord.UNKNOWN_CLA: errors.FunctionNotSupported,
}

GET_RESPONSE_MAX: Final = 64
"""How many times '61XX' is followed for one command; the longest object of these cards takes fewer."""

_SFI_REFUSED: Final = frozenset(
    {
        StatusWord.WRONG_KIND_OF_FILE,
        StatusWord.NO_FILE_SELECTED,
        StatusWord.FUNCTION_NOT_SUPPORTED,
        StatusWord.FILE_NOT_FOUND,
        StatusWord.WRONG_P1_P2,
        StatusWord.REFERENCE_NOT_FOUND,
        StatusWord.OFFSET_OUTSIDE_FILE,
    }
)
"""Answers that a card without short EF identifiers may give to a command that uses one."""

_SELECTS_A_DF: Final = frozenset({b"\xa4\x00", b"\xa4\x04"})
"""INS and P1 of SELECT of the MF, and of SELECT by DF name, in any class."""


_NO_SUCH_APPLICATION: Final = frozenset(
    {
        StatusWord.FUNCTION_NOT_SUPPORTED,
        StatusWord.FILE_NOT_FOUND,
        StatusWord.WRONG_P1_P2,
        StatusWord.LENGTH_CONTRADICTS_P1_P2,
        StatusWord.UNKNOWN_INS,
        StatusWord.UNKNOWN_CLA,
        StatusWord.SELECTION_FAILED,
    }
)
"""Answers of other kinds of cards to SELECT of an application that they do not have, or to any SELECT."""


def refusal(status: StatusWord, during: str, meanings: Meanings = ISO_7816_4) -> errors.CardError:
    """The exception for *status* (ISO/IEC 7816-4:2005 §5.1.3), or for what the application means by it."""
    match status.tries_left:  # of '63CX' only: the 4 of '6984' counts nothing
        case None:
            return meanings.get(status, errors.CardError)(status, during)
        case 0:
            return errors.PinBlocked(status, during, during)
        case _:
            return errors.PinIncorrect(status, during, during)


@dataclass(frozen=True, slots=True)
class CardProfile:
    """Facts learned about a card behind a reader. A later channel on the same two, given them, asks nothing twice.

    Attributes:
        extended_length: whether a READ BINARY with extended Le returns a long file whole; None until it was tried.
        block: where it does not, the most bytes that one may return nevertheless.
        seen: how many bytes were asked for and came, or all of a shorter file. More are asked for only where no login
            can be lost.
        certificate: how many bytes of a JPKI certificate to ask for first; None: as mynacard.apdu.reading has it.
        selects_first: the commands whose short EF identifiers this card refused; for these, the EF is selected first.
    """

    extended_length: bool | None = None
    block: int = 256
    seen: int = 256
    certificate: int | None = None
    selects_first: frozenset[type[Command]] = frozenset()


class Channel:
    """The way to one card, and itself a :class:`~mynacard.apdu.message.Card`.

    Keeps nothing that the card knows better: no selected file, no security status, no counter. It keeps only what was
    learned (``profile``), and a count of how many times sessions began or ended (``selections``), by which a session
    sees that it is over.

    ==============  =========  =======================  ==========================
    verb            takes      follows '61XX', '6CXX'   returns
    ==============  =========  =======================  ==========================
    transmit        bytes      no                       bytes
    exchange_once   a command  no: it is sent once      the response
    exchange_typed  a command  no: a PIN is typed       the response
    exchange        a command  yes                      the response
    exchange_on     a command  yes, on the EF named     the response
    send            a command  yes                      the data; raises a refusal
    send_on         a command  yes, on the EF named     the data; raises a refusal
    select          a DF name  yes                      nothing; raises a refusal
    ==============  =========  =======================  ==========================
    """

    def __init__(self, card: Card, profile: CardProfile = CardProfile()) -> None:
        if not callable(getattr(card, "transmit", None)):
            raise wrong_type(type(card), "Card")
        check_type(profile, CardProfile)
        self._card = card
        self._profile = profile
        self.selections = 0

    @property
    def profile(self) -> CardProfile:
        """Everything learned so far."""
        return self._profile

    def learn(self, profile: CardProfile) -> None:
        """Take *profile* as what is known of this card behind this reader."""
        self._profile = profile

    def transmit(self, command: bytes, /) -> bytes:
        """The card's answer to the command APDU *command*.

        Raises:
            OutcomeUnknownError: fewer than two bytes came back.
            ReaderError: the card cannot be reached.
        """
        check_type(command, *BYTES, wanted="bytes")
        if command[1:3] in _SELECTS_A_DF:
            self.selections += 1
        answer = self._card.transmit(command)
        if len(answer) < 2:
            raise errors.OutcomeUnknownError(
                N_("The card's answer has {length} bytes and no status word: what it did is unknown."),
                length=len(answer),
            )
        return answer

    def end_sessions(self) -> None:
        """End the sessions on this channel: another program may have used the card in between."""
        self.selections += 1

    def exchange_once(self, command: Command) -> ResponseApdu:
        """The response to *command*, which is sent once, whatever comes back.

        Raises:
            ProtocolError: a field of *command* is out of range, or the response is longer than Ne.
            ReaderError: as :meth:`transmit`.
        """
        return self._exchange(encode(command))

    def exchange_typed(self, command: TypedCommand) -> ResponseApdu:
        """The card's response to *command*, whose PIN the holder types at the reader; or the reader's own response.

        Raises:
            NoKeypadError: the reader has no keypad, or something around the card hides it. The holder was not asked.
            ReaderError: the card cannot be reached.
            ProtocolError: the response holds more than a status word.
        """
        response = ResponseApdu.parse(with_keys(self._card).transmit_typed(command))
        _log.debug("%s typed at the reader -> %r", command.header.hex(" ").upper(), response)
        _check_room(len(response.data), 0)
        return response

    def exchange(self, command: Command) -> ResponseApdu:
        """The complete response to *command*: '6CXX' is followed once, '61XX' to its end, up to Ne.

        Raises:
            ProtocolError: the response is longer than Ne, or '61XX' does not end.
        """
        apdu = encode(command)
        return self._complete(apdu, self._exchange(apdu))

    def send(self, command: Command, during: str | None = None, meanings: Meanings = ISO_7816_4) -> bytes:
        """The data that *command* returns.

        Raises:
            CardError: a status word other than '9000'; the exception that *meanings* has for it.
            ProtocolError: as :meth:`exchange`.
        """
        return _data(self.exchange(command), during or command.title, meanings)

    def send_on(self, file_id: int, command: SfiCommand) -> bytes:
        """The data that *command* returns from the EF *file_id*, sent as :meth:`exchange_on` does.

        Raises:
            CardError: the card refused; :func:`refusal` names the class.
            ProtocolError: as :meth:`exchange`.
        """
        return _data(self.exchange_on(file_id, command), command.title)

    def exchange_on(self, file_id: int, command: SfiCommand) -> ResponseApdu:
        """The response to *command* on the EF *file_id*, by short identifier, or else after SELECT.

        ``profile`` remembers that a card refuses the short form. A command goes out in the second form only if the card
        refused the first without looking at its data.

        Raises:
            CardError: the EF cannot be selected.
            ProtocolError: as :meth:`exchange`.
        """
        kind = type(command)
        by_identifier = self.takes_identifier(file_id, kind)
        if by_identifier:
            apdu = encode(command)
            response = self._exchange(apdu)
            if response.status not in _SFI_REFUSED:
                return self._complete(apdu, response)
        self.send(SelectEf(file_id))
        response = self.exchange(command.on_current_ef())
        if by_identifier and response.status not in _SFI_REFUSED:
            self.learn(replace(self.profile, selects_first=self.profile.selects_first | {kind}))
        return response

    def takes_identifier(self, file_id: int, kind: type[SfiCommand]) -> bool:
        """Whether a command of this *kind* names the EF *file_id* by short identifier, as far as is known."""
        return file_id <= SFI_MAX and kind not in self.profile.selects_first

    def select(self, df_name: bytes, application: str) -> None:
        """SELECT the application *df_name*; the card forgets everything that was verified in another one.

        Raises:
            ApplicationNotFound: the card does not have it; *application* is its name for people.
            CardError: the card refused in another way.
        """
        check_type(df_name, bytes)
        command = SelectDf(df_name)
        response = self.exchange(command)
        if response.status == StatusWord.FAULT:  # seen as the answer to the first command after power-on
            response = self.exchange(command)
        if response.status in _NO_SUCH_APPLICATION:
            raise errors.ApplicationNotFound(response.status, command.title, application)
        _data(response, command.title)

    def _exchange(self, apdu: CommandApdu) -> ResponseApdu:
        response = ResponseApdu.parse(self.transmit(bytes(apdu)))
        _log.debug("%r -> %r", apdu, response)
        _check_room(len(response.data), apdu.ne)
        return response

    def _complete(self, apdu: CommandApdu, response: ResponseApdu) -> ResponseApdu:
        """*response*, completed with the data it announces; none is fetched if the command wanted none, or less."""
        exact = response.status.exact_ne
        if exact is not None and exact <= apdu.ne:
            apdu = replace(apdu, ne=exact)
            response = self._exchange(apdu)
        return self._fetch(apdu, response) if apdu.ne and response.status.more else response

    def _fetch(self, apdu: CommandApdu, response: ResponseApdu) -> ResponseApdu:
        """GET RESPONSE until the end (ISO/IEC 7816-4:2005 §7.6.1), in the class of the command."""
        data = response.data
        for _ in range(GET_RESPONSE_MAX):
            more = response.status.more
            if more is None:
                return ResponseApdu(data, response.status)
            response = self._exchange(replace(encode(GetResponse(more)), cla=apdu.cla & 0x03))
            data += response.data
            _check_room(len(data), apdu.ne)
            if response.status.more and not response.data:
                break
        raise errors.ProtocolError(N_("The card announces more data ('61XX') without end."))


def _data(response: ResponseApdu, during: str, meanings: Meanings = ISO_7816_4) -> bytes:
    if response.status != SUCCESS:
        raise refusal(response.status, during, meanings)
    return response.data


def _check_room(nr: int, ne: int) -> None:
    if nr > ne:
        raise errors.ProtocolError(N_("The card sent {nr} bytes where {ne} were asked for."), nr=nr, ne=ne)

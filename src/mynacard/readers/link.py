"""A connection to the card on one reader: the steps that its worker's thread takes.

The handles are kept here, in the thread that makes the calls. So nothing is lost between a call and the record of it,
however the caller is interrupted; and the results of a call that the caller no longer waits for are released in their
turn.

Source: PC/SC Workgroup, part 5 (dispositions); pcsc-lite's src/winscard.c for what each of them does there.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final, TypeVar

from mynacard import errors
from mynacard.apdu.exposure import LOG_OUT_WIRE, Exposure
from mynacard.apdu.keypad import Feature, TypedCommand, parse_properties
from mynacard.readers.codes import failure
from mynacard.readers.library import Calls, Disposition, Library, State, known
from mynacard.texts import N_

__all__ = ["Link", "quietly"]

T = TypeVar("T")

_log = logging.getLogger(__name__)

_UNREACHABLE: Final = (errors.CardLostError, errors.NoCardError, errors.ReaderNotFoundError, errors.NoPcscServiceError)
"""After these no command reaches the card, at least over this connection."""

_UNEXPLAINED: Final = (errors.ReaderError, errors.OutcomeUnknownError, errors.AccessRefusedError)
"""Errors that may have a more precise cause. pcsc-lite calls it a refusal when its service hangs up, for any reason."""
_REMOVED_CARD: Final = 0x80100069
_READER_UNAVAILABLE: Final = 0x80100017
_NO_SERVICE: Final = 0x8010001D
_REMOVAL_MS: Final = 600
"""How long a removal may go unnoticed: pcsc-lite's drivers look every 400 ms."""


class Link:
    """The connection, its transaction, and the clean-up at their end.

    Args:
        library: the PC/SC library.
        reader: the full name of the reader.

    Raises:
        ReaderError: from every method that makes a call; :meth:`end` and :meth:`close` only log it.
    """

    def __init__(self, library: Library, reader: str) -> None:
        self._calls = Calls(library, reader)
        self._reader = reader
        self._context: int | None = None
        self._card: int | None = None
        self._protocol = 0
        self._in_transaction = False
        self._used = False
        self._reachable = False
        self._must_power_off = False
        self._features: Mapping[int, int] | None = None
        self.exposure = Exposure()
        self.atr = b""

    @property
    def used(self) -> bool:
        """Whether a command was sent."""
        return self._used

    def establish(self) -> None:
        self._context = self._calls.establish_context()

    def connect(self) -> None:
        """Connect to the card, shared with other programs; connect again if it is connected already."""
        self._disconnect(Disposition.LEAVE)
        self._card, self._protocol = self._calls.connect(self._held(self._context), self._reader)
        self.atr = self._calls.atr(self._card)

    def begin(self) -> None:
        """Begin a transaction: from now on no other program gets to the card.

        Raises:
            ReaderError: it cannot begin; the error says what is gone (card, reader or service), even if the code of
                the call did not.
        """
        try:
            self._calls.begin_transaction(self._held(self._card))
        except errors.ReaderError as error:
            if explained := self._explained(error):
                raise explained from error
            raise
        self._in_transaction = self._reachable = True

    def transmit(self, command: bytes) -> bytes:
        """The card's answer to *command*, which is sent once.

        Raises:
            OutcomeUnknownError: no status word came back.
            ReaderError: the call failed; the error says what is gone (card, reader or service), if something is.
        """
        return self._reached(partial(self._send, command))

    def transmit_typed(self, command: TypedCommand) -> bytes:
        """The answer to *command*, once the holder has typed at the reader.

        Raises:
            NoKeypadError: the reader has no keypad for it; nothing was sent.
            ReaderError: as :meth:`transmit`.
        """
        return self._reached(partial(self._have_typed, command))

    def features(self) -> Mapping[int, int]:
        """The control codes of the reader's features, by tag; empty if it does not report any."""
        if self._features is None:
            self._features = _reported(lambda: self._calls.features(self._held(self._card)))
        return self._features

    def properties(self) -> Mapping[int, bytes]:
        """The reader's properties, by tag; empty if it does not report any."""
        code = self.features().get(Feature.GET_TLV_PROPERTIES)
        if code is None:
            return {}
        return _reported(lambda: parse_properties(self._calls.control(self._held(self._card), code, b"")))

    def _reached(self, send: Callable[[], bytes]) -> bytes:
        try:
            return send()
        except errors.ReaderError as error:
            explained = self._explained(error)
            self._reachable = not isinstance(explained or error, _UNREACHABLE)
            if explained:
                raise explained from error
            raise

    def _send(self, command: bytes) -> bytes:
        card = self._held(self._card)
        self._used = True
        self.exposure.sending(command)
        answer = _checked(self._calls.transmit(card, self._protocol, command))
        self.exposure.answered(command, answer)
        return answer

    def _have_typed(self, command: TypedCommand) -> bytes:
        card, code = self._held(self._card), self.features().get(command.feature)
        if code is None:
            raise errors.NoKeypadError(N_("The reader {reader} has no keypad for a PIN."), reader=self._reader)
        self._used = True
        self.exposure.typed()
        return _checked(self._calls.control(card, code, command.structure()))

    def end(self) -> None:
        """Log out if a PIN may be verified, and end the transaction; cut the power with it if a PIN was shown.

        The power is cut here, not when the connection closes: a waiting program gets the card as soon as the
        transaction ends. SCARD_RESET_CARD will not do: PINs were seen to stay verified over a warm reset.
        """
        if not self._in_transaction:
            return
        self._log_out()
        off = self.exposure.pin_shown
        disposition = Disposition.UNPOWER if off else Disposition.LEAVE
        ended = quietly(lambda: self._calls.end_transaction(self._held(self._card), disposition))
        self._must_power_off = off and not ended
        self._in_transaction = False

    def close(self) -> None:
        """Release everything, last things first. A failure is logged, and does not stop the later steps."""
        self.end()
        # Cut the power only if the end of the transaction could not (the card was reset meanwhile). Twice would be once
        # too often: pcscd 1.9.9 then leaves a card without power that another program is still connected to.
        self._disconnect(Disposition.UNPOWER if self._must_power_off else Disposition.LEAVE)
        if self._context is not None:
            quietly(partial(self._calls.release_context, self._context))
        self._context = None

    def give_up(self) -> None:
        """A call did not return: send no more commands. A second one would hang as well, and hold up other programs."""
        self._reachable = False

    def _disconnect(self, disposition: Disposition) -> None:
        if self._card is not None:
            quietly(partial(self._calls.disconnect, self._card, disposition))
        self._card = None

    def _held(self, handle: int | None) -> int:
        if handle is None:
            raise errors.CardLostError(N_("The connection to {reader} is closed."), reader=self._reader)
        return handle

    def _log_out(self) -> None:
        # The power-off may not be enough where the reader, not the card, decides what it means.
        if self.exposure.login_possible and self._reachable:
            quietly(partial(self._send, LOG_OUT_WIRE))
        self._reachable = False

    def _explained(self, error: errors.ReaderError) -> errors.ReaderError | None:
        """The error that says which of card, reader and service is gone, if one is; None if *error* says enough.

        pcsc-lite reports only a failure to the first program that meets one of these.
        """
        if type(error) not in _UNEXPLAINED:
            return None
        try:
            state = self._state_soon()
        except (errors.OutcomeUnknownError, errors.AccessRefusedError):  # no card is involved: the service is gone
            return self._failure(_NO_SERVICE)
        except (errors.NoPcscServiceError, errors.ReaderNotFoundError) as gone:
            return gone
        except errors.ReaderError:
            return None
        if state & (State.UNKNOWN | State.UNAVAILABLE):
            return self._failure(_READER_UNAVAILABLE)
        return None if state & State.PRESENT else self._failure(_REMOVED_CARD)

    def _failure(self, code: int) -> errors.ReaderError:
        return failure(code, "SCardTransmit", self._reader)

    def _state_soon(self) -> State:
        """The reader's state, after the time in which a removal is noticed."""
        context = self._held(self._context)
        ((_, state, _),) = self._calls.get_status_change(context, 0, [(self._reader, State.UNAWARE)])
        if state & State.PRESENT:
            states = [(self._reader, known(state))]
            for _, changed, _ in self._calls.get_status_change(context, _REMOVAL_MS, states):
                state = changed
        return State(state & 0xFFFF)


def _reported(ask: Callable[[], Mapping[int, T]]) -> Mapping[int, T]:
    """The reader's report of itself; empty if it cannot give one, or reports nonsense."""
    try:
        return ask()
    except (errors.ReaderError, errors.ProtocolError) as error:
        if isinstance(error, errors.ReaderError) and type(error) not in _UNEXPLAINED:
            raise
        _log.debug("the reader does not describe itself: %s", error)
        return {}


def _checked(answer: bytes) -> bytes:
    """*answer*, which has to hold a status word: a card pulled in mid-command may leave a success without one."""
    if len(answer) < 2:
        raise errors.OutcomeUnknownError(
            N_("The card's answer has {length} bytes and no status word: what it did is unknown."), length=len(answer)
        )
    return answer


def quietly(step: Callable[[], object]) -> bool:
    """Do *step*, and return whether it worked; a failure is only logged, since a better error may be on its way."""
    try:
        step()
    except errors.ReaderError as error:
        _log.info("while leaving: %s", error)
        return False
    return True

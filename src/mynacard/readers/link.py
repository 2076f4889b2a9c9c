"""A connection to the card on one reader, step by step, as its worker's thread goes through it.

All that is known of handles is known here, in the thread that makes the calls. So nothing is lost between a call and
the note of it, however the caller is interrupted; and what is left of a call that nobody waits for any more is let go
in its turn.

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
"""After these no command reaches the card, over this connection at least."""

_UNEXPLAINED: Final = (errors.ReaderError, errors.OutcomeUnknownError, errors.AccessRefusedError)
"""pcsc-lite calls it a refusal when its service hangs up, for whatever reason."""
_REMOVED_CARD: Final = 0x80100069
_READER_UNAVAILABLE: Final = 0x80100017
_NO_SERVICE: Final = 0x8010001D
_REMOVAL_MS: Final = 600
"""So long a removal may take to be noticed: pcsc-lite's drivers look every 400 ms."""


class Link:
    """The connection, its transaction, and what must be done at their end.

    Args:
        library: the PC/SC library.
        reader: the whole name of the reader.
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
        """To the card, shared with other programs; anew, if it is connected already."""
        self._disconnect(Disposition.LEAVE)
        self._card, self._protocol = self._calls.connect(self._held(self._context), self._reader)
        self.atr = self._calls.atr(self._card)

    def begin(self) -> None:
        """A transaction: from now on no other program gets to the card.

        Raises:
            ReaderError: it cannot begin; the error says what is gone (card, reader or service), also where the code
                of the call did not.
        """
        try:
            self._calls.begin_transaction(self._held(self._card))
        except errors.ReaderError as error:
            if explained := self._explained(error):
                raise explained from error
            raise
        self._in_transaction = self._reachable = True

    def transmit(self, command: bytes) -> bytes:
        """The answer of the card, to which *command* is sent once."""
        return self._reached(partial(self._send, command))

    def transmit_typed(self, command: TypedCommand) -> bytes:
        """The answer to *command*, once somebody has typed at the reader."""
        return self._reached(partial(self._have_typed, command))

    def features(self) -> Mapping[int, int]:
        """The control codes of what the reader can do, by tag; none where it does not tell."""
        if self._features is None:
            self._features = _told(lambda: self._calls.features(self._held(self._card)))
        return self._features

    def properties(self) -> Mapping[int, bytes]:
        """What the reader tells of itself, by tag; nothing where it does not."""
        code = self.features().get(Feature.GET_TLV_PROPERTIES)
        if code is None:
            return {}
        return _told(lambda: parse_properties(self._calls.control(self._held(self._card), code, b"")))

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
            raise errors.NoKeypadError(N_("The reader {reader} has no keys for a PIN."), reader=self._reader)
        self._used = True
        self.exposure.typed()
        return _checked(self._calls.control(card, code, command.structure()))

    def end(self) -> None:
        """Log out if a PIN may be verified, and end the transaction; cut the power with it if a PIN was shown.

        The power goes here already, and not with the connection: whoever waits comes in as soon as this ends. Never by
        SCARD_RESET_CARD: PINs were seen to stay verified over a warm reset.
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
        """Let everything go, last things first. What fails is logged, and stops no later step."""
        self.end()
        # The power only where the transaction's end could not take it (a card that was reset meanwhile). Twice would be
        # once too often: pcscd 1.9.9 keeps a card that another program stays connected to without power then.
        self._disconnect(Disposition.UNPOWER if self._must_power_off else Disposition.LEAVE)
        if self._context is not None:
            quietly(partial(self._calls.release_context, self._context))
        self._context = None

    def give_up(self) -> None:
        """A call did not return: no command any more. A second one would be as mute, and hold up other programs."""
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
        """That card, reader or service is gone, if that is what *error* means; None if it says all there is to say.

        pcsc-lite tells whoever meets one of these first only of a failure.
        """
        if type(error) not in _UNEXPLAINED:
            return None
        try:
            state = self._state_soon()
        except (errors.OutcomeUnknownError, errors.AccessRefusedError):  # what concerns no card does not fail so
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
        """The reader's state, once a removal would be noticed."""
        context = self._held(self._context)
        ((_, state, _),) = self._calls.get_status_change(context, 0, [(self._reader, State.UNAWARE)])
        if state & State.PRESENT:
            states = [(self._reader, known(state))]
            for _, changed, _ in self._calls.get_status_change(context, _REMOVAL_MS, states):
                state = changed
        return State(state & 0xFFFF)


def _told(ask: Callable[[], Mapping[int, T]]) -> Mapping[int, T]:
    """What a reader tells of itself; nothing where it cannot, or tells nonsense."""
    try:
        return ask()
    except (errors.ReaderError, errors.ProtocolError) as error:
        if isinstance(error, errors.ReaderError) and type(error) not in _UNEXPLAINED:
            raise
        _log.debug("the reader does not tell of itself: %s", error)
        return {}


def _checked(answer: bytes) -> bytes:
    """*answer*, if it holds a status word: a card pulled in mid-command may leave a success without one."""
    if len(answer) < 2:
        raise errors.OutcomeUnknownError(
            N_("The card's answer has {length} bytes and no status word: what it did is unknown."), length=len(answer)
        )
    return answer


def quietly(step: Callable[[], object]) -> bool:
    """Does *step*, and says whether it worked; a failure is logged, for a better error may be on its way."""
    try:
        step()
    except errors.ReaderError as error:
        _log.info("while leaving: %s", error)
        return False
    return True

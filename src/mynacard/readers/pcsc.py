"""Which readers there are, and the card on one of them: one connection, one transaction, always let go.

A PIN that was shown to a card stays verified in it, for whoever talks to it next, until the card leaves the application
or loses its power. So the connection watches what passes through it, and logs out and powers off on the way out.

Source: PC/SC Workgroup, part 5 (dispositions); pcsc-lite's src/winscard.c for what each of them does there.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Final, Self

from mynacard import errors
from mynacard.apdu.commands import LOG_OUT, carries_secret, encode
from mynacard.errors import mark
from mynacard.readers.library import Calls, Scard, find_library

__all__ = ["ReaderCard", "ReaderState", "list_readers"]

_log = logging.getLogger(__name__)

_LOG_OUT: Final = bytes(encode(LOG_OUT))
_DONE: Final = b"\x90\x00"
_UNREACHABLE: Final = (errors.CardLostError, errors.NoCardError, errors.ReaderNotFoundError, errors.NoPcscServiceError)
"""After these no command reaches the card, over this connection at least."""


@dataclass(frozen=True, slots=True)
class ReaderState:
    """A reader as it was when asked.

    Attributes:
        name: the name that PC/SC gives it; it may change when readers are plugged in.
        card_present: a card lies on it, or something like one.
        mute: and does not answer.
        in_use: some program is connected to the card.
        exclusive: and does not share it.
        atr: the card's answer to reset; empty without a card. It does not tell one kind of card from another.
    """

    name: str
    card_present: bool = False
    mute: bool = False
    in_use: bool = False
    exclusive: bool = False
    atr: bytes = b""


def list_readers(scard: Scard | None = None) -> tuple[ReaderState, ...]:
    """The readers that are attached, with what lies on them; empty if there are none. Touches no card.

    Args:
        scard: the PC/SC library; None finds it.

    Raises:
        NoPcscLibraryError: there is none.
        NoPcscServiceError: its service does not run.
        ReaderError: it failed in another way.
    """
    scard = find_library() if scard is None else scard
    calls = Calls(scard)
    context = calls.establish_context()
    try:
        readers = calls.list_readers(context)
        states = calls.states(context, readers) if readers else ()
        return tuple(_reader_state(scard, *state) for state in states)
    except errors.NoReaderError:
        return ()
    finally:
        _quietly(partial(calls.release_context, context))


def _reader_state(scard: Scard, name: str, state: int, atr: bytes) -> ReaderState:
    exclusive = bool(state & scard.SCARD_STATE_EXCLUSIVE)
    return ReaderState(
        name,
        card_present=bool(state & scard.SCARD_STATE_PRESENT),
        mute=bool(state & scard.SCARD_STATE_MUTE),
        in_use=exclusive or bool(state & scard.SCARD_STATE_INUSE),
        exclusive=exclusive,
        atr=atr,
    )


class ReaderCard:
    """The card on the reader *name*: a context manager, and a :class:`~mynacard.apdu.message.Card` inside of it.

    Connects shared, and holds one transaction from first to last: other programs wait. So ask the holder for the PIN
    before, not inside. (Windows resets a card whose transaction is idle for five seconds.)

    On every way out, an exception or an interrupt too: if a PIN may still be verified, the application is left; if a
    PIN was shown at all, the card is powered off, before any other program gets to it. What fails while leaving is
    logged, and never stands in for the error that is on its way. No command is ever sent twice.

    Not for two threads at once.

    Args:
        name: the whole name of the reader, as :func:`list_readers` has it.
        scard: the PC/SC library; None finds it.

    Raises:
        ReaderError: on entering: no library, service, reader or card, or the card is in use; nothing stays open.
        UsageError: it is entered already.
    """

    def __init__(self, name: str, scard: Scard | None = None) -> None:
        self.name = name
        self._scard = scard
        self._context: int | None = None
        self._card: int | None = None
        self._protocol = 0
        self._atr: bytes | None = None
        self._in_transaction = False
        self._pin_shown = False
        self._login_possible = False
        self._must_power_off = False
        self._reachable = False

    def __enter__(self) -> Self:
        if self._context is not None:
            raise errors.UsageError(mark("The card on {reader} is open already."), reader=self.name)
        self._calls = Calls(find_library() if self._scard is None else self._scard, self.name)
        self._pin_shown = self._login_possible = False
        try:
            self._connect(self._calls)
        except BaseException:
            self._leave()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._leave()

    @property
    def atr(self) -> bytes:
        """The card's answer to reset, as it was on entering.

        Raises:
            UsageError: the card is not open.
        """
        if self._atr is None:
            raise self._not_open()
        return self._atr

    @property
    def pin_shown(self) -> bool:
        """Whether a PIN or password was sent to the card, whatever the card said to it."""
        return self._pin_shown

    @property
    def login_possible(self) -> bool:
        """Whether a PIN may be verified in the card: one was sent, and no successful log-out since."""
        return self._login_possible

    def transmit(self, command: bytes, /) -> bytes:
        """The response APDU to *command*, which is sent once.

        Raises:
            UsageError: the card is not open; nothing was sent.
            CardLostError: the card was removed or reset.
            OutcomeUnknownError: no status word came back.
            ReaderError: PC/SC failed in another way.
        """
        if self._card is None or self._atr is None:
            raise self._not_open()
        if carries_secret(command):  # counts from here on: an answer may never come
            self._pin_shown = self._login_possible = True
        try:
            answer = self._calls.transmit(self._card, self._protocol, command)
        except _UNREACHABLE:
            self._reachable = False
            raise
        if command == _LOG_OUT and answer == _DONE:
            self._login_possible = False
        return _checked(answer)

    def _not_open(self) -> errors.UsageError:
        return errors.UsageError(mark("The card on {reader} is not open; use it inside its 'with'."), reader=self.name)

    def _connect(self, calls: Calls) -> None:
        self._context = calls.establish_context()
        self._card, self._protocol = calls.connect(self._context, self.name)
        calls.begin_transaction(self._card)
        self._in_transaction = self._reachable = True
        self._atr = calls.atr(self._card)

    def _leave(self) -> None:
        """Let everything go, last things first; an interrupt on the way is raised when all is done.

        The second round does what an interrupt cut short in the first. As a rule nothing is left for it.
        """
        try:
            self._let_go()
        finally:
            self._let_go()

    def _let_go(self) -> None:
        try:
            self._log_out()
        finally:
            try:
                self._end_transaction()
            finally:
                try:
                    self._disconnect()
                finally:
                    self._release()

    def _log_out(self) -> None:
        # The power-off may not be enough where the reader, not the card, decides what it means.
        wanted = self._login_possible and self._reachable
        self._reachable = False
        if wanted:
            _quietly(partial(self.transmit, _LOG_OUT))

    def _end_transaction(self) -> None:
        # The power goes here already, and not with the connection: whoever waits comes in as soon as this ends.
        self._must_power_off = self._pin_shown
        if self._in_transaction and self._card is not None:
            ended = _quietly(partial(self._calls.end_transaction, self._card, power_off=self._pin_shown))
            self._must_power_off = self._pin_shown and not ended
        self._in_transaction = False

    def _disconnect(self) -> None:
        # The power only where the transaction's end could not take it (a card that was reset meanwhile). Twice would be
        # once too often: pcscd 1.9.9 keeps a card that another program stays connected to without power then.
        if self._card is not None:
            _quietly(partial(self._calls.disconnect, self._card, power_off=self._must_power_off))
        self._card = self._atr = None

    def _release(self) -> None:
        if self._context is not None:
            _quietly(partial(self._calls.release_context, self._context))
        self._context = None


def _checked(answer: bytes) -> bytes:
    """*answer*, if it holds a status word: a card pulled in mid-command may leave a success without one."""
    if len(answer) < 2:
        raise errors.OutcomeUnknownError(
            mark("The card's answer has {length} bytes and no status word: what it did is unknown."), length=len(answer)
        )
    return answer


def _quietly(step: Callable[[], object]) -> bool:
    """Does *step*, and says whether it worked; a failure is logged, for a better error may be on its way."""
    try:
        step()
    except errors.ReaderError as error:
        _log.info("while leaving: %s", error)
        return False
    return True

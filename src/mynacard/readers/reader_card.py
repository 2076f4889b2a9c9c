"""The card on a reader: one connection, used in transactions, always let go.

A PIN that was shown to a card stays verified in it, for whoever talks to it next, until the card leaves the application
or loses its power. So the connection watches what passes through it, and logs out and powers off on the way out.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Generator
from functools import partial
from types import TracebackType
from typing import Final, Self, TypeVar

from mynacard import errors
from mynacard.apdu.channel import CardProfile
from mynacard.apdu.keypad import Feature, TypedCommand
from mynacard.readers.deadlines import Deadlines
from mynacard.readers.finding import find_library
from mynacard.readers.holders import likely_holders
from mynacard.readers.library import Library
from mynacard.readers.link import Link
from mynacard.readers.ownership import Ownership
from mynacard.readers.profiles import ReaderIdentity, ReaderProfile, profile_of
from mynacard.readers.worker import Worker
from mynacard.texts import N_

__all__ = ["ReaderCard"]

T = TypeVar("T")

_log = logging.getLogger(__name__)

_BUSY: Final = N_(
    "Another program keeps the card on {reader}: it was not let go within {seconds:g} s ({call}). "
    "Often it is GnuPG's scdaemon, ssh-agent or a browser. Close that program and try again."
)
_BUSY_KNOWN: Final = N_(
    "Another program keeps the card on {reader}: it was not let go within {seconds:g} s ({call}). "
    "Programs that use cards now: {holders}. Close that program and try again."
)
_UNTESTED: Final = N_(
    "Nobody is known to have tried the keys of {reader} with these cards, and a try could be lost. "
    "They are used only where that is asked for (--untested-keypad)."
)
_ASK_AGAIN_S: Final = 0.1
_BEGINNINGS: Final = 3
"""So often a connection is begun anew because somebody reset the card in between; nothing is on it yet."""


class ReaderCard:
    """The card on the reader *name*, connected and shared with other programs: a context manager.

    Inside of it, :meth:`transaction` keeps others away; only there it is a :class:`~mynacard.apdu.message.Card`. Ask
    the holder for a PIN between two transactions, not in one: others wait, and Windows resets a card whose transaction
    is idle for five seconds.

    When a transaction ends, and on every way out, an exception or an interrupt too: if a PIN may still be verified, the
    application is left; if a PIN was shown at all, the card is powered off, before any other program gets to it, and
    this connection is of no more use. What fails while leaving is logged, and never stands in for the error that is on
    its way. No command is ever sent twice.

    No call waits for ever (:class:`Deadlines`), and each can be interrupted. After one that did not return in time the
    connection is given up: nothing more is sent over it, and it is let go when the call returns.

    Belongs to the thread that enters it until another one calls :meth:`adopt`, and never to a forked process.

    Args:
        name: the whole name of the reader, as :func:`list_readers` has it.
        library: the PC/SC library; None finds it.
        deadlines: how long is waited for what.

    Raises:
        ReaderError: on entering: no library, service, reader or card; nothing stays open.
        ReaderBusyError: another program did not let go of the card in time.
        UsageError: it is entered already.
    """

    def __init__(self, name: str, library: Library | None = None, deadlines: Deadlines = Deadlines()) -> None:
        self.name = name
        self._library = library
        self._deadlines = deadlines
        self._owner = Ownership()
        self._open: tuple[Worker, Link] | None = None
        self._in_transaction = False
        self._entry_ends = 0.0

    def __enter__(self) -> Self:
        if self._open is not None:
            raise errors.UsageError(N_("The card on {reader} is open already."), reader=self.name)
        self._owner = Ownership()
        worker, link = Worker(), Link(find_library() if self._library is None else self._library, self.name)
        self._open = worker, link
        try:
            worker.run("SCardEstablishContext", link.establish, self._deadlines.service_s)
            self._when_free("SCardConnect", link.connect)
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
        return self._opened()[1].atr

    @property
    def profile(self) -> ReaderProfile:
        """What is known of this kind of reader."""
        return profile_of(self.name)

    @property
    def card_profile(self) -> CardProfile:
        """What a channel through it may take for granted."""
        return self.profile.card_profile()

    @property
    def pin_shown(self) -> bool:
        """Whether a PIN or password was sent to the card, whatever the card said to it."""
        return self._opened()[1].exposure.pin_shown

    @property
    def login_possible(self) -> bool:
        """Whether a PIN may be verified in the card: one was sent, and no successful log-out since."""
        return self._opened()[1].exposure.login_possible

    def adopt(self) -> None:
        """Take the card over into the calling thread. The former one must have finished with it."""
        self._owner.adopt()

    @contextlib.contextmanager
    def transaction(self) -> Generator[Self, None, None]:
        """No other program gets to the card while this lasts.

        Raises:
            ReaderBusyError: another program did not let go of it in time.
            CardLostError: it was removed, or another card put in its place, or reset, since it was connected.
            UsageError: the card is not open, in a transaction already, or was powered off after a PIN.
        """
        self._owner.check()
        _, link = self._opened()
        if self._in_transaction:
            raise errors.UsageError(N_("There is a transaction on {reader} already."), reader=self.name)
        if link.exposure.pin_shown:
            raise errors.UsageError(
                N_("The card on {reader} was powered off after a PIN. Open it again."), reader=self.name
            )
        self._in_transaction = True
        try:
            self._begin(link)
            yield self
        finally:
            self._in_transaction = False
            self._finish(link.end)

    def transmit(self, command: bytes, /) -> bytes:
        """The response APDU to *command*, which is sent once.

        Raises:
            UsageError: the card is not open, or in no transaction; nothing was sent.
            OwnershipError: another thread or process has it; nothing was sent.
            CardLostError: the card was removed or reset, or the connection was given up.
            OutcomeUnknownError: no status word came back.
            CallTimeoutError: nothing came back in time.
            ReaderError: PC/SC failed in another way.
        """
        worker, link = self._in_use()
        return worker.run("SCardTransmit", partial(link.transmit, command), self._deadlines.card_s)

    def transmit_typed(self, command: TypedCommand, /) -> bytes:
        """The response APDU to *command*, whose PIN somebody types at the reader, or the reader's own status word.

        Raises:
            NoKeypadError: the reader has no keys for it, or nobody is known to have tried them; nobody was asked.
            UsageError, OwnershipError, ReaderError: as :meth:`transmit`.
        """
        worker, link = self._in_use()
        if not command.untested and not self.profile.keypad_tested:
            raise errors.NoKeypadError(_UNTESTED, reader=self.name)
        deadline_s = self._deadlines.card_s + command.longest_s
        self._entry_ends = time.monotonic() + deadline_s
        try:
            answer = worker.run("SCardControl", partial(link.transmit_typed, command), deadline_s)
        except errors.MynacardError:
            self._entry_ends = 0.0
            raise
        except BaseException:
            _log.warning("A PIN is still asked for at the reader. Its cancel key ends that.")
            raise
        self._entry_ends = 0.0
        return answer

    def features(self) -> frozenset[Feature]:
        """What the reader can do beside passing commands on (PC/SC part 10), as far as it tells and is used here."""
        self._owner.check()
        worker, link = self._opened()
        known = worker.run("SCardControl", link.features, self._deadlines.service_s)
        return frozenset(feature for feature in Feature if feature in known)

    def identity(self) -> ReaderIdentity:
        """What the reader tells of itself; most tell nothing."""
        self._owner.check()
        worker, link = self._opened()
        return ReaderIdentity.of(worker.run("SCardControl", link.properties, self._deadlines.service_s))

    def _in_use(self) -> tuple[Worker, Link]:
        """The connection, to its owner, in a transaction."""
        self._owner.check()
        opened = self._opened()
        if not self._in_transaction:
            raise errors.UsageError(N_("The card on {reader} takes commands in a transaction alone."), reader=self.name)
        return opened

    def _opened(self) -> tuple[Worker, Link]:
        if self._open is None:
            raise errors.UsageError(N_("The card on {reader} is not open; use it inside its 'with'."), reader=self.name)
        return self._open

    def _begin(self, link: Link) -> None:
        for _ in range(_BEGINNINGS):
            try:
                return self._when_free("SCardBeginTransaction", link.begin)
            except errors.CardResetError:
                if link.used:
                    raise
                self._when_free("SCardConnect", link.connect)
        return self._when_free("SCardBeginTransaction", link.begin)

    def _when_free(self, call: str, job: Callable[[], None]) -> None:
        """Do *job*, once no other program keeps the card for itself."""
        worker, _ = self._opened()
        until = time.monotonic() + self._deadlines.busy_s
        while True:
            try:
                return worker.run(call, job, max(until - time.monotonic(), _ASK_AGAIN_S))
            except errors.CallTimeoutError as error:  # the service holds the call while another has a transaction
                raise self._busy(call) from error
            except errors.ReaderBusyError as error:  # or refuses it
                if time.monotonic() >= until:
                    raise self._busy(call) from error
            time.sleep(_ASK_AGAIN_S)

    def _busy(self, call: str) -> errors.ReaderBusyError:
        holders = likely_holders()
        return errors.ReaderBusyError(
            _BUSY_KNOWN if holders else _BUSY,
            holders=holders,
            reader=self.name,
            seconds=self._deadlines.busy_s,
            call=call,
        )

    def _leave(self) -> None:
        worker, link = self._opened()
        try:
            self._finish(link.close)
        finally:
            self._open = None
            worker.stop()

    def _finish(self, job: Callable[[], None]) -> None:
        """Have *job* done before anything else, unless a call is stuck: then when that returns.

        Nothing stops a reader that asks for a PIN. Who leaves meanwhile waits for its end: a PIN that is typed later
        would stay verified where this process is gone.
        """
        worker, link = self._opened()
        if self._owner.inherited:  # its worker, and the connection, are the other process's
            return
        if worker.stuck_in:
            link.give_up()
        if not worker.finish(job, max(self._deadlines.leaving_s, self._entry_ends - time.monotonic())):
            link.give_up()

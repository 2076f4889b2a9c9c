"""The card on a reader: one connection, used in transactions, always let go.

A PIN that was shown to a card stays verified in it, for any program that uses it next, until the card leaves the
application or loses its power. So the connection watches what passes through it, and logs out and powers off at the
end.
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
from mynacard.arguments import check_type
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
    "Another program keeps the card on {reader}: it did not let go of it within {seconds:g} s ({call}). "
    "Often it is GnuPG's scdaemon, ssh-agent or a browser. Close that program and try again."
)
_BUSY_KNOWN: Final = N_(
    "Another program keeps the card on {reader}: it did not let go of it within {seconds:g} s ({call}). "
    "Programs that use cards now: {holders}. Close that program and try again."
)
_UNTESTED: Final = N_(
    "The keypad of {reader} is not known to have been tested with these cards, and a try could be lost. "
    "It is used only on request (--untested-keypad)."
)
_ASK_AGAIN_S: Final = 0.1
_BEGINNINGS: Final = 3
"""How many times to connect again if another program resets the card before our first command."""


class ReaderCard:
    """The card on the reader *name*, connected and shared with other programs: a context manager.

    Inside it, :meth:`transaction` keeps other programs away; only there is it a :class:`~mynacard.apdu.message.Card`.
    Ask the holder for a PIN between two transactions, not in one: other programs wait, and Windows resets a card whose
    transaction is idle for five seconds.

    The end of a transaction, and every other way out (an exception or an interrupt, too), cleans up. If a PIN may still
    be verified, the application is left. If a PIN was shown at all, the card is powered off before any other program
    gets to it, and this connection cannot be used again. A failure while leaving is logged, and never replaces the
    error that is on its way. No command is ever sent twice.

    No call waits forever (:class:`Deadlines`), and each can be interrupted. After a call that did not return in time
    the connection is given up: nothing more is sent over it, and it is released when the call returns.

    Belongs to the thread that enters it until another one calls :meth:`adopt`, and never to a forked process.

    Args:
        name: the full name of the reader, as :func:`list_readers` has it.
        library: the PC/SC library; None finds it.
        deadlines: how long to wait for what.

    Raises:
        ReaderError: on entering: there is no library, service, reader or card; nothing stays open.
        ReaderBusyError: on entering: another program did not let go of the card in time.
        UsageError: on entering: it is entered already; or as :func:`find_library`.
    """

    def __init__(self, name: str, library: Library | None = None, deadlines: Deadlines = Deadlines()) -> None:
        check_type(name, str)
        check_type(deadlines, Deadlines)
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
        """The profile of this kind of reader.

        Raises:
            ReaderFileError: as :func:`profile_of`.
        """
        return profile_of(self.name)

    @property
    def card_profile(self) -> CardProfile:
        """The assumptions that a channel through it may make.

        Raises:
            ReaderFileError: as :func:`profile_of`.
        """
        return self.profile.card_profile()

    @property
    def pin_shown(self) -> bool:
        """Whether a PIN or password was sent to the card, whatever the card answered.

        Raises:
            UsageError: the card is not open.
        """
        return self._opened()[1].exposure.pin_shown

    @property
    def login_possible(self) -> bool:
        """Whether a PIN may be verified in the card: one was sent, and no log-out has succeeded since.

        Raises:
            UsageError: the card is not open.
        """
        return self._opened()[1].exposure.login_possible

    def adopt(self) -> None:
        """Make the calling thread the owner of the card. The former one must have finished with it.

        Raises:
            OwnershipError: this process is a fork of the owner.
        """
        self._owner.adopt()

    @contextlib.contextmanager
    def transaction(self) -> Generator[Self, None, None]:
        """No other program gets to the card while this lasts.

        Raises:
            ReaderBusyError: another program did not let go of it in time.
            CardLostError: the card was removed, replaced or reset since it was connected.
            ReaderError: PC/SC failed in another way.
            UsageError: the card is not open, is in a transaction already, or was powered off after a PIN.
            OwnershipError: another thread or process has the card.
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
            UsageError: the card is not open, or not in a transaction; nothing was sent.
            OwnershipError: another thread or process has the card; nothing was sent.
            CardLostError: the card was removed or reset, or the connection was given up.
            OutcomeUnknownError: no status word came back.
            CallTimeoutError: nothing came back in time.
            ReaderError: PC/SC failed in another way.
        """
        worker, link = self._in_use()
        return worker.run("SCardTransmit", partial(link.transmit, command), self._deadlines.card_s)

    def transmit_typed(self, command: TypedCommand, /) -> bytes:
        """The response APDU to *command*, whose PIN the holder types at the reader, or the reader's own status word.

        Raises:
            NoKeypadError: the reader has no keypad for it, or one that is not known to be tested; the holder was not
                asked.
            ReaderFileError: as :func:`profile_of`.
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
            _log.warning("The reader is still asking for a PIN. Its cancel key ends that.")
            raise
        self._entry_ends = 0.0
        return answer

    def features(self) -> frozenset[Feature]:
        """The reader's features besides passing commands on (PC/SC part 10): those that it reports and we use.

        Raises:
            UsageError: the card is not open.
            OwnershipError: another thread or process has the card.
            ReaderError: PC/SC failed.
        """
        self._owner.check()
        worker, link = self._opened()
        known = worker.run("SCardControl", link.features, self._deadlines.service_s)
        return frozenset(feature for feature in Feature if feature in known)

    def has_tested_keypad(self) -> bool:
        """Whether the reader reports a keypad for PINs, and its profile knows that keypad as tested.

        Raises:
            ReaderFileError: as :func:`profile_of`.
            UsageError, OwnershipError, ReaderError: as :meth:`features`.
        """
        return self.profile.keypad_tested and Feature.VERIFY_PIN_DIRECT in self.features()

    def identity(self) -> ReaderIdentity:
        """The reader's report of itself; most report nothing.

        Raises:
            UsageError, OwnershipError, ReaderError: as :meth:`features`.
        """
        self._owner.check()
        worker, link = self._opened()
        return ReaderIdentity.of(worker.run("SCardControl", link.properties, self._deadlines.service_s))

    def _in_use(self) -> tuple[Worker, Link]:
        """The connection, for its owner, in a transaction."""
        self._owner.check()
        opened = self._opened()
        if not self._in_transaction:
            raise errors.UsageError(N_("The card on {reader} takes commands only in a transaction."), reader=self.name)
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
        """Do *job* as soon as no other program keeps the card to itself."""
        worker, _ = self._opened()
        until = time.monotonic() + self._deadlines.busy_s
        while True:
            try:
                return worker.run(call, job, max(until - time.monotonic(), _ASK_AGAIN_S))
            except errors.CallTimeoutError as error:  # the service holds the call during another's transaction
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
        """Have *job* done before anything else; if a call is stuck, when that returns.

        Nothing stops a reader that asks for a PIN. Leaving meanwhile blocks until the entry ends: a PIN that is typed
        later would stay verified after this process is gone.
        """
        worker, link = self._opened()
        if self._owner.inherited:  # its worker and the connection belong to the other process
            return
        if worker.stuck_in:
            link.give_up()
        if not worker.finish(job, max(self._deadlines.leaving_s, self._entry_ends - time.monotonic())):
            link.give_up()

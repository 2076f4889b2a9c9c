"""One reader as pcscd keeps it: its card's connections, their transactions, and the news that each has yet to get.

Refusals and the order of checks follow pcscd; where they differ, a comment says so.

Source: pcsc-lite 1.9.9, src/winscard.c, src/readerfactory.c, src/eventhandler.c.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from mynacard.doors.pcsclite.contacts import Contacts, Refused
from mynacard.doors.pcsclite.idleness import Idleness
from mynacard.doors.pcsclite.messages import ReaderState
from mynacard.doors.pcsclite.pinpad import Keypad
from mynacard.doors.pcsclite.scard import Code, Disposition, Protocol, ShareMode
from mynacard.simulator.faults import Armed, Fault
from mynacard.simulator.faulty import FaultyAnswers, Means
from mynacard.simulator.powered import PoweredCard

__all__ = ["CONNECTIONS_MAX", "Later", "Reader"]

CONNECTIONS_MAX: Final = 256

_EXCLUSIVE: Final = -1
_COUNTER_END: Final = 0x10000
_SHARE_MODES: Final = frozenset(ShareMode)
_DISPOSITIONS: Final = frozenset(Disposition)
_PROTOCOLS: Final = Protocol.T0 | Protocol.T1 | Protocol.RAW | Protocol.ANY_OLD


class Later(Exception):
    """There is no answer yet: pcscd keeps this client waiting until another client's transaction is over."""


class Reader:
    """A reader called *name*, without a card.

    Connections are named by their handles, numbers that the caller chooses. Methods that take one raise
    :class:`Refused` with the code that the client gets instead.

    Args:
        name: what clients call it.
        clock: seconds, from any start.
        power_off_after_s: how long a card keeps its power after its last client.
        means: what faults in the card's answers need from outside.
    """

    def __init__(self, name: str, clock: Callable[[], float], power_off_after_s: float, means: Means) -> None:
        self.name = name
        self.contacts = Contacts(name)
        self.idleness = Idleness(clock)
        self._means = means
        self.arm(())
        self.keypad: Keypad | None = None
        self.plugged = True
        self.power_off_at: float | None = None
        self.holder = 0
        """The handle with a transaction or exclusive access; 0 if there is none."""
        self._clock = clock
        self._power_off_after_s = power_off_after_s
        self._locks = 0  # the holder's nested transactions, and one more for exclusive access
        self._told: dict[int, Code] = {}  # by handle: the code that the client gets before anything else
        self._sharing = 0
        self._counter = 0

    @property
    def state(self) -> ReaderState:
        """The row in the readers' table."""
        contacts = self.contacts
        return ReaderState(self.name, self._counter, contacts.state, self._sharing, contacts.atr, contacts.protocol)

    @property
    def handles(self) -> frozenset[int]:
        """The handles of all connections."""
        return frozenset(self._told)

    @property
    def in_transaction(self) -> bool:
        """Whether the holder has a transaction, and not only exclusive access."""
        return self._locks > (self._sharing == _EXCLUSIVE)

    # --- the desk ---

    def arm(self, faults: Iterable[Fault]) -> None:
        """Replace the faults by *faults*; APDUs are counted from 1 again.

        Raises:
            UsageError: two faults fall on one APDU.
        """
        self.armed = Armed(faults)
        self._answers = FaultyAnswers(self._means)

    def insert(self, card: PoweredCard) -> None:
        """Put *card* into the empty reader. It loses its power again unless a client connects."""
        self.contacts.insert(card)
        self._counter = (self._counter + 1) % _COUNTER_END
        self._rest()

    def remove(self) -> PoweredCard | None:
        """Take the card out, whatever clients are doing with it."""
        card = self.contacts.remove()
        if card is not None:
            self._tell_all(Code.W_REMOVED_CARD)
            self._unlock_all()
            self.power_off_at = None
            self._counter = (self._counter + 1) % _COUNTER_END
        return card

    def foreign_reset(self) -> None:
        """A warm reset that no client asked for."""
        self._tell_all(Code.W_RESET_CARD)
        self.contacts.reset()
        self._rest()

    def forget_connections(self) -> None:
        """As after a start of the service: no connections, and no power."""
        self._told.clear()
        self._sharing = 0
        self._unlock_all()
        self.contacts.power_off()
        self.power_off_at = None

    def power_off_if_due(self) -> None:
        """Power off a card that has been unused for long enough."""
        if self.power_off_at is not None and self.power_off_at <= self._clock():
            self.contacts.power_off()
            self.power_off_at = None

    def _rest(self) -> None:
        """If there are no connections, the power goes after a while."""
        if not self._sharing and self.contacts.powered:
            self.power_off_at = self._clock() + self._power_off_after_s

    def _tell_all(self, code: Code) -> None:
        self._told = dict.fromkeys(self._told, code)

    # --- connections ---

    def connect(self, handle: int, share_mode: int, protocols: int) -> Protocol:
        """Open a connection; returns its protocol.

        Raises:
            Later: another connection has a transaction.
        """
        mode = _checked(share_mode, protocols)
        if self._sharing == _EXCLUSIVE:
            raise Refused(Code.E_SHARING_VIOLATION)
        if self.holder:
            raise Later
        self._prepare(mode, protocols)
        if mode is ShareMode.EXCLUSIVE and self._sharing:
            raise Refused(Code.E_SHARING_VIOLATION)
        if len(self._told) >= CONNECTIONS_MAX:
            raise Refused(Code.F_INTERNAL_ERROR)
        self._sharing += 1
        self._share(handle, mode)
        return self._connected(handle, mode)

    def reconnect(self, handle: int, share_mode: int, protocols: int, initialization: int) -> Protocol:
        """Reopen the connection; returns its protocol."""
        if initialization not in _DISPOSITIONS or initialization == Disposition.EJECT:
            raise Refused(Code.E_INVALID_VALUE)
        mode = _checked(share_mode, protocols)
        self.check_sharing(handle)
        if initialization != Disposition.LEAVE:
            self._tell_all(Code.W_RESET_CARD)
            self._restart(initialization)
        self.contacts.need_responsive_card()
        self._prepare(mode, protocols)
        self._share(handle, mode)
        return self._connected(handle, mode)

    def disconnect(self, handle: int, disposition: int) -> None:
        """End a connection.

        Raises:
            Later: another connection has a transaction, and the card is not to be left as it is.
        """
        if disposition not in _DISPOSITIONS:
            raise Refused(Code.E_INVALID_VALUE)
        if self.holder in (0, handle):
            self._unlock_all()
        elif disposition != Disposition.LEAVE:
            raise Later
        if disposition in (Disposition.RESET, Disposition.UNPOWER):
            self._tell_all(Code.W_RESET_CARD)
            if disposition == Disposition.RESET:
                self.contacts.reset()
            else:
                self.contacts.unpower()
        del self._told[handle]
        self._sharing = 0 if self._sharing == _EXCLUSIVE else max(0, self._sharing - 1)
        self._rest()

    def abandon(self, handle: int) -> None:
        """End a connection whose client is gone: within a transaction the card is reset, otherwise left as it is."""
        untold = self._told[handle] is Code.S_SUCCESS
        self.disconnect(handle, Disposition.RESET if self.holder == handle and untold else Disposition.LEAVE)

    def _prepare(self, mode: ShareMode, protocols: int) -> None:
        """Power and a protocol, for a connection that wants to send APDUs.

        pcscd 1.9.9 gives no power in a reconnection. A card that one program powered off on leaving, while another one
        stayed, then answers SCARD_W_UNPOWERED_CARD to every new client.
        """
        if mode is not ShareMode.DIRECT:
            self.contacts.need()
            self._rest()
        if protocols & Protocol.RAW:
            self.contacts.protocol = Protocol.RAW
        elif mode is not ShareMode.DIRECT:
            self.contacts.negotiate(protocols)

    def _share(self, handle: int, mode: ShareMode) -> None:
        if mode is ShareMode.EXCLUSIVE and self._sharing != _EXCLUSIVE:
            if self._sharing != 1:
                raise Refused(Code.E_SHARING_VIOLATION)
            self._sharing = _EXCLUSIVE
            self._lock(handle)
        elif mode is not ShareMode.EXCLUSIVE and self._sharing == _EXCLUSIVE:
            self._sharing = 1
            self._unlock()  # pcscd 1.9.9 forgets this: all others then wait until the connection ends

    def _connected(self, handle: int, mode: ShareMode) -> Protocol:
        self._told[handle] = Code.S_SUCCESS
        if mode is not ShareMode.DIRECT:
            self.power_off_at = None
        return self.contacts.protocol

    def _restart(self, disposition: int) -> Code:
        return self.contacts.reset() if disposition == Disposition.RESET else self.contacts.cycle()

    # --- transactions ---

    def begin_transaction(self, handle: int) -> None:
        """Begin a transaction, or one more within it."""
        self._check_told(handle)
        self.check_sharing(handle)
        self._lock(handle)
        self.idleness.start()

    def end_transaction(self, handle: int, disposition: int) -> None:
        """End it, and do to the card what *disposition* says."""
        if disposition not in _DISPOSITIONS:
            raise Refused(Code.E_INVALID_VALUE)
        self._check_told(handle)
        self.check_sharing(handle)
        code = Code.S_SUCCESS
        if disposition in (Disposition.RESET, Disposition.UNPOWER):
            code = self._restart(disposition)
            self._tell_all(Code.W_RESET_CARD)
        elif disposition == Disposition.EJECT:
            code = Code.E_UNSUPPORTED_FEATURE  # as from every reader that cannot eject its card
        if self.in_transaction:
            self._unlock()
        elif code is Code.S_SUCCESS:
            code = Code.E_NOT_TRANSACTED
        if code is not Code.S_SUCCESS:
            raise Refused(code)

    def _lock(self, handle: int) -> None:
        self.holder = handle
        self._locks += 1

    def _unlock(self) -> None:
        self._locks -= 1
        if not self._locks:
            self.holder = 0
        if not self.in_transaction:
            self.idleness.stop()

    def _unlock_all(self) -> None:
        self._locks = self.holder = 0
        self.idleness.stop()

    # --- everything else ---

    def check(self, handle: int) -> None:
        """Check that no other connection has the card, and that it is the card that was connected."""
        self.check_sharing(handle)
        self._check_told(handle)

    def check_sharing(self, handle: int) -> None:
        """Check that no other connection has the card."""
        if self.holder not in (0, handle):
            raise Refused(Code.E_SHARING_VIOLATION)

    def _check_told(self, handle: int) -> None:
        code = self._told[handle]
        if code is not Code.S_SUCCESS:
            raise Refused(code)

    def admit(self, handle: int, protocol: int) -> None:
        """Check that an APDU may go to the card, in *protocol*."""
        self.check(handle)
        if protocol == Protocol.RAW:
            return
        if self.contacts.card is None:
            raise Refused(Code.E_NO_SMARTCARD)
        if protocol not in (self.contacts.protocol, Protocol.ANY_OLD):
            raise Refused(Code.E_PROTO_MISMATCH)

    def transmit(self, command: bytes, fault: Fault | None = None) -> bytes:
        """The card's response to *command*, changed by *fault* and by earlier faults that last.

        Raises:
            Refused: there is no card, it left meanwhile, or it failed.
        """
        contacts = self.contacts
        first = contacts.fresh
        contacts.fresh = False
        self.idleness.interrupt()
        try:
            return self._answers.answer(fault, command, contacts.transmit, first=first)
        finally:
            self.idleness.resume()


def _checked(share_mode: int, protocols: int) -> ShareMode:
    if share_mode != ShareMode.DIRECT and not protocols & _PROTOCOLS:
        raise Refused(Code.E_PROTO_MISMATCH)
    if share_mode not in _SHARE_MODES:
        raise Refused(Code.E_INVALID_VALUE)
    return ShareMode(share_mode)

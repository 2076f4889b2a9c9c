"""The nonces of log-ins: at most one for each session of the portal, used once, within minutes.

A token does not contain the nonce that it answers. So the portal keeps the nonce, by the session of the visitor who was
given it. A new one replaces the old one: with a log-in page in two windows, the later one logs in.

Source: the Web eID system architecture, "Authentication": 32 random bytes, bound to the session, 5 minutes.
"""

from __future__ import annotations

import base64
import secrets
from dataclasses import field
from datetime import datetime, timedelta
from threading import Lock
from typing import Final, Protocol

from mynacard._dataclasses import dataclass
from mynacard.arguments import check_type
from mynacard.errors import NonceExpired, NonceUnknown, UsageError
from mynacard.texts import N_

__all__ = ["LIFETIME", "MOST", "Issued", "NonceMemory", "NonceStore", "Nonces"]

LIFETIME: Final = timedelta(minutes=5)
MOST: Final = 100_000
"""How many nonces a memory keeps: about 32 MB when it is full."""

_RANDOM: Final = 32


@dataclass(frozen=True, slots=True)
class Issued:
    """A nonce that a page was given, and the time at which it is no longer valid."""

    nonce: str = field(repr=False)
    expires: datetime


class NonceStore(Protocol):
    """Keeps nonces by the session that they were issued to. A portal of several processes needs one that they share."""

    def put(self, session: str, issued: Issued, /) -> None:
        """Keep *issued* in place of the session's nonce, if it has one."""
        ...

    def take(self, session: str, /) -> Issued | None:
        """Remove the session's nonce and return it, to one of several callers at the same time; None for the others."""
        ...


class NonceMemory:
    """Nonces in this process, for all its threads.

    When it is full, the oldest nonce makes room, and its visitor has to begin again. If new ones were refused instead,
    a stranger who opens enough sessions would lock everyone out until they expire. This way, at 1,000 requests a second
    every visitor still has 100 seconds. No session can take the place of more than one nonce.

    Attributes:
        displaced: how many nonces made room for others: more than a few mean an attack, or too few places.
    """

    def __init__(self, most: int = MOST) -> None:
        """Make room for *most* nonces.

        Raises:
            UsageError: *most* is not a number, or less than 1.
        """
        check_type(most, int)
        if most < 1:
            raise UsageError(N_("A memory of nonces needs room for at least one."))
        self._most = most
        self._lock = Lock()
        self._nonces: dict[str, Issued] = {}  # the oldest first
        self.displaced = 0

    def put(self, session: str, issued: Issued, /) -> None:
        with self._lock:
            self._nonces.pop(session, None)
            if len(self._nonces) >= self._most:
                del self._nonces[next(iter(self._nonces))]
                self.displaced += 1
            self._nonces[session] = issued

    def take(self, session: str, /) -> Issued | None:
        with self._lock:
            return self._nonces.pop(session, None)


@dataclass(frozen=True, slots=True)
class Nonces:
    """Issues nonces and takes them back.

    Attributes:
        store: where they are meanwhile.
        lifetime: how long they are valid.
    """

    store: NonceStore = field(default_factory=NonceMemory, repr=False)
    lifetime: timedelta = LIFETIME

    def issue(self, session: str, *, at: datetime) -> str:
        """A new nonce for *session*: 44 characters of base64.

        Args:
            session: the portal's identifier of this visitor's session: hard to guess, and new after every log-in.
            at: now, with a time zone.

        Raises:
            UsageError: *session* is empty, or *at* has no time zone.
        """
        _check(session, at)
        nonce = base64.b64encode(secrets.token_bytes(_RANDOM)).decode("ascii")
        self.store.put(session, Issued(nonce, at + self.lifetime))
        return nonce

    def take(self, session: str, *, at: datetime) -> str:
        """The nonce of *session*, which has none afterwards, whatever comes of it.

        Raises:
            NonceUnknown, NonceExpired: there is no nonce that is still valid.
            UsageError: as :meth:`issue`.
        """
        _check(session, at)
        issued = self.store.take(session)
        if issued is None:
            raise NonceUnknown(N_("This log-in is unknown: it was not begun in this session, or is already over."))
        if at >= issued.expires:
            raise NonceExpired(N_("This log-in took too long. Begin again."))
        return issued.nonce


def _check(session: str, at: datetime) -> None:
    check_type(session, str)
    check_type(at, datetime)
    if not session:  # else all visitors without a session would share one
        raise UsageError(N_("A log-in needs the identifier of a session."))
    if at.tzinfo is None:
        raise UsageError(N_("The time of a log-in needs a time zone."))

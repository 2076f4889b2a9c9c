"""Revocation data for programs that run on: loaded again when they have served their time, one thread at a time."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from threading import Lock
from typing import Final, TypeAlias

from mynacard.arguments import check_type
from mynacard.errors import MissingExtraError
from mynacard.trust.evidence import RevocationEvidence

__all__ = ["Evidence", "EvidenceSource", "evidence_of"]

Evidence: TypeAlias = RevocationEvidence | Callable[[], RevocationEvidence]
"""Revocation data, or what returns them for each check, such as an :class:`EvidenceSource`."""

_RETRY: Final = timedelta(minutes=1)
"""How long to wait at most after a failure."""

_LOG = logging.getLogger(__name__)


class EvidenceSource:
    """Returns the data that *load* returned last, if that is less than *lifetime* ago; else it calls *load* again.

    Meanwhile other threads get the old data. If *load* raises an exception, it is logged, and the old data stay in use:
    their own dates decide how long they count. The first call passes exceptions through.
    """

    def __init__(
        self,
        load: Callable[[], RevocationEvidence],
        lifetime: timedelta,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """*load* reads and loads the data (:meth:`RevocationEvidence.load`); *clock* counts seconds.

        Raises:
            UsageError: *lifetime* is not a timedelta.
        """
        check_type(lifetime, timedelta)
        self._load, self._lifetime, self._clock = load, lifetime, clock
        self._lock = Lock()
        self._current: RevocationEvidence | None = None
        self._until = clock()

    def __call__(self) -> RevocationEvidence:
        """The current data. Do not call it in an event loop's thread, which it may block; see :meth:`current`."""
        old = self._current
        if old is not None and self._clock() < self._until:
            return old
        if not self._lock.acquire(blocking=old is None):
            return old if old is not None else self()
        try:
            return self._refreshed()
        finally:
            self._lock.release()

    async def current(self) -> RevocationEvidence:
        """The current data, loaded in a thread if need be: under asyncio or trio.

        Raises:
            MissingExtraError: anyio is not installed.
        """
        try:
            from anyio import to_thread  # noqa: PLC0415  # an extra
        except ModuleNotFoundError:
            raise MissingExtraError("anyio", "async") from None
        is_fresh = self._current is not None and self._clock() < self._until
        return self() if is_fresh else await to_thread.run_sync(self)

    def _refreshed(self) -> RevocationEvidence:
        if self._current is not None and self._clock() < self._until:  # by the thread that had the lock before
            return self._current
        try:
            self._current, lasts = self._load(), self._lifetime
        except Exception:  # a server goes on with what it has, whatever a file or a network does
            if self._current is None:
                raise
            _LOG.warning("revocation data could not be loaded again", exc_info=True)
            lasts = min(self._lifetime, _RETRY)
        self._until = self._clock() + lasts.total_seconds()
        return self._current


def evidence_of(evidence: Evidence) -> RevocationEvidence:
    """The data of *evidence*.

    Raises:
        UsageError: it is something else.
    """
    if callable(evidence):
        evidence = evidence()
    check_type(evidence, RevocationEvidence)
    return evidence

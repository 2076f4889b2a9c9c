"""How long a transaction was idle: Windows resets a card that gets no command for five seconds in one."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["Idleness"]


class Idleness:
    """The longest time without a command within any transaction, by *clock*."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._since: float | None = None
        self._longest_s = 0.0

    @property
    def longest_s(self) -> float:
        """Seconds, including those of a transaction that is still open."""
        return self._longest_s if self._since is None else max(self._longest_s, self._clock() - self._since)

    def start(self) -> None:
        """A transaction begins (or one more within it)."""
        self._since = self._since if self._since is not None else self._clock()

    def interrupt(self) -> None:
        """A command comes."""
        self._longest_s = self.longest_s

    def resume(self) -> None:
        """The command is answered."""
        if self._since is not None:
            self._since = self._clock()

    def stop(self) -> None:
        """The transaction is over."""
        self._longest_s = self.longest_s
        self._since = None

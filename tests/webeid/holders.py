"""A holder at a dialog, for tests in one process: answers in order, and keeps what would have been shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

from mynacard.consent import Answer, Asker, ConsentRequest, Notice, Refusal
from mynacard.pin import AtKeypad, Pin

Said: TypeAlias = str | AtKeypad | Refusal | Callable[[], "str | AtKeypad | Refusal"]
"""A PIN, a refusal, or what returns one after something has happened."""
Done: TypeAlias = Callable[[], object] | Refusal
"""What is done about a notice, or that the holder cancels instead."""


class Holder:
    """A :class:`~mynacard.consent.Door` at which *answers* are given; *done* is done about each notice."""

    def __init__(self, *answers: Said, done: Iterable[Done] = ()) -> None:
        self._answers = list(answers)
        self._done = list(done)
        self.requests: list[ConsentRequest] = []
        self.notices: list[Notice] = []
        self.closed = 0

    def ask(self, request: ConsentRequest, /) -> Answer:
        assert not self.closed
        self.requests.append(request)
        if not self._answers:
            return Refusal.CLOSED
        said = self._answers.pop(0)
        said = said() if callable(said) else said
        return Pin(said) if isinstance(said, str) else said

    def tell(self, asker: Asker, notice: Notice, /, *, seconds: float, settled: Callable[[], bool]) -> Refusal | None:
        assert not self.closed
        assert 0 < seconds <= 120
        self.notices.append(notice)
        if not self._done:
            return Refusal.CANCELLED
        assert not settled(), "it is shown because it holds"
        done = self._done.pop(0)
        if isinstance(done, Refusal):
            return done
        done()
        assert settled(), f"{notice} was seen to"
        return None

    def close(self) -> None:
        self.closed += 1

    @property
    def tries(self) -> list[object]:
        """How many tries were shown, in each question."""
        return [getattr(request.status, "count", type(request.status).__name__) for request in self.requests]

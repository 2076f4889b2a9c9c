"""The most that reading one file may cost, in steps and in bytes. No clock is read: a refusal is the same everywhere.

A file is data from a stranger, and a few bytes of it can demand work without end. So its reader counts as it goes.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from mynacard.errors import MynacardError, PdfFileError
from mynacard.texts import N_

__all__ = ["MEMORY_MAX", "STEPS_MAX", "Budget"]

STEPS_MAX: Final = 25_000_000
"""The most steps of reading a file. One is about as much work as one read() by a parser: at most 2 µs were measured."""
MEMORY_MAX: Final = 0x2800_0000
"""The most bytes that a file's objects may take in memory, beside the file itself, as they are estimated here."""
_IN_PARSING: Final = 120
"""The most bytes of memory that one read() by the parser leaves behind."""


class Budget:
    """The steps and the bytes of memory that are left for reading one file.

    Attributes:
        steps: the steps that are left; decrease it only together with :meth:`check`.
        floor: the number of steps that must remain, because what is being parsed would take too much memory otherwise.
    """

    def __init__(self) -> None:
        self.steps, self.floor, self.memory = STEPS_MAX, 0, MEMORY_MAX
        self._refusal: MynacardError | None = None

    def spend(self, steps: int) -> None:
        """Count *steps*.

        Raises:
            PdfFileError: there are not enough left, now or earlier.
        """
        self.steps -= steps
        if self.steps < self.floor:
            self.refuse()

    def hold(self, size: int) -> None:
        """Count *size* bytes of memory, until they are released with a negative *size*.

        Raises:
            PdfFileError: there are not enough left.
        """
        self.memory -= size
        if self.memory < 0:
            self._refuse_memory()

    def renewed(self) -> Budget:
        """A budget of the steps that are left, and of all memory, for reading the file in another way."""
        budget = Budget()
        budget.steps = self.steps
        return budget

    @contextmanager
    def parsing(self, bytes_per_read: int = _IN_PARSING) -> Generator[None]:
        """Bound what is parsed meanwhile by the memory that is left: it is counted only when it is complete."""
        before, self.floor = self.floor, max(self.floor, self.steps - self.memory // bytes_per_read)
        try:
            yield
        finally:
            self.floor = before

    def refuse(self) -> None:
        """Raise the PdfFileError that names the bound which the steps have reached."""
        if self._refusal is None and self.steps >= 0:
            self._refuse_memory()
        raise self._keep(PdfFileError(N_("Reading this PDF file takes more than {most} steps."), most=STEPS_MAX))

    def _refuse_memory(self) -> None:
        raise self._keep(
            PdfFileError(N_("The objects of this PDF file take more than {most} bytes of memory."), most=MEMORY_MAX)
        )

    def check(self) -> None:
        """Raise the first refusal again, if there was one: pyHanko catches exceptions of any kind in some places."""
        if self._refusal is not None:
            raise self._refusal

    def _keep(self, refusal: MynacardError) -> MynacardError:
        self._refusal = self._refusal or refusal
        return self._refusal

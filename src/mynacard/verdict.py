"""Good, bad, or not checked: what a step of a verification found, and why, in words for people."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from mynacard.texts import Sentence

__all__ = ["Step", "Verdict", "bad", "good", "not_checked", "overall"]


class Verdict(StrEnum):
    """What one step found. ``NOT_CHECKED`` is neither of the others: nobody may show it as good."""

    GOOD = "good"
    BAD = "bad"
    NOT_CHECKED = "not-checked"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a verification.

    Attributes:
        verdict: what was found.
        template: why, a sentence for people with ``{names}`` where details go.
        details: what goes there, as pairs.
    """

    verdict: Verdict
    template: str
    details: tuple[tuple[str, object], ...] = ()

    def text(self, translate: Callable[[str], str] = str) -> str:
        """Why, its template passed through *translate* (a ``gettext``) first."""
        return Sentence(self.template, dict(self.details)).text(translate)


def good(template: str, /, **details: object) -> Step:
    """The step that found what it looked for."""
    return _step(Verdict.GOOD, template, details)


def bad(template: str, /, **details: object) -> Step:
    """The step that found something else."""
    return _step(Verdict.BAD, template, details)


def not_checked(template: str, /, **details: object) -> Step:
    """The step that was not taken."""
    return _step(Verdict.NOT_CHECKED, template, details)


def overall(steps: Iterable[Step]) -> Verdict:
    """One bad step makes the whole bad; otherwise one not taken leaves the whole unchecked. No steps prove nothing."""
    verdicts = {step.verdict for step in steps}
    if Verdict.BAD in verdicts:
        return Verdict.BAD
    return Verdict.GOOD if verdicts == {Verdict.GOOD} else Verdict.NOT_CHECKED


def _step(verdict: Verdict, template: str, details: dict[str, object]) -> Step:
    return Step(verdict, template, tuple(details.items()))

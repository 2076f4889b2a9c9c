"""Good, bad, or not checked: the result of each step of a verification, and why, in words for people."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Final, NoReturn

from mynacard._dataclasses import dataclass
from mynacard.texts import N_, Sentence

__all__ = ["WORDS", "Step", "Undecided", "Verdict", "bad", "explain", "good", "not_checked", "overall"]


class Undecided:
    """A value with no truth value: ``if``, ``and``, ``or``, ``any()`` and ``filter(None, …)`` raise a TypeError.

    A verdict is one of three, and a report is not a yes. So a program compares, or calls ``require``.
    """

    __slots__ = ()

    def __bool__(self) -> NoReturn:
        raise TypeError(f"{type(self).__name__} has no truth value: compare verdicts with `is`, or call require()")


class Verdict(Undecided, StrEnum):
    """The result of one step. ``NOT_CHECKED`` is neither of the others: never show it as good."""

    GOOD = "good"
    BAD = "bad"
    NOT_CHECKED = "not-checked"


WORDS: Final = {
    Verdict.GOOD: N_("good"),
    Verdict.BAD: N_("bad"),
    Verdict.NOT_CHECKED: N_("not checked"),
}
"""The verdicts in words for people."""


@dataclass(frozen=True, slots=True)
class Step(Undecided):
    """One step of a verification.

    Attributes:
        verdict: its result.
        code: the reason, for programs: stable, ``topic/reason``, such as ``revocation/revoked``.
        template: why: a sentence for people, with ``{names}`` where details go.
        details: these details, as pairs of name and value.
    """

    verdict: Verdict
    code: str
    template: str
    details: tuple[tuple[str, object], ...] = ()

    @property
    def topic(self) -> str:
        """The subject of the step: the part of its code before the slash."""
        return self.code.partition("/")[0]

    def text(self, translate: Callable[[str], str] = str) -> str:
        """Why, with the template passed through *translate* (a ``gettext``) first."""
        return Sentence(self.template, dict(self.details)).text(translate)


def good(code: str, template: str, /, **details: object) -> Step:
    """A step that passed."""
    return Step(Verdict.GOOD, code, template, tuple(details.items()))


def bad(code: str, template: str, /, **details: object) -> Step:
    """A step that failed."""
    return Step(Verdict.BAD, code, template, tuple(details.items()))


def not_checked(code: str, template: str, /, **details: object) -> Step:
    """A step that was not taken."""
    return Step(Verdict.NOT_CHECKED, code, template, tuple(details.items()))


def overall(steps: Iterable[Step]) -> Verdict:
    """BAD if one step is; else NOT_CHECKED if one was not taken, or if there are none; else GOOD."""
    verdicts = {step.verdict for step in steps}
    if Verdict.BAD in verdicts:
        return Verdict.BAD
    return Verdict.GOOD if verdicts == {Verdict.GOOD} else Verdict.NOT_CHECKED


def explain(steps: Iterable[tuple[str, Step]], translate: Callable[[str], str] = str) -> str:
    """*steps* with their names, one per line, for people: the result of each, and why.

    The texts pass through *translate* (a ``gettext``). Names out of a certificate appear in them as they are there.
    """
    return "\n".join(
        f"{translate(name)}: {translate(WORDS[step.verdict])}. {step.text(translate)}" for name, step in steps
    )

"""What was found when a card was checked: steps, each good, bad or not checked, and what they say together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from mynacard.personal.roots import Root, RootKind
from mynacard.verdict import Step, Verdict, explain

__all__ = ["Check", "Conclusion", "Genuineness", "Subject", "Verdict"]


class Conclusion(StrEnum):
    """What all steps say together. ``NOT_CHECKED``: nothing is bad, and too little was checked."""

    GENUINE = "genuine"
    NOT_GENUINE = "not-genuine"
    NOT_CHECKED = "not-checked"


class Subject(StrEnum):
    """What a step is about."""

    CERTIFICATE = "certificate"
    DIGESTS = "digests"
    NUMBER = "number"
    ATTRIBUTES = "attributes"
    CARD_KEY = "card-key"
    AGE_RECORD = "age-record"
    FACE = "face"
    NUMBER_IMAGE = "number-image"
    PRESENCE = "presence"
    SAME_CARD = "same-card"
    """Whether the data and the key that answered the challenge belong to one card."""
    UNSIGNED = "unsigned"
    """What is read together with signed data, and is not signed."""
    VALIDITY = "validity"
    """Whether the card is valid still."""
    APPLICATION = "application"


@dataclass(frozen=True, slots=True)
class Check:
    """One step, and what it is about."""

    subject: Subject
    step: Step

    @property
    def verdict(self) -> Verdict:
        """What the step found."""
        return self.step.verdict

    def text(self, translate: Callable[[str], str] = str) -> str:
        """Why, its template passed through *translate* (a ``gettext``) first."""
        return self.step.text(translate)


_DATA: Final = {Subject.NUMBER, Subject.ATTRIBUTES, Subject.AGE_RECORD, Subject.FACE, Subject.NUMBER_IMAGE}
_NEEDED: Final = {Subject.CERTIFICATE, Subject.PRESENCE}


@dataclass(frozen=True, slots=True)
class Genuineness:
    """What was found, in the order of the steps.

    Attributes:
        wanted: the kind of root that was asked for.
        root: the root that the certificate leads to, of whatever kind; None where it leads to none.
        checks: the steps, those not taken included.
    """

    wanted: RootKind
    root: Root | None
    checks: tuple[Check, ...]

    @property
    def conclusion(self) -> Conclusion:
        """Genuine, if nothing is bad, and certificate, presence and the data that were read are good; at least some."""
        good = self.subjects(Verdict.GOOD)
        if self.subjects(Verdict.BAD):
            return Conclusion.NOT_GENUINE
        enough = self.root is not None and good >= _NEEDED and good & _DATA
        return Conclusion.GENUINE if enough else Conclusion.NOT_CHECKED

    @property
    def genuine(self) -> bool:
        """Whether the conclusion is that the card is genuine."""
        return self.conclusion is Conclusion.GENUINE

    def subjects(self, verdict: Verdict) -> frozenset[Subject]:
        """What *verdict* was found of."""
        return frozenset(check.subject for check in self.checks if check.verdict is verdict)

    @property
    def steps(self) -> tuple[tuple[str, Step], ...]:
        """The steps by the names of their subjects."""
        return tuple((check.subject.value, check.step) for check in self.checks)

    def explain(self, translate: Callable[[str], str] = str) -> str:
        """All steps in words, as :func:`mynacard.verdict.explain` puts them."""
        return explain(self.steps, translate)

    def of(self, subject: Subject) -> Check:
        """The step about *subject*; a KeyError where this application has none."""
        return {check.subject: check for check in self.checks}[subject]

"""The report on a card that was checked: steps, each good, bad or not checked, and their conclusion."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Final

from mynacard._dataclasses import dataclass
from mynacard.personal.roots import Root, RootKind
from mynacard.verdict import Step, Undecided, Verdict, explain

__all__ = ["Check", "Conclusion", "Genuineness", "Subject", "Verdict"]


class Conclusion(StrEnum):
    """The conclusion from all steps. ``NOT_CHECKED``: nothing is bad, but too little was checked."""

    GENUINE = "genuine"
    NOT_GENUINE = "not-genuine"
    NOT_CHECKED = "not-checked"


class Subject(StrEnum):
    """The subject of a step."""

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
    """Data that is read together with signed data, and is not signed."""
    VALIDITY = "validity"
    """Whether the card is still valid."""
    APPLICATION = "application"


@dataclass(frozen=True, slots=True)
class Check:
    """One step, and its subject."""

    subject: Subject
    step: Step

    @property
    def verdict(self) -> Verdict:
        """The verdict of the step."""
        return self.step.verdict

    def text(self, translate: Callable[[str], str] = str) -> str:
        """The reason, its template passed through *translate* (a ``gettext``) first."""
        return self.step.text(translate)


_DATA: Final = {Subject.NUMBER, Subject.ATTRIBUTES, Subject.AGE_RECORD, Subject.FACE, Subject.NUMBER_IMAGE}
_NEEDED: Final = {Subject.CERTIFICATE, Subject.PRESENCE}


@dataclass(frozen=True, slots=True)
class Genuineness(Undecided):
    """The result of all steps, in their order.

    Attributes:
        wanted: the wanted kind of root.
        root: the root that the certificate leads to, of whatever kind; None if it does not lead to one.
        checks: the steps, those not taken included.
    """

    wanted: RootKind
    root: Root | None
    checks: tuple[Check, ...]

    @property
    def conclusion(self) -> Conclusion:
        """Genuine if no step is bad, and the certificate, the presence and at least some of the data are good."""
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
        """The subjects of the steps with this *verdict*."""
        return frozenset(check.subject for check in self.checks if check.verdict is verdict)

    @property
    def steps(self) -> tuple[tuple[str, Step], ...]:
        """The steps by the names of their subjects."""
        return tuple((check.subject.value, check.step) for check in self.checks)

    def explain(self, translate: Callable[[str], str] = str) -> str:
        """All steps in words, as :func:`mynacard.verdict.explain` puts them."""
        return explain(self.steps, translate)

    def of(self, subject: Subject) -> Check:
        """The step about *subject*.

        Raises:
            KeyError: this application has none.
        """
        return {check.subject: check for check in self.checks}[subject]

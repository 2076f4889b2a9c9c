"""Acceptance: the steps of a verification are good, or those that are not are ones that the caller can do without."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from mynacard.errors import SignatureNotAccepted, UsageError
from mynacard.texts import N_
from mynacard.verdict import Step, Verdict

__all__ = ["DISPENSABLE", "require"]

DISPENSABLE: Final = frozenset({"revocation", "rest", "time-stamp"})
"""The topics that a caller may accept unchecked. An unchecked signature or issuer would let anyone in."""


def require(steps: tuple[tuple[str, Step], ...], accept_unchecked: Collection[str] = ()) -> None:
    """Check that all *steps* are good, or not checked where the caller accepts that.

    Args:
        steps: with their names; none are too few.
        accept_unchecked: topics, the part of a step's code before the slash, among :data:`DISPENSABLE`.

    Raises:
        SignatureNotAccepted: a step is bad, or was not taken; it carries all steps.
        UsageError: one of *accept_unchecked* is not among :data:`DISPENSABLE`.
    """
    indispensable = sorted(set(accept_unchecked) - DISPENSABLE)
    if indispensable:
        raise UsageError(N_("This cannot be accepted unchecked: {topics}."), topics=", ".join(indispensable))
    refused = [step for _, step in steps if _refused(step, accept_unchecked)]
    if refused:
        reason = next((step for step in refused if step.verdict is Verdict.BAD), refused[0])
        raise SignatureNotAccepted(N_("The signature is not accepted: {reason}"), reason=reason, steps=steps)
    if not steps:
        raise SignatureNotAccepted(N_("The signature is not accepted: nothing was checked."), steps=steps)


def _refused(step: Step, accept_unchecked: Collection[str]) -> bool:
    match step.verdict:
        case Verdict.GOOD:
            return False
        case Verdict.BAD:
            return True
        case Verdict.NOT_CHECKED:
            return step.topic not in accept_unchecked

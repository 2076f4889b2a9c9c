"""A caller may do without some checks, never without a good signature from a known issuer."""

from __future__ import annotations

import pytest

from mynacard.errors import SignatureNotAccepted, UsageError
from mynacard.trust.acceptance import DISPENSABLE, require
from mynacard.verdict import Step, bad, good, not_checked

FINE = ("signature", good("signature/good", "It is."))
OPEN = ("revocation", not_checked("revocation/no-data", "Nobody knows."))
WRONG = ("issuer", bad("issuer/unknown", "It is not."))


def test_what_is_good_is_accepted() -> None:
    require((FINE,))
    require((FINE, OPEN), {"revocation"})


@pytest.mark.parametrize("steps", [(FINE, OPEN), (OPEN,), (FINE, WRONG), ()])
def test_what_is_bad_or_open_is_not_accepted(steps: tuple[tuple[str, Step], ...]) -> None:
    with pytest.raises(SignatureNotAccepted) as refused:
        require(steps)
    assert refused.value.steps == steps


@pytest.mark.parametrize("topic", sorted(DISPENSABLE))
def test_a_bad_step_is_never_accepted(topic: str) -> None:
    with pytest.raises(SignatureNotAccepted):
        require((("step", bad(f"{topic}/x", "It is not.")),), DISPENSABLE)


def test_the_worst_step_is_the_reason() -> None:
    with pytest.raises(SignatureNotAccepted, match="It is not"):
        require((OPEN, WRONG))


@pytest.mark.parametrize("topic", ["signature", "issuer", "validity", "usage", "revokation", ""])
def test_what_anyone_could_forge_cannot_be_left_unchecked(topic: str) -> None:
    with pytest.raises(UsageError, match="cannot be accepted unchecked"):
        require((FINE,), {topic})


def test_the_reason_is_translated_too() -> None:
    with pytest.raises(SignatureNotAccepted) as refused:
        require((WRONG,))
    assert refused.value.text(lambda text: text.replace("is", "IS")) == "The signature IS not accepted: It IS not."

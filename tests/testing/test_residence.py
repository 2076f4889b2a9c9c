"""A residence card under test is open without a number or random bytes of the tester's."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mynacard import errors
from mynacard.residence import AnchorKind, check
from mynacard.simulator.residence import RESIDENCE_PERSONAS
from mynacard.testing import CardOptions, SimulatedPki, opened_residence_card
from mynacard.testing.residence import RESIDENCE
from mynacard.trust import Verdict


@pytest.mark.parametrize("name", RESIDENCE_PERSONAS)
def test_every_persona_opens(name: str) -> None:
    assert opened_residence_card(CardOptions(persona=name).make()).read().type is RESIDENCE_PERSONAS[name].type


def test_the_usual_one_is_genuine_under_the_simulated_anchors() -> None:
    files = opened_residence_card(CardOptions(persona=RESIDENCE).make()).read()
    report = check(files, SimulatedPki().residence_anchors, at=datetime.now(UTC), wanted=AnchorKind.SIMULATED)
    assert report.overall is Verdict.GOOD


def test_another_kind_of_card_is_an_error() -> None:
    with pytest.raises(errors.NoResidenceCard):
        opened_residence_card(CardOptions().make())

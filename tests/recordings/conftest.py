"""Recordings that several modules use."""

from __future__ import annotations

import pytest

from mynacard.simulator import Traits
from tests.jpki.cards import SHORT, card_with
from tests.recordings.card_in_use import recorded


@pytest.fixture(params=[Traits(), SHORT], ids=["long", "short"])
def text(request: pytest.FixtureRequest) -> str:
    return recorded(card_with(traits=request.param))

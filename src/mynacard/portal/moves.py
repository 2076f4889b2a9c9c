"""The states that an application can go to from each state."""

from __future__ import annotations

from typing import Final

from mynacard.portal.refusal import wrong_state
from mynacard.submission.exchange import State

__all__ = ["check_move"]

_DECIDED: Final = frozenset({State.GRANTED, State.REFUSED, State.FEE_DUE, State.ISSUING, State.COMPLETED})
_EXAMINED: Final = _DECIDED | {State.WITHDRAWN}
_NEXT: Final[dict[State, frozenset[State]]] = {
    State.RECEIVED:           _EXAMINED | {State.ACCEPTED, State.UNDER_EXAMINATION, State.AWAITING_DOCUMENTS},
    State.ACCEPTED:           _EXAMINED | {State.UNDER_EXAMINATION, State.AWAITING_DOCUMENTS},
    State.UNDER_EXAMINATION:  _EXAMINED | {State.AWAITING_DOCUMENTS},
    State.AWAITING_DOCUMENTS: _EXAMINED | {State.UNDER_EXAMINATION},
    State.GRANTED:            frozenset({State.FEE_DUE, State.ISSUING, State.COMPLETED}),
    State.FEE_DUE:            frozenset({State.ISSUING, State.COMPLETED}),
    State.ISSUING:            frozenset({State.COMPLETED}),
    State.REFUSED:            frozenset(),
    State.COMPLETED:          frozenset(),
    State.WITHDRAWN:          frozenset(),
}  # fmt: skip


def check_move(before: State, after: State) -> None:
    """Check that an application can go from *before* to *after*.

    Raises:
        Refusal: ``application/state`` (409): it cannot.
    """
    if after not in _NEXT[before]:
        raise wrong_state(before)

"""The receiver's refusals: the error, and those that more than one check raises."""

from __future__ import annotations

from mynacard.errors import MynacardError
from mynacard.submission.exchange import State
from mynacard.submission.messages import Violation
from mynacard.texts import N_

__all__ = ["Refusal", "account_exists", "not_logged_in", "unknown_challenge", "wrong_state"]


class Refusal(MynacardError):
    """A request that the receiver refuses. ``.problem`` is its stable code, ``.status`` its HTTP status."""

    code = "portal/refusal"

    def __init__(self, status: int, problem: str, template: str, /, *violations: Violation, **details: object) -> None:
        super().__init__(template, **details)
        self.status = status
        self.problem = problem
        self.violations = violations


def not_logged_in() -> Refusal:
    return Refusal(401, "session/unknown", N_("Log in first: there is no such session, or it has ended."))


def unknown_challenge() -> Refusal:
    return Refusal(
        409,
        "challenge/unknown",
        N_("The challenge is unknown: it was used, is too old, or was given to another account."),
    )


def account_exists() -> Refusal:
    return Refusal(409, "account/exists", N_("One of these certificates belongs to another account."))


def wrong_state(state: State) -> Refusal:
    return Refusal(
        409, "application/state", N_("This cannot be done with an application that is {state}."), state=state
    )

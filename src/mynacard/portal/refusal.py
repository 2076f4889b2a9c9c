"""The receiver's refusals: the error, and those that more than one check raises."""

from __future__ import annotations

from mynacard.errors import MynacardError
from mynacard.submission.exchange import AccountState, State
from mynacard.submission.messages import Violation
from mynacard.texts import N_

__all__ = [
    "Refusal",
    "account_changed",
    "account_closed",
    "account_exists",
    "belongs_elsewhere",
    "check_active",
    "no_room",
    "not_logged_in",
    "other_certificate",
    "repeated",
    "unknown_account",
    "unknown_application",
    "unknown_challenge",
    "wrong_state",
]


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


def account_changed() -> Refusal:
    return Refusal(
        409,
        "account/changed",
        N_("The account, or the certificates that wait for it, changed meanwhile; look at it again."),
    )


def account_closed() -> Refusal:
    return Refusal(403, "account/closed", N_("The account was closed."))


def check_active(state: AccountState) -> None:
    """Check that an account in *state* may be used.

    Raises:
        Refusal: ``account/pending`` or ``account/closed`` (403).
    """
    if state is AccountState.PENDING:
        raise Refusal(403, "account/pending", N_("The registration waits for approval."))
    if state is AccountState.CLOSED:
        raise account_closed()


def unknown_account() -> Refusal:
    return Refusal(404, "account/unknown", N_("There is no such account."))


def other_certificate() -> Refusal:
    return Refusal(403, "account/other-certificate", N_("The package is not signed with this account's certificate."))


def unknown_application() -> Refusal:
    return Refusal(404, "application/unknown", N_("You have no application with this number."))


def belongs_elsewhere() -> Refusal:
    return Refusal(422, "application/unknown", N_("The package belongs to another application."))


def repeated() -> Refusal:
    return Refusal(409, "submission/repeated", N_("This package was submitted before."))


def no_room() -> Refusal:
    return Refusal(
        507, "store/full", N_("The receiver has no room left, and kept nothing of this. Send it again later.")
    )


def wrong_state(state: State) -> Refusal:
    return Refusal(
        409, "application/state", N_("This cannot be done with an application that is {state}."), state=state
    )

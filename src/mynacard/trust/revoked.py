"""The possible answers to the question whether a certificate was revoked: one step for each.

Source: RFC 5280 §5.3.1 (reasons).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from mynacard.texts import N_, moment
from mynacard.verdict import Step, Verdict, bad, good, not_checked

__all__ = ["FUTURE", "NOT_GIVEN", "NOT_REVOKED", "SILENT", "STALE", "is_final", "revoked", "strongest"]

NOT_GIVEN: Final = not_checked(
    "revocation/no-data", N_("No revocation data were given: J-LIS provides them only to the verifiers named by law.")
)
NOT_REVOKED: Final = good("revocation/good", N_("According to the given data, the certificate is not revoked."))
SILENT: Final = not_checked(
    "revocation/silent",
    N_("The revocation data do not mention this certificate, are not from its issuer, or are not of that time."),
)
STALE: Final = not_checked("revocation/stale", N_("The revocation data are older than the time that matters."))
FUTURE: Final = not_checked(
    "revocation/future", N_("The revocation data are dated in the future, by this computer's clock.")
)
_REASONS: Final = {  # RFC 5280 §5.3.1, and their meaning for JPKI's certificates
    "unspecified": N_("no reason is given"),
    "key_compromise": N_("the key may be known to others"),
    "ca_compromise": N_("the CA's key may be known to others"),
    "affiliation_changed": N_("its holder's details have changed"),
    "superseded": N_("another one took its place"),
    "cessation_of_operation": N_("it is no longer needed"),
    "certificate_hold": N_("it is suspended"),
}
_WEIGHT: Final = {Verdict.BAD: 0, Verdict.GOOD: 1, Verdict.NOT_CHECKED: 2}


def revoked(time: datetime, reason: str) -> Step:
    """The certificate was revoked at *time*, for *reason*, as asn1crypto names it."""
    return bad(
        "revocation/revoked",
        N_("The certificate was revoked on {time}: {reason}."),
        time=moment(time),
        reason=_REASONS.get(reason, reason),
    )


def strongest(steps: Iterable[Step]) -> Step:
    """The step that outweighs the other *steps*: revoked, then good; the first of equals."""
    return min(steps, key=lambda step: _WEIGHT[step.verdict], default=SILENT)


def is_final(step: Step) -> bool:
    """Whether *step* holds for ever: only a suspension can be lifted (RFC 5280 §5.3.1)."""
    return step.verdict is Verdict.BAD and ("reason", _REASONS["certificate_hold"]) not in step.details

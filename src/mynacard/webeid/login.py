"""The portal's side of a log-in: a nonce for a session, then a token from it, then an account; or an error.

It knows no web framework. The portal brings sessions, protection against forged requests, and the revocation data; the
examples in docs/examples/login show how.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import field
from datetime import UTC, datetime
from typing import Final, cast

from cryptography import x509

from mynacard._dataclasses import dataclass
from mynacard.arguments import check_type
from mynacard.errors import (
    CertificateFileError,
    LoginNotAccepted,
    MynacardError,
    ProtocolError,
    SignatureNotAccepted,
    TokenUnreadable,
    UnsupportedAlgorithmError,
)
from mynacard.jpki.authentication import check_origin
from mynacard.trust import Anchor, Purpose, Report, check
from mynacard.trust.chain import check_anchors
from mynacard.trust.evidence import NO_EVIDENCE
from mynacard.trust.evidence_source import Evidence, evidence_of
from mynacard.webeid.accounts import account_id, check_key
from mynacard.webeid.checking import answer
from mynacard.webeid.nonces import Nonces

__all__ = ["POLICY", "LoggedIn", "Login"]

POLICY: Final = "1.2.392.200149.8.5.1.3.30"
"""The policy of JPKI's user-authentication certificates. Signing certificates have another one."""


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A visitor who is logged in now.

    Attributes:
        account_id: the portal's name for the holder of this certificate (:func:`mynacard.webeid.account_id`).
        certificate: the user-authentication certificate. The law limits who may record it: keep the account id.
        report: every step of its check; ``report.simulated`` tells a simulated card.
    """

    account_id: str
    certificate: x509.Certificate = field(repr=False)
    report: Report = field(repr=False)


@dataclass(frozen=True, slots=True)
class Login:
    """What a portal logs its visitors in by.

    Attributes:
        origin: the portal's own, as browsers write it.
        anchors: the CA certificates that it trusts: those of user-authentication certificates.
        account_key: at least 32 random bytes, kept as long as the accounts: with another key, everyone is a stranger.
        evidence: revocation data, or what returns them, such as an :class:`~mynacard.trust.EvidenceSource`.
        accept_unchecked: ``{"revocation"}`` for a portal that has no such data; nothing else can be left unchecked.
        nonces: issues nonces, and takes them back.
        policies: the certificate must have one of these policies.
        clock: returns the time, with a time zone.

    Raises:
        UsageError: *origin* is not an origin, *account_key* is too short, or *anchors* is not a collection of Anchors.
    """

    origin: str
    anchors: Collection[Anchor] = field(repr=False)
    account_key: bytes = field(repr=False)
    evidence: Evidence = field(default=NO_EVIDENCE, repr=False)
    accept_unchecked: Collection[str] = ()
    nonces: Nonces = field(default_factory=Nonces)
    policies: Collection[str] = (POLICY,)
    clock: Callable[[], datetime] = field(default=_now, repr=False)

    def __post_init__(self) -> None:
        check_origin(self.origin)
        check_type(self.anchors, Collection, wanted="Collection[Anchor]")  # an iterator is empty the second time
        check_anchors(self.anchors)
        check_key(self.account_key)
        check_type(self.nonces, Nonces)

    def begin(self, session: str) -> str:
        """A nonce for the page in *session*, which gives it to ``authenticate`` of the browser's extension.

        Args:
            session: the portal's identifier of this visitor's session: hard to guess, and new after every log-in.

        Raises:
            UsageError: *session* is empty.
        """
        return self.nonces.issue(session, at=self.clock())

    def finish(self, session: str, token_text: str) -> LoggedIn:
        """Log in the visitor whose page in *session* sent *token_text*. The nonce is used up, also by a refusal.

        It may load revocation data, so an event loop calls it in a thread.

        Raises:
            LoginRefused: the visitor is not logged in: NonceUnknown, NonceExpired, TokenUnreadable, or
                LoginNotAccepted, which carries all steps.
            UsageError: *session* is empty, or *accept_unchecked* names something else.
            MissingExtraError, CertificateFileError: the portal's revocation data cannot be used.
        """
        now = self.clock()
        nonce = self.nonces.take(session, at=now)
        try:
            certificate, signature = answer(token_text, self.origin, nonce)
        except (ProtocolError, CertificateFileError, UnsupportedAlgorithmError) as reason:
            raise _unreadable(reason) from reason
        report = check(
            certificate,
            self.anchors,
            at=now,
            now=now,
            purpose=Purpose.AUTHENTICATION,
            signature=signature,
            evidence=evidence_of(self.evidence),
            policies=self.policies,
        )
        return self._logged_in(certificate, report)

    def _logged_in(self, certificate: x509.Certificate, report: Report) -> LoggedIn:
        try:
            report.require(self.accept_unchecked)
        except SignatureNotAccepted as reason:
            raise LoginNotAccepted(str(reason.args[0]), steps=reason.steps, **reason.details) from None
        anchor = cast(Anchor, report.anchor)  # since its issuer is good
        try:
            return LoggedIn(account_id(certificate, anchor.certificate, self.account_key), certificate, report)
        except CertificateFileError as reason:
            raise _unreadable(reason) from reason


def _unreadable(reason: MynacardError) -> TokenUnreadable:
    return TokenUnreadable(str(reason.args[0]), **reason.details)

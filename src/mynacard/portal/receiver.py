"""The receiver without HTTP: it answers every request after all the checks that a real one makes.

A request that is not accepted is a :class:`Refusal`. Each method names its stable codes and HTTP statuses, in the order
of its checks. Nothing of a refused request is kept; but good signatures use up a challenge for a registration or a
session, whatever else is refused.

The order of checks on a signature, and their names, are those that an operator licensed by J-LIS publishes.

Source: docs/submission.md lists each check; application rules: :mod:`mynacard.submission.rules`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from mynacard import webeid
from mynacard.errors import CertificateFileError, ProtocolError, UnsupportedAlgorithmError
from mynacard.portal.challenges import Bound
from mynacard.portal.refusal import Refusal, check_active, not_logged_in, unknown_application
from mynacard.portal.rows import Account
from mynacard.portal.store import Claim, Store, Submission
from mynacard.signing import cms
from mynacard.signing.content import of_bytes
from mynacard.submission import checking, holder_match
from mynacard.submission.application import Actor, Application
from mynacard.submission.exchange import (
    AccountState,
    Challenge,
    Event,
    Overview,
    Purpose,
    Rebinding,
    Registered,
    Registration,
    Remark,
    ReportAnswer,
    Session,
    SessionRequest,
    State,
    Status,
    remarks,
    time_text,
)
from mynacard.submission.messages import Violation, warning
from mynacard.submission.package import Opened, PackageError, open_package, refusal
from mynacard.submission.profile import REFERENCE, Profile
from mynacard.texts import N_
from mynacard.trust import Anchor, Report, RevocationEvidence, Verdict, check
from mynacard.trust import Purpose as CertificatePurpose
from mynacard.trust.revocation import NO_EVIDENCE

__all__ = ["Receiver", "Refusal"]

CHALLENGE_LIFETIMES: Final = {
    Purpose.REGISTRATION: timedelta(minutes=5),
    Purpose.SESSION: timedelta(minutes=5),
    Purpose.PACKAGE: timedelta(days=1),  # a package may have to wait for a connection
}
SESSION_LIFETIME: Final = timedelta(minutes=30)
KEY_LENGTHS: Final = range(16, 129)


@dataclass(frozen=True)
class Receiver:
    """A receiver at one origin.

    Attributes:
        origin: its own, as ``https://host[:port]``; signed documents name it.
        anchors: the CA certificates that it trusts.
        store: its memory.
        evidence: returns its data on revoked certificates; called for each check.
        profile: how clients speak to it, and its rules.
        clock: its own time.
        accept_unchecked: whether to accept certificates whose revocation status is unknown.
        approve_at_once: whether a registration needs no approval.
        accept_at_once: whether an application gets its final number with its receipt.
    """

    origin: str
    anchors: Sequence[Anchor]
    store: Store
    evidence: Callable[[], RevocationEvidence] = lambda: NO_EVIDENCE
    profile: Profile = REFERENCE
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    accept_unchecked: bool = False
    approve_at_once: bool = False
    accept_at_once: bool = False

    # --- for the person's side ---

    def challenge(self, purpose: Purpose, account: str | None) -> Challenge:
        """A number to be answered once; one for a package belongs to an account.

        Raises:
            Refusal: ``session/unknown`` (401), for a package without an account.
        """
        if purpose is Purpose.PACKAGE and account is None:
            raise not_logged_in()
        bound = Bound(purpose, account if purpose is Purpose.PACKAGE else None)
        expires = self.clock() + CHALLENGE_LIFETIMES[purpose]
        return Challenge(self.store.new_challenge(bound, int(expires.timestamp())), purpose, time_text(expires))

    def register(self, request: Registration) -> Registered:
        """Create an account for a caller who proves possession of both keys; the same again returns the same account.

        Raises:
            Refusal: ``challenge/unknown`` (409); ``token/form`` or ``signature/mismatch`` (400); a ``certificate/…``
                code, ``signature/mismatch`` (403) or ``certificate/not-checked`` (503) for either certificate;
                ``account/exists`` (409).
        """
        account = self.store.add_account(self._proven(request.nonce, request.token, request.signature))
        return Registered(account.id, account.state)

    def rebind(self, request: Rebinding, logged_in: str | None) -> Registered:
        """Bind an account to renewed certificates: at once if *logged_in* is that account, and the holder is the same.

        Otherwise it waits for :meth:`approve`; the account stays as it is, and the caller does not learn whether it
        exists.

        Raises:
            Refusal: as :meth:`register`; ``account/changed`` (409) or ``session/unknown`` (401): while this call ran.
        """
        proven = self._proven(request.nonce, request.token, request.signature)
        account = self.store.account(request.account)
        if account is None:
            return Registered(request.account, AccountState.PENDING)
        renewed = replace(proven, id=account.id, state=account.state)
        if logged_in == account.id and renewed.holder == account.holder:
            self.store.rebind(renewed, account, self._time())
            return Registered(account.id, account.state)
        self.store.add_rebinding(renewed)
        return Registered(account.id, AccountState.PENDING)

    def log_in(self, request: SessionRequest) -> Session:
        """A session for a caller who answers a challenge with the user-authentication key of an active account.

        Raises:
            Refusal: ``challenge/unknown`` (409); ``token/form`` (400); a ``certificate/…`` code or
                ``signature/mismatch`` (403); ``certificate/not-checked`` (503); ``account/unknown``,
                ``account/pending`` or ``account/closed`` (403); ``account/changed`` (409): while this call ran.
        """
        certificate, report = self._token(request.nonce, request.token, Purpose.SESSION)
        self._check_report(report)
        self.store.use_challenge(request.nonce, Bound(Purpose.SESSION), self._seconds())
        account = self.store.account_of(_fingerprint(certificate))
        if account is None:
            raise Refusal(403, "account/unknown", N_("No account is registered with this certificate."))
        check_active(account.state)
        secret = secrets.token_urlsafe(32)
        expires = time_text(self.clock() + SESSION_LIFETIME)
        self.store.add_session(_digest(secret), account, expires, self._time())
        return Session(secret, account.id, expires)

    def logged_in(self, secret: str | None) -> str:
        """The active account to whose session *secret* belongs.

        Raises:
            Refusal: ``session/unknown`` (401); ``account/pending`` or ``account/closed`` (403).
        """
        id_ = self.store.session_account(_digest(secret), self._time()) if secret is not None else None
        account = self.store.account(id_) if id_ is not None else None
        if account is None:
            raise not_logged_in()
        check_active(account.state)
        return account.id

    def dry_run(self, application: Application) -> ReportAnswer:
        """Check *application* by the rules; nothing is kept."""
        violations = self.profile.check(application, now=self.clock())
        return ReportAnswer(checking.is_acceptable(violations), self.profile.rules.version, remarks(violations))

    def submit(self, account: str, key: str | None, received: Path, content: str, *, to: str | None = None) -> Status:
        """Take the package at *received*: an application, or with *to* documents that were requested for that one.

        The same key with the same bytes gets the same answer each time; the package is moved away or left.

        Args:
            account: who sent it.
            key: the sender's own name for this submission, and for no other.
            received: the file.
            content: the SHA-256 value of its bytes, in hexadecimal.
            to: the provisional number of the application that it belongs to; None for a new one.

        Raises:
            Refusal: ``idempotency/missing`` (400) or ``idempotency/other-content`` (409); a problem that
                :func:`open_package` found (422); ``certificate/not-checked`` (503); ``challenge/unknown`` (409);
                ``account/other-certificate`` (403); ``application/unknown`` (404, or 422 where the package belongs to
                another); ``application/state`` (409); ``rules/violated`` (422); ``submission/repeated`` (409).
        """
        if key is None or len(key) not in KEY_LENGTHS or not key.isascii() or not key.isprintable():
            raise Refusal(400, "idempotency/missing", N_("A package needs an Idempotency-Key of 16 to 128 characters."))
        before = self.store.submission(account, key)
        if before is None:
            try:
                return self._taken(account, key, received, content, to)
            except Refusal:  # perhaps the same package was sent twice at once, and the other was first
                before = self.store.submission(account, key)
                if before is None:
                    raise
        if before.content != content or (to is not None and before.application != to):
            raise Refusal(409, "idempotency/other-content", N_("Another package was sent with this Idempotency-Key."))
        return self.status(before.account, before.application)

    def _taken(self, account: str, key: str, received: Path, content: str, to: str | None) -> Status:
        opened = self._opened(received)
        claim = _claim(account, opened, to)
        self.store.check_claim(claim, self._seconds())
        report = self._check_content(opened)
        number = to or self._new_number()
        at_once = self.accept_at_once and to is None
        states = (State.UNDER_EXAMINATION,) if to else (State.RECEIVED, State.ACCEPTED)[: 1 + at_once]
        events = tuple(Event(state, self._time()) for state in states)
        final = _final_number() if at_once else ""
        with self.store.keeping(received) as name:
            submission = Submission(account, key, content, opened.digest, number, name)
            self.store.add_submission(submission, claim, events, report, self._seconds(), number=final)
        return self.status(account, number)

    def overview(self, account: str) -> Overview:
        """The latest applications of *account*."""
        return self.store.overview(account)

    def status(self, account: str, application: str) -> Status:
        """The status of *account*'s application with this provisional number.

        Raises:
            Refusal: ``application/unknown`` (404): the account has no such application.
        """
        status = self.store.status(account, application)
        if status is None:
            raise unknown_application()
        return status

    def withdraw(self, account: str, application: str) -> Status:
        """Withdraw the application; one that was withdrawn before stays so.

        Raises:
            Refusal: ``account/closed`` (403); ``application/unknown`` (404); ``application/state`` (409).
        """
        self.store.move(application, Event(State.WITHDRAWN, self._time()), account=account)
        return self.status(account, application)

    # --- for the office's side ---

    def approve(self, account: str, renewal: Account | None = None) -> None:
        """Approve the registration, or *renewal*, its renewed certificates, after the office has examined them.

        Raises:
            Refusal: ``account/unknown`` (404); ``account/changed`` (409): other certificates than *renewal* are waiting
                now; ``account/exists`` (409): they belong to another account now; ``account/closed`` (403): it needs
                renewed certificates.
        """
        self.store.approve(account, renewal)

    def close(self, account: str) -> None:
        """Close the account, and end its sessions."""
        self.store.close_account(account)

    def accept(self, application: str) -> Status:
        """Accept the application, and give it its final number.

        Raises:
            Refusal: as :meth:`move`.
        """
        return self.move(application, State.ACCEPTED, number=_final_number())

    def move(
        self,
        application: str,
        state: State,
        note: str = "",
        *,
        before: State | None = None,
        number: str | None = None,
    ) -> Status:
        """Move an application to *state*.

        Args:
            application: its provisional number.
            state: the new one.
            note: a message to the applicant.
            before: the state that the office decided about; None: any from which the application can go to *state*.
            number: its final number.

        Raises:
            Refusal: ``application/unknown`` (404); ``application/state`` (409): it is not in the state *before*, or
                cannot go to *state* from there. What was withdrawn stays so.
        """
        self.store.move(application, Event(state, self._time(), note), before=before, number=number)
        status = self.store.status(None, application)
        if status is None:
            raise unknown_application()
        return status

    # --- checks ---

    def _proven(self, nonce: str, token: str, signature: str) -> Account:
        """The account that both keys' answers prove; it is not in the store yet."""
        certificate, report = self._token(nonce, token, Purpose.REGISTRATION)
        self._check_report(report)
        statement = self.profile.registration_statement(self.origin, nonce, certificate.public_bytes(Encoding.DER))
        try:
            parsed = cms.parse(base64.b64decode(signature, validate=True))
            step = cms.verify(parsed, of_bytes(statement))
            signer, now = parsed.certificate, self.clock()
            report = check(
                signer,
                self.anchors,
                at=now,
                now=now,
                purpose=CertificatePurpose.DOCUMENT,
                signature=step,
                evidence=self.evidence(),
            )
        except (binascii.Error, ValueError):  # CertificateFileError and UnsupportedAlgorithmError are ValueErrors
            raise Refusal(400, "signature/mismatch", N_("The signing key's answer is not a signature.")) from None
        self._check_report(report)
        self.store.use_challenge(nonce, Bound(Purpose.REGISTRATION), self._seconds())
        state = AccountState.ACTIVE if self.approve_at_once else AccountState.PENDING
        return Account(
            secrets.token_hex(8),
            state,
            _fingerprint(certificate),
            _fingerprint(signer),
            holder_match.fingerprint(signer),
        )

    def _token(self, nonce: str, token: str, purpose: Purpose) -> tuple[x509.Certificate, Report]:
        self.store.check_challenge(nonce, Bound(purpose), self._seconds())
        try:
            return webeid.report(token, self.origin, nonce, self.anchors, at=self.clock(), evidence=self.evidence())
        except (ProtocolError, CertificateFileError, UnsupportedAlgorithmError) as reason:
            raise Refusal(400, "token/form", N_("This is not a valid token: {reason}"), reason=reason) from None

    def _check_report(self, report: Report) -> None:
        refused = refusal(report)
        if refused is not None:
            problem, step = refused
            raise Refusal(403, problem, step.template, **dict(step.details))
        if report.overall is not Verdict.GOOD and not self.accept_unchecked:
            raise Refusal(
                503, "certificate/not-checked", N_("It is not known at present whether the certificate was revoked.")
            )

    def _opened(self, received: Path) -> Opened:
        try:
            with received.open("rb") as source:
                opened = open_package(
                    source, audience=self.origin, anchors=self.anchors, now=self.clock(), evidence=self.evidence()
                )
        except PackageError as error:
            template = str(error.args[0])
            raise Refusal(422, error.problem, template, *error.violations, **error.details) from None
        self._check_report(opened.report)
        return opened

    def _check_content(self, opened: Opened) -> tuple[Remark, ...]:
        application = opened.manifest.application
        if application is None:
            return ()
        violations = list(self.profile.check(application, now=self.clock()))
        violations += _versions(opened.manifest.rules, self.profile.rules.version)
        if application.actor is Actor.SELF:
            violations += holder_match.compare(application.person, opened.certificate)
        if not checking.is_acceptable(violations):
            count = len(violations)
            raise Refusal(422, "rules/violated", N_("The application breaks {count} rules."), *violations, count=count)
        return remarks(violations)

    def _new_number(self) -> str:
        return f"{self.clock():%Y%m%d}-{secrets.token_hex(6)}"

    def _time(self) -> str:
        return time_text(self.clock())

    def _seconds(self) -> int:
        return int(self.clock().timestamp())


def _claim(account: str, opened: Opened, to: str | None) -> Claim:
    supplement = opened.manifest.supplement
    belongs_to = None if supplement is None else supplement.number
    return Claim(account, opened.manifest.nonce, _fingerprint(opened.certificate), to, belongs_to)


def _final_number() -> str:
    return f"{secrets.randbelow(10**12):012}"


def _versions(theirs: str, ours: str) -> list[Violation]:
    """A warning that the versions of the rules differ, if they do; ours decide."""
    if theirs == ours:
        return []
    code = "rules/older-client" if theirs < ours else "rules/newer-client"
    return [warning(code, "", theirs=theirs[:20], ours=ours)]


def _fingerprint(certificate: x509.Certificate) -> str:
    return certificate.fingerprint(hashes.SHA256()).hex()


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()

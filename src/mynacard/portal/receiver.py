"""The receiver without HTTP: it answers every request after all the checks that a real one makes.

A request that is not accepted is a :class:`Refusal`. Each method names its stable codes and HTTP statuses, in the order
of its checks. Nothing of a refused request is kept; but any answer uses up a challenge for a registration or a session.

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
from mynacard.portal.refusal import Refusal, account_exists, not_logged_in, unknown_challenge, wrong_state
from mynacard.portal.store import Account, Duplicate, NoChallenge, Store, Submission
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
CHALLENGES_MAX: Final = 10_000
"""Open ones that do not belong to an account; each account has at most 100."""
KEY_LENGTHS: Final = range(16, 129)

_WITHDRAWABLE: Final = frozenset({State.RECEIVED, State.ACCEPTED, State.UNDER_EXAMINATION, State.AWAITING_DOCUMENTS})


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
            Refusal: ``session/unknown`` (401), for a package without an account; ``challenge/too-many`` (429).
        """
        bound = account if purpose is Purpose.PACKAGE else None
        if purpose is Purpose.PACKAGE and account is None:
            raise not_logged_in()
        if self.store.challenge_count(bound) >= (CHALLENGES_MAX if bound is None else 100):
            raise Refusal(429, "challenge/too-many", N_("Too many challenges are open; try again in a few minutes."))
        nonce = base64.b64encode(secrets.token_bytes(33)).decode("ascii")
        expires = time_text(self.clock() + CHALLENGE_LIFETIMES[purpose])
        self.store.add_challenge(nonce, purpose, bound, expires, self._time())
        return Challenge(nonce, purpose, expires)

    def register(self, request: Registration) -> Registered:
        """Create an account for a caller who proves possession of both keys; the same again returns the same account.

        Raises:
            Refusal: ``challenge/unknown`` (409); ``token/form`` or ``signature/mismatch`` (400); a ``certificate/…``
                code, ``signature/mismatch`` (403) or ``certificate/not-checked`` (503) for either certificate;
                ``account/exists`` (409).
        """
        account = self._proven(request.nonce, request.token, request.signature)
        known = self.store.account_of(account.authentication)
        if known is not None and (known.authentication, known.signing) == (account.authentication, account.signing):
            return Registered(known.id, known.state)  # sent twice: the line was cut
        try:
            self.store.add_account(account)
        except Duplicate:
            raise account_exists() from None
        return Registered(account.id, account.state)

    def rebind(self, request: Rebinding, logged_in: str | None) -> Registered:
        """Bind an account to renewed certificates: at once if *logged_in* is that account, and the holder is the same.

        Otherwise it waits for :meth:`approve`; the account stays as it is, and the caller does not learn whether it
        exists.

        Raises:
            Refusal: as :meth:`register`.
        """
        proven = self._proven(request.nonce, request.token, request.signature)
        account = self.store.account(request.account)
        if account is None:
            return Registered(request.account, AccountState.PENDING)
        renewed = replace(proven, id=account.id, state=account.state)
        try:
            if logged_in == account.id and renewed.holder == account.holder:
                self.store.rebind(renewed)
                return Registered(account.id, account.state)
            self.store.add_rebinding(renewed)
        except Duplicate:
            raise account_exists() from None
        return Registered(account.id, AccountState.PENDING)

    def log_in(self, request: SessionRequest) -> Session:
        """A session for a caller who answers a challenge with the user-authentication key of an active account.

        Raises:
            Refusal: ``challenge/unknown`` (409); ``token/form`` (400); a ``certificate/…`` code or
                ``signature/mismatch`` (403); ``certificate/not-checked`` (503); ``account/unknown``,
                ``account/pending`` or ``account/closed`` (403).
        """
        certificate, report = self._token(request.nonce, request.token, Purpose.SESSION)
        self._check_report(report)
        account = self.store.account_of(_fingerprint(certificate))
        if account is None:
            raise Refusal(403, "account/unknown", N_("No account is registered with this certificate."))
        _check_active(account)
        secret = secrets.token_urlsafe(32)
        expires = time_text(self.clock() + SESSION_LIFETIME)
        self.store.add_session(_digest(secret), account.id, expires, self._time())
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
        _check_active(account)
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
        self._check_sender(account, opened, to)
        report = self._check_content(opened)
        number = to or self._new_number()
        state = State.RECEIVED if to is None else State.UNDER_EXAMINATION
        name = f"{number}-{opened.digest[:16]}.zip"
        submission = Submission(account, key, content, opened.digest, number, name)
        self.store.keep(received, name)
        try:
            self.store.add_submission(submission, opened.manifest.nonce, Event(state, self._time()), report)
        except Duplicate:
            self.store.discard(name)
            raise Refusal(409, "submission/repeated", N_("This package was submitted before.")) from None
        except NoChallenge:
            self.store.discard(name)
            raise unknown_challenge() from None
        if self.accept_at_once and to is None:
            self.accept(number)
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
            raise Refusal(404, "application/unknown", N_("You have no application with this number."))
        return status

    def withdraw(self, account: str, application: str) -> Status:
        """Withdraw the application; one that was withdrawn before stays so.

        Raises:
            Refusal: ``application/unknown`` (404); ``application/state`` (409): it is decided.
        """
        status = self.status(account, application)
        if status.state is State.WITHDRAWN:
            return status
        if status.state not in _WITHDRAWABLE:
            raise wrong_state(status.state)
        self.store.add_event(application, Event(State.WITHDRAWN, self._time()))
        return self.status(account, application)

    # --- for the office's side ---

    def approve(self, account: str, renewal: Account | None = None) -> None:
        """Approve the registration, or *renewal*, its renewed certificates, after the office has examined them.

        Raises:
            Refusal: ``account/changed`` (409): other certificates than *renewal* are waiting now; ``account/exists``
                (409): they belong to another account now.
        """
        if renewal is not None:
            if self.store.rebinding(account) != renewal:
                raise Refusal(
                    409, "account/changed", N_("Other certificates are waiting now than those that were examined.")
                )
            try:
                self.store.rebind(renewal)
            except Duplicate:
                raise account_exists() from None
        self.store.set_state(account, AccountState.ACTIVE)

    def close(self, account: str) -> None:
        """Close the account, and end its sessions."""
        self.store.set_state(account, AccountState.CLOSED)

    def accept(self, application: str) -> Status:
        """Accept the application, and give it its final number.

        Raises:
            Refusal: as :meth:`move`.
        """
        return self.move(application, State.ACCEPTED, number=f"{secrets.randbelow(10**12):012}")

    def move(self, application: str, state: State, note: str = "", *, number: str | None = None) -> Status:
        """Move an application to *state*.

        Raises:
            Refusal: ``application/unknown`` (404).
        """
        self.store.add_event(application, Event(state, self._time(), note), number=number)
        status = self.store.status(None, application)
        if status is None:
            raise Refusal(404, "application/unknown", N_("You have no application with this number."))
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
        state = AccountState.ACTIVE if self.approve_at_once else AccountState.PENDING
        return Account(
            secrets.token_hex(8),
            state,
            _fingerprint(certificate),
            _fingerprint(signer),
            holder_match.fingerprint(signer),
        )

    def _token(self, nonce: str, token: str, purpose: Purpose) -> tuple[x509.Certificate, Report]:
        if not self.store.take_challenge(nonce, purpose, None, self._time()):
            raise unknown_challenge()
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

    def _check_sender(self, account: str, opened: Opened, to: str | None) -> None:
        manifest, known = opened.manifest, self.store.account(account)
        if not self.store.has_challenge(manifest.nonce, Purpose.PACKAGE, account, self._time()):
            raise unknown_challenge()
        if known is None or known.signing != _fingerprint(opened.certificate):
            raise Refusal(
                403, "account/other-certificate", N_("The package is not signed with this account's certificate.")
            )
        supplement = manifest.supplement
        if (supplement and supplement.number) != to:
            raise Refusal(422, "application/unknown", N_("The package belongs to another application."))
        if to is not None:
            state = self.status(account, to).state
            if state is not State.AWAITING_DOCUMENTS:
                raise wrong_state(state)

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


def _versions(theirs: str, ours: str) -> list[Violation]:
    """A warning that the versions of the rules differ, if they do; ours decide."""
    if theirs == ours:
        return []
    code = "rules/older-client" if theirs < ours else "rules/newer-client"
    return [warning(code, "", theirs=theirs[:20], ours=ours)]


def _check_active(account: Account) -> None:
    if account.state is AccountState.PENDING:
        raise Refusal(403, "account/pending", N_("The registration waits for approval."))
    if account.state is AccountState.CLOSED:
        raise Refusal(403, "account/closed", N_("The account was closed."))


def _fingerprint(certificate: x509.Certificate) -> str:
    return certificate.fingerprint(hashes.SHA256()).hex()


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()

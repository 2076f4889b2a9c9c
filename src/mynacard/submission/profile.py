"""How to speak to one receiving system: everything in which systems differ. Client, outbox and receiver each take one.

``REFERENCE`` is this project's own profile, modelled on the public shape of e-Gov's interface. :mod:`mynacard.portal`
understands it; it is not the Immigration Services Agency's. A profile for another system is a subclass with its own
rules and extra fields, container and calls; each :class:`Call` reads its own answer.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Final
from urllib.parse import quote

from mynacard._dataclasses import dataclass
from mynacard.submission import checking, codec, package, rules
from mynacard.submission.application import Application
from mynacard.submission.calls import Call
from mynacard.submission.codec import FormError
from mynacard.submission.exchange import (
    IDEMPOTENCY_KEY,
    PACKAGE,
    Challenge,
    ChallengeRequest,
    Overview,
    Purpose,
    Rebinding,
    Registered,
    Registration,
    ReportAnswer,
    Session,
    SessionRequest,
    Status,
    registration_statement,
)
from mynacard.submission.messages import Violation
from mynacard.submission.rules import Rules, TextRule

__all__ = ["REFERENCE", "NoExtra", "Profile"]


@dataclass(frozen=True, slots=True)
class NoExtra:
    """The extra fields of a profile that has none."""


@dataclass(frozen=True)
class Profile:
    """A receiving system.

    Attributes:
        name: the profile's.
        rules: those that hold there.
        extra: the fields of its forms beyond the core: a dataclass, as :mod:`mynacard.submission.codec` reads one.
        extra_texts: the rules for the texts in *extra*, by JSON pointers into it.
        codes: the system's own codes for our kinds, statuses and so on, by table and by our name; only where it has
            some.
    """

    name: str = "reference"
    rules: Rules = field(default_factory=rules.current, repr=False)
    extra: type[Any] = NoExtra
    extra_texts: Mapping[str, TextRule] = field(default_factory=dict[str, TextRule])
    codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])

    # --- the form ---

    def check(self, application: Application, *, now: datetime) -> tuple[Violation, ...]:
        """All violations of its rules by *application* and its extra fields.

        Raises:
            UsageError: *now* has no time zone.
        """
        violations = checking.check(application, self.rules, now=now)
        try:
            extra = codec.decode(self.extra, dict(application.extra))
        except FormError as mistakes:
            return (*violations, *(_below_extra(mistake) for mistake in mistakes.violations))
        return (*violations, *(_below_extra(mistake) for mistake in checking.check_texts(extra, self.extra_texts)))

    def code(self, table: str, name: str) -> str:
        """The system's own code for *name*, or *name* where it has none."""
        return self.codes.get(table, {}).get(name, name)

    # --- the container ---

    def build(
        self,
        target: BinaryIO,
        manifest_json: bytes,
        signature: bytes,
        files: Sequence[Path],
        progress: Callable[[int], object],
    ) -> None:
        """Write the package to *target*, with the arguments and errors of :func:`mynacard.submission.package.build`."""
        package.build(target, manifest_json, signature, files, progress)

    # --- registration ---

    def registration_statement(self, origin: str, nonce: str, authentication_certificate_der: bytes) -> bytes:
        """The statement that the signing key signs to register.

        Arguments and errors are those of :func:`mynacard.submission.exchange.registration_statement`.
        """
        return registration_statement(origin, nonce, authentication_certificate_der)

    # --- its calls ---

    def challenge(self, purpose: Purpose) -> Call[Challenge]:
        """Get a challenge: a number to be answered."""
        body, as_somebody = _json(ChallengeRequest(purpose)), purpose is Purpose.PACKAGE
        return Call("POST", "/challenges", Challenge, body, as_somebody=as_somebody)

    def register(self, nonce: str, token: str, signature: bytes) -> Call[Registered]:
        """Open an account, by both keys' answers."""
        body = Registration(nonce, token, _base64(signature))
        return Call("POST", "/registrations", Registered, _json(body), as_somebody=False)

    def rebind(self, account: str, nonce: str, token: str, signature: bytes) -> Call[Registered]:
        """Bind an existing account to renewed certificates, by both keys' answers."""
        body = Rebinding(account, nonce, token, _base64(signature))
        return Call("POST", "/registrations/rebind", Registered, _json(body))

    def log_in(self, nonce: str, token: str) -> Call[Session]:
        """Begin a session, by the user-authentication key's answer."""
        return Call("POST", "/sessions", Session, _json(SessionRequest(nonce, token)), as_somebody=False)

    def dry_run(self, application: Application) -> Call[ReportAnswer]:
        """Check *application* by the receiver's rules; nothing is submitted."""
        return Call("POST", "/applications:check", ReportAnswer, _json(application))

    def submit(self, package: Path, size: int, key: str, number: str) -> Call[Status]:
        """Submit the file *package*, of *size* bytes, under *key*; to the application *number* unless that is empty."""
        path = f"/applications/{quote(number, safe='')}/attachments" if number else "/applications"
        headers = {"Content-Type": PACKAGE, "Content-Length": str(size), IDEMPOTENCY_KEY: key}
        return Call("POST", path, Status, package=package, headers=headers)

    def overview(self) -> Call[Overview]:
        """List the applications of the account that is logged in."""
        return Call("GET", "/applications", Overview)

    def status(self, number: str) -> Call[Status]:
        """Get the status of one application."""
        return Call("GET", f"/applications/{quote(number, safe='')}", Status)

    def withdraw(self, number: str) -> Call[Status]:
        """Withdraw one application."""
        return Call("POST", f"/applications/{quote(number, safe='')}/withdraw", Status)


REFERENCE: Final = Profile()


def _below_extra(violation: Violation) -> Violation:
    return Violation(violation.code, f"/extra{violation.field}", violation.severity, violation.details)


def _json(value: object) -> bytes:
    return json.dumps(codec.encode(value)).encode()


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")

"""The messages between client and receiver, in the ``reference`` profile. Both sides use these definitions.

Modelled on the public shape of e-Gov's interface; it is not the Immigration Services Agency's, which is not public.

Source: RFC 9457 (problems), RFC 6750 (bearer tokens); the Idempotency-Key header as IETF's httpapi group drafted it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Final

from mynacard._dataclasses import dataclass
from mynacard.submission.manifest import canonical
from mynacard.submission.messages import Severity, Violation

__all__ = [
    "ANSWER_MAX",
    "IDEMPOTENCY_KEY",
    "PACKAGE",
    "PROBLEM",
    "REGISTRATION",
    "AccountState",
    "Challenge",
    "ChallengeRequest",
    "Event",
    "Overview",
    "Problem",
    "Purpose",
    "Rebinding",
    "Registered",
    "Registration",
    "RegistrationStatement",
    "Remark",
    "ReportAnswer",
    "Session",
    "SessionRequest",
    "State",
    "Status",
    "registration_statement",
    "remarks",
    "time_text",
]

ANSWER_MAX: Final = 0x10_0000
"""Bytes of an answer; a list of a hundred applications has about 50,000."""
PACKAGE: Final = "application/zip"
PROBLEM: Final = "application/problem+json"
IDEMPOTENCY_KEY: Final = "Idempotency-Key"
REGISTRATION: Final = "mynacard-registration/1"
"""The format of the statement signed to register; it keeps that apart from applications."""


class Purpose(StrEnum):
    """The purpose of a challenge, which cannot be used for another one."""

    REGISTRATION = "registration"
    SESSION = "session"
    PACKAGE = "package"


class AccountState(StrEnum):
    """The state of an account. Unless it is active, its holder can only register again with renewed certificates."""

    PENDING = "pending"
    ACTIVE = "active"
    CLOSED = "closed"


class State(StrEnum):
    """The state of an application, in the order in which they come."""

    RECEIVED = "received"  # with a provisional number
    ACCEPTED = "accepted"  # with the final one
    UNDER_EXAMINATION = "under_examination"
    AWAITING_DOCUMENTS = "awaiting_documents"
    GRANTED = "granted"
    REFUSED = "refused"
    FEE_DUE = "fee_due"
    ISSUING = "issuing"
    COMPLETED = "completed"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class ChallengeRequest:
    purpose: Purpose


@dataclass(frozen=True, slots=True)
class Challenge:
    """A number used once. *expires*: by the receiver's clock."""

    nonce: str
    purpose: Purpose
    expires: str


@dataclass(frozen=True, slots=True)
class Registration:
    """Both keys' answers to one challenge: *token* (Web eID 1.0), and *signature* of :func:`registration_statement`.

    The signature is CAdES, detached, in base64.
    """

    nonce: str
    token: str = field(repr=False)
    signature: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Rebinding:
    """The same as :class:`Registration`, with renewed certificates for an existing account."""

    account: str
    nonce: str
    token: str = field(repr=False)
    signature: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Registered:
    account: str
    state: AccountState


@dataclass(frozen=True, slots=True)
class SessionRequest:
    nonce: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Session:
    """The account that is logged in, and the secret that proves it until *expires*."""

    session: str = field(repr=False)
    account: str
    expires: str


@dataclass(frozen=True, slots=True)
class Remark:
    """The violation of a rule, in both languages."""

    field: str
    code: str
    severity: str
    message_en: str
    message_ja: str

    @property
    def is_error(self) -> bool:
        """Whether it stops the application."""
        return self.severity == Severity.ERROR


@dataclass(frozen=True, slots=True)
class ReportAnswer:
    """The answer to a dry run, of which nothing was kept. *acceptable*: the report has no error."""

    acceptable: bool
    rules: str
    report: tuple[Remark, ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """A state, and since when. *note*: the receiver's message to the applicant."""

    state: State
    time: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Status:
    """The status of one application. The receipt is the first of these.

    Attributes:
        provisional_number: given at once; it goes on identifying the application.
        number: the final one, given on acceptance; empty until then.
        digest: SHA-256 of the manifest, in hexadecimal.
        history: the last event is the present state.
        report: the rules' warnings.
    """

    provisional_number: str
    digest: str
    history: tuple[Event, ...]
    number: str = ""
    report: tuple[Remark, ...] = ()

    @property
    def state(self) -> State:
        """The present state."""
        return self.history[-1].state


@dataclass(frozen=True, slots=True)
class Overview:
    applications: tuple[Status, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a request was refused (RFC 9457); *detail_ja* is *detail* in Japanese."""

    title: str
    status: int
    detail: str
    code: str
    type: str = "about:blank"
    detail_ja: str = ""
    report: tuple[Remark, ...] = ()


@dataclass(frozen=True, slots=True)
class RegistrationStatement:
    """The statement that the signing key signs to register: both keys belong together, at this receiver and now.

    The receiver chooses nothing in it except the nonce.

    Attributes:
        format: :data:`REGISTRATION`.
        origin: the receiver's, as the client knows it.
        nonce: the challenge's.
        authentication_certificate: SHA-256 of the user-authentication certificate, in hexadecimal.
    """

    format: str
    origin: str
    nonce: str
    authentication_certificate: str


def registration_statement(origin: str, nonce: str, authentication_certificate_der: bytes) -> bytes:
    """The bytes of a :class:`RegistrationStatement`.

    Raises:
        MissingExtraError: rfc8785 is not installed.
    """
    digest = sha256(authentication_certificate_der).hexdigest()
    return canonical(RegistrationStatement(REGISTRATION, origin, nonce, digest))


def remarks(violations: Iterable[Violation]) -> tuple[Remark, ...]:
    """*violations* in the form of a report."""
    return tuple(
        Remark(violation.field, violation.code, violation.severity.value, violation.english, violation.japanese)
        for violation in violations
    )


def time_text(moment: datetime) -> str:
    """*moment*, which must be in UTC, in the form of these messages."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")

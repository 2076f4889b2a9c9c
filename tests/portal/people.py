"""A receiver that is served on this machine, people with keys, and lines that break where a test wants it."""

from __future__ import annotations

import io
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256

from mynacard.jpki import authentication
from mynacard.jpki.authentication import Authentication
from mynacard.portal import Receiver, Store
from mynacard.portal.serving import served
from mynacard.signing import cades
from mynacard.submission import package
from mynacard.submission.applicant import Applicant
from mynacard.submission.application import Application, Attachment
from mynacard.submission.exchange import Registered, registration_statement
from mynacard.submission.manifest import Supplement
from mynacard.submission.outbox import Entry, Outbox
from mynacard.submission.rules import current
from mynacard.trust import Anchor
from mynacard.webeid import AuthenticationToken
from tests.signing.documents import CA
from tests.submission.applications import EXTENSION, NOW
from tests.submission.packages import files_in
from tests.trust.authorities import AUTHENTICATION, Authority, der, holder, key

__all__ = [
    "ORIGIN", "RULES", "Clock", "Outbox", "Somebody", "logged_in", "packed", "receiver", "registered", "served",
]  # fmt: skip

ORIGIN: Final = "https://127.0.0.1:8000"
RULES: Final = current().version


class Clock:
    """A clock that stands still until a test moves it."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Somebody:
    """A person with both keys, who counts the documents that they sign."""

    name: str = "holder"
    authentication: x509.Certificate = field(init=False)
    signing: x509.Certificate = field(init=False)
    ca: Authority = CA
    signatures: int = 0
    serial: int = 1

    def __post_init__(self) -> None:
        self.authentication = holder(
            self.ca, f"{self.name} log-in", extensions=AUTHENTICATION, serial=self.serial + 1000
        )
        self.signing = holder(self.ca, self.name, serial=self.serial)

    def token(self, origin: str, nonce: str) -> str:
        digest = authentication.digest(origin, nonce)
        signature = key(f"{self.name} log-in").sign(digest, PKCS1v15(), Prehashed(SHA256()))
        return AuthenticationToken.from_authentication(
            Authentication(origin, nonce, der(self.authentication), signature)
        ).to_json()

    def signature(self, document: bytes) -> bytes:
        self.signatures += 1
        return cades.sign(document, self.signing, key(self.name))

    def registration(self, origin: str, nonce: str) -> tuple[str, bytes]:
        statement = registration_statement(origin, nonce, der(self.authentication))
        return self.token(origin, nonce), self.signature(statement)


def receiver(folder: Path | None = None, **options: Any) -> Receiver:
    settings: dict[str, Any] = {
        "origin": ORIGIN, "anchors": (Anchor(CA.certificate),), "clock": Clock(), "accept_unchecked": True,
        "approve_at_once": True,
    }  # fmt: skip
    return Receiver(**(settings | {"store": Store(folder)} | options))


def registered(client: Any, somebody: Somebody) -> Registered:
    return Applicant(client, somebody).register()


def logged_in(client: Any, somebody: Somebody) -> None:
    Applicant(client, somebody).log_in()


def packed(
    client: Any,
    outbox: Outbox,
    somebody: Somebody,
    folder: Path,
    *,
    application: Application = EXTENSION,
    size: int = 3000,
    number: str = "",
    now: datetime = NOW,
    rules: str = RULES,
    files: tuple[tuple[Path, ...], tuple[Attachment, ...]] | None = None,
) -> Entry:
    """A signed package in the outbox: the application with three files, or documents for the application *number*."""
    paths, attachments = files if files is not None else files_in(folder, size)
    content: Application | Supplement = replace(application, attachments=attachments)
    if number:
        paths, content = paths[1:], Supplement(number, attachments[1:])
    client.outbox = outbox
    client.profile = replace(client.profile, rules=replace(client.profile.rules, version=rules))
    return Applicant(client, somebody, lambda: now).sign(content, paths)


def rebuilt(document: bytes, signature: bytes, paths: tuple[Path, ...]) -> bytes:
    target = io.BytesIO()
    package.build(target, document, signature, paths)
    return target.getvalue()

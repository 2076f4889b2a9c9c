"""The signed part of an application: one JSON document, in canonical form.

It names its receiver, answers that receiver's challenge, and has a digest of every attached file.

Source: RFC 8785 (JSON Canonicalization Scheme), by the library ``rfc8785``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import field
from datetime import UTC, datetime
from typing import Any, Final, cast

from mynacard._dataclasses import dataclass
from mynacard.errors import MissingExtraError
from mynacard.submission import codec
from mynacard.submission.application import Application, Attachment
from mynacard.submission.messages import Violation, error

__all__ = ["CLIENT_NEEDS", "FORMAT", "Manifest", "Supplement", "canonical", "manifest_of", "parse"]

CLIENT_NEEDS: Final = ("httpx2", "idna", "pyhanko", "rfc8785")
"""What registering and applying need: the packages of the extra ``client``."""

FORMAT: Final = "mynacard-package/1"
_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")


@dataclass(frozen=True, slots=True)
class Supplement:
    """Documents that the receiver asked for, for an application that it already has."""

    number: str
    attachments: tuple[Attachment, ...]


@dataclass(frozen=True, slots=True)
class Manifest:
    """The contents of a package, and its receiver.

    Attributes:
        format: :data:`FORMAT`.
        audience: the receiver's origin, as ``https://host[:port]``.
        nonce: of the challenge that the receiver gave for this package.
        issued: when it was made, by the sender's clock, in UTC: ``2026-11-24T03:00:00Z``.
        rules: the version of the rules by which the sender checked it.
        application: the application; None for a supplement.
        supplement: the documents that the receiver asked for; None for an application.
    """

    format: str
    audience: str
    nonce: str
    issued: str
    rules: str
    application: Application | None = field(default=None, repr=False)
    supplement: Supplement | None = field(default=None, repr=False)

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        """The attached files, in their order."""
        if self.application is not None:
            return self.application.attachments
        return self.supplement.attachments if self.supplement is not None else ()

    @property
    def issued_at(self) -> datetime:
        """:attr:`issued` as a time."""
        return datetime.strptime(self.issued, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def manifest_of(content: Application | Supplement, *, audience: str, nonce: str, now: datetime, rules: str) -> Manifest:
    """The manifest of *content*, for one receiver and one challenge.

    Args:
        content: an application, or documents that the receiver asked for.
        audience: the receiver's origin.
        nonce: of the receiver's challenge for a package.
        now: aware of its zone.
        rules: the version of the rules by which *content* was checked.
    """
    issued = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(content, Application):
        return Manifest(FORMAT, audience, nonce, issued, rules, application=content)
    return Manifest(FORMAT, audience, nonce, issued, rules, supplement=content)


def canonical(value: object) -> bytes:
    """*value*, a dataclass or JSON, in the form of RFC 8785.

    Raises:
        MissingExtraError: rfc8785 is not installed.
    """
    MissingExtraError.check(["rfc8785"], "client")
    import rfc8785  # noqa: PLC0415  # an extra

    dumps: Callable[[Any], bytes] = cast(Any, rfc8785).dumps
    return dumps(codec.encode(value))


def parse(document: bytes) -> Manifest:
    """The manifest in *document*.

    Raises:
        FormError: it is not a manifest, or not in canonical form; all mistakes are named.
        MissingExtraError: rfc8785 is not installed.
    """
    manifest = codec.loads(Manifest, document)
    mistakes = list(_mistakes(manifest))
    if not mistakes and canonical(manifest) != document:
        mistakes = [error("form/canonical", "")]
    if mistakes:
        raise codec.FormError(mistakes)
    return manifest


def _mistakes(manifest: Manifest) -> Iterator[Violation]:
    if manifest.format != FORMAT:
        yield error("form/choice", "/format", choices=FORMAT)
    if (manifest.application is None) == (manifest.supplement is None):
        yield error("form/missing", "/application")
    try:
        if not _TIME.fullmatch(manifest.issued):
            raise ValueError
        _ = manifest.issued_at
    except ValueError:
        yield error("form/date", "/issued")

"""Packages made here, good ones and others, and their signer."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Final

from cryptography import x509

from mynacard.signing import cades
from mynacard.submission import package
from mynacard.submission.application import Application, Attachment, Role
from mynacard.submission.manifest import FORMAT, Manifest, canonical
from mynacard.submission.package import Opened, open_package
from mynacard.trust import Anchor
from tests.signing.documents import CA, CERTIFICATE
from tests.submission.applications import EXTENSION, NOW
from tests.trust.authorities import key

AUDIENCE: Final = "https://portal.example"
NONCE: Final = "bm9uY2Utbm9uY2Utbm9uY2Utbm9uY2Utbm9uY2Utbm9uY2U="
ANCHORS: Final = (Anchor(CA.certificate),)


@dataclass(frozen=True)
class Made:
    """A package, and what went into it."""

    data: bytes
    manifest: Manifest
    files: tuple[Path, ...]


def files_in(folder: Path, size: int = 3000) -> tuple[tuple[Path, ...], tuple[Attachment, ...]]:
    folder.mkdir(exist_ok=True)
    photo, contract, proof = folder / "photo.jpg", folder / "contract.pdf", folder / "proof.pdf"
    photo.write_bytes(b"\xff\xd8\xff\xe0" + bytes(size) + b"\xff\xd9")
    contract.write_bytes(b"%PDF-1.7\n" + b"c" * size + b"\n%%EOF\n")
    proof.write_bytes(b"%PDF-1.7\n" + b"p" * size + b"\n%%EOF\n")
    return (photo, contract, proof), (
        package.attachment(photo, Role.PHOTO, taken=date(2026, 11, 1)),
        package.attachment(contract, Role.DOCUMENT),
        package.attachment(proof, Role.DOCUMENT),
    )


def manifest_of(application: Application, /, **changes: Any) -> Manifest:
    whole = Manifest(FORMAT, AUDIENCE, NONCE, NOW.strftime("%Y-%m-%dT%H:%M:%SZ"), "2026-11-24", application)
    return replace(whole, **changes)


def made(
    folder: Path,
    *,
    sign: Callable[[bytes], bytes] | None = None,
    certificate: x509.Certificate = CERTIFICATE,
    key_name: str = "holder",
    size: int = 3000,
    change: Mapping[str, Any] | None = None,
) -> Made:
    """A package with three files; *change* goes into the manifest before it is signed."""
    paths, attachments = files_in(folder, size)
    manifest = manifest_of(replace(EXTENSION, attachments=attachments), **(change or {}))
    document = canonical(manifest)
    signature = sign(document) if sign else cades.sign(document, certificate, key(key_name))
    target = io.BytesIO()
    package.build(target, document, signature, paths)
    return Made(target.getvalue(), manifest, paths)


def opened(data: bytes, **options: Any) -> Opened:
    settings: dict[str, Any] = {"audience": AUDIENCE, "anchors": ANCHORS, "now": NOW}
    return open_package(io.BytesIO(data), **(settings | options))

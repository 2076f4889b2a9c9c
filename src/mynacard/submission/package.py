"""The signed package: manifest, its CAdES signature, and the files, in a ZIP file that can be written in only one way.

The same content makes the same bytes, and a file can neither expand nor be written to a place of the sender's choice
(:mod:`mynacard.submission.container`). Only the manifest and its signature are held in memory.

Source: ETSI EN 319 122-1 for the signature.
"""

from __future__ import annotations

import hashlib
import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import IO, BinaryIO, Final

from cryptography import x509

from mynacard._dataclasses import dataclass
from mynacard.errors import CertificateFileError, UnsupportedAlgorithmError
from mynacard.signing import cms
from mynacard.signing.content import of_bytes
from mynacard.submission import container
from mynacard.submission import manifest as manifests
from mynacard.submission.application import Attachment, Role
from mynacard.submission.codec import DOCUMENT_MAX, FormError
from mynacard.submission.container import Entry, PackageError, misformed
from mynacard.submission.manifest import Manifest
from mynacard.submission.messages import error
from mynacard.texts import N_
from mynacard.trust import Anchor, Purpose, Report, RevocationEvidence, Step, Verdict, check
from mynacard.trust.evidence_source import Evidence, evidence_of
from mynacard.trust.revocation import NO_EVIDENCE

__all__ = [
    "CLOCKS_APART",
    "PACKAGE_MAX",
    "Opened",
    "PackageError",
    "attachment",
    "build",
    "open_package",
    "refusal",
    "seems_encrypted",
]

PACKAGE_MAX: Final = 0x200_0000
"""Bytes of a package: the files' 25,000,000 and what is around them."""
CLOCKS_APART: Final = timedelta(minutes=5)
"""How far a sender's clock may be ahead of the receiver's."""
SIGNATURE_MAX: Final = 0x1_0000

_CHUNK: Final = 0x1_0000
_ENCRYPTED: Final = re.compile(rb"/Encrypt[\s<]")


@dataclass(frozen=True, slots=True)
class Opened:
    """A package whose content, signature and addressee are right.

    Attributes:
        manifest: what was signed.
        manifest_json: the signed bytes.
        certificate: the signer's.
        report: the checks of it; never BAD, and NOT_CHECKED where the receiver has no revocation data.
        places: each file's offset and length in the package, in the manifest's order.
    """

    manifest: Manifest
    manifest_json: bytes = field(repr=False)
    certificate: x509.Certificate = field(repr=False)
    report: Report = field(repr=False)
    places: tuple[tuple[int, int], ...]

    @property
    def digest(self) -> str:
        """SHA-256 of the manifest, in hexadecimal: identifies the submission."""
        return hashlib.sha256(self.manifest_json).hexdigest()


def attachment(path: Path, role: Role, *, taken: date | None = None) -> Attachment:
    """The manifest's entry for the file at *path*, which is read once, in pieces.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
        size = stream.tell()
    media_type = "image/jpeg" if role is Role.PHOTO else "application/pdf"
    return Attachment(path.name, role, media_type, size, digest, taken)


def seems_encrypted(path: Path) -> bool:
    """Whether the PDF file at *path* names an encryption dictionary (ISO 32000-2 §7.5.5): encrypted ones do, in clear.

    A file whose text mentions one in clear is taken for encrypted, too. The old system silently lost encrypted files.

    Raises:
        OSError: it cannot be read.
    """
    before = b""
    with path.open("rb") as stream:
        while piece := stream.read(_CHUNK):
            if _ENCRYPTED.search(before + piece):
                return True
            before = piece[-20:]
    return False


def build(
    target: BinaryIO,
    manifest_json: bytes,
    signature: bytes,
    files: Sequence[Path],
    progress: Callable[[int], object] = lambda _: None,
) -> None:
    """Write the package to *target*, which must be seekable.

    Args:
        target: the file to write.
        manifest_json: as :func:`mynacard.submission.manifest.canonical` returned it.
        signature: of these bytes: CAdES, detached.
        files: in the manifest's order.
        progress: called with the number of bytes after each piece of a file.

    Raises:
        PackageError: ``attachment/changed``: a file is not the one that the manifest lists. *target* holds no package
            then.
        FormError: *manifest_json* is not a manifest in canonical form.
        MissingExtraError: rfc8785 is not installed.
        OSError: a file cannot be read.
        ValueError: the manifest lists more or fewer files.
    """
    attachments = manifests.parse(manifest_json).attachments
    manifest, signed, *others = map(container.info, container.names(2 + len(attachments)))
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED, allowZip64=False) as archive:
        archive.writestr(manifest, manifest_json)
        archive.writestr(signed, signature)
        for number, (listed, info, path) in enumerate(zip(attachments, others, files, strict=True)):
            with path.open("rb") as source, archive.open(info, "w") as entry:
                digest, size = _copied(source, entry, listed.size, progress)
            if (digest, size) != (listed.sha256, listed.size):
                raise _changed(number)


def open_package(
    source: BinaryIO,
    *,
    audience: str,
    anchors: Sequence[Anchor],
    now: datetime,
    evidence: Evidence = NO_EVIDENCE,
    lifetime: timedelta = timedelta(days=1),
) -> Opened:
    """The contents of a package that passes every check that needs no records of the receiver.

    Checked are its one form, every digest, the addressee, the time, the signature, and the signer's certificate. Left
    to the receiver are the nonce (its own, and used for the first time), the certificate's account, and the rules
    (:func:`mynacard.submission.checking.check`).

    Args:
        source: seekable; read in pieces.
        audience: the receiver's own origin.
        anchors: the CA certificates that the receiver trusts.
        now: the receiver's own time, aware of its zone.
        evidence: the receiver's data on revoked certificates, or what returns them, such as an
            :class:`~mynacard.trust.EvidenceSource`; in an event loop, what its ``current`` returns.
        lifetime: how old a package may be.

    Raises:
        PackageError: it is not accepted. Problems, in the order of the checks: ``package/too-large``,
            ``package/form``, ``manifest/form``, ``manifest/audience``, ``manifest/issued``,
            ``certificate/unsupported``, ``certificate/expired``, ``signature/mismatch``, ``certificate/issuer``,
            ``certificate/revoked``, ``attachment/changed``, ``attachment/not-readable``.
        MissingExtraError: rfc8785 is not installed; or there is *evidence*, and pyHanko is not installed.
        OSError: *source* cannot be read.

    Exceptions of a source of *evidence* pass through.
    """
    if source.seek(0, 2) > PACKAGE_MAX:
        raise PackageError("package/too-large", N_("The package has more than {most} bytes."), most=PACKAGE_MAX)
    document, signature, *files = container.entries(source)
    manifest_json = _whole(source, document, DOCUMENT_MAX)
    manifest = _manifest(manifest_json)
    if len(files) != len(manifest.attachments):
        raise misformed()
    if manifest.audience != audience:
        raise PackageError("manifest/audience", N_("The package is for another receiver."))
    if not now - lifetime <= manifest.issued_at <= now + CLOCKS_APART:
        raise PackageError(
            "manifest/issued",
            N_("By its sender's clock, the package was made at {time}: too long ago, or in the future."),
            time=manifest.issued,
        )
    known = evidence_of(evidence)  # outside of _signed: a source that fails is not the sender's mistake
    certificate, report = _signed(manifest_json, _whole(source, signature, SIGNATURE_MAX), anchors, now, known)
    for number, (listed, file) in enumerate(zip(manifest.attachments, files, strict=True)):
        _check_file(source, file, listed, number)
    return Opened(manifest, manifest_json, certificate, report, tuple((file.start, file.size) for file in files))


# --- the manifest ---


def _whole(source: BinaryIO, entry: Entry, most: int) -> bytes:
    """The content of an entry that is held in memory."""
    if entry.size > most:
        raise misformed()
    return b"".join(entry.pieces(source))


def _manifest(document: bytes) -> Manifest:
    try:
        return manifests.parse(document)
    except FormError as mistake:
        raise PackageError(
            "manifest/form", N_("The package's manifest is not valid: {reason}"), *mistake.violations, reason=mistake
        ) from None


# --- the signature ---


def _signed(
    manifest_json: bytes, signature: bytes, anchors: Sequence[Anchor], now: datetime, evidence: RevocationEvidence
) -> tuple[x509.Certificate, Report]:
    try:
        parsed = cms.parse(signature)
        step = cms.verify(parsed, of_bytes(manifest_json))
        certificate = parsed.certificate
        report = check(
            certificate, anchors, at=now, now=now, purpose=Purpose.DOCUMENT, signature=step, evidence=evidence
        )
    except (CertificateFileError, UnsupportedAlgorithmError) as reason:
        raise PackageError(
            "certificate/unsupported", N_("The signature is not accepted: {reason}"), reason=reason
        ) from None
    if parsed.names_certificate is not True or parsed.content is not None:
        raise PackageError("signature/mismatch", N_("The signature is not a detached CAdES signature."))
    refused = refusal(report)
    if refused is not None:
        problem, step = refused
        raise PackageError(problem, step.template, **dict(step.details))
    return certificate, report


def refusal(report: Report) -> tuple[str, Step] | None:
    """The first problem for which a signature is not accepted, in the order of an operator licensed by J-LIS, if any.

    An unknown revocation status is not a problem here.
    """
    for problem, step in (
        ("certificate/unsupported", report.key_usage),
        ("certificate/expired", report.validity),
        ("signature/mismatch", report.signature),
        ("certificate/issuer", report.issuer),
        ("certificate/revoked", report.revocation),
    ):
        unknown = problem == "certificate/issuer" and report.anchor is None
        if step.verdict is Verdict.BAD or unknown:
            return problem, step
    return None


# --- the files ---


_BEGINNINGS: Final[Mapping[Role, bytes]] = {Role.PHOTO: b"\xff\xd8\xff", Role.DOCUMENT: b"%PDF-"}


def _check_file(source: BinaryIO, entry: Entry, listed: Attachment, number: int) -> None:
    digest, beginning = hashlib.sha256(), b""
    for piece in entry.pieces(source):
        beginning = beginning or piece[:8]
        digest.update(piece)
    if (digest.hexdigest(), entry.size) != (listed.sha256, listed.size):
        raise _changed(number)
    if not beginning.startswith(_BEGINNINGS[listed.role]):
        raise PackageError(
            "attachment/not-readable",
            N_("File {number} is not of the listed type."),
            error("attachment/not-readable", f"/attachments/{number}"),
            number=number + 1,
        )


def _changed(number: int) -> PackageError:
    return PackageError(
        "attachment/changed",
        N_("File {number} is not the one that was listed."),
        error("attachment/changed", f"/attachments/{number}"),
        number=number + 1,
    )


def _copied(source: IO[bytes], target: IO[bytes], most: int, progress: Callable[[int], object]) -> tuple[str, int]:
    """Digest and length of the copied bytes; one byte more than *most* is enough to see that the file is another."""
    digest, size = hashlib.sha256(), 0
    while size <= most and (piece := source.read(min(_CHUNK, most + 1 - size))):
        target.write(piece)
        digest.update(piece)
        size += len(piece)
        progress(len(piece))
    return digest.hexdigest(), size

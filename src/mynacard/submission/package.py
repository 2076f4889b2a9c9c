"""The signed package: manifest, its CAdES signature, and the files, in a ZIP file that can be written in only one way.

Entries are stored, never compressed, in one order, under names that the sender does not choose, with nothing besides.
The same content makes the same bytes, and a file can neither expand nor be written to a place of the sender's choice.
Only the manifest and its signature are held in memory.

Source: PKWARE APPNOTE 6.3.10 (a subset of it); ETSI EN 319 122-1 for the signature.
"""

from __future__ import annotations

import hashlib
import re
import struct
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import IO, BinaryIO, Final

from cryptography import x509

from mynacard.errors import CertificateFileError, SubmissionError, UnsupportedAlgorithmError
from mynacard.signing import cms
from mynacard.signing.content import of_bytes
from mynacard.submission import manifest as manifests
from mynacard.submission.application import Attachment, Role
from mynacard.submission.codec import DOCUMENT_MAX, FormError
from mynacard.submission.manifest import Manifest
from mynacard.submission.messages import Violation, error
from mynacard.texts import N_
from mynacard.trust import Anchor, Purpose, Report, RevocationEvidence, Step, Verdict, check
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

_MANIFEST, _SIGNATURE, _FILE = "manifest.json", "manifest.json.p7s", "files/{:02}"
_CHUNK: Final = 0x1_0000
_ENCRYPTED: Final = re.compile(rb"/Encrypt[\s<]")
_DATE: Final = (1980, 1, 1, 0, 0, 0)
_LOCAL, _CENTRAL, _END = 30, 46, 22  # bytes of a local header, a central one, and the end record, without names
_LOCATOR: Final = 20  # bytes of the record that precedes the end record in ZIP64
_ENTRIES_MAX, _NAME_MAX = 102, 20


class PackageError(SubmissionError, ValueError):
    """A package that is not accepted. ``.problem`` is a stable code for why; ``.violations`` says where, if known."""

    code = "submission/package"

    def __init__(self, problem: str, template: str, /, *violations: Violation, **details: object) -> None:
        super().__init__(template, **details)
        self.problem = problem
        self.violations = violations


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
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED, allowZip64=False) as archive:
        archive.writestr(_entry(_MANIFEST), manifest_json)
        archive.writestr(_entry(_SIGNATURE), signature)
        for number, (listed, path) in enumerate(zip(attachments, files, strict=True)):
            with path.open("rb") as source, archive.open(_entry(_FILE.format(number)), "w") as entry:
                digest, size = _copied(source, entry, listed.size, progress)
            if (digest, size) != (listed.sha256, listed.size):
                raise _changed(number)


def open_package(
    source: BinaryIO,
    *,
    audience: str,
    anchors: Sequence[Anchor],
    now: datetime,
    evidence: RevocationEvidence = NO_EVIDENCE,
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
        evidence: the receiver's data on revoked certificates.
        lifetime: how old a package may be.

    Raises:
        PackageError: it is not accepted. Problems, in the order of the checks: ``package/too-large``,
            ``package/form``, ``manifest/form``, ``manifest/audience``, ``manifest/issued``,
            ``certificate/unsupported``, ``certificate/expired``, ``signature/mismatch``, ``certificate/issuer``,
            ``certificate/revoked``, ``attachment/changed``, ``attachment/not-readable``.
        MissingExtraError: rfc8785 is not installed; or there is *evidence*, and pyHanko is not installed.
    """
    with _archive(source) as archive:
        infos = archive.infolist()
        manifest_json = _small(archive, infos, 0, DOCUMENT_MAX)
        manifest = _manifest(manifest_json)
        _check_form(source, infos, manifest)
        if manifest.audience != audience:
            raise PackageError("manifest/audience", N_("The package is for another receiver."))
        if not now - lifetime <= manifest.issued_at <= now + CLOCKS_APART:
            raise PackageError(
                "manifest/issued",
                N_("By its sender's clock, the package was made at {time}: too long ago, or in the future."),
                time=manifest.issued,
            )
        certificate, report = _signed(manifest_json, _small(archive, infos, 1, SIGNATURE_MAX), anchors, now, evidence)
        places = tuple(_places(infos))
        for number, (listed, info) in enumerate(zip(manifest.attachments, infos[2:], strict=True)):
            _check_file(archive, info, listed, number)
    return Opened(manifest, manifest_json, certificate, report, places)


# --- the form ---


def _entry(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _DATE)
    info.create_system = 3
    info.external_attr = 0o600 << 16
    return info


def _archive(source: BinaryIO) -> zipfile.ZipFile:
    if source.seek(0, 2) > PACKAGE_MAX:
        raise PackageError("package/too-large", N_("The package has more than {most} bytes."), most=PACKAGE_MAX)
    _check_directory(source)
    try:
        return zipfile.ZipFile(source)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        raise _misformed() from None


def _check_directory(source: BinaryIO) -> None:
    """Check the end record before the directory is read, so that a hostile one cannot keep the reader busy."""
    size = source.seek(0, 2)
    source.seek(max(0, size - _END - _LOCATOR))
    tail = source.read()
    if len(tail) < _END or tail[:4] == b"PK\6\7":  # ZIP64, which has another end record
        raise _misformed()
    signature, *disks, here, entries, length, _offset, comment = struct.unpack("<4s4H2LH", tail[-_END:])
    if (signature, disks, comment) != (b"PK\5\6", [0, 0], 0) or here != entries:
        raise _misformed()
    if entries > _ENTRIES_MAX or length > _ENTRIES_MAX * (_CENTRAL + _NAME_MAX):
        raise _misformed()


def _check_form(source: BinaryIO, infos: list[zipfile.ZipInfo], manifest: Manifest) -> None:
    """Check that the entries are in order, of one kind, one directly after the other, and nothing else."""
    names = [_MANIFEST, _SIGNATURE, *(_FILE.format(number) for number in range(len(manifest.attachments)))]
    if [info.filename for info in infos] != names:
        raise _misformed()
    offset = 0
    for info in infos:
        fixed = (info.compress_type, info.flag_bits, info.extra, info.comment, info.date_time, info.external_attr)
        if fixed != (zipfile.ZIP_STORED, 0, b"", b"", _DATE, 0o600 << 16) or info.header_offset != offset:
            raise _misformed()
        if info.compress_size != info.file_size:
            raise _misformed()
        offset += _LOCAL + len(info.filename) + info.file_size
    directory = sum(_CENTRAL + len(name) for name in names)
    if source.seek(0, 2) != offset + directory + _END:
        raise _misformed()


def _places(infos: list[zipfile.ZipInfo]) -> Iterator[tuple[int, int]]:
    for info in infos[2:]:
        yield info.header_offset + _LOCAL + len(info.filename), info.file_size


def _small(archive: zipfile.ZipFile, infos: list[zipfile.ZipInfo], number: int, most: int) -> bytes:
    """The content of an entry that is held in memory."""
    if number >= len(infos) or infos[number].file_size > most or infos[number].compress_type != zipfile.ZIP_STORED:
        raise _misformed()
    return b"".join(_pieces(archive, infos[number]))


def _pieces(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    try:
        with archive.open(info) as entry:
            while piece := entry.read(_CHUNK):
                yield piece
    except (zipfile.BadZipFile, ValueError, NotImplementedError, RuntimeError, EOFError, OSError):
        raise _misformed() from None


def _misformed() -> PackageError:
    return PackageError(
        "package/form", N_("This is not a package, or it contains something that does not belong there.")
    )


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


def _check_file(archive: zipfile.ZipFile, info: zipfile.ZipInfo, listed: Attachment, number: int) -> None:
    digest, beginning = hashlib.sha256(), b""
    for piece in _pieces(archive, info):
        beginning = beginning or piece[:8]
        digest.update(piece)
    if (digest.hexdigest(), info.file_size) != (listed.sha256, listed.size):
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

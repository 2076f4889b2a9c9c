"""Signatures in PDF files, as they are read: whether each is good for the bytes that it covers, and what follows them.

Reading takes PAdES (``ETSI.CAdES.detached``) and its forerunner ``adbe.pkcs7.detached``. A file may hold several
signatures, each of which covers the file as it was at the time. So two results are reported for each: whether it is
good for those bytes, and what the file holds beyond them. pyHanko, the extra ``pdf``, does the work
(:mod:`mynacard.signing.pdf_file`); :mod:`mynacard.signing.cms` reads the CMS inside.

Source: ISO 32000-2 §12.8; ETSI EN 319 142-1 V1.2.1 §5, §6.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from itertools import chain
from typing import Any, Final

from mynacard import ber
from mynacard._dataclasses import dataclass
from mynacard.errors import CertificateFileError, PdfFileError, UnsupportedAlgorithmError
from mynacard.hashes import HashAlgorithm
from mynacard.signing import cms, timestamp
from mynacard.signing.beyond import MEANINGS, Beyond, Comparison, Place, result
from mynacard.signing.budget import Budget
from mynacard.signing.changes import TIMESTAMP
from mynacard.signing.comparing import compared, covers_its_version, ends_as_a_pdf
from mynacard.signing.pdf_file import PDF_MAX, SignatureField, opened, reading, reason, signature_fields
from mynacard.signing.streams import Stream, part, pieces, size_of
from mynacard.signing.timestamp import AnyTimeStamp
from mynacard.texts import N_
from mynacard.trust import pyhanko
from mynacard.verdict import Step, Verdict, bad, not_checked

__all__ = [
    "PADES",
    "PDF_MAX",
    "PKCS7",
    "REVISIONS_MAX",
    "SIGNATURES_MAX",
    "PdfSignature",
    "digests",
    "read",
    "unpadded",
]

SIGNATURES_MAX: Final = 50
"""The most signatures of a file."""
REVISIONS_MAX: Final = 1000
"""The most versions of a file to read."""
PADES: Final = "/ETSI.CAdES.detached"
PKCS7: Final = "/adbe.pkcs7.detached"
_GAP_MAX: Final = 0x100_0000
"""The most bytes between the two ranges that a signature covers."""
_BYTES_PER_STEP: Final = 1024
"""The bytes that are hashed in the time of one step."""


@dataclass(frozen=True, slots=True)
class PdfSignature:
    """One signature of a PDF file.

    Attributes:
        field: the name of the form field that holds it.
        kind: the SubFilter, for example ``ETSI.CAdES.detached``.
        cms: the signature itself; None if it could not be read.
        signature: whether the key of its certificate signed the bytes that it covers; the certificate is not checked.
        rest: whether those bytes are the whole file, and what it holds beyond them.
        claimed_time: the signing time, by the signer's computer; None if the file does not say.
        time_stamps: authorities' statements of when the signature existed; for a time stamp on the file, itself.
        beyond: what the file holds beyond them, as an enum for programs.
        places: the fields that are the cause of *beyond*, with page and rectangle: later signatures, filled-in fields.
    """

    field: str
    kind: str
    cms: cms.CmsSignature | None
    signature: Step
    rest: Step
    claimed_time: datetime | None = None
    time_stamps: tuple[AnyTimeStamp, ...] = ()
    beyond: Beyond = Beyond.NOT_CHECKED
    places: tuple[Place, ...] = ()

    @property
    def is_time_stamp(self) -> bool:
        """Whether it is an authority's time stamp on the file, and not a person's signature."""
        return f"/{self.kind}" == TIMESTAMP

    @property
    def steps(self) -> tuple[tuple[str, Step], ...]:
        """Both steps with their names, as :func:`mynacard.verdict.explain` takes them."""
        return ((N_("signature"), self.signature), (N_("rest of the file"), self.rest))


def read(pdf: bytes | Stream) -> tuple[PdfSignature, ...]:
    """All signatures in *pdf*, time stamps included, in the order in which they were made.

    A stream must be seekable, and is read in parts; it must not change meanwhile.

    A signature that cannot be read is a bad one. A file that only a lenient reader opens has no signature that is good.

    Raises:
        MissingExtraError: pyHanko is not installed.
        PdfFileError: *pdf* is not a PDF file, is encrypted or too long, or so damaged that no signature can be listed;
            holds no signature, or more than :data:`SIGNATURES_MAX`; has more than :data:`REVISIONS_MAX` versions; or
            takes more work or memory than :data:`mynacard.signing.budget.STEPS_MAX` and ``MEMORY_MAX`` allow.
    """
    budget = Budget()
    try:
        return _read(_File(opened(pdf, budget)))
    except PdfFileError as error:
        return _leniently(pdf, budget, error)


def _leniently(pdf: bytes | Stream, budget: Budget, error: PdfFileError) -> tuple[PdfSignature, ...]:
    """The signatures in a file that is refused with *error*, which is raised if there are none to be read."""
    why = reason(error)
    try:
        return _read(_File(opened(pdf, budget.renewed(), strict=False), why))
    except PdfFileError as second:
        budget.check()
        raise (error if "most" not in second.details else second) from None


@dataclass(frozen=True, slots=True)
class _File:
    """pyHanko's reader of a file, and why a strict reader refuses it; None if it does not."""

    reader: Any
    irregular: str | None = None


def _read(file: _File) -> tuple[PdfSignature, ...]:
    with reading(file.reader):
        fields = [field for field in signature_fields(file.reader).values() if field.value is not None]
        _check_count(len(fields), file.reader.xrefs.total_revisions)
        fields.sort(key=lambda field: _version(file.reader, field.value))
    embedded = [_embedded(file.reader, field) for field in fields]
    alone = [one if isinstance(one, PdfSignature) else _alone(file, one) for one in embedded]
    intact = frozenset(
        signature.field
        for signature, one in zip(alone, embedded, strict=True)
        if signature.signature.verdict is Verdict.GOOD and _covers_its_version(file, one)
    )
    signatures = tuple(
        signature if isinstance(one, PdfSignature) else _with_rest(signature, _rest(file, one, intact))
        for signature, one in zip(alone, embedded, strict=True)
    )
    if all(signature.is_time_stamp for signature in signatures):
        raise PdfFileError(N_("This PDF file holds no signature."))
    return signatures


def _version(reader: Any, value: Any) -> int:
    """The version of the file in which a signature was made; the last one if that cannot be known."""
    try:
        return int(reader.xrefs.get_last_change(value.reference))
    except (AttributeError, KeyError):
        return int(reader.xrefs.total_revisions)


def _embedded(reader: Any, field: SignatureField) -> Any:
    """The signature in *field* as pyHanko has it; a bad PdfSignature if it cannot be read, or is of an unknown kind."""
    kind = ""
    try:
        with reading(reader):
            kind = str(field.value.get_object().get("/SubFilter", ""))
            if kind not in (PADES, PKCS7, TIMESTAMP):
                return _without_bytes(field.name, kind, _unknown_kind(kind))
            return pyhanko.pdf_embedded.EmbeddedPdfSignature(reader, field.reference, field.name)
    except PdfFileError as error:
        return _without_bytes(field.name, kind, _unreadable(reason(error)))


def _without_bytes(name: str, kind: str, signature: Step) -> PdfSignature:
    return PdfSignature(name, kind.removeprefix("/"), None, signature, _NOT_COMPARED)


_NOT_COMPARED: Final = not_checked("rest/not-checked", N_("The bytes that the signature covers were not checked."))


def _unreadable(reason: str) -> Step:
    return bad("signature/unreadable", N_("This signature cannot be read: {reason}."), reason=reason)


def _alone(file: _File, embedded: Any) -> PdfSignature:
    """The signature by itself; what follows it is not checked yet."""
    kind = str(embedded.sig_object.get("/SubFilter", ""))
    try:
        with reading(file.reader):
            parsed, stamps, signature = _signature(embedded, kind)
    except PdfFileError as error:
        parsed, stamps, signature = None, (), _unreadable(reason(error))
    if file.irregular is not None and signature.verdict is Verdict.GOOD:
        signature = not_checked("signature/irregular-file", MEANINGS[Beyond.IRREGULAR][1], reason=file.irregular)
    time, name = _claimed_time(file.reader, embedded), str(embedded.field_name)
    return PdfSignature(name, kind.removeprefix("/"), parsed, signature, _NOT_COMPARED, time, stamps)


def _covers_its_version(file: _File, embedded: Any) -> bool:
    try:
        with reading(file.reader):
            return covers_its_version(embedded)
    except PdfFileError as error:
        reason(error)
        return False


def _with_rest(signature: PdfSignature, comparison: Comparison) -> PdfSignature:
    return replace(signature, rest=comparison.step, beyond=comparison.beyond, places=comparison.places)


def _rest(file: _File, embedded: Any, intact: frozenset[str]) -> Comparison:
    if file.irregular is not None:
        return result(Beyond.IRREGULAR, reason=file.irregular)
    embedded.external_md_algorithm, embedded.external_digests = "none", {"none": b""}  # no hashing again
    try:
        with reading(file.reader):
            return compared(embedded, intact, ends=ends_as_a_pdf(file.reader.file))
    except PdfFileError as error:
        return result(Beyond.NOT_CHECKED, reason=reason(error))
    finally:
        file.reader.forget(embedded.signed_revision)


def _claimed_time(reader: Any, embedded: Any) -> datetime | None:
    try:
        with reading(reader):
            time: datetime | None = embedded.self_reported_timestamp
            return time
    except PdfFileError as error:
        reason(error)
        return None


def _signature(embedded: Any, kind: str) -> tuple[cms.CmsSignature | None, tuple[AnyTimeStamp, ...], Step]:
    content = digests(embedded)
    if content is None:
        return None, (), bad("signature/byte-range", N_("The signed bytes are not the file around the signature."))
    try:
        contents = unpadded(embedded.pkcs7_content)
        if kind == TIMESTAMP:
            return None, (timestamp.parse(contents, content),), _FOR_TIME_STAMPS
        parsed = cms.parse(contents)
        signature = cms.verify(parsed, content)
    except UnsupportedAlgorithmError as error:
        return None, (), bad("signature/unsupported", str(error.args[0]), **error.details)
    except CertificateFileError as error:
        return None, (), bad("signature/unreadable", str(error.args[0]), **error.details)
    if parsed.content is not None:
        signature = bad(
            "signature/own-content", N_("The signature holds content of its own besides the file that it should cover.")
        )
    if kind == PADES and parsed.names_certificate is None:
        signature = cms.not_named(parsed)
    return parsed, parsed.time_stamps, signature


_FOR_TIME_STAMPS: Final = not_checked(
    "signature/time-stamp", N_("This is a time stamp on the file: its authority has to be checked.")
)


def _check_count(signatures: int, revisions: int) -> None:
    if signatures > SIGNATURES_MAX or revisions > REVISIONS_MAX:
        raise PdfFileError(
            N_("This PDF file holds {signatures} signatures in {revisions} versions: too many to read."),
            signatures=signatures,
            revisions=revisions,
        )


def _unknown_kind(kind: str) -> Step:
    """Bad, not merely unchecked: a caller who accepts unchecked revocation must not thereby accept any signature."""
    return bad("signature/kind", N_("Signatures of the kind {kind} are not supported."), kind=kind.removeprefix("/"))


def digests(embedded: Any) -> Callable[[HashAlgorithm], bytes] | None:
    """The bytes in the ByteRange; None unless they start at the first byte and omit only the signature's own digits."""
    numbers = [int(number) for number in embedded.byte_range]
    if len(numbers) != 4:
        return None
    start, length, start_2, length_2 = numbers
    file: Stream = embedded.reader.file
    if not start == 0 < length < start_2 <= start_2 + length_2 <= size_of(file):
        return None
    if start_2 - length > _GAP_MAX:
        return None
    gap = part(file, length, start_2 - length)
    try:
        digits = bytes.fromhex(gap[1:-1].decode("ascii"))
    except ValueError:
        return None
    if (gap[:1], gap[-1:], digits) != (b"<", b">", embedded.pkcs7_content):
        return None

    def digest(hash_: HashAlgorithm) -> bytes:
        embedded.reader.budget.spend((length + length_2) // _BYTES_PER_STEP)
        hasher = hashlib.new(hash_.value)
        for piece in chain(pieces(file, 0, length), pieces(file, start_2, length_2)):
            hasher.update(piece)
        return hasher.digest()

    return digest


def unpadded(contents: bytes) -> bytes:
    """The DER of what *contents* begins with, which is padded with zeros. poppler writes BER.

    Raises:
        CertificateFileError: as :func:`mynacard.ber.to_der`.
    """
    return ber.to_der(contents, padded=True)

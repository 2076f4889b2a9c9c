"""Signatures in PDF files, as they are read: whether each is good for the bytes that it covers, and what follows them.

Reading takes PAdES (``ETSI.CAdES.detached``) and its forerunner ``adbe.pkcs7.detached``. A file may hold several
signatures, each of which covers the file as it was at the time. So two results are reported for each: whether it is
good for those bytes, and what the file holds beyond them. pyHanko, the extra ``pdf``, does the work;
:mod:`mynacard.signing.cms` reads the CMS inside.

Source: ISO 32000-2 §12.8; ETSI EN 319 142-1 V1.2.1 §5, §6.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from mynacard.errors import CertificateFileError, MynacardError, PdfFileError, UnsupportedAlgorithmError
from mynacard.hashes import HashAlgorithm
from mynacard.signing import ber, cms, timestamp
from mynacard.signing.beyond import Beyond, Comparison, Place
from mynacard.signing.changes import TIMESTAMP
from mynacard.signing.comparing import compared, covers_its_version, ends_as_a_pdf
from mynacard.signing.timestamp import AnyTimeStamp
from mynacard.texts import N_
from mynacard.trust import pyhanko
from mynacard.verdict import Step, Verdict, bad, not_checked

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = [
    "COMPARISONS_MAX",
    "PADES",
    "PDF_MAX",
    "PKCS7",
    "REVISIONS_MAX",
    "SIGNATURES_MAX",
    "PdfSignature",
    "digests",
    "opened",
    "read",
    "reading",
    "signature_fields",
    "unpadded",
]

PDF_MAX: Final = 0x1000_0000
"""The most bytes of a PDF file, which is held in memory."""
SIGNATURES_MAX: Final = 50
"""The most signatures of a file."""
REVISIONS_MAX: Final = 200
"""The most versions of a file to read: each signature is compared with each later version, so time grows faster."""
COMPARISONS_MAX: Final = 200_000
"""The most of objects times versions since the first signature: 140,000 were measured to take 11 s and 384 MB."""
PADES: Final = "/ETSI.CAdES.detached"
PKCS7: Final = "/adbe.pkcs7.detached"


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


def read(pdf: bytes) -> tuple[PdfSignature, ...]:
    """All signatures in *pdf*, time stamps included, in the order in which they were made.

    Raises:
        MissingExtraError: pyHanko is not installed.
        PdfFileError: *pdf* is not a PDF file, is damaged, encrypted or too long; holds no signature, or more than
            :data:`SIGNATURES_MAX`; has more than :data:`REVISIONS_MAX` versions; or has more objects times versions
            than :data:`COMPARISONS_MAX`.
    """
    reader = opened(pdf)
    with reading():
        signed = list(pyhanko.fields.enumerate_sig_fields(reader, filled_status=True))
        _check_count(len(signed), reader.xrefs.total_revisions)
        embedded = list(reader.embedded_signatures)
        _check_size(reader.xrefs, min((int(signature.signed_revision) for signature in embedded), default=0))
        alone = [_read(pdf, signature) for signature in embedded]
        intact = frozenset(
            read.field
            for read, signature in zip(alone, embedded, strict=True)
            if read.signature.verdict is Verdict.GOOD and covers_its_version(signature)
        )
        ends = ends_as_a_pdf(pdf)
        compared_ones = (
            _beyond(read, compared(signature, intact, ends=ends))
            for read, signature in zip(alone, embedded, strict=True)
        )
        signatures = (*compared_ones, *_unknown(signed))
    if all(signature.is_time_stamp for signature in signatures):
        raise PdfFileError(N_("This PDF file holds no signature."))
    return signatures


def _read(pdf: bytes, embedded: Any) -> PdfSignature:
    """The signature by itself; the rest of the file is not checked yet."""
    kind = str(embedded.sig_object.get("/SubFilter", ""))
    parsed, stamps, signature = _signature(pdf, embedded, kind)
    time, name = embedded.self_reported_timestamp, str(embedded.field_name)
    return PdfSignature(name, kind.removeprefix("/"), parsed, signature, _NOT_COMPARED, time, stamps)


_NOT_COMPARED: Final = not_checked("rest/not-checked", N_("The bytes that the signature covers were not checked."))


def _beyond(signature: PdfSignature, comparison: Comparison) -> PdfSignature:
    return replace(signature, rest=comparison.step, beyond=comparison.beyond, places=comparison.places)


def _signature(pdf: bytes, embedded: Any, kind: str) -> tuple[cms.CmsSignature | None, tuple[AnyTimeStamp, ...], Step]:
    content = digests(pdf, embedded)
    if kind not in (PADES, PKCS7, TIMESTAMP):
        return None, (), _unknown_kind(kind)
    if content is None:
        return None, (), bad("signature/byte-range", N_("The signed bytes are not the file around the signature."))
    try:
        contents = unpadded(embedded.pkcs7_content)
        if kind == TIMESTAMP:
            return None, (timestamp.parse(contents, content),), _FOR_TIME_STAMPS
        parsed = cms.parse(contents)
        signature = cms.verify(parsed, content)
    except (CertificateFileError, UnsupportedAlgorithmError) as error:
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


def _check_size(xrefs: Any, first_signed: int) -> None:
    """pyHanko searches each version since *first_signed* for changes, with all objects of the file."""
    versions = xrefs.total_revisions - 1 - first_signed
    objects = sum(len(xrefs.explicit_refs_in_revision(version)) for version in range(xrefs.total_revisions))
    if versions * objects > COMPARISONS_MAX:
        raise PdfFileError(
            N_("This PDF file has {objects} objects and {versions} versions since it was signed: too much to compare."),
            objects=objects,
            versions=versions,
        )


def _unknown(signed: list[Any]) -> tuple[PdfSignature, ...]:
    """The signatures of kinds that pyHanko ignores."""
    known = {kind.value for kind in pyhanko.fields.SigSeedSubFilter}
    kinds = [(str(name), str(value.get_object().get("/SubFilter", ""))) for name, value, _ in signed]
    return tuple(
        PdfSignature(name, kind.removeprefix("/"), None, _unknown_kind(kind), _NOT_COMPARED)
        for name, kind in kinds
        if kind not in known
    )


def _unknown_kind(kind: str) -> Step:
    """Bad, not merely unchecked: a caller who accepts unchecked revocation must not thereby accept any signature."""
    return bad("signature/kind", N_("Signatures of the kind {kind} are not supported."), kind=kind.removeprefix("/"))


def digests(pdf: bytes, embedded: Any) -> Callable[[HashAlgorithm], bytes] | None:
    """The bytes in the ByteRange; None unless they start at the first byte and omit only the signature's own digits."""
    numbers = [int(number) for number in embedded.byte_range]
    if len(numbers) != 4:
        return None
    start, length, start_2, length_2 = numbers
    if not start == 0 < length < start_2 <= start_2 + length_2 <= len(pdf):
        return None
    gap = pdf[length:start_2]
    try:
        digits = bytes.fromhex(gap[1:-1].decode("ascii"))
    except ValueError:
        return None
    if (gap[:1], gap[-1:], digits) != (b"<", b">", embedded.pkcs7_content):
        return None
    view = memoryview(pdf)

    def digest(hash_: HashAlgorithm) -> bytes:
        hasher = hashlib.new(hash_.value, view[:length])
        hasher.update(view[start_2 : start_2 + length_2])
        return hasher.digest()

    return digest


def unpadded(contents: bytes) -> bytes:
    """The DER of what *contents* begins with, which is padded with zeros. poppler writes BER.

    Raises:
        CertificateFileError: as :func:`mynacard.signing.ber.to_der`.
    """
    return ber.to_der(contents, padded=True)


# --- pyHanko ---


def signature_fields(reader: Any) -> dict[str, bool]:
    """The names of the signature fields, and whether each is signed."""
    with reading():
        return {str(name): value is not None for name, value, _ in pyhanko.fields.enumerate_sig_fields(reader)}


def opened(pdf: bytes) -> Any:
    """pyHanko's reader of *pdf*."""
    pyhanko.check_installed()
    if len(pdf) > PDF_MAX:
        raise PdfFileError(N_("This PDF file is longer than {most} bytes."), most=PDF_MAX)
    with reading():
        reader = pyhanko.reader.PdfFileReader(io.BytesIO(pdf))
        encrypted = reader.encrypted
        _ = reader.root["/Pages"]
    if encrypted:
        raise PdfFileError(N_("This PDF file is encrypted: it can be neither signed nor read here."))
    return reader


@contextmanager
def reading() -> Generator[None]:
    """Turns pyHanko's exceptions for a file that it cannot read into a PdfFileError."""
    try:
        yield
    except MynacardError:  # the card's, and our own
        raise
    except (pyhanko.misc.PdfError, *pyhanko.UNREADABLE):
        raise PdfFileError(N_("This is not a PDF file, or it is damaged.")) from None

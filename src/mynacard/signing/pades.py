"""Signatures inside PDF files: one is made as PAdES with one card signature; all of them are read.

A new signature is an incremental update, so the existing ones stay good. It has level B-B, and with a time stamp, added
after the card was released, level B-T. Reading takes PAdES (``ETSI.CAdES.detached``) and its forerunner
``adbe.pkcs7.detached``. A file may hold several signatures, each of which covers the file as it was at the time. So two
results are reported for each: whether it is good for those bytes, and what the file holds beyond them. pyHanko, the
extra ``pdf``, does the work; :mod:`mynacard.signing.cms` reads the CMS inside.

Source: ISO 32000-2 §12.8; ETSI EN 319 142-1 V1.2.1 §5, §6.
"""

from __future__ import annotations

import hashlib
import io
import struct
import zlib
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding

from mynacard.errors import CertificateFileError, MynacardError, PdfFileError, UnsupportedAlgorithmError, UsageError
from mynacard.hashes import HashAlgorithm
from mynacard.signing import cms, external, timestamp
from mynacard.signing.beyond import Beyond, compared, ends_as_a_pdf
from mynacard.signing.timestamp import TimeStamp
from mynacard.texts import N_
from mynacard.trust import asn1, pyhanko
from mynacard.verdict import Step, bad, not_checked

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = [
    "COMPARISONS_MAX",
    "PDF_MAX",
    "REVISIONS_MAX",
    "SIGNATURES_MAX",
    "Appearance",
    "Beyond",
    "PdfSignature",
    "add_time_stamp",
    "check_signable",
    "read",
    "sign",
]

PDF_MAX: Final = 0x1000_0000
"""The most bytes of a PDF file, which is held in memory."""
SIGNATURES_MAX: Final = 50
"""The most signatures of a file."""
REVISIONS_MAX: Final = 200
"""The most versions of a file to read: each signature is compared with each later version, so time grows faster."""
COMPARISONS_MAX: Final = 200_000
"""The most of objects times versions since the first signature: 140,000 were measured to take 11 s and 384 MB."""
_PADES: Final = "/ETSI.CAdES.detached"
_PKCS7: Final = "/adbe.pkcs7.detached"
_TIMESTAMP: Final = "/ETSI.RFC3161"
_FIELD_MAX: Final = 100
_SIGNATURE_MAX: Final = 0x1000
"""Room for a signature without its certificate, in bytes; a card's takes about 700."""


@dataclass(frozen=True, slots=True)
class Appearance:
    """How a signature looks on the page: a text and the time. It proves nothing.

    Attributes:
        page: the page, counted from 1.
        box: left, bottom, right, top, in points of 1/72 inch from the lower left corner of the page.
        text: printable ASCII. The holder's data are not added to it.
    """

    page: int = 1
    box: tuple[int, int, int, int] = (36, 36, 256, 76)
    text: str = "Signed with an Individual Number Card"


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
    """

    field: str
    kind: str
    cms: cms.CmsSignature | None
    signature: Step
    rest: Step
    claimed_time: datetime | None = None
    time_stamps: tuple[TimeStamp, ...] = ()
    beyond: Beyond = Beyond.NOT_CHECKED

    @property
    def is_time_stamp(self) -> bool:
        """Whether it is an authority's time stamp on the file, and not a person's signature."""
        return f"/{self.kind}" == _TIMESTAMP

    @property
    def steps(self) -> tuple[tuple[str, Step], ...]:
        """Both steps with their names, as :func:`mynacard.verdict.explain` takes them."""
        return ((N_("signature"), self.signature), (N_("rest of the file"), self.rest))


def sign(
    pdf: bytes,
    certificate: x509.Certificate,
    key: RSAPrivateKey,
    hash_: HashAlgorithm = HashAlgorithm.SHA256,
    *,
    field: str | None = None,
    appearance: Appearance | None = None,
    room_for_time_stamp: bool = False,
) -> bytes:
    """Add a signature at the end of *pdf*, with one call of ``key.sign``, in this thread.

    Args:
        pdf: the whole file; its bytes stay as they are, and more follow.
        certificate: the one of *key*; it goes into the signature. JPKI's signing certificate contains its holder's name
            and address.
        key: a card's (:meth:`mynacard.jpki.JpkiSession.private_key`) or any other.
        hash_: the hash function for content and signature.
        field: the name of an empty signature field, or of a new one; None for a new one with a free name.
        appearance: how it looks on the page; None for an invisible signature. An existing field keeps its place.
        room_for_time_stamp: whether to make the file 32 KiB longer, as room for :func:`add_time_stamp`.

    Raises:
        MissingExtraError: pyHanko is not installed.
        PdfFileError: *pdf* is not a PDF file, is damaged, encrypted or too long, or takes no further signature.
        UsageError: *field* is already signed, is another kind of field or is not a valid name; *appearance* does not
            fit the file; *certificate* is of another key; or an event loop runs in this thread.
        UnsupportedAlgorithmError: *certificate* does not hold an RSA key of 2048 to 8192 bits.

    After any of these, nothing was signed. Exceptions of *key* pass through.
    """
    signer = external.signer(certificate, key, hash_)
    reader, name = _signable(pdf, field, appearance)
    box = {} if appearance is None else {"on_page": appearance.page - 1, "box": appearance.box}
    new = None if name in _fields(reader) else pyhanko.fields.SigFieldSpec(name, **box)
    style = None
    if appearance is not None:
        style = pyhanko.stamp.TextStampStyle(stamp_text=appearance.text.replace("%", "%%") + "\n%(ts)s")
    metadata = pyhanko.signers.PdfSignatureMetadata(
        field_name=name, md_algorithm=hash_.value, subfilter=pyhanko.fields.SigSeedSubFilter.PADES
    )
    reserved = None  # as much as the signature needs
    if room_for_time_stamp:  # counted in hexadecimal digits
        reserved = 2 * (len(certificate.public_bytes(Encoding.DER)) + _SIGNATURE_MAX + timestamp.TIME_STAMP_MAX)
    with _reading():
        writer = pyhanko.incremental_writer.IncrementalPdfFileWriter(io.BytesIO(pdf))
    try:
        pdf_signer = pyhanko.signers.PdfSigner(metadata, signer, stamp_style=style, new_field_spec=new)
        output: io.BytesIO = external.run(lambda: pdf_signer.async_sign_pdf(writer, bytes_reserved=reserved))
    except (pyhanko.misc.PdfError, pyhanko.misc.FormFillingError):
        raise PdfFileError(N_("This PDF file cannot be signed this way.")) from None
    return bytes(output.getbuffer())


def add_time_stamp(pdf: bytes, ask: timestamp.Ask) -> bytes:
    """Add a time stamp to the last signature of *pdf*, as PAdES B-T has it. It takes no card: anyone can add one.

    Raises:
        MissingExtraError: pyHanko is not installed; the authority was not asked.
        PdfFileError: as :func:`read` raises it; or something follows the last signature; or it has no room, which shows
            only after the authority has answered.
        CertificateFileError, UnsupportedAlgorithmError, UsageError: the signature cannot take one; the authority was
            not asked.
        TimeStampError: the authority gave no usable time stamp; *pdf* is as good as it was.

    Exceptions of *ask* pass through.
    """
    reader = _open(pdf)
    with _reading():
        embedded = list(reader.embedded_regular_signatures)
        kind = str(embedded[-1].sig_object.get("/SubFilter", "")) if embedded else ""
        numbers = [int(number) for number in embedded[-1].byte_range] if kind in (_PADES, _PKCS7) else []
        content = _content(pdf, embedded[-1]) if numbers else None
    if content is None or numbers[2] + numbers[3] != len(pdf):
        raise PdfFileError(N_("This PDF file does not end with a signature that could take a time stamp."))
    start, end = numbers[1] + 1, numbers[2] - 1
    stamped = cms.add_time_stamp(_unpadded(embedded[-1].pkcs7_content), ask).hex().encode("ascii")
    if len(stamped) > end - start:
        raise PdfFileError(N_("This signature was made without room for a time stamp of this length."))
    return b"".join((pdf[:start], stamped.ljust(end - start, b"0"), pdf[end:]))


def check_signable(pdf: bytes, field: str | None = None, appearance: Appearance | None = None) -> int:
    """Check that :func:`sign` will take *pdf*, as far as that shows before the holder types a password.

    Returns:
        The number of signatures that it already holds.

    Raises:
        MissingExtraError, PdfFileError, UsageError: as :func:`sign`.
    """
    reader, _ = _signable(pdf, field, appearance)
    return sum(_fields(reader).values())


def read(pdf: bytes) -> tuple[PdfSignature, ...]:
    """All signatures in *pdf*, time stamps included, in the order in which they were made.

    Raises:
        MissingExtraError: pyHanko is not installed.
        PdfFileError: *pdf* is not a PDF file, is damaged, encrypted or too long; holds no signature, or more than
            :data:`SIGNATURES_MAX`; has more than :data:`REVISIONS_MAX` versions; or has more objects times versions
            than :data:`COMPARISONS_MAX`.
    """
    reader = _open(pdf)
    with _reading():
        signed = list(pyhanko.fields.enumerate_sig_fields(reader, filled_status=True))
        _check_count(len(signed), reader.xrefs.total_revisions)
        embedded = list(reader.embedded_signatures)
        _check_size(reader.xrefs, min((int(signature.signed_revision) for signature in embedded), default=0))
        names, ends = frozenset(str(signature.field_name) for signature in embedded), ends_as_a_pdf(pdf)
        signatures = tuple(_read(pdf, signature, names, ends) for signature in embedded) + _unknown(signed)
    if all(signature.is_time_stamp for signature in signatures):
        raise PdfFileError(N_("This PDF file holds no signature."))
    return signatures


# --- reading ---


def _read(pdf: bytes, embedded: Any, names: frozenset[str], ends: bool) -> PdfSignature:
    kind = str(embedded.sig_object.get("/SubFilter", ""))
    parsed, stamps, signature = _signature(pdf, embedded, kind)
    (beyond, rest), time = compared(embedded, names, ends=ends), embedded.self_reported_timestamp
    return PdfSignature(str(embedded.field_name), kind.removeprefix("/"), parsed, signature, rest, time, stamps, beyond)


def _signature(pdf: bytes, embedded: Any, kind: str) -> tuple[cms.CmsSignature | None, tuple[TimeStamp, ...], Step]:
    content = _content(pdf, embedded)
    if kind not in (_PADES, _PKCS7, _TIMESTAMP):
        return None, (), _unknown_kind(kind)
    if content is None:
        return None, (), bad(N_("The signed bytes are not the file around the signature."))
    try:
        contents = _unpadded(embedded.pkcs7_content)
        if kind == _TIMESTAMP:
            return None, (timestamp.parse(contents, content),), _FOR_TIME_STAMPS
        parsed = cms.parse(contents)
        signature = cms.verify(parsed, content)
    except (CertificateFileError, UnsupportedAlgorithmError) as error:
        return None, (), bad(str(error.args[0]), **error.details)
    if parsed.content is not None:
        signature = bad(N_("The signature holds content of its own besides the file that it should cover."))
    if kind == _PADES and parsed.names_certificate is None:
        signature = bad(N_("The signature does not name its certificate, as PAdES requires."))
    return parsed, parsed.time_stamps, signature


_FOR_TIME_STAMPS: Final = not_checked(N_("This is a time stamp on the file: its authority has to be checked."))


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
    rest = not_checked(N_("The bytes that the signature covers were not checked."))
    return tuple(
        PdfSignature(name, kind.removeprefix("/"), None, _unknown_kind(kind), rest)
        for name, kind in kinds
        if kind not in known
    )


def _unknown_kind(kind: str) -> Step:
    """Bad, not merely unchecked: a caller who accepts unchecked revocation must not thereby accept any signature."""
    return bad(N_("Signatures of the kind {kind} are not supported."), kind=kind.removeprefix("/"))


def _content(pdf: bytes, embedded: Any) -> Callable[[HashAlgorithm], bytes] | None:
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


def _unpadded(contents: bytes) -> bytes:
    """The DER at the beginning of *contents*, which is padded with zeros."""
    length = int(asn1.parser.peek(contents))
    return contents if any(contents[length:]) else contents[:length]


# --- signing ---


def _signable(pdf: bytes, field: str | None, appearance: Appearance | None) -> tuple[Any, str]:
    """The reader of *pdf*, and the name of the field to sign."""
    reader = _open(pdf)
    known = _fields(reader)
    with _reading():
        certified = pyhanko.pdf_embedded.read_certification_data(reader)
        pages = int(reader.root["/Pages"]["/Count"])
    if certified is not None and certified.permission == pyhanko.fields.MDPPerm.NO_CHANGES:
        raise PdfFileError(N_("This PDF file was signed as final: it takes no further signature."))
    if appearance is not None:
        _check_appearance(appearance, pages)
    if field is None:
        return reader, next(name for name in map("Signature{}".format, range(1, len(known) + 2)) if name not in known)
    if not (0 < len(field) <= _FIELD_MAX and field.isprintable() and "." not in field):
        raise UsageError(N_("A signature field's name has 1 to {most} characters and no period."), most=_FIELD_MAX)
    if known.get(field, False):
        raise UsageError(N_("The field {field} is signed already."), field=field)
    if field not in known and field in _names(reader):
        raise UsageError(N_("The field {field} is not a signature field."), field=field)
    return reader, field


def _check_appearance(appearance: Appearance, pages: int) -> None:
    left, bottom, right, top = appearance.box
    if not 1 <= appearance.page <= pages:
        raise UsageError(N_("The file has {pages} pages, and no page {page}."), pages=pages, page=appearance.page)
    if not (left < right and bottom < top):
        raise UsageError(N_("The box of a signature is given by its left, bottom, right and top."))
    if not (appearance.text.isascii() and appearance.text.replace("\n", "").isprintable()):
        raise UsageError(
            N_("The text of a signature must be printable ASCII: there is no font for other characters here.")
        )


def _fields(reader: Any) -> dict[str, bool]:
    """The names of the signature fields, and whether each is signed."""
    with _reading():
        return {str(name): value is not None for name, value, _ in pyhanko.fields.enumerate_sig_fields(reader)}


def _names(reader: Any) -> frozenset[str]:
    """The names of the form's top-level fields, of any kind."""
    with _reading():
        if "/AcroForm" not in reader.root:
            return frozenset()
        return frozenset(str(field.get_object().get("/T")) for field in reader.root["/AcroForm"]["/Fields"])


def _open(pdf: bytes) -> Any:
    """pyHanko's reader of *pdf*."""
    pyhanko.check_installed()
    if len(pdf) > PDF_MAX:
        raise PdfFileError(N_("This PDF file is longer than {most} bytes."), most=PDF_MAX)
    with _reading():
        reader = pyhanko.reader.PdfFileReader(io.BytesIO(pdf))
        encrypted = reader.encrypted
        _ = reader.root["/Pages"]
    if encrypted:
        raise PdfFileError(N_("This PDF file is encrypted: it can be neither signed nor read here."))
    return reader


_UNREADABLE: Final = (
    ValueError, TypeError, KeyError, IndexError, AttributeError, AssertionError, ArithmeticError, RecursionError,
    NotImplementedError, zlib.error, struct.error,
)  # fmt: skip
"""The exceptions, besides its own, that pyHanko raises for malformed files."""


@contextmanager
def _reading() -> Generator[None]:
    """Turns pyHanko's exceptions for a file that it cannot read into a PdfFileError."""
    try:
        yield
    except MynacardError:  # the card's, and our own
        raise
    except (pyhanko.misc.PdfError, *_UNREADABLE):
        raise PdfFileError(N_("This is not a PDF file, or it is damaged.")) from None

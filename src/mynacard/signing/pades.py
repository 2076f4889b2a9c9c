"""Signatures inside of PDF files: made as PAdES with one card signature, and read, all of them.

A signature is added as an incremental update, so those that are there stay good. What is read: PAdES
(``ETSI.CAdES.detached``) and its forerunner ``adbe.pkcs7.detached``. A file may hold several, and each is about the
file as it was when it was made. So two things are told of each: whether it is good for those bytes, and what the file
holds beyond them. What is made is of level B-B, and with a time stamp, added when the card was let go, of level B-T. By
pyHanko, the extra ``pdf``; the CMS inside is read by :mod:`mynacard.signing.cms`.

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
"""Bytes of a PDF; a longer one is refused, since it is held in memory."""
SIGNATURES_MAX: Final = 50
REVISIONS_MAX: Final = 200
"""Of one file, to be read: each signature is held against each later version, so the time grows faster than they do."""
COMPARISONS_MAX: Final = 200_000
"""Objects of a file times its versions since it was first signed: 140,000 were measured to take 11 s and 384 MB."""
_PADES: Final = "/ETSI.CAdES.detached"
_PKCS7: Final = "/adbe.pkcs7.detached"
_TIMESTAMP: Final = "/ETSI.RFC3161"
_FIELD_MAX: Final = 100
_SIGNATURE_MAX: Final = 0x1000
"""Bytes of a signature without its certificate; one of a card has some 700."""


@dataclass(frozen=True, slots=True)
class Appearance:
    """What people see of a signature in the page: a text and the time. It proves nothing.

    Attributes:
        page: which one, counted from 1.
        box: left, bottom, right, top, in points of 1/72 inch from the lower left corner of the page.
        text: printable ASCII. Nothing of the holder goes in by itself.
    """

    page: int = 1
    box: tuple[int, int, int, int] = (36, 36, 256, 76)
    text: str = "Signed with an Individual Number Card"


@dataclass(frozen=True, slots=True)
class PdfSignature:
    """One signature of a PDF file.

    Attributes:
        field: the name of the form field that holds it.
        kind: the SubFilter, as ``ETSI.CAdES.detached``.
        cms: the signature itself; None where it could not be read.
        signature: whether the key of its certificate signed those bytes. Not whether the certificate is good.
        rest: whether those bytes are the file, and what it holds beyond them.
        claimed_time: when the signer's computer said it was; None where the file does not say.
        time_stamps: what authorities say of when the signature was there; of a time stamp on the file, itself.
        beyond: what those bytes are that *rest* is about, for programs.
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
        """Whether it is an authority's time stamp on the file, and nobody's signature."""
        return f"/{self.kind}" == _TIMESTAMP

    @property
    def steps(self) -> tuple[tuple[str, Step], ...]:
        """Both steps with their names, as :func:`mynacard.trust.explain` takes them."""
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
    """*pdf* with one more signature at its end, with one call of ``key.sign``, in this thread.

    Args:
        pdf: the whole file; its bytes stay as they are, and more follow.
        certificate: of *key*; goes into the signature. JPKI's signing certificate names its holder and the address.
        key: of a card (:meth:`mynacard.jpki.JpkiSession.private_key`) or any other.
        hash_: of content and signature.
        field: the signature field, one that is there and empty, or a new one; None for a new one with a free name.
        appearance: what is to be seen of it; None for nothing. A field that is there has its own place.
        room_for_time_stamp: whether the file gets 32 KiB longer, so that :func:`add_time_stamp` finds a place.

    Raises:
        MissingExtraError: pyHanko is not installed.
        PdfFileError: *pdf* is none, is damaged, encrypted or too long, or takes no further signature.
        UsageError: *field* is signed already or cannot be a name, there is no such page, *certificate* is of another
            key, or an event loop runs in this thread.
        UnsupportedAlgorithmError: *certificate* holds no RSA key of 2048 to 8192 bits.

    Nothing was signed, whichever of these is raised. What *key* raises comes through.
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
        made = pyhanko.signers.PdfSigner(metadata, signer, stamp_style=style, new_field_spec=new)
        output: io.BytesIO = external.run(lambda: made.async_sign_pdf(writer, bytes_reserved=reserved))
    except (pyhanko.misc.PdfError, pyhanko.misc.FormFillingError):
        raise PdfFileError(N_("This PDF file cannot be signed this way.")) from None
    return bytes(output.getbuffer())


def add_time_stamp(pdf: bytes, ask: timestamp.Ask) -> bytes:
    """*pdf* with a time stamp in its last signature, as PAdES B-T has it. No card is asked: anybody can add one.

    Raises:
        MissingExtraError: pyHanko is not installed. Nobody was asked.
        PdfFileError: as :func:`read` raises it; or something follows the last signature, or it has no room. The latter
            is known only when the authority has answered.
        CertificateFileError, UnsupportedAlgorithmError, UsageError: the signature is none that takes one. Nobody was
            asked.
        TimeStampError: none was had; *pdf* is as good as it was. And what *ask* raises.
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
    """That :func:`sign` will take *pdf*, as far as it can be told before somebody types a password for it.

    Returns:
        How many signatures it holds already.

    Raises:
        MissingExtraError, PdfFileError, UsageError: as :func:`sign`.
    """
    reader, _ = _signable(pdf, field, appearance)
    return sum(_fields(reader).values())


def read(pdf: bytes) -> tuple[PdfSignature, ...]:
    """Every signature in *pdf*, in the order in which they were made, and time stamps among them.

    Raises:
        MissingExtraError: pyHanko is not installed.
        PdfFileError: *pdf* is none, is damaged, encrypted or too long, holds no signature, more than
            :data:`SIGNATURES_MAX`, more than :data:`REVISIONS_MAX` versions, or so many objects and versions that
            comparing them takes longer than :data:`COMPARISONS_MAX` allow.
    """
    reader = _open(pdf)
    with _reading():
        signed = list(pyhanko.fields.enumerate_sig_fields(reader, filled_status=True))
        _check_count(len(signed), reader.xrefs.total_revisions)
        embedded = list(reader.embedded_signatures)
        _check_size(reader.xrefs, min((int(one.signed_revision) for one in embedded), default=0))
        names = frozenset(str(one.field_name) for one in embedded)
        signatures = tuple(_read(pdf, one, names, ends_as_a_pdf(pdf)) for one in embedded) + _unknown(signed)
    if all(one.is_time_stamp for one in signatures):
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
        return None, (), bad(N_("What was signed is not the file around the signature."))
    try:
        contents = _unpadded(embedded.pkcs7_content)
        if kind == _TIMESTAMP:
            return None, (timestamp.parse(contents, content),), _FOR_TIME_STAMPS
        parsed = cms.parse(contents)
        signature = cms.verify(parsed, content)
    except (CertificateFileError, UnsupportedAlgorithmError) as error:
        return None, (), bad(str(error.args[0]), **error.details)
    if parsed.content is not None:
        signature = bad(N_("The signature holds a content of its own, beside the file that it should be about."))
    if kind == _PADES and parsed.names_certificate is None:
        signature = bad(N_("The signature does not name its certificate, as PAdES demands."))
    return parsed, parsed.time_stamps, signature


_FOR_TIME_STAMPS: Final = not_checked(N_("This is a time stamp on the file: its authority has to be looked at."))


def _check_count(signatures: int, revisions: int) -> None:
    if signatures > SIGNATURES_MAX or revisions > REVISIONS_MAX:
        raise PdfFileError(
            N_("This PDF file holds {signatures} signatures in {revisions} versions: more than are read."),
            signatures=signatures,
            revisions=revisions,
        )


def _check_size(xrefs: Any, first_signed: int) -> None:
    """Each version since *first_signed* is looked through for what it changed, with all objects of the file."""
    versions = xrefs.total_revisions - 1 - first_signed
    objects = sum(len(xrefs.explicit_refs_in_revision(version)) for version in range(xrefs.total_revisions))
    if versions * objects > COMPARISONS_MAX:
        raise PdfFileError(
            N_("This PDF file has {objects} objects and {versions} versions since it was signed: too much to compare."),
            objects=objects,
            versions=versions,
        )


def _unknown(signed: list[Any]) -> tuple[PdfSignature, ...]:
    """Those of kinds that pyHanko passes over."""
    known = {kind.value for kind in pyhanko.fields.SigSeedSubFilter}
    kinds = [(str(name), str(value.get_object().get("/SubFilter", ""))) for name, value, _ in signed]
    rest = not_checked(N_("What the signature is about was not looked at."))
    return tuple(
        PdfSignature(name, kind.removeprefix("/"), None, _unknown_kind(kind), rest)
        for name, kind in kinds
        if kind not in known
    )


def _unknown_kind(kind: str) -> Step:
    """Bad, and not merely unchecked: who accepts what was checked but for revocation must not accept just anything."""
    return bad(N_("A signature of the kind {kind} is not taken here."), kind=kind.removeprefix("/"))


def _content(pdf: bytes, embedded: Any) -> Callable[[HashAlgorithm], bytes] | None:
    """What the ByteRange is about: all from the first byte on but the signature's own digits; None if it is not so."""
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
        made = hashlib.new(hash_.value, view[:length])
        made.update(view[start_2 : start_2 + length_2])
        return made.digest()

    return digest


def _unpadded(contents: bytes) -> bytes:
    """The DER at the beginning of *contents*, which is filled up with zeros."""
    length = int(asn1.parser.peek(contents))
    return contents if any(contents[length:]) else contents[:length]


# --- signing ---


def _signable(pdf: bytes, field: str | None, appearance: Appearance | None) -> tuple[Any, str]:
    """The file, and the name of the field to sign."""
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
        raise UsageError(N_("The field {field} is none for a signature."), field=field)
    return reader, field


def _check_appearance(appearance: Appearance, pages: int) -> None:
    left, bottom, right, top = appearance.box
    if not 1 <= appearance.page <= pages:
        raise UsageError(N_("The file has {pages} pages, and no page {page}."), pages=pages, page=appearance.page)
    if not (left < right and bottom < top):
        raise UsageError(N_("The box of a signature is its left, bottom, right and top."))
    if not (appearance.text.isascii() and appearance.text.replace("\n", "").isprintable()):
        raise UsageError(N_("The text of a signature is printable ASCII: no other letters have a font here."))


def _fields(reader: Any) -> dict[str, bool]:
    """The names of the signature fields, and whether each is signed."""
    with _reading():
        return {str(name): value is not None for name, value, _ in pyhanko.fields.enumerate_sig_fields(reader)}


def _names(reader: Any) -> frozenset[str]:
    """The names of the uppermost fields of the form, of whatever kind."""
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
        raise PdfFileError(N_("This PDF file is encrypted: neither signed nor read here."))
    return reader


_UNREADABLE: Final = (
    ValueError, TypeError, KeyError, IndexError, AttributeError, AssertionError, ArithmeticError, RecursionError,
    NotImplementedError, zlib.error, struct.error,
)  # fmt: skip
"""What pyHanko raises, beside its own, for files that are not as they should be."""


@contextmanager
def _reading() -> Generator[None]:
    """What pyHanko says of a file that it cannot take, as ours."""
    try:
        yield
    except MynacardError:  # the card's, and our own
        raise
    except (pyhanko.misc.PdfError, *_UNREADABLE):
        raise PdfFileError(N_("This is no PDF file, or it is damaged.")) from None

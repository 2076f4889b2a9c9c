"""Signatures inside PDF files, made as PAdES with one card signature each. :mod:`mynacard.signing.pdf` reads them.

A new signature is an incremental update, so the existing ones stay good. It has level B-B, and with a time stamp, added
after the card was released, level B-T. pyHanko, the extra ``pdf``, does the work.

Source: ISO 32000-2 §12.8; ETSI EN 319 142-1 V1.2.1 §5, §6.
"""

from __future__ import annotations

import io
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding

from mynacard._dataclasses import dataclass
from mynacard.errors import PdfFileError, UsageError
from mynacard.hashes import HashAlgorithm
from mynacard.signing import cms, external, timestamp
from mynacard.signing.beyond import Beyond
from mynacard.signing.pdf import (
    PADES,
    PDF_MAX,
    PKCS7,
    REVISIONS_MAX,
    SIGNATURES_MAX,
    PdfSignature,
    digests,
    opened,
    read,
    reading,
    signature_fields,
    unpadded,
)
from mynacard.texts import N_
from mynacard.trust import pyhanko

__all__ = [
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
    new = None if name in signature_fields(reader) else pyhanko.fields.SigFieldSpec(name, **box)
    style = None
    if appearance is not None:
        style = pyhanko.stamp.TextStampStyle(stamp_text=appearance.text.replace("%", "%%") + "\n%(ts)s")
    metadata = pyhanko.signers.PdfSignatureMetadata(
        field_name=name, md_algorithm=hash_.value, subfilter=pyhanko.fields.SigSeedSubFilter.PADES
    )
    reserved = None  # as much as the signature needs
    if room_for_time_stamp:  # counted in hexadecimal digits
        reserved = 2 * (len(certificate.public_bytes(Encoding.DER)) + _SIGNATURE_MAX + timestamp.TIME_STAMP_MAX)
    with reading(reader):
        writer = pyhanko.incremental_writer.IncrementalPdfFileWriter.from_reader(reader)
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
    reader = opened(pdf)
    with reading(reader):
        embedded = list(reader.embedded_regular_signatures)
        kind = str(embedded[-1].sig_object.get("/SubFilter", "")) if embedded else ""
        numbers = [int(number) for number in embedded[-1].byte_range] if kind in (PADES, PKCS7) else []
        content = digests(pdf, embedded[-1]) if numbers else None
    if content is None or numbers[2] + numbers[3] != len(pdf):
        raise PdfFileError(N_("This PDF file does not end with a signature that could take a time stamp."))
    start, end = numbers[1] + 1, numbers[2] - 1
    stamped = cms.add_time_stamp(unpadded(embedded[-1].pkcs7_content), ask).hex().encode("ascii")
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
    return sum(signature_fields(reader).values())


def _signable(pdf: bytes, field: str | None, appearance: Appearance | None) -> tuple[Any, str]:
    """The reader of *pdf*, and the name of the field to sign."""
    reader = opened(pdf)
    known = signature_fields(reader)
    with reading(reader):
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


def _names(reader: Any) -> frozenset[str]:
    """The names of the form's top-level fields, of any kind."""
    with reading(reader):
        if "/AcroForm" not in reader.root:
            return frozenset()
        return frozenset(str(field.get_object().get("/T")) for field in reader.root["/AcroForm"]["/Fields"])

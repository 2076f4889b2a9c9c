"""Signatures inside PDF files, made as PAdES with one card signature each. :mod:`mynacard.signing.pdf` reads them.

A new signature is an incremental update, so the existing ones stay good. It has level B-B, and with a time stamp, added
after the card was released, level B-T. pyHanko, the extra ``pdf``, does the work.

Source: ISO 32000-2 §12.8; ETSI EN 319 142-1 V1.2.1 §5, §6.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding

from mynacard._dataclasses import dataclass
from mynacard.arguments import BYTES, check_member, check_type
from mynacard.errors import CertificateFileError, PdfFileError, UsageError
from mynacard.hashes import HashAlgorithm
from mynacard.signing import adding, appearing, cms, external, seeds, timestamp
from mynacard.signing.appearing import Appearance, Placed
from mynacard.signing.beyond import Beyond
from mynacard.signing.fonts import Font
from mynacard.signing.pdf import PADES, PKCS7, REVISIONS_MAX, SIGNATURES_MAX, PdfSignature, digests, read, unpadded
from mynacard.signing.pdf_file import (
    PDF_MAX,
    SignatureField,
    irregular,
    opened,
    reading,
    reason,
    signature_fields,
)
from mynacard.signing.stand_in import apart, stand_in
from mynacard.signing.streams import Continued, Stream, size_of
from mynacard.texts import N_, Sentence
from mynacard.trust import pyhanko
from mynacard.trust.holder import holder_of
from mynacard.verdict import Verdict

__all__ = [
    "PDF_MAX",
    "REVISIONS_MAX",
    "SIGNATURES_MAX",
    "Appearance",
    "Beyond",
    "Font",
    "Kind",
    "PdfSignature",
    "Signable",
    "add_time_stamp",
    "add_time_stamp_in",
    "check_signable",
    "examine",
    "read",
    "sign",
    "sign_in",
]


class Kind(StrEnum):
    """The kind of a signature in a PDF file, by its SubFilter."""

    PADES = "ETSI.CAdES.detached"
    PKCS7 = "adbe.pkcs7.detached"
    """Its forerunner: the signature names its signer and the time (/Name, /M), and signs no other attribute than CMS
    requires and the time. ISO 32000-2 §12.8.3.3."""


_FIELD_MAX: Final = 100
_SIGNATURE_MAX: Final = 0x1000
"""Room for a signature without its certificate, in bytes; a card's takes about 700."""


def sign(
    pdf: bytes,
    certificate: x509.Certificate,
    key: RSAPrivateKey,
    hash_: HashAlgorithm = HashAlgorithm.SHA256,
    *,
    kind: Kind = Kind.PADES,
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
        kind: the kind of signature. :attr:`Kind.PKCS7` writes the signer's name, from the certificate, into the file.
        field: the full name of an empty signature field, or the name of a new one; None for a new one with a free name.
        appearance: how it looks on the page; None for an invisible signature. An existing field keeps its place.
        room_for_time_stamp: whether to make the file 32 KiB longer, as room for :func:`add_time_stamp`.

    Raises:
        MissingExtraError: pyHanko is not installed.
        PdfFileError: *pdf* is not a PDF file, is damaged, encrypted or too long, or takes no further signature; or
            *field* requires what the signature does not have (:mod:`mynacard.signing.seeds`).
        UsageError: *field* is already signed, is another kind of field or is not a valid name; *appearance* does not
            fit the file; *certificate* is of another key; or an event loop runs in this thread.
        UnsupportedAlgorithmError: *certificate* does not hold an RSA key of 2048 to 8192 bits.

    After any of these, nothing was signed. Exceptions of *key* pass through.
    """
    signer = external.signer(certificate, key, hash_)
    check_member(kind, Kind)
    check_type(pdf, *BYTES, wanted="bytes")
    file = _signable(pdf, _Wanted(hash_, kind, field, appearance, room_for_time_stamp))
    return b"".join((pdf, _signed(file, certificate, signer).added()))


def sign_in(
    file: Stream,
    certificate: x509.Certificate,
    key: RSAPrivateKey,
    hash_: HashAlgorithm = HashAlgorithm.SHA256,
    *,
    kind: Kind = Kind.PADES,
    field: str | None = None,
    appearance: Appearance | None = None,
    room_for_time_stamp: bool = False,
) -> None:
    """Do the same with *file*, to whose end the signature is written. It is not held in memory.

    Args:
        file: seekable, and open for reading and writing; a copy that no other program changes meanwhile.

    Raises:
        MissingExtraError, PdfFileError, UsageError, UnsupportedAlgorithmError: as :func:`sign`; *file* is as it was.
        OSError: *file* cannot be read or written, and may end with a part of the signature.
    """
    signer = external.signer(certificate, key, hash_)
    check_member(kind, Kind)
    signed = _signed(_signable(file, _Wanted(hash_, kind, field, appearance, room_for_time_stamp)), certificate, signer)
    size_of(file)
    file.write(signed.added())


@dataclass(frozen=True, slots=True)
class Signable:
    """A PDF file that takes a signature.

    Attributes:
        signatures: how many it already holds.
        remarks: what the holder should know before signing it.
    """

    signatures: int
    remarks: tuple[Sentence, ...]


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
    check_type(pdf, *BYTES, wanted="bytes")
    start, digits = _time_stamped(pdf, ask)
    view = memoryview(pdf)
    return b"".join((view[:start], digits, view[start + len(digits) :]))


def add_time_stamp_in(file: Stream, ask: timestamp.Ask) -> None:
    """Do the same in *file*, which is not held in memory, and is written to once the authority has answered.

    Args:
        file: seekable, and open for reading and writing; a copy that no other program changes meanwhile.

    Raises:
        OSError: *file* cannot be read or written, and may hold a part of the new signature.

    Also, it raises what :func:`add_time_stamp` does; *file* is as it was.
    """
    start, digits = _time_stamped(file, ask)
    file.seek(start)
    file.write(digits)


def _time_stamped(pdf: bytes | Stream, ask: timestamp.Ask) -> tuple[int, bytes]:
    """Where the digits of the last signature begin, and those of the same with a time stamp."""
    reader = opened(pdf)
    with reading(reader):
        embedded = list(reader.embedded_regular_signatures)
        kind = str(embedded[-1].sig_object.get("/SubFilter", "")) if embedded else ""
        numbers = [int(number) for number in embedded[-1].byte_range] if kind in (PADES, PKCS7) else []
        content = digests(embedded[-1]) if numbers else None
    if content is None or numbers[2] + numbers[3] != size_of(reader.file):
        raise PdfFileError(N_("This PDF file does not end with a signature that could take a time stamp."))
    start, end = numbers[1] + 1, numbers[2] - 1
    stamped = cms.add_time_stamp(unpadded(embedded[-1].pkcs7_content), ask).hex().encode("ascii")
    if len(stamped) > end - start:
        raise PdfFileError(N_("This signature was made without room for a time stamp of this length."))
    return start, stamped.ljust(end - start, b"0")


def check_signable(pdf: bytes, field: str | None = None, appearance: Appearance | None = None) -> int:
    """Check that :func:`sign` will take *pdf*, before the holder types a password (:func:`examine`).

    Returns:
        The number of signatures that it already holds.

    Raises:
        MissingExtraError, PdfFileError, UsageError: as :func:`sign`.
    """
    return examine(pdf, field=field, appearance=appearance).signatures


def examine(
    pdf: bytes | Stream,
    hash_: HashAlgorithm = HashAlgorithm.SHA256,
    *,
    kind: Kind = Kind.PADES,
    field: str | None = None,
    appearance: Appearance | None = None,
    room_for_time_stamp: bool = False,
) -> Signable:
    """Sign *pdf* with a stand-in's key, to see before the holder types a password whether :func:`sign` will take it.

    It takes as long as :func:`sign` with a key in memory, and contacts nothing. The arguments are those of
    :func:`sign`; *pdf* may also be a seekable stream, which is read in parts.

    Raises:
        MissingExtraError, PdfFileError, UsageError: as :func:`sign`.
    """
    check_member(kind, Kind)
    signer = external.signer(stand_in().certificate, stand_in().key, hash_)
    file = _signable(pdf, _Wanted(hash_, kind, field, appearance, room_for_time_stamp))
    signed = apart(lambda: _signed(file, stand_in().certificate, signer))
    if file.is_irregular:
        _check_readable(signed)
    return Signable(file.signatures, file.remarks)


def _check_readable(signed: Continued) -> None:
    """Check that the last signature is to be seen in a file that was irregular before."""
    signature = read(signed)[-1]
    if signature.signature.verdict is Verdict.BAD:
        raise irregular(N_("its new signature could not be read"))


@dataclass(frozen=True, slots=True)
class _Wanted:
    hash_: HashAlgorithm
    kind: Kind
    field: str | None
    appearance: Appearance | None
    time_stamped: bool


@dataclass(frozen=True, slots=True)
class _File:
    """A file that takes a signature: pyHanko's reader, the name of the field, and whether the file has it."""

    reader: Any
    wanted: _Wanted
    field: str
    exists: bool
    placed: Placed | None
    signatures: int
    is_irregular: bool
    remarks: tuple[Sentence, ...]


def _signable(pdf: bytes | Stream, wanted: _Wanted) -> _File:
    reader, remarks = _read_somehow(pdf)
    with reading(reader):
        certified = pyhanko.pdf_embedded.read_certification_data(reader)
    if certified is not None and certified.permission == pyhanko.fields.MDPPerm.NO_CHANGES:
        raise PdfFileError(N_("This PDF file was signed as final: it takes no further signature."))
    with reading(reader):
        adding.clean(reader)
    known = signature_fields(reader)
    name = _name(reader, wanted.field, known)
    made = seeds.Made(f"/{wanted.kind}", wanted.hash_, wanted.time_stamped)
    with reading(reader):
        field = known[name].reference.get_object() if name in known else None
        asked = () if field is None else seeds.check(name, field, made)
        placed = _placed(reader, name, field, wanted.appearance)
    signatures = sum(field.value is not None for field in known.values())
    return _File(reader, wanted, name, field is not None, placed, signatures, bool(remarks), (*remarks, *asked))


def _placed(reader: Any, name: str, field: Any, appearance: Appearance | None) -> Placed | None:
    if appearance is None:
        return None
    appearance.check()
    if field is None:
        return appearing.of_page(reader, appearance)
    return appearing.of_field(reader, name, field, appearance)


def _read_somehow(pdf: bytes | Stream) -> tuple[Any, tuple[Sentence, ...]]:
    """The reader of *pdf*; and if it takes a lenient one, a remark that says so."""
    try:
        return opened(pdf), ()
    except PdfFileError as error:
        why = reason(error)
        try:
            return opened(pdf, strict=False), (Sentence(_IRREGULAR, {"reason": why}),)
        except PdfFileError:
            raise error from None


_IRREGULAR: Final = N_(
    "This PDF file is irregular: {reason}. It can be signed, but 'mynacard verify' will not call the signature good,"
    " nor may others. The command 'qpdf in.pdf out.pdf' repairs many such files before they are signed."
)


def _name(reader: Any, field: str | None, known: Mapping[str, SignatureField]) -> str:
    """The name of the field to sign."""
    if field is None:
        return next(name for name in map("Signature{}".format, range(1, len(known) + 2)) if name not in known)
    if field in known:
        if known[field].value is not None:
            raise UsageError(N_("The field {field} is signed already."), field=field)
        return field
    if not (0 < len(field) <= _FIELD_MAX and field.isprintable() and "." not in field):
        raise UsageError(
            N_(
                "The file has no signature field of this name, and the name of a new one has 1 to {most} characters and"
                " no period."
            ),
            most=_FIELD_MAX,
        )
    if field in _names(reader):
        raise UsageError(N_("The field {field} is not a signature field."), field=field)
    return field


def _signed(file: _File, certificate: x509.Certificate, signer: Any) -> Continued:
    """*file* and what is added to it."""
    hash_ = file.wanted.hash_
    moment, pades = external.now(), file.wanted.kind is Kind.PADES
    if not pades:
        signer.signed_attr_prov_spec = external.OnlyTime(moment)

    async def signature(digest: bytes, *, dry_run: bool) -> Any:
        return await signer.async_sign(digest, hash_.value, dry_run=dry_run, use_pades=pades)

    dry: Any = external.run(lambda: signature(bytes(len(hash_.digest(b""))), dry_run=True))
    room = len(dry.dump()) * 3 // 2
    if file.wanted.time_stamped:
        room = len(certificate.public_bytes(Encoding.DER)) + _SIGNATURE_MAX + timestamp.TIME_STAMP_MAX
    with reading(file.reader):
        name = None if pades else _name_of(certificate)
        prepared = adding.prepared(file.reader, _addition(file, moment, name, 2 * room))
    made = external.run(lambda: signature(prepared.digest, dry_run=False))
    return prepared.filled(made)


def _name_of(certificate: x509.Certificate) -> str:
    """The holder's name in *certificate*, or its subject. It never fails: the password was typed."""
    try:
        holder = holder_of(certificate)
    except (CertificateFileError, ValueError):
        holder = None
    if holder is not None and holder.name is not None and holder.name.value:
        return holder.name.value
    return certificate.subject.rfc4514_string()


def _addition(file: _File, moment: datetime, name: str | None, digits: int) -> adding.Addition:
    placed = file.placed
    box = {} if placed is None else {"on_page": placed.appearance.page - 1, "box": placed.rectangle}
    return adding.Addition(
        field=file.field,
        new=None if file.exists else pyhanko.fields.SigFieldSpec(file.field, **box),
        sub_filter=pyhanko.fields.SigSeedSubFilter(f"/{file.wanted.kind}"),
        name=name,
        hash_=file.wanted.hash_,
        appearance=None if placed is None else placed.at(moment),
        moment=moment,
        digits=digits,
    )


def _names(reader: Any) -> frozenset[str]:
    """The names of the form's top-level fields, of any kind."""
    with reading(reader):
        if "/AcroForm" not in reader.root:
            return frozenset()
        return frozenset(str(field.get_object().get("/T")) for field in reader.root["/AcroForm"]["/Fields"])

"""One document in, one signature out, in the chosen format: what each format takes and needs, and its file suffix.

To sign with a card, call :meth:`Making.check` before the holder types a password, and add a time stamp after the card
was released.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from mynacard import meaning
from mynacard._dataclasses import dataclass
from mynacard.arguments import check_member, wrong_type
from mynacard.errors import UsageError
from mynacard.hashes import HashAlgorithm
from mynacard.signing import cms, encodings
from mynacard.signing.content import Content
from mynacard.signing.stand_in import apart, stand_in
from mynacard.signing.streams import Stream, part, size_of
from mynacard.texts import N_, Sentence
from mynacard.trust import asn1, primitive, pyhanko

if TYPE_CHECKING:
    from mynacard.signing import cades, pades
    from mynacard.signing.timestamp import Ask
else:  # a CMS signature does without them
    cades = asn1.OnUse("mynacard.signing.cades")
    pades = asn1.OnUse("mynacard.signing.pades")

__all__ = ["Format", "Making", "add_time_stamp", "add_time_stamp_in"]

_T = TypeVar("_T")
_PDF: Final = b"%PDF-"


class Format(StrEnum):
    """The format of a signature."""

    RAW = "raw"  # only the bytes of RSASSA-PKCS1-v1_5
    CMS = "cms"
    CADES = "cades"
    PADES = "pades"
    PDF = "pdf"  # adbe.pkcs7.detached, which was before PAdES


_IN_PDF: Final = (Format.PADES, Format.PDF)
"""The formats in which the signature goes into a PDF file."""


@dataclass(frozen=True, slots=True)
class Making:
    """How documents are to be signed.

    Attributes:
        format: the format of the signatures.
        hash_: the hash function for content and signature.
        opaque: whether the document goes into the signature; only for CMS and CAdES.
        field: the signature field, as :func:`mynacard.signing.pades.sign` takes it; only in a PDF file.
        appearance: how the signature looks on the page; only in a PDF file.
        time_stamped: whether a time stamp will be added, for which a PDF file needs room; not for a raw signature.

    Raises:
        UsageError: the format does not support one of these.
    """

    format: Format = Format.CMS
    hash_: HashAlgorithm = HashAlgorithm.SHA256
    opaque: bool = False
    field: str | None = None
    appearance: pades.Appearance | None = None
    time_stamped: bool = False

    def __post_init__(self) -> None:
        check_member(self.format, Format)
        check_member(self.hash_, HashAlgorithm)
        if not self.is_in_pdf and (self.field is not None or self.appearance is not None):
            raise UsageError(N_("Only a signature in a PDF file (pades, pdf) has a field and can be visible."))
        if self.format not in (Format.CMS, Format.CADES) and self.opaque:
            raise UsageError(N_("Only a CMS or CAdES signature can hold the file that it signs."))
        if self.format is Format.RAW and self.time_stamped:
            raise UsageError(N_("A raw signature has no place for a time stamp."))

    @property
    def suffix(self) -> str:
        """The suffix to append to a document's file name; empty where the signed file is a PDF file too."""
        match self.format:
            case Format.RAW:
                return ".sig"
            case Format.CMS | Format.CADES:
                return ".p7m" if self.opaque else ".p7s"
            case Format.PADES | Format.PDF:
                return ""

    def check_installed(self) -> None:
        """Check that the packages which the format needs are installed.

        Raises:
            MissingExtraError: it needs pyHanko, which is not installed.
        """
        if self.format is Format.CADES or self.is_in_pdf:
            pyhanko.check_installed()

    @property
    def is_in_pdf(self) -> bool:
        """Whether the signature goes into the document, which is a PDF file."""
        return self.format in _IN_PDF

    @property
    def needs_only_digest(self) -> bool:
        """Whether a document of any length can be signed by its digest."""
        return not (self.is_in_pdf or self.opaque)

    def check(self, document: bytes | Content) -> tuple[Sentence, ...]:
        """Check that :meth:`sign` will take *document*: it is signed with a stand-in's key, before a password is typed.

        A PDF file is made as a whole, and takes as long as with a key in memory. Nothing is contacted.

        Returns:
            What the holder should know before signing it: of a PDF file, that it is irregular, or that its field
            prefers another signature.

        Raises:
            MissingExtraError, PdfFileError, UsageError: as :meth:`sign`.
        """
        self.check_installed()
        if self.is_in_pdf:
            return self._in_pdf(pades.examine, document).remarks
        cms.check_length(document, detached=not self.opaque)
        if self.format is Format.RAW:
            _bare(document)
        else:  # of the document, only its length can be wrong
            apart(lambda: self.sign(b"", stand_in().certificate, stand_in().key))
        return ()

    def check_in(self, file: Stream) -> tuple[Sentence, ...]:
        """The same for :meth:`sign_in`: *file* is a PDF file, which is read in parts.

        Raises:
            MissingExtraError, PdfFileError, UsageError: as :meth:`sign_in`.
        """
        self._check_in_pdf()
        self.check_installed()
        return self._in_pdf(pades.examine, file).remarks

    def _check_in_pdf(self) -> None:
        if not self.is_in_pdf:
            raise UsageError(N_("A signature of this format does not go into the file that it signs."))

    def _in_pdf(self, function: Callable[..., _T], *arguments: object) -> _T:
        """What *function*, of :mod:`mynacard.signing.pades`, returns for *arguments* and what is wanted."""
        return function(
            *arguments,
            self.hash_,
            kind=pades.Kind.PKCS7 if self.format is Format.PDF else pades.Kind.PADES,
            field=self.field,
            appearance=self.appearance,
            room_for_time_stamp=self.time_stamped,
        )

    def sign(self, document: bytes | Content, certificate: x509.Certificate, key: RSAPrivateKey) -> bytes:
        """Make the signature of *document*, or the signed PDF file, with one call of ``key.sign``, in this thread.

        Args:
            document: the whole document, unchanged. A Content (:mod:`mynacard.signing.content`) is enough for a CMS or
                CAdES signature beside it, which needs only its digest.
            certificate: the one of *key*; it goes into every signature except a raw one.
            key: a card's (:meth:`mynacard.jpki.JpkiSession.private_key`) or any other.

        Raises:
            MissingExtraError: the format needs pyHanko, which is not installed.
            PdfFileError: as :func:`mynacard.signing.pades.sign` raises it.
            UsageError: *certificate* is of another key, *document* is too long to go in or, for a raw signature, is the
                signed attributes of a CMS signature (:mod:`mynacard.meaning`), the field or the appearance does not fit
                the file, or, unless it is raw or plain CMS, an event loop runs in this thread. A raw signature does not
                look at *certificate*.
            UnsupportedAlgorithmError: *certificate* does not hold an RSA key of 2048 to 8192 bits.

        After any of these, nothing was signed. Exceptions of *key* pass through.
        """
        match self.format:
            case Format.RAW:
                return key.sign(_bare(document), PKCS1v15(), primitive.HASHES[self.hash_])
            case Format.CMS:
                return cms.sign(document, certificate, key, self.hash_, detached=not self.opaque)
            case Format.CADES:
                return cades.sign(document, certificate, key, self.hash_, detached=not self.opaque)
            case Format.PADES | Format.PDF:
                return self._in_pdf(pades.sign, document, certificate, key)

    def sign_in(self, file: Stream, certificate: x509.Certificate, key: RSAPrivateKey) -> None:
        """Sign the PDF file *file* where it is (:func:`mynacard.signing.pades.sign_in`).

        Raises:
            UsageError: a signature of this format does not go into the file that it signs; or as :meth:`sign`.
            MissingExtraError, PdfFileError, UnsupportedAlgorithmError: as :meth:`sign`.
            OSError: *file* cannot be read or written, and may end with a part of the signature.
        """
        self._check_in_pdf()
        self._in_pdf(pades.sign_in, file, certificate, key)


def _bare(document: bytes | Content) -> bytes:
    """*document*, which is to get a bare signature.

    Raises:
        UsageError: it may not get one, or is not bytes.
    """
    if isinstance(document, Content):
        raise wrong_type(Content, "bytes")
    meaning.check(document)
    return document


def add_time_stamp(signed: bytes, ask: Ask) -> bytes:
    """Add a time stamp to the last signature of *signed*, a CMS signature or a PDF file. It takes no card.

    A CMS signature in BER, PEM or base64 is returned in DER.

    Raises:
        CertificateFileError, UnsupportedAlgorithmError, PdfFileError, UsageError: *signed* cannot take one.
        MissingExtraError: pyHanko is not installed.
        TimeStampError: the authority gave no usable time stamp; *signed* is as good as it was.

    Exceptions of *ask* pass through.
    """
    signature_der = encodings.to_der(signed)
    return pades.add_time_stamp(signed, ask) if signature_der is None else cms.add_time_stamp(signature_der, ask)


def add_time_stamp_in(file: Stream, ask: Ask) -> None:
    """Do the same in *file*, which is open for reading and writing. A PDF file is not held in memory.

    Raises:
        OSError: *file* cannot be read or written, and may be incomplete.

    Also, it raises what :func:`add_time_stamp` does; *file* is as it was.
    """
    if part(file, 0, len(_PDF)) == _PDF:
        pades.add_time_stamp_in(file, ask)
        return
    signed = add_time_stamp(part(file, 0, size_of(file)), ask)
    file.seek(0)
    file.truncate()
    file.write(signed)

"""One document in, one signature out, in the chosen format: what each format takes and needs, and its file suffix.

To sign with a card, call :meth:`Making.check` before the holder types a password, and add a time stamp after the card
was released.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from mynacard import meaning
from mynacard._dataclasses import dataclass
from mynacard.arguments import check_member
from mynacard.errors import UsageError
from mynacard.hashes import HashAlgorithm
from mynacard.signing import cms, encodings
from mynacard.signing.stand_in import apart, stand_in
from mynacard.texts import N_, Sentence
from mynacard.trust import asn1, primitive, pyhanko

if TYPE_CHECKING:
    from mynacard.signing import cades, pades
    from mynacard.signing.timestamp import Ask
else:  # a CMS signature does without them
    cades = asn1.OnUse("mynacard.signing.cades")
    pades = asn1.OnUse("mynacard.signing.pades")

__all__ = ["Format", "Making", "add_time_stamp"]


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
        if self.format not in _IN_PDF and (self.field is not None or self.appearance is not None):
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
        if self.format is Format.CADES or self.format in _IN_PDF:
            pyhanko.check_installed()

    def check(self, document: bytes) -> tuple[Sentence, ...]:
        """Check that :meth:`sign` will take *document*: it is signed with a stand-in's key, before a password is typed.

        A PDF file is made as a whole, and takes as long as with a key in memory. Nothing is contacted.

        Returns:
            What the holder should know before signing it: of a PDF file, that it is irregular, or that its field
            prefers another signature.

        Raises:
            MissingExtraError, PdfFileError, UsageError: as :meth:`sign`.
        """
        self.check_installed()
        cms.check_length(document, detached=not self.opaque)
        match self.format:
            case Format.RAW:
                meaning.check(document)
                return ()
            case Format.CMS | Format.CADES:  # of the document, only its length can be wrong
                apart(lambda: self.sign(b"", stand_in().certificate, stand_in().key))
                return ()
            case Format.PADES | Format.PDF:
                return pades.examine(
                    document,
                    self.hash_,
                    kind=self._kind,
                    field=self.field,
                    appearance=self.appearance,
                    room_for_time_stamp=self.time_stamped,
                ).remarks

    @property
    def _kind(self) -> pades.Kind:
        return pades.Kind.PKCS7 if self.format is Format.PDF else pades.Kind.PADES

    def sign(self, document: bytes, certificate: x509.Certificate, key: RSAPrivateKey) -> bytes:
        """Make the signature of *document*, or the signed PDF file, with one call of ``key.sign``, in this thread.

        Args:
            document: the whole document, unchanged.
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
                meaning.check(document)
                return key.sign(document, PKCS1v15(), primitive.HASHES[self.hash_])
            case Format.CMS:
                return cms.sign(document, certificate, key, self.hash_, detached=not self.opaque)
            case Format.CADES:
                return cades.sign(document, certificate, key, self.hash_, detached=not self.opaque)
            case Format.PADES | Format.PDF:
                return pades.sign(
                    document,
                    certificate,
                    key,
                    self.hash_,
                    kind=self._kind,
                    field=self.field,
                    appearance=self.appearance,
                    room_for_time_stamp=self.time_stamped,
                )


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

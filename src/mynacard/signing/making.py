"""One document in, one signature out, in the format that was chosen: what each format takes, needs and is called.

Whoever signs with a card asks :meth:`Making.check` before the holder types a password, and adds a time stamp after the
card was let go.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from mynacard.errors import UsageError
from mynacard.hashes import HashAlgorithm
from mynacard.signing import cades, cms, pades
from mynacard.signing.timestamp import Ask
from mynacard.texts import N_
from mynacard.trust import primitive, pyhanko

__all__ = ["Format", "Making", "add_time_stamp"]


class Format(StrEnum):
    """What a signature is made as."""

    RAW = "raw"  # RSASSA-PKCS1-v1_5, and not a byte more
    CMS = "cms"
    CADES = "cades"
    PADES = "pades"


@dataclass(frozen=True, slots=True)
class Making:
    """How documents are to be signed.

    Attributes:
        format: of the signatures.
        hash_: of content and signature.
        opaque: whether the document goes into the signature; only for CMS and CAdES.
        field: the signature field, as :func:`mynacard.signing.pades.sign` takes it; only for PAdES.
        appearance: what is to be seen of the signature; only for PAdES.
        time_stamped: whether a time stamp will be added, for which a PDF file needs room; not for a raw signature.

    Raises:
        UsageError: the format does not have what is wanted.
    """

    format: Format = Format.CMS
    hash_: HashAlgorithm = HashAlgorithm.SHA256
    opaque: bool = False
    field: str | None = None
    appearance: pades.Appearance | None = None
    time_stamped: bool = False

    def __post_init__(self) -> None:
        if self.format is not Format.PADES and (self.field is not None or self.appearance is not None):
            raise UsageError(N_("Only a signature in a PDF file (PAdES) has a field and can be seen."))
        if self.format not in (Format.CMS, Format.CADES) and self.opaque:
            raise UsageError(N_("Only a CMS or CAdES signature can hold the file that it is about."))
        if self.format is Format.RAW and self.time_stamped:
            raise UsageError(N_("A raw signature has no place for a time stamp."))

    @property
    def suffix(self) -> str:
        """What to append to a document's file name; empty for PAdES, where the signed file is a PDF file again."""
        match self.format:
            case Format.RAW:
                return ".sig"
            case Format.CMS | Format.CADES:
                return ".p7m" if self.opaque else ".p7s"
            case Format.PADES:
                return ""

    def check_installed(self) -> None:
        """That the format can be made here.

        Raises:
            MissingExtraError: it needs pyHanko, which is not installed.
        """
        if self.format in (Format.CADES, Format.PADES):
            pyhanko.check_installed()

    def check(self, document: bytes) -> None:
        """That :meth:`sign` will take *document*, as far as it can be told before the holder types a password for it.

        Raises:
            MissingExtraError, PdfFileError, UsageError: as :meth:`sign`.
        """
        self.check_installed()
        if self.format is Format.PADES:
            pades.check_signable(document, self.field, self.appearance)
        cms.check_length(document, detached=not self.opaque)

    def sign(self, document: bytes, certificate: x509.Certificate, key: RSAPrivateKey) -> bytes:
        """The signature of *document*, or the signed PDF file, with one call of ``key.sign``, in this thread.

        Args:
            document: the whole, taken as it is.
            certificate: of *key*; goes into every signature but a raw one.
            key: of a card (:meth:`mynacard.jpki.JpkiSession.private_key`) or any other.

        Raises:
            MissingExtraError: the format needs pyHanko, which is not installed.
            PdfFileError: as :func:`mynacard.signing.pades.sign` raises it.
            UsageError: *certificate* is of another key, *document* is too long to go in, the field or the appearance
                does not fit the file, or an event loop runs in this thread, which CAdES and PAdES cannot have.
            UnsupportedAlgorithmError: *certificate* holds no RSA key of 2048 to 8192 bits.

        Nothing was signed, whichever of these is raised. What *key* raises comes through.
        """
        match self.format:
            case Format.RAW:
                return key.sign(document, PKCS1v15(), primitive.HASHES[self.hash_])
            case Format.CMS:
                return cms.sign(document, certificate, key, self.hash_, detached=not self.opaque)
            case Format.CADES:
                return cades.sign(document, certificate, key, self.hash_, detached=not self.opaque)
            case Format.PADES:
                return pades.sign(
                    document,
                    certificate,
                    key,
                    self.hash_,
                    field=self.field,
                    appearance=self.appearance,
                    room_for_time_stamp=self.time_stamped,
                )


def add_time_stamp(signed: bytes, ask: Ask) -> bytes:
    """*signed*, a CMS signature or a PDF file, with a time stamp in its last signature. No card is needed for it.

    Raises:
        CertificateFileError, UnsupportedAlgorithmError, PdfFileError, UsageError: *signed* does not take one.
        MissingExtraError: pyHanko is not installed.
        TimeStampError: none was had; *signed* is as good as it was. And what *ask* raises.
    """
    return cms.add_time_stamp(signed, ask) if cms.is_cms(signed) else pades.add_time_stamp(signed, ask)

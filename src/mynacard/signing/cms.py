"""CMS signatures, detached from the signed file (``.p7s``) or around it (``.p7m``).

Making one takes one card signature; reading is strict. A signature made here holds the signer's certificate and, as
signed attributes, the signing time and the message's digest. It has no signing-certificate-v2 attribute, so it is plain
CMS; with that attribute it would be CAdES, which :mod:`mynacard.signing.cades` makes and this module reads. The time
comes from the signer's computer. A time stamp, added after the card was released (:func:`add_time_stamp`), carries an
authority's.

Source: RFC 5652 §5 (SignedData); :mod:`mynacard.signing.signer_info` for what a signer signs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import PKCS7Options, PKCS7SignatureBuilder

from mynacard._dataclasses import dataclass
from mynacard.arguments import BYTES, check_member, check_type, wrong_type
from mynacard.errors import CertificateFileError, UnsupportedAlgorithmError, UsageError
from mynacard.hashes import HashAlgorithm
from mynacard.meaning import key_for_signed_attributes
from mynacard.signing import der, of_digest, plain_cms, signer_info
from mynacard.signing.content import Content, DigestOf, of_bytes
from mynacard.texts import N_
from mynacard.trust import asn1, certificates, primitive
from mynacard.verdict import Step, bad, good

if TYPE_CHECKING:
    from mynacard.signing import timestamp
else:  # to sign takes no asn1crypto, which it loads
    timestamp = asn1.OnUse("mynacard.signing.timestamp")

__all__ = [
    "CONTENT_MAX",
    "SIGNATURE_FILE_MAX",
    "CmsSignature",
    "RefusedAlgorithm",
    "add_time_stamp",
    "check_length",
    "load_strictly",
    "not_named",
    "parse",
    "parse_plain",
    "sign",
    "verify",
]

SIGNATURE_FILE_MAX: Final = 0x10_0000
"""The most bytes of a signature file, without the content that it may hold; a card's has about 2,500."""
CONTENT_MAX: Final = 0x400_0000
"""The most bytes of content in a signature file: they were measured to take 2.6 s and 580 MB. Detach for more."""
TIME_STAMPS_MAX: Final = 5

_DATA: Final = "data"
_TIME_STAMP: Final = "signature_time_stamp_token"
_BY_NAME_AND_NUMBER: Final = ("v1", "issuer_and_serial_number")
_BY_KEY: Final = ("v3", "subject_key_identifier")


@dataclass(frozen=True, slots=True)
class CmsSignature:
    """A CMS signature with one signer.

    Attributes:
        certificate: the signer's, from the file; not checked.
        hash: the hash function for the content and for the signed attributes.
        content_digest: the content's digest, as the signed attributes have it.
        signed_attributes: the bytes that were signed: the attributes' DER as a SET OF.
        value: the signature value.
        claimed_time: the signing time, by the signer's computer; None if the file does not say.
        names_certificate: whether the signed attributes name this certificate, by its digest, as CAdES requires; None
            if they name none.
        names_certificate_v1: the same for signing-certificate in its first version, which has only SHA-1.
        names_algorithms: whether the attribute cms-algorithm-protection names the algorithms that are used; None if the
            signature does not have it.
        content: the signed content, if the file holds it; None if the signature is detached.
        time_stamps: authorities' statements of when the signature existed (:func:`mynacard.signing.timestamp.check`).
    """

    certificate: x509.Certificate
    hash: HashAlgorithm
    content_digest: bytes = field(repr=False)
    signed_attributes: bytes = field(repr=False)
    value: bytes = field(repr=False)
    claimed_time: datetime | None = None
    names_certificate: bool | None = None
    names_certificate_v1: bool | None = None
    names_algorithms: bool | None = None
    content: bytes | None = field(default=None, repr=False)
    time_stamps: tuple[timestamp.AnyTimeStamp, ...] = ()


class RefusedAlgorithm(UnsupportedAlgorithmError):
    """The signature is made with an algorithm that is not accepted here.

    Attributes:
        certificate: the signer's, from the file; not checked.
    """

    def __init__(self, reason: UnsupportedAlgorithmError, certificate: x509.Certificate) -> None:
        super().__init__(str(reason.args[0]), **reason.details)
        self.certificate = certificate


def sign(
    data: bytes | Content,
    certificate: x509.Certificate,
    key: RSAPrivateKey,
    hash_: HashAlgorithm = HashAlgorithm.SHA256,
    *,
    detached: bool = True,
) -> bytes:
    """Make the CMS signature of *data*, in DER, with one call of ``key.sign``.

    Args:
        data: the whole content, unchanged: line endings stay as they are. A Content
            (:func:`mynacard.signing.content.of_file`) is read in pieces, and only its digest is kept.
        certificate: the one of *key*; it goes into the signature. JPKI's signing certificate contains its holder's name
            and address.
        key: a card's (:meth:`mynacard.jpki.JpkiSession.private_key`) or any other.
        hash_: the hash function for content and signature.
        detached: whether *data* stays outside; else the signature holds it, up to :data:`CONTENT_MAX` bytes.

    Raises:
        UsageError: *certificate* is of another key, or *data* is too long to go in.
        UnsupportedAlgorithmError: *certificate* does not hold an RSA key of 2048 to 8192 bits.

    After any of these, nothing was signed. Exceptions of *key* pass through.
    """
    check_length(data, detached=detached)
    check_member(hash_, HashAlgorithm)
    if certificates.rsa_public_key(certificate).public_numbers() != key.public_key().public_numbers():
        raise UsageError(N_("The certificate belongs to another key than the one that is to sign."))
    own = key_for_signed_attributes(key)
    if isinstance(data, Content):
        return of_digest.signed_data(data(hash_), certificate, own, hash_)
    builder = PKCS7SignatureBuilder().set_data(data).add_signer(certificate, own, primitive.HASHES[hash_])
    options = [PKCS7Options.Binary, PKCS7Options.NoCapabilities]
    return builder.sign(Encoding.DER, [*options, PKCS7Options.DetachedSignature] if detached else options)


def check_length(data: bytes | Content, *, detached: bool) -> None:
    """Check that *data* fits into a signature, unless this is *detached*.

    Raises:
        UsageError: it is neither bytes nor, for a detached signature, a Content, or has more than :data:`CONTENT_MAX`
            bytes.
    """
    if isinstance(data, Content):
        if detached:
            return
        raise wrong_type(Content, "bytes")
    check_type(data, *BYTES, wanted="bytes")
    if not detached and len(data) > CONTENT_MAX:
        raise UsageError(
            N_("A signature holds at most {most} bytes of content: keep the signature in a file of its own."),
            most=CONTENT_MAX,
        )


def add_time_stamp(signature_der: bytes, ask: timestamp.Ask) -> bytes:
    """Add a time stamp to *signature_der*, as CAdES B-T has it. It takes no card: anyone can add one.

    Raises:
        CertificateFileError, RefusedAlgorithm: as :func:`parse`; the authority was not asked.
        MissingExtraError: pyHanko is not installed; the authority was not asked.
        UsageError: it already has the most time stamps allowed; the authority was not asked.
        TimeStampError: the authority gave no usable time stamp; *signature_der* is as good as it was.

    Exceptions of *ask* pass through.
    """
    parsed = parse(signature_der)
    if len(parsed.time_stamps) >= TIME_STAMPS_MAX:
        raise UsageError(N_("This signature has {count} time stamps, and takes no more."), count=TIME_STAMPS_MAX)
    token = timestamp.obtain(parsed.hash.digest(parsed.value), parsed.hash, ask)
    info = asn1.cms.ContentInfo.load(signature_der)
    signer = info["content"]["signer_infos"][0]
    stamp = {"type": _TIME_STAMP, "values": [asn1.cms.ContentInfo.load(token)]}
    others = [attribute.untag() for attribute in signer["unsigned_attrs"]] if len(signer["unsigned_attrs"]) else []
    signer["unsigned_attrs"] = asn1.cms.CMSAttributes([*others, asn1.cms.CMSAttribute(stamp)])
    stamped = bytes(info.dump())
    parse(stamped)
    return stamped


def load_strictly(certificate_der: bytes) -> x509.Certificate:
    """The certificate in *certificate_der*, which must be DER in all parts, as :func:`parse` demands of a signature.

    Raises:
        CertificateFileError: it is not, or it is not a certificate.
    """
    der.check(certificate_der)
    return certificates.load(certificate_der)


def parse(signature_der: bytes, load: Callable[[bytes], x509.Certificate] = certificates.load) -> CmsSignature:
    """The signature in *signature_der*; nothing is verified yet.

    For a file in BER, PEM or base64, call :func:`mynacard.signing.encodings.to_der` first.

    Args:
        signature_der: the file, DER.
        load: reads the signer's certificate, as :func:`mynacard.trust.certificates.load` does.

    Raises:
        CertificateFileError: it is not DER, not CMS with one signer and signed attributes, damaged, or too long.
        RefusedAlgorithm: the algorithm is not RSA (PKCS #1 v1.5) with SHA-256, SHA-384 or SHA-512.
    """
    check_type(signature_der, bytes)
    if len(signature_der) > SIGNATURE_FILE_MAX + CONTENT_MAX:
        raise _too_long()
    der.check(signature_der)
    try:
        info = asn1.cms.ContentInfo.load(signature_der, strict=True)
        signer_info.check_whole(info)
        if info["content_type"].native != "signed_data":
            raise CertificateFileError(N_("This is not a signature file: it holds no signed data."))
        content = _content(info["content"]["encap_content_info"])
        if len(signature_der) - len(content or b"") > SIGNATURE_FILE_MAX:
            raise _too_long()
        return _signed_data(info["content"], content, load)
    except (CertificateFileError, RefusedAlgorithm):
        raise
    except asn1.UNREADABLE:
        raise CertificateFileError(N_("This signature file is damaged.")) from None


def parse_plain(data: bytes, load: Callable[[bytes], x509.Certificate] = load_strictly) -> CmsSignature | None:
    """As :func:`parse`, which takes many times as long, for a detached signature in its usual form; None for others.

    Args:
        data: a file in any encoding.
        load: reads the signer's certificate, as :func:`load_strictly` does.
    """
    plain = plain_cms.read(data)
    if plain is None:
        return None
    try:
        certificate = load(plain.certificate_der)
    except CertificateFileError:
        return None
    return CmsSignature(
        certificate, plain.hash, plain.content_digest, plain.signed_attributes, plain.value, plain.claimed_time
    )


def verify(signature: CmsSignature, digest_of: DigestOf | None = None) -> Step:
    """Whether the key of ``signature.certificate`` signed the content. The certificate itself is not checked.

    Args:
        signature: as returned by :func:`parse`.
        digest_of: the content of a detached signature. Content that the signature holds is checked in any case.

    Raises:
        UsageError: the signature holds no content, and none was given.
        CertificateFileError: the signature value does not have the length that the key gives.
        UnsupportedAlgorithmError: the certificate does not hold an RSA key of 2048 to 8192 bits.
    """
    contents = [] if digest_of is None else [digest_of]
    if signature.content is not None:
        contents.append(of_bytes(signature.content))
    if not contents:
        raise UsageError(N_("This signature does not hold what was signed: the file is needed, too."))
    if False in (signature.names_certificate, signature.names_certificate_v1):
        return _OTHER_CERTIFICATE
    if signature.names_algorithms is False:
        return bad(
            "signature/contradiction",
            N_("The signature contradicts itself: a signed attribute names other algorithms than it is made with."),
        )
    digest = signature.hash.digest(signature.signed_attributes)
    if not primitive.signed(signature.certificate, signature.value, digest, signature.hash):
        return bad("signature/forged", N_("The signature is damaged or forged: it does not match its own certificate."))
    if any(digest(signature.hash) != signature.content_digest for digest in contents):
        return bad(
            "signature/changed", N_("The signature is for another file, or the file was changed after it was signed.")
        )
    return good("signature/good", N_("The file is unchanged since it was signed with the key of this certificate."))


_OTHER_CERTIFICATE: Final = bad(
    "signature/other-certificate", N_("The signature names a certificate other than the one it holds.")
)


def not_named(signature: CmsSignature) -> Step:
    """Why *signature*, which must name its certificate as PAdES requires it, is bad: the attribute is not there."""
    match signature.names_certificate_v1:
        case None:
            return bad(
                "signature/names-no-certificate", N_("The signature does not name its certificate, as PAdES requires.")
            )
        case False:
            return _OTHER_CERTIFICATE
        case True:
            return bad(
                "signature/signing-certificate-v1",
                N_("The signature names its certificate only with SHA-1, which is not accepted here."),
            )


def _too_long() -> CertificateFileError:
    return CertificateFileError(N_("This is not a signature file: it is too long to be one."))


def _signed_data(signed: Any, content: bytes | None, load: Callable[[bytes], x509.Certificate]) -> CmsSignature:
    if len(signed["signer_infos"]) != 1:
        raise CertificateFileError(N_("This signature has no signer, or several; it must have one."))
    signer = signed["signer_infos"][0]
    signer_info.check_whole(signed, signed["encap_content_info"], signer)
    _check_version(signed["version"].native, signer["version"].native, signer["sid"].name)
    certificate = load(_certificate_der(signed["certificates"], signer["sid"]))
    try:
        return _of_signer(signed, signer, certificate, content)
    except UnsupportedAlgorithmError as reason:
        raise RefusedAlgorithm(reason, certificate) from None


def _of_signer(signed: Any, signer: Any, certificate: x509.Certificate, content: bytes | None) -> CmsSignature:
    hash_ = signer_info.hash_of(signer["digest_algorithm"])
    if [signer_info.hash_of(algorithm) for algorithm in signed["digest_algorithms"]] != [hash_]:
        raise CertificateFileError(N_("This signature's list of digest algorithms does not match its signer's."))
    signer_info.check_signature_algorithm(signer["signature_algorithm"], hash_)
    attributes, signed_attributes = signer_info.signed_attributes(signer["signed_attrs"])
    if signer_info.only(attributes, "content_type").native != _DATA:
        raise CertificateFileError(N_("This signature was made for another type of content."))
    digest = bytes(signer_info.only(attributes, "message_digest").native)
    time = signer_info.only(attributes, "signing_time").native if "signing_time" in attributes else None
    value = bytes(signer["signature"].native)
    return CmsSignature(
        certificate,
        hash_,
        digest,
        signed_attributes,
        value,
        time,
        signer_info.names_certificate(attributes, certificate),
        signer_info.names_certificate_v1(attributes, certificate),
        signer_info.names_algorithms(attributes, signer),
        content,
        _time_stamps(signer["unsigned_attrs"], value),
    )


def _content(encapsulated: Any) -> bytes | None:
    if encapsulated["content_type"].native != _DATA:
        raise CertificateFileError(N_("This signature is not for plain data."))
    content: bytes | None = encapsulated["content"].native
    return content


def _time_stamps(attributes: Any, value: bytes) -> tuple[timestamp.AnyTimeStamp, ...]:
    """The time stamps (RFC 3161 appendix A) have signatures of their own; other unsigned attributes are ignored."""
    of_stamps = [attribute["values"] for attribute in attributes if attribute["type"].native == _TIME_STAMP]
    tokens = [token for values in of_stamps for token in timestamp.tokens(values.dump())]
    if len(tokens) > TIME_STAMPS_MAX:
        raise CertificateFileError(N_("This signature has more than {most} time stamps."), most=TIME_STAMPS_MAX)
    return tuple(timestamp.parse_any(token, of_bytes(value)) for token in tokens)


def _check_version(version: str, of_signer: str, named_by: str) -> None:
    """For one signer of plain data, both versions follow from how the signer is named (RFC 5652 §5.1, §5.3)."""
    if version != of_signer or (of_signer, named_by) not in (_BY_NAME_AND_NUMBER, _BY_KEY):
        raise CertificateFileError(N_("This signature's version numbers do not fit what it holds."))


def _certificate_der(choices: Any, sid: Any) -> bytes:
    """The only certificate among *choices* that *sid* names. NSS, which poppler signs with, writes it twice."""
    present = list(choices)
    named = {
        bytes(choice.chosen.dump()) for choice in present if choice.name == "certificate" and _names(sid, choice.chosen)
    }
    if len(named) != 1 or any(choice.name != "certificate" for choice in present):
        raise CertificateFileError(
            N_("This signature must hold the certificate that it names, and nothing but certificates.")
        )
    return named.pop()


def _names(sid: Any, certificate: Any) -> bool:
    if sid.name == "subject_key_identifier":
        return bool(certificate.key_identifier is not None and sid.native == certificate.key_identifier)
    signer_info.check_whole(sid.chosen)
    issuer, serial = sid.chosen["issuer"].dump(), sid.chosen["serial_number"].native
    return bool(issuer == certificate.issuer.dump() and serial == certificate.serial_number)

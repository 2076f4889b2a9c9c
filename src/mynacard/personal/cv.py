"""Card-verifiable certificates: issuer, subject and key. They have no dates, and are never revoked.

A file holds one as '7F21'. GET DATA returns it without that tag, and with a header list in front that says what the
body is made of: seen on a test card, both for 00F8 and for 7F21 (575 bytes).

Source: hebingchang/pymyna and soltia48/myna-card (vectors/personal/objects.json; the header list: its version 3.3.4,
vectors/personal/cv.json); ISO/IEC 7816-4:2005 §8.5.1 (header lists).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from typing import Final

from mynacard._dataclasses import dataclass
from mynacard.apdu import tlv
from mynacard.errors import TlvError
from mynacard.personal.forms import KEY_LENGTH, SIGNATURE_LENGTH, Form
from mynacard.personal.keys import KeyId, PublicKeyObject
from mynacard.personal.signatures import is_signed
from mynacard.texts import N_

__all__ = ["CvCertificate", "chain_holds"]

_TAG: Final = 0x7F21
_BODY: Final = 0x5F4E
_HEADER_LIST: Final = 0x4D
_HEADERS: Final = ((0x42, KeyId.LENGTH), (0x5F20, KeyId.LENGTH), (0x5F49, KEY_LENGTH))
"""The tags and lengths of the body's parts, which have no headers in it: issuer, subject, public key."""
_FORM: Final = Form(
    N_("card-verifiable certificate"), _TAG, {_BODY: 2 * KeyId.LENGTH + KEY_LENGTH, 0x5F37: SIGNATURE_LENGTH}
)


@dataclass(frozen=True, slots=True)
class CvCertificate:
    """A card-verifiable certificate.

    Attributes:
        issuer: the key that signed it.
        subject: the key it is for.
        public_key: that key.
        signature: RSASSA-PKCS1-v1_5 with SHA-256 by the issuer's key.
    """

    issuer: KeyId
    subject: KeyId
    public_key: PublicKeyObject = field(repr=False)
    signature: bytes = field(default=bytes(SIGNATURE_LENGTH), repr=False)

    LENGTH = 568

    def __bytes__(self) -> bytes:
        return _FORM.build((self.signed, self.signature))

    @property
    def content(self) -> bytes:
        """As GET DATA returns it: a header list, and the certificate without the object around it."""
        headers = b"".join(bytes(tlv.Tlv(tag, bytes(length)))[:-length] for tag, length in _HEADERS)
        return bytes(tlv.Tlv(_HEADER_LIST, headers)) + tlv.parse(bytes(self)).value

    @property
    def signed(self) -> bytes:
        """The 297 bytes that are signed."""
        return bytes(self.issuer) + bytes(self.subject) + bytes(self.public_key)

    def signed_by(self, key: PublicKeyObject) -> bool:
        """Whether *key* signed it. That it is the issuer's key is for the caller to know."""
        return is_signed(key, self.signature, self.signed)

    @classmethod
    def parse(cls, content: bytes) -> CvCertificate:
        """The certificate in *content*: a file with filler, or what GET DATA returns, with a header list or without.

        Raises:
            CardDataError: it is neither, or the header list says something else about the body.
        """
        body, signature = _FORM.read(_as_file(content)).values
        issuer, subject = body[: KeyId.LENGTH], body[KeyId.LENGTH : 2 * KeyId.LENGTH]
        key = PublicKeyObject.parse(body[2 * KeyId.LENGTH :])
        return cls(KeyId.parse(issuer), KeyId.parse(subject), key, signature)


def _as_file(content: bytes) -> bytes:
    """*content* with the object around it that GET DATA leaves out."""
    try:
        tag, start, length = tlv.read_header(content, 0)
        if tag == _HEADER_LIST:
            _check_headers(content[start : start + length])
            return bytes(tlv.Tlv(_TAG, content[start + length :]))
    except TlvError as e:
        raise _FORM.error(N_("{why}"), why=e) from e
    return bytes(tlv.Tlv(_TAG, content)) if tag == _BODY else content


def _check_headers(content: bytes) -> None:
    """Raise unless *content*, a header list, describes the body of a certificate."""
    headers, offset = list[tuple[int, int]](), 0
    while offset < len(content):
        tag, offset, length = tlv.read_header(content, offset)
        headers.append((tag, length))
    if tuple(headers) != _HEADERS:
        raise _FORM.error(N_("Its header list does not describe the certificate."))


def chain_holds(root: KeyId, key: PublicKeyObject, chain: Sequence[CvCertificate]) -> bool:
    """Whether each certificate of *chain* is signed by the one before it, the first by *root*, whose key is *key*."""
    for certificate in chain:
        if certificate.issuer != root or not certificate.signed_by(key):
            return False
        root, key = certificate.subject, certificate.public_key
    return bool(chain)

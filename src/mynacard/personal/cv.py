"""Card-verifiable certificates: issuer, subject and key. They have no dates, and are never revoked.

Source: hebingchang/pymyna and soltia48/myna-card (vectors/personal/objects.json).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from mynacard.apdu import tlv
from mynacard.personal.forms import KEY_LENGTH, SIGNATURE_LENGTH, Form
from mynacard.personal.keys import KeyId, PublicKeyObject
from mynacard.personal.signatures import is_signed
from mynacard.texts import N_

__all__ = ["CvCertificate", "chain_holds"]

_TAG: Final = 0x7F21
_BODY: Final = 0x5F4E
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
        """As GET DATA returns it: without the object around it."""
        return tlv.parse(bytes(self)).value

    @property
    def signed(self) -> bytes:
        """The 297 bytes that are signed."""
        return bytes(self.issuer) + bytes(self.subject) + bytes(self.public_key)

    def signed_by(self, key: PublicKeyObject) -> bool:
        """Whether *key* signed it. That it is the issuer's key is for the caller to know."""
        return is_signed(key, self.signature, self.signed)

    @classmethod
    def parse(cls, content: bytes) -> CvCertificate:
        """The certificate in *content*: a file with filler, or what GET DATA returns.

        Raises:
            CardDataError: it is neither.
        """
        if content.startswith(_BODY.to_bytes(2, "big")):
            content = bytes(tlv.Tlv(_TAG, content))
        body, signature = _FORM.read(content).values
        issuer, subject = body[: KeyId.LENGTH], body[KeyId.LENGTH : 2 * KeyId.LENGTH]
        key = PublicKeyObject.parse(body[2 * KeyId.LENGTH :])
        return cls(KeyId.parse(issuer), KeyId.parse(subject), key, signature)


def chain_holds(root: KeyId, key: PublicKeyObject, chain: Sequence[CvCertificate]) -> bool:
    """Whether each certificate of *chain* is signed by the one before it, the first by *root*, whose key is *key*."""
    for certificate in chain:
        if certificate.issuer != root or not certificate.signed_by(key):
            return False
        root, key = certificate.subject, certificate.public_key
    return bool(chain)

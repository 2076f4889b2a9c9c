"""The signatures of these applications: over data, over a card's face, over a challenge.

Source: RFC 8017 §8.2 and §9.2; the card face's own form from soltia48/myna-card, whose tests check it against the
file of a test card (vectors/personal/signatures.json).
"""

from __future__ import annotations

from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

from mynacard.arguments import check_type
from mynacard.errors import UsageError
from mynacard.hashes import HashAlgorithm, digest_info
from mynacard.personal.keys import PublicKeyObject
from mynacard.texts import N_

__all__ = ["NONCE_MIN", "challenge_input", "face_digest_info", "is_signed", "signed_challenge", "signed_face"]

NONCE_MIN: Final = 16
"""The fewest bytes of a challenge: a shorter one could have been put to the card before."""

_FACE_PREFIX: Final = bytes.fromhex("3071300D06096086480165030402010500 0460")
_FACE_DIGESTS: Final = 3 * HashAlgorithm.SHA256.digest_size


def is_signed(key: PublicKeyObject, signature: bytes, data: bytes) -> bool:
    """Whether *signature* is *key*'s of *data*: RSASSA-PKCS1-v1_5 with SHA-256."""
    try:
        key.key().verify(signature, data, PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True


def face_digest_info(digests: bytes) -> bytes:
    """The DigestInfo padded (PKCS #1, type 1) and signed for a card's face: it names SHA-256 and has 96 bytes.

    Raises:
        UsageError: *digests* are not three.
    """
    if len(digests) != _FACE_DIGESTS:
        raise UsageError(N_("The signature of a card's face is over three digests."))
    return _FACE_PREFIX + digests


def signed_face(key: PublicKeyObject, signature: bytes, digests: bytes) -> bool:
    """Whether *signature* is *key*'s of the three *digests*.

    Libraries do not know this form. The expected block is built, and compared whole: nothing is parsed, so there is no
    padding to forge.

    Raises:
        UsageError: *digests* are not three.
    """
    number, size = int.from_bytes(signature, "big"), (key.modulus.bit_length() + 7) // 8
    if len(signature) != size or number >= key.modulus:
        return False
    info = face_digest_info(digests)
    block = b"\x00\x01" + b"\xff" * (size - len(info) - 3) + b"\x00" + info
    return pow(number, key.exponent, key.modulus).to_bytes(size, "big") == block


def challenge_input(nonce: bytes) -> bytes:
    """The DigestInfo that an application's key signs (``ComputeWithDefaultKey``) to show that the card is there.

    Args:
        nonce: at least 16 unpredictable bytes, made for this one question.

    Raises:
        UsageError: there are fewer.
    """
    check_type(nonce, bytes)
    if len(nonce) < NONCE_MIN:
        raise UsageError(N_("A challenge has at least {count} bytes."), count=NONCE_MIN)
    return digest_info(HashAlgorithm.SHA256, HashAlgorithm.SHA256.digest(nonce))


def signed_challenge(key: PublicKeyObject, answer: bytes, nonce: bytes) -> bool:
    """Whether *answer* is the answer to *nonce* by the card with *key*.

    Raises:
        UsageError: the nonce is too short.
    """
    challenge_input(nonce)
    return is_signed(key, answer, nonce)

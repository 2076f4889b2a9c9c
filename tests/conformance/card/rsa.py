"""RSA as far as this suite needs it, in arithmetic: the input of a signature, and encryption with a given padding.

A library would draw a new padding for each encryption, which a recording could not replay.
"""

from __future__ import annotations

import hashlib
from typing import Final

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers
from cryptography.x509 import load_der_x509_certificate

from tests.conformance.card.conversation import DONE, Conversation

__all__ = ["SHA256", "certificate_key", "encrypted", "key_object", "mgf1", "padded_input", "signs_message"]

SHA256: Final = bytes.fromhex("3031300D060960864801650304020105000420")
"""DigestInfo of SHA-256, before the digest (RFC 8017 §9.2)."""
SIZE: Final = 256
KEY_HEAD: Final = bytes.fromhex("9003010001 91820100")


def raw(key: RSAPublicKey, block: bytes) -> bytes:
    numbers = key.public_numbers()
    return pow(int.from_bytes(block, "big"), numbers.e, numbers.n).to_bytes(SIZE, "big")


def padded_input(key: RSAPublicKey, signature: bytes) -> bytes:
    """The input that was padded, as PKCS #1 v1.5 pads for signatures, and made *signature*."""
    block = raw(key, signature)
    filler, _, found = block[2:].partition(b"\x00")
    assert block[:2] == b"\x00\x01"
    assert len(filler) >= 8
    assert not filler.strip(b"\xff")
    return found


def signs_message(key: RSAPublicKey, signature: bytes, message: bytes) -> bool:
    """Whether *signature* is that of the SHA-256 digest of *message*."""
    return padded_input(key, signature) == SHA256 + hashlib.sha256(message).digest()


def mgf1(seed: bytes, length: int) -> bytes:
    """RFC 8017 §B.2.1, with SHA-256."""
    blocks = (hashlib.sha256(seed + number.to_bytes(4, "big")).digest() for number in range(-(-length // 32)))
    return b"".join(blocks)[:length]


def encrypted(key: RSAPublicKey, message: bytes, seed: bytes = bytes(range(32))) -> bytes:
    """*message*, encrypted by RSAES-OAEP with SHA-256 and the random *seed* (RFC 8017 §7.1.1)."""
    block = hashlib.sha256(b"").digest() + bytes(SIZE - len(message) - 66) + b"\x01" + message
    masked = xor(block, mgf1(seed, len(block)))
    return raw(key, b"\x00" + xor(seed, mgf1(masked, 32)) + masked)


def xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


def key_object(value: bytes) -> RSAPublicKey:
    """The key that is '90' and '91' on the card: 65537, and 2048 bits."""
    assert value[:9] == KEY_HEAD
    assert len(value) == 9 + SIZE
    modulus = int.from_bytes(value[9:], "big")
    assert modulus.bit_length() == 2048
    return RSAPublicNumbers(65537, modulus).public_key()


def certificate_key(card: Conversation, file_id: int) -> RSAPublicKey:
    """The key in the certificate that is in that EF of the application."""
    assert card.ef(file_id) == DONE
    content = card.read(file_id)
    key = load_der_x509_certificate(content[: int.from_bytes(content[2:4], "big") + 4]).public_key()
    assert isinstance(key, RSAPublicKey)
    return key

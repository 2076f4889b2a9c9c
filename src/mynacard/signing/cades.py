"""CAdES signatures (level B-B) beside the file they are about: a CMS signature that names the signer's certificate.

Made by pyHanko, the extra ``pdf``, with one card signature. They are read as every CMS signature is, by
:mod:`mynacard.signing.cms`, which looks whether the certificate that is named is the one that is there. The time is
what the signer's computer said.

Source: ETSI EN 319 122-1 V1.2.1 §5.2.2.3 (ESS signing-certificate-v2), §6; RFC 5035 §4.
"""

from __future__ import annotations

import io
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from mynacard.apdu.hashes import HashAlgorithm
from mynacard.signing import external

__all__ = ["sign"]

CHUNK: Final = 1 << 20


def sign(
    data: bytes, certificate: x509.Certificate, key: RSAPrivateKey, hash_: HashAlgorithm = HashAlgorithm.SHA256
) -> bytes:
    """The detached CAdES signature of *data*, in DER, with one call of ``key.sign``, in this thread.

    Not from inside of an event loop: a card belongs to one thread, and its commands hold that up. In a loop, run it in
    the card's thread (:meth:`mynacard.aio.InThread.run`).

    Args:
        data: the whole content, taken as it is.
        certificate: of *key*; goes into the signature. JPKI's signing certificate names its holder and the address.
        key: of a card (:meth:`mynacard.jpki.JpkiSession.private_key`) or any other.
        hash_: of content and signature.

    Raises:
        MissingExtraError: pyHanko is not installed.
        UsageError: *certificate* is of another key, or an event loop runs in this thread. Nothing was signed.
        UnsupportedAlgorithmError: *certificate* holds no RSA key of 2048 to 8192 bits. Nothing was signed.
    """
    made = external.signer(certificate, key, hash_)
    return external.run(lambda: _made(made, data, hash_))


async def _made(signer: Any, data: bytes, hash_: HashAlgorithm) -> bytes:
    info = await signer.async_sign_general_data(
        io.BytesIO(data), hash_.value, detached=True, use_cades=True, chunk_size=CHUNK
    )
    return bytes(info.dump())

"""CAdES signatures beside the file they are about or around it: CMS signatures that name the signer's certificate.

Made by pyHanko, the extra ``pdf``, with one card signature (level B-B). Everything else is as of every CMS signature,
and done by :mod:`mynacard.signing.cms`: reading it, where it is looked whether the certificate that is named is the one
that is there, and adding a time stamp, which makes it one of level B-T.

Source: ETSI EN 319 122-1 V1.2.1 §5.2.2.3 (ESS signing-certificate-v2), §6; RFC 5035 §4.
"""

from __future__ import annotations

import io
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from mynacard.hashes import HashAlgorithm
from mynacard.signing import cms, external

__all__ = ["sign"]

CHUNK: Final = 1 << 20


def sign(
    data: bytes,
    certificate: x509.Certificate,
    key: RSAPrivateKey,
    hash_: HashAlgorithm = HashAlgorithm.SHA256,
    *,
    detached: bool = True,
) -> bytes:
    """The CAdES signature of *data*, in DER, with one call of ``key.sign``, in this thread.

    Not from inside of an event loop: a card belongs to one thread, and its commands hold that up. In a loop, run it in
    the card's thread (:meth:`mynacard.aio.InThread.run`).

    Args:
        data: the whole content, taken as it is.
        certificate: of *key*; goes into the signature. JPKI's signing certificate names its holder and the address.
        key: of a card (:meth:`mynacard.jpki.JpkiSession.private_key`) or any other.
        hash_: of content and signature.
        detached: whether *data* stays outside; else the file holds it, up to ``cms.CONTENT_MAX`` bytes.

    Raises:
        MissingExtraError: pyHanko is not installed.
        UsageError: *certificate* is of another key, *data* is too long to go in, or an event loop runs in this thread.
            Nothing was signed.
        UnsupportedAlgorithmError: *certificate* holds no RSA key of 2048 to 8192 bits. Nothing was signed.

    What *key* raises comes through.
    """
    cms.check_length(data, detached=detached)
    made = external.signer(certificate, key, hash_)
    return external.run(lambda: _made(made, data, hash_, detached))


async def _made(signer: Any, data: bytes, hash_: HashAlgorithm, detached: bool) -> bytes:
    info = await signer.async_sign_general_data(
        io.BytesIO(data), hash_.value, detached=detached, use_cades=True, chunk_size=CHUNK
    )
    return bytes(info.dump())

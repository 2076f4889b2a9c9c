"""CAdES signatures, detached from the signed file or around it: CMS signatures that name the signer's certificate.

pyHanko, the extra ``pdf``, makes them with one card signature (level B-B). The rest is the same for every CMS
signature, and done by :mod:`mynacard.signing.cms`: reading, which checks that the signature holds the certificate that
it names, and adding a time stamp, which makes the level B-T.

Source: ETSI EN 319 122-1 V1.2.1 §5.2.2.3 (ESS signing-certificate-v2), §6; RFC 5035 §4.
"""

from __future__ import annotations

import io
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from mynacard.hashes import HashAlgorithm
from mynacard.signing import cms, external
from mynacard.signing.content import Content

__all__ = ["sign"]

CHUNK: Final = 1 << 20
"""Bytes of the content that pyHanko reads at once."""


def sign(
    data: bytes | Content,
    certificate: x509.Certificate,
    key: RSAPrivateKey,
    hash_: HashAlgorithm = HashAlgorithm.SHA256,
    *,
    detached: bool = True,
) -> bytes:
    """Make the CAdES signature of *data*, in DER, with one call of ``key.sign``, in this thread.

    Do not call it in an event loop's thread: a card belongs to one thread, and its commands block that. In a loop, run
    this in the card's thread (:meth:`mynacard.aio.InThread.run`).

    Args:
        data: the whole content, unchanged. A Content (:func:`mynacard.signing.content.of_file`) is read in pieces, and
            only its digest is kept.
        certificate: the one of *key*; it goes into the signature. JPKI's signing certificate contains its holder's name
            and address.
        key: a card's (:meth:`mynacard.jpki.JpkiSession.private_key`) or any other.
        hash_: the hash function for content and signature.
        detached: whether *data* stays outside; else the signature holds it, up to ``cms.CONTENT_MAX`` bytes.

    Raises:
        MissingExtraError: pyHanko is not installed.
        UsageError: *certificate* is of another key, *data* is too long to go in, or an event loop runs in this thread.
        UnsupportedAlgorithmError: *certificate* does not hold an RSA key of 2048 to 8192 bits.

    After any of these, nothing was signed. Exceptions of *key* pass through.
    """
    cms.check_length(data, detached=detached)
    signer = external.signer(certificate, key, hash_)
    return external.run(lambda: _signed(signer, data, hash_, detached))


async def _signed(signer: Any, data: bytes | Content, hash_: HashAlgorithm, detached: bool) -> bytes:
    if isinstance(data, Content):
        info = await signer.async_sign(data(hash_), hash_.value, use_pades=True, is_pdf_sig=False)
    else:
        info = await signer.async_sign_general_data(
            io.BytesIO(data), hash_.value, detached=detached, use_cades=True, chunk_size=CHUNK
        )
    return bytes(info.dump())

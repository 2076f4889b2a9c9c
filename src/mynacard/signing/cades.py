"""CAdES signatures (level B-B) beside the file they are about: a CMS signature that names the signer's certificate.

Made by pyHanko, the extra ``pdf``, with one card signature. They are read as every CMS signature is, by
:mod:`mynacard.signing.cms`, which looks whether the certificate that is named is the one that is there. The time is
what the signer's computer said.

Source: ETSI EN 319 122-1 V1.2.1 §5.2.2.3 (ESS signing-certificate-v2), §6; RFC 5035 §4.
"""

from __future__ import annotations

import asyncio
import io
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final, cast

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding

from mynacard.apdu.hashes import HashAlgorithm
from mynacard.errors import MissingExtraError, UsageError, mark
from mynacard.trust import certificates, primitive

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["check_installed", "sign"]

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
    if certificates.rsa_public_key(certificate).public_numbers() != key.public_key().public_numbers():
        raise UsageError(mark("The certificate is of another key than the one that is to sign."))
    if _in_a_loop():
        raise UsageError(mark("A signature is not made in an event loop's thread: it would hold up the loop."))
    signer = _signer(certificate, lambda attributes: key.sign(attributes, PKCS1v15(), primitive.HASHES[hash_]))
    making = signer.async_sign_general_data(
        io.BytesIO(data), hash_.value, detached=True, use_cades=True, chunk_size=CHUNK
    )
    return bytes(asyncio.run(making).dump())


def check_installed() -> None:
    """That pyHanko is there.

    Raises:
        MissingExtraError: it is not.
    """
    if find_spec("pyhanko") is None:
        raise MissingExtraError("pyHanko", "pdf")


def _in_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _signer(certificate: x509.Certificate, sign_attributes: Callable[[bytes], bytes]) -> Any:
    """pyHanko's signer, whose signature is *sign_attributes*'s; no certificate but the signer's goes along."""
    check_installed()
    from asn1crypto import x509 as asn1crypto_x509  # noqa: PLC0415  # pyright: ignore[reportMissingTypeStubs]
    from pyhanko.sign.signers.pdf_cms import Signer  # noqa: PLC0415  # an extra, and a large one
    from pyhanko_certvalidator import registry  # noqa: PLC0415

    asn1_x509, registries = cast(Any, asn1crypto_x509), cast(Any, registry)
    length = certificates.rsa_public_key(certificate).key_size // 8

    class CardSigner(Signer):
        async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
            del digest_algorithm
            return bytes(length) if dry_run else sign_attributes(data)

    return CardSigner(
        signing_cert=asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER)),
        cert_registry=registries.SimpleCertificateStore(),
        embed_roots=False,
    )

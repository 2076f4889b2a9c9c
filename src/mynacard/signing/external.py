"""pyHanko's signer with the key of a card, which CAdES and PAdES share. pyHanko comes with the extra ``pdf``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from mynacard._dataclasses import dataclass
from mynacard.arguments import check_member
from mynacard.errors import UsageError
from mynacard.hashes import HashAlgorithm
from mynacard.meaning import key_for_signed_attributes
from mynacard.texts import N_
from mynacard.trust import asn1, certificates, primitive, pyhanko
from mynacard.trust.pyhanko import check_installed

__all__ = ["OnlyTime", "check_installed", "now", "run", "signer"]

_T = TypeVar("_T")


def signer(certificate: x509.Certificate, key: RSAPrivateKey, hash_: HashAlgorithm) -> Any:
    """A ``pyhanko.sign.signers.Signer`` that signs with *key*; it includes only the signer's certificate.

    Raises:
        MissingExtraError: pyHanko is not installed.
        UsageError: *certificate* is of another key, or *hash_* is not a HashAlgorithm.
        UnsupportedAlgorithmError: *certificate* does not hold an RSA key of 2048 to 8192 bits.
    """
    check_member(hash_, HashAlgorithm)
    public_key = certificates.rsa_public_key(certificate)
    if public_key.public_numbers() != key.public_key().public_numbers():
        raise UsageError(N_("The certificate belongs to another key than the one that is to sign."))
    check_installed()
    own = key_for_signed_attributes(key)

    class CardSigner(pyhanko.signers.Signer):  # type: ignore[misc]  # defined here, since pyHanko is loaded on use
        async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
            del digest_algorithm
            return bytes(public_key.key_size // 8) if dry_run else own.sign(data, PKCS1v15(), primitive.HASHES[hash_])

        async def signed_attrs(self, *arguments: Any, attr_settings: Any = None, **options: Any) -> Any:
            settings = attr_settings or pyhanko.pdf_cms.PdfCMSSignedAttributes(signing_time=now())
            return await pyhanko.signers.Signer.signed_attrs(self, *arguments, attr_settings=settings, **options)

    return CardSigner(
        signing_cert=asn1.certificate(certificate),
        cert_registry=pyhanko.registry.SimpleCertificateStore(),
        embed_roots=False,
    )


@dataclass(frozen=True, slots=True)
class OnlyTime:
    """As signed attributes, only what CMS requires, and the signing time."""

    moment: datetime

    def signed_attr_providers(self, data_digest: bytes, digest_algorithm: str) -> tuple[Any, ...]:
        """What pyHanko asks for."""
        del data_digest, digest_algorithm
        return (pyhanko.attributes.SigningTimeProvider(self.moment),)


def now() -> datetime:
    """The current time in the local zone, as the system's C library has it.

    pyHanko would ask another library, which refuses the POSIX form of TZ, such as ``JST-9``, and follows links.
    """
    return datetime.now(UTC).astimezone()


def run(making: Callable[[], Awaitable[_T]]) -> _T:
    """Run a coroutine of pyHanko in an event loop of its own, in this thread, which the card's commands may block.

    Raises:
        UsageError: an event loop already runs in this thread. *making* was not called.
    """
    import asyncio  # noqa: PLC0415  # it takes as long as all of click; a CMS signature does without

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(_awaited(making))
    raise UsageError(N_("A signature cannot be made in an event loop's thread: it would block the loop."))


async def _awaited(making: Callable[[], Awaitable[_T]]) -> _T:
    return await making()

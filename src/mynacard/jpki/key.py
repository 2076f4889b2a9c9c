"""A private key that stays on the card, in the shape that ``cryptography`` and its friends expect."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding as paddings
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import AsymmetricPadding
from cryptography.hazmat.primitives.asymmetric.utils import NoDigestInfo, Prehashed
from cryptography.hazmat.primitives.serialization import Encoding, KeySerializationEncryption, PrivateFormat

from mynacard import meaning
from mynacard.errors import UnsupportedAlgorithmError, UsageError
from mynacard.hashes import HashAlgorithm, digest_info
from mynacard.texts import N_

__all__ = ["CardPrivateKey"]

PSS_SALT_LENGTH = 32
"""The length that the card's '80 2A' with P1 = 04 was seen to use."""

_HASHES: dict[str, HashAlgorithm] = {hash_.value: hash_ for hash_ in HashAlgorithm}


class CardPrivateKey(rsa.RSAPrivateKey):
    """An RSA key whose private half stays on the card; each call to :meth:`sign` is one card signature.

    Accepts PKCS #1 v1.5 with SHA-256, SHA-384 or SHA-512, and, where the card has it, PSS with SHA-256 and a salt of 32
    bytes; also ``Prehashed`` of these. Anything else is refused before a byte is sent. Lives no longer than its
    session.

    It does not sign the signed attributes of a CMS signature (:mod:`mynacard.meaning`): :meth:`for_signed_attributes`
    is the key for makers of CMS, and signs nothing else. Of a digest (``Prehashed``) neither can tell what it is of:
    there, the caller must know.

    Args:
        public_key: the public key in the card's own certificate.
        sign_digest_info: has the card sign a DigestInfo, and checks the signature.
        sign_pss: has the card sign a SHA-256 digest with PSS, and checks the signature.
        only_signed_attributes: whether it signs these, and nothing else; else it signs anything but these.
    """

    def __init__(
        self,
        public_key: rsa.RSAPublicKey,
        sign_digest_info: Callable[[bytes], bytes],
        sign_pss: Callable[[bytes], bytes],
        *,
        only_signed_attributes: bool = False,
    ) -> None:
        self._public_key = public_key
        self._sign_digest_info = sign_digest_info
        self._sign_pss = sign_pss
        self._only_signed_attributes = only_signed_attributes

    @property
    def key_size(self) -> int:
        return self._public_key.key_size

    def public_key(self) -> rsa.RSAPublicKey:
        return self._public_key

    def for_signed_attributes(self) -> CardPrivateKey:
        """The same key, for a maker of CMS signatures: it signs signed attributes, and no other data.

        :mod:`mynacard.signing` takes it by itself. Another library that makes CMS needs it, for example
        ``PKCS7SignatureBuilder``.
        """
        return CardPrivateKey(self._public_key, self._sign_digest_info, self._sign_pss, only_signed_attributes=True)

    def sign(
        self,
        data: bytes,
        padding: AsymmetricPadding,
        algorithm: Prehashed | hashes.HashAlgorithm | NoDigestInfo,
    ) -> bytes:
        """The signature of *data*, checked under the card's certificate.

        Raises:
            UnsupportedAlgorithmError: the key does not offer this padding or hash. Nothing was sent.
            UsageError: *data* are the signed attributes of a CMS signature; or they are not, and this is the key
                :meth:`for_signed_attributes`. Nothing was sent.
            SecurityStatusNotSatisfied: the password is not verified.
            SignatureMismatchError: the card's answer is not a signature of *data*.
        """
        hash_, digest = _digest(data, algorithm)
        if not isinstance(algorithm, Prehashed):
            self._check_meaning(data)
        if isinstance(padding, paddings.PKCS1v15):
            return self._sign_digest_info(digest_info(hash_, digest))
        if isinstance(padding, paddings.PSS):
            _check_pss(padding, hash_)
            return self._sign_pss(digest)
        raise UnsupportedAlgorithmError(
            N_("The card signs with PKCS #1 v1.5 or PSS, not with {padding}."), padding=_name(padding)
        )

    def _check_meaning(self, data: bytes) -> None:
        if not self._only_signed_attributes:
            meaning.check(data)
        elif not meaning.are_signed_attributes(bytes(data[: meaning.START]), len(data)):
            raise UsageError(N_("This form of the key signs only the signed attributes of a CMS signature."))

    def decrypt(self, ciphertext: bytes, padding: AsymmetricPadding) -> NoReturn:
        """Refused: the key only signs.

        Raises:
            UnsupportedAlgorithmError: always. Nothing was sent.
        """
        raise UnsupportedAlgorithmError(N_("This key signs; it does not decrypt."))

    def private_numbers(self) -> NoReturn:
        """Refused: the private key does not leave the card.

        Raises:
            UnsupportedAlgorithmError: always. Nothing was sent.
        """
        raise UnsupportedAlgorithmError(N_("The private key does not leave the card."))

    def private_bytes(
        self, encoding: Encoding, format: PrivateFormat, encryption_algorithm: KeySerializationEncryption
    ) -> NoReturn:
        """Refused: the private key does not leave the card.

        Raises:
            UnsupportedAlgorithmError: always. Nothing was sent.
        """
        raise UnsupportedAlgorithmError(N_("The private key does not leave the card."))

    def __copy__(self) -> CardPrivateKey:
        return self

    def __deepcopy__(self, memo: object) -> CardPrivateKey:
        return self


def _digest(data: bytes, algorithm: Prehashed | hashes.HashAlgorithm | NoDigestInfo) -> tuple[HashAlgorithm, bytes]:
    # cryptography shows neither a Prehashed's algorithm nor a PSS's salt length by a public name
    hashing = getattr(algorithm, "_algorithm", None) if isinstance(algorithm, Prehashed) else algorithm
    hash_ = _HASHES.get(hashing.name) if isinstance(hashing, hashes.HashAlgorithm) else None
    if hash_ is None:
        raise UnsupportedAlgorithmError(
            N_("The card signs SHA-256, SHA-384 or SHA-512, not {hash}."), hash=_name(hashing)
        )
    if not isinstance(algorithm, Prehashed):
        return hash_, hash_.digest(data)
    if len(data) != hash_.digest_size:
        raise UnsupportedAlgorithmError(N_("A digest of {hash} has another length."), hash=hash_.value)
    return hash_, bytes(data)


def _check_pss(padding: paddings.PSS, hash_: HashAlgorithm) -> None:
    mgf_hash = getattr(padding.mgf, "_algorithm", None)
    salt_length = getattr(padding, "_salt_length", None)
    if (
        hash_ is not HashAlgorithm.SHA256
        or not isinstance(mgf_hash, hashes.SHA256)
        or salt_length not in (PSS_SALT_LENGTH, paddings.PSS.DIGEST_LENGTH)
    ):
        raise UnsupportedAlgorithmError(N_("The card's PSS is SHA-256 throughout, with a salt of 32 bytes."))


def _name(thing: object) -> str:
    return str(getattr(thing, "name", type(thing).__name__))

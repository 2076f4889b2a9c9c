"""The hash functions that JPKI's keys sign with, and the DigestInfo around a digest.

Source: RFC 8017 §9.2 note 1; vectors/jpki/digest-info.json.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import Final

from mynacard.arguments import BYTES, check_member, check_type
from mynacard.errors import UnsupportedAlgorithmError
from mynacard.texts import N_

__all__ = ["HashAlgorithm", "digest_info", "hashed_info", "parse_digest_info"]


class HashAlgorithm(StrEnum):
    """A hash function, by its name in :mod:`hashlib`."""

    SHA256 = "sha256"
    SHA384 = "sha384"
    SHA512 = "sha512"

    @classmethod
    def _missing_(cls, value: object) -> None:
        check_member(value, cls)

    @property
    def digest_size(self) -> int:
        """The length of a digest, in bytes."""
        return hashlib.new(self.value).digest_size

    def digest(self, data: bytes) -> bytes:
        """The digest of *data*.

        Raises:
            UsageError: *data* is not bytes.
        """
        check_type(data, *BYTES, wanted="bytes")
        return hashlib.new(self.value, data).digest()


_PREFIXES: Final = {
    HashAlgorithm.SHA256: bytes.fromhex("3031300D060960864801650304020105000420"),
    HashAlgorithm.SHA384: bytes.fromhex("3041300D060960864801650304020205000430"),
    HashAlgorithm.SHA512: bytes.fromhex("3051300D060960864801650304020305000440"),
}


def digest_info(hash_: HashAlgorithm, digest: bytes) -> bytes:
    """The DER of the DigestInfo that says *digest* was made by *hash_*.

    Raises:
        UnsupportedAlgorithmError: *digest* has another length.
        UsageError: *hash_* is not a HashAlgorithm, or *digest* is not bytes.
    """
    check_member(hash_, HashAlgorithm)
    check_type(digest, *BYTES, wanted="bytes")
    if len(digest) != hash_.digest_size:
        raise UnsupportedAlgorithmError(N_("A digest of {hash} has another length."), hash=hash_.value)
    return _PREFIXES[hash_] + digest


def hashed_info(hash_: HashAlgorithm, data: bytes) -> bytes:
    """The DER of the DigestInfo with the digest of *data*.

    Raises:
        UsageError: *hash_* is not a HashAlgorithm, or *data* is not bytes.
    """
    check_member(hash_, HashAlgorithm)
    return digest_info(hash_, hash_.digest(data))


def parse_digest_info(info: bytes) -> tuple[HashAlgorithm, bytes]:
    """The hash function and digest in *info*, which must be one of the three forms to the byte.

    Raises:
        UnsupportedAlgorithmError: *info* is anything else, including SHA-1 and MD5.
        UsageError: *info* is not bytes.
    """
    check_type(info, *BYTES, wanted="bytes")
    for hash_, prefix in _PREFIXES.items():
        if info.startswith(prefix) and len(info) == len(prefix) + hash_.digest_size:
            return hash_, info[len(prefix) :]
    raise UnsupportedAlgorithmError(N_("This is not a DigestInfo with SHA-256, SHA-384 or SHA-512."))

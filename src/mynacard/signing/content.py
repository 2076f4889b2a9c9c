"""Signed content, as a function for its digests: a verifier learns the hash function late, and need not hold it all."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from io import BufferedIOBase
from typing import TypeAlias

from mynacard.hashes import HashAlgorithm

__all__ = ["DigestOf", "of_bytes", "of_file"]

DigestOf: TypeAlias = Callable[[HashAlgorithm], bytes]
"""Returns the content's digest by a hash function."""


def of_bytes(data: bytes) -> DigestOf:
    """The digests of *data*."""
    return lambda hash_: hash_.digest(data)


def of_file(file: BufferedIOBase) -> DigestOf:
    """The digests of *file* from its beginning, read in pieces. It must be seekable, and open while they are made."""

    def digest(hash_: HashAlgorithm) -> bytes:
        file.seek(0)
        return hashlib.file_digest(file, hash_.value).digest()

    return digest

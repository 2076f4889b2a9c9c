"""Signed content, as a function for its digests: a verifier learns the hash function late, and need not hold it all."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import field
from functools import cache
from io import BufferedIOBase
from typing import TypeAlias

from mynacard import meaning
from mynacard._dataclasses import dataclass
from mynacard.arguments import BYTES, check_type
from mynacard.hashes import HashAlgorithm
from mynacard.signing.streams import PIECE

__all__ = ["Content", "DigestOf", "Hashed", "hashed", "of_bytes", "of_file", "once"]

DigestOf: TypeAlias = Callable[[HashAlgorithm], bytes]
"""Returns the content's digest by a hash function. A :class:`Content` is one."""


@dataclass(frozen=True, slots=True)
class Hashed:
    """The result of reading content once.

    Attributes:
        digest: its digest.
        are_signed_attributes: whether it has the form of a CMS signature's signed attributes (:mod:`mynacard.meaning`).
    """

    digest: bytes = field(repr=False)
    are_signed_attributes: bool


@dataclass(frozen=True, slots=True)
class Content:
    """Content of any length, which *hashed* reads once with a hash function."""

    hashed: Callable[[HashAlgorithm], Hashed]

    def __call__(self, hash_: HashAlgorithm) -> bytes:
        return self.hashed(hash_).digest


def of_bytes(data: bytes) -> Content:
    """The content *data*.

    Raises:
        UsageError: *data* is of another type.
    """
    check_type(data, *BYTES, wanted="bytes")
    attributes = meaning.are_signed_attributes(data[: meaning.START], len(data))
    return Content(lambda hash_: Hashed(hash_.digest(data), attributes))


def of_file(file: BufferedIOBase) -> Content:
    """The content of *file* from its beginning, read in pieces. It must be seekable, and open while it is read."""

    def from_its_beginning(hash_: HashAlgorithm) -> Hashed:
        file.seek(0)
        return hashed(file, hash_)

    return Content(from_its_beginning)


def once(content: Content) -> Content:
    """*content*, read only once for each hash function: what is checked first is then what is signed."""
    return Content(cache(content.hashed))


def hashed(file: BufferedIOBase, hash_: HashAlgorithm) -> Hashed:
    """The content of *file*, which may be a pipe, from where it stands to its end."""
    hasher, piece, start, size = hashlib.new(hash_.value), memoryview(bytearray(PIECE)), b"", 0
    while count := file.readinto(piece):
        hasher.update(piece[:count])
        start += bytes(piece[: min(count, meaning.START - len(start))])
        size += count
    return Hashed(hasher.digest(), meaning.are_signed_attributes(start, size))

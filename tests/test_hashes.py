"""The DigestInfo: three forms, to the byte."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mynacard.errors import UnsupportedAlgorithmError
from mynacard.hashes import HashAlgorithm, digest_info, parse_digest_info
from tests.support import Vector, id_of, vectors

GOOD = vectors("jpki/digest-info.json", "hash")
REFUSED = vectors("jpki/digest-info.json", "why")


def test_the_vectors_cover_every_hash_function() -> None:
    assert {vector.text("hash") for vector in GOOD} == {hash_.value for hash_ in HashAlgorithm}


@pytest.mark.parametrize("vector", GOOD, ids=id_of)
def test_both_directions_agree_with_the_standard(vector: Vector) -> None:
    hash_ = HashAlgorithm(vector.text("hash"))
    assert digest_info(hash_, vector.data("digest")) == vector.data("wire")
    assert parse_digest_info(vector.data("wire")) == (hash_, vector.data("digest"))


@pytest.mark.parametrize("vector", REFUSED, ids=id_of)
def test_anything_else_is_refused(vector: Vector) -> None:
    with pytest.raises(UnsupportedAlgorithmError):
        parse_digest_info(vector.data("wire"))


@pytest.mark.parametrize("hash_", HashAlgorithm)
def test_a_digest_of_another_length_is_refused(hash_: HashAlgorithm) -> None:
    for length in {0, 20, 32, 48, 64, hash_.digest_size - 1, hash_.digest_size + 1} - {hash_.digest_size}:
        with pytest.raises(UnsupportedAlgorithmError):
            digest_info(hash_, bytes(length))


@given(st.sampled_from(list(HashAlgorithm)), st.binary(max_size=200))
def test_a_digest_is_what_hashlib_says(hash_: HashAlgorithm, data: bytes) -> None:
    assert hash_.digest(data) == getattr(hashlib, hash_.value)(data).digest()
    assert len(hash_.digest(data)) == hash_.digest_size


@given(st.sampled_from(GOOD), st.integers(0), st.integers(1, 255))
def test_no_byte_before_the_digest_may_differ(vector: Vector, place: int, difference: int) -> None:
    wire = bytearray(vector.data("wire"))
    wire[place % (len(wire) - len(vector.data("digest")))] ^= difference
    with pytest.raises(UnsupportedAlgorithmError):
        parse_digest_info(bytes(wire))

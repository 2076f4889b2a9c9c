"""Forged RSA signatures: every one of these was taken by some program once. None is taken here, for no key.

The blocks are made with the private exponent itself, so that nothing stands between the forger and the number. Source
of the ideas: RFC 8017 §8.2.2 and §9.2; Bleichenbacher's forgery of 2006 and its followers (CVE-2006-4339,
CVE-2014-1568 among them); C2SP/wycheproof, which `make wycheproof` runs.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from mynacard import errors
from mynacard.hashes import HashAlgorithm
from mynacard.trust.primitive import signed_by

ROOT = Path(__file__).resolve().parents[2]
SHA256 = HashAlgorithm.SHA256
DATA = b"an application"
DIGEST = SHA256.digest(DATA)
SIZE = 256
PREFIX = bytes.fromhex("3031300D060960864801650304020105000420")
INFO = PREFIX + DIGEST


def key(exponent: int = 65537) -> rsa.RSAPrivateKey:
    return _key(exponent)


@cache
def _key(exponent: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(exponent, 2048)  # type: ignore[arg-type]


def raw(block: bytes, exponent: int = 65537) -> bytes:
    """The number whose power is *block*: what a card would return that pads nothing."""
    numbers = key(exponent).private_numbers()
    return pow(int.from_bytes(block), numbers.d, numbers.public_numbers.n).to_bytes(SIZE)


def taken(signature: bytes, exponent: int = 65537, hash_: HashAlgorithm = SHA256) -> bool:
    try:
        return signed_by(key(exponent).public_key(), signature, hash_.digest(DATA), hash_)
    except errors.CertificateFileError:
        return False


def padded(info: bytes, *, fill: bytes = b"\xff", kind: bytes = b"\x00\x01") -> bytes:
    return kind + fill * (SIZE - len(info) - 3) + b"\x00" + info


def test_the_forger_s_tools_make_a_good_signature_of_a_good_block() -> None:
    assert raw(padded(INFO)) == key().sign(DATA, padding.PKCS1v15(), hashes.SHA256())
    for exponent in (3, 65537):
        assert taken(raw(padded(INFO), exponent), exponent)


SHORT = b"\x00\x01" + b"\xff" * 8 + b"\x00"


def info(before: str, content: bytes = DIGEST, after: str = "") -> bytes:
    """A padded block around *content*, with these digits before it and after it."""
    return padded(bytes.fromhex(before) + content + bytes.fromhex(after))


OTHERS = {
    "short-padding-and-garbage-after-the-digest": SHORT + INFO + b"\x5a" * (SIZE - len(SHORT) - len(INFO)),
    "short-padding-and-zeros-after-the-digest": (SHORT + INFO).ljust(SIZE, b"\0"),
    "no-padding-at-all": b"\x00\x01\x00" + INFO + bytes(SIZE - 3 - len(INFO)),
    "one-byte-after-the-digest": padded(INFO + b"\x00"),
    "encryption-block": padded(INFO, kind=b"\x00\x02"),
    "block-type-0": padded(INFO, kind=b"\x00\x00", fill=b"\x00"),
    "a-zero-in-the-padding": padded(INFO)[:50] + b"\x00" + padded(INFO)[51:],
    "another-byte-in-the-padding": padded(INFO)[:50] + b"\xfe" + padded(INFO)[51:],
    "no-separator": b"\x00\x01" + b"\xff" * (SIZE - 2 - len(INFO)) + INFO,
    "no-leading-zero": b"\x01" + b"\xff" * (SIZE - len(INFO) - 2) + b"\x00" + INFO,
    "the-bare-digest": padded(DIGEST),
    "no-parameters": info("302F 300B 0609 608648016503040201 0420"),
    "other-parameters": info("3031 300D 0609 608648016503040201 0C00 0420"),
    "garbage-as-parameters": info("3041 301D 0609 608648016503040201 0410" + "5A" * 16 + "0420"),
    "null-with-content": info("3033 300F 0609 608648016503040201 05020000 0420"),
    "length-of-two-bytes": info("308131 300D 0609 608648016503040201 0500 0420"),
    "digest-s-length-of-two-bytes": info("3032 300D 0609 608648016503040201 0500 048120"),
    "indefinite-length": info("3080 300D 0609 608648016503040201 0500 0420", after="0000"),
    "constructed-octets": info("3033 300D 0609 608648016503040201 0500 2422 0420"),
    "another-hash-s-name": info("3031 300D 0609 608648016503040202 0500 0420"),
    "sha-1-s-name": info("302D 3009 0605 2B0E03021A 0500 0420"),
    "something-after-the-digest-inside": info("3033 300D 0609 608648016503040201 0500 0420", after="0500"),
    "half-the-digest": info("3021 300D 0609 608648016503040201 0500 0410", DIGEST[:16]),
    "another-digest": padded(PREFIX + SHA256.digest(b"another")),
}


@pytest.mark.parametrize("exponent", [3, 65537])
@pytest.mark.parametrize("name", OTHERS)
def test_no_other_block_is_taken(name: str, exponent: int) -> None:
    block = OTHERS[name].ljust(SIZE, b"\0")[:SIZE]
    if int.from_bytes(block) >= key(exponent).public_key().public_numbers().n:
        block = b"\x00" + block[1:]
    assert not taken(raw(block, exponent), exponent)


def cube_root_up(number: int) -> int:
    low, high = 0, 1 << (number.bit_length() // 3 + 2)
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if middle**3 < number else (low, middle)
    return low


@pytest.mark.parametrize("filled", [8, 0, 20])
def test_a_cube_that_begins_like_a_signature_is_none(filled: int) -> None:
    """With the exponent 3 anybody can make one, without any key: the end of the block is free."""
    head = b"\x00\x01" + b"\xff" * filled + b"\x00" + INFO
    forged = cube_root_up(int.from_bytes(head.ljust(SIZE, b"\0"))).to_bytes(SIZE)
    cube = (int.from_bytes(forged) ** 3).to_bytes(SIZE)
    assert cube.startswith(head[:40])
    assert not taken(forged, 3)


@pytest.mark.parametrize("number", [0, 1, 2, -1])
def test_numbers_that_are_their_own_power_are_no_signature(number: int) -> None:
    for exponent in (3, 65537):
        n = key(exponent).public_key().public_numbers().n
        assert not taken((number % n).to_bytes(SIZE), exponent)


def test_a_signature_is_a_number_below_the_modulus_in_so_many_bytes() -> None:
    good = raw(padded(INFO))
    n = key().public_key().public_numbers().n
    assert taken(good)
    more = int.from_bytes(good) + n
    assert not taken(more.to_bytes(SIZE + 1))
    if more < 1 << (8 * SIZE):
        assert not taken(more.to_bytes(SIZE))
    for other in (b"", b"\0" + good, good + b"\0", good[:-1], good[1:], bytes(SIZE), b"\xff" * SIZE):
        assert not taken(other)


@given(st.integers(0, SIZE * 8 - 1))
def test_no_bit_of_a_signature_can_be_flipped(bit: int) -> None:
    flipped = bytearray(raw(padded(INFO)))
    flipped[bit // 8] ^= 1 << bit % 8
    assert not taken(bytes(flipped))


@given(st.binary(min_size=SIZE, max_size=SIZE))
def test_any_other_bytes_are_no_signature(signature: bytes) -> None:
    assert not taken(signature)


@pytest.mark.parametrize("made_with", HashAlgorithm)
@pytest.mark.parametrize("asked_for", HashAlgorithm)
def test_a_signature_is_good_for_its_own_hash_alone(made_with: HashAlgorithm, asked_for: HashAlgorithm) -> None:
    functions = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}
    function = functions[made_with.value]
    assert taken(key().sign(DATA, padding.PKCS1v15(), function), hash_=asked_for) is (made_with is asked_for)


def test_pss_is_no_pkcs_1() -> None:
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    assert not taken(key().sign(DATA, pss, hashes.SHA256()))


# --- the public vectors ----------------------------------------------------------------------------------------


def vectors(tests: list[dict[str, Any]]) -> dict[str, Any]:
    public = key().public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo).hex()
    private = key().private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()).hex()
    return {"testGroups": [{"publicKeyDer": public, "privateKeyPkcs8": private, "sha": "SHA-256", "tests": tests}]}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda _: None, 0),
        (lambda test: test.update(result="invalid"), 1),
        (lambda test: test.update(sig="00" + test["sig"]), 1),
        (lambda test: test.update(msg=b"another".hex()), 1),
    ],
    ids=["as-they-are", "called-invalid", "longer", "another-message"],
)
def test_the_tool_for_public_vectors_sees_what_does_not_agree(
    change: Callable[[dict[str, Any]], None], code: int, tmp_path: Path
) -> None:
    test = {"tcId": 1, "msg": DATA.hex(), "sig": raw(padded(INFO)).hex(), "result": "valid"}
    change(test)
    for name in ("rsa_signature_2048_sha256", "rsa_signature_2048_sha384", "rsa_signature_2048_sha512"):
        (tmp_path / f"{name}_test.json").write_text(json.dumps(vectors([test])))
    (tmp_path / "rsa_pkcs1_2048_sig_gen_test.json").write_text(json.dumps(vectors([])))
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "wycheproof.py", tmp_path], capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stdout + done.stderr


def test_the_tool_says_what_it_wants_where_there_is_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "wycheproof.py", tmp_path], capture_output=True, text=True, check=False
    )
    assert (done.returncode, "Usage" in done.stderr) == (2, True)

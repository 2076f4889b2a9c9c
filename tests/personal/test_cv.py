"""Card-verifiable certificates, the roots that issue them, and the signatures of these applications."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from mynacard.errors import CardDataError, UsageError
from mynacard.hashes import HashAlgorithm
from mynacard.personal.cv import CvCertificate, chain_holds
from mynacard.personal.keys import KeyId, PublicKeyObject
from mynacard.personal.roots import PRODUCTION, TEST, Origin, Purpose, Root, RootKind
from mynacard.personal.signatures import (
    challenge_input,
    face_digest_info,
    is_signed,
    signed_challenge,
    signed_face,
)
from tests.personal.issued import key, public, sign
from tests.support import Vector, id_of, vectors

ROOTS = {root.key_id.number: root for root in PRODUCTION + TEST}
ROOT = KeyId("9000033")
MUNICIPALITY = KeyId("1322121", "000")


def certificate(
    issuer: KeyId = ROOT, by: str = "root", subject: KeyId = MUNICIPALITY, of: str = "municipality"
) -> CvCertificate:
    unsigned = CvCertificate(issuer, subject, public(of))
    return replace(unsigned, signature=sign(by, unsigned.signed))


# --- certificates ------------------------------------------------------------------------------------------


def test_a_certificate_is_signed_by_its_issuer_and_nobody_else() -> None:
    assert certificate().signed_by(public("root"))
    assert not certificate().signed_by(public("municipality"))
    assert not certificate(by="municipality").signed_by(public("root"))


@pytest.mark.parametrize("filler", [0, 1, 200])
def test_a_file_and_the_answer_to_get_data_are_one_certificate(filler: int) -> None:
    made = certificate()
    assert CvCertificate.parse(bytes(made) + b"\xff" * filler) == made
    assert CvCertificate.parse(made.content) == made
    assert CvCertificate.parse(made.content[12:]) == made  # without the header list
    assert made.content[12:] == bytes(made)[5:]
    assert len(bytes(made)) == CvCertificate.LENGTH


def test_no_flipped_bit_is_missed() -> None:
    good = bytes(certificate())
    for place in range(len(good) * 8):
        flipped = bytearray(good)
        flipped[place // 8] ^= 1 << place % 8
        with suppress(CardDataError):
            assert not CvCertificate.parse(bytes(flipped)).signed_by(public("root")), place


@given(st.binary(max_size=300))
def test_what_get_data_returns_is_a_certificate_or_a_card_data_error(rest: bytes) -> None:
    with pytest.raises(CardDataError):
        CvCertificate.parse(b"\x5f\x4e" + rest)
    with pytest.raises(CardDataError):
        CvCertificate.parse(b"\x4d\x0a" + HEADERS + rest)


# --- header lists ------------------------------------------------------------------------------------------

HEADERS = bytes.fromhex("42 10 5F20 10 5F49 820109")


def listed(header_list: bytes) -> bytes:
    """What GET DATA would return with this in front."""
    return header_list + bytes(certificate())[5:]


@pytest.mark.parametrize("vector", vectors("personal/cv.json"), ids=id_of)
def test_what_get_data_returns_on_a_card_is_read_and_written_alike(vector: Vector) -> None:
    content = vector.data("content")
    read = CvCertificate.parse(content)
    assert read.content == content
    assert len(content) == vector.number("length")
    assert (str(read.issuer), str(read.subject)) == (vector.text("issuer"), vector.text("subject"))
    assert read.signed_by(PublicKeyObject(int.from_bytes(vector.data("modulus"), "big")))


def test_the_vectors_are_a_chain() -> None:
    first, second = vectors("personal/cv.json")
    chain = [CvCertificate.parse(vector.data("content")) for vector in (first, second)]
    assert chain_holds(chain[0].issuer, PublicKeyObject(int.from_bytes(first.data("modulus"), "big")), chain)


@pytest.mark.parametrize(
    "header_list",
    [
        "4D810A 42 10 5F20 10 5F49 820109",
        "4D82000A 42 10 5F20 10 5F49 820109",
        "4D8300000A 42 10 5F20 10 5F49 820109",
        "4D840000000A 42 10 5F20 10 5F49 820109",
        "4D0C 42 8110 5F20 10 5F49 83000109",
    ],
)
def test_a_header_list_may_write_its_lengths_in_every_form(header_list: str) -> None:
    assert CvCertificate.parse(listed(bytes.fromhex(header_list))) == certificate()


@pytest.mark.parametrize(
    ("header_list", "says"),
    [
        ("4D00", "header list"),
        ("4D0A 42 0F 5F20 11 5F49 820109", "header list"),
        ("4D0A 5F20 10 42 10 5F49 820109", "header list"),
        ("4D09 42 10 5F20 10 5F49 8180", "header list"),
        ("4D05 42 10 5F20 10", "header list"),
        ("4D0D 42 10 5F20 10 5F49 820109 5F24 06", "header list"),
        ("4D0D 7F49 0A 42 10 5F20 10 5F49 820109", "header list"),
        ("4D0C 4D0A 42 10 5F20 10 5F49 820109", "header list"),
        ("4D0A 42 10 5F20 10 5F49 840109", "within its tag or length"),
        ("4D09 42 10 5F20 10 5F49 8201", "within its tag or length"),
        ("4D0A 42 80 5F20 10 5F49 820109", "indefinite"),
        ("4D80 42 10 5F20 10 5F49 820109 0000", "indefinite"),
        ("4D85000000000A 42 10 5F20 10 5F49 820109", "wider than four bytes"),
        ("4D0A 42 10 5F20 10 5F49 820109 4D0A 42 10 5F20 10 5F49 820109", "'4D' does not belong"),
    ],
)
def test_a_header_list_that_does_not_describe_the_certificate_is_refused(header_list: str, says: str) -> None:
    with pytest.raises(CardDataError, match=says):
        CvCertificate.parse(listed(bytes.fromhex(header_list)))


def test_a_header_list_without_a_certificate_is_refused() -> None:
    for content in (b"\x4d\x0a" + HEADERS, b"\x4d\x0b" + HEADERS, b"\x4d\x0a", b"\x4d", b""):
        with pytest.raises(CardDataError):
            CvCertificate.parse(content)


def test_an_endless_header_list_ends_with_its_bytes() -> None:
    with pytest.raises(CardDataError, match="header list"):
        CvCertificate.parse(b"\x4d\x84\xff\xff\xff\xff" + b"\x42\x10" * 30_000)


@given(st.binary(max_size=60))
def test_any_header_list_is_the_known_one_or_a_card_data_error(header_list: bytes) -> None:
    with suppress(CardDataError):
        assert CvCertificate.parse(listed(b"\x4d" + header_list)) == certificate()


# --- chains ------------------------------------------------------------------------------------------------


def test_a_chain_holds_from_its_root_on() -> None:
    middle = KeyId("9100020")
    first, last = certificate(subject=middle, of="middle"), certificate(middle, "middle")
    assert chain_holds(ROOT, public("root"), [first, last])
    assert chain_holds(ROOT, public("root"), [first])
    assert not chain_holds(ROOT, public("root"), [])
    assert not chain_holds(ROOT, public("root"), [last, first])
    assert not chain_holds(ROOT, public("root"), [last])
    assert not chain_holds(KeyId("9000023"), public("root"), [first, last])
    assert not chain_holds(ROOT, public("middle"), [first, last])
    assert not chain_holds(ROOT, public("root"), [first, certificate(KeyId("9100021"), "middle")])


# --- roots ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("vector", vectors("personal/roots.json"), ids=id_of)
def test_the_roots_are_those_that_others_know(vector: Vector) -> None:
    root = ROOTS[vector.id]
    sha256 = HashAlgorithm.SHA256.digest
    der = root.public_key.key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert sha256(root.public_key.modulus.to_bytes(256, "big")).hex() == vector.text("modulus_sha256")
    assert sha256(der).hex() == vector.text("spki_sha256")
    assert bytes(root.key_id) == vector.data("key_id")
    assert root.purpose == Purpose(vector.text("purpose"))
    assert root.kind == RootKind(vector.text("kind"))
    assert len(root.sources) == len(vector.fields["by"])  # type: ignore[arg-type]


def test_every_root_is_in_the_vectors() -> None:
    assert {vector.id for vector in vectors("personal/roots.json")} == set(ROOTS)


def test_production_and_test_are_apart_and_nobody_calls_them_official() -> None:
    assert {root.kind for root in PRODUCTION} == {RootKind.PRODUCTION}
    assert {root.kind for root in TEST} == {RootKind.TEST}
    assert {root.origin for root in PRODUCTION + TEST} == {Origin.COMMUNITY}
    assert not {root.public_key.modulus for root in PRODUCTION} & {root.public_key.modulus for root in TEST}


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        ("6000033", RootKind.PRODUCTION), ("5000033", RootKind.TEST), ("9000033", RootKind.PRODUCTION),
        ("1322121", RootKind.TEST),
    ],
)  # fmt: skip
def test_a_root_of_one_kind_cannot_be_called_another(number: str, kind: RootKind) -> None:
    with pytest.raises(UsageError):
        Root(KeyId(number), public("root"), Purpose.TEXT, kind)


# --- signatures --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("vector", vectors("personal/signatures.json", "digests"), ids=id_of)
def test_a_face_signed_by_another_program_is_accepted(vector: Vector) -> None:
    its = PublicKeyObject(int(vector.text("modulus"), 16))
    assert face_digest_info(vector.data("digests")) == vector.data("info")
    assert signed_face(its, vector.data("signature"), vector.data("digests"))
    assert not signed_face(its, vector.data("signature"), bytes(96))
    assert not signed_face(public("root"), vector.data("signature"), vector.data("digests"))


@pytest.mark.parametrize("vector", vectors("personal/signatures.json", "nonce"), ids=id_of)
def test_an_answer_of_another_program_is_accepted(vector: Vector) -> None:
    its = PublicKeyObject(int(vector.text("modulus"), 16))
    assert challenge_input(vector.data("nonce")) == vector.data("input")
    assert signed_challenge(its, vector.data("signature"), vector.data("nonce"))
    assert not signed_challenge(its, vector.data("signature"), vector.data("nonce") + b"!")


DIGESTS = bytes(range(96))
INFO = face_digest_info(DIGESTS)


def sign_block(block: bytes) -> bytes:
    """The block as it is, raised to the private exponent: any padding can be signed so."""
    numbers = key("municipality").private_numbers()
    modulus = numbers.public_numbers.n
    return pow(int.from_bytes(block, "big"), numbers.d, modulus).to_bytes(256, "big")


def padded(info: bytes, head: bytes = b"\x00\x01", filling: bytes = b"\xff", between: bytes = b"\x00") -> bytes:
    return head + filling * (256 - len(head) - len(between) - len(info)) + between + info


def test_the_block_that_belongs_there_is_accepted() -> None:
    assert signed_face(public("municipality"), sign_block(padded(INFO)), DIGESTS)


SHORT_LENGTH = b"\x30\x70" + INFO[2:]
NO_PARAMETERS = bytes.fromhex("306F300B06096086480165030402010460") + DIGESTS
ONE_DIGEST = bytes.fromhex("3031300D060960864801650304020105000420") + DIGESTS[:32]
LYING_DIGEST = bytes.fromhex("3031300D060960864801650304020105000420") + DIGESTS


@pytest.mark.parametrize(
    "block",
    [
        pytest.param(padded(INFO, head=b"\x00\x02"), id="type-2"),
        pytest.param(padded(INFO, head=b"\x00\x00", filling=b"\x00"), id="type-0"),
        pytest.param(padded(INFO, filling=b"\xfe"), id="other-filling"),
        pytest.param(padded(INFO, between=b"\xff"), id="no-end-of-padding"),
        pytest.param(padded(INFO, between=b"\x00\x00"), id="two-ends"),
        pytest.param(b"\x00\x01" + b"\xff" * 8 + b"\x00" + INFO + bytes(256 - 11 - len(INFO)), id="rubbish-behind"),
        pytest.param(padded(INFO + b"\x00"), id="byte-behind"),
        pytest.param(b"\x00\x01\x00" + bytes(253 - len(INFO)) + INFO, id="no-padding"),
        pytest.param(padded(SHORT_LENGTH), id="wrong-length"),
        pytest.param(padded(NO_PARAMETERS), id="no-parameters"),
        pytest.param(padded(DIGESTS), id="no-digest-info"),
        pytest.param(padded(ONE_DIGEST), id="one-digest"),
        pytest.param(padded(LYING_DIGEST), id="says-32-has-96"),
        pytest.param(padded(face_digest_info(DIGESTS[32:] + DIGESTS[:32])), id="another-order"),
        pytest.param(padded(INFO[:14] + b"\x02" + INFO[15:]), id="says-sha-384"),
    ],
)  # fmt: skip
def test_a_forged_block_is_refused(block: bytes) -> None:
    assert len(block) == 256
    assert not signed_face(public("municipality"), sign_block(block), DIGESTS)


def test_a_signature_of_another_length_or_past_the_modulus_is_refused() -> None:
    its, good = public("municipality"), sign_block(padded(INFO))
    assert not signed_face(its, b"\x00" + good, DIGESTS)
    assert not signed_face(its, good[:-1], DIGESTS)
    assert not signed_face(its, b"", DIGESTS)
    number = int.from_bytes(good, "big") + its.modulus
    assert number >= 1 << 2048 or not signed_face(its, number.to_bytes(256, "big"), DIGESTS)
    for number in (0, 1, its.modulus - 1, its.modulus):
        assert not signed_face(its, number.to_bytes(256, "big"), DIGESTS)


def test_a_signature_over_one_digest_is_none_over_three_and_the_other_way_round() -> None:
    its = public("municipality")
    assert not signed_face(its, sign("municipality", DIGESTS), DIGESTS)
    assert not is_signed(its, sign_block(padded(INFO)), DIGESTS)


@pytest.mark.parametrize("count", [0, 1, 8, 15])
def test_a_short_nonce_is_refused(count: int) -> None:
    with pytest.raises(UsageError):
        challenge_input(bytes(count))
    with pytest.raises(UsageError):
        signed_challenge(public("card"), bytes(256), bytes(count))


@pytest.mark.parametrize("count", [0, 95, 97, 32])
def test_digests_that_are_not_three_are_refused(count: int) -> None:
    with pytest.raises(UsageError):
        face_digest_info(bytes(count))

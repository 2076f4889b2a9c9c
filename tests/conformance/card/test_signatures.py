"""Signatures, challenges and their answers, as cards were found to make them."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from tests.conformance.card.conversation import DONE, Answer, Conversation
from tests.conformance.card.rsa import SHA256, certificate_key, padded_input, signs_message

statement = pytest.mark.statement

AUTHENTICATION = "user-authentication"
SIGNATURE = "digital-signature"
CERTIFICATE = 0x000A
MESSAGE = b"what is signed"
DIGEST = hashlib.sha256(MESSAGE).digest()
REFUSED_LENGTH = {"6985", "6700"}
SHA1 = bytes.fromhex("3021300906052B0E03021A05000414")
SHA384 = bytes.fromhex("3041300D060960864801650304020205000430")
SHA512 = bytes.fromhex("3051300D060960864801650304020305000440")
PSS = padding.PSS(padding.MGF1(hashes.SHA256()), 32)


def sign(card: Conversation, scheme: int, data: bytes, key: int = 0x97) -> Answer:
    return card(f"802A{scheme:02X}{key:02X}", bytes((len(data),)) + data, "00")


def holds(card: Conversation, scheme: int, data: bytes, expected: bytes) -> bool:
    """Whether the signature, by the user-authentication key, is padding around *expected*."""
    card.log_in(AUTHENTICATION)
    return padded_input(certificate_key(card, CERTIFICATE), sign(card, scheme, data).data) == expected


@statement("sign-current-key")
def test_the_current_key_signs(card: Conversation) -> None:
    card.log_in(AUTHENTICATION)
    assert card.ef(0x0017) == DONE
    assert sign(card, 0, SHA256 + DIGEST, 0x80).sw == DONE


@statement("sign-by-short-identifier")
def test_a_key_by_short_identifier_is_the_same_key(card: Conversation) -> None:
    card.log_in(AUTHENTICATION)
    assert card.ef(0x17) == DONE
    assert sign(card, 0, SHA256 + DIGEST, 0x97) == sign(card, 0, SHA256 + DIGEST, 0x80)


@statement("sign-by-short-identifier-9a")
def test_the_signature_key_by_short_identifier_is_the_same_key(card: Conversation) -> None:
    card.log_in(SIGNATURE)
    assert card.ef(0x1A) == DONE
    assert sign(card, 0, SHA256 + DIGEST, 0x9A) == sign(card, 0, SHA256 + DIGEST, 0x80)


@statement("sign-length")
def test_a_signature_has_256_bytes(card: Conversation) -> None:
    card.log_in(AUTHENTICATION)
    assert len(sign(card, 0, SHA256 + DIGEST).data) == 256


@statement("sign-what-it-gets")
def test_what_is_sent_is_padded_as_it_is(card: Conversation) -> None:
    assert holds(card, 0, SHA256 + DIGEST, SHA256 + DIGEST)


@statement("sign-245-bytes")
@pytest.mark.parametrize("length", [1, 245])
def test_1_to_245_bytes_are_padded(card: Conversation, length: int) -> None:
    assert holds(card, 0, b"\x5a" * length, b"\x5a" * length)


@statement("sign-246-bytes")
@pytest.mark.parametrize("length", [246, 255])
def test_more_than_245_bytes_are_not_padded(card: Conversation, length: int) -> None:
    card.log_in(AUTHENTICATION)
    assert sign(card, 0, b"\x5a" * length).sw in REFUSED_LENGTH


@statement("sign-bare-hash")
def test_a_message_is_hashed_and_its_bare_digest_padded(card: Conversation) -> None:
    assert holds(card, 1, MESSAGE, DIGEST)


@statement("sign-digest")
def test_a_digest_is_put_into_a_digest_info(card: Conversation) -> None:
    assert holds(card, 2, DIGEST, SHA256 + DIGEST)


@statement("sign-message")
def test_a_message_is_hashed_and_put_into_a_digest_info(card: Conversation) -> None:
    assert holds(card, 3, MESSAGE, SHA256 + DIGEST)


@statement("sign-pss-digest")
def test_a_digest_is_signed_by_pss(card: Conversation) -> None:
    card.log_in(AUTHENTICATION)
    signature = sign(card, 4, DIGEST).data
    certificate_key(card, CERTIFICATE).verify(signature, DIGEST, PSS, Prehashed(hashes.SHA256()))


@statement("sign-pss-message")
def test_a_message_is_signed_by_pss(card: Conversation) -> None:
    card.log_in(AUTHENTICATION)
    signature = sign(card, 5, MESSAGE).data
    certificate_key(card, CERTIFICATE).verify(signature, MESSAGE, PSS, hashes.SHA256())


@statement("sign-pss-salt")
@pytest.mark.parametrize(("scheme", "data"), [(4, DIGEST), (5, MESSAGE)], ids=["digest", "message"])
def test_a_pss_signature_is_another_each_time(card: Conversation, scheme: int, data: bytes) -> None:
    card.log_in(AUTHENTICATION)
    assert sign(card, scheme, data) != sign(card, scheme, data)


@statement("sign-message-lengths")
@pytest.mark.parametrize("scheme", [1, 3, 5])
def test_messages_of_1_to_255_bytes_are_hashed(card: Conversation, scheme: int) -> None:
    card.log_in(AUTHENTICATION)
    assert [sign(card, scheme, b"\x5a" * length).sw for length in (1, 255)] == [DONE, DONE]


@statement("sign-digest-lengths")
@pytest.mark.parametrize("scheme", [2, 4])
def test_a_digest_has_32_bytes(card: Conversation, scheme: int) -> None:
    card.log_in(AUTHENTICATION)
    assert {sign(card, scheme, b"\x5a" * length).sw for length in (1, 31, 33, 255)} <= REFUSED_LENGTH


@statement("sign-other-scheme")
@pytest.mark.parametrize("scheme", [0x06, 0x80, 0xFF])
def test_there_are_six_schemes(card: Conversation, scheme: int) -> None:
    card.log_in(AUTHENTICATION)
    assert sign(card, scheme, DIGEST).sw == "6A86"


@statement("sign-digest-infos")
def test_a_digest_info_of_sha1_is_padded(card: Conversation) -> None:
    info = SHA1 + hashlib.sha1(MESSAGE, usedforsecurity=False).digest()
    assert holds(card, 0, info, info)


@statement("sign-longer-digest-infos")
@pytest.mark.parametrize("info", [SHA384 + bytes(48), SHA512 + bytes(64)], ids=["sha384", "sha512"])
def test_longer_digest_infos_are_padded(card: Conversation, info: bytes) -> None:
    assert holds(card, 0, info, info)


@statement("sign-text")
def test_text_is_padded(card: Conversation) -> None:
    assert holds(card, 0, b"hello\n", b"hello\n")


@statement("sign-guarded")
@pytest.mark.parametrize("key", [0x97, 0x9A])
def test_a_key_asks_for_its_pin(card: Conversation, key: int) -> None:
    card.select("jpki")
    assert sign(card, 0, SHA256 + DIGEST, key).sw == "6982"


@statement("sign-many")
@pytest.mark.parametrize(("name", "key"), [(AUTHENTICATION, 0x97), (SIGNATURE, 0x9A)])
def test_one_verify_serves_many_signatures(card: Conversation, name: str, key: int) -> None:
    card.log_in(name)
    assert {sign(card, 0, SHA256 + DIGEST, key).sw for _ in range(5)} == {DONE}


@statement("default-key-of-text")
def test_text_has_a_key_of_its_own(card: Conversation) -> None:
    card.select("text")
    assert len(sign(card, 0, SHA256 + DIGEST, 0x00).data) == 256


@statement("default-key-of-card-face")
def test_the_card_face_has_a_key_of_its_own(card: Conversation) -> None:
    card.select("card-face")
    assert len(sign(card, 0, SHA256 + DIGEST, 0x00).data) == 256


@statement("default-key-nowhere-else")
@pytest.mark.parametrize("application", ["jpki", "common", "resident-register", "issuer"])
def test_no_other_application_has_one(card: Conversation, application: str) -> None:
    card.select(application)
    assert sign(card, 0, SHA256 + DIGEST, 0x00).sw != DONE


# --- INTERNAL AUTHENTICATE ---------------------------------------------------------------------------


def authenticate(card: Conversation, key: int, challenge: bytes) -> Answer:
    return card(f"008800{0x80 | key:02X}", bytes((len(challenge),)) + challenge, "00")


@statement("authenticate")
def test_the_common_application_answers_a_challenge(card: Conversation) -> None:
    card.select("common")
    assert len(authenticate(card, 0x19, MESSAGE).data) == 256


@statement("authenticate-lengths")
def test_a_challenge_has_1_to_255_bytes(card: Conversation) -> None:
    card.select("common")
    assert [authenticate(card, 0x19, b"\x5a" * length).sw for length in (1, 255)] == [DONE, DONE]


@statement("authenticate-form")
def test_the_answer_is_a_signature_of_the_challenge(card: Conversation) -> None:
    card.select("common")
    assert signs_message(card.knows["authentication"], authenticate(card, 0x19, MESSAGE).data, MESSAGE)


@statement("authenticate-guarded")
@pytest.mark.parametrize("key", [0x17, 0x1A])
def test_keys_behind_a_pin_do_not_answer(card: Conversation, key: int) -> None:
    card.select("jpki")
    assert authenticate(card, key, MESSAGE).sw == "6982"


@statement("authenticate-by-card-face-keys")
def test_the_key_of_text_does_not_answer(card: Conversation) -> None:
    card.select("text")
    assert authenticate(card, 0x13, MESSAGE).sw == "6985"


# --- GET CHALLENGE -----------------------------------------------------------------------------------


@statement("challenge-length")
@pytest.mark.parametrize("length", [1, 8, 16, 255, 256])
def test_a_challenge_has_as_many_bytes_as_are_asked_for(card: Conversation, length: int) -> None:
    card.select("jpki")
    assert len(card.data(f"00840000{length % 256:02X}")) == length


@statement("challenge-is-new")
def test_a_challenge_is_another_each_time(card: Conversation) -> None:
    card.select("jpki")
    assert len({card.data("0084000010") for _ in range(16)}) == 16


@statement("challenge-everywhere")
def test_a_challenge_is_made_whatever_is_current(card: Conversation) -> None:
    card.power_cycle()
    assert card.sw("0084000008") == DONE
    for application in ("issuer", "jpki", "text", "card-face", "common", "resident-register"):
        card.select(application)
        assert card.sw("0084000008") == DONE


@statement("challenge-extended")
def test_no_challenge_is_made_by_extended_length(card: Conversation) -> None:
    card.select("jpki")
    assert [card.sw(f"0084000000{le}") for le in ("0101", "0000")] == ["6985", "6985"]

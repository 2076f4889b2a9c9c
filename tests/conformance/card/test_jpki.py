"""The files, keys and PINs of JPKI, as cards were found to have them."""

from __future__ import annotations

import hashlib

import pytest

from tests.conformance.card.conversation import DONE, Conversation
from tests.conformance.card.rsa import SHA256, certificate_key, signs_message

statement = pytest.mark.statement

AUTHENTICATION = "user-authentication"
SIGNATURE = "digital-signature"
MESSAGE = b"what is signed"
DIGEST_INFO = SHA256 + hashlib.sha256(MESSAGE).digest()


def signature(card: Conversation, key: int) -> bytes:
    return card.data(f"802A00{0x80 | key:02X}33", DIGEST_INFO, "00")


def token(card: Conversation) -> bytes:
    """EF 0006."""
    card.select("jpki")
    return card.read(0x0006)


def numbers(content: bytes, at: int, count: int) -> list[int]:
    """Numbers of four bytes from byte *at* on."""
    return [int.from_bytes(content[here : here + 4], "big") for here in range(at, at + 4 * count, 4)]


# --- files -------------------------------------------------------------------------------------------


@statement("signature-certificate-guarded")
def test_the_signature_certificate_is_behind_its_password(card: Conversation) -> None:
    card.select("jpki")
    assert card.first(0x0001) == "6982"
    card.log_in(SIGNATURE)
    assert card.read(0x0001).startswith(b"\x30\x82")


@statement("signature-ca-certificate-free")
def test_the_certificate_of_the_signature_ca_is_free(card: Conversation) -> None:
    card.select("jpki")
    assert card.read(0x0002).startswith(b"\x30\x82")


@statement("authentication-certificate-free")
def test_the_authentication_certificate_is_free(card: Conversation) -> None:
    card.select("jpki")
    assert card.read(0x000A).startswith(b"\x30\x82")


@statement("authentication-certificate-on-android")
def test_the_authentication_certificate_is_behind_the_pin_on_a_phone(card: Conversation) -> None:
    card.select("jpki")
    assert card.first(0x000A) == "6982"
    card.log_in(AUTHENTICATION)
    assert card.read(0x000A).startswith(b"\x30\x82")


@statement("authentication-ca-certificate-free")
def test_the_certificate_of_the_authentication_ca_is_free(card: Conversation) -> None:
    card.select("jpki")
    assert card.read(0x000B).startswith(b"\x30\x82")


@statement("certificates-present")
def test_it_is_told_which_certificates_there_are(card: Conversation) -> None:
    card.select("jpki")
    assert card.read(0x0008) == b"\x8f\x8f\x00"


@statement("jpki-0009")
def test_no_pin_opens_ef_0009(card: Conversation) -> None:
    card.log_in(AUTHENTICATION, SIGNATURE)
    assert card.first(0x0009) == "6982"


@statement("jpki-0010")
def test_there_is_an_ef_0010(card: Conversation) -> None:
    card.select("jpki")
    assert card.ef(0x0010) == DONE


@statement("jpki-0016")
def test_ef_0016_is_a_key(card: Conversation) -> None:
    card.select("jpki")
    assert card.first(0x0016) == "6981"


# --- keys and PINs -----------------------------------------------------------------------------------


@statement("authentication-key-guard")
def test_the_authentication_key_is_behind_the_pin(card: Conversation) -> None:
    card.log_in(AUTHENTICATION)
    assert signature(card, 0x17)


@statement("signature-key-guard")
def test_the_signature_key_is_behind_the_password(card: Conversation) -> None:
    card.log_in(SIGNATURE)
    assert signature(card, 0x1A)


@statement("key-0017-is-the-certificates")
def test_the_authentication_key_is_that_of_its_certificate(card: Conversation) -> None:
    card.log_in(AUTHENTICATION)
    assert signs_message(certificate_key(card, 0x000A), signature(card, 0x17), MESSAGE)


@statement("key-001a-is-the-certificates")
def test_the_signature_key_is_that_of_its_certificate(card: Conversation) -> None:
    card.log_in(SIGNATURE)
    assert signs_message(certificate_key(card, 0x0001), signature(card, 0x1A), MESSAGE)


@statement("keys-of-2048-bits")
def test_both_keys_have_2048_bits(card: Conversation) -> None:
    card.log_in(SIGNATURE)
    assert [certificate_key(card, file_id).key_size for file_id in (0x000A, 0x0001)] == [2048, 2048]


@statement("authentication-pin-tries")
def test_the_pin_has_three_tries(card: Conversation) -> None:
    card.select("jpki")
    assert card.tries(AUTHENTICATION) == 3


@statement("signature-password-tries")
def test_the_password_has_five_tries(card: Conversation) -> None:
    card.select("jpki")
    assert card.tries(SIGNATURE) == 5


# --- the token's description -------------------------------------------------------------------------


@statement("token-free")
def test_the_token_is_described_to_everybody(card: Conversation) -> None:
    assert token(card)


@statement("token-label")
def test_a_card_says_that_it_is_a_card(card: Conversation) -> None:
    assert token(card)[:32] == b"JPKIAPICCTOKEN2".ljust(32)


@statement("token-label-of-android")
def test_an_android_phone_says_that_it_is_one(card: Conversation) -> None:
    assert token(card)[:32] == b"JPKIAPGPSETOKEN".ljust(32)


@statement("token-length")
def test_the_description_has_160_bytes(card: Conversation) -> None:
    assert len(token(card)) == 160


@statement("token-flags")
def test_the_token_has_these_flags(card: Conversation) -> None:
    assert numbers(token(card), 96, 1) == [0x0000040D]


@statement("token-sessions")
def test_the_token_takes_one_session(card: Conversation) -> None:
    assert numbers(token(card), 100, 4) == [1, 0, 1, 0]


@statement("token-pin-lengths")
def test_the_token_takes_pins_of_6_to_16(card: Conversation) -> None:
    assert numbers(token(card), 116, 2) == [16, 6]


@statement("token-memory")
def test_the_token_does_not_tell_its_memory(card: Conversation) -> None:
    assert numbers(token(card), 124, 4) == [0xFFFFFFFF] * 4


@statement("token-versions")
def test_the_token_has_versions_of_two_digits(card: Conversation) -> None:
    assert token(card)[140:144].isdigit()


@statement("token-time")
def test_the_token_does_not_tell_the_time(card: Conversation) -> None:
    assert token(card)[144:] == b"9" * 16

"""Secure messaging of the text application, as a card was found to do it."""

from __future__ import annotations

import pytest

from tests.conformance.card.conversation import DONE, Conversation
from tests.conformance.card.objects import written
from tests.conformance.card.rsa import encrypted
from tests.conformance.card.session import SEED, begin, session_key, set_session_key

statement = pytest.mark.statement

HEAD = bytes.fromhex("A0228020")
NUMBER, ATTRIBUTES, CERTIFICATE = 0x0001, 0x0002, 0x0004


@statement("session-begins")
def test_a_session_begins(card: Conversation) -> None:
    card.log_in("text")
    assert set_session_key(card, encrypted(session_key(card), HEAD + SEED)) == DONE


@statement("session-needs-the-pin")
def test_verification_number_a_begins_none(card: Conversation) -> None:
    card.log_in("text/number-a")
    assert set_session_key(card, encrypted(session_key(card), HEAD + SEED)) == "6982"


@statement("session-access-first")
def test_access_comes_before_decryption(card: Conversation) -> None:
    card.select("text")
    assert set_session_key(card, bytes(255) + b"\x02") == "6982"
    assert set_session_key(card, b"\xff" * 256) == "6982"


@statement("session-checksum-key")
def test_there_are_no_checksums(card: Conversation) -> None:
    card.log_in("text")
    both = written("A0", written("80", SEED) + written("81", SEED))
    assert set_session_key(card, encrypted(session_key(card), both)) == "6A80"


@statement("session-cryptogram-too-large")
def test_a_cryptogram_is_smaller_than_the_modulus(card: Conversation) -> None:
    card.log_in("text")
    modulus = session_key(card).public_numbers().n
    assert set_session_key(card, modulus.to_bytes(256, "big")) == "6F00"
    assert set_session_key(card, b"\xff" * 256) == "6F00"


@statement("session-cryptogram-of-nothing")
def test_a_cryptogram_holds_a_seed(card: Conversation) -> None:
    card.log_in("text")
    key = session_key(card)
    assert set_session_key(card, bytes(255) + b"\x02") == "6A80"
    assert set_session_key(card, encrypted(key, b"no seed")) == "6A80"


@statement("session-verify")
def test_a_pin_goes_encrypted(card: Conversation) -> None:
    session = begin(card)
    assert session.verify(0x14, card.pin("text/number-a")).sw == DONE


@statement("session-select-ef")
def test_select_goes_encrypted(card: Conversation) -> None:
    session = begin(card)
    assert session.select(CERTIFICATE).sw == DONE
    assert session.read(length=2).data == b"\x7f\x21"


@statement("session-read-whole")
def test_a_whole_file_comes_encrypted(card: Conversation) -> None:
    session = begin(card)
    whole = card.read(CERTIFICATE)
    assert session.select(CERTIFICATE).sw == DONE
    assert session.read().data == whole


@statement("session-read-part")
def test_a_part_of_a_file_comes_encrypted(card: Conversation) -> None:
    session = begin(card)
    whole = card.read(CERTIFICATE)
    assert session.select(CERTIFICATE).sw == DONE
    assert session.read(0x103, 0x23).data == whole[0x103 : 0x103 + 0x23]


@statement("session-refusal-counts")
def test_a_refused_command_counts(card: Conversation) -> None:
    session = begin(card)
    assert session.select(0x2FF2).sw == "6A82"
    assert session.select(CERTIFICATE).sw == DONE
    assert session.read(0x7000, 1).sw == "6B00"
    assert session.read(length=2).data == b"\x7f\x21"


@statement("session-plain-does-not-count")
def test_a_plain_command_does_not_count(card: Conversation) -> None:
    session = begin(card)
    assert session.select(CERTIFICATE).sw == DONE
    assert card.sw("00B0000001") == DONE
    assert card.sw("0084000008") == DONE
    assert session.read(length=2).data == b"\x7f\x21"


def refused(card: Conversation, data: bytes) -> str:
    """The answer to SELECT EF with *data*, the first command of a session that begins so."""
    return card.sw(f"08A4020C{len(data):02X}", data)


@statement("session-wrong-number")
@pytest.mark.parametrize("number", [2, 3])
def test_a_command_of_another_number_is_none(card: Conversation, number: int) -> None:
    session = begin(card)
    wrong = written("86", session.cryptogram(CERTIFICATE.to_bytes(2, "big"), number))
    assert refused(card, wrong) == "6988"


@statement("session-wrong-object")
@pytest.mark.parametrize("tag", ["87", "85", "96"])
def test_another_object_is_none(card: Conversation, tag: str) -> None:
    session = begin(card)
    assert refused(card, written(tag, session.cryptogram(CERTIFICATE.to_bytes(2, "big"), 1))) == "6988"


@statement("session-wrong-padding")
@pytest.mark.parametrize("padding", [b"\x00", b"\x02"])
def test_another_padding_is_none(card: Conversation, padding: bytes) -> None:
    session = begin(card)
    right = session.cryptogram(CERTIFICATE.to_bytes(2, "big"), 1)
    assert refused(card, written("86", padding + right[1:])) == "6988"


@statement("session-second-object")
def test_a_second_object_is_one_too_many(card: Conversation) -> None:
    session = begin(card)
    right = written("86", session.cryptogram(CERTIFICATE.to_bytes(2, "big"), 1))
    assert refused(card, right + written("8E", bytes(8))) == "6988"


@statement("session-destroyed")
def test_a_mistake_destroys_the_session(card: Conversation) -> None:
    session = begin(card)
    assert refused(card, written("87", session.cryptogram(CERTIFICATE.to_bytes(2, "big"), 1))) == "6988"
    assert session.read().sw == "69FC"


@statement("session-authenticated-class")
def test_nothing_is_authenticated(card: Conversation) -> None:
    begin(card)
    assert card.sw("0CB000000000059603000002 0000") == "6987"


@statement("session-ends-with-select")
@pytest.mark.parametrize("application", ["text", "jpki", "issuer"])
def test_select_of_an_application_ends_the_session(card: Conversation, application: str) -> None:
    session = begin(card)
    card.select(application)
    assert session.read().sw == "69FC"


@statement("session-ends-with-power")
def test_loss_of_power_ends_the_session(card: Conversation) -> None:
    session = begin(card)
    card.power_cycle()
    card.select("text")
    assert session.read().sw == "69FC"


@statement("no-session-in-common")
def test_the_common_application_has_no_sessions(card: Conversation) -> None:
    card.select("common")
    assert set_session_key(card, bytes(255) + b"\x02") == "66F1"


@statement("no-session-in-card-face")
def test_the_card_face_has_no_sessions(card: Conversation) -> None:
    card.select("card-face")
    assert set_session_key(card, bytes(255) + b"\x02") == "66F1"


@statement("no-session-in-jpki")
def test_jpki_has_no_sessions(card: Conversation) -> None:
    card.select("jpki")
    assert set_session_key(card, bytes(255) + b"\x02") == "6982"


@statement("no-session-in-resident-register")
def test_the_resident_register_has_no_sessions(card: Conversation) -> None:
    card.select("resident-register")
    assert set_session_key(card, bytes(255) + b"\x02") == "6982"

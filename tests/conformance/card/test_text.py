"""The text input support application, as cards were found to have it."""

from __future__ import annotations

import hashlib
import re
from datetime import date, datetime

import pytest

from tests.conformance.card.conversation import DONE, Conversation
from tests.conformance.card.objects import CvCertificate, is_key_name, offsets, one, read_all, stored, within
from tests.conformance.card.rsa import SHA256, key_object, signs_message

statement = pytest.mark.statement

PIN, A, B = "text", "text/number-a", "text/number-b"
EACH = pytest.mark.parametrize("name", [PIN, A, B])
NUMBER, ATTRIBUTES, DIGESTS, CERTIFICATE, BASIC_DATA, SESSION_KEY, CARD_KEY = range(1, 8)
FIELDS = ["DF22", "DF23", "DF24", "DF25"]
ERAS = ((date(2019, 5, 1), 2018), (date(1989, 1, 8), 1988), (date(1926, 12, 25), 1925), (date(1912, 7, 30), 1911))
"""When an era began, and the year before its first; what is older than these is older than anybody."""


def certified(card: Conversation) -> CvCertificate:
    return CvCertificate.parse(card.read(CERTIFICATE))


def attributes(card: Conversation) -> dict[str, bytes]:
    """The objects of EF 0002, after VERIFY of the PIN."""
    card.log_in(PIN)
    return read_all(one(card.read(ATTRIBUTES), "FF20"))


def opened(card: Conversation, name: str, file_id: int) -> tuple[str, str]:
    """What the first byte of the file is answered with before and after VERIFY."""
    card.select("text")
    before = card.first(file_id)
    card.log_in(name)
    return before, card.first(file_id)


# --- what opens what ---------------------------------------------------------------------------------


@statement("number-by-pin")
def test_the_pin_opens_the_number(card: Conversation) -> None:
    assert opened(card, PIN, NUMBER) == ("6982", DONE)


@statement("number-by-a")
def test_a_opens_the_number(card: Conversation) -> None:
    assert opened(card, A, NUMBER) == ("6982", DONE)


@statement("number-not-by-b")
def test_b_does_not_open_the_number(card: Conversation) -> None:
    assert opened(card, B, NUMBER) == ("6982", "6982")


@statement("attributes-by-pin")
def test_the_pin_opens_the_attributes(card: Conversation) -> None:
    assert opened(card, PIN, ATTRIBUTES) == ("6982", DONE)


@statement("attributes-by-b")
def test_b_opens_the_attributes(card: Conversation) -> None:
    assert opened(card, B, ATTRIBUTES) == ("6982", DONE)


@statement("attributes-not-by-a")
def test_a_does_not_open_the_attributes(card: Conversation) -> None:
    assert opened(card, A, ATTRIBUTES) == ("6982", "6982")


@statement("digests-by-each")
@EACH
def test_each_opens_the_digests(card: Conversation, name: str) -> None:
    assert opened(card, name, DIGESTS) == ("6982", DONE)


@statement("text-certificate-free")
def test_the_certificate_is_free(card: Conversation) -> None:
    card.select("text")
    assert card.first(CERTIFICATE) == DONE


@statement("text-basic-data-free")
def test_the_basic_data_are_free(card: Conversation) -> None:
    card.select("text")
    assert card.first(BASIC_DATA) == DONE


@statement("session-key-by-each")
@EACH
def test_each_opens_the_session_key(card: Conversation, name: str) -> None:
    assert opened(card, name, SESSION_KEY) == ("6982", DONE)


@statement("card-key-by-each")
@EACH
def test_each_opens_the_card_key(card: Conversation, name: str) -> None:
    assert opened(card, name, CARD_KEY) == ("6982", DONE)


@statement("text-0008")
def test_ef_0008_holds_ff(card: Conversation) -> None:
    card.log_in(PIN, A, B)
    assert card.read(0x0008) == b"\xff" * 16


@statement("text-0012-tries")
def test_pin_0012_has_no_tries(card: Conversation) -> None:
    card.select("text")
    assert card.ef(0x0012) == DONE
    assert card.sw("00200080") == "63C0"


@statement("text-0012-verify")
def test_pin_0012_is_blocked(card: Conversation) -> None:
    card.select("text")
    assert card.ef(0x0012) == DONE
    assert card.sw("0020008004 30303030") == "6984"


@statement("text-pin-tries")
def test_the_pin_has_three_tries(card: Conversation) -> None:
    card.select("text")
    assert card.tries(PIN) == 3


@statement("text-number-a-tries")
def test_a_has_ten_tries(card: Conversation) -> None:
    card.select("text")
    assert card.tries(A) == 10


@statement("text-number-b-tries")
def test_b_has_ten_tries(card: Conversation) -> None:
    card.select("text")
    assert card.tries(B) == 10


# --- the number --------------------------------------------------------------------------------------


@statement("number-a-is-the-number")
def test_a_is_the_number(card: Conversation) -> None:
    card.log_in(PIN, A)
    assert one(card.read(NUMBER), "FF10") == card.pin(A)


@statement("number-b-form")
def test_b_is_made_of_what_is_printed(card: Conversation) -> None:
    born = datetime.strptime(attributes(card)["DF24"].decode(), "%Y%m%d").date()
    before = next(year for start, year in ERAS if born >= start)
    card.select("common")
    expiry = card.data("00B2010C00")[-8:].decode()
    b = card.pin(B).decode()
    assert b[:10] == f"{born.year - before:02}{born:%m%d}{expiry[:4]}"
    assert re.fullmatch(r"[0-9]{4}", b[10:])
    card.log_in(B)


@statement("number-form")
def test_the_number_is_twelve_digits(card: Conversation) -> None:
    card.log_in(PIN)
    assert re.fullmatch(rb"\xff\x10\x0c[0-9]{12}\xff*", card.read(NUMBER))


@statement("number-filler")
def test_the_number_is_stored_in_17_bytes(card: Conversation) -> None:
    card.log_in(PIN)
    content = card.read(NUMBER)
    assert len(content) == 17
    assert content[15:] == b"\xff\xff"


@statement("number-check-digit")
def test_the_number_has_the_right_check_digit(card: Conversation) -> None:
    card.log_in(PIN)
    *digits, check = (byte - 0x30 for byte in one(card.read(NUMBER), "FF10"))
    weights = [*range(2, 8), *range(2, 7)]  # from the right
    rest = sum(digit * weight for digit, weight in zip(reversed(digits), weights, strict=True)) % 11
    assert check == (0 if rest <= 1 else 11 - rest)


# --- the attributes ----------------------------------------------------------------------------------


@statement("attributes-form")
def test_the_attributes_are_five_objects(card: Conversation) -> None:
    assert list(attributes(card)) == ["DF21", *FIELDS]


@statement("attributes-offsets")
def test_the_attributes_begin_where_it_says(card: Conversation) -> None:
    card.log_in(PIN)
    told, found = offsets(card.read(ATTRIBUTES), "FF20", "DF21", FIELDS)
    assert told == found


@statement("attributes-birth-date")
def test_the_birth_date_is_gregorian(card: Conversation) -> None:
    born = attributes(card)["DF24"].decode("ascii")
    assert "1868" < born[:4] <= "2100"
    assert re.fullmatch(r"[0-9]{4}(0[0-9]|1[0-2])([0-2][0-9]|3[01])", born)


@statement("attributes-sex")
def test_the_sex_is_a_digit(card: Conversation) -> None:
    assert attributes(card)["DF25"] in {b"0", b"1", b"2", b"9"}


@statement("attributes-text")
def test_name_and_address_are_utf8(card: Conversation) -> None:
    found = attributes(card)
    assert found["DF22"].decode("utf-8")
    assert found["DF23"].decode("utf-8")


@statement("attributes-long")
def test_long_attributes_have_a_long_length(card: Conversation) -> None:
    card.log_in(PIN)
    content = card.read(ATTRIBUTES)
    assert content[2] in {0x81, 0x82}
    assert len(one(content, "FF20")) > 127


# --- digests, signatures, keys -----------------------------------------------------------------------


@statement("digests-form")
def test_the_digests_are_three_objects(card: Conversation) -> None:
    card.log_in(PIN)
    content = card.read(DIGESTS)
    assert len(content) == 336
    assert [len(value) for value in within(content, "FF30", "DF31", "DF32", "DF33")] == [32, 32, 256]


@statement("digest-of-the-number")
def test_the_number_is_digested_as_it_is_stored(card: Conversation) -> None:
    card.log_in(PIN)
    assert read_all(one(card.read(DIGESTS), "FF30"))["DF31"] == hashlib.sha256(card.read(NUMBER)).digest()


@statement("digest-of-the-attributes")
def test_the_attributes_are_digested_without_the_offsets(card: Conversation) -> None:
    card.log_in(PIN)
    digested = stored(card.read(ATTRIBUTES), "FF20", *FIELDS)
    assert read_all(one(card.read(DIGESTS), "FF30"))["DF32"] == hashlib.sha256(digested).digest()


@statement("digests-signature")
def test_the_digests_are_signed(card: Conversation) -> None:
    card.log_in(PIN)
    content = card.read(DIGESTS)
    _, _, signature = within(content, "FF30", "DF31", "DF32", "DF33")
    signed = stored(content, "FF30", "DF31", "DF32")
    assert len(signed) == 70
    assert signs_message(certified(card).key, signature, signed)


@statement("text-basic-data-form")
def test_the_basic_data_are_three_objects(card: Conversation) -> None:
    card.select("text")
    content = card.read(BASIC_DATA)
    assert len(content) == 256
    version, name, rest = within(content, "FF40", "DF41", "DF42", "DF43")
    assert (len(version), len(rest)) == (4, 128)
    assert is_key_name(name)


@statement("session-key-form")
def test_the_session_key_is_an_rsa_key(card: Conversation) -> None:
    card.log_in(PIN)
    assert key_object(one(card.read(SESSION_KEY), "A1")).key_size == 2048


@statement("card-key-form")
def test_the_card_key_is_a_key_and_a_signature(card: Conversation) -> None:
    card.log_in(PIN)
    key, signature = within(card.read(CARD_KEY), "FF50", "DF51", "DF52")
    assert key_object(key).key_size == 2048
    assert len(signature) == 256


@statement("card-key-signature")
def test_the_card_key_is_signed(card: Conversation) -> None:
    card.log_in(PIN)
    content = card.read(CARD_KEY)
    _, signature = within(content, "FF50", "DF51", "DF52")
    assert signs_message(certified(card).key, signature, stored(content, "FF50", "DF51"))


@statement("text-presence")
def test_the_card_key_signs(card: Conversation) -> None:
    card.log_in(PIN)
    key, _ = within(card.read(CARD_KEY), "FF50", "DF51", "DF52")
    signature = card.data("802A000033", SHA256 + hashlib.sha256(b"a nonce").digest(), "00")
    assert signs_message(key_object(key), signature, b"a nonce")

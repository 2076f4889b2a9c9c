"""The card face application, and the certificates of both card face applications, as cards were found to have them."""

from __future__ import annotations

import hashlib
import re

import pytest

from tests.conformance.card.conversation import DONE, Conversation
from tests.conformance.card.objects import CvCertificate, is_key_name, offsets, one, read_all, stored, within
from tests.conformance.card.rsa import SHA256, key_object, padded_input, signs_message

statement = pytest.mark.statement

BORN, A, B = "card-face/birth-date", "card-face/number-a", "card-face/number-b"
AGE, FACE, BASIC_DATA, CERTIFICATE, NUMBER_IMAGE, UNKNOWN = range(1, 7)
FIELDS = ["DF22", "DF23", "DF24", "DF25", "DF26", "DF27", "DF28", "DF29", "DF2A"]
THREE_DIGESTS = bytes.fromhex("3071300D060960864801650304020105000460")
JPEG_2000 = bytes.fromhex("0000000C6A5020200D0A870A")
BOTH = pytest.mark.parametrize("application", ["text", "card-face"])


def opened(card: Conversation, name: str, file_id: int) -> tuple[str, str]:
    """What the first byte of the file is answered with before and after VERIFY."""
    card.select("card-face")
    before = card.first(file_id)
    card.log_in(name)
    return before, card.first(file_id)


def face(card: Conversation) -> dict[str, bytes]:
    """The objects of EF 0002, after VERIFY of A."""
    card.log_in(A)
    return read_all(one(card.read(FACE), "FF20"))


def certified(card: Conversation) -> CvCertificate:
    return CvCertificate.parse(card.read(CERTIFICATE))


def size_of(png: bytes) -> tuple[int, int]:
    """Width and height of an image in one bit of grey."""
    assert png[:16] == bytes.fromhex("89504E470D0A1A0A 0000000D") + b"IHDR"
    assert png[24:26] == b"\x01\x00"  # bit depth, colour type
    return int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")


# --- what opens what ---------------------------------------------------------------------------------


@statement("age-by-birth-date")
def test_the_birth_date_opens_the_age_record(card: Conversation) -> None:
    assert opened(card, BORN, AGE) == ("6982", DONE)


@statement("face-by-a")
def test_a_opens_the_face(card: Conversation) -> None:
    assert opened(card, A, FACE) == ("6982", DONE)


@statement("face-by-b")
def test_b_opens_the_face(card: Conversation) -> None:
    assert opened(card, B, FACE) == ("6982", DONE)


@statement("face-basic-data-free")
def test_the_basic_data_are_free(card: Conversation) -> None:
    card.select("card-face")
    assert card.first(BASIC_DATA) == DONE


@statement("face-certificate-free")
def test_the_certificate_is_free(card: Conversation) -> None:
    card.select("card-face")
    assert card.first(CERTIFICATE) == DONE


@statement("number-image-by-a")
def test_a_opens_the_image_of_the_number(card: Conversation) -> None:
    assert opened(card, A, NUMBER_IMAGE) == ("6982", DONE)


@statement("number-image-not-by-b")
def test_b_does_not_open_the_image_of_the_number(card: Conversation) -> None:
    assert opened(card, B, NUMBER_IMAGE) == ("6982", "6982")


@statement("face-0006")
@pytest.mark.parametrize("name", [A, B])
def test_ef_0006_holds_ff(card: Conversation, name: str) -> None:
    card.select("card-face")
    assert card.first(UNKNOWN) == "6982"
    card.log_in(name)
    assert card.read(UNKNOWN) == b"\xff" * 16


@statement("face-order-of-numbers")
def test_b_comes_before_a(card: Conversation) -> None:
    card.select("card-face")
    assert card.sw("002000920E", card.pin(B)) == DONE
    assert card.sw("002000930C", card.pin(A)) == DONE


@statement("face-tries")
def test_both_numbers_have_ten_tries(card: Conversation) -> None:
    card.select("card-face")
    assert [card.tries(A), card.tries(B)] == [10, 10]


# --- the age record ----------------------------------------------------------------------------------


@statement("age-form")
def test_the_age_record_is_three_objects(card: Conversation) -> None:
    card.log_in(BORN)
    born, key, signature = within(card.read(AGE), "FF10", "DF11", "DF12", "DF13")
    assert re.fullmatch(rb"[0-9]{8}", born)
    assert key_object(key).key_size == 2048
    assert len(signature) == 256


@statement("age-signature")
def test_the_age_record_is_signed(card: Conversation) -> None:
    card.log_in(BORN)
    content = card.read(AGE)
    _, _, signature = within(content, "FF10", "DF11", "DF12", "DF13")
    assert signs_message(certified(card).key, signature, stored(content, "FF10", "DF11", "DF12"))


# --- the face ----------------------------------------------------------------------------------------


@statement("face-form")
def test_the_face_is_ten_objects(card: Conversation) -> None:
    assert list(face(card)) == ["DF21", *FIELDS]


@statement("face-offsets")
def test_the_face_begins_where_it_says(card: Conversation) -> None:
    card.log_in(A)
    told, found = offsets(card.read(FACE), "FF20", "DF21", FIELDS)
    assert told == found


@statement("face-images")
def test_name_address_and_code_are_images(card: Conversation) -> None:
    found = face(card)
    for tag in ("DF25", "DF26", "DF2A"):
        assert min(size_of(found[tag])) > 0


@statement("face-photo")
def test_the_photograph_is_jpeg_2000(card: Conversation) -> None:
    assert face(card)["DF27"].startswith(JPEG_2000)


@statement("face-security-code-size")
def test_the_security_code_has_its_size(card: Conversation) -> None:
    assert size_of(face(card)["DF2A"]) == (24, 12)


@statement("face-signature")
def test_the_face_is_signed_by_three_digests(card: Conversation) -> None:
    found = face(card)
    content = card.read(FACE)
    digests = b"".join(
        hashlib.sha256(stored(content, "FF20", *tags)).digest()
        for tags in (("DF22", "DF23", "DF24"), ("DF25", "DF26"), ("DF27",))
    )
    assert padded_input(certified(card).key, found["DF28"]) == THREE_DIGESTS + digests


@statement("face-basic-data-form")
def test_the_basic_data_are_five_objects(card: Conversation) -> None:
    card.select("card-face")
    version, name, one_byte, municipality, rest = within(
        card.read(BASIC_DATA), "FF30", "DF31", "DF32", "DF33", "DF34", "DF35"
    )
    assert (len(version), len(one_byte), len(rest)) == (4, 1, 16 + 256)
    assert is_key_name(name)
    assert is_key_name(rest[:16])
    assert re.fullmatch(rb"[0-9]{5}", municipality)


@statement("number-image-form")
def test_the_image_of_the_number_is_three_objects(card: Conversation) -> None:
    card.log_in(A)
    image, key, signature = within(card.read(NUMBER_IMAGE), "FF40", "DF41", "DF42", "DF43")
    assert min(size_of(image)) > 0
    assert key_object(key).key_size == 2048
    assert len(signature) == 256


@statement("number-image-size")
def test_the_image_of_the_number_has_its_size(card: Conversation) -> None:
    card.log_in(A)
    assert size_of(within(card.read(NUMBER_IMAGE), "FF40", "DF41", "DF42", "DF43")[0]) == (72, 12)


@statement("number-image-signature")
def test_the_image_of_the_number_is_signed(card: Conversation) -> None:
    card.log_in(A)
    content = card.read(NUMBER_IMAGE)
    _, _, signature = within(content, "FF40", "DF41", "DF42", "DF43")
    assert signs_message(certified(card).key, signature, stored(content, "FF40", "DF41", "DF42"))


@statement("face-0014-0015")
def test_there_are_two_more_keys(card: Conversation) -> None:
    card.select("card-face")
    assert [card.ef(0x0014), card.ef(0x0015)] == [DONE, DONE]


@statement("face-image-lengths")
def test_an_image_has_a_length_of_two_bytes(card: Conversation) -> None:
    card.log_in(A)
    content = card.read(FACE)
    for tag in ("DF25", "DF26", "DF27", "DF2A"):
        assert stored(content, "FF20", tag)[2] == 0x82
    assert stored(card.read(NUMBER_IMAGE), "FF40", "DF41")[2] == 0x82


@statement("face-one-key")
def test_three_files_have_one_key(card: Conversation) -> None:
    card.log_in(BORN, A)
    age = read_all(one(card.read(AGE), "FF10"))["DF12"]
    image = read_all(one(card.read(NUMBER_IMAGE), "FF40"))["DF42"]
    assert age == image == read_all(one(card.read(FACE), "FF20"))["DF24"]


@statement("face-presence")
def test_the_key_signs(card: Conversation) -> None:
    key = key_object(face(card)["DF24"])
    signature = card.data("802A000033", SHA256 + hashlib.sha256(b"a nonce").digest(), "00")
    assert signs_message(key, signature, b"a nonce")


# --- certificates ------------------------------------------------------------------------------------


@statement("cv-form")
@BOTH
def test_a_certificate_has_568_bytes(card: Conversation, application: str) -> None:
    card.select(application)
    content = card.read(CERTIFICATE)
    assert [len(value) for value in within(content, "7F21", "5F4E", "5F37")] == [297, 256]
    assert len(content.rstrip(b"\xff")) <= 568 <= len(content)


@statement("cv-body")
@BOTH
def test_a_certificate_names_issuer_and_subject(card: Conversation, application: str) -> None:
    card.select(application)
    found = certified(card)
    assert found.issuer != found.subject
    assert found.key.key_size == 2048


@statement("cv-names")
@BOTH
def test_names_of_keys_have_a_form(card: Conversation, application: str) -> None:
    card.select(application)
    found = certified(card)
    assert is_key_name(found.issuer)
    assert is_key_name(found.subject)


@statement("cv-signature")
@BOTH
def test_a_certificate_is_signed_by_its_issuer(card: Conversation, application: str) -> None:
    card.select(application)
    found = certified(card)
    assert found.signed_by(card.knows[found.issuer.hex()])

"""GET DATA: what the issuer's domain tells, as cards were found to tell it."""

from __future__ import annotations

import re

import pytest

from tests.conformance.card.conversation import DONE, Conversation
from tests.conformance.card.objects import HEADER_LIST, CvCertificate, is_key_name

statement = pytest.mark.statement

GLOBAL_PLATFORM = bytes.fromhex("2A864886FC6B")
"""The object identifier 1.2.840.114283, encoded."""
INTERMEDIATE = "00CA00F8000000"


@statement("data-issuer")
def test_the_issuer_has_a_name(card: Conversation) -> None:
    card.select("issuer")
    assert is_key_name(card.data("00CA004200"))


@statement("data-card-number")
def test_the_card_has_a_number(card: Conversation) -> None:
    card.select("issuer")
    number = card.data("00CA004500")
    assert number
    assert number.isascii()


@statement("data-recognition")
def test_the_card_is_recognized_by_globalplatform(card: Conversation) -> None:
    card.select("issuer")
    assert GLOBAL_PLATFORM in card.data("00CA0066000000")


@statement("data-municipality")
def test_the_municipality_has_a_code(card: Conversation) -> None:
    card.select("issuer")
    assert re.fullmatch(rb"[0-9]{5}", card.data("00CA00F000"))


@statement("data-expiry")
def test_the_card_has_a_last_day(card: Conversation) -> None:
    card.select("issuer")
    assert re.fullmatch(rb"20[0-9]{2}(0[1-9]|1[0-2])([0-2][0-9]|3[01])", card.data("00CA00F200"))


@statement("data-intermediate-name")
def test_the_intermediate_has_a_name(card: Conversation) -> None:
    card.select("issuer")
    assert is_key_name(card.data("00CA00F700"))


@statement("data-intermediate-certificate")
def test_the_intermediate_has_a_certificate(card: Conversation) -> None:
    card.select("issuer")
    found = CvCertificate.parse(card.data(INTERMEDIATE))
    assert found.subject == card.data("00CA00F700")
    assert found.signed_by(card.knows[found.issuer.hex()])


@statement("data-lower-certificate")
def test_the_intermediate_has_signed_what_is_below(card: Conversation) -> None:
    card.select("issuer")
    intermediate = CvCertificate.parse(card.data(INTERMEDIATE))
    lower = card("00CA7F21000000")
    assert lower.sw in {DONE, "6A88"}
    if lower.sw == DONE:
        found = CvCertificate.parse(lower.data)
        assert found.issuer == intermediate.subject
        assert found.signed_by(intermediate.key)


@statement("data-certificate-form")
def test_a_certificate_comes_behind_a_list_of_its_headers(card: Conversation) -> None:
    card.select("issuer")
    lower = card("00CA7F21000000")
    for content in (card.data(INTERMEDIATE), *([lower.data] if lower.sw == DONE else [])):
        assert len(content) == 575
        assert content.startswith(HEADER_LIST)


@statement("data-contact-atr")
def test_the_card_tells_the_atr_of_its_contacts(card: Conversation) -> None:
    card.select("issuer")
    found = card("00CA5F5100")
    if found.sw != DONE:
        card.select("jpki")
        found = card("00CA5F5100")
    assert found.sw == DONE
    check = 0
    for byte in found.data:
        check ^= byte
    assert check == 0
    assert found.data[0] & 0xF0  # T0 announces interface bytes: T=1 is never the default


@statement("data-absent")
def test_an_object_that_is_not_there_is_not_found(card: Conversation) -> None:
    card.select("issuer")
    assert card.sw("00CA7FFF00") == "6A88"


@statement("data-in-the-issuer-domain-alone")
@pytest.mark.parametrize("application", ["jpki", "text", "card-face", "common", "resident-register"])
def test_an_application_does_not_tell_what_the_issuer_tells(card: Conversation, application: str) -> None:
    card.select(application)
    assert {card.sw(f"00CA{tag}00") for tag in ("0042", "0045", "00F0", "00F2", "00F7")} == {"6A88"}


@statement("data-large-by-short-le")
def test_a_short_le_does_not_bring_a_large_object(card: Conversation) -> None:
    card.select("issuer")
    assert card.sw("00CA00F800") == "6700"


@statement("data-large-by-extended-le")
def test_an_extended_le_brings_a_large_object(card: Conversation) -> None:
    card.select("issuer")
    assert len(card.data(INTERMEDIATE)) > 256

"""What the user-authentication key signs, and what it does not."""

from __future__ import annotations

import ipaddress
from hashlib import sha256
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mynacard.errors import UsageError
from mynacard.jpki.authentication import Authentication, check_nonce, check_origin, digest
from tests.support import Vector, id_of, vectors

TOKENS = vectors("webeid/token.json")
ORIGINS = vectors("webeid/origins.json")
NONCES = vectors("webeid/nonces.json")
ORIGIN, NONCE = TOKENS[0].text("origin"), TOKENS[0].text("nonce")


def nonce_of(vector: Vector) -> str:
    return "".join(cast(str, part) * cast(int, times) for part, times in vector.rows("nonce"))


@pytest.mark.parametrize("vector", TOKENS, ids=id_of)
def test_the_digest_is_that_of_other_implementations(vector: Vector) -> None:
    assert sha256(vector.text("origin").encode()).digest() == vector.data("origin_hash")
    assert sha256(vector.text("nonce").encode()).digest() == vector.data("nonce_hash")
    assert digest(vector.text("origin"), vector.text("nonce")) == vector.data("digest")


@pytest.mark.parametrize("vector", [v for v in ORIGINS if v.flag("good", False)], ids=id_of)
def test_an_origin_as_browsers_write_it_is_taken(vector: Vector) -> None:
    check_origin(vector.text("origin"))


@pytest.mark.parametrize("vector", [v for v in ORIGINS if not v.flag("good", False)], ids=id_of)
def test_another_origin_is_refused(vector: Vector) -> None:
    with pytest.raises(UsageError):
        check_origin(vector.text("origin"))
    with pytest.raises(UsageError):
        digest(vector.text("origin"), NONCE)


@pytest.mark.parametrize("vector", [v for v in NONCES if v.flag("good", False)], ids=id_of)
def test_a_nonce_in_base64_is_taken(vector: Vector) -> None:
    check_nonce(nonce_of(vector))


@pytest.mark.parametrize("vector", [v for v in NONCES if not v.flag("good", False)], ids=id_of)
def test_another_nonce_is_refused(vector: Vector) -> None:
    with pytest.raises(UsageError):
        check_nonce(nonce_of(vector))
    with pytest.raises(UsageError):
        digest(ORIGIN, nonce_of(vector))


def test_an_origin_has_at_most_255_characters() -> None:
    label = "a" * 61
    longest = f"https://{label}.{label}.{label}.{'a' * 61}"
    assert len(longest) == 255
    check_origin(longest)
    with pytest.raises(UsageError):
        check_origin(longest + "a")


def test_an_endless_origin_is_not_quoted_whole() -> None:
    with pytest.raises(UsageError) as caught:
        check_origin("https://" + "a" * 1_000_000)
    assert len(str(caught.value)) < 1000


def test_a_refusal_cannot_write_on_the_terminal() -> None:
    with pytest.raises(UsageError) as caught:
        check_origin("https://\x1b[2J\r\u202e{origin}")
    assert str(caught.value).isprintable()


@given(st.ip_addresses(v=6))
def test_an_ipv6_address_is_taken_in_its_shortest_form_alone(address: ipaddress.IPv6Address) -> None:
    if address.ipv4_mapped is None:
        check_origin(f"https://[{address.compressed}]")
    if address.exploded != address.compressed:
        with pytest.raises(UsageError):
            check_origin(f"https://[{address.exploded}]")


@given(st.text(max_size=300))
def test_any_text_is_an_origin_or_a_usage_error(text: str) -> None:
    for origin in (text, f"https://{text}"):
        try:
            check_origin(origin)
        except UsageError:
            continue
        assert origin.isascii()
        assert origin == origin.lower()


@given(st.text(max_size=140))
def test_any_text_is_a_nonce_or_a_usage_error(text: str) -> None:
    try:
        check_nonce(text)
    except UsageError:
        return
    assert text.isascii()


def test_an_answer_does_not_print_the_certificate() -> None:
    answer = Authentication(ORIGIN, NONCE, b"certificate", b"signature")
    assert answer.algorithm == "RS256"
    assert "certificate'" not in repr(answer)

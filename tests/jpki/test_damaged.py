"""A held certificate with one bit changed: what shows by itself, what by the card's signature, what by the CA's key."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import pytest
from cryptography.x509 import Certificate, load_der_x509_certificate

from mynacard.apdu import tlv
from mynacard.jpki import DIGITAL_SIGNATURE, KEY_PAIRS, USER_AUTHENTICATION, JpkiSession, KeyPair, undamaged
from mynacard.jpki.held import key_in, usable
from tests.extent import all_or_some
from tests.jpki.cards import (
    ca_certificate_of,
    card_with,
    certificate_of,
    counted,
    is_read,
    is_sign,
    pin,
    public_key_of,
)

PAIRS: Final = pytest.mark.parametrize("pair", KEY_PAIRS, ids=lambda pair: pair.name)
FIELDS: Final = (
    "head", "version", "serial number", "algorithm", "issuer", "validity", "subject", "key", "extensions",
    "algorithm of the signature", "signature",
)  # fmt: skip
"""The fields of a certificate in their order (RFC 5280 §4.1)."""
UNNOTICED: Final = set(FIELDS) - {"head", "version", "key"}
"""Where a changed bit may leave a certificate that can be read and fits the card's key: docs/library.md names them."""


def ca_of(pair: KeyPair) -> Certificate:
    return load_der_x509_certificate(ca_certificate_of(pair))


def changed(pair: KeyPair, bit: int) -> bytes:
    content = bytearray(certificate_of(pair))
    content[bit // 8] ^= 1 << bit % 8
    return bytes(content)


def bits(pair: KeyPair) -> Sequence[int]:
    return range(8 * len(certificate_of(pair)))


def ends(pair: KeyPair) -> list[int]:
    """Where each of FIELDS ends."""
    to_be_signed, *rest = tlv.parse(certificate_of(pair)).children()
    places = [len(certificate_of(pair)) - sum(len(bytes(part)) for part in (*to_be_signed.children(), *rest))]
    for part in (*to_be_signed.children(), *rest):
        places.append(places[-1] + len(bytes(part)))
    return places


def field_of(pair: KeyPair, bit: int) -> str:
    return next(name for name, end in zip(FIELDS, ends(pair), strict=True) if bit // 8 < end)


def unnoticed(pair: KeyPair, some: Iterator[int]) -> Iterator[int]:
    """Those of *some* bits whose change neither the certificate itself nor the card's signature shows."""
    for bit in some:
        for der in usable({pair: changed(pair, bit)}).values():
            if key_in(der, pair).public_numbers() == public_key_of(pair).public_numbers():
                yield bit


@PAIRS
@pytest.mark.exhaustive
def test_no_changed_bit_passes_under_the_key_of_the_ca(pair: KeyPair) -> None:
    issuers = [ca_of(pair)]
    for bit in all_or_some(bits(pair), 1500):
        assert undamaged({pair: changed(pair, bit)}, issuers) == {}, (bit, field_of(pair, bit))


@PAIRS
@pytest.mark.exhaustive
def test_without_it_only_these_fields_may_be_damaged_unnoticed(pair: KeyPair) -> None:
    assert {field_of(pair, bit) for bit in unnoticed(pair, all_or_some(bits(pair), 1500))} == UNNOTICED


@PAIRS
def test_a_whole_one_is_kept_under_the_key_of_its_ca_and_no_other(pair: KeyPair) -> None:
    held = {pair: certificate_of(pair)}
    other = ca_of(USER_AUTHENTICATION if pair is DIGITAL_SIGNATURE else DIGITAL_SIGNATURE)
    assert undamaged(held, [other, ca_of(pair)]) == held
    assert undamaged(held, [other]) == {}
    assert undamaged(held, []) == {}


@PAIRS
@pytest.mark.parametrize("field", sorted(UNNOTICED))
def test_a_card_signs_under_its_own_certificate_where_the_ca_shows_the_held_one_damaged(
    pair: KeyPair, field: str
) -> None:
    end = ends(pair)[FIELDS.index(field)]
    bit = next(unnoticed(pair, reversed(range(8 * end))))
    card = counted(card_with())
    session = JpkiSession(card, certificates=undamaged({pair: changed(pair, bit)}, [ca_of(pair)]))
    session.verify(pair, pin(pair))
    if pair is DIGITAL_SIGNATURE:
        session.sign(b"a document")
    else:
        session.authenticate("https://example.jp", "n" * 44)
    assert session.certificate_der(pair) == certificate_of(pair)
    assert (sum(map(is_sign, card.sent)), any(map(is_read, card.sent))) == (1, True)

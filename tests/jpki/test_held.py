"""Certificates that the caller holds: served best where they fit, and never beside a signature where they do not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import cache

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import CertificateBuilder, Name, NameAttribute, load_der_x509_certificate
from cryptography.x509.oid import NameOID

from mynacard import errors
from mynacard.apdu import CardProfile, Channel
from mynacard.hashes import HashAlgorithm, digest_info
from mynacard.jpki import DIGITAL_SIGNATURE, KEY_PAIRS, USER_AUTHENTICATION, JpkiSession, KeyPair
from mynacard.jpki.session import again_if_held
from tests.jpki.cards import (
    DONE,
    NONCE,
    ORIGIN,
    around,
    card_with,
    certificate_of,
    counted,
    held,
    is_read,
    is_sign,
    pin,
    private_key_of,
    public_key_of,
    tries,
)
from tests.support import Answer, CardThat

PAIRS = pytest.mark.parametrize("pair", KEY_PAIRS, ids=lambda pair: pair.name)
DOCUMENT = b"a document"
INFO = digest_info(HashAlgorithm.SHA256, HashAlgorithm.SHA256.digest(DOCUMENT))


@cache
def other_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def of_another_key(pair: KeyPair, subject: Name | None = None, later: timedelta = timedelta()) -> bytes:
    """A certificate with the same names as the card's: of the holder's former key, or of another card."""
    old = load_der_x509_certificate(certificate_of(pair))
    start, end = old.not_valid_before_utc + later, old.not_valid_after_utc + later
    builder = CertificateBuilder(old.issuer, subject or old.subject, other_key().public_key(), 7, start, end)
    return builder.sign(private_key_of(pair), hashes.SHA256()).public_bytes(Encoding.DER)


def of_another_holder(pair: KeyPair) -> bytes:
    return of_another_key(pair, Name([NameAttribute(NameOID.COMMON_NAME, "ANOTHER HOLDER")]))


def renewed(pair: KeyPair) -> bytes:
    return of_another_key(pair, later=timedelta(days=5 * 365))


def changed_in_its_key(pair: KeyPair) -> bytes:
    whole = certificate_of(pair)
    modulus = public_key_of(pair).public_numbers().n.to_bytes(256, "big")
    assert whole.count(modulus) == 1
    return whole.replace(modulus, modulus[:-1] + bytes((modulus[-1] ^ 2,)))


def of_the_other_pair(pair: KeyPair) -> bytes:
    return certificate_of(USER_AUTHENTICATION if pair is DIGITAL_SIGNATURE else DIGITAL_SIGNATURE)


WELL_FORMED: dict[str, Callable[[KeyPair], bytes]] = {
    "of-another-card": of_another_key,
    "of-another-holder": of_another_holder,
    "renewed": renewed,
    "of-the-other-pair": of_the_other_pair,
    "changed-in-its-key": changed_in_its_key,
}
DAMAGED: dict[str, Callable[[KeyPair], bytes]] = {
    "empty": lambda pair: b"",
    "text": lambda pair: b"a certificate",
    "cut-off": lambda pair: certificate_of(pair)[:-1],
    "with-filler": lambda pair: certificate_of(pair).ljust(2048, b"\xff"),
    "a-wrong-length": lambda pair: b"\x30\x82\xff\xff" + certificate_of(pair)[4:],
}


def sign_with(session: JpkiSession, pair: KeyPair) -> bytes:
    if pair is DIGITAL_SIGNATURE:
        return session.sign(DOCUMENT)
    answer = session.authenticate(ORIGIN, NONCE)
    assert answer.certificate_der == certificate_of(pair)
    return answer.signature


def verified(card: CardThat, pair: KeyPair, certificate_der: bytes) -> JpkiSession:
    session = JpkiSession(Channel(card), certificates={pair: certificate_der})
    session.verify(pair, pin(pair))
    return session


@PAIRS
def test_a_certificate_that_fits_costs_5_apdus_and_266_bytes_log_out_included(pair: KeyPair) -> None:
    inner = card_with()
    received: list[int] = []

    def answer(command: bytes, ask: Callable[[bytes], bytes]) -> Answer:
        response = ask(command)
        received.append(len(response))
        return response

    session = verified(around(inner, answer), pair, certificate_of(pair))
    assert len(sign_with(session, pair)) == 256
    session.log_out()
    assert (len(received), sum(received)) == (5, 266)


@PAIRS
@pytest.mark.parametrize("kind", WELL_FORMED)
def test_one_that_does_not_fit_is_replaced_and_the_signature_made_again_without_a_second_verify(
    pair: KeyPair, kind: str
) -> None:
    card = counted(inner := card_with())
    session = verified(card, pair, WELL_FORMED[kind](pair))
    assert not any(map(is_read, card.sent))
    made = sign_with(session, pair)
    assert session.certificate_der(pair) == certificate_of(pair)
    assert made == sign_with(given_none(pair), pair)
    assert sum(map(is_sign, card.sent)) == 2
    assert len(card.verifies) == 1
    assert tries(inner) == (3, 5)


def given_none(pair: KeyPair) -> JpkiSession:
    """A session that was given no certificate: RSASSA-PKCS1-v1_5 makes the same signature there."""
    session = JpkiSession(card_with())
    session.verify(pair, pin(pair))
    return session


@PAIRS
@pytest.mark.parametrize("kind", DAMAGED)
def test_a_damaged_one_is_not_used_and_the_signature_made_once(pair: KeyPair, kind: str) -> None:
    card = counted(card_with())
    session = verified(card, pair, DAMAGED[kind](pair))
    assert sign_with(session, pair) == sign_with(given_none(pair), pair)
    assert session.certificate_der(pair) == certificate_of(pair)
    assert sum(map(is_sign, card.sent)) == 1


@PAIRS
def test_what_may_name_the_certificate_is_not_signed_again_by_itself(pair: KeyPair) -> None:
    """A digest does not tell what it is of: signed attributes may name the certificate that was held."""
    card = counted(card_with())
    session = verified(card, pair, of_another_key(pair))
    sign = (
        session.sign_digest_info if pair is DIGITAL_SIGNATURE else session.unsafe_sign_with_user_authentication_key
    )  # fmt: skip
    with pytest.raises(errors.HeldCertificateError, match=f"The {pair.name} certificate that was passed in is not"):
        sign(INFO)
    assert sum(map(is_sign, card.sent)) == 1
    public_key_of(pair).verify(sign(INFO), DOCUMENT, padding.PKCS1v15(), hashes.SHA256())
    assert session.certificate_der(pair) == certificate_of(pair)


@pytest.mark.parametrize(
    "scheme", [padding.PKCS1v15(), padding.PSS(padding.MGF1(hashes.SHA256()), 32)], ids=["pkcs1", "pss"]
)
def test_a_private_key_makes_no_signature_but_those_of_its_public_key(scheme: padding.AsymmetricPadding) -> None:
    session = verified(counted(card_with()), DIGITAL_SIGNATURE, of_another_key(DIGITAL_SIGNATURE))
    old = session.private_key()
    with pytest.raises(errors.HeldCertificateError):
        old.sign(DOCUMENT, scheme, hashes.SHA256())
    with pytest.raises(errors.SignatureMismatchError):
        old.sign(DOCUMENT, scheme, hashes.SHA256())
    own = session.private_key()
    own.public_key().verify(own.sign(DOCUMENT, scheme, hashes.SHA256()), DOCUMENT, scheme, hashes.SHA256())
    assert own.public_key() == public_key_of(DIGITAL_SIGNATURE)


@PAIRS
def test_a_card_that_signs_wrongly_is_found_out_under_its_own_certificate(pair: KeyPair) -> None:
    def answer(command: bytes, ask: Callable[[bytes], bytes]) -> Answer:
        return bytes(256) + DONE if is_sign(command) else ask(command)

    card = around(card_with(), answer)
    session = verified(card, pair, certificate_of(pair))
    with pytest.raises(errors.SignatureMismatchError) as caught:
        sign_with(session, pair)
    assert type(caught.value) is errors.SignatureMismatchError
    assert sum(map(is_sign, card.sent)) == 2


@PAIRS
def test_a_card_that_leaves_before_the_second_signature_is_gone(pair: KeyPair) -> None:
    signatures: list[bytes] = []

    def answer(command: bytes, ask: Callable[[bytes], bytes]) -> Answer:
        signatures.extend([command] if is_sign(command) else [])
        return errors.CardRemovedError("Gone.") if is_read(command) and signatures else ask(command)

    session = verified(around(card_with(), answer), pair, of_another_key(pair))
    with pytest.raises(errors.CardRemovedError):
        sign_with(session, pair)
    assert len(signatures) == 1


def test_a_certificate_that_fitted_once_is_held_no_longer_but_known() -> None:
    """From then on a signature that does not fit is the card's fault."""
    wrong: list[bool] = []

    def answer(command: bytes, ask: Callable[[bytes], bytes]) -> Answer:
        return bytes(256) + DONE if is_sign(command) and wrong else ask(command)

    card = around(card_with(), answer)
    session = verified(card, DIGITAL_SIGNATURE, certificate_of(DIGITAL_SIGNATURE))
    session.sign(DOCUMENT)
    wrong.append(True)
    with pytest.raises(errors.SignatureMismatchError) as caught:
        session.sign(DOCUMENT)
    assert type(caught.value) is errors.SignatureMismatchError
    assert not any(map(is_read, card.sent))


def test_the_certificate_that_replaces_it_is_read_by_what_passed_before_the_pin() -> None:
    card = counted(card_with())
    session = verified(card, DIGITAL_SIGNATURE, of_another_key(DIGITAL_SIGNATURE))
    session.sign(DOCUMENT)
    assert [len(command) for command in card.sent if is_read(command)] == [5] * 6
    known = counted(card_with())
    session = JpkiSession(
        Channel(known, CardProfile(extended_length=True)),
        certificates={DIGITAL_SIGNATURE: of_another_key(DIGITAL_SIGNATURE)},
    )
    session.verify(DIGITAL_SIGNATURE, pin(DIGITAL_SIGNATURE))
    session.sign(DOCUMENT)
    assert [len(command) for command in known.sent if is_read(command)] == [7, 7]


def test_only_a_dropped_certificate_is_a_reason_to_do_it_again() -> None:
    calls: list[int] = []

    def make() -> None:
        calls.append(1)
        raise errors.SignatureMismatchError("Not a signature.")

    with pytest.raises(errors.SignatureMismatchError):
        again_if_held(make)
    assert len(calls) == 1


def test_what_is_held_is_checked_for_its_type() -> None:
    with pytest.raises(errors.UsageError):
        JpkiSession(card_with(), certificates={DIGITAL_SIGNATURE: "PEM"})  # type: ignore[dict-item]  # the mistake


def test_held_certificates_of_both_pairs_are_not_read() -> None:
    card = counted(card_with())
    session = JpkiSession(card, certificates=held())
    for pair in KEY_PAIRS:
        session.verify(pair, pin(pair))
        sign_with(session, pair)
    assert not any(map(is_read, card.sent))

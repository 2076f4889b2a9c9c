"""The private key on the card, wherever `cryptography` takes one; and what it refuses, before a byte is sent."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable

import pytest
from asn1crypto import cms
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.padding import AsymmetricPadding
from cryptography.hazmat.primitives.asymmetric.utils import NoDigestInfo, Prehashed
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs7
from cryptography.x509.oid import NameOID

from mynacard import errors
from mynacard.jpki import DIGITAL_SIGNATURE, CardPrivateKey, JpkiSession
from tests.jpki.cards import card_with, certificate_of, counted, is_sign, public_key_of
from tests.support import CardThat
from tests.test_meaning import SIGNED_ATTRIBUTES

DOCUMENT = b"a document"
SHA256 = hashes.SHA256()
PKCS1 = padding.PKCS1v15()


def pss(salt_length: object, mgf_hash: hashes.HashAlgorithm = SHA256) -> padding.PSS:
    return padding.PSS(padding.MGF1(mgf_hash), salt_length)  # type: ignore[arg-type]


@pytest.fixture
def card() -> CardThat:
    return counted(card_with())


@pytest.fixture
def key(card: CardThat) -> CardPrivateKey:
    session = JpkiSession(card)
    session.verify(DIGITAL_SIGNATURE, "ABC123")
    made = session.private_key()
    card.sent.clear()
    return made


def digest(algorithm: hashes.HashAlgorithm) -> bytes:
    hashing = hashes.Hash(algorithm)
    hashing.update(DOCUMENT)
    return hashing.finalize()


# --- what it signs -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", [hashes.SHA256(), hashes.SHA384(), hashes.SHA512()], ids=lambda hash_: hash_.name)
@pytest.mark.parametrize("prehashed", [False, True], ids=["data", "prehashed"])
def test_pkcs1_with_sha_2_is_signed_by_the_card_in_one_apdu(
    key: CardPrivateKey, card: CardThat, algorithm: hashes.HashAlgorithm, prehashed: bool
) -> None:
    data, how = (digest(algorithm), Prehashed(algorithm)) if prehashed else (DOCUMENT, algorithm)
    made = key.sign(data, PKCS1, how)
    key.public_key().verify(made, DOCUMENT, PKCS1, algorithm)
    assert [is_sign(command) for command in card.sent] == [True]


@pytest.mark.parametrize("salt_length", [32, padding.PSS.DIGEST_LENGTH], ids=["32", "digest-length"])
@pytest.mark.parametrize("prehashed", [False, True], ids=["data", "prehashed"])
def test_pss_with_a_salt_of_32_bytes_is_signed_by_the_card_in_one_apdu(
    key: CardPrivateKey, card: CardThat, salt_length: object, prehashed: bool
) -> None:
    data, how = (digest(SHA256), Prehashed(SHA256)) if prehashed else (DOCUMENT, SHA256)
    made = key.sign(data, pss(salt_length), how)
    key.public_key().verify(made, DOCUMENT, pss(32), SHA256)
    with pytest.raises(InvalidSignature):
        key.public_key().verify(made, DOCUMENT, pss(20), SHA256)
    assert [is_sign(command) for command in card.sent] == [True]


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_data_may_be_any_kind_of_bytes(key: CardPrivateKey, kind: Callable[[bytes], bytes]) -> None:
    key.public_key().verify(key.sign(kind(DOCUMENT), PKCS1, SHA256), DOCUMENT, PKCS1, SHA256)
    prehashed = key.sign(kind(digest(SHA256)), pss(32), Prehashed(SHA256))
    key.public_key().verify(prehashed, DOCUMENT, pss(32), SHA256)


def test_it_knows_its_public_half(key: CardPrivateKey, card: CardThat) -> None:
    assert isinstance(key, rsa.RSAPrivateKey)
    assert key.key_size == 2048
    assert key.public_key().public_numbers() == public_key_of(DIGITAL_SIGNATURE).public_numbers()
    assert card.sent == []


# --- where it goes -----------------------------------------------------------------------------------------


def test_a_certificate_signing_request_takes_one_signature(key: CardPrivateKey, card: CardThat) -> None:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "MIHON")])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, SHA256)
    assert request.is_signature_valid
    assert [is_sign(command) for command in card.sent] == [True]


def test_a_certificate_signing_request_with_pss_takes_one_signature(key: CardPrivateKey, card: CardThat) -> None:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "MIHON")])
    builder = x509.CertificateSigningRequestBuilder().subject_name(name)
    request = builder.sign(key, SHA256, rsa_padding=pss(32))
    assert request.is_signature_valid
    assert [is_sign(command) for command in card.sent] == [True]


@pytest.mark.parametrize("algorithm", [hashes.SHA256(), hashes.SHA512()], ids=lambda hash_: hash_.name)
def test_a_pkcs7_message_takes_one_signature(
    key: CardPrivateKey, card: CardThat, algorithm: hashes.SHA256 | hashes.SHA512
) -> None:
    certificate = x509.load_der_x509_certificate(certificate_of(DIGITAL_SIGNATURE))
    own = key.for_signed_attributes()
    builder = pkcs7.PKCS7SignatureBuilder().set_data(DOCUMENT).add_signer(certificate, own, algorithm)
    message = builder.sign(Encoding.DER, [pkcs7.PKCS7Options.Binary])
    signed = cms.ContentInfo.load(message)["content"]
    (signer,) = signed["signer_infos"]
    attributes = signer["signed_attrs"].untag().dump()
    key.public_key().verify(signer["signature"].native, attributes, PKCS1, algorithm)
    found = {attribute["type"].native: attribute["values"][0].native for attribute in signer["signed_attrs"]}
    assert found["message_digest"] == digest(algorithm)
    assert [is_sign(command) for command in card.sent] == [True]


def test_a_certificate_builder_takes_one_signature(key: CardPrivateKey, card: CardThat) -> None:
    old = x509.load_der_x509_certificate(certificate_of(DIGITAL_SIGNATURE))
    builder = x509.CertificateBuilder(
        old.subject, old.subject, key.public_key(), 1, old.not_valid_before_utc, old.not_valid_after_utc
    )
    made = builder.sign(key, SHA256)
    made.verify_directly_issued_by(made)
    assert [is_sign(command) for command in card.sent] == [True]


# --- what it refuses -----------------------------------------------------------------------------------------


class Strange(AsymmetricPadding):
    name = "strange"


REFUSED: dict[str, Callable[[CardPrivateKey], object]] = {
    "sha-1": lambda key: key.sign(DOCUMENT, PKCS1, hashes.SHA1()),
    "sha-224": lambda key: key.sign(DOCUMENT, PKCS1, hashes.SHA224()),
    "sha-512-256": lambda key: key.sign(DOCUMENT, PKCS1, hashes.SHA512_256()),
    "sha3-256": lambda key: key.sign(DOCUMENT, PKCS1, hashes.SHA3_256()),
    "md5": lambda key: key.sign(DOCUMENT, PKCS1, hashes.MD5()),
    "prehashed-sha-1": lambda key: key.sign(bytes(20), PKCS1, Prehashed(hashes.SHA1())),
    "prehashed-short": lambda key: key.sign(bytes(31), PKCS1, Prehashed(SHA256)),
    "prehashed-long": lambda key: key.sign(bytes(33), PKCS1, Prehashed(SHA256)),
    "prehashed-other": lambda key: key.sign(bytes(32), PKCS1, Prehashed(hashes.SHA512())),
    "prehashed-empty-pss": lambda key: key.sign(b"", pss(32), Prehashed(SHA256)),
    "no-digest-info": lambda key: key.sign(bytes(32), PKCS1, NoDigestInfo()),
    "no-hash": lambda key: key.sign(bytes(32), PKCS1, None),  # type: ignore[arg-type]
    "pss-salt-0": lambda key: key.sign(DOCUMENT, pss(0), SHA256),
    "pss-salt-20": lambda key: key.sign(DOCUMENT, pss(20), SHA256),
    "pss-salt-33": lambda key: key.sign(DOCUMENT, pss(33), SHA256),
    "pss-salt-max": lambda key: key.sign(DOCUMENT, pss(padding.PSS.MAX_LENGTH), SHA256),
    "pss-salt-auto": lambda key: key.sign(DOCUMENT, pss(padding.PSS.AUTO), SHA256),
    "pss-sha-384": lambda key: key.sign(DOCUMENT, pss(padding.PSS.DIGEST_LENGTH, hashes.SHA384()), hashes.SHA384()),
    "pss-sha-512-salt-32": lambda key: key.sign(DOCUMENT, pss(32, hashes.SHA512()), hashes.SHA512()),
    "pss-mgf-sha-1": lambda key: key.sign(DOCUMENT, pss(32, hashes.SHA1()), SHA256),
    "pss-mgf-sha-512": lambda key: key.sign(DOCUMENT, pss(32, hashes.SHA512()), SHA256),
    "oaep": lambda key: key.sign(DOCUMENT, padding.OAEP(padding.MGF1(SHA256), SHA256, None), SHA256),
    "another-padding": lambda key: key.sign(DOCUMENT, Strange(), SHA256),
    "no-padding": lambda key: key.sign(DOCUMENT, None, SHA256),  # type: ignore[arg-type]
    "decrypt-oaep": lambda key: key.decrypt(bytes(256), padding.OAEP(padding.MGF1(SHA256), SHA256, None)),
    "decrypt-pkcs1": lambda key: key.decrypt(bytes(256), PKCS1),
    "private-numbers": lambda key: key.private_numbers(),
    "private-bytes": lambda key: key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),
    "private-bytes-encrypted": lambda key: key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"x")
    ),
}


# --- one signature, one meaning ------------------------------------------------------------------------------


@pytest.mark.parametrize("padding_", [PKCS1, pss(32)], ids=["pkcs1", "pss"])
@pytest.mark.parametrize("data", SIGNED_ATTRIBUTES, ids=len)
def test_signed_attributes_are_not_signed_as_data(
    key: CardPrivateKey, card: CardThat, data: bytes, padding_: AsymmetricPadding
) -> None:
    for kind in (bytes, bytearray, memoryview):
        with pytest.raises(errors.UsageError, match=r"for_signed_attributes\(\)"):
            key.sign(kind(data), padding_, SHA256)
    assert card.sent == []


@pytest.mark.parametrize("padding_", [PKCS1, pss(32)], ids=["pkcs1", "pss"])
@pytest.mark.parametrize("data", SIGNED_ATTRIBUTES, ids=len)
def test_the_form_of_the_key_for_signed_attributes_signs_them(
    key: CardPrivateKey, card: CardThat, data: bytes, padding_: AsymmetricPadding
) -> None:
    made = key.for_signed_attributes().sign(data, padding_, SHA256)
    key.public_key().verify(made, data, padding_, SHA256)
    assert [is_sign(command) for command in card.sent] == [True]


def test_the_form_of_the_key_for_signed_attributes_signs_no_other_data(key: CardPrivateKey, card: CardThat) -> None:
    own = key.for_signed_attributes()
    for data in (DOCUMENT, b"", SIGNED_ATTRIBUTES[0] + b"x", certificate_of(DIGITAL_SIGNATURE)):
        with pytest.raises(errors.UsageError, match="only the signed attributes"):
            own.sign(data, PKCS1, SHA256)
    assert card.sent == []
    assert own.public_key() is key.public_key()
    assert copy.copy(own) is own


def test_of_a_digest_neither_form_of_the_key_can_tell(key: CardPrivateKey) -> None:
    for form in (key, key.for_signed_attributes()):
        assert form.sign(digest(SHA256), PKCS1, Prehashed(SHA256)) == key.sign(DOCUMENT, PKCS1, SHA256)


@pytest.mark.parametrize("what", REFUSED)
def test_what_the_key_does_not_offer_never_reaches_the_card(key: CardPrivateKey, card: CardThat, what: str) -> None:
    with pytest.raises(errors.UnsupportedAlgorithmError):
        REFUSED[what](key)
    assert card.sent == []


def test_a_copy_is_the_same_key_and_there_is_no_pickle(key: CardPrivateKey, card: CardThat) -> None:
    assert copy.copy(key) is key
    assert copy.deepcopy(key) is key
    with pytest.raises(Exception, match="pickle"):
        pickle.dumps(key)
    assert card.sent == []


def test_without_the_password_there_is_no_signature(card: CardThat) -> None:
    session = JpkiSession(card, certificates={DIGITAL_SIGNATURE: certificate_of(DIGITAL_SIGNATURE)})
    with pytest.raises(errors.SecurityStatusNotSatisfied):
        session.private_key().sign(DOCUMENT, PKCS1, SHA256)


def test_the_key_ends_with_its_session(card: CardThat) -> None:
    session = JpkiSession(card)
    session.verify(DIGITAL_SIGNATURE, "ABC123")
    key = session.private_key()
    session.log_out()
    sent = len(card.sent)
    for how in (PKCS1, pss(32)):
        with pytest.raises(errors.SessionEndedError):
            key.sign(DOCUMENT, how, SHA256)
    assert len(card.sent) == sent

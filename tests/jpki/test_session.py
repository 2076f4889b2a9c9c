"""A whole session: with a card that behaves, with one that does not, and with one that leaves in the middle."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import cast

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import CertificateBuilder, load_der_x509_certificate
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mynacard import errors
from mynacard.apdu import Blocked, CardProfile, Channel, TriesLeft
from mynacard.apdu.commands import ISSUER_SECURITY_DOMAIN
from mynacard.hashes import digest_info
from mynacard.jpki import (
    DIGITAL_SIGNATURE,
    KEY_PAIRS,
    USER_AUTHENTICATION,
    HashAlgorithm,
    JpkiSession,
    KeyPair,
    Medium,
    authentication,
)
from mynacard.pin import Pin
from mynacard.simulator import Personality, Traits
from tests.extent import examples
from tests.jpki.cards import (
    DONE,
    LONG,
    NONCE,
    ORIGIN,
    SHORT,
    around,
    card_with,
    certificate_of,
    counted,
    held,
    is_extended,
    is_read,
    is_select_df,
    is_sign,
    is_verify,
    material,
    pin,
    private_key_of,
    public_key_of,
    tries,
)
from tests.support import CANARY, Answer, CardThat, leaks
from tests.test_meaning import SIGNED_ATTRIBUTES

PAIRS = pytest.mark.parametrize("pair", KEY_PAIRS, ids=lambda pair: pair.name)
HASHES = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}
INFO = digest_info(HashAlgorithm.SHA256, b"\x5a" * 32)
DOCUMENT = b"a document"

Ask = Callable[[bytes], bytes]


def sign_with(session: JpkiSession, pair: KeyPair) -> bytes:
    if pair is DIGITAL_SIGNATURE:
        return session.sign(DOCUMENT)
    return session.authenticate(ORIGIN, NONCE).signature


# --- a card that behaves ---------------------------------------------------------------------------------


@pytest.mark.parametrize("traits", [Traits(), SHORT], ids=["extended", "short"])
def test_a_whole_session(traits: Traits) -> None:
    card = card_with(traits=traits)
    session = JpkiSession(card)
    assert session.token_info().medium is Medium.CARD
    assert session.certificates_present().digital_signature
    for pair in KEY_PAIRS:
        assert session.pin_status(pair) == TriesLeft(pair.pin.tries)
        session.verify(pair, pin(pair))
        assert session.certificate_der(pair) == certificate_of(pair)
        load_der_x509_certificate(session.certificate_der(pair)).verify_directly_issued_by(
            load_der_x509_certificate(session.ca_certificate_der(pair))
        )
        assert len(sign_with(session, pair)) == 256
    session.log_out()
    assert card.state.verified == frozenset()


@pytest.mark.parametrize("hash_", HashAlgorithm)
def test_a_signature_is_one_for_any_program(hash_: HashAlgorithm) -> None:
    session = JpkiSession(card_with())
    session.verify(DIGITAL_SIGNATURE, "ABC123")
    made = session.sign(DOCUMENT, hash_)
    public_key_of(DIGITAL_SIGNATURE).verify(made, DOCUMENT, padding.PKCS1v15(), HASHES[hash_.value])
    info = digest_info(hash_, hash_.digest(DOCUMENT))
    assert session.sign_digest_info(info) == made


@pytest.mark.parametrize("data", SIGNED_ATTRIBUTES, ids=len)
def test_signed_attributes_never_reach_the_card_as_data(data: bytes) -> None:
    card = counted(card_with())
    session = JpkiSession(card)
    session.verify(DIGITAL_SIGNATURE, "ABC123")
    sent = len(card.sent)
    for call in (session.sign, lambda data: session.private_key().sign(data, padding.PKCS1v15(), HASHES["sha256"])):
        with pytest.raises(errors.UsageError, match="of another file, too"):
            call(data)
    assert not any(is_sign(command) for command in card.sent[sent:])


def test_an_authentication_is_one_for_any_program() -> None:
    session = JpkiSession(card_with())
    session.verify(USER_AUTHENTICATION, "1234")
    made = session.authenticate(ORIGIN, NONCE)
    assert (made.origin, made.nonce, made.algorithm) == (ORIGIN, NONCE, "RS256")
    assert made.certificate_der == certificate_of(USER_AUTHENTICATION)
    key = public_key_of(USER_AUTHENTICATION)
    digest = authentication.digest(ORIGIN, NONCE)
    key.verify(made.signature, digest, padding.PKCS1v15(), Prehashed(hashes.SHA256()))
    assert made.signature.hex() not in repr(made)


def test_the_unsafe_signature_is_one_for_any_program() -> None:
    session = JpkiSession(card_with())
    session.verify(USER_AUTHENTICATION, "1234")
    made = session.unsafe_sign_with_user_authentication_key(INFO)
    public_key_of(USER_AUTHENTICATION).verify(made, INFO[-32:], padding.PKCS1v15(), Prehashed(hashes.SHA256()))


@pytest.mark.parametrize("given_pin", ["ABC123", Pin("ABC123"), Pin(b"ABC123")], ids=["text", "pin", "bytes"])
def test_a_password_is_taken_as_text_or_pin(given_pin: str | Pin) -> None:
    card = card_with()
    JpkiSession(card).verify(DIGITAL_SIGNATURE, given_pin)
    assert card.state.verified == {DIGITAL_SIGNATURE.pin.key}


def test_small_letters_cost_no_try_and_are_raised_on_request_alone() -> None:
    card = card_with()
    session = JpkiSession(card)
    with pytest.raises(errors.PinFormError):
        session.verify(DIGITAL_SIGNATURE, "abc123")
    assert tries(card) == (3, 5)
    session.verify(DIGITAL_SIGNATURE, "abc123", upper_case=True)


def test_a_blocked_pin_says_so_and_is_not_sent() -> None:
    inner = card_with()
    card = counted(inner)
    session = JpkiSession(card)
    for left in (2, 1):
        with pytest.raises(errors.PinIncorrect) as caught:
            session.verify(USER_AUTHENTICATION, CANARY)
        assert caught.value.tries_left == left
    with pytest.raises(errors.LastTryError):
        session.verify(USER_AUTHENTICATION, "1234")
    assert len(card.verifies) == 2
    with pytest.raises(errors.PinBlocked):
        session.verify(USER_AUTHENTICATION, CANARY, spend_last_try=True)
    assert isinstance(session.pin_status(USER_AUTHENTICATION), Blocked)
    with pytest.raises(errors.PinBlocked):
        session.verify(USER_AUTHENTICATION, "1234", spend_last_try=True)
    assert len(card.verifies) == 3


def test_a_key_without_its_pin_is_refused() -> None:
    session = JpkiSession(card_with(), certificates=held())
    for pair in KEY_PAIRS:
        with pytest.raises(errors.SecurityStatusNotSatisfied):
            sign_with(session, pair)


def test_the_signing_certificate_without_its_password_is_refused() -> None:
    session = JpkiSession(card_with())
    with pytest.raises(errors.SecurityStatusNotSatisfied):
        session.certificate_der(DIGITAL_SIGNATURE)
    session.verify(DIGITAL_SIGNATURE, "ABC123")
    assert session.certificate_der(DIGITAL_SIGNATURE)


def test_a_card_without_a_certificate_says_so() -> None:
    keys = dict(material())
    del keys[DIGITAL_SIGNATURE.name]
    session = JpkiSession(card_with(keys))
    assert not session.certificates_present().digital_signature
    session.verify(DIGITAL_SIGNATURE, "ABC123")
    for ask in (session.private_key, lambda: session.sign(DOCUMENT)):
        with pytest.raises(errors.CertificateAbsent, match="digital-signature"):
            ask()


@PAIRS
def test_a_certificate_without_its_key_is_as_good_as_absent(pair: KeyPair) -> None:
    def answer(command: bytes, ask: Ask) -> Answer:
        return "6A82" if is_sign(command) or command.endswith(pair.key.to_bytes(2, "big")) else ask(command)

    session = JpkiSession(around(card_with(), answer))
    session.require(pair)
    session.verify(pair, pin(pair))
    with pytest.raises(errors.CertificateAbsent, match=f"no usable {pair.name} certificate") as caught:
        session.sign(DOCUMENT) if pair is DIGITAL_SIGNATURE else session.authenticate(ORIGIN, NONCE)
    assert caught.value.certificate == pair.name


@PAIRS
def test_to_require_a_pair_spends_no_try_and_sends_no_pin(pair: KeyPair) -> None:
    card = counted(inner := card_with())
    JpkiSession(card).require(pair)
    assert len(card.sent) == (3 if pair.certificate_is_private else 4)
    assert card.verifies == []
    assert tries(inner) == (3, 5)


def test_a_card_without_the_application_says_so() -> None:
    with pytest.raises(errors.ApplicationNotFound):
        JpkiSession(CardThat(lambda _: "6A82"))


def test_a_phone_shows_its_authentication_certificate_after_the_pin() -> None:
    inner = card_with()

    def answer(command: bytes, ask: Ask) -> Answer:
        locked = is_read(command) and command[2] == 0x8A and 0x18 not in inner.state.verified
        return "6982" if locked else ask(command)

    session = JpkiSession(around(inner, answer))
    with pytest.raises(errors.SecurityStatusNotSatisfied):
        session.certificate_der(USER_AUTHENTICATION)
    session.verify(USER_AUTHENTICATION, "1234")
    assert sign_with(session, USER_AUTHENTICATION)


@pytest.mark.parametrize("personality", Personality)
@PAIRS
def test_a_login_does_not_survive_log_out(personality: Personality, pair: KeyPair) -> None:
    card = card_with(traits=Traits(personality))
    session = JpkiSession(card)
    session.verify(pair, pin(pair))
    session.log_out()
    with pytest.raises(errors.SecurityStatusNotSatisfied):
        sign_with(JpkiSession(card, certificates=held()), pair)


# --- the end of a session ----------------------------------------------------------------------------------

METHODS: dict[str, Callable[[JpkiSession], object]] = {
    "token-info": JpkiSession.token_info,
    "certificates-present": JpkiSession.certificates_present,
    "pin-status": lambda session: session.pin_status(USER_AUTHENTICATION),
    "certificate": lambda session: session.certificate_der(USER_AUTHENTICATION),
    "signing-certificate": lambda session: session.certificate_der(DIGITAL_SIGNATURE),
    "ca-certificate": lambda session: session.ca_certificate_der(DIGITAL_SIGNATURE),
    "require": lambda session: session.require(USER_AUTHENTICATION),
    "require_certificate": lambda session: session.require_certificate(USER_AUTHENTICATION),
    "verify": lambda session: session.verify(USER_AUTHENTICATION, CANARY),
    "verify-password": lambda session: session.verify(DIGITAL_SIGNATURE, CANARY * 2, spend_last_try=True),
    "change-pin": lambda session: session.change_pin(USER_AUTHENTICATION, CANARY, CANARY[::-1]),
    "change-password": lambda session: session.change_pin(DIGITAL_SIGNATURE, CANARY * 2, "NEW" + CANARY),
    "sign": lambda session: session.sign(DOCUMENT),
    "sign-digest-info": lambda session: session.sign_digest_info(INFO),
    "private-key": JpkiSession.private_key,
    "pss": lambda session: session.private_key().sign(
        DOCUMENT, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256()
    ),
    "authenticate": lambda session: session.authenticate(ORIGIN, NONCE),
    "unsafe": lambda session: session.unsafe_sign_with_user_authentication_key(INFO),
    "log-out": JpkiSession.log_out,
}


def test_every_method_is_called_here() -> None:
    public = {name for name, _ in inspect.getmembers(JpkiSession, inspect.isfunction) if not name.startswith("_")}
    called: set[str] = set()

    class Watching:
        def __getattr__(self, name: str) -> Callable[..., object]:
            called.add(name)
            return lambda *_, **__: Watching()

    for method in METHODS.values():
        name = getattr(method, "__name__", "")
        if name in public:
            called.add(name)
        else:
            method(cast(JpkiSession, Watching()))
    assert called - {"sign"} >= public - {"sign"}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("certificates", [{}, held], ids=["read", "held"])
def test_a_session_ends_when_anything_else_is_selected(
    method: str, certificates: dict[KeyPair, bytes] | Callable[[], dict[KeyPair, bytes]]
) -> None:
    card = counted(card_with())
    channel = Channel(card)
    session = JpkiSession(channel, certificates=certificates() if callable(certificates) else certificates)
    channel.select(ISSUER_SECURITY_DOMAIN, "card manager")
    sent = len(card.sent)
    with pytest.raises(errors.SessionEndedError):
        METHODS[method](session)
    assert len(card.sent) == sent


def test_a_session_ends_when_another_begins_on_its_channel() -> None:
    channel = Channel(card_with())
    first = JpkiSession(channel)
    second = JpkiSession(channel)
    with pytest.raises(errors.SessionEndedError):
        first.token_info()
    second.token_info()


def test_a_session_that_logged_out_has_ended() -> None:
    session = JpkiSession(card_with())
    session.log_out()
    with pytest.raises(errors.SessionEndedError):
        session.log_out()


def test_a_select_by_raw_bytes_ends_the_session_too() -> None:
    channel = Channel(card_with())
    session = JpkiSession(channel)
    channel.transmit(bytes.fromhex("00A40400 07 A0000001510000 00"))
    with pytest.raises(errors.SessionEndedError):
        session.token_info()


@PAIRS
def test_a_reset_between_verify_and_sign_is_a_refusal_and_no_second_verify(pair: KeyPair) -> None:
    inner = card_with()
    card = counted(inner)
    session = JpkiSession(card, certificates=held())
    session.verify(pair, pin(pair))
    inner.reset()
    with pytest.raises(errors.CardError):
        sign_with(session, pair)
    assert len(card.verifies) == 1


@PAIRS
def test_a_card_pulled_between_verify_and_sign_is_a_removed_card(pair: KeyPair) -> None:
    def answer(command: bytes, ask: Ask) -> Answer:
        return errors.CardRemovedError("The card left the reader.") if is_sign(command) else ask(command)

    card = around(card_with(), answer)
    session = JpkiSession(card)
    session.verify(pair, pin(pair))
    with pytest.raises(errors.CardRemovedError):
        sign_with(session, pair)
    assert len(card.verifies) == 1


@PAIRS
def test_a_card_pulled_within_verify_leaves_the_outcome_open_and_is_not_asked_again(pair: KeyPair) -> None:
    def answer(command: bytes, ask: Ask) -> Answer:
        return errors.CardRemovedError("The card left the reader.") if is_verify(command) else ask(command)

    card = around(card_with(), answer)
    session = JpkiSession(card)
    with pytest.raises(errors.VerificationOutcomeUnknownError) as caught:
        session.verify(pair, CANARY if pair is USER_AUTHENTICATION else CANARY * 2)
    assert len(card.verifies) == 1
    assert leaks(caught.value) == []


# --- signatures that are none ------------------------------------------------------------------------------


def other_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def flip(signature: bytes, at: int = 100) -> bytes:
    return signature[:at] + bytes((signature[at] ^ 1,)) + signature[at:][1:]


FORGERIES: dict[str, Callable[[KeyPair, bytes, bytes], bytes]] = {  # of the pair, the input, and the right signature
    "a-bit-wrong": lambda pair, data, right: flip(right),
    "last-bit-wrong": lambda pair, data, right: flip(right, -1),
    "first-bit-wrong": lambda pair, data, right: flip(right, 0),
    "by-another-key": lambda pair, data, right: other_key().sign(b"x", padding.PKCS1v15(), hashes.SHA256()),
    "of-something-else": lambda pair, data, right: private_key_of(pair).sign(b"x", padding.PKCS1v15(), hashes.SHA256()),
    "by-the-other-pair": lambda pair, data, right: private_key_of(
        USER_AUTHENTICATION if pair is DIGITAL_SIGNATURE else DIGITAL_SIGNATURE
    ).sign(DOCUMENT, padding.PKCS1v15(), hashes.SHA256()),
    "padded-otherwise": lambda pair, data, right: private_key_of(pair).sign(
        DOCUMENT, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256()
    ),
    "short": lambda pair, data, right: right[:-1],
    "empty": lambda pair, data, right: b"",
    "half": lambda pair, data, right: right[:128],
    "zeros": lambda pair, data, right: bytes(256),
    "ones": lambda pair, data, right: b"\xff" * 256,
    "the-input": lambda pair, data, right: data.rjust(256, b"\x00"),
}


@PAIRS
@pytest.mark.parametrize("forgery", FORGERIES)
def test_no_byte_of_a_wrong_signature_leaves_the_session(pair: KeyPair, forgery: str) -> None:
    made: list[bytes] = []

    def answer(command: bytes, ask: Ask) -> Answer:
        if not is_sign(command):
            return ask(command)
        made.append(FORGERIES[forgery](pair, command[5:-1], ask(command)[:-2]))
        return made[-1] + DONE

    session = JpkiSession(around(card_with(), answer))
    session.verify(pair, pin(pair))
    with pytest.raises(errors.SignatureMismatchError) as caught:
        sign_with(session, pair)
    said = str(caught.value) + repr(caught.value) + repr(vars(caught.value))
    assert not made[0] or (made[0].hex() not in said and repr(made[0]) not in said)


@pytest.mark.parametrize("forgery", FORGERIES)
def test_no_byte_of_a_wrong_pss_signature_leaves_the_session(forgery: str) -> None:
    def answer(command: bytes, ask: Ask) -> Answer:
        if not is_sign(command):
            return ask(command)
        return FORGERIES[forgery](DIGITAL_SIGNATURE, command[5:-1], ask(command)[:-2]) + DONE

    session = JpkiSession(around(card_with(), answer))
    session.verify(DIGITAL_SIGNATURE, "ABC123")
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    with pytest.raises(errors.SignatureMismatchError):
        session.private_key().sign(b"another document", pss, hashes.SHA256())


def test_a_signature_longer_than_asked_for_is_a_protocol_error() -> None:
    def answer(command: bytes, ask: Ask) -> Answer:
        return b"\x00" + ask(command) if is_sign(command) else ask(command)

    session = JpkiSession(around(card_with(), answer))
    session.verify(DIGITAL_SIGNATURE, "ABC123")
    with pytest.raises(errors.ProtocolError):
        session.sign(DOCUMENT)


@PAIRS
def test_a_swapped_certificate_is_noticed_before_a_signature_leaves(pair: KeyPair) -> None:
    """The holder's certificate of another card, which an attacker would like to see beside this signature."""
    other = USER_AUTHENTICATION if pair is DIGITAL_SIGNATURE else DIGITAL_SIGNATURE
    session = JpkiSession(with_certificate_in(pair, certificate_of(other)))
    session.verify(pair, pin(pair))
    with pytest.raises(errors.SignatureMismatchError):
        sign_with(session, pair)


# --- certificates that are none -----------------------------------------------------------------------------


def with_certificate(content: bytes, traits: Traits = LONG) -> CardThat:
    """A card whose authentication certificate's file holds *content*, and answers reads as cards do."""
    return with_certificate_in(USER_AUTHENTICATION, content, traits)


def with_certificate_in(pair: KeyPair, content: bytes, traits: Traits = LONG) -> CardThat:
    inner = card_with(traits=traits)

    def answer(command: bytes, ask: Ask) -> Answer:
        response = ask(command)
        if not is_read(command) or inner.state.ef != pair.certificate or len(response) == 2:
            return response
        offset = command[3] if command[2] & 0x80 else command[2] << 8 | command[3]
        ne = int.from_bytes(command[4:], "big") or (65536 if is_extended(command) else 256)
        return content[offset : offset + ne] + DONE if offset < len(content) else "6B00"

    return around(inner, answer)


def remade(public_key: CertificatePublicKeyTypes) -> bytes:
    old = load_der_x509_certificate(certificate_of(USER_AUTHENTICATION))
    builder = CertificateBuilder(
        old.issuer, old.subject, public_key, 1, old.not_valid_before_utc, old.not_valid_after_utc
    )
    return builder.sign(private_key_of(USER_AUTHENTICATION), hashes.SHA256()).public_bytes(Encoding.DER)


def damaged(what: bytes, by: bytes) -> bytes:
    whole = certificate_of(USER_AUTHENTICATION)
    assert what in whole
    return whole.replace(what, by)


CERTIFICATES: dict[str, Callable[[], bytes]] = {
    "empty": lambda: b"",
    "one-byte": lambda: b"\x30",
    "filler": lambda: b"\xff" * 2048,
    "zeros": lambda: bytes(2048),
    "cut-off": lambda: certificate_of(USER_AUTHENTICATION)[:-1],
    "cut-off-in-the-first-block": lambda: certificate_of(USER_AUTHENTICATION)[:200],
    "cut-off-after-a-block": lambda: certificate_of(USER_AUTHENTICATION)[:512],
    "four-gigabytes": lambda: bytes.fromhex("3084FFFFFFFF") + bytes(4000),
    "16-megabytes": lambda: bytes.fromhex("3083FFFFFF") + bytes(4000),
    "64-kilobytes": lambda: bytes.fromhex("3082FFFF") + bytes(4000),
    "a-length-and-nothing": lambda: bytes.fromhex("30821FFC"),
    "indefinite": lambda: bytes.fromhex("3080") + bytes(500) + bytes.fromhex("0000"),
    "no-certificate-inside": lambda: bytes.fromhex("30820400") + b"\x30" * 1024,
    "nested": lambda: bytes.fromhex("30820800") + bytes.fromhex("3080") * 1024,
    "elliptic-key": lambda: remade(ec.generate_private_key(ec.SECP256R1()).public_key()),
    "edwards-key": lambda: remade(ed25519.Ed25519PrivateKey.generate().public_key()),
    "longer-key": lambda: remade(rsa.generate_private_key(65537, 3072).public_key()),
    "shorter-key": lambda: remade(rsa.generate_private_key(65537, 1024).public_key()),
    "unknown-key": lambda: damaged(bytes.fromhex("06092A864886F70D010101"), bytes.fromhex("06092A864886F70D010163")),
    "version-6": lambda: damaged(bytes.fromhex("A003020102"), bytes.fromhex("A003020105")),
}


@pytest.mark.parametrize("traits", [Traits(), SHORT], ids=["extended", "short"])
@pytest.mark.parametrize("kind", CERTIFICATES)
def test_a_certificate_that_is_none_is_an_error_in_few_apdus(kind: str, traits: Traits) -> None:
    card = with_certificate(CERTIFICATES[kind](), traits)
    session = JpkiSession(card)
    session.verify(USER_AUTHENTICATION, "1234")
    with pytest.raises((errors.CardDataError, errors.CardError)) as caught:
        session.authenticate(ORIGIN, NONCE)
    assert not isinstance(caught.value, errors.PinError)
    assert not any(map(is_sign, card.sent))  # what could not be checked is not made
    assert len(card.sent) <= 25  # a file of 4000 bytes is read to its end


def test_a_certificate_is_cut_at_its_own_length() -> None:
    whole = certificate_of(USER_AUTHENTICATION)
    for filler in (b"", b"\xff" * 700, b"\x00", whole):
        assert JpkiSession(with_certificate(whole + filler)).certificate_der(USER_AUTHENTICATION) == whole


def test_a_card_that_dribbles_is_given_up() -> None:
    """One byte an APDU would take a thousand of them."""

    def answer(command: bytes, ask: Ask) -> Answer:
        response = ask(command)
        return response[:1] + DONE if is_read(command) and not command[2] & 0x80 else response

    card = around(card_with(traits=SHORT), answer)
    with pytest.raises(errors.CardDataError):
        JpkiSession(card).certificate_der(USER_AUTHENTICATION)
    assert len(card.sent) < 10


@settings(max_examples=examples(300))
@given(at=st.integers(0, 1100), by=st.binary(min_size=1, max_size=3))
@example(at=12, by=b"\x05")
def test_a_certificate_with_any_byte_wrong_is_read_or_an_error(at: int, by: bytes) -> None:
    whole = certificate_of(USER_AUTHENTICATION)
    at %= len(whole) - 4
    session = JpkiSession(
        card_with(), certificates={USER_AUTHENTICATION: whole[:at] + by + whole[at + len(by) :]}
    )  # fmt: skip
    session.verify(USER_AUTHENTICATION, "1234")
    try:
        made = session.authenticate(ORIGIN, NONCE)
    except errors.ProtocolError:
        return
    assert len(made.signature) == 256


# --- readers that are in the way ------------------------------------------------------------------------------

TRIED = {USER_AUTHENTICATION: 1, DIGITAL_SIGNATURE: 0}
"""How often extended length is tried: on the certificate that is free to read, before the PIN, and never after it."""


@PAIRS
@pytest.mark.parametrize("kept", [256, 261, 500, 512, 900])
def test_an_answer_cut_off_by_a_reader_is_noticed_and_remembered(pair: KeyPair, kept: int) -> None:
    def answer(command: bytes, ask: Ask) -> Answer:
        response = ask(command)
        return response[:kept] + DONE if is_extended(command) and len(response) > kept + 2 else response

    card = around(card_with(), answer)
    channel = Channel(card)
    session = JpkiSession(channel)
    session.verify(pair, pin(pair))
    assert session.certificate_der(pair) == certificate_of(pair)
    assert sign_with(session, pair)
    assert channel.profile == (CardProfile() if pair.certificate_is_private else CardProfile(extended_length=False))
    assert sum(map(is_extended, card.sent)) == TRIED[pair]


@PAIRS
@pytest.mark.parametrize("status", ["6700", "6A86", "6B00", "6F00", "6C00", "6282", "6985"])
def test_extended_length_that_a_card_refuses_is_not_tried_again(pair: KeyPair, status: str) -> None:
    def answer(command: bytes, ask: Ask) -> Answer:
        return status if is_extended(command) else ask(command)

    card = around(card_with(), answer)
    channel = Channel(card)
    session = JpkiSession(channel)
    session.verify(pair, pin(pair))
    assert sign_with(session, pair)
    assert channel.profile == (CardProfile() if pair.certificate_is_private else CardProfile(extended_length=False))
    assert sum(map(is_extended, card.sent)) == TRIED[pair]
    assert len(card.verifies) == 1


@PAIRS
@pytest.mark.parametrize("reset", [False, True], ids=["still-there", "reset"])
def test_a_reader_that_chokes_on_extended_length_costs_neither_login_nor_try(pair: KeyPair, reset: bool) -> None:
    inner = card_with()

    def answer(command: bytes, ask: Ask) -> Answer:
        if not is_extended(command):
            return ask(command)
        if reset:
            inner.reset()
        return errors.OutcomeUnknownError("The driver failed.")

    card = around(inner, answer)
    channel = Channel(card)
    session = JpkiSession(channel)
    session.verify(pair, pin(pair))
    assert sign_with(session, pair)
    assert channel.profile == (CardProfile() if pair.certificate_is_private else CardProfile(extended_length=False))
    assert sum(map(is_extended, card.sent)) == TRIED[pair]
    assert sum(map(is_select_df, card.sent)) == 1 + TRIED[pair]
    assert tries(inner) == (3, 5)


def test_a_card_that_is_gone_at_the_probe_is_gone() -> None:
    card = around(
        card_with(), lambda command, ask: errors.CardRemovedError("Gone.") if is_extended(command) else ask(command)
    )
    with pytest.raises(errors.CardRemovedError):
        JpkiSession(card).verify(USER_AUTHENTICATION, "1234")
    assert card.verifies == []


# --- what the keys sign -----------------------------------------------------------------------------------

BAD_ORIGINS = ["http://example.jp", "https://example.jp/", "https://EXAMPLE.jp", "https://example.jp:443", "", "null"]
BAD_NONCES = ["", "n" * 43, "n" * 129, "n" * 43 + " ", "n" * 43 + "\n"]


@pytest.mark.parametrize(
    ("origin", "nonce"),
    [*((origin, NONCE) for origin in BAD_ORIGINS), *((ORIGIN, nonce) for nonce in BAD_NONCES)],
)
def test_a_bad_challenge_never_reaches_the_card(origin: str, nonce: str) -> None:
    card = counted(card_with())
    session = JpkiSession(card)
    session.verify(USER_AUTHENTICATION, "1234")
    sent = len(card.sent)
    with pytest.raises(errors.UsageError):
        session.authenticate(origin, nonce)
    assert len(card.sent) == sent


@pytest.mark.parametrize(
    "info",
    [b"", b"hello", INFO[-32:], INFO + b"\x00", INFO[:-1], bytes.fromhex("3021300906052B0E03021A05000414") + bytes(20)],
    ids=["empty", "text", "digest", "longer", "shorter", "sha-1"],
)
def test_what_is_no_digest_info_never_reaches_the_card(info: bytes) -> None:
    card = counted(card_with())
    session = JpkiSession(card)
    sent = len(card.sent)
    for sign in (session.sign_digest_info, session.unsafe_sign_with_user_authentication_key):
        with pytest.raises(errors.UnsupportedAlgorithmError):
            sign(info)
    assert len(card.sent) == sent


def test_one_method_alone_has_the_authentication_key_sign_what_was_chosen() -> None:
    """Every method that takes bytes is given a DigestInfo. Where the authentication key signs it, the name says so."""
    signing: set[str] = set()
    for name, method in inspect.getmembers(JpkiSession, inspect.isfunction):
        wanted = [p for p in inspect.signature(method).parameters.values() if p.name != "self"]
        if name.startswith("_") or not any("bytes" in str(p.annotation) for p in wanted):
            continue
        card = counted(card_with())
        session = JpkiSession(card)
        for pair in KEY_PAIRS:
            session.verify(pair, pin(pair))
        method(session, *(INFO if "bytes" in str(p.annotation) else HashAlgorithm.SHA256 for p in wanted))
        if any(is_sign(command) and command[3] == 0x80 | USER_AUTHENTICATION.key for command in card.sent):
            signing.add(name)
    assert len(signing) == 1
    assert all(name.startswith("unsafe_") for name in signing)


def test_the_private_key_is_the_signing_key() -> None:
    card = counted(card_with())
    session = JpkiSession(card)
    for pair in KEY_PAIRS:
        session.verify(pair, pin(pair))
    key = session.private_key()
    assert key.public_key().public_numbers() == public_key_of(DIGITAL_SIGNATURE).public_numbers()
    key.sign(INFO, padding.PKCS1v15(), hashes.SHA256())
    assert [command[3] for command in card.sent if is_sign(command)] == [0x80 | DIGITAL_SIGNATURE.key]

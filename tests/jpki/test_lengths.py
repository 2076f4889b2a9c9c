"""Readers that pass less than was hoped: no login and no try is lost, and no half of another certificate is used."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from cryptography.x509 import load_der_x509_certificate

from mynacard import errors
from mynacard.apdu import CardProfile, Channel
from mynacard.doors import pki_cache
from mynacard.jpki import DIGITAL_SIGNATURE, KEY_PAIRS, USER_AUTHENTICATION, JpkiSession, KeyPair, undamaged
from mynacard.simulator import MIHON, Traits
from mynacard.simulator.narrow import NarrowReader, Narrows
from tests.jpki.cards import (
    DONE,
    NONCE,
    ORIGIN,
    SHORT,
    around,
    card_with,
    certificate_of,
    is_read,
    is_select_df,
    is_sign,
    is_verify,
    pin,
    tries,
)
from tests.jpki.test_held import of_another_key
from tests.jpki.test_session import with_certificate_in
from tests.support import Answer, CardThat

PAIRS = pytest.mark.parametrize("pair", KEY_PAIRS, ids=lambda pair: pair.name)
EF_SIZES = (None, 1600, 2048)
EARLIER, LATER = datetime(2027, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC)
LENGTHS = (261, 262, 300, 522, 957, 1000, 1207, 1463, 2000, 65544)


def use(session: JpkiSession, pair: KeyPair) -> None:
    session.verify(pair, pin(pair))
    assert session.certificate_der(pair) == certificate_of(pair)
    session.sign(b"a document") if pair is DIGITAL_SIGNATURE else session.authenticate(ORIGIN, NONCE)


def sent_after_verify(sent: list[bytes]) -> list[bytes]:
    verified = [number for number, command in enumerate(sent) if is_verify(command)]
    return sent[verified[0] + 1 :]


@pytest.mark.parametrize("pairs", [KEY_PAIRS, KEY_PAIRS[::-1]], ids=["log in, sign", "sign, log in"])
@pytest.mark.parametrize("cuts", [False, True], ids=["loses", "cuts"])
@pytest.mark.parametrize("longest", LENGTHS)
def test_on_a_reader_of_which_nothing_is_known_nothing_is_lost_after_a_pin(
    longest: int, cuts: bool, pairs: tuple[KeyPair, ...]
) -> None:
    for ef_size in EF_SIZES:
        for extended_length in (True, False):
            inner = card_with(traits=Traits(ef_size=ef_size))
            reader = NarrowReader(inner, Narrows(extended_length, longest, cuts))
            lost: list[bytes] = []

            def answer(command: bytes, ask: Callable[[bytes], bytes], lost: list[bytes] = lost) -> Answer:
                try:
                    return ask(command)
                except errors.OutcomeUnknownError as error:
                    lost.append(command)
                    return error

            card = around(reader, answer)
            channel = Channel(card)
            for pair in pairs:
                begun = len(card.sent)
                use(JpkiSession(channel), pair)
                assert not set(map(id, lost)) & set(map(id, sent_after_verify(card.sent[begun:])))
                assert sum(map(is_select_df, sent_after_verify(card.sent[begun:]))) == 0
            assert len(lost) <= 1
            assert len(card.verifies) == len(pairs)
            assert tries(inner) == (3, 5)


@PAIRS
@pytest.mark.parametrize("profile", [CardProfile(extended_length=True), CardProfile(seen=1211, certificate=1211)])
def test_a_card_that_refuses_what_its_reader_passes_costs_a_command_and_no_login(
    pair: KeyPair, profile: CardProfile
) -> None:
    card = around(inner := card_with(traits=SHORT), lambda command, ask: ask(command))
    use(JpkiSession(Channel(card, profile)), pair)
    refused = [command for command in card.sent if is_read(command) and len(command) == 7]
    assert len(refused) <= 2
    assert len(card.verifies) == 1
    assert tries(inner) == (3, 5)


def test_a_profile_that_is_wrong_is_forgotten_before_a_pin() -> None:
    reader = NarrowReader(inner := card_with(), Narrows(longest=522))
    card = CardThat(reader.transmit)
    channel = Channel(card, CardProfile(seen=1211, certificate=1211))
    use(JpkiSession(channel), USER_AUTHENTICATION)
    use(JpkiSession(channel), DIGITAL_SIGNATURE)
    assert channel.profile == CardProfile(extended_length=False, certificate=1211)
    assert tries(inner) == (3, 5)


def test_a_profile_that_is_wrong_spends_no_try_after_a_password() -> None:
    """It says that a card was asked for that much, and it came: another reader has this one's name."""
    reader = NarrowReader(inner := card_with(), Narrows(longest=522))
    card = CardThat(reader.transmit)
    session = JpkiSession(Channel(card, CardProfile(seen=1211, certificate=1211)))
    session.verify(DIGITAL_SIGNATURE, pin(DIGITAL_SIGNATURE))
    with pytest.raises(errors.OutcomeUnknownError):
        session.sign(b"a document")
    assert len(card.verifies) == 1
    assert tries(inner) == (3, 5)


# --- a first block that disagrees with the rest -------------------------------------------------------------------


@PAIRS
@pytest.mark.parametrize("at", [300, 600, 900])
def test_half_of_another_certificate_is_never_signed_under(pair: KeyPair, at: int) -> None:
    """The first bytes are of one certificate, the rest of another: unreadable, or of a key that did not sign."""
    own, other = certificate_of(pair), of_another_key(pair)
    card = with_certificate_in(pair, own[:at] + other[at:])
    session = JpkiSession(card)
    session.verify(pair, pin(pair))
    with pytest.raises((errors.CardDataError, errors.SignatureMismatchError)):
        session.sign(b"a document") if pair is DIGITAL_SIGNATURE else session.authenticate(ORIGIN, NONCE)


@PAIRS
@pytest.mark.parametrize("at", [256, 300, 600, 900])
def test_parts_of_two_certificates_of_a_ca_are_told_by_its_key(pair: KeyPair, at: int) -> None:
    """A first block before the key says nothing of the key: such parts may be read, and fit what the card signs."""
    made = [pki_cache.cached_pki().issue(MIHON, {}, now)[pair.name] for now in (EARLIER, LATER)]
    one, other = (material.certificate_der for material in made)
    ca = load_der_x509_certificate(made[0].ca_certificate_der)
    assert len(one) == len(other)
    assert [undamaged({pair: whole}, [ca]) for whole in (one, other)] == [{pair: one}, {pair: other}]
    for parts in (one[:at] + other[at:], other[:at] + one[at:]):
        session = JpkiSession(with_certificate_in(pair, parts))
        session.verify(pair, pin(pair))
        assert undamaged({pair: session.certificate_der(pair)}, [ca]) == {}


@PAIRS
@pytest.mark.parametrize("form", ["30 81 FF", "30 83 {:06X}", "30 84 {:08X}"])
def test_a_certificate_whose_length_is_not_in_der_is_a_typed_error_and_no_signature(pair: KeyPair, form: str) -> None:
    inside = certificate_of(pair)[4:]
    card = with_certificate_in(pair, bytes.fromhex(form.format(len(inside))) + inside)
    session = JpkiSession(counted := CardThat(card.transmit))
    session.verify(pair, pin(pair))
    with pytest.raises(errors.CardDataError):
        session.sign(b"a document") if pair is DIGITAL_SIGNATURE else session.authenticate(ORIGIN, NONCE)
    assert not any(map(is_sign, counted.sent))


@PAIRS
@pytest.mark.parametrize("answer", ["6B00", "6986", "9000", "6282"])
@pytest.mark.parametrize("offset", [256, 300, 512, 768, 1024])
def test_a_false_end_of_file_is_a_typed_error_and_no_signature(pair: KeyPair, answer: str, offset: int) -> None:
    inner = card_with(traits=SHORT)

    def false_end(command: bytes, ask: Callable[[bytes], bytes]) -> Answer:
        at = command[2] << 8 | command[3] if is_read(command) and not command[2] & 0x80 else 0
        return answer if at >= offset else ask(command)

    card = around(inner, false_end)
    session = JpkiSession(card)
    session.verify(pair, pin(pair))
    with pytest.raises((errors.CardError, errors.CardDataError)) as caught:
        session.sign(b"a document") if pair is DIGITAL_SIGNATURE else session.authenticate(ORIGIN, NONCE)
    assert not isinstance(caught.value, errors.PinError)
    assert not any(map(is_sign, card.sent))
    assert len(card.verifies) == 1
    assert tries(inner) == (3, 5)


def test_a_certificate_that_changes_while_its_first_block_is_read_twice_is_an_error() -> None:
    """A reader chokes on the rest, and another card lies there when the application is selected again."""
    selected: list[bytes] = []

    def answer(command: bytes, ask: Callable[[bytes], bytes]) -> Answer:
        selected.extend([command] if is_select_df(command) else [])
        if len(command) == 7 and is_read(command):
            return errors.OutcomeUnknownError("The driver failed.")
        if command[:3] == b"\x00\xb0\x8a" and len(selected) > 1:
            return of_another_key(USER_AUTHENTICATION)[:256] + DONE
        return ask(command)

    session = JpkiSession(around(card_with(), answer))
    with pytest.raises(errors.CardDataError, match="changed while it was read"):
        session.certificate_der(USER_AUTHENTICATION)

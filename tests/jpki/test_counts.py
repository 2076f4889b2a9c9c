"""How many APDUs an operation costs: exactly so many."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil

import pytest

from mynacard.apdu import CardProfile, Channel
from mynacard.apdu.commands import ComputeDigitalSignature, ReadBinarySfi, VerifyStatus
from mynacard.hashes import HashAlgorithm, digest_info
from mynacard.jpki import DIGITAL_SIGNATURE, KEY_PAIRS, USER_AUTHENTICATION, JpkiSession, KeyPair
from mynacard.simulator import SimulatedCard, Traits
from tests.jpki.cards import (
    NONCE,
    ORIGIN,
    SHORT,
    around,
    ca_certificate_of,
    card_with,
    certificate_of,
    counted,
    held,
    is_extended,
    is_read,
    is_sign,
    is_verify,
    names_an_ef,
    pin,
    tries,
)
from tests.support import CardThat

EXTENDED = CardProfile(extended_length=True)
NO_EXTENDED = CardProfile(extended_length=False)
PAIRS = pytest.mark.parametrize("pair", KEY_PAIRS, ids=lambda pair: pair.name)
INFO = digest_info(HashAlgorithm.SHA256, b"\x5a" * 32)


def blocks(certificate: bytes) -> int:
    return ceil(len(certificate) / 256)


def use(session: JpkiSession, pair: KeyPair) -> bytes:
    """One signature by the pair's key, in the way that there is for each."""
    if pair is DIGITAL_SIGNATURE:
        return session.sign(b"a document")
    return session.authenticate(ORIGIN, NONCE).signature


# --- reading -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("profile", "first", "head"),
    [(CardProfile(), 256, "00B08A0000"), (EXTENDED, 1024, "00B08A00000400")],
    ids=["unknown", "known"],
)
def test_the_authentication_certificate_costs_1_and_2_where_extended_length_passes(
    profile: CardProfile, first: int, head: str
) -> None:
    card = counted(card_with())
    certificate = certificate_of(USER_AUTHENTICATION)
    assert JpkiSession(Channel(card, profile)).certificate_der(USER_AUTHENTICATION) == certificate
    rest = len(certificate) - first
    ne = f"{rest:02X}" if rest <= 256 else f"00{rest:04X}"
    assert card.sent_hex == ["00A4040C0AD392F000260100000001", head, f"00B0{first:04X}{ne}"]


def test_the_authentication_certificate_costs_1_and_its_blocks_where_it_does_not() -> None:
    card = counted(card_with(traits=SHORT))
    assert JpkiSession(Channel(card, NO_EXTENDED)).certificate_der(USER_AUTHENTICATION)
    certificate = certificate_of(USER_AUTHENTICATION)
    assert len(card.sent) == 1 + blocks(certificate)
    assert card.sent_hex[1:4] == ["00B08A0000", "00B0010000", "00B0020000"]  # no EF is selected, none is asked twice
    assert card.sent_hex[-1] == f"00B0{len(certificate) // 256:02X}00{len(certificate) % 256:02X}"


def test_to_find_out_that_extended_length_does_not_pass_costs_1_more_and_once() -> None:
    card = counted(card_with(traits=SHORT))
    channel = Channel(card)
    session = JpkiSession(channel)
    session.certificate_der(USER_AUTHENTICATION)
    assert len(card.sent) == 1 + 1 + blocks(certificate_of(USER_AUTHENTICATION))
    assert channel.profile == NO_EXTENDED
    before = len(card.sent)
    session.ca_certificate_der(USER_AUTHENTICATION)
    assert len(card.sent) - before == blocks(ca_certificate_of(USER_AUTHENTICATION))


def test_a_certificate_is_read_once_a_session() -> None:
    card = counted(card_with())
    session = JpkiSession(card)
    first = session.certificate_der(USER_AUTHENTICATION)
    sent = len(card.sent)
    assert session.certificate_der(USER_AUTHENTICATION) == first
    assert len(card.sent) == sent


def test_a_certificate_that_the_caller_holds_is_not_read() -> None:
    card = counted(card_with())
    session = JpkiSession(card, certificates=held())
    for pair in KEY_PAIRS:
        assert session.certificate_der(pair) == certificate_of(pair)
    assert len(card.sent) == 1


@pytest.mark.parametrize("read", [JpkiSession.token_info, JpkiSession.certificates_present])
def test_a_small_file_costs_1(read: Callable[[JpkiSession], object]) -> None:
    card = counted(card_with())
    session = JpkiSession(card)
    read(session)
    assert len(card.sent) == 2


@PAIRS
def test_the_tries_cost_1(pair: KeyPair) -> None:
    card = counted(card_with())
    session = JpkiSession(card)
    session.pin_status(pair)
    assert card.sent_hex[1:] == [f"002000{0x80 | pair.pin.key:02X}"]


# --- a PIN and a signature -------------------------------------------------------------------------------


@PAIRS
@pytest.mark.parametrize("profile", [CardProfile(), EXTENDED, NO_EXTENDED], ids=["unknown", "extended", "short"])
def test_pin_and_signature_cost_4_with_the_certificate_held(pair: KeyPair, profile: CardProfile) -> None:
    card = counted(card_with())
    session = JpkiSession(Channel(card, profile), certificates=held())
    session.verify(pair, pin(pair))
    assert len(use(session, pair)) == 256
    assert [command[:2].hex() for command in card.sent] == ["00a4", "0020", "0020", "802a"]


@PAIRS
def test_pin_and_signature_cost_6_where_extended_length_passes(pair: KeyPair) -> None:
    card = counted(card_with())
    session = JpkiSession(Channel(card, EXTENDED))
    session.verify(pair, pin(pair))
    use(session, pair)
    assert len(card.sent) == 6


@PAIRS
def test_pin_and_signature_cost_4_and_the_blocks_where_it_does_not(pair: KeyPair) -> None:
    card = counted(card_with(traits=SHORT))
    session = JpkiSession(Channel(card, NO_EXTENDED))
    session.verify(pair, pin(pair))
    use(session, pair)
    assert len(card.sent) == 4 + blocks(certificate_of(pair))


def test_an_unknown_reader_costs_the_authentication_pair_nothing_more() -> None:
    """It tries extended length on the certificate that it needs anyway."""
    card = counted(card_with())
    session = JpkiSession(card)
    session.verify(USER_AUTHENTICATION, "1234")
    use(session, USER_AUTHENTICATION)
    assert len(card.sent) == 6


def test_an_unknown_reader_without_extended_length_costs_the_authentication_pair_1_more() -> None:
    card = counted(card_with(traits=SHORT))
    session = JpkiSession(card)
    session.verify(USER_AUTHENTICATION, "1234")
    use(session, USER_AUTHENTICATION)
    assert len(card.sent) == 4 + 1 + blocks(certificate_of(USER_AUTHENTICATION))


@pytest.mark.parametrize("traits", [Traits(), SHORT], ids=["extended", "short"])
def test_an_unknown_reader_costs_the_signing_pair_its_blocks_and_no_probe(traits: Traits) -> None:
    """The signing certificate is behind the password, and the password is not for trying."""
    card = counted(card_with(traits=traits))
    session = JpkiSession(card)
    session.verify(DIGITAL_SIGNATURE, "ABC123")
    use(session, DIGITAL_SIGNATURE)
    assert len(card.sent) == 4 + blocks(certificate_of(DIGITAL_SIGNATURE))
    assert not any(map(is_extended, card.sent))


@PAIRS
def test_each_further_signature_costs_1(pair: KeyPair) -> None:
    card = counted(card_with())
    session = JpkiSession(card)
    session.verify(pair, pin(pair))
    use(session, pair)
    for _ in range(3):
        before = len(card.sent)
        use(session, pair)
        assert len(card.sent) - before == 1


def test_log_out_costs_1() -> None:
    card = counted(card_with())
    session = JpkiSession(card)
    session.log_out()
    assert card.sent_hex[1:] == ["00A4040C07A0000001510000"]


@PAIRS
def test_extended_length_is_never_tried_after_a_pin(pair: KeyPair) -> None:
    card = counted(card_with(traits=SHORT))
    session = JpkiSession(card)
    session.verify(pair, pin(pair))
    use(session, pair)
    verified = next(at for at, command in enumerate(card.sent) if is_verify(command))
    assert not any(map(is_extended, card.sent[verified:]))


def test_extended_length_is_not_tried_after_a_pin_even_if_it_could_not_be_before() -> None:
    """A phone shows its authentication certificate only after the PIN; to get stuck then would cost the login."""
    inner = card_with()

    def answer(command: bytes, ask: Callable[[bytes], bytes]) -> bytes:
        locked = is_read(command) and command[2] == 0x8A and 0x18 not in inner.state.verified
        return b"\x69\x82" if locked else ask(command)

    card = around(inner, answer)
    session = JpkiSession(card)
    session.verify(USER_AUTHENTICATION, "1234")
    use(session, USER_AUTHENTICATION)
    verified = next(at for at, command in enumerate(card.sent) if is_verify(command))
    assert not any(map(is_extended, card.sent[verified:]))


# --- a card without short identifiers ------------------------------------------------------------------------

REFUSALS = [0x6A86, 0x6A82, 0x6981, 0x6986, 0x6A88, 0x6A81, 0x6B00]


def without_short_identifiers(card: SimulatedCard, status: int) -> CardThat:
    """A card that stumbles over the header, before it looks at any data."""

    def answer(command: bytes, ask: Callable[[bytes], bytes]) -> bytes:
        return status.to_bytes(2, "big") if names_an_ef(command) else ask(command)

    return around(card, answer)


@PAIRS
@pytest.mark.parametrize("status", REFUSALS, ids="{:04X}".format)
def test_a_card_without_short_identifiers_works_and_no_try_is_spent(pair: KeyPair, status: int) -> None:
    inner = card_with()
    card = without_short_identifiers(inner, status)
    channel = Channel(card)
    session = JpkiSession(channel)
    session.verify(pair, pin(pair))
    assert len(use(session, pair)) == 256
    assert session.certificate_der(pair) == certificate_of(pair)
    assert channel.profile.selects_first == {ReadBinarySfi, VerifyStatus, ComputeDigitalSignature}
    assert len(card.verifies) == 1
    assert not any(map(names_an_ef, card.verifies))  # the PIN goes out once, in the form that the query showed to work
    assert tries(inner) == (3, 5)


@PAIRS
def test_what_a_card_without_short_identifiers_costs(pair: KeyPair) -> None:
    """One refusal and one SELECT more for each of: certificate, status query, signature; VERIFY none."""
    card = without_short_identifiers(card_with(), 0x6A86)
    channel = Channel(card, EXTENDED)
    session = JpkiSession(channel)
    session.verify(pair, pin(pair))
    use(session, pair)
    assert len(card.sent) == 6 + 3 * 2
    before = len(card.sent)
    use(session, pair)
    assert len(card.sent) - before == 2  # known now: SELECT and signature


@PAIRS
def test_what_was_learned_of_a_card_is_not_asked_again(pair: KeyPair) -> None:
    inner = card_with()
    first = Channel(without_short_identifiers(inner, 0x6A82))
    session = JpkiSession(first)
    session.verify(pair, pin(pair))
    use(session, pair)
    card = without_short_identifiers(inner, 0x6A82)
    session = JpkiSession(Channel(card, first.profile))
    session.verify(pair, pin(pair))
    use(session, pair)
    reads = 2 if pair is USER_AUTHENTICATION else blocks(certificate_of(pair))  # more was tried before its PIN only
    assert len(card.sent) == 4 + reads + 3
    assert not any(map(names_an_ef, card.sent))


def test_a_wrong_pin_on_a_card_without_short_identifiers_costs_one_try() -> None:
    inner = card_with()
    card = without_short_identifiers(inner, 0x6A86)
    session = JpkiSession(card)
    with pytest.raises(Exception, match="Tries left: 2"):
        session.verify(USER_AUTHENTICATION, "0000")
    assert tries(inner) == (2, 5)


def test_the_signature_goes_through_the_card_once_even_where_short_identifiers_are_refused() -> None:
    reached: list[bytes] = []
    inner = card_with()

    def answer(command: bytes, ask: Callable[[bytes], bytes]) -> bytes:
        if names_an_ef(command):
            return b"\x6a\x86"
        if is_sign(command):
            reached.append(command)
        return ask(command)

    session = JpkiSession(around(inner, answer))
    session.verify(USER_AUTHENTICATION, "1234")
    assert session.unsafe_sign_with_user_authentication_key(INFO)
    assert len(reached) == 1


def test_reads_without_short_identifiers_select_once_for_a_whole_certificate() -> None:
    card = without_short_identifiers(card_with(traits=SHORT), 0x6A82)
    channel = Channel(card, CardProfile(extended_length=False, selects_first=frozenset({ReadBinarySfi})))
    JpkiSession(channel).certificate_der(USER_AUTHENTICATION)
    assert sum(map(is_read, card.sent)) == blocks(certificate_of(USER_AUTHENTICATION))
    assert len(card.sent) == 2 + blocks(certificate_of(USER_AUTHENTICATION))

"""The simulated card answers as cards do, byte for byte, and answers anything at all."""

from __future__ import annotations

from typing import cast

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.x509 import load_der_x509_certificate
from hypothesis import example, given
from hypothesis import strategies as st

from mynacard.apdu.tlv import outer_length
from mynacard.doors import disk
from mynacard.jpki import DIGITAL_SIGNATURE, KEY_PAIRS, USER_AUTHENTICATION, CertificatesPresent, KeyPair, TokenInfo
from mynacard.simulator import ATR_CONTACT, ATR_CONTACTLESS, Personality, SecurityState, SimulatedCard, Traits
from tests.support import Vector, from_hex, id_of, vectors

CARD = vectors("simulator/card.json")
PROBES = vectors("simulator/probes.json")
OBJECTS = [vector for vector in vectors("jpki/objects.json", "fields") if not vector.flag("filler", False)]

SELECT = bytes.fromhex("00A4040C0AD392F000260100000001")
LOG_OUT = bytes.fromhex("00A4040C07A0000001510000")
DONE = b"\x90\x00"
VERIFY = {
    USER_AUTHENTICATION.name: bytes.fromhex("00200098 04 31323334"),
    DIGITAL_SIGNATURE.name: bytes.fromhex("0020009B 06 414243313233"),
}
TRAITS = {
    "strict": Traits(),
    "observed": Traits(personality=Personality.OBSERVED),
    "short": Traits(extended_length=False),
}
MESSAGE = b"what is signed"
SHA256 = hashes.Hash(hashes.SHA256())
SHA256.update(MESSAGE)
DIGEST = SHA256.finalize()
PREFIX = bytes.fromhex("3031300D060960864801650304020105000420")


def contents_of(vector: Vector) -> SimulatedCard:
    return disk.new_card(TRAITS[vector.text("traits") if vector.has("traits") else "strict"])


def tell(card: SimulatedCard, step: str) -> None:
    """What a reader does to *card*, or a command."""
    match step:
        case "off":
            card.power_off()
        case "on":
            card.power_on()
        case "reset":
            card.reset()
        case _:
            card.transmit(bytes.fromhex(step))


@pytest.fixture(scope="module")
def signing_card() -> SimulatedCard:
    card = disk.new_card()
    assert card.transmit(SELECT) == DONE
    for command in VERIFY.values():
        assert card.transmit(command) == DONE
    return card


def public_key(card: SimulatedCard, pair: KeyPair) -> rsa.RSAPublicKey:
    content = card.transmit(bytes((0x00, 0xB0, 0x80 | pair.certificate, 0, 0, 0, 0)))[:-2]
    key = load_der_x509_certificate(content[: outer_length(content)]).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    return key


def signature(card: SimulatedCard, pair: KeyPair, scheme: int, data: bytes) -> bytes:
    """By file identifier of the key, as one who never heard of short ones."""
    assert card.transmit(bytes((0x00, 0xA4, 0x02, 0x0C, 0x02, 0x00, pair.key))) == DONE
    answer = card.transmit(bytes((0x80, 0x2A, scheme, 0x80, len(data))) + data + b"\x00")
    assert answer[-2:] == DONE
    assert len(answer) == 258
    return answer[:-2]


# --- conformance -------------------------------------------------------------------------------------


@pytest.mark.parametrize("vector", CARD, ids=id_of)
def test_the_card_answers_as_the_table_says(vector: Vector) -> None:
    card = contents_of(vector)
    for step in cast(list[str], vector.fields.get("before", [])):
        tell(card, step)
    assert card.transmit(vector.data("command")) == vector.data("answer")


@pytest.mark.parametrize("vector", PROBES, ids=id_of)
@pytest.mark.parametrize("before", [b"", SELECT], ids=["power-on", "selected"])
def test_a_probe_for_another_card_finds_nothing_and_changes_nothing(vector: Vector, before: bytes) -> None:
    card = disk.new_card()
    if before:
        card.transmit(before)
    state = card.state
    assert card.transmit(vector.data("command"))[-2:] in {b"\x6a\x82", b"\x6a\x88", b"\x6d\x00", b"\x67\x00"}
    assert card.state == state


def test_the_probes_of_opensc_are_29() -> None:
    assert len(PROBES) == 29


def test_bind_of_opensc_finds_a_card_even_when_both_pins_are_blocked() -> None:
    card = disk.new_card()
    card.transmit(SELECT)
    for command, tries in ((bytes.fromhex("0020009804FFFFFFFF"), 3), (bytes.fromhex("0020009B04FFFFFFFF"), 5)):
        for _ in range(tries):
            card.transmit(command)
    steps = [SELECT, bytes.fromhex("00A4020C020018"), bytes.fromhex("00200080")]
    steps += [bytes.fromhex("00A4020C02001B"), bytes.fromhex("00200080")]
    assert [card.transmit(step).hex() for step in steps] == ["9000", "9000", "63c0", "9000", "63c0"]


@pytest.mark.parametrize("vector", [v for v in OBJECTS if v.id in {"both-present", "token-of-a-card"}], ids=id_of)
def test_its_small_files_have_the_length_and_form_that_cards_have(vector: Vector) -> None:
    card = disk.new_card()
    card.transmit(SELECT)
    file_id = 0x06 if vector.text("file") == "token-info" else 0x08
    content = card.transmit(bytes((0x00, 0xB0, 0x80 | file_id, 0, 0)))[:-2]
    assert len(content) == len(vector.data("wire"))
    if file_id == 0x08:
        assert content == vector.data("wire")
        assert CertificatesPresent.parse(content) == CertificatesPresent(True, True)
    else:
        assert content[:32] == vector.data("wire")[:32]  # the label says what it is, the rest who made it
        assert content[96:140] == vector.data("wire")[96:140]
        assert "SIM" in TokenInfo.parse(content).manufacturer


@pytest.mark.parametrize("pair", KEY_PAIRS, ids=lambda pair: pair.name)
def test_a_certificate_can_be_read_in_pieces_at_a_15_bit_offset(pair: KeyPair) -> None:
    card = disk.new_card()
    card.transmit(SELECT)
    card.transmit(VERIFY[pair.name])
    whole = card.transmit(bytes((0x00, 0xB0, 0x80 | pair.certificate, 0, 0, 0, 0)))[:-2]
    assert card.transmit(bytes((0x00, 0xA4, 0x02, 0x0C, 0x02, 0x00, pair.certificate))) == DONE
    pieces = [card.transmit(bytes((0x00, 0xB0, at >> 8, at & 0xFF, 0)))[:-2] for at in range(0, len(whole), 256)]
    assert b"".join(pieces) == whole
    length = int.from_bytes(whole[2:4], "big") + 4  # as OpenSC reads it
    assert load_der_x509_certificate(whole[:length])
    assert set(whole[length:]) == {0xFF}


# --- signatures --------------------------------------------------------------------------------------


def payload(key: rsa.RSAPublicKey, made: bytes) -> bytes:
    """What is in *made* behind PKCS #1 v1.5 type 1 padding, taken out with nothing but arithmetic."""
    numbers = key.public_numbers()
    block = pow(int.from_bytes(made, "big"), numbers.e, numbers.n).to_bytes(256, "big")
    head, _, rest = block[2:].partition(b"\x00")
    assert block[:2] == b"\x00\x01"
    assert len(head) >= 8
    assert set(head) == {0xFF}
    return rest


@pytest.mark.parametrize("pair", KEY_PAIRS, ids=lambda pair: pair.name)
@pytest.mark.parametrize(
    ("scheme", "data", "expected"),
    [
        pytest.param(0, PREFIX + DIGEST, PREFIX + DIGEST, id="digest-info"),
        pytest.param(0, b"hello\n", b"hello\n", id="anything"),
        pytest.param(0, b"\x00", b"\x00", id="one-byte"),
        pytest.param(0, b"\x5a" * 245, b"\x5a" * 245, id="the-most"),
        pytest.param(1, MESSAGE, DIGEST, id="hashed-bare"),
        pytest.param(2, DIGEST, PREFIX + DIGEST, id="digest"),
        pytest.param(3, MESSAGE, PREFIX + DIGEST, id="hashed"),
    ],
)
def test_pkcs1_signatures_hold_what_the_scheme_says(
    signing_card: SimulatedCard, pair: KeyPair, scheme: int, data: bytes, expected: bytes
) -> None:
    made = signature(signing_card, pair, scheme, data)
    assert payload(public_key(signing_card, pair), made) == expected
    assert signature(signing_card, pair, scheme, data) == made  # nothing random in it


@pytest.mark.parametrize("pair", KEY_PAIRS, ids=lambda pair: pair.name)
@pytest.mark.parametrize(("scheme", "data"), [(4, DIGEST), (5, MESSAGE)], ids=["digest", "hashed"])
def test_pss_signatures_have_a_salt_of_32_bytes(
    signing_card: SimulatedCard, pair: KeyPair, scheme: int, data: bytes
) -> None:
    key = public_key(signing_card, pair)
    made = signature(signing_card, pair, scheme, data)
    key.verify(made, DIGEST, padding.PSS(padding.MGF1(hashes.SHA256()), 32), Prehashed(hashes.SHA256()))
    with pytest.raises(InvalidSignature):
        key.verify(made, DIGEST, padding.PSS(padding.MGF1(hashes.SHA256()), 20), Prehashed(hashes.SHA256()))
    assert signature(signing_card, pair, scheme, data) != made


@pytest.mark.parametrize("scheme", [1, 3, 5])
@pytest.mark.parametrize("length", [1, 255])
def test_the_card_hashes_messages_of_1_to_255_bytes(signing_card: SimulatedCard, scheme: int, length: int) -> None:
    assert len(signature(signing_card, USER_AUTHENTICATION, scheme, b"\x00" * length)) == 256


def test_a_key_by_short_identifier_is_the_same_key(signing_card: SimulatedCard) -> None:
    by_identifier = bytes.fromhex("802A039705") + b"hello\x00"
    assert signing_card.transmit(by_identifier)[:-2] == signature(signing_card, USER_AUTHENTICATION, 3, b"hello")


def test_one_login_serves_many_signatures() -> None:
    card = disk.new_card()
    card.transmit(SELECT)
    card.transmit(VERIFY["digital-signature"])
    for _ in range(5):
        assert signature(card, DIGITAL_SIGNATURE, 0, b"hi")


def test_select_of_the_same_application_keeps_the_login() -> None:
    card = disk.new_card()
    card.transmit(SELECT)
    card.transmit(VERIFY["user-authentication"])
    card.transmit(SELECT)
    assert len(signature(card, USER_AUTHENTICATION, 0, b"hi")) == 256


def test_a_card_seen_to_keep_its_login_over_a_warm_reset_keeps_it() -> None:
    card = disk.new_card(TRAITS["observed"])
    card.transmit(SELECT)
    card.transmit(VERIFY["user-authentication"])
    assert card.reset() == ATR_CONTACT
    assert len(signature(card, USER_AUTHENTICATION, 0, b"hi")) == 256
    card.power_off()
    assert card.state == SecurityState()


# --- contacts ----------------------------------------------------------------------------------------


def test_power_and_reset_return_the_atr() -> None:
    card = disk.new_card(Traits(atr=ATR_CONTACTLESS))
    assert {card.atr, card.power_on(), card.reset()} == {ATR_CONTACTLESS}


@pytest.mark.parametrize("atr", [ATR_CONTACT, ATR_CONTACTLESS], ids=["contact", "contactless"])
def test_an_atr_has_the_right_check_byte(atr: bytes) -> None:
    check = 0
    for byte in atr[1:]:
        check ^= byte
    assert check == 0


def test_a_counter_is_remembered_before_the_answer() -> None:
    card = disk.new_card()
    stored: list[int] = []
    memory = card.pins[bytes.fromhex("D392F000260100000001"), 0x18]
    watched = SimulatedCard(card._applications, card.pins, remember=lambda: stored.append(memory.tries_left))
    watched.transmit(SELECT)
    assert watched.transmit(VERIFY["user-authentication"]) == DONE
    assert stored == [2, 3]  # one less before the comparison, then all of them
    assert watched.transmit(bytes.fromhex("0020009804FFFFFFFF")) == b"\x63\xc2"
    assert stored == [2, 3, 2]


def test_a_card_that_cannot_remember_does_not_compare() -> None:
    card = disk.new_card()

    def fail() -> None:
        raise OSError

    broken = SimulatedCard(card._applications, card.pins, remember=fail)
    broken.transmit(SELECT)
    with pytest.raises(OSError, match="^$"):
        broken.transmit(VERIFY["user-authentication"])
    assert broken.state.verified == frozenset()


# --- totality ----------------------------------------------------------------------------------------

HEADS = st.sampled_from(
    [from_hex(text) for text in ("00A4", "00B0", "0020", "802A", "00C0", "80B0", "0CA4", "01A4", "0024", "00CA")]
)
COMMANDS = st.binary(max_size=300) | st.builds(lambda *parts: b"".join(parts), HEADS, st.binary(max_size=280))


@pytest.mark.parametrize("traits", TRAITS)
@given(wires=st.lists(COMMANDS, min_size=1, max_size=8))
@example(wires=[b""])
@example(wires=[bytes.fromhex("00A4040C") + b"\x00" * 3])
@example(wires=[b"\x00" * 70_000])
def test_any_bytes_get_an_answer(traits: str, wires: list[bytes]) -> None:
    card = disk.new_card(TRAITS[traits])
    card.transmit(SELECT)
    card.transmit(VERIFY["user-authentication"])
    for wire in wires:
        answer = card.transmit(wire)
        assert len(answer) >= 2
        assert answer[-2] & 0xF0 in {0x60, 0x90}
        assert answer[-2:] == DONE or len(answer) == 2  # a refusal brings no data


@given(wire=COMMANDS)
def test_nothing_but_verify_touches_a_counter(wire: bytes) -> None:
    card = disk.new_card()
    card.transmit(SELECT)
    before = {key: memory.tries_left for key, memory in card.pins.items()}
    card.transmit(wire)
    if wire[:2] != b"\x00\x20":
        assert {key: memory.tries_left for key, memory in card.pins.items()} == before


@given(wire=COMMANDS.filter(lambda wire: wire[1:2] != b"\x20"))
def test_nothing_but_verify_opens_anything(wire: bytes) -> None:
    card = disk.new_card()
    card.transmit(SELECT)
    card.transmit(wire)
    assert card.state.verified == frozenset()

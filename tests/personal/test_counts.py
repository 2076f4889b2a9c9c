"""How many APDUs an operation on the other applications costs: exactly so many."""

from __future__ import annotations

from math import ceil

import pytest

from mynacard.apdu import Channel
from mynacard.apdu.channel import CardProfile
from mynacard.jpki import KEY_PAIRS, JpkiSession
from mynacard.personal import (
    BIRTH_DATE,
    COMMON_PIN,
    FACE_NUMBER_B,
    TEXT_PIN,
    CommonSession,
    Conclusion,
    FaceSession,
    IssuerData,
    RegisterSession,
    RootKind,
    TextSession,
    change_resident_register_pin,
    check_face,
    check_text,
    pin_states,
    resident_register_pin_status,
)
from mynacard.simulator import PERSONAS
from tests.personal.cards import BIRTH, EXTENDED, NONCE, NUMBER_B, PIN, SEED, SHORT, UNKNOWN, card, counted, roots
from tests.support import CardThat

SELECT_TEXT = "00A4040C0AD3921000310001010408"
SIGN = "802A0000333031300D060960864801650304020105000420"


def checked(channel: Channel) -> Conclusion:
    """My Number and attributes of the card, checked; all that is needed for it."""
    session = TextSession(channel)
    session.certificate()
    session.verify(TEXT_PIN, PIN)
    return check_text(*session.evidence(NONCE), wanted=RootKind.SIMULATED, roots=roots()).conclusion


@pytest.mark.parametrize("profile", [EXTENDED, UNKNOWN], ids=["known", "unknown"])
def test_number_and_attributes_checked_cost_9_where_extended_length_passes(profile: CardProfile) -> None:
    found, channel = counted(profile)
    assert checked(channel) is Conclusion.GENUINE
    assert found.sent_hex[:-1] == [
        SELECT_TEXT, "00B08400000000", "00200091", "0020009104" + PIN.encode().hex(),
        "00B08300000000", "00B0810000", "00B08200000000", "00B08700000000",
    ]  # fmt: skip
    assert found.sent_hex[-1].startswith(SIGN)
    assert len(found.sent) == 9


def test_number_and_attributes_checked_cost_14_where_it_does_not() -> None:
    found, channel = counted(SHORT)
    assert checked(channel) is Conclusion.GENUINE
    assert [command[:4].hex() for command in found.sent] == [
        "00a4040c", "00b08400", "00b00100", "00b00200", "00200091", "00200091",
        "00b08300", "00b00100", "00b08100", "00b08200", "00b08700", "00b00100", "00b00200", "802a0000",
    ]  # fmt: skip
    assert len(found.sent) == 14


def test_to_find_out_costs_1_more() -> None:
    found = CardThat(card(SHORT).transmit)
    assert checked(Channel(found)) is Conclusion.GENUINE
    assert len(found.sent) == 15


def test_attributes_of_more_than_256_bytes_cost_1_more_without_extended_length() -> None:
    persona = PERSONAS["long-address"]
    found, channel = counted(SHORT, persona)
    assert checked(channel) is Conclusion.GENUINE
    assert len(found.sent) == 15
    found, channel = counted(EXTENDED, persona)
    assert checked(channel) is Conclusion.GENUINE
    assert len(found.sent) == 9


@pytest.mark.parametrize("profile", [EXTENDED, SHORT], ids=["extended", "short"])
def test_number_alone_unchecked_costs_4(profile: CardProfile) -> None:
    found, channel = counted(profile)
    session = TextSession(channel)
    session.verify(TEXT_PIN, PIN)
    session.my_number()
    assert len(found.sent) == 4


@pytest.mark.parametrize("profile", [UNKNOWN, SHORT], ids=["extended", "short"])
def test_the_states_of_all_pins_cost_15(profile: CardProfile) -> None:
    found, channel = counted(profile)
    session = JpkiSession(channel)
    jpki = [session.pin_status(pair) for pair in KEY_PAIRS]
    states = pin_states(channel)
    assert len(jpki) + len(states) == 10
    assert len(found.sent) == 15
    assert found.verifies == []


@pytest.mark.parametrize("profile", [EXTENDED, UNKNOWN], ids=["known", "unknown"])
def test_an_age_checked_costs_6_where_extended_length_passes(profile: CardProfile) -> None:
    found, channel = counted(profile)
    session = FaceSession(channel)
    session.verify(BIRTH_DATE, BIRTH)
    report = check_face(*session.evidence(NONCE, age_record=True), wanted=RootKind.SIMULATED, roots=roots())
    assert report.genuine
    assert len(found.sent) == 6


def test_an_age_checked_costs_10_where_it_does_not() -> None:
    found, channel = counted(SHORT)
    session = FaceSession(channel)
    session.verify(BIRTH_DATE, BIRTH)
    report = check_face(*session.evidence(NONCE, age_record=True), wanted=RootKind.SIMULATED, roots=roots())
    assert report.genuine
    assert len(found.sent) == 10


@pytest.mark.parametrize("profile", [EXTENDED, UNKNOWN], ids=["known", "unknown"])
def test_a_face_checked_costs_6_where_extended_length_passes(profile: CardProfile) -> None:
    found, channel = counted(profile)
    session = FaceSession(channel)
    session.verify(FACE_NUMBER_B, NUMBER_B)
    report = check_face(*session.evidence(NONCE, face=True), wanted=RootKind.SIMULATED, roots=roots())
    assert report.genuine
    assert len(found.sent) == 6


def test_a_face_costs_its_blocks_where_it_does_not() -> None:
    found, channel = counted(SHORT)
    session = FaceSession(channel)
    session.verify(FACE_NUMBER_B, NUMBER_B)
    before = len(found.sent)
    face = session.face()
    assert len(found.sent) - before == ceil(len(bytes(face)) / 256)


@pytest.mark.parametrize("profile", [EXTENDED, SHORT], ids=["extended", "short"])
def test_a_change_costs_5(profile: CardProfile) -> None:
    found, channel = counted(profile)
    TextSession(channel).change_pin(PIN, "5678")
    assert [command[1] for command in found.sent] == [0xA4, 0x20, 0x20, 0xA4, 0x24]


def test_a_change_of_the_resident_register_pin_costs_13() -> None:
    found, channel = counted()
    change_resident_register_pin(channel, PIN, "5678")
    assert [command[1] for command in found.sent] == [
        0xA4, 0x20, 0x20,
        0xA4, 0x20, 0x20, 0xA4, 0x32,
        0xA4, 0x20, 0x20, 0xA4, 0x32,
    ]  # fmt: skip


def test_the_state_of_the_resident_register_pin_costs_4() -> None:
    found, channel = counted()
    resident_register_pin_status(channel)
    assert [command[1] for command in found.sent] == [0xA4, 0x20, 0xA4, 0x20]


def test_records_cost_1_each() -> None:
    found, channel = counted()
    common = CommonSession(channel)
    common.information()
    common.key_id()
    common.authenticate(NONCE)
    common.pin_status(COMMON_PIN)
    assert len(found.sent) == 5
    RegisterSession(channel).key_id()
    assert len(found.sent) == 7


def test_data_of_the_issuer_cost_1_each_and_1_more_for_a_long_object() -> None:
    found, channel = counted()
    issuer = IssuerData(channel)
    issuer.municipality()
    issuer.expiry()
    assert len(found.sent) == 3
    issuer.intermediate_certificate()
    assert found.sent_hex[3:] == ["00CA00F800", "00CA00F8000000"]
    found, channel = counted(EXTENDED)
    IssuerData(channel).intermediate_certificate()
    assert found.sent_hex[1:] == ["00CA00F8000000"]


def test_secure_messaging_costs_its_key_and_a_selection_for_each_file() -> None:
    found, channel = counted(EXTENDED)
    session = TextSession(channel)
    session.begin_secure_messaging(PIN, SEED)
    assert len(found.sent) == 6
    session.my_number()
    session.attributes()
    assert len(found.sent) == 10

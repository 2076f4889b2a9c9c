"""A channel to a card: what it fetches, what it learns, and where it stops."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mynacard import errors
from mynacard.apdu.channel import GET_RESPONSE_MAX, CardProfile, Channel
from mynacard.apdu.commands import (
    ComputeDigitalSignature,
    ReadBinary,
    ReadBinarySfi,
    SelectDf,
    SelectEf,
    SignatureScheme,
    VerifyStatus,
)
from mynacard.apdu.message import CommandApdu, ResponseApdu
from tests.support import CardThat, ScriptedCard

Scripted = Callable[..., ScriptedCard]
SFI_REFUSED = ["6981", "6986", "6A81", "6A82", "6A86", "6A88", "6B00"]


# --- status words ---


def test_what_was_asked_comes_back(scripted: Scripted) -> None:
    assert Channel(scripted(("00B0000004", "CAFECAFE9000"))).send(ReadBinary(0, 4)) == bytes.fromhex("CAFECAFE")


def test_less_than_was_asked_comes_back_as_it_is(scripted: Scripted) -> None:
    assert Channel(scripted(("00B0000000", "CAFE9000"))).send(ReadBinary(0)) == bytes.fromhex("CAFE")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ("6A82", errors.FileNotFound),
        ("6982", errors.SecurityStatusNotSatisfied),
        ("6282", errors.CardError),
        ("9001", errors.CardError),
    ],
)
def test_every_status_word_but_9000_is_an_exception(scripted: Scripted, answer: str, error: type[Exception]) -> None:
    with pytest.raises(error) as caught:
        Channel(scripted(("00B0000000", "CAFE" + answer))).send(ReadBinary(0), "a test")
    assert isinstance(caught.value, errors.CardError)
    assert (str(caught.value.status), caught.value.during) == (answer, "a test")


def test_exchange_leaves_the_judgement_to_its_caller(scripted: Scripted) -> None:
    response = Channel(scripted(("00A4020C020018", "6A82"))).exchange(SelectEf(0x0018))
    assert response == ResponseApdu(b"", response.status)
    assert response.status == 0x6A82


def test_an_absent_application_is_named(scripted: Scripted) -> None:
    with pytest.raises(errors.ApplicationNotFound, match="JPKI"):
        Channel(scripted(("00A4040C01D3", "6A82"))).select(b"\xd3", "JPKI")


# --- '6CXX' ---


def test_6cxx_is_followed_once_with_the_le_it_names(scripted: Scripted) -> None:
    card = scripted(("00B0000000", "6C02"), ("00B0000002", "CAFE9000"))
    assert Channel(card).send(ReadBinary(0)) == bytes.fromhex("CAFE")


def test_6c00_to_an_extended_le_asks_for_256(scripted: Scripted) -> None:
    card = scripted(("00B00000000000", "6C00"), ("00B0000000", "5A" * 256 + "9000"))
    assert len(Channel(card).send(ReadBinary(0, 65536))) == 256


def test_endless_6cxx_is_refused_after_the_second(scripted: Scripted) -> None:
    card = scripted(("00B0000000", "6C02"), ("00B0000002", "6C03"))
    with pytest.raises(errors.CardError) as caught:
        Channel(card).send(ReadBinary(0))
    assert caught.value.status == 0x6C03


def test_6cxx_that_names_more_than_was_wanted_is_not_followed(scripted: Scripted) -> None:
    with pytest.raises(errors.CardError):
        Channel(scripted(("00B0000004", "6C05"))).send(ReadBinary(0, 4))


@pytest.mark.parametrize("answer", ["6C04", "6104"])
def test_a_command_that_wants_no_data_asks_for_none(scripted: Scripted, answer: str) -> None:
    response = Channel(scripted(("00200098", answer))).exchange(VerifyStatus(0x18))
    assert str(response.status) == answer


# --- '61XX' ---


def test_61xx_is_followed_to_its_end(scripted: Scripted) -> None:
    card = scripted(
        ("00B0000000", "CAFE6102"), ("00C0000002", "BEEF6101"), ("00C0000001", "5A9000")
    )  # fmt: skip
    assert Channel(card).send(ReadBinary(0)) == bytes.fromhex("CAFEBEEF5A")


def test_6100_announces_256_bytes(scripted: Scripted) -> None:
    card = scripted(("00B0000000", "6100"), ("00C0000000", "5A" * 256 + "9000"))
    assert len(Channel(card).send(ReadBinary(0))) == 256


def test_6cxx_then_61xx_then_the_end(scripted: Scripted) -> None:
    card = scripted(("00B0000000", "6C04"), ("00B0000004", "CAFE6102"), ("00C0000002", "BEEF9000"))
    assert Channel(card).send(ReadBinary(0)) == bytes.fromhex("CAFEBEEF")


def test_get_response_goes_in_the_interindustry_class(scripted: Scripted) -> None:
    card = scripted(("802A0097015A00", "6101"), ("00C0000001", "CA9000"))
    assert Channel(card).send(ComputeDigitalSignature(0x17, SignatureScheme.PKCS1, b"\x5a")) == b"\xca"


def test_what_ends_the_61xx_decides(scripted: Scripted) -> None:
    card = scripted(("00B0000000", "CAFE6102"), ("00C0000002", "6F00"))
    with pytest.raises(errors.CardError) as caught:
        Channel(card).send(ReadBinary(0))
    assert caught.value.status == 0x6F00


def test_endless_61xx_ends() -> None:
    card = CardThat(lambda command: "5A6101")
    with pytest.raises(errors.ProtocolError):
        Channel(card).send(ReadBinary(0, 65536))
    assert len(card.sent) == 1 + GET_RESPONSE_MAX


def test_61xx_that_brings_nothing_ends_at_once() -> None:
    card = CardThat(lambda command: "6110")
    with pytest.raises(errors.ProtocolError):
        Channel(card).send(ReadBinary(0))
    assert len(card.sent) == 2


def test_endless_61xx_and_6cxx_and_a_refused_identifier_together_end() -> None:
    answers = iter(["6A82", "9000", "6C00"])
    card = CardThat(lambda command: next(answers, "5A6101"))
    with pytest.raises(errors.ProtocolError):
        Channel(card).exchange_on(0x0A, ReadBinarySfi(0x0A, 0, 65536))
    assert len(card.sent) == 4 + GET_RESPONSE_MAX <= 70


# --- answers of a length that cannot be ---


@pytest.mark.parametrize("answer", ["", "90"])
def test_an_answer_without_a_status_word_leaves_the_outcome_unknown(answer: str) -> None:
    """CVE-2024-45616 and its family: an answer of 0 to 3 bytes was read as if it were longer."""
    with pytest.raises(errors.OutcomeUnknownError):
        Channel(CardThat(lambda command: answer)).send(ReadBinary(0))
    with pytest.raises(errors.OutcomeUnknownError):
        Channel(CardThat(lambda command: answer)).transmit(bytes.fromhex("00B0000000"))


@pytest.mark.parametrize(("answer", "data"), [("9000", ""), ("5A9000", "5A")])
def test_cve_2024_45616_an_answer_of_two_or_three_bytes_has_none_or_one_of_data(answer: str, data: str) -> None:
    assert Channel(CardThat(lambda command: answer)).send(ReadBinary(0, 4)) == bytes.fromhex(data)


@pytest.mark.parametrize(("ne", "nr"), [(1, 2), (4, 5), (256, 257), (256, 65536), (65536, 65537)])
def test_an_answer_longer_than_was_asked_is_refused(ne: int, nr: int) -> None:
    with pytest.raises(errors.ProtocolError):
        Channel(CardThat(lambda command: bytes(nr) + b"\x90\x00")).send(ReadBinary(0, ne))


def test_data_where_none_was_asked_is_refused() -> None:
    with pytest.raises(errors.ProtocolError):
        Channel(CardThat(lambda command: "5A9000")).exchange(SelectEf(1))


def test_cve_2025_49010_get_response_that_brings_more_than_it_announced_is_refused(scripted: Scripted) -> None:
    card = scripted(("00B0000000", "6102"), ("00C0000002", "5A5A5A9000"))
    with pytest.raises(errors.ProtocolError):
        Channel(card).send(ReadBinary(0))


@pytest.mark.parametrize("step", [1, 2, 3])
def test_cve_2025_49010_get_response_that_brings_more_than_there_is_room_for_is_refused(step: int) -> None:
    """Each step brings what it announced, and all together more than the command wanted."""
    card = CardThat(lambda command: "5A" * 10 + "610A")
    with pytest.raises(errors.ProtocolError):
        Channel(card).send(ReadBinary(0, step * 10 + 9))
    assert len(card.sent) == step + 1


# --- short identifiers ---


@pytest.mark.parametrize("refused", SFI_REFUSED)
def test_a_card_that_refuses_short_identifiers_is_asked_by_selection_and_remembered(
    scripted: Scripted, refused: str
) -> None:
    channel = Channel(scripted(
        ("00B08A0000", refused), ("00A4020C02000A", "9000"), ("00B0000000", "CAFE9000"),
        ("00A4020C02000B", "9000"), ("00B0000000", "BEEF9000"),
    ))  # fmt: skip
    assert channel.exchange_on(0x0A, ReadBinarySfi(0x0A)).data == bytes.fromhex("CAFE")
    assert channel.profile.selects_first == {ReadBinarySfi}
    assert channel.exchange_on(0x0B, ReadBinarySfi(0x0B)).data == bytes.fromhex("BEEF")


def test_what_was_learned_serves_the_next_channel(scripted: Scripted) -> None:
    profile = CardProfile(selects_first=frozenset({ReadBinarySfi}))
    channel = Channel(scripted(("00A4020C02000A", "9000"), ("00B0000000", "CAFE9000")), profile)
    assert channel.exchange_on(0x0A, ReadBinarySfi(0x0A)).data == bytes.fromhex("CAFE")
    assert channel.profile == profile


def test_one_command_refused_by_identifier_says_nothing_of_another(scripted: Scripted) -> None:
    channel = Channel(scripted(
        ("00B08A0000", "6A86"), ("00A4020C02000A", "9000"), ("00B0000000", "9000"), ("00200098", "63C3"),
    ))  # fmt: skip
    channel.exchange_on(0x0A, ReadBinarySfi(0x0A))
    assert channel.exchange_on(0x18, VerifyStatus(0x18)).status == 0x63C3


def test_a_file_that_is_not_there_teaches_nothing(scripted: Scripted) -> None:
    channel = Channel(scripted(("00B08A0000", "6A82"), ("00A4020C02000A", "6A82")))
    with pytest.raises(errors.FileNotFound):
        channel.exchange_on(0x0A, ReadBinarySfi(0x0A))
    assert channel.profile == CardProfile()


def test_a_refusal_in_both_forms_teaches_nothing(scripted: Scripted) -> None:
    channel = Channel(scripted(("00B08A0000", "6981"), ("00A4020C02000A", "9000"), ("00B0000000", "6981")))
    assert channel.exchange_on(0x0A, ReadBinarySfi(0x0A)).status == 0x6981
    assert channel.profile == CardProfile()


@pytest.mark.parametrize("answer", ["6982", "6985", "6700", "9000", "63C3"])
def test_an_answer_about_something_else_is_no_refusal_of_the_identifier(scripted: Scripted, answer: str) -> None:
    channel = Channel(scripted(("00B08100" + "00", answer)))
    assert str(channel.exchange_on(0x01, ReadBinarySfi(0x01)).status) == answer


def test_an_ef_without_a_short_identifier_is_selected(scripted: Scripted) -> None:
    channel = Channel(scripted(("00A4020C02011F", "9000"), ("00B0000000", "CAFE9000")))
    assert channel.exchange_on(0x011F, ReadBinarySfi(0)).data == bytes.fromhex("CAFE")


def test_an_ef_without_a_short_identifier_says_nothing_of_those_with_one(scripted: Scripted) -> None:
    channel = Channel(scripted(
        ("00A4020C02011F", "9000"), ("00B0000000", "CAFE9000"), ("00B08A0000", "BEEF9000"),
    ))  # fmt: skip
    channel.exchange_on(0x011F, ReadBinarySfi(0))
    assert channel.exchange_on(0x0A, ReadBinarySfi(0x0A)).data == bytes.fromhex("BEEF")


# --- a card itself ---


def test_a_channel_is_a_card_and_passes_bytes_on_as_they_are(scripted: Scripted) -> None:
    inner = Channel(scripted(("FFCA000000", "01026A81")))
    assert Channel(inner).transmit(bytes.fromhex("FFCA000000")) == bytes.fromhex("01026A81")


def test_a_channel_counts_how_often_an_application_was_selected_by_whomever() -> None:
    channel = Channel(CardThat(lambda command: "9000"))
    channel.select(b"\xd3", "JPKI")
    channel.transmit(bytes(CommandApdu(0x00, 0xA4, 0x04, 0x00, b"\xd3", 256)))
    channel.exchange(SelectDf(b"\xa0"))
    channel.exchange(SelectEf(0x18))
    assert channel.selections == 3


def test_what_the_reader_says_comes_through(scripted: Scripted) -> None:
    lost = errors.CardRemovedError("gone")
    with pytest.raises(errors.CardRemovedError) as caught:
        Channel(scripted(("00B0000000", lost))).send(ReadBinary(0))
    assert caught.value is lost


def test_the_log_has_headers_and_counts_and_no_data(scripted: Scripted, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    Channel(scripted(("00B0000004", "CAFECAFE9000"))).send(ReadBinary(0, 4))
    assert caplog.messages == ["CommandApdu(00 B0 00 00, nc=0, ne=4) -> ResponseApdu(nr=4, status=9000)"]


def test_what_is_learned_is_known_from_then_on(scripted: Scripted) -> None:
    channel = Channel(scripted())
    channel.learn(CardProfile(extended_length=True))
    assert channel.profile == CardProfile(extended_length=True)

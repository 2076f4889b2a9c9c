"""The arithmetic of reading: what is asked for at a time, and why nothing else takes less time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from mynacard import errors
from mynacard.apdu.channel import CardProfile, Channel
from mynacard.apdu.message import NE_MAX
from mynacard.apdu.reading import BLOCK, answer_to_try, blocks, first_block, read_s
from mynacard.apdu.selection import Selection
from mynacard.simulator.timing import TRANSPORTS, answer_s
from tests.support import CardThat, ScriptedCard

Scripted = Callable[..., ScriptedCard]

SELECT = "00A4040C02D392"
UNKNOWN, EXTENDED, SHORT = CardProfile(), CardProfile(extended_length=True), CardProfile(extended_length=False)
DONE = b"\x90\x00"


def content(length: int) -> bytes:
    return (b"\xff\x10\x82" + (length - 5).to_bytes(2, "big") + bytes(range(256)) * (length // 256 + 1))[:length]


def selection(card: ScriptedCard | CardThat, profile: CardProfile = UNKNOWN) -> Selection:
    return Selection(Channel(card, profile), b"\xd3\x92", "test")


# --- the numbers ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, 256, 1205])
def test_the_numbers_are_those_of_the_model_of_time(size: int) -> None:
    read = bytes.fromhex("00B0810000")
    assert answer_s(TRANSPORTS["contactless-424"], read, bytes(size) + DONE) == pytest.approx(read_s([size]))


def test_the_table_in_the_module_is_its_arithmetic() -> None:
    whole, exact, short = (2048,), (256, 1205), blocks(1461, 256)
    assert [round(read_s(sizes) * 1000) for sizes in (whole, exact, short)] == [1417, 1069, 1249]
    assert (len(short), sum(short)) == (6, 1461)


@pytest.mark.parametrize("length", range(1, 2050, 7))
@pytest.mark.parametrize("probe", [257, 520, 1024, 1205, 2048])
def test_a_probe_before_a_pin_never_pays(length: int, probe: int) -> None:
    assert read_s((probe, *blocks(length, probe))) > read_s(blocks(length, BLOCK))


@pytest.mark.parametrize(
    ("profile", "first"),
    [
        (UNKNOWN, 256),
        (SHORT, 256),
        (EXTENDED, 1024),
        (CardProfile(seen=520), 520),
        (CardProfile(seen=1205), 1024),
        (CardProfile(extended_length=False, block=520), 256),
        (CardProfile(certificate=700), 700),
    ],
    ids=str,
)
def test_the_first_block_is_as_long_as_passes_and_holds_no_filler(profile: CardProfile, first: int) -> None:
    assert first_block(profile) == first


@pytest.mark.parametrize(
    ("left", "passes", "may_pass", "tried"),
    [
        (1205, 256, NE_MAX, 1205),  # saves four commands
        (257, 256, NE_MAX, 257),
        (256, 256, NE_MAX, 0),  # is one command anyway
        (1, 256, NE_MAX, 0),
        (0, 256, NE_MAX, 0),
        (1205, 256, 256, 0),
        (1205, 256, 520, 520),  # and two of 520 and 165: three commands for five
        (512, 256, 259, 0),  # two commands either way
        (1205, 1205, NE_MAX, 0),
    ],
)
def test_an_answer_is_tried_where_that_saves_a_command(left: int, passes: int, may_pass: int, tried: int) -> None:
    assert answer_to_try(left, passes, may_pass) == tried


# --- what a selection makes of them ---------------------------------------------------------------------------


def test_the_rest_is_tried_at_once_and_that_it_passed_is_remembered(scripted: Scripted) -> None:
    data = content(1461)
    card = scripted((SELECT, "9000"), ("00B0840000", data[:256] + DONE), ("00B001000004B5", data[256:] + DONE))
    chosen = selection(card)
    assert chosen.read_content(4, first=256) == data
    assert chosen.channel.profile == CardProfile(seen=1205)


@pytest.mark.parametrize("answer", ["6700", "6B00", "6986", "9000", "6282", content(500).hex() + "9000"])
def test_a_rest_that_does_not_pass_is_read_in_blocks_and_not_tried_again(scripted: Scripted, answer: str) -> None:
    data = content(600)
    rest = (("00B0010000", data[256:512] + DONE), ("00B0020058", data[512:] + DONE))
    card = scripted(
        (SELECT, "9000"),
        *(("00B0840000", data[:256] + DONE), ("00B00100000158", answer[-4:] if len(answer) > 700 else answer), *rest),
        *(("00B0850000", data[:256] + DONE), *rest),
    )
    chosen = selection(card)
    assert chosen.read_content(4, first=256) == data
    assert chosen.read_content(5, first=256) == data
    assert chosen.channel.profile == SHORT


def test_no_byte_of_an_answer_that_was_cut_off_is_used(scripted: Scripted) -> None:
    data = content(900)
    card = scripted(
        (SELECT, "9000"), ("00B0840000", data[:256] + DONE), ("00B00100000284", bytes(300) + DONE),
        ("00B0010000", data[256:512] + DONE), ("00B0020000", data[512:768] + DONE), ("00B0030084", data[768:] + DONE),
    )  # fmt: skip
    assert selection(card).read_content(4, first=256) == data


def test_a_refusal_of_the_file_in_its_middle_is_that_refusal(scripted: Scripted) -> None:
    card = scripted((SELECT, "9000"), ("00B0840000", content(900)[:256] + DONE), ("00B00100000284", "6982"))
    chosen = selection(card)
    with pytest.raises(errors.SecurityStatusNotSatisfied):
        chosen.read_content(4, first=256)
    assert chosen.channel.profile == UNKNOWN


def test_a_reader_that_chokes_on_the_rest_costs_a_selection_and_the_first_block(scripted: Scripted) -> None:
    data = content(600)
    stuck = errors.OutcomeUnknownError("stuck")
    card = scripted(
        (SELECT, "9000"), ("00B0840000", data[:256] + DONE), ("00B00100000158", stuck), (SELECT, "9000"),
        ("00B0840000", data[:256] + DONE), ("00B0010000", data[256:512] + DONE), ("00B0020058", data[512:] + DONE),
    )  # fmt: skip
    chosen = selection(card)
    assert chosen.read_content(4, first=256) == data
    assert chosen.channel.profile == SHORT


@pytest.mark.parametrize("again", [content(601)[:256], content(600)[:255], b""], ids=["another", "shorter", "none"])
def test_a_first_block_that_is_another_one_the_second_time_is_an_error(scripted: Scripted, again: bytes) -> None:
    card = scripted(
        (SELECT, "9000"), ("00B0840000", content(600)[:256] + DONE),
        ("00B00100000158", errors.OutcomeUnknownError("stuck")), (SELECT, "9000"), ("00B0840000", again + DONE),
    )  # fmt: skip
    with pytest.raises(errors.CardDataError, match="changed while it was read"):
        selection(card).read_content(4, first=256)


def test_a_timeout_at_the_rest_gives_the_connection_up(scripted: Scripted) -> None:
    late = errors.CallTimeoutError("late", call="SCardTransmit")
    card = scripted((SELECT, "9000"), ("00B0840000", content(600)[:256] + DONE), ("00B00100000158", late))
    with pytest.raises(errors.CallTimeoutError):
        selection(card).read_content(4, first=256)


def test_nothing_is_tried_at_the_rest_where_a_login_could_be_lost(scripted: Scripted) -> None:
    data = content(600)
    card = scripted(
        (SELECT, "9000"), ("00B0840000", data[:256] + DONE),
        ("00B0010000", data[256:512] + DONE), ("00B0020058", data[512:] + DONE),
    )  # fmt: skip
    chosen = selection(card)
    chosen.may_probe = False
    assert chosen.read_content(4, first=256) == data


def test_a_reader_of_known_length_is_asked_for_as_much_as_it_passes(scripted: Scripted) -> None:
    data = content(1461)
    profile = CardProfile(extended_length=False, block=520)
    card = scripted(
        (SELECT, "9000"), ("00B0840000", data[:256] + DONE), ("00B00100000208", data[256:776] + DONE),
        ("00B00308000208", data[776:1296] + DONE), ("00B00510A5", data[1296:] + DONE),
    )  # fmt: skip
    chosen = selection(card, profile)
    assert chosen.read_content(4, first=256) == data
    assert chosen.channel.profile == replace(profile, seen=520)

"""An application selected, and its files read: by which commands, to which end."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mynacard import errors
from mynacard.apdu.channel import CardProfile, Channel
from mynacard.apdu.reading import blocks
from mynacard.apdu.selection import FILE_MAX, OBJECT_MAX, Selection, object_length
from tests.support import CardThat, ScriptedCard

Scripted = Callable[..., ScriptedCard]

SELECT = "00A4040C02D392"
EXTENDED, SHORT = CardProfile(extended_length=True), CardProfile(extended_length=False)


def object_of(length: int) -> bytes:
    """A data object of so many bytes in all."""
    return b"\xff\x10\x82" + (length - 5).to_bytes(2, "big") + bytes(range(256)) * (length // 256 + 1)


def content(length: int) -> bytes:
    return object_of(length)[:length]


def selection(card: ScriptedCard | CardThat, profile: CardProfile = CardProfile()) -> Selection:
    return Selection(Channel(card, profile), b"\xd3\x92", "test")


def test_a_long_file_is_one_apdu_where_extended_length_passes(scripted: Scripted) -> None:
    card = scripted((SELECT, "9000"), ("00B08400000000", content(600) + b"\xff" * 40 + b"\x90\x00"))
    assert selection(card, EXTENDED).read_content(4) == content(600)


@pytest.mark.parametrize("length", [256, 257, 512, 513])
def test_it_is_its_blocks_where_it_does_not_and_no_more(scripted: Scripted, length: int) -> None:
    found = content(length)
    steps = [("00B0840000", found[:256] + b"\x90\x00")]
    steps += [
        (f"00B0{at:04X}{min(256, length - at) % 256:02X}", found[at : at + 256] + b"\x90\x00")
        for at in range(256, length, 256)
    ]
    assert selection(scripted((SELECT, "9000"), *steps), SHORT).read_content(4) == found


def test_what_was_cut_off_on_the_way_is_read_on(scripted: Scripted) -> None:
    found = content(700)
    card = scripted(
        (SELECT, "9000"), ("00B08400000000", found[:600] + b"\x90\x00"), ("00B0025864", found[600:] + b"\x90\x00")
    )
    channel = Channel(card)
    assert Selection(channel, b"\xd3\x92", "test").read_content(4) == found
    assert channel.profile == SHORT, "a reader that cuts off passes no extended length"


def test_a_reader_that_chokes_on_extended_length_costs_a_selection(scripted: Scripted) -> None:
    found = content(300)
    channel = Channel(scripted(
        (SELECT, "9000"), ("00B08400000000", errors.OutcomeUnknownError("stuck")), (SELECT, "9000"),
        ("00B0840000", found[:256] + b"\x90\x00"), ("00B001002C", found[256:] + b"\x90\x00"),
    ))  # fmt: skip
    assert Selection(channel, b"\xd3\x92", "test").read_content(4) == found
    assert channel.profile == SHORT


def test_a_timeout_gives_the_connection_up(scripted: Scripted) -> None:
    card = scripted((SELECT, "9000"), ("00B08400000000", errors.CallTimeoutError("late", call="SCardTransmit")))
    with pytest.raises(errors.CallTimeoutError):
        selection(card).read_content(4)


@pytest.mark.parametrize("status", ["6982", "6A82"])
def test_a_refusal_of_the_file_says_nothing_of_lengths(scripted: Scripted, status: str) -> None:
    script = [(SELECT, "9000"), ("00B08400000000", status)]
    if status == "6A82":  # may be about the short identifier
        script += [("00A4020C020004", "6A82")]
    channel = Channel(scripted(*script))
    with pytest.raises(errors.CardError):
        Selection(channel, b"\xd3\x92", "test").read_content(4)
    assert channel.profile.extended_length is None


def test_after_a_pin_nobody_tries(scripted: Scripted) -> None:
    card = scripted((SELECT, "9000"), ("00B0840000", content(100) + b"\x90\x00"))
    found = selection(card)
    found.may_probe = False
    assert found.read_content(4) == content(100)


@pytest.mark.parametrize("answer", ["FF", "9000", "FF1082015A5A9000"])
def test_a_file_that_ends_before_its_length_is_none(answer: str) -> None:
    card = CardThat(
        lambda command: (
            "9000" if command[1] == 0xA4 else (answer if command[2] < 0x80 else content(300)[:256] + b"\x90\x00")
        )
    )
    with pytest.raises(errors.MynacardError):
        selection(card, SHORT).read_content(4)
    assert len(card.sent) <= 3


@pytest.mark.parametrize("head", ["", "FF", "FF10", "FF1080", "FF1085", "FF10821001", "30840000FFFF"])
def test_what_begins_no_object_is_none(head: str) -> None:
    with pytest.raises(errors.CardDataError):
        object_length(bytes.fromhex(head))


def test_lengths_are_bounded() -> None:
    assert object_length(object_of(OBJECT_MAX)) == OBJECT_MAX
    with pytest.raises(errors.CardDataError):
        object_length(object_of(OBJECT_MAX + 1))
    assert object_length(object_of(FILE_MAX), FILE_MAX) == FILE_MAX


def test_commands_go_through_a_route_and_end_with_the_selection(scripted: Scripted) -> None:
    inner = CardThat(lambda command: "9000")
    channel = Channel(inner)
    found = Selection(channel, b"\xd3\x92", "test")
    route = CardThat(lambda command: "5A9000")
    found.go_through(lambda _: Channel(route))
    assert found.read(1) == b"\x5a"
    channel.select(b"\xa0", "other")
    with pytest.raises(errors.SessionEndedError):
        found.read(1)
    with pytest.raises(errors.SessionEndedError):
        found.go_through(lambda same: same)
    assert len(route.sent) == 1


# --- readers through which more than 256 bytes pass, but not a whole file ----------------------------


def cheapest(rest: int, most: int) -> list[tuple[int, int]]:
    """Of each length up to *rest*: the fewest commands that bring it, and the fewest bytes of those; by trying all."""
    best = [(0, 0)]
    for left in range(1, rest + 1):
        ways = (
            (best[left - ne][0] + 1, best[left - ne][1] + (5 if ne <= 256 else 7))
            for ne in range(1, most + 1)
            if ne <= left
        )
        best.append(min(ways))
    return best


@pytest.mark.parametrize("most", [256, 257, 259, 300, 511, 512, 513, 520])
def test_the_rest_of_a_file_comes_by_the_fewest_commands_and_those_with_the_fewest_bytes(most: int) -> None:
    best = cheapest(1300, most)
    for rest in range(1, 1301):
        sizes = blocks(rest, most)
        assert sum(sizes) == rest
        assert min(sizes) > 0
        assert max(sizes) <= most
        assert (len(sizes), sum(5 if ne <= 256 else 7 for ne in sizes)) == best[rest]


def test_nothing_is_no_command() -> None:
    assert blocks(0, 256) == ()


MIDDLE = CardProfile(extended_length=False, block=520)


def test_a_known_length_of_answers_is_asked_for_at_once(scripted: Scripted) -> None:
    found = content(700)
    card = scripted(
        (SELECT, "9000"), ("00B08400000208", found[:520] + b"\x90\x00"), ("00B00208B4", found[520:] + b"\x90\x00")
    )
    chosen = selection(card, MIDDLE)
    assert chosen.read_content(4) == found
    assert chosen.channel.profile.seen == 520


def test_where_it_does_not_pass_after_all_it_is_256_bytes_and_no_more_is_tried(scripted: Scripted) -> None:
    found = content(300)
    card = scripted(
        (SELECT, "9000"), ("00B08400000208", "6700"), ("00B0840000", found[:256] + b"\x90\x00"),
        ("00B001002C", found[256:] + b"\x90\x00"), ("00B0850000", found[:256] + b"\x90\x00"),
        ("00B001002C", found[256:] + b"\x90\x00"),
    )  # fmt: skip
    chosen = selection(card, MIDDLE)
    assert chosen.read_content(4) == found
    assert chosen.read_content(5) == found
    assert chosen.channel.profile == SHORT


def test_nothing_is_tried_when_a_login_could_be_lost(scripted: Scripted) -> None:
    found = content(300)
    card = scripted(
        (SELECT, "9000"), ("00B0840000", found[:256] + b"\x90\x00"), ("00B001002C", found[256:] + b"\x90\x00")
    )
    chosen = selection(card, MIDDLE)
    chosen.may_probe = False
    assert chosen.read_content(4) == found


def test_a_known_length_of_files_is_asked_for_first_and_what_is_left_at_once(scripted: Scripted) -> None:
    found = content(700)
    card = scripted(
        (SELECT, "9000"), ("00B08400000258", found[:600] + b"\x90\x00"), ("00B0025864", found[600:] + b"\x90\x00")
    )
    chosen = selection(card)
    assert chosen.read_content(4, first=600) == found
    assert chosen.channel.profile == CardProfile(seen=600), "that everything passes was not seen"


def test_a_file_of_just_that_length_is_one_command_and_brings_no_filler(scripted: Scripted) -> None:
    found = content(600)
    card = scripted((SELECT, "9000"), ("00B08400000258", found + b"\x90\x00"))
    assert selection(card, EXTENDED).read_content(4, first=600) == found


def test_what_passed_once_is_no_promise_of_more_where_a_login_could_be_lost(scripted: Scripted) -> None:
    found, longer = content(700), content(2000)
    card = scripted(
        (SELECT, "9000"), ("00B08400000258", found[:600] + b"\x90\x00"), ("00B0025864", found[600:] + b"\x90\x00"),
        ("00B08500000258", longer[:600] + b"\x90\x00"), ("00B00258000258", longer[600:1200] + b"\x90\x00"),
        ("00B004B0000258", longer[1200:1800] + b"\x90\x00"), ("00B00708C8", longer[1800:] + b"\x90\x00"),
    )  # fmt: skip
    chosen = selection(card)
    chosen.read_content(4, first=600)
    assert not chosen.knows_lengths()
    chosen.may_probe = False
    assert chosen.read_content(5) == longer


def test_more_that_does_not_pass_takes_nothing_from_what_did(scripted: Scripted) -> None:
    found = content(700)
    card = scripted(
        (SELECT, "9000"), ("00B08400000258", found[:600] + b"\x90\x00"), ("00B0025864", found[600:] + b"\x90\x00"),
        ("00B08500000000", "6700"), ("00B08500000258", found[:600] + b"\x90\x00"),
        ("00B0025864", found[600:] + b"\x90\x00"),
    )  # fmt: skip
    chosen = selection(card)
    assert chosen.read_content(4, first=600) == chosen.read_content(5) == found
    assert chosen.channel.profile == CardProfile(extended_length=False, block=600, seen=600)


def test_up_to_256_bytes_are_no_question_of_what_passes(scripted: Scripted) -> None:
    found = content(150)
    chosen = selection(scripted((SELECT, "9000"), ("00B08400C8", found + bytes(50) + b"\x90\x00")))
    assert chosen.read_content(4, first=200) == found
    assert chosen.channel.profile == CardProfile()


@pytest.mark.parametrize("may_probe", [True, False])
def test_a_file_shorter_than_what_is_asked_for_first_may_be_told_with_a_warning(
    scripted: Scripted, may_probe: bool
) -> None:
    found = content(600)
    chosen = selection(
        scripted((SELECT, "9000"), ("00B084000002BC", found + b"\x62\x82")), CardProfile(seen=256 if may_probe else 700)
    )
    chosen.may_probe = may_probe
    assert chosen.read_content(4, first=700) == found


def test_a_card_that_refuses_to_bring_more_than_there_is_is_asked_for_256_bytes(scripted: Scripted) -> None:
    found = content(300)
    card = scripted(
        (SELECT, "9000"), ("00B084000002BC", "6700"), ("00B0840000", found[:256] + b"\x90\x00"),
        ("00B001002C", found[256:] + b"\x90\x00"),
    )  # fmt: skip
    chosen = selection(card, CardProfile(seen=700))
    chosen.may_probe = False
    assert chosen.read_content(4, first=700) == found


@pytest.mark.parametrize("claimed", [None, 100, 256, 300, 600, 4000, 0x10000])
@pytest.mark.parametrize("passes", [256, 261, 520, 2000, 0x10000])
@pytest.mark.parametrize("first", [None, 200, 300, 700, 1500, 5000])
@pytest.mark.parametrize("cuts", [False, True])
def test_whatever_a_profile_claims_files_are_read_and_no_login_is_lost(
    passes: int, claimed: int | None, first: int | None, cuts: bool
) -> None:
    files = {4: content(3900), 5: content(300), 6: content(1100)}
    lost: list[bytes] = []
    current = [0]

    def answer(command: bytes) -> bytes:
        if command[1] == 0xA4:
            return b"\x90\x00"
        if command[2] & 0x80:
            current[0] = command[2] & 0x1F
        offset = 0 if command[2] & 0x80 else int.from_bytes(command[2:4])
        ne = (command[4] or 256) if len(command) == 5 else int.from_bytes(command[5:]) or 0x10000
        data = files[current[0]][offset : offset + ne]
        if len(data) > passes and not cuts:
            lost.append(command)
            raise errors.OutcomeUnknownError("stuck")
        return data[:passes] + b"\x90\x00"

    profile = CardProfile() if claimed is None else CardProfile(extended_length=False, block=claimed)
    chosen = selection(CardThat(answer), profile)
    assert chosen.read_content(4, first=first) == files[4]
    assert len(lost) <= 1
    chosen.may_probe = False
    lost.clear()
    for name in (5, 6, 4):
        assert chosen.read_content(name, first=first if name != 6 else None) == files[name]
    assert lost == []

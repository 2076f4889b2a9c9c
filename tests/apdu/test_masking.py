"""What is personal in an answer, by the rules; and that whatever is unclear is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mynacard.apdu import tlv
from mynacard.apdu.masking import EVERY_FILE, MASTER_FILE, ApplicationMask, FileMask, Follower, Range
from mynacard.apdu.tlv import Tlv

NAME = bytes.fromhex("F00102030405")
SELECT = b"\x00\xa4\x04\x0c\x06" + NAME
DONE = b"\x90\x00"
SECRET = 0xA5
"""The byte that personal values are made of, and nothing else is."""


def select_ef(file_id: int) -> bytes:
    return b"\x00\xa4\x02\x0c\x02" + file_id.to_bytes(2)


def read(offset: int, ne: int = 0) -> bytes:
    return b"\x00\xb0" + offset.to_bytes(2) + bytes((ne,))


def read_sfi(sfi: int, offset: int = 0) -> bytes:
    return bytes((0x00, 0xB0, 0x80 | sfi, offset, 0))


def follower(*files: FileMask, selected: bool = True) -> Follower:
    made = Follower([ApplicationMask(NAME, files, EVERY_FILE - {9})])
    if selected:
        assert made.personal(SELECT, DONE) == ()
    return made


NESTED = bytes(Tlv(0xFF20, bytes(Tlv(0xDF21, b"\x01" * 4)) + bytes(Tlv(0xDF22, bytes((SECRET,)) * 6)))) + b"\xff" * 9
WHOLE = FileMask(2)
INSIDE = FileMask(1, (0xFF20, 0xDF22))
VALUE: Range = (3 + 3 + 4 + 3, 3 + 3 + 4 + 3 + 6)


def test_a_value_is_masked_and_what_is_around_it_is_not() -> None:
    assert follower(INSIDE).personal(read_sfi(1), NESTED + DONE) == (VALUE,)


def test_a_whole_file_is_masked_but_its_status_word_never() -> None:
    assert follower(WHOLE).personal(read_sfi(2), b"abc" + DONE) == ((0, 3),)
    assert follower(WHOLE).personal(read_sfi(2), DONE) == ()


def test_a_file_that_is_known_to_be_harmless_is_shown_and_one_that_no_rule_names_is_personal() -> None:
    assert follower(WHOLE, INSIDE).personal(read_sfi(3), NESTED + DONE) == ()
    assert follower(WHOLE, INSIDE).personal(read_sfi(9), NESTED + DONE) == ((0, len(NESTED)),)
    assert Follower([ApplicationMask(NAME)]).personal(SELECT, b"abc" + DONE) == ()


def test_a_rule_for_a_part_of_a_file_outweighs_that_the_file_is_shown() -> None:
    watching = Follower([ApplicationMask(NAME, (WHOLE,), frozenset({2}))])
    watching.personal(SELECT, DONE)
    assert watching.personal(read_sfi(2), b"abc" + DONE) == ((0, 3),)


def test_the_mf_has_rules_by_its_file_identifier() -> None:
    watching = Follower([ApplicationMask(MASTER_FILE, (FileMask(1),), frozenset({2})), ApplicationMask(NAME)])
    select_mf = bytes.fromhex("00A40000023F00")
    assert watching.personal(read_sfi(2), b"abc" + DONE) == ((0, 3),), "nothing is selected in sight"
    assert watching.personal(select_mf, DONE) == ()
    assert watching.personal(read_sfi(2), b"abc" + DONE) == ()
    assert watching.personal(read_sfi(1), b"abc" + DONE) == ((0, 3),)
    other = b"\x00\xa4\x04\x0c\x02\xf0\x09"
    assert watching.personal(other, DONE) == ()
    assert watching.personal(read_sfi(2), b"abc" + DONE) == ((0, 3),), "a DF without rules"
    assert watching.personal(select_mf, b"\x6a\x82") == ()
    assert watching.personal(read_sfi(2), b"abc" + DONE) == ((0, 3),), "refused"


def test_what_comes_under_secure_messaging_is_personal() -> None:
    watching = Follower([ApplicationMask(MASTER_FILE, shown=EVERY_FILE)])
    watching.personal(bytes.fromhex("00A40000023F00"), DONE)
    assert watching.personal(bytes.fromhex("08B08B0000000496020000 0000"), b"abc" + DONE) == ((0, 3),)


def test_the_answer_to_mutual_authenticate_is_personal() -> None:
    watching = Follower([ApplicationMask(MASTER_FILE, shown=EVERY_FILE)])
    watching.personal(bytes.fromhex("00A40000023F00"), DONE)
    assert watching.personal(b"\x00\x82\x00\x00", bytes(40) + DONE) == ((0, 40),)


def test_offsets_are_followed_over_blocks_of_the_current_file() -> None:
    watching = follower(INSIDE)
    assert watching.personal(select_ef(1), DONE) == ()
    assert watching.personal(read(0, 15), NESTED[:15] + DONE) == ((13, 15),)
    assert watching.personal(read(15, 15), NESTED[15:] + DONE) == ((0, 4),)


def test_what_61xx_announces_belongs_to_the_file_it_came_from() -> None:
    watching = follower(INSIDE)
    assert watching.personal(read_sfi(1), NESTED[:14] + b"\x61\x0e") == ((13, 14),)
    assert watching.personal(bytes.fromhex("00C000000E"), NESTED[14:] + DONE) == ((0, 5),)
    assert watching.personal(bytes.fromhex("00C000000E"), b"abc" + DONE) == ((0, 3),)


def test_the_middle_of_a_file_whose_beginning_was_not_seen_is_masked() -> None:
    assert follower(INSIDE).personal(read_sfi(1, 20), NESTED[20:] + DONE) == ((0, 8),)


@pytest.mark.parametrize(
    ("before", "command"),
    [
        pytest.param([], read_sfi(3), id="no-application"),
        pytest.param([(b"\x00\xa4\x04\x0c\x02\xf0\x09", DONE)], read_sfi(3), id="another-application"),
        pytest.param([(SELECT[:4] + b"\x02" + NAME[:2], DONE)], read_sfi(3), id="a-part-of-a-name"),
        pytest.param([(SELECT, b"\x6a\x82")], read_sfi(3), id="refused"),
        pytest.param([(SELECT, DONE)], read(0), id="no-file"),
        pytest.param([(SELECT, DONE), (select_ef(3), b"\x6a\x82")], read(0), id="file-refused"),
        pytest.param([(SELECT, DONE), (select_ef(3), DONE), (SELECT, DONE)], read(0), id="file-of-before"),
        pytest.param([(SELECT, DONE), (b"\x00\xa4\x08\x0c\x02\x00\x03", DONE)], read(0), id="by-path"),
        pytest.param(
            [(SELECT, DONE), (select_ef(3), DONE), (b"\x00\x20\x00\x98", b"\x63\xc3")],
            read(0),
            id="a-key-by-identifier",
        ),
        pytest.param([(SELECT, DONE)], b"\x0c\xb0\x83\x00\x00", id="secure-messaging"),
        pytest.param([(SELECT, DONE)], b"\x00\xb0\x9f\x00\x00", id="no-identifier"),
        pytest.param([(SELECT, DONE)], b"\x00\xb0\xe3\x00\x00", id="strange-p1"),
        pytest.param([(SELECT, DONE)], b"\x00\xb1\x00\x03\x00", id="read-binary-odd"),
        pytest.param([(SELECT, DONE)], b"\x00\xb2\x01\x1c\x00", id="record"),
        pytest.param([(SELECT, DONE)], b"\x00\xca\x5f\x51\x00", id="data-object"),
        pytest.param([(SELECT, DONE)], b"\x00", id="no-command"),
        pytest.param([(SELECT, DONE), (b"\x00\xa4\x02\x0c\x02\x2f\x01", DONE)], read(0), id="a-file-without-sfi"),
        pytest.param([(SELECT, DONE)], b"\x01\xb0\x83\x00\x00", id="another-channel"),
        pytest.param([(SELECT, DONE)], b"\x01\x88\x00\x01\x01\xaa\x00", id="a-key-of-another-channel"),
        pytest.param([(SELECT, DONE)], b"\x00\xa4\x00\x00\x02\x2f\x01\x00", id="what-an-unknown-df-says-of-itself"),
        pytest.param(
            [(SELECT, DONE), (select_ef(3), DONE), (b"\x00\xb2\x01\x14\x00", DONE)], read(0), id="a-record-elsewhere"
        ),
        pytest.param(
            [(SELECT, DONE), (read_sfi(3), b"\x61\x03")], b"\x01\xc0\x00\x00\x00", id="the-rest-of-another-channel"
        ),
    ],
)
def test_whatever_is_unclear_is_personal(before: list[tuple[bytes, bytes]], command: bytes) -> None:
    watching = follower(WHOLE, selected=False)
    for said, answer in before:
        watching.personal(said, answer)
    assert watching.personal(command, b"abc" + DONE) == ((0, 3),)


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        pytest.param("00A4000C022F01", "9000", id="by-identifier"),
        pytest.param("00A4000C0000022F01", "9000", id="by-identifier-in-an-extended-field"),
        pytest.param("00A4000C", "9000", id="the-mf-without-its-identifier"),
        pytest.param("00A4010C022F01", "9000", id="child"),
        pytest.param("00A4030C", "9000", id="parent"),
        pytest.param("00A4080C022F01", "9000", id="path-from-the-mf"),
        pytest.param("00A4090C022F01", "9000", id="path-from-here"),
        pytest.param("00A4040E06F00102030405", "9000", id="the-next-of-this-name"),
        pytest.param("00A4040C023F00", "9000", id="a-name-like-the-mf"),
        pytest.param("00A4040C06F00102030405", "6283", id="deactivated"),
        pytest.param("00A4040C06F00102030405", "6A82", id="refused"),
        pytest.param("00A4040C07F00102030405", "9000", id="cut-off"),
        pytest.param("01A4040C06F00102030405", "9000", id="on-another-channel"),
        pytest.param("41A4040C06F00102030405", "9000", id="on-a-high-channel"),
        pytest.param("0CA4040C06F00102030405", "9000", id="under-secure-messaging"),
        pytest.param("10A4040C06F00102030405", "9000", id="chained"),
        pytest.param("80A4040C06F00102030405", "9000", id="in-a-class-of-its-own"),
        pytest.param("00A4040C06F00102030405", "", id="unanswered"),
        pytest.param("0070000001", "019000", id="manage-channel"),
        pytest.param("00E00000022F01", "9000", id="create-file"),
        pytest.param("00C2000003A40000", "9000", id="envelope"),
        pytest.param("FFA40000010600", "9000", id="to-the-reader"),
    ],
)
def test_nothing_is_known_after_what_may_have_selected_something_else(command: str, answer: str) -> None:
    watching = Follower([ApplicationMask(NAME, shown=EVERY_FILE), ApplicationMask(MASTER_FILE, shown=EVERY_FILE)])
    watching.personal(SELECT, DONE)
    assert watching.personal(read_sfi(3), b"abc" + DONE) == ()
    watching.personal(bytes.fromhex(command), bytes.fromhex(answer))
    assert watching.personal(read_sfi(3), b"abc" + DONE) == ((0, 3),)
    watching.personal(SELECT, DONE)
    assert watching.personal(read_sfi(3), b"abc" + DONE) == ()


@given(
    st.integers(1, 0x7F).filter(lambda cla: cla & 0x43), st.binary(min_size=3, max_size=3), st.binary(max_size=20),
    st.sampled_from([DONE, b"\x62\x83", b"\x6a\x82"]),
)  # fmt: skip
def test_what_another_channel_says_is_personal_and_opens_nothing(
    cla: int, header: bytes, data: bytes, answer: bytes
) -> None:
    watching = Follower([ApplicationMask(NAME, shown=EVERY_FILE), ApplicationMask(MASTER_FILE, shown=EVERY_FILE)])
    command = bytes((cla,)) + header + bytes((len(data),)) * bool(data) + data
    assert watching.personal(command, b"abc" + answer) == ((0, 3),)
    assert watching.personal(read_sfi(3), b"abc" + DONE) == ((0, 3),)


def test_a_lost_answer_makes_everything_unclear() -> None:
    watching = follower()
    assert watching.personal(read_sfi(3), b"abc" + DONE) == ()
    watching.lost()
    assert watching.personal(read_sfi(3), b"abc" + DONE) == ((0, 3),)


def test_a_single_byte_is_no_status_word() -> None:
    assert follower().personal(read_sfi(3), b"a") == ((0, 1),)
    assert follower().personal(read_sfi(3), b"") == ()


@pytest.mark.parametrize(
    "content",
    ["FF208110", "FF2085000000000F00", "FF20800102", "DF22", "1F81828384", "", "00", "FF", "FFFF01A5A5", "0000A5A5"],
)
def test_what_is_no_data_object_is_personal_from_there_on(content: str) -> None:
    data = bytes.fromhex(content) + bytes((SECRET,)) * 4
    found = follower(INSIDE).personal(read_sfi(1), data + DONE)
    assert found
    assert found[-1][1] == len(data)
    assert all(any(start <= at < end for start, end in found) for at, byte in enumerate(data) if byte == SECRET)


SHOWN = st.lists(st.integers(0, 0x7F), max_size=300).map(bytes)
HIDDEN = st.integers(0, 300).map(lambda count: bytes((SECRET,)) * count)
TREES = st.tuples(SHOWN, HIDDEN, SHOWN, HIDDEN, st.integers(0, 200)).map(
    lambda parts: (
        bytes(Tlv(0x0C, parts[0]))
        + bytes(Tlv(0xFF20, bytes(Tlv(0xDF21, parts[2])) + bytes(Tlv(0xDF22, parts[1])) + bytes(Tlv(0xDF23, parts[2]))))
        + bytes(Tlv(0x5F1F, parts[3]))
        + b"\xff" * parts[4]
    )
)


@given(TREES, st.lists(st.tuples(st.integers(0, 900), st.integers(1, 400)), max_size=12))
def test_in_whatever_pieces_and_order_a_file_is_read_nothing_personal_is_shown(
    content: bytes, pieces: list[tuple[int, int]]
) -> None:
    rules = (INSIDE, FileMask(1, (0x5F1F,)))
    personal = _values(content)
    watching = follower(*rules)
    watching.personal(select_ef(1), DONE)
    for offset, ne in pieces:
        data = content[offset : offset + ne]
        masked = watching.personal(read(offset), data + DONE)
        shown = set(range(len(data))) - {at for start, end in masked for at in range(start, end)}
        assert not {at + offset for at in shown} & personal


@given(TREES, st.integers(1, 256))
def test_a_file_read_from_its_beginning_is_shown_but_for_what_is_personal(content: bytes, block: int) -> None:
    watching = follower(INSIDE, FileMask(1, (0x5F1F,)))
    watching.personal(select_ef(1), DONE)
    masked: set[int] = set()
    for offset in range(0, len(content), block):
        found = watching.personal(read(offset), content[offset : offset + block] + DONE)
        masked |= {at + offset for start, end in found for at in range(start, end)}
    extra = masked - _values(content)
    assert _values(content) <= masked
    assert len(extra) <= 32  # headers that blocks cut apart: all six, at most


def _values(content: bytes) -> set[int]:
    """Where the personal values are: the bytes that are made of nothing else, lengths aside."""
    found: set[int] = set()
    _, start, length = tlv.read_header(content, 0)
    at = start + length
    _, start, length = tlv.read_header(content, at)
    after, inner = start + length, start
    while inner < after:
        tag, value, size = tlv.read_header(content, inner)
        if tag == 0xDF22:
            found |= set(range(value, value + size))
        inner = value + size
    _, value, size = tlv.read_header(content, after)
    return found | set(range(value, value + size))

"""Data objects, within bounds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mynacard.apdu import tlv
from mynacard.apdu.tlv import DEPTH_MAX, Tlv
from mynacard.errors import TlvError
from tests.support import CANARY, Vector, from_hex, id_of, tells, vectors

FILE = "apdu/tlv.json"
LEGAL = vectors(FILE, "tag")
MALFORMED = vectors(FILE, "refused")

PRIMITIVE_TAGS = st.sampled_from([0x04, 0x0C, 0x5A, 0x80, 0x9E, 0xDF21, 0x5F51, 0x9F7F, 0x5F8101, 0xDFFF7F])
CONSTRUCTED_TAGS = st.sampled_from([0x30, 0x61, 0xA1, 0xBF01, 0xFF20, 0x7F21, 0x7F8101])
OBJECTS: st.SearchStrategy[Tlv] = st.recursive(
    st.builds(Tlv, PRIMITIVE_TAGS, st.binary(max_size=300)),
    lambda inside: st.builds(
        lambda tag, inner: Tlv(tag, b"".join(map(bytes, inner))), CONSTRUCTED_TAGS, st.lists(inside, max_size=4)
    ),
    max_leaves=DEPTH_MAX - 1,
)


def depth(found: Tlv) -> int:
    return 1 + max(map(depth, found.children()), default=0) if found.constructed else 1


@pytest.mark.parametrize("vector", LEGAL, ids=id_of)
def test_a_data_object_is_tag_and_value(vector: Vector) -> None:
    assert tlv.parse(vector.data("wire")) == Tlv(int(vector.text("tag"), 16), vector.data("value"))


@pytest.mark.parametrize("vector", [each for each in LEGAL if each.flag("shortest", True)], ids=id_of)
def test_a_data_object_is_written_in_its_shortest_form(vector: Vector) -> None:
    assert bytes(Tlv(int(vector.text("tag"), 16), vector.data("value"))) == vector.data("wire")


@pytest.mark.parametrize("vector", LEGAL, ids=id_of)
def test_constructed_objects_and_only_they_have_children(vector: Vector) -> None:
    found = tlv.parse(vector.data("wire"))
    assert found.constructed == vector.has("children")
    if found.constructed:
        expected = [Tlv(int(str(tag), 16), from_hex(value)) for tag, value in vector.rows("children")]
        assert list(found.children()) == expected


@pytest.mark.parametrize("vector", LEGAL, ids=id_of)
def test_the_first_bytes_tell_where_to_cut_off_filler(vector: Vector) -> None:
    wire = vector.data("wire")
    assert tlv.outer_length(wire + b"\xff" * 9) == len(wire)
    assert tlv.outer_length(wire[: len(wire) - len(vector.data("value"))]) == len(wire)


@pytest.mark.parametrize("vector", MALFORMED, ids=id_of)
def test_what_is_no_data_object_or_a_bomb_is_refused(vector: Vector) -> None:
    with pytest.raises(TlvError):
        tlv.parse(vector.data("wire"))


@pytest.mark.parametrize("vector", vectors(FILE, "outer_length"), ids=id_of)
def test_a_bombs_length_is_told_before_anything_is_read(vector: Vector) -> None:
    assert tlv.outer_length(vector.data("wire")) == vector.number("outer_length")


@given(OBJECTS)
def test_a_data_object_survives_the_wire(found: Tlv) -> None:
    assert tlv.parse(bytes(found)) == found


@given(st.lists(OBJECTS, max_size=4))
def test_a_row_of_data_objects_survives_the_wire(row: list[Tlv]) -> None:
    assert tlv.parse_all(b"".join(map(bytes, row))) == tuple(row)


@given(st.binary(max_size=64) | st.binary(max_size=64).map(lambda rest: b"\x30\x82" + rest))
def test_any_bytes_are_a_data_object_or_a_tlv_error(data: bytes) -> None:
    for read in (tlv.parse, tlv.parse_all, tlv.outer_length):
        try:
            found = read(data)
        except TlvError:
            continue
        if isinstance(found, Tlv):
            assert depth(found) <= DEPTH_MAX
            assert tlv.parse(bytes(found)) == found


@given(OBJECTS, st.data())
def test_a_data_object_cut_anywhere_is_refused(found: Tlv, data: st.DataObject) -> None:
    wire = bytes(found)
    with pytest.raises(TlvError):
        tlv.parse(wire[: data.draw(st.integers(0, len(wire) - 1))])


def test_a_bomb_of_any_depth_is_refused_before_the_stack_ends() -> None:
    bomb = b""
    for _ in range(5000):
        bomb = bytes(Tlv(0x30, bomb))
    with pytest.raises(TlvError):
        tlv.parse(bomb)


def test_a_wide_file_takes_no_more_than_its_length() -> None:
    assert len(tlv.parse(bytes(Tlv(0x30, bytes.fromhex("0400") * 30_000))).children()) == 30_000


def test_a_data_object_prints_no_value() -> None:
    assert repr(Tlv(0xDF21, CANARY.encode())) == "Tlv(DF21, 4 bytes)"


@pytest.mark.parametrize("cut", range(6))
def test_a_tlv_error_quotes_no_value(cut: int) -> None:
    with pytest.raises(TlvError) as caught:
        tlv.parse(bytes.fromhex("DF2110") + CANARY.encode()[:cut])
    assert not tells(str(caught.value))

"""Files of residence cards: their layout as the world has it, read as they are stored, built as they are read."""

from __future__ import annotations

from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mynacard import errors
from mynacard.residence import LAYOUTS, Access, CardType, File, First, Second
from mynacard.residence.forms import build, read
from mynacard.residence.layout import Object
from tests.residence.cards import changed, files
from tests.support import Vector, id_of, vectors

ROWS = vectors("residence/layout.json")
ACCESS = {"free": Access.FREE, "number": Access.NUMBER, "number-and-messaging": Access.NUMBER_AND_MESSAGING}
TYPES = {
    (1, "residence_card"): CardType.RESIDENCE_CARD,
    (1, "special_permanent_resident"): CardType.SPECIAL_PERMANENT_RESIDENT,
    (2, "residence_card"): CardType.RESIDENCE_CARD_2,
    (2, "special_permanent_resident"): CardType.SPECIAL_PERMANENT_RESIDENT_2,
}
ALL = [file for layout in LAYOUTS.values() for file in layout]


@pytest.mark.parametrize("row", ROWS, ids=id_of)
@pytest.mark.parametrize("which", ["residence_card", "special_permanent_resident"])
def test_the_layout_is_the_world_s(row: Vector, which: str) -> None:
    places = {file.place: file for file in LAYOUTS[TYPES[row.number("generation"), which]]}
    file = places.get(f"{row.text('df')}-{row.number('sfi'):02X}")
    size = row.number_or_none(which)
    if size is None:
        assert file is None
        return
    assert file is not None
    assert (file.size, file.access) == (size, ACCESS[row.text("access")])
    tags = {int(cast(str, tag), 16): cast(int, length) for tag, length in row.rows("objects")}
    assert {found.tag: found.length for found in file.objects}.items() <= {**tags, 0xDC: 104}.items()


def test_no_file_is_in_a_layout_that_the_world_does_not_have() -> None:
    for (generation, which), type_ in TYPES.items():
        rows = [row for row in ROWS if row.number("generation") == generation and row.number_or_none(which)]
        assert len(rows) == len(LAYOUTS[type_])


@pytest.mark.parametrize("file", {file: None for file in ALL}, ids=lambda file: f"{file.place}-{file.size}")
def test_a_full_file_is_as_long_as_it_is_said_to_be(file: File) -> None:
    """Tags, lengths and values fill each file to its last byte: 'DFD1' is a tag of two bytes, and '8200C8' a length."""
    lengths = {0xDC: 96}  # in DER it would be longer, and the certificate shorter
    values = {found.tag: b"\x5a" * lengths.get(found.tag, found.length) for found in file.objects}
    written = build(file, values)
    assert len(written) == file.size
    assert written[-1:] == b"\x5a"
    assert read(file, written).values == values


@given(st.data())
def test_what_is_built_is_read(data: st.DataObject) -> None:
    file = data.draw(st.sampled_from(ALL))
    chosen = data.draw(st.sets(st.sampled_from([found.tag for found in file.objects])))
    values = {
        found.tag: data.draw(st.binary(max_size=min(found.length, 90))) for found in file.objects if found.tag in chosen
    }
    row = read(file, build(file, values))
    for found in file.objects:
        value = values.get(found.tag, b"")
        stored = value.ljust(found.length, b"\0") if found.fixed and value else value
        assert row.values.get(found.tag, b"") == stored
    assert not row.unknown


def test_filler_may_stand_before_an_object_and_an_unknown_one_is_kept() -> None:
    content = bytes.fromhex("0000D5020041E1035A5A5A00D701310000").ljust(22, b"\0")
    row = read(Second.PERMISSIONS, content)
    assert row.values == {0xD5: b"\x00A", 0xD7: b"1"}
    assert row.unknown == {0xE1: b"ZZZ"}


def test_a_file_of_nothing_but_filler_has_nothing_in_it() -> None:
    assert read(First.ADDRESS, bytes(342)).values == {}


@pytest.mark.parametrize("content", ["DA00DB00", "DA00", ""])
def test_a_signature_that_is_absent_is_absent_in_every_form(content: str) -> None:
    assert read(First.SIGNATURE, bytes.fromhex(content).ljust(1464, b"\0")).values == {}


@pytest.mark.parametrize(
    ("file", "content"),
    [
        (Second.PERMISSIONS, "D70131D50130D6083230323630313031"),  # another order
        (Second.PERMISSIONS, "D50130D50130"),  # twice
        (Second.PERMISSIONS, "D508" + "30" * 8),  # too long
        (Second.PERMISSIONS, "D607" + "30" * 7),  # too short
        (Second.PERMISSIONS, "D507" + "30" * 7 + "E10A" + "30" * 10 + "D6"),  # its length is missing
        (Second.PERMISSIONS, "D580"),  # indefinite
        (Second.PERMISSIONS, "D58400000001"),  # wider than lengths are here
        (Second.PERMISSIONS, "D516" + "30" * 20),  # more than the file has
        (First.FRONT, "D0821B59" + "30" * 7000),
        (First.FRONT, "D0821B57" + "30" * 6999),
    ],
)
def test_a_file_of_another_form_is_an_error_that_names_it(file: File, content: str) -> None:
    with pytest.raises(errors.CardDataError) as caught:
        read(file, bytes.fromhex(content).ljust(file.size, b"\0")[: file.size])
    assert file.name in str(caught.value)
    assert "{" not in str(caught.value)


@pytest.mark.parametrize("file", ALL, ids=lambda file: f"{file.place}-{file.size}")
@pytest.mark.parametrize("difference", [-1, 1])
def test_a_file_has_the_length_that_it_has(file: File, difference: int) -> None:
    with pytest.raises(errors.CardDataError):
        read(file, bytes(file.size + difference))


def test_a_value_that_does_not_fit_is_not_written() -> None:
    with pytest.raises(errors.UsageError):
        build(First.ADDRESS, {0xD4: bytes(321)})


@given(st.sampled_from(ALL), st.binary(max_size=40))
def test_any_bytes_are_a_row_or_an_error(file: File, content: bytes) -> None:
    try:
        read(file, content.ljust(file.size, b"\0")[: file.size])
    except errors.CardDataError as error:
        assert "{" not in str(error)


def test_no_repr_shows_what_stands_in_a_file() -> None:
    found = files()
    assert "999997" not in repr((found, found.needed(First.ADDRESS), changed(found, {}), Object(1, 2)))

"""What the files hold: as on cards, both ways, and never a value from bytes that are none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import Protocol

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mynacard.apdu import tlv
from mynacard.apdu.tlv import Tlv
from mynacard.errors import CardDataError, MynacardError, UnsupportedAlgorithmError, UsageError
from mynacard.hashes import HashAlgorithm
from mynacard.images import Image, ImageKind
from mynacard.personal.cv import CvCertificate
from mynacard.personal.numbers import MyNumber, check_digit
from mynacard.personal.objects import (
    AgeRecord,
    Attributes,
    CardKey,
    CardVersion,
    CommonInformation,
    Face,
    FaceBasicData,
    KeyId,
    NumberFile,
    NumberImage,
    PublicKeyObject,
    SessionKey,
    Sex,
    TextBasicData,
    TextDigests,
)
from tests.personal.issued import JP2, NUMBER, PNG, face_files, public, text_files, unsigned_face
from tests.support import Vector, from_hex, id_of, vectors

FILE = "personal/objects.json"


class Kind(Protocol):
    """A class of values that are files."""

    __name__: str

    def parse(self, content: bytes, /) -> object: ...


KINDS: dict[str, Kind] = {
    "number": NumberFile,
    "attributes": Attributes,
    "digests": TextDigests,
    "text-basic-data": TextBasicData,
    "session-key": SessionKey,
    "card-key": CardKey,
    "age-record": AgeRecord,
    "face": Face,
    "face-basic-data": FaceBasicData,
    "number-image": NumberImage,
    "common": CommonInformation,
    "key-id": KeyId,
    "certificate": CvCertificate,
}

DATES = st.dates(date(1, 1, 1), date(9999, 12, 31))
TEXTS = st.text(st.characters(codec="utf-8"), max_size=300)
IMAGES = st.binary(max_size=40) | st.integers(0, 700).map(lambda size: bytes(size)) | st.just(bytes(20_000))
SIGNATURES = st.binary(min_size=256, max_size=256)
KEYS = st.binary(min_size=256, max_size=256).map(
    lambda raw: PublicKeyObject(int.from_bytes(raw, "big") | 1 | 1 << 2047)
)
DIGITS = "0123456789"
KEY_IDS = st.builds(
    KeyId, st.text(DIGITS, min_size=7, max_size=7), st.text(DIGITS, min_size=3, max_size=3),
    st.binary(min_size=4, max_size=4),
)  # fmt: skip
BYTE = st.integers(0, 255)
VERSIONS = st.builds(CardVersion, BYTE, BYTE, BYTE, BYTE)
SHA256S = st.binary(min_size=32, max_size=32)
VALUES: dict[str, st.SearchStrategy[object]] = {
    "number": st.builds(
        NumberFile, st.text(DIGITS, min_size=11, max_size=11).map(lambda eleven: MyNumber(eleven + check_digit(eleven)))
    ),
    "attributes": st.builds(Attributes, TEXTS, TEXTS, DATES, st.sampled_from(Sex)),
    "digests": st.builds(TextDigests, SHA256S, SHA256S, SIGNATURES),
    "text-basic-data": st.builds(TextBasicData, VERSIONS, KEY_IDS, st.binary(min_size=128, max_size=128)),
    "session-key": st.builds(SessionKey, KEYS),
    "card-key": st.builds(CardKey, KEYS, SIGNATURES),
    "age-record": st.builds(AgeRecord, DATES, KEYS, SIGNATURES),
    "face": st.builds(
        Face, DATES, st.sampled_from(Sex), KEYS, IMAGES, IMAGES, IMAGES, SIGNATURES, DATES, IMAGES
    ),
    "face-basic-data": st.builds(
        FaceBasicData, VERSIONS, KEY_IDS, st.binary(min_size=1, max_size=1), st.text(DIGITS, min_size=5, max_size=5),
        KEY_IDS, st.binary(min_size=256, max_size=256),
    ),
    "number-image": st.builds(NumberImage, IMAGES, KEYS, SIGNATURES),
    "common": st.builds(
        CommonInformation, st.text(DIGITS, min_size=15, max_size=15), st.text(DIGITS, min_size=5, max_size=5), DATES
    ),
    "key-id": KEY_IDS,
    "certificate": st.builds(CvCertificate, KEY_IDS, KEY_IDS, KEYS, SIGNATURES),
}  # fmt: skip


def files() -> dict[str, bytes]:
    """One file of each kind that a card has signed."""
    text, face = text_files(), face_files()
    found = {
        "number": text.number, "attributes": text.attributes, "digests": text.digests, "card-key": text.card_key,
        "certificate": text.certificate, "age-record": face.age_record, "face": face.face,
        "number-image": face.number_image,
    }  # fmt: skip
    return {name: content for name, content in found.items() if content is not None}


# --- as on cards -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("vector", vectors(FILE, "wire"), ids=id_of)
def test_a_file_of_a_card_is_read_and_written_alike(vector: Vector) -> None:
    value = KINDS[vector.text("file")].parse(vector.data("wire"))
    assert bytes(value) == vector.data("wire")  # type: ignore[call-overload]
    for name, expected in (vector.row("fields") if vector.has("fields") else {}).items():
        found = getattr(value, name)
        assert (found.isoformat() if isinstance(found, date) else found) == expected


def test_the_number_of_the_test_card_is_read() -> None:
    (vector,) = [each for each in vectors(FILE, "sha256") if each.text("file") == "number"]
    assert NumberFile.parse(vector.data("wire")).number == NUMBER


def test_digests_are_the_test_card_s() -> None:
    number, attributes = vectors(FILE, "sha256")
    made = TextDigests.of(number.data("wire"), attributes.data("wire"))
    assert made.number.hex() == number.text("sha256")
    assert made.attributes.hex() == attributes.text("sha256")
    signed = Attributes.signed_part(attributes.data("wire"))
    assert HashAlgorithm.SHA256.digest(signed) == made.attributes


@pytest.mark.parametrize("vector", vectors(FILE, "production"), ids=id_of)
def test_a_key_s_name_tells_what_it_is_for(vector: Vector) -> None:
    value = KeyId.parse(vector.data("wire"))
    assert value.production is vector.fields["production"]
    assert str(value) == vector.text("text")


@pytest.mark.parametrize("vector", vectors(FILE, "length"), ids=id_of)
def test_files_are_as_long_as_on_cards(vector: Vector) -> None:
    basic = bytes(TextBasicData(CardVersion(1, 3, 14, 1), KeyId("5000034"), bytes(128)))
    content = {**files(), "text-basic-data": basic}[vector.text("of")]
    assert len(content) == vector.number("length")
    if vector.has("signed"):
        value = KINDS[vector.text("of")].parse(content)
        assert len(value.signed) == vector.number("signed")  # type: ignore[attr-defined]


def test_the_face_says_where_its_objects_are() -> None:
    content = bytes(unsigned_face())
    table = content[content.index(b"\xdf\x21") + 3 :][:18]
    starts = [int.from_bytes(table[at : at + 2], "big") for at in range(0, 18, 2)]
    assert [content[start : start + 2].hex() for start in starts] == [f"df{tag:02x}" for tag in range(0x22, 0x2B)]


def test_the_face_is_signed_in_three_parts() -> None:
    content = bytes(unsigned_face())
    starts = {tag: content.index(bytes((0xDF, tag))) for tag in (0x22, 0x25, 0x27, 0x28)}
    parts = [content[starts[a] : starts[b]] for a, b in ((0x22, 0x25), (0x25, 0x27), (0x27, 0x28))]
    assert Face.digests_of(content) == b"".join(map(HashAlgorithm.SHA256.digest, parts))


# --- both ways ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", KINDS)
@given(data=st.data(), filler=st.integers(0, 40))
def test_what_is_written_is_read_and_filler_is_left_aside(name: str, data: st.DataObject, filler: int) -> None:
    value = data.draw(VALUES[name])
    content = bytes(value)  # type: ignore[call-overload]
    assert KINDS[name].parse(content + b"\xff" * (0 if name == "key-id" else filler)) == value


@pytest.mark.parametrize("size", [0, 127, 128, 200, 255, 256, 300, 65_000])
def test_every_form_of_length_is_written_and_read(size: int) -> None:
    image = NumberImage(bytes(size), public("card"), bytes(256))
    assert NumberImage.parse(bytes(image)) == image
    if size < 300:
        attributes = Attributes("名" * (size // 3), "a" * size, date(2000, 2, 29), Sex.UNKNOWN)
        assert Attributes.parse(bytes(attributes) + b"\xff" * 9) == attributes


@pytest.mark.parametrize("name", KINDS)
@given(content=st.binary(max_size=400))
def test_any_content_is_a_value_or_a_card_data_error(name: str, content: bytes) -> None:
    try:
        value = KINDS[name].parse(content)
    except CardDataError:
        return
    assert KINDS[name].parse(bytes(value)) == value  # type: ignore[call-overload]


@pytest.mark.parametrize("name", sorted(files()))
@given(data=st.data())
def test_a_changed_file_is_a_value_or_a_card_data_error(name: str, data: st.DataObject) -> None:
    content = bytearray(files()[name])
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(BYTE)
    try:
        value = KINDS[name].parse(bytes(content))
    except CardDataError:
        return
    assert KINDS[name].parse(bytes(value)) == value  # type: ignore[call-overload]


@pytest.mark.parametrize("name", sorted(files()))
def test_no_part_of_a_file_is_a_file(name: str) -> None:
    content = files()[name]
    shorter = range(15) if name == "number" else range(len(content))  # two bytes of filler are missed by nobody
    for end in shorter:
        with pytest.raises(CardDataError):
            KINDS[name].parse(content[:end])


def test_lengths_may_be_written_longer_and_signed_parts_stay_as_they_are_stored() -> None:
    inner = b"\xdf\x41\x82\x00\x04abcd" + bytes(Tlv(0xDF42, bytes(public("card"))))
    content = bytes(Tlv(0xFF40, inner + bytes(Tlv(0xDF43, bytes(256)))))
    assert NumberImage.parse(content).image == b"abcd"
    assert NumberImage.signed_part(content) == inner


WIDE = {"attributes": Attributes, "face": Face, "number-image": NumberImage}
"""The kinds of files that are written with long lengths, or with short ones."""


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("name", WIDE)
@given(data=st.data(), filler=st.integers(0, 40))
def test_wide_lengths_and_short_ones_are_one_value(name: str, wide: bool, data: st.DataObject, filler: int) -> None:
    value = data.draw(VALUES[name])
    assert isinstance(value, Attributes | Face | NumberImage)
    content = value.stored(wide=wide)
    read = WIDE[name].parse(content + b"\xff" * filler)
    assert (read, read.stored(wide=wide)) == (value, content)


@pytest.mark.parametrize("length", [0, 1, 0x7F, 0x80, 0xA9, 0xFF, 0x100, 40_000])
def test_an_image_has_the_form_of_length_that_cards_have(length: int) -> None:
    face = replace(unsigned_face(), name_image=bytes(length))
    head = b"\xdf\x25\x82" + length.to_bytes(2, "big") + bytes(length)
    assert head + b"\xdf\x26" in bytes(face)
    assert (head + b"\xdf\x26" in face.stored(wide=False)) == (length > 0xFF)
    image = NumberImage(bytes(length), public("card"), bytes(256))
    assert b"\xdf\x41\x82" + length.to_bytes(2, "big") + bytes(length) + b"\xdf\x42" in bytes(image)


def test_an_image_too_long_for_two_bytes_of_length_gets_three() -> None:
    image = NumberImage(bytes(0x10000), public("card"), bytes(256))
    assert b"\xdf\x41\x83\x01\x00\x00" in bytes(image)
    assert NumberImage.parse(bytes(image)) == image


@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_every_width_of_an_image_s_length_is_read(width: int) -> None:
    inner = b"\xdf\x41" + bytes((0x80 | width,)) + (4).to_bytes(width, "big") + b"abcd"
    inner += bytes(Tlv(0xDF42, bytes(public("card"))))
    content = bytes(Tlv(0xFF40, inner + bytes(Tlv(0xDF43, bytes(256)))))
    assert NumberImage.parse(content).image == b"abcd"
    assert NumberImage.signed_part(content) == inner


def test_wide_attributes_are_longer_by_their_header_and_signed_alike() -> None:
    attributes = Attributes("見本", "東京", date(2000, 2, 29), Sex.UNKNOWN)
    short, wide = bytes(attributes), attributes.stored(wide=True)
    assert short[:3] == bytes.fromhex("FF20") + bytes((len(short) - 3,))
    assert wide[:5] == bytes.fromhex("FF2082") + (len(wide) - 5).to_bytes(2, "big")
    assert len(wide) == len(short) + 2
    assert Attributes.signed_part(wide) == Attributes.signed_part(short)


# --- what is none ------------------------------------------------------------------------------------------


def children(content: bytes) -> list[Tlv]:
    return list(tlv.parse(content[: tlv.outer_length(content)]).children())


def around(content: bytes, objects: Sequence[Tlv]) -> bytes:
    return bytes(Tlv(tlv.parse(content[: tlv.outer_length(content)]).tag, b"".join(map(bytes, objects))))


ROWS = ["attributes", "digests", "card-key", "age-record", "face", "number-image", "certificate"]


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda row, at: row[:at] + row[at + 1 :], "missing"),
        (lambda row, at: row[:at] + row[at : at + 1] + row[at:], "more than once"),
        (lambda row, at: row[:at] + [Tlv(0xDF7E, b"")] + row[at:], "does not belong"),
    ],
    ids=["missing", "doubled", "foreign"],
)
def test_a_missing_doubled_or_foreign_object_is_named(
    name: str, change: Callable[[list[Tlv], int], list[Tlv]], says: str
) -> None:
    row = children(files()[name])
    for at in range(len(row)):
        with pytest.raises(CardDataError, match=says):
            KINDS[name].parse(around(files()[name], change(row, at)))


@pytest.mark.parametrize("name", ROWS)
def test_objects_in_another_order_are_refused(name: str) -> None:
    row = children(files()[name])
    for at in range(len(row) - 1):
        swapped = [*row[:at], row[at + 1], row[at], *row[at + 2 :]]
        with pytest.raises(CardDataError, match="order"):
            KINDS[name].parse(around(files()[name], swapped))


@pytest.mark.parametrize("name", ROWS)
def test_a_file_of_another_kind_is_refused(name: str) -> None:
    for other, content in files().items():
        if other != name:
            with pytest.raises(CardDataError):
                KINDS[name].parse(content)


@pytest.mark.parametrize("name", ["attributes", "face"])
@given(data=st.data())
def test_offsets_that_point_elsewhere_are_refused(name: str, data: st.DataObject) -> None:
    row = children(files()[name])
    table = bytearray(row[0].value)
    at = data.draw(st.integers(0, len(table) // 2 - 1)) * 2
    right = int.from_bytes(table[at : at + 2], "big")
    wrong = data.draw(st.integers(0, 0xFFFF).filter(lambda offset: offset != right))
    table[at : at + 2] = wrong.to_bytes(2, "big")
    with pytest.raises(CardDataError, match="table"):
        KINDS[name].parse(around(files()[name], [Tlv(0xDF21, bytes(table)), *row[1:]]))


@pytest.mark.parametrize("name", ["attributes", "face"])
def test_a_table_of_another_length_is_refused(name: str) -> None:
    row = children(files()[name])
    for table in (b"", row[0].value[:-1], row[0].value[:-2], row[0].value + b"\0\0"):
        with pytest.raises(CardDataError):
            KINDS[name].parse(around(files()[name], [Tlv(0xDF21, table), *row[1:]]))


@pytest.mark.parametrize("birth", ["19800230", "00000000", "19800017", "1980 217", "１９８０", "198002171", "1980021"])
def test_a_date_that_is_none_is_refused(birth: str) -> None:
    row = children(files()["age-record"])
    with pytest.raises(CardDataError, match="age record"):
        AgeRecord.parse(around(files()["age-record"], [Tlv(0xDF11, birth.encode()), *row[1:]]))
    with pytest.raises(CardDataError, match="common information"):
        CommonInformation.parse(b"\x01\x1c" + b"4" * 20 + birth.encode()[:7])


def test_a_card_that_expires_on_no_day_is_refused() -> None:
    with pytest.raises(CardDataError, match="common information"):
        CommonInformation.parse(b"\x01\x1c" + b"4" * 20 + b"20350230")


@pytest.mark.parametrize("tag", [0xDF22, 0xDF23])
def test_a_text_that_is_no_utf_8_is_refused_and_not_shown(tag: int) -> None:
    row = [
        Tlv(each.tag, each.value[:-1] + b"\xff") if each.tag == tag else each for each in children(attributes_file())
    ]
    with pytest.raises(CardDataError, match="UTF-8") as caught:
        Attributes.parse(around(attributes_file(), row))
    assert "東京" not in str(caught.value)


def attributes_file() -> bytes:
    return files()["attributes"]


@pytest.mark.parametrize("sex", [b"3", b"\xff", b"x", b"\x01"])
def test_a_sex_that_is_none_is_refused(sex: bytes) -> None:
    row = [Tlv(each.tag, sex) if each.tag == 0xDF25 else each for each in children(attributes_file())]
    with pytest.raises(CardDataError, match="sex"):
        Attributes.parse(around(attributes_file(), row))


@pytest.mark.parametrize(
    "wire",
    [
        "FF100C 353337363836363737313839 FFFF", "FF100B 3533373638363637373138 FFFF", "FF100C FFFFFFFFFFFFFFFFFFFFFFFF",
        "FF200C 353337363836363737313838 FFFF", "",
    ],
)  # fmt: skip
def test_a_number_file_without_a_number_is_refused(wire: str) -> None:
    with pytest.raises(CardDataError, match="My Number file"):
        NumberFile.parse(from_hex(wire))


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: raw[:4] + b"\x03" + raw[5:], lambda raw: raw[:2] + b"\x00\x00\x01" + raw[5:],
        lambda raw: raw[:9] + b"\x00" + raw[10:], lambda raw: raw[:-1] + b"\x00", lambda raw: raw[:-1],
        lambda raw: raw + b"\x00", lambda raw: b"", lambda raw: raw[5:] + raw[:5],
    ],
    ids=["exponent-3", "exponent-1", "too-small", "even", "cut-off", "too-long", "empty", "order"],
)  # fmt: skip
def test_a_key_that_is_none_is_refused(change: Callable[[bytes], bytes]) -> None:
    raw = bytes(PublicKeyObject(public("card").modulus | 0xFF))
    assert PublicKeyObject.parse(raw)
    with pytest.raises(CardDataError):
        PublicKeyObject.parse(change(raw))


@pytest.mark.parametrize(
    "wire",
    [
        "", "35" * 15, "35" * 16, "35303030303333 0806 303031 00000000", "35303030303A33 0805 303031 00000000",
        "35303030303333 0805 303031 0000000000",
    ],
)  # fmt: skip
def test_a_key_s_name_that_is_none_is_refused(wire: str) -> None:
    with pytest.raises(CardDataError):
        KeyId.parse(from_hex(wire))


# --- callers' mistakes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        lambda: bytes(TextDigests(bytes(31), bytes(32), bytes(256))),
        lambda: bytes(CardKey(public("card"), b"")),
        lambda: bytes(NumberImage(b"", public("card"), bytes(255))),
        lambda: bytes(Attributes("\ud800", "", date(2000, 1, 1), Sex.MALE)),
        lambda: bytes(Attributes("x" * 70000, "", date(2000, 1, 1), Sex.MALE)),
        lambda: bytes(CommonInformation("1" * 14, "1" * 6, date(2000, 1, 1))),
        lambda: bytes(CommonInformation("1" * 15, "1322x", date(2000, 1, 1))),
        lambda: bytes(FaceBasicData(CardVersion(6, 3, 14, 1), KeyId("5000024"), b"", "1322", KeyId("5900025"), b"")),
        lambda: bytes(TextBasicData(CardVersion(1, 3, 14, 1), KeyId("5000034"), bytes(127))),
        lambda: KeyId("500003"),
        lambda: KeyId("500003３"),
        lambda: KeyId("5000033", "01"),
        lambda: KeyId("5000033", "001", b""),
    ],
)  # fmt: skip
def test_a_value_that_no_file_has_room_for_is_refused(make: Callable[[], object]) -> None:
    with pytest.raises(UsageError):
        make()


@pytest.mark.parametrize("modulus", [0, 1 << 2047, (1 << 2046) + 1, (1 << 2048) + 1])
def test_a_key_of_another_kind_is_refused(modulus: int) -> None:
    with pytest.raises(UnsupportedAlgorithmError):
        PublicKeyObject(modulus)


# --- nothing shows ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(files()))
def test_no_value_shows_what_is_personal(name: str) -> None:
    shown = repr(KINDS[name].parse(files()[name]))
    for secret in (
        "試験",
        "東京",
        "1980",
        "5376",
        "date(",
        "b'",
        hex(public("card").modulus),
        str(public("card").modulus),
    ):
        if not (name == "certificate" and secret == "b'"):  # names of keys end in four bytes
            assert secret not in shown


@given(st.binary(max_size=60))
def test_errors_name_the_file_and_quote_nothing_of_it(content: bytes) -> None:
    for name, kind in KINDS.items():
        try:
            kind.parse(b"\xff\x20" + content)
        except MynacardError as e:
            assert content.hex() not in str(e) or len(content) < 3, name


# --- images ---------------------------------------------------------------------------------------------------


def test_an_image_says_what_it_begins_like() -> None:
    assert [image.kind for image in unsigned_face().images] == [
        ImageKind.PNG,
        ImageKind.PNG,
        ImageKind.JPEG_2000,
        ImageKind.PNG,
    ]
    assert all(image.sound for image in unsigned_face().images)


@given(st.binary(max_size=30))
def test_an_image_that_is_none_is_no_crash(content: bytes) -> None:
    image = Image("photo", ImageKind.JPEG_2000, content)
    assert image.kind in {None, *ImageKind}
    assert image.sound == content.startswith(JP2[:12])
    assert "photo" in repr(image)


def test_a_png_is_no_photo() -> None:
    image = Image("photo", ImageKind.JPEG_2000, PNG)
    assert image.kind is ImageKind.PNG
    assert not image.sound

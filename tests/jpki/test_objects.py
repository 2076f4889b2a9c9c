"""What the files of the application hold: as on cards, and never a value from bytes that are none."""

from __future__ import annotations

from contextlib import suppress
from typing import cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mynacard.errors import CardDataError
from mynacard.jpki.layout import DIGITAL_SIGNATURE, USER_AUTHENTICATION
from mynacard.jpki.objects import CertificatesPresent, Medium, TokenInfo, certificate_length
from tests.support import Vector, id_of, vectors

OBJECTS = vectors("jpki/objects.json")
KINDS: dict[str, type[TokenInfo] | type[CertificatesPresent]] = {
    "token-info": TokenInfo,
    "certificates-present": CertificatesPresent,
}
GOOD = [vector for vector in OBJECTS if vector.has("fields")]
TOKENS = [vector for vector in GOOD if vector.text("file") == "token-info"]


@pytest.mark.parametrize("vector", GOOD, ids=id_of)
def test_a_file_is_read_as_the_card_means_it(vector: Vector) -> None:
    value = KINDS[vector.text("file")].parse(vector.data("wire"))
    for name, expected in vector.row("fields").items():
        assert getattr(value, name) == expected


@pytest.mark.parametrize("vector", GOOD, ids=id_of)
def test_a_value_is_written_as_the_card_has_it(vector: Vector) -> None:
    kind = KINDS[vector.text("file")]
    wire = vector.data("wire")
    assert bytes(kind.parse(wire)) == wire[: kind.LENGTH]
    assert (len(wire) > kind.LENGTH) == vector.flag("filler", default=False)


@pytest.mark.parametrize("vector", TOKENS, ids=id_of)
def test_the_label_says_what_the_application_lives_on(vector: Vector) -> None:
    expected = vector.fields["medium"]
    found = TokenInfo.parse(vector.data("wire")).medium
    assert found is (None if expected is None else Medium[cast(str, expected)])


@pytest.mark.parametrize("vector", [v for v in OBJECTS if v.flag("refused", False)], ids=id_of)
def test_bytes_of_no_known_form_are_refused(vector: Vector) -> None:
    with pytest.raises(CardDataError):
        KINDS[vector.text("file")].parse(vector.data("wire"))


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@given(content=st.binary(max_size=200) | st.binary(min_size=160, max_size=160))
@example(content=b"\xff" * 160)
@example(content=b"\x00" * 160)
@example(content=b"\x80" * 256)
def test_any_content_is_a_value_or_a_card_data_error(
    kind: type[TokenInfo] | type[CertificatesPresent], content: bytes
) -> None:
    try:
        value = kind.parse(content)
    except CardDataError:
        return
    assert kind.parse(bytes(value)) == value


# --- certificates --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "length"),
    [
        ("308204CD3082", 1233),
        ("3082062B", 1583),
        ("308201003082", 260),
        ("30820010", 20),
        ("30811030", 19),
        ("3010", 18),
    ],
)
def test_the_first_bytes_tell_how_long_a_certificate_is(head: str, length: int) -> None:
    assert certificate_length(bytes.fromhex(head)) == length


@pytest.mark.parametrize(
    "head",
    [
        pytest.param("", id="nothing"), pytest.param("30", id="one-byte"), pytest.param("3082", id="cut-off"),
        pytest.param("308204", id="cut-off-later"), pytest.param("FFFFFFFF", id="filler"),
        pytest.param("00000000", id="zeros"), pytest.param("31820400", id="another-tag"),
        pytest.param("3080", id="indefinite"), pytest.param("3084FFFFFFFF", id="four-gigabytes"),
        pytest.param("3083010000", id="64-kilobytes"), pytest.param("30821FFD", id="one-more-than-allowed"),
        pytest.param("3085000000000A", id="five-length-bytes"), pytest.param("3000", id="empty"),
        pytest.param("300D", id="too-short"),
    ],
)  # fmt: skip
def test_what_does_not_begin_like_a_certificate_is_refused(head: str) -> None:
    with pytest.raises(CardDataError):
        certificate_length(bytes.fromhex(head))


@given(head=st.binary(max_size=12) | st.builds(bytes.__add__, st.just(b"\x30"), st.binary(max_size=11)))
def test_no_certificate_is_longer_than_8_kib(head: bytes) -> None:
    with suppress(CardDataError):
        assert 16 <= certificate_length(head) <= 8192


@pytest.mark.parametrize("signing", [True, False])
@pytest.mark.parametrize("authentication", [True, False])
def test_what_is_present_is_told_by_key_pair(signing: bool, authentication: bool) -> None:
    present = CertificatesPresent(signing, authentication)
    assert (present.of(DIGITAL_SIGNATURE), present.of(USER_AUTHENTICATION)) == (signing, authentication)

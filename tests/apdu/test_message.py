"""Command and response APDUs, both ways, against the standard's table."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mynacard.apdu.message import NC_MAX, NE_MAX, Case, CommandApdu, ResponseApdu, case_of, case_on_wire
from mynacard.apdu.status import StatusWord
from mynacard.errors import ProtocolError
from tests.support import CANARY, Vector, id_of, tells, vectors

BODIES = "apdu/bodies.json"
LEGAL = vectors(BODIES, "ne")
SHORTEST = [vector for vector in LEGAL if vector.flag("shortest", True)]
MALFORMED = vectors(BODIES, "refused")

BYTE = st.integers(0, 0xFF)
HEADERS = st.tuples(BYTE, BYTE, BYTE, BYTE)
LENGTHS = st.sampled_from([0, 1, 2, 254, 255, 256, 257, 65534, 65535]) | st.integers(0, 600)
EXPECTED = LENGTHS | st.just(NE_MAX)


def apdu_of(vector: Vector) -> CommandApdu:
    cla, ins, p1, p2 = vector.data("header")
    return CommandApdu(cla, ins, p1, p2, vector.data("data"), vector.number("ne"))


@pytest.mark.parametrize("vector", SHORTEST, ids=id_of)
def test_what_is_sent_has_the_body_of_the_standards_table(vector: Vector) -> None:
    assert bytes(apdu_of(vector)) == vector.data("wire")


@pytest.mark.parametrize("vector", LEGAL, ids=id_of)
def test_every_legal_body_is_understood(vector: Vector) -> None:
    assert CommandApdu.parse(vector.data("wire")) == apdu_of(vector)
    assert len(vector.data("data")) == vector.number("nc")


@pytest.mark.parametrize("vector", LEGAL, ids=id_of)
def test_the_first_bytes_tell_the_case(vector: Vector) -> None:
    assert case_on_wire(vector.data("wire")) is Case[vector.text("case")]


@pytest.mark.parametrize("vector", SHORTEST, ids=id_of)
def test_the_counts_tell_the_case(vector: Vector) -> None:
    case = case_of(vector.number("nc"), vector.number("ne"))
    assert case is Case[vector.text("case")]
    assert case.extended == vector.text("case").endswith("EXTENDED")


@pytest.mark.parametrize("vector", MALFORMED, ids=id_of)
def test_what_has_no_body_of_the_table_is_refused(vector: Vector) -> None:
    with pytest.raises(ProtocolError):
        CommandApdu.parse(vector.data("wire"))


def test_the_vectors_have_all_seven_bodies() -> None:
    assert {vector.text("case") for vector in SHORTEST} == {case.name for case in Case}


@given(HEADERS, LENGTHS, EXPECTED)
def test_a_command_apdu_survives_the_wire(header: tuple[int, int, int, int], nc: int, ne: int) -> None:
    apdu = CommandApdu(*header, b"\x5a" * nc, ne)
    assert CommandApdu.parse(bytes(apdu)) == apdu


@given(HEADERS, st.binary(max_size=8), st.integers(0, 300))
def test_short_data_of_any_content_survives_the_wire(header: tuple[int, int, int, int], data: bytes, ne: int) -> None:
    apdu = CommandApdu(*header, data, ne)
    assert CommandApdu.parse(bytes(apdu)) == apdu


@given(st.binary(max_size=16) | st.binary(max_size=700))
@example(b"")
@example(bytes(4) + b"\x00")
@example(bytes(4) + b"\x00\x00")
@example(bytes(4) + b"\x00\x00\x00")
@example(bytes(4) + b"\x00\x00\x00\x00")
@example(bytes(4) + b"\x00\x00\x00\x00\x00")
def test_any_bytes_are_an_apdu_or_a_protocol_error(wire: bytes) -> None:
    try:
        apdu = CommandApdu.parse(wire)
    except ProtocolError:
        return
    assert len(bytes(apdu)) <= len(wire)
    assert CommandApdu.parse(bytes(apdu)) == apdu


@given(st.binary(min_size=4, max_size=4), st.integers(0, 3), st.binary(max_size=12))
def test_any_extended_looking_bytes_are_an_apdu_or_a_protocol_error(header: bytes, nc: int, rest: bytes) -> None:
    wire = header + b"\x00" + nc.to_bytes(2, "big") + rest
    try:
        apdu = CommandApdu.parse(wire)
    except ProtocolError:
        return
    assert len(apdu.data) in (0, nc)


@pytest.mark.parametrize(
    "apdu",
    [
        CommandApdu(0, 0, 0, 0, bytes(NC_MAX + 1)),
        CommandApdu(0, 0, 0, 0, b"", NE_MAX + 1),
        CommandApdu(0, 0, 0, 0, b"", -1),
        CommandApdu(0x100, 0, 0, 0),
        CommandApdu(0, -1, 0, 0),
        CommandApdu(0, 0, 0, 0x100, b"\x5a", 1),
    ],
    ids=repr,
)
def test_what_no_apdu_can_say_is_not_built(apdu: CommandApdu) -> None:
    with pytest.raises(ProtocolError):
        bytes(apdu)


@given(st.binary(max_size=300), st.integers(0, 0xFFFF))
def test_a_response_apdu_survives_the_wire(data: bytes, status: int) -> None:
    response = ResponseApdu(data, StatusWord(status))
    assert bytes(response) == data + status.to_bytes(2, "big")
    assert ResponseApdu.parse(bytes(response)) == response


@pytest.mark.parametrize("wire", ["", "90"])
def test_a_response_without_a_status_word_is_refused(wire: str) -> None:
    with pytest.raises(ProtocolError):
        ResponseApdu.parse(bytes.fromhex(wire))


@given(st.binary(max_size=70))
def test_any_bytes_are_a_response_or_a_protocol_error(wire: bytes) -> None:
    try:
        response = ResponseApdu.parse(wire)
    except ProtocolError:
        assert len(wire) < 2
    else:
        assert bytes(response) == wire
        assert isinstance(response.status, StatusWord)


def test_a_command_prints_header_and_counts_and_no_data() -> None:
    apdu = CommandApdu(0x00, 0x20, 0x00, 0x98, CANARY.encode(), 256)
    assert repr(apdu) == str(apdu) == f"{apdu}" == "CommandApdu(00 20 00 98, nc=**, ne=256)"
    assert not tells(repr(apdu))


def test_a_response_prints_count_and_status_and_no_data() -> None:
    response = ResponseApdu(CANARY.encode())
    assert repr(response) == str(response) == "ResponseApdu(nr=4, status=9000)"
    assert not tells(repr(response))


@given(st.binary(max_size=40))
def test_a_protocol_error_does_not_quote_what_was_wrong(tail: bytes) -> None:
    with pytest.raises(ProtocolError) as caught:
        CommandApdu.parse(bytes.fromhex("00200098") + b"\x04" + CANARY.encode() + b"\x00\x00" + tail)
    assert not tells(str(caught.value) + repr(caught.value) + repr(caught.value.details))

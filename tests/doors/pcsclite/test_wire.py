"""Messages and their bytes, against what pcscd and its library were seen to say to each other."""

from __future__ import annotations

import sys
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mynacard.doors.disk import new_card
from mynacard.doors.pcsclite import messages as say
from mynacard.doors.pcsclite import wire
from mynacard.doors.pcsclite.scard import MAX_MESSAGE
from mynacard.doors.pcsclite.service import Service
from mynacard.errors import ProtocolError
from mynacard.simulator import ATR_CONTACT
from tests.doors.pcsclite.client import answer, request, transmission
from tests.support import Vector, id_of, vectors

FILE = "simulator/pcsclite.json"
VECTORS = vectors(FILE)
REQUESTS = vectors(FILE, "request")
FIRST, SECOND = "Virtual PCD 00 00", "Virtual PCD 00 01"
REFUSED = 1
NUMBERS = (0x36B9019C, 0x3A2B194C, 0x507C57A0, REFUSED, 0x5B6EE233, REFUSED)
"""The context and the connections of the recorded conversation, in the order of their coming."""

pytestmark = pytest.mark.skipif(sys.byteorder != "little", reason="the recorded bytes are little-endian")


def taken(data: bytes) -> say.Message:
    message = wire.take(inbox := bytearray(data))
    assert message is not None
    assert not inbox
    return message


@pytest.mark.parametrize("vector", REQUESTS, ids=id_of)
def test_what_the_library_sends_is_understood_and_sent_alike(vector: Vector) -> None:
    assert request(taken(vector.data("request"))) == vector.data("request")


@pytest.mark.parametrize("vector", REQUESTS, ids=id_of)
def test_what_pcscd_answers_is_understood_and_answered_alike(vector: Vector) -> None:
    message = taken(vector.data("request"))
    said = vector.data("answer")
    if isinstance(message, say.Call):
        assert wire.encode(answer(type(message), said)) == said
    elif isinstance(message, say.GetReaders | say.WaitForChange):
        assert wire.encode_readers([parsed(said, slot) for slot in range(16)]) == said


def parsed(table: bytes, slot: int) -> say.ReaderState | None:
    row = wire.READER.parse(table[184 * slot : 184 * (slot + 1)])
    atr = row.atr[: row.atr_length]
    state = say.ReaderState(row.name, row.event_counter, row.state, row.sharing, atr, row.protocol)
    return state if state.name else None


def test_the_service_says_what_pcscd_said() -> None:
    numbers = iter(NUMBERS)
    service = Service(lambda: 0.0, lambda: next(numbers), 0.5, 10.0)
    service.desk.plug(FIRST)
    service.desk.plug(SECOND)
    service.desk.insert(FIRST, new_card())
    clients = {number: service.attach(number) for number in (1, 2)}
    for vector in vectors(FILE, "connection"):
        client = clients[vector.number("connection")]
        assert client is not None
        if vector.has("request"):
            service.receive(client, vector.data("request"))
        said = bytes(client.outbox)
        client.outbox.clear()
        if not vector.flag("driver", default=False):
            assert said == vector.data("answer"), vector.id
    assert not client.gone


def test_the_recorded_card_is_the_one_of_these_tests() -> None:
    table = next(vector for vector in VECTORS if vector.id == "get-readers").data("answer")
    state = parsed(table, 0)
    assert state is not None
    assert (state.name, state.atr) == (FIRST, ATR_CONTACT)


WORD = st.integers(0, 0xFFFFFFFF)
CARD = st.integers(-(1 << 31), (1 << 31) - 1)
NAME = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=31)
VALUE = st.binary(min_size=264, max_size=264)
MESSAGES = st.one_of(
    st.builds(say.Version, CARD, CARD, code=WORD),
    st.builds(say.EstablishContext, WORD, WORD, code=WORD),
    st.builds(say.ReleaseContext, WORD, code=WORD),
    st.builds(say.Connect, WORD, NAME, WORD, WORD, CARD, WORD, code=WORD),
    st.builds(say.Reconnect, CARD, WORD, WORD, WORD, WORD, code=WORD),
    st.builds(say.Disconnect, CARD, WORD, code=WORD),
    st.builds(say.BeginTransaction, CARD, code=WORD),
    st.builds(say.EndTransaction, CARD, WORD, code=WORD),
    st.builds(transmission, CARD, st.binary(max_size=300), WORD, WORD),
    st.binary(max_size=300).flatmap(
        lambda data: st.builds(say.Control, CARD, WORD, st.just(len(data)), WORD, WORD, code=WORD, data=st.just(data))
    ),
    st.builds(say.Status, CARD, code=WORD),
    st.builds(say.Cancel, WORD, code=WORD),
    st.builds(say.GetAttribute, CARD, WORD, VALUE, WORD, code=WORD),
    st.builds(say.SetAttribute, CARD, WORD, VALUE, WORD, code=WORD),
    st.sampled_from([say.GetReaders(), say.WaitForChange(), say.StopWaiting(), say.GetReaderEvents()]),
    st.sampled_from([say.CountRows(), say.GetRows()]),
)


@given(st.lists(MESSAGES, max_size=5))
def test_messages_come_out_as_they_went_in(sent: list[say.Message]) -> None:
    inbox = bytearray(chain.from_iterable(map(request, sent)))
    assert [wire.take(inbox) for _ in sent] == sent
    assert not inbox


@given(MESSAGES, st.data())
def test_a_part_of_a_message_is_no_message_and_stays(message: say.Message, data: st.DataObject) -> None:
    whole = request(message)
    part = whole[: data.draw(st.integers(0, len(whole) - 1))]
    assert wire.take(inbox := bytearray(part)) is None
    assert inbox == part


@pytest.mark.parametrize(
    "header",
    [(0, 0), (12, 0), (12, 3), (0, 0x18), (12, 0xFFFFFFFF), (0xFFFFFFFF, 9), (31, 9), (33, 9), (11, 0x11), (1, 0x12)],
)
def test_what_no_client_sends_is_refused_before_its_body_comes(header: tuple[int, int]) -> None:
    with pytest.raises(ProtocolError):
        wire.take(bytearray(wire.HEADER.pack(*header)))


def test_an_apdu_of_more_than_any_length_is_refused_before_it_comes() -> None:
    longest = request(transmission(1, bytes(MAX_MESSAGE)))
    assert wire.take(bytearray(longest)) is not None
    too_long = say.Transmit(1, 2, 16, MAX_MESSAGE + 1, 3, 16, 258)
    with pytest.raises(ProtocolError):
        wire.take(bytearray(request(too_long)))


def test_a_name_that_is_no_text_is_no_readers_name() -> None:
    body = bytearray(request(say.Connect(1, "A", 2, 3)))
    body[12:14] = b"\xff\x41"
    message = taken(bytes(body))
    assert isinstance(message, say.Connect)
    assert message.reader.encode("utf-8", "surrogateescape") == b"\xff\x41"

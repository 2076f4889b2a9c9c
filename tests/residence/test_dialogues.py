"""The worked examples, command by command, from both ends."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mynacard import errors
from mynacard.apdu import Channel, secure
from mynacard.apdu.commands import decode
from mynacard.apdu.message import CommandApdu, ResponseApdu
from mynacard.residence import LAYOUTS, CardNumber, CardType, File, First, Free, ResidenceCard, Second
from mynacard.residence.messaging import SecureCard
from mynacard.simulator.residence import SimulatedResidenceCard
from tests.residence.cards import with_files
from tests.residence.dialogues import Agreement, Expected, agreement_of, files, steps
from tests.support import CardThat, Vector, id_of, vectors

ROWS = vectors("residence/dialogues.json")
EACH = pytest.mark.parametrize("row", ROWS, ids=id_of)
TYPES = {1: CardType.RESIDENCE_CARD, 2: CardType.RESIDENCE_CARD_2}


def secured(expected: Expected, command: bytes, agreement: Agreement) -> bytes:
    """The whole answer: as given, or made of what the source gives of it."""
    if expected.wire is not None:
        return expected.wire
    response = ResponseApdu(expected.plain or b"")
    if command[0] == secure.CLA:
        response = secure.protect_response(response, agreement.session)
    return bytes(response)


@EACH
def test_the_terminal_sends_the_world_s_commands_and_understands_its_answers(row: Vector) -> None:
    agreement, answers = agreement_of(row), dict[bytes, bytes]()
    card = CardThat(lambda command: answers[command])
    plain = Channel(card)
    session = Channel(SecureCard(plain, agreement.session))
    for wire, expected in steps(row):
        if row.has("typed") and wire[1] == 0x82:
            continue  # with another number: the session's own test has it
        answers[wire] = secured(expected, wire, agreement)
        apdu = CommandApdu.parse(wire)
        opened = secure.open_command(apdu, agreement.session) if apdu.cla else apdu
        command = decode(opened)
        response = (session if apdu.cla else plain).exchange_once(command)
        assert card.sent[-1] == wire
        if wire[0] == secure.CLA and expected.plain is not None and expected.wire is None:
            assert response.data == expected.plain


def card_of(row: Vector) -> SimulatedResidenceCard:
    """A card that holds what the example says, or what its answers show."""
    agreement = agreement_of(row)
    type_ = TYPES[agreement.generation]
    places = {("MF" if file.place.startswith("MF") else file.place[:3], file.sfi): file for file in LAYOUTS[type_]}
    content = {places[place]: found for place, found in files(row).items()} or shown(row, places)
    return with_files(type_, content, agreement.card, agreement.number)


def shown(row: Vector, places: dict[tuple[str, int], File]) -> dict[File, bytes]:
    """What the answers of a published example show of the files, with made-up bytes where it gives none."""
    found, df = dict[File, bytes](), "MF"
    for wire, expected in steps(row):
        if wire[1:3] == b"\xa4\x04":
            df = f"DF{wire[10] - 1}"
        elif wire[1] == 0xB0 and expected.plain is not None:
            found[places[df, wire[2] & 0x1F]] = expected.plain
    return found


@EACH
def test_the_card_answers_as_the_world_s_does(row: Vector) -> None:
    card = card_of(row)
    for wire, expected in steps(row):
        answer = card.transmit(wire)
        assert expected.agrees(answer), (wire.hex(), answer[-2:].hex(), len(answer))


# --- the session sends the same --------------------------------------------------------------------------------


def sent_by_session(row: Vector, number: str) -> Iterator[bytes]:
    """What a session sends to a card of the example, typed *number*."""
    card = CardThat(card_of(row).transmit)
    session = ResidenceCard(card)
    try:
        session.authenticate(CardNumber(number), agreement_of(row).terminal)
        if session.type.generation == 1:
            session.read_file(First.FRONT)
            session.read_file(First.FACE)
            session.read_file(First.ADDRESS, encrypted=False)
            session.read_file(First.EXTENSION, encrypted=False)
            session.read_file(First.EXTENSION)
            session.read_file(First.SIGNATURE, encrypted=False)
        else:
            for file in (Second.NUMBER, Second.ENTRIES, Second.IMAGES):
                session.read_file(file)
            session.read_file(Second.SIGNATURE, encrypted=False)
        session.read_file(Free.COMMON)
    except errors.CardNumberIncorrect:
        pass
    return iter(card.sent)


@pytest.mark.parametrize("row", [row for row in ROWS if row.has("files") and files(row)], ids=id_of)
def test_a_session_sends_the_world_s_bytes(row: Vector) -> None:
    """All of an example's commands but those that no session has reason to send: reads of a part, of the wrong kind."""
    sent = set(sent_by_session(row, row.text("typed") if row.has("typed") else agreement_of(row).number_text))
    not_of_a_session = {
        bytes.fromhex(each.replace(" ", ""))
        for each in (
            "08B08500 000004 96020010 0000", "08B00010 000004 9602000A 0000", "08B01B58 000004 96020100 0000",
            "00B08500 000000",
        )
    }  # fmt: skip
    wanted = {wire for wire, _ in steps(row)}
    assert wanted - sent <= not_of_a_session
    assert wanted & sent


def test_a_wrong_number_is_the_world_s_6300_and_nothing_is_sent_after_it() -> None:
    row = next(row for row in ROWS if row.has("typed"))
    card = CardThat(card_of(row).transmit)
    session = ResidenceCard(card)
    with pytest.raises(errors.CardNumberIncorrect) as caught:
        session.authenticate(CardNumber(row.text("typed")), agreement_of(row).terminal)
    assert caught.value.status == 0x6300
    assert card.sent[-1] == steps(row)[-1][0]

"""The witness: what it takes for wrong, for grave, for a stall; and what it lets pass."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mynacard import errors
from mynacard.reader_check.subject import PIN_STATUS, SELECT_JPKI
from mynacard.reader_check.witness import Incident, Line, Witness

READ = bytes.fromhex("00B08A0008")
READ_LATER = bytes.fromhex("00B0000404")
READ_EXTENDED = bytes.fromhex("00B08A00000400")
VERIFY = bytes.fromhex("0020009804") + b"0000"
DONE = b"\x90\x00"
CONTENT = b"abcdefgh"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def said(*exchanges: tuple[bytes, bytes], witness: Witness | None = None) -> list[tuple[str, bool]]:
    """What the witness says of *exchanges*, commands and answers after a SELECT of JPKI, and whether it is grave."""
    witness = witness or Witness(Clock())
    line = Line(witness)
    for command, answer in ((SELECT_JPKI, DONE), *exchanges):
        line.exchange(command, lambda answer=answer: answer)
    return [(incident.came, incident.grave) for incident in witness.take()]


@pytest.mark.parametrize(
    ("command", "answer", "came", "grave"),
    [
        (READ, b"", "no status word", False),
        (READ, b"\x90", "no status word", False),
        (READ, CONTENT + b"i" + DONE, "9 bytes and '9000', where at most 8 bytes were asked for", True),
        (READ, CONTENT + b"\x6a\x82", "8 bytes and '6A82', which allows no data", True),
        (READ, b"\x60\x00", "'6000', which is not a status word", True),
        (READ, b"a\x12\x34", "1 byte and '1234', which is not a status word", True),
        (SELECT_JPKI, b"\x6c\x00", "'6C00', which corrects an Le that was not sent", False),
        (SELECT_JPKI, b"\x6f\x00", "'6F00', where '9000' came before", False),
    ],
)
def test_an_answer_without_its_form_is_an_incident(command: bytes, answer: bytes, came: str, grave: bool) -> None:
    assert said((command, answer)) == [(came, grave)]


def test_bytes_of_a_file_are_compared_however_they_were_read() -> None:
    whole = (READ, CONTENT + DONE)
    assert said(whole, (READ_LATER, b"efgh" + DONE)) == []
    (wrong,) = said(whole, (READ_LATER, b"abcd" + DONE))
    assert wrong == ("4 bytes, which differ from those read before, first at offset 4", True)
    (wrong,) = said(whole, (READ, b"abcdXfgh" + DONE))
    assert wrong == ("8 bytes, which differ from those read before, first at offset 4", True)


def test_fewer_bytes_than_the_file_has_are_wrong_unless_so_many_may_not_pass() -> None:
    witness = Witness(Clock(), lengths={0x0A: 1000})
    assert said((READ, CONTENT[:4] + DONE), witness=witness) == [("4 bytes of 8, and '9000'", True)]
    assert said((READ_EXTENDED, bytes(256) + DONE), witness=Witness(Clock(), lengths={0x0A: 1000})) == []
    witness = Witness(Clock(), ne_max=1024, lengths={0x0A: 1000})
    assert said((READ_EXTENDED, bytes(256) + DONE), witness=witness) == [("256 bytes of 1,000, and '9000'", True)]


def test_the_tries_left_change_only_with_a_pin() -> None:
    asked = (PIN_STATUS, b"\x63\xc3"), (PIN_STATUS, b"\x63\xc2")
    assert said(*asked) == [("'63C2', where '63C3' came before", False)]
    witness = Witness(Clock())
    assert said(asked[0], (VERIFY, b"\x63\xc2"), witness=witness) == []
    assert said(asked[1], witness=witness) == []


def test_one_odd_answer_among_many_is_one_incident() -> None:
    selects = [(SELECT_JPKI, DONE), (SELECT_JPKI, b"\x6f\x00"), (SELECT_JPKI, DONE), (SELECT_JPKI, DONE)]
    assert said(*selects) == [("'6F00', where '9000' came before", False)]


@pytest.mark.parametrize(
    ("command", "byte_s", "seconds", "is_stall"),
    [
        (READ, 0.0001, 0.9, False), (READ, 0.0001, 1.1, True), (READ, 0.1, 1.1, False),
        (bytes.fromhex("802A008000"), 0.0001, 2.9, False), (bytes.fromhex("802A008000"), 0.0001, 3.1, True),
    ],
)  # fmt: skip
def test_a_stall_is_what_the_bytes_do_not_account_for(
    command: bytes, byte_s: float, seconds: float, is_stall: bool
) -> None:
    clock = Clock()
    witness = Witness(clock)
    witness.measured(byte_s)

    def slow() -> bytes:
        clock.now += seconds
        return DONE

    Line(witness).exchange(command, slow)
    assert [incident.took_s for incident in witness.take()] == [pytest.approx(seconds)] * is_stall


def lost() -> bytes:
    raise errors.OutcomeUnknownError("It was lost.")


def tried(witness: Witness, send: Callable[[], bytes], command: bytes = READ) -> None:
    with pytest.raises(errors.OutcomeUnknownError):
        Line(witness).exchange(command, send)


def test_an_error_is_kept_unless_it_is_expected_or_shows_a_limit() -> None:
    witness = Witness(Clock(), ne_max=256)
    tried(witness, lost)
    mark = witness.mark()
    tried(witness, lost)
    witness.forgive(mark)
    with witness.expecting_errors():
        tried(witness, lost)
    tried(witness, lost, READ_EXTENDED)
    (incident,) = witness.take()
    assert incident.came == "reader/outcome-unknown: It was lost"
    assert witness.take() == ()


def test_wrong_bytes_are_not_forgiven() -> None:
    witness = Witness(Clock())
    Line(witness).exchange(READ, lambda: CONTENT + b"i" + DONE)
    witness.forgive(0)
    assert [incident.grave for incident in witness.take()] == [True]


def test_an_incident_tells_command_time_and_what_came() -> None:
    assert str(Incident("SELECT the application JPKI", 2.25, 9.0, "'9000'")) == (
        "SELECT the application JPKI, at 2.2 s: '9000', after 9,000 ms"
    )


def test_no_pin_is_in_an_incident() -> None:
    witness = Witness(Clock())
    Line(witness).exchange(VERIFY, lambda: b"")
    (incident,) = witness.take()
    assert "30" not in incident.command
    assert incident.command.startswith("VERIFY of ")

"""Recordings: nothing personal is in them, they play again, and what is none is refused."""

from __future__ import annotations

import io
import itertools
import json
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mynacard import errors
from mynacard.apdu import Channel, TriesLeft
from mynacard.apdu.masking import ApplicationMask, Range
from mynacard.apdu.message import Card, CommandApdu
from mynacard.jpki import DF_NAME, DIGITAL_SIGNATURE, USER_AUTHENTICATION, JpkiSession, masks
from mynacard.opening import open_card
from mynacard.recordings import Recorder, Recording, Replay, read_recording, recording_to
from mynacard.recordings.json_lines import load
from mynacard.recordings.recording import Exchange, MaskedBytes
from mynacard.simulator import DEFAULT_PINS, Traits
from tests.jpki.cards import SHORT, ca_certificate_of, card_with, certificate_of, counted
from tests.support import CANARY, CardThat, ScriptedCard, spellings

PASSWORD = DEFAULT_PINS[DIGITAL_SIGNATURE.name]
PIN = DEFAULT_PINS[USER_AUTHENTICATION.name]
DATA = b"an application"
SELECT = "00A4040C0AD392F000260100000001"


def recorded(card: Card, rules: tuple[ApplicationMask, ...] = (masks.PERSONAL,)) -> str:
    """What is written while *card* is used for everything."""
    stream = io.StringIO()
    recorder = Recorder(card, stream, rules)
    everything(recorder)
    recorder.end()
    return stream.getvalue()


def everything(card: Card) -> bytes:
    session = JpkiSession(Channel(card))
    session.token_info()
    session.verify(USER_AUTHENTICATION, PIN)
    session.verify(DIGITAL_SIGNATURE, PASSWORD)
    session.ca_certificate_der(DIGITAL_SIGNATURE)
    signature = session.sign(DATA)
    session.log_out()
    return signature


def of(text: str) -> Recording:
    return load(text.encode(), "the recording")


@pytest.fixture(params=[Traits(), SHORT], ids=["long", "short"])
def text(request: pytest.FixtureRequest) -> str:
    return recorded(card_with(traits=request.param))


# --- what is in it ---------------------------------------------------------------------------------------


def test_no_pin_is_in_a_recording_nor_how_long_it_is(text: str) -> None:
    assert not [found for secret in (PIN, PASSWORD) for found in spellings(secret) if f'"{found}' in text.lower()]
    assert PASSWORD.encode().hex().upper() not in text
    secret = [json.loads(line) for line in text.splitlines() if '"secret"' in line]
    assert [(row["command"], row["answer"]) for row in secret] == [("00200098", "9000"), ("0020009B", "9000")]


def test_every_command_that_carries_a_pin_is_cut_after_its_header() -> None:
    stream = io.StringIO()
    recorder = Recorder(CardThat(lambda _: "9000"), stream, ())
    for header in ("00200098", "0C20009B", "00240180", "80320080", "002C0080", "80540080", "00C20000"):
        recorder.transmit(bytes.fromhex(header) + b"\x04" + CANARY.encode())
        recorder.transmit(bytes.fromhex(header) + b"\x00\x00\x04" + CANARY.encode())
    assert CANARY.encode().hex() not in stream.getvalue()
    assert {len(json.loads(line)["command"]) for line in stream.getvalue().splitlines()[1:]} == {8}


@given(st.binary(min_size=1, max_size=300))
def test_a_recording_is_the_same_for_a_pin_of_any_length(secret: bytes) -> None:
    stream = io.StringIO()
    recorder = Recorder(CardThat(lambda _: "9000"), stream, ())
    recorder.transmit(bytes(CommandApdu(0x00, 0x20, 0x00, 0x98, secret)))
    assert stream.getvalue().splitlines()[1:] == ['{"command": "00200098", "secret": true, "answer": "9000"}']


def test_the_signing_certificate_is_masked_but_for_its_header_and_filler(text: str) -> None:
    der = certificate_of(DIGITAL_SIGNATURE)
    body = der[4:]
    others = certificate_of(USER_AUTHENTICATION) + ca_certificate_of(DIGITAL_SIGNATURE) + b"0" * 12
    own = [body[at : at + 12] for at in range(len(body) - 12) if body[at : at + 12] not in others]
    assert len(own) > len(body) / 2
    assert not [part for part in own if part.hex().upper() in text]
    masked = sum(
        end - start for exchange in of(text).exchanges if exchange.answer for start, end in exchange.answer.masked
    )
    assert masked == len(body)
    assert der[:4].hex().upper() + "**" in text


def test_what_links_cards_is_masked_where_that_is_asked_for() -> None:
    public = certificate_of(USER_AUTHENTICATION)[4:].hex().upper()
    assert public in recorded(card_with())
    assert public not in recorded(card_with(), rules=(masks.LINKABLE,))


def test_an_application_without_rules_is_masked_whole() -> None:
    text = recorded(card_with(), rules=())
    assert all(exchange.answer.data[:-2].strip(b"\0") == b"" for exchange in of(text).exchanges if exchange.answer)


def test_each_line_is_written_at_once() -> None:
    stream = io.StringIO()
    recorder = Recorder(card_with(), stream, (masks.PERSONAL,))
    recorder.transmit(bytes.fromhex(SELECT))
    assert len(stream.getvalue().splitlines()) == 2


def test_an_error_is_recorded_and_goes_on() -> None:
    stream = io.StringIO()
    removed = errors.CardRemovedError("gone")
    recorder = Recorder(CardThat(lambda _: removed), stream, ())
    with pytest.raises(errors.CardRemovedError):
        recorder.transmit(bytes.fromhex(SELECT))
    recorder.end()
    card = Replay(of(stream.getvalue()))
    with pytest.raises(errors.CardRemovedError, match="no answer came"):
        card.transmit(bytes.fromhex(SELECT))


def test_a_full_disk_does_not_come_between_a_program_and_its_card() -> None:
    class Full(io.StringIO):
        def flush(self) -> None:
            raise OSError(28, "No space left on device")

    recorder = Recorder(card_with(), Full(), (masks.PERSONAL,))
    assert everything(recorder)
    with pytest.raises(OSError, match="No space"):
        recorder.end()


# --- playing ---------------------------------------------------------------------------------------------


def test_a_recording_plays_again_with_any_pin(text: str) -> None:
    card = Replay(of(text), fill=0)
    seen = counted(card)
    session = JpkiSession(Channel(seen), certificates={})
    session.token_info()
    session.verify(USER_AUTHENTICATION, "0000")
    session.verify(DIGITAL_SIGNATURE, "ANYTHING16CHARS0")
    session.ca_certificate_der(DIGITAL_SIGNATURE)
    with pytest.raises(errors.CardDataError):  # the certificate is personal, and zeros are none
        session.sign(DATA)
    assert len(seen.verifies) == 2


def test_masked_bytes_are_an_error_that_says_so(text: str) -> None:
    card = Replay(of(text))
    session = JpkiSession(Channel(card))
    session.token_info()
    session.verify(USER_AUTHENTICATION, PIN)
    session.verify(DIGITAL_SIGNATURE, PASSWORD)
    session.ca_certificate_der(DIGITAL_SIGNATURE)
    with pytest.raises(errors.MaskedError, match="personal"):
        session.sign(DATA)


def test_without_masks_a_recorded_signature_is_good_again() -> None:
    text = recorded(card_with(), rules=(ApplicationMask(DF_NAME),))
    assert everything(Replay(of(text))) == everything(card_with())


def test_a_strict_recording_answers_in_its_order_alone(text: str) -> None:
    card = Replay(of(text))
    with pytest.raises(errors.UsageError, match="number 1 "):
        card.transmit(bytes.fromhex("00200098"))
    card.transmit(bytes.fromhex(SELECT))
    with pytest.raises(errors.UsageError, match="number 2 "):
        card.transmit(bytes.fromhex(SELECT))
    assert card.rest == len(of(text).exchanges) - 1


def test_a_recording_that_is_over_answers_nothing() -> None:
    card = Replay(Recording((), {}))
    with pytest.raises(errors.UsageError, match="number 1 "):
        card.transmit(bytes.fromhex(SELECT))


def test_a_lenient_one_answers_in_any_order_the_next_first() -> None:
    script = [("00B0810000", "019000"), ("00200098", "63C3"), ("00200098", "63C2")]
    stream = io.StringIO()
    recorder = Recorder(ScriptedCard(script), stream, (ApplicationMask(b""),))
    for command, _ in script:
        recorder.transmit(bytes.fromhex(command))
    recorder.end()
    card = Replay(of(stream.getvalue()), lenient=True, fill=0xEE)
    said = [
        card.transmit(bytes.fromhex(command)).hex() for command in ("00200098", "00200098", "00200098", "00B0810000")
    ]
    assert said == ["63c3", "63c2", "63c2", "ee9000"]
    with pytest.raises(errors.UsageError, match="00 20 00 9B"):
        card.transmit(bytes.fromhex("0020009B"))


def test_the_status_query_is_not_taken_for_a_pin() -> None:
    recording = Recording((Exchange(bytes.fromhex("00200098"), True, MaskedBytes(b"\x90\x00")),), {})
    with pytest.raises(errors.UsageError):
        Replay(recording).transmit(bytes.fromhex("00200098"))


# --- files -----------------------------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "card.recording"


def test_a_recorded_card_is_opened_by_name(file: Path) -> None:
    with (
        recording_to(file, (masks.PERSONAL,), {"card": "simulated"}) as around,
        open_card("sim:", around=around) as card,
    ):
        assert JpkiSession(card).pin_status(USER_AUTHENTICATION) == TriesLeft(3)
    with open_card(f"replay:{file}") as card:
        assert JpkiSession(card).pin_status(USER_AUTHENTICATION) == TriesLeft(3)
    assert read_recording(file).about == {"card": "simulated"}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_a_recording_is_its_owners_alone(file: Path) -> None:
    with recording_to(file, ()) as around:
        around(card_with())
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_an_existing_file_is_replaced_when_that_is_asked_for_alone(file: Path) -> None:
    file.write_text("mine")
    with pytest.raises(errors.UsageError, match="exists already"), recording_to(file, ()):
        pass
    assert file.read_text() == "mine"
    with recording_to(file, (), replace=True) as around:
        around(card_with())
    assert read_recording(file).exchanges == ()


def test_a_link_is_not_followed(file: Path) -> None:
    target = file.with_name("target")
    if sys.platform == "win32":
        pytest.skip("needs a privilege there")
    os.symlink(target, file)
    with pytest.raises(errors.UsageError), recording_to(file, ()):
        pass
    assert not target.exists()


def test_where_no_card_was_reached_there_is_no_file(file: Path) -> None:
    with pytest.raises(errors.NoCardError), recording_to(file, ()):
        raise errors.NoCardError("none")
    assert not file.exists()


def test_a_use_that_ends_in_an_error_leaves_a_whole_recording(file: Path) -> None:
    with pytest.raises(errors.PinIncorrect), recording_to(file, (masks.PERSONAL,)) as around:
        JpkiSession(Channel(around(card_with()))).verify(USER_AUTHENTICATION, "0000")
    assert read_recording(file).exchanges[-1].secret


def test_a_folder_that_is_not_there_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), recording_to(tmp_path / "none" / "file", ()):
        pass


# --- what is no recording ----------------------------------------------------------------------------------


def test_a_file_that_is_not_there_is_an_error(file: Path) -> None:
    with pytest.raises(errors.CardFileError, match="cannot be read"):
        read_recording(file)


@pytest.mark.parametrize(
    "content", ["", "\n", "{}", "[]", "null", "mynacard recording", '{"format": "another"}', "[" * 99999]
)
def test_another_file_is_no_recording(content: str) -> None:
    with pytest.raises(errors.CardFileError, match="no recording"):
        of(content)


def test_another_version_is_told() -> None:
    with pytest.raises(errors.CardFileError, match="another version"):
        of(recorded(card_with()).replace('"version": 1', '"version": 3'))


def test_a_recording_is_cut_off_wherever_it_ends_too_soon() -> None:
    text = recorded(card_with())
    for end in range(text.index("\n"), len(text), 97):
        with pytest.raises(errors.CardFileError, match="cut off|damaged"):
            of(text[:end])
    lines = text.splitlines(keepends=True)
    for cut in range(1, len(lines)):
        with pytest.raises(errors.CardFileError, match="cut off"):
            of("".join(lines[:cut]))
    with pytest.raises(errors.CardFileError, match="cut off"):
        of("".join(lines[:3] + lines[4:]))


@pytest.mark.parametrize(
    "line",
    [
        "", "{}", "[]", "1", "nonsense", '{"command": "00"}', '{"answer": "9000"}', '{"command": 1, "answer": "9000"}',
        '{"command": "0", "answer": "9000"}', '{"command": "00b0", "answer": "9000"}',
        '{"command": "0G", "answer": "9000"}', '{"command": "00", "answer": 9000}',
        '{"command": "00", "answer": "900"}', '{"command": "00", "answer": "90*0"}',
        '{"command": "00", "answer": "**9000"}', '{"command": "00", "answer": "**9000", "masked": [[0, 2]]}',
        '{"command": "00", "answer": "009000", "masked": [[0, 1]]}',
        '{"command": "00", "answer": "9000", "masked": []}',
        '{"command": "00", "answer": "9000", "error": "x"}', '{"command": "00", "answer": "9000", "more": 1}',
        '{"command": "00", "answer": "9000", "secret": false}', '{"command": "00", "answer": "9000", "secret": 1}',
        '{"command": "0020009804", "answer": "9000", "secret": true}', '{"command": "00", "error": 1}',
    ],
)  # fmt: skip
def test_a_damaged_line_is_told_by_its_number(line: str) -> None:
    header = recorded(card_with()).splitlines()[0]
    with pytest.raises(errors.CardFileError, match="damaged in line 2"):
        of(f'{header}\n{line}\n{{"end": 1}}\n')


@pytest.mark.parametrize("about", ['"text"', "[]", "null", '{"card": 1}'])
def test_about_is_made_of_texts(about: str) -> None:
    with pytest.raises(errors.CardFileError, match="damaged in line 1"):
        of(f'{{"format": "mynacard recording", "version": 1, "about": {about}}}\n{{"end": 0}}\n')


@given(st.binary(max_size=200))
def test_any_bytes_are_an_error_of_this_library(content: bytes) -> None:
    with pytest.raises(errors.CardFileError):
        load(content, "bytes")


@given(st.binary(max_size=40), st.lists(st.booleans(), min_size=40, max_size=40))
def test_masked_bytes_are_written_as_they_are_read(data: bytes, hidden: list[bool]) -> None:
    ranges: list[Range] = []
    for at in range(len(data)):
        if hidden[at]:
            if ranges and ranges[-1][1] == at:
                ranges[-1] = (ranges[-1][0], at + 1)
            else:
                ranges.append((at, at + 1))
    masked = MaskedBytes.of(data, tuple(ranges))
    assert MaskedBytes.parse(str(masked)) == masked
    assert "data" not in repr(masked)


# --- times -----------------------------------------------------------------------------------------------------------


def timed(card: Card, ticks: Iterator[int]) -> str:
    stream = io.StringIO()
    recorder = Recorder(card, stream, (masks.PERSONAL,), clock=lambda: next(ticks))
    everything(recorder)
    recorder.end()
    return stream.getvalue()


def test_times_are_kept_where_there_is_a_clock() -> None:
    found = of(timed(card_with(), itertools.count(5_000_000, 1_500_000)))  # each look at the clock is 1.5 ms later
    assert [(each.at_us, each.took_us) for each in found.exchanges] == [
        (3000 * number, 1500) for number in range(len(found.exchanges))
    ]
    assert [each.at_us for each in of(recorded(card_with())).exchanges] == [None] * len(found.exchanges)


def test_a_recording_with_times_plays_as_one_without() -> None:
    found = of(timed(card_with(), itertools.count(0, 1000)))
    assert JpkiSession(Channel(Replay(found))).token_info().label


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"took": 1', '"took": -1'), ('"took": 1', '"took": 1.0'), ('"took": 1', '"took": true'),
        ('"took": 1', '"took": 9007199254740992'), (', "took": 1', ""), ('"version": 2', '"version": 1'),
        ('"version": 2', '"version": true'),
    ],
)  # fmt: skip
def test_times_of_another_form_are_damage(old: str, new: str) -> None:
    text = timed(card_with(), itertools.count(0, 1000))
    assert old in text
    with pytest.raises(errors.CardFileError):
        of(text.replace(old, new))

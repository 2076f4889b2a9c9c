"""Nothing personal is in a recording, each line is written at once, and nothing disturbs the card's user."""

from __future__ import annotations

import io
import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mynacard import errors
from mynacard.apdu.message import CommandApdu
from mynacard.jpki import DIGITAL_SIGNATURE, USER_AUTHENTICATION, masks
from mynacard.recordings import Recorder, Replay
from tests.jpki.cards import ca_certificate_of, card_with, certificate_of
from tests.recordings.card_in_use import PASSWORD, PIN, SELECT, everything, of, recorded, timed
from tests.support import CANARY, CardThat, spellings


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
    certificate = certificate_of(USER_AUTHENTICATION)
    for public in (certificate[4:256].hex().upper(), certificate[256:].hex().upper()):
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


def test_times_are_kept_where_there_is_a_clock() -> None:
    found = of(timed(card_with(), itertools.count(5_000_000, 1_500_000)))  # each look at the clock is 1.5 ms later
    assert [(each.at_us, each.took_us) for each in found.exchanges] == [
        (3000 * number, 1500) for number in range(len(found.exchanges))
    ]
    assert [each.at_us for each in of(recorded(card_with())).exchanges] == [None] * len(found.exchanges)

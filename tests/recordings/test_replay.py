"""A recording plays again as a card, and says what it does not know."""

from __future__ import annotations

import io
import itertools

import pytest

from mynacard import errors
from mynacard.apdu import Channel
from mynacard.apdu.masking import EVERY_FILE, ApplicationMask
from mynacard.jpki import DF_NAME, DIGITAL_SIGNATURE, USER_AUTHENTICATION, JpkiSession
from mynacard.recordings import Recorder, Recording, Replay
from mynacard.recordings.recording import Exchange, MaskedBytes
from tests.jpki.cards import card_with, counted
from tests.recordings.card_in_use import DATA, PASSWORD, PIN, SELECT, everything, of, recorded, timed
from tests.support import ScriptedCard


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
    text = recorded(card_with(), rules=(ApplicationMask(DF_NAME, shown=EVERY_FILE),))
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


def test_a_recording_with_times_plays_as_one_without() -> None:
    found = of(timed(card_with(), itertools.count(0, 1000)))
    assert JpkiSession(Channel(Replay(found))).token_info().label

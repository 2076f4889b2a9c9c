"""A card that is used for everything, and the recording of it."""

from __future__ import annotations

import io
from collections.abc import Iterator

from mynacard.apdu import Channel
from mynacard.apdu.masking import ApplicationMask
from mynacard.apdu.message import Card
from mynacard.jpki import DIGITAL_SIGNATURE, USER_AUTHENTICATION, JpkiSession, masks
from mynacard.recordings import Recorder, Recording
from mynacard.recordings.json_lines import load
from mynacard.simulator import DEFAULT_PINS

PASSWORD = DEFAULT_PINS[DIGITAL_SIGNATURE.name]
PIN = DEFAULT_PINS[USER_AUTHENTICATION.name]
DATA = b"an application"
SELECT = "00A4040C0AD392F000260100000001"


def recorded(card: Card, rules: tuple[ApplicationMask, ...] = (masks.PERSONAL,)) -> str:
    """The text of the recording while *card* is used for everything."""
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


def timed(card: Card, ticks: Iterator[int]) -> str:
    stream = io.StringIO()
    recorder = Recorder(card, stream, (masks.PERSONAL,), clock=lambda: next(ticks))
    everything(recorder)
    recorder.end()
    return stream.getvalue()

"""A recording as a capture file, which Wireshark dissects as ISO 7816 without any setting.

Each command and each answer is a packet, with the recording's time to the microsecond. Comments add what the packets
cannot show: which file a command meant, what was never recorded, where the dissector of Wireshark 4.0 is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mynacard.apdu.message import CommandApdu, case_on_wire
from mynacard.errors import ProtocolError
from mynacard.recordings.recording import Exchange, MaskedBytes, Recording
from mynacard.recordings.showing.durations import milliseconds
from mynacard.recordings.showing.pcapng import Direction, Packet, encode
from mynacard.recordings.showing.words import dialogue

__all__ = ["capture", "packets"]

_ATR: Final = (b"\x3b", b"\x3f")
_DISSECTED: Final = frozenset({*range(0x00, 0x10), *range(0xA0, 0xB0)})
"""The classes of commands that Wireshark 4.0 dissects."""
_NO_DATE: Final = "Timestamps count from the first command: a recording has no date."
_NO_TIMES: Final = "The recording has no times: all packets are at 0."


def capture(recording: Recording) -> bytes:
    """The pcapng file of *recording*."""
    timed = any(exchange.at_us is not None for exchange in recording.exchanges)
    about = [f"{name}: {value}." for name, value in recording.about.items()]
    comment = " ".join([_NO_DATE if timed else _NO_TIMES, *about])
    return encode(packets(recording), "iso7816", interface="card", program="mynacard", comment=comment)


def packets(recording: Recording) -> Iterator[Packet]:
    """A packet for each command, and for each answer that came."""
    for number, (exchange, line) in enumerate(zip(recording.exchanges, dialogue(recording), strict=True)):
        at, took = exchange.at_us or 0, exchange.took_us or 0
        remarks = [_NO_TIMES] if number == 0 and exchange.at_us is None else []
        about_command = [line.said if line.said.endswith("?") else f"{line.said}.", *remarks, *_of_command(exchange)]
        yield Packet(exchange.command, at, Direction.OUTBOUND, " ".join(about_command))
        if exchange.answer is not None:
            about_answer = [f"{line.answered}.", *_of_answer(exchange.answer)]
            yield Packet(exchange.answer.data, at + took, Direction.INBOUND, " ".join(about_answer))


def _of_command(exchange: Exchange) -> Iterator[str]:
    if exchange.secret:
        yield "The data after the header (a PIN, or another secret) was never recorded, nor was its length."
    elif extended := _extended(exchange.command):
        yield f"Extended length: Nc {len(extended.data)}, Ne {extended.ne}; Wireshark 4.0 shows it as a short one."
    if exchange.command and exchange.command[0] not in _DISSECTED:
        yield "Wireshark dissects only the class of this command."
    if exchange.answer is None:
        after = "" if exchange.took_us is None else f" after {milliseconds(exchange.took_us)} ms"
        yield f"No answer came: {exchange.error}{after}."


def _extended(command: bytes) -> CommandApdu | None:
    try:
        return CommandApdu.parse(command) if case_on_wire(command).extended else None
    except ProtocolError:
        return None


def _of_answer(answer: MaskedBytes) -> Iterator[str]:
    if answer.masked:
        where = ", ".join(f"{start} to {end - 1}" for start, end in answer.masked)
        yield f"The recording masks bytes {where}: they are zeros here."
    if answer.data[:1] in _ATR and len(answer.data) > 1:
        yield "Wireshark 4.0 takes this for an answer to reset, because of its first byte."

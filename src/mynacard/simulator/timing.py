"""How long a real card would have taken: a model for each way to it, as data, and a card that takes that long.

The time on the wire is computed from the transmission protocols. What else is known comes from one log of one card on
one contactless reader, since nothing better is published: for contactless ways it says what any command takes at least.
A card's contacts have not been timed, so those ways are arithmetic, with that log's time for what the chip computes.
Sans-IO: the function that sleeps is passed in.

Source: ISO/IEC 7816-3:2006 §7.1 (etu), §11.3 (blocks of T=1); ISO/IEC 14443-4:2018 §7 (blocks), 14443-3 §7.1 (type B
characters); the answers to reset and the reader's capabilities that docs/simulator.md names; lanesky/mnbcard (the log);
vectors/simulator/timing.json.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from mynacard._dataclasses import dataclass
from mynacard.apdu.secrecy import carries_secret
from mynacard.simulator.powered import Around, PoweredCard

__all__ = ["TRANSPORTS", "TimedCard", "Transport", "answer_s", "wire_s"]

OVERHEAD_S: Final = 0.007
"""For any command: about 2 ms in driver and service, about 5 ms in the card. An estimate."""

VERIFY_S: Final = 0.062
SIGNATURE_S: Final = 0.712
"""As the program saw them in the log, time on the wire included: 57 to 65 ms, 707 and 717 ms."""

LEAST_S: Final = 0.045
READ_BYTE_S: Final = 0.00067
"""One reader, contactless: any command takes the first (SELECT of an EF took 32 to 46 ms, most often 45), and READ
BINARY the second more for each byte that it brings (256 bytes: 215 to 222 ms)."""


@dataclass(frozen=True, slots=True)
class Transport:
    """A way to a card: its blocks, and how long their bytes take.

    Attributes:
        about: a description for people.
        etu_s: seconds per bit.
        etu_per_byte: bits per character, with start, stop and guard.
        information_max: the most bytes of an APDU in one block.
        overhead: bytes of a block around them.
        gap_etu: bits of silence and of frame ends at each block.
        turnaround_s: further seconds at each block.
        logged: whether the log is about such a way; else its times are arithmetic.
    """

    about: str
    etu_s: float
    etu_per_byte: int
    information_max: int
    overhead: int
    gap_etu: int
    turnaround_s: float
    logged: bool


def _contact(about: str, divisor: int, clock_hz: float) -> Transport:
    return Transport(about, 372 / divisor / clock_hz, 11, 254, 4, 22, 0.0, logged=False)


def _contactless(about: str, divisor: int) -> Transport:
    return Transport(about, 128 / divisor / 13.56e6, 10, 253, 3, 22, 170e-6, logged=True)


TRANSPORTS: Final = {
    "contact-old": _contact("T=1 at Fi/Di = 372/1 and 4 MHz, as the older answers to reset say; arithmetic", 1, 4e6),
    "contact-new": _contact("T=1 at 372/4 (TA1 = 13) and 4.8 MHz, as a newer one says; arithmetic", 4, 4.8e6),
    "contactless-106": _contactless("type B at 106 kbit/s, frames of 256 bytes", 1),
    "contactless-212": _contactless("the same at 212 kbit/s", 2),
    "contactless-424": _contactless("the same at 424 kbit/s, the fastest that most of these cards offer", 4),
}


def wire_s(transport: Transport, nc: int, nr: int) -> float:
    """Seconds on the wire for a command of *nc* bytes and a response of *nr*, headers and status word included.

    A block that does not hold the whole APDU is acknowledged by one without information.
    """
    blocks = sum(2 * max(1, -(-length // transport.information_max)) - 1 for length in (nc, nr))
    etu = (nc + nr + blocks * transport.overhead) * transport.etu_per_byte + blocks * transport.gap_etu
    return etu * transport.etu_s + blocks * transport.turnaround_s


def answer_s(transport: Transport, command: bytes, response: bytes) -> float:
    """Seconds from *command* to the end of *response*: by the log, or by the wire if that is longer."""
    return max(wire_s(transport, len(command), len(response)) + OVERHEAD_S, _seen_s(transport, command, response))


def _seen_s(transport: Transport, command: bytes, response: bytes) -> float:
    done = response[-2:] == b"\x90\x00"
    match command[1:2]:
        case b"\x20" if carries_secret(command):
            return VERIFY_S
        case b"\x2a" if done:
            return SIGNATURE_S
        case b"\xb0" if done and transport.logged:
            return LEAST_S + READ_BYTE_S * (len(response) - 2)
        case _:
            return LEAST_S if transport.logged else 0.0


class TimedCard(Around):
    """A card around *card* that takes as long as a real one behind *transport*; *sleep* takes seconds."""

    def __init__(self, card: PoweredCard, transport: Transport, sleep: Callable[[float], None]) -> None:
        super().__init__(card)
        self._transport = transport
        self._sleep = sleep

    def transmit(self, command: bytes, /) -> bytes:
        response = super().transmit(command)
        self._sleep(answer_s(self._transport, command, response))
        return response

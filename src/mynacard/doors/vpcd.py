"""Puts a simulated card into a vpcd reader, the virtual reader of the vsmartcard project, on this machine.

The reader's side listens; the card dials. Every message is a two-byte length and that many bytes; one byte is a control
code, anything longer a command APDU.

Source: the vpcd driver 3.3 as packaged in Debian 12, and measurements against it (docs/simulator.md).
"""

from __future__ import annotations

import logging
import socket
import struct
import threading
from collections.abc import Callable
from typing import Final

from mynacard.errors import CardRemovedError
from mynacard.simulator.powered import PoweredCard

__all__ = ["DEFAULT_PORT", "REDIAL_DELAY_S", "serve"]

_log = logging.getLogger(__name__)

DEFAULT_PORT: Final = 35963
REDIAL_DELAY_S: Final = 1.0
"""The driver looks for a card every 0.4 s; a card that returns sooner seems never to have left."""

_FAULT: Final = b"\x6f\x00"
# Linux delays acknowledgements by 40 ms, and the driver writes length and body separately: 44 ms an APDU without this.
# The kernel resets the option by itself, so it is set before every read. Other systems have no such option.
_TCP_QUICKACK: Final = getattr(socket, "TCP_QUICKACK", None)


def serve(
    card: PoweredCard,
    port: int = DEFAULT_PORT,
    stop: threading.Event | None = None,
    connected: Callable[[], None] = lambda: None,
) -> None:
    """Keep *card* in the reader that listens on *port* of this machine (never elsewhere), until *stop* is set.

    Dials again, after a pause, if the reader is not there or hangs up. *connected* is called at each connection.
    """
    stop = stop or threading.Event()
    while not stop.is_set():
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=REDIAL_DELAY_S) as connection:
                connected()
                _talk(card, connection, stop)
        except (OSError, CardRemovedError) as error:  # a removed card is back after the pause
            _log.debug("vpcd on port %d: %s", port, error)
        card.power_off()
        stop.wait(REDIAL_DELAY_S)


def _talk(card: PoweredCard, connection: socket.socket, stop: threading.Event) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.settimeout(0.2)  # how soon a stop is noticed
    while not stop.is_set():
        message = _receive(connection, stop)
        if message is None:
            return
        answer = _answer(card, message)
        if answer is not None:
            connection.sendall(struct.pack(">H", len(answer)) + answer)


def _answer(card: PoweredCard, message: bytes) -> bytes | None:
    """The answer to *message*; None for control codes that have no answer."""
    match message:
        case b"\x00":  # control codes: power off, power on, reset, and the ATR
            card.power_off()
        case b"\x01":
            card.power_on()
        case b"\x02":
            card.reset()
        case b"\x04":
            return card.atr
        case _ if len(message) < 2:
            _log.debug("vpcd: unknown control code")
        case _:
            return card.transmit(message) or _FAULT  # a mute card would hang every client of the service
    return None


def _receive(connection: socket.socket, stop: threading.Event) -> bytes | None:
    """The next message; None at the end of the connection."""
    header = _receive_exactly(connection, 2, stop)
    if header is None:
        return None
    (length,) = struct.unpack(">H", header)
    return _receive_exactly(connection, length, stop)


def _receive_exactly(connection: socket.socket, count: int, stop: threading.Event) -> bytes | None:
    data = b""
    while len(data) < count:
        if _TCP_QUICKACK is not None:
            connection.setsockopt(socket.IPPROTO_TCP, _TCP_QUICKACK, 1)
        try:
            block = connection.recv(count - len(data))
        except TimeoutError:
            if stop.is_set():
                return None
            continue
        if not block:
            return None
        data += block
    return data

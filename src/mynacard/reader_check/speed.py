"""Checks of a reader that concern time: its speed, the time for a signature, and how it works for a long time.

No PIN is presented unless the person allows it.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Final

from mynacard import AtKeypad, Pin, errors, verified_session
from mynacard.apdu.channel import CardProfile, Channel
from mynacard.apdu.commands import ReadBinary, ReadBinarySfi, encode
from mynacard.apdu.message import Card
from mynacard.jpki import USER_AUTHENTICATION, JpkiSession
from mynacard.jpki.layout import CERTIFICATES_PRESENT
from mynacard.reader_check.lengths import NOT_PASSED, length_of_certificate
from mynacard.reader_check.subject import (
    BACK_S,
    DEADLINES,
    PIN_STATUS,
    SELECT_JPKI,
    Connection,
    Desk,
    Failed,
    Noted,
    NotTested,
    Values,
    connected,
    median,
    opened,
    timed,
)
from mynacard.reader_check.witness import Watched
from mynacard.readers import wait_for_card, wait_for_removal

__all__ = ["SPEED_CHECKS"]

_SIZES: Final = (16, 32, 64, 128, 192, 231, 256, 384, 512, 768, 1024, 1536, 2048)
_REPEATS: Final = 5
_LONG_S: Final = 0.3
"""A file that takes longer is read only once with each size: a card on a slow wire needs seconds for it."""
_SIZES_S: Final = 10.0
"""After this time no further size is measured: small ones take longest, and programs do not use them."""
_SIGNATURES: Final = 5
_REMOVAL_S: Final = 60.0
_ERRORS_MAX: Final = 20
_PACE_S: Final = 0.005
"""Between two rounds of the soak, so that a simulated card does not fill the report in seconds."""
_KEPT: Final = 2000
ORIGIN: Final = "https://reader-check.invalid"


class Counted:
    """A card around *card* that counts commands, and bytes both ways."""

    def __init__(self, card: Card) -> None:
        self._card = card
        self.commands = self.bytes = 0

    def transmit(self, command: bytes, /) -> bytes:
        answer = self._card.transmit(command)
        self.commands += 1
        self.bytes += len(command) + len(answer)
        return answer


def read_sizes(desk: Desk, values: Values) -> str:
    """The speed of reading the certificate, by bytes asked for at once, and the fewest commands that read it."""
    desk.need_jpki()
    length = length_of_certificate(desk)
    sizes = [size for size in _SIZES if size <= desk.answer_max - 2 and size < length] + (
        [length] if length + 2 <= desk.answer_max else []
    )
    speeds: dict[int, float] = {}
    start = time.monotonic()
    with connected(desk) as connection:
        connection.begin()
        connection.transmit(SELECT_JPKI)
        for size in reversed(sizes):
            if speeds and time.monotonic() - start >= _SIZES_S:
                break
            took = [_read_file(connection, size, length)]
            while len(took) < _REPEATS and took[0] < _LONG_S:
                took.append(_read_file(connection, size, length))
            speeds[size] = length / median(took)
            values["size_bytes"], values["speed_bytes_per_s"] = zip(*sorted(speeds.items()), strict=True)
        connection.end()
    fastest = values["fastest_bytes"] = max(speeds, key=lambda size: speeds[size])
    chunk, commands, passed = _best_chunk(desk)
    values["chunk_bytes"], values["certificate_commands"], values["certificate_traffic_bytes"] = chunk, commands, passed
    return (
        f"{speeds[fastest]:,.0f} bytes a second at {fastest:,} bytes a command; "
        f"the fewest commands for the certificate: {commands}."
    )


def _read_file(connection: Connection, size: int, length: int) -> float:
    """How long the whole certificate takes, read *size* bytes at a time, in seconds."""
    before, received = connection.line.spent_s, 0
    while received < length:
        ne = min(size, length - received)
        read = ReadBinary(received, ne) if received else ReadBinarySfi(USER_AUTHENTICATION.certificate, 0, ne)
        answer = connection.transmit(bytes(encode(read)))
        if len(answer) != ne + 2:
            raise Failed(
                f"READ BINARY of {size} bytes at a time does not return the file.",
                "Answers are lost or cut off; the report has the sizes before this one. Try another cable or port.",
            )
        received += ne
    return connection.line.spent_s - before


def _best_chunk(desk: Desk) -> tuple[int, int, int]:
    """The best length to ask for first, and how many commands and bytes the certificate then takes; all are tried."""
    most = desk.answer_max - 2
    known = CardProfile(extended_length=False, block=most) if desk.limited else CardProfile()
    tried: list[tuple[int, int, int]] = []
    for chunk in {256, most}:
        with opened(desk) as channel:
            counted = Counted(channel)
            profile = CardProfile(extended_length=False) if chunk == 256 else replace(known, certificate=chunk)
            since = desk.witness.clock()
            try:
                JpkiSession(Channel(counted, profile)).certificate_der(USER_AUTHENTICATION)
            except errors.MynacardError as error:
                desk.witness.failed(f"Reading the certificate, {chunk:,} bytes first", since, error)
                continue
        tried.append((counted.commands, counted.bytes, chunk))
    if not tried:
        raise Failed(
            "The certificate cannot be read as programs read it.",
            "Try another cable, port or driver, and check again.",
        )
    commands, size, chunk = min(tried)
    return chunk, commands, size


def latency(desk: Desk, values: Values) -> str:
    """The time for each kind of command, measured repeatedly."""
    desk.need_jpki()
    commands = {
        "select_ms": SELECT_JPKI,
        "pin_status_ms": PIN_STATUS,
        "read_3_ms": bytes(encode(ReadBinarySfi(CERTIFICATES_PRESENT, 0, 3))),
        "read_256_ms": bytes(encode(ReadBinarySfi(USER_AUTHENTICATION.certificate, 0, 256))),
    }
    took_ms: dict[str, list[float]] = {name: [] for name in commands}
    with connected(desk) as connection:
        connection.begin()
        for name, command in commands.items():
            for _ in range(desk.options.rounds):
                connection.transmit(command)
                took_ms[name].append(connection.line.took_s * 1000)
                values[name] = tuple(took_ms[name])
        connection.end()
    return f"READ BINARY of 256 bytes takes {median(took_ms['read_256_ms']):.2f} ms (median of {desk.options.rounds})."


# --- with a PIN, where that was allowed --------------------------------------------------------------


def signature(desk: Desk, values: Values) -> str:
    """The time for a signature: one VERIFY, then random bytes are signed for an origin that does not exist."""
    desk.need_jpki()
    if desk.options.pin is None:
        raise NotTested("It needs --allow-pin user-authentication, with --pin-file or --pin-fd.")
    try:
        took = _signed(desk, desk.options.pin)
    except errors.OutcomeUnknownError:  # the reader's fault, not the PIN's
        raise
    except errors.PinError as error:
        raise NotTested(f"The PIN did not open the key: {error.text()}") from error
    values["signature_ms"] = tuple(took)
    return f"A signature takes {median(took):.0f} ms (median of {_SIGNATURES})."


def keypad_verify(desk: Desk, values: Values) -> str:
    """A PIN typed at the reader's keypad is verified, and opens the key."""
    desk.need_jpki()
    if not desk.options.typed:
        raise NotTested("It needs --allow-keypad user-authentication.")
    desk.options.tell("Type the user-authentication PIN at the reader's keypad.")
    try:
        took = _signed(desk, AtKeypad(untested=True))
    except errors.NoKeypadError as error:
        raise NotTested(error.text()) from error
    except errors.OutcomeUnknownError:
        raise
    except errors.PinError as error:
        raise NotTested(f"The right PIN was not typed: {error.text()}") from error
    values["signature_ms"] = tuple(took)
    return "The PIN typed at the reader opened the key."


def _signed(desk: Desk, pin: Pin | AtKeypad) -> list[float]:
    around = partial(Watched, witness=desk.witness)
    with verified_session(USER_AUTHENTICATION, pin, name=desk.name, deadlines=DEADLINES, around=around) as session:
        session.certificate_der(USER_AUTHENTICATION)
        nonces = (secrets.token_urlsafe(33) for _ in range(_SIGNATURES))
        return [timed(partial(session.authenticate, ORIGIN, nonce)) * 1000 for nonce in nonces]


# --- for a long time, and without the card -----------------------------------------------------------


def soak(desk: Desk, values: Values) -> str:
    """The certificate is read repeatedly."""
    desk.need_jpki()
    if not desk.options.soak_s:
        raise NotTested("It needs --soak MINUTES.")
    start = time.monotonic()
    took = _Thinned()
    reads, failures = 0, 0
    for reads in _rounds(start, desk.options.soak_s):
        try:
            took.add(timed(partial(_read_certificate, desk)) * 1000)
        except errors.MynacardError as error:
            failures += 1
            values["last_error"] = f"{error.code}: {error.text()}"[:500]
        values["reads"], values["failures"] = reads, failures
        values["read_ms"] = tuple(took.kept)
        values["soak_s"] = time.monotonic() - start
        if failures >= _ERRORS_MAX:
            break
    if failures:
        raise Failed(
            f"{failures} of {reads} reads failed, the last with {values['last_error']}",
            "Try another cable, port or place, without a hub; then another driver.",
        )
    return f"{reads} reads of the certificate; none failed."


class _Thinned:
    """An endless series, thinned: it keeps all numbers, then every second, then every fourth; at most 2,000."""

    def __init__(self) -> None:
        self.kept: list[float] = []
        self._count, self._step = 0, 1

    def add(self, number: float) -> None:
        if self._count % self._step == 0:
            self.kept.append(number)
        self._count += 1
        if len(self.kept) > _KEPT:
            self.kept = self.kept[::2]
            self._step *= 2


def _rounds(start: float, seconds: float) -> Iterator[int]:
    number = 0
    while not number or time.monotonic() - start < seconds:
        number += 1
        yield number
        time.sleep(_PACE_S)


def _read_certificate(desk: Desk) -> None:
    with opened(desk) as channel:
        JpkiSession(channel).certificate_der(USER_AUTHENTICATION)


def removal(desk: Desk, values: Values) -> str:
    """The card is taken off the reader while it is read, and put back."""
    desk.need_card()
    if not desk.options.removal:
        raise NotTested("It needs --removal.")
    until = time.monotonic() + _REMOVAL_S
    try:
        with desk.witness.expecting_errors(), connected(desk) as connection:
            connection.begin()
            desk.options.tell("Take the card off the reader now.")
            while time.monotonic() < until:
                connection.transmit(SELECT_JPKI)
                time.sleep(_PACE_S)
        raise NotTested("The card was not taken off.")
    except (*NOT_PASSED, errors.NoCardError, errors.ReaderNotFoundError) as error:
        values["error"] = error.code
    values["noticed"] = wait_for_removal(desk.name, BACK_S, desk.library)
    desk.options.tell("Put the card back on the reader.")
    wait_for_card(desk.name, _REMOVAL_S, desk.library)
    with connected(desk) as connection:
        values["works_again"] = len(connection.transmit(SELECT_JPKI)) >= 2
    if values["error"] != errors.CardRemovedError.code:
        raise Noted(
            f"A removal in the middle of a command is reported as {values['error']}.",
            "A program cannot distinguish it from a fault; mynacard ends the session in both cases.",
        )
    return "A removal is reported as a removal, and the card works again when it is back."


SPEED_CHECKS: Final = (
    ("read-sizes", "Size of READ BINARY", read_sizes),
    ("latency", "Latency", latency),
    ("signature", "Signature", signature),
    ("keypad-verify", "PIN at the reader's keypad", keypad_verify),
    ("soak", "Soak", soak),
    ("removal", "Removal", removal),
)

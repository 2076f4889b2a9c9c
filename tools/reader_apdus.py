"""Checks of a reader that concern what passes through it: which lengths, how fast, for how long.

No PIN is presented but where the person named it. What is asked of the card besides is harmless: SELECT, READ BINARY of
files that are free to read, and how many tries are left.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Final

from reader_desk import (
    BACK_S,
    DEADLINES,
    PIN_STATUS,
    SELECT_JPKI,
    Connection,
    Desk,
    Failed,
    Noted,
    NotTested,
    Stuck,
    Values,
    connected,
    median,
    opened,
)
from reader_report import CardKind

from mynacard import AtKeypad, Pin, errors, verified_session
from mynacard.apdu.channel import CardProfile, Channel
from mynacard.apdu.commands import ReadBinary, ReadBinarySfi, SelectDfFci, encode
from mynacard.apdu.message import NE_MAX, Card, CommandApdu
from mynacard.jpki import DF_NAME, USER_AUTHENTICATION, JpkiSession
from mynacard.jpki.layout import CERTIFICATES_PRESENT
from mynacard.jpki.objects import certificate_length
from mynacard.readers import wait_for_card, wait_for_removal
from mynacard.residence.card import ResidenceCard

__all__ = ["CHECKS", "longest_that_passes"]

LONGEST: Final = 4 + 3 + 0xFFFF + 2
"""Of a command APDU with data and extended Le (ISO/IEC 7816-3:2006 §12.1.3)."""
SHORT_COMMAND: Final = 4 + 1 + 0xFF + 1
SHORT_ANSWER: Final = 256 + 2
_LIKELY: Final = (0xFFFF, 4096, 2048, 1024, 522, 512, 271, 261)
"""Where readers end: looked at first, for what a reader cannot pass may take it seconds to get over."""
_SIZES: Final = (16, 32, 64, 128, 192, 231, 256, 384, 512, 768, 1024, 1536, 2048)
_REPEATS: Final = 5
_LONG_S: Final = 0.3
"""A file that takes longer is read once with each size: a card on a slow wire needs seconds for it."""
_SIZES_S: Final = 10.0
"""After so long no further size is measured: the small ones take longest, and nobody reads by them."""
_COMMAND_S: Final = 8.0
"""A command that would take longer is not tried: 64 KiB take more than a minute on a slow wire."""
_TRIES: Final = 2
_AGAIN_S: Final = 0.1
_SIGNATURES: Final = 5
_REMOVAL_S: Final = 60.0
_ERRORS_MAX: Final = 20
_PACE_S: Final = 0.005
"""Between two rounds of the soak, so that a simulated card does not fill the report in seconds."""
_KEPT: Final = 2000
ORIGIN: Final = "https://reader-check.invalid"

_NOT_PASSED: Final = (errors.OutcomeUnknownError, errors.CardLostError, errors.CardMuteError)


def which_card(desk: Desk, values: Values) -> str:
    """What kind of card it is."""
    desk.need_card()
    with opened(desk) as card:
        channel = Channel(card)
        try:
            JpkiSession(channel)
            desk.kind = CardKind.JPKI
        except errors.CardError:
            try:
                ResidenceCard(channel)
                desk.kind = CardKind.RESIDENCE
            except (errors.CardError, errors.ProtocolError):
                desk.kind = CardKind.OTHER
    values["kind"] = desk.kind.value
    return {
        CardKind.JPKI: "An Individual Number Card.", CardKind.RESIDENCE: "A residence card.",
    }.get(desk.kind, "A card of another kind.")  # fmt: skip


# --- which lengths pass ------------------------------------------------------------------------------


def short_apdus(desk: Desk, values: Values) -> str:
    """The four cases of short APDUs bring a status word."""
    desk.need_card()
    cases = {
        "case_1": PIN_STATUS,
        "case_2": bytes(encode(ReadBinarySfi(CERTIFICATES_PRESENT, 0, 3))),
        "case_3": SELECT_JPKI,
        "case_4": bytes(encode(SelectDfFci(DF_NAME))),
    }
    with connected(desk) as connection:
        connection.begin()
        for name, command in ({"": SELECT_JPKI} | cases).items():
            answer = connection.transmit(command)
            if len(answer) < 2:
                raise Failed(
                    f"No status word came back to {command[:4].hex(' ').upper()}.",
                    "Without that no card can be used: update the driver, or take another reader.",
                )
            if name:
                values[name] = answer[-2:].hex().upper()
        connection.end()
    return "All four cases are answered."


def more_data(desk: Desk, values: Values) -> str:
    """What comes back where Le is not the length of what there is: '61XX', '6CXX', or the card's own answer."""
    desk.need_jpki()
    asked = {"exact": 3, "too_few": 1, "too_many": 255, "any": 256}
    with connected(desk) as connection:
        connection.begin()
        connection.transmit(SELECT_JPKI)
        for name, ne in asked.items():
            answer = connection.transmit(bytes(encode(ReadBinarySfi(CERTIFICATES_PRESENT, 0, ne))))
            values[name] = f"{answer[-2:].hex().upper()} with {len(answer) - 2} bytes"
        connection.end()
    seen = {str(value)[:2] for value in values.values()}
    if seen & {"61", "6C"}:
        raise Noted(
            "Card or reader tells by '61XX' or '6CXX' how much there is.",
            "Nothing is to be done: mynacard asks again as it is told, which takes a command more.",
        )
    return "No '61XX', no '6CXX'."


def longest_that_passes(passes: Callable[[int], bool], low: int, high: int) -> int:
    """The largest number up to *high* that *passes*, where *low* does, and all below one that does; by halving."""
    if passes(high):
        return high
    for likely in (likely for likely in _LIKELY if low < likely < high):
        if passes(likely):
            low = likely
            break
        high = likely
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if passes(middle) else (low, middle)
    return low


def longest_command(desk: Desk, values: Values) -> str:
    """The longest command APDU that is answered: SELECT of names that no application has."""
    desk.need_card()
    asked: list[int] = []

    def passes(length: int) -> bool:
        asked.append(length)
        return _answers(desk, _select_of(length)) is not None

    if not passes(SHORT_COMMAND):
        raise Failed(
            "A command of 261 bytes, the longest of short length, is not answered.",
            "A signature needs 57 and may work all the same; update the driver.",
        )
    most = _affordable(desk)
    longest = longest_that_passes(passes, SHORT_COMMAND, most)
    values["longest_command_bytes"], values["limited"] = longest, longest < most
    values["extended_commands"] = longest > SHORT_COMMAND or _extended_form_passes(desk)
    values["tried"] = len(asked)
    if longest == SHORT_COMMAND and not values["extended_commands"]:
        raise Noted(
            "Commands of short length pass, up to 261 bytes, and none of extended length.",
            "mynacard then reads in pieces of 256 bytes, which takes more commands; all else works.",
        )
    if longest == most < LONGEST:
        return f"Commands of up to {longest:,} bytes are answered; longer ones take too long here, and were not tried."
    return f"Commands of up to {longest:,} bytes are answered."


def _affordable(desk: Desk) -> int:
    """Bytes of the longest command that is worth its time."""
    with connected(desk) as connection:
        connection.begin()
        per_byte_s = _seconds_per_byte(connection)
        connection.end()
    return LONGEST if per_byte_s * LONGEST <= _COMMAND_S else max(SHORT_COMMAND, int(_COMMAND_S / per_byte_s))


def _seconds_per_byte(connection: Connection) -> float:
    """How long a byte of a command takes, by a short and a long one that are answered alike; median of three."""
    short, long = (_select_of(length) for length in (SHORT_COMMAND // 4, SHORT_COMMAND))
    took = [_timed(lambda: connection.transmit(long)) - _timed(lambda: connection.transmit(short)) for _ in range(3)]
    return max(0.0, median(took)) / (len(long) - len(short))


def _select_of(length: int) -> bytes:
    """SELECT by a name that makes the whole command so long, with Le."""
    if length <= SHORT_COMMAND:
        return bytes(CommandApdu(0x00, 0xA4, 0x04, 0x00, b"\xd3" * (length - 6), 256))
    return b"\x00\xa4\x04\x00\x00" + (length - 9).to_bytes(2) + b"\xd3" * (length - 9) + b"\x00\x00"


def _extended_form_passes(desk: Desk) -> bool:
    """Whether a small command in extended form is answered, which tells 261 bytes from no extended length."""
    return _answers(desk, b"\x00\xa4\x04\x00\x00\x00\x0a" + DF_NAME + b"\x00\x00") is not None


def _answers(desk: Desk, *commands: bytes) -> bytes | None:
    """What comes back to the last of *commands*, on a connection of its own; None where nothing usable does, twice.

    What a reader cannot pass it may take it a while to get over: until then everything would seem too long.
    """
    for _ in range(_TRIES):
        with suppress(*_NOT_PASSED), connected(desk) as connection:
            connection.begin()
            answer = b""
            for command in commands:
                answer = connection.transmit(command)
            connection.end()
            if len(answer) >= 2:
                return answer
        _get_over(desk)
    return None


def _get_over(desk: Desk) -> None:
    """Until a short command is answered again."""
    until = time.monotonic() + BACK_S
    while True:
        try:
            with connected(desk) as connection:
                connection.begin()
                if len(connection.transmit(SELECT_JPKI)) >= 2:
                    connection.end()
                    return
        except _NOT_PASSED as error:
            if time.monotonic() >= until:
                raise Stuck(
                    f"After a command that did not pass, no other is answered: {error.text()}",
                    "Take the card off, plug the reader in again, and then check again.",
                ) from error
        time.sleep(_AGAIN_S)


def longest_answer(desk: Desk, values: Values) -> str:
    """The longest answer that passes: READ BINARY of the user-authentication certificate, which is free to read."""
    desk.need_jpki()
    length = _certificate_length(desk)
    values["file_bytes"] = length

    def passes(ne: int) -> bool:
        answer = _read(desk, ne)
        return answer is not None and answer[-2:] == b"\x90\x00" and len(answer) - 2 >= min(ne, length)

    if not passes(256):
        raise Failed(
            "READ BINARY of 256 bytes does not bring them.",
            "No certificate can be read through it: update the driver, or take another reader.",
        )
    all_at_once = passes(NE_MAX)
    longest = length if all_at_once else longest_that_passes(passes, 256, length)
    desk.answer_max, desk.limited = longest + 2, longest < length
    values["longest_answer_bytes"], values["limited"] = desk.answer_max, desk.limited
    values["longest_ne_bytes"] = NE_MAX if all_at_once else longest
    if longest == 256:
        raise Noted(
            "No answer of more than 256 bytes passes, and no extended Le.",
            "mynacard reads in pieces of 256 bytes then; a profile saves the command that finds this out.",
        )
    if desk.limited:
        return f"Answers of up to {longest + 2:,} bytes pass."
    if not all_at_once:
        raise Noted(
            "The whole file comes where its length is asked for, and not where as much as possible is.",
            "A profile learned from this report makes mynacard ask so.",
        )
    return f"The whole file comes in one answer of {length + 2:,} bytes; the card has no longer one to try."


def _certificate_length(desk: Desk) -> int:
    answer = _read(desk, 256)
    if answer is None:
        raise Failed(
            "READ BINARY of 256 bytes is not answered.",
            "No certificate can be read through it: update the driver, or take another reader.",
        )
    return certificate_length(answer[:-2])


def _read(desk: Desk, ne: int) -> bytes | None:
    """The beginning of the certificate by one READ BINARY, on a connection of its own."""
    return _answers(desk, SELECT_JPKI, bytes(encode(ReadBinarySfi(USER_AUTHENTICATION.certificate, 0, ne))))


# --- how fast ----------------------------------------------------------------------------------------


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
    """How fast the certificate comes by how much is asked for at once; and by which way with the fewest commands."""
    desk.need_jpki()
    length = _certificate_length(desk)
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
            took = [_timed(lambda size=size: _whole(connection, size, length))]
            while len(took) < _REPEATS and took[0] < _LONG_S:
                took.append(_timed(lambda size=size: _whole(connection, size, length)))
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


def _whole(connection: Connection, size: int, length: int) -> None:
    first = connection.transmit(bytes(encode(ReadBinarySfi(USER_AUTHENTICATION.certificate, 0, size))))
    got = len(first) - 2
    while 0 < got < length:
        answer = connection.transmit(bytes(encode(ReadBinary(got, min(size, length - got)))))
        if len(answer) <= 2:
            break
        got += len(answer) - 2
    if got < length:
        raise Failed(
            f"READ BINARY of {size} bytes at a time does not bring the file.",
            "Answers get lost or cut: the sizes before this one are in the report; try another cable or port.",
        )


def _best_chunk(desk: Desk) -> tuple[int, int, int]:
    """What to ask for first, and how many commands and bytes the certificate then costs; each candidate is tried."""
    most = desk.answer_max - 2
    known = CardProfile(extended_length=False, block=most) if desk.limited else CardProfile()
    tried: list[tuple[int, int, int]] = []
    for chunk in {256, most}:
        with opened(desk) as card:
            counted = Counted(card)
            profile = CardProfile(extended_length=False) if chunk == 256 else replace(known, certificate=chunk)
            try:
                JpkiSession(Channel(counted, profile)).certificate_der(USER_AUTHENTICATION)
            except errors.MynacardError:
                continue
        tried.append((counted.commands, counted.bytes, chunk))
    commands, size, chunk = min(tried)
    return chunk, commands, size


def latency(desk: Desk, values: Values) -> str:
    """How long each kind of command takes, again and again."""
    desk.need_jpki()
    commands = {
        "select_ms": SELECT_JPKI,
        "pin_status_ms": PIN_STATUS,
        "read_3_ms": bytes(encode(ReadBinarySfi(CERTIFICATES_PRESENT, 0, 3))),
        "read_256_ms": bytes(encode(ReadBinarySfi(USER_AUTHENTICATION.certificate, 0, 256))),
    }
    with connected(desk) as connection:
        connection.begin()
        for name, command in commands.items():
            took: list[float] = []
            for _ in range(desk.options.rounds):
                took.append(_timed(lambda command=command: connection.transmit(command)) * 1000)
                values[name] = tuple(took)
        connection.end()
    return f"READ BINARY of 256 bytes takes {median(took):.2f} ms (median of {desk.options.rounds})."


def _timed(job: Callable[[], object]) -> float:
    start = time.perf_counter()
    job()
    return time.perf_counter() - start


# --- with a PIN, where that was allowed --------------------------------------------------------------


def signature(desk: Desk, values: Values) -> str:
    """How long a signature takes: one VERIFY, and random bytes for an origin that is nobody's."""
    desk.need_jpki()
    if desk.options.pin is None:
        raise NotTested("Nobody allowed it: --allow-pin user-authentication, with --pin-file or --pin-fd.")
    try:
        took = _signed(desk, desk.options.pin)
    except (errors.PinError, errors.PinFormError, errors.LastTryError) as error:
        raise NotTested(f"The PIN did not open the key: {error.text()}") from error
    values["signature_ms"] = tuple(took)
    return f"A signature takes {median(took):.0f} ms (median of {_SIGNATURES})."


def keypad_verify(desk: Desk, values: Values) -> str:
    """A PIN that is typed at the reader's keys is verified, and opens the key."""
    desk.need_jpki()
    if not desk.options.typed:
        raise NotTested("Nobody allowed it: --allow-keypad user-authentication.")
    desk.options.tell("Type the user-authentication PIN at the reader's keys.")
    try:
        took = _signed(desk, AtKeypad(untested=True))
    except errors.NoKeypadError as error:
        raise NotTested(error.text()) from error
    except (errors.PinNotTyped, errors.PinError, errors.LastTryError) as error:
        raise NotTested(f"No right PIN was typed: {error.text()}") from error
    values["signature_ms"] = tuple(took)
    return "The PIN typed at the reader opened the key."


def _signed(desk: Desk, pin: Pin | AtKeypad) -> list[float]:
    with verified_session(USER_AUTHENTICATION, pin, name=desk.name, deadlines=DEADLINES) as session:
        session.certificate_der(USER_AUTHENTICATION)
        nonces = (secrets.token_urlsafe(33) for _ in range(_SIGNATURES))
        return [_timed(lambda nonce=nonce: session.authenticate(ORIGIN, nonce)) * 1000 for nonce in nonces]


# --- for as long as somebody wants -------------------------------------------------------------------


def soak(desk: Desk, values: Values) -> str:
    """The certificate is read again and again."""
    desk.need_jpki()
    if not desk.options.soak_s:
        raise NotTested("Nobody asked for it: --soak MINUTES.")
    start = time.monotonic()
    took: list[float] = []
    reads, failures = 0, 0
    for reads in _rounds(start, desk.options.soak_s):
        try:
            took.append(_timed(lambda: _read_certificate(desk)) * 1000)
        except errors.MynacardError as error:
            failures += 1
            values["last_error"] = f"{error.code}: {error.text()}"[:500]
        values["reads"], values["failures"] = reads, failures
        values["read_ms"] = tuple(took[:: max(1, len(took) // _KEPT)][:_KEPT])
        values["soak_s"] = time.monotonic() - start
        if failures >= _ERRORS_MAX:
            break
    if failures:
        raise Failed(
            f"{failures} of {reads} reads failed, the last with {values['last_error']}",
            "Try another cable, port or place, without a hub; then another driver.",
        )
    return f"{reads} reads of the certificate, none failed."


def _rounds(start: float, seconds: float) -> Iterator[int]:
    number = 0
    while not number or time.monotonic() - start < seconds:
        number += 1
        yield number
        time.sleep(_PACE_S)


def _read_certificate(desk: Desk) -> None:
    with opened(desk) as card:
        JpkiSession(Channel(card, card.card_profile)).certificate_der(USER_AUTHENTICATION)


def removal(desk: Desk, values: Values) -> str:
    """The card is taken off while it is read, and laid on again."""
    desk.need_card()
    if not desk.options.removal:
        raise NotTested("Nobody asked for it: --removal.")
    until = time.monotonic() + _REMOVAL_S
    try:
        with connected(desk) as connection:
            connection.begin()
            desk.options.tell("Take the card off the reader now.")
            while time.monotonic() < until:
                connection.transmit(SELECT_JPKI)
                time.sleep(_PACE_S)
        raise NotTested("The card was not taken off.")
    except (*_NOT_PASSED, errors.NoCardError, errors.ReaderNotFoundError) as error:
        values["error"] = error.code
    values["noticed"] = wait_for_removal(desk.name, BACK_S, desk.library)
    desk.options.tell("Lay the card on the reader again.")
    wait_for_card(desk.name, _REMOVAL_S, desk.library)
    with connected(desk) as connection:
        values["works_again"] = len(connection.transmit(SELECT_JPKI)) >= 2
    if values["error"] != errors.CardRemovedError.code:
        raise Noted(
            f"A removal in the middle of a command is told as {values['error']}.",
            "A program cannot tell it from a fault; mynacard ends the session in both cases.",
        )
    return "A removal is told as one, and the card works again when it is back."


CHECKS: Final = (
    ("which-card", "Which card", which_card),
    ("short-apdus", "Short APDUs", short_apdus),
    ("more-data", "'61XX' and '6CXX'", more_data),
    ("longest-command", "Longest command", longest_command),
    ("longest-answer", "Longest answer", longest_answer),
    ("read-sizes", "Size of READ BINARY", read_sizes),
    ("latency", "Latency", latency),
    ("signature", "Signature", signature),
    ("keypad-verify", "PIN at the reader's keys", keypad_verify),
    ("soak", "Soak", soak),
    ("removal", "Removal", removal),
)

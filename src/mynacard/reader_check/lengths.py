"""Checks of a reader that concern the lengths of APDUs that pass through it.

The commands are harmless to the card: SELECT, READ BINARY of files that are free to read, and asking for the tries
left.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final

from mynacard import errors
from mynacard.apdu.commands import ReadBinarySfi, SelectDfFci, encode
from mynacard.apdu.message import NE_MAX, CommandApdu
from mynacard.jpki import DF_NAME, USER_AUTHENTICATION, JpkiSession
from mynacard.jpki.layout import CERTIFICATES_PRESENT
from mynacard.jpki.objects import certificate_length
from mynacard.reader_check.report import CardKind
from mynacard.reader_check.subject import (
    BACK_S,
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
    timed,
)
from mynacard.residence.card import ResidenceCard

__all__ = ["LENGTH_CHECKS", "NOT_PASSED", "length_of_certificate", "longest_that_passes"]

LONGEST: Final = 4 + 3 + 0xFFFF + 2
"""The longest command APDU: data and extended Le (ISO/IEC 7816-3:2006 §12.1.3)."""
SHORT_COMMAND: Final = 4 + 1 + 0xFF + 1
_LIKELY: Final = (0xFFFF, 4096, 2048, 1024, 522, 512, 271, 261)
"""Common limits of readers, tried first: a reader may need seconds to recover from a command that it cannot pass."""
_COMMAND_S: Final = 8.0
"""A command that would take longer is not tried: 64 KiB take more than a minute on a slow wire."""
_NOT_FREE: Final = (b"\x69\x82", b"\x6a\x82")
_TRIES: Final = 2
_AGAIN_S: Final = 0.1

NOT_PASSED: Final = (errors.OutcomeUnknownError, errors.CardLostError, errors.CardMuteError)


def which_card(desk: Desk, values: Values) -> str:
    """The kind of card."""
    desk.need_card()
    since = desk.witness.clock()
    with opened(desk) as channel:
        try:
            JpkiSession(channel)
            desk.kind = CardKind.JPKI
        except errors.CardError:
            try:
                ResidenceCard(channel)
                desk.kind = CardKind.RESIDENCE
            except errors.CardError:
                desk.kind = CardKind.OTHER
            except errors.ProtocolError as error:
                desk.kind = CardKind.OTHER
                desk.witness.failed("Looking for a residence card", since, error)
    values["kind"] = desk.kind.value
    return {
        CardKind.JPKI: "An Individual Number Card.",
        CardKind.RESIDENCE: "A residence card.",
    }.get(desk.kind, "A card of another kind.")


def short_apdus(desk: Desk, values: Values) -> str:
    """The four cases of short APDUs are answered with a status word; asked twice, to compare the answers."""
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
            connection.transmit(command)
            answer = connection.transmit(command)
            if len(answer) < 2:
                raise Failed(
                    f"No status word came back for {command[:4].hex(' ').upper()}.",
                    "Without one, no card can be used: update the driver, or use another reader.",
                )
            if name:
                values[name] = answer[-2:].hex().upper()
        connection.end()
    return "All four cases are answered."


def more_data(desk: Desk, values: Values) -> str:
    """The answers where Le is not the length of the file: '61XX', '6CXX', or the data."""
    desk.need_jpki()
    asked = {"exact": 3, "too_few": 1, "too_many": 255, "any": 256}
    with connected(desk) as connection:
        connection.begin()
        connection.transmit(SELECT_JPKI)
        for name, ne in asked.items():
            answer = connection.transmit(bytes(encode(ReadBinarySfi(CERTIFICATES_PRESENT, 0, ne))))
            values[name] = f"{answer[-2:].hex().upper()} with {max(0, len(answer) - 2)} bytes"
        connection.end()
    seen = {str(value)[:2] for value in values.values()}
    if seen & {"61", "6C"}:
        raise Noted(
            "The card or the reader reports the length with '61XX' or '6CXX'.",
            "Nothing needs to be done: mynacard asks again with that length, which takes one more command.",
        )
    return "No '61XX', no '6CXX'."


def longest_that_passes(passes: Callable[[int], bool], low: int, high: int) -> int:
    """The largest number in *low*..*high* that *passes*, by halving; *low* must pass, and all below one that passes."""
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
    """The longest command APDU that is answered: a SELECT by names that no application has."""
    desk.need_card()
    tried: list[int] = []
    statuses: dict[str, int] = {}

    def passes(length: int) -> bool:
        tried.append(length)
        answer = _answers(desk, _select_of(length))
        if answer is not None:
            statuses.setdefault(answer[-2:].hex().upper(), length)
        return answer is not None

    if not passes(SHORT_COMMAND):
        raise Failed(
            "A command of 261 bytes, the longest of short length, gets no answer.",
            "A signature needs only 57, and may still work; update the driver.",
        )
    most = _affordable(desk)
    longest = longest_that_passes(passes, SHORT_COMMAND, most)
    values["longest_command_bytes"], values["limited"] = longest, longest < most
    values["extended_commands"] = longest > SHORT_COMMAND or _extended_form_passes(desk)
    values["tried"], values["statuses"] = len(tried), ", ".join(statuses)
    if len(statuses) > 1:
        raise Noted(
            f"Commands that differ only in length are answered differently: {_by_length(statuses)}.",
            "The card or the reader does not understand all of them: long commands may fail where short ones work.",
        )
    if longest == SHORT_COMMAND and not values["extended_commands"]:
        raise Noted(
            "Only commands of short length pass, up to 261 bytes, and none of extended length.",
            "mynacard then reads in pieces of 256 bytes, which takes more commands; everything else works.",
        )
    if longest == most < LONGEST:
        return f"Commands of up to {longest:,} bytes are answered; longer ones take too long here, and were not tried."
    return f"Commands of up to {longest:,} bytes are answered."


def _by_length(statuses: Mapping[str, int]) -> str:
    return ", ".join(f"'{status}' at {length:,} bytes" for status, length in statuses.items())


def _affordable(desk: Desk) -> int:
    """The length in bytes of the longest command that takes at most :data:`_COMMAND_S`."""
    with connected(desk) as connection:
        connection.begin()
        per_byte_s = _seconds_per_byte(connection)
        connection.end()
    desk.witness.measured(per_byte_s)
    return LONGEST if per_byte_s * LONGEST <= _COMMAND_S else max(SHORT_COMMAND, int(_COMMAND_S / per_byte_s))


def _seconds_per_byte(connection: Connection) -> float:
    """The time for a byte, from a short and a long command with the same answer; median of three."""
    short, long = (_select_of(length) for length in (SHORT_COMMAND // 4, SHORT_COMMAND))
    took = [timed(lambda: connection.transmit(long)) - timed(lambda: connection.transmit(short)) for _ in range(3)]
    return max(0.0, median(took)) / (len(long) - len(short))


def _select_of(length: int) -> bytes:
    """A SELECT with Le, and with a name that makes the command *length* bytes long."""
    if length <= SHORT_COMMAND:
        return bytes(CommandApdu(0x00, 0xA4, 0x04, 0x00, b"\xd3" * (length - 6), 256))
    return b"\x00\xa4\x04\x00\x00" + (length - 9).to_bytes(2) + b"\xd3" * (length - 9) + b"\x00\x00"


def _extended_form_passes(desk: Desk) -> bool:
    """Whether a small command in extended form is answered: the limit may be 261 bytes, or short length."""
    return _answers(desk, b"\x00\xa4\x04\x00\x00\x00\x0a" + DF_NAME + b"\x00\x00") is not None


def _answers(desk: Desk, *commands: bytes) -> bytes | None:
    """The answer to the last of *commands*, on a connection of its own; None where two attempts bring none.

    A reader may need time to recover from a command that it cannot pass; until then every length would seem too long.
    If both attempts fail, that is the reader's limit; if the second succeeds, the first stays in the report.
    """
    mark = desk.witness.mark()
    for _ in range(_TRIES):
        with suppress(*NOT_PASSED), connected(desk) as connection:
            connection.begin()
            answer = b""
            for command in commands:
                answer = connection.transmit(command)
            connection.end()
            if len(answer) >= 2:
                return answer
        _get_over(desk)
    desk.witness.forgive(mark)
    return None


def _get_over(desk: Desk) -> None:
    """Wait until a short command is answered again.

    Raises:
        Stuck: that takes longer than :data:`BACK_S`.
    """
    until = time.monotonic() + BACK_S
    while True:
        try:
            with connected(desk) as connection:
                connection.begin()
                if len(connection.transmit(SELECT_JPKI)) >= 2:
                    connection.end()
                    return
        except NOT_PASSED as error:
            if time.monotonic() >= until:
                raise Stuck(
                    f"After a command that did not pass, no command is answered: {error.text()}",
                    "Take the card off, plug the reader in again, and then check again.",
                ) from error
        time.sleep(_AGAIN_S)


def longest_answer(desk: Desk, values: Values) -> str:
    """The longest answer that passes: READ BINARY of the user-authentication certificate, which is free to read."""
    desk.need_jpki()
    length = length_of_certificate(desk)
    values["file_bytes"] = length

    def passes(ne: int) -> bool:
        answer = _read(desk, ne)
        return answer is not None and answer[-2:] == b"\x90\x00" and len(answer) - 2 >= min(ne, length)

    if not passes(256):
        raise Failed(
            "READ BINARY of 256 bytes does not return them.",
            "No certificate can be read through this reader: update the driver, or use another reader.",
        )
    all_at_once = passes(NE_MAX)
    longest = length if all_at_once else longest_that_passes(passes, 256, length)
    desk.answer_max, desk.limited = longest + 2, longest < length
    desk.witness.ne_max = NE_MAX if all_at_once else longest
    values["longest_answer_bytes"], values["limited"] = desk.answer_max, desk.limited
    values["longest_ne_bytes"] = desk.witness.ne_max
    if longest == 256:
        raise Noted(
            "Answers of more than 256 bytes do not pass, nor does extended Le.",
            "mynacard then reads in pieces of 256 bytes; a profile saves the command that finds this out.",
        )
    if desk.limited:
        return f"Answers of up to {longest + 2:,} bytes pass."
    if not all_at_once:
        raise Noted(
            "The whole file comes if exactly its length is asked for, but not if as much as possible is.",
            "A profile learned from this report makes mynacard ask for the length.",
        )
    return f"The whole file comes in one answer of {length + 2:,} bytes; the card has no longer file to try."


def length_of_certificate(desk: Desk) -> int:
    """The length in bytes of the user-authentication certificate, from its beginning.

    Raises:
        NotTested: this kind of card has no certificate that is free to read: a phone's is guarded.
        Failed: the beginning cannot be read.
        CardDataError: the beginning is not that of a certificate.
    """
    answer = _read(desk, 256)
    if answer is None:
        raise Failed(
            "READ BINARY of 256 bytes is not answered.",
            "No certificate can be read through this reader: update the driver, or use another reader.",
        )
    if answer[-2:] in _NOT_FREE:
        raise NotTested(f"This card's certificate cannot be read without a PIN ('{answer[-2:].hex().upper()}').")
    length = certificate_length(answer[:-2])
    desk.witness.lengths[USER_AUTHENTICATION.certificate] = length
    return length


def _read(desk: Desk, ne: int) -> bytes | None:
    """The answer to READ BINARY of the certificate's first *ne* bytes, on a connection of its own; None without one."""
    return _answers(desk, SELECT_JPKI, bytes(encode(ReadBinarySfi(USER_AUTHENTICATION.certificate, 0, ne))))


LENGTH_CHECKS: Final = (
    ("which-card", "Which card", which_card),
    ("short-apdus", "Short APDUs", short_apdus),
    ("more-data", "'61XX' and '6CXX'", more_data),
    ("longest-command", "Longest command", longest_command),
    ("longest-answer", "Longest answer", longest_answer),
)

"""Every code of PC/SC says who can put it right."""

from __future__ import annotations

import re
import string
from typing import Final

import pytest

from mynacard import errors
from mynacard.readers.codes import FAILURES, failure, unsigned

CODES: Final[dict[type[errors.ReaderError], tuple[int, ...]]] = {  # from pcsclite.h and winerror.h, by hand
    errors.NoPcscServiceError: (0x8010001D, 0x8010001E, 0x80100018, 0x426, 0x6BA, 0x6D),
    errors.AccessRefusedError: (0x8010006A, 0x80100027, 0x05),
    errors.NoReaderError: (0x8010002E,),
    errors.ReaderNotFoundError: (0x80100009, 0x80100017, 0x1B1, 0x48F, 0x651),
    errors.ReaderBusyError: (0x8010000B, 0x80100031, 0xAA),
    errors.NoCardError: (0x8010000C,),
    errors.CardMuteError: (0x80100066, 0x80100067, 0x80100065, 0x8010001C, 0x8010000F, 0x80100015, 0x80100010, 0x15),
    errors.CardRemovedError: (0x80100069,),
    errors.CardResetError: (0x80100068,),
    errors.CardLostError: (0x80100003, 0x06),
    errors.OutcomeUnknownError: (
        0x80100016, 0x80100013, 0x8010002F, 0x80100008, 0x80100019, 0x80100001, 0x80100014, 0x80100007, 0x8010000A,
        0x80100002, 0x80100012, 0x8010001F, 0x16, 0x17, 0x1F, 0x79, 0x7A, 0xEA, 0x3E3, 0x45D, 0x490,
    ),
    errors.ReaderError: (0x80100004, 0x80100006, 0x80100011, 0x80100022, 0x8010002A, 0x8010006E, 0x57, 0xDEADBEEF),
}  # fmt: skip
ROWS: Final = [pytest.param(code, kind, id=f"{code:08X}") for kind, codes in CODES.items() for code in codes]


def test_the_table_and_this_one_know_the_same_codes() -> None:
    named = {code for kind, codes in CODES.items() if kind is not errors.ReaderError for code in codes}
    assert named == set(FAILURES)


@pytest.mark.parametrize(("code", "kind"), ROWS)
def test_a_code_is_its_own_class_with_a_sign_and_without(code: int, kind: type[errors.ReaderError]) -> None:
    signed = code - (1 << 32) if code & 0x80000000 else code
    assert type(failure(code, "SCardTransmit", "A Reader")) is kind
    assert type(failure(signed, "SCardTransmit", "A Reader")) is kind


@pytest.mark.parametrize(("code", "kind"), [row for row in ROWS if int(str(row.id), 16) <= 0xFFFF])
def test_a_windows_code_may_come_as_an_hresult(code: int, kind: type[errors.ReaderError]) -> None:
    assert type(failure(0x80070000 | code, "SCardTransmit")) is kind
    assert type(failure((0x80070000 | code) - (1 << 32), "SCardTransmit")) is kind


@pytest.mark.parametrize("code", FAILURES, ids="{:08X}".format)
def test_a_row_is_a_sentence_with_and_without_a_reader(code: int) -> None:
    used = {name for _, name, _, _ in string.Formatter().parse(FAILURES[code].template) if name}
    assert used <= {"reader", "call", "pcsc"}
    for reader in ("A Reader 00 00", None):
        text = str(failure(code, "SCardConnect", reader))
        assert re.fullmatch(r"[A-Z].*[.]", text)
        assert "None" not in text
        assert "{" not in text


@pytest.mark.parametrize("code", FAILURES, ids="{:08X}".format)
def test_the_name_and_number_of_a_code_are_kept(code: int) -> None:
    assert failure(code, "SCardConnect").details["pcsc"] == f"{FAILURES[code].name}, 0x{code:08X}"


@pytest.mark.parametrize(
    ("call", "kind"),
    [
        ("SCardConnect", errors.NoCardError),
        ("SCardReconnect", errors.CardRemovedError),
        ("SCardBeginTransaction", errors.CardRemovedError),
        ("SCardTransmit", errors.CardRemovedError),
    ],
)
def test_a_card_removed_before_a_connect_was_never_there(call: str, kind: type[errors.ReaderError]) -> None:
    for code in (0x80100069, 0x80100069 - (1 << 32)):
        assert type(failure(code, call, "A Reader")) is kind
    assert failure(0x80100069, call).details["pcsc"] == "SCARD_W_REMOVED_CARD, 0x80100069"


def test_a_code_that_nobody_knows_is_shown_in_hexadecimal_digits() -> None:
    assert "0x8010ABCD" in str(failure(0x8010ABCD - (1 << 32), "SCardTransmit"))


def test_an_unsigned_code_stays_as_it_is() -> None:
    assert unsigned(0x8010000C) == unsigned(-2146435060) == 0x8010000C


def test_a_reader_named_in_braces_is_a_name_and_no_template() -> None:
    assert "{call}" in str(failure(0x8010000C, "SCardConnect", "{call}"))

"""The same event is the same class of error on every system, whatever code it comes as, and in whatever call."""
# ruff: noqa: PT012 - what happens inside of the with is what these tests are about

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pytest

from mynacard import errors
from mynacard.readers import ReaderCard, list_readers
from mynacard.readers.pyscard import Pyscard
from tests.readers.fake_scard import READER, SELECT, FakeScard

NO_SERVICE: Final = "the service does not run"
REFUSED: Final = "the service refuses the user"
NO_READER: Final = "no reader is attached"
UNPLUGGED: Final = "the reader was unplugged"
NO_CARD: Final = "no card lies there"
MUTE: Final = "the card does not answer"
REMOVED: Final = "the card was removed"
RESET: Final = "the card was reset"
HANDLE: Final = "the service was restarted"

EVENTS: Final[dict[tuple[str, type[errors.ReaderError]], dict[str, tuple[int, ...]]]] = {
    # Linux: pcsc-lite 1.9.9 (src/winscard.c, winscard_clnt.c). macOS: its PCSC framework, a relative of pcsc-lite.
    # Windows: Microsoft's "Smart Card Return Values" and winerror.h. None of the latter two has been seen here.
    (NO_SERVICE, errors.NoPcscServiceError): {
        "Linux": (0x8010001D, 0x8010001E), "macOS": (0x8010001D, 0x8010001E),
        "Windows": (0x8010001D, 0x8010001E, 0x80100018, 0x426, 0x6BA, 0x6D, 0x800706BA),
    },
    (REFUSED, errors.AccessRefusedError): {
        "Linux": (0x8010006A,), "macOS": (0x8010006A, 0x80100027), "Windows": (0x80100027, 0x5, 0x80070005),
    },
    (UNPLUGGED, errors.ReaderNotFoundError): {
        "Linux": (0x80100017, 0x80100009), "macOS": (0x80100017, 0x80100009),
        "Windows": (0x80100017, 0x80100009, 0x1B1, 0x48F, 0x651, 0x8007048F),
    },
    (NO_CARD, errors.NoCardError): {"Linux": (0x8010000C,), "macOS": (0x8010000C,), "Windows": (0x8010000C,)},
    (MUTE, errors.CardMuteError): {
        "Linux": (0x80100066, 0x80100067, 0x8010000F), "macOS": (0x80100066, 0x80100067, 0x80100065, 0x8010000F),
        "Windows": (0x80100066, 0x80100067, 0x80100065, 0x8010000F, 0x15),
    },
    (REMOVED, errors.CardRemovedError): {"Linux": (0x80100069,), "macOS": (0x80100069,), "Windows": (0x80100069,)},
    (RESET, errors.CardResetError): {"Linux": (0x80100068,), "macOS": (0x80100068,), "Windows": (0x80100068,)},
    (HANDLE, errors.CardLostError): {"Linux": (0x80100003,), "macOS": (0x80100003,), "Windows": (0x80100003, 0x6)},
}  # fmt: skip
NEVER_THERE: Final[dict[tuple[str, type[errors.ReaderError]], type[errors.ReaderError]]] = {
    ("SCardConnect", errors.CardRemovedError): errors.NoCardError,  # no card was ever there: Windows, a Sony PaSoRi
}
ROWS: Final = [
    pytest.param(kind, code, id=f"{event}, {system}, {code:08X}")
    for (event, kind), systems in EVENTS.items()
    for system, codes in systems.items()
    for code in codes
]


def connect(scard: FakeScard) -> None:
    with ReaderCard(READER, Pyscard(scard)):
        pass


def transmit(scard: FakeScard) -> None:
    with ReaderCard(READER, Pyscard(scard)) as card, card.transaction():
        card.transmit(SELECT)


CALLS: Final[dict[str, Callable[[FakeScard], object]]] = {
    "SCardEstablishContext": connect,
    "SCardListReaders": lambda scard: list_readers(Pyscard(scard)),
    "SCardConnect": connect,
    "SCardStatus": connect,
    "SCardTransmit": transmit,
}


@pytest.mark.parametrize("signed", [False, True], ids=["as written", "as a signed number"])
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(("kind", "code"), ROWS)
def test_an_event_is_one_class_on_every_system(
    call: str, kind: type[errors.ReaderError], code: int, signed: bool
) -> None:
    kind = NEVER_THERE.get((call, kind), kind)
    scard = FakeScard()
    scard.fail(call, code - (1 << 32) if signed and code & 0x80000000 else code)
    with pytest.raises(kind) as raised:
        CALLS[call](scard)
    assert type(raised.value) is kind
    assert scard.nothing_is_open


# --- pcsc-lite tells the first command after a removal only that it failed -------------------------------


@pytest.mark.parametrize("code", [0x80100016, 0x80100013, 0x8010002F], ids="{:08X}".format)
@pytest.mark.parametrize(
    ("left", "kind"),
    [
        ({READER: (0x12, [])}, errors.CardRemovedError),
        ({READER: (0x1C, [])}, errors.ReaderNotFoundError),
        ({READER: (0x22, [0x3B])}, errors.OutcomeUnknownError),
        ({}, errors.ReaderNotFoundError),
    ],
    ids=["the card was removed", "the reader was unplugged", "the card is there", "the reader is not known any more"],
)
def test_a_failed_command_is_explained_by_what_is_left(
    code: int, left: dict[str, tuple[int, list[int]]], kind: type[errors.ReaderError]
) -> None:
    scard = FakeScard()
    with pytest.raises(kind) as raised, ReaderCard(READER, Pyscard(scard)) as card, card.transaction():
        scard.readers = left
        scard.fail("SCardTransmit", code)
        card.transmit(SELECT)
    assert type(raised.value) is kind
    assert scard.transmitted == [SELECT]
    assert scard.nothing_is_open


@pytest.mark.parametrize(
    ("state", "kind"),
    [(0x80100013, errors.NoPcscServiceError), (0x8010001D, errors.NoPcscServiceError), (0x80100006, None)],
    ids=["it is not there", "it says so", "nobody can tell"],
)
def test_a_failed_command_is_explained_by_a_service_that_is_gone(
    state: int, kind: type[errors.ReaderError] | None
) -> None:
    scard = FakeScard()
    kind = kind or errors.OutcomeUnknownError
    with pytest.raises(kind), ReaderCard(READER, Pyscard(scard)) as card, card.transaction():
        scard.fail("SCardTransmit", 0x80100013)
        scard.fail("SCardGetStatusChange", state)
        card.transmit(SELECT)
    assert scard.nothing_is_open


def test_an_answer_without_a_status_word_is_explained_too() -> None:
    scard = FakeScard()
    scard.card.answers = [[]]
    with pytest.raises(errors.CardRemovedError), ReaderCard(READER, Pyscard(scard)) as card, card.transaction():
        scard.readers = {READER: (0x12, [])}
        card.transmit(SELECT)

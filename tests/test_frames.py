"""However an entry that takes a secret fails, no frame of the traceback has it: reporters of errors print variables."""

from __future__ import annotations

import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Any, Final, cast

import anyio
import pytest

from mynacard import JpkiSession, Pin, aio, open_card, opened_residence_card, unlocked_residence_card, verified_session
from mynacard.apdu.channel import Channel
from mynacard.doors import disk
from mynacard.doors.new_cards import new_card
from mynacard.jpki import DIGITAL_SIGNATURE, USER_AUTHENTICATION
from mynacard.opening.pins import pin_from_stream, verified_application
from mynacard.personal import CommonSession, RegisterSession, TextSession, change_resident_register_pin
from mynacard.personal.layout import COMMON_PIN, RESIDENT_REGISTER_PIN, TEXT_PIN
from mynacard.personal.numbers import MyNumber, check_digit, verification_number_b
from mynacard.residence import CardNumber, ResidenceCard
from mynacard.submission.card_signer import CardSigner
from tests.support import CANARY, tells

ORIGIN, NONCE = "https://portal.example", "QUJD" * 15
NUMBER: Final = "ZZ73917391ZZ"
"""The form of a residence card's number, and not that of the simulated one."""


def shown(error: BaseException) -> list[str]:
    """The variables, in every frame but those of this file, that have the canary; and the texts of the errors."""
    report = traceback.TracebackException.from_exception(error, capture_locals=True)
    reports, places = [report], list[str]()
    for part in reports:
        reports += [inner for inner in (part.__cause__, part.__context__) if inner is not None]
        places += [f"the text: {part}"] * tells(str(part))
        places += [
            f"{frame.filename}, {frame.name}: {name} = {value}"
            for frame in part.stack
            if Path(frame.filename) != Path(__file__)
            for name, value in (frame.locals or {}).items()
            if tells(value)
        ]
    return places


def untyped(text: str) -> Any:
    """*text*, for a parameter that should not be given any: callers without a type checker do that, too."""
    return text


def entered(context: AbstractContextManager[object]) -> None:
    with context:
        raise AssertionError("it should not open")


def jpki(use: Callable[[JpkiSession], object]) -> None:
    with open_card("sim:") as card:
        use(JpkiSession(card))


def on(kind: Callable[[Channel], Any], use: Callable[[Any], object]) -> None:
    with open_card("sim:") as card:
        use(kind(card))


def residence(use: Callable[[ResidenceCard], object]) -> None:
    with open_card("sim:@residence-2-permission") as card:
        use(ResidenceCard(card))


def residence_number(number: CardNumber) -> None:
    with open_card("sim:@residence-2-permission") as card:
        unlocked_residence_card(card, number)


FORMS: Final = {"wrong": CANARY, "misformed": CANARY * 5}
OPENED: Final = {"name": "sim:@residence-2-permission"}

SYNCHRONOUS: dict[str, Callable[[str], object]] = {
    "JpkiSession.verify": lambda pin: jpki(lambda session: session.verify(USER_AUTHENTICATION, pin)),
    "JpkiSession.change_pin": lambda pin: jpki(lambda session: session.change_pin(USER_AUTHENTICATION, pin, "8888")),
    "to JpkiSession.change_pin": lambda pin: jpki(
        lambda session: session.change_pin(USER_AUTHENTICATION, "8888", pin)
    ),
    "TextSession.verify": lambda pin: on(TextSession, lambda session: session.verify(TEXT_PIN, pin)),
    "TextSession.change_pin": lambda pin: on(TextSession, lambda session: session.change_pin(pin, "8888")),
    "begin_secure_messaging": lambda pin: on(
        TextSession, lambda session: session.begin_secure_messaging(pin, bytes(32))
    ),
    "CommonSession.verify": lambda pin: on(CommonSession, lambda session: session.verify(COMMON_PIN, pin)),
    "CommonSession.change_pin": lambda pin: on(CommonSession, lambda session: session.change_pin("8888", pin)),
    "RegisterSession.verify": lambda pin: on(
        RegisterSession, lambda session: session.verify(RESIDENT_REGISTER_PIN, pin)
    ),
    "RegisterSession.change_pin": lambda pin: on(RegisterSession, lambda session: session.change_pin(pin, "8888")),
    "change_resident_register_pin": lambda pin: on(
        lambda card: card, lambda card: change_resident_register_pin(card, pin, "8888")
    ),
    "verified_session": lambda pin: entered(verified_session(USER_AUTHENTICATION, untyped(pin), name="sim:")),
    "verified_session, Pin": lambda pin: entered(verified_session(USER_AUTHENTICATION, Pin(pin), name="sim:")),
    "verified_session, asked": lambda pin: entered(
        verified_session(USER_AUTHENTICATION, lambda _: untyped(pin), name="sim:")
    ),
    "verified_application": lambda pin: entered(
        verified_application(TextSession, TEXT_PIN, untyped(pin), name="sim:")
    ),
    "verified_application, asked": lambda pin: entered(
        verified_application(TextSession, TEXT_PIN, lambda _: untyped(pin), name="sim:")
    ),
    "CardSigner": lambda pin: CardSigner.with_pins(untyped(pin), untyped(pin), name="sim:").token(ORIGIN, NONCE),
    "disk.create_file": lambda pin: disk.create_file(
        Path("/none/card"), pins={USER_AUTHENTICATION.name: pin, DIGITAL_SIGNATURE.name: "KANARIE73"}
    ),
    "new_card": lambda pin: new_card(untyped("traits"), {USER_AUTHENTICATION.name: pin}),
    "no reader": lambda pin: entered(verified_session(USER_AUTHENTICATION, untyped(pin), name="sim:/none")),
}  # fmt: skip

NUMBERS: dict[str, Callable[[str], object]] = {
    "CardNumber.typed": lambda number: CardNumber.typed(Pin(number[1:])),
    "CardNumber": lambda number: CardNumber(number[1:]),
    "ResidenceCard.authenticate": lambda number: residence(
        lambda card: card.authenticate(CardNumber(number), bytes(24))
    ),
    "ResidenceCard.authenticate, text": lambda number: residence(
        lambda card: card.authenticate(untyped(number), bytes(24))
    ),
    "ResidenceCard.authenticate, misformed": lambda number: residence(
        lambda card: card.authenticate(untyped(number[1:]), bytes(24))
    ),
    "opened_residence_card": lambda number: entered(opened_residence_card(CardNumber(number), **OPENED)),
    "opened_residence_card, text": lambda number: entered(opened_residence_card(untyped(number), **OPENED)),
    "opened_residence_card, misformed": lambda number: entered(opened_residence_card(untyped(number[1:]), **OPENED)),
    "opened_residence_card, asked": lambda number: entered(
        opened_residence_card(lambda _: untyped(number), **OPENED)
    ),
    "opened_residence_card, asked, misformed": lambda number: entered(
        opened_residence_card(lambda _: untyped(number[1:]), **OPENED)
    ),
    "unlocked_residence_card": lambda number: residence_number(untyped(number)),
    "unlocked_residence_card, misformed": lambda number: residence_number(untyped(number[1:])),
    "MyNumber": lambda _: MyNumber("739173917391"),
    "MyNumber, misformed": lambda _: MyNumber("7391739173917391"),
    "check_digit": lambda _: check_digit("7391"),
    "verification_number_b": lambda _: verification_number_b(date(2000, 1, 1), 2035, "73917"),
    "verification_number_b, too early": lambda _: verification_number_b(date(1800, 1, 1), 2035, "7391"),
}  # fmt: skip


@pytest.mark.parametrize("pin", FORMS.values(), ids=FORMS.keys())
@pytest.mark.parametrize("call", SYNCHRONOUS.values(), ids=SYNCHRONOUS.keys())
def test_no_frame_holds_a_pin(call: Callable[[str], object], pin: str) -> None:
    with pytest.raises(Exception) as caught:  # noqa: PT011  # of whatever kind: the frames are what this is about
        call(pin)
    assert not isinstance(caught.value, AssertionError)
    assert shown(caught.value) == []


@pytest.mark.parametrize("call", NUMBERS.values(), ids=NUMBERS.keys())
def test_no_frame_holds_a_number(call: Callable[[str], object]) -> None:
    with pytest.raises(Exception) as caught:  # noqa: PT011  # likewise
        call(NUMBER)
    assert not isinstance(caught.value, AssertionError)
    assert shown(caught.value) == []


@asynccontextmanager
async def session() -> AsyncIterator[aio.InThread[JpkiSession]]:
    async with aio.verified_session(DIGITAL_SIGNATURE, Pin("ABC123"), name="sim:") as opened:
        yield opened


async def run(*arguments: Any, **keywords: Any) -> None:
    async with session() as opened:
        await opened.run(*arguments, **keywords)


async def opened(pin: Any) -> None:
    async with aio.verified_session(USER_AUTHENTICATION, pin, name="sim:"):
        raise AssertionError("it should not open")


def asked(pin: str) -> Callable[[object], Awaitable[Any]]:
    async def ask(_: object) -> str:
        return pin

    return ask


ASYNCHRONOUS: dict[str, Callable[[str], Awaitable[None]]] = {
    "verify": lambda pin: run(JpkiSession.verify, USER_AUTHENTICATION, pin),
    "verify by keyword": lambda pin: run(JpkiSession.verify, USER_AUTHENTICATION, pin=pin),
    "change_pin": lambda pin: run(JpkiSession.change_pin, USER_AUTHENTICATION, pin, "8888"),
    "a function": lambda pin: run(lambda opened, pin: opened.verify(USER_AUTHENTICATION, pin), pin),
    "no function": lambda pin: run(pin and None, pin),
    "too many arguments": lambda pin: run(JpkiSession.token_info, pin),
    "verified_session": lambda pin: opened(pin),
    "verified_session, Pin": lambda pin: opened(Pin(pin)),
    "verified_session, asked": lambda pin: opened(asked(pin)),
}


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("pin", FORMS.values(), ids=FORMS.keys())
@pytest.mark.parametrize("call", ASYNCHRONOUS.values(), ids=ASYNCHRONOUS.keys())
def test_no_frame_of_an_event_loop_holds_a_pin(call: Callable[[str], Awaitable[None]], pin: str, backend: str) -> None:
    async def main() -> None:
        with pytest.raises(Exception) as caught:  # noqa: PT011  # likewise
            await call(pin)
        assert not isinstance(caught.value, AssertionError)
        assert shown(caught.value) == []

    anyio.run(main, backend=backend)


def test_the_search_finds_a_pin_in_a_frame() -> None:
    with pytest.raises(AttributeError) as caught:
        pin_from_stream(cast(Any, CANARY))
    assert [place for place in shown(caught.value) if "stream = '7391'" in place]

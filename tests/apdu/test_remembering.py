"""What is remembered of commands and answers is what the definitions of the wire say, and is never a secret."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterable
from functools import _lru_cache_wrapper
from random import Random
from typing import Any, Final

import pytest
from construct import ConstructError

from mynacard.apdu import commands
from mynacard.apdu.channel import Channel
from mynacard.apdu.commands import (
    FORMS,
    ChangeKey,
    ChangeReferenceData,
    Command,
    Part,
    SelectDf,
    Verify,
    decode,
    encode,
)
from mynacard.apdu.message import BODIES, RESPONSE, CommandApdu, ResponseApdu, case_of, case_on_wire
from mynacard.apdu.status import StatusWord
from mynacard.apdu.verification import verify
from mynacard.errors import ProtocolError, UnintelligibleError
from mynacard.jpki.layout import USER_AUTHENTICATION
from mynacard.pin import Pin
from tests.jpki.cards import card_with
from tests.support import CANARY

SOME: Final = 4_000
MANY: Final = 1_000_000
COUNTS: Final = [
    pytest.param(SOME, id="some"),
    pytest.param(MANY, id="many", marks=pytest.mark.thorough("a million commands or answers, each both ways")),
]
NC: Final = (0, 0, 0, 1, 2, 4, 7, 10, 16, 17, 40, 255, 256, 257)
NE: Final = (0, 0, 1, 8, 255, 256, 256, 257, 65535, 65536)


def some_apdu(dice: Random) -> CommandApdu:
    """An APDU near a form: most have its class and instruction, and many its parameters and length."""
    form = dice.choice(list(FORMS.values()))
    cla, ins = (form.cla, form.ins) if dice.random() < 0.9 else (dice.randrange(256), dice.randrange(256))
    p1 = dice.choice(form.p1) if dice.random() < 0.9 else dice.randrange(256)
    p2 = dice.choice((0x00, 0x0C, 0x80, 0x98, dice.randrange(256)))
    return CommandApdu(cla, ins, p1, p2, dice.randbytes(dice.choice(NC)), dice.choice(NE))


def some_wire(dice: Random) -> bytes:
    """The bytes of such an APDU, of which one in four has lost, gained or changed some."""
    wire = bytes(some_apdu(dice))
    match dice.randrange(16):
        case 0:
            return wire[: dice.randrange(len(wire))]
        case 1:
            return wire + dice.randbytes(dice.randrange(1, 4))
        case 2 | 3:
            place = dice.randrange(min(len(wire), 7))
            return wire[:place] + dice.randbytes(1) + wire[place + 1 :]
        case _:
            return wire


def outcome(function: Callable[..., object], *arguments: object) -> object:
    """What *function* returns, or what is wrong according to it."""
    try:
        return function(*arguments)
    except UnintelligibleError as error:
        return Part(error.part)
    except Exception as error:
        return f"{type(error).__name__}: {error}"  # of a caller's mistake, too


def parsed_by_definition(wire: bytes) -> CommandApdu:
    try:
        value = BODIES[case_on_wire(wire)].parse(wire)
    except ConstructError:
        raise ProtocolError(f"These {len(wire)} bytes are not a command APDU.") from None
    return CommandApdu(*value.header, value.data, value.ne)


def built_by_definition(apdu: CommandApdu) -> bytes:
    header = bytes((apdu.cla, apdu.ins, apdu.p1, apdu.p2))
    return BODIES[case_of(len(apdu.data), apdu.ne)].build({"header": header, "data": apdu.data, "ne": apdu.ne})


@pytest.mark.parametrize("count", COUNTS)
def test_a_command_is_understood_as_its_definition_says_the_first_time_and_later(count: int) -> None:
    dice = Random(19)
    for _ in range(count):
        wire = some_wire(dice)
        apdu = outcome(CommandApdu.parse, wire)
        assert apdu == outcome(parsed_by_definition, wire), wire.hex()
        if isinstance(apdu, CommandApdu):
            assert bytes(apdu) == built_by_definition(apdu)
            assert outcome(decode, apdu) == commands._decoded(apdu), wire.hex()


@pytest.mark.parametrize("count", COUNTS)
def test_a_command_is_sent_as_its_definition_says_the_first_time_and_later(count: int) -> None:
    dice = Random(20)
    refused = 0
    for _ in range(count):
        command = some_command(dice)
        expected = outcome(commands._encoded, type(command), *fields(command))
        refused += isinstance(expected, str)
        assert outcome(encode, command) == expected
    assert count / 100 < refused < count / 2


def some_command(dice: Random) -> Command:
    """A command that the card can be sent; some have a field that is out of range, or that is not a number."""
    command = decoded(dice)
    if dice.random() < 0.8:
        return command
    place = dice.randrange(max(1, len(fields(command))))
    odd = dice.choice((-1, 0, 0x1F, 0x100, 0x8000, 0x10000, 1.0, True, "1", bytearray(b"\x01"), None))
    return type(command)(*[odd if index == place else value for index, value in enumerate(fields(command))])


def decoded(dice: Random) -> Command:
    while not isinstance(command := commands._decoded(some_apdu(dice)), Command):
        pass
    return command


def fields(command: Command) -> list[Any]:
    return [getattr(command, name) for name in command.__match_args__]  # type: ignore[attr-defined]


@pytest.mark.parametrize("count", COUNTS)
def test_an_answer_is_split_and_joined_as_its_definition_says_the_first_time_and_later(count: int) -> None:
    dice = Random(21)
    for _ in range(count):
        wire = dice.randbytes(dice.choice((0, 1, 2, 2, 2, 3, 10, 258)))
        response = outcome(ResponseApdu.parse, wire)
        try:
            value = RESPONSE.parse(wire, nr=max(len(wire) - 2, 0))
        except ConstructError:
            assert response == f"ProtocolError: A response APDU of {len(wire)} bytes has no status word."
            continue
        assert response == ResponseApdu(value.data, StatusWord(value.status))
        assert bytes(response) == RESPONSE.build(value, nr=len(value.data)) == wire  # type: ignore[call-overload]


@pytest.mark.parametrize("kind", [bytearray, memoryview])
def test_bytes_of_every_kind_are_remembered_as_bytes(kind: Callable[[bytes], bytes]) -> None:
    wire, answer = bytes.fromhex("00A4040C03A00001"), bytes.fromhex("01029000")
    for _ in range(2):
        assert CommandApdu.parse(kind(wire)) == parsed_by_definition(wire)
        assert ResponseApdu.parse(kind(answer)) == ResponseApdu(b"\x01\x02")
        assert type(ResponseApdu.parse(kind(answer)).data) is bytes


def test_a_name_without_a_hash_is_sent_all_the_same() -> None:
    assert encode(SelectDf(bytearray(b"\xa0"))) == encode(SelectDf(b"\xa0"))


# --- secrets -----------------------------------------------------------------------------------------


def remembering() -> Iterable[object]:
    """Every memory of results in the loaded modules of ours."""
    for name, module in list(sys.modules.items()):
        if name.startswith("mynacard"):
            for value in vars(module).values():
                for inner in (value, *(vars(value).values() if isinstance(value, type) else ())):
                    if isinstance(getattr(inner, "__func__", inner), _lru_cache_wrapper):
                        yield getattr(inner, "__func__", inner)


def remembers(secret: bytes) -> bool:
    """Whether *secret* is in anything that a memory of results refers to; classes and modules are not gone into."""
    stack, seen = list(remembering()), set[int]()
    while stack:
        value = stack.pop()
        if id(value) in seen or isinstance(value, type | type(gc) | type(remembers)):
            continue
        seen.add(id(value))
        if isinstance(value, bytes | bytearray) and secret in value:
            return True
        stack += gc.get_referents(value)
    return False


def test_a_public_command_is_remembered_so_that_the_next_test_can_fail() -> None:
    name = CANARY.encode()[::-1]
    assert not remembers(name)
    CommandApdu.parse(bytes(encode(SelectDf(name))))
    assert remembers(name)


SECRET: Final = CANARY.encode()


@pytest.mark.parametrize(
    "wire",
    [bytes(encode(kind(0x18, Pin(CANARY)))) for kind in (Verify, ChangeReferenceData, ChangeKey)]
    + [
        bytes.fromhex("00200098 06") + SECRET,  # refused: the wrong length
        bytes.fromhex("00208098 04") + SECRET,
        bytes.fromhex("01200098 04") + SECRET,
        bytes.fromhex("0C200098 04") + SECRET + b"\x00",
        bytes.fromhex("00200098 000004") + SECRET,
        bytes.fromhex("00820000 10") + SECRET * 4 + b"\x00",
        bytes.fromhex("00240180 08") + SECRET * 2,
        bytes.fromhex("80320080 04") + SECRET,
        bytes.fromhex("00C20000 09 00200098 04") + SECRET,
    ],
    ids=bytes.hex,
)
def test_no_secret_is_remembered_by_the_driver_or_the_card(wire: bytes) -> None:
    apdu = outcome(CommandApdu.parse, wire)
    if isinstance(apdu, CommandApdu):
        command = outcome(decode, apdu)
        if isinstance(command, Command):
            encode(command)
    card_with().transmit(wire)
    assert not remembers(SECRET)


def test_no_pin_is_remembered_after_a_login() -> None:
    channel = Channel(card_with())
    channel.select(bytes.fromhex("D392F000260100000001"), "JPKI")
    with pytest.raises(ProtocolError):
        encode(Verify(-1, Pin(CANARY)))
    with pytest.raises(Exception, match="PIN"):
        verify(channel, USER_AUTHENTICATION.pin, Pin(CANARY))
    assert not remembers(SECRET)

"""Of a command that carries a secret only the header is told: neither the secret nor how long it is."""

from __future__ import annotations

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mynacard.apdu.channel import Channel
from mynacard.apdu.commands import ChangeKey, ChangeReferenceData, Command, MutualAuthenticate, Verify, encode
from mynacard.apdu.message import CommandApdu
from mynacard.apdu.secrecy import MASK, SECRET_INSTRUCTIONS, carries_secret, told
from mynacard.pin import Pin
from tests.apdu.test_commands import COMMANDS
from tests.support import CardThat

SECRETS = st.binary(min_size=1, max_size=300)
INSTRUCTIONS = st.sampled_from(sorted(SECRET_INSTRUCTIONS))


@pytest.mark.parametrize("cla", [0x00, 0x08, 0x0C, 0x03, 0x80, 0xFF])
@pytest.mark.parametrize("ins", [0x20, 0x21, 0x24, 0x26, 0x28, 0x2C, 0x32, 0x54])
def test_a_command_that_presents_or_changes_a_secret_is_known_by_sight(cla: int, ins: int) -> None:
    assert carries_secret(bytes((cla, ins, 0x00, 0x98, 0x01, 0x31)))
    assert carries_secret(bytes((cla, ins, 0x00, 0x98, 0x00, 0x00, 0x01, 0x31)))
    assert not carries_secret(bytes((cla, ins, 0x00, 0x98)))
    assert not carries_secret(bytes((cla, ins, 0x00, 0x98, 0x00)))


@given(COMMANDS)
def test_no_other_command_carries_a_secret(command: Command) -> None:
    secret = Verify | ChangeReferenceData | ChangeKey | MutualAuthenticate
    assert carries_secret(bytes(encode(command))) == isinstance(command, secret)


@pytest.mark.parametrize("wire", ["", "00", "0020", "00200080"])
def test_what_is_too_short_to_hold_a_secret_carries_none(wire: str) -> None:
    assert not carries_secret(bytes.fromhex(wire))


@given(INSTRUCTIONS, SECRETS)
def test_a_command_with_a_secret_of_any_length_prints_the_same(ins: int, secret: bytes) -> None:
    command = CommandApdu(0x00, ins, 0x00, 0x98, secret)
    assert repr(command) == str(command) == f"CommandApdu(00 {ins:02X} 00 98, nc={MASK}, ne=0)"


@given(INSTRUCTIONS, SECRETS)
def test_only_its_header_is_told(ins: int, secret: bytes) -> None:
    assert told(bytes(CommandApdu(0x00, ins, 0x00, 0x98, secret))) == bytes((0x00, ins, 0x00, 0x98))


@given(COMMANDS)
def test_of_a_command_without_a_secret_everything_is_told(command: Command) -> None:
    wire = bytes(encode(command))
    assert carries_secret(wire) or told(wire) == wire


@pytest.mark.parametrize("length", [1, 4, 16, 255])
def test_the_log_is_the_same_for_a_pin_of_any_length(length: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    Channel(CardThat(lambda _: "9000")).exchange(Verify(0x18, Pin("7" * length)))
    assert caplog.messages == ["CommandApdu(00 20 00 98, nc=**, ne=0) -> ResponseApdu(nr=0, status=9000)"]

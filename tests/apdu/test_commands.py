"""What can be asked of a card: as others write it, and from the driver to the simulator and back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mynacard.apdu import commands
from mynacard.apdu.commands import (
    FORMS,
    LOG_OUT,
    SFI_MAX,
    ChangeKey,
    ChangeReferenceData,
    Command,
    ComputeDigitalSignature,
    ComputeWithDefaultKey,
    GetChallenge,
    GetData,
    GetResponse,
    InternalAuthenticate,
    MutualAuthenticate,
    Part,
    ReadBinary,
    ReadBinarySfi,
    ReadRecord,
    SelectDf,
    SelectDfFci,
    SelectEf,
    SelectMf,
    SelectMfByFileId,
    SetSessionKey,
    SfiCommand,
    SignatureScheme,
    Verify,
    VerifyStatus,
    decode,
    encode,
)
from mynacard.apdu.message import CommandApdu
from mynacard.errors import ProtocolError, UnintelligibleError
from mynacard.pin import Pin
from tests.support import CANARY, Vector, from_hex, id_of, tells, vectors

FILES = ("jpki/commands.json", "personal/commands.json", "residence/commands.json")

NAMES = st.binary(max_size=16)
NE = st.sampled_from([1, 4, 255, 256, 257, 65535, 65536])
SFI = st.integers(1, SFI_MAX)
KEY = st.integers(0, SFI_MAX)
PINS = st.builds(Pin, st.binary(min_size=1, max_size=16))
SCHEMES = st.sampled_from(SignatureScheme)
BY_KIND: dict[type[Command], st.SearchStrategy[Command]] = {
    SelectMf: st.just(SelectMf()),
    SelectMfByFileId: st.just(SelectMfByFileId()),
    SelectDf: st.builds(SelectDf, NAMES),
    SelectDfFci: st.builds(SelectDfFci, NAMES, NE),
    SelectEf: st.builds(SelectEf, st.integers(0, 0xFFFF)),
    ReadBinary: st.builds(ReadBinary, st.integers(0, 0x7FFF), NE),
    ReadBinarySfi: st.builds(ReadBinarySfi, SFI, st.integers(0, 0xFF), NE),
    VerifyStatus: st.builds(VerifyStatus, KEY),
    Verify: st.builds(Verify, KEY, PINS),
    ComputeDigitalSignature: st.builds(ComputeDigitalSignature, KEY, SCHEMES, st.binary(max_size=300), NE),
    GetResponse: st.builds(GetResponse, NE),
    ComputeWithDefaultKey: st.builds(ComputeWithDefaultKey, SCHEMES, st.binary(max_size=300), NE),
    InternalAuthenticate: st.builds(InternalAuthenticate, KEY, st.binary(min_size=1, max_size=255), NE),
    ChangeReferenceData: st.builds(ChangeReferenceData, KEY, PINS),
    ChangeKey: st.builds(ChangeKey, KEY, PINS),
    ReadRecord: st.builds(ReadRecord, st.integers(1, 0xFE), st.integers(0, SFI_MAX), NE),
    GetChallenge: st.builds(GetChallenge, NE),
    MutualAuthenticate: st.builds(MutualAuthenticate, st.binary(min_size=40, max_size=40), NE),
    GetData: st.builds(GetData, st.integers(0, 0xFFFF), NE),
    SetSessionKey: st.builds(SetSessionKey, st.binary(min_size=256, max_size=256)),
}
COMMANDS = st.one_of(list(BY_KIND.values()))

READERS: dict[str, Any] = {"pin": lambda value: Pin(bytes.fromhex(value)), "scheme": SignatureScheme.__getitem__}
READERS |= dict.fromkeys(("name", "input", "challenge", "cryptogram", "token"), from_hex)


def command_of(vector: Vector) -> Command:
    fields = {name: READERS.get(name, int)(value) for name, value in vector.row("fields").items()}
    kind: type[Command] = getattr(commands, vector.text("command"))
    return kind(**fields)


@pytest.mark.parametrize("vector", [row for name in FILES for row in vectors(name, "command")], ids=id_of)
def test_both_ends_agree_with_the_world(vector: Vector) -> None:
    assert bytes(encode(command_of(vector))) == vector.data("wire")
    assert decode(CommandApdu.parse(vector.data("wire"))) == command_of(vector)


@pytest.mark.parametrize("vector", [row for name in FILES for row in vectors(name, "unintelligible")], ids=id_of)
def test_what_no_form_fits_is_wrong_where_the_world_says_so(vector: Vector) -> None:
    with pytest.raises(UnintelligibleError) as caught:
        decode(CommandApdu.parse(vector.data("wire")))
    assert caught.value.part == Part(vector.text("unintelligible"))


def test_every_command_has_a_form_and_a_strategy() -> None:
    assert set(BY_KIND) == set(FORMS)


@given(COMMANDS)
def test_the_card_hears_what_the_driver_says(command: Command) -> None:
    assert decode(CommandApdu.parse(bytes(encode(command)))) == command


CLA, INS, P1_P2, LENGTH = Part.CLA, Part.INS, Part.P1_P2, Part.LENGTH


@pytest.mark.parametrize(
    ("wire", "part"),
    [
        ("0CA4040C0A D392F000260100000001", CLA),  # secure messaging
        ("01200080", CLA),  # another logical channel
        ("FFCA000000", CLA),  # for the reader, not for a card
        ("B0200080", CLA),
        ("00010000", INS),
        ("00240080 04 35363738", P1_P2),  # the old PIN first, which this card does not want
        ("80240180 04 35363738", INS),
        ("00320080 04 35363738", INS),
        ("00B20000 00", P1_P2),  # record 0
        ("00B20105 00", P1_P2),  # this record and all after it
        ("00880099 00", LENGTH),
        ("80AE0000 04 5A5A5A5A", LENGTH),
        ("802000800431323334", INS),  # VERIFY has the other class
        ("002A0080 01 5A 00", INS),
        ("00A40100", P1_P2),
        ("00A4040D 01 5A", P1_P2),
        ("00A40900 02 2F00", P1_P2),  # SELECT by path
        ("00A4020002 0018", P1_P2),
        ("00B08000 00", P1_P2),  # short identifier 0
        ("00B09F00 00", P1_P2),  # short identifier 31
        ("00B0A100 00", P1_P2),
        ("00200000", P1_P2),
        ("00200018 04 31323334", P1_P2),
        ("002000A0", P1_P2),
        ("00200198", P1_P2),
        ("802A0600 01 5A 00", P1_P2),
        ("802A0017 01 5A 00", P1_P2),
        ("00C00001 00", P1_P2),
        ("00A4020C", LENGTH),
        ("00A4020C 01 18", LENGTH),
        ("00A4020C 03 001800", LENGTH),
        ("00A4020C 02 0018 00", LENGTH),
        ("00A4040C 02 D392 00", LENGTH),  # no data is wanted, and some is
        ("00A40400 02 D392", LENGTH),  # data is wanted, and none is
        ("00A40000 02 3F01", LENGTH),
        ("00B00000", LENGTH),
        ("00B00000 01 5A 01", LENGTH),
        ("00B08A00", LENGTH),
        ("00200080 00", LENGTH),  # the status query with a stray Le
        ("00200098 04 31323334 00", LENGTH),
        ("802A0080 01 5A", LENGTH),
        ("00C00000", LENGTH),
        ("00C00000 01 5A 01", LENGTH),
    ],
)
def test_the_first_part_that_is_wrong_is_named(wire: str, part: Part) -> None:
    with pytest.raises(UnintelligibleError) as caught:
        decode(CommandApdu.parse(bytes.fromhex(wire)))
    assert caught.value.part is part


BYTE = st.integers(0, 0xFF)
APDUS = st.builds(
    CommandApdu,
    st.sampled_from([0x00, 0x80]) | BYTE,
    st.sampled_from([0xA4, 0xB0, 0x20, 0x2A, 0xC0]) | BYTE,
    st.integers(0, 5) | BYTE,
    st.sampled_from([0x00, 0x0C, 0x80, 0x98]) | BYTE,
    st.binary(max_size=20),
    st.sampled_from([0, 1, 256, 65536]),
)


@given(APDUS)
def test_any_apdu_is_a_command_or_unintelligible(apdu: CommandApdu) -> None:
    classes = {form.cla for form in FORMS.values()}
    instructions = {(form.cla, form.ins) for form in FORMS.values()}
    expected: set[Part | None]
    if apdu.cla not in classes:
        expected = {CLA}
    elif (apdu.cla, apdu.ins) not in instructions:
        expected = {INS}
    else:
        expected = {None, P1_P2, LENGTH}
    part: str | None = None
    try:
        assert encode(decode(apdu)) == apdu
    except UnintelligibleError as error:
        part = error.part
    assert part in expected


@pytest.mark.parametrize(
    "command",
    [
        SelectEf(0x10000),
        SelectEf(-1),
        ReadBinary(0x8000),
        ReadBinary(-1),
        ReadBinarySfi(0),
        ReadBinarySfi(SFI_MAX + 1),
        ReadBinarySfi(1, 0x100),
        VerifyStatus(0x20),
        VerifyStatus(-1),
        Verify(0x20, Pin(CANARY)),
        Verify(0x18, Pin("")),
        ComputeDigitalSignature(0x80, SignatureScheme.PKCS1, b""),
    ],
    ids=repr,
)
def test_a_field_out_of_range_is_refused_and_not_quoted(command: Command) -> None:
    with pytest.raises(ProtocolError) as caught:
        encode(command)
    assert not tells(str(caught.value) + repr(caught.value.details))


def test_an_empty_pin_can_not_even_be_written() -> None:
    """CVE-2023-40660: it would be the status query, whose '9000' would be taken for a login."""
    with pytest.raises(ProtocolError):
        encode(Verify(0x18, Pin("")))


@given(st.one_of([strategy for kind, strategy in BY_KIND.items() if issubclass(kind, SfiCommand)]))
def test_on_the_current_ef_the_same_is_asked_without_an_identifier(command: SfiCommand) -> None:
    by_identifier, current = encode(command), encode(command.on_current_ef())
    assert (current.cla, current.ins, current.data, current.ne) == (
        by_identifier.cla, by_identifier.ins, by_identifier.data, by_identifier.ne,
    )  # fmt: skip
    assert isinstance(command, ReadRecord) or current.p1 < 0x80


def test_log_out_selects_another_application() -> None:
    assert isinstance(LOG_OUT, SelectDf)
    assert not LOG_OUT.name.startswith(bytes.fromhex("D392"))


def test_commands_print_neither_pin_nor_what_is_signed() -> None:
    assert repr(Verify(0x18, Pin(CANARY))) == "Verify(key=24, pin=Pin(…))"
    assert not tells(repr(ComputeDigitalSignature(0x17, SignatureScheme.PKCS1, CANARY.encode())))

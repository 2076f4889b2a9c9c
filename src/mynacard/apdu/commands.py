"""The commands that a card can be sent, as values, and how each looks on the wire.

``encode`` and ``decode`` go through one table, :data:`FORMS`: the driver builds from the row that the simulator parses
with. The vectors catch an error that both share.

Source: ISO/IEC 7816-4:2005 §7.1.1 (SELECT), §7.2.3 (READ BINARY), §7.3.3 (READ RECORD), §7.4.2 (GET DATA), §7.5.2
(INTERNAL AUTHENTICATE), §7.5.3 (GET CHALLENGE), §7.5.4 (EXTERNAL and MUTUAL AUTHENTICATE), §7.5.6 (VERIFY), §7.5.7
(CHANGE REFERENCE DATA), §7.6.1 (GET RESPONSE); the card's own '80 2A', '80 32' and '80 AE' as measured by others
(vectors/jpki/commands.json and vectors/personal/commands.json name them); the residence card's as its published
specification has them (vectors/residence/commands.json).
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from contextlib import suppress
from dataclasses import replace
from enum import IntEnum, StrEnum
from functools import lru_cache
from typing import Any, ClassVar, Final, Self, cast

from construct import (
    Byte,
    Bytes,
    Const,
    ConstructError,
    ExprAdapter,
    ExprValidator,
    GreedyBytes,
    Int16ub,
    Mapping,
    Struct,
    Terminated,
)

from mynacard._dataclasses import dataclass
from mynacard.apdu.message import REMEMBERED, REMEMBERED_NC_MAX, CommandApdu
from mynacard.apdu.wire import Wire
from mynacard.arguments import wrong_type
from mynacard.errors import ProtocolError, UnintelligibleError
from mynacard.pin import Pin
from mynacard.texts import N_

__all__ = [
    "CURRENT",
    "FORMS",
    "ISSUER_SECURITY_DOMAIN",
    "LOG_OUT",
    "SFI_MAX",
    "ChangeKey",
    "ChangeReferenceData",
    "Command",
    "ComputeDigitalSignature",
    "ComputeWithDefaultKey",
    "GetChallenge",
    "GetData",
    "GetResponse",
    "InternalAuthenticate",
    "MutualAuthenticate",
    "Part",
    "ReadBinary",
    "ReadBinarySfi",
    "ReadRecord",
    "SelectDf",
    "SelectDfFci",
    "SelectEf",
    "SelectMf",
    "SelectMfByFileId",
    "SetSessionKey",
    "SfiCommand",
    "SignatureScheme",
    "Verify",
    "VerifyStatus",
    "decode",
    "encode",
]

CURRENT: Final = 0
"""The short EF identifier that names the current EF."""
SFI_MAX: Final = 0x1E


class SignatureScheme(IntEnum):
    """P1 of '80 2A': how the card treats the input before its RSA operation.

    One source tried all six on cards; every source tried 0 (vectors/jpki/commands.json).
    """

    PKCS1 = 0
    """PKCS #1 v1.5 padding around the input, 1..245 bytes of any content."""
    PKCS1_BARE_SHA256 = 1
    """Hashes 1..255 bytes; pads the 32 bytes without a DigestInfo."""
    PKCS1_SHA256_DIGEST = 2
    """32 bytes, put into a DigestInfo and padded."""
    PKCS1_SHA256 = 3
    """Hashes 1..255 bytes; DigestInfo and padding."""
    PSS_SHA256_DIGEST = 4
    """32 bytes; RSASSA-PSS, MGF1 with SHA-256, salt of 32."""
    PSS_SHA256 = 5
    """Hashes 1..255 bytes; RSASSA-PSS as above."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command to a card: a frozen value, whose fields stand in P1-P2, the data field and Ne."""

    title: ClassVar[str]


@dataclass(frozen=True, slots=True)
class SfiCommand(Command):
    """A command that can name its EF by short identifier, or be sent to the current EF."""

    def on_current_ef(self) -> Command:
        """The same command to the current EF.

        Raises:
            TypeError: on this class itself; every subclass defines it.
        """
        raise TypeError


@dataclass(frozen=True, slots=True)
class SelectMf(Command):
    """SELECT the master file, which the Individual Number Card does not have."""

    title = "SELECT (MF)"


@dataclass(frozen=True, slots=True)
class SelectMfByFileId(Command):
    """SELECT the master file by its identifier '3F00'; the residence card has one."""

    title = "SELECT (MF)"


@dataclass(frozen=True, slots=True)
class SelectDf(Command):
    """SELECT an application by DF name; no data comes back."""

    title = "SELECT (application)"
    name: bytes


@dataclass(frozen=True, slots=True)
class SelectDfFci(Command):
    """SELECT an application by DF name; its file control information comes back."""

    title = "SELECT (application)"
    name: bytes
    ne: int = 256


@dataclass(frozen=True, slots=True)
class SelectEf(Command):
    """SELECT an EF, a PIN or a key of the current application by file identifier."""

    title = "SELECT (EF)"
    file_id: int


@dataclass(frozen=True, slots=True)
class ReadBinary(Command):
    """READ BINARY of the current EF from byte *offset*, 0..32767."""

    title = "READ BINARY"
    offset: int
    ne: int = 256


@dataclass(frozen=True, slots=True)
class ReadBinarySfi(SfiCommand):
    """READ BINARY of the EF with short identifier *sfi*, 1..30, from byte *offset*, 0..255; it becomes current."""

    title = "READ BINARY"
    sfi: int
    offset: int = 0
    ne: int = 256

    def on_current_ef(self) -> ReadBinary:
        return ReadBinary(self.offset, self.ne)


@dataclass(frozen=True, slots=True)
class _KeyCommand(SfiCommand):
    """A command on a PIN or key: the EF with short identifier *key*, or the current EF."""

    key: int

    def on_current_ef(self) -> Self:
        return replace(self, key=CURRENT)


@dataclass(frozen=True, slots=True)
class VerifyStatus(_KeyCommand):
    """VERIFY without data: asks how many tries are left, and spends none."""

    title = "VERIFY (status)"


@dataclass(frozen=True, slots=True)
class Verify(_KeyCommand):
    """VERIFY: presents a PIN. Only :mod:`mynacard.apdu.verification` creates one."""

    title = "VERIFY"
    pin: Pin


@dataclass(frozen=True, slots=True)
class ComputeDigitalSignature(_KeyCommand):
    """The card's own signature command, '80 2A'."""

    title = "COMPUTE DIGITAL SIGNATURE"
    scheme: SignatureScheme
    input: bytes = dataclasses.field(repr=False)
    ne: int = 256


@dataclass(frozen=True, slots=True)
class ComputeWithDefaultKey(Command):
    """The same with the application's own key, which needs no PIN; the two card face applications have one."""

    title = "COMPUTE DIGITAL SIGNATURE"
    scheme: SignatureScheme
    input: bytes = dataclasses.field(repr=False)
    ne: int = 256


@dataclass(frozen=True, slots=True)
class InternalAuthenticate(_KeyCommand):
    """INTERNAL AUTHENTICATE: the key signs a challenge of 1..255 bytes, without a PIN."""

    title = "INTERNAL AUTHENTICATE"
    challenge: bytes = dataclasses.field(repr=False)
    ne: int = 256


@dataclass(frozen=True, slots=True)
class ChangeReferenceData(_KeyCommand):
    """CHANGE REFERENCE DATA: a new PIN, after VERIFY of the old one. Only :mod:`mynacard.apdu.change` creates one."""

    title = "CHANGE REFERENCE DATA"
    pin: Pin


@dataclass(frozen=True, slots=True)
class ChangeKey(_KeyCommand):
    """The same where the application has the card's own '80 32'. Only :mod:`mynacard.apdu.change` creates one."""

    title = "CHANGE KEY"
    pin: Pin


@dataclass(frozen=True, slots=True)
class ReadRecord(SfiCommand):
    """READ RECORD: record *number*, 1..254, of the EF with short identifier *sfi*, or of the current EF (0)."""

    title = "READ RECORD"
    number: int
    sfi: int
    ne: int = 256

    def on_current_ef(self) -> ReadRecord:
        return replace(self, sfi=CURRENT)


@dataclass(frozen=True, slots=True)
class GetChallenge(Command):
    """GET CHALLENGE: *ne* random bytes, 1..256."""

    title = "GET CHALLENGE"
    ne: int = 8


@dataclass(frozen=True, slots=True)
class MutualAuthenticate(Command):
    """MUTUAL AUTHENTICATE: each side proves that it knows the key, in 40 bytes; GET CHALLENGE came just before."""

    title = "MUTUAL AUTHENTICATE"
    token: bytes = dataclasses.field(repr=False)
    ne: int = 256


@dataclass(frozen=True, slots=True)
class GetData(Command):
    """GET DATA: the data object *tag* of the issuer's domain, which must be the current application."""

    title = "GET DATA"
    tag: int
    ne: int = 256


@dataclass(frozen=True, slots=True)
class SetSessionKey(Command):
    """The card's own '80 AE': a seed for secure messaging, encrypted to a key of the application."""

    title = "SET SESSION KEY"
    cryptogram: bytes = dataclasses.field(repr=False)


@dataclass(frozen=True, slots=True)
class GetResponse(Command):
    """GET RESPONSE: fetches what '61XX' announced."""

    title = "GET RESPONSE"
    ne: int = 256


@dataclass(frozen=True, slots=True)
class Form:
    """How a command looks on the wire: class, instruction, the values of P1 that set it apart, P1-P2, data field."""

    cla: int
    ins: int
    p1: range
    parameters: Wire
    data: Wire


_TAGGED_SFI: Final[Wire] = ExprAdapter(  # '80' | SFI, as P1 of READ BINARY and as P2 of the key commands
    ExprValidator(Byte, lambda byte, _: byte & 0xE0 == 0x80),
    lambda byte, _: byte & 0x1F,
    lambda sfi, _: 0x80 + sfi,
)

EMPTY: Final[Wire] = Terminated
NO_PARAMETERS: Final[Wire] = Struct(Const(b"\x00\x00"))
BY_NAME: Final[Wire] = Struct(Const(b"\x04\x0c"))  # first occurrence, no data back
BY_NAME_FCI: Final[Wire] = Struct(Const(b"\x04\x00"))  # first occurrence, FCI back
BY_FILE_ID: Final[Wire] = Struct(Const(b"\x02\x0c"))  # EF under the current DF, no data back
OFFSET: Final[Wire] = "offset" / Int16ub
SFI_AND_OFFSET: Final[Wire] = Struct("sfi" / _TAGGED_SFI, "offset" / Byte)
KEY_REFERENCE: Final[Wire] = Struct(Const(b"\x00"), "key" / _TAGGED_SFI)
SCHEME_AND_KEY: Final[Wire] = Struct(
    "scheme" / Mapping(Byte, {scheme: int(scheme) for scheme in SignatureScheme}),
    "key" / _TAGGED_SFI,
)
SCHEME_AND_DEFAULT_KEY: Final[Wire] = Struct(
    "scheme" / Mapping(Byte, {scheme: int(scheme) for scheme in SignatureScheme}),
    Const(b"\x00"),
)
NEW_VALUE_OF_KEY: Final[Wire] = Struct(Const(b"\x01"), "key" / _TAGGED_SFI)
_SHIFTED_SFI: Final[Wire] = ExprAdapter(
    ExprValidator(Byte, lambda byte, _: byte & 0x07 == 0x04),  # P1 is a record number
    lambda byte, _: byte // 8,
    lambda sfi, _: 8 * sfi + 0x04,
)
RECORD: Final[Wire] = Struct(
    "number" / ExprValidator(Byte, lambda number, _: 1 <= number <= 0xFE),
    "sfi" / _SHIFTED_SFI,
)
OBJECT: Final[Wire] = "tag" / Int16ub
NAME: Final[Wire] = "name" / GreedyBytes
FILE_ID: Final[Wire] = Struct("file_id" / Int16ub, Terminated)
MASTER_FILE: Final[Wire] = Struct(Const(b"\x3f\x00"), Terminated)
INPUT: Final[Wire] = "input" / GreedyBytes
CHALLENGE: Final[Wire] = "challenge" / ExprValidator(GreedyBytes, lambda challenge, _: 1 <= len(challenge) <= 0xFF)
CRYPTOGRAM: Final[Wire] = Struct("cryptogram" / Bytes(0x100), Terminated)
TOKEN: Final[Wire] = Struct("token" / Bytes(40), Terminated)


def _hidden(secret: bytes, _: object) -> Pin:
    return Pin(secret)


def _revealed(pin: Pin, _: object) -> bytes:
    return pin.reveal()


PIN: Final[Wire] = "pin" / ExprAdapter(
    ExprValidator(GreedyBytes, lambda secret, _: len(secret) > 0),  # empty is VerifyStatus, never a PIN
    _hidden,
    _revealed,
)

FORMS: Final[dict[type[Command], Form]] = {
    #                        CLA   INS   P1                 P1-P2                data field
    SelectMf:           Form(0x00, 0xA4, range(0x00, 0x01), NO_PARAMETERS,       EMPTY),
    SelectMfByFileId:   Form(0x00, 0xA4, range(0x00, 0x01), NO_PARAMETERS,       MASTER_FILE),
    SelectDf:           Form(0x00, 0xA4, range(0x04, 0x05), BY_NAME,             NAME),
    SelectDfFci:        Form(0x00, 0xA4, range(0x04, 0x05), BY_NAME_FCI,         NAME),
    SelectEf:           Form(0x00, 0xA4, range(0x02, 0x03), BY_FILE_ID,          FILE_ID),
    ReadBinary:         Form(0x00, 0xB0, range(0x00, 0x80), OFFSET,              EMPTY),
    ReadBinarySfi:      Form(0x00, 0xB0, range(0x81, 0x9F), SFI_AND_OFFSET,      EMPTY),
    VerifyStatus:       Form(0x00, 0x20, range(0x00, 0x01), KEY_REFERENCE,       EMPTY),
    Verify:             Form(0x00, 0x20, range(0x00, 0x01), KEY_REFERENCE,       PIN),
    ComputeDigitalSignature:
                        Form(0x80, 0x2A, range(0x00, 0x06), SCHEME_AND_KEY,      INPUT),
    ComputeWithDefaultKey:
                        Form(0x80, 0x2A, range(0x00, 0x06), SCHEME_AND_DEFAULT_KEY, INPUT),
    InternalAuthenticate:
                        Form(0x00, 0x88, range(0x00, 0x01), KEY_REFERENCE,       CHALLENGE),
    ChangeReferenceData:
                        Form(0x00, 0x24, range(0x01, 0x02), NEW_VALUE_OF_KEY,    PIN),
    ChangeKey:          Form(0x80, 0x32, range(0x00, 0x01), KEY_REFERENCE,       PIN),
    ReadRecord:         Form(0x00, 0xB2, range(0x01, 0xFF), RECORD,              EMPTY),
    GetChallenge:       Form(0x00, 0x84, range(0x00, 0x01), NO_PARAMETERS,       EMPTY),
    MutualAuthenticate: Form(0x00, 0x82, range(0x00, 0x01), NO_PARAMETERS,       TOKEN),
    GetData:            Form(0x00, 0xCA, range(0x00, 0x100), OBJECT,             EMPTY),
    SetSessionKey:      Form(0x80, 0xAE, range(0x00, 0x01), NO_PARAMETERS,       CRYPTOGRAM),
    GetResponse:        Form(0x00, 0xC0, range(0x00, 0x01), NO_PARAMETERS,       EMPTY),
}  # fmt: skip


ISSUER_SECURITY_DOMAIN: Final = bytes.fromhex("A0000001510000")
"""The card manager. It is current after power-on, and selecting it needs no PIN."""
LOG_OUT: Final = SelectDf(ISSUER_SECURITY_DOMAIN)
"""Selecting another application logs out. Selecting the same one again keeps its PINs verified on real cards."""


class Part(StrEnum):
    """The part of a command APDU that no form fits; a card refuses each with its own status word."""

    CLA = "CLA"
    INS = "INS"
    P1_P2 = "P1-P2"
    LENGTH = "length"


_ROWS: Final[dict[tuple[int, int, int], list[type[Command]]]] = defaultdict(list)
for _kind, _form in FORMS.items():
    for _p1 in _form.p1:
        _ROWS[_form.cla, _form.ins, _p1].append(_kind)
_CLASSES: Final = frozenset(form.cla for form in FORMS.values())
_INSTRUCTIONS: Final = frozenset((form.cla, form.ins) for form in FORMS.values())
_FIELDS: Final = {kind: tuple(field.name for field in dataclasses.fields(kind)) for kind in FORMS}
_NAMING: Final = (EMPTY, NAME, FILE_ID, MASTER_FILE)
_PUBLIC: Final = frozenset(kind for kind, form in FORMS.items() if form.data in _NAMING)
"""The commands that only name files, keys and counts: none of these can hold a secret, so they are remembered."""


def encode(command: Command) -> CommandApdu:
    """The APDU for *command*.

    Raises:
        ProtocolError: a field is out of the range that the wire has for it.
        UsageError: *command* is not a command.
    """
    kind = type(command)
    if kind not in FORMS:
        raise wrong_type(kind, "Command")
    values = [getattr(command, field) for field in _FIELDS[kind]]
    if kind in _PUBLIC:
        with suppress(TypeError):  # a value without a hash, such as a bytearray
            return _encoded_before(cast(Any, kind), *values)  # mypy takes its instances' hash for the class's
    return _encoded(kind, *values)


def _encoded(kind: type[Command], *fields: Any) -> CommandApdu:
    form, values = FORMS[kind], dict(zip(_FIELDS[kind], fields, strict=True))
    try:
        p1, p2 = _build(form.parameters, values)
        data = _build(form.data, values)
    except ConstructError:  # its message quotes the value, which may be a secret
        raise ProtocolError(N_("A field of {command} is out of range."), command=kind.title) from None
    if p1 not in form.p1:
        raise ProtocolError(N_("A field of {command} is out of range."), command=kind.title)
    return CommandApdu(form.cla, form.ins, p1, p2, data, values.get("ne", 0))


_encoded_before: Final = lru_cache(REMEMBERED, typed=True)(_encoded)  # 1.0 is not 1


def decode(apdu: CommandApdu) -> Command:
    """The command in *apdu*.

    Raises:
        UnintelligibleError: no form fits; its ``part`` is the first :class:`Part` that is wrong.
    """
    if apdu.carries_secret or len(apdu.data) > REMEMBERED_NC_MAX:
        command = _decoded(apdu)
    else:
        command = _decoded_before(apdu)
    if isinstance(command, Part):
        raise UnintelligibleError(N_("No form fits the {part} of this command."), part=command)
    return command


def _decoded(apdu: CommandApdu) -> Command | Part:
    """The command in *apdu*, or else the first part of it that is wrong."""
    rows = _ROWS.get((apdu.cla, apdu.ins, apdu.p1), ())
    part = _strange_header(apdu) if not rows else Part.P1_P2
    for kind in rows:
        form, has_ne = FORMS[kind], "ne" in _FIELDS[kind]
        try:
            values = _parse(form.parameters, bytes((apdu.p1, apdu.p2)))
        except ConstructError:
            continue
        part = Part.LENGTH
        if has_ne != (apdu.ne > 0):
            continue
        try:
            values |= _parse(form.data, apdu.data)
        except ConstructError:
            continue
        return kind(**(values | {"ne": apdu.ne} if has_ne else values))
    return part


_decoded_before: Final = lru_cache(REMEMBERED)(_decoded)


def _strange_header(apdu: CommandApdu) -> Part:
    if apdu.cla not in _CLASSES:
        return Part.CLA
    return Part.P1_P2 if (apdu.cla, apdu.ins) in _INSTRUCTIONS else Part.INS


def _parse(wire: Wire, data: bytes) -> dict[str, Any]:
    """The fields that *wire* finds in *data*; it must consume all of it."""
    if wire is EMPTY:  # most commands have no data; construct takes longer to see that than for all the rest
        if data:
            raise ConstructError
        return {}
    value = wire.parse(data)
    if wire.name:  # a single field
        return {wire.name: value}
    return {field: value[field] for field in cast(dict[str, Any], value) if field[0] != "_"}


def _build(wire: Wire, values: dict[str, Any]) -> bytes:
    if wire is EMPTY:
        return b""
    return bytes(wire.build(values[wire.name] if wire.name else values))

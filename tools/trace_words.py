"""A recording in words: what was asked, and what came back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from mynacard import jpki
from mynacard.apdu import commands
from mynacard.apdu.message import CommandApdu, ResponseApdu
from mynacard.errors import MynacardError
from mynacard.jpki import layout as jpki_layout
from mynacard.personal import layout as personal_layout
from mynacard.readers import Recording
from mynacard.readers.recording import Exchange
from mynacard.residence import layout as residence_layout

__all__ = ["Line", "describe", "dialogue"]

_APPLICATIONS: Final[Mapping[bytes, str]] = {
    jpki.DF_NAME: "JPKI",
    **{
        each.df_name: each.name
        for each in vars(personal_layout).values()
        if isinstance(each, personal_layout.Application)
    },
    residence_layout.RESIDENCE_APPLICATION: "residence card",
    residence_layout.DF1: "residence card DF1",
    residence_layout.DF2: "residence card DF2",
    residence_layout.DF3: "residence card DF3",
}
_JPKI_FILES: Final[Mapping[int, str]] = {
    jpki_layout.TOKEN_INFO: "token information",
    jpki_layout.CERTIFICATES_PRESENT: "which certificates are there",
    **{
        number: f"{pair.name} {what}"
        for pair in jpki_layout.KEY_PAIRS
        for number, what in (
            (pair.certificate, "certificate"), (pair.ca_certificate, "CA certificate"), (pair.key, "key"),
            (pair.pin.key, "PIN"),
        )
    },
}  # fmt: skip
_SECRETS: Final[Mapping[int, str]] = {
    0x20: "VERIFY", 0x24: "CHANGE REFERENCE DATA", 0x32: "CHANGE KEY", 0x82: "MUTUAL AUTHENTICATE",
    0x30: "SET SESSION KEY",
}  # fmt: skip


@dataclass(frozen=True)
class Line:
    """An exchange in words.

    Attributes:
        said: what was asked.
        answered: what came back.
        kind: a key of the colours.
        at_us, took_us: when, and how long; None where the recording has no times.
    """

    said: str
    answered: str
    kind: str
    at_us: int | None
    took_us: int | None


def dialogue(recording: Recording) -> Iterator[Line]:
    """Each exchange in words, in the light of what was selected before."""
    application = ""
    for exchange in recording.exchanges:
        selected, said, kind = describe(exchange, application)
        succeeded = exchange.answer is not None and exchange.answer.data[-2:] == b"\x90\x00"
        application = selected if selected is not None and succeeded else application
        yield Line(said, _answered(exchange), kind, exchange.at_us, exchange.took_us)


def describe(exchange: Exchange, application: str) -> tuple[str | None, str, str]:
    """The application that is asked for, if one is; the command in words; and its kind."""
    header = exchange.command[:4]
    if exchange.secret:
        name = _SECRETS.get(header[1], f"a command with a secret ({header.hex(' ').upper()})")
        return None, f"{name}, {_file(header[3] & 0x1F, application) if header[3] & 0x80 else 'the current one'}", "PIN"
    try:
        command = commands.decode(CommandApdu.parse(exchange.command))
    except MynacardError:
        return None, f"unknown: {exchange.command[:12].hex(' ').upper()}", "other"
    match command:
        case commands.SelectDf() | commands.SelectDfFci():
            name = _APPLICATIONS.get(command.name, command.name.hex().upper())
            return name, f"SELECT the application {name}", "select"
        case commands.SelectEf():
            return None, f"SELECT the file {_file(command.file_id, application)}", "select"
        case commands.ReadBinary():
            return None, f"READ BINARY from {command.offset}, up to {command.ne} bytes", "read"
        case commands.ReadBinarySfi():
            return None, f"READ BINARY of {_file(command.sfi, application)} from {command.offset}", "read"
        case commands.VerifyStatus():
            return None, "VERIFY without data: how many tries are left?", "PIN"
        case commands.ComputeDigitalSignature():
            return None, f"COMPUTE DIGITAL SIGNATURE of {len(command.input)} bytes", "signature"
        case _:
            return None, type(command).__name__, "other"


def _file(number: int, application: str) -> str:
    name = _JPKI_FILES.get(number) if application == "JPKI" else None
    return f"{number:04X} ({name})" if name else f"{number:04X}"


def _answered(exchange: Exchange) -> str:
    if exchange.answer is None:
        return f"nothing: {exchange.error}"
    if len(exchange.answer.data) < 2:
        return "no status word"
    response = ResponseApdu.parse(exchange.answer.data)
    tries = f" ({response.status.tries_left} tries left)" if response.status.tries_left is not None else ""
    data = f"{len(response.data)} bytes, " if response.data else ""
    return f"{data}{response.status} {response.status.meaning}{tries}"

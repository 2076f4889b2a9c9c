"""A recording in words: its commands and answers.

They are in English in every language: these are the standards' own names, and Wireshark shows them, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from mynacard import jpki
from mynacard._dataclasses import dataclass
from mynacard.apdu import commands
from mynacard.apdu.message import CommandApdu, ResponseApdu
from mynacard.errors import MynacardError
from mynacard.jpki import layout as jpki_layout
from mynacard.personal import layout as personal
from mynacard.recordings import Recording
from mynacard.recordings.recording import Exchange
from mynacard.residence import layout as residence
from mynacard.texts import printable

__all__ = ["KINDS", "Line", "describe", "dialogue"]

KINDS: Final = ("select", "read", "PIN", "signature", "other")
_DONE: Final = (b"\x90", b"\x61", b"\x62", b"\x63")
"""SW1 of a command that was done, even with a warning or with more to come (ISO/IEC 7816-4:2005 §5.1.3)."""
_ERROR_MAX: Final = 200
"""Characters of an error's code that are shown: a recording may hold any text as a code."""
_APPLICATIONS: Final[Mapping[bytes, str]] = {
    jpki.DF_NAME: jpki_layout.APPLICATION,
    personal.ISSUER.df_name: personal.ISSUER.name,
    **{application.df_name: application.name for application in personal.APPLICATIONS},
    residence.RESIDENCE_APPLICATION: "residence card",
    residence.DF1: "residence card DF1",
    residence.DF2: "residence card DF2",
    residence.DF3: "residence card DF3",
}
_FILES: Final[Mapping[tuple[str, int], str]] = {
    **{(application.name, pin.key): pin.label for application in personal.APPLICATIONS for pin in application.pins},
    **{
        (jpki_layout.APPLICATION, number): f"{pair.name} {what}"
        for pair in jpki_layout.KEY_PAIRS
        for number, what in (
            (pair.certificate, "certificate"), (pair.ca_certificate, "CA certificate"), (pair.key, "key"),
            (pair.pin.key, "PIN"),
        )
    },
    (jpki_layout.APPLICATION, jpki_layout.TOKEN_INFO): "token information",
    (jpki_layout.APPLICATION, jpki_layout.CERTIFICATES_PRESENT): "which certificates are there",
    (personal.TEXT.name, personal.MY_NUMBER.file_id): "My Number",
    (personal.TEXT.name, personal.ATTRIBUTES.file_id): "attributes",
    (personal.TEXT.name, personal.TEXT_DIGESTS.file_id): "digests and signature",
    (personal.TEXT.name, personal.TEXT_CERTIFICATE.file_id): "municipality's certificate",
    (personal.TEXT.name, personal.TEXT_BASIC_DATA.file_id): "basic data",
    (personal.CARD_FACE.name, personal.AGE_RECORD.file_id): "birth date and sex",
    (personal.CARD_FACE.name, personal.FACE.file_id): "card face",
    (personal.CARD_FACE.name, personal.FACE_BASIC_DATA.file_id): "basic data",
    (personal.CARD_FACE.name, personal.FACE_CERTIFICATE.file_id): "municipality's certificate",
    (personal.CARD_FACE.name, personal.NUMBER_IMAGE.file_id): "image of My Number",
}  # fmt: skip
_SECRETS: Final[Mapping[int, str]] = {
    0x20: "VERIFY", 0x24: "CHANGE REFERENCE DATA", 0x32: "CHANGE KEY", 0x82: "MUTUAL AUTHENTICATE",
}  # fmt: skip
_OF_A_FILE: Final = (0x20, 0x24, 0x32)
"""The commands among :data:`_SECRETS` whose P2 names the key or PIN."""


@dataclass(frozen=True, slots=True)
class Line:
    """An exchange in words.

    Attributes:
        said: the command.
        answered: the answer, or why no answer came.
        kind: one of :data:`KINDS`.
        at_us, took_us: its time and duration in microseconds; None where the recording has no times.
    """

    said: str
    answered: str
    kind: str
    at_us: int | None
    took_us: int | None


def dialogue(recording: Recording) -> Iterator[Line]:
    """The exchanges of *recording* in words; files are named as in the application selected at that time."""
    application = ""
    for exchange in recording.exchanges:
        selected, said, kind = describe(exchange, application)
        if exchange.answer is None:  # a card that was lost forgets what was selected
            application = ""
        elif selected is not None and exchange.answer.data[-2:-1] in _DONE:
            application = selected
        yield Line(said, _answered(exchange), kind, exchange.at_us, exchange.took_us)


def describe(exchange: Exchange, application: str) -> tuple[str | None, str, str]:
    """The application that *exchange* selects, None if it selects no application; the command in words; its kind.

    *application* is the one selected before; empty where it is unknown.
    """
    if exchange.secret:
        return None, _secret(exchange.command, application), "PIN"
    try:
        command = commands.decode(CommandApdu.parse(exchange.command))
    except MynacardError:
        return None, f"unknown: {exchange.command[:12].hex(' ').upper()}", "other"
    match command:
        case commands.SelectDf() | commands.SelectDfFci():
            name = _APPLICATIONS.get(command.name, command.name.hex().upper())
            return name, f"SELECT the application {name}", "select"
        case commands.SelectMf() | commands.SelectMfByFileId():
            return "MF", "SELECT the MF", "select"
        case commands.SelectEf():
            return None, f"SELECT {_file(command.file_id, application)}", "select"
        case commands.ReadBinary():
            return None, f"READ BINARY from {command.offset}, up to {command.ne} bytes", "read"
        case commands.ReadBinarySfi():
            what = _file(command.sfi, application)
            return None, f"READ BINARY of {what} from {command.offset}, up to {command.ne} bytes", "read"
        case commands.ReadRecord():
            return None, f"READ RECORD {command.number} of {_file(command.sfi, application)}", "read"
        case commands.GetData():
            return None, f"GET DATA of {command.tag:04X}", "read"
        case commands.VerifyStatus():
            return None, f"VERIFY of {_file(command.key, application)} without data: how many tries are left?", "PIN"
        case commands.ComputeDigitalSignature():
            key = _file(command.key, application)
            return None, f"{command.title} of {len(command.input)} bytes with {key}", "signature"
        case commands.ComputeWithDefaultKey():
            return None, f"{command.title} of {len(command.input)} bytes", "signature"
        case commands.InternalAuthenticate():
            key = _file(command.key, application)
            return None, f"{command.title} of {len(command.challenge)} bytes with {key}", "signature"
        case _:
            return None, command.title, "other"


def _secret(header: bytes, application: str) -> str:
    name = _SECRETS.get(header[1], f"a command with a secret ({header.hex(' ').upper()})")
    if header[1] not in _OF_A_FILE:
        return name
    return f"{name} of {_file(header[3] & 0x1F if header[3] & 0x80 else commands.CURRENT, application)}"


def _file(number: int, application: str) -> str:
    if number == commands.CURRENT:
        return "the current EF"
    name = _FILES.get((application, number))
    return f"{number:04X} ({name})" if name else f"{number:04X}"


def _answered(exchange: Exchange) -> str:
    if exchange.answer is None:
        return f"no answer: {printable(exchange.error)[:_ERROR_MAX]}"
    count = len(exchange.answer.data)
    if count < 2:
        return "no status word"
    masked = sum(end - start for start, end in exchange.answer.masked)
    note = f" ({masked} masked)" if masked else ""
    data = f"{count - 2} bytes{note}, " if count > 2 or masked else ""
    if any(end > count - 2 for _, end in exchange.answer.masked):
        return f"{data}a masked status word"
    status = ResponseApdu.parse(exchange.answer.data).status
    if status.tries_left is not None:  # its meaning would call the question for them a failed verification
        return f"{data}{status} ({status.tries_left} tries left)"
    return f"{data}{status} {status.meaning}"

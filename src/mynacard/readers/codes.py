"""The meaning of PC/SC's return codes: one table, from code to exception.

Two families of codes come out of PC/SC: its own (facility '8010'), and Windows's system error codes, bare or wrapped as
an HRESULT (facility '8007'). A binding hands out either with or without a sign.

Source: pcsclite.h (pcsc-lite 1.9.9) for names and values; winerror.h for Windows's own; pcsc-lite's src/winscard.c for
when it returns which; eringoio/zairyu-card-reader's decision log of 2026-07-09 for SCARD_W_REMOVED_CARD of a connect.
"""

from __future__ import annotations

from typing import Final

from mynacard import errors
from mynacard._dataclasses import dataclass
from mynacard.texts import N_

__all__ = ["BY_CALL", "FAILURES", "SUCCESS", "Failure", "failure", "unsigned"]

SUCCESS: Final = 0
"""SCARD_S_SUCCESS."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A row: the code's name in its header file, the exception, and the message for people.

    The template may use ``{reader}``, ``{call}`` (the PC/SC function) and ``{pcsc}`` (the code's name and number).
    """

    name: str
    error: type[errors.ReaderError]
    template: str


_NO_SERVICE: Final = N_(
    "The PC/SC service is not running. On Linux start it (sudo systemctl start pcscd.socket, or pcscd itself); "
    "Windows starts it when a reader is attached."
)
_NOT_REDIRECTED: Final = N_(
    "This remote session has no access to smart cards: turn on their redirection in its settings."
)
_REFUSED: Final = N_(
    "The PC/SC service refuses this user or session ({pcsc}). On Linux a polkit rule has to allow SSH sessions, "
    "containers and background services."
)
_NO_READER: Final = N_("No card reader is attached.")
_UNKNOWN_READER: Final = N_("No reader named {reader} is attached.")
_READER_GONE: Final = N_("The reader {reader} was unplugged or switched off.")
_BUSY: Final = N_("Another program uses the card on {reader} and does not share it. Close that program and try again.")
_SERVICE_BUSY: Final = N_("The PC/SC service is too busy ({pcsc}). Try again in a moment.")
_NO_CARD: Final = N_("There is no card on the reader {reader}.")
_MUTE: Final = N_("The card on {reader} does not answer: it lies face down, is dirty, or is not a smart card.")
_UNSUITABLE: Final = N_(
    "The card on {reader} cannot be used through this reader ({pcsc}): it may be another kind of card."
)
_NOT_READY: Final = N_("The reader {reader} or the card on it is not ready. Take the card off and put it back.")
_REMOVED: Final = N_("The card was taken off the reader {reader}.")
_RESET: Final = N_("The card on {reader} was reset by another program or by the system. Begin again.")
_LOST: Final = N_("The connection to {reader} is gone ({pcsc}). Begin again.")
_UNKNOWN: Final = N_("{reader} did not answer {call} ({pcsc}): it is unknown whether the card did what it was asked.")
_UNNAMED: Final = N_("PC/SC failed in {call} ({pcsc}).")

FAILURES: Final[dict[int, Failure]] = {
    # no service, no access
    0x8010001D: Failure("SCARD_E_NO_SERVICE",          errors.NoPcscServiceError,  _NO_SERVICE),
    0x8010001E: Failure("SCARD_E_SERVICE_STOPPED",     errors.NoPcscServiceError,  _NO_SERVICE),
    0x80100018: Failure("SCARD_P_SHUTDOWN",            errors.NoPcscServiceError,  _NO_SERVICE),
    0x00000426: Failure("ERROR_SERVICE_NOT_ACTIVE",    errors.NoPcscServiceError,  _NO_SERVICE),
    0x000006BA: Failure("RPC_S_SERVER_UNAVAILABLE",    errors.NoPcscServiceError,  _NO_SERVICE),
    0x0000006D: Failure("ERROR_BROKEN_PIPE",           errors.NoPcscServiceError,  _NOT_REDIRECTED),
    0x8010006A: Failure("SCARD_W_SECURITY_VIOLATION",  errors.AccessRefusedError,  _REFUSED),  # polkit's refusal
    0x80100027: Failure("SCARD_E_NO_ACCESS",           errors.AccessRefusedError,  _REFUSED),
    0x00000005: Failure("ERROR_ACCESS_DENIED",         errors.AccessRefusedError,  _REFUSED),

    # the reader
    0x8010002E: Failure("SCARD_E_NO_READERS_AVAILABLE", errors.NoReaderError,      _NO_READER),
    0x80100009: Failure("SCARD_E_UNKNOWN_READER",      errors.ReaderNotFoundError, _UNKNOWN_READER),
    0x80100017: Failure("SCARD_E_READER_UNAVAILABLE",  errors.ReaderNotFoundError, _READER_GONE),
    0x000001B1: Failure("ERROR_NO_SUCH_DEVICE",        errors.ReaderNotFoundError, _READER_GONE),
    0x0000048F: Failure("ERROR_DEVICE_NOT_CONNECTED",  errors.ReaderNotFoundError, _READER_GONE),
    0x00000651: Failure("ERROR_DEVICE_REMOVED",        errors.ReaderNotFoundError, _READER_GONE),
    0x8010000B: Failure("SCARD_E_SHARING_VIOLATION",   errors.ReaderBusyError,     _BUSY),
    0x000000AA: Failure("ERROR_BUSY",                  errors.ReaderBusyError,     _BUSY),
    0x80100031: Failure("SCARD_E_SERVER_TOO_BUSY",     errors.ReaderBusyError,     _SERVICE_BUSY),

    # the card
    0x8010000C: Failure("SCARD_E_NO_SMARTCARD",        errors.NoCardError,         _NO_CARD),
    0x80100066: Failure("SCARD_W_UNRESPONSIVE_CARD",   errors.CardMuteError,       _MUTE),
    0x80100067: Failure("SCARD_W_UNPOWERED_CARD",      errors.CardMuteError,       _MUTE),
    0x80100015: Failure("SCARD_E_INVALID_ATR",         errors.CardMuteError,       _MUTE),
    0x80100065: Failure("SCARD_W_UNSUPPORTED_CARD",    errors.CardMuteError,       _UNSUITABLE),
    0x8010001C: Failure("SCARD_E_CARD_UNSUPPORTED",    errors.CardMuteError,       _UNSUITABLE),
    0x8010000F: Failure("SCARD_E_PROTO_MISMATCH",      errors.CardMuteError,       _UNSUITABLE),
    0x80100010: Failure("SCARD_E_NOT_READY",           errors.CardMuteError,       _NOT_READY),
    0x00000015: Failure("ERROR_NOT_READY",             errors.CardMuteError,       _NOT_READY),

    # the connection: what was selected and verified on it no longer counts
    0x80100069: Failure("SCARD_W_REMOVED_CARD",        errors.CardRemovedError,    _REMOVED),
    0x80100068: Failure("SCARD_W_RESET_CARD",          errors.CardResetError,      _RESET),
    0x80100003: Failure("SCARD_E_INVALID_HANDLE",      errors.CardLostError,       _LOST),  # the service was restarted
    0x00000006: Failure("ERROR_INVALID_HANDLE",        errors.CardLostError,       _LOST),

    # something may have been sent, and the card may have done it
    0x80100016: Failure("SCARD_E_NOT_TRANSACTED",      errors.OutcomeUnknownError, _UNKNOWN),  # any failure of a driver
    0x80100013: Failure("SCARD_F_COMM_ERROR",          errors.OutcomeUnknownError, _UNKNOWN),
    0x8010002F: Failure("SCARD_E_COMM_DATA_LOST",      errors.OutcomeUnknownError, _UNKNOWN),
    0x80100008: Failure("SCARD_E_INSUFFICIENT_BUFFER", errors.OutcomeUnknownError, _UNKNOWN),  # or an answer too long
    0x80100019: Failure("SCARD_E_PCI_TOO_SMALL",       errors.OutcomeUnknownError, _UNKNOWN),
    0x80100001: Failure("SCARD_F_INTERNAL_ERROR",      errors.OutcomeUnknownError, _UNKNOWN),
    0x80100014: Failure("SCARD_F_UNKNOWN_ERROR",       errors.OutcomeUnknownError, _UNKNOWN),
    0x80100007: Failure("SCARD_F_WAITED_TOO_LONG",     errors.OutcomeUnknownError, _UNKNOWN),
    0x8010000A: Failure("SCARD_E_TIMEOUT",             errors.OutcomeUnknownError, _UNKNOWN),
    0x80100002: Failure("SCARD_E_CANCELLED",           errors.OutcomeUnknownError, _UNKNOWN),
    0x80100012: Failure("SCARD_E_SYSTEM_CANCELLED",    errors.OutcomeUnknownError, _UNKNOWN),
    0x8010001F: Failure("SCARD_E_UNEXPECTED",          errors.OutcomeUnknownError, _UNKNOWN),
    0x00000016: Failure("ERROR_BAD_COMMAND",           errors.OutcomeUnknownError, _UNKNOWN),
    0x00000017: Failure("ERROR_CRC",                   errors.OutcomeUnknownError, _UNKNOWN),
    0x0000001F: Failure("ERROR_GEN_FAILURE",           errors.OutcomeUnknownError, _UNKNOWN),
    0x00000079: Failure("ERROR_SEM_TIMEOUT",           errors.OutcomeUnknownError, _UNKNOWN),
    0x0000007A: Failure("ERROR_INSUFFICIENT_BUFFER",   errors.OutcomeUnknownError, _UNKNOWN),
    0x000000EA: Failure("ERROR_MORE_DATA",             errors.OutcomeUnknownError, _UNKNOWN),
    0x000003E3: Failure("ERROR_OPERATION_ABORTED",     errors.OutcomeUnknownError, _UNKNOWN),
    0x0000045D: Failure("ERROR_IO_DEVICE",             errors.OutcomeUnknownError, _UNKNOWN),
    0x00000490: Failure("ERROR_NOT_FOUND",             errors.OutcomeUnknownError, _UNKNOWN),
}  # fmt: skip

BY_CALL: Final[dict[tuple[str, int], Failure]] = {
    # a Sony PaSoRi on Windows says so where no card lies on it
    ("SCardConnect", 0x80100069): Failure("SCARD_W_REMOVED_CARD", errors.NoCardError, _NO_CARD),
}  # fmt: skip
"""Codes that mean something else when this call returns them: nothing was connected before it."""

_FACILITY_WIN32: Final = 0x8007
_PCSC: Final = "PC/SC"


def unsigned(code: int) -> int:
    """*code* as the header files write it, whatever sign a binding gave it; an HRESULT becomes the code inside it."""
    code &= 0xFFFFFFFF
    return code & 0xFFFF if code >> 16 == _FACILITY_WIN32 else code


def failure(code: int, call: str, reader: str | None = None) -> errors.ReaderError:
    """The exception that says what *code* means, which the PC/SC function *call* returned.

    Args:
        code: any return code but success, signed or not; one that is not in the table becomes a plain ReaderError.
        call: the name of the function.
        reader: the reader that the call was about, if any.
    """
    code = unsigned(code)
    row = BY_CALL.get((call, code), FAILURES.get(code))
    if row is None:
        return errors.ReaderError(_UNNAMED, call=call, reader=reader or _PCSC, pcsc=f"0x{code:08X}")
    return row.error(row.template, call=call, reader=reader or _PCSC, pcsc=f"{row.name}, 0x{code:08X}")

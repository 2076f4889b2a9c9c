"""Exit codes, in one table (docs/cli.md prints it): 0 is success, 1 any other error, 2 a wrong command line."""

from __future__ import annotations

from typing import Final

from mynacard import errors

__all__ = ["EXIT_CODES", "NOT_FULLY_CHECKED", "SIGNATURE_BAD", "SOMETHING_WRONG", "exit_code"]

SIGNATURE_BAD: Final = 70
NOT_FULLY_CHECKED: Final = 71
SOMETHING_WRONG: Final = 72

EXIT_CODES: Final[dict[type[Exception], int]] = {  # the most specific class of an error counts
    errors.MynacardError: 1,
    errors.UsageError: 2,
    errors.UnsupportedAlgorithmError: 2,
    errors.ListeningError: 3,
    errors.SettingsFileError: 8,
    errors.BrowserSetupError: 9,
    errors.NoPcscLibraryError: 10,
    errors.NoPcscServiceError: 11,
    errors.AccessRefusedError: 12,
    errors.NoReaderError: 13,
    errors.ReaderNotFoundError: 14,
    errors.ReaderAmbiguousError: 15,
    errors.ReaderBusyError: 16,
    errors.NoCardError: 17,
    errors.CardMuteError: 18,
    errors.CardLostError: 19,
    errors.OutcomeUnknownError: 20,
    errors.CallTimeoutError: 21,
    errors.ExtendedLengthError: 22,
    errors.NoKeypadError: 23,
    errors.ReaderError: 29,
    errors.PinFormError: 30,
    errors.PinIncorrect: 31,
    errors.PinBlocked: 32,
    errors.LastTryError: 33,
    errors.VerificationOutcomeUnknownError: 34,
    errors.ChangeOutcomeUnknownError: 35,
    errors.HalfChangedError: 36,
    errors.CardNumberIncorrect: 37,
    errors.PinNotTyped: 38,
    errors.PinAbsent: 39,
    errors.ApplicationNotFound: 40,
    errors.CertificateAbsent: 41,
    errors.SecurityStatusNotSatisfied: 42,
    errors.SessionEndedError: 43,
    errors.NoResidenceCard: 44,
    errors.NotPublicError: 45,
    errors.ConsentRefused: 46,
    errors.CardError: 49,
    errors.ProtocolError: 50,
    errors.SignatureMismatchError: 51,
    errors.CertificateFileError: 60,
    errors.CardFileError: 61,
    errors.TestPkiError: 62,
    OSError: 63,
    errors.MissingExtraError: 64,
    errors.PdfFileError: 65,
    errors.TimeStampError: 66,
    errors.SubmissionError: 67,
    errors.PortalUnreachable: 68,
    errors.ReaderFileError: 69,
}


def exit_code(error: Exception) -> int:
    """The exit code of *error*: that of the first of its classes that has one."""
    return next((EXIT_CODES[kind] for kind in type(error).__mro__ if kind in EXIT_CODES), 1)

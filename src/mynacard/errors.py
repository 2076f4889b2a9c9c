"""Everything that can go wrong, sorted by who can put it right.

::

    MynacardError
    ├── ReaderError        the desk: library, service, reader, connection
    │   ├── NoPcscLibraryError, NoPcscServiceError, AccessRefusedError
    │   ├── NoReaderError, ReaderNotFoundError, ReaderAmbiguousError, ReaderBusyError
    │   ├── NoCardError, CardMuteError, ExtendedLengthError, NoKeypadError
    │   ├── CardLostError  the session is void
    │   │   └── CardRemovedError, CardResetError
    │   └── OutcomeUnknownError    a command was sent, and no answer came
    │       └── CallTimeoutError
    ├── ProtocolError      the peer: bytes that the specification forbids
    │   ├── TlvError, UnintelligibleError
    │   ├── SignatureMismatchError
    │   │   └── HeldCertificateError    the caller's certificate is not that of the card's key
    │   └── CardDataError
    │       └── MaskedError    a recording leaves these bytes out
    ├── CardError          the card understood, and said no; has .status and .during
    │   ├── WrongLength, SecurityStatusNotSatisfied, ConditionsNotSatisfied, FunctionNotSupported
    │   └── FileNotFound
    │       └── ApplicationNotFound, CertificateAbsent, NoResidenceCard
    ├── PinError           the holder: whatever concerns a PIN; has .pin
    │   ├── PinIncorrect, PinBlocked, CardNumberIncorrect    also CardError
    │   ├── PinAbsent      also FileNotFound
    │   ├── LastTryError   a VERIFY was not sent, because it could have been the last one
    │   ├── PinFormError   also ValueError: the caller, nothing was sent
    │   ├── PinNotTyped    no PIN came from the reader's keys
    │   │   └── PinEntryCancelled, PinEntryTimedOut
    │   ├── ConsentRefused    no PIN came from a window; has .reason
    │   ├── VerificationOutcomeUnknownError    also OutcomeUnknownError
    │   │   └── CardLostAtVerificationError    also CardLostError
    │   ├── ChangeOutcomeUnknownError    also OutcomeUnknownError
    │   │   └── CardLostAtChangeError    also CardLostError
    │   └── HalfChangedError    the holder has one PIN, the card two keys, and now they differ
    ├── NotPublicError     no public text says how to talk to this card
    ├── SessionEndedError  another application was selected since, or the card was logged out
    ├── CardFileError, ReaderFileError, SettingsFileError, TestPkiError    files on this machine
    ├── BrowserSetupError  the browsers on this machine, and the host that they start
    ├── CertificateFileError, PdfFileError    likewise; also ValueError
    ├── SignatureNotAccepted    a signature is bad, or was not checked as far as the caller demands; has .steps
    ├── LoginRefused       the visitor of a portal
    │   ├── NonceUnknown, NonceExpired, TokenUnreadable
    │   └── LoginNotAccepted    also SignatureNotAccepted
    ├── TimeStampError, SubmissionError, PortalUnreachable    services on the network
    ├── ListeningError     the port at which a program was to be reached
    ├── MissingExtraError  this installation
    ├── UnsupportedAlgorithmError    also ValueError: the caller, nothing was sent
    └── UsageError         likewise; also ValueError
        └── OwnershipError

Every class has a stable ``code``. A message is a template with details, so that a program can show it
in another language (:meth:`MynacardError.text`); ``str()`` gives the English. No message, detail or
``repr`` holds a secret.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, Self

from mynacard.texts import N_, Sentence

if TYPE_CHECKING:
    from collections.abc import Callable

    from mynacard.apdu.status import StatusWord
    from mynacard.verdict import Step

__all__ = [
    "AccessRefusedError",
    "ApplicationNotFound",
    "BrowserSetupError",
    "CallTimeoutError",
    "CardDataError",
    "CardError",
    "CardFileError",
    "CardLostAtChangeError",
    "CardLostAtVerificationError",
    "CardLostError",
    "CardMuteError",
    "CardNumberIncorrect",
    "CardRemovedError",
    "CardResetError",
    "CertificateAbsent",
    "CertificateFileError",
    "ChangeOutcomeUnknownError",
    "ConditionsNotSatisfied",
    "ConsentRefused",
    "ExtendedLengthError",
    "FileNotFound",
    "FunctionNotSupported",
    "HalfChangedError",
    "HeldCertificateError",
    "LastTryError",
    "ListeningError",
    "LoginNotAccepted",
    "LoginRefused",
    "MaskedError",
    "MissingExtraError",
    "MynacardError",
    "NoCardError",
    "NoKeypadError",
    "NoPcscLibraryError",
    "NoPcscServiceError",
    "NoReaderError",
    "NoResidenceCard",
    "NonceExpired",
    "NonceUnknown",
    "NotPublicError",
    "OutcomeUnknownError",
    "OwnershipError",
    "PdfFileError",
    "PinAbsent",
    "PinBlocked",
    "PinEntryCancelled",
    "PinEntryTimedOut",
    "PinError",
    "PinFormError",
    "PinIncorrect",
    "PinNotTyped",
    "PortalUnreachable",
    "ProtocolError",
    "ReaderAmbiguousError",
    "ReaderBusyError",
    "ReaderError",
    "ReaderFileError",
    "ReaderNotFoundError",
    "SecurityStatusNotSatisfied",
    "SessionEndedError",
    "SettingsFileError",
    "SignatureMismatchError",
    "SignatureNotAccepted",
    "SubmissionError",
    "TestPkiError",
    "TimeStampError",
    "TlvError",
    "TokenUnreadable",
    "UnintelligibleError",
    "UnsupportedAlgorithmError",
    "UsageError",
    "VerificationOutcomeUnknownError",
    "WrongLength",
]


class MynacardError(Exception):
    """The root: whatever a card, a reader, a file or a peer sends, the library raises nothing else.

    Args:
        template: a sentence for people, with ``{names}`` where details go.
        details: the values for these names, never a secret.
    """

    code: ClassVar[str] = "mynacard"

    def __init__(self, template: str, /, **details: object) -> None:
        super().__init__(template)
        self.details = details

    def text(self, translate: Callable[[str], str] = str) -> str:
        """The sentence, after its template has passed through *translate* (a ``gettext``)."""
        return Sentence(str(self.args[0]), self.details).text(translate)

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.text()!r})"


# --- the desk ----------------------------------------------------------------------------------------


class ReaderError(MynacardError):
    """The desk: the PC/SC library, its service, a reader, or the connection to a card."""

    code = "reader"


class NoPcscLibraryError(ReaderError):
    """This machine or this Python has no PC/SC library."""

    code = "reader/no-library"


class NoPcscServiceError(ReaderError):
    """The PC/SC service is not running."""

    code = "reader/no-service"


class AccessRefusedError(ReaderError):
    """The PC/SC service refuses this user."""

    code = "reader/access-refused"


class NoReaderError(ReaderError):
    """No reader is attached."""

    code = "reader/no-reader"


class ReaderNotFoundError(ReaderError):
    """No attached reader has the requested name."""

    code = "reader/not-found"


class ReaderAmbiguousError(ReaderError):
    """More than one reader fits; ``.readers`` lists them."""

    code = "reader/ambiguous"

    def __init__(self, template: str, /, *, readers: tuple[str, ...], **details: object) -> None:
        super().__init__(template, readers=", ".join(readers), **details)
        self.readers = readers


class ReaderBusyError(ReaderError):
    """Another program is using the card; ``.holders`` names the candidates, where the system reports them."""

    code = "reader/busy"

    def __init__(self, template: str, /, *, holders: tuple[str, ...] = (), **details: object) -> None:
        super().__init__(template, holders=", ".join(holders), **details)
        self.holders = holders


class NoCardError(ReaderError):
    """There is no card on the reader."""

    code = "reader/no-card"


class CardMuteError(ReaderError):
    """A card is there but does not answer: it is face down, dirty, or not a smart card."""

    code = "reader/mute"


class ExtendedLengthError(ReaderError):
    """This needs commands or answers longer than the reader or card passes. Nothing secret was sent."""

    code = "reader/extended-length"


class NoKeypadError(ReaderError):
    """The reader has no keypad for this PIN, or an untested one. The holder was not asked for a PIN."""

    code = "reader/no-keypad"


class CardLostError(ReaderError):
    """The connection to the card is gone; what was selected and verified on it is void."""

    code = "reader/card-lost"


class CardRemovedError(CardLostError):
    """The card left the reader."""

    code = "reader/card-removed"


class CardResetError(CardLostError):
    """Another program, or the system, reset the card."""

    code = "reader/card-reset"


class OutcomeUnknownError(ReaderError):
    """A command was sent, and no status word came back: the card may or may not have carried it out."""

    code = "reader/outcome-unknown"


class CallTimeoutError(OutcomeUnknownError):
    """A PC/SC call did not return in time; ``.call`` names it. The connection is given up."""

    code = "reader/timeout"

    def __init__(self, template: str, /, *, call: str, **details: object) -> None:
        super().__init__(template, call=call, **details)
        self.call = call


# --- the peer ----------------------------------------------------------------------------------------


class ProtocolError(MynacardError):
    """The peer sent bytes that the specification forbids."""

    code = "protocol"


class TlvError(ProtocolError):
    """A data object is truncated, too long, too deep, or of indefinite length."""

    code = "protocol/tlv"


class UnintelligibleError(ProtocolError):
    """No known form fits a command APDU; ``.part`` is the first part that is wrong."""

    code = "protocol/unintelligible"

    def __init__(self, template: str, /, *, part: str, **details: object) -> None:
        super().__init__(template, part=part, **details)
        self.part = part


class CardDataError(ProtocolError):
    """A file or answer of the card does not hold what belongs there."""

    code = "protocol/card-data"


class MaskedError(CardDataError):
    """The recording does not hold these bytes: they are personal, and were masked when it was made."""

    code = "protocol/masked"


class SignatureMismatchError(ProtocolError):
    """The card's answer is not a signature of the data under the card's own certificate."""

    code = "protocol/signature-mismatch"


class HeldCertificateError(SignatureMismatchError):
    """The certificate that the caller passed in is not that of the card's key. The signature was withheld.

    The session has dropped that certificate. It reads the card's own one instead, and can sign again without a PIN.
    """

    code = "protocol/held-certificate"


# --- the card ----------------------------------------------------------------------------------------


class CardError(MynacardError):
    """The card understood the command and refused it.

    Attributes:
        status: the status word.
        during: the command that was refused, by its name in the standard.
    """

    code = "card"

    def __init__(self, status: StatusWord, during: str, template: str | None = None, /, **details: object) -> None:
        super().__init__(
            template or N_("The card refused {during}: {meaning} ({status})."),
            during=during,
            meaning=status.meaning,
            status=str(status),
            **details,
        )
        self.status = status
        self.during = during


class WrongLength(CardError):
    """'6700': the card does not take this length, or not this form of length."""

    code = "card/wrong-length"


class SecurityStatusNotSatisfied(CardError):
    """'6982': a PIN guards this, and it is not verified."""

    code = "card/security-status"


class ConditionsNotSatisfied(CardError):
    """'6985': not now, or not with this input."""

    code = "card/conditions"


class FunctionNotSupported(CardError):
    """'6A81', '6A86', '6D00', '6E00': this card does not support it."""

    code = "card/not-supported"


class FileNotFound(CardError):
    """'6A82': no such file or application on this card."""

    code = "card/file-not-found"


class ApplicationNotFound(FileNotFound):
    """The card does not have this application: it is another kind of card, or a phone, which has only JPKI."""

    code = "card/application-not-found"

    def __init__(self, status: StatusWord, during: str, application: str, /) -> None:
        super().__init__(
            status,
            during,
            N_(
                "This card has no {application} application: Individual Number Cards have it, phones have only JPKI, "
                "other cards neither. If it is an Individual Number Card, it is damaged."
            ),
            application=application,
        )
        self.application = application


class CertificateAbsent(FileNotFound):
    """The card has this application, but not this certificate or its key (under 15, not requested, or deleted)."""

    code = "card/certificate-absent"

    def __init__(self, status: StatusWord, during: str, certificate: str, /) -> None:
        super().__init__(
            status,
            during,
            N_(
                "There is no usable {certificate} certificate on this card. The municipal office issues one, "
                "a digital-signature one only from the age of 15."
            ),
            certificate=certificate,
        )
        self.certificate = certificate


class NoResidenceCard(FileNotFound):
    """The card does not state its type of residence card: it is not a residence card, or it is damaged."""

    code = "card/no-residence-card"

    def __init__(self, status: StatusWord, during: str, /) -> None:
        super().__init__(
            status,
            during,
            N_("This is neither a residence card nor a special permanent resident certificate ({status})."),
        )


# --- the holder --------------------------------------------------------------------------------------


class PinError(MynacardError):
    """The holder: any error about a PIN; ``.pin`` names it."""

    code = "pin"

    @property
    def pin(self) -> str:
        """The PIN's name for people, in English; a catalogue may translate it."""
        return str(self.details["pin"])


class PinIncorrect(PinError, CardError):
    """The PIN was wrong, and a try is spent. ``.tries_left`` is None where the card does not say."""

    code = "pin/incorrect"

    def __init__(self, status: StatusWord, during: str, pin: str, /) -> None:
        template = (
            N_(
                "The {pin} is wrong. Tries left: {tries_left}; "
                "after the last, the municipal office has to set a new one."
            )
            if status.tries_left is not None
            else N_("The {pin} is wrong. The card does not say how many tries are left.")
        )
        super().__init__(status, during, template, pin=pin, tries_left=status.tries_left)
        self.tries_left = status.tries_left


class PinBlocked(PinError, CardError):
    """No tries are left ('63C0', '6983', '6984'): set a new PIN at the municipal office, or as J-LIS describes."""

    code = "pin/blocked"

    def __init__(self, status: StatusWord, during: str, pin: str, /) -> None:
        template = N_("The {pin} is blocked: no tries are left. The municipal office sets a new one.")
        super().__init__(status, during, template, pin=pin)


class PinAbsent(PinError, FileNotFound):
    """The application does not have this PIN ('6A82', '6A88'): holder under 15, no PINs, or another kind of card."""

    code = "pin/absent"

    def __init__(self, status: StatusWord, during: str, pin: str, /) -> None:
        template = N_(
            "This card has no {pin} ({status}), so it cannot do what needs one. The municipal office sets one, "
            "a digital-signature password only from the age of 15."
        )
        super().__init__(status, during, template, pin=pin)


class CardNumberIncorrect(PinError, CardError):
    """The number is not that of this residence card. The card counts no tries; the library does not send it again."""

    code = "pin/card-number"

    def __init__(self, status: StatusWord, during: str, /) -> None:
        template = N_("The number does not match this card. Compare it with the one printed top right.")
        super().__init__(status, during, template, pin=N_("card number"))


class LastTryError(PinError):
    """No VERIFY was sent: one try is left, or an unknown number, and the caller did not allow spending the last."""

    code = "pin/last-try"

    def __init__(self, template: str, /, *, pin: str, tries_left: int | None) -> None:
        super().__init__(template, pin=pin, tries_left=tries_left)
        self.tries_left = tries_left


class PinNotTyped(PinError):
    """The holder typed no PIN of the right form at the reader. The card has received none; no try is spent."""

    code = "pin/not-typed"

    def __init__(self, template: str, /, *, pin: str) -> None:
        super().__init__(template, pin=pin)


class PinEntryCancelled(PinNotTyped):
    """The holder pressed the cancel key."""

    code = "pin/entry-cancelled"


class PinEntryTimedOut(PinNotTyped):
    """The holder did not type in time."""

    code = "pin/entry-timed-out"


class ConsentRefused(PinError):
    """The holder was asked in a window and gave no PIN, or could not be asked. No try is spent.

    Attributes:
        reason: the value of a :class:`mynacard.consent.Refusal`, such as ``cancelled`` or ``busy``.
    """

    code = "pin/consent-refused"

    def __init__(self, template: str, /, *, pin: str, reason: str) -> None:
        super().__init__(template, pin=pin)
        self.reason = reason


class PinFormError(PinError, ValueError):
    """The value does not have the form of this PIN. It never reached the card; no try is spent."""

    code = "pin/form"

    def __init__(self, template: str, /, *, pin: str, form: str) -> None:
        super().__init__(template, pin=pin, form=form)


class VerificationOutcomeUnknownError(PinError, OutcomeUnknownError):
    """A PIN was sent, and no answer came back: a try may be spent. Ask the card before trying again."""

    code = "reader/verification-outcome-unknown"

    def __init__(self, template: str, /, *, pin: str, cause: BaseException) -> None:
        super().__init__(template, pin=pin, cause=cause)


class CardLostAtVerificationError(VerificationOutcomeUnknownError, CardLostError):
    """The same, because the card was removed or reset: the session is void, too."""

    code = "reader/card-lost-at-verification"


class ChangeOutcomeUnknownError(PinError, OutcomeUnknownError):
    """A new PIN was sent, and no clear answer came back: the old or the new one is in force. It is not sent again."""

    code = "reader/change-outcome-unknown"

    def __init__(self, template: str, /, *, pin: str, cause: BaseException) -> None:
        super().__init__(template, pin=pin, cause=cause)


class CardLostAtChangeError(ChangeOutcomeUnknownError, CardLostError):
    """The same, because the card was removed or reset: the session is void, too."""

    code = "reader/card-lost-at-change"


class HalfChangedError(PinError):
    """A PIN that is two keys on the card was changed in only one of them; ``.changed`` and ``.unchanged`` name them."""

    code = "pin/half-changed"

    def __init__(self, template: str, /, *, changed: str, unchanged: str, **details: object) -> None:
        super().__init__(template, pin=unchanged, changed=changed, unchanged=unchanged, **details)
        self.changed = changed
        self.unchanged = unchanged


# --- the session, files, services --------------------------------------------------------------------


class NotPublicError(MynacardError):
    """The card says what it is, but no public text specifies how to talk to it."""

    code = "card/not-public"


class SessionEndedError(MynacardError):
    """The session's application is no longer selected. Nothing was sent."""

    code = "session/ended"


class CardFileError(MynacardError):
    """The file of a simulated or recorded card cannot be read or written, is damaged, or is in use."""

    code = "file/card"


class ReaderFileError(MynacardError):
    """A file about readers (profiles, a check report) cannot be read, is damaged, or is of another version."""

    code = "file/reader"


class SettingsFileError(MynacardError):
    """The settings of the Web eID host cannot be read, or are damaged. Nothing is allowed until that is mended."""

    code = "file/settings"


class BrowserSetupError(MynacardError):
    """The Web eID host cannot be made known to a browser: another program's is there, ours is missing, or no folder."""

    code = "install/browser"


class TestPkiError(MynacardError):
    """The test PKI of the simulator cannot be read or made."""

    code = "file/test-pki"
    __test__ = False  # not a test class, whatever pytest thinks of the name


class CertificateFileError(MynacardError, ValueError):
    """A file or byte string is not the certificate or signature that it should be."""

    code = "file/certificate"


class PdfFileError(MynacardError, ValueError):
    """A file is not a PDF, is damaged or encrypted, or does not take or hold a signature."""

    code = "file/pdf"


class SignatureNotAccepted(MynacardError):
    """A signature is bad, or was not checked as far as the caller demands; ``.steps`` says what was checked.

    Attributes:
        steps: all steps with their names, those that are good included.
    """

    code = "signature/not-accepted"

    def __init__(self, template: str, /, *, steps: tuple[tuple[str, Step], ...], **details: object) -> None:
        super().__init__(template, **details)
        self.steps = steps


class LoginRefused(MynacardError):
    """A portal does not log this visitor in, who may begin again with a new nonce."""

    code = "login"


class NonceUnknown(LoginRefused):
    """No log-in was begun in this session, or its nonce was already used or replaced."""

    code = "login/unknown-nonce"


class NonceExpired(LoginRefused):
    """The nonce was issued too long ago."""

    code = "login/expired-nonce"


class TokenUnreadable(LoginRefused):
    """The page sent something other than a Web eID token of a supported kind."""

    code = "login/token"


class LoginNotAccepted(LoginRefused, SignatureNotAccepted):
    """The token does not answer the nonce, or its certificate is bad or was not fully checked."""

    code = "login/not-accepted"


class TimeStampError(MynacardError):
    """The authority gave no time stamp. The signature that was to have it is good without one."""

    code = "signature/time-stamp"


class SubmissionError(MynacardError):
    """An application, a package or an answer is not accepted; ``.violations`` or ``.report`` says what is wrong."""

    code = "submission"


class PortalUnreachable(MynacardError):
    """The receiver's answer did not arrive, or only in part; what it received is unknown. Send it again."""

    code = "portal/unreachable"


class ListeningError(MynacardError):
    """This program cannot be reached at that port: another program has it, or this user may not."""

    code = "portal/port"


class MissingExtraError(MynacardError):
    """A required package is not installed; ``.extra`` names the extra to install."""

    code = "install/extra"

    @classmethod
    def check(cls, packages: Iterable[str], extra: str, /) -> None:
        """Check that *packages* are installed: all that a task will need, so that its user installs once.

        Raises:
            MissingExtraError: some are not; it names them all.
        """
        if missing := _missing(packages):
            raise cls(", ".join(missing), extra)

    @classmethod
    def of(cls, packages: Iterable[str], extra: str, /) -> Self:
        """The error of an import that failed: it names those of *packages* that are not installed."""
        return cls(", ".join(_missing(packages)), extra)

    def __init__(self, package: str, extra: str, /) -> None:
        super().__init__(
            N_("This needs {package}: pip install 'mynacard[{extra}]'."),
            package=package,
            extra=extra,
        )
        self.extra = extra


def _missing(packages: Iterable[str]) -> list[str]:
    from importlib.util import find_spec  # noqa: PLC0415  # few programs ask

    return [package for package in packages if find_spec(package) is None]


# --- the caller --------------------------------------------------------------------------------------


class UnsupportedAlgorithmError(MynacardError, ValueError):
    """A hash, padding or operation that this key does not offer. Nothing was sent."""

    code = "usage/algorithm"


class UsageError(MynacardError, ValueError):
    """A value that the call does not accept. Nothing was sent."""

    code = "usage"


class OwnershipError(UsageError):
    """A card belongs to one process, and to one thread at a time. Nothing was sent."""

    code = "usage/owner"

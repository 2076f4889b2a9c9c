"""The one place that sends VERIFY, for every application.

A spent try cannot be taken back, and a blocked card costs its holder a day at the municipal office. So, in this order:
the form of the PIN is checked here, where a wrong one costs nothing; the card is asked how many tries are left; one
VERIFY is sent, or none; and no second one, whatever happens then.

Source: ISO/IEC 7816-4:2005 §7.5.6; what cards answer: vectors/jpki/verify.json.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final, TypeVar

from mynacard import errors
from mynacard.apdu import keypad
from mynacard.apdu.channel import Channel, refusal
from mynacard.apdu.commands import CURRENT, ChangeKey, ChangeReferenceData, Command, Verify, VerifyStatus, encode
from mynacard.apdu.pins import Blocked, PinReference, PinSecret, PinStatus, TriesLeft, TriesUnknown, Verified
from mynacard.apdu.status import SUCCESS, StatusWord
from mynacard.arguments import check_class, check_type
from mynacard.pin import AtKeypad, Pin
from mynacard.texts import N_

__all__ = [
    "CARD_GONE",
    "check_form",
    "check_tries",
    "pin_status",
    "present",
    "refusal_of_pin",
    "send_secret",
    "send_typed",
    "verify",
]


_E = TypeVar("_E", bound=BaseException)

CARD_GONE: Final = (errors.CardLostError, errors.NoCardError)
"""Errors after which the session is void: the card was removed or reset."""

_BLOCKED: Final = frozenset({StatusWord.NO_TRIES_LEFT, StatusWord.METHOD_BLOCKED, StatusWord.KEY_LOCKED})
_ABSENT: Final = frozenset({StatusWord.FILE_NOT_FOUND, StatusWord.REFERENCE_NOT_FOUND})
"""Answers to the query. After VERIFY they mean something else: the PIN was there just before, so the card was reset."""


def check_form(reference: PinReference, pin: PinSecret, *, upper_case: bool = False) -> PinSecret:
    """*pin* as the card wants it: converted to upper case if *upper_case* allows it and it needs it, else unchanged.

    Raises:
        PinFormError: it is empty, of the wrong length, or has a character that this PIN cannot have.
        NoKeypadError: it is to be typed at a keypad, and may have letters.
        UsageError: its ``timeout_s`` is not 1..255, or *reference* or *pin* is something else.
    """
    check_type(reference, PinReference)
    check_class(type(pin), Pin, AtKeypad)
    if isinstance(pin, AtKeypad):
        _digits(reference)
        if type(pin.timeout_s) is not int or not 1 <= pin.timeout_s <= keypad.TIMEOUT_MAX_S:
            raise errors.UsageError(N_("A reader waits 1 to {most} s for a PIN."), most=keypad.TIMEOUT_MAX_S)
        return pin
    capitals = Pin(pin.reveal().upper()) if reference.upper_case else pin  # of bytes: only ASCII letters change
    for spelling in (pin, capitals) if upper_case else (pin,):
        if reference.form.fullmatch(spelling.reveal()):
            return spelling
    if reference.form.fullmatch(capitals.reveal()):
        template = N_(
            "The {pin} has lowercase letters, and cards keep it in capitals. "
            "It was not sent. Use capitals, or let them be made (--upper-case; in Python, upper_case=True)."
        )
    elif pin.from_file:
        template = N_("The {pin} must be {form}. The one in the file is not, and was not sent: no try is spent.")
    else:
        template = N_("The {pin} must be {form}. The one typed is not, and was not sent: no try is spent.")
    raise errors.PinFormError(template, pin=reference.label, form=reference.form_label)


def pin_status(channel: Channel, reference: PinReference) -> PinStatus:
    """The state of the PIN, as the card reports it. Spends no try.

    Raises:
        PinAbsent: the card does not have this PIN.
        CardError: the card refuses the query.
        UsageError: *channel* is not a Channel, or *reference* is not a PinReference. Nothing was sent.
    """
    check_type(channel, Channel)
    check_type(reference, PinReference)
    try:
        status = channel.exchange_on(reference.key, VerifyStatus(reference.key)).status
    except errors.FileNotFound as error:  # at SELECT: a card that has no short identifiers, or not this one
        raise errors.PinAbsent(error.status, error.during, reference.label) from error
    return _status(status, reference)


def verify(
    channel: Channel,
    reference: PinReference,
    pin: PinSecret,
    *,
    spend_last_try: bool = False,
    upper_case: bool = False,
) -> None:
    """Present *pin* to the card, once. On return the card counts it as verified, until log-out or power-off.

    Costs two APDUs (three where the card refuses short identifiers). A wrong PIN costs a try; so may a lost answer.

    Args:
        channel: on the application that has the PIN.
        reference: which PIN.
        pin: the PIN that the holder typed, or the request to type it at the reader.
        spend_last_try: send it even if one try is left, or the card does not say how many are.
        upper_case: convert lowercase letters to capitals first.

    Raises:
        PinFormError: the PIN has the wrong form. Nothing was sent.
        PinBlocked: no tries are left. If the card said so when asked, the PIN was not sent.
        PinAbsent: the card does not have this PIN.
        LastTryError: one try is left, or an unknown number, and *spend_last_try* is False. The PIN was not sent.
        PinIncorrect: the PIN is wrong; a try is spent.
        PinNotTyped: it was to be typed at the reader, but was not; no try is spent.
        NoKeypadError: it was to be typed there, but the reader has no keypad, or an untested one. The holder was not
            asked.
        UsageError: its ``timeout_s`` is not 1..255. Nothing was sent.
        VerificationOutcomeUnknownError: no answer came. A try may be spent; ask before trying again. Where the card was
            lost, this is a CardLostAtVerificationError.
        CardError: the card refused in another way.
    """
    pin = check_form(reference, pin, upper_case=upper_case)
    check_tries(pin_status(channel, reference), reference, spend_last_try)
    # The query has just shown which of the two forms this card takes; after SELECT its EF is still the current one.
    key = reference.key if channel.takes_identifier(reference.key, VerifyStatus) else CURRENT
    unknown = partial(_outcome_unknown, reference)
    if isinstance(pin, AtKeypad):
        status = send_typed(channel, reference, pin, Verify, key, unknown)
    else:
        status = send_secret(channel, Verify(key, pin), unknown)
    if status != SUCCESS:
        raise refusal_of_pin(status, reference)


def present(channel: Channel, key: int, secret: Pin, label: str) -> StatusWord:
    """The card's answer to *secret*, for which it counts no tries. It is presented once, with no query before.

    Args:
        channel: to the card, encrypted or not.
        key: the short identifier of what the secret is compared with.
        secret: the secret, in the form that it must have.
        label: its name for people.

    Raises:
        CardLostError: the card was removed or reset.
        OutcomeUnknownError: no answer came for another reason.
    """

    def unknown(error: errors.MynacardError) -> errors.MynacardError:
        if isinstance(error, errors.CardLostError):
            return error  # the card is gone, but no try is spent
        template = N_("No answer came to the {pin}, for which the card counts no tries. ({cause})")
        return errors.OutcomeUnknownError(template, pin=label, cause=error)

    return send_secret(channel, Verify(key, secret), unknown)


def refusal_of_pin(status: StatusWord, reference: PinReference, during: str = Verify.title) -> errors.CardError:
    """The exception for *status* after VERIFY of *reference*, or after another command on it."""
    label = reference.label
    if status in _BLOCKED:
        return errors.PinBlocked(status, during, label)
    if status == StatusWord.VERIFICATION_FAILED or status.tries_left is not None:
        return errors.PinIncorrect(status, during, label)
    return refusal(status, during)


def _status(status: StatusWord, reference: PinReference) -> PinStatus:
    if status in _BLOCKED:
        return Blocked(status)
    if status.tries_left is not None:
        return TriesLeft(status.tries_left)
    if status == StatusWord.VERIFICATION_FAILED:
        return TriesUnknown()
    if status == SUCCESS:
        return Verified()
    if status in _ABSENT:
        raise errors.PinAbsent(status, VerifyStatus.title, reference.label)
    raise refusal(status, VerifyStatus.title)


def check_tries(status: PinStatus, reference: PinReference, spend_last_try: bool) -> None:
    """Check that a PIN may be sent, given the *status* that the card reported.

    Raises:
        PinBlocked: no tries are left.
        LastTryError: one try is left, or an unknown number, and *spend_last_try* is False.
    """
    match status:
        case Blocked(word):
            raise errors.PinBlocked(word, VerifyStatus.title, reference.label)
        case TriesLeft(count) if count > 1:
            return
        case _ if spend_last_try:
            return
        case TriesLeft():
            template = N_("Only one try of the {pin} is left. It was not sent: a wrong one would block the card.")
        case _:
            template = N_("The card does not say how many tries of the {pin} are left. It was not sent.")
    tries_left = status.count if isinstance(status, TriesLeft) else None
    raise errors.LastTryError(template, pin=reference.label, tries_left=tries_left)


def send_secret(
    channel: Channel, command: Command, unknown: Callable[[errors.MynacardError], errors.MynacardError]
) -> StatusWord:
    """The card's answer to *command*, which holds a PIN and is sent once; *unknown* makes the error if none came.

    The frames below hold the PIN's bytes. A traceback keeps its frames alive, for any program that prints local
    variables, so an error that passes here loses them.

    Raises:
        MynacardError: what *unknown* makes of a ReaderError or ProtocolError.
    """
    try:
        return channel.exchange_once(command).status
    except (errors.ReaderError, errors.ProtocolError) as error:
        raised = unknown(_without_frames(error))
        raised.__cause__ = error if raised is not error else None
    except BaseException as error:
        raise _without_frames(error) from None
    raise raised


def send_typed(
    channel: Channel,
    reference: PinReference,
    at: AtKeypad,
    kind: type[Verify | ChangeReferenceData | ChangeKey],
    key: int,
    unknown: Callable[[errors.MynacardError], errors.MynacardError],
) -> StatusWord:
    """The card's answer to a command whose PIN is typed at the reader; *unknown* makes the error if none came.

    Raises:
        PinNotTyped, NoKeypadError: the card has received nothing.
        MynacardError: what *unknown* makes of a ReaderError or ProtocolError.
    """
    fewest, most = _digits(reference)
    header = bytes(encode(kind(key, _ANY)))[:4]
    command = keypad.TypedCommand(header, fewest, most, kind is not Verify, at.timeout_s, at.untested)
    try:
        status = channel.exchange_typed(command).status
    except errors.NoKeypadError:
        raise
    except (errors.ReaderError, errors.ProtocolError) as error:
        raise unknown(error) from error
    if status in _NOT_TYPED:
        error_kind, template = _NOT_TYPED[status]
        raise error_kind(template, pin=reference.label)
    if status == keypad.WRONG_PARAMETER:
        raise errors.NoKeypadError(N_("The reader does not accept a {pin} at its keypad."), pin=reference.label)
    return status


_ANY: Final = Pin(b"0")
"""A command's header does not depend on it."""
_NOT_TYPED: Final[Mapping[int, tuple[type[errors.PinNotTyped], str]]] = {
    keypad.TIMED_OUT: (errors.PinEntryTimedOut, N_("The {pin} was not typed at the reader in time.")),
    keypad.CANCELLED: (errors.PinEntryCancelled, N_("The entry of the {pin} was cancelled at the reader.")),
    keypad.TYPED_TWO_WAYS: (
        errors.PinNotTyped, N_("The two entries of the new {pin} at the reader differ. Nothing was sent.")
    ),
    keypad.WRONG_LENGTH: (
        errors.PinNotTyped, N_("Too few or too many digits for the {pin} were typed at the reader.")
    ),
}  # fmt: skip


def _digits(reference: PinReference) -> tuple[int, int]:
    """The fewest and the most digits that the PIN may have at a keypad."""
    lengths = [length for length in range(1, _KEYPAD_MAX + 1) if reference.form.fullmatch(b"0" * length)]
    if not lengths or reference.upper_case:
        raise errors.NoKeypadError(N_("The {pin} has letters, and no keypad has those."), pin=reference.label)
    return lengths[0], lengths[-1]


_KEYPAD_MAX: Final = 16


def _outcome_unknown(reference: PinReference, cause: BaseException) -> errors.OutcomeUnknownError:
    lost = isinstance(cause, CARD_GONE)
    kind = errors.CardLostAtVerificationError if lost else errors.VerificationOutcomeUnknownError
    return kind(
        N_("No answer came to the {pin}; a try may be spent. Check the tries left before trying again. ({cause})"),
        pin=reference.label,
        cause=cause,
    )


def _without_frames(error: _E) -> _E:
    """*error*; it and all errors that led to it lose their tracebacks."""
    chain: list[BaseException] = [error]
    for link in chain:
        link.__traceback__ = None
        origins = (link.__cause__, link.__context__)
        chain += [origin for origin in origins if origin is not None and not any(origin is known for known in chain)]
    return error

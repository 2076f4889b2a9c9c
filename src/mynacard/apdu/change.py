"""The one place that sends a new PIN, for every application.

A PIN that was changed to something its holder does not know is as good as blocked. So, in this order: the form of both
values is checked here; the old one is presented, with every guard of :mod:`mynacard.apdu.verification`; its EF is
selected; one change is sent, or none; and no second one, whatever comes back.

Source: ISO/IEC 7816-4:2005 §7.5.7, §5.1.3 (which status words leave the card as it was); the card's own '80 32', and
that cards take both on the selected EF: vectors/personal/commands.json. A short identifier may or may not do.
"""

from __future__ import annotations

from functools import partial
from typing import Final, TypeAlias

from mynacard import errors
from mynacard.apdu.channel import Channel
from mynacard.apdu.commands import CURRENT, ChangeKey, ChangeReferenceData, SelectEf
from mynacard.apdu.pins import PinReference, PinSecret
from mynacard.apdu.status import SUCCESS
from mynacard.apdu.verification import CARD_GONE, check_form, refusal_of_pin, send_secret, send_typed, verify
from mynacard.pin import AtKeypad
from mynacard.texts import N_

__all__ = ["ChangeKind", "change", "check_new"]

ChangeKind: TypeAlias = type[ChangeReferenceData] | type[ChangeKey]
"""The command, of the two, that an application has."""

_UNCHANGED: Final = frozenset({0x64, *range(0x66, 0x6F)})
"""SW1 of an answer after which the old PIN is in force; the others warn, or report a fault in writing."""


def check_new(
    reference: PinReference, old: PinSecret, new: PinSecret, *, upper_case: bool = False
) -> tuple[PinSecret, PinSecret]:
    """Both values as the card wants them, before anything is sent.

    Raises:
        PinFormError: one of them has the wrong form.
        NoKeypadError: one of them is to be typed at a keypad, and may have letters.
        UsageError: the new one is the old one, or a ``timeout_s`` is not 1..255.
    """
    new = check_form(reference, new, upper_case=upper_case)
    old = check_form(reference, old, upper_case=upper_case)
    if new == old and not isinstance(new, AtKeypad):
        raise errors.UsageError(N_("The new {pin} is the same as the old one. Nothing was sent."), pin=reference.label)
    return old, new


def change(
    channel: Channel,
    reference: PinReference,
    kind: ChangeKind,
    old: PinSecret,
    new: PinSecret,
    *,
    spend_last_try: bool = False,
    upper_case: bool = False,
) -> None:
    """Change a PIN from *old* to *new*. On return the card has taken the new one.

    Costs four APDUs (five where the card refuses short identifiers). A wrong old PIN costs a try.

    Args:
        channel: on the application that has the PIN.
        reference: which PIN.
        kind: the command by which this application changes it.
        old: the PIN that is in force, or the request to type it at the reader.
        new: the PIN that replaces it; at a keypad it is typed twice.
        spend_last_try: send the old one even if one try is left, or the card does not say how many are.
        upper_case: convert lowercase letters of both to capitals first.

    Raises:
        PinFormError, UsageError: as :func:`check_new`. Nothing was sent.
        PinError: the old one was not taken, as :func:`mynacard.apdu.verification.verify`; it is still in force.
        PinNotTyped, NoKeypadError: one of them was not typed at the reader; the old one is still in force.
        ChangeOutcomeUnknownError: no clear answer came to the change; where the card was lost, a CardLostAtChangeError.
        CardError: the card refused; the old one is still in force.
    """
    old, new = check_new(reference, old, new, upper_case=upper_case)
    verify(channel, reference, old, spend_last_try=spend_last_try)
    channel.send(SelectEf(reference.key))
    unknown = partial(_outcome_unknown, reference)
    if isinstance(new, AtKeypad):
        status = send_typed(channel, reference, new, kind, CURRENT, unknown)
    else:
        command = ChangeReferenceData(CURRENT, new) if kind is ChangeReferenceData else ChangeKey(CURRENT, new)
        status = send_secret(channel, command, unknown)
    if status == SUCCESS:
        return
    refused = refusal_of_pin(status, reference, kind.title)
    if status.sw1 in _UNCHANGED:
        raise refused
    raise _outcome_unknown(reference, refused) from refused


def _outcome_unknown(reference: PinReference, cause: BaseException) -> errors.OutcomeUnknownError:
    lost = isinstance(cause, CARD_GONE)
    kind = errors.CardLostAtChangeError if lost else errors.ChangeOutcomeUnknownError
    return kind(
        N_(
            "It is not known whether the {pin} was changed: either the new one or the old one is right. "
            "Try the new one first. ({cause})"
        ),
        pin=reference.label,
        cause=cause,
    )

"""The resident register application (住基AP), selected, and the PIN that it shares with the common one."""

from __future__ import annotations

from mynacard import errors
from mynacard.apdu.change import check_new
from mynacard.apdu.channel import Channel
from mynacard.apdu.message import Card
from mynacard.apdu.pins import PinSecret, PinStatus, TriesLeft
from mynacard.errors import HalfChangedError
from mynacard.personal.common_session import CommonSession
from mynacard.personal.keys import KeyId
from mynacard.personal.layout import (
    COMMON_PIN,
    RESIDENT_REGISTER,
    RESIDENT_REGISTER_KEY_ID,
    RESIDENT_REGISTER_PIN,
)
from mynacard.personal.session import ApplicationSession
from mynacard.pin import AtKeypad, hidden
from mynacard.texts import N_

__all__ = ["RegisterSession", "change_resident_register_pin", "resident_register_pin_status"]


class RegisterSession(ApplicationSession):
    """The resident register application of a card, selected; one APDU. It is unknown what its PIN opens."""

    application = RESIDENT_REGISTER

    def key_id(self) -> KeyId:
        """The name of a key, the same as in the common application; one APDU."""
        return self._key_id(RESIDENT_REGISTER_KEY_ID)

    def change_pin(self, old: PinSecret | str, new: PinSecret | str, *, spend_last_try: bool = False) -> None:
        """Change only this application's PIN, which is verified first; see :func:`mynacard.apdu.change.change`.

        Raises:
            PinError, UsageError, CardError: as :func:`mynacard.apdu.change.change`.
        """
        old, new = hidden(old), hidden(new)
        self._change(RESIDENT_REGISTER_PIN, old, new, spend_last_try)


def resident_register_pin_status(card: Card) -> PinStatus:
    """The state of what people call the resident register PIN: that of the key with fewer tries left.

    A key that is blocked, or does not say how many, has fewest. Four APDUs, and no try.

    Raises:
        ApplicationNotFound: the card lacks one of the two applications.
        CardError: the card does not have one of the two, or does not say.
    """
    channel = card if isinstance(card, Channel) else Channel(card)
    common = CommonSession(channel).pin_status(COMMON_PIN)
    register = RegisterSession(channel).pin_status(RESIDENT_REGISTER_PIN)
    return min(common, register, key=lambda status: status.count if isinstance(status, TriesLeft) else 0)


def change_resident_register_pin(
    card: Card, old: PinSecret | str, new: PinSecret | str, *, spend_last_try: bool = False
) -> None:
    """Change what people call the resident register PIN: the PINs of the common application and of this one.

    The common application verifies the old one before this one's is changed, so that a wrong one changes nothing.
    Thirteen APDUs.

    Raises:
        NoKeypadError: one of them is to be typed at a reader's keys: typed four times, the two could end up different.
            Nothing was sent.
        PinError, UsageError, CardError: as :func:`mynacard.apdu.change.change`; neither has changed.
        ChangeOutcomeUnknownError: the resident register's may have changed; the common one's has not.
        HalfChangedError: the resident register's has changed; the common one's has not, or that is unknown.
    """
    old, new = hidden(old), hidden(new)
    if isinstance(old, AtKeypad) or isinstance(new, AtKeypad):
        raise errors.NoKeypadError(N_("A PIN that is two keys on the card cannot be typed at a reader's keys."))
    check_new(RESIDENT_REGISTER_PIN, old, new)
    channel = card if isinstance(card, Channel) else Channel(card)
    CommonSession(channel).verify(COMMON_PIN, old, spend_last_try=spend_last_try)
    RegisterSession(channel).change_pin(old, new, spend_last_try=spend_last_try)
    try:
        CommonSession(channel).change_pin(old, new, spend_last_try=spend_last_try)
    except errors.ChangeOutcomeUnknownError as error:
        raise _half_changed(
            N_(
                "The {changed} is the new one; it is unknown whether the {unchanged} was changed. "
                "Try the new one there; if it is still the old one, change only that. ({cause})"
            ),
            error,
        ) from error
    except errors.MynacardError as error:
        raise _half_changed(
            N_(
                "The {changed} is the new one, the {unchanged} is still the old one. "
                "Change only that, to the same value. ({cause})"
            ),
            error,
        ) from error


def _half_changed(template: str, cause: errors.MynacardError) -> HalfChangedError:
    return HalfChangedError(template, changed=RESIDENT_REGISTER_PIN.label, unchanged=COMMON_PIN.label, cause=cause)

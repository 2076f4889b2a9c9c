"""The resident register application (住基AP), selected, and the PIN that it shares with the common one."""

from __future__ import annotations

from mynacard import errors
from mynacard.apdu.change import check_new
from mynacard.apdu.channel import Channel
from mynacard.apdu.message import Card
from mynacard.apdu.pins import PinSecret
from mynacard.errors import HalfChangedError
from mynacard.personal.common_session import CommonSession
from mynacard.personal.keys import KeyId
from mynacard.personal.layout import (
    COMMON_PIN,
    RESIDENT_REGISTER,
    RESIDENT_REGISTER_KEY_ID,
    RESIDENT_REGISTER_PIN,
)
from mynacard.personal.session import ApplicationSession, hidden
from mynacard.pin import AtKeypad
from mynacard.texts import N_

__all__ = ["RegisterSession", "change_resident_register_pin"]


class RegisterSession(ApplicationSession):
    """The resident register application of a card, selected; one APDU. What its PIN opens is not known."""

    application = RESIDENT_REGISTER

    def key_id(self) -> KeyId:
        """The name of a key, the same as the common application has; one APDU."""
        return self._key_id(RESIDENT_REGISTER_KEY_ID)

    def change_pin(self, old: PinSecret | str, new: PinSecret | str, *, spend_last_try: bool = False) -> None:
        """Change this application's PIN alone, which is verified first; see :func:`mynacard.apdu.change.change`."""
        old, new = hidden(old), hidden(new)
        self._change(RESIDENT_REGISTER_PIN, old, new, spend_last_try)


def change_resident_register_pin(
    card: Card, old: PinSecret | str, new: PinSecret | str, *, spend_last_try: bool = False
) -> None:
    """Change what people call the resident register PIN: that of the common application, and of this one.

    The old one is presented to the first before the second is changed, so that a wrong one changes nothing. Thirteen
    APDUs.

    Raises:
        NoKeypadError: one of them is to be typed at a reader's keys: typed four times, the two could become different.
            Nothing was sent.
        PinFormError, UsageError, PinError, LastTryError, VerificationOutcomeUnknownError, CardError: as
            :func:`mynacard.apdu.change.change`; both are as they were.
        ChangeOutcomeUnknownError: of the resident register's; the common one's is the old one.
        HalfChangedError: the resident register's is the new one, and the common one's is not, or it is not known.
    """
    old, new = hidden(old), hidden(new)
    if isinstance(old, AtKeypad) or isinstance(new, AtKeypad):
        raise errors.NoKeypadError(N_("A PIN that is two keys on the card is not typed at a reader's keys."))
    check_new(RESIDENT_REGISTER_PIN, old, new)
    channel = card if isinstance(card, Channel) else Channel(card)
    CommonSession(channel).verify(COMMON_PIN, old, spend_last_try=spend_last_try)
    RegisterSession(channel).change_pin(old, new, spend_last_try=spend_last_try)
    try:
        CommonSession(channel).change_pin(old, new, spend_last_try=spend_last_try)
    except errors.ChangeOutcomeUnknownError as error:
        raise _half_changed(
            N_(
                "The {changed} is the new one; whether the {unchanged} was changed is not known. "
                "Try the new one there, and change it alone if it is the old one. ({cause})"
            ),
            error,
        ) from error
    except errors.MynacardError as error:
        raise _half_changed(
            N_(
                "The {changed} is the new one, the {unchanged} is still the old one. "
                "Change that alone to the same value. ({cause})"
            ),
            error,
        ) from error


def _half_changed(template: str, cause: errors.MynacardError) -> HalfChangedError:
    return HalfChangedError(template, changed=RESIDENT_REGISTER_PIN.label, unchanged=COMMON_PIN.label, cause=cause)

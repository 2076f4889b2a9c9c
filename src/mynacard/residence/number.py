"""The number of a residence card: printed at its top right, and all that is needed to open it.

Source: the specification (layout.py names it) §3.4.1, Annex 2 for 12 bytes in capitals; pages about the agency's
inquiry service for letters and digits. No check digit is published.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Final, TypeVar

from mynacard.errors import PinFormError, UsageError
from mynacard.pin import Pin
from mynacard.texts import N_

__all__ = ["NUMBER_LABEL", "CardNumber", "as_number"]

Ask = TypeVar("Ask", bound=Callable[..., object])

NUMBER_LABEL: Final = N_("residence card number")
_FORM: Final = re.compile(rb"[A-Z]{2}[0-9]{8}[A-Z]{2}")


class CardNumber(Pin):
    """The number of a residence card, two letters, eight digits, two letters; given away only by :meth:`reveal`.

    Anyone who has it can read the card. A reissued card has another one.

    Args:
        text: the number, in capitals, without spaces.

    Raises:
        PinFormError: it has another form. Nothing was sent.
        UsageError: it is neither text nor bytes.
    """

    __slots__ = ()

    def __init__(self, text: str | bytes) -> None:
        try:
            super().__init__(text)
        except UsageError:
            del text  # tracebacks show local variables
            raise
        if not _FORM.fullmatch(self.reveal()):
            del text
            raise PinFormError(
                N_("The {pin} has {form}. What was given does not have this form, and was not sent."),
                pin=NUMBER_LABEL,
                form=N_("2 letters, 8 digits and 2 letters, such as AB12345678CD"),
            )

    @classmethod
    def typed(cls, typed: Pin) -> CardNumber:
        """The number as typed: lowercase and full-width letters and surrounding spaces make no difference.

        Raises:
            PinFormError: it has another form.
        """
        text = typed.reveal().decode("utf-8", "replace")
        number = Pin(unicodedata.normalize("NFKC", text).strip().upper())
        del text
        return cls(number.reveal())


def as_number(number: Pin | Ask) -> CardNumber | Ask:
    """*number*, which :func:`mynacard.pin.hidden` returned; where it was text, as the number that was typed.

    Raises:
        PinFormError: the text has another form.
    """
    if not isinstance(number, Pin):
        return number
    return number if isinstance(number, CardNumber) else CardNumber.typed(number)

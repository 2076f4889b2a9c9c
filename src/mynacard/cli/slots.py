"""Every PIN of the card by its name on the command line: where it is, and how it is changed."""

from __future__ import annotations

from typing import Final

from mynacard._dataclasses import dataclass
from mynacard.apdu import change, verification
from mynacard.apdu.change import ChangeKind
from mynacard.apdu.channel import Channel
from mynacard.apdu.commands import ChangeReferenceData
from mynacard.apdu.pins import PinReference, PinSecret, PinStatus
from mynacard.cli.language import _
from mynacard.errors import CardError
from mynacard.jpki.layout import APPLICATION, DF_NAME, KEY_PAIRS
from mynacard.personal.layout import APPLICATIONS, COMMON_PIN, Application
from mynacard.personal.states import pin_states, status_or_refusal

__all__ = ["CHANGEABLE", "SLOTS", "Slot", "states"]


@dataclass(frozen=True, slots=True)
class Slot:
    """A PIN of an application.

    Attributes:
        df_name: the DF name of its application.
        application: the name of its application for people.
        pin: the PIN.
        change: the command that changes it; None if the holder cannot.
    """

    df_name: bytes
    application: str
    pin: PinReference
    change: ChangeKind | None

    @property
    def name(self) -> str:
        """The PIN's name on the command line."""
        return self.pin.name

    @property
    def label(self) -> str:
        """The PIN's name for people; of a printed number with the application, since two applications have it."""
        label = _(self.pin.label)
        return f"{label} ({self.application})" if self.pin.is_printed else label

    def select(self, channel: Channel) -> None:
        """SELECT its application."""
        channel.select(self.df_name, self.application)

    def status(self, channel: Channel) -> PinStatus:
        """The tries left; selects its application first."""
        self.select(channel)
        return verification.pin_status(channel, self.pin)

    def verify(self, channel: Channel, pin: PinSecret, *, spend_last_try: bool, upper_case: bool) -> None:
        """Present *pin*; selects its application first."""
        self.select(channel)
        verification.verify(channel, self.pin, pin, spend_last_try=spend_last_try, upper_case=upper_case)

    def changed(
        self, channel: Channel, old: PinSecret, new: PinSecret, *, spend_last_try: bool, upper_case: bool
    ) -> None:
        """Change the PIN from *old* to *new*; selects its application first."""
        if self.change is None:
            raise TypeError  # CHANGEABLE has none of these
        self.select(channel)
        change.change(channel, self.pin, self.change, old, new, spend_last_try=spend_last_try, upper_case=upper_case)


def _slot(application: Application, pin: PinReference) -> Slot:
    change_by = None if pin.is_printed else application.change
    return Slot(application.df_name, application.name, pin, change_by)


_JPKI: Final = tuple(Slot(DF_NAME, APPLICATION, pair.pin, ChangeReferenceData) for pair in KEY_PAIRS)
_OTHERS: Final = tuple(_slot(application, pin) for application in APPLICATIONS for pin in application.pins)

SLOTS: Final = {slot.name: slot for slot in (*_JPKI, *_OTHERS)}
CHANGEABLE: Final = tuple(name for name, slot in SLOTS.items() if slot.change is not None and name != COMMON_PIN.name)
"""The PINs that people know. The common application's PIN changes together with the resident register's."""


def states(channel: Channel) -> dict[str, PinStatus | CardError]:
    """The tries left of every PIN, by its name; 15 APDUs, and no try is spent.

    PINs of an application that is not on the card are left out. A PIN that is not on the card has the card's refusal.

    Raises:
        ApplicationNotFound: the card has no JPKI application.
    """
    channel.select(DF_NAME, APPLICATION)
    jpki = {slot.name: status_or_refusal(channel, slot.pin) for slot in _JPKI}
    others = {(state.application, state.pin): state.status for state in pin_states(channel)}
    return jpki | {
        slot.name: others[slot.application, slot.pin] for slot in _OTHERS if (slot.application, slot.pin) in others
    }

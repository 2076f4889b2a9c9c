"""The contents of a simulated card: what is written when it is made, and what its chip remembers from then on."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import field
from typing import Final

from mynacard._dataclasses import dataclass
from mynacard.apdu.pins import PinReference
from mynacard.jpki.layout import DF_NAME, DIGITAL_SIGNATURE, KEY_PAIRS, USER_AUTHENTICATION
from mynacard.jpki.objects import Medium
from mynacard.personal.layout import APPLICATIONS
from mynacard.pin import Pin, hidden
from mynacard.simulator.files import PinMemory
from mynacard.simulator.individual.holder import Holder
from mynacard.simulator.individual.issuing import ApplicationContents
from mynacard.simulator.traits import Traits

__all__ = ["DEFAULT_PINS", "SLOTS", "CardContents", "KeyMaterial", "fresh_pins", "hidden_pins", "slots_of"]

DEFAULT_PINS: Final[Mapping[str, str]] = {USER_AUTHENTICATION.name: "1234", DIGITAL_SIGNATURE.name: "ABC123"}
"""The initial PINs of JPKI on a simulated card. They guard nothing, so anyone may know them."""

SLOTS: Final[Mapping[str, tuple[bytes, PinReference]]] = {
    **{pair.pin.name: (DF_NAME, pair.pin) for pair in KEY_PAIRS},
    **{pin.name: (application.df_name, pin) for application in APPLICATIONS for pin in application.pins},
}
"""Every PIN of a card, by its name in a card file: its DF name and its reference."""

FOUR_DIGITS: Final = "1234"
"""The initial four-digit PIN of the other applications."""


@dataclass(frozen=True, slots=True)
class KeyMaterial:
    """The certificates and the private key of one key pair, all DER."""

    certificate_der: bytes
    ca_certificate_der: bytes
    private_key_der: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class CardContents:
    """Everything that is written onto a card when it is made.

    Attributes:
        keys: JPKI's key material, by the name of the key pair; a pair that is not there has no certificate.
        pins: the value and counter of each PIN, by its name in :data:`SLOTS`.
        traits: how the card behaves.
        applications: the contents of the other applications, by name; a phone has none.
        medium: the medium that carries JPKI.
    """

    keys: Mapping[str, KeyMaterial]
    pins: Mapping[str, PinMemory]
    traits: Traits = Traits()
    applications: Mapping[str, ApplicationContents] = field(default_factory=dict[str, ApplicationContents])
    medium: Medium = Medium.CARD


def slots_of(applications: Collection[str]) -> set[str]:
    """The names of the PINs that a card with these *applications* has, besides JPKI's."""
    return {name for name in SLOTS if name.partition("/")[0] in applications}


def hidden_pins(pins: Mapping[str, str | Pin]) -> dict[str, Pin]:
    """*pins* as values that do not show themselves: tracebacks show variables."""
    return {name: hidden(pin) for name, pin in pins.items()}


def fresh_pins(secrets: Mapping[str, str | Pin] = DEFAULT_PINS, holder: Holder | None = None) -> dict[str, PinMemory]:
    """PINs with all tries left: JPKI's, and with a *holder* also those of the other applications.

    Raises:
        UsageError: a number or date of the holder cannot be made into a PIN.
    """
    pins = hidden_pins(secrets)
    if holder is not None:
        four = Pin(FOUR_DIGITS)
        pins = {
            "text": four,
            "common": four,
            "resident-register": four,
            "text/number-a": holder.number_a,
            "card-face/number-a": holder.number_a,
            "text/number-b": holder.number_b,
            "card-face/number-b": holder.number_b,
            "card-face/birth-date": holder.birth_date_pin,
        } | pins
    return {name: PinMemory(pins[name], reference.tries) for name, (_, reference) in SLOTS.items() if name in pins}

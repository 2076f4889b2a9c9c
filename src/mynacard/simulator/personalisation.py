"""Puts keys, certificates and PINs onto a simulated card, and a card into bytes and back."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from mynacard.apdu.commands import ChangeReferenceData
from mynacard.errors import CardFileError, MynacardError, mark
from mynacard.jpki.layout import (
    CERTIFICATES_PRESENT,
    DF_NAME,
    DIGITAL_SIGNATURE,
    KEY_PAIRS,
    TOKEN_INFO,
    USER_AUTHENTICATION,
    KeyPair,
)
from mynacard.jpki.objects import CertificatesPresent, Medium, TokenInfo
from mynacard.pin import Pin
from mynacard.simulator.card import SimulatedCard
from mynacard.simulator.files import Application, File, KeyFile, PinFile, PinMemory, SoftKey, TransparentFile
from mynacard.simulator.traits import Personality, Traits

__all__ = ["DEFAULT_PINS", "CardContents", "KeyMaterial", "assemble", "dump", "load"]

DEFAULT_PINS: Final[Mapping[str, str]] = {USER_AUTHENTICATION.name: "1234", DIGITAL_SIGNATURE.name: "ABC123"}
"""What a simulated card is born with. It guards nothing, so everybody may know them."""

CERTIFICATE_FILE_SIZE: Final = 2048
"""The physical size of a certificate's EF; what the certificate leaves is 'FF'. Choice: real sizes are not known."""

_FORMAT: Final = "mynacard simulated card"
_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class KeyMaterial:
    """What a card has of one key pair, all DER."""

    certificate_der: bytes
    ca_certificate_der: bytes
    private_key_der: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class CardContents:
    """What is written onto a card when it is made: for each key pair, by its name, the material and the PIN."""

    keys: Mapping[str, KeyMaterial]
    pins: Mapping[str, PinMemory]
    traits: Traits = Traits()


def fresh_pins(secrets: Mapping[str, str] = DEFAULT_PINS) -> dict[str, PinMemory]:
    """PINs of which no try is spent."""
    return {pair.name: PinMemory(Pin(secrets[pair.name]), pair.pin.tries) for pair in KEY_PAIRS}


def assemble(contents: CardContents, remember: Callable[[], None] = lambda: None) -> SimulatedCard:
    """The card that has *contents*; *remember* is called whenever a PIN's counter changes."""
    files: dict[int, File] = {
        TOKEN_INFO: TransparentFile(bytes(_TOKEN_INFO)),
        CERTIFICATES_PRESENT: TransparentFile(bytes(CertificatesPresent(
            digital_signature=DIGITAL_SIGNATURE.name in contents.keys,
            user_authentication=USER_AUTHENTICATION.name in contents.keys,
        ))),
    }  # fmt: skip
    for pair in KEY_PAIRS:
        files[pair.pin.key] = PinFile(pair.pin.tries, pair.pin.form)
        if pair.name in contents.keys:
            files |= _files_of(pair, contents.keys[pair.name])
    pins = {(DF_NAME, pair.pin.key): contents.pins[pair.name] for pair in KEY_PAIRS}
    return SimulatedCard((Application(DF_NAME, files, change=ChangeReferenceData),), pins, contents.traits, remember)


def _files_of(pair: KeyPair, material: KeyMaterial) -> dict[int, File]:
    guards = (pair.pin.key,) if pair.certificate_is_private else ()
    return {
        pair.certificate: TransparentFile(_filled(material.certificate_der), guards),
        pair.ca_certificate: TransparentFile(_filled(material.ca_certificate_der)),
        pair.key: KeyFile(SoftKey(material.private_key_der), pair.pin.key),
    }


def _filled(content: bytes) -> bytes:
    return content.ljust(CERTIFICATE_FILE_SIZE, b"\xff")


_TOKEN_INFO: Final = TokenInfo(  # in the form of a card's; manufacturer, model and serial number are made up
    label=Medium.CARD.value,
    manufacturer="JPKI-SIM",
    model="SIMULATED",
    serial_number="0000000000000000",
    flags=0x0000040D,
    max_sessions=1,
    sessions=0,
    max_rw_sessions=1,
    rw_sessions=0,
    max_pin_length=16,
    min_pin_length=6,
    memory=b"\xff" * 16,
    hardware_version="00",
    firmware_version="00",
    utc_time="9" * 16,
)


def dump(contents: CardContents) -> bytes:
    """*contents* as the text of a card file: JSON, with the PINs and private keys of a card that guards nothing."""
    keys = {
        name: {
            "certificate": base64_text(material.certificate_der),
            "ca_certificate": base64_text(material.ca_certificate_der),
            "private_key": base64_text(material.private_key_der),
        }
        for name, material in contents.keys.items()
    }
    pins = {
        name: {"secret": memory.secret.reveal().decode(), "tries_left": memory.tries_left}
        for name, memory in contents.pins.items()
    }
    traits = contents.traits
    document = {
        "format": _FORMAT,
        "version": _VERSION,
        "traits": {
            "personality": traits.personality.value,
            "extended_length": traits.extended_length,
            "atr": traits.atr.hex().upper(),
        },
        "pins": pins,
        "keys": keys,
    }
    return json.dumps(document, indent=1).encode()


def load(text: bytes) -> CardContents:
    """The contents that *text* is.

    Raises:
        CardFileError: damaged, of another kind, or of a version that this program does not know.
    """
    try:
        document = json.loads(text)
        if document["format"] != _FORMAT:
            raise CardFileError(mark("This file is no simulated card."))
        if document["version"] != _VERSION:
            raise CardFileError(
                mark("This simulated card has file version {version}; this program knows {known}."),
                version=document["version"], known=_VERSION,
            )  # fmt: skip
        return CardContents(
            keys={
                pair.name: _material(document["keys"][pair.name]) for pair in KEY_PAIRS if pair.name in document["keys"]
            },
            pins={pair.name: _memory(document["pins"][pair.name], pair) for pair in KEY_PAIRS},
            traits=_traits(document["traits"]),
        )
    except MynacardError:
        raise
    except (
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        RecursionError,
    ):  # all that JSON of another shape can cause
        raise CardFileError(mark("The file of this simulated card is damaged.")) from None


def _material(entry: Any) -> KeyMaterial:
    return KeyMaterial(
        *(base64.b64decode(entry[name], validate=True) for name in ("certificate", "ca_certificate", "private_key"))
    )


def _memory(entry: Any, pair: KeyPair) -> PinMemory:
    tries_left = entry["tries_left"]
    if type(tries_left) is not int or not 0 <= tries_left <= pair.pin.tries:
        raise ValueError
    return PinMemory(Pin(entry["secret"].encode()), tries_left)


def _traits(entry: Any) -> Traits:
    if type(entry["extended_length"]) is not bool:
        raise ValueError
    return Traits(Personality(entry["personality"]), entry["extended_length"], bytes.fromhex(entry["atr"]))


def base64_text(data: bytes) -> str:
    """*data* as JSON can hold it."""
    return base64.b64encode(data).decode()

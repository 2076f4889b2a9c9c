"""Simulated cards as these tests need them: counting, or different in one respect."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Final

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_der_private_key
from cryptography.x509 import load_der_x509_certificate

from mynacard.apdu.message import Card
from mynacard.doors import pki_cache
from mynacard.jpki import DF_NAME, DIGITAL_SIGNATURE, KEY_PAIRS, USER_AUTHENTICATION, KeyPair
from mynacard.simulator import DEFAULT_PINS, MIHON, CardContents, KeyMaterial, SimulatedCard, Traits, assemble
from mynacard.simulator.individual.contents import fresh_pins
from tests.support import Answer, CardThat

LONG: Final = Traits()
SHORT: Final = Traits(extended_length=False)
DONE: Final = b"\x90\x00"
ORIGIN: Final = "https://example.jp"
NONCE: Final = "n" * 44

Change = Callable[[bytes, Callable[[bytes], bytes]], Answer]
"""The behaviour of a card around a card: it gets a command, and a function that asks the card inside."""


@cache
def material() -> dict[str, KeyMaterial]:
    """The keys and certificates of all cards here."""
    return pki_cache.cached_pki().issue(MIHON, {}, datetime.now(UTC))


def card_with(keys: dict[str, KeyMaterial] | None = None, traits: Traits = LONG) -> SimulatedCard:
    return assemble(CardContents(material() if keys is None else keys, fresh_pins(), traits))


def counted(card: Card) -> CardThat:
    """*card*, which keeps the commands that it was sent."""
    return CardThat(card.transmit)


def around(card: Card, change: Change) -> CardThat:
    """*card*, except where *change* says otherwise."""
    return CardThat(lambda command: change(command, card.transmit))


def pin(pair: KeyPair) -> str:
    return DEFAULT_PINS[pair.name]


def certificate_of(pair: KeyPair) -> bytes:
    return material()[pair.name].certificate_der


def ca_certificate_of(pair: KeyPair) -> bytes:
    return material()[pair.name].ca_certificate_der


def public_key_of(pair: KeyPair) -> rsa.RSAPublicKey:
    key = load_der_x509_certificate(certificate_of(pair)).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    return key


def private_key_of(pair: KeyPair) -> rsa.RSAPrivateKey:
    key = load_der_private_key(material()[pair.name].private_key_der, None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


def held() -> dict[KeyPair, bytes]:
    """The certificates that a caller may hold already."""
    return {pair: certificate_of(pair) for pair in KEY_PAIRS}


def tries(card: SimulatedCard) -> tuple[int, int]:
    """The tries left, in the chip's own memory: user authentication, then digital signature."""
    left = (card.pins[DF_NAME, pair.pin.key].tries_left for pair in (USER_AUTHENTICATION, DIGITAL_SIGNATURE))
    return next(left), next(left)


# --- commands, recognised by their first bytes ----------------------------------------------------------------


def is_read(command: bytes) -> bool:
    return command[1] == 0xB0


def is_extended(command: bytes) -> bool:
    return len(command) == 7 and command[4] == 0


def is_verify(command: bytes) -> bool:
    """A VERIFY that presents a PIN."""
    return command[1] == 0x20 and len(command) > 5


def is_sign(command: bytes) -> bool:
    return command[:2] == b"\x80\x2a"


def is_select_df(command: bytes) -> bool:
    return command[1:3] == b"\xa4\x04"


def names_an_ef(command: bytes) -> bool:
    """Whether *command* holds a short EF identifier."""
    return (is_read(command) and command[2] >= 0x80) or (command[1] in {0x20, 0x2A} and command[3] != 0x80)

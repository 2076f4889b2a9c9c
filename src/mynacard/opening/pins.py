"""A PIN is asked for outside of any transaction, and presented inside of one.

First a short transaction: how many tries are left? Then the holder is told what the PIN is for, and types; other
programs may use the card meanwhile. Then the transaction in which the PIN is presented and used. The connection stays
open all the time: a card that was removed, replaced or reset in between is an error, and its PIN is not sent.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import IO, Final, Protocol, TypeVar, Unpack

from mynacard.apdu.channel import Channel
from mynacard.apdu.pins import PinReference, PinSecret, PinStatus
from mynacard.apdu.verification import check_tries
from mynacard.jpki.layout import KeyPair
from mynacard.jpki.session import JpkiSession
from mynacard.opening import CardConnection, OpeningOptions, connect_card
from mynacard.personal.session import ApplicationSession
from mynacard.pin import AtKeypad, Pin

__all__ = [
    "PinProvider",
    "PinRequest",
    "ask",
    "pin_from_descriptor",
    "pin_from_stream",
    "pins_from_stream",
    "verified_application",
    "verified_session",
]

T = TypeVar("T")
S = TypeVar("S", bound=ApplicationSession)

_LINE_MAX: Final = 256
_NO_CERTIFICATES: Final[Mapping[KeyPair, bytes]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class PinRequest:
    """What a holder should know before typing.

    Attributes:
        pin: which PIN; its ``label`` names it.
        status: how many tries are left.
        purpose: what it is for, in a sentence: what will be signed, where to somebody logs in.
        signatures: how many signatures will be made.
    """

    pin: PinReference
    status: PinStatus
    purpose: str
    signatures: int


class PinProvider(Protocol):
    """Whoever gets the PIN from its holder: a prompt, a dialogue, another program. Called once, in no transaction.

    One that answers :class:`~mynacard.pin.AtKeypad` has told the holder to type at the reader's own keys.

    What it raises (the holder declined) goes on to the caller; nothing was sent then.
    """

    def __call__(self, request: PinRequest, /) -> PinSecret: ...


def pin_from_descriptor(descriptor: int) -> Pin:
    """The first line of an open file descriptor, without its end. The descriptor stays open.

    Raises:
        OSError: it cannot be read.
    """
    with os.fdopen(descriptor, "rb", closefd=False) as stream:
        return pin_from_stream(stream)


def pin_from_stream(stream: IO[bytes]) -> Pin:
    """The first line of *stream*, without its end."""
    return Pin(stream.readline(_LINE_MAX).rstrip(b"\r\n"))


def pins_from_stream(stream: IO[bytes]) -> tuple[Pin, Pin]:
    """The first two lines of *stream*, without their ends: an old PIN and a new one."""
    return pin_from_stream(stream), pin_from_stream(stream)


@contextlib.contextmanager
def verified_session(
    pair: KeyPair,
    pin: PinSecret | PinProvider,
    *,
    name: str | None = None,
    purpose: str = "",
    signatures: int = 1,
    spend_last_try: bool = False,
    upper_case: bool = False,
    certificates: Mapping[KeyPair, bytes] = _NO_CERTIFICATES,
    **opening: Unpack[OpeningOptions],
) -> Generator[JpkiSession, None, None]:
    """A JPKI session in which *pair*'s PIN is verified; afterwards the card is logged out and powered off.

    With a provider two APDUs more than with a PIN: what it is told has to be asked for.

    Args:
        pair: whose PIN.
        pin: the PIN, or who gets it, or :class:`~mynacard.pin.AtKeypad`.
        name: which card, as :func:`mynacard.open_card` takes it.
        purpose: what the holder is told that the PIN is for.
        signatures: how many there will be; told, not enforced: one VERIFY opens the key for any number.
        spend_last_try: send the PIN even if one try is left, or the card does not say how many are.
        upper_case: turn small letters of the password into capitals.
        certificates: certificates of this card that the caller holds already.
        opening: ``around``, ``deadlines`` and ``wait_s``, as :func:`mynacard.connect_card` takes them.

    Raises:
        PinError, NoKeypadError: as :func:`mynacard.apdu.verification.verify`; a PIN that would not be sent is not asked
            for.
        CardLostError: the card was removed, replaced or reset while the holder typed. No PIN was sent.
        ReaderError: no card, or as :func:`mynacard.open_card`.
    """
    with (
        connect_card(name, **opening) as connection,
        verified_session_on(
            connection,
            pair,
            pin,
            purpose=purpose,
            signatures=signatures,
            spend_last_try=spend_last_try,
            upper_case=upper_case,
            certificates=certificates,
        ) as session,
    ):
        yield session


@contextlib.contextmanager
def verified_session_on(
    connection: CardConnection,
    pair: KeyPair,
    pin: PinSecret | PinProvider,
    *,
    purpose: str = "",
    signatures: int = 1,
    spend_last_try: bool = False,
    upper_case: bool = False,
    certificates: Mapping[KeyPair, bytes] = _NO_CERTIFICATES,
) -> Generator[JpkiSession, None, None]:
    """The same on a card that is connected already; :func:`verified_session` has the arguments and errors."""
    if not isinstance(pin, Pin | AtKeypad):
        pin = ask(
            connection,
            pair.pin,
            lambda channel: JpkiSession(channel).pin_status(pair),
            pin,
            purpose=purpose,
            signatures=signatures,
            spend_last_try=spend_last_try,
        )
    with connection.transaction() as channel:
        session = JpkiSession(channel, certificates=certificates)
        session.verify(pair, pin, spend_last_try=spend_last_try, upper_case=upper_case)
        yield session


@contextlib.contextmanager
def verified_application(
    kind: Callable[[Channel], S],
    reference: PinReference,
    pin: PinSecret | PinProvider,
    *,
    before: Callable[[S], object] = lambda _: None,
    name: str | None = None,
    purpose: str = "",
    spend_last_try: bool = False,
    **opening: Unpack[OpeningOptions],
) -> Generator[S, None, None]:
    """The same in one of the card's other applications.

    Args:
        kind: its session, such as :class:`mynacard.personal.TextSession`.
        reference: which of its PINs.
        pin: the PIN, or who gets it.
        before: what is done in the session before the PIN is presented, such as reading what is free.
        name: as :func:`verified_session` takes it, and so the others.
        purpose: what the holder is told that the PIN is for.
        spend_last_try: send the PIN even if one try is left, or the card does not say how many are.
        opening: ``around``, ``deadlines`` and ``wait_s``, as :func:`mynacard.connect_card` takes them.

    Raises:
        ApplicationNotFound: the card does not have this application.
        PinError, CardLostError, ReaderError: as :func:`verified_session`.
    """
    with connect_card(name, **opening) as connection:
        if not isinstance(pin, Pin | AtKeypad):
            pin = ask(
                connection,
                reference,
                lambda channel: kind(channel).pin_status(reference),
                pin,
                purpose=purpose,
                spend_last_try=spend_last_try,
            )
        with connection.transaction() as channel:
            session = kind(channel)
            before(session)
            session.verify(reference, pin, spend_last_try=spend_last_try)
            yield session


def ask(
    connection: CardConnection,
    reference: PinReference,
    status: Callable[[Channel], PinStatus],
    provider: Callable[[PinRequest], T],
    *,
    purpose: str = "",
    signatures: int = 0,
    spend_last_try: bool = False,
) -> T:
    """What *provider* gets from the holder, who is asked in no transaction, and only for what would be sent.

    Args:
        connection: the card, in no transaction.
        reference: which PIN.
        status: asks the card how many tries are left.
        provider: who gets it; told what is in :class:`PinRequest`.
        purpose: what the holder is told that the PIN is for.
        signatures: how many there will be.
        spend_last_try: whether it would be sent with one try left.

    Raises:
        PinBlocked, LastTryError: the PIN would not be sent; the holder is not asked.
    """
    with connection.transaction() as channel:
        pin_status = status(channel)
    check_tries(pin_status, reference, spend_last_try)
    return provider(PinRequest(reference, pin_status, purpose, signatures))

"""A PIN is asked for outside any transaction, and presented inside one.

A first, short transaction asks how many tries are left. Then the holder sees what the PIN is for, and types it; other
programs may use the card meanwhile. A second transaction presents the PIN and uses it. The connection stays open all
the time: if the card was removed, replaced or reset in between, that is an error, and the PIN is not sent.
"""

from __future__ import annotations

import contextlib
import io
import os
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable, Generator, Mapping
from functools import partial
from types import MappingProxyType
from typing import IO, TYPE_CHECKING, Final, Protocol, TypeVar, Unpack

from mynacard._dataclasses import dataclass
from mynacard.apdu.channel import Channel
from mynacard.apdu.pins import PinReference, PinSecret, PinStatus
from mynacard.apdu.verification import check_tries
from mynacard.arguments import check_type, wrong_type
from mynacard.jpki.layout import KeyPair, check_pair
from mynacard.jpki.session import JpkiSession
from mynacard.opening import CardConnection, OpeningOptions, connect_card
from mynacard.pin import AtKeypad, Pin, hidden
from mynacard.texts import unmarked

if TYPE_CHECKING:
    from mynacard.personal.session import ApplicationSession

__all__ = [
    "PinProvider",
    "PinRequest",
    "ask",
    "check_arguments",
    "pin_from_descriptor",
    "pin_from_stream",
    "pins_from_stream",
    "status_if_usable",
    "verified_application",
    "verified_session",
]

T = TypeVar("T")
S = TypeVar("S", bound="ApplicationSession")

_LINE_MAX: Final = 256
_NO_CERTIFICATES: Final[Mapping[KeyPair, bytes]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class PinRequest:
    """The facts that a holder should know before typing.

    Attributes:
        pin: which PIN; its ``label`` names it.
        status: how many tries are left.
        purpose: what it is for, in a sentence: what will be signed, where the holder logs in.
        signatures: how many signatures will be made.
    """

    pin: PinReference
    status: PinStatus
    purpose: str
    signatures: int


class PinProvider(Protocol):
    """Gets the PIN from its holder: a prompt, a dialogue, another program. Called once, outside any transaction.

    A provider that returns :class:`~mynacard.pin.AtKeypad` has asked the holder to type on the reader's own keypad.

    Its exceptions (the holder declined) reach the caller; nothing was sent then.
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
    """The first line of *stream*, without its end, and without a byte order mark before it.

    Raises:
        OSError: it cannot be read.
    """
    return _pins(stream, 1)[0]


def pins_from_stream(stream: IO[bytes]) -> tuple[Pin, Pin]:
    """The first two lines of *stream*, without their ends: an old PIN and a new one.

    Raises:
        OSError: it cannot be read.
    """
    old, new = _pins(stream, 2)
    return old, new


def _pins(stream: IO[bytes], count: int) -> list[Pin]:
    lines = _lines(stream, count)
    return [Pin(lines.readline(_LINE_MAX).rstrip(b"\r\n"), from_file=True) for _ in range(count)]


def _lines(stream: IO[bytes], count: int) -> io.BytesIO:
    """The first *count* lines of *stream*, without a mark; more is read only if the mark is that of UTF-16.

    They are kept in a buffer, since tracebacks show local variables.
    """
    lines = io.BytesIO()
    lines.write(stream.readline(_LINE_MAX))
    if lines.getvalue().startswith((BOM_UTF16_LE, BOM_UTF16_BE)):  # where a byte 0A does not end a line
        lines.write(stream.read(_LINE_MAX * count))
    else:
        lines.writelines(stream.readline(_LINE_MAX) for _ in range(count - 1))
    return io.BytesIO(unmarked(lines.getvalue()))


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

    A provider costs three APDUs more than a PIN: the card is asked how many tries are left, and for the certificate,
    without which the key does not work.

    Args:
        pair: the key pair whose PIN it is.
        pin: the PIN, or a provider that gets it, or :class:`~mynacard.pin.AtKeypad`.
        name: which card, as :func:`mynacard.open_card` takes it.
        purpose: what the PIN is for, to show to the holder.
        signatures: how many there will be, to show, not to enforce: one VERIFY opens the key for any number.
        spend_last_try: send the PIN even if only one try is left, or if the card does not say how many are left.
        upper_case: turn lowercase letters of the password into capitals.
        certificates: certificates of this card that the caller already has, as :class:`JpkiSession` takes them.
        opening: ``around``, ``deadlines`` and ``wait_s``, as :func:`mynacard.connect_card` takes them.

    Raises:
        PinError, NoKeypadError: as :func:`mynacard.apdu.verification.verify`; a PIN that would not be sent is not asked
            for.
        ApplicationNotFound: the card does not have JPKI.
        CertificateAbsent: the card does not have the pair's certificate; the provider is not called.
        CardLostError: the card was removed, replaced or reset while the holder typed. No PIN was sent.
        ReaderError, UsageError, CardFileError, TestPkiError: as :func:`mynacard.open_card`.
    """
    pin = hidden(pin)
    check_arguments(pair, pin)
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
    """The same on a card that is already connected; :func:`verified_session` describes the arguments and errors."""
    pin = hidden(pin)
    if not isinstance(pin, Pin | AtKeypad):
        pin = hidden(
            ask(
                connection,
                pair.pin,
                partial(status_if_usable, pair),
                pin,
                purpose=purpose,
                signatures=signatures,
                spend_last_try=spend_last_try,
            )
        )
    with connection.transaction() as channel:
        session = JpkiSession(channel, certificates=certificates)
        session.verify(pair, pin, spend_last_try=spend_last_try, upper_case=upper_case)
        yield session


def status_if_usable(pair: KeyPair, channel: Channel) -> PinStatus:
    """How many tries of *pair*'s PIN are left.

    Raises:
        CertificateAbsent: the card does not have the pair's certificate, without which the key does not work.
        PinAbsent, CardError: as :meth:`JpkiSession.pin_status`.
    """
    session = JpkiSession(channel)
    status = session.pin_status(pair)
    session.require_certificate(pair)
    return status


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
    """A session of another application in which a PIN is verified; it ends like that of :func:`verified_session`.

    Args:
        kind: its session, such as :class:`mynacard.personal.TextSession`.
        reference: which of its PINs.
        pin: the PIN, or a provider that gets it, or :class:`~mynacard.pin.AtKeypad`.
        before: called with the session before the PIN is presented, for example to read what needs no PIN.
        name: which card, as :func:`mynacard.open_card` takes it.
        purpose: what the PIN is for, to show to the holder.
        spend_last_try: send the PIN even if only one try is left, or if the card does not say how many are left.
        opening: ``around``, ``deadlines`` and ``wait_s``, as :func:`mynacard.connect_card` takes them.

    Raises:
        ApplicationNotFound: the card does not have this application.
        PinError, CardLostError, ReaderError, UsageError, CardFileError, TestPkiError: as :func:`verified_session`.
    """
    pin = hidden(pin)
    check_type(reference, PinReference)
    _check_pin(pin)
    with connect_card(name, **opening) as connection:
        if not isinstance(pin, Pin | AtKeypad):
            pin = hidden(
                ask(
                    connection,
                    reference,
                    lambda channel: kind(channel).pin_status(reference),
                    pin,
                    purpose=purpose,
                    spend_last_try=spend_last_try,
                )
            )
        with connection.transaction() as channel:
            session = kind(channel)
            before(session)
            session.verify(reference, pin, spend_last_try=spend_last_try)
            yield session


def check_arguments(pair: object, pin: object) -> None:
    """Check the types of what :func:`verified_session` takes, before any card is connected.

    Raises:
        UsageError: *pair* is not a KeyPair, or *pin* is neither a PIN nor a function that gets one.
    """
    check_pair(pair)
    _check_pin(pin)


def _check_pin(pin: object) -> None:
    if not (isinstance(pin, Pin | AtKeypad) or callable(pin)):
        raise wrong_type(type(pin), "Pin, AtKeypad or PinProvider")


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
    """The answer of *provider*, which asks the holder outside any transaction, and only if the PIN would be sent.

    Args:
        connection: the card, outside any transaction.
        reference: which PIN.
        status: asks the card how many tries are left.
        provider: gets the PIN; called with a :class:`PinRequest`.
        purpose: what the PIN is for, to show to the holder.
        signatures: how many there will be.
        spend_last_try: whether the PIN would be sent with only one try left.

    Raises:
        PinBlocked, LastTryError: the PIN would not be sent; the holder is not asked.
        ReaderError, UsageError: as :meth:`CardConnection.transaction`.
    """
    with connection.transaction() as channel:
        pin_status = status(channel)
    check_tries(pin_status, reference, spend_last_try)
    return provider(PinRequest(reference, pin_status, purpose, signatures))

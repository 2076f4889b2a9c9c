"""A session whose PIN is asked for at a door."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Mapping
from functools import partial
from types import MappingProxyType
from typing import Final

from mynacard.apdu.pins import PinSecret
from mynacard.consent.request import Act, Asker, ConsentRequest, Door, Refusal, spends_last_try
from mynacard.errors import ConsentRefused
from mynacard.jpki.layout import KeyPair
from mynacard.jpki.session import JpkiSession
from mynacard.opening import CardConnection
from mynacard.opening.pins import PinRequest, ask, status_if_usable, verified_session_on
from mynacard.pin import AtKeypad
from mynacard.texts import N_

__all__ = ["Consent", "consented_session_on"]

_REASONS: Final = {
    Refusal.CANCELLED: N_("The {pin} was not typed: the holder cancelled."),
    Refusal.TIMED_OUT: N_("The {pin} was not typed in time."),
    Refusal.CLOSED: N_("The {pin} was not typed: the window was closed, or did not work."),
    Refusal.BUSY: N_("The {pin} was not asked for: another window asks for one. Answer that first."),
    Refusal.NO_DOOR: N_("The {pin} was not asked for: there is no window, terminal or keypad to ask at."),
}


class Consent:
    """A :class:`~mynacard.opening.pins.PinProvider` that asks at *door*, which the caller closes.

    Args:
        door: where the holder is asked.
        asker: who asks.
        act: what for.
        seconds: how long a holder has.
        incorrect: whether the PIN typed a moment ago was wrong.
        keypad: how to ask at the reader's keypad; None if the PIN is typed into the window.
        hash_name: the hash function of what is signed, where only a hash is known.
        digest: that hash.

    Attributes:
        spends_last_try: whether the holder, in an answer of its own, allowed the last try to be spent.
    """

    def __init__(
        self, door: Door, asker: Asker, act: Act, *, seconds: float = 120.0, incorrect: bool = False,
        keypad: AtKeypad | None = None, hash_name: str = "", digest: bytes = b"",
    ) -> None:  # fmt: skip
        self._door = door
        self._asker = asker
        self._act = act
        self._seconds = seconds
        self._incorrect = incorrect
        self._keypad = keypad
        self._hash = hash_name, digest
        self.spends_last_try = False

    def __call__(self, request: PinRequest, /) -> PinSecret:
        """The holder's answer.

        Raises:
            ConsentRefused: there is none.
        """
        answer = self._door.ask(
            ConsentRequest(
                self._asker, self._act, request.pin, request.status, request.signatures, self._seconds, *self._hash,
                self._incorrect, self._keypad, request.purpose,
            )
        )  # fmt: skip
        if isinstance(answer, Refusal):
            raise ConsentRefused(_REASONS[answer], pin=request.pin.label, reason=answer.value)
        self.spends_last_try = spends_last_try(request.status)
        return answer


@contextlib.contextmanager
def consented_session_on(
    connection: CardConnection,
    pair: KeyPair,
    consent: Consent,
    *,
    purpose: str = "",
    signatures: int = 1,
    certificates: Mapping[KeyPair, bytes] = MappingProxyType({}),
) -> Generator[JpkiSession, None, None]:
    """A JPKI session in which *pair*'s PIN is verified, as :func:`mynacard.opening.pins.verified_session_on` makes it.

    The last try is spent only if the holder was told that it is the last. If another program spends one while the
    holder types, this one is not sent.

    Raises:
        ConsentRefused: the holder gave no PIN.
        LastTryError: only one try is left now, and there were more when the holder was asked. The PIN was not sent.
        PinError, CertificateAbsent, ReaderError: as :func:`mynacard.opening.pins.verified_session_on`.
    """
    pin = ask(
        connection, pair.pin, partial(status_if_usable, pair), consent,
        purpose=purpose, signatures=signatures, spend_last_try=True,
    )  # fmt: skip
    with verified_session_on(
        connection, pair, pin, spend_last_try=consent.spends_last_try, upper_case=True, certificates=certificates
    ) as session:
        yield session

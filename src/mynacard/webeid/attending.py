"""One request of a page, between the holder at a dialog and the card: from the first look for a card to the answer.

What the holder can put right stays inside the dialog: no reader, no card, another card, a card that was pulled or is in
use, a wrong PIN. What a page gets is its answer, that the holder cancelled, or that it failed. Before the holder has
answered, the card is only asked what is free: whether it has the application and the certificate, and how many tries
are left. Each answer of the holder is presented to the card at most once.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import Enum
from functools import partial
from typing import Final, assert_never

from mynacard import errors
from mynacard.consent.provider import Consent, consented_session_on
from mynacard.consent.request import Act, Door, Notice, Page, Refusal
from mynacard.jpki.layout import DIGITAL_SIGNATURE, USER_AUTHENTICATION
from mynacard.jpki.session import JpkiSession
from mynacard.opening.connection import CardConnection, Deadlines, connect_card
from mynacard.pin import AtKeypad
from mynacard.webeid.messages import (
    ALGORITHMS,
    Answer,
    Authenticate,
    Failure,
    GetSigningCertificate,
    Request,
    Sign,
    SignatureMade,
    SigningCertificate,
    Token,
)
from mynacard.webeid.token import AuthenticationToken

__all__ = ["UseKeypad", "attend"]


class UseKeypad(Enum):
    """Whether a PIN is typed at the reader's keypad."""

    ALWAYS = "always"
    WHERE_TESTED = "where-tested"
    NEVER = "never"


DEADLINES: Final = Deadlines(service_s=5.0, busy_s=2.0, leaving_s=1.0)
"""Shorter than elsewhere: a card that another program keeps is a notice in the dialog, not a wait without one."""
ROUNDS: Final = 64
"""How many times to begin again at most: a dialog that answers at once and wrongly must not keep a processor busy."""
_LOOK_EVERY_S: Final = 0.3

_ACTS: Final = {
    Authenticate: (Act.LOG_IN, USER_AUTHENTICATION),
    GetSigningCertificate: (Act.READ_SIGNING_CERTIFICATE, DIGITAL_SIGNATURE),
    Sign: (Act.SIGN, DIGITAL_SIGNATURE),
}
_NOTICES: Final[dict[type[errors.MynacardError], Notice]] = {  # the first that fits
    errors.NoPcscServiceError: Notice.NO_READER,  # on Windows it runs only while a reader is attached
    errors.NoReaderError: Notice.NO_READER,
    errors.ReaderNotFoundError: Notice.NO_READER,
    errors.NoCardError: Notice.NO_CARD,
    errors.CardMuteError: Notice.OTHER_CARD,
    errors.ReaderAmbiguousError: Notice.OTHER_CARD,
    errors.ReaderBusyError: Notice.CARD_BUSY,
    errors.CardLostError: Notice.CARD_REMOVED,
    errors.PinBlocked: Notice.PIN_BLOCKED,
    errors.PinAbsent: Notice.NO_CERTIFICATE,
    errors.CertificateAbsent: Notice.NO_CERTIFICATE,
    errors.ApplicationNotFound: Notice.OTHER_CARD,
}
_NOT_THIS_CARD: Final = frozenset({Notice.OTHER_CARD, Notice.NO_CERTIFICATE, Notice.PIN_BLOCKED})
"""What only another card settles."""


def attend(request: Request, door: Door, *, card: str = "", use_keypad: UseKeypad, until: float) -> Answer:
    """The answer to *request*. On return the dialog is closed, and the card logged out and let go.

    Args:
        request: what the page asks for.
        door: where the holder is asked; :meth:`~mynacard.consent.Door.close` from another thread ends this.
        card: which card, as :func:`mynacard.open_card` takes it.
        use_keypad: whether to ask at the reader's keypad for a PIN that has only digits.
        until: when the request ends, in the seconds of :func:`time.monotonic`.

    Raises:
        MynacardError: what the holder cannot put right in front of the dialog.
    """
    try:
        return _Attending(request, door, card, use_keypad, until).answer()
    finally:
        door.close()


class _Attending:
    def __init__(self, request: Request, door: Door, card: str, use_keypad: UseKeypad, until: float) -> None:
        self._request = request
        self._door = door
        self._card = card
        self._act, self._pair = _ACTS[type(request)]
        self._use_keypad = UseKeypad.NEVER if self._pair.pin.upper_case else use_keypad  # no keypad has letters
        self._until = until
        self._page = Page(request.origin)
        self._incorrect = False
        self._looked = 0.0

    def answer(self) -> Answer:
        for _ in range(ROUNDS):
            outcome = self._round()
            if isinstance(outcome, Notice):
                refusal = self._told(outcome)
                outcome = _failure(refusal) if refusal else None
            if outcome is not None:
                return outcome
        return Failure.CANCELLED

    def _round(self) -> Answer | Notice | None:
        """The answer, or what keeps it from being given; None to ask the holder again."""
        try:
            with connect_card(self._card, deadlines=DEADLINES) as connection:
                return self._asked(connection)
        except (errors.PinIncorrect, errors.PinFormError):
            self._incorrect = True
            return None
        except errors.ConsentRefused as error:
            return _failure(Refusal(error.reason))
        except (errors.PinEntryCancelled, errors.PinEntryTimedOut):
            return Failure.CANCELLED
        except (errors.LastTryError, errors.PinNotTyped):  # tries went meanwhile: the holder has to confirm the last
            return None
        except errors.MynacardError as error:
            notice = _notice(error)
            if notice is None:
                raise
            return notice

    def _asked(self, connection: CardConnection) -> Answer | Notice:
        if not self._seconds:
            return Failure.CANCELLED
        signatures = 0 if self._act is Act.READ_SIGNING_CERTIFICATE else 1
        with consented_session_on(connection, self._pair, self._consent(connection), signatures=signatures) as session:
            return self._done(session)

    def _is_typed_at_keypad(self, connection: CardConnection) -> bool:
        if self._use_keypad is UseKeypad.WHERE_TESTED:
            return connection.has_tested_keypad()
        return self._use_keypad is UseKeypad.ALWAYS

    def _consent(self, connection: CardConnection) -> Consent:
        incorrect, self._incorrect = self._incorrect, False
        request = self._request
        return Consent(
            self._door,
            self._page,
            self._act,
            seconds=self._seconds,
            incorrect=incorrect,
            keypad=AtKeypad() if self._is_typed_at_keypad(connection) else None,
            hash_name=request.hash_name if isinstance(request, Sign) else "",
            digest=request.digest if isinstance(request, Sign) else b"",
        )

    def _done(self, session: JpkiSession) -> Answer | Notice:
        match self._request:
            case Authenticate(nonce, origin):
                token = AuthenticationToken.from_authentication(session.authenticate(origin, nonce))
                return Token(token.certificate_der, token.algorithm, token.signature, token.format, token.app_version)
            case GetSigningCertificate():
                return SigningCertificate(session.certificate_der(DIGITAL_SIGNATURE), ALGORITHMS)
            case Sign():
                if session.certificate_der(DIGITAL_SIGNATURE) != self._request.certificate_der:
                    return Notice.OTHER_CARD
                return SignatureMade(session.sign_digest_info(self._request.digest_info), self._request.hash_)
            case _:
                assert_never(self._request)

    def _told(self, notice: Notice) -> Refusal | None:
        """Show *notice* until it is settled; None then."""
        if notice not in _NOT_THIS_CARD:
            return self._tell(notice, partial(self._is_other_than, notice))
        try:
            with connect_card(self._card, deadlines=DEADLINES) as connection:
                return self._tell(notice, partial(self._is_gone, connection))
        except errors.ReaderError:  # it is gone already, or there is no one card
            return self._tell(notice, partial(self._is_other_than, notice))

    def _tell(self, notice: Notice, settled: Callable[[], bool]) -> Refusal | None:
        if not self._seconds:
            return Refusal.TIMED_OUT
        return self._door.tell(self._page, notice, seconds=self._seconds, settled=partial(self._now_and_then, settled))

    @property
    def _seconds(self) -> float:
        """How long the request is still valid."""
        return max(0.0, self._until - time.monotonic())

    def _now_and_then(self, settled: Callable[[], bool]) -> bool:
        """Whether it is *settled*, as far as it is time to look: a dialog may ask in every frame that it draws."""
        now = time.monotonic()
        if now - self._looked < _LOOK_EVERY_S:
            return False
        self._looked = now
        return settled()

    def _is_other_than(self, notice: Notice) -> bool:
        """Whether a card can be used now, or something other than *notice* keeps it from being used."""
        try:
            with connect_card(self._card, deadlines=DEADLINES) as connection, connection.transaction():
                return True
        except errors.MynacardError as error:
            now = _notice(error)
            return now is not notice and (notice, now) != (Notice.CARD_REMOVED, Notice.NO_CARD)

    @staticmethod
    def _is_gone(connection: CardConnection) -> bool:
        """Whether the card of *connection* was removed, or replaced, since it was connected."""
        try:
            with connection.transaction():
                return False
        except errors.ReaderBusyError:
            return False
        except errors.ReaderError:
            return True


def _notice(error: errors.MynacardError) -> Notice | None:
    """What to show the holder about *error*; None if the holder cannot put it right."""
    if isinstance(error, errors.CardFileError) and isinstance(error.__cause__, TimeoutError):
        return Notice.CARD_BUSY  # a simulated card, in use by another program
    return next((notice for kind, notice in _NOTICES.items() if isinstance(error, kind)), None)


def _failure(refusal: Refusal) -> Failure:
    return Failure.FAILED if refusal is Refusal.NO_DOOR else Failure.CANCELLED

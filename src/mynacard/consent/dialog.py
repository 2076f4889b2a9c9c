"""A door made of dialogs, one question each: the order of the questions, and the time that all of them have."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from enum import Enum
from typing import Final, Protocol, TypeAlias

from mynacard.apdu.pins import Blocked, PinReference, PinSecret
from mynacard.apdu.verification import check_form
from mynacard.consent.request import Answer, Asker, ConsentRequest, Notice, Refusal, spends_last_try
from mynacard.consent.words import Translate, View, at_keypad, last_try, notice, question
from mynacard.errors import PinFormError
from mynacard.pin import Pin

__all__ = ["Agreed", "Dialog", "DialogDoor", "OpenDialog", "Reply"]

_POLL_S: Final = 0.1
_MISFORMED_MAX: Final = 20
"""How often a PIN of the wrong form is asked for anew: a program that answers nonsense does so at once."""


class Agreed(Enum):
    """The holder pressed the button that agrees."""

    AGREED = "agreed"


Reply: TypeAlias = Pin | Agreed | Refusal


class Dialog(Protocol):
    """One question that is being shown."""

    def reply(self, timeout_s: float) -> Reply | None:
        """The holder's reply; None if there is none yet."""
        ...

    def close(self) -> None:
        """Take it away at once, from any thread: :meth:`reply` returns a refusal then."""
        ...


OpenDialog: TypeAlias = Callable[[View, float], Dialog]
"""Shows a view, which is valid for as many seconds, without waiting; an OSError if it cannot be shown."""


class DialogDoor:
    """A door that shows a dialog for each question.

    Args:
        open_dialog: shows one.
        translate: into the holder's language.
        clock: seconds, from any start.
    """

    def __init__(
        self, open_dialog: OpenDialog, translate: Translate, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._open = open_dialog
        self._translate = translate
        self._clock = clock
        self._guard = threading.Lock()
        self._closed = False
        self._dialog: Dialog | None = None

    def ask(self, request: ConsentRequest, /) -> Answer:
        ends = self._clock() + request.seconds
        if isinstance(request.status, Blocked):
            view = notice(request.asker, Notice.PIN_BLOCKED, self._translate)
            return self._refusal(self._shown(view, ends)) or Refusal.CANCELLED
        if spends_last_try(request.status):
            refusal = self._refusal(self._shown(last_try(request, self._translate), ends))
            if refusal is not None:
                return refusal
        if request.keypad is not None:
            return self._refusal(self._shown(at_keypad(request, self._translate), ends)) or request.keypad
        return self._pin(request, ends)

    def tell(self, asker: Asker, notice_: Notice, /, *, seconds: float, settled: Callable[[], bool]) -> Refusal | None:
        reply = self._shown(notice(asker, notice_, self._translate), self._clock() + seconds, settled)
        return None if reply is None else self._refusal(reply) or Refusal.CANCELLED

    def close(self) -> None:
        with self._guard:
            self._closed = True
            if self._dialog is not None:
                self._dialog.close()

    def _pin(self, request: ConsentRequest, ends: float) -> Answer:
        for attempt in range(_MISFORMED_MAX):
            reply = self._shown(question(request, self._translate, misformed=attempt > 0), ends)
            if not isinstance(reply, Pin):
                return self._refusal(reply) or Refusal.CLOSED
            pin = _of_form(request.pin, reply)
            if pin is not None:
                return pin
        return Refusal.CLOSED

    @staticmethod
    def _refusal(reply: Reply | None) -> Refusal | None:
        return reply if isinstance(reply, Refusal) else None

    def _shown(self, view: View, ends: float, settled: Callable[[], bool] = lambda: False) -> Reply | None:
        """The reply to *view*, which is taken away then, or at *ends*; None as soon as *settled* says so."""
        dialog = self._opened(view, ends - self._clock())
        if isinstance(dialog, Refusal):
            return dialog
        try:
            return self._reply(dialog, ends, settled)
        finally:
            dialog.close()

    def _opened(self, view: View, seconds: float) -> Dialog | Refusal:
        with self._guard:
            if self._closed:
                return Refusal.CLOSED
            if seconds <= 0:
                return Refusal.TIMED_OUT
            try:
                self._dialog = self._open(view, seconds)
            except OSError:
                return Refusal.NO_DOOR
            return self._dialog

    def _reply(self, dialog: Dialog, ends: float, settled: Callable[[], bool]) -> Reply | None:
        while not settled():
            left = ends - self._clock()
            reply = dialog.reply(min(left, _POLL_S))
            if self._closed:
                return Refusal.CLOSED
            if reply is not None:
                return reply
            if left <= 0:  # a program that works has said so before: it was given less time
                return Refusal.CLOSED
        return Refusal.CLOSED if self._closed else None


def _of_form(reference: PinReference, typed: Pin) -> PinSecret | None:
    """*typed* as a card keeps it; None if it cannot be this PIN."""
    try:
        return check_form(reference, typed, upper_case=True)
    except PinFormError:
        return None

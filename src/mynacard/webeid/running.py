"""The host's process: threads and descriptors around the state machine, which only the main thread touches."""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import signal
import time
from collections.abc import Callable
from functools import partial
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import TYPE_CHECKING, Final, TypeAlias, assert_never, cast

from mynacard.consent.ways import KEYPAD
from mynacard.webeid import settings
from mynacard.webeid.framing import frame
from mynacard.webeid.host import LIMITS, VALID_S, Action, Event, Host, State
from mynacard.webeid.messages import Answer, Failure, Request, encode
from mynacard.webeid.settings import Settings

if TYPE_CHECKING:
    from mynacard.consent import Door

__all__ = ["run"]

_log = logging.getLogger(__name__)

Happening: TypeAlias = Callable[[Host], tuple[Action, ...]]

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
_CHUNK: Final = 8196
_SLICE_S: Final = 0.2
"""A signal that another thread receives does not end a wait of the main thread, whose handler has to run."""


def run(source: int, output: int) -> None:
    """Serve one command, and end within the browser's patience.

    Args:
        source: the descriptor that commands come from.
        output: the descriptor that the answer goes to.
    """
    process = _Process(output)

    def terminated(_number: int, _frame: object) -> None:
        process.tell(partial(Host.happen, event=Event.TERMINATED))

    for number in _SIGNALS:
        signal.signal(number, terminated)
    Thread(target=_read, args=(source, process.tell), daemon=True).start()
    process.run()


def _read(source: int, tell: Callable[[Happening], None]) -> None:
    """Tell everything that comes from *source*, and its end."""
    with contextlib.suppress(OSError):
        while data := os.read(source, _CHUNK):
            tell(partial(Host.receive, data=data))
    tell(partial(Host.happen, event=Event.INPUT_ENDED))


class _Process:
    def __init__(self, output: int) -> None:
        self._output = output
        self._until = time.monotonic() + VALID_S
        self._settings = functools.cache(settings.load)
        self._host = Host(self._settings)
        self._happenings: SimpleQueue[Happening] = SimpleQueue()
        self._dialog = _Dialog()
        self.tell = self._happenings.put

    def run(self) -> None:
        state, until = State.LISTENING, self._until
        while state is not State.ENDED:
            for action in self._next(until)(self._host):
                self._do(action)
            if self._host.state is not state:
                state = self._host.state
                until = time.monotonic() + LIMITS.get(state, 0.0)

    def _next(self, until: float) -> Happening:
        while (left := until - time.monotonic()) > 0:
            with contextlib.suppress(Empty):
                return self._happenings.get(timeout=min(left, _SLICE_S))
        return partial(Host.happen, event=Event.TIME_IS_UP)

    def _do(self, action: Action) -> None:
        match action:
            case Action.ASK:
                request = cast(Request, self._host.request)  # it brought the host here
                Thread(target=self._attend, args=(request,), daemon=True).start()
            case Action.CLOSE:
                self._dialog.close()
            case Action.ANSWER:
                _write(self._output, frame(encode(self._host.answer)))
            case Action.LEAVE:
                pass  # the state says so
            case _:
                assert_never(action)

    def _attend(self, request: Request) -> None:
        """Attend to *request* in a thread of its own, and tell the answer; the card is closed by then."""
        try:
            answer = _attended(request, self._settings(), self._dialog, self._until)
        except BaseException as error:
            _log.error("%s", getattr(error, "code", type(error).__name__))  # its text may tell who asks
            answer = Failure.FAILED
        self.tell(partial(Host.finish, answer=answer))


class _Dialog:
    """The dialog, which may have to be closed before it is open."""

    def __init__(self) -> None:
        self._guard = Lock()
        self._door: Door | None = None
        self._closed = False

    def open(self, setting: str, language: str) -> Door:
        from mynacard.consent.choosing import open_door  # noqa: PLC0415  # with the holder's request

        door = open_door(setting, language=language)
        with self._guard:
            self._door = door
            if self._closed:
                door.close()
        return door

    def close(self) -> None:
        with self._guard:
            self._closed = True
            if self._door is not None:
                self._door.close()


def _attended(request: Request, holder: Settings, dialog: _Dialog, until: float) -> Answer:
    from mynacard.webeid.attending import UseKeypad, attend  # noqa: PLC0415  # `quit` need not wait for it

    use_keypad = {"": UseKeypad.WHERE_TESTED, KEYPAD: UseKeypad.ALWAYS}.get(holder.consent, UseKeypad.NEVER)
    door = dialog.open(holder.consent, request.lang)
    return attend(request, door, card=holder.card, use_keypad=use_keypad, until=until)


def _write(output: int, data: bytes) -> None:
    with contextlib.suppress(OSError):  # the browser is gone
        while data:
            data = data[os.write(output, data) :]

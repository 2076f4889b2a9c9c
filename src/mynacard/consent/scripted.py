"""A door for tests: a file answers in the holder's place, and what would have been shown is written into another one.

The file is a JSON list with one answer a question, in order::

    [{"pin": "1234"}, "keypad", "cancelled", {"answer": "hang"}, {"pin": "1234", "last": true, "delay_ms": 200}]

An answer is a PIN, ``keypad``, ``hang`` (until the request ends or the door is closed) or the value of a
:class:`~mynacard.consent.Refusal`. A PIN is given for the last try only where it says ``"last": true``, as a holder has
to confirm that. A notice waits until it is settled, and takes no answer but a next one of the form
``{"notice": "cancelled"}``. When the answers are used up, the door is closed.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, cast

from mynacard.apdu.pins import TriesLeft
from mynacard.consent.request import Answer, Asker, ConsentRequest, Document, Notice, Page, Refusal, spends_last_try
from mynacard.errors import UsageError
from mynacard.pin import AtKeypad, Pin
from mynacard.storage import private_file
from mynacard.texts import N_

__all__ = ["ScriptedDoor", "requests_file"]

_POLL_S: Final = 0.02
_KEYPAD: Final = "keypad"
_HANG: Final = "hang"
_WORDS: Final = {_KEYPAD, _HANG, *(refusal.value for refusal in Refusal)}


def requests_file(script: Path) -> Path:
    """Where the requests that *script* answered are written, one JSON object a line; there is no PIN in it."""
    return script.with_name(script.name + ".requests")


class ScriptedDoor:
    """A door that answers from the file *script*.

    Raises:
        UsageError: it is not a list of answers.
        OSError: it cannot be read.
    """

    def __init__(self, script: Path) -> None:
        answers = _answers(script)
        if answers is None:
            raise UsageError(N_("{path} is not a list of answers for a dialog."), path=str(script))
        self._script = script
        self._answers = answers
        self._closed = threading.Event()

    def ask(self, request: ConsentRequest, /) -> Answer:
        ends = time.monotonic() + request.seconds
        self._record(_asked(request))
        if self._closed.is_set() or not self._answers:
            return Refusal.CLOSED
        answer = self._answers.pop(0)
        if self._closed.wait(min(float(answer.get("delay_ms", 0)) / 1000, request.seconds)):
            return Refusal.CLOSED
        if answer.get("answer") == _HANG or time.monotonic() >= ends:
            return Refusal.CLOSED if self._closed.wait(max(0.0, ends - time.monotonic())) else Refusal.TIMED_OUT
        return _given(answer, request)

    def tell(self, asker: Asker, notice: Notice, /, *, seconds: float, settled: Callable[[], bool]) -> Refusal | None:
        ends = time.monotonic() + seconds
        self._record({"tell": notice.value, "asker": _name(asker)})
        if self._answers and "notice" in self._answers[0]:
            return Refusal(self._answers.pop(0)["notice"])
        while not settled():
            if self._closed.wait(_POLL_S):
                return Refusal.CLOSED
            if time.monotonic() >= ends:
                return Refusal.TIMED_OUT
        return Refusal.CLOSED if self._closed.is_set() else None

    def close(self) -> None:
        self._closed.set()

    def _record(self, line: Mapping[str, object]) -> None:
        with private_file(requests_file(self._script)).open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line) + "\n")


def _answers(script: Path) -> list[dict[str, Any]] | None:
    """The answers in *script*; None if that is not what it holds. No error is raised where a variable has a PIN."""
    try:
        rows: Any = json.loads(script.read_bytes())
        return [_answer(row) for row in cast(list[Any], rows)]
    except (ValueError, TypeError, AttributeError, RecursionError):
        return None


def _answer(row: Any) -> dict[str, Any]:
    answer: dict[str, Any] = {"answer": row} if isinstance(row, str) else dict(row)
    if "pin" in answer:
        answer["pin"] = Pin(str(answer["pin"]))
    elif answer.get("answer", _KEYPAD) not in _WORDS:
        raise ValueError
    float(answer.get("delay_ms", 0))
    Refusal(answer.get("notice", Refusal.CANCELLED.value))
    return answer


def _given(answer: Mapping[str, Any], request: ConsentRequest) -> Answer:
    """The answer that the file gives: a Refusal, unless it confirms a last try."""
    word = str(answer.get("answer", _KEYPAD))
    if "pin" not in answer and word != _KEYPAD:
        return Refusal(word)
    if spends_last_try(request.status) and not answer.get("last"):
        return Refusal.CANCELLED
    return cast(Pin, answer["pin"]) if "pin" in answer else request.keypad or AtKeypad()


def _asked(request: ConsentRequest) -> Mapping[str, object]:
    tries = request.status.count if isinstance(request.status, TriesLeft) else type(request.status).__name__
    return {
        "ask": request.act.value, "asker": _name(request.asker), "pin": request.pin.name, "tries": tries,
        "signatures": request.signatures, "hash_name": request.hash_name, "digest": request.digest.hex(),
        "incorrect": request.incorrect, "keypad": request.keypad is not None, "seconds": request.seconds,
    }  # fmt: skip


def _name(asker: Asker) -> str:
    match asker:
        case Page(origin):
            return origin
        case Document(name):
            return name
        case program:
            return program.name

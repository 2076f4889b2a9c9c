"""The host as a state machine without IO: bytes and events go in, and actions come out.

One process serves one command, and has greeted before this begins (:mod:`mynacard.webeid.serving`). Every pair of a
state and an event has its row in :data:`TABLE`, which docs/webeid.md prints.

Source: web-eid-webextension 2277476 (2.5.0) and web-eid-app 0de1619 (2.9.0): one command, one answer, end.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Final

from mynacard._dataclasses import dataclass
from mynacard.errors import ProtocolError, SettingsFileError, UnsupportedAlgorithmError, UsageError
from mynacard.webeid.framing import COMMAND_LENGTHS, FrameReader
from mynacard.webeid.messages import Answer, Authenticate, Done, Failure, Quit, Request, decode_command
from mynacard.webeid.settings import Settings

__all__ = ["LIMITS", "TABLE", "Action", "Event", "Host", "Move", "Received", "State"]


class State(Enum):
    """Where the host is; each value says so in words."""

    LISTENING = "has greeted; waits for the command"
    ATTENDING = "the holder is being asked, or the card works"
    LEAVING = "the dialog is being closed and the card let go"
    ENDED = "gone"


class Event(Enum):
    """What can happen; each value says so in words."""

    PART = "bytes came, but no whole message yet"
    QUIT = "the message `quit`"
    REQUEST = "a command that the holder may be asked about"
    REFUSED = "a message that is malformed or not allowed"
    INPUT_ENDED = "end of input: the browser is gone, or has given up"
    TERMINATED = "SIGTERM or SIGINT"
    TIME_IS_UP = "the state's time is up"
    OUTCOME = "the use case has an answer, and the card is closed"


class Action(Enum):
    """What to do about it; each value says so in words."""

    ASK = "ask the holder"
    CLOSE = "close the dialog"
    ANSWER = "answer"
    LEAVE = "leave"


@dataclass(frozen=True, slots=True)
class Move:
    """The state that follows, and what to do on the way, in this order."""

    state: State
    actions: tuple[Action, ...] = ()


_L, _A, _G, _E = State.LISTENING, State.ATTENDING, State.LEAVING, State.ENDED
_STAY: Final = {state: Move(state) for state in State}
_END: Final = Move(_E, (Action.LEAVE,))
_SAY: Final = Move(_E, (Action.ANSWER, Action.LEAVE))
_CLOSE: Final = Move(_G, (Action.CLOSE,))

TABLE: Final[dict[tuple[State, Event], Move]] = {
    (_L, Event.PART): _STAY[_L],
    (_L, Event.QUIT): _SAY,
    (_L, Event.REQUEST): Move(_A, (Action.ASK,)),
    (_L, Event.REFUSED): _SAY,
    (_L, Event.INPUT_ENDED): _END,
    (_L, Event.TERMINATED): _END,
    (_L, Event.TIME_IS_UP): _END,
    (_L, Event.OUTCOME): _STAY[_L],  # nothing was asked
    (_A, Event.PART): _STAY[_A],  # one command, and no more
    (_A, Event.QUIT): _STAY[_A],
    (_A, Event.REQUEST): _STAY[_A],
    (_A, Event.REFUSED): _STAY[_A],
    (_A, Event.INPUT_ENDED): _CLOSE,
    (_A, Event.TERMINATED): _CLOSE,
    (_A, Event.TIME_IS_UP): _CLOSE,
    (_A, Event.OUTCOME): _SAY,
    (_G, Event.PART): _STAY[_G],
    (_G, Event.QUIT): _STAY[_G],
    (_G, Event.REQUEST): _STAY[_G],
    (_G, Event.REFUSED): _STAY[_G],
    (_G, Event.INPUT_ENDED): _STAY[_G],
    (_G, Event.TERMINATED): _STAY[_G],
    (_G, Event.TIME_IS_UP): _END,  # a card that does not answer: the system takes the connection back
    (_G, Event.OUTCOME): _END,  # it is not told: the browser has given up
    **{(_E, event): _STAY[_E] for event in Event},
}

VALID_S: Final = 120.0
"""How long the extension waits for an answer by default, and so how long a request is valid."""
LIMITS: Final = {State.LISTENING: VALID_S, State.ATTENDING: VALID_S + 5.0, State.LEAVING: 1.2}
"""How long each state may last, in seconds. Browsers kill the host 1.8 s after the end of its input."""


@dataclass(frozen=True, slots=True)
class Received:
    """What a message turned out to be: its event, and the command to carry out or the answer to give."""

    event: Event
    request: Request | None = None
    answer: Answer = Failure.FAILED


class Host:
    """The state machine.

    Args:
        settings: loads what the holder has set; called when a command needs it.
    """

    def __init__(self, settings: Callable[[], Settings]) -> None:
        self._settings = settings
        self._frames = FrameReader(COMMAND_LENGTHS)
        self.state = State.LISTENING
        self.request: Request | None = None
        self.answer: Answer = Failure.FAILED

    def receive(self, data: bytes) -> tuple[Action, ...]:
        """The actions after *data* came. Only the first message counts; what follows it is dropped."""
        if self.state is not State.LISTENING:
            return self.happen(Event.PART)
        received = self._received(data)
        self.request, self.answer = received.request, received.answer
        return self.happen(received.event)

    def finish(self, answer: Answer) -> tuple[Action, ...]:
        """The actions after the use case ended with *answer*."""
        if self.state is State.ATTENDING:
            self.answer = answer
        return self.happen(Event.OUTCOME)

    def happen(self, event: Event) -> tuple[Action, ...]:
        """The actions after *event*."""
        move = TABLE[self.state, event]
        self.state = move.state
        return move.actions

    def _received(self, data: bytes) -> Received:
        try:
            messages = self._frames.feed(data)
            return _judged(messages[0], self._settings) if messages else Received(Event.PART)
        except ProtocolError:
            return _refused(Failure.NOT_A_MESSAGE)
        except (UsageError, UnsupportedAlgorithmError):
            return _refused(Failure.BAD_ARGUMENTS)
        except SettingsFileError:
            return _refused(Failure.FAILED)


def _judged(message: bytes, settings: Callable[[], Settings]) -> Received:
    """*message*, and whether the holder's settings allow it."""
    command = decode_command(message)
    if isinstance(command, Quit):
        return Received(Event.QUIT, answer=Done())
    allowed = settings()
    if not command.origin.startswith("https:") and command.origin not in allowed.loopback:
        return _refused(Failure.NOT_HTTPS)
    if not isinstance(command, Authenticate) and command.origin not in allowed.signing:
        return _refused(Failure.SIGNING_NOT_ALLOWED)
    return Received(Event.REQUEST, request=command)


def _refused(failure: Failure) -> Received:
    return Received(Event.REFUSED, answer=failure)

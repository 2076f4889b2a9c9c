"""A card around a card that records all exchanges, masked as they are written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import IO, Final

from mynacard.apdu.keypad import TypedCommand, with_keys
from mynacard.apdu.masking import ApplicationMask, Follower
from mynacard.apdu.message import Card
from mynacard.apdu.secrecy import carries_secret, told
from mynacard.errors import MynacardError, NoKeypadError
from mynacard.recordings.json_lines import end_line, exchange_line, header_line
from mynacard.recordings.recording import Exchange, MaskedBytes

__all__ = ["NOTHING", "Recorder"]

NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


class Recorder:
    """A card around *card* that writes a line to *stream* for each exchange, as soon as it is over.

    It never writes PINs or their length, the parts of answers that *rules* name, or the answers of an application that
    they do not mention. A failing stream does not disturb the program that uses the card: :meth:`end` reports it.

    Args:
        card: the card.
        stream: a text stream; flushed after each line.
        rules: the personal data of each application whose other data may be shown.
        about: a description of the recording in words: reader, card, day.
        clock: nanoseconds from any moment on; with it the recording has the time and duration of each command.
    """

    def __init__(
        self,
        card: Card,
        stream: IO[str],
        rules: tuple[ApplicationMask, ...],
        about: Mapping[str, str] = NOTHING,
        *,
        clock: Callable[[], int] | None = None,
    ) -> None:
        self._card = card
        self._clock = clock
        self._began: int | None = None
        self._stream = stream
        self._follower = Follower(rules)
        self._count = 0
        self._failure: OSError | None = None
        self._write(header_line(rules, about, timed=clock is not None))

    def transmit(self, command: bytes, /) -> bytes:
        """The card's answer to *command*; both are recorded.

        Raises:
            MynacardError: raised by the card; its code is recorded in place of an answer.
        """
        send = partial(self._card.transmit, command)
        return self._exchanged(command, secret=carries_secret(command), send=send)

    def transmit_typed(self, command: TypedCommand, /) -> bytes:
        """The same for a command whose PIN is typed at the reader: it is recorded as if the program had sent it.

        Raises:
            NoKeypadError: the reader cannot do that. Nothing was sent, and nothing is recorded.
            MynacardError: as for :meth:`transmit`.
        """
        send = partial(with_keys(self._card).transmit_typed, command)
        return self._exchanged(command.header, secret=True, send=send)

    def end(self) -> None:
        """Write the last line, without which the recording is refused as cut off.

        Raises:
            OSError: this line, or one before it, could not be written.
        """
        self._write(end_line(self._count))
        if self._failure is not None:
            raise self._failure

    def _exchanged(self, command: bytes, *, secret: bool, send: Callable[[], bytes]) -> bytes:
        sent = self._now()
        kept = told(command)
        try:
            answer = send()
        except NoKeypadError:
            raise
        except MynacardError as error:
            self._follower.lost()
            self._keep(kept, secret, None, error.code, sent)
            raise
        self._keep(kept, secret, MaskedBytes.of(answer, self._follower.personal(command, answer)), "", sent)
        return answer

    def _keep(self, command: bytes, secret: bool, answer: MaskedBytes | None, error: str, sent: int | None) -> None:
        now = self._now()
        at, took = (None, None) if sent is None or now is None else (sent, now - sent)
        self._write(exchange_line(Exchange(command, secret, answer, error, at, took)))
        self._count += 1

    def _now(self) -> int | None:
        """Microseconds since the first command; None without a clock."""
        if self._clock is None:
            return None
        now = self._clock() // 1000
        if self._began is None:
            self._began = now
        return now - self._began

    def _write(self, line: str) -> None:
        if self._failure is not None:
            return
        try:
            self._stream.write(line + "\n")
            self._stream.flush()
        except OSError as error:
            self._failure = error

"""The frames of native messaging: a length, and that many bytes; the same in both directions.

Source: Chrome for Developers, "Native messaging" (a 32-bit length in native byte order, then JSON in UTF-8); the limits
are those of web-eid-app 0de1619 (2026-03-19).
"""

from __future__ import annotations

import sys
from typing import Final

from mynacard.errors import ProtocolError
from mynacard.texts import N_

__all__ = ["ANSWER_LENGTHS", "COMMAND_LENGTHS", "FrameReader", "frame"]

PREFIX_LENGTH: Final = 4
COMMAND_LENGTHS: Final = range(5, 8192 + 1)
"""The lengths of a message that the host accepts, in bytes."""
ANSWER_LENGTHS: Final = range(2, (1 << 20) + 1)
"""The lengths of a message that a browser accepts."""


def frame(message: bytes) -> bytes:
    """*message* with its length in front, as it goes over the wire."""
    return len(message).to_bytes(PREFIX_LENGTH, sys.byteorder) + message


class FrameReader:
    """Finds the messages in bytes that come in parts; keeps at most one message, and what came with its end.

    Args:
        lengths: the lengths that a message may have, in bytes.
    """

    def __init__(self, lengths: range) -> None:
        self._lengths = lengths
        self._rest = b""

    @property
    def is_between(self) -> bool:
        """Whether the bytes so far end where a message ends."""
        return not self._rest

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that *data* completes, in their order.

        Raises:
            ProtocolError: a length is out of range. What follows cannot be told apart any more, so every later call
                raises it, too.
        """
        self._rest += data
        messages: list[bytes] = []
        while len(self._rest) >= PREFIX_LENGTH and len(self._rest) >= (end := self._end()):
            messages.append(self._rest[PREFIX_LENGTH:end])
            self._rest = self._rest[end:]
        return messages

    def _end(self) -> int:
        length = int.from_bytes(self._rest[:PREFIX_LENGTH], sys.byteorder)
        if length not in self._lengths:
            raise ProtocolError(
                N_("A message has {length} bytes; {fewest} to {most} are allowed."),
                length=length,
                fewest=self._lengths.start,
                most=self._lengths.stop - 1,
            )
        return PREFIX_LENGTH + length

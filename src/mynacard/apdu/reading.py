"""How many bytes of a file to ask for at a time, so that it is read in the least time. Decided here and nowhere else.

The time of a READ BINARY is that of any command and that of its bytes; 256 bytes take as long as nearly four commands.
Hence a certificate of 1,461 bytes, in an EF of 2,048 bytes with filler, on a reader from which nothing was learned yet:

===========================================  ========  =========  ========
READ BINARY                                  commands  bytes      time
===========================================  ========  =========  ========
the whole EF                                 1         2,048      1,417 ms
a first block of 256, exactly the rest       2         1,461      1,069 ms
six blocks of at most 256                    6         1,461      1,249 ms
===========================================  ========  =========  ========

So the length is read with a first block, and exactly the rest follows. Whether an answer of that length passes is found
out by asking for it. That is free while no PIN is verified: at worst one command is lost, and the application is
selected again.

Afterwards it could cost the login, so only what has passed before is asked for. A probe of a free file before VERIFY
does not pay: an answer shows that answers of its own length pass, and no longer ones. One of *n* bytes takes a command
and 0.67 ms × *n*, which is 171 ms for every 256 bytes, and it saves at most one command of 45 ms for these.

Source: lanesky/mnbcard (a log with the times of one card on one contactless reader). The order of these ways is the
same on every wire of :mod:`mynacard.simulator.timing`, and for an EF of 1,600 bytes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from mynacard.apdu.channel import CardProfile
from mynacard.apdu.message import NE_MAX

__all__ = ["BLOCK", "BYTE_S", "COMMAND_S", "answer_to_try", "blocks", "first_block", "read_s"]

BLOCK: Final = 256
"""The most bytes that a READ BINARY with a short Le returns."""
COMMAND_S: Final = 0.045
BYTE_S: Final = 0.00067
"""Seconds for any command, and for each byte that a READ BINARY brings, in the log named above."""
_SHORTEST: Final = 1024
"""No certificate of these cards is shorter: the shortest seen has about 1,200 bytes. That many are never filler."""


def read_s(sizes: Iterable[int]) -> float:
    """Seconds for one READ BINARY of each of *sizes*, in bytes."""
    return sum(COMMAND_S + BYTE_S * size for size in sizes)


def first_block(profile: CardProfile) -> int:
    """How many bytes of a certificate to ask for first: as *profile* says, else as many as pass, but no filler."""
    passes = NE_MAX if profile.extended_length else profile.seen
    return profile.certificate or min(passes, _SHORTEST)


def answer_to_try(left: int, passes: int, may_pass: int) -> int:
    """The length of the one answer to try for *left* bytes, where a failure costs no login; 0 if it would save nothing.

    Args:
        left: bytes of the file still to be read.
        passes: the most bytes that one answer was seen to hold.
        may_pass: the most that one may hold, as far as is known.
    """
    asked = min(left, may_pass)
    without = read_s(blocks(left, passes))
    return asked if read_s((asked, *blocks(left - asked, passes))) < without else 0


def blocks(left: int, most: int) -> tuple[int, ...]:
    """The sizes of the reads that cover *left* bytes: the fewest reads of up to *most*, and then the fewest bytes sent.

    A command for more than 256 bytes is two bytes longer.
    """
    count = -(-left // most)
    short = max((n for n in range(count + 1) if n * BLOCK + (count - n) * most >= left), default=0)
    sizes = [most] * (count - short) + [BLOCK] * short
    return tuple(min(size, left - sum(sizes[:place])) for place, size in enumerate(sizes))

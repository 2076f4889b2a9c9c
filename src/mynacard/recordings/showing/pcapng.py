"""pcapng files, whose packets Wireshark passes to one of its dissectors, with comments.

Sources: the IETF's draft-ietf-opsawg-pcapng, §3.1 (blocks), §3.5 (options), §4.1 (section header), §4.2 (interface
description), §4.3 (enhanced packet); Wireshark's "Exported PDU" (its wsutil/exported_pdu_tlvs.h), whose link type the
tcpdump project's list has as LINKTYPE_WIRESHARK_UPPER_PDU.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import Final

from construct import (
    Aligned,
    Bytes,
    Const,
    GreedyBytes,
    GreedyRange,
    Int16ub,
    Int16ul,
    Int32ul,
    Int64sl,
    Prefixed,
    Rebuild,
    Struct,
    Terminated,
    len_,
    this,
)

from mynacard._dataclasses import dataclass
from mynacard.apdu.wire import Wire
from mynacard.texts import printable

__all__ = ["COMMENT_MAX", "SNAP_LENGTH", "Direction", "Packet", "encode"]

SNAP_LENGTH: Final = 1 << 18
"""Wireshark refuses a file with a longer packet: of such a packet the file has the beginning and the full length."""
COMMENT_MAX: Final = 1000
"""In characters; an option has at most 65535 bytes."""


class Direction(IntEnum):
    """The direction of a packet, as seen from the reader: the lowest bits of its flags (§4.3)."""

    INBOUND = 1
    OUTBOUND = 2


@dataclass(frozen=True, slots=True)
class Packet:
    """A packet for the dissector.

    Attributes:
        data: the bytes to dissect.
        at_us: its time, in microseconds from any moment on, at least 0.
        direction: of the packet.
        comment: for people; may be empty.
    """

    data: bytes
    at_us: int
    direction: Direction
    comment: str = ""


_UPPER_PDU: Final = 252
_UPPER: Final[Wire] = Struct(  # the dissector's name is padded with zeros, which its length includes
    Const(12, Int16ub), "dissector" / Prefixed(Int16ub, Aligned(4, GreedyBytes)), Const(bytes(4)), "data" / GreedyBytes
)
_OPTIONS: Final[Wire] = GreedyRange(Aligned(4, Struct("code" / Int16ul, "value" / Prefixed(Int16ul, GreedyBytes))))
_END, _COMMENT = (0, b""), 1
_PROGRAM, _NAME, _RESOLUTION, _FLAGS = 4, 2, 9, 2  # codes of options; each kind of block has its own
_MICROSECONDS: Final = b"\x06"

_BODIES: Final[dict[int, Wire]] = {
    0x0A0D0D0A: Struct(  # the section header: byte order, version 1.0, an unspecified length
        Const(0x1A2B3C4D, Int32ul), Const(1, Int16ul), Const(0, Int16ul), Const(-1, Int64sl), "options" / _OPTIONS,
        Terminated,
    ),
    1: Struct(  # the interface
        Const(_UPPER_PDU, Int16ul), Const(0, Int16ul), Const(SNAP_LENGTH, Int32ul), "options" / _OPTIONS, Terminated
    ),
    6: Struct(  # a packet
        Const(0, Int32ul), "high" / Int32ul, "low" / Int32ul, "captured" / Rebuild(Int32ul, len_(this.data)),
        "length" / Int32ul, "data" / Aligned(4, Bytes(this.captured)), "options" / _OPTIONS, Terminated,
    ),
}  # fmt: skip
_SECTION, _INTERFACE, _PACKET = _BODIES
_BLOCK: Final[Wire] = Struct(
    "kind" / Int32ul, "length" / Rebuild(Int32ul, len_(this.body) + 12), "body" / Bytes(this.length - 12),
    "again" / Rebuild(Int32ul, this.length),
)  # fmt: skip


def encode(packets: Iterable[Packet], dissector: str, *, interface: str, program: str, comment: str) -> bytes:
    """A file of *packets*, each for Wireshark's *dissector*; *comment* describes the file.

    Comments are cut to :data:`COMMENT_MAX` characters, and characters that would command a terminal are escaped.
    """
    return b"".join(
        (
            _block(_SECTION, _comment(comment), (_PROGRAM, program.encode())),
            _block(_INTERFACE, (_NAME, interface.encode()), (_RESOLUTION, _MICROSECONDS)),
            *(_packet(packet, dissector.encode()) for packet in packets),
        )
    )


def _packet(packet: Packet, dissector: bytes) -> bytes:
    payload = _UPPER.build({"dissector": dissector, "data": packet.data})
    high, low = divmod(packet.at_us, 1 << 32)
    comment = [_comment(packet.comment)] if packet.comment else []
    return _block(
        _PACKET,
        *comment,
        (_FLAGS, Int32ul.build(packet.direction)),
        high=high,
        low=low,
        data=payload[:SNAP_LENGTH],
        length=len(payload),
    )


def _block(kind: int, *options: tuple[int, bytes], **fields: object) -> bytes:
    rows = [{"code": code, "value": value} for code, value in (*options, _END)]
    return bytes(_BLOCK.build({"kind": kind, "body": _BODIES[kind].build({**fields, "options": rows})}))


def _comment(text: str) -> tuple[int, bytes]:
    return _COMMENT, printable(text)[:COMMENT_MAX].encode()

"""Which protocols a card offers in its answer to reset.

Source: ISO/IEC 7816-3:2006 §8.2.3 (TD bytes), §8.3 (TA2: the specific mode); pcsc-lite 1.9.9, src/atrhandler.c.
"""

from __future__ import annotations

from typing import Final

from mynacard.doors.pcsclite.scard import Protocol

__all__ = ["protocols_of"]

_DIRECT, _INVERSE = 0x3B, 0x3F
_BY_NUMBER: Final = {0: Protocol.T0, 1: Protocol.T1}


def protocols_of(atr: bytes) -> Protocol:
    """The protocols that *atr* offers; UNDEFINED where it is not an ATR."""
    if len(atr) < 2 or atr[0] not in (_DIRECT, _INVERSE):
        return Protocol.UNDEFINED
    offered = Protocol.UNDEFINED
    at, group, present = 2, 1, atr[1] >> 4
    while present:
        ta, _, _, td = (present >> bit & 1 for bit in range(4))
        interface = atr[at : at + present.bit_count()]
        if len(interface) < present.bit_count():
            return Protocol.UNDEFINED
        if group == 2 and ta:
            return _BY_NUMBER.get(interface[0] & 0x0F, Protocol.UNDEFINED)
        if td:
            offered |= _BY_NUMBER.get(interface[-1] & 0x0F, Protocol.UNDEFINED)
        at, group, present = at + len(interface), group + 1, interface[-1] >> 4 if td else 0
    return offered or Protocol.T0

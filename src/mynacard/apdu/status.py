"""Status words: two bytes that say how a command ended.

Source: ISO/IEC 7816-4:2005 §5.1.3, tables 5 and 6; the meanings of JICSAP's IC card specification 1.1 where this
card uses them (vectors/apdu/status.json).
"""

from __future__ import annotations

from typing import Final

from mynacard.texts import N_

__all__ = ["SUCCESS", "StatusWord"]


class StatusWord(int):
    """SW1-SW2 as one number, 0..65535, that knows its meaning. Prints as four hexadecimal digits."""

    __slots__ = ()

    @property
    def sw1(self) -> int:
        return self >> 8

    @property
    def sw2(self) -> int:
        return self & 0xFF

    @property
    def tries_left(self) -> int | None:
        """The X of '63CX', 0..15; None for every other status word: the 4 of '6984' counts nothing."""
        return self & 0x0F if self & 0xFFF0 == 0x63C0 else None

    @property
    def more(self) -> int | None:
        """How many bytes GET RESPONSE can fetch, 1..256, after '61XX'; else None."""
        return (self.sw2 or 256) if self.sw1 == 0x61 else None

    @property
    def exact_ne(self) -> int | None:
        """The Ne to ask again with, 1..256, after '6CXX'; else None."""
        return (self.sw2 or 256) if self.sw1 == 0x6C else None

    @property
    def meaning(self) -> str:
        """What the status word means, in English; a text for people that a catalogue may translate."""
        if self.tries_left is not None:
            return _MEANINGS[0x63C0]
        return _MEANINGS.get(self) or _CLASSES.get(self.sw1, _UNKNOWN)

    def __str__(self) -> str:
        return f"{self:04X}"

    def __repr__(self) -> str:
        return f"StatusWord({self:04X}: {self.meaning})"


SUCCESS: Final = StatusWord(0x9000)

_UNKNOWN: Final = N_("a status word of no known meaning")
_CLASSES: Final[dict[int, str]] = {  # by SW1, where SW2 is not in the table below
    0x61: N_("more data can be fetched"),
    0x62: N_("a warning; nothing was changed"),
    0x63: N_("a warning; something was changed"),
    0x64: N_("an execution error; nothing was changed"),
    0x65: N_("an execution error; something was changed"),
    0x66: N_("a security environment error"),
    0x67: N_("wrong length"),
    0x68: N_("a function of the class byte is not supported"),
    0x69: N_("the command is not allowed"),
    0x6A: N_("wrong parameters"),
    0x6C: N_("wrong expected length"),
}
_MEANINGS: Final[dict[int, str]] = {
    0x9000: N_("done"),
    0x6281: N_("part of the data may be corrupted"),
    0x6282: N_("the end of the file came before the expected length"),
    0x6283: N_("the selected file is locked"),
    0x6300: N_("verification failed"),
    0x6381: N_("the file is full"),
    0x63C0: N_("verification failed, the tries left are counted"),
    0x6400: N_("memory fault, nothing was changed"),
    0x6581: N_("memory fault"),
    0x66F1: N_("a security environment error"),
    0x6700: N_("wrong length"),
    0x6881: N_("this logical channel is not supported"),
    0x6882: N_("secure messaging is not supported"),
    0x6981: N_("the command does not fit this kind of file"),
    0x6982: N_("the security status is not satisfied"),
    0x6983: N_("the authentication method is blocked"),
    0x6984: N_("the referenced key is locked"),
    0x6985: N_("the conditions of use are not satisfied"),
    0x6986: N_("no file is selected"),
    0x6987: N_("a secure messaging object is missing"),
    0x6988: N_("a secure messaging object is wrong"),
    0x69FC: N_("there is no secure messaging session"),
    0x6A80: N_("the data field is wrong"),
    0x6A81: N_("the function is not supported"),
    0x6A82: N_("no such file or application"),
    0x6A83: N_("no such record"),
    0x6A84: N_("not enough memory"),
    0x6A85: N_("the lengths contradict each other"),
    0x6A86: N_("wrong parameters P1-P2"),
    0x6A87: N_("the length contradicts P1-P2"),
    0x6A88: N_("no such data object or key"),
    0x6B00: N_("the offset is outside the file"),
    0x6D00: N_("unknown instruction"),
    0x6E00: N_("unknown class"),
    0x6F00: N_("fault without diagnosis"),
}

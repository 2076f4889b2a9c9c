"""Status words: two bytes that say how a command ended.

Source: ISO/IEC 7816-4:2005 §5.1.3, tables 5 and 6; the meanings of JICSAP's IC card specification 1.1 where this
card uses them (vectors/apdu/status.json).
"""

from __future__ import annotations

from typing import Final

from mynacard.texts import N_

__all__ = ["SUCCESS", "StatusWord"]


class StatusWord(int):
    """SW1-SW2 as one number, 0..65535, that knows its meaning. Prints as four hexadecimal digits.

    The names are plain numbers, for comparing and for building tables.

    Source: ISO/IEC 7816-4:2005 §5.1.3, tables 5 and 6, whose words they shorten; '6999' is Java Card's, '66F1' and
    '69FC' are this card's (vectors/apdu/status.json).
    """

    __slots__ = ()

    SUCCESS: Final = 0x9000
    DATA_MAY_BE_CORRUPTED: Final = 0x6281
    END_OF_FILE: Final = 0x6282
    FILE_LOCKED: Final = 0x6283
    VERIFICATION_FAILED: Final = 0x6300
    FILE_FULL: Final = 0x6381
    NO_TRIES_LEFT: Final = 0x63C0  # the '63CX' that blocks
    MEMORY_FAULT_NOTHING_CHANGED: Final = 0x6400
    MEMORY_FAULT: Final = 0x6581
    SECURITY_ENVIRONMENT_ERROR: Final = 0x66F1
    WRONG_LENGTH: Final = 0x6700
    LOGICAL_CHANNEL_NOT_SUPPORTED: Final = 0x6881
    SECURE_MESSAGING_NOT_SUPPORTED: Final = 0x6882
    WRONG_KIND_OF_FILE: Final = 0x6981
    SECURITY_STATUS_NOT_SATISFIED: Final = 0x6982
    METHOD_BLOCKED: Final = 0x6983
    KEY_LOCKED: Final = 0x6984
    CONDITIONS_NOT_SATISFIED: Final = 0x6985
    NO_FILE_SELECTED: Final = 0x6986
    SECURE_MESSAGING_OBJECT_MISSING: Final = 0x6987
    SECURE_MESSAGING_OBJECT_WRONG: Final = 0x6988
    SELECTION_FAILED: Final = 0x6999  # javacard.framework.ISO7816.SW_APPLET_SELECT_FAILED
    NO_SECURE_MESSAGING_SESSION: Final = 0x69FC
    WRONG_DATA: Final = 0x6A80
    FUNCTION_NOT_SUPPORTED: Final = 0x6A81
    FILE_NOT_FOUND: Final = 0x6A82
    RECORD_NOT_FOUND: Final = 0x6A83
    NOT_ENOUGH_MEMORY: Final = 0x6A84
    LENGTHS_CONTRADICT: Final = 0x6A85
    WRONG_P1_P2: Final = 0x6A86
    LENGTH_CONTRADICTS_P1_P2: Final = 0x6A87
    REFERENCE_NOT_FOUND: Final = 0x6A88
    OFFSET_OUTSIDE_FILE: Final = 0x6B00
    UNKNOWN_INS: Final = 0x6D00
    UNKNOWN_CLA: Final = 0x6E00
    FAULT: Final = 0x6F00

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
        """The meaning of the status word, in English; a text for people that a catalogue may translate."""
        if self.tries_left is not None:
            return _MEANINGS[self.NO_TRIES_LEFT]
        return _MEANINGS.get(self) or _CLASSES.get(self.sw1, _UNKNOWN)

    def __str__(self) -> str:
        return f"{self:04X}"

    def __repr__(self) -> str:
        return f"StatusWord({self:04X}: {self.meaning})"


SUCCESS: Final = StatusWord(StatusWord.SUCCESS)

_UNKNOWN: Final = N_("a status word without a known meaning")
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
    StatusWord.SUCCESS: N_("done"),
    StatusWord.DATA_MAY_BE_CORRUPTED: N_("part of the data may be corrupted"),
    StatusWord.END_OF_FILE: N_("the end of the file came before the expected length"),
    StatusWord.FILE_LOCKED: N_("the selected file is locked"),
    StatusWord.VERIFICATION_FAILED: N_("verification failed"),
    StatusWord.FILE_FULL: N_("the file is full"),
    StatusWord.NO_TRIES_LEFT: N_("verification failed, the tries left are counted"),
    StatusWord.MEMORY_FAULT_NOTHING_CHANGED: N_("memory fault, nothing was changed"),
    StatusWord.MEMORY_FAULT: N_("memory fault"),
    StatusWord.SECURITY_ENVIRONMENT_ERROR: N_("a security environment error"),
    StatusWord.WRONG_LENGTH: N_("wrong length"),
    StatusWord.LOGICAL_CHANNEL_NOT_SUPPORTED: N_("this logical channel is not supported"),
    StatusWord.SECURE_MESSAGING_NOT_SUPPORTED: N_("secure messaging is not supported"),
    StatusWord.WRONG_KIND_OF_FILE: N_("the command does not fit this kind of file"),
    StatusWord.SECURITY_STATUS_NOT_SATISFIED: N_("the security status is not satisfied"),
    StatusWord.METHOD_BLOCKED: N_("the authentication method is blocked"),
    StatusWord.KEY_LOCKED: N_("the referenced key is locked"),
    StatusWord.CONDITIONS_NOT_SATISFIED: N_("the conditions of use are not satisfied"),
    StatusWord.NO_FILE_SELECTED: N_("no file is selected"),
    StatusWord.SECURE_MESSAGING_OBJECT_MISSING: N_("a secure messaging object is missing"),
    StatusWord.SECURE_MESSAGING_OBJECT_WRONG: N_("a secure messaging object is wrong"),
    StatusWord.NO_SECURE_MESSAGING_SESSION: N_("there is no secure messaging session"),
    StatusWord.WRONG_DATA: N_("the data field is wrong"),
    StatusWord.FUNCTION_NOT_SUPPORTED: N_("the function is not supported"),
    StatusWord.FILE_NOT_FOUND: N_("no such file or application"),
    StatusWord.RECORD_NOT_FOUND: N_("no such record"),
    StatusWord.NOT_ENOUGH_MEMORY: N_("not enough memory"),
    StatusWord.LENGTHS_CONTRADICT: N_("the lengths contradict each other"),
    StatusWord.WRONG_P1_P2: N_("wrong parameters P1-P2"),
    StatusWord.LENGTH_CONTRADICTS_P1_P2: N_("the length contradicts P1-P2"),
    StatusWord.REFERENCE_NOT_FOUND: N_("no such data object or key"),
    StatusWord.OFFSET_OUTSIDE_FILE: N_("the offset is outside the file"),
    StatusWord.UNKNOWN_INS: N_("unknown instruction"),
    StatusWord.UNKNOWN_CLA: N_("unknown class"),
    StatusWord.FAULT: N_("fault without diagnosis"),
}

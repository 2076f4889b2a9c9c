"""The ABIs of PC/SC: one API, three systems. Types, names and numbers, as data.

Source: winscard.h and winsmcrd.h (Windows SDK); pcsclite.h, wintypes.h and reader.h (pcsc-lite 1.9.9); winscard.h and
pcsclite.h of macOS's PCSC.framework. vectors/readers/abi.json names the places.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Mapping
from dataclasses import field
from typing import Any, Final, TypeAlias

from mynacard._dataclasses import dataclass

__all__ = ["MACOS", "PCSC_LITE", "SIGNATURES", "WINDOWS", "Abi", "system_abi"]

Number: TypeAlias = type[ctypes.c_int32 | ctypes.c_uint32 | ctypes.c_long | ctypes.c_ulong | ctypes.c_size_t]

SIGNATURES: Final[dict[str, str]] = {
    # d: a DWORD; h: SCARDCONTEXT or SCARDHANDLE; p: a pointer. Every function returns a LONG.
    "SCardEstablishContext": "dppp",
    "SCardReleaseContext":   "h",
    "SCardCancel":           "h",
    "SCardListReaders":      "hppp",
    "SCardGetStatusChange":  "hdpd",
    "SCardConnect":          "hpddpp",
    "SCardDisconnect":       "hd",
    "SCardBeginTransaction": "h",
    "SCardEndTransaction":   "hd",
    "SCardStatus":           "hpppppp",
    "SCardTransmit":         "hppdppp",
    "SCardControl":          "hdpdpdp",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Abi:
    """How to call the PC/SC library of one system.

    Attributes:
        name: for people.
        library: the name or path that the system's loader takes.
        dword, long, handle: the types that the header files call DWORD, LONG, and SCARDCONTEXT or SCARDHANDLE.
        encoding: the encoding of readers' names.
        encoding_errors: the codec's error handler; bytes that are not text keep their value when encoded again.
        atr_length: bytes that SCARD_READERSTATE has for an ATR.
        answer_length: bytes that the library gets for an answer of the card or the reader.
        control_base, control_shift: SCARD_CTL_CODE(function) is the base plus the shifted function.
        packing: the greatest alignment of fields of SCARD_READERSTATE; None leaves it to their types.
        loader: the class in ctypes that calls functions by the system's convention; CDLL where ctypes lacks it.
        symbols: the exported names of functions that the library exports under another name.
    """

    name: str
    library: str
    dword: Number
    long: Number
    handle: Number
    encoding: str
    encoding_errors: str
    atr_length: int
    answer_length: int
    control_base: int
    control_shift: int
    packing: int | None = None
    loader: str = "CDLL"
    symbols: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def character(self) -> int:
        """Bytes in the unit in which lengths of text are counted; the end mark of a text is one such unit."""
        return len("\0".encode(self.encoding))

    def control_code(self, function: int) -> int:
        """SCARD_CTL_CODE: the number under which SCardControl knows the reader's *function*."""
        return self.control_base + (function << self.control_shift)

    def reader_state(self) -> Any:
        """The class of SCARD_READERSTATE."""
        return _structure(
            "SCARD_READERSTATE",
            self.packing,
            szReader=ctypes.c_void_p,
            pvUserData=ctypes.c_void_p,
            dwCurrentState=self.dword,
            dwEventState=self.dword,
            cbAtr=self.dword,
            rgbAtr=ctypes.c_ubyte * self.atr_length,
        )

    def io_request(self) -> Any:
        """The class of SCARD_IO_REQUEST."""
        return _structure("SCARD_IO_REQUEST", None, dwProtocol=self.dword, cbPciLength=self.dword)


def _structure(name: str, packing: int | None, **fields: Any) -> Any:
    packed = {} if packing is None else {"_pack_": packing, "_layout_": "ms"}  # Python 3.14 requires the latter
    return type(name, (ctypes.Structure,), {**packed, "_fields_": tuple(fields.items())})


_EXTENDED: Final = 4 + 3 + 65535 + 2
"""The longest command APDU, ISO/IEC 7816-3:2006 §12.1.3; an answer is shorter. pcsc-lite refuses buffers over 65548."""

PCSC_LITE: Final = Abi(
    "pcsc-lite", "libpcsclite.so.1",
    dword=ctypes.c_ulong, long=ctypes.c_long, handle=ctypes.c_long,
    encoding="utf-8", encoding_errors="surrogateescape", atr_length=33, answer_length=_EXTENDED,
    control_base=0x42000000, control_shift=0,
)  # fmt: skip

WINDOWS: Final = Abi(
    "WinSCard", "winscard.dll",
    dword=ctypes.c_uint32, long=ctypes.c_int32, handle=ctypes.c_size_t,
    encoding="utf-16-le", encoding_errors="surrogatepass", atr_length=36,
    # A driver was seen to count the buffer in 16 bits: https://github.com/LudovicRousseau/pyscard/issues/100.
    answer_length=0xFFFF,
    control_base=0x31 << 16, control_shift=2,
    loader="WinDLL",
    symbols={name: name + "W" for name in ("SCardListReaders", "SCardGetStatusChange", "SCardConnect", "SCardStatus")},
)  # fmt: skip

MACOS: Final = Abi(
    "PCSC.framework", "/System/Library/Frameworks/PCSC.framework/PCSC",
    dword=ctypes.c_uint32, long=ctypes.c_int32, handle=ctypes.c_int32,
    encoding="utf-8", encoding_errors="surrogateescape", atr_length=33, answer_length=_EXTENDED,
    control_base=0x42000000, control_shift=0,
    packing=1,
    symbols={"SCardControl": "SCardControl132"},  # the plain name is an older function without a control code
)  # fmt: skip


def system_abi() -> Abi:
    """The ABI of the system that this runs on."""
    return {"win32": WINDOWS, "darwin": MACOS}.get(sys.platform, PCSC_LITE)

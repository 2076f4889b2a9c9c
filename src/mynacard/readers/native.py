"""PC/SC through the system's own library, by ctypes: nothing to compile, nothing to install with pip.

ctypes lets other threads run while the library works. Every buffer belongs to this module, and the library gets its
size; anything that a library claims to have written beyond it is not read.
"""

from __future__ import annotations

import ctypes
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from itertools import takewhile
from typing import Any, Final, Protocol, TypeAlias

from mynacard.readers.abi import SIGNATURES, Abi, system_abi
from mynacard.readers.codes import SUCCESS
from mynacard.readers.library import Disposition, Library, Outcome, Share, Status, known

__all__ = ["Native", "load"]

Buffer: TypeAlias = "ctypes.Array[ctypes.c_char]"

_SCOPE_USER: Final = 0
_TOO_LONG: Final = 0x80100008
"""SCARD_E_INSUFFICIENT_BUFFER."""

_NAMES: Final = 0x10000
"""Characters for the names of all readers. pcsc-lite has at most 16 readers, and 127 characters for a name."""

_SYSTEM32: Final = 0x00000800
"""LOAD_LIBRARY_SEARCH_SYSTEM32: Windows takes the library only from there. Other systems ignore this."""


class Function(Protocol):
    """A function of a loaded library, as ctypes has it."""

    argtypes: Sequence[Any]
    restype: Any

    def __call__(self, *arguments: object) -> int: ...


class Symbols(Protocol):
    """A loaded library: its functions by name. A ``ctypes.CDLL`` is one."""

    def __getitem__(self, name: str, /) -> Function: ...


def load(abi: Abi | None = None, library: str | None = None) -> Native:
    """The PC/SC library of this system.

    Args:
        abi: how it is called; None takes the system's.
        library: its file; None takes the one that the ABI names.

    Raises:
        OSError: it is not there, or is not a PC/SC library.
    """
    abi = system_abi() if abi is None else abi
    library = abi.library if library is None else library
    loader = getattr(ctypes, abi.loader, ctypes.CDLL)
    try:
        return Native(abi, loader(library, winmode=_SYSTEM32))
    except AttributeError as error:
        raise OSError(f"{library} is not a PC/SC library: a function is missing") from error


class Native(Library):
    """The system's PC/SC library as a :class:`~mynacard.readers.library.Library`.

    Args:
        abi: how it is called.
        symbols: its functions.

    Raises:
        AttributeError: a function is missing.
    """

    def __init__(self, abi: Abi, symbols: Symbols) -> None:
        self._abi = abi
        self._functions = {name: _function(abi, symbols, name) for name in SIGNATURES}
        self._reader_state = abi.reader_state()
        self._io_request = abi.io_request()

    @property
    def name(self) -> str:
        return self._abi.name

    def establish_context(self) -> Outcome[int]:
        context = self._abi.handle()
        code = self._call("SCardEstablishContext", _SCOPE_USER, None, None, ctypes.byref(context))
        return code, context.value

    def release_context(self, context: int, /) -> Outcome[None]:
        return self._call("SCardReleaseContext", context), None

    def cancel(self, context: int, /) -> Outcome[None]:
        return self._call("SCardCancel", context), None

    def list_readers(self, context: int, /) -> Outcome[tuple[str, ...]]:
        # One call, with room for all: between a call for the length and a second one, readers may come.
        names, length = self._text()
        code = self._call("SCardListReaders", context, None, names, ctypes.byref(length))
        code, raw = _filled(code, names, length.value * self._abi.character)
        return code, self._names(raw)

    def get_status_change(
        self, context: int, timeout_ms: int, states: Sequence[tuple[str, int]], /
    ) -> Outcome[tuple[Status, ...]]:
        names = [self._name(reader) for reader, _ in states]  # the structures only point to them
        structures = (self._reader_state * len(states))()
        for structure, name, (_, state) in zip(structures, names, states, strict=True):
            structure.szReader = ctypes.addressof(name)
            structure.dwCurrentState = known(state)
        code = self._call("SCardGetStatusChange", context, timeout_ms, structures, len(states))
        if code != SUCCESS:
            return code, ()
        if any(structure.cbAtr > self._abi.atr_length for structure in structures):
            return _TOO_LONG, ()
        return code, tuple(
            (reader, int(structure.dwEventState), bytes(structure.rgbAtr[: structure.cbAtr]))
            for structure, (reader, _) in zip(structures, states, strict=True)
        )

    def connect(self, context: int, reader: str, share: Share, protocols: int, /) -> Outcome[tuple[int, int]]:
        card, protocol = self._abi.handle(), self._abi.dword()
        code = self._call(
            "SCardConnect", context, self._name(reader), share, protocols, ctypes.byref(card), ctypes.byref(protocol)
        )
        return code, (card.value, protocol.value)

    def disconnect(self, card: int, disposition: Disposition, /) -> Outcome[None]:
        return self._call("SCardDisconnect", card, disposition), None

    def begin_transaction(self, card: int, /) -> Outcome[None]:
        return self._call("SCardBeginTransaction", card), None

    def end_transaction(self, card: int, disposition: Disposition, /) -> Outcome[None]:
        return self._call("SCardEndTransaction", card, disposition), None

    def status(self, card: int, /) -> Outcome[bytes]:
        # The reader's name, state and protocol are not wanted, but macOS was seen to refuse a null in their place:
        # https://github.com/jnasmartcardio/jnasmartcardio/pull/22.
        names, length = self._text()
        state, protocol = self._abi.dword(), self._abi.dword()
        atr, atr_length = self._bytes(self._abi.atr_length)
        code = self._call(
            "SCardStatus",
            card,
            names,
            ctypes.byref(length),
            ctypes.byref(state),
            ctypes.byref(protocol),
            atr,
            ctypes.byref(atr_length),
        )
        return _filled(code, atr, atr_length.value)

    def transmit(self, card: int, protocol: int, command: bytes, /) -> Outcome[bytes]:
        request = self._io_request(protocol, ctypes.sizeof(self._io_request))
        answer, length = self._bytes(self._abi.answer_length)
        with _lent(command) as data:
            code = self._call(
                "SCardTransmit", card, ctypes.byref(request), data, len(data), None, answer, ctypes.byref(length)
            )
        return _filled(code, answer, length.value)

    def control_code(self, function: int, /) -> int:
        return self._abi.control_code(function)

    def control(self, card: int, code: int, data: bytes, /) -> Outcome[bytes]:
        answer, length = self._bytes(self._abi.answer_length)
        with _lent(data) as sent:
            outcome = self._call("SCardControl", card, code, sent, len(sent), answer, len(answer), ctypes.byref(length))
        return _filled(outcome, answer, length.value)

    def _call(self, name: str, *arguments: object) -> int:
        return self._functions[name](*arguments)

    def _bytes(self, size: int) -> tuple[Buffer, Any]:
        """Room for *size* bytes, and the DWORD that holds *size*, and later the number of bytes written."""
        return _room(size), self._abi.dword(size)

    def _text(self) -> tuple[Buffer, Any]:
        """The same for names, where the DWORD counts characters."""
        return _room(_NAMES * self._abi.character), self._abi.dword(_NAMES)

    def _name(self, reader: str) -> Buffer:
        return _copy((reader + "\0").encode(self._abi.encoding, self._abi.encoding_errors))

    def _names(self, raw: bytes) -> tuple[str, ...]:
        """The names in a multi-string: each ends with a null, and an empty one follows the last."""
        return tuple(takewhile(bool, raw.decode(self._abi.encoding, self._abi.encoding_errors).split("\0")))


def _function(abi: Abi, symbols: Symbols, name: str) -> Function:
    types = {"d": abi.dword, "h": abi.handle, "p": ctypes.c_void_p}
    function = symbols[abi.symbols.get(name, name)]
    function.argtypes = [types[letter] for letter in SIGNATURES[name]]
    function.restype = abi.long
    return function


def _room(size: int) -> Buffer:
    return (ctypes.c_char * size)()


def _copy(data: bytes) -> Buffer:
    return (ctypes.c_char * len(data)).from_buffer_copy(data)


@contextmanager
def _lent(data: bytes) -> Generator[Buffer, None, None]:
    """A copy of *data* for the library to read, overwritten afterwards, for it may hold a PIN.

    The bytes object itself stays in memory for as long as Python keeps it.
    """
    copy = _copy(data)
    try:
        yield copy
    finally:
        ctypes.memset(copy, 0, len(copy))


def _filled(code: int, buffer: Buffer, length: int) -> Outcome[bytes]:
    """The bytes that the library wrote into *buffer*: *length* of them, as it says."""
    if code != SUCCESS:
        return code, b""
    if length > len(buffer):
        return _TOO_LONG, b""
    return code, ctypes.string_at(buffer, length)

"""BER out of DER, as programs that stream write it: for tests that it is read as the DER it was made of."""

from __future__ import annotations

from collections.abc import Callable

from asn1crypto import parser

__all__ = ["ber_of"]

Choose = Callable[[int], int]
"""Returns a number below the given one."""

DEFINITE, LONG, INDEFINITE = range(3)


def ber_of(der: bytes, choose: Choose, depth: int = 20, *, kept: tuple[bytes, ...] = ()) -> bytes:
    """The values in *der*, each with the length, and each octet string in the pieces, that *choose* chooses.

    Those that end with one of *kept* stay as they are.
    """
    output = b""
    while der:
        class_, method, number, header, contents, trailer = parser.parse(der)
        whole = header + contents + trailer
        der = der[len(whole) :]
        if kept and whole.endswith(kept):
            output += whole
        elif method == 1:
            output += value(header[0], ber_of(contents, choose, depth - 1, kept=kept), choose(3))
        elif (class_, number) == (0, 4) and depth > 10:
            output += octets(contents, choose, depth - 1)
        else:
            output += value(header[0], contents, choose(2))
    return output


def octets(contents: bytes, choose: Choose, depth: int) -> bytes:
    if depth < 10 or choose(2):
        return value(0x04, contents, choose(2))
    middle = choose(len(contents) + 1)
    pieces = [octets(piece, choose, depth - 1) for piece in (contents[:middle], contents[middle:])]
    return value(0x24, b"".join(pieces), choose(3))


def value(tag: int, contents: bytes, form: int) -> bytes:
    """One value with a length in its shortest form, in one that is too long, or in none."""
    length = len(contents)
    if form == INDEFINITE:
        return bytes((tag, 0x80)) + contents + b"\x00\x00"
    if form == LONG:
        return bytes((tag, 0x85)) + length.to_bytes(5, "big") + contents
    short = bytes((length,)) if length < 0x80 else b"\x84" + length.to_bytes(4, "big")
    return bytes((tag,)) + short + contents

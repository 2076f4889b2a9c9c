"""``mynacard-webeid``: the program that browsers start for the Web eID extension, one process a command.

The extension waits 5 s for the greeting, on whatever machine. So this module imports nothing but what every Python has
loaded, greets, and only then loads the rest. Standard output belongs to the protocol: it is taken away from everything
else first, since one stray line there would break it.
"""

import os
import sys

from mynacard._version import __version__

__all__ = ["VERSION", "main"]

VERSION = f"2.9.0+mynacard.{__version__.replace('.', '-')}"
"""The version of web-eid-app whose messages are those of this host, and our own, as a semantic version's build part."""


def main() -> None:
    """Serve one command on the standard streams. Arguments are ignored: browsers add some of their own."""
    output = _private(1, _standard_error())
    os.write(output, _greeting())
    source = _private(0, os.open(os.devnull, os.O_RDONLY))

    from mynacard.webeid.running import run  # noqa: PLC0415  # after the greeting

    run(source, output)
    os._exit(0)  # a thread may be stuck in the card's or the dialog's system, and would keep the process


def _standard_error() -> int:
    """The descriptor of standard error, or one that leads nowhere: on Windows some browsers give none."""
    try:
        os.fstat(2)
    except OSError:
        return os.open(os.devnull, os.O_WRONLY)
    return 2


def _greeting() -> bytes:
    """The greeting in its frame, as :mod:`mynacard.webeid.messages` and ``framing`` would make it."""
    message = f'{{"version":"{VERSION}"}}'.encode("ascii")
    return len(message).to_bytes(4, sys.byteorder) + message


def _private(stream: int, replacement: int) -> int:
    """A descriptor of our own for *stream*, which itself leads to *replacement* from now on, also in children."""
    private = os.dup(stream)
    os.dup2(replacement, stream)
    if sys.platform == "win32":
        import msvcrt  # noqa: PLC0415  # only Windows has it

        msvcrt.setmode(private, os.O_BINARY)
    return private


if __name__ == "__main__":
    main()

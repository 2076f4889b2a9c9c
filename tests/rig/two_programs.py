"""Two programs of one user at one card: the holder's verifies both PINs and ends; the stranger's stays."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from tests.rig.pcscd import CLIENT_S, Desk

HOLDER: Final = """
import signal
import sys
from mynacard import DIGITAL_SIGNATURE, USER_AUTHENTICATION, JpkiSession, open_card

signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(143))  # as docs/security.md advises

with open_card() as card:
    session = JpkiSession(card)
    session.verify(USER_AUTHENTICATION, "1234")
    session.verify(DIGITAL_SIGNATURE, "ABC123")
    assert len(session.sign(b"a document")) == 256
    print("verified", flush=True)
    LEAVING
"""

_CONNECTED: Final = """
import signal
import sys
from smartcard import scard

signal.alarm(600)  # ends it even in a call that never returns; a slow machine takes minutes for a test

def must(answer):
    assert answer[0] == scard.SCARD_S_SUCCESS, scard.SCardGetErrorMessage(answer[0])
    return answer[1:]

def status_word(apdu):
    result, answer = scard.SCardTransmit(handle, scard.SCARD_PCI_T1 if protocol == 2 else scard.SCARD_PCI_T0, apdu)
    if result & 0xFFFFFFFF == 0x80100068:  # the card was reset
        must(scard.SCardReconnect(handle, scard.SCARD_SHARE_SHARED, 3, scard.SCARD_LEAVE_CARD))
        return status_word(apdu)
    assert result == scard.SCARD_S_SUCCESS, scard.SCardGetErrorMessage(result)
    return bytes(answer[-2:]).hex()

def turns():
    for turn in sys.stdin:
        if "alone" in turn:
            for mode in (scard.SCARD_SHARE_EXCLUSIVE, scard.SCARD_SHARE_SHARED):
                must(scard.SCardReconnect(handle, mode, 3, scard.SCARD_LEAVE_CARD))
            scard.SCardEndTransaction(handle, scard.SCARD_LEAVE_CARD)  # pcscd 1.9.9 keeps the lock of the exclusive one
        yield turn

(context,) = must(scard.SCardEstablishContext(scard.SCARD_SCOPE_USER))
(readers,) = must(scard.SCardListReaders(context, []))
handle, protocol = must(scard.SCardConnect(context, readers[0], scard.SCARD_SHARE_SHARED, 3))
print("here", flush=True)
"""
"""It stays connected, so that the card stays powered, and does not know a PIN."""

STRANGER: Final = (
    _CONNECTED
    + """
for _ in turns():
    said = []
    for key in (0x17, 0x1A):
        assert status_word(list(bytes.fromhex("00A4040C0AD392F000260100000001"))) == "9000"
        assert status_word([0x00, 0xA4, 0x02, 0x0C, 0x02, 0x00, key]) == "9000"
        digest_info = bytes.fromhex("3031300D060960864801650304020105000420") + bytes(32)
        said.append(status_word([0x80, 0x2A, 0x00, 0x80, len(digest_info), *digest_info, 0x00]))
    print(*said, flush=True)
"""
)

RESIDENCE_HOLDER: Final = """
import signal
import sys
from mynacard.opening.card_numbers import opened_residence_card
from mynacard.residence import CardNumber, First

signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(143))

with opened_residence_card(CardNumber("AB12345678CD")) as card:
    assert len(card.read_file(First.FRONT)) == 7004
    assert len(card.read_file(First.ADDRESS)) == 342
    print("verified", flush=True)
    LEAVING
"""
RESIDENCE_STRANGER: Final = (
    _CONNECTED
    + """
for _ in turns():
    assert status_word(list(bytes.fromhex("00A4040C10D392F0004F0300000000000000000000"))) == "9000"
    print(status_word(list(bytes.fromhex("00B08100000000"))), flush=True)
"""
)
"""The same at a residence card: it asks for the address, which an open card sends in the clear to any program."""

SIGNED: Final = "9000 9000\n"
REFUSED: Final = "6982 6982\n"
"""The status words that the stranger gets when it asks each key for a signature."""


def leave(desk: Desk, leaving: str = "pass", *, holder: str = HOLDER) -> int:
    """Let the holder verify both PINs and end by itself; return its exit status."""
    done = subprocess.run(
        [sys.executable, "-c", holder.replace("LEAVING", leaving)],
        env=desk.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=CLIENT_S,
    )  # fmt: skip
    assert done.stdout == "verified\n", done.stderr + desk.said()
    return done.returncode


def leave_by(desk: Desk, number: signal.Signals, *, holder: str = HOLDER) -> int:
    """Let the holder verify both PINs, and end it by a signal within its transaction; return its exit status."""
    with subprocess.Popen(
        [sys.executable, "-c", holder.replace("LEAVING", "sys.stdin.read()")], env=desk.environment, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "verified\n", desk.said()
        process.send_signal(number)
        return process.wait(CLIENT_S)


@contextmanager
def stranger(desk: Desk, script: str = STRANGER) -> Iterator[subprocess.Popen[str]]:
    """The other program, connected."""
    with subprocess.Popen(
        [sys.executable, "-c", script], env=desk.environment, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "here\n", desk.said()
        yield process
        process.kill()


def tries(process: subprocess.Popen[str], turn: str = "your turn") -> str:
    """The status words that the stranger gets when it asks each key for a signature."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{turn}\n")
    process.stdin.flush()
    return process.stdout.readline()


def tries_alone(process: subprocess.Popen[str]) -> str:
    """The same once the service is done with a holder that was killed, and the stranger is its only client.

    pcscd notices later that a client is dead, and then ends its transaction before it resets the card: a stranger that
    asks in between is answered by the card as the holder left it. Only when the reset is done does pcscd count one
    connection less, and only the last one can be made exclusive; libpcsclite waits until it can.
    """
    return tries(process, "when you are alone")

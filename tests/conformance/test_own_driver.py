"""This library, through a real PC/SC service, and what it leaves for the next program at the same card."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from typing import cast

import pytest
from rig.pcscd import Desk, unavailable

HOLDER = """
import json
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.x509 import load_der_x509_certificate
from mynacard import DIGITAL_SIGNATURE, USER_AUTHENTICATION, JpkiSession, open_card

said = {}
with open_card() as card:
    session = JpkiSession(card)
    said["tries"] = [session.pin_status(pair).count for pair in (USER_AUTHENTICATION, DIGITAL_SIGNATURE)]
    session.verify(USER_AUTHENTICATION, "1234")
    session.verify(DIGITAL_SIGNATURE, "ABC123")
    for pair in (USER_AUTHENTICATION, DIGITAL_SIGNATURE):
        said[pair.name] = load_der_x509_certificate(session.certificate_der(pair)).issuer.rfc4514_string()
    key = load_der_x509_certificate(session.certificate_der(DIGITAL_SIGNATURE)).public_key()
    key.verify(session.sign(b"a document"), b"a document", padding.PKCS1v15(), hashes.SHA256())
    said["authentication"] = len(session.authenticate("https://example.jp", "n" * 44).signature)
    LEAVING
print(json.dumps(said))
"""
"""A program of the holder's. It signs with both keys, and goes."""

STRANGER = """
import signal
import sys
from smartcard import scard

signal.alarm(60)  # ends it even in a call that never returns

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

(context,) = must(scard.SCardEstablishContext(scard.SCARD_SCOPE_USER))
(readers,) = must(scard.SCardListReaders(context, []))
handle, protocol = must(scard.SCardConnect(context, readers[0], scard.SCARD_SHARE_SHARED, 3))
print("here", flush=True)
sys.stdin.readline()
said = []
for key in (0x17, 0x1A):
    assert status_word(list(bytes.fromhex("00A4040C0AD392F000260100000001"))) == "9000"
    assert status_word([0x00, 0xA4, 0x02, 0x0C, 0x02, 0x00, key]) == "9000"
    digest_info = bytes.fromhex("3031300D060960864801650304020105000420") + bytes(32)
    said.append(status_word([0x80, 0x2A, 0x00, 0x80, len(digest_info), *digest_info, 0x00]))
print(*said, flush=True)
sys.stdin.readline()
"""
"""Another program of the same user. It is connected all the time, so that the card stays powered, and knows no PIN."""


@pytest.fixture(autouse=True)
def _needs_pyscard() -> None:  # pyright: ignore[reportUnusedFunction]  # pytest finds it
    if find_spec("smartcard") is None:
        unavailable("pyscard is not installed")


@pytest.fixture
def stranger(desk: Desk) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", STRANGER], env=desk.environment, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "here\n"
        yield process
        process.kill()


def said_by(stranger: subprocess.Popen[str]) -> str:
    """What the stranger has to say, once it is asked to try."""
    assert stranger.stdin is not None
    assert stranger.stdout is not None
    stranger.stdin.write("your turn\n")
    stranger.stdin.flush()
    return stranger.stdout.readline()


def run_holder(desk: Desk, leaving: str = "session.log_out()") -> dict[str, object]:
    said = desk.run(sys.executable, "-c", HOLDER.replace("LEAVING", leaving))
    return cast(dict[str, object], json.loads(said))


def test_it_reads_verifies_and_signs_with_both_keys(desk: Desk) -> None:
    said = run_holder(desk)
    assert said["tries"] == [3, 5]
    assert said["authentication"] == 256
    for name in ("user-authentication", "digital-signature"):
        assert "JPKI-SIM" in str(said[name])


@pytest.mark.parametrize("leaving", ["session.log_out()", "pass"], ids=["logged-out", "just-gone"])
def test_nobody_signs_after_it_without_a_pin(desk: Desk, stranger: subprocess.Popen[str], leaving: str) -> None:
    run_holder(desk, leaving)
    assert said_by(stranger) == "6982 6982\n", desk.said()


def test_the_next_program_gets_in_although_a_stranger_stays(desk: Desk, stranger: subprocess.Popen[str]) -> None:
    run_holder(desk)
    said_by(stranger)
    run_holder(desk)


def test_the_command_line_finds_the_card(desk: Desk) -> None:
    listed = desk.run(sys.executable, "-m", "mynacard", "pin", "status")
    assert "3" in listed
    assert "5" in listed

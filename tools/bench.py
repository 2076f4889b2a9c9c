"""Measures how long the library's work takes on this machine, and prints medians next to targets; enforces none.

Usage: python tools/bench.py [--json]
"""

from __future__ import annotations

import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

import bench_dialogues
import bench_vpicc
from bench_figures import Figure, measured, process_cpu_ms, process_ms, show
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_private_key

from mynacard import DIGITAL_SIGNATURE, USER_AUTHENTICATION, JpkiSession, open_card
from mynacard.apdu import Channel
from mynacard.apdu.message import Card
from mynacard.doors.new_cards import new_card
from mynacard.doors.pki_cache import cached_pki
from mynacard.jpki import DF_NAME
from mynacard.personal import TEXT_PIN, TextSession
from mynacard.simulator import DEFAULT_PINS
from mynacard.simulator.individual.contents import FOUR_DIGITS
from mynacard.simulator.timing import TRANSPORTS, TimedCard

ROUNDS: Final = 9
ROUND_S: Final = 0.1
"""The approximate time of a round, in which a fast step is repeated."""
PROCESSES: Final = 15
SESSIONS: Final = 25
CARDS: Final = 1000
SIGNATURES: Final = 7
"""Made for each simulated card: two in certificates, and five by which a municipality vouches for files."""
ORIGIN: Final = "https://portal.example"
WEB_EID_NONCE: Final = "A" * 44

NEEDS: Final = "No reader and no card are needed. It takes about a minute; other programs change the figures."

READS: Final = {
    "READ BINARY, 256 bytes, by offset": "00B0000000",
    "READ BINARY, 256 bytes, by short identifier": "00B08A0000",
    "READ BINARY, whole file, by offset, extended": "00B00000000000",
    "READ BINARY, whole file, by short identifier, extended": "00B08A00000000",
    "VERIFY without data (tries left)": "00200098",
}
"""Commands after SELECT of the EF 000A, the user-authentication certificate."""
TARGETS: Final = {
    "READ BINARY, 256 bytes, by offset": "35,000 or more",
    "READ BINARY, 256 bytes, by short identifier": "25,000 or more",
    "READ BINARY, whole file, by short identifier, extended": "25,000 or more",
}


def main() -> None:
    steps = {
        "the test PKI, made once per machine": _make_pki, "the simulator's commands": simulator,
        "whole processes": processes, "processor time": processor_time, "sessions": sessions,
        f"{CARDS:,} cards": many_cards, "real cards, by the model": as_real_cards,
        "the same beside other programs": bench_dialogues.figures,
        "another simulator in process": bench_vpicc.figures,
    }  # fmt: skip
    show(measured(NEEDS, steps), sys.argv[1:])


def _make_pki() -> list[Figure]:
    """No figure: nothing else is to wait for it."""
    cached_pki()
    return []


def simulator() -> list[Figure]:
    """The rate of commands to a card in memory, from command bytes to response bytes."""
    card = new_card()
    for wire in (b"\x00\xa4\x04\x0c\x0a" + DF_NAME, b"\x00\xa4\x02\x0c\x02\x00\x0a"):
        _done(card, wire)
    content = _done(card, bytes.fromhex(READS["READ BINARY, 256 bytes, by offset"]))

    def reference(_command: bytes) -> bytes:
        return content + b"\x90\x00"

    base = _per_second(partial(reference, b""))
    figures = [Figure("reference: a Python function that joins 256 and 2 bytes", base, "1/s")]
    for what, text in READS.items():
        rate = _per_second(partial(card.transmit, bytes.fromhex(text)))
        figures.append(
            Figure(f"simulator: {what}", rate, "1/s", TARGETS.get(what, ""), f"reference / {base / rate:.0f}")
        )
    return figures


def processes() -> list[Figure]:
    """The time of whole processes beyond that of a process that does nothing, the two run in turn."""
    bare = ["-c", "pass"]
    ready = "import mynacard\nwith mynacard.open_card('sim:'): pass"
    programs = {
        "mynacard --version": (["-m", "mynacard", "--version"], "80 or less"),
        "import mynacard": (["-c", "import mynacard"], ""),
        "a first simulated card, imports included": (["-c", ready], ""),
    }
    figures: list[Figure] = []
    for what, (arguments, target) in programs.items():
        for warm_up in (bare, arguments):
            process_ms(*warm_up)
        pairs = [(process_ms(*bare), process_ms(*arguments)) for _ in range(PROCESSES)]
        idle = statistics.median(pair[0] for pair in pairs)
        beyond = statistics.median(pair[1] - pair[0] for pair in pairs)
        figures.append(Figure(f"process: {what}, over python -c pass", beyond, "ms", target, f"that: {idle:.1f} ms"))
    return figures


LIBRARIES: Final = (
    "import click, construct, cryptography.x509, cryptography.hazmat.primitives.serialization.pkcs7,"
    " cryptography.hazmat.primitives.asymmetric.padding, platformdirs, logging, dataclasses, hmac"
)
"""All that ``sign`` loads of others."""


def processor_time() -> list[Figure]:
    """The processor time of whole processes, as a multiple of that of a process that does nothing, run in turn."""
    with tempfile.TemporaryDirectory() as folder:
        document, signature, pin = (str(Path(folder, name)) for name in ("document", "signature", "pin"))
        Path(document).write_bytes(b"an application")
        Path(pin).write_text(DEFAULT_PINS[DIGITAL_SIGNATURE.name], "utf-8")
        command = ["-m", "mynacard"]
        sign = [*command, "sign", document, "-r", "sim:", "--pin-file", pin, "-o", signature, "--force"]
        programs = {
            "import mynacard": (["-c", "import mynacard"], "1.3 or less"),
            "mynacard --help": ([*command, "--help"], "8 or less"),
            "mynacard info -r sim:": ([*command, "info", "-r", "sim:"], "20 or less"),
            "mynacard sign -r sim:": (sign, "20 or less"),
            "mynacard verify --simulated": ([*command, "verify", document, signature, "--simulated"], "20 or less"),
            "the libraries that sign loads, without mynacard": (["-c", LIBRARIES], ""),
        }
        return [
            Figure(f"processor time: {what}, over python -c pass", _times_idle(arguments), "×", target)
            for what, (arguments, target) in programs.items()
        ]


def _times_idle(arguments: list[str]) -> float:
    ratios: list[float] = []
    for number in range(PROCESSES + 1):
        idle, taken = process_cpu_ms("-c", "pass"), process_cpu_ms(*arguments)
        if number:  # the first is a warm-up
            ratios.append(taken / idle if idle else 0.0)
    return statistics.median(ratios)


def sessions() -> list[Figure]:
    """The steps of a session with a simulated card in this process, with all imports done and the test PKI cached."""
    steps: dict[str, list[float]] = {
        "open_card('sim:'), until the card is ready": [],
        "JpkiSession, verify and sign (digital signature)": [],
        "JpkiSession, verify and authenticate": [],
        "log out, power off": [],
        "sign again, same session": [],
    }
    for _ in range(SESSIONS):
        for step, taken in zip(steps, _session_ms(), strict=True):
            steps[step].append(taken)
    return [Figure(f"in process: {step}", statistics.median(taken), "ms") for step, taken in steps.items()]


def many_cards() -> list[Figure]:
    """A thousand simulated cards, each answering: time, compared with their signatures, and memory."""
    signature_s = 1 / _per_second(partial(_test_key().sign, bytes(300), PKCS1v15(), SHA256()))
    before = _resident_mb()
    watch = _Watch()
    cards = [new_card() for _ in range(CARDS)]
    taken_s = watch.lap_ms() / 1000
    for card in cards:
        _done(card, b"\x00\xa4\x04\x0c\x0a" + DF_NAME)
    allowed_s = 4 * CARDS * SIGNATURES * signature_s + 0.5
    return [
        Figure(f"{CARDS:,} cards", taken_s, "s", f"{allowed_s:.2f} or less", f"{SIGNATURES} RSA signatures in each: "
               f"{CARDS * SIGNATURES * signature_s:.2f} s"),
        Figure(f"{CARDS:,} cards, resident memory, each answering", _resident_mb() - before, "MB", "40 or less"),
    ]  # fmt: skip


def as_real_cards() -> list[Figure]:
    """How long each job would take with a real card, by the model of ``mynacard.simulator.timing``, without waiting."""
    figures: list[Figure] = []
    for job, step in JOBS.items():
        for name, transport in TRANSPORTS.items():
            waits: list[float] = []
            step(Channel(TimedCard(new_card(), transport, waits.append)))
            figures.append(
                Figure(f"a real card, by the model ({name}): {job}", sum(waits), "s", "", f"{len(waits)} APDUs")
            )
    return figures


def _sign(card: Channel) -> None:
    session = JpkiSession(card)
    session.verify(DIGITAL_SIGNATURE, DEFAULT_PINS[DIGITAL_SIGNATURE.name])
    session.sign(b"an application")


def _log_in(card: Channel) -> None:
    session = JpkiSession(card)
    session.verify(USER_AUTHENTICATION, DEFAULT_PINS[USER_AUTHENTICATION.name])
    session.authenticate(ORIGIN, WEB_EID_NONCE)


def _number_and_attributes(card: Channel) -> None:
    session = TextSession(card)
    session.certificate()
    session.verify(TEXT_PIN, FOUR_DIGITS)
    session.evidence(secrets.token_bytes(32))


JOBS: Final[dict[str, Callable[[Channel], None]]] = {
    "sign a document": _sign,
    "log in": _log_in,
    "My Number and attributes, with all that is checked": _number_and_attributes,
}


def _test_key() -> RSAPrivateKey:
    key = load_der_private_key(cached_pki().cv.card.own, None)
    if not isinstance(key, RSAPrivateKey):
        raise SystemExit("the test PKI has no RSA keys")
    return key


def _resident_mb() -> float:
    """This process's resident memory in megabytes; 0 where the system has no /proc."""
    try:
        with open("/proc/self/statm", encoding="ascii") as statm:
            return int(statm.read().split()[1]) * 4096 / 1e6
    except OSError:
        return 0.0


def _session_ms() -> tuple[float, ...]:
    document = b"an application"
    watch = _Watch()
    with open_card("sim:") as card:
        opened = watch.lap_ms()
        session = JpkiSession(card)
        session.verify(DIGITAL_SIGNATURE, DEFAULT_PINS[DIGITAL_SIGNATURE.name])
        session.sign(document)
        signed = watch.lap_ms()
        session.sign(document)
        again = watch.lap_ms()
        login = JpkiSession(card)
        login.verify(USER_AUTHENTICATION, DEFAULT_PINS[USER_AUTHENTICATION.name])
        login.authenticate(ORIGIN, WEB_EID_NONCE)
        authenticated = watch.lap_ms()
    return opened, signed, authenticated, watch.lap_ms(), again


class _Watch:
    def __init__(self) -> None:
        self._since = time.perf_counter()

    def lap_ms(self) -> float:
        """Milliseconds since the last call."""
        now = time.perf_counter()
        taken, self._since = 1000 * (now - self._since), now
        return taken


def _done(card: Card, wire: bytes) -> bytes:
    answer = card.transmit(wire)
    if answer[-2:] != b"\x90\x00":
        raise SystemExit(f"the simulated card answered {answer[-2:].hex()} to {wire.hex()}")
    return answer[:-2]


def _per_second(step: Callable[[], object]) -> float:
    """How many times *step* runs in a second: the median of rounds, whose length a first one determines."""
    count = 1
    while (taken := _seconds(step, count)) < ROUND_S / 4:
        count *= 2
    count = max(1, round(count * ROUND_S / taken))
    return count / statistics.median(_seconds(step, count) for _ in range(ROUNDS))


def _seconds(step: Callable[[], object], count: int) -> float:
    start = time.perf_counter()
    for _ in range(count):
        step()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()

"""Measures how long programs wait at the pcsclite door, and what 200 clients leave behind; Linux, with pyscard.

BEFORE=FOLDER names the src of another tree: what a session adds to an APDU is then a multiple of what it adds there.

Usage: python tools/bench_door.py [--json]
"""

from __future__ import annotations

import gc
import json
import os
import socket
import statistics
import struct
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from bench_figures import Figure, measured, process_ms, show

from mynacard.doors.new_cards import new_card
from mynacard.doors.pcsclite import PcscliteDoor, reader_name
from mynacard.doors.pki_cache import cached_pki
from mynacard.jpki import DF_NAME
from mynacard.simulator import SimulatedCard

NEEDS: Final = "Linux, libpcsclite and pyscard are needed, but no reader and no card. It takes some minutes."
APDUS: Final = 3000
ROUNDS: Final = 5
EVENTS: Final = 40
STARTS: Final = 11
SOURCE: Final = Path(__file__).resolve().parent.parent / "src"
CLIENTS: Final = 200
VISITS: Final = 50
"""The visits of each client."""
READER: Final = reader_name(0)
SELECT: Final = b"\x00\xa4\x04\x0c\x0a" + DF_NAME
SELECT_EF: Final = bytes.fromhex("00A4020C02000A")
COMMANDS: Final = {
    "VERIFY without data": bytes.fromhex("00200098"),
    "READ BINARY, 256 bytes": bytes.fromhex("00B0000000"),
}

CLIENT: Final = """
import json, sys, time
from smartcard import scard

def must(answer):
    if answer[0] != scard.SCARD_S_SUCCESS:
        raise SystemExit(scard.SCardGetErrorMessage(answer[0]))
    return answer[1:]

apdus, *commands = json.loads(sys.argv[1])
(context,) = must(scard.SCardEstablishContext(scard.SCARD_SCOPE_USER))
(names,) = must(scard.SCardListReaders(context, []))
card, protocol = must(scard.SCardConnect(context, names[0], scard.SCARD_SHARE_SHARED, 3))
for command in commands[:2]:
    must(scard.SCardTransmit(card, protocol, command))
for command in commands[2:]:
    taken = []
    for _ in range(apdus):
        start = time.perf_counter()
        must(scard.SCardTransmit(card, protocol, command))
        taken.append(time.perf_counter() - start)
    print(json.dumps(taken))
"""
"""A program that sends APDUs through pyscard's raw layer, and prints how long each took."""

ALTERNATIONS: Final = 12
BLOCKS: Final = 10
SESSION: Final = """
import json, sys, time

way, blocks, select, select_ef, *commands = json.loads(sys.argv[1])

def in_blocks(transmit):
    taken = []
    for _ in range(blocks):
        start = time.process_time()
        for _ in range(200):
            transmit()
        taken.append((time.process_time() - start) / 200)
    return min(taken[1:])

if way == "raw":
    from smartcard import scard
    context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)[1]
    name = scard.SCardListReaders(context, [])[1][0]
    card, protocol = scard.SCardConnect(context, name, scard.SCARD_SHARE_SHARED, 3)[1:]
    for command in (select, select_ef):
        scard.SCardTransmit(card, protocol, command)
    print(json.dumps([in_blocks(lambda: scard.SCardTransmit(card, protocol, command)) for command in commands]))
else:
    import mynacard
    from mynacard.apdu.commands import ReadBinary, SelectEf, VerifyStatus
    with mynacard.open_card() as channel:
        mynacard.JpkiSession(channel)
        channel.send(SelectEf(0x0A))
        sent = (VerifyStatus(0x18), ReadBinary(0))
        print(json.dumps([in_blocks(lambda: channel.exchange(command)) for command in sent]))
"""
"""A program that sends COMMANDS raw or in a session, and prints the processor time that each takes it."""

WAITER: Final = """
import time
from smartcard import scard

context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)[1]
name = scard.SCardListReaders(context, [])[1][0]
state = scard.SCARD_STATE_UNAWARE
while True:
    states = scard.SCardGetStatusChange(context, 600000, [(name, state)])[1]
    state = states[0][1]
    print(bool(state & scard.SCARD_STATE_PRESENT), time.monotonic(), flush=True)
"""
"""A program that waits for cards, and prints when each change is reported to it."""


def main() -> None:
    if not sys.platform.startswith("linux") or find_spec("smartcard") is None:
        raise SystemExit(f"{NEEDS} Install pyscard with: python -m pip install 'mynacard[pcsc]'")
    steps = {
        "the test PKI, made once per machine": _make_pki, "an APDU": latency, "a session": added,
        "events": events, "processes": starts, f"{CLIENTS} clients at once": soak,
    }  # fmt: skip
    show(measured(NEEDS, steps), sys.argv[1:])


def _make_pki() -> list[Figure]:
    """No figure: nothing else is to wait for it."""
    cached_pki()
    return []


# --- an APDU -----------------------------------------------------------------------------------------


def latency() -> list[Figure]:
    """The time for an APDU from another process, compared with the same card without a door."""
    inside = {what: _in_process_us(command) for what, command in COMMANDS.items()}
    rounds = [_through_the_door_us() for _ in range(ROUNDS)]
    figures: list[Figure] = []
    for number, what in enumerate(COMMANDS):
        medians = sorted(taken[number] for taken in rounds)
        value = statistics.median(medians)
        note = f"rounds {medians[0]:.0f} to {medians[-1]:.0f}; {value / inside[what]:.1f} × the card in process"
        figures.append(Figure(f"pyscard through the door: {what}, median", value, "µs", "120 or less", note))
    figures += [Figure(f"in process: {what}, median", taken, "µs") for what, taken in inside.items()]
    return figures


def added() -> list[Figure]:
    """The processor time that a session adds to an APDU, beyond that of pyscard's raw layer; the programs alternate."""
    trees = ["raw", str(SOURCE), *filter(None, [os.environ.get("BEFORE")])]
    with PcscliteDoor([new_card()]) as door:
        rounds = [[_processor_us(door, tree) for tree in trees] for _ in range(ALTERNATIONS)]
    figures: list[Figure] = []
    for number, what in enumerate(COMMANDS):
        raw, *sessions = (statistics.median(taken[number] for taken in tree) for tree in zip(*rounds, strict=True))
        more = [session - raw for session in sessions]
        figures.append(Figure(f"added by a session, processor time: {what}", more[0], "µs", "", f"pyscard: {raw:.0f}"))
        if more[1:]:
            figures.append(Figure(f"… as a multiple of that in BEFORE: {what}", more[0] / more[1], "×", "0.65 or less"))
    return figures


def _processor_us(door: PcscliteDoor, tree: str) -> list[float]:
    words = json.dumps([tree, BLOCKS, *(list(command) for command in (SELECT, SELECT_EF, *COMMANDS.values()))])
    environment = {**door.environment(), **({} if tree == "raw" else {"PYTHONPATH": tree})}
    done = subprocess.run([sys.executable, "-c", SESSION, words], env=environment, check=True, capture_output=True)
    return [1e6 * taken for taken in json.loads(done.stdout)]


def _in_process_us(command: bytes) -> float:
    card = new_card()
    for first in (SELECT, SELECT_EF):
        card.transmit(first)
    return statistics.median(_us(partial(card.transmit, command)) for _ in range(APDUS))


def _us(step: Callable[[], object]) -> float:
    start = time.perf_counter()
    step()
    return 1e6 * (time.perf_counter() - start)


def _through_the_door_us() -> list[float]:
    words = json.dumps([APDUS, *(list(command) for command in (SELECT, SELECT_EF, *COMMANDS.values()))])
    with PcscliteDoor([new_card()]) as door:
        output = subprocess.run(
            [sys.executable, "-c", CLIENT, words], env=door.environment(), check=True, capture_output=True, text=True
        ).stdout
    return [1e6 * statistics.median(json.loads(line)) for line in output.splitlines()]


# --- events ------------------------------------------------------------------------------------------


def events() -> list[Figure]:
    """The time from the insertion of a card until it is reported to a client that waits for it."""
    with PcscliteDoor() as door:
        door.plug(READER)
        with subprocess.Popen(
            [sys.executable, "-c", WAITER], env=door.environment(), stdout=subprocess.PIPE, text=True
        ) as waiter:
            heard = _heard_by(waiter)
            next(heard)
            taken = [_insertion_ms(door, heard) for _ in range(EVENTS)]
            waiter.kill()
    what, note = "insertion, until SCardGetStatusChange returns, median", f"longest of {EVENTS}: {max(taken):.2f}"
    return [Figure(what, statistics.median(taken), "ms", "50 or less", note)]


def _heard_by(waiter: subprocess.Popen[str]) -> Iterator[tuple[bool, float]]:
    while waiter.stdout is not None and (line := waiter.stdout.readline()):
        present, at = line.split()
        yield present == "True", float(at)


def _insertion_ms(door: PcscliteDoor, heard: Iterator[tuple[bool, float]]) -> float:
    card = SimulatedCard((), {})
    start = time.monotonic()
    door.insert(READER, card)
    at = next(at for present, at in heard if present)
    door.remove(READER)
    next(present for present, _ in heard if not present)
    return 1000 * (at - start)


# --- processes ---------------------------------------------------------------------------------------


def starts() -> list[Figure]:
    """The time of ``sim exec`` with a program that does nothing, compared with Python that does nothing."""
    bare = statistics.median(process_ms("-c", "pass") for _ in range(STARTS))
    exec_ms = statistics.median(process_ms("-m", "mynacard", "sim", "exec", "--", "true") for _ in range(STARTS))
    return [Figure("process: mynacard sim exec -- true, median", exec_ms, "ms", note=f"python -c pass: {bare:.1f} ms")]


# --- many --------------------------------------------------------------------------------------------


def soak() -> list[Figure]:
    """Many clients at once, each of which repeatedly opens a context, connects, sends the card an APDU, and leaves."""
    tracemalloc.start()
    with PcscliteDoor([new_card()]) as door:
        _visits(door, CLIENTS, VISITS // 5)  # so that whatever is created only once exists
        before = _left(door)
        start = time.perf_counter()
        _visits(door, CLIENTS, VISITS)
        taken = time.perf_counter() - start
        after = _left(door)
        connections = door.open_handles
    tracemalloc.stop()
    note = f"{CLIENTS} at once, {CLIENTS * VISITS:,} visits; tracemalloc slows it"
    more = {what: after[what] - before[what] for what in before}
    return [
        Figure("soak: visits (context, connection, APDU, end)", CLIENTS * VISITS / taken, "1/s", note=note),
        Figure("soak: connections to cards left", connections, "", "0"),
        Figure("soak: descriptors more than before", more["descriptors"], "", "0"),
        Figure("soak: resident memory more than before", more["resident"] / 1024, "KiB", "flat"),
        Figure("soak: Python's memory more than before", more["python"] / 1024, "KiB", "flat"),
    ]


def _left(door: PcscliteDoor) -> dict[str, int]:
    """This process's descriptors and memory, once all clients of *door* are gone."""
    deadline = time.monotonic() + 20
    while door.clients and time.monotonic() < deadline:
        time.sleep(0.01)
    gc.collect()
    return {
        "descriptors": len(os.listdir("/proc/self/fd")),
        "resident": int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE"),
        "python": tracemalloc.get_traced_memory()[0],
    }


def _visits(door: PcscliteDoor, clients: int, visits: int) -> None:
    start_line = threading.Barrier(clients)
    threads = [threading.Thread(target=_visit_often, args=(door, start_line, visits)) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _visit_often(door: PcscliteDoor, start_line: threading.Barrier, visits: int) -> None:
    start_line.wait()
    for _ in range(visits):
        _visit(str(door.socket))


def _visit(path: str) -> None:
    """Send what libpcsclite sends for a context, a connection and an APDU; then disconnect without a goodbye."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.connect(path)
        _ask(client, 0x11, struct.pack("=iiI", 4, 4, 0))
        _, context, _ = struct.unpack("=III", _ask(client, 0x01, struct.pack("=III", 0, 0, 0)))
        connect = struct.pack("=I128sIIiII", context, READER.encode(), 2, 3, 0, 0, 0)
        *_, card, protocol, code = struct.unpack("=I128sIIiII", _ask(client, 0x04, connect))
        if code:
            raise SystemExit(f"no connection: {code:08X}")
        transmit = struct.pack("=iIIIIIII", card, protocol, 16, len(SELECT), 3, 16, 258, 0)
        answer = _ask(client, 0x09, transmit, SELECT, more=2)
        if answer[-2:] != b"\x90\x00":
            raise SystemExit("the card does not answer")


def _ask(client: socket.socket, command: int, body: bytes, data: bytes = b"", more: int = 0) -> bytes:
    client.sendall(struct.pack("=II", len(body), command) + body + data)
    answer = b""
    while len(answer) < len(body) + more:
        block = client.recv(4096)
        if not block:
            raise SystemExit("the door hung up")
        answer += block
    return answer


if __name__ == "__main__":
    main()

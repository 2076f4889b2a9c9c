"""Many rows, many strangers, many submissions: what they cost a receiver, in a process of its own.

As a program: ``python -m tests.portal.load`` measures for some minutes and prints the results.
"""

from __future__ import annotations

import http.client
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from mynacard.portal import Receiver, Store
from mynacard.portal.challenges import Bound
from mynacard.submission import package
from mynacard.submission.client import Client
from mynacard.submission.exchange import IDEMPOTENCY_KEY, PACKAGE, Purpose
from mynacard.submission.manifest import canonical, manifest_of
from mynacard.submission.outbox import Outbox
from tests.portal.people import RULES, Somebody, logged_in, registered
from tests.submission.applications import EXTENSION, NOW
from tests.submission.packages import files_in
from tests.trust.authorities import key

__all__ = ["Rows", "rows_cost", "serving"]

AT_ONCE: Final = 20
ROOT: Final = str(Path(__file__).parents[2])


# --- rows ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rows:
    """CPU time of one call with many rows, in microseconds."""

    challenge: float
    log_in: float
    session: float
    status: float
    overview: float


def filled(folder: Path, count: int) -> Store:
    """A store with *count* accounts, sessions, applications and used challenges; the account ``jane`` has 1 in 10."""
    store = Store(folder)
    with store._change() as change:
        change.executemany(
            "INSERT INTO accounts VALUES (?, 'active', ?, ?, '')", ((f"{n}", f"a{n}", f"s{n}") for n in range(count))
        )
        change.execute("INSERT INTO accounts VALUES ('jane', 'active', 'a', 's', '')")
        change.executemany(
            "INSERT INTO sessions VALUES (?, ?, '2030-01-01T00:00:00Z')",
            ((sha256(f"secret {n}".encode()).hexdigest(), f"{n}") for n in range(count)),
        )
        change.executemany(
            "INSERT INTO used_challenges VALUES (?, ?, ?)",
            ((list(Purpose)[n % 3], 2_000_000_000 + n, f"n{n}") for n in range(count)),
        )
        change.executemany(
            "INSERT INTO applications VALUES (?, ?, 'digest', '', '[]')",
            ((f"p{n}", "jane" if n % 10 == 0 else f"{n}") for n in range(count)),
        )
        change.executemany(
            "INSERT INTO submissions VALUES (?, 'key', 'content', ?, ?, ?)",
            ((f"{n}", f"m{n}", f"p{n}", f"f{n}") for n in range(count)),
        )
        change.executemany(
            "INSERT INTO events VALUES (?, ?, ?, '2026-11-24T03:00:00Z', '')",
            ((f"p{n}", at, state) for n in range(count) for at, state in enumerate(("received", "accepted"))),
        )
    return store


def rows_cost(folder: Path, count: int, calls: int = 300) -> Rows:
    """The costs with *count* rows of each kind, in *folder*, which is new."""
    store = filled(folder, count)
    made = Receiver("https://portal.example", (), store)
    jane = store.account("jane")
    assert jane is not None
    sessions = iter(range(10**9))

    def challenge(_: int) -> None:
        nonce = made.challenge(Purpose.SESSION, None).nonce
        store.use_challenge(nonce, Bound(Purpose.SESSION), int(time.time()))

    def log_in(_: int) -> None:
        store.add_session(f"new {next(sessions)}", jane, "2030-01-01T00:00:00Z", "2026-11-24T03:00:00Z")

    def session(n: int) -> None:
        assert made.logged_in(f"secret {n}") == str(n)

    def status(n: int) -> None:
        made.status("jane", f"p{n - n % 10}")

    def overview(_: int) -> None:
        assert len(made.overview("jane").applications) == 100

    costs = Rows(
        _cost(challenge, count, calls), _cost(log_in, count, calls), _cost(session, count, calls),
        _cost(status, count, calls), _cost(overview, count, calls // 10),
    )  # fmt: skip
    store.close()
    return costs


def _cost(call: Callable[[int], object], count: int, calls: int) -> float:
    """The least of twenty rounds, in microseconds a call; the rows are taken from everywhere."""
    rounds = []
    for _ in range(20):
        start = time.process_time()
        for n in range(calls):
            call(n * 7919 % count)
        rounds.append((time.process_time() - start) / calls * 1e6)
    return min(rounds)


# --- a receiver in a process of its own ------------------------------------------------------------------------------

SERVER: Final = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from tests.trust import authorities
keys = {path.stem: load_pem_private_key(path.read_bytes(), None) for path in Path(sys.argv[2]).glob("*.pem")}
authorities._key = lambda name, bits: keys[name]  # the same people in both processes
from tests.portal.people import receiver, served
import time

def resident():
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))

made = receiver(Path(sys.argv[2]) / "store")
with served(made) as url:
    print(url, flush=True)
    for _ in sys.stdin:
        print(resident(), time.process_time(), flush=True)
made.store.close()
"""


@dataclass
class Served:
    """A receiver in a process of its own."""

    url: str
    folder: Path
    process: subprocess.Popen[str]

    def state(self) -> tuple[int, float]:
        """Its memory in bytes, and its CPU time in seconds."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        memory, cpu = self.process.stdout.readline().split()
        return int(memory), float(cpu)

    def disk(self) -> int:
        """The bytes in its folder."""
        return sum(path.stat().st_size for path in (self.folder / "store").rglob("*") if path.is_file())


@contextmanager
def serving(folder: Path) -> Iterator[Served]:
    for name in ("ca 3", "holder", "holder log-in", "somebody"):
        private = key(name).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / f"{name}.pem").write_bytes(private)
    with subprocess.Popen(
        [sys.executable, "-c", SERVER, ROOT, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield Served(process.stdout.readline().strip(), folder, process)
        assert process.stdin is not None
        process.stdin.close()


class Line:
    """A connection that stays open."""

    def __init__(self, url: str) -> None:
        self._connection = http.client.HTTPConnection(url.removeprefix("http://"))

    def __enter__(self) -> Line:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def post(self, path: str, body: bytes, status: int, **headers: str) -> bytes:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self._connection.request("POST", path, body, named)
        answer = self._connection.getresponse()
        content = answer.read()
        assert answer.status == status, content
        return content


def strangers(served: Served, count: int) -> None:
    """*count* requests for challenges by callers without an account, at once."""

    def ask(share: int) -> None:
        with Line(served.url) as line:
            for n in range(share):
                purpose = ("session", "registration")[n % 2]
                line.post("/challenges", json.dumps({"purpose": purpose}).encode(), 201)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(ask, [count // AT_ONCE] * AT_ONCE))


def log_in_s(served: Served, jane: Somebody, outbox: Outbox) -> float:
    start = time.monotonic()
    with Client(served.url, outbox) as client:
        logged_in(client, jane)
    return time.monotonic() - start


# --- submissions -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Batch:
    """Submissions, each with its time in seconds, and the receiver's memory in bytes after them."""

    times: tuple[float, ...]
    memory: int


def batches(served: Served, client: Client, jane: Somebody, count: int, size: int) -> Iterator[Batch]:
    """*count* submissions of about 10 kB, *size* at a time prepared, and :data:`AT_ONCE` at a time sent."""
    paths, attachments = files_in(served.folder / "files", 2800)
    application = replace(EXTENSION, attachments=attachments)

    def packed() -> bytes:
        nonce = client.challenge(Purpose.PACKAGE).nonce
        manifest = manifest_of(application, audience=client.origin, nonce=nonce, now=NOW, rules=RULES)
        document, target = canonical(manifest), io.BytesIO()
        package.build(target, document, jane.signature(document), paths)
        return target.getvalue()

    def send(contents: list[bytes]) -> list[float]:
        assert client.session is not None
        headers = {"Authorization": f"Bearer {client.session.session}", "Content_Type": PACKAGE}
        times = list[float]()
        with Line(served.url) as line:
            for content in contents:
                start = time.monotonic()
                line.post("/applications", content, 201, **headers, **{IDEMPOTENCY_KEY: os.urandom(12).hex()})
                times.append(time.monotonic() - start)
        return times

    with ThreadPoolExecutor(AT_ONCE) as pool:
        for _ in range(count // size):
            contents = [packed() for _ in range(size)]
            times = [
                taken for share in pool.map(send, (contents[at::AT_ONCE] for at in range(AT_ONCE))) for taken in share
            ]
            yield Batch(tuple(times), served.state()[0])


def main(strangers_count: int, submissions: int) -> None:
    print("# Load\n")
    print("`make load`: what many rows, strangers and submissions cost the receiver (`tests/portal/load.py`).\n")
    with tempfile.TemporaryDirectory() as place:
        _print_rows(Path(place))
    with tempfile.TemporaryDirectory() as place:
        _print_strangers(Path(place), strangers_count)
    with tempfile.TemporaryDirectory() as place:
        _print_submissions(Path(place), submissions)


def _print_rows(folder: Path) -> None:
    few, many = (rows_cost(folder / str(count), count) for count in (1_000, 100_000))
    print("CPU of one call, by how many accounts, sessions, applications and used challenges are stored:\n")
    print("| | 1,000 | 100,000 | |\n| --- | --- | --- | --- |")
    for name, title in {
        "challenge": "a challenge, made and used", "log_in": "a new session", "session": "looking up a session",
        "status": "a status", "overview": "an overview of 100 applications",
    }.items():  # fmt: skip
        one, other = getattr(few, name), getattr(many, name)
        print(f"| {title} | {one:.0f} µs | {other:.0f} µs | × {other / one:.2f} |", flush=True)


def _print_strangers(folder: Path, count: int) -> None:
    jane, outbox = Somebody(), Outbox(folder / "outbox")
    print(f"\n{count:,} requests for challenges by callers without an account, {AT_ONCE} at once, over HTTP:\n")
    print("| | memory | disk | then a log-in takes |\n| --- | --- | --- | --- |")
    with serving(folder) as served:
        with Client(served.url, outbox) as client:
            registered(client, jane)
        strangers(served, 500)
        _print_state("after the first 500", served, log_in_s(served, jane, outbox))
        strangers(served, count)
        _print_state("after all", served, log_in_s(served, jane, outbox))
    with serving(folder) as served:
        _print_state("after a restart", served, log_in_s(served, jane, outbox))


def _print_state(title: str, served: Served, taken_s: float) -> None:
    memory, disk = served.state()[0], served.disk()
    print(f"| {title} | {memory / 1e6:.1f} MB | {disk / 1e3:.0f} kB | {taken_s * 1e3:.0f} ms |", flush=True)


def _print_submissions(folder: Path, count: int) -> None:
    jane, times, size = Somebody(), list[float](), 500
    with serving(folder) as served, Client(served.url, Outbox(folder / "outbox")) as client:
        registered(client, jane)
        logged_in(client, jane)
        print(f"\n{count:,} submissions of 10 kB, {AT_ONCE} at a time, over HTTP:\n")
        print("| submissions | memory | median | 99th percentile |\n| --- | --- | --- | --- |")
        for number, batch in enumerate(batches(served, client, jane, count, size), 1):
            times += batch.times
            if number == 1 or number * size % (count // 5) == 0:
                p50, p99 = _percentiles(batch.times)
                print(f"| {number * size:,} | {batch.memory / 1e6:.1f} MB | {p50:.0f} ms | {p99:.0f} ms |", flush=True)
        p50, p99 = _percentiles(times)
        kept = len(list((folder / "store" / "packages").iterdir()))
        print(
            f"\nOver all of them the median is {p50:.0f} ms, and the 99th percentile {p99:.0f} ms, × {p99 / p50:.1f}."
        )
        print(f"{kept:,} packages were kept. The receiver's CPU: {served.state()[1] / count * 1e3:.1f} ms for each.")


def _percentiles(times_s: tuple[float, ...] | list[float]) -> tuple[float, float]:
    """The median and the 99th percentile, in milliseconds."""
    hundredths = statistics.quantiles(times_s, n=100)
    return hundredths[49] * 1e3, hundredths[98] * 1e3


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

"""Two changes at the same time: the outcome is that of one after the other, and every receipt's file is there.

As a program: ``python -m tests.portal.races COUNT`` makes that many runs of every pair, twice: in two threads of one
process, and in two processes on one folder. It prints the outcomes.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import random
import shutil
import sqlite3
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field
from itertools import combinations_with_replacement
from pathlib import Path
from typing import Any, Final

from mynacard.portal import Receiver, Refusal, Store
from mynacard.portal.rows import Account
from mynacard.submission.client import Client
from mynacard.submission.exchange import Purpose, Rebinding, SessionRequest, State
from mynacard.submission.outbox import Outbox
from mynacard.trust import Anchor
from tests.portal.campaign import Line
from tests.portal.people import ORIGIN, Clock, Somebody, logged_in, packed, receiver, registered
from tests.signing.documents import CA

__all__ = ["PAIRS", "Outcome", "World", "race", "serial_outcomes", "world"]

Change = Callable[["World", Receiver, Path, int], str]
"""One change of a receiver's state, by the first or second of two (0 or 1); returns what its caller is told."""


@dataclass(frozen=True)
class Package:
    key: str
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class World:
    """A store, closed, in which an application awaits documents and renewed certificates wait; and all that is sent."""

    folder: Path
    account: str
    session: str
    number: str
    packages: dict[str, Package]
    rebindings: tuple[Rebinding, Rebinding]
    log_ins: tuple[SessionRequest, SessionRequest]
    renewal: Account


def world(folder: Path) -> World:
    """Make a world in *folder*, which is new."""
    made, outbox, jane = receiver(folder / "store"), Outbox(folder / "outbox"), Somebody()
    with Client(ORIGIN, outbox, transport=Line(made)) as client:
        registered(client, jane)
        logged_in(client, jane)
        assert client.session is not None
        account = client.session.account
        status = client.submit(packed(client, outbox, jane, folder / "files")).status
        assert status is not None
        number = status.provisional_number
        made.move(number, State.AWAITING_DOCUMENTS)
        entries = {
            "new": packed(client, outbox, jane, folder / "files"),
            "documents": packed(client, outbox, jane, folder / "files", number=number),
            "other documents": packed(client, outbox, jane, folder / "more", number=number, size=50),
        }
        waiting = Somebody("renewed", serial=2)
        made.rebind(_rebinding(client, account, waiting), None)
        renewal = made.store.rebinding(account)
        assert renewal is not None
        rebindings = tuple(_rebinding(client, account, Somebody(f"renewed {n}", serial=10 + n)) for n in range(2))
        log_ins = tuple(
            SessionRequest(nonce, jane.token(client.origin, nonce))
            for nonce in (client.challenge(Purpose.SESSION).nonce for _ in range(2))
        )
        packages = {name: Package(entry.key, outbox.package(entry).read_bytes()) for name, entry in entries.items()}
        session = client.session.session
    made.store.close()
    return World(folder / "store", account, session, number, packages, rebindings, log_ins, renewal)  # type: ignore[arg-type]


def _rebinding(client: Client, account: str, somebody: Somebody) -> Rebinding:
    import base64

    nonce = client.challenge(Purpose.REGISTRATION).nonce
    token, signature = somebody.registration(client.origin, nonce)
    return Rebinding(account, nonce, token, base64.b64encode(signature).decode())


# --- changes ---------------------------------------------------------------------------------------------------------


def _submitted(name: str, to: bool, key: str = "") -> Change:
    def submit(world: World, made: Receiver, place: Path, _who: int) -> str:
        package = world.packages[name]
        received = place / "package"
        received.write_bytes(package.content)
        content = hashlib.sha256(package.content).hexdigest()
        status = made.submit(world.account, key or package.key, received, content, to=world.number if to else None)
        return status.state

    return submit


def _withdraw(world: World, made: Receiver, _place: Path, _who: int) -> str:
    return made.withdraw(world.account, world.number).state


def _grant(world: World, made: Receiver, _place: Path, _who: int) -> str:
    return made.move(world.number, State.GRANTED, before=State.AWAITING_DOCUMENTS).state


def _rebind(world: World, made: Receiver, _place: Path, who: int) -> str:
    return made.rebind(world.rebindings[who], made.logged_in(world.session)).state


def _approve(world: World, made: Receiver, _place: Path, _who: int) -> str:
    made.approve(world.account, world.renewal)
    return "approved"


def _close(world: World, made: Receiver, _place: Path, _who: int) -> str:
    made.close(world.account)
    return "closed"


def _log_in(world: World, made: Receiver, _place: Path, who: int) -> str:
    made.log_in(world.log_ins[who])
    return "logged in"


CHANGES: Final[dict[str, Change]] = {
    "submit": _submitted("new", to=False),
    "submit under another key": _submitted("new", to=False, key="another key of mine"),
    "supplement": _submitted("documents", to=True),
    "supplement with other documents": _submitted("other documents", to=True),
    "withdraw": _withdraw,
    "grant": _grant,
    "rebind": _rebind,
    "approve": _approve,
    "close": _close,
    "log in": _log_in,
}
_ONLY_WITH: Final = {
    "submit under another key": ("submit",),
    "supplement with other documents": ("supplement",),
}
"""Variants that say nothing more beside other changes."""
PAIRS: Final = tuple(
    (one, other)
    for one, other in combinations_with_replacement(CHANGES, 2)
    if all(b in _ONLY_WITH.get(a, (b,)) for a, b in ((one, other), (other, one)))
)


# --- outcomes --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Outcome:
    """What a store holds in the end, and which of the two succeeded."""

    succeeded: tuple[bool, bool]
    histories: tuple[tuple[str, ...], ...]
    account: tuple[str, ...]
    waiting: int
    sessions: int
    files_missing: int
    files_too_many: int


def outcome(folder: Path, told: tuple[str, str]) -> Outcome:
    with closing(sqlite3.connect(folder / "store.sqlite")) as database:

        def rows(query: str) -> list[tuple[Any, ...]]:
            return database.execute(query).fetchall()

        histories = dict[str, tuple[str, ...]]()
        for application, state in rows("SELECT application, state FROM events ORDER BY application, position"):
            histories[application] = (*histories.get(application, ()), state)
        assert len(histories) == len(rows("SELECT * FROM applications"))
        files = {name for (name,) in rows("SELECT file FROM submissions")}
        kept = {path.name for path in (folder / "packages").iterdir()}
        return Outcome(
            (not _refused(told[0]), not _refused(told[1])),
            tuple(sorted(histories.values())),
            *rows("SELECT state, authentication, signing FROM accounts"),
            len(rows("SELECT * FROM rebindings")),
            len(rows("SELECT * FROM sessions")),
            len(files - kept),
            len(kept - files) + len(list((folder / "incoming").iterdir())),
        )


def _refused(told: str) -> bool:
    return "/" in told


def _made(store: Store) -> Receiver:
    return Receiver(ORIGIN, (Anchor(CA.certificate),), store, clock=Clock(), accept_unchecked=True)


def _told(change: Change, world: World, made: Receiver, who: int) -> str:
    with tempfile.TemporaryDirectory(dir=made.store.folder.parent) as place:
        try:
            return change(world, made, Path(place), who)
        except Refusal as refusal:
            return refusal.problem


def serial_outcomes(world: World, pair: tuple[str, str], folder: Path) -> set[Outcome]:
    """The outcomes of both orders, in *folder*, which is new."""
    outcomes = set[Outcome]()
    for order in ((0, 1), (1, 0)):
        place = folder / f"{order[0]} first"
        shutil.copytree(world.folder, place)
        store = Store(place)
        told = {who: _told(CHANGES[pair[who]], world, _made(store), who) for who in order}
        store.close()
        outcomes.add(outcome(place, (told[0], told[1])))
    return outcomes


# --- races -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Plan:
    """How two changes meet.

    Attributes:
        at: before which of its transactions each of the two waits for the other; 0: it does not.
        delays: how much later each of them begins, in seconds.
        last: which of them goes on a little later than the other, after they have met.
    """

    at: tuple[int, int]
    delays: tuple[float, float]
    last: int


def _plan(seed: int, pair: tuple[str, str]) -> Plan:
    dice = random.Random(seed)
    kind = dice.choice(("begin", "first", "decide", "decide"))
    delays = (dice.random() * 0.01, dice.random() * 0.01) if kind == "begin" else (0.0, 0.0)
    deciding = _DECIDES.get(pair[0], 1), _DECIDES.get(pair[1], 1)
    at = {"begin": (0, 0), "first": (1, 1), "decide": deciding}[kind]
    return Plan(at, delays, dice.randrange(2))


_DECIDES: Final = {"rebind": 2, "log in": 2}
"""Which transaction of a change decides; the one before it uses the challenge."""


class MeetingStore(Store):
    """A store whose two users meet before a transaction: both have looked at everything by then."""

    def __init__(self, folder: Path, meeting: Any, plan: Plan) -> None:
        super().__init__(folder)
        self._meeting, self._plan, self._here = meeting, plan, threading.local()

    def begin(self, who: int) -> None:
        """This thread makes the first or second change."""
        self._here.who, self._here.changes = who, 0
        time.sleep(self._plan.delays[who])

    @contextmanager
    def _change(self) -> Iterator[Any]:  # type: ignore[override]
        self._here.changes += 1
        if self._here.changes == self._plan.at[self._here.who]:
            self._meeting.wait()
            time.sleep(0.003 * (self._here.who == self._plan.last))
        with super()._change() as change:
            yield change

    def end(self) -> None:
        """Do not let the other one wait any longer: this one has changed less than it could."""
        if self._here.changes < self._plan.at[self._here.who]:
            self._meeting.wait()


def _raced(world: World, store: MeetingStore, name: str, who: int) -> str:
    store.begin(who)
    try:
        return _told(CHANGES[name], world, _made(store), who)
    finally:
        store.end()


class Threads:
    """Two threads of one process."""

    def __enter__(self) -> Threads:
        self._pool = ThreadPoolExecutor(2)
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown()

    def __call__(self, world: World, pair: tuple[str, str], folder: Path, seed: int) -> tuple[str, str]:
        store = MeetingStore(folder, threading.Barrier(2), _plan(seed, pair))
        both = [self._pool.submit(_raced, world, store, pair[who], who) for who in range(2)]
        told = both[0].result(), both[1].result()
        store.close()
        return told


class Processes:
    """Two processes on one folder."""

    def __init__(self, world: World) -> None:
        self._world = world

    def __enter__(self) -> Processes:
        context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
        barrier = context.Barrier(2)
        self._lines, self._processes = [], []
        for who in range(2):
            here, there = context.Pipe()
            process = context.Process(target=_serve, args=(self._world, there, barrier, who), daemon=True)
            process.start()
            self._lines.append(here)
            self._processes.append(process)
        return self

    def __exit__(self, *_: object) -> None:
        for line, process in zip(self._lines, self._processes, strict=True):
            line.send(None)
            process.join()
            line.close()

    def __call__(self, world: World, pair: tuple[str, str], folder: Path, seed: int) -> tuple[str, str]:
        for who, line in enumerate(self._lines):
            line.send((pair[who], folder, _plan(seed, pair)))
        first, second = (line.recv() for line in self._lines)
        return first, second


def _serve(world: World, line: Any, barrier: Any, who: int) -> None:
    while (work := line.recv()) is not None:
        name, folder, plan = work
        store = MeetingStore(folder, barrier, plan)
        barrier.wait()
        told = _raced(world, store, name, who)
        store.close()
        line.send(told)


def race(
    world: World, pair: tuple[str, str], racers: Threads | Processes, folder: Path, seed: int
) -> tuple[Outcome, tuple[str, str]]:
    """One race in *folder*, which is new."""
    shutil.copytree(world.folder, folder)
    told = racers(world, pair, folder, seed)
    return outcome(folder, told), told


# --- the campaign ----------------------------------------------------------------------------------------------------


def _runs(
    world: World, pair: tuple[str, str], racers: Threads | Processes, count: int, good: set[Outcome]
) -> Counter[tuple[str, str]]:
    seen = Counter[tuple[str, str]]()
    for seed in range(count):
        with tempfile.TemporaryDirectory(dir=world.folder.parent) as place:
            result, told = race(world, pair, racers, Path(place) / "store", seed)
        if result in good and not result.files_missing and not result.files_too_many:
            seen[told] += 1
        else:
            print("not as it should be:", pair, seed, told, result, file=sys.stderr)
    return seen


def _kinds(world: World) -> tuple[tuple[str, AbstractContextManager[Any]], ...]:
    return ("two threads", Threads()), ("two processes", Processes(world))


def main(count: int) -> None:
    print("# Races\n")
    print(
        "`make races`: two changes of one receiver's state at the same time (`tests/portal/races.py`). The outcome has"
    )
    print("to be that of one after the other, in some order: states, account, sessions, and who was refused; and each")
    print(
        "receipt's file has to be there, and no other. In three of four runs both meet just before a transaction, when"
    )
    print("they have looked at everything. What the two were told, and how often:\n")
    print("| first | second | two threads | two processes |\n| --- | --- | --- | --- |")
    good = 0
    with tempfile.TemporaryDirectory() as place:
        made = world(Path(place) / "world")
        kinds = _kinds(made)
        for pair in PAIRS:
            expected = serial_outcomes(made, pair, Path(place) / " and ".join(pair))
            cells = []
            for _, kind in kinds:
                with kind as racers:
                    seen = _runs(made, pair, racers, count, expected)
                good += seen.total()
                cells.append(
                    "; ".join(f"{first}, {second}: {number}" for (first, second), number in sorted(seen.items()))
                )
            print(f"| {pair[0]} | {pair[1]} | {cells[0]} | {cells[1]} |", flush=True)
    everything = 2 * count * len(PAIRS)
    print(
        f"\n{good} of {everything} runs were as they have to be: of each pair {count} (seeds 0 to {count - 1}) in two"
    )
    print("threads, and as many in two processes on one folder.")
    sys.exit(good != everything)


if __name__ == "__main__":
    main(int(sys.argv[1]))

"""Lines that break and programs that are killed at random; in the end there is one application, whatever happened.

As a program: ``python -m tests.portal.campaign COUNT`` makes that many runs and prints their outcomes.
"""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import httpx2

from mynacard import storage
from mynacard.errors import MynacardError, PortalUnreachable
from mynacard.portal import Receiver, Store
from mynacard.portal.web import application as web
from mynacard.submission.client import Client
from mynacard.submission.outbox import EntryState, Outbox
from tests.portal.people import ORIGIN, Somebody, logged_in, packed, receiver, registered
from tests.submission.packages import files_in

__all__ = ["Cut", "Line", "Outcome", "run"]

URL: Final = ORIGIN


class Cut(StrEnum):
    """The place where a line breaks, or an answer without meaning."""

    BEFORE = "before"
    HEADERS = "in the headers"
    BODY = "in the body"
    AFTER = "after the body"
    ANSWER = "in the answer"
    BROKEN = "500"


class Killed(BaseException):
    """The program was killed."""


@dataclass
class Line(httpx2.BaseTransport):
    """A line from a client to a receiver in this process, piece by piece; it breaks once, at :attr:`cut`."""

    receiver: Receiver
    cut: Cut | None = None
    dice: random.Random = field(default_factory=lambda: random.Random(0))
    requests: int = 0

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        self.requests += 1
        cut, self.cut = self.cut, None
        if cut in (Cut.BEFORE, Cut.HEADERS):  # without all its headers, a server calls no application
            raise httpx2.ConnectError("cut") if cut is Cut.BEFORE else httpx2.WriteError("cut")
        pieces = [bytes(piece) for piece in request.stream]  # type: ignore[union-attr]
        if cut is Cut.BODY:
            whole = b"".join(pieces)
            pieces = [whole[: self.dice.randrange(len(whole) + 1)]]
        status, headers, body = self._answered(request, pieces, whole=cut is not Cut.BODY)
        if cut is Cut.BODY:
            raise httpx2.WriteError("cut")
        if cut is Cut.AFTER:
            raise httpx2.ReadError("cut")
        if cut is Cut.ANSWER:
            return httpx2.Response(status, headers=headers, stream=_Broken(body[: self.dice.randrange(len(body))]))
        if cut is Cut.BROKEN:
            return httpx2.Response(500, stream=httpx2.ByteStream(b"<html>"))
        return httpx2.Response(status, headers=headers, stream=httpx2.ByteStream(body))

    def _answered(
        self, request: httpx2.Request, pieces: list[bytes], *, whole: bool
    ) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        waiting = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
        waiting.append(
            {"type": "http.request", "body": b"", "more_body": False} if whole else {"type": "http.disconnect"}
        )
        sent: list[MutableMapping[str, Any]] = []

        async def receive() -> MutableMapping[str, Any]:
            return waiting.pop(0) if waiting else {"type": "http.disconnect"}

        async def send(message: MutableMapping[str, Any]) -> None:
            sent.append(message)

        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": request.method, "headers": [
                (name.lower(), value) for name, value in request.headers.raw
            ], "path": request.url.path, "raw_path": request.url.raw_path, "query_string": b"", "scheme": "https",
            "server": ("127.0.0.1", 8000), "client": ("127.0.0.1", 1), "root_path": "",
        }  # fmt: skip
        try:
            asyncio.run(web(self.receiver)(scope, receive, send))  # type: ignore[arg-type]
        except Exception as error:
            if whole:
                raise
            assert type(error).__name__ == "ClientDisconnect", error
            return 0, [], b""
        body = b"".join(message.get("body", b"") for message in sent if message["type"] == "http.response.body")
        return sent[0]["status"], list(sent[0]["headers"]), body


@dataclass
class _Broken(httpx2.SyncByteStream):
    content: bytes

    def __iter__(self) -> Iterator[bytes]:
        yield self.content
        raise httpx2.ReadError("cut")


@dataclass
class Death:
    """Kills the writer before or after one of the next writes; never, if *after* is None."""

    after: int | None = None
    late: bool = False
    happened: bool = False

    def around(self, step: Callable[..., Any]) -> Callable[..., Any]:
        def stepped(*arguments: Any) -> Any:
            dies, self.after = self.after == 0, None if self.after is None else self.after - 1
            if dies and not self.late:
                self.happened = True
                raise Killed
            result = step(*arguments)
            if dies:
                self.happened = True
                raise Killed
            return result

        return stepped


@contextmanager
def mortal(death: Death) -> Iterator[None]:
    """Let *death* strike at the writes of client and receiver."""
    originals = storage.flush, storage.move, Store._commit
    storage.flush, storage.move = death.around(storage.flush), death.around(storage.move)
    Store._commit = death.around(Store._commit)  # type: ignore[method-assign]
    try:
        yield
    finally:
        storage.flush, storage.move = originals[:2]
        Store._commit = originals[2]  # type: ignore[method-assign]


@dataclass(frozen=True)
class Outcome:
    """The faults of a run, and its outcome."""

    seed: int
    faults: tuple[str, ...]
    applications: int
    kept: int
    asked_to_sign: int
    signatures: int
    received: int


def run(seed: int, folder: Path) -> Outcome:
    """One application, with up to six faults on its way."""
    dice = random.Random(seed)
    line = Line(receiver(folder / "portal"), dice=dice)
    outbox, jane = Outbox(folder / "outbox"), Somebody()
    files_in(folder / "files")
    with Client(URL, outbox, transport=line) as client:
        registered(client, jane)
    before, asked = jane.signatures, 0
    faults = list[str]()
    for attempt in range(8):
        death = Death()
        if attempt < 6 and dice.random() < 0.85:
            if dice.random() < 0.5:
                line.cut = dice.choice(list(Cut))
                faults.append(line.cut)
                skip = dice.choice((0, 0, 2))  # now, or when the package is sent
                line = _patient(line, skip)
            else:
                death = Death(dice.randrange(12), dice.random() < 0.5)
        try:
            with mortal(death), Client(URL, outbox, transport=line) as client:
                if not outbox.entries():
                    logged_in(client, jane)
                    asked += 1
                    packed(client, outbox, jane, folder / "files", size=dice.choice((10, 3000, 70_000)))
                else:
                    logged_in(client, jane)
                client.resume()
        except (Killed, PortalUnreachable):
            pass
        except MynacardError as error:
            if getattr(error, "status", 0) < 500:
                raise
        if death.happened:
            faults.append("killed")
            line.receiver.store.close()  # what was not committed is gone
            line = Line(receiver(folder / "portal"), dice=dice)
            outbox = Outbox(folder / "outbox")
    store = line.receiver.store
    kept = len(list((store.folder / "packages").iterdir()))
    received = sum(entry.state is EntryState.RECEIVED for entry in outbox.entries())
    signatures = jane.signatures - before
    outcome = Outcome(seed, tuple(faults), store.count(), kept, asked, signatures, received)
    store.close()
    return outcome


def _patient(line: Line, skip: int) -> Line:
    """The same line, but it breaks only after *skip* more requests."""
    cut, line.cut = line.cut, None

    class Patient(Line):
        def handle_request(self, request: httpx2.Request) -> httpx2.Response:
            nonlocal skip, cut
            skip -= 1
            if skip < 0 and cut is not None:
                self.cut, cut = cut, None
            return super().handle_request(request)

    return Patient(line.receiver, dice=line.dice)


def main(count: int) -> None:
    seen, outcomes = Counter[str](), 0
    for seed in range(count):
        with tempfile.TemporaryDirectory() as folder:
            found = run(seed, Path(folder))
        seen.update(found.faults)
        good = (found.applications, found.kept, found.received) == (1, 1, 1) and found.signatures <= found.asked_to_sign
        outcomes += good
        if not good:
            print("not as it should be:", found)
        if seed % 50 == 49:
            print(f"{seed + 1} of {count}", file=sys.stderr)
    print("# The campaign\n")
    print("`make campaign`: applications that are submitted over lines that break and by programs that are killed, on")
    print("either side, before and after each of their writes (`tests/portal/campaign.py`).\n")
    print(
        f"{outcomes} of {count} runs (seeds 0 to {count - 1}) ended in exactly one application, with one package kept,"
    )
    print("one receipt, and no signature that nobody was asked for. Faults on the way:\n")
    for name, number in sorted(seen.items()):
        print(f"- {name}: {number}")
    sys.exit(outcomes != count)


if __name__ == "__main__":
    main(int(sys.argv[1]))

"""Measures how long documents keep :func:`judge` busy, and how much memory they take; a process for each.

Usage: python -m tests.signing.bench_documents [PART OF A NAME]...
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
import time
from collections.abc import Callable
from typing import Any, Final

from mynacard.errors import MynacardError
from mynacard.signing.judging import judge
from tests.signing.large import DEMANDING, HONEST
from tests.trust.authorities import NOW

__all__ = ["measured"]

MIB: Final = 1024
"""KiB, which is what Linux counts the memory of processes in."""


def measured(make: Callable[[], bytes]) -> tuple[int, float, int, str]:
    """The length of a document, the seconds and the MiB that judging it takes in a process, and what comes of it."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    making = context.Process(target=lambda: theirs.send_bytes(make()))
    making.start()
    data = ours.recv_bytes()
    making.join()
    judging = context.Process(target=_judge, args=(data, theirs))
    judging.start()
    seconds, mib, outcome = ours.recv()
    judging.join()
    return len(data), seconds, mib, outcome


def _judge(data: bytes, answer: Any) -> None:
    start = time.process_time()
    try:
        outcome = ", ".join(sorted({judged.pdf.rest.code for judged in judge(data, anchors=(), at=NOW) if judged.pdf}))
    except MynacardError as error:
        outcome = error.text()
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // MIB
    answer.send((time.process_time() - start, used, outcome))


def main(parts: list[str]) -> None:
    for name, make in (HONEST | DEMANDING).items():
        if not parts or any(part in name for part in parts):
            size, seconds, mib, outcome = measured(make)
            print(f"{name:<46} {size:>12,} bytes {seconds:>6.2f} s {mib:>5} MiB  {outcome[:110]}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])

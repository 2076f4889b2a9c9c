"""Measures how long documents keep :func:`judge` busy, and how much memory they take; a process for each.

Usage: python -m tests.signing.bench_documents [PART OF A NAME]... Prints docs/documents.md; exits with 1 if a document
takes more than a minute of processor time or a gigabyte.
"""

from __future__ import annotations

import multiprocessing
import os
import platform
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

SECONDS_MAX, MIB_MAX = 60, 1024
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


HEAD: Final = """# How long a document can take

`make documents` makes these documents and judges each in a process of its own: honest ones that are large, and ones
made to keep a program busy. A document whose reading would take more than 25 million steps or 640 MiB is refused, and
the refusal names the bound. No clock decides that, so every machine gives the same answer. On the machine below, no
document may take more than a minute of processor time or 1 GiB.

{machine}

| document | bytes | seconds | MiB | outcome |
| --- | ---: | ---: | ---: | --- |"""


def main(parts: list[str]) -> int:
    machine = f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, {os.cpu_count()} cores."
    print(HEAD.format(machine=machine), flush=True)
    worst = 0.0
    for name, make in (HONEST | DEMANDING).items():
        if not parts or any(part in name for part in parts):
            size, seconds, mib, outcome = measured(make)
            worst = max(worst, seconds / SECONDS_MAX, mib / MIB_MAX)
            print(f"| {name} | {size:,} | {seconds:.1f} | {mib} | {outcome} |", flush=True)
    return int(worst > 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

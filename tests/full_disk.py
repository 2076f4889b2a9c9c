"""A disk that is full, as far as a process without rights can have one: its files may not grow."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["limited"]


@contextmanager
def limited(size: int) -> Iterator[None]:
    """No file of this process grows beyond *size* bytes. What writes to one gets an OSError."""
    import resource  # Windows does not have it

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)

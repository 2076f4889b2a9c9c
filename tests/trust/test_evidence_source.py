"""Revocation data with a lifetime: loaded again when it is over, once, and kept when that fails."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from threading import Event, Thread

import anyio
import pytest

from mynacard import errors
from mynacard.trust import EvidenceSource, RevocationEvidence
from mynacard.trust.evidence_source import evidence_of


class Loader:
    """Returns other data each time; fails, or waits, on request."""

    def __init__(self) -> None:
        self.calls, self.now, self.fails = 0, 0.0, False
        self.wait: Callable[[], object] = lambda: None

    def __call__(self) -> RevocationEvidence:
        self.calls += 1
        self.wait()
        if self.fails:
            raise OSError("gone")
        return RevocationEvidence((bytes([self.calls]),))


@pytest.fixture
def loader() -> Loader:
    return Loader()


def source_of(loader: Loader, lifetime: timedelta = timedelta(hours=1)) -> EvidenceSource:
    return EvidenceSource(loader, lifetime, clock=lambda: loader.now)


def test_data_are_loaded_again_when_their_lifetime_is_over(loader: Loader) -> None:
    source = source_of(loader)
    assert loader.calls == 0
    first = source()
    loader.now = 3599
    assert source() is first
    loader.now = 3600
    assert source().crls == (b"\x02",)
    assert source() is source()
    assert loader.calls == 2


def test_the_first_failure_is_raised_and_a_later_one_keeps_the_old_data(
    loader: Loader, caplog: pytest.LogCaptureFixture
) -> None:
    source = source_of(loader)
    loader.fails = True
    with pytest.raises(OSError, match="gone"):
        source()
    loader.fails = False
    first = source()
    loader.fails, loader.now = True, 3600
    with caplog.at_level(logging.WARNING):
        assert source() is source() is first
    assert [record.message for record in caplog.records] == ["revocation data could not be loaded again"]
    loader.fails, loader.now = False, 3660
    assert source() is not first


def test_while_one_thread_loads_others_get_the_old_data(loader: Loader) -> None:
    source = source_of(loader)
    first = source()
    loading, done = Event(), Event()
    loader.wait, loader.now = lambda: (loading.set(), done.wait()), 3600
    thread = Thread(target=source)
    thread.start()
    loading.wait()
    assert source() is first
    done.set()
    thread.join()
    assert source().crls == (b"\x02",)
    assert loader.calls == 2


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_it_works_in_an_event_loop(loader: Loader, backend: str) -> None:
    source = source_of(loader)

    async def twice() -> list[RevocationEvidence]:
        return [await source.current(), await source.current()]

    first, second = anyio.run(twice, backend=backend)
    assert first is second
    assert loader.calls == 1


def test_evidence_is_data_or_what_returns_them(loader: Loader) -> None:
    data = RevocationEvidence((b"1",))
    assert evidence_of(data) is data
    assert evidence_of(source_of(loader)).crls == (b"\x01",)
    with pytest.raises(errors.UsageError, match="RevocationEvidence is wanted, not list"):
        evidence_of([b"1"])  # type: ignore[arg-type]

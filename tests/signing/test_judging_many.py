"""Many documents: each has its result, in order, in bounded memory, whatever the items are and whoever judges them."""

from __future__ import annotations

import multiprocessing
import os
import pickle
from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from itertools import count, islice
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from mynacard import errors
from mynacard.hashes import HashAlgorithm
from mynacard.signing import judging_many
from mynacard.signing.judging import judge
from mynacard.signing.judging_many import ExecutorFailed, Item, Judged, JudgingFailed, judge_many
from mynacard.trust import Anchor, EvidenceSource, RevocationEvidence, Verdict
from tests.signing import test_judging
from tests.signing.documents import CA, CERTIFICATE, DATA, SIGNATURE
from tests.signing.test_timestamp import STAMPED, STAMPED_FILE, revocation_list
from tests.trust.authorities import NOW

EVIDENCE: Final = RevocationEvidence.load([revocation_list(CA, when=NOW)], issuers=[CA.certificate])
TRUST: Final[dict[str, Any]] = {"anchors": [Anchor(CA.certificate)], "at": NOW, "now": NOW, "evidence": EVIDENCE}
GOOD: Final = Item(DATA, SIGNATURE)
CHANGED: Final = Item(DATA + b"!", SIGNATURE)
RAW: Final = Item(
    DATA, test_judging.raw(HashAlgorithm.SHA512), CERTIFICATE.public_bytes(Encoding.PEM), HashAlgorithm.SHA512
)


class Parcels(Executor):
    """Does the work here, but everything goes through pickles, as between processes; it fails on request."""

    def __init__(self, fails_at: int | None = None, *, forgets: bool = False) -> None:
        self.submitted, self.waiting, self.sizes = 0, list[Future[Any]](), list[int]()
        self._fails_at, self._forgets = fails_at, forgets

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.submitted += 1
        future = Future[Any]()
        self.waiting.append(future)
        if self._forgets:
            return future
        if self.submitted == self._fails_at:
            future.set_exception(BrokenExecutor("gone"))
            return future
        sent = pickle.dumps((fn, args, kwargs))
        self.sizes.append(len(sent))
        function, positional, named = pickle.loads(sent)
        future.set_result(pickle.loads(pickle.dumps(function(*positional, **named))))
        return future


@pytest.fixture(autouse=True)
def new_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging_many, "_contexts", OrderedDict())


def codes(results: Iterator[Judged]) -> list[str]:
    return [
        result.judgements[0].signature.code if result.judgements is not None else type(result.error).__name__
        for result in results
    ]


@pytest.mark.parametrize("executor", [None, Parcels()], ids=["here", "elsewhere"])
def test_each_item_has_the_judgements_that_judge_gives_in_order(executor: Executor | None) -> None:
    opaque, signed = Item(test_judging.OPAQUE), Item(test_judging.SIGNED)
    items = [GOOD, CHANGED, RAW, opaque, signed, Item(DATA, STAMPED), Item(STAMPED_FILE), GOOD]
    results = list(judge_many(items, **TRUST, executor=executor))
    assert [result.item for result in results] == items
    for item, result in zip(items, results, strict=True):
        more = {"certificate": CERTIFICATE, "hash_": item.hash_} if item is RAW else {}
        assert result.judgements == judge(item.document, item.signature, **TRUST, **more)  # type: ignore[arg-type]
    assert results[0].judgements is not None
    assert results[0].judgements.overall is Verdict.GOOD


@pytest.mark.parametrize("executor", [None, Parcels()], ids=["here", "elsewhere"])
def test_a_bad_item_is_a_result_and_the_others_are_judged(executor: Executor | None, tmp_path: Path) -> None:
    file, signature = tmp_path / "file", tmp_path / "file.p7s"
    file.write_bytes(DATA)
    signature.write_bytes(SIGNATURE)
    os.mkfifo(tmp_path / "pipe")
    items: list[Any] = [
        Item(file, signature), Item(tmp_path / "none"), Item(tmp_path), Item(tmp_path / "pipe", SIGNATURE),
        Item(b""), Item(DATA, b"\x30"), Item(DATA, SIGNATURE, b"nonsense"), "text", None, Item(3),  # type: ignore[arg-type]
        Item(file, signature, CERTIFICATE.public_bytes(Encoding.DER)), Item(file, test_judging.SIGNED), GOOD,
    ]  # fmt: skip
    assert codes(judge_many(items, **TRUST, executor=executor)) == [
        "signature/good", "FileNotFoundError", "UsageError", "UsageError",
        "PdfFileError", "CertificateFileError", "CertificateFileError", "UsageError", "UsageError", "UsageError",
        "signature/unreadable", "CertificateFileError", "signature/good",
    ]  # fmt: skip


def test_what_nobody_foresaw_is_a_result_too(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(judging_many, "judged", lambda *_: {}["x"])
    [result] = judge_many([GOOD], **TRUST)
    assert isinstance(result.error, JudgingFailed)
    assert result.error.text() == "Judging this failed unexpectedly: KeyError"
    assert "judging an item failed" in caplog.text


def test_an_error_does_not_hold_the_document() -> None:
    [result] = judge_many([Item(DATA, b"\x30")], **TRUST)
    assert result.error is not None
    assert (result.error.__traceback__, result.error.__context__, result.error.__cause__) == (None, None, None)


def test_items_are_taken_one_by_one_and_with_an_executor_a_window_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging_many, "WINDOW", 4)
    monkeypatch.setattr(judging_many, "BATCH_ITEMS", 8)
    taken = list[int]()
    items = (taken.append(number) or GOOD for number in count())  # type: ignore[func-returns-value]
    assert codes(islice(judge_many(items, **TRUST), 3)) == ["signature/good"] * 3
    assert len(taken) == 3
    taken.clear()
    results = judge_many(items, **TRUST, executor=Parcels())
    assert not taken
    next(results)
    assert len(taken) == 4 * 8


def test_large_items_are_not_taken_far_ahead() -> None:
    taken = list[int]()
    large = Item(bytes(judging_many.BATCH_BYTES), SIGNATURE)
    items = (taken.append(number) or large for number in count())  # type: ignore[func-returns-value]
    next(judge_many(items, **TRUST, executor=Parcels()))
    assert len(taken) == judging_many.WINDOW


def test_closing_the_results_cancels_what_has_not_begun() -> None:
    executor = Parcels(forgets=True)

    def items() -> Iterator[Item]:
        yield from [GOOD] * (2 * judging_many.BATCH_ITEMS)
        raise OSError("the list of files ends here")

    with pytest.raises(OSError, match="ends here"):
        next(judge_many(items(), **TRUST, executor=executor))
    assert [future.cancelled() for future in executor.waiting] == [True, True]


def test_what_is_trusted_is_sent_to_a_worker_once() -> None:
    executor = Parcels()
    noise = RevocationEvidence((b"\x30" + bytes(1 << 20),))
    items = [GOOD] * (4 * judging_many.BATCH_ITEMS)
    assert len(list(judge_many(items, **{**TRUST, "evidence": noise}, executor=executor))) == len(items)
    assert [size > 1 << 20 for size in executor.sizes] == [False] * 4 + [True] + [False] * 3


def test_an_executor_that_dies_ends_the_results_with_an_error_after_those_that_came() -> None:
    results = judge_many([GOOD] * 300, **TRUST, executor=Parcels(fails_at=3))
    assert codes(islice(results, 128)) == ["signature/good"] * 128
    with pytest.raises(ExecutorFailed, match=r"^The executor failed after 128 items: BrokenExecutor$"):
        next(results)


def test_an_executor_that_was_shut_down_is_an_error() -> None:
    pool = ThreadPoolExecutor(1)
    pool.shutdown()
    with pytest.raises(ExecutorFailed, match=r"^The executor failed after 0 items: RuntimeError$"):
        next(judge_many([GOOD], **TRUST, executor=pool))


def test_arguments_are_checked_before_the_first_item_is_taken() -> None:
    with pytest.raises(errors.UsageError, match="Iterable"):
        judge_many(GOOD, **TRUST)  # type: ignore[arg-type]
    with pytest.raises(errors.UsageError, match="Anchor is wanted"):
        judge_many([GOOD], anchors=[CERTIFICATE], at=NOW)  # type: ignore[list-item]


def test_a_source_of_evidence_is_asked_once() -> None:
    asked = list[int]()
    source = EvidenceSource(lambda: asked.append(1) or EVIDENCE, test_judging.timedelta(hours=1))  # type: ignore[func-returns-value]
    assert codes(judge_many([GOOD] * 3, **{**TRUST, "evidence": source})) == ["signature/good"] * 3
    assert asked == [1]


def test_a_chain_is_checked_once_for_each_certificate(monkeypatch: pytest.MonkeyPatch) -> None:
    from mynacard.signing import judging

    checked = list[object]()
    check = judging.check
    monkeypatch.setattr(judging, "check", lambda *args, **named: checked.append(args) or check(*args, **named))
    items = [GOOD, CHANGED, GOOD, RAW]
    results = [result.judgements for result in judge_many(items, **TRUST)]
    assert len(checked) == 1
    reports = [judgements[0].report for judgements in results if judgements is not None]
    assert [report.signature.code for report in reports if report is not None] == [
        "signature/good", "signature/changed", "signature/good", "signature/good",
    ]  # fmt: skip


def test_threads_judge_as_one_does() -> None:
    items = [GOOD, CHANGED, Item(STAMPED_FILE), Item(b"")] * 6
    with ThreadPoolExecutor(4) as pool:
        assert codes(judge_many(items, **TRUST, executor=pool)) == codes(judge_many(items, **TRUST))


@pytest.mark.thorough("starts processes")
@pytest.mark.parametrize("start", ["spawn", "forkserver"])
def test_processes_judge_as_one_does(start: str) -> None:
    items = [GOOD, CHANGED, Item(STAMPED_FILE), Item(b""), RAW] * 60
    with ProcessPoolExecutor(2, multiprocessing.get_context(start)) as pool:
        results = list(judge_many(items, **TRUST, executor=pool))
    assert [result.item for result in results] == items
    assert codes(iter(results)) == codes(judge_many(items, **TRUST))


@pytest.mark.thorough("starts processes")
def test_a_worker_that_is_killed_is_an_error_and_not_a_result() -> None:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        victim = pool.submit(os.getpid).result()
        results = judge_many((GOOD for _ in range(10_000)), **TRUST, executor=pool)
        assert next(results).judgements is not None
        os.kill(victim, 9)
        with pytest.raises(ExecutorFailed, match="BrokenProcessPool"):
            list(results)


@pytest.mark.thorough("half a minute")
def test_a_million_items_of_one_byte_are_a_million_results() -> None:
    results = judge_many((Item(b"x") for _ in range(1_000_000)), **TRUST)
    assert sum(isinstance(result.error, errors.PdfFileError) for result in results) == 1_000_000

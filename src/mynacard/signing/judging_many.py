"""Many documents in, one result on each out: in order, in bounded memory, by this process or by many.

Items are taken only a little ahead of the results that were asked for. They go to an executor in batches, by
``submit``: a ``map`` would take all items at once. What the caller trusts is sent to each worker once; the worker
remembers it, and the last certificates and reports on them.
"""

from __future__ import annotations

import hashlib
import logging
import pickle
import stat
from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import field
from datetime import datetime
from io import BufferedReader
from pathlib import Path
from typing import Final, TypeAlias

from mynacard._dataclasses import dataclass
from mynacard.arguments import check_type
from mynacard.errors import MynacardError, UsageError
from mynacard.hashes import HashAlgorithm
from mynacard.signing.encodings import ENCODED_MAX
from mynacard.signing.judging import Judgements, Trust, judged
from mynacard.signing.pdf_file import PDF_MAX
from mynacard.texts import N_, printable
from mynacard.trust import Anchor
from mynacard.trust.certificates import CERTIFICATE_MAX
from mynacard.trust.evidence_source import Evidence
from mynacard.trust.revocation import NO_EVIDENCE
from mynacard.verdict import Undecided

__all__ = ["ExecutorFailed", "Item", "Judged", "JudgingFailed", "judge_many"]

REMEMBERED: Final = 1024
"""The most certificates, and reports on them, that a process remembers."""
BATCH_ITEMS, BATCH_BYTES = 64, 1 << 20
WINDOW: Final = 16
"""The most batches that are with the executor."""
CONTEXTS_MAX: Final = 4
SENT_ALONG: Final = 1 << 14
"""The most bytes of what the caller trusts that go with each batch, instead of being asked for."""

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Item:
    """One document, as :func:`mynacard.signing.judging.judge` takes it; a path is opened where it is judged.

    Attributes:
        document: the signed content, or a signature that holds it, or a PDF file.
        signature: the detached signature of *document*.
        certificate: the signer's, PEM or DER, with which *signature* is taken as a raw one.
        hash_: the hash function of a raw signature.
    """

    document: bytes | Path = field(repr=False)
    signature: bytes | Path | None = field(default=None, repr=False)
    certificate: bytes | Path | None = field(default=None, repr=False)
    hash_: HashAlgorithm = HashAlgorithm.SHA256


@dataclass(frozen=True, slots=True)
class Judged(Undecided):
    """An item, and what came of it: *judgements*, or the *error* that ``judge`` raised or opening a file."""

    item: Item
    judgements: Judgements | None = None
    error: MynacardError | OSError | None = None


class JudgingFailed(MynacardError):
    """Judging one item failed in a way that is not foreseen; the log says how."""

    code = "judging-failed"


class ExecutorFailed(MynacardError):
    """The executor ended before all items were judged."""

    code = "executor-failed"


_Result: TypeAlias = Judgements | MynacardError | OSError
_Results: TypeAlias = list[_Result] | None


def judge_many(
    items: Iterable[Item],
    *,
    anchors: Iterable[Anchor],
    at: datetime,
    evidence: Evidence = NO_EVIDENCE,
    now: datetime | None = None,
    time_anchors: Iterable[Anchor] = (),
    policies: Iterable[str] = (),
    executor: Executor | None = None,
) -> Iterator[Judged]:
    """Judge *items* one after the other, or with *executor*; results come in the order of the items.

    A bad item is a result with an error, and never ends the others. Closing the iterator cancels what has not begun.

    Args:
        items: taken one by one, and with an executor at most 1,024 of them or 16 MiB ahead.
        anchors: as :func:`~mynacard.signing.judging.judge` takes it, and so the next five.
        at: one moment for all items.
        evidence: best loaded (:meth:`~mynacard.trust.RevocationEvidence.load`).
        now: the present time, for all items.
        time_anchors: see there.
        policies: see there.
        executor: any of :mod:`concurrent.futures`, or one with its ``submit``; None for this thread.

    Raises:
        UsageError: as ``judge``, for what is not of an item.

    The iterator raises ExecutorFailed if the executor dies; the results before came out. Exceptions of *items* pass.
    """
    check_type(items, Iterable, wanted="Iterable[Item]")
    trust = Trust.of(anchors, at, now, evidence, time_anchors, policies)
    return _here(items, trust) if executor is None else _through(executor, items, trust)


def _here(items: Iterable[Item], trust: Trust) -> Iterator[Judged]:
    remembering = trust.remembering(REMEMBERED)
    return (_with_item(item, _result(item, remembering)) for item in items)


def _through(executor: Executor, items: Iterable[Item], trust: Trust) -> Iterator[Judged]:
    crew, waiting = _Crew(executor, trust), deque[tuple[list[Item], Future[_Results]]]()
    try:
        for batch in _batches(items):
            waiting.append((batch, crew.submitted(batch)))
            if len(waiting) == WINDOW:
                yield from crew.results(*waiting.popleft())
        while waiting:
            yield from crew.results(*waiting.popleft())
    finally:
        for _, future in waiting:
            future.cancel()


class _Crew:
    """The workers behind an executor: they are sent the trust when they ask for it, or always if it is small."""

    def __init__(self, executor: Executor, trust: Trust) -> None:
        self._executor = executor
        self._pickled = pickle.dumps(trust)
        self._digest = hashlib.sha256(self._pickled).digest()
        self._along = self._pickled if len(self._pickled) <= SENT_ALONG else None
        self._judged, self._was_sent = 0, False

    def submitted(self, batch: list[Item], *, whole: bool = False) -> Future[_Results]:
        try:
            return self._executor.submit(_at_work, self._digest, self._pickled if whole else self._along, batch)
        except Exception as error:  # of a kind that only the executor knows
            raise self._failed(error) from error

    def results(self, batch: list[Item], future: Future[_Results]) -> Iterator[Judged]:
        try:
            results = future.result()
            for whole in (False, True)[not self._was_sent :]:  # meanwhile, the worker may know it
                if results is None:
                    self._was_sent |= whole
                    results = self.submitted(batch, whole=whole).result()
        except Exception as error:  # the items' own are among the results
            raise self._failed(error) from error
        self._judged += len(batch)
        yield from map(_with_item, batch, results or ())

    def _failed(self, error: Exception) -> ExecutorFailed:
        if isinstance(error, ExecutorFailed):
            return error
        return ExecutorFailed(
            N_("The executor failed after {count} items: {reason}"), count=self._judged, reason=type(error).__name__
        )


def _batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    batch, size = list[Item](), 0
    for item in items:
        batch.append(item)
        size += sum(len(part) for part in _parts(item) if isinstance(part, bytes))
        if len(batch) == BATCH_ITEMS or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _parts(item: object) -> tuple[object, ...]:
    return (item.document, item.signature, item.certificate) if isinstance(item, Item) else ()


def _with_item(item: Item, result: _Result) -> Judged:
    return Judged(item, result) if isinstance(result, Judgements) else Judged(item, error=result)


# --- where items are judged ---

_contexts: Final = OrderedDict[bytes, Trust]()
"""What this process, as a worker, was sent last."""


def _at_work(digest: bytes, pickled: bytes | None, batch: list[Item]) -> _Results:
    """The results on *batch*; None if the trust with *digest* has to be sent first."""
    trust = _contexts.get(digest)
    if trust is None:
        if pickled is None:
            return None
        sent: Trust = pickle.loads(pickled)
        trust = _contexts[digest] = sent.remembering(REMEMBERED)
        while len(_contexts) > CONTEXTS_MAX:
            _contexts.popitem(last=False)
    return [_result(item, trust) for item in batch]


def _result(item: Item, trust: Trust) -> _Result:
    try:
        check_type(item, Item)
        return _judgements(item, trust)
    except (MynacardError, OSError) as error:
        error.__traceback__ = error.__cause__ = error.__context__ = None  # they hold the document
        return error
    except Exception as error:  # a bad item never ends the others
        _LOG.exception("judging an item failed")
        return JudgingFailed(N_("Judging this failed unexpectedly: {reason}"), reason=type(error).__name__)


def _judgements(item: Item, trust: Trust) -> Judgements:
    signature = _bytes(item.signature, ENCODED_MAX) if item.signature is not None else None
    certificate = trust.load_given(_bytes(item.certificate, CERTIFICATE_MAX)) if item.certificate is not None else None
    if isinstance(item.document, bytes) or signature is None:
        return judged(_bytes(item.document, PDF_MAX), signature, certificate, item.hash_, trust)
    with _opened(item.document) as document:
        return judged(document, signature, certificate, item.hash_, trust)


def _bytes(part: bytes | Path, most: int) -> bytes:
    """*part*, or the content of that file; of a longer one, one byte more than *most*."""
    if isinstance(part, bytes):
        return part
    with _opened(part) as file:
        return file.read(most + 1)


def _opened(path: Path) -> BufferedReader:
    check_type(path, Path, wanted="bytes or Path")
    if not stat.S_ISREG(path.stat().st_mode):  # a pipe would be waited for
        raise UsageError(N_("{path} is not a regular file."), path=printable(path))
    return path.open("rb")

"""``mynacard verify --many``: the files of a folder, a line for each, and a summary."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import click

from mynacard.cli.judged import as_document
from mynacard.cli.language import _
from mynacard.cli.output import print_json
from mynacard.cli.progress import progress
from mynacard.errors import MynacardError
from mynacard.hashes import HashAlgorithm
from mynacard.signing.judging_many import Item, Judged, judge_many
from mynacard.texts import printable
from mynacard.trust import Anchor, RevocationEvidence, Verdict
from mynacard.verdict import WORDS

__all__ = ["items_in", "verify_many"]

_DETACHED: Final = ".p7s"
_RAW: Final = ".sig"


def items_in(folder: Path, certificate: Path | None, hash_: HashAlgorithm) -> list[Item]:
    """The files in *folder*, in the order of their names; a signature goes with the file that it is beside."""
    with os.scandir(folder) as entries:
        names = sorted(entry.name for entry in entries if not entry.is_dir())
    present, suffix = set(names), _DETACHED if certificate is None else _RAW
    signatures = {name for name in names if name.endswith(suffix) and name.removesuffix(suffix) in present}
    return [
        Item(folder / name, folder / (name + suffix), certificate, hash_)
        if name + suffix in signatures
        else Item(folder / name)
        for name in names
        if name not in signatures
    ]


def verify_many(
    items: Sequence[Item],
    *,
    anchors: Iterable[Anchor],
    at: datetime,
    evidence: RevocationEvidence,
    time_anchors: Sequence[Anchor],
    policies: Iterable[str],
    jobs: int,
    as_json: bool,
) -> Verdict:
    """Check *items*, print a line for each and a summary; the verdict on all is that of the worst."""
    anchors = tuple(anchors)
    issuers = [anchor.certificate for anchor in (*anchors, *time_anchors)]
    loaded = RevocationEvidence.load(evidence.crls, evidence.ocsps, issuers=issuers) if evidence else evidence
    counts = Counter[Verdict | None]()
    with _executor(jobs) as executor, progress(_("Checking"), len(items)) as show:
        results = judge_many(
            items,
            anchors=anchors,
            at=at,
            evidence=loaded,
            time_anchors=time_anchors,
            policies=policies,
            executor=executor,
        )
        for done, result in enumerate(results, 1):
            counts[result.judgements.overall if result.judgements is not None else None] += 1
            _print(result, as_json=as_json)
            show(done)
    _summarize(counts)
    if counts[Verdict.BAD]:
        return Verdict.BAD
    return Verdict.GOOD if set(+counts) == {Verdict.GOOD} else Verdict.NOT_CHECKED


def _executor(jobs: int) -> AbstractContextManager[Executor | None]:
    return ProcessPoolExecutor(jobs, get_context("spawn")) if jobs > 1 else nullcontext()


def _print(result: Judged, *, as_json: bool) -> None:
    name = str(result.item.document)
    if as_json:
        print_json({"file": name, **_document(result)}, indent=None)
    else:
        click.echo(f"{printable(name)}: {printable(_text(result))}")


def _document(result: Judged) -> dict[str, object]:
    if result.judgements is not None:
        return as_document(result.judgements)
    return {"overall": None, "error": str(result.error)}


def _text(result: Judged) -> str:
    """The verdict, or the error; of what is not good, the first reason."""
    if result.judgements is None:
        return result.error.text(_) if isinstance(result.error, MynacardError) else str(result.error)
    overall = result.judgements.overall
    steps = [
        step for judgement in (*result.judgements, *result.judgements.time_stamps) for _name, step in judgement.steps
    ]
    reason = next((step.text(_) for step in steps if step.verdict is overall), "")
    return _(WORDS[overall]) if overall is Verdict.GOOD else f"{_(WORDS[overall])}. {reason}"


def _summarize(counts: Counter[Verdict | None]) -> None:
    click.echo(
        _("{good} good, {bad} bad, {open} not fully checked, {unreadable} that could not be checked.").format(
            good=counts[Verdict.GOOD],
            bad=counts[Verdict.BAD],
            open=counts[Verdict.NOT_CHECKED],
            unreadable=counts[None],
        ),
        err=True,
    )

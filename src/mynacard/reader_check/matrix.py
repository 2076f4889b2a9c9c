"""Many reports of reader checks as one matrix: a row for each kind of reader and system, a column for each check.

A check counts as "not tested" if a report lacks its result: it was skipped, the run did not reach it, or the version
that made the report did not have it. Of several reports a failure counts more than a pass, and the newest gives the
figures.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from mynacard.arguments import check_type
from mynacard.reader_check.report import Check, Report, Result, Value
from mynacard.reader_check.values import WORDS, figures
from mynacard.readers import model

__all__ = ["Cell", "Column", "Kind", "Matrix", "Row", "fold"]

FIGURES_MAX: Final = 3
"""The most figures in a cell; the page of the report itself has all."""
_TIMES: Final = ("_s", "_ms", "_us")


@dataclass(frozen=True, order=True)
class Kind:
    """The key of a row: readers of one name, USB id and driver, on one kind of system."""

    name: str
    usb: str
    driver: str
    system: str

    @classmethod
    def of(cls, report: Report) -> Kind:
        system = " ".join(filter(None, (report.system.name, report.system.pcsc)))
        return cls(model(report.reader.name), report.reader.usb, report.reader.driver, system)


@dataclass(frozen=True)
class Column:
    """A check, and its title in the newest report that has it."""

    code: str
    title: str


@dataclass(frozen=True)
class Cell:
    """The results of a check with a kind of reader.

    Attributes:
        result: the worst result.
        words: the same in words; with several reports, how many passed.
        figures: the measurements in the newest report that tested it.
        said: the sentence about it in the newest report with this result.
    """

    result: Result
    words: str
    figures: tuple[str, ...] = ()
    said: str = ""


@dataclass(frozen=True)
class Row:
    """A kind of reader, a cell for each column, and the reports that they come from."""

    kind: Kind
    cells: tuple[Cell, ...]
    reports: int
    unfinished: int
    newest: str

    @property
    def source(self) -> str:
        count = "1 report" if self.reports == 1 else f"{self.reports} reports"
        return f"{count}{f', {self.unfinished} not finished' if self.unfinished else ''}, {self.newest}"


@dataclass(frozen=True)
class Matrix:
    """The matrix: its columns, those in which readers fail or differ first, and its rows sorted by reader."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


def fold(reports: Iterable[Report]) -> Matrix:
    """The matrix of *reports*; equal reports count once."""
    reports = tuple(reports)
    for report in reports:
        check_type(report, Report)
    different = {json.dumps(report.document(), sort_keys=True): report for report in reports}
    newest_first = sorted(different.values(), key=lambda report: report.made, reverse=True)
    kinds = sorted({Kind.of(report) for report in newest_first}, key=lambda kind: (kind.name.casefold(), kind))
    of_kinds = [[report for report in newest_first if Kind.of(report) == kind] for kind in kinds]
    columns = tuple(sorted(_columns(newest_first), key=lambda column: _sameness(column.code, of_kinds)))
    return Matrix(columns, tuple(_row(kind, columns, reports) for kind, reports in zip(kinds, of_kinds, strict=True)))


def _columns(newest_first: Sequence[Report]) -> tuple[Column, ...]:
    """The checks of all reports, in the order of the newest report that has them."""
    newest: dict[str, Check] = {}
    for report in newest_first:
        for check in report.checks:
            newest.setdefault(check.code, check)
    return tuple(Column(check.code, check.title) for check in sorted(newest.values(), key=lambda check: check.number))


def _sameness(code: str, of_kinds: Sequence[Sequence[Report]]) -> int:
    """How little there is to see in the column *code*: 0 if a check failed, 3 if all kinds of readers are the same."""
    checks = [list(_tested(code, reports)) for reports in of_kinds]
    results = {check.result for tested in checks for check in tested}
    for place, worse in enumerate((Result.FAILED, Result.NOTED)):
        if worse in results:
            return place
    return 2 if len({_abilities(tested[0]) if tested else None for tested in checks}) > 1 else 3


def _abilities(check: Check) -> frozenset[tuple[str, Value]]:
    """The measurements of *check* without times and speeds, which are never twice the same."""
    return frozenset((name, value) for name, value in check.values.items() if not name.endswith(_TIMES))


def _row(kind: Kind, columns: Sequence[Column], newest_first: Sequence[Report]) -> Row:
    cells = tuple(_cell(list(_tested(column.code, newest_first))) for column in columns)
    unfinished = sum(not report.finished for report in newest_first)
    return Row(kind, cells, len(newest_first), unfinished, f"{newest_first[0].made:%Y-%m-%d}")


def _tested(code: str, reports: Iterable[Report]) -> Iterator[Check]:
    for report in reports:
        for check in report.checks:
            if check.code == code and check.result is not Result.NOT_TESTED:
                yield check


def _cell(newest_first: Sequence[Check]) -> Cell:
    if not newest_first:
        return Cell(Result.NOT_TESTED, WORDS[Result.NOT_TESTED])
    results = [check.result for check in newest_first]
    worst = next(result for result in (Result.FAILED, Result.NOTED, Result.PASSED) if result in results)
    example = next(check for check in newest_first if check.result is worst)
    words = WORDS[worst]
    if len(results) > 1 and set(results) != {Result.NOTED}:
        words = f"{results.count(Result.PASSED)} of {len(results)} passed"
    return Cell(worst, words, tuple(_figures(newest_first[0])), example.reason or example.summary)


def _figures(check: Check) -> Iterator[str]:
    """The first numbers that *check* measured; if it has none, its other values."""
    numbers = {name: value for name, value in check.values.items() if not isinstance(value, bool | str)}
    shown = numbers or check.values
    yield from islice(figures(replace(check, values=shown)), FIGURES_MAX)
    if len(shown) > FIGURES_MAX:
        yield "…"

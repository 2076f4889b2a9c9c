"""Many reports of the reader check as one table: what works with which reader, on which system.

Usage: python tools/reader_matrix.py REPORT... [--html PAGE] [--markdown FILE]

A row is a kind of reader on a kind of system, a column a check. What a report does not tell is "not tested": a check
that was skipped, that never came, or that the report's program did not know. Of several reports a failure counts more
than a pass, and the newest gives the figures. A report that cannot be read is named on standard error; the others make
the table, and the exit code is 1. Without --html and --markdown the table goes to standard output, as Markdown. The
page is one file that loads nothing from elsewhere.
"""

from __future__ import annotations

import argparse
import html
import io
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Final

from reader_report import Check, Report, ReportError, Result, read_report
from reader_values import MEANINGS, WORDS, figures

from mynacard.cli.texts import plain
from mynacard.readers import model

__all__ = ["Cell", "Column", "Kind", "Matrix", "Row", "fold", "main", "markdown", "page"]

FIGURES_MAX: Final = 3
"""In a cell; the page of the report itself has all."""
_SIGNS: Final[Mapping[Result, str]] = {
    Result.PASSED: "✓", Result.FAILED: "✗", Result.NOTED: "●", Result.NOT_TESTED: "–",
}  # fmt: skip


@dataclass(frozen=True, order=True)
class Kind:
    """What has a row of its own: readers of one name, USB id and driver, on one kind of system."""

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
    """What is known of a check with a kind of reader.

    Attributes:
        result: the worst that was seen.
        words: the same in words; of several reports, how many passed.
        figures: what the newest report that tested it measured.
        said: what the newest report with this result says of it.
    """

    result: Result
    words: str
    figures: tuple[str, ...] = ()
    said: str = ""


@dataclass(frozen=True)
class Row:
    """A kind of reader, a cell for each column, and where all that comes from."""

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
    """The table."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


# --- what is folded ------------------------------------------------------------------------------------------


def fold(reports: Iterable[Report]) -> Matrix:
    """The table of *reports*; one that is there twice counts once."""
    different = {json.dumps(report.document(), sort_keys=True): report for report in reports}
    newest_first = sorted(different.values(), key=lambda report: report.made, reverse=True)
    columns = _columns(newest_first)
    kinds = sorted({Kind.of(report) for report in newest_first}, key=lambda kind: (kind.name.casefold(), kind))
    return Matrix(
        columns,
        tuple(_row(kind, columns, [report for report in newest_first if Kind.of(report) == kind]) for kind in kinds),
    )


def _columns(newest_first: Sequence[Report]) -> tuple[Column, ...]:
    """The checks of all reports, in the order of the newest report that has them."""
    found: dict[str, Check] = {}
    for report in newest_first:
        for check in report.checks:
            found.setdefault(check.code, check)
    return tuple(Column(check.code, check.title) for check in sorted(found.values(), key=lambda each: each.number))


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
    told = next(check for check in newest_first if check.result is worst)
    words = WORDS[worst]
    if len(results) > 1 and set(results) != {Result.NOTED}:
        words = f"{results.count(Result.PASSED)} of {len(results)} passed"
    return Cell(worst, words, tuple(_figures(newest_first[0])), told.reason or told.summary)


def _figures(check: Check) -> Iterator[str]:
    """The first numbers that *check* measured; its words where there are none."""
    numbers = {name: value for name, value in check.values.items() if not isinstance(value, bool | str)}
    shown = numbers or check.values
    yield from islice(figures(replace(check, values=shown)), FIGURES_MAX)
    if len(shown) > FIGURES_MAX:
        yield "…"


def _remarks(matrix: Matrix) -> Iterator[tuple[str, str]]:
    """Of every cell that failed or is noted, where that is and what its report says."""
    for row in matrix.rows:
        for column, cell in zip(matrix.columns, row.cells, strict=True):
            if cell.result in {Result.FAILED, Result.NOTED} and cell.said:
                reader = row.kind.name or "(no name)"
                yield f"{reader}, {column.title or column.code} ({WORDS[cell.result]})", cell.said


# --- Markdown ------------------------------------------------------------------------------------------------


def markdown(matrix: Matrix) -> str:
    """*matrix* as a table of GitHub's Markdown."""
    head = ["reader", "system", *(column.title or column.code for column in matrix.columns), "reports"]
    lines = [_line(map(_marked, head)), _line("---" for _ in head)]
    for row in matrix.rows:
        cells = (
            "<br>".join([f"{_SIGNS[cell.result]} {cell.words}", *map(_marked, cell.figures)]) for cell in row.cells
        )
        reader = "<br>".join(map(_marked, _named(row.kind)))
        lines.append(_line([reader, _marked(row.kind.system), *cells, _marked(row.source)]))
    remarks = [f"- {_marked(where)}: {_marked(said)}" for where, said in _remarks(matrix)]
    return "\n".join([*lines, *([""] if remarks else []), *remarks, ""])


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _named(kind: Kind) -> list[str]:
    driver = f"driver {kind.driver}" if kind.driver else ""
    return [kind.name or "(no name)", *filter(None, (kind.usb, driver))]


def _marked(text: str) -> str:
    """*text* as itself: nothing in it is markup, a link, or the end of a cell."""
    escaped = re.sub(r"([\\`*_\[\]|~#!])", r"\\\1", html.escape(plain(text), quote=False))
    return escaped.replace("://", "&#58;//").replace("@", "&#64;").replace("www.", "www&#46;")


# --- a page --------------------------------------------------------------------------------------------------


_STYLE: Final = """
body { font-family: sans-serif; margin: 2em; color: #222; background: #fff; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.9em; }
td, th { padding: 0.4em 0.7em; text-align: left; vertical-align: top; border: 1px solid #ccc; }
thead th { background: #f0f0f0; vertical-align: bottom; max-width: 9em; }
tbody th { background: #f8f8f8; min-width: 12em; }
small { display: block; font-weight: normal; color: #444; }
.passed { background: #e2f3e2; }
.failed { background: #f8d9d6; }
.noted { background: #fdf0cf; }
.not-tested { color: #767676; }
dl { display: grid; grid-template-columns: max-content auto; gap: 0.3em 1em; }
dt { padding: 0 0.5em; }
dd { margin: 0; }
"""


def page(matrix: Matrix) -> str:
    """*matrix* as a page in one file."""
    head = "".join(
        f'<th scope="col">{_shown(column.title or column.code)}<small>{_shown(column.code)}</small></th>'
        for column in matrix.columns
    )
    rows = "\n".join(map(_row_html, matrix.rows))
    legend = "\n".join(
        f'<dt class="{result.value}">{_SIGNS[result]} {WORDS[result]}</dt><dd>{MEANINGS[result]}</dd>'
        for result in Result
    )
    remarks = "\n".join(f"<li>{_shown(where)}: {_shown(said)}</li>" for where, said in _remarks(matrix))
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Card readers and mynacard</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<style>{_STYLE}</style></head><body>
<h1>Card readers and mynacard</h1>
<div class="wide"><table>
<thead><tr><th scope="col">reader</th><th scope="col">system</th>{head}<th scope="col">reports</th></tr></thead>
<tbody>
{rows}
</tbody></table></div>
<h2>What the cells say</h2>
<dl>
{legend}
</dl>
<p>Of several reports of one kind of reader a failure counts more than a pass; figures are the newest report's.</p>
{f"<h2>What failed, and what there is to know</h2>{chr(10)}<ul>{chr(10)}{remarks}{chr(10)}</ul>" if remarks else ""}
</body></html>
"""


def _row_html(row: Row) -> str:
    name, *more = _named(row.kind)
    reader = f'<th scope="row">{_shown(name)}{_small(more)}</th>'
    cells = "".join(map(_cell_html, row.cells))
    return f"<tr>{reader}<td>{_shown(row.kind.system)}</td>{cells}<td>{_shown(row.source)}</td></tr>"


def _cell_html(cell: Cell) -> str:
    hint = f' title="{_shown(cell.said)}"' if cell.said else ""
    return f'<td class="{cell.result.value}"{hint}>{_SIGNS[cell.result]} {cell.words}{_small(cell.figures)}</td>'


def _small(texts: Iterable[str]) -> str:
    return "".join(f"<small>{_shown(text)}</small>" for text in texts)


def _shown(text: str) -> str:
    return html.escape(plain(text))


# --- the script ----------------------------------------------------------------------------------------------


def main(arguments: Sequence[str]) -> int:
    """The script; its exit code."""
    parser = argparse.ArgumentParser(description="Many reports of the reader check as one table.")
    parser.add_argument("reports", metavar="REPORT", nargs="+", type=Path)
    parser.add_argument("--html", type=Path, help="write a page to this file")
    parser.add_argument("--markdown", type=Path, help="write a table in Markdown to this file")
    options = parser.parse_args(arguments)
    reports, bad = _read(options.reports)
    if not reports:
        _complain("No report is left for a table.")
        return 1
    matrix = fold(reports)
    try:
        _write(matrix, options.html, options.markdown)
    except OSError as error:
        _complain(f"{error.filename or 'standard output'}: {error.strerror}")
        return 1
    return 1 if bad else 0


def _read(paths: Iterable[Path]) -> tuple[list[Report], int]:
    """The reports that can be read, and how many cannot; each of those is named."""
    found: list[Report] = []
    bad = 0
    for path in paths:
        try:
            found.append(read_report(path))
        except ReportError as error:
            _complain(str(error))
            bad += 1
    return found, bad


def _write(matrix: Matrix, html_path: Path | None, markdown_path: Path | None) -> None:
    if html_path is not None:
        html_path.write_text(page(matrix), encoding="utf-8")
    if markdown_path is not None:
        markdown_path.write_text(markdown(matrix), encoding="utf-8")
    if html_path is None and markdown_path is None:
        if isinstance(sys.stdout, io.TextIOWrapper):  # a letter that its encoding lacks is no reason to stop
            sys.stdout.reconfigure(errors="backslashreplace")
        print(markdown(matrix), end="")


def _complain(text: str) -> None:
    print(f"reader_matrix: {plain(text)}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

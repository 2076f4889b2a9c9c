"""A matrix of reader checks for people: as Markdown, and as an HTML page that loads nothing from elsewhere."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from mynacard.reader_check.matrix import Cell, Column, Kind, Matrix, Row
from mynacard.reader_check.report import Result
from mynacard.reader_check.values import MEANINGS, WORDS
from mynacard.texts import printable

__all__ = ["markdown", "web_page"]

_SIGNS: Final[Mapping[Result, str]] = {
    Result.PASSED: "✓", Result.FAILED: "✗", Result.NOTED: "●", Result.NOT_TESTED: "–",
}  # fmt: skip


def markdown(matrix: Matrix) -> str:
    """*matrix* as a table in GitHub's Markdown."""
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
    """*text*, escaped: nothing in it is markup, a link, or the end of a cell."""
    escaped = re.sub(r"([\\`*_\[\]|~#!])", r"\\\1", html.escape(printable(text), quote=False))
    return escaped.replace("://", "&#58;//").replace("@", "&#64;").replace("www.", "www&#46;")


# --- a page --------------------------------------------------------------------------------------------------


_STYLE: Final = """
:root { --ink: #222; --paper: #fff; --line: #ccc; --head: #f0f0f0; --quiet: #555; --faint: #6b6b6b;
  --good: #e2f3e2; --bad: #f8d9d6; --note: #fdf0cf; }
@media (prefers-color-scheme: dark) { :root { --ink: #ddd; --paper: #1c1c1c; --line: #555; --head: #2b2b2b;
  --quiet: #bbb; --faint: #999; --good: #1f3d27; --bad: #57211d; --note: #4a3a0c; } }
body { font-family: sans-serif; margin: clamp(0.7em, 4vw, 2em); color: var(--ink); background: var(--paper); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.9em; }
td, th { padding: 0.4em 0.7em; text-align: left; vertical-align: top; border: 1px solid var(--line); }
td { min-width: 7em; }
th, li { overflow-wrap: anywhere; }
thead th { background: var(--head); vertical-align: bottom; max-width: 9em; }
tbody th { background: var(--head); min-width: 12em; }
small { display: block; font-weight: normal; color: var(--quiet); }
.passed { background: var(--good); }
.failed { background: var(--bad); }
.noted { background: var(--note); }
.not-tested { color: var(--faint); }
dl { display: grid; grid-template-columns: max-content auto; gap: 0.3em 1em; }
dt { padding: 0 0.5em; }
dd { margin: 0; }
@media print { :root { --ink: #000; --paper: #fff; --line: #999; --quiet: #333; --faint: #555; }
  td, li { break-inside: avoid; }
  th { break-after: avoid; } }
@media print, (max-width: 60em) {
  .wide { overflow: visible; }
  table, tbody, tr, th, td { display: block; }
  thead { display: none; }
  tr { margin-bottom: 1em; }
  td { padding: 0.2em 0.7em; border-top: 0; min-width: 0; overflow-wrap: anywhere; }
  td::before { content: attr(data-column) ": "; font-weight: bold; }
  td small { display: inline; }
  td small::before { content: " · "; }
}
"""


def web_page(matrix: Matrix) -> str:
    """*matrix* as an HTML page in one file. On paper and narrow screens each row becomes a list."""
    head = "".join(
        f'<th scope="col">{_shown(column.title or column.code)}<small>{_shown(column.code)}</small></th>'
        for column in matrix.columns
    )
    rows = "\n".join(_row_html(matrix, row) for row in matrix.rows)
    legend = "\n".join(
        f'<dt class="{result.value}">{_SIGNS[result]} {WORDS[result]}</dt><dd>{MEANINGS[result]}</dd>'
        for result in WORDS
    )
    remarks = "\n".join(f"<li>{_shown(where)}: {_shown(said)}</li>" for where, said in _remarks(matrix))
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Card readers and mynacard</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
<style>{_STYLE}</style></head><body>
<h1>Card readers and mynacard</h1>
{f"<h2>Failures and remarks</h2>{chr(10)}<ul>{chr(10)}{remarks}{chr(10)}</ul>" if remarks else ""}
<h2>All checks</h2>
<p>Checks that failed or differ between readers come first.</p>
<div class="wide"><table>
<thead><tr><th scope="col">reader</th><th scope="col">system</th>{head}<th scope="col">reports</th></tr></thead>
<tbody>
{rows}
</tbody></table></div>
<h2>Meaning of the cells</h2>
<dl>
{legend}
</dl>
<p>Of several reports of one kind of reader a failure counts more than a pass; figures are the newest report's.</p>
</body></html>
"""


def _row_html(matrix: Matrix, row: Row) -> str:
    name, *more = _named(row.kind)
    reader = f'<th scope="row">{_shown(name)}{_small(more)}</th>'
    cells = "".join(map(_cell_html, matrix.columns, row.cells))
    system, source = _shown(row.kind.system), _shown(row.source)
    return f'<tr>{reader}<td data-column="system">{system}</td>{cells}<td data-column="reports">{source}</td></tr>'


def _cell_html(column: Column, cell: Cell) -> str:
    hint = f' title="{_shown(cell.said)}"' if cell.said else ""
    shown = f"{_SIGNS[cell.result]} {cell.words}{_small(cell.figures)}"
    return f'<td class="{cell.result.value}" data-column="{_shown(column.title or column.code)}"{hint}>{shown}</td>'


def _small(texts: Iterable[str]) -> str:
    return "".join(f"<small>{_shown(text)}</small>" for text in texts)


def _shown(text: str) -> str:
    return html.escape(printable(text))


# --- both ----------------------------------------------------------------------------------------------------


def _remarks(matrix: Matrix) -> Iterator[tuple[str, str]]:
    """For each failed, and then for each noted cell, its place and the sentence from its report."""
    for result in (Result.FAILED, Result.NOTED):
        for row in matrix.rows:
            for column, cell in zip(matrix.columns, row.cells, strict=True):
                if cell.result is result and cell.said:
                    reader = row.kind.name or "(no name)"
                    yield f"{reader}, {column.title or column.code} ({WORDS[result]})", cell.said

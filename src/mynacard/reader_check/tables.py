"""A matrix of reader checks for people: as Markdown, and as an HTML page that loads nothing from elsewhere."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from mynacard.reader_check.matrix import Cell, Kind, Matrix, Row
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


def web_page(matrix: Matrix) -> str:
    """*matrix* as an HTML page in one file."""
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
<h2>Meaning of the cells</h2>
<dl>
{legend}
</dl>
<p>Of several reports of one kind of reader a failure counts more than a pass; figures are the newest report's.</p>
{f"<h2>Failures and remarks</h2>{chr(10)}<ul>{chr(10)}{remarks}{chr(10)}</ul>" if remarks else ""}
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
    return html.escape(printable(text))


# --- both ----------------------------------------------------------------------------------------------------


def _remarks(matrix: Matrix) -> Iterator[tuple[str, str]]:
    """For each failed or noted cell, its place and the sentence from its report."""
    for row in matrix.rows:
        for column, cell in zip(matrix.columns, row.cells, strict=True):
            if cell.result in {Result.FAILED, Result.NOTED} and cell.said:
                reader = row.kind.name or "(no name)"
                yield f"{reader}, {column.title or column.code} ({WORDS[cell.result]})", cell.said

"""A report of a reader check as one page: the results, and charts of the times."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from mynacard.drawing import Bar, escaped, histogram, lines, page, timeline
from mynacard.reader_check.report import CardKind, Check, Report, Result
from mynacard.reader_check.values import MEANINGS, WORDS, figures, label
from mynacard.storage import replace_file

__all__ = ["page_of", "write_page"]

_COLOURS: Final[Mapping[str, str]] = {
    WORDS[Result.PASSED]: "#2e8b57", WORDS[Result.FAILED]: "#c0504d", WORDS[Result.NOTED]: "#b8860b",
    WORDS[Result.NOT_TESTED]: "#808080",
}  # fmt: skip
_CARDS: Final[Mapping[CardKind, str]] = {
    CardKind.JPKI: "an Individual Number Card", CardKind.RESIDENCE: "a residence card",
    CardKind.OTHER: "a card of another kind", CardKind.NONE: "none: checks that need one are not tested",
}  # fmt: skip


def page_of(report: Report) -> str:
    """*report* as an HTML page that loads nothing from elsewhere."""
    checks = {check.code: check for check in report.checks}
    body = "\n".join((*_about(report), _table(report.checks), *_pictures(report.checks, checks)))
    return page(f"Reader check: {report.reader.name}", body)


def write_page(report: Report, path: Path) -> None:
    """Write the page of *report* to the file *path*, whole or not at all.

    Raises:
        OSError: it cannot be written.
    """
    replace_file(path, page_of(report).encode())


def _about(report: Report) -> Iterator[str]:
    system, reader = report.system, report.reader
    facts = {
        "made": f"{report.made:%Y-%m-%d %H:%M} UTC, mynacard {report.mynacard}",
        "system": " ".join((system.name, system.release, "Python", system.python)),
        "PC/SC": " ".join((system.pcsc, system.pcsc_version)),
        "reader": " ".join((reader.name, reader.usb)), "driver": reader.driver, "firmware": reader.firmware,
        "card": _CARDS[report.card.kind],
    }  # fmt: skip
    yield "<table>"
    for name, fact in facts.items():
        if fact.strip():
            yield f"<tr><th>{escaped(name)}</th><td>{escaped(fact)}</td></tr>"
    yield "</table>"
    if not report.finished:
        yield "<p><b>This check was not finished.</b></p>"


def _table(checks: tuple[Check, ...]) -> str:
    rows = "\n".join(
        f'<tr><td class="number">{check.number}</td><td>{escaped(check.title)}</td><td>{_result(check.result)}</td>'
        f"<td>{escaped(check.summary or check.reason)}{_values(check)}</td>"
        f'<td class="number">{check.took_s:.2f} s</td></tr>'
        for check in checks
    )
    legend = "; ".join(f"{_result(result)}: {MEANINGS[result]}" for result in Result)
    head = "<tr><th></th><th>check</th><th>result</th><th></th><th>took</th></tr>"
    return f"<table>{head}\n{rows}</table>\n<p>{legend}.</p>"


def _result(result: Result) -> str:
    return f'<b style="color: {_COLOURS[WORDS[result]]}">{WORDS[result]}</b>'


def _values(check: Check) -> str:
    shown = "; ".join(map(escaped, figures(check)))
    return f"<br /><small>{shown}</small>" if shown else ""


def _pictures(checks: tuple[Check, ...], by_code: Mapping[str, Check]) -> Iterator[str]:
    if times := _times(by_code):
        yield "<h2>How long commands take</h2>"
        yield histogram(times, "ms")
    if points := _speeds(by_code.get("read-sizes")):
        yield "<h2>How fast a file is read</h2>"
        yield lines({"READ BINARY": points}, "bytes asked for at once", "bytes per second")
    yield "<h2>When each check ran</h2>"
    bars = [Bar(check.at_s * 1000, check.took_s * 1000, WORDS[check.result], check.title) for check in checks]
    yield timeline(bars, _COLOURS)


def _times(by_code: Mapping[str, Check]) -> dict[str, tuple[int | float, ...]]:
    """Every list of milliseconds, by the label of the timed command."""
    return {
        label(code, name): value
        for code in ("latency", "signature", "keypad-verify", "soak")
        if code in by_code
        for name, value in by_code[code].values.items()
        if name.endswith("_ms") and isinstance(value, tuple)
    }


def _speeds(check: Check | None) -> list[tuple[float, float]]:
    if check is None:
        return []
    sizes, speeds = (check.values.get(name) for name in ("size_bytes", "speed_bytes_per_s"))
    if not isinstance(sizes, tuple) or not isinstance(speeds, tuple):
        return []
    return list(zip(sizes, speeds, strict=False))

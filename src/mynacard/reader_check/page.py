"""A report of a reader check as one page: the results, and charts of the times."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from mynacard.drawing import Bar, escaped, histogram, lines, page, timeline
from mynacard.reader_check.report import CardKind, Check, Report, Result
from mynacard.reader_check.values import MEANINGS, WORDS, counts, figures, incidents, label
from mynacard.storage import replace_file

__all__ = ["page_of", "write_page"]

_COLOURS: Final[Mapping[str, str]] = {
    WORDS[Result.PASSED]: "#2e8b57", WORDS[Result.NOTED]: "#a87414", WORDS[Result.FAILED]: "#c9605c",
    WORDS[Result.NOT_TESTED]: "#808080",
}  # fmt: skip
"""Each has a contrast of at least 3 to white and to '#1c1c1c'."""
_CARDS: Final[Mapping[CardKind, str]] = {
    CardKind.JPKI: "an Individual Number Card", CardKind.RESIDENCE: "a residence card",
    CardKind.OTHER: "a card of another kind", CardKind.NONE: "none: checks that need one are not tested",
}  # fmt: skip


def page_of(report: Report) -> str:
    """*report* as an HTML page that loads nothing from elsewhere."""
    checks = {check.code: check for check in report.checks}
    summary = "" if report.finished else " This check was not finished."
    body = "\n".join((
        f"<p><b>{escaped(counts(report.checks))}.{summary}</b></p>",
        *_remarks(report.checks), *_about(report), _table(report.checks), *_pictures(report.checks, checks),
    ))  # fmt: skip
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


def _remarks(checks: tuple[Check, ...]) -> Iterator[str]:
    """What failed, and then what is noted, in words."""
    rows = [check for result in (Result.FAILED, Result.NOTED) for check in checks if check.result is result]
    if rows:
        yield "<ul>"
        for check in rows:
            said = escaped(check.reason or check.summary)
            yield f"<li>{_result(check.result)}: <b>{escaped(check.title)}</b>: {said}{_incidents(check)}</li>"
        yield "</ul>"


def _incidents(check: Check) -> str:
    rows = "".join(f"<li><small>{escaped(incident)}</small></li>" for incident in incidents(check))
    return f"<ul>{rows}</ul>" if rows else ""


def _table(checks: tuple[Check, ...]) -> str:
    rows = "\n".join(
        f'<tr><td class="number">{check.number}</td><td>{escaped(check.title)}</td><td>{_result(check.result)}</td>'
        f'<td class="text">{escaped(check.summary or check.reason)}{_values(check)}</td>'
        f'<td class="number">{check.took_s:.2f} s</td></tr>'
        for check in checks
    )
    legend = "; ".join(f"{_result(result)}: {MEANINGS[result]}" for result in WORDS)
    head = '<tr class="head"><th></th><th>check</th><th>result</th><th></th><th>took</th></tr>'
    return f'<table class="rows">{head}\n{rows}</table>\n<p>{legend}.</p>'


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

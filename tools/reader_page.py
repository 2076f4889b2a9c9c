"""A report of a reader check as one page: what works, and pictures of how fast."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from plots import Bar, escaped, histogram, lines, page, timeline
from reader_report import Check, Report, Result, Value

__all__ = ["page_of"]

_COLOURS: Final[Mapping[str, str]] = {
    Result.PASSED.value: "#2e8b57", Result.FAILED.value: "#c0504d", Result.NOTED.value: "#b8860b",
    Result.NOT_TESTED.value: "#808080",
}  # fmt: skip
_WORDS: Final = {Result.NOT_TESTED: "not tested"}
_NUMBERS_SHOWN: Final = 6


def page_of(report: Report) -> str:
    """The page."""
    checks = {check.code: check for check in report.checks}
    body = "\n".join((*_about(report), _table(report.checks), *_pictures(report.checks, checks)))
    return page(f"Reader check: {report.reader.name}", body)


def _about(report: Report) -> Iterator[str]:
    system, reader = report.system, report.reader
    facts = {
        "made": f"{report.made:%Y-%m-%d %H:%M} UTC, mynacard {report.mynacard}",
        "system": " ".join((system.name, system.release, "Python", system.python)),
        "PC/SC": " ".join((system.pcsc, system.pcsc_version)),
        "reader": " ".join((reader.name, reader.usb)), "driver": reader.driver, "firmware": reader.firmware,
        "card": " ".join((report.card.kind.value, report.card.atr)),
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
        f'<tr><td class="number">{check.number}</td><td>{escaped(check.title)}</td>'
        f'<td style="color: {_COLOURS[check.result.value]}"><b>{_WORDS.get(check.result, check.result.value)}</b></td>'
        f"<td>{escaped(check.summary or check.reason)}{_values(check.values)}</td>"
        f'<td class="number">{check.took_s:.2f} s</td></tr>'
        for check in checks
    )
    return f"<table><tr><th></th><th>check</th><th>result</th><th></th><th>took</th></tr>\n{rows}</table>"


def _values(values: Mapping[str, Value]) -> str:
    if not values:
        return ""
    shown = "; ".join(f"{escaped(name)}: {escaped(_shown(value))}" for name, value in values.items())
    return f"<br /><small>{shown}</small>"


def _shown(value: Value) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:,.2f}"
        case tuple():
            some = ", ".join(_shown(each) for each in value[:_NUMBERS_SHOWN])
            return some if len(value) <= _NUMBERS_SHOWN else f"{some}, … ({len(value)} values)"
        case _:
            return str(value)


def _pictures(checks: tuple[Check, ...], by_code: Mapping[str, Check]) -> Iterator[str]:
    if times := _times(by_code):
        yield "<h2>How long commands take</h2>"
        yield histogram(times, "ms")
    if points := _speeds(by_code.get("read-sizes")):
        yield "<h2>How fast a file comes</h2>"
        yield lines({"READ BINARY": points}, "bytes asked for at once", "bytes per second")
    yield "<h2>When what was checked</h2>"
    bars = [Bar(check.at_s * 1000, check.took_s * 1000, check.result.value, check.title) for check in checks]
    yield timeline(bars, _COLOURS)


def _times(by_code: Mapping[str, Check]) -> dict[str, tuple[int | float, ...]]:
    """Every list of milliseconds, by what took so long."""
    return {
        _WHAT.get((code, name), f"{code}: {name.removesuffix('_ms')}"): value
        for code in ("latency", "signature", "keypad-verify", "soak")
        if code in by_code
        for name, value in by_code[code].values.items()
        if name.endswith("_ms") and isinstance(value, tuple)
    }


_WHAT: Final = {
    ("latency", "select_ms"): "SELECT", ("latency", "pin_status_ms"): "tries left",
    ("latency", "read_3_ms"): "READ BINARY, 3 bytes", ("latency", "read_256_ms"): "READ BINARY, 256 bytes",
    ("signature", "signature_ms"): "signature", ("keypad-verify", "signature_ms"): "signature (keypad)",
    ("soak", "read_ms"): "certificate (soak)",
}  # fmt: skip


def _speeds(check: Check | None) -> list[tuple[float, float]]:
    if check is None:
        return []
    sizes, speeds = (check.values.get(name) for name in ("sizes", "bytes_per_s"))
    if not isinstance(sizes, tuple) or not isinstance(speeds, tuple):
        return []
    return list(zip(sizes, speeds, strict=False))

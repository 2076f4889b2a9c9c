"""The names of a reader check's results and values, for people.

The last part of a value's name is its unit. A value that is not in the table is shown with its name.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from mynacard.reader_check.report import Check, Result, Value

__all__ = ["MEANINGS", "WORDS", "counts", "figures", "incidents", "label"]

WORDS: Final[Mapping[Result, str]] = {
    Result.PASSED: "passed", Result.NOTED: "noted", Result.FAILED: "failed", Result.NOT_TESTED: "not tested",
}  # fmt: skip
MEANINGS: Final[Mapping[Result, str]] = {
    Result.PASSED: "it works",
    Result.FAILED: "it does not, at least once",
    Result.NOTED: "it works, and there is something to know",
    Result.NOT_TESTED: "unknown",
}
_TEXT_MAX: Final = 60
_UNITS: Final[Mapping[str, str]] = {
    "_bytes_per_s": " bytes/s", "_bytes": " bytes", "_ms": " ms", "_us": " µs", "_s": " s",
}  # fmt: skip
_TIMES: Final = {" ms", " µs", " s"}
_NONE: Final[Mapping[str, str]] = MappingProxyType({})

_LABELS: Final[Mapping[str, Mapping[str, str]]] = {
    "library": {"library": "library"},
    "listing": {
        "listing_ms": "listing took", "readers": "readers listed", "of_this_model": "of this reader's model",
    },
    "events": {"waited_ms": "waited without an event for"},
    "card": {"atr": "answer to reset"},
    "protocol": {"connect_ms": "connecting took", "protocol": "protocol"},
    "share-modes": {
        "direct": "reader can be opened without a card", "shared_twice": "two can share the card",
        "exclusive_beside_shared": "exclusive although shared", "exclusive_alone": "exclusive if not shared",
    },
    "transactions": {
        "others_wait": "others wait", "others_come_in": "others are let in at its end", "let_in_ms": "let in after",
    },
    "reset": {"told": "a reset is reported", "keeps_application": "application stays selected"},
    "power": {"power_up_ms": "powered up after", "forgets": "the card forgets"},
    "keypad": {
        "verifies": "says it verifies PINs", "changes": "says it changes PINs", "features": "features (PC/SC part 10)",
        "apdu_data_max_bytes": "says it passes command data of", "level": "takes (CCID)",
        "message_max_bytes": "longest CCID message", "block_max_bytes": "longest block with T=1 (IFSD)",
    },
    "which-card": {"kind": "kind"},
    "short-apdus": {
        "case_1": "answer to no data, no Le", "case_2": "to Le", "case_3": "to data",
        "case_4": "to data and Le",
    },
    "more-data": {
        "exact": "3 bytes asked of 3", "too_few": "1 asked of 3", "too_many": "255 asked of 3",
        "any": "256 (any) asked of 3",
    },
    "longest-command": {
        "longest_command_bytes": "longest that passes", "limited": "a longer one does not",
        "extended_commands": "extended length passes", "tried": "lengths tried",
        "statuses": "answered with",
    },
    "longest-answer": {
        "file_bytes": "file read", "longest_answer_bytes": "longest that passes", "limited": "a longer one does not",
        "longest_ne_bytes": "most that can be asked for",
    },
    "read-sizes": {
        "size_bytes": "asked for at once", "speed_bytes_per_s": "speed", "fastest_bytes": "fastest when asking for",
        "chunk_bytes": "best first READ BINARY", "certificate_commands": "commands for the certificate then",
        "certificate_traffic_bytes": "bytes both ways then",
    },
    "latency": {
        "select_ms": "SELECT", "pin_status_ms": "tries left", "read_3_ms": "READ BINARY, 3 bytes",
        "read_256_ms": "READ BINARY, 256 bytes",
    },
    "signature": {"signature_ms": "signature"},
    "keypad-verify": {"signature_ms": "signature after the keypad"},
    "soak": {
        "reads": "certificates read", "failures": "failures", "read_ms": "certificate", "soak_s": "lasted",
        "last_error": "last error",
    },
    "removal": {
        "error": "reported as", "noticed": "the removal is noticed", "works_again": "the card works again",
    },
}  # fmt: skip


def counts(checks: Iterable[Check]) -> str:
    """How many of *checks* ended how, such as "16 passed, 2 noted, 1 failed, 2 not tested"; without zeros."""
    results = Counter(check.result for check in checks)
    return ", ".join(f"{results[result]} {word}" for result, word in WORDS.items() if results[result])


def incidents(check: Check) -> list[str]:
    """Everything that was not as it should be, except what the sentence of *check* has."""
    said = check.reason or check.summary
    return [incident for incident in check.incidents if incident not in said]


def figures(check: Check) -> Iterator[str]:
    """The measurements of *check* in words, one at a time."""
    for name, value in check.values.items():
        yield f"{label(check.code, name)}: {_shown(value, _UNITS.get(_suffix(name), ''))}"


def label(code: str, name: str) -> str:
    """The value *name* of the check *code*, in words."""
    return _LABELS.get(code, _NONE).get(name) or name.removesuffix(_suffix(name)).replace("_", " ")


def _suffix(name: str) -> str:
    return next((suffix for suffix in _UNITS if name.endswith(suffix)), "")


def _shown(value: Value, unit: str) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case str():
            return value if len(value) <= _TEXT_MAX else f"{value[:_TEXT_MAX]}…"
        case ():
            return "none"
        case tuple() if unit in _TIMES:
            return f"{_number(statistics.median(value))}{unit}, median of {len(value)}"
        case tuple():
            return f"{_number(min(value))} to {_number(max(value))}{unit}, {len(value)} values"
        case _:
            return f"{_number(value)}{unit}"


def _number(value: float) -> str:
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:,.1f}" if abs(value) >= 10 else f"{value:.3g}"

"""The report of a reader check: one JSON document, made at the desk and sent to others, and its strict reader.

``report.schema.json``, next to this module, describes it. Members may be added within a version: unknown ones are
ignored. A document of another version is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any, Final, TypeAlias, TypeVar, cast

from mynacard._dataclasses import dataclass
from mynacard.arguments import check_type
from mynacard.errors import ReaderFileError
from mynacard.storage import replace_file
from mynacard.texts import N_, json_text

__all__ = [
    "FORMAT",
    "VERSION",
    "CardKind",
    "CardSeen",
    "Check",
    "Reader",
    "Report",
    "ReportError",
    "Result",
    "System",
    "Value",
    "read_report",
    "write_report",
]

FORMAT: Final = "mynacard-reader-check"
VERSION: Final = 1
SIZE_MAX: Final = 8 << 20
TEXT_MAX: Final = 2000
CHECKS_MAX: Final = 500
NUMBERS_MAX: Final = 10_000
INCIDENTS_MAX: Final = 100
NUMBER_MAX: Final = 10**15

_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_USB: Final = re.compile(r"([0-9A-F]{4}:[0-9A-F]{4})?")
_ATR: Final = re.compile(r"([0-9A-F]{2}){0,33}")
_CODE: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,59}")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")

Value: TypeAlias = "bool | int | float | str | tuple[int | float, ...]"
"""A measurement of a check: a flag, a figure, a word, or several figures."""

T = TypeVar("T")
E = TypeVar("E", bound=Enum)


class ReportError(ReaderFileError):
    """A document that should be a report of a reader check is not one, or cannot be read here."""


class Result(Enum):
    """How a check ended. A check that was not tested is neither good nor bad."""

    PASSED = "passed"
    FAILED = "failed"
    NOTED = "noted"
    NOT_TESTED = "not-tested"


class CardKind(Enum):
    """The kind of card on the reader."""

    JPKI = "jpki"
    RESIDENCE = "residence"
    OTHER = "other"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class System:
    """The system that the check ran on; unknown fields are empty."""

    name: str
    release: str = ""
    python: str = ""
    pcsc: str = ""
    pcsc_version: str = ""


@dataclass(frozen=True, slots=True)
class Reader:
    """The checked reader.

    Attributes:
        name: its name in PC/SC, without a serial number.
        usb: vendor and product, such as ``054C:0DC8``; empty where unknown.
        driver, firmware: their versions; empty where unknown.
    """

    name: str
    usb: str = ""
    driver: str = ""
    firmware: str = ""


@dataclass(frozen=True, slots=True)
class CardSeen:
    """The card that the check used: its kind, and nothing that distinguishes it from others of its kind."""

    kind: CardKind
    atr: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """A check and its result.

    Attributes:
        number: its place in the run, from 1.
        code: its stable name, the same in all reports.
        title: its subject, for people.
        result: how it ended.
        summary: its result in a sentence.
        reason: why it was not tested, or the error's code and sentence.
        at_s: seconds from the start of the run to its own.
        took_s: its duration in seconds.
        values: its measurements, by name.
        incidents: everything that was not as it should be, with command, time and what came.
    """

    number: int
    code: str
    title: str
    result: Result
    summary: str = ""
    reason: str = ""
    at_s: float = 0.0
    took_s: float = 0.0
    values: Mapping[str, Value] = field(default_factory=dict[str, Value])
    incidents: tuple[str, ...] = ()

    def document(self) -> dict[str, object]:
        return {
            "number": self.number, "code": self.code, "title": self.title, "result": self.result.value,
            "summary": self.summary, "reason": self.reason, "at_s": self.at_s, "took_s": self.took_s,
            "values": {
                name: list(value) if isinstance(value, tuple) else value for name, value in self.values.items()
            },
            "incidents": list(self.incidents),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Report:
    """The report of a run.

    Attributes:
        made: when the run began, UTC, to the second.
        mynacard: the version that made it.
        finished: whether the run reached its end.
    """

    made: datetime
    mynacard: str
    system: System
    reader: Reader
    card: CardSeen
    checks: tuple[Check, ...] = ()
    finished: bool = False

    def document(self) -> dict[str, object]:
        """The report as a JSON document, which :meth:`of` reads."""
        made = self.made.astimezone(UTC).replace(microsecond=0, tzinfo=None)
        system, reader = self.system, self.reader
        return {
            "format": FORMAT,
            "version": VERSION,
            "made": f"{made.isoformat()}Z",
            "mynacard": self.mynacard,
            "system": {
                "name": system.name, "release": system.release, "python": system.python,
                "pcsc": system.pcsc, "pcsc_version": system.pcsc_version,
            },
            "reader": {"name": reader.name, "usb": reader.usb, "driver": reader.driver, "firmware": reader.firmware},
            "card": {"atr": self.card.atr, "kind": self.card.kind.value},
            "checks": [check.document() for check in self.checks],
            "finished": self.finished,
        }  # fmt: skip

    @classmethod
    def of(cls, document: object) -> Report:
        """The report in *document*.

        Raises:
            ReportError: it is not a report, has another version, or is damaged; the sentence says where.
        """
        top = _Members.of(document, "")
        if top.values.get("format") != FORMAT:
            raise ReportError(N_("It is not a report of a reader check."))
        version = top.values.get("version")
        if type(version) is not int or version != VERSION:
            raise ReportError(
                N_("Its format has another version; this program reads version {version}."), version=VERSION
            )
        system, reader, card = (top.inside(name) for name in ("system", "reader", "card"))
        return cls(
            top.time("made"),
            top.text("mynacard"),
            System(*map(system.text, ("name", "release", "python", "pcsc", "pcsc_version"))),
            Reader(reader.text("name"), reader.text("usb", _USB), reader.text("driver"), reader.text("firmware")),
            CardSeen(card.one_of("kind", CardKind), card.text("atr", _ATR)),
            _checks(top),
            top.flag("finished"),
        )


def read_report(path: Path) -> Report:
    """The report in the file *path*.

    Raises:
        ReportError: the file does not hold a report, or cannot be read; the sentence begins with *path*.
    """
    check_type(path, Path)
    try:
        with path.open("rb") as file:
            content = file.read(SIZE_MAX + 1)
        if len(content) > SIZE_MAX:
            raise ReportError(N_("It has more than {size} bytes."), size=SIZE_MAX)
        return Report.of(_parsed(content))
    except OSError as error:
        raise ReportError(N_("{path}: {reason}"), path=str(path), reason=error.strerror or "?") from error
    except ReportError as error:
        raise ReportError(N_("{path}: {reason}"), path=str(path), reason=error) from error


def write_report(report: Report, path: Path) -> None:
    """Write *report* to the file *path*, whole or not at all.

    Raises:
        ReportError: a value does not have its form, so the file could not be read back; nothing is written.
        OSError: the file cannot be written.
    """
    check_type(report, Report)
    check_type(path, Path)
    document = report.document()
    Report.of(document)
    replace_file(path, json_text(document, indent=1).encode() + b"\n")


def _parsed(content: bytes) -> object:
    try:
        return json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError):
        raise ReportError(N_("It is not JSON.")) from None


def _checks(top: _Members) -> tuple[Check, ...]:
    checks = tuple(_check(check) for check in top.all_inside("checks", CHECKS_MAX))
    if len({check.code for check in checks}) < len(checks):
        raise ReportError(N_("It holds one check twice."))
    return checks


def _check(members: _Members) -> Check:
    return Check(
        members.whole("number"),
        members.text("code", _CODE),
        members.text("title"),
        members.one_of("result", Result),
        members.text("summary"),
        members.text("reason"),
        members.seconds("at_s"),
        members.seconds("took_s"),
        members.figures("values"),
        members.texts("incidents", INCIDENTS_MAX),
    )


@dataclass(frozen=True, slots=True)
class _Members:
    """The members of a JSON object, each read by a method for its type; *place* is for the error.

    Raises:
        ReportError: by each method, where the member is missing, or does not have its form.
    """

    values: Mapping[str, object]
    place: str

    @classmethod
    def of(cls, value: object, place: str) -> _Members:
        if not isinstance(value, dict):
            raise ReportError(N_("{place} is not a JSON object."), place=place or "It")
        return cls(cast(dict[str, object], value), place)

    def text(self, name: str, form: re.Pattern[str] | None = None) -> str:
        return self._member(name, lambda value: _text(value, form))

    def flag(self, name: str) -> bool:
        return self._member(name, lambda value: value if isinstance(value, bool) else None)

    def whole(self, name: str) -> int:
        return self._member(name, lambda value: value if type(value) is int and 0 < value < NUMBER_MAX else None)

    def seconds(self, name: str) -> float:
        return self._member(name, lambda value: float(value) if _is_number(value) and value >= 0 else None)

    def time(self, name: str) -> datetime:
        return self._member(name, _time)

    def one_of(self, name: str, kinds: type[E]) -> E:
        return self._member(name, lambda value: next((kind for kind in kinds if kind.value == value), None))

    def inside(self, name: str) -> _Members:
        return _Members.of(self.values.get(name), self._at(name))

    def all_inside(self, name: str, most: int) -> Iterator[_Members]:
        members = self._member(name, lambda value: _list(value, most))
        return (_Members.of(value, f"{self._at(name)}[{place}]") for place, value in enumerate(members))

    def texts(self, name: str, most: int) -> tuple[str, ...]:
        """The texts in a list; none where the member is missing: earlier versions do not have it."""
        texts = self._member(name, lambda value: _list([] if value is None else value, most))
        if any(_text(text) is None for text in texts):
            raise self._malformed(name)
        return tuple(map(str, texts))

    def figures(self, name: str) -> dict[str, Value]:
        inside = self.inside(name)
        if any(_text(figure, _NAME) is None for figure in inside.values):
            raise ReportError(N_("{place} has a malformed name."), place=inside.place)
        return {figure: inside._figure(figure) for figure in inside.values}

    def _figure(self, name: str) -> Value:
        figure = _value(self.values.get(name))  # not by _member: mypy makes a union an object there
        if figure is None:
            raise self._malformed(name)
        return figure

    def _member(self, name: str, taken: Callable[[Any], T | None]) -> T:
        member = taken(self.values.get(name))
        if member is None:
            raise self._malformed(name)
        return member

    def _malformed(self, name: str) -> ReportError:
        return ReportError(N_("{place} is missing, or does not have its form."), place=self._at(name))

    def _at(self, name: str) -> str:
        return f"{self.place}.{name}" if self.place else name


def _text(value: object, form: re.Pattern[str] | None = None) -> str | None:
    if not isinstance(value, str) or len(value) > TEXT_MAX or any("\ud800" <= letter <= "\udfff" for letter in value):
        return None
    return value if form is None or form.fullmatch(value) else None


def _time(value: object) -> datetime | None:
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        return None
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return None


def _is_number(value: object) -> bool:
    """Whether *value* is an int or a float, but not a bool, an infinity or NaN, within ±:data:`NUMBER_MAX`."""
    return type(value) in (int, float) and abs(cast(float, value)) <= NUMBER_MAX


def _list(value: object, most: int) -> list[object] | None:
    return cast(list[object], value) if isinstance(value, list) and len(cast(list[object], value)) <= most else None


def _value(value: object) -> Value | None:
    numbers = _list(value, NUMBERS_MAX)
    if numbers is not None:
        return tuple(cast(list[int | float], numbers)) if all(map(_is_number, numbers)) else None
    if isinstance(value, bool) or _is_number(value):
        return cast(bool | int | float, value)
    return _text(value)

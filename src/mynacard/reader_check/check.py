"""Runs all checks on a reader: does it work, with this driver, on this system, with these cards; how fast; why not?

The checks are numbered, and run with or without a card. No PIN is presented, and no try spent, unless the options allow
it. The report is passed on after every check, so that no measurement is lost when the reader vanishes or the person
presses Ctrl-C.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, TypeAlias

from mynacard import errors
from mynacard._version import __version__
from mynacard.opening import choose_reader
from mynacard.reader_check.desk import DESK_CHECKS, installed_driver
from mynacard.reader_check.lengths import LENGTH_CHECKS
from mynacard.reader_check.report import CardSeen, Check, Reader, Report, Result, System
from mynacard.reader_check.speed import SPEED_CHECKS
from mynacard.reader_check.subject import DEADLINES, Desk, Failed, Noted, NotTested, Options, Stuck, Values
from mynacard.reader_check.values import WORDS
from mynacard.readers import list_readers, public_name

__all__ = ["CHECKS", "Run", "reader_to_check", "run"]

Step: TypeAlias = Callable[[Desk, Values], str]
CHECKS: Final[tuple[tuple[str, str, Step], ...]] = (*DESK_CHECKS, *LENGTH_CHECKS, *SPEED_CHECKS)
_GONE: Final[Mapping[type[Exception], str]] = {
    errors.ReaderNotFoundError: "The reader was gone at check {number}.",
    errors.NoReaderError: "The reader was gone at check {number}.",
    errors.NoPcscServiceError: "The PC/SC service was gone at check {number}.",
    errors.NoCardError: "The card was gone at check {number}.",
    errors.CallTimeoutError: "Nothing has answered since check {number}.",
    Stuck: "Nothing has answered since check {number}.",
}
"""Errors that end the run, with the reason given for the remaining checks."""
_AGAIN: Final = "Check again: a failure that repeats at the same check is the fault of the reader, its driver or cable."
_REASON_MAX: Final = 1000
DEFAULTS: Final = Options()


@dataclass
class Run:
    """A run of the checks on a reader.

    Attributes:
        desk: the reader, and what the checks have learned about it.
        keep: called with the report after every check.
        show: called with a line when a check begins, and with its result.
        driver: the driver and its version; empty where unknown.
        stopped: whether the person pressed Ctrl-C.
        gone: why the remaining checks are not tried; empty while they are.
    """

    desk: Desk
    keep: Callable[[Report], None]
    show: Callable[[str], None]
    driver: str = ""
    stopped: bool = False
    gone: str = ""

    def report(self) -> Report:
        """The report of all checks; after Ctrl-C, of the checks until then."""
        start = time.monotonic()
        made = datetime.now(UTC).replace(microsecond=0)
        report = Report(made, __version__, _system(), Reader(""), CardSeen(self.desk.kind))
        for number, (code, title, step) in enumerate(CHECKS, 1):
            self.show(f"[{number:2}/{len(CHECKS)}] {title} …")
            at = time.monotonic() - start
            check = self._done(Check(number, code, title, Result.PASSED), step)
            check = replace(check, at_s=at, took_s=time.monotonic() - start - at)
            self.show(f"        {WORDS[check.result]}: {check.summary or check.reason}")
            report = self._with(report, check, finished=number == len(CHECKS) and not self.stopped)
            self.keep(report)
            if self.stopped:
                break
        return report

    def _done(self, check: Check, step: Step) -> Check:
        """*check* with the result of running *step*."""
        if self.gone:
            return replace(check, result=Result.NOT_TESTED, reason=self.gone)
        values: Values = {}
        result, summary, reason = Result.PASSED, "", ""
        try:
            summary = step(self.desk, values)
        except Noted as note:
            result, summary = Result.NOTED, str(note)
        except NotTested as cause:
            result, reason = Result.NOT_TESTED, str(cause)
        except KeyboardInterrupt:
            self.stopped = True
            result, reason = Result.NOT_TESTED, "It was stopped before it ended."
        except (Failed, errors.MynacardError) as failure:
            result, reason = Result.FAILED, _reason(failure)
            self.gone = next((text for kind, text in _GONE.items() if isinstance(failure, kind)), "").format(
                number=check.number
            )
        shown = {name: _public(value) if isinstance(value, str) else value for name, value in values.items()}
        return replace(check, result=result, summary=_public(summary), reason=_public(reason), values=shown)

    def _with(self, report: Report, check: Check, *, finished: bool) -> Report:
        desk = self.desk
        pcsc = "" if desk.library is None else desk.library.name
        reader = Reader(_proper(public_name(desk.name)), desk.identity.usb, self.driver, desk.identity.firmware)
        return replace(
            report,
            system=replace(report.system, pcsc=pcsc),
            reader=reader,
            card=CardSeen(desk.kind, desk.atr.hex().upper()),
            checks=(*report.checks, check),
            finished=finished,
        )


def run(
    name: str,
    options: Options = DEFAULTS,
    keep: Callable[[Report], None] = lambda _: None,
    show: Callable[[str], None] = lambda _: None,
    driver: str = "",
) -> Report:
    """The report of all checks on one reader. Takes a few seconds, and spends no try unless *options* says so.

    Args:
        name: the full name of the reader.
        options: the person's choices.
        keep: called with the report after every check.
        show: called with a line when a check begins, and with its result.
        driver: the driver and its version; if empty, the system's, where it is found.

    Raises:
        OSError, ReportError: raised by *keep*. The reader's own failures are in the report.
    """
    return Run(Desk(name, options), keep, show, driver or installed_driver(name)).report()


def reader_to_check(name: str = "") -> str:
    """The full name of the reader that *name* matches; without a name, of the only reader or the one with a card.

    Raises:
        ReaderError: PC/SC cannot be used, or no reader matches, or several do.
    """
    states = list_readers(deadlines=DEADLINES)
    only = states[0].name if len(states) == 1 else ""
    return choose_reader(states, name or only)


def _public(text: str) -> str:
    """*text* without the serial numbers in the names of readers: an error may list all readers."""
    return _proper(public_name(text))


def _proper(text: str) -> str:
    """*text*, with a question mark for each byte of a reader's name that is not UTF-8."""
    return text.encode(errors="replace").decode()


def _reason(failure: Failed | errors.MynacardError) -> str:
    """The cause of *failure*, and what to do."""
    if isinstance(failure, Failed):
        return str(failure)
    return f"{failure.code}: {failure.text()}"[:_REASON_MAX] + f" {_AGAIN}"


def _system() -> System:
    return System(platform.system(), platform.release(), platform.python_version())

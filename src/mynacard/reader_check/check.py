"""Runs all checks on a reader: does it work, with this driver, on this system, with these cards; how fast; why not?

The checks are numbered, and run with or without a card. No PIN is presented, and no try spent, unless the options allow
it. The report is passed on after every check, so that no measurement is lost when the reader vanishes or the person
presses Ctrl-C.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, TypeAlias

from mynacard import errors
from mynacard._version import __version__
from mynacard.arguments import check_type
from mynacard.opening import choose_reader
from mynacard.reader_check.desk import DESK_CHECKS
from mynacard.reader_check.driver import installed_driver
from mynacard.reader_check.lengths import LENGTH_CHECKS
from mynacard.reader_check.report import INCIDENTS_MAX, TEXT_MAX, CardSeen, Check, Reader, Report, Result, System
from mynacard.reader_check.speed import SPEED_CHECKS
from mynacard.reader_check.subject import DEADLINES, Desk, Failed, Noted, NotTested, Options, Stuck, Values
from mynacard.reader_check.values import WORDS
from mynacard.reader_check.witness import Incident
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
_MOVED: Final = (
    "The card is no longer on the reader, which says nothing about the reader: leave it in its place, and check again."
)
_NEXT: Final[Mapping[type[Exception], str]] = {
    errors.CardResetError: "Close other programs that use the card, and check again.",
    errors.NoPcscServiceError: "If the service was restarted on purpose, check again.",
    errors.ReaderNotFoundError: "If it was not unplugged on purpose, try another cable, and check again.",
}
"""What to do after errors that the reader, its driver and its cable may have no part in."""
_AGAIN: Final = "Check again: a failure that repeats at the same check is the fault of the reader, its driver or cable."
_REASON_MAX: Final = 1000
_INCIDENT: Final = "This was not as it should be: {incident}{more}."
_INCIDENT_AGAIN: Final = "Check again; if it repeats, try another cable, port or driver."
_WRONG_BYTES: Final = "What is read through this reader may be wrong: try another cable, port or driver."
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
        removed: that the card was taken off, and when; empty while it was not.
    """

    desk: Desk
    keep: Callable[[Report], None]
    show: Callable[[str], None]
    driver: str = ""
    stopped: bool = False
    gone: str = ""
    removed: str = ""

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
        result, summary, reason = self._ended(check.number, step, values)
        ended = replace(check, result=result, summary=summary, reason=reason, values=values)
        return _made_public(_with_incidents(ended, self.desk.witness.take()))

    def _ended(self, number: int, step: Step, values: Values) -> tuple[Result, str, str]:
        """The result of *step*, with its summary or its reason."""
        try:
            return Result.PASSED, step(self.desk, values), ""
        except Noted as note:
            return Result.NOTED, str(note), ""
        except NotTested as cause:
            return Result.NOT_TESTED, "", str(cause)
        except KeyboardInterrupt:
            self.stopped = True
            return Result.NOT_TESTED, "", "It was stopped before it ended."
        except (Failed, errors.MynacardError) as failure:
            gone = next((text for kind, text in _GONE.items() if isinstance(failure, kind)), "")
            self.gone = gone.format(number=number)
            left = self._card_left(failure)
            if left and self.removed:
                self.desk.witness.take()
                return Result.NOT_TESTED, "", self.removed
            if left:
                self.removed = f"The card was taken off the reader at check {number}, and not put back."
            return Result.FAILED, "", _reason(failure, left=left)

    def _card_left(self, failure: Exception) -> bool:
        """Whether the card is off the reader: drivers report some removals as a failure to answer."""
        if isinstance(failure, (errors.CardRemovedError, errors.NoCardError)):
            return True
        if not isinstance(failure, errors.OutcomeUnknownError):
            return False
        with suppress(errors.ReaderError):
            state = self.desk.state()
            return state is not None and not state.card_present
        return False

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
    check_type(name, str)
    check_type(options, Options)
    return Run(Desk(name, options), keep, show, driver or installed_driver(name)).report()


def reader_to_check(name: str = "") -> str:
    """The full name of the reader that *name* matches; without a name, of the only reader or the one with a card.

    Raises:
        ReaderError: PC/SC cannot be used, or no reader matches, or several do.
    """
    check_type(name, str)
    states = list_readers(deadlines=DEADLINES)
    only = states[0].name if len(states) == 1 else ""
    return choose_reader(states, name or only)


def _public(text: str) -> str:
    """*text* without the serial numbers in the names of readers: an error may list all readers."""
    return _proper(public_name(text))


def _proper(text: str) -> str:
    """*text*, with a question mark for each byte of a reader's name that is not UTF-8."""
    return text.encode(errors="replace").decode()


def _reason(failure: Failed | errors.MynacardError, *, left: bool) -> str:
    """The cause of *failure*, and what to do; *left*: the card is no longer on the reader."""
    if isinstance(failure, Failed):
        return str(failure)
    then = next((text for kind, text in _NEXT.items() if isinstance(failure, kind)), _AGAIN)
    return f"{failure.code}: {failure.text()}"[:_REASON_MAX] + f" {_MOVED if left else then}"


def _with_incidents(check: Check, incidents: Sequence[Incident]) -> Check:
    """*check*, noted or failed on account of *incidents*, if there are any."""
    if not incidents:
        return check
    worst = next((incident for incident in incidents if incident.grave), incidents[0])
    more = f" (and {len(incidents) - 1} more)" if len(incidents) > 1 else ""
    check = replace(check, incidents=tuple(str(incident)[:TEXT_MAX] for incident in incidents[:INCIDENTS_MAX]))
    if check.result is Result.FAILED:
        return check
    said = f"{check.summary or check.reason} {_INCIDENT.format(incident=worst, more=more)}"
    if worst.grave:
        return replace(check, result=Result.FAILED, summary="", reason=f"{said} {_WRONG_BYTES}")
    return replace(check, result=Result.NOTED, summary=f"{said} {_INCIDENT_AGAIN}", reason="")


def _made_public(check: Check) -> Check:
    """*check* without the serial numbers in the names of readers."""
    values = {name: _public(value) if isinstance(value, str) else value for name, value in check.values.items()}
    summary, reason, incidents = _public(check.summary), _public(check.reason), tuple(map(_public, check.incidents))
    return replace(check, summary=summary, reason=reason, incidents=incidents, values=values)


def _system() -> System:
    return System(platform.system(), platform.release(), platform.python_version())

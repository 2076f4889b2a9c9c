"""Does this reader, with this driver, on this system, work with these cards; how fast; and if not, why?

Usage: python tools/reader_check.py [--reader NAME] [--json REPORT] [--html PAGE] …

Numbered checks, with or without a card. No PIN is presented and no try spent but where --allow-pin or --allow-keypad
names it. Report and page are written after every check, so that nothing measured is lost when a reader vanishes or
somebody presses Ctrl-C. Exit code: 0 nothing failed, 1 something did, 2 a wrong command line, 3 no such reader, 130
stopped.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeAlias

import reader_desk
import reader_lengths
import reader_page
import reader_speed
from printable import printable
from reader_report import CardSeen, Check, Reader, Report, Result, System, write_report
from reader_subject import DEADLINES, Desk, Failed, Noted, NotTested, Options, Stuck, Values
from reader_values import WORDS

from mynacard import __version__, errors
from mynacard.apdu.verification import check_form
from mynacard.jpki import USER_AUTHENTICATION
from mynacard.opening import choose_reader
from mynacard.opening.pins import pin_from_descriptor, pin_from_stream
from mynacard.pin import Pin
from mynacard.readers import list_readers, public_name
from mynacard.storage import replace_file

__all__ = ["CHECKS", "main", "run"]

Step: TypeAlias = Callable[[Desk, Values], str]
CHECKS: Final[tuple[tuple[str, str, Step], ...]] = (*reader_desk.CHECKS, *reader_lengths.CHECKS, *reader_speed.CHECKS)
_GONE: Final[Mapping[type[Exception], str]] = {
    errors.ReaderNotFoundError: "The reader was gone at check {number}.",
    errors.NoReaderError: "The reader was gone at check {number}.",
    errors.NoPcscServiceError: "The PC/SC service was gone at check {number}.",
    errors.NoCardError: "The card was gone at check {number}.",
    errors.CallTimeoutError: "Since check {number} nothing is answered.",
    Stuck: "Since check {number} nothing is answered.",
}
"""After what no further check is tried, and why."""
_AGAIN: Final = "Check again: what fails twice in one place is the reader's fault, its driver's or the cable's."
_SERIALS: Final = re.compile(r"( ?\([^()]*\))+(?= [0-9A-F]{2} [0-9A-F]{2}\b)")
"""pcsc-lite puts them into parentheses, before two numbers."""
_REASON_MAX: Final = 1000
DEFAULTS: Final = Options()
SOMETHING_FAILED: Final = 1
NO_READER: Final = 3
STOPPED: Final = 130


@dataclass
class Run:
    """A run of the checks on a reader.

    Attributes:
        desk: the reader, and what was found out on the way.
        keep: is given the report after every check.
        show: is told what comes of each check.
        driver: which driver it is, as far as is known.
        stopped: whether somebody pressed Ctrl-C.
        gone: why no further check is tried; empty as long as there is no reason.
    """

    desk: Desk
    keep: Callable[[Report], None]
    show: Callable[[str], None]
    driver: str = ""
    stopped: bool = False
    gone: str = ""

    def report(self) -> Report:
        """The report of all checks, the last one of which is in it; of those until Ctrl-C, if somebody presses it."""
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
        """*check*, and what came of *step*."""
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
            result, reason = Result.NOT_TESTED, "It was stopped before its end."
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
            report, system=replace(report.system, pcsc=pcsc), reader=reader,
            card=CardSeen(desk.kind, desk.atr.hex().upper()), checks=(*report.checks, check), finished=finished,
        )  # fmt: skip


def run(
    name: str,
    options: Options = DEFAULTS,
    keep: Callable[[Report], None] = lambda _: None,
    show: Callable[[str], None] = lambda _: None,
    driver: str = "",
) -> Report:
    """The report of all checks on the reader *name*."""
    return Run(Desk(name, options), keep, show, driver).report()


def _public(text: str) -> str:
    """*text* without the serial numbers in the names of readers: an error may list all that there are."""
    return _proper(_SERIALS.sub("", text))


def _proper(text: str) -> str:
    """*text*, with a question mark for each byte of a reader's name that is no UTF-8."""
    return text.encode(errors="replace").decode()


def _reason(failure: Failed | errors.MynacardError) -> str:
    """What failed, and what to do."""
    if isinstance(failure, Failed):
        return str(failure)
    return f"{failure.code}: {failure.text()}"[:_REASON_MAX] + f" {_AGAIN}"


def _system() -> System:
    return System(platform.system(), platform.release(), platform.python_version())


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Checks a card reader: what works, how fast, and if not, why.")
    parser.add_argument("--reader", default="", metavar="NAME", help="the reader, or a part of its name")
    parser.add_argument("--json", type=Path, metavar="REPORT", help="write the report to this file; replaces it")
    parser.add_argument(
        "--html", type=Path, metavar="PAGE", help="write a page with pictures to this file; replaces it"
    )
    parser.add_argument("--rounds", type=int, default=30, metavar="N", help="how often each command is timed (30)")
    parser.add_argument("--soak", type=float, default=0.0, metavar="MINUTES", help="read again and again for so long")
    parser.add_argument("--removal", action="store_true", help="ask for the card to be taken off, and laid on again")
    parser.add_argument("--driver", default="", metavar="TEXT", help="the driver, where it is not found out")
    pins = parser.add_argument_group("with a PIN; a wrong one costs a try")
    allowed = [USER_AUTHENTICATION.name]
    pins.add_argument("--allow-pin", choices=allowed, help="this PIN may be presented, once; a wrong one costs a try")
    pins.add_argument("--pin-file", type=Path, metavar="PATH", help="it is in this file; - is standard input")
    pins.add_argument("--pin-fd", type=int, metavar="N", help="it is in this file descriptor")
    pins.add_argument("--allow-keypad", choices=allowed, help="this PIN may be asked for at the reader's keys")
    return parser


def _options(parser: argparse.ArgumentParser, given: argparse.Namespace) -> Options:
    if not 1 <= given.rounds <= 5000 or not 0 <= given.soak <= 24 * 60:
        parser.error("--rounds is 1 to 5000, --soak up to 1440 minutes")
    for path in filter(None, (given.json, given.html)):
        if path.is_dir() or not os.access(path.parent, os.W_OK):
            parser.error(f"no file can be written there: {printable(str(path))}")
    has_pin = given.pin_file is not None or given.pin_fd is not None
    if has_pin != (given.allow_pin is not None) or (given.pin_file is not None and given.pin_fd is not None):
        parser.error("--allow-pin goes with one of --pin-file and --pin-fd")
    return Options(
        given.rounds, given.soak * 60, given.removal, _pin(parser, given) if has_pin else None,
        given.allow_keypad is not None, _say,
    )  # fmt: skip


def _pin(parser: argparse.ArgumentParser, given: argparse.Namespace) -> Pin:
    try:
        pin = _pin_of(given)
        check_form(USER_AUTHENTICATION.pin, pin)
    except OSError as error:
        parser.error(f"the PIN cannot be read: {error.strerror}")
    except errors.PinFormError as error:
        parser.error(error.text())
    return pin


def _pin_of(given: argparse.Namespace) -> Pin:
    if given.pin_fd is not None:
        return pin_from_descriptor(given.pin_fd)
    if given.pin_file == Path("-"):
        return pin_from_stream(sys.stdin.buffer)
    with given.pin_file.open("rb") as stream:
        return pin_from_stream(stream)


def _say(text: str) -> None:
    """Tell the person; that nobody listens any more is no reason to stop measuring."""
    with suppress(OSError):
        print(printable(text), file=sys.stderr, flush=True)


def main(arguments: Sequence[str]) -> int:
    """The script; its exit code."""
    parser = _arguments()
    given = parser.parse_args(arguments)
    options = _options(parser, given)
    try:
        name = choose_reader(list_readers(deadlines=DEADLINES), given.reader or _only_reader())
    except errors.MynacardError as error:
        _say(f"reader_check: {error}")
        return NO_READER

    def keep(report: Report) -> None:
        if given.json is not None:
            write_report(report, given.json)
        if given.html is not None:
            replace_file(given.html, reader_page.page_of(report).encode())

    _say(f"reader_check: {public_name(name)}")
    try:
        report = run(name, options, keep, _say, given.driver or reader_desk.driver(name))
    except OSError as error:
        _say(f"reader_check: {error.filename}: {error.strerror}")
        return SOMETHING_FAILED
    counts = Counter(check.result for check in report.checks)
    _say(f"reader_check: {', '.join(f'{count} {WORDS[result]}' for result, count in counts.items())}")
    if not report.finished:
        _say("reader_check: stopped; what was measured until then is kept.")
        return STOPPED
    return SOMETHING_FAILED if counts[Result.FAILED] else 0


def _only_reader() -> str:
    """The one reader that there is, with or without a card; no name where there are several."""
    states = list_readers(deadlines=DEADLINES)
    return states[0].name if len(states) == 1 else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

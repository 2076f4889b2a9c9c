"""``mynacard readers check``, ``matrix`` and ``profile``: options, progress, exit codes.

The programs ``tools/reader_check.py``, ``reader_matrix.py`` and ``reader_profile.py`` run the same commands. They exit
with 1 if something failed, 3 if no reader fits, 130 if the check was stopped.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Generator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from mynacard.apdu.verification import check_form
from mynacard.cli.language import _
from mynacard.cli.options import verbose_option
from mynacard.cli.secrets import SecretStream
from mynacard.cli.terminal import as_rows
from mynacard.errors import MynacardError, PinFormError, ReaderFileError
from mynacard.jpki.layout import USER_AUTHENTICATION
from mynacard.opening.pins import pin_from_stream
from mynacard.pin import Pin
from mynacard.storage import is_plain, write_output
from mynacard.texts import printable

if TYPE_CHECKING:
    from mynacard.reader_check import Report

__all__ = ["check", "matrix", "profile"]

SOMETHING_FAILED: Final = 1
NO_READER: Final = 3
STOPPED: Final = 130

_FILE: Final = click.Path(dir_okay=False, path_type=Path)
_PIN: Final = click.Choice([USER_AUTHENTICATION.name])


def _writable(_context: click.Context, _option: click.Parameter, path: Path | None) -> Path | None:
    """*path*, if a file can be written there; checked before minutes are spent on measuring."""
    if path is not None and not (is_plain(path) and os.access(path.parent, os.W_OK)):
        raise click.BadParameter(_("No file can be written there: {path}").format(path=printable(str(path))))
    return path


@click.command(
    help=_(
        "Check a reader, with or without a card on it: what works, which lengths pass, how fast it is, and what to do"
        " about the rest. Presents no PIN unless --allow-pin or --allow-keypad names it. Reports progress on standard"
        " error. Exits with 0 if nothing failed, 1 if something did, 3 if no reader fits, 130 if stopped."
    )
)
@click.option("-r", "--reader", default="", metavar="NAME", help=_("The reader, or part of its name."))
@click.option(
    "--json",
    "json_path",
    type=_FILE,
    callback=_writable,
    metavar="REPORT",
    help=_("Write the report to this file after every check, replacing it."),
)
@click.option(
    "--html",
    "html_path",
    type=_FILE,
    callback=_writable,
    metavar="PAGE",
    help=_("Write an HTML page with pictures to this file after every check, replacing it."),
)
@click.option(
    "--rounds",
    type=click.IntRange(1, 5000),
    default=30,
    show_default=True,
    metavar="N",
    help=_("How many times to time each command."),
)
@click.option(
    "--soak",
    type=click.FloatRange(0, 24 * 60),
    default=0.0,
    metavar="MINUTES",
    help=_("Read the certificate over and over for this long."),
)
@click.option("--removal", is_flag=True, help=_("Ask for the card to be taken off and put back."))
@click.option(
    "--driver", default="", metavar="TEXT", help=_("The driver and its version, if the system does not tell.")
)
@click.option(
    "--allow-pin", type=_PIN, help=_("Present this PIN, once, from --pin-file or --pin-fd. A wrong one costs a try.")
)
@click.option("--pin-file", metavar="PATH", help=_("Read the PIN from a file; - is standard input."))
@click.option("--pin-fd", type=click.IntRange(0), metavar="N", help=_("Read the PIN from file descriptor N."))
@click.option(
    "--allow-keypad", type=_PIN, help=_("Have this PIN typed on the reader's own keypad. A wrong one costs a try.")
)
@verbose_option
def check(
    reader: str,
    json_path: Path | None,
    html_path: Path | None,
    rounds: int,
    soak: float,
    removal: bool,
    driver: str,
    allow_pin: str | None,
    pin_file: str | None,
    pin_fd: int | None,
    allow_keypad: str | None,
) -> None:
    from mynacard.reader_check import Options, reader_to_check, run
    from mynacard.readers import public_name

    pin = _allowed_pin(allow_pin, SecretStream("pin", pin_file, pin_fd))
    options = Options(rounds, soak * 60, removal, pin, typed=allow_keypad is not None, tell=_say)
    with _ending(NO_READER, MynacardError):
        name = reader_to_check(reader)
    _tell(public_name(name))
    with _ending(SOMETHING_FAILED, OSError, ReaderFileError):
        report = run(name, options, partial(_keep, json_path, html_path), _say, driver)
    sys.exit(_conclusion(report))


def _allowed_pin(allowed: str | None, stream: SecretStream) -> Pin | None:
    """The PIN that may be presented, if any.

    Raises:
        click.UsageError: the options contradict each other, or the PIN cannot be read, or has the wrong form.
    """
    is_given = stream.file is not None or stream.descriptor is not None
    if is_given != (allowed is not None):
        raise click.UsageError(_("--allow-pin and one of --pin-file and --pin-fd go together."))
    return _read_pin(stream) if is_given else None


def _read_pin(stream: SecretStream) -> Pin | None:
    try:
        with stream.open() as source:
            pin = None if source is None else pin_from_stream(source)
        if pin is not None:
            check_form(USER_AUTHENTICATION.pin, pin)
    except OSError as error:
        raise click.UsageError(_("The PIN cannot be read: {reason}").format(reason=error.strerror)) from error
    except PinFormError as error:
        raise click.UsageError(error.text(_)) from error
    return pin


def _keep(json_path: Path | None, html_path: Path | None, report: Report) -> None:
    from mynacard.reader_check import write_page, write_report

    if json_path is not None:
        write_report(report, json_path)
    if html_path is not None:
        write_page(report, html_path)


def _conclusion(report: Report) -> int:
    """Print how many checks ended how, and then each that failed or is noted; return the exit code of the check."""
    from mynacard.reader_check import WORDS, Result, counts, incidents

    _tell(counts(report.checks))
    if not report.finished:
        _tell(_("Stopped; the results until then are kept."))
    for result in (Result.FAILED, Result.NOTED):
        for check in report.checks:
            if check.result is result:
                _say(f"{WORDS[result]}: {check.title}: {check.reason or check.summary}")
                for incident in incidents(check):
                    _say(f"    {incident}")
    if not report.finished:
        return STOPPED
    return SOMETHING_FAILED if any(check.result is Result.FAILED for check in report.checks) else 0


@click.command(
    help=_(
        "Make one table from many reports of checks: what works with which reader, on which system. Anything that no"
        ' report covers is "not tested". Without --html and --markdown, prints the table as Markdown. Exits with 1 if a'
        " report cannot be read; the table then shows the others."
    )
)
@click.argument("reports", metavar="REPORT...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--html", "html_path", type=_FILE, metavar="PAGE", help=_("Write an HTML page to this file, replacing it.")
)
@click.option(
    "--markdown",
    "markdown_path",
    type=_FILE,
    metavar="FILE",
    help=_("Write a Markdown table to this file, replacing it."),
)
@verbose_option
def matrix(reports: tuple[Path, ...], html_path: Path | None, markdown_path: Path | None) -> None:
    from mynacard.reader_check import fold, markdown, web_page

    readable = [report for report in map(_read, reports) if report is not None]
    if not readable:
        _tell(_("No report could be read, so there is no table."))
        sys.exit(SOMETHING_FAILED)
    folded = fold(readable)
    with _ending(SOMETHING_FAILED, OSError):
        if html_path is not None:
            write_output(html_path, web_page(folded).encode())
        if markdown_path is not None:
            write_output(markdown_path, markdown(folded).encode())
        if html_path is None and markdown_path is None:
            # click.echo would send UTF-8 to an ASCII terminal
            print(markdown(folded), end="", file=as_rows(sys.stdout), flush=True)
    sys.exit(SOMETHING_FAILED if len(readable) < len(reports) else 0)


def _read(path: Path) -> Report | None:
    """The report in the file *path*; if there is none, None, and the reason on standard error."""
    from mynacard.reader_check import ReportError, read_report

    try:
        return read_report(path)
    except ReportError as error:
        _tell(error.text(_))
        return None


@click.command(
    help=_(
        "Learn a reader's profile from the report of a check, and print it. The environment variable MYNACARD_PROFILES"
        " names the file of profiles to use. Exits with 1 if nothing can be learned from the report."
    )
)
@click.argument("report", type=click.Path(path_type=Path))
@click.option(
    "--add",
    "profiles",
    type=_FILE,
    metavar="FILE",
    help=_("Put it into this file of profiles, in place of one for the same reader."),
)
@click.option("--force", is_flag=True, help=_("Learn from a report in which a check failed, too."))
@verbose_option
def profile(report: Path, profiles: Path | None, force: bool) -> None:
    from mynacard.reader_check import add, learned, read_report
    from mynacard.readers.profiles import to_json

    with _ending(SOMETHING_FAILED, OSError, ReaderFileError):
        row = learned(read_report(report), force=force)
        if profiles is None:
            click.echo(to_json((row,)), file=as_rows(sys.stdout), nl=False)
        else:
            add(row, profiles)


@contextlib.contextmanager
def _ending(code: int, *kinds: type[Exception]) -> Generator[None, None, None]:
    """End the program with *code*, and the reason on standard error, if an error of these *kinds* is raised."""
    try:
        yield
    except kinds as error:
        _tell(_reason(error))
        sys.exit(code)


def _reason(error: Exception) -> str:
    match error:
        case MynacardError():
            return error.text(_)
        case OSError():
            return f"{error.filename or _('standard output')}: {error.strerror}"
        case _:
            return str(error)


def _tell(text: str) -> None:
    """Say *text*, with the program's name before it."""
    _say(f"{click.get_current_context().find_root().info_name}: {text}")


def _say(text: str) -> None:
    """Say *text* on standard error. If that is closed, measuring goes on."""
    with contextlib.suppress(OSError):
        click.echo(printable(text), err=True)

"""The command line: words, prompts, exit codes.

Commands load when they are used, so that ``mynacard --version`` does not wait for cryptography.
"""

from __future__ import annotations

import gc
import io
import logging
import signal
import sys
from types import FrameType
from typing import Final, NoReturn

import click

from mynacard.cli.exits import exit_code
from mynacard.cli.language import _
from mynacard.cli.logs import show_warnings
from mynacard.cli.root import CONTEXT, cli
from mynacard.cli.terminal import guard
from mynacard.errors import LastTryError, MynacardError
from mynacard.texts import printable

__all__ = ["main", "run"]

_INTERRUPTED: Final = 130
_PIPE_CLOSED: Final = 141
"""As of a program that SIGPIPE ended: 128 and the signal's number."""
_ALLOCATIONS: Final = 100_000
"""How often garbage is looked for: what a command loads stays, and to look at it again and again takes a tenth."""


def main() -> None:
    """Run the command line and exit."""
    gc.set_threshold(_ALLOCATIONS)
    run(cli, "mynacard")


def run(command: click.Command, program: str) -> NoReturn:
    """Run *command* with the arguments of this process, as a program called *program*, and exit."""
    _prepare(program)
    output = sys.stdout
    try:
        code = command.main(prog_name=program, standalone_mode=False, **CONTEXT)
    except click.exceptions.Abort:
        click.echo(_("Stopped."), err=True)
        code = _INTERRUPTED
    except click.ClickException as error:
        click.UsageError(printable(error.format_message()), getattr(error, "ctx", None)).show()
        code = error.exit_code
    except MynacardError as error:
        logging.getLogger(__name__).debug("%s", error.code)
        click.echo(f"{program}: {_text(error)}", err=True)
        code = exit_code(error)
    except KeyboardInterrupt:
        click.echo(_("Stopped."), err=True)
        code = _INTERRUPTED
    except OSError as error:
        click.echo(f"{program}: {_reason(error)}", err=True)
        code = exit_code(error)
    except SystemExit as end:
        code = _PIPE_CLOSED if sys.stdout is not output else end.code  # click replaces it once its reader has gone
    sys.exit(code if isinstance(code, int) else 0)


def _prepare(program: str) -> None:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a character that its encoding lacks must not stop us
            stream.reconfigure(errors="backslashreplace")
    guard()
    show_warnings(program)
    for name in ("SIGTERM", "SIGHUP"):  # by default these end the process without logging out of the card
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:  # nohup has SIGHUP ignored
            signal.signal(number, _stop)


def _stop(number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(128 + number)


def _text(error: MynacardError) -> str:
    text = printable(error.text(_))
    if isinstance(error, LastTryError):
        text += " " + _("To send it all the same, use --spend-last-try.")
    return text


def _reason(error: OSError) -> str:
    reason = error.strerror or str(error)
    return printable(reason if error.filename is None else f"{error.filename}: {reason}")

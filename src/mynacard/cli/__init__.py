"""The command line: words, prompts, exit codes.

Commands load when they are used, so that ``mynacard --version`` does not wait for cryptography.
"""

from __future__ import annotations

import io
import logging
import signal
import sys
from importlib import import_module
from pkgutil import iter_modules
from types import FrameType
from typing import Any, Final, NoReturn

import click

from mynacard._version import __version__
from mynacard.cli import commands
from mynacard.cli.exits import exit_code
from mynacard.cli.language import _
from mynacard.cli.logs import show_warnings
from mynacard.cli.terminal import guard
from mynacard.errors import LastTryError, MynacardError
from mynacard.texts import printable

__all__ = ["main", "run"]

_COMMANDS: Final = sorted(module.name for module in iter_modules(commands.__path__))
"""The commands: each is a module of that folder, which holds the command under its own name."""

_CONTEXT: Final[dict[str, Any]] = {"help_option_names": ["-h", "--help"], "max_content_width": 100, "color": True}
_INTERRUPTED: Final = 130


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"{commands.__name__}.{cmd_name}"), cmd_name)
        return command


@click.group(
    cls=_LazyGroup,
    help=_(
        "Read Japan's Individual Number Card and sign with it; read and check the residence card."
        " All of this works with simulated cards, too."
    ),
)
@click.version_option(__version__, prog_name="mynacard", message="%(prog)s %(version)s")
def cli() -> None:
    pass


def main() -> None:
    """Run the command line and exit."""
    run(cli, "mynacard")


def run(command: click.Command, program: str) -> NoReturn:
    """Run *command* with the arguments of this process, as a program called *program*, and exit."""
    _prepare(program)
    try:
        code = command.main(prog_name=program, standalone_mode=False, **_CONTEXT)
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

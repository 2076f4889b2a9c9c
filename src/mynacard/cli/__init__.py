"""The command line: words, prompts, exit codes.

Commands load when they are used, so that ``mynacard --version`` does not wait for cryptography.
"""

from __future__ import annotations

import logging
import sys
from importlib import import_module
from typing import Final

import click

from mynacard._version import __version__
from mynacard.cli.exits import exit_code
from mynacard.cli.texts import _
from mynacard.errors import MynacardError

__all__ = ["main"]

_COMMANDS: Final = {
    "apdu": "apdu",
    "authenticate": "sign",
    "cert": "card",
    "demo": "demo",
    "info": "card",
    "pin": "pin",
    "readers": "card",
    "sign": "sign",
    "sim": "sim",
    "verify": "verify",
}
"""Commands, and the module of this package in which each is, under its own name."""

_INTERRUPTED: Final = 130


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"{__name__}.{_COMMANDS[cmd_name]}"), cmd_name)
        return command


@click.group(
    cls=_LazyGroup,
    help=_("Japan's Individual Number Card: read it, sign with it, or do both with a simulated one."),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="mynacard", message="%(prog)s %(version)s")
def cli() -> None:
    pass


def main() -> None:
    """Run the command line and exit."""
    try:
        code = cli.main(prog_name="mynacard", standalone_mode=False)
    except click.exceptions.Abort:
        click.echo(_("Stopped."), err=True)
        code = _INTERRUPTED
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except MynacardError as error:
        click.echo(_("mynacard: {message}").format(message=error.text(_)), err=True)
        logging.getLogger(__name__).debug("%s", error.code)
        code = exit_code(error)
    except KeyboardInterrupt:
        click.echo(_("Stopped."), err=True)
        code = _INTERRUPTED
    except OSError as error:
        click.echo(_("mynacard: {file}: {reason}").format(file=error.filename or "", reason=error.strerror), err=True)
        code = exit_code(error)
    sys.exit(code if isinstance(code, int) else 0)

"""``mynacard completion``: the script with which a shell completes commands and options."""

from __future__ import annotations

import sys
from typing import Final

import click
from click.shell_completion import get_completion_class

from mynacard.cli.commands import HELP
from mynacard.cli.language import _
from mynacard.cli.options import verbose_option
from mynacard.cli.terminal import as_rows

__all__ = ["completion"]

_SHELLS: Final = ("bash", "zsh", "fish")
_PROGRAM: Final = "mynacard"


@click.command(help=_(HELP["completion"]))
@click.argument("shell", type=click.Choice(_SHELLS))
@verbose_option
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    kind = get_completion_class(shell)
    if kind is None:
        raise AssertionError("click completes in these shells")
    script = kind(ctx.find_root().command, {}, _PROGRAM, f"_{_PROGRAM.upper()}_COMPLETE")
    content = script.source_template % script.source_vars()  # source() would start bash to look at its version
    click.echo(content, file=as_rows(sys.stdout))

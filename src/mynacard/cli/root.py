"""The command ``mynacard``: its commands, loaded when they are used, and the options that may stand before them."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

import click

from mynacard._version import __version__
from mynacard.cli import commands
from mynacard.cli.before import BEFORE, keep
from mynacard.cli.language import LANGUAGES, _
from mynacard.cli.logs import show_everything
from mynacard.cli.typing_ahead import keep_quiet_early
from mynacard.texts import printable

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

__all__ = ["CONTEXT", "cli"]

CONTEXT: Final[dict[str, Any]] = {"help_option_names": ["-h", "--help"], "max_content_width": 80, "color": True}


class _Root(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(commands.HELP)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in commands.HELP:
            return None
        command: click.Command = getattr(import_module(f"{commands.__name__}.{cmd_name}"), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """As click does it, without loading the commands."""
        _listed().format_commands(ctx, formatter)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """As click does it, without loading the commands."""
        listed = _listed()
        names = listed.shell_complete(click.Context(listed), incomplete)
        return [*names, *click.Command.shell_complete(self, ctx, incomplete)]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does it, with a suggestion for a mistyped name; options before the command must be known to it."""
        if args[0] not in commands.HELP and not args[0].startswith("-") and not ctx.resilient_parsing:
            ctx.fail(_no_such_command(args[0]))
        if not ctx.resilient_parsing:
            keep_quiet_early(args)
        name, command, rest = super().resolve_command(ctx, args)
        _check_known(ctx, command, args)
        return name, command, rest


def _listed() -> click.Group:
    """The commands with nothing but their names and help."""
    listed = {name: click.Command(name, help=_(text)) for name, text in commands.HELP.items()}
    return click.Group(commands=listed, add_help_option=False)


def _no_such_command(name: str) -> str:
    from difflib import get_close_matches

    text = _("No such command {name}.").format(name=printable(repr(name)))
    close = get_close_matches(name, commands.HELP, 2)
    return text + " " + _("Did you mean {names}?").format(names=", ".join(close)) if close else text


def _check_known(ctx: click.Context, command: click.Command | None, args: list[str]) -> None:
    """Refuse an option before the command that the command named by *args* would refuse behind its name."""
    words = iter(args[1:])
    while isinstance(command, click.Group):
        command = command.get_command(ctx, next(words, ""))
    if command is None:  # a group without a command, or with one that it will refuse itself
        return
    known = {parameter.name for parameter in command.params}
    for name, option in BEFORE.items():
        if ctx.params.get(name) and name not in known:
            ctx.fail(_("The command {command} has no {option}.").format(command=" ".join(args[:1]), option=option))


@click.group(
    cls=_Root,
    help=_(
        "Read Japan's Individual Number Card and sign with it; read and check the residence card."
        " All of this works with simulated cards, too."
    ),
)
@click.option("-r", "--reader", metavar="NAME", help=_("The reader, as the commands take it."))
@click.option("--json", "as_json", is_flag=True, help=_("Print JSON, where the command can."))
@click.option("-v", "--verbose", is_flag=True, help=_("Report on standard error what happens."))
@click.option("--lang", type=click.Choice(LANGUAGES), help=_("The language of texts and help."))
@click.version_option(__version__, prog_name="mynacard", message="%(prog)s %(version)s")
@click.pass_context
def cli(ctx: click.Context, reader: str | None, as_json: bool, verbose: bool, lang: str | None) -> None:
    keep(ctx, reader=reader, as_json=as_json)
    if verbose:
        show_everything()

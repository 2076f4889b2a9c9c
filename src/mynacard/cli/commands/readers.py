"""``mynacard readers``: the readers that are attached, and whether each has a card; and how well one works."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import click

from mynacard.cli.commands import HELP
from mynacard.cli.language import _
from mynacard.cli.options import as_json, reader_options
from mynacard.cli.output import print_json
from mynacard.cli.reader_check import check, matrix, profile
from mynacard.errors import ReaderNotFoundError
from mynacard.texts import N_, printable

if TYPE_CHECKING:
    from mynacard.readers import ReaderState

__all__ = ["readers"]

_LIST: Final = "list"


class _ListByDefault(click.Group):
    """A group that runs its command ``list`` when no command is named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0].startswith("-") and args[0] not in ctx.help_option_names):
            args = [_LIST, *args]
        return super().parse_args(ctx, args)


@click.group(
    cls=_ListByDefault,
    help=_(HELP["readers"]),
)
def readers() -> None:
    pass


readers.add_command(check)
readers.add_command(matrix)
readers.add_command(profile)


@readers.command(_LIST, help=_("List the readers, and whether each has a card."))
@click.option("--watch", "watching", is_flag=True, help=_("Keep on reporting changes until stopped."))
@as_json
@reader_options
def list_(reader: str | None, watching: bool, as_json: bool) -> None:
    from mynacard.readers import list_readers, profile_of, watch

    if watching:
        before: dict[str, ReaderState] = {}
        for states in watch():
            now = {state.name: state for state in _called(states, reader)}
            _tell_changes(before, now, as_json)
            before = now
        return
    states = list_readers()
    called = _called(states, reader)
    if states and not called:
        raise ReaderNotFoundError(
            N_("No reader is called {name}. Attached: {readers}."),
            name=reader,
            readers=", ".join(state.name for state in states),
        )
    if as_json:
        print_json([_state(state) | {"known": profile_of(state.name).quirks} for state in called])
        return
    if not called:
        click.echo(_("No card reader is attached."), err=True)
    for state in called:
        click.echo(f"{printable(state.name)}: {_card_text(_state(state))}")
        for quirk in profile_of(state.name).quirks:
            click.echo(f"    {printable(quirk)}")


def _called(states: Iterable[ReaderState], reader: str | None) -> list[ReaderState]:
    return [state for state in states if state.answers_to(reader or "")]


def _state(state: ReaderState) -> dict[str, object]:
    return {
        "name": state.name,
        "card_present": state.card_present,
        "mute": state.mute,
        "in_use": state.in_use,
        "exclusive": state.exclusive,
        "atr": state.atr.hex().upper(),
    }


def _tell_changes(before: Mapping[str, ReaderState], now: Mapping[str, ReaderState], as_json: bool) -> None:
    """Print a line, or a JSON object, for each reader that came, went, or has changed since."""
    time = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    for name in [name for name in {**before, **now} if before.get(name) != now.get(name)]:
        state = _state(now[name]) if name in now else None
        if as_json:
            print_json({"time": time, "attached": state is not None, **(state or {"name": name})}, indent=None)
        else:
            text = _card_text(state) if state is not None else _("no longer attached")
            click.echo(f"{time} {printable(name)}: {text}")


def _card_text(state: Mapping[str, object]) -> str:
    if not state["card_present"]:
        return _("no card")
    if state["mute"]:
        return _("a card that does not answer")
    if state["exclusive"]:
        return _("a card, held by another program")
    return _("a card, also used by another program") if state["in_use"] else _("a card")

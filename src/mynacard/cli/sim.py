"""``mynacard sim``: simulated cards in files, and other programs' way to them."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from mynacard.cli.options import as_json, print_json, reader_options, verbose_option
from mynacard.cli.texts import _
from mynacard.jpki.layout import KEY_PAIRS
from mynacard.simulator.doors import disk, vpcd
from mynacard.simulator.personalisation import DEFAULT_PINS
from mynacard.simulator.traits import ATR_CONTACT, ATR_CONTACTLESS, Personality, Traits

__all__ = ["sim"]

_ATRS = {"contact": ATR_CONTACT, "contactless": ATR_CONTACTLESS}


@click.group(help=_("Simulated cards: make one, look at it, put it into a virtual reader."))
def sim() -> None:
    pass


@sim.command(help=_("Make a simulated card in a new file. Its PINs are 1234 and ABC123 unless you choose others."))
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--choose-pins", is_flag=True, help=_("Ask for the PINs; without a terminal, a line each on standard input.")
)
@click.option(
    "--personality",
    type=click.Choice([found.value for found in Personality]),
    default=Personality.STRICT.value,
    show_default=True,
    help=_("What a warm reset leaves: nothing, or what real cards were seen to keep."),
)
@click.option(
    "--interface", type=click.Choice(list(_ATRS)), default="contact", show_default=True, help=_("Decides the ATR.")
)
@click.option(
    "--extended-length/--no-extended-length",
    default=True,
    show_default=True,
    help=_("Whether the card understands long commands."),
)
@verbose_option
def new(path: Path, choose_pins: bool, personality: str, interface: str, extended_length: bool) -> None:
    pins = {pair.name: _ask(_(pair.pin.label)) for pair in KEY_PAIRS} if choose_pins else DEFAULT_PINS
    disk.create_file(path, Traits(Personality(personality), extended_length, _ATRS[interface]), pins)
    click.echo(_("A simulated card is in {path}. Use it with --reader sim:{path}").format(path=path), err=True)


def _ask(label: str) -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    return str(click.prompt(label, hide_input=True, confirmation_prompt=True, err=True))


@sim.command(help=_("Show the state of the simulated card in a file, without its secrets."))
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path))
@as_json
@verbose_option
def show(path: Path, as_json: bool) -> None:
    contents = disk.read_file(path)
    traits = contents.traits
    state = {
        "personality": traits.personality.value,
        "extended_length": traits.extended_length,
        "atr": traits.atr.hex().upper(),
        "certificates": sorted(contents.keys),
        "tries_left": {name: memory.tries_left for name, memory in contents.pins.items()},
    }
    if as_json:
        print_json(state)
        return
    for field, value in state.items():
        click.echo(f"{field}: {value}")


@sim.command("vpcd", help=_("Keep a simulated card in a vpcd reader on this machine, until stopped."))
@click.option(
    "--card",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    help=_("The card's file; a fresh card without it."),
)
@click.option("--port", type=click.IntRange(1, 65535), default=vpcd.DEFAULT_PORT, show_default=True,
              help=_("The port on which the reader listens."))  # fmt: skip
@reader_options
def vpcd_(path: Path | None, port: int, reader: str | None) -> None:
    def connected() -> None:
        click.echo(_("The card is in the reader on port {port}.").format(port=port), err=True)

    if reader is not None:
        raise click.UsageError(_("This command is the card; it takes --card, not --reader."))
    click.echo(
        _("Looking for a vpcd reader on port {port} of this machine. Ctrl-C ends it.").format(port=port), err=True
    )
    if path is None:
        vpcd.serve(disk.new_card(), port, connected=connected)
        return
    with disk.open_file(path) as card:
        vpcd.serve(card, port, connected=connected)

"""``mynacard sim``: simulated cards in files, and ways for other programs to use them."""

from __future__ import annotations

import contextlib
import io
import sys
import time
from collections import Counter
from collections.abc import Callable, Generator, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import IO, Final

import click
from cryptography.hazmat.primitives.serialization import Encoding

from mynacard.apdu.pins import PinReference
from mynacard.apdu.verification import check_form
from mynacard.cli.commands import HELP
from mynacard.cli.foreground import held_signals, run
from mynacard.cli.language import _
from mynacard.cli.options import PAIRS, as_json, pair_argument, reader_options, verbose_option
from mynacard.cli.output import check_output, print_json, write_new
from mynacard.cli.terminal import as_rows
from mynacard.cli.trace import answer_line, command_line
from mynacard.doors import disk, new_cards, vpcd
from mynacard.doors.pcsclite import Gesture, Keypad, PcscliteDoor, check_system, reader_name
from mynacard.doors.pki_cache import cached_pki
from mynacard.errors import PinFormError
from mynacard.jpki.layout import KEY_PAIRS
from mynacard.pin import Pin
from mynacard.simulator.faults import KINDS, Fault
from mynacard.simulator.individual.contents import DEFAULT_PINS
from mynacard.simulator.individual.persona import DEFAULT_PERSONA, Persona
from mynacard.simulator.narrow import LONGEST, NarrowReader, Narrows
from mynacard.simulator.personas import all_personas
from mynacard.simulator.powered import PoweredCard
from mynacard.simulator.residence.issuing import ResidenceContents
from mynacard.simulator.timing import TRANSPORTS, TimedCard
from mynacard.simulator.traits import ATR_CONTACT, ATR_CONTACTLESS, EF_SIZE, EF_SIZE_MAX, Personality, Traits
from mynacard.storage import open_output
from mynacard.texts import printable

__all__ = ["sim"]

_ATRS = {"contact": ATR_CONTACT, "contactless": ATR_CONTACTLESS}


_timing_option = click.option(
    "--timing",
    type=click.Choice(["none", *TRANSPORTS]),
    default="none",
    show_default=True,
    metavar="NAME",
    help=_("How long answers take: no time, or as long as a real card's over this transport: {names}.").format(
        names=", ".join(TRANSPORTS)
    ),
)


def _timed(card: PoweredCard, timing: str) -> PoweredCard:
    """*card*, as fast as *timing* says."""
    return TimedCard(card, TRANSPORTS[timing], time.sleep) if timing in TRANSPORTS else card


@click.group(help=_(HELP["sim"]))
def sim() -> None:
    pass


@sim.command(help=_("Make a simulated card in a new file. Its PINs are 1234 and ABC123 unless you choose others."))
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--choose-pins",
    is_flag=True,
    help=_("Ask for the PINs; without a terminal, read them from standard input, one per line."),
)
@click.option(
    "--personality",
    type=click.Choice([personality.value for personality in Personality]),
    default=Personality.STRICT.value,
    show_default=True,
    help=_("The state that a warm reset keeps: none (strict), or what real cards were seen to keep (observed)."),
)
@click.option(
    "--interface",
    type=click.Choice(list(_ATRS)),
    default="contact",
    show_default=True,
    help=_("The interface; it decides the ATR."),
)
@click.option(
    "--extended-length/--no-extended-length",
    default=True,
    show_default=True,
    help=_("Whether the card understands long commands."),
)
@click.option(
    "--ef-size",
    type=click.IntRange(0, EF_SIZE_MAX),
    default=EF_SIZE,
    show_default=True,
    metavar="BYTES",
    help=_("The size of a JPKI certificate's file, filler included; 0: as long as the certificate."),
)
@click.option(
    "--wide-attributes",
    is_flag=True,
    help=_("Give the four attributes a length of two bytes, as one client's fixed offsets want."),
)
@click.option(
    "--persona",
    "persona_name",
    type=click.Choice(list(all_personas())),
    default=DEFAULT_PERSONA.name,
    show_default=True,
    metavar="NAME",
    help=_("The kind of card, and its holder; mynacard sim personas lists them."),
)
@verbose_option
def new(
    path: Path,
    choose_pins: bool,
    personality: str,
    interface: str,
    extended_length: bool,
    ef_size: int,
    wide_attributes: bool,
    persona_name: str,
) -> None:
    traits = Traits(Personality(personality), extended_length, _ATRS[interface], ef_size, wide_attributes)
    persona = all_personas()[persona_name]
    pins = persona.pins if isinstance(persona, Persona) else frozenset[str]()
    asked = [pair for pair in KEY_PAIRS if pair.name in pins] if choose_pins else []
    disk.create_file(path, traits, {**DEFAULT_PINS, **{pair.name: _ask(pair.pin) for pair in asked}}, persona)
    click.echo(
        _("A simulated card is in {path}. Use it with --reader sim:{path}").format(path=printable(path)), err=True
    )


def _ask(pin: PinReference) -> Pin:
    """The PIN that a new card shall have; one of another form is told at once, and asked for anew."""

    def well_formed(typed: str) -> Pin:
        wanted = Pin(typed)
        try:
            check_form(pin, wanted)
        except PinFormError as error:
            raise click.UsageError(error.text(_)) from None
        return wanted

    if not sys.stdin.isatty():
        return Pin(sys.stdin.readline().rstrip("\r\n"))
    chosen: Pin = click.prompt(
        _(pin.label), hide_input=True, confirmation_prompt=True, err=True, value_proc=well_formed
    )
    return chosen


@sim.command(help=_("List the kinds of simulated cards."))
@as_json
@verbose_option
def personas(as_json: bool) -> None:
    if as_json:
        print_json([{"name": persona.name, "about": persona.about} for persona in all_personas().values()])
        return
    known = all_personas()
    width = max(map(len, known))
    for persona in known.values():
        click.echo(f"{persona.name:<{width}}  {_(persona.about)}", file=as_rows(sys.stdout))


@sim.command(
    help=_("Write a simulated CA's revocation list, valid for a day. It lists the cards of the persona revoked.")
)
@pair_argument
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help=_("The file to write (DER)."))
@click.option("--force", is_flag=True, help=_("Replace an existing file."))
@verbose_option
def crl(name: str, output: Path, force: bool) -> None:
    check_output(output, force=force)
    revocation_list = cached_pki().revocation_list(PAIRS[name], datetime.now(UTC))
    write_new(output, revocation_list.public_bytes(Encoding.DER), force=force)


@sim.command(help=_("Show the state of the simulated card in a file, without its secrets."))
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path))
@as_json
@verbose_option
def show(path: Path, as_json: bool) -> None:
    contents = disk.read_file(path)
    traits = contents.traits
    state = traits.document()
    if isinstance(contents, ResidenceContents):
        state["residence_card"] = contents.type.value
    else:
        state["certificates"] = sorted(contents.keys)
        state["tries_left"] = {name: memory.tries_left for name, memory in contents.pins.items()}
    if as_json:
        print_json(state)
        return
    click.echo(_("personality: {name}").format(name=traits.personality.value))
    click.echo(_("extended length: understood") if traits.extended_length else _("extended length: refused"))
    click.echo(_("answer to reset: {atr}").format(atr=state["atr"]))
    if isinstance(contents, ResidenceContents):
        click.echo(_("type: {card}").format(card=_(contents.type.label)))
        return
    for name in sorted(contents.keys):
        click.echo(_("certificate: {name}").format(name=name))
    for name, memory in contents.pins.items():
        click.echo(_("PIN {name}: {tries} tries left").format(name=name, tries=memory.tries_left))


@sim.command(help=_("Run a receiving system for simulated cards on this machine until stopped."))
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8765,
    show_default=True,
    help=_("The port, or 0 for any that is free; only this machine can reach it."),
)
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help=_("The folder for what it receives; by default it keeps nothing."),
)
@click.option("--accept", is_flag=True, help=_("Accept each application as soon as it is received."))
@verbose_option
def portal(port: int, folder: Path | None, accept: bool) -> None:
    from mynacard.portal import Store, serve  # an extra
    from mynacard.portal.simulated import simulated_receiver

    store = Store(folder)
    try:
        serve(simulated_receiver(store, accept_at_once=accept), port, _say_where)
    finally:
        store.close()


def _say_where(url: str) -> None:
    click.echo(_("A receiver for simulated cards is at {url}").format(url=url), err=True)


@sim.command("vpcd", help=_("Keep a simulated card in a vpcd reader on this machine until stopped."))
@click.option(
    "--card",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    help=_("The card's file; by default a fresh card."),
)
@click.option("--port", type=click.IntRange(1, 65535), default=vpcd.DEFAULT_PORT, show_default=True,
              help=_("The port on which the reader listens."))  # fmt: skip
@_timing_option
@reader_options
def vpcd_(path: Path | None, port: int, timing: str, reader: str | None) -> None:
    @cache  # once: the reader may hang up and be dialled again
    def connected() -> None:
        click.echo(_("The card is in the reader on port {port}.").format(port=port), err=True)

    if reader is not None:
        raise click.UsageError(_("This command is the card; it takes --card, not --reader."))
    click.echo(
        _("Looking for a vpcd reader on port {port} of this machine. Ctrl-C ends it.").format(port=port), err=True
    )
    if path is None:
        vpcd.serve(_timed(new_cards.new_card(), timing), port, connected=connected)
        return
    with disk.open_file(path) as card:
        vpcd.serve(_timed(card, timing), port, connected=connected)


@sim.command(
    "exec",
    context_settings={"allow_interspersed_args": False},
    help=_("Run a program that finds simulated cards in place of PC/SC's readers (only on Linux)."),
)
@click.option("--card", "cards", multiple=True, type=click.Path(dir_okay=False, path_type=Path),
              help=_("A card's file; repeat it for more readers. By default a fresh card."))  # fmt: skip
@click.option("--reader-name", "names", multiple=True, metavar="TEXT",
              help=_("The name of a reader; repeat it for more. Readers without a card are empty."))  # fmt: skip
@click.option("--fault", "faults", multiple=True, metavar="KIND@N",
              help=_("A fault at the N-th APDU of the first reader. Kinds: {kinds}.").format(kinds=KINDS))  # fmt: skip
@_timing_option
@click.option("--longest-apdu", type=click.IntRange(261, LONGEST), default=LONGEST, metavar="BYTES",
              help=_("The longest command or answer that the readers pass."))  # fmt: skip
@click.option("--short-apdus", is_flag=True, help=_("The readers pass no commands of extended length."))
@click.option("--keypad", "keys", type=click.File("r", encoding="utf-8-sig"), metavar="PATH",
              help=_("The first reader has a keypad. This file holds what is typed there, a line per PIN entry:"
                     " digits, cancel, or timeout."))  # fmt: skip
@click.option("--trace", is_flag=True, help=_("Show every APDU on standard error, with secrets masked."))
@click.option("--trace-to", type=click.Path(dir_okay=False, path_type=Path), help=_("The same, in this file instead."))
@click.option("--count", is_flag=True, help=_("Report at the end how many APDUs each reader was sent."))
@verbose_option
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED, metavar="PROGRAM [ARGUMENT]...")
def exec_(
    cards: tuple[Path, ...],
    names: tuple[str, ...],
    faults: tuple[str, ...],
    timing: str,
    longest_apdu: int,
    short_apdus: bool,
    keys: IO[str] | None,
    trace: bool,
    trace_to: Path | None,
    count: bool,
    command: tuple[str, ...],
) -> int:
    if trace and trace_to:
        raise click.UsageError(_("--trace and --trace-to exclude each other."))
    if len({path.resolve() for path in cards}) < len(cards):
        raise click.UsageError(_("One card cannot be on two readers."))
    check_system()
    armed = tuple(Fault.parse(text) for text in faults)
    narrows = Narrows(not short_apdus, longest_apdu)
    keypad = None if keys is None else Keypad(_GESTURES.get(line.strip(), line.strip()) for line in keys)
    with held_signals() as before, contextlib.ExitStack() as opened:
        watcher = _Watcher(opened.enter_context(_shown(trace, trace_to)))
        held = [opened.enter_context(disk.open_file(path)) for path in cards] or [new_cards.new_card()]
        door = PcscliteDoor(observe=watcher.see)
        for number in range(max(len(held), len(names))):
            name = names[number] if number < len(names) else reader_name(number)
            card = NarrowReader(_timed(held[number], timing), narrows) if number < len(held) else None
            door.plug(name, card, () if number else armed, None if number else keypad)
        watcher.readers = door.readers
        opened.enter_context(door)
        status = run(command, door.environment(), before)
    watcher.report(count)
    return status


_GESTURES: Final[Mapping[str, Gesture]] = {"cancel": Gesture.CANCEL, "timeout": Gesture.TIME_OUT}


class _Watcher:
    """Counts the APDUs that the door reports, and gives *show* a line for each command and answer."""

    def __init__(self, show: Callable[[str], None] | None) -> None:
        self._show = show
        self._counts = Counter[str]()
        self._failure: OSError | None = None
        self.readers: tuple[str, ...] = ()

    def see(self, reader: str, command: bytes, answer: bytes | None) -> None:
        self._counts[reader] += 1
        if self._show is None:
            return
        prefix = f"{printable(reader)}:" if len(self.readers) > 1 else ""
        try:
            self._show(f"{prefix}{command_line(command)}\n{prefix}{answer_line(answer)}")
        except OSError as error:  # the program goes on without it
            self._show, self._failure = None, error

    def report(self, count: bool) -> None:
        """Print the counts, if *count* asks for them.

        Raises:
            OSError: a line could not be written, so the later ones are missing.
        """
        for reader in self.readers if count else ():
            click.echo(
                _("{reader}: {count} APDUs").format(reader=printable(reader), count=self._counts[reader]), err=True
            )
        if self._failure is not None:
            raise self._failure


@contextlib.contextmanager
def _shown(trace: bool, trace_to: Path | None) -> Generator[Callable[[str], None] | None, None, None]:
    """Where lines about APDUs go: nowhere, to standard error, or to a file."""
    if trace_to is None:
        yield (lambda line: click.echo(line, file=as_rows(sys.stderr))) if trace else None
        return
    with io.TextIOWrapper(open_output(trace_to), encoding="utf-8") as file:
        yield lambda line: print(line, file=file, flush=True)

"""``mynacard residence``: read a residence card, freely or with its number, and check who signed it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeVar

import click

from mynacard._dataclasses import dataclass
from mynacard.cli.commands import HELP
from mynacard.cli.exits import NOT_FULLY_CHECKED, SIGNATURE_BAD
from mynacard.cli.language import _
from mynacard.cli.options import TIME, CardChoice, as_json, card_options, keep_options
from mynacard.cli.output import check_output_folder, print_json, read_up_to
from mynacard.cli.progress import progress
from mynacard.cli.secrets import SecretStream, hidden_prompt
from mynacard.cli.session import card_channel, recorded
from mynacard.cli.simulated import print_steps
from mynacard.errors import CardDataError
from mynacard.opening.card_numbers import NumberProvider, opened_residence_card
from mynacard.opening.pins import pin_from_stream
from mynacard.recordings.residence_folder import TYPE_FILE, identified, keep, kept_files, report_document
from mynacard.residence import Anchor, AnchorKind, CardFiles, CardNumber, CardType, ResidenceCard, check
from mynacard.residence.certificates import CERTIFICATE_MAX
from mynacard.residence.number import NUMBER_LABEL
from mynacard.texts import N_, printable
from mynacard.verdict import Verdict

__all__ = ["residence", "show_info"]

R = TypeVar("R")

NEXT: Final = N_("mynacard residence read -o FOLDER reads it, with the number printed on it.")
_EXITS: Final = {Verdict.GOOD: 0, Verdict.BAD: SIGNATURE_BAD, Verdict.NOT_CHECKED: NOT_FULLY_CHECKED}


@click.group(help=_(HELP["residence"]))
def residence() -> None:
    pass


# --- what can be read freely ---------------------------------------------------------------------------------


@residence.command(
    help=_("Show what can be read without the number: the type of the card and the version of its specification.")
)
@as_json
@card_options
def info(card: CardChoice, as_json: bool) -> None:
    with card_channel(card) as channel:
        residence_card = ResidenceCard(channel)
        type_, version = residence_card.type, residence_card.specification_version()
    show_info(type_, version, as_json)


def show_info(card: CardType, version: str, as_json: bool) -> None:
    """Print what can be read freely of a residence card: its type, and the version of its specification."""
    if as_json:
        print_json({**identified(card, version), "next": NEXT})
        return
    click.echo(_("Card: {card} (type {number})").format(card=_(card.label), number=card.value))
    click.echo(_("Specification: version {version}").format(version=printable(version)))
    click.echo(_("Next: {what}").format(what=_(NEXT)))


# --- the number ----------------------------------------------------------------------------------------------


class CardNumberSource:
    """Where a card's number comes from: a file, a descriptor, or the person at the terminal; never an argument."""

    def __init__(self, stream: SecretStream) -> None:
        self._stream = stream

    def number(self) -> CardNumber | NumberProvider:
        """The first line of the file or descriptor; if neither is given, a function that asks the person.

        Raises:
            PinFormError: that line is not the number of a residence card. No card is asked.
            click.UsageError: there is no terminal to ask at.
            OSError: the file or descriptor cannot be read.
        """
        with self._stream.open() as stream:
            return _number_at_terminal if stream is None else CardNumber.typed(pin_from_stream(stream))


def _number_at_terminal(card: CardType) -> CardNumber:
    """Tell the person what the number is for, and ask for it."""
    click.echo(_("This is a {card}.").format(card=_(card.label)), err=True)
    click.echo(
        _("Its number opens it: printed at the top right, such as AB12345678CD. No tries are counted."), err=True
    )
    return CardNumber.typed(hidden_prompt(_(NUMBER_LABEL)))


def _number_options(command: Callable[..., R]) -> Callable[..., R]:
    """``--number-file`` and ``--number-fd``, passed on as one :class:`CardNumberSource`."""

    def with_source(*args: object, number_file: str | None, number_fd: int | None, **kwargs: object) -> R:
        return command(*args, source=CardNumberSource(SecretStream("number", number_file, number_fd)), **kwargs)

    keep_options(command, with_source)
    descriptor = click.option(
        "--number-fd", type=click.IntRange(0), metavar="N", help=_("Read the card's number from file descriptor N.")
    )
    file = click.option(
        "--number-file", metavar="PATH", help=_("Read the card's number from a file; - is standard input.")
    )
    return file(descriptor(with_source))


# --- what is checked -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Checking:
    """How to check a card: the CAs that are trusted, the kind of card that is wanted, and the time."""

    anchors: tuple[Anchor, ...]
    wanted: AnchorKind
    at: datetime | None

    @property
    def time(self) -> datetime:
        """The time at which the certificates must be valid: by default now."""
        return self.at or datetime.now(UTC)


def _anchors(paths: tuple[Path, ...], wanted: AnchorKind) -> tuple[Anchor, ...]:
    """The CAs in the files *paths*, and those of this machine if a simulated card is wanted."""
    chosen = tuple(Anchor.load(read_up_to(path, CERTIFICATE_MAX)) for path in paths)
    if wanted is not AnchorKind.SIMULATED:
        return chosen
    from mynacard.doors.residence_cache import cached_residence_pki

    return chosen + cached_residence_pki().anchors()


def _check_options(command: Callable[..., R]) -> Callable[..., R]:
    """``--ca``, ``--test``, ``--simulated``, ``--at``, passed on as one :class:`Checking`."""

    def with_checking(
        *args: object, ca: tuple[Path, ...], test: bool, simulated: bool, at: datetime | None, **kwargs: object
    ) -> R:
        if test and simulated:
            raise click.UsageError(_("--test and --simulated exclude each other."))
        wanted = AnchorKind.SIMULATED if simulated else AnchorKind.TEST if test else AnchorKind.PRODUCTION
        return command(*args, checking=Checking(_anchors(ca, wanted), wanted, at), **kwargs)

    keep_options(command, with_checking)
    for option in (
        click.option(
            "--at", type=TIME, metavar="TIME",
            help=_("The time at which the certificates must be valid, by default now: ISO 8601, in UTC unless it"
                   " has a zone."),
        ),
        click.option("--simulated", is_flag=True, help=_("Accept only simulated cards of this machine.")),
        click.option("--test", is_flag=True, help=_("Accept only cards of the Immigration Services Agency's test CA.")),
        click.option(
            "--ca", multiple=True, type=click.Path(exists=True, dir_okay=False, path_type=Path),
            help=_("A CA certificate that you trust, PEM or DER; the agency publishes them. May be repeated."),
        ),
    ):  # fmt: skip
        with_checking = option(with_checking)
    return with_checking


# --- reading -------------------------------------------------------------------------------------------------


_extended_option = click.option(
    "--extended-length/--no-extended-length", default=None,
    help=_("Whether reader and card pass long answers. By default this is tried; some readers choke on it."),
)  # fmt: skip


@residence.command(
    help=_(
        "Read the whole card into a new folder: its fields as JSON, each labelled with what its signature shows;"
        " the images as stored and as PNG; and the files themselves. Exits with 70 if the signature is bad."
    )
)
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help=_("The folder to create."))
@click.option("--force", is_flag=True, help=_("Replace the folder if it is one that this command made."))
@_extended_option
@_check_options
@_number_options
@card_options
def read(
    output: Path, force: bool, extended_length: bool | None, checking: Checking, source: CardNumberSource,
    card: CardChoice,
) -> None:  # fmt: skip
    check_output_folder(output, force=force, made_by=TYPE_FILE)
    files = _read(card, source, extended_length)
    kept = keep(files, output, checking.anchors, at=checking.time, wanted=checking.wanted)
    for image in kept.images:
        if not isinstance(image.png, str):
            problem = image.png.text(_)
            click.echo(_("No PNG of the {image}: {problem}").format(image=_(image.name), problem=problem), err=True)
    click.echo(_("The card is in {folder}.").format(folder=printable(str(output))), err=True)
    if isinstance(kept.report, CardDataError):
        raise kept.report
    print_steps(kept.report.steps)
    if kept.report.overall is Verdict.BAD:
        sys.exit(SIGNATURE_BAD)


@residence.command(
    help=_(
        "Check the card on the reader, or one that was read into FOLDER: whether its content is signed, by whom, and"
        " unchanged. Exits with 0 only if everything was checked and is good, with 70 if something is bad, with 71 if"
        " something was not checked."
    )
)
@click.argument("folder", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
@as_json
@_extended_option
@_check_options
@_number_options
@card_options
def verify(
    folder: Path | None, as_json: bool, extended_length: bool | None, checking: Checking, source: CardNumberSource,
    card: CardChoice,
) -> None:  # fmt: skip
    files = kept_files(folder) if folder else _read(card, source, extended_length)
    report = check(files, checking.anchors, at=checking.time, wanted=checking.wanted)
    if as_json:
        print_json(report_document(report))
    elif print_steps(report.steps):
        for name, label in report.labels.items():
            click.echo(f"{name.replace('_', ' ')}: {label.value}")
        click.echo(report.overall.value)
    sys.exit(_EXITS[report.overall])


def _read(card: CardChoice, source: CardNumberSource, extended_length: bool | None) -> CardFiles:
    with (
        recorded(card) as opening,
        opened_residence_card(source.number(), name=card.name, extended_length=extended_length, **opening) as opened,
        _progress(opened) as show,
    ):
        return opened.read(lambda done, _of: show(done))


def _progress(card: ResidenceCard) -> AbstractContextManager[Callable[[int], None]]:
    """Over the air the images take some seconds."""
    return progress(_("Reading"), sum(file.size for file in card.files))

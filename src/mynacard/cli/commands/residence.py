"""``mynacard residence``: read a residence card, freely or with its number, and check who signed it."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Generator
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Final, TypeVar

import click

from mynacard.cli.exits import NOT_FULLY_CHECKED, SIGNATURE_BAD
from mynacard.cli.language import _
from mynacard.cli.options import TIME, CardChoice, as_json, card_options, keep_options
from mynacard.cli.output import check_output_folder, print_json, read_up_to
from mynacard.cli.secrets import SecretStream, hidden_prompt
from mynacard.cli.session import card_channel, recorded
from mynacard.errors import CardDataError, CardFileError, MissingExtraError, MynacardError
from mynacard.images import Image
from mynacard.images.decoding import png
from mynacard.opening.card_numbers import NumberProvider, opened_residence_card
from mynacard.opening.pins import pin_from_stream
from mynacard.residence import (
    LAYOUTS,
    Anchor,
    AnchorKind,
    CardFiles,
    CardNumber,
    CardType,
    Coded,
    Day,
    RawCode,
    Report,
    ResidenceCard,
    check,
    contents_of,
)
from mynacard.residence.certificates import CERTIFICATE_MAX
from mynacard.residence.number import NUMBER_LABEL
from mynacard.storage import whole_folder
from mynacard.texts import N_, printable
from mynacard.verdict import Verdict, explain

__all__ = ["kept_files", "residence", "show_info"]

R = TypeVar("R")

NEXT: Final = N_("mynacard residence read -o FOLDER reads it, with the number printed on it.")
_EXITS: Final = {Verdict.GOOD: 0, Verdict.BAD: SIGNATURE_BAD, Verdict.NOT_CHECKED: NOT_FULLY_CHECKED}
_FILES: Final = "files"
_UNKNOWN: Final = "unknown"
_TYPE: Final = "type"
_DOCUMENT: Final = "card.json"


@click.group(
    help=_(
        "Read and check the residence card (在留カード) or special permanent resident certificate (特別永住者証明書)."
    )
)
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
        print_json({**_identified(card, version), "next": NEXT})
        return
    click.echo(_("Card: {card} (type {number})").format(card=_(card.label), number=card.value))
    click.echo(_("Specification: version {version}").format(version=printable(version)))
    click.echo(_("Next: {what}").format(what=_(NEXT)))


def _identified(card: CardType, version: str) -> dict[str, object]:
    return {
        "card": "residence-card",
        "type": card.value,
        "name": card.label,
        "generation": card.generation,
        "specification_version": version,
    }


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

    def report(self, files: CardFiles) -> Report:
        return check(files, self.anchors, at=self.at or datetime.now(UTC), wanted=self.wanted)


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
        time = at.replace(tzinfo=UTC) if at else None
        return command(*args, checking=Checking(_anchors(ca, wanted), wanted, time), **kwargs)

    keep_options(command, with_checking)
    for option in (
        click.option(
            "--at", type=TIME, metavar="TIME",
            help=_("The time (UTC) at which the certificates must be valid; by default now."),
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


def _explain(report: Report) -> None:
    for step in report.steps:
        click.echo(printable(explain([step], _)), err=True)


def _checked(report: Report) -> dict[str, object]:
    known = report.anchor.published if report.anchor else None
    return {
        "overall": report.overall.value,
        "wanted": report.wanted.value,
        "ca": report.anchor and {
            "kind": report.anchor.kind.value, "published": known is not None,
            "serial": f"{report.anchor.certificate.parsed.serial_number:X}",
        },
        "form": report.form,
        "steps": [{"step": name, "verdict": step.verdict.value, "text": step.text()} for name, step in report.steps],
        "labels": {name: label.value for name, label in report.labels.items()},
    }  # fmt: skip


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
    check_output_folder(output, force=force, made_by=f"{_FILES}/{_TYPE}")
    files = _read(card, source, extended_length)
    with whole_folder(output) as folder:
        _keep(files, folder / _FILES)
        report, problem = _described(files, checking, folder)
    click.echo(_("The card is in {folder}.").format(folder=printable(str(output))), err=True)
    if problem is not None:
        raise problem
    if report is not None:
        _explain(report)
        if report.overall is Verdict.BAD:
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
    files = kept_files(folder / _FILES) if folder else _read(card, source, extended_length)
    report = checking.report(files)
    if as_json:
        print_json(_checked(report))
    else:
        _explain(report)
        for name, label in report.labels.items():
            click.echo(f"{name.replace('_', ' ')}: {label.value}")
        click.echo(report.overall.value)
    sys.exit(_EXITS[report.overall])


def _read(card: CardChoice, source: CardNumberSource, extended_length: bool | None) -> CardFiles:
    with (
        recorded(card) as opening,
        opened_residence_card(source.number(), name=card.name, extended_length=extended_length, **opening) as opened,
        _progress(opened) as on_progress,
    ):
        return opened.read(on_progress)


@contextlib.contextmanager
def _progress(card: ResidenceCard) -> Generator[Callable[[int, int], None], None, None]:
    """A bar on standard error, if that is a terminal: over the air the images take some seconds."""
    total = sum(file.size for file in card.files)
    with click.progressbar(length=total, label=_("Reading"), file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
        yield lambda done, _of: bar.update(done - bar.pos)


# --- the folder ----------------------------------------------------------------------------------------------


def _keep(files: CardFiles, folder: Path) -> None:
    """Write the files as they were read, and the type of their card."""
    folder.mkdir(mode=0o700)
    for file, content in files.content.items():
        (folder / f"{file.place}.bin").write_bytes(content)
    (folder / _TYPE).write_text(files.type.value, encoding="ascii")


def kept_files(folder: Path) -> CardFiles:
    """The files that :func:`_keep` wrote.

    Raises:
        CardFileError: *folder* does not hold them.
    """
    try:
        card = CardType((folder / _TYPE).read_text(encoding="ascii"))
        paths = {file: folder / f"{file.place}.bin" for file in LAYOUTS[card]}
        content = {file: read_up_to(path, file.size) for file, path in paths.items() if path.exists()}
    except (OSError, ValueError, KeyError):
        raise CardFileError(N_("{folder} does not hold a residence card that was read."), folder=str(folder)) from None
    return CardFiles(card, content)


def _described(files: CardFiles, checking: Checking, folder: Path) -> tuple[Report | None, MynacardError | None]:
    """Write what the files say into *folder*. Gives the report, or the error that prevented it; the files are kept."""
    try:
        contents, report = contents_of(files), checking.report(files)
    except CardDataError as error:
        return None, error
    document = {
        **_identified(files.type, contents.version),
        "fields": {
            name: {"value": _json(getattr(contents, name)), "signature": label.value}
            for name, label in report.labels.items()
        },
        "check": _checked(report),
        "images": [_write(image, folder) for image in contents.images],
        "missing": [file.name for file in files.missing],
        "unknown_objects": _unknown(files),
    }
    if contents.certificate_der:
        (folder / "signer.cer").write_bytes(contents.certificate_der)
    text = json.dumps(document, indent=2, ensure_ascii=False)
    (folder / _DOCUMENT).write_text(text, encoding="utf-8")
    return report, None


def _unknown(files: CardFiles) -> dict[str, dict[str, str]]:
    """Data objects that no source describes, by file and tag."""
    rows = {file.place: files.needed(file).unknown for file in files.content}
    return {
        place: {f"{tag:X}": value.hex().upper() for tag, value in row.items()} for place, row in rows.items() if row
    }


def _write(image: Image, folder: Path) -> dict[str, object]:
    """Write *image* as stored and as PNG. If it cannot be converted, say why and go on."""
    stem = image.name.replace(" ", "-")
    raw = f"{stem}.{image.kind or 'bin'}"
    (folder / raw).write_bytes(image.content)
    try:
        (folder / f"{stem}.png").write_bytes(png(image))
    except (CardDataError, MissingExtraError) as error:
        click.echo(_("No PNG of the {image}: {problem}").format(image=_(image.name), problem=error.text(_)), err=True)
        return {"name": image.name, "file": raw, "png": None, "problem": error.code}
    return {"name": image.name, "file": raw, "png": f"{stem}.png"}


def _json(value: object) -> object:
    """*value* of the contents, in the types that JSON has."""
    match value:
        case Image():
            return {"format": value.kind, "bytes": len(value.content)}
        case CardNumber():
            return value.reveal().decode()
        case Day():
            return value.raw if value.date is None else value.date.isoformat()
        case Coded():
            return {"code": value.raw, "meaning": value.meaning or _UNKNOWN}
        case RawCode():
            return {"code": value.raw, "meaning": _UNKNOWN}
        case Enum():
            return value.value
        case _ if is_dataclass(value):
            return {"kind": type(value).__name__} | {
                field.name: _json(getattr(value, field.name)) for field in fields(value)
            }
        case _:
            return value

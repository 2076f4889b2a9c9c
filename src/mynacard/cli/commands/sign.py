"""``mynacard sign``: files in, signatures out, after one PIN entry."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from cryptography.hazmat.primitives.serialization import Encoding

from mynacard.cli.commands import HELP
from mynacard.cli.language import _
from mynacard.cli.options import CardChoice, card_options, pin_options
from mynacard.cli.output import check_output, copy_up_to, new_file, read_up_to
from mynacard.cli.secrets import PinSource
from mynacard.cli.session import verified_session
from mynacard.errors import MynacardError
from mynacard.hashes import HashAlgorithm
from mynacard.jpki.held import undamaged
from mynacard.jpki.layout import DIGITAL_SIGNATURE, KeyPair
from mynacard.signing.appearing import DEFAULT_TEXT
from mynacard.signing.making import Format, Making, add_time_stamp_in
from mynacard.signing.shown import ShownFile, file_signer
from mynacard.texts import printable
from mynacard.trust import load_certificate
from mynacard.trust.certificates import CERTIFICATE_MAX

if TYPE_CHECKING:
    from mynacard.signing.pades import Appearance
    from mynacard.signing.timestamp import Ask

__all__ = ["sign"]

_PLACE: Final = re.compile(r"([0-9]{1,5}):(-?[0-9]{1,5}),(-?[0-9]{1,5}),(-?[0-9]{1,5}),(-?[0-9]{1,5})", re.ASCII)


def _appearance(_context: click.Context, _option: click.Parameter, place: str | None) -> Appearance | None:
    if place is None:
        return None
    numbers = _PLACE.fullmatch(place)
    if numbers is None:
        raise click.BadParameter(_("A place is PAGE:LEFT,BOTTOM,RIGHT,TOP, such as 1:36,36,256,76."))
    from mynacard.signing.pades import Appearance

    page, left, bottom, right, top = map(int, numbers.groups())
    return Appearance(page, (left, bottom, right, top))


def _certificate(_context: click.Context, _option: click.Parameter, path: Path | None) -> Mapping[KeyPair, bytes]:
    """The certificate in *path* for its key pair, in DER; a file that does not hold one is an error before the PIN."""
    if path is None:
        return {}
    certificate = load_certificate(read_up_to(path, CERTIFICATE_MAX))
    return {DIGITAL_SIGNATURE: certificate.public_bytes(Encoding.DER)}


@click.command(help=_(HELP["sign"]))
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--format",
    "format_",
    type=click.Choice([format_.value for format_ in Format]),
    show_default=Format.CMS.value,
    help=_(
        "raw: the 256 bytes of RSASSA-PKCS1-v1_5; cms: a CMS signature with the certificate in it; cades: the same"
        " in the form of CAdES; pades: a PDF file with the signature in it; pdf: the same in the older form"
        " adbe.pkcs7.detached, with the signer's name (cades, pades and pdf need pyHanko)."
    ),
)
@click.option(
    "--hash",
    "hash_",
    type=click.Choice([hash_.value for hash_ in HashAlgorithm]),
    default=HashAlgorithm.SHA256.value,
    show_default=True,
    help=_("The hash function of the signature."),
)
@click.option(
    "--field", metavar="NAME", help=_("The name of the PDF file's signature field: an empty one, or a new one.")
)
@click.option("--visible", is_flag=True, help=_("Show on the PDF file's first page that it was signed, and when."))
@click.option("--place", "appearance", metavar="PAGE:LEFT,BOTTOM,RIGHT,TOP", callback=_appearance,
              help=_("Show it in this place, in points (1/72 inch) from the page's lower left corner."))  # fmt: skip
@click.option("--text", help=_("What it says there, if something else."))
@click.option("--font", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help=_("The font for it, such as a Japanese one (needs the extra font)."))  # fmt: skip
@click.option("--certificate", "held", metavar="FILE", callback=_certificate,
              type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help=_("The card's digital-signature certificate, from cert export; it is not read again."))  # fmt: skip
@click.option("--ca", "authorities", metavar="FILE", multiple=True,
              type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help=_("Its CA's certificate, PEM or DER: one that was damaged is then read from the card; may be"
                     " repeated."))  # fmt: skip
@click.option("--opaque", is_flag=True, help=_("Put the file into the signature (.p7m), not next to it."))
@click.option("--timestamp-url", "timestamp_url", metavar="URL",
              help=_("Time-stamp each signature at this authority (RFC 3161) once the card is released."))  # fmt: skip
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    help=_("The file to write; for several files, the folder for FILE.p7s, FILE.sig or the signed PDF files."),
)
@click.option("--force", is_flag=True, help=_("Replace the output if it exists."))
@pin_options
@card_options
def sign(
    files: tuple[Path, ...],
    format_: str | None,
    hash_: str,
    field: str | None,
    visible: bool,
    appearance: Appearance | None,
    text: str | None,
    font: Path | None,
    held: Mapping[KeyPair, bytes],
    authorities: tuple[Path, ...],
    opaque: bool,
    timestamp_url: str | None,
    output: Path,
    force: bool,
    card: CardChoice,
    pin_source: PinSource,
) -> None:
    if visible and appearance is None:
        from mynacard.signing.pades import Appearance

        appearance = Appearance()
    making = Making(
        _format(format_, output),
        HashAlgorithm(hash_),
        opaque=opaque,
        field=field,
        appearance=_written(appearance, text, font),
        time_stamped=timestamp_url is not None,
    )
    sound = _undamaged(held, authorities)
    ask = _asked_at(timestamp_url) if timestamp_url is not None else None
    outputs = _outputs(files, output, making.suffix)
    for path in outputs:
        check_output(path, force=force)
    making.check_installed()
    count = len(files)
    pipes = {file for file in files if not (making.needs_only_digest or file.is_file())}  # they can be read only once
    shown = [ShownFile.of(file, making, keep=file in pipes) for file in files]
    for file in shown:
        for remark in file.remarks:
            click.echo(f"{printable(file.path)}: {printable(remark.text(_))}", err=True)
    purpose = _purpose(shown, making.format.value)
    with (
        verified_session(card, DIGITAL_SIGNATURE, pin_source, purpose, signatures=count, certificates=sound) as session,
        _progress(count) as written,
    ):
        signed_to = file_signer(session, making)
        for file, path in zip(shown, outputs, strict=True):
            with new_file(path, force=force) as signed:
                signed_to(file, signed)
            written(path)  # what is signed stays, whatever comes next
        if any(session.certificate_der(pair) != der for pair, der in held.items()):
            click.echo(_("The certificate given is not the card's; the card's own was used."), err=True)
    if ask is not None:
        _time_stamped(outputs, ask)


def _undamaged(held: Mapping[KeyPair, bytes], authorities: tuple[Path, ...]) -> Mapping[KeyPair, bytes]:
    """What is left of *held* under the keys of *authorities*, or all of it without any."""
    if not authorities:
        return held
    if not held:
        raise click.UsageError(_("--ca is only for --certificate."))
    return undamaged(held, [load_certificate(read_up_to(path, CERTIFICATE_MAX)) for path in authorities])


def _asked_at(url: str) -> Ask:
    from mynacard.signing.timestamp import ask_http

    return ask_http(url)


def _written(place: Appearance | None, text: str | None, font: Path | None) -> Appearance | None:
    """The appearance in *place*, in the person's language if there is a *font* for it."""
    if place is None:
        if text is not None or font is not None:
            raise click.UsageError(_("--text and --font are for a visible signature: add --visible or --place."))
        return None
    if font is None:
        return place if text is None else replace(place, text=text)
    from mynacard.signing.fonts import Font

    return replace(place, text=_(DEFAULT_TEXT) if text is None else text, font=Font.load(font))


def _format(name: str | None, output: Path) -> Format:
    """The format called *name*. Without one it is CMS, unless the output is called a PDF file, which CMS is not."""
    if name is None and output.suffix.lower() == ".pdf" and not output.is_dir():
        raise click.UsageError(
            _(
                "{output} is called a PDF file: is the signature to go into one (--format pades, or pdf), or next to it"
                " (--format cms, with an output such as {signature})?"
            ).format(output=printable(output), signature=printable(f"{output}.p7s"))
        )
    return Format(name or Format.CMS)


def _time_stamped(outputs: list[Path], ask: Ask) -> None:
    """Add a time stamp to each output. If that fails for one, all signatures are already there."""
    from mynacard.signing.pdf_file import PDF_MAX

    try:
        for number, path in enumerate(outputs, 1):
            with new_file(path, force=True) as stamped:
                copy_up_to(path, stamped, PDF_MAX)
                add_time_stamp_in(stamped, ask)
            click.echo(
                _("{number} of {count} time stamps: {path}").format(
                    number=number, count=len(outputs), path=printable(path)
                ),
                err=True,
            )
    except MynacardError:
        click.echo(
            _("The signatures are kept, and good without it. To ask again for a time stamp: mynacard timestamp"),
            err=True,
        )
        raise


def _outputs(files: tuple[Path, ...], output: Path, suffix: str) -> list[Path]:
    """The output path for each file."""
    is_folder = output.is_dir() and not output.is_symlink()  # others may have made the link
    if len(files) == 1 and not is_folder:
        return [output]
    if not is_folder:
        raise click.UsageError(_("{folder} is not a folder; several files need one.").format(folder=printable(output)))
    outputs = [output / f"{file.name}{suffix}" for file in files]
    for path, count in Counter(outputs).items():
        if count > 1:
            raise click.UsageError(
                _("Two of the files would have their signatures in {path}.").format(path=printable(path))
            )
    return outputs


def _purpose(shown: list[ShownFile], format_: str) -> str:
    listed = [
        _("{file} ({hash} {digest})").format(
            file=printable(file.path), hash=file.algorithm.value, digest=file.digest.hex()
        )
        for file in shown
    ]
    if len(shown) == 1:
        return _("Signs {file}, as {format}.").format(file=listed[0], format=format_)
    return "\n".join([_("Signs {count} files, as {format}:").format(count=len(shown), format=format_), *listed])


@contextmanager
def _progress(count: int) -> Generator[Callable[[Path], None]]:
    """A function that reports each output; at the end, if some files are not signed, says how many are."""
    done = 0

    def written(path: Path) -> None:
        nonlocal done
        done += 1
        if count == 1:
            click.echo(_("The signature is in {path}.").format(path=printable(path)), err=True)
        else:
            click.echo(
                _("{number} of {count}: {path}").format(number=done, count=count, path=printable(path)), err=True
            )

    try:
        yield written
    finally:
        if 0 < done < count:
            click.echo(
                _("{number} of {count} files are signed; the others are not.").format(number=done, count=count),
                err=True,
            )

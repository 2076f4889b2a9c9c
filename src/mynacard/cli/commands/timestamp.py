"""``mynacard timestamp``: an authority states when a signature existed. Needs no card."""

from __future__ import annotations

from pathlib import Path

import click

from mynacard.cli.commands import HELP
from mynacard.cli.language import _
from mynacard.cli.options import verbose_option
from mynacard.cli.output import check_output, copy_up_to, new_file
from mynacard.signing import external, pades
from mynacard.signing.making import add_time_stamp_in
from mynacard.signing.timestamp import ask_http, check_url
from mynacard.texts import printable

__all__ = ["timestamp"]


@click.command(help=_(HELP["timestamp"]))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--url", required=True, help=_("The time-stamping authority (RFC 3161). It learns a digest."))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help=_("The file to write."))
@click.option("--force", is_flag=True, help=_("Replace the output if it exists; it may be FILE."))
@verbose_option
def timestamp(file: Path, url: str, output: Path, force: bool) -> None:
    external.check_installed()
    check_url(url)
    check_output(output, force=force)
    with new_file(output, force=force) as stamped:
        copy_up_to(file, stamped, pades.PDF_MAX)
        add_time_stamp_in(stamped, ask_http(url))
    click.echo(_("The time stamp is in {path}.").format(path=printable(output)), err=True)

"""``mynacard doctor``: what is wrong with this desk, and what mends it."""

from __future__ import annotations

import sys
from typing import Final

import click

from mynacard.cli.exits import SOMETHING_WRONG
from mynacard.cli.options import as_json, print_json, reader_options
from mynacard.cli.texts import _, plain
from mynacard.doctor import Finding, Level, examine
from mynacard.errors import mark

__all__ = ["doctor"]

_SIGNS: Final = {Level.GOOD: mark("good"), Level.NOTICE: mark("notice"), Level.PROBLEM: mark("problem")}


@click.command(
    help=_(
        "Look at library, service, readers and cards, and say what is wrong and what mends it. Asks for no PIN."
        " Ends with 72 if there is a problem."
    )
)
@as_json
@reader_options
def doctor(reader: str | None, as_json: bool) -> None:
    found: list[Finding] = []
    for finding in examine(reader or ""):  # each is shown as it is found: the next may take its time
        found.append(finding)
        if not as_json:
            _print(finding)
    if as_json:
        print_json([
            {"code": each.code, "level": each.level.value, "cause": each.cause(_), "cure": each.cure(_)}
            for each in found
        ])  # fmt: skip
    if any(finding.level is Level.PROBLEM for finding in found):
        sys.exit(SOMETHING_WRONG)


def _print(finding: Finding) -> None:
    sign = _(_SIGNS[finding.level])
    click.echo(f"{sign}: {plain(finding.cause(_))} [{finding.code}]")
    if cure := finding.cure(_):
        click.echo(f"    {plain(cure)}")

"""``mynacard doctor``: what is wrong with this desk, and how to mend it."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from mynacard.cli.commands import HELP
from mynacard.cli.diagnosis import finding_json, print_finding
from mynacard.cli.exits import SOMETHING_WRONG
from mynacard.cli.language import LANGUAGE, _
from mynacard.cli.options import as_json, reader_options
from mynacard.cli.output import check_output, print_json, write_new
from mynacard.doctor import Finding, Level, examine
from mynacard.doctor import report as report_of
from mynacard.texts import catalogue, printable

__all__ = ["doctor"]


@click.command(help=_(HELP["doctor"]))
@click.option(
    "--language",
    type=click.Choice(["en", "ja"]),
    help=_("The language of the findings; by default that of LANGUAGE, LC_ALL, LC_MESSAGES or LANG."),
)
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    help=_("Write the findings to a new file for a bug report, without serial numbers, paths, and other traces."),
)
@click.option("--force", is_flag=True, help=_("Replace an existing report."))
@as_json
@reader_options
def doctor(reader: str | None, as_json: bool, language: str | None, report: Path | None, force: bool) -> None:
    if report is not None:
        check_output(report, force=force)
    translate = catalogue(language or LANGUAGE).gettext
    findings: list[Finding] = []
    for finding in examine(reader or ""):  # each is shown as it is found: the next may take its time
        findings.append(finding)
        if not as_json:
            print_finding(finding, translate)
    if as_json:
        print_json([finding_json(finding) for finding in findings])
    if report is not None:
        write_new(report, report_of(findings).encode(), force=force)
        click.echo(_("Written: {path}").format(path=printable(report)), err=True)
    if any(finding.level is Level.PROBLEM for finding in findings):
        sys.exit(SOMETHING_WRONG)

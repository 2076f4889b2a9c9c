"""Findings about a desk, as commands print them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import click

from mynacard.doctor import Finding, Level
from mynacard.texts import N_, catalogue, printable

__all__ = ["SIGNS", "finding_json", "print_finding"]

SIGNS: Final = {Level.GOOD: N_("good"), Level.NOTICE: N_("notice"), Level.PROBLEM: N_("problem")}


def print_finding(finding: Finding, translate: Callable[[str], str]) -> None:
    """Print *finding*, and below it what mends it."""
    click.echo(f"{translate(SIGNS[finding.level])}: {printable(finding.cause(translate))} [{finding.code}]")
    if cure := finding.cure(translate):
        click.echo(f"    {printable(cure)}")


def finding_json(finding: Finding) -> dict[str, object]:
    """*finding* as JSON, in both languages."""
    japanese = catalogue("ja").gettext
    return {
        "code": finding.code,
        "level": finding.level.value,
        "cause": finding.cause(),
        "cure": finding.cure(),
        "cause_ja": finding.cause(japanese),
        "cure_ja": finding.cure(japanese),
    }

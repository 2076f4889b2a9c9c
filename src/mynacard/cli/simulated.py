"""The steps of a verification, for people; of a simulated card where a real one is wanted, one sentence instead."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import click

from mynacard.cli.language import _
from mynacard.texts import printable
from mynacard.verdict import Step, Verdict, explain

__all__ = ["print_steps"]

_SIMULATED: Final = "issuer/simulated"
"""The code, in every report, of the step that a simulated card does not pass because it is one."""


def print_steps(steps: Iterable[tuple[str, Step]], *, err: bool = True) -> bool:
    """Print *steps*, or that the card is simulated if nothing else is wrong; returns whether it was the steps.

    The card itself says so, whichever way it was reached: by its name, or behind a virtual reader.
    """
    taken = tuple(steps)
    wrong = {step.code for _name, step in taken if step.verdict is Verdict.BAD} - {_SIMULATED}
    if not wrong and any(step.code == _SIMULATED for _name, step in taken):
        sentence = _("The card is not genuine. It is simulated, and belongs to no person; --simulated accepts it.")
        click.echo(sentence, err=err)
        return False
    for step in taken:
        click.echo(printable(explain([step], _)), err=err)
    return True

"""``mynacard bench``: how fast this card is on this reader."""

from __future__ import annotations

import contextlib
import shutil
import sys
from collections import deque
from collections.abc import Callable, Generator
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Final

import click

from mynacard._version import __version__
from mynacard.cli.chart import Row, bars, has_blocks, table
from mynacard.cli.commands import HELP
from mynacard.cli.language import _
from mynacard.cli.options import CardChoice, as_json, connection_options, number_options
from mynacard.cli.output import print_json
from mynacard.cli.progress import progress
from mynacard.cli.secrets import PinSource
from mynacard.cli.terminal import as_rows
from mynacard.opening import card_name
from mynacard.opening.names import Simulated
from mynacard.texts import printable

if TYPE_CHECKING:
    from mynacard.reader_check.card_speed import CardSpeed
    from mynacard.reader_check.measures import Summary

__all__ = ["bench"]

ROUNDS_MAX: Final = 100


@click.command(help=_(HELP["bench"]))
@click.option(
    "--rounds",
    type=click.IntRange(1, ROUNDS_MAX),
    default=5,
    show_default=True,
    help=_("How many times to measure each step."),
)
@click.option(
    "--signature",
    is_flag=True,
    help=_("Measure signatures, too: one per round, after a single entry of the user-authentication PIN."),
)
@as_json
@number_options
@connection_options
def bench(card: CardChoice, pin_source: PinSource, rounds: int, signature: bool, as_json: bool) -> None:
    from mynacard.reader_check.card_speed import measure, reader_to_measure  # here, since --help imports this file

    pin = pin_source.pin() if signature else None
    measured: deque[CardSpeed] = deque(maxlen=1)
    try:
        measure(
            reader_to_measure(card.name, card.wait_s),
            rounds,
            pin=pin,
            purpose=_("Measures signatures of random numbers with the user-authentication key; they log in nowhere."),
            spend_last_try=pin_source.spend_last_try,
            keep=measured.append,
            progress=partial(_progress, rounds),
        )
    finally:  # what was measured is shown even if an error follows
        for speed in measured:
            (_print_json if as_json else _print)(speed)


@contextlib.contextmanager
def _progress(rounds: int, label: str) -> Generator[Callable[[], None], None, None]:
    """A bar on standard error, if that is a terminal: with a real card this takes many seconds."""
    done = count(1)
    with progress(_(label), rounds) as show:
        yield lambda: show(next(done))


# --- how it is shown -------------------------------------------------------------------------------------------


def _print(speed: CardSpeed) -> None:
    summaries = speed.summaries
    click.echo(_("Reader: {name}").format(name=printable(speed.reader)))
    click.echo(_("Rounds: {count}").format(count=speed.rounds))
    click.echo()
    header = (_("step"), _("APDUs"), _("to card"), _("from card"), _("median"), _("fastest"), _("slowest"))
    for line in table([header, *map(_cells, summaries)]):
        click.echo(line, file=as_rows(sys.stdout))
    for summary in summaries:
        if summary.bytes_per_s is not None:
            click.echo()
            click.echo(_("The certificate was read at {rate:,.0f} bytes per second.").format(rate=summary.bytes_per_s))
    click.echo()
    rows = [Row(_(summary.step.label), summary.median_ms, _ms(summary.median_ms)) for summary in summaries]
    for line in bars(rows, shutil.get_terminal_size().columns, blocks=has_blocks(sys.stdout.encoding)):
        click.echo(line, file=as_rows(sys.stdout))
    for step, refusal in speed.refused.items():
        click.echo(_("Not measured: {step}. {reason}").format(step=_(step.label), reason=refusal.text(_)), err=True)
    if not speed.finished:
        click.echo(_("It ended early; this was measured until then."), err=True)


def _cells(summary: Summary) -> tuple[str, ...]:
    samples = summary.samples
    return (
        _(summary.step.label),
        _span([sample.apdus for sample in samples]),
        _span([sample.sent for sample in samples]),
        _span([sample.received for sample in samples]),
        *map(_ms, (summary.median_ms, summary.min_ms, summary.max_ms)),
    )


def _span(counts: list[int]) -> str:
    low, high = min(counts), max(counts)
    return f"{low:,}" if low == high else f"{low:,}-{high:,}"


def _ms(ms: float) -> str:
    return f"{ms:,.2f} ms"


def _print_json(speed: CardSpeed) -> None:
    print_json(
        {
            "mynacard": __version__,
            "reader": speed.reader,
            "simulated": isinstance(card_name(speed.reader), Simulated),
            "rounds": speed.rounds,
            "finished": speed.finished,
            "refused": {step.value: str(refusal) for step, refusal in speed.refused.items()},
            "steps": {summary.step.value: _summary_json(summary) for summary in speed.summaries},
        }
    )


def _summary_json(summary: Summary) -> dict[str, object]:
    return {
        "median_ms": summary.median_ms, "min_ms": summary.min_ms, "max_ms": summary.max_ms,
        "bytes_per_s": summary.bytes_per_s,
        "measurements": [
            {
                "ms": sample.ms, "apdus": sample.apdus, "bytes_to_card": sample.sent,
                "bytes_from_card": sample.received,
            }
            for sample in summary.samples
        ],
    }  # fmt: skip

"""``mynacard bench``: how fast this card is on this reader."""

from __future__ import annotations

import base64
import contextlib
import secrets
import shutil
import sys
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Final

import click

from mynacard._version import __version__
from mynacard.cli.chart import Row, bars, has_blocks, table
from mynacard.cli.language import _
from mynacard.cli.measures import Meter, Sample, Step, Summary, summaries
from mynacard.cli.options import CardChoice, as_json, connection_options, number_options
from mynacard.cli.output import print_json
from mynacard.cli.secrets import PinSource
from mynacard.errors import CardError, CertificateAbsent, FileNotFound, SecurityStatusNotSatisfied, UsageError
from mynacard.jpki.layout import USER_AUTHENTICATION
from mynacard.jpki.session import JpkiSession
from mynacard.opening import card_name, choose_reader, open_card, pins
from mynacard.opening.names import AnyReader, FreshSimulated, ReaderNamed, Recorded, Simulated, SimulatedFile, named
from mynacard.opening.pins import PinProvider
from mynacard.pin import Pin
from mynacard.readers import list_readers, wait_for_card
from mynacard.texts import N_, printable

__all__ = ["bench"]

ROUNDS_MAX: Final = 100
ORIGIN: Final = "https://bench.invalid"
"""No site can have this name (RFC 2606), so the signatures log in nowhere."""
_NONCE_BYTES: Final = 33
_ON_SOME_CARDS: Final = (FileNotFound, CertificateAbsent, SecurityStatusNotSatisfied)
"""Refusals that belong to a kind of card: some have no PINs, and phones guard the certificate."""


@dataclass(slots=True)
class _Run:
    """The measurements so far of the card on *reader*."""

    reader: str
    rounds: int
    samples: list[Sample] = field(default_factory=list[Sample])
    refused: dict[Step, CardError] = field(default_factory=dict[Step, CardError])
    finished: bool = False


@click.command(
    help=_(
        "Measure how fast your card is on your reader: opening it, asking for the status of a PIN, reading the"
        " user-authentication certificate. Asks for a PIN only with --signature."
    )
)
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
    pin = pin_source.pin() if signature else None
    run = _Run(_reader(card), rounds)
    try:
        _measure_reading(run)
        if pin is not None:
            _measure_signatures(run, pin, pin_source.spend_last_try)
        run.finished = True
    finally:  # what was measured is shown even if an error follows
        show = _print_json if as_json else _print
        if run.samples:
            show(run)


def _reader(card: CardChoice) -> str:
    """The full name of the reader that *card* means, so that every round uses the same one; waits for the card.

    Raises:
        UsageError: *card* is a recording.
    """
    name = named(card.name)
    match card_name(name):
        case Recorded():
            raise UsageError(
                N_("A recording does not answer at a card's speed; place a card on a reader, or use a simulated one.")
            )
        case FreshSimulated() | SimulatedFile():
            return name
        case AnyReader() | ReaderNamed():
            return choose_reader(wait_for_card(name, card.wait_s) if card.wait_s else list_readers(), name)


# --- how it is measured ----------------------------------------------------------------------------------------


def _measure_reading(run: _Run) -> None:
    """Measure what needs no PIN. A first connection is not counted: it powers the card up, and loads modules."""
    with open_card(run.reader) as channel:
        JpkiSession(channel)
    with _progress(run.rounds, _("Reading")) as done:
        for _round in range(run.rounds):
            _read_once(run)
            done()


def _read_once(run: _Run) -> None:
    meter = Meter()
    with open_card(run.reader, around=meter.around) as channel:
        session = JpkiSession(channel)
        run.samples.append(meter.lap(Step.OPEN))
        _measure(run, meter, Step.PIN_STATUS, lambda: session.pin_status(USER_AUTHENTICATION))
        _measure(run, meter, Step.CERTIFICATE, lambda: session.certificate_der(USER_AUTHENTICATION))


def _measure(run: _Run, meter: Meter, step: Step, action: Callable[[], object]) -> None:
    meter.start()
    try:
        action()
    except _ON_SOME_CARDS as error:
        run.refused[step] = error
    else:
        run.samples.append(meter.lap(step))


def _measure_signatures(run: _Run, pin: Pin | PinProvider, spend_last_try: bool) -> None:
    """Measure signatures after one VERIFY. The key signs the hash of a random number and of a made-up site."""
    meter = Meter()
    purpose = _("Measures signatures of random numbers with the user-authentication key; they log in nowhere.")
    with (
        pins.verified_session(
            USER_AUTHENTICATION, pin, name=run.reader, purpose=purpose, signatures=run.rounds,
            spend_last_try=spend_last_try, around=meter.around,
        ) as session,
        _progress(run.rounds, _("Signing")) as done,
    ):  # fmt: skip
        session.certificate_der(USER_AUTHENTICATION)  # signatures are checked with it; reading it is not counted
        for _round in range(run.rounds):
            nonce = base64.b64encode(secrets.token_bytes(_NONCE_BYTES)).decode()
            meter.start()
            session.authenticate(ORIGIN, nonce)
            run.samples.append(meter.lap(Step.SIGNATURE))
            done()


@contextlib.contextmanager
def _progress(rounds: int, label: str) -> Generator[Callable[[], None], None, None]:
    """A bar on standard error, if that is a terminal: with a real card this takes many seconds."""
    with click.progressbar(length=rounds, label=label, file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
        yield lambda: bar.update(1)


# --- how it is shown -------------------------------------------------------------------------------------------


def _print(run: _Run) -> None:
    measured = summaries(run.samples)
    click.echo(_("Reader: {name}").format(name=printable(run.reader)))
    click.echo(_("Rounds: {count}").format(count=run.rounds))
    click.echo()
    header = (_("step"), _("APDUs"), _("to card"), _("from card"), _("median"), _("fastest"), _("slowest"))
    for line in table([header, *map(_cells, measured)]):
        click.echo(line)
    for summary in measured:
        if summary.step is Step.CERTIFICATE and summary.bytes_per_s is not None:
            click.echo()
            click.echo(_("The certificate was read at {rate:,.0f} bytes per second.").format(rate=summary.bytes_per_s))
    click.echo()
    rows = [Row(_(summary.step.label), summary.median_ms, _ms(summary.median_ms)) for summary in measured]
    for line in bars(rows, shutil.get_terminal_size().columns, blocks=has_blocks(sys.stdout.encoding)):
        click.echo(line)
    for step, refusal in run.refused.items():
        click.echo(_("Not measured: {step}. {reason}").format(step=_(step.label), reason=refusal.text(_)), err=True)
    if not run.finished:
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


def _print_json(run: _Run) -> None:
    print_json(
        {
            "mynacard": __version__,
            "reader": run.reader,
            "simulated": isinstance(card_name(run.reader), Simulated),
            "rounds": run.rounds,
            "finished": run.finished,
            "refused": {step.value: str(refusal) for step, refusal in run.refused.items()},
            "steps": {summary.step.value: _summary_json(summary) for summary in summaries(run.samples)},
        }
    )


def _summary_json(summary: Summary) -> dict[str, object]:
    return {
        "median_ms": summary.median_ms, "min_ms": summary.min_ms, "max_ms": summary.max_ms,
        "bytes_per_s": summary.bytes_per_s if summary.step is Step.CERTIFICATE else None,
        "measurements": [
            {
                "ms": sample.ms, "apdus": sample.apdus, "bytes_to_card": sample.sent,
                "bytes_from_card": sample.received,
            }
            for sample in summary.samples
        ],
    }  # fmt: skip

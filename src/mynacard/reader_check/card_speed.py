"""How fast a card is on a reader: opening it, the status of a PIN, reading a certificate, signing.

:func:`measure` makes a :class:`CardSpeed`. No PIN is presented unless the caller hands one over.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import field, replace
from typing import Final, TypeAlias

from mynacard._dataclasses import dataclass
from mynacard.errors import CardError, CertificateAbsent, FileNotFound, SecurityStatusNotSatisfied, UsageError
from mynacard.jpki.layout import USER_AUTHENTICATION
from mynacard.jpki.session import JpkiSession
from mynacard.opening import card_name, choose_reader, open_card
from mynacard.opening.names import AnyReader, FreshSimulated, ReaderNamed, Recorded, SimulatedFile, named
from mynacard.opening.pins import PinProvider, verified_session
from mynacard.pin import Pin
from mynacard.reader_check.measures import Meter, Sample, Step, Summary, summaries
from mynacard.readers import list_readers, wait_for_card
from mynacard.texts import N_

__all__ = ["CardSpeed", "Progress", "measure", "reader_to_measure"]

ORIGIN: Final = "https://bench.invalid"
"""No site can have this name (RFC 2606), so the signatures log in nowhere."""
_NONCE_BYTES: Final = 33
_ON_SOME_CARDS: Final = (FileNotFound, CertificateAbsent, SecurityStatusNotSatisfied)
"""Refusals that belong to a kind of card: some have no PINs, and phones guard the certificate."""

Progress: TypeAlias = Callable[[str], AbstractContextManager[Callable[[], object]]]
"""Called with a label in English when rounds begin, after any PIN entry; what it gives is called after each round."""


@dataclass(frozen=True, slots=True)
class CardSpeed:
    """The measurements of one card on one reader.

    Attributes:
        reader: the reader's full name, or the name of a simulated card.
        rounds: how many times each step was to be measured.
        refused: steps that this kind of card does not allow, with its last refusal; the others went on.
        finished: whether all rounds were made; an error or Ctrl-C ends them early.
    """

    reader: str
    rounds: int
    samples: tuple[Sample, ...] = ()
    refused: Mapping[Step, CardError] = field(default_factory=dict[Step, CardError])
    finished: bool = False

    @property
    def summaries(self) -> list[Summary]:
        """The samples by step, in the order of the steps."""
        return summaries(self.samples)


def reader_to_measure(name: str | None = None, wait_s: float = 0.0) -> str:
    """The full name of the reader that *name* means, so that every round uses the same one; waits for a card there.

    Args:
        name: which card, as :func:`mynacard.open_card` takes it. A simulated card keeps its name.
        wait_s: how many seconds to wait for a card to be placed on a reader.

    Raises:
        UsageError: *name* is that of a recording.
        ReaderError: PC/SC cannot be used, or no reader or several match, or no card came.
    """
    text = named(name)
    match card_name(text):
        case Recorded():
            raise UsageError(
                N_("A recording does not answer at a card's speed; place a card on a reader, or use a simulated one.")
            )
        case FreshSimulated() | SimulatedFile():
            return text
        case AnyReader() | ReaderNamed():
            return choose_reader(wait_for_card(text, wait_s) if wait_s else list_readers(), text)


def measure(
    reader: str,
    rounds: int,
    *,
    pin: Pin | PinProvider | None = None,
    purpose: str = "",
    spend_last_try: bool = False,
    keep: Callable[[CardSpeed], object] = lambda _: None,
    progress: Progress = lambda _: nullcontext(lambda: None),
) -> CardSpeed:
    """Measure opening the card, the status of a PIN and reading a certificate; with *pin*, signatures too.

    A round is a connection of its own. A first one is not counted: it powers the card up, and loads modules. All
    signatures take one VERIFY; the user-authentication key signs the hash of a random number and of a made-up site.

    Args:
        reader: the name of the reader, from :func:`reader_to_measure`.
        rounds: how many times to measure each step.
        pin: the user-authentication PIN, or a provider that gets it once the reading has been measured.
        purpose: what the PIN is for, to show to the holder.
        spend_last_try: send the PIN even if only one try is left.
        keep: called after every step with all measurements so far, and at the end; an error leaves no other result.
        progress: shows how far the rounds are.

    Raises:
        CardError: a refusal that does not belong to a kind of card.
        PinError, ReaderError: as :func:`mynacard.verified_session`.
    """
    run = _Run(CardSpeed(reader, rounds), keep, progress)
    run.measure_reading()
    if pin is not None:
        run.measure_signatures(pin, purpose, spend_last_try)
    run.becomes(replace(run.speed, finished=True))
    return run.speed


@dataclass(slots=True)
class _Run:
    """The measurements until now."""

    speed: CardSpeed
    keep: Callable[[CardSpeed], object]
    progress: Progress

    def becomes(self, speed: CardSpeed) -> None:
        self.speed = speed
        self.keep(speed)

    def add(self, sample: Sample) -> None:
        self.becomes(replace(self.speed, samples=(*self.speed.samples, sample)))

    def measure_reading(self) -> None:
        with open_card(self.speed.reader) as channel:
            JpkiSession(channel)
        with self.progress(N_("Reading")) as done:
            for _round in range(self.speed.rounds):
                self._read_once()
                done()

    def _read_once(self) -> None:
        meter = Meter()
        with open_card(self.speed.reader, around=meter.around) as channel:
            session = JpkiSession(channel)
            self.add(meter.lap(Step.OPEN))
            self._measure(meter, Step.PIN_STATUS, lambda: session.pin_status(USER_AUTHENTICATION))
            self._measure(meter, Step.CERTIFICATE, lambda: session.certificate_der(USER_AUTHENTICATION))

    def _measure(self, meter: Meter, step: Step, action: Callable[[], object]) -> None:
        meter.start()
        try:
            action()
        except _ON_SOME_CARDS as error:
            self.becomes(replace(self.speed, refused={**self.speed.refused, step: error}))
        else:
            self.add(meter.lap(step))

    def measure_signatures(self, pin: Pin | PinProvider, purpose: str, spend_last_try: bool) -> None:
        meter = Meter()
        with (
            verified_session(
                USER_AUTHENTICATION, pin, name=self.speed.reader, purpose=purpose, signatures=self.speed.rounds,
                spend_last_try=spend_last_try, around=meter.around,
            ) as session,
            self.progress(N_("Signing")) as done,
        ):  # fmt: skip
            session.certificate_der(USER_AUTHENTICATION)  # signatures are checked with it; reading it is not counted
            for _round in range(self.speed.rounds):
                nonce = base64.b64encode(secrets.token_bytes(_NONCE_BYTES)).decode()
                meter.start()
                session.authenticate(ORIGIN, nonce)
                self.add(meter.lap(Step.SIGNATURE))
                done()

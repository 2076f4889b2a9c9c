"""Simulated cards in files. What a card has once stored stays stored."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable, Generator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias, overload

from filelock import FileLock, Timeout

from mynacard.apdu.verification import check_form
from mynacard.doors.pki_cache import cached_pki, new_key_der
from mynacard.errors import CardFileError
from mynacard.jpki.layout import KEY_PAIRS
from mynacard.jpki.objects import Medium
from mynacard.pin import Pin
from mynacard.simulator.card_files import AnyContents, dump, load
from mynacard.simulator.individual.assembly import RESIDENCE, assemble
from mynacard.simulator.individual.card import SimulatedCard
from mynacard.simulator.individual.contents import DEFAULT_PINS, CardContents, fresh_pins
from mynacard.simulator.individual.issuing import ApplicationContents
from mynacard.simulator.individual.persona import DEFAULT_PERSONA, Persona
from mynacard.simulator.personas import AnyPersona
from mynacard.simulator.traits import Traits
from mynacard.storage import replace_file
from mynacard.texts import N_

if TYPE_CHECKING:
    from mynacard.simulator.residence.card import SimulatedResidenceCard
    from mynacard.simulator.residence.persona import ResidencePersona

__all__ = ["AnyCard", "create_file", "new_card", "open_file", "read_file"]

AnyCard: TypeAlias = "SimulatedCard | SimulatedResidenceCard"

CARD_FILE_MAX: Final = 1 << 20
LOCK_TIMEOUT_S: Final = 5.0


@overload
def new_card(
    traits: Traits = Traits(), pins: Mapping[str, str] = DEFAULT_PINS, persona: Persona = DEFAULT_PERSONA
) -> SimulatedCard: ...
@overload
def new_card(
    traits: Traits = Traits(), pins: Mapping[str, str] = DEFAULT_PINS, *, persona: ResidencePersona
) -> SimulatedResidenceCard: ...
@overload
def new_card(traits: Traits = Traits(), pins: Mapping[str, str] = DEFAULT_PINS, *, persona: AnyPersona) -> AnyCard: ...
def new_card(
    traits: Traits = Traits(), pins: Mapping[str, str] = DEFAULT_PINS, persona: AnyPersona = DEFAULT_PERSONA
) -> AnyCard:
    """A fresh simulated card, ready at once: its certificates are new, its keys are those of the test PKI's cache.

    Args:
        traits: how it behaves; a residence card has an answer to reset of its own.
        pins: the PINs of JPKI; a residence card has none.
        persona: what kind of card, and whose.
    """
    return _assembled(_contents(traits, pins, persona, own_keys=False), lambda: None)


def create_file(
    path: Path,
    traits: Traits = Traits(),
    pins: Mapping[str, str] = DEFAULT_PINS,
    persona: AnyPersona = DEFAULT_PERSONA,
) -> None:
    """Make a simulated card, with JPKI keys of its own, in a new file that only its owner can read.

    Raises:
        CardFileError: the file exists, or cannot be written.
        PinFormError: a PIN that a real card would not have.
    """
    for pair in KEY_PAIRS:
        check_form(pair.pin, Pin(pins[pair.name]))
    if path.exists():
        raise CardFileError(N_("{path} exists already."), path=str(path))
    _store(path, _contents(traits, pins, persona, own_keys=True))


def _contents(traits: Traits, pins: Mapping[str, str], persona: AnyPersona, *, own_keys: bool) -> AnyContents:
    if isinstance(persona, Persona):
        return _contents_of(traits, pins, persona, {name: new_key_der() for name in persona.certificates if own_keys})
    from mynacard.doors.residence_cache import cached_residence_pki  # noqa: PLC0415  # few cards need it
    from mynacard.simulator.residence.issuing import ATR, issue  # noqa: PLC0415

    signer = cached_residence_pki().signer(persona, datetime.now(UTC))
    return issue(persona, signer, replace(traits, atr=ATR))


def _contents_of(
    traits: Traits, pins: Mapping[str, str], persona: Persona, own_keys: Mapping[str, bytes]
) -> CardContents:
    found, now = cached_pki(generation=persona.generation), datetime.now(UTC) + persona.issued
    keys = found.issue(persona.holder, own_keys, now, persona.certificates, revoked=persona.revoked)
    card = persona.medium is Medium.CARD
    fresh = fresh_pins({name: pins[name] for name in persona.pins}, persona.holder if card else None)
    for name in persona.blocked:
        fresh[name].tries_left = 0
    applications = found.issue_applications(persona.holder) if card else {}
    if persona.specified:
        applications[RESIDENCE] = ApplicationContents()
    return CardContents(keys, fresh, traits, applications, persona.medium)


def _assembled(contents: AnyContents, remember: Callable[[], None]) -> AnyCard:
    if isinstance(contents, CardContents):
        return assemble(contents, remember, secrets.token_bytes)
    from mynacard.simulator.residence.card import SimulatedResidenceCard  # noqa: PLC0415

    # It remembers nothing over a power-off.
    return SimulatedResidenceCard(contents.type, contents.number, contents.files, contents.traits, secrets.token_bytes)


@contextlib.contextmanager
def open_file(path: Path) -> Generator[AnyCard, None, None]:
    """The card in the file *path*, for this process alone while the context lasts.

    Whatever its chip remembers is on the disk before the card answers.

    Raises:
        CardFileError: no such file, damaged, of another version, or in use by another process.
    """
    path = path.resolve()
    read_file(path)  # a file that is none leaves no lock beside it
    process = os.getpid()
    lock = FileLock(path.with_name(path.name + ".lock"), timeout=LOCK_TIMEOUT_S)
    try:
        lock.acquire()
    except Timeout as error:
        raise CardFileError(N_("The simulated card {path} is in use by another program."), path=str(path)) from error
    except OSError as error:
        raise _unusable(path, error) from error
    try:
        contents = read_file(path)
        yield _assembled(contents, lambda: _store(path, contents))
    finally:
        if os.getpid() == process:  # the lock of a forked process is its parent's
            lock.release()


def read_file(path: Path) -> AnyContents:
    """What the card in the file *path* has, without using it."""
    try:
        with path.open("rb") as file:
            text = file.read(CARD_FILE_MAX + 1)
    except OSError as error:
        raise _unusable(path, error) from error
    if len(text) > CARD_FILE_MAX:
        raise CardFileError(N_("{path} is too large to be a simulated card."), path=str(path))
    return load(text)


def _store(path: Path, contents: AnyContents) -> None:
    try:
        replace_file(path, dump(contents))
    except OSError as error:
        raise _unusable(path, error) from error


def _unusable(path: Path, error: OSError) -> CardFileError:
    return CardFileError(
        N_("The simulated card {path} cannot be used: {reason}."), path=str(path), reason=error.strerror or "?"
    )

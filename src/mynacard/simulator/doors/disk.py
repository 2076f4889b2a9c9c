"""Simulated cards in files. What a card has once stored stays stored."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Generator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from mynacard.apdu.verification import check_form
from mynacard.errors import CardFileError, mark
from mynacard.jpki.layout import KEY_PAIRS
from mynacard.jpki.objects import Medium
from mynacard.pin import Pin
from mynacard.simulator.assembly import assemble
from mynacard.simulator.card import SimulatedCard
from mynacard.simulator.card_file import dump, load
from mynacard.simulator.contents import DEFAULT_PINS, CardContents, fresh_pins
from mynacard.simulator.doors.atomic import replace_file
from mynacard.simulator.doors.pki_cache import cached_pki, new_key_der
from mynacard.simulator.persona import DEFAULT_PERSONA, Persona
from mynacard.simulator.traits import Traits

__all__ = ["create_file", "new_card", "open_file", "read_file"]

CARD_FILE_MAX: Final = 1 << 20
LOCK_TIMEOUT_S: Final = 5.0


def new_card(
    traits: Traits = Traits(), pins: Mapping[str, str] = DEFAULT_PINS, persona: Persona = DEFAULT_PERSONA
) -> SimulatedCard:
    """A fresh simulated card, ready at once: its certificates are new, its keys are those of the test PKI's cache."""
    return assemble(_contents(traits, pins, persona, {}), random_bytes=secrets.token_bytes)


def create_file(
    path: Path,
    traits: Traits = Traits(),
    pins: Mapping[str, str] = DEFAULT_PINS,
    persona: Persona = DEFAULT_PERSONA,
) -> None:
    """Make a simulated card, with JPKI keys of its own, in a new file that only its owner can read.

    Raises:
        CardFileError: the file exists, or cannot be written.
        PinFormError: a PIN that a real card would not have.
    """
    for pair in KEY_PAIRS:
        check_form(pair.pin, Pin(pins[pair.name]))
    if path.exists():
        raise CardFileError(mark("{path} exists already."), path=str(path))
    own_keys = {name: new_key_der() for name in persona.certificates}
    _store(path, _contents(traits, pins, persona, own_keys))


def _contents(traits: Traits, pins: Mapping[str, str], persona: Persona, own_keys: Mapping[str, bytes]) -> CardContents:
    found, now = cached_pki(generation=persona.generation), datetime.now(UTC) + persona.issued
    keys = found.issue(persona.holder, own_keys, now, persona.certificates, revoked=persona.revoked)
    card = persona.medium is Medium.CARD
    fresh = fresh_pins({name: pins[name] for name in persona.pins}, persona.holder if card else None)
    for name in persona.blocked:
        fresh[name].tries_left = 0
    applications = found.issue_applications(persona.holder) if card else {}
    return CardContents(keys, fresh, traits, applications, persona.medium)


@contextlib.contextmanager
def open_file(path: Path) -> Generator[SimulatedCard, None, None]:
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
        raise CardFileError(mark("The simulated card {path} is in use by another program."), path=str(path)) from error
    except OSError as error:
        raise _unusable(path, error) from error
    try:
        contents = read_file(path)
        yield assemble(contents, lambda: _store(path, contents), secrets.token_bytes)
    finally:
        if os.getpid() == process:  # the lock of a forked process is its parent's
            lock.release()


def read_file(path: Path) -> CardContents:
    """What the card in the file *path* has, without using it."""
    try:
        with path.open("rb") as file:
            text = file.read(CARD_FILE_MAX + 1)
    except OSError as error:
        raise _unusable(path, error) from error
    if len(text) > CARD_FILE_MAX:
        raise CardFileError(mark("{path} is too large to be a simulated card."), path=str(path))
    return load(text)


def _store(path: Path, contents: CardContents) -> None:
    try:
        replace_file(path, dump(contents))
    except OSError as error:
        raise _unusable(path, error) from error


def _unusable(path: Path, error: OSError) -> CardFileError:
    return CardFileError(
        mark("The simulated card {path} cannot be used: {reason}."), path=str(path), reason=error.strerror or "?"
    )

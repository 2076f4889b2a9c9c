"""Simulated cards in files. A card answers only after its changes are on the disk."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import Final

from mynacard import storage
from mynacard.apdu.verification import check_form
from mynacard.doors.new_cards import AnyCard, assembled, new_card, new_contents
from mynacard.errors import CardFileError
from mynacard.jpki.layout import KEY_PAIRS
from mynacard.pin import Pin
from mynacard.simulator.card_files import AnyContents, dump, load
from mynacard.simulator.individual.contents import DEFAULT_PINS, hidden_pins
from mynacard.simulator.individual.persona import DEFAULT_PERSONA
from mynacard.simulator.personas import AnyPersona
from mynacard.simulator.traits import Traits
from mynacard.texts import N_

__all__ = ["AnyCard", "create_file", "new_card", "open_file", "read_file"]

CARD_FILE_MAX: Final = 1 << 20
LOCK_TIMEOUT_S: Final = 5.0


def create_file(
    path: Path,
    traits: Traits = Traits(),
    pins: Mapping[str, str | Pin] = DEFAULT_PINS,
    persona: AnyPersona = DEFAULT_PERSONA,
) -> None:
    """Make a simulated card, with JPKI keys of its own, in a new file that only its owner can read.

    Raises:
        CardFileError: the file exists, or cannot be written.
        TestPkiError: the cache folder cannot be used.
        PinFormError: a real card would not have a PIN of this form.
    """
    known = hidden_pins(pins)
    del pins
    for pair in KEY_PAIRS:
        check_form(pair.pin, known[pair.name])
    exists = CardFileError(N_("{path} exists already."), path=str(path))
    if path.exists():  # seen before keys are made
        raise exists
    contents = new_contents(traits, known, persona, own_keys=True)
    try:
        _write(storage.create_file, path, contents)
    except FileExistsError:
        raise exists from None
    except OSError as error:
        raise _unusable(path, error) from error


@contextlib.contextmanager
def open_file(path: Path) -> Generator[AnyCard, None, None]:
    """The card in the file *path*, reserved for this process while the context lasts.

    Everything that its chip remembers is on the disk before the card answers.

    Raises:
        CardFileError: the file is missing, a link, damaged, of another version, or in use by another process.
    """
    path = path.parent.resolve() / path.name
    if path.is_symlink():  # it may have been put there by others, and each answer changes the file
        raise CardFileError(N_("The simulated card {path} is a link. Name the file itself."), path=str(path))
    read_file(path)  # first, so that no lock file is left next to a file that is not a card
    process = os.getpid()
    lock = storage.lock(path.with_name(path.name + ".lock"), LOCK_TIMEOUT_S)
    try:
        lock.acquire()
    except TimeoutError as error:  # the lock's
        raise CardFileError(N_("The simulated card {path} is in use by another program."), path=str(path)) from error
    except OSError as error:
        raise _unusable(path, error) from error
    try:
        contents = read_file(path)
        yield assembled(contents, lambda: _store(path, contents))
    finally:
        if os.getpid() == process:  # the lock of a forked process is its parent's
            lock.release()


def read_file(path: Path) -> AnyContents:
    """The contents of the card in the file *path*; nothing is locked or changed.

    Raises:
        CardFileError: the file is missing, damaged, or of another version.
    """
    try:
        with path.open("rb") as file:
            content = file.read(CARD_FILE_MAX + 1)
    except OSError as error:
        raise _unusable(path, error) from error
    if len(content) > CARD_FILE_MAX:
        raise CardFileError(N_("{path} is too large to be a simulated card."), path=str(path))
    return load(content)


def _write(write: Callable[[Path, bytes], None], path: Path, contents: AnyContents) -> None:
    """Write *contents*; no frame of an error's traceback has the bytes, which hold PINs and keys."""
    try:
        write(path, dump(contents))
    except OSError as error:
        raise error.with_traceback(None)  # noqa: B904  # it is the same error


def _store(path: Path, contents: AnyContents) -> None:
    try:
        _write(storage.replace_file, path, contents)
    except OSError as error:
        raise _unusable(path, error) from error


def _unusable(path: Path, error: OSError) -> CardFileError:
    return CardFileError(
        N_("The simulated card {path} cannot be used: {reason}."), path=str(path), reason=error.strerror or "?"
    )

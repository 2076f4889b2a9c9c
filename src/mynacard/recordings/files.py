"""Recordings in files: writes a new one while a card is used, and reads an existing one."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Mapping
from io import TextIOWrapper
from pathlib import Path

from mynacard.apdu.masking import ApplicationMask
from mynacard.apdu.message import Card
from mynacard.arguments import check_type
from mynacard.errors import CardFileError, UsageError
from mynacard.recordings.json_lines import SIZE_MAX, load
from mynacard.recordings.recorder import NOTHING, Recorder
from mynacard.recordings.recording import Recording
from mynacard.storage import create_stream
from mynacard.texts import N_

__all__ = ["read_recording", "recording_to"]


@contextlib.contextmanager
def recording_to(
    path: Path,
    rules: tuple[ApplicationMask, ...],
    about: Mapping[str, str] = NOTHING,
    *,
    replace: bool = False,
    clock: Callable[[], int] | None = None,
) -> Generator[Callable[[Card], Recorder], None, None]:
    """Record into the new file *path*: yields the *around* for one call of :func:`mynacard.open_card`.

    Only its owner can read the file. A use that ends in an error also leaves a complete recording; where no card was
    reached, no file remains.

    Args:
        path: the file.
        rules: the personal data of each application; :data:`mynacard.recordings.personal.PERSONAL` has all rules.
            All answers of an application without a rule are masked.
        about: a description of the recording in words: reader, card, day.
        replace: whether an existing file may be replaced.
        clock: nanoseconds from any moment on, as :func:`time.perf_counter_ns`, to record times.

    Raises:
        UsageError: the file exists, and *replace* is False.
        OSError: it cannot be written.
    """
    check_type(path, Path)
    try:
        stream = TextIOWrapper(create_stream(path, replace=replace), encoding="ascii", newline="\n")
    except FileExistsError:
        raise UsageError(
            N_("{path} already exists, and a recording does not replace a file."), path=str(path)
        ) from None
    recorders: list[Recorder] = []

    def around(card: Card) -> Recorder:
        recorders.append(Recorder(card, stream, rules, about, clock=clock))
        return recorders[-1]

    try:
        with stream:
            try:
                yield around
            finally:
                for recorder in recorders:
                    recorder.end()
    finally:
        if not recorders:
            path.unlink()


def read_recording(path: Path) -> Recording:
    """The recording in the file *path*.

    Raises:
        CardFileError: the file cannot be read, is not a recording, is damaged or cut off, or has another version.
    """
    check_type(path, Path)
    try:
        with path.open("rb") as file:
            content = file.read(SIZE_MAX + 1)
    except OSError as error:
        raise CardFileError(
            N_("The recording {path} cannot be read: {reason}."), path=str(path), reason=error.strerror or "?"
        ) from error
    return load(content, str(path))

"""Options that several commands share, and what stands behind them."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Final, ParamSpec, TypeVar

import click

from mynacard.cli.texts import _
from mynacard.jpki.layout import KEY_PAIRS, KeyPair
from mynacard.pin import Pin

__all__ = [
    "PAIRS",
    "PinSource",
    "as_json",
    "check_output",
    "pair_argument",
    "pin_options",
    "print_json",
    "reader_options",
    "verbose_option",
    "write_new",
]

P = ParamSpec("P")
R = TypeVar("R")

PAIRS: Final = {pair.name: pair for pair in KEY_PAIRS}
_PIN_LINE_MAX: Final = 256


def verbose_option(command: Callable[P, R]) -> Callable[P, R]:
    """``--verbose``, acted on here."""
    return click.option(
        "-v",
        "--verbose",
        is_flag=True,
        expose_value=False,
        callback=_verbose,
        help=_("Say on standard error what happens."),
    )(command)


def reader_options(command: Callable[P, R]) -> Callable[P, R]:
    """``--reader`` (a parameter) and ``--verbose``."""
    return click.option(
        "-r",
        "--reader",
        metavar="NAME",
        help=_(
            "The reader, or a part of its name; sim: for a simulated card, sim:PATH for the one in a file."
            "  [env: MYNACARD_READER]"
        ),
    )(verbose_option(command))


as_json = click.option("--json", "as_json", is_flag=True, help=_("Print JSON."))


def pair_argument(command: Callable[P, R]) -> Callable[P, R]:
    """Which of the two key pairs."""
    return click.argument("name", metavar="|".join(PAIRS), type=click.Choice(list(PAIRS)))(command)


def _verbose(_context: click.Context, _option: click.Parameter, wanted: bool) -> None:
    if wanted:
        logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(name)s: %(message)s")
        logging.getLogger("mynacard").setLevel(logging.DEBUG)


class PinSource:
    """Where a PIN comes from: a file, a file descriptor, or the person at the terminal; never an argument."""

    def __init__(self, file: str | None, descriptor: int | None, *, spend_last_try: bool, upper_case: bool) -> None:
        if file is not None and descriptor is not None:
            raise click.UsageError(_("--pin-file and --pin-fd exclude each other."))
        self._file = file
        self._descriptor = descriptor
        self.spend_last_try = spend_last_try
        self.upper_case = upper_case

    @property
    def prompts(self) -> bool:
        """Whether a person is asked, who should see the tries left before."""
        return self._file is None and self._descriptor is None

    def read(self, pair: KeyPair) -> Pin:
        """The PIN of *pair*: the first line of the source, without its end."""
        if self._descriptor is not None:
            return _from_descriptor(self._descriptor)
        if self._file == "-" and sys.stdin is not None:
            return _first_line(sys.stdin.buffer)
        if self._file not in (None, "-"):
            with Path(self._file).open("rb") as stream:
                return _first_line(stream)
        if sys.stdin is None or not sys.stdin.isatty():
            raise click.UsageError(_("There is no terminal to ask for the PIN at; use --pin-file or --pin-fd."))
        return Pin(click.prompt(_(pair.pin.label), hide_input=True, err=True, default="", show_default=False))


def _from_descriptor(number: int) -> Pin:
    try:
        with os.fdopen(number, "rb", closefd=False) as stream:
            return _first_line(stream)
    except OSError as error:  # which does not say where
        raise OSError(error.errno, error.strerror, f"--pin-fd {number}") from error


def _first_line(stream: IO[bytes]) -> Pin:
    return Pin(stream.readline(_PIN_LINE_MAX).rstrip(b"\r\n"))


def pin_options(command: Callable[..., R]) -> Callable[..., R]:
    """``--pin-file``, ``--pin-fd``, ``--spend-last-try`` and ``--upper-case``, handed on as one :class:`PinSource`."""

    def with_source(
        *args: object,
        pin_file: str | None,
        pin_fd: int | None,
        spend_last_try: bool,
        upper_case: bool,
        **kwargs: object,
    ) -> R:
        source = PinSource(pin_file, pin_fd, spend_last_try=spend_last_try, upper_case=upper_case)
        return command(*args, pin_source=source, **kwargs)

    with_source.__click_params__ = getattr(command, "__click_params__", [])  # type: ignore[attr-defined]
    with_source.__name__ = command.__name__
    for option in (
        click.option("--upper-case", is_flag=True, help=_("Turn small letters of the password into capitals.")),
        click.option(
            "--spend-last-try",
            is_flag=True,
            help=_("Send the PIN even if one try is left. A wrong one blocks the card."),
        ),
        click.option("--pin-fd", type=click.IntRange(0), metavar="N", help=_("Read the PIN from file descriptor N.")),
        click.option("--pin-file", metavar="PATH", help=_("Read the PIN from a file; - is standard input.")),
    ):
        with_source = option(with_source)
    return with_source


def print_json(document: Mapping[str, object] | list[Mapping[str, object]]) -> None:
    """*document* on standard output."""
    unicode = sys.stdout.encoding.lower().startswith("utf")
    click.echo(json.dumps(document, indent=2, ensure_ascii=not unicode))


def check_output(path: Path, *, force: bool) -> None:
    """That :func:`write_new` will do, as far as it can be told before somebody types a password for it."""
    if path.is_symlink() or (path.exists() and not path.is_file()):  # /dev/stdout would be replaced, not written to
        raise click.UsageError(_("{path} is no regular file.").format(path=path))
    if path.exists() and not force:
        raise click.UsageError(_("{path} exists already; --force replaces it.").format(path=path))
    if not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise click.UsageError(_("No file can be made in the folder {folder}.").format(folder=path.parent))


def write_new(path: Path, content: bytes, *, force: bool) -> None:
    """Write *content* to *path*, whole or not at all, and over an existing file only with *force*."""
    check_output(path, force=force)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)

"""Options that several commands share, and what stands behind them."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
import sys
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Final, ParamSpec, TypeVar

import click

from mynacard.apdu.verification import PinSecret, check_form
from mynacard.cli.texts import _
from mynacard.cli.wording import cost_text
from mynacard.errors import UsageError
from mynacard.jpki.layout import KEY_PAIRS
from mynacard.pin import AtKeypad, Pin
from mynacard.pin_entry import PinProvider, PinRequest, pin_from_stream, pins_from_stream
from mynacard.texts import N_

__all__ = [
    "PAIRS",
    "TIME",
    "CardChoice",
    "PinSource",
    "SecretStream",
    "as_json",
    "card_options",
    "check_output",
    "check_output_folder",
    "connection_options",
    "hidden_prompt",
    "keep_options",
    "number_options",
    "pair_argument",
    "password_options",
    "pin_options",
    "print_json",
    "read_up_to",
    "reader_options",
    "verbose_option",
    "whole_folder",
    "write_new",
]

P = ParamSpec("P")
R = TypeVar("R")

TIME: Final = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"])
"""A time without zone, which is UTC."""

PAIRS: Final = {pair.name: pair for pair in KEY_PAIRS}


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
            "The reader, or a part of its name; sim: for a simulated card, sim:@NAME for one of a kind, sim:PATH for"
            " the one in a file, replay:PATH for a recording."
            "  [env: MYNACARD_READER]"
        ),
    )(verbose_option(command))


@dataclass(frozen=True, slots=True)
class CardChoice:
    """Which card: its reader's name, how long it may take to be laid there, and where what passes is recorded."""

    name: str | None = None
    wait_s: float = 0.0
    record: Path | None = None


def card_options(command: Callable[..., R]) -> Callable[..., R]:
    """``--reader``, ``--wait``, ``--record``, handed on as one :class:`CardChoice`, and ``--verbose``."""
    record = click.option(
        "--record",
        type=click.Path(dir_okay=False, path_type=Path),
        help=_("Keep what passes to and from the card in a new file, PINs and personal data masked."),
    )
    return _choice_options(command, record)


def connection_options(command: Callable[..., R]) -> Callable[..., R]:
    """The same without ``--record``, for commands that connect several times."""
    return _choice_options(command)


def _choice_options(
    command: Callable[..., R], *more: Callable[[Callable[..., R]], Callable[..., R]]
) -> Callable[..., R]:
    def with_card(*args: object, reader: str | None, wait: float, record: Path | None = None, **kwargs: object) -> R:
        return command(*args, card=CardChoice(reader, wait, record), **kwargs)

    keep_options(command, with_card)
    wait = click.option(
        "--wait",
        type=click.FloatRange(0),
        default=0.0,
        metavar="SECONDS",
        help=_("Wait so long for a card to be laid on the reader."),
    )
    options: list[Callable[[Callable[..., R]], Callable[..., R]]] = [*more, wait]
    for option in options:
        with_card = option(with_card)
    return reader_options(with_card)


def keep_options(command: Callable[..., R], around: Callable[..., R]) -> None:
    """The options that *command* has are those of *around* it, too."""
    around.__click_params__ = getattr(command, "__click_params__", [])  # type: ignore[attr-defined]
    around.__name__ = command.__name__


as_json = click.option("--json", "as_json", is_flag=True, help=_("Print JSON."))


def pair_argument(command: Callable[P, R]) -> Callable[P, R]:
    """Which of the two key pairs."""
    return click.argument("name", metavar="|".join(PAIRS), type=click.Choice(list(PAIRS)))(command)


def _verbose(_context: click.Context, _option: click.Parameter, wanted: bool) -> None:
    if wanted:
        logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(name)s: %(message)s")
        logging.getLogger("mynacard").setLevel(logging.DEBUG)


class PinSource:
    """Where a PIN comes from: a file, a descriptor, the person at the terminal or the reader; never an argument."""

    def __init__(
        self, stream: SecretStream, *, spend_last_try: bool, upper_case: bool, keypad: AtKeypad | None = None
    ) -> None:
        self._stream = stream
        self.spend_last_try = spend_last_try
        self.upper_case = upper_case
        self.keypad = keypad

    def change(self) -> tuple[Pin, Pin] | Callable[[PinRequest], tuple[PinSecret, PinSecret]]:
        """The old PIN and the new one: the first two lines, or who asks the person for both, for the new one twice.

        Raises:
            click.UsageError, OSError: as :meth:`pin`.
        """
        if self.keypad is not None:
            return partial(_change_at_keypad, self.keypad)
        with self._stream.open() as stream:
            return _change_at_terminal if stream is None else pins_from_stream(stream)

    def pin(self) -> Pin | PinProvider:
        """The first line of the file or descriptor, without its end; where neither is given, who asks the person.

        Raises:
            click.UsageError: there is nobody to ask.
            OSError: the file or descriptor cannot be read.
        """
        if self.keypad is not None:
            return partial(_at_keypad, self.keypad)
        with self._stream.open() as stream:
            return _at_terminal if stream is None else pin_from_stream(stream)


@dataclass(frozen=True, slots=True)
class SecretStream:
    """What a secret is read from.

    Attributes:
        option: the beginning of the options' names, such as ``pin``.
        file: a path, or ``-`` for standard input.
        descriptor: or a file descriptor.
    """

    option: str
    file: str | None
    descriptor: int | None

    def __post_init__(self) -> None:
        if self.file is not None and self.descriptor is not None:
            raise click.UsageError(_("--{name}-file and --{name}-fd exclude each other.").format(name=self.option))

    @contextlib.contextmanager
    def open(self) -> Generator[IO[bytes] | None, None, None]:
        """The file or descriptor; None where the person is to be asked."""
        if self.descriptor is not None:
            with self._opened(self.descriptor) as stream:
                yield stream
        elif self.file == "-" and sys.stdin is not None:
            yield sys.stdin.buffer
        elif self.file not in (None, "-"):
            with Path(self.file).open("rb") as stream:
                yield stream
        elif sys.stdin is None or not sys.stdin.isatty():
            template = _("There is no terminal to ask for the {name} at; use --{option}-file or --{option}-fd.")
            raise click.UsageError(template.format(name=_(_NAMES[self.option]), option=self.option))
        else:
            yield None

    @contextlib.contextmanager
    def _opened(self, number: int) -> Generator[IO[bytes], None, None]:
        """File descriptor *number*, which stays open: whoever opened it closes it."""
        try:
            with os.fdopen(number, "rb", closefd=False) as stream:
                yield stream
        except OSError as error:  # which does not say where
            raise OSError(error.errno, error.strerror, f"--{self.option}-fd {number}") from error


_NAMES: Final = {"pin": N_("PIN"), "password": N_("password"), "number": N_("number")}


def _at_terminal(request: PinRequest) -> Pin:
    """Tell the person what the PIN is for and how many tries are left, and ask for it."""
    _tell(request)
    return hidden_prompt(_(request.pin.label))


def _change_at_terminal(request: PinRequest) -> tuple[Pin, Pin]:
    """The same for a change."""
    _tell(request)
    label = _(request.pin.label)
    old = hidden_prompt(_("The {pin} of now").format(pin=label))
    new = hidden_prompt(_("The new one: {form}").format(form=_(request.pin.form_label)))
    if new != hidden_prompt(_("The new one, again")):
        raise UsageError(N_("The new {pin} was typed in two ways. Nothing was sent."), pin=request.pin.label)
    return old, new


def _at_keypad(keypad: AtKeypad, request: PinRequest) -> AtKeypad:
    """Tell the person the same, and to type at the reader.

    Raises:
        NoKeypadError: it has letters; nobody is told to type them.
    """
    check_form(request.pin, keypad)
    _tell(request)
    click.echo(_("Type it at the reader's keys, within {seconds} s.").format(seconds=keypad.timeout_s), err=True)
    return keypad


def _change_at_keypad(keypad: AtKeypad, request: PinRequest) -> tuple[AtKeypad, AtKeypad]:
    """The same for a change."""
    check_form(request.pin, keypad)
    _tell(request)
    click.echo(_("Type at the reader's keys: the PIN of now, then the new one, then the new one again."), err=True)
    return keypad, keypad


def _tell(request: PinRequest) -> None:
    click.echo(request.purpose, err=True)
    if request.signatures:
        click.echo(_("Signatures: {count}").format(count=request.signatures), err=True)
    label = _(request.pin.label)
    click.echo(_("{pin}: {status}").format(pin=label, status=cost_text(request.status)), err=True)


def hidden_prompt(text: str) -> Pin:
    """What somebody types at the terminal, which does not show it."""
    return Pin(click.prompt(text, hide_input=True, err=True, default="", show_default=False))


def pin_options(command: Callable[..., R]) -> Callable[..., R]:
    """``--pin-file``, ``--pin-fd``, ``--keypad``, ``--untested-keypad``, ``--spend-last-try`` and ``--upper-case``.

    Handed on as one :class:`PinSource`.
    """
    return _source_options(
        command,
        click.option("--upper-case", is_flag=True, help=_("Turn small letters of the password into capitals.")),
        click.option(
            "--untested-keypad",
            is_flag=True,
            help=_("The same at a reader whose keys nobody is known to have tried with these cards."),
        ),
        click.option("--keypad", is_flag=True, help=_("Have the PIN typed at the reader's own keys.")),
    )


def password_options(command: Callable[..., R]) -> Callable[..., R]:
    """``--password-file`` and ``--password-fd``, handed on as ``password_source``, for commands that need both PINs."""

    def with_source(
        *args: object, password_file: str | None, password_fd: int | None, pin_source: PinSource, **kwargs: object
    ) -> R:
        stream = SecretStream("password", password_file, password_fd)
        source = PinSource(stream, spend_last_try=pin_source.spend_last_try, upper_case=pin_source.upper_case)
        return command(*args, pin_source=pin_source, password_source=source, **kwargs)

    keep_options(command, with_source)
    for option in (
        click.option("--password-fd", type=click.IntRange(0), metavar="N", help=_("The same for the password.")),
        click.option("--password-file", metavar="PATH", help=_("Read the signing password from a file.")),
    ):
        with_source = option(with_source)
    return pin_options(with_source)


def number_options(command: Callable[..., R]) -> Callable[..., R]:
    """The same for PINs and numbers that have no letters."""
    return _source_options(command)


def _source_options(
    command: Callable[..., R], *more: Callable[[Callable[..., R]], Callable[..., R]]
) -> Callable[..., R]:
    def with_source(
        *args: object,
        pin_file: str | None,
        pin_fd: int | None,
        spend_last_try: bool,
        upper_case: bool = False,
        keypad: bool = False,
        untested_keypad: bool = False,
        **kwargs: object,
    ) -> R:
        stream = SecretStream("pin", pin_file, pin_fd)
        typed = _typed(stream, keypad=keypad, untested=untested_keypad)
        source = PinSource(stream, spend_last_try=spend_last_try, upper_case=upper_case, keypad=typed)
        return command(*args, pin_source=source, **kwargs)

    keep_options(command, with_source)
    options: list[Callable[[Callable[..., R]], Callable[..., R]]] = [
        *more,
        click.option(
            "--spend-last-try",
            is_flag=True,
            help=_("Send the PIN even if one try is left. A wrong one blocks the card."),
        ),
        click.option("--pin-fd", type=click.IntRange(0), metavar="N", help=_("Read the PIN from file descriptor N.")),
        click.option("--pin-file", metavar="PATH", help=_("Read the PIN from a file; - is standard input.")),
    ]
    for option in options:
        with_source = option(with_source)
    return with_source


def _typed(stream: SecretStream, *, keypad: bool, untested: bool) -> AtKeypad | None:
    if not (keypad or untested):
        return None
    if stream.file is not None or stream.descriptor is not None:
        raise click.UsageError(_("--keypad and --pin-file or --pin-fd exclude each other."))
    return AtKeypad(untested=untested)


def print_json(document: Mapping[str, object] | list[Mapping[str, object]]) -> None:
    """*document* on standard output."""
    unicode = sys.stdout.encoding.lower().startswith("utf")
    text = json.dumps(document, indent=2, ensure_ascii=not unicode)
    click.echo(text.encode("utf-8", "backslashreplace").decode())  # a reader's name need not be a proper text


def check_output(path: Path, *, force: bool) -> None:
    """That :func:`write_new` will do, as far as it can be told before somebody types a password for it."""
    if path.is_symlink() or (path.exists() and not path.is_file()):  # /dev/stdout would be replaced, not written to
        raise click.UsageError(_("{path} is no regular file.").format(path=path))
    if path.exists() and not force:
        raise click.UsageError(_("{path} exists already; --force replaces it.").format(path=path))
    if not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise click.UsageError(_("No file can be made in the folder {folder}.").format(folder=path.parent))


def check_output_folder(path: Path, *, force: bool, made_by: str) -> None:
    """That :func:`whole_folder` will do, as far as it can be told before somebody types a number for it.

    Args:
        path: the folder.
        force: whether one that is there may be replaced: one that has the file *made_by*, or nothing, in it.
        made_by: the file that tells a folder of ours.
    """
    if path.is_symlink() or (path.exists() and not path.is_dir()):
        raise click.UsageError(_("{path} is no folder.").format(path=path))
    if path.exists() and any(path.iterdir()):
        if not force:
            raise click.UsageError(_("{path} exists already; --force replaces it.").format(path=path))
        if not (path / made_by).is_file():
            raise click.UsageError(_("{path} holds something else, and is not replaced.").format(path=path))
    if not path.absolute().parent.is_dir() or not os.access(path.absolute().parent, os.W_OK):
        raise click.UsageError(_("No file can be made in the folder {folder}.").format(folder=path.absolute().parent))


@contextlib.contextmanager
def whole_folder(path: Path) -> Generator[Path, None, None]:
    """A folder to fill, that only its owner can enter; it becomes *path* when all is in it, or is removed."""
    path = path.absolute()
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    former = path.with_name(f".{path.name}.{os.getpid()}.former")
    temporary.mkdir(mode=0o700)
    try:
        yield temporary
        if path.exists():
            path.replace(former)
        temporary.replace(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(former, ignore_errors=True)


def read_up_to(path: Path, most: int) -> bytes:
    """The file, or as much of it as shows that it has more than *most* bytes."""
    with path.open("rb") as stream:
        return stream.read(most + 1)


def write_new(path: Path, content: bytes, *, force: bool) -> None:
    """Write *content* to *path*, whole or not at all, and over an existing file only with *force*."""
    check_output(path, force=force)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)

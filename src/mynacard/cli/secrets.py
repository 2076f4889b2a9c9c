"""Where a PIN, password or number comes from: a file, a descriptor, the person at the terminal or at the reader."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Generator
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

import click

from mynacard._dataclasses import dataclass
from mynacard.cli.language import LANGUAGE, _
from mynacard.cli.typing_ahead import keep_quiet
from mynacard.errors import UsageError
from mynacard.pin import AtKeypad, Pin
from mynacard.texts import N_

if TYPE_CHECKING:
    from mynacard.apdu.pins import PinSecret
    from mynacard.opening.pins import PinProvider, PinRequest

__all__ = ["PinSource", "SecretStream", "hidden_prompt", "typed_at_keypad"]


class PinSource:
    """Where a PIN comes from: a file, a descriptor, the person at the terminal or the reader; never an argument."""

    def __init__(
        self,
        stream: SecretStream,
        *,
        spend_last_try: bool,
        upper_case: bool,
        keypad: AtKeypad | None = None,
        in_window: bool = False,
    ) -> None:
        self._stream = stream
        self.spend_last_try = spend_last_try
        self.upper_case = upper_case
        self.keypad = keypad
        self.in_window = in_window

    def change(self) -> tuple[Pin, Pin] | Callable[[PinRequest], tuple[PinSecret, PinSecret]]:
        """The old PIN and the new one: the first two lines, or a function that asks the person (twice for the new one).

        Raises:
            click.UsageError: the person is to be asked in a window; or as :meth:`pin`.
            OSError: as :meth:`pin`.
        """
        if self.in_window:
            raise click.UsageError(_("A PIN cannot be changed with --ask window."))
        if self.keypad is not None:
            return partial(_change_at_keypad, self.keypad)
        from mynacard.opening.pins import pins_from_stream

        with self._stream.open() as stream:
            if stream is not None:
                return pins_from_stream(stream)
        return partial(_change_at_terminal, self.upper_case)

    def pin(self) -> Pin | PinProvider:
        """The first line of the file or descriptor, without its end; by default, a function that asks the person.

        Raises:
            click.UsageError: there is no terminal to ask at.
            OSError: the file or descriptor cannot be read.
        """
        if self.in_window and self._stream.is_person:
            return partial(_in_window, self.keypad)
        if self.keypad is not None:
            return partial(_at_keypad, self.keypad)
        from mynacard.opening.pins import pin_from_stream

        with self._stream.open() as stream:
            if stream is not None:
                return pin_from_stream(stream)
        return _at_terminal


@dataclass(frozen=True, slots=True)
class SecretStream:
    """The file or descriptor that a secret is read from.

    Attributes:
        option: the beginning of the options' names, such as ``pin``.
        file: a path, or ``-`` for standard input.
        descriptor: a file descriptor instead.

    Raises:
        click.UsageError: both are given.
    """

    option: str
    file: str | None
    descriptor: int | None

    def __post_init__(self) -> None:
        if self.file is not None and self.descriptor is not None:
            raise click.UsageError(_("--{name}-file and --{name}-fd exclude each other.").format(name=self.option))

    @property
    def is_person(self) -> bool:
        """Whether neither a file nor a descriptor is given."""
        return self.file is None and self.descriptor is None

    @contextlib.contextmanager
    def open(self) -> Generator[IO[bytes] | None, None, None]:
        """The file or descriptor, opened; None if the person is to be asked, and the terminal is quiet from now on.

        Raises:
            click.UsageError: there is no terminal to ask at.
            OSError: the file or descriptor cannot be read.
        """
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
            keep_quiet(sys.stdin.fileno())
            yield None

    @contextlib.contextmanager
    def _opened(self, number: int) -> Generator[IO[bytes], None, None]:
        """File descriptor *number*, which stays open: the program that opened it closes it."""
        try:
            with os.fdopen(number, "rb", closefd=False) as stream:
                yield stream
        except OSError as error:  # which does not name the descriptor
            raise OSError(error.errno, error.strerror, f"--{self.option}-fd {number}") from error


_NAMES: Final = {"pin": N_("PIN"), "password": N_("password"), "number": N_("number")}


def _at_terminal(request: PinRequest) -> Pin:
    """Tell the person what the PIN is for and how many tries are left, and ask for it."""
    _tell(request)
    return hidden_prompt(_(request.pin.label))


def _in_window(keypad: AtKeypad | None, request: PinRequest) -> PinSecret:
    """Ask the person in a window, which says all that :func:`_tell` does.

    Raises:
        ConsentRefused: there is no PIN.
        NoKeypadError: it is to be typed at a keypad, and may have letters. The person is not asked.
    """
    from mynacard.apdu.verification import check_form
    from mynacard.consent import Act, Program
    from mynacard.consent.choosing import open_door
    from mynacard.consent.provider import Consent
    from mynacard.jpki.layout import DIGITAL_SIGNATURE

    if keypad is not None:
        check_form(request.pin, keypad)
    act = Act.SIGN if request.pin == DIGITAL_SIGNATURE.pin and request.signatures else Act.OTHER
    with contextlib.closing(open_door(language=LANGUAGE)) as door:
        return Consent(door, Program("mynacard"), act, keypad=keypad)(request)


def _change_at_terminal(upper_case: bool, request: PinRequest) -> tuple[Pin, Pin]:
    """The same for a change; asks for the old PIN once and for the new one twice.

    Raises:
        PinFormError: the new one has the wrong form; it is not asked for again.
        UsageError: its two entries differ.
    """
    from mynacard.apdu.verification import check_form

    _tell(request)
    label = _(request.pin.label)
    old = hidden_prompt(_("The current {pin}").format(pin=label))
    new = hidden_prompt(_("The new one: {form}").format(form=_(request.pin.form_label)))
    check_form(request.pin, new, upper_case=upper_case)
    if new != hidden_prompt(_("The new one, again")):
        raise UsageError(N_("The two entries of the new {pin} differ. Nothing was sent."), pin=request.pin.label)
    return old, new


def _at_keypad(keypad: AtKeypad, request: PinRequest) -> AtKeypad:
    """Tell the person the same, and to type the PIN at the reader.

    Raises:
        NoKeypadError: the PIN may have letters, which a keypad lacks. The person is not asked.
    """
    from mynacard.apdu.verification import check_form

    check_form(request.pin, keypad)
    _tell(request)
    click.echo(_("Type it on the reader's keypad within {seconds} s.").format(seconds=keypad.timeout_s), err=True)
    return keypad


def _change_at_keypad(keypad: AtKeypad, request: PinRequest) -> tuple[AtKeypad, AtKeypad]:
    """The same for a change."""
    from mynacard.apdu.verification import check_form

    check_form(request.pin, keypad)
    _tell(request)
    click.echo(_("On the reader's keypad, type the current PIN, then the new one, then the new one again."), err=True)
    return keypad, keypad


def _tell(request: PinRequest) -> None:
    from mynacard.cli.wording import cost_text

    click.echo(request.purpose, err=True)
    if request.signatures:
        click.echo(_("Signatures: {count}").format(count=request.signatures), err=True)
    label = _(request.pin.label)
    click.echo(_("{pin}: {status}").format(pin=label, status=cost_text(request.status)), err=True)


def hidden_prompt(text: str) -> Pin:
    """Ask at the terminal, which does not show what is typed."""
    return Pin(click.prompt(text, hide_input=True, err=True, default="", show_default=False))


def typed_at_keypad(stream: SecretStream, *, keypad: bool, untested: bool) -> AtKeypad | None:
    """The entry at the reader that the options ask for; None if they ask for none.

    Raises:
        click.UsageError: the options also name a file or descriptor.
    """
    if not (keypad or untested):
        return None
    if not stream.is_person:
        raise click.UsageError(_("--keypad and --pin-file or --pin-fd exclude each other."))
    return AtKeypad(untested=untested)

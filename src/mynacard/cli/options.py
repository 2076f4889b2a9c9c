"""Options that several commands share, and the values that they become."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, ParamSpec, TypeVar

import click

from mynacard._dataclasses import dataclass
from mynacard.cli.before import before
from mynacard.cli.language import LANGUAGES, _
from mynacard.cli.logs import show_everything
from mynacard.cli.secrets import PinSource, SecretStream, typed_at_keypad
from mynacard.jpki.layout import KEY_PAIRS
from mynacard.texts import printable

__all__ = [
    "PAIRS",
    "TIME",
    "CardChoice",
    "as_json",
    "card_options",
    "connection_options",
    "keep_options",
    "number_options",
    "pair_argument",
    "password_options",
    "pin_options",
    "reader_options",
    "verbose_option",
]

P = ParamSpec("P")
R = TypeVar("R")


def _time(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
        return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        wrong = _("{text} is not a time. Examples: 2026-12-01, 2026-12-01T12:00:00Z, 2026-12-01T21:00:00+09:00.")
        raise click.BadParameter(wrong.format(text=printable(text))) from None


TIME: Final = _time
"""A time (ISO 8601), as a ``datetime`` in UTC. Without a zone, it is in UTC."""

PAIRS: Final = {pair.name: pair for pair in KEY_PAIRS}


def verbose_option(command: Callable[P, R]) -> Callable[P, R]:
    """``--verbose`` and ``--lang``, which take effect here and in :mod:`mynacard.cli.language`."""
    command = click.option(
        "--lang", type=click.Choice(LANGUAGES), expose_value=False, help=_("The language of texts and help.")
    )(command)
    return click.option(
        "-v",
        "--verbose",
        is_flag=True,
        expose_value=False,
        callback=_verbose,
        help=_("Report on standard error what happens."),
    )(command)


def reader_options(command: Callable[P, R]) -> Callable[P, R]:
    """``--reader`` (a parameter) and ``--verbose``."""
    return click.option(
        "-r",
        "--reader",
        metavar="NAME",
        default=before("reader"),
        help=_(
            "The reader, or part of its name; or sim: for a simulated card, sim:@KIND for one of that kind, sim:PATH"
            " for the one in a file, replay:PATH for a recording."
            "  [env: MYNACARD_READER]"
        ),
    )(verbose_option(command))


@dataclass(frozen=True, slots=True)
class CardChoice:
    """Which card: its reader's name, how long to wait for it, and the file to record the exchange in."""

    name: str | None = None
    wait_s: float = 0.0
    record: Path | None = None


def card_options(command: Callable[..., R]) -> Callable[..., R]:
    """``--reader``, ``--wait``, ``--record``, passed on as one :class:`CardChoice`, and ``--verbose``."""
    record = click.option(
        "--record",
        type=click.Path(dir_okay=False, path_type=Path),
        help=_("Record the exchange with the card in a new file, with PINs and personal data masked."),
    )
    return _choice_options(command, record)


def connection_options(command: Callable[..., R]) -> Callable[..., R]:
    """As :func:`card_options`, without ``--record``: for commands that connect several times."""
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
        help=_("How long to wait for a card on the reader."),
    )
    options: list[Callable[[Callable[..., R]], Callable[..., R]]] = [*more, wait]
    for option in options:
        with_card = option(with_card)
    return reader_options(with_card)


def keep_options(command: Callable[..., R], around: Callable[..., R]) -> None:
    """Give *around* the name of *command*, and the options declared on it so far."""
    around.__click_params__ = getattr(command, "__click_params__", [])  # type: ignore[attr-defined]
    around.__name__ = command.__name__


as_json = click.option("--json", "as_json", is_flag=True, default=before("as_json"), help=_("Print JSON."))


def pair_argument(command: Callable[P, R]) -> Callable[P, R]:
    """The argument that names one of the two key pairs."""
    return click.argument("name", metavar="|".join(PAIRS), type=click.Choice(list(PAIRS)))(command)


def _verbose(_context: click.Context, _option: click.Parameter, wanted: bool) -> None:
    if wanted:
        show_everything()


def pin_options(command: Callable[..., R]) -> Callable[..., R]:
    """``--pin-file``, ``--pin-fd``, ``--ask``, the options for keypads, ``--spend-last-try`` and ``--upper-case``.

    Passed on as one :class:`PinSource`.
    """
    return _source_options(
        command,
        click.option("--upper-case", is_flag=True, help=_("Turn lowercase letters of the password into uppercase.")),
        click.option(
            "--untested-keypad",
            is_flag=True,
            help=_("The same, on a reader whose keypad is not known to work with these cards."),
        ),
        click.option("--keypad", is_flag=True, help=_("Have the PIN typed on the reader's own keypad.")),
    )


def password_options(command: Callable[..., R]) -> Callable[..., R]:
    """``--password-file`` and ``--password-fd``, passed on as ``password_source``, for commands that need both PINs."""

    def with_source(
        *args: object, password_file: str | None, password_fd: int | None, pin_source: PinSource, **kwargs: object
    ) -> R:
        stream = SecretStream("password", password_file, password_fd)
        source = PinSource(
            stream,
            spend_last_try=pin_source.spend_last_try,
            upper_case=pin_source.upper_case,
            in_window=pin_source.in_window,
        )
        return command(*args, pin_source=pin_source, password_source=source, **kwargs)

    keep_options(command, with_source)
    for option in (
        click.option(
            "--password-fd",
            type=click.IntRange(0),
            metavar="N",
            help=_("Read the signing password from file descriptor N."),
        ),
        click.option("--password-file", metavar="PATH", help=_("Read the signing password from a file.")),
    ):
        with_source = option(with_source)
    return pin_options(with_source)


def number_options(command: Callable[..., R]) -> Callable[..., R]:
    """``--pin-file``, ``--pin-fd``, ``--ask`` and ``--spend-last-try``, for PINs and numbers without letters."""
    return _source_options(command)


def _source_options(
    command: Callable[..., R], *more: Callable[[Callable[..., R]], Callable[..., R]]
) -> Callable[..., R]:
    def with_source(
        *args: object,
        pin_file: str | None,
        pin_fd: int | None,
        ask: str,
        spend_last_try: bool,
        upper_case: bool = False,
        keypad: bool = False,
        untested_keypad: bool = False,
        **kwargs: object,
    ) -> R:
        stream = SecretStream("pin", pin_file, pin_fd)
        typed = typed_at_keypad(stream, keypad=keypad, untested=untested_keypad)
        source = PinSource(
            stream, spend_last_try=spend_last_try, upper_case=upper_case, keypad=typed, in_window=ask == "window"
        )
        return command(*args, pin_source=source, **kwargs)

    keep_options(command, with_source)
    options: list[Callable[[Callable[..., R]], Callable[..., R]]] = [
        *more,
        click.option(
            "--spend-last-try",
            is_flag=True,
            help=_("Send the PIN even if only one try is left. A wrong one blocks it."),
        ),
        click.option(
            "--ask",
            type=click.Choice(["terminal", "window"]),
            default="terminal",
            help=_("Where to ask for what no file or descriptor holds: at the terminal, or in a window."),
        ),
        click.option("--pin-fd", type=click.IntRange(0), metavar="N", help=_("Read the PIN from file descriptor N.")),
        click.option("--pin-file", metavar="PATH", help=_("Read the PIN from a file; - is standard input.")),
    ]
    for option in options:
        with_source = option(with_source)
    return with_source

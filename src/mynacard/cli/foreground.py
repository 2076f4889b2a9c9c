"""Runs another program at the terminal, as a shell would, and reports how it ended.

Source: signal(7), sigaction(2) (who sent a signal), posix_spawn(3); POSIX, the shell's exit statuses 126 and 127.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Generator, Mapping, Sequence
from typing import Final

import click

from mynacard.cli.language import _
from mynacard.errors import UsageError
from mynacard.texts import N_, printable

__all__ = ["held_signals", "run"]

NOT_FOUND: Final = 127
NOT_RUNNABLE: Final = 126
_BY_SIGNAL: Final = 128
_LOOK_S: Final = 0.5
"""How often to look whether the program has ended: another thread of this process may have taken the signal."""


def _numbers(*names: str) -> frozenset[signal.Signals]:
    return frozenset(signal.Signals[name] for name in names if hasattr(signal, name))


_PASSED_ON: Final = _numbers("SIGINT", "SIGQUIT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2")
_HELD: Final = _PASSED_ON | _numbers("SIGCHLD")
_TO_DEFAULT: Final = _numbers("SIGPIPE", "SIGXFSZ")
"""Python ignores these signals, and the programs that it starts would inherit that."""


@contextlib.contextmanager
def held_signals() -> Generator[frozenset[int], None, None]:
    """Hold signals to this process back for :func:`run`, here and in new threads. Yields those held back before.

    Raises:
        UsageError: this system is not Linux.
    """
    if sys.platform == "linux":
        if signal.getsignal(signal.SIGCHLD) is signal.SIG_IGN:  # then the system would not report how the program ended
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _HELD)
        try:
            yield frozenset(before)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
    else:
        raise _elsewhere()


def run(command: Sequence[str], environment: Mapping[str, str], held_before: frozenset[int]) -> int:
    """Run *command* at this terminal, and wait for its end. Call it within :func:`held_signals`.

    Signals that another process sends to this one are passed on; those of the terminal reach the program anyway.

    Returns:
        The program's exit status; 128 plus the number of the signal that ended it; 127 if it is not found; 126 if it
        cannot be run.

    Raises:
        UsageError: this system is not Linux.
    """
    try:
        process = _start(command, environment, held_before)
    except OSError as error:
        reason = error.strerror or str(error)
        click.echo(_("mynacard: {program}: {reason}").format(program=printable(command[0]), reason=reason), err=True)
        return NOT_FOUND if isinstance(error, FileNotFoundError) else NOT_RUNNABLE
    while (status := _status(process)) is None:
        _pass_on_next(process)
    return status if status >= 0 else _BY_SIGNAL - status


def _start(command: Sequence[str], environment: Mapping[str, str], held: frozenset[int]) -> int:
    if sys.platform == "linux":
        return os.posix_spawnp(command[0], tuple(command), environment, setsigmask=held, setsigdef=_TO_DEFAULT)
    raise _elsewhere()


def _status(process: int) -> int | None:
    """The exit status of *process*, negative if a signal ended it; None while it runs."""
    if sys.platform == "linux":
        ended, status = os.waitpid(process, os.WNOHANG)
        return os.waitstatus_to_exitcode(status) if ended else None
    raise _elsewhere()


def _pass_on_next(process: int) -> None:
    """Wait for a signal; pass it to *process* if another process sent it to this one."""
    if sys.platform == "linux":
        received = signal.sigtimedwait(_HELD, _LOOK_S)
        # si_code: from a process, not the kernel
        if received is not None and received.si_signo in _PASSED_ON and received.si_code <= 0:
            os.kill(process, received.si_signo)
    else:
        raise _elsewhere()


def _elsewhere() -> UsageError:
    return UsageError(N_("Only on Linux can this command run other programs."))

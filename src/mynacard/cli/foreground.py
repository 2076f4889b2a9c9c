"""Runs another program at the terminal, as a shell would, and tells how it ended.

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
"""So soon an end is noticed of which no signal told: some other thread of this process may have taken it."""


def _numbers(*names: str) -> frozenset[signal.Signals]:
    return frozenset(signal.Signals[name] for name in names if hasattr(signal, name))


_PASSED_ON: Final = _numbers("SIGINT", "SIGQUIT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2")
_HELD: Final = _PASSED_ON | _numbers("SIGCHLD")
_AS_BORN: Final = _numbers("SIGPIPE", "SIGXFSZ")
"""Python ignores them, and what is ignored stays so in the programs that it starts."""


@contextlib.contextmanager
def held_signals() -> Generator[frozenset[int], None, None]:
    """Signals to this process wait for :func:`run`, here and in new threads. Gives what was held before."""
    if sys.platform == "linux":
        if signal.getsignal(signal.SIGCHLD) is signal.SIG_IGN:  # then nobody could tell how the program ended
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _HELD)
        try:
            yield frozenset(before)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
    else:
        raise _elsewhere()


def run(command: Sequence[str], environment: Mapping[str, str], held_before: frozenset[int]) -> int:
    """Run *command* with this terminal, and wait for its end; within :func:`held_signals`.

    What somebody sends to this process alone is passed on; what the terminal sends, the program gets itself.

    Returns:
        Its exit status; 128 and the signal that ended it; 127 or 126 where it is not found, or cannot be run.
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
        return os.posix_spawnp(command[0], tuple(command), environment, setsigmask=held, setsigdef=_AS_BORN)
    raise _elsewhere()


def _status(process: int) -> int | None:
    """How *process* ended: negative by a signal; None while it runs."""
    if sys.platform == "linux":
        ended, status = os.waitpid(process, os.WNOHANG)
        return os.waitstatus_to_exitcode(status) if ended else None
    raise _elsewhere()


def _pass_on_next(process: int) -> None:
    """Wait for a signal; give it to *process* if somebody sent it to this one alone."""
    if sys.platform == "linux":
        told = signal.sigtimedwait(_HELD, _LOOK_S)
        if told is not None and told.si_signo in _PASSED_ON and told.si_code <= 0:  # from a process, not the kernel
            os.kill(process, told.si_signo)
    else:
        raise _elsewhere()


def _elsewhere() -> UsageError:
    return UsageError(N_("Programs can be run in front of this one on only on Linux."))

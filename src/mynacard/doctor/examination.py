"""Looks at the desk, from the library to the card: each step needs the one before it. Spends no try."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import sys
from collections.abc import Iterator
from typing import Final

from mynacard import errors
from mynacard.apdu.channel import Channel
from mynacard.doctor.findings import Finding, Level
from mynacard.errors import mark
from mynacard.jpki.session import JpkiSession
from mynacard.readers import Deadlines, Library, ReaderCard, ReaderState, find_library, likely_holders, list_readers
from mynacard.residence.card import ResidenceCard

__all__ = ["examine"]

SOCKET_VARIABLE: Final = "PCSCLITE_CSOCK_NAME"
SOCKET: Final = "/run/pcscd/pcscd.comm"
"""Where pcsc-lite's service listens on Debian, Ubuntu and Fedora; it is fixed when the library is built."""

PATIENCE: Final = Deadlines(service_s=5.0, card_s=10.0, busy_s=2.0)
_CONNECT_S: Final = 2.0
_NOBODY_KNOWN: Final = mark("not known here")

_AT_THE_SOCKET: Final = {
    errno.ENOENT: "socket/absent",
    errno.ENOTDIR: "socket/absent",
    errno.ECONNREFUSED: "socket/deaf",
    errno.EACCES: "socket/forbidden",
    errno.EPERM: "socket/forbidden",
}


def examine(name: str = "") -> Iterator[Finding]:
    """What is found, as it is found. Ends where nothing more can be told.

    Args:
        name: a part of a reader's name; all readers without it.

    Raises:
        UsageError: ``MYNACARD_PCSC`` names no library.
    """
    try:
        library = find_library()
    except errors.NoPcscLibraryError as error:
        yield Finding("library/missing", {"cure": error})
        return
    yield Finding("library/found", {"library": library.name})
    if sys.platform not in ("win32", "darwin"):
        for finding in _look_at_socket():
            yield finding
            if finding.level is Level.PROBLEM:
                return
    try:
        states = list_readers(library, PATIENCE)
    except errors.ReaderError as error:
        yield _service(error)
        return
    yield Finding("service/running")
    yield from _look_at_readers(library, states, name)


def _look_at_socket() -> Iterator[Finding]:
    path = os.environ.get(SOCKET_VARIABLE) or SOCKET
    if SOCKET_VARIABLE in os.environ:
        yield Finding("socket/elsewhere", {"path": path})
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.settimeout(_CONNECT_S)
            probe.connect(path)
    except OSError as error:
        code = _AT_THE_SOCKET.get(error.errno or 0, "socket/failed")
        yield Finding(code, {"path": path, "reason": error.strerror or str(error)})
        return
    yield Finding("socket/open", {"path": path})


def _service(error: errors.ReaderError) -> Finding:
    match error:
        case errors.NoPcscServiceError():
            return Finding("service/not-running")
        case errors.AccessRefusedError():
            return Finding("service/refuses")
        case errors.CallTimeoutError():
            return Finding("service/silent", {"call": error.call})
        case _:
            return Finding("service/failed", {"reason": error})


def _look_at_readers(library: Library, states: tuple[ReaderState, ...], name: str) -> Iterator[Finding]:
    if not states:
        yield Finding("reader/none")
        return
    wanted = [state for state in states if name.casefold() in state.name.casefold()]
    if not wanted:
        yield Finding("reader/other", {"name": name, "readers": ", ".join(state.name for state in states)})
    for state in wanted:
        yield Finding("reader/found", {"reader": state.name})
        yield from _look_at_card(library, state)


def _look_at_card(library: Library, state: ReaderState) -> Iterator[Finding]:
    where = {"reader": state.name}
    if not state.card_present:
        yield Finding("card/none", where)
    elif state.mute:
        yield Finding("card/mute", where)
    elif state.exclusive:
        yield Finding("card/exclusive", {**where, **_holders()})
    else:
        if state.in_use:
            yield Finding("card/shared", {**where, **_holders()})
        yield _which_card(library, state.name)


def _which_card(library: Library, reader: str) -> Finding:
    where = {"reader": reader}
    try:
        with ReaderCard(reader, library, PATIENCE) as card, card.transaction():
            return _finding_of(Channel(card), where)
    except errors.ReaderBusyError:
        return Finding("card/held", {**where, **_holders()})
    except errors.CardMuteError:
        return Finding("card/mute", where)
    except (errors.CardLostError, errors.NoCardError, errors.ReaderNotFoundError):
        return Finding("card/lost", where)
    except errors.MynacardError as error:
        return Finding("card/failed", {**where, "reason": error})


def _finding_of(channel: Channel, where: dict[str, str]) -> Finding:
    with contextlib.suppress(errors.ApplicationNotFound):
        return Finding("card/jpki", {**where, "token": JpkiSession(channel).token_info().label})
    try:
        return Finding("card/residence", {**where, "card": ResidenceCard(channel).type.label})
    except (errors.CardError, errors.ProtocolError):
        return Finding("card/other", where)


def _holders() -> dict[str, str]:
    return {"holders": ", ".join(likely_holders()) or _NOBODY_KNOWN}

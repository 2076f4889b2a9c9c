"""A receiver on a port of this machine, for tests and for trying things out: plain http, unreachable from outside."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from threading import Thread
from typing import TYPE_CHECKING, Final, Literal

from mynacard.arguments import check_type
from mynacard.errors import ListeningError, MissingExtraError
from mynacard.portal.receiver import Receiver
from mynacard.submission.origin import origin_of
from mynacard.texts import N_

if TYPE_CHECKING:
    import uvicorn

__all__ = ["SERVER_NEEDS", "serve", "served"]

SERVER_NEEDS: Final = ("anyio", "pyhanko", "rfc8785", "starlette", "uvicorn")
"""All packages of the extra ``server`` that a receiver uses."""

_HOST: Final = "127.0.0.1"


@contextmanager
def served(receiver: Receiver, port: int = 0) -> Generator[str]:
    """Run *receiver* in a thread, with this port's origin in place of its own, and yield its address.

    The store stays open.

    Raises:
        MissingExtraError: uvicorn, or another package of the extra, is not installed.
        ListeningError: the port is taken, or this user may not listen there.
    """
    check_type(receiver, Receiver)
    with _listening(port) as listening:
        running = _server(receiver, listening, "off")
        thread = Thread(target=running.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            yield _origin(listening)
        finally:
            running.should_exit = True
            thread.join()


def serve(receiver: Receiver, port: int, listens: Callable[[str], object] = lambda _: None) -> None:
    """Serve *receiver* until the program is stopped; its store is closed then.

    Args:
        receiver: served with this port's origin in place of its own.
        port: of this machine; 0 for any that is free.
        listens: called with the address, once clients can connect.

    Raises:
        MissingExtraError, ListeningError: as :func:`served`.
    """
    check_type(receiver, Receiver)
    with _listening(port) as listening:
        server = _server(receiver, listening, "on")
        listens(_origin(listening))
        server.run(sockets=[listening])


def _listening(port: int) -> socket.socket:
    check_type(port, int)
    MissingExtraError.check(SERVER_NEEDS, "server")
    try:
        return socket.create_server((_HOST, port))
    except OSError as error:
        raise ListeningError(
            N_("Port {port} is not free, or you may not use it: {reason}. Choose another one."),
            port=port,
            reason=os.strerror(error.errno or 0),
        ) from error


def _server(receiver: Receiver, listening: socket.socket, lifespan: Literal["on", "off"]) -> uvicorn.Server:
    from mynacard.portal.lines import server  # noqa: PLC0415  # an extra
    from mynacard.portal.web import application  # noqa: PLC0415  # the same

    return server(application(replace(receiver, origin=_origin(listening))), lifespan)


def _origin(listening: socket.socket) -> str:
    return origin_of(f"http://{_HOST}:{listening.getsockname()[1]}")

"""pcsc-lite's service, looked at from below its library: the socket, and the protocol that it speaks there.

Source: pcsc-lite, src/winscard_msg.h and src/winscard_svc.c: a client's first message, and its answer, which is the
same without a header. The protocol is 4:4 up to 2.2, 4:5 from 2.3, 4:6 from 2.5. A library and a service with different
protocols refuse each other, unless the newer of them is 2.4.1 or later.
"""

from __future__ import annotations

import errno
import socket
import time
from collections.abc import Iterator
from typing import Final

from construct import Const, ConstructError, Int32sn, Int32un, Struct

from mynacard.apdu.wire import Wire
from mynacard.doctor.desk import Desk
from mynacard.doctor.findings import Finding
from mynacard.texts import N_

__all__ = ["SOCKET", "VARIABLE", "look_at_protocol", "look_at_socket"]

SOCKET: Final = "/run/pcscd/pcscd.comm"
"""Where the service listens on Debian, Ubuntu and Fedora; it is fixed when the library is built."""
VARIABLE: Final = "PCSCLITE_CSOCK_NAME"
"""The environment variable that sends the library elsewhere."""
_CONNECT_S: Final = 2.0

_AT_THE_SOCKET: Final = {
    errno.ENOENT: "socket/absent",
    errno.ENOTDIR: "socket/absent",
    errno.ECONNREFUSED: "socket/deaf",
    errno.EACCES: "socket/forbidden",
    errno.EPERM: "socket/forbidden",
}

_VERSION: Final[Wire] = Struct("major" / Int32sn, "minor" / Int32sn, "code" / Int32un)
_ASK_VERSION: Final[Wire] = Struct(
    "size" / Const(_VERSION.sizeof(), Int32un), "command" / Const(0x11, Int32un), "body" / _VERSION
)
_NEWEST: Final = {"major": 4, "minor": 6, "code": 0}
"""The newest known protocol."""
_SPOKEN_BY: Final = {(4, 4): "1.8.24 – 2.2", (4, 5): "2.3 – 2.4", (4, 6): "2.5"}
_NOT_KNOWN: Final = N_("not known here")


def look_at_socket(desk: Desk) -> Iterator[Finding]:
    """Whether the service listens at its socket."""
    path = _path(desk)
    if VARIABLE in desk.environment:
        yield Finding("socket/elsewhere", {"path": path})
    try:
        _connected(path).close()
    except OSError as error:
        code = _AT_THE_SOCKET.get(error.errno or 0, "socket/failed")
        yield Finding(code, {"path": path, "reason": error.strerror or str(error)})
        return
    yield Finding("socket/open", {"path": path})


def look_at_protocol(desk: Desk) -> Finding:
    """Why the library reports no service, although a program listens at its socket."""
    try:
        spoken = _spoken(_path(desk))
    except (OSError, ConstructError):  # it hangs up, does not answer in time, or answers something else
        return Finding("service/not-running")
    major, minor = spoken
    versions = _SPOKEN_BY.get(spoken, _NOT_KNOWN)
    return Finding("service/protocol", {"protocol": f"{major}:{minor}", "versions": versions})


def _path(desk: Desk) -> str:
    """The path at which PC/SC's library looks for the service."""
    return desk.environment.get(VARIABLE) or SOCKET


def _spoken(path: str) -> tuple[int, int]:
    """The protocol that the service at *path* says it speaks, in its answer to a client's first message."""
    with _connected(path) as asking:
        asking.sendall(_ASK_VERSION.build({"body": _NEWEST}))
        answer = _VERSION.parse(_received(asking, _VERSION.sizeof()))
    return answer.major, answer.minor


def _connected(path: str) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(_CONNECT_S)
        connection.connect(path)
    except BaseException:
        connection.close()
        raise
    return connection


def _received(connection: socket.socket, length: int) -> bytes:
    """*length* bytes, or fewer where the service hangs up; the time limit is for all of them."""
    until = time.monotonic() + _CONNECT_S
    received = b""
    while len(received) < length:
        connection.settimeout(max(until - time.monotonic(), 0.001))
        if not (more := connection.recv(length - len(received))):
            break
        received += more
    return received

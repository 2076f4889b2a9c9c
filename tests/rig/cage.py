"""Runs as process 1 of new network, mount and process namespaces: pcscd, and the card that dials it, until stdin ends.

The driver of the virtual reader listens on every network interface, so it gets a network that has only ``lo``.
pcscd keeps its process number under /run/pcscd and deletes it at the end, so it gets a /run/pcscd that is not the
system's. The path of its socket is compiled in, but it accepts a socket from systemd: this imitates systemd. When
process 1 ends, the kernel ends all others, so that nothing outlives the tests, however they end.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

PASSED_SOCKET = 3
"""The first descriptor that systemd passes; sd_listen_fds(3)."""


def main(folder: Path, pcscd: list[str], card: list[str]) -> None:
    """Start the commands *pcscd* and *card*; return when stdin or one of them ends."""
    run = Path("/run/pcscd")
    outer = run if run.is_dir() else run.parent
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", str(outer)], check=True)
    run.mkdir(exist_ok=True)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(folder / "pcscd.comm"))
    listener.listen()
    os.dup2(listener.fileno(), PASSED_SOCKET)
    signal.signal(signal.SIGCHLD, lambda *_: sys.exit("pcscd or the card has ended"))
    as_systemd = ["sh", "-c", 'LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"', "sh"]
    subprocess.Popen([*as_systemd, *pcscd], stdin=subprocess.DEVNULL, pass_fds=[PASSED_SOCKET])
    subprocess.Popen(card, stdin=subprocess.DEVNULL)
    sys.stdin.buffer.read()


if __name__ == "__main__":
    middle = sys.argv.index("--")
    main(Path(sys.argv[1]), sys.argv[2:middle], sys.argv[middle + 1 :])

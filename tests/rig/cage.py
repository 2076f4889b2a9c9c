"""Runs inside new network, mount and process namespaces: becomes pcscd, and starts the card that dials it.

The driver of the virtual reader listens on every network interface, so it gets a network that has none but ``lo``.
pcscd keeps its process number under /run/pcscd and deletes it at the end, so it gets a /run/pcscd that is not the
system's. Its socket is compiled in, but it takes one from systemd: this imitates systemd. And being process 1, whatever
it leaves behind ends with it.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

PASSED_SOCKET = 3
"""The first descriptor that systemd passes; sd_listen_fds(3)."""


def main(folder: Path, pcscd: list[str], card: list[str]) -> None:
    """Set up what is inside, start the *card* command, and become *pcscd*."""
    run = Path("/run/pcscd")
    outer = run if run.is_dir() else run.parent
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", str(outer)], check=True)
    run.mkdir(exist_ok=True)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(folder / "pcscd.comm"))
    listener.listen()
    subprocess.Popen(card, stdin=subprocess.DEVNULL, close_fds=False)  # it holds what says that the cage is not empty
    os.dup2(listener.fileno(), PASSED_SOCKET, inheritable=True)
    os.execve(pcscd[0], pcscd, os.environ | {"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())})


if __name__ == "__main__":
    middle = sys.argv.index("--")
    main(Path(sys.argv[1]), sys.argv[2:middle], sys.argv[middle + 1 :])

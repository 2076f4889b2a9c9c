"""25 MB go through client and receiver in pieces, on a real line, each in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from mynacard.submission import package
from mynacard.submission.application import Role
from mynacard.submission.client import Client
from mynacard.submission.outbox import EntryState, Outbox
from tests.portal.people import Somebody, logged_in, packed, receiver, registered, served
from tests.submission.packages import files_in
from tests.trust.authorities import key

SIZE = 8_300_000
"""Of each of three files."""

ROOT = str(Path(__file__).parents[2])
PEAK = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from tests.trust import authorities
keys = {path.stem: load_pem_private_key(path.read_bytes(), None) for path in Path(sys.argv[3]).glob("*.pem")}
authorities._key = lambda name, bits: keys[name]  # the same people in both processes
from tests.portal import test_memory as here

def peak():
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
"""
CLIENT = f"""{PEAK}
exchange = here.Exchange(sys.argv[2], here.Path(sys.argv[3]))
exchange.send(exchange.small)
before = peak()
exchange.send(exchange.large)
print(peak() - before)
"""
RECEIVER = f"""{PEAK}
with here.served(here.receiver(here.Path(sys.argv[3]) / "portal")) as url:
    print(url, flush=True)
    for _ in sys.stdin:
        print(peak(), flush=True)
"""


@dataclass
class Exchange:
    """A client of a receiver, with small and with large files that are there already."""

    url: str
    folder: Path

    def __post_init__(self) -> None:
        self.small, self.large = (self._files(name) for name in ("small", "large"))
        self._jane, self._outbox = Somebody(), Outbox(self.folder / "outbox")
        self._client = Client(self.url, self._outbox)
        registered(self._client, self._jane)
        logged_in(self._client, self._jane)

    def _files(self, name: str) -> Any:
        paths = tuple(self.folder / name / file for file in ("photo.jpg", "contract.pdf", "proof.pdf"))
        roles = (Role.PHOTO, Role.DOCUMENT, Role.DOCUMENT)
        taken = (date(2026, 11, 1), None, None)
        return paths, tuple(
            package.attachment(path, role, taken=day) for path, role, day in zip(paths, roles, taken, strict=True)
        )

    def send(self, files: Any) -> None:
        entry = packed(self._client, self._outbox, self._jane, self.folder, files=files)
        assert self._client.submit(entry).state is EntryState.RECEIVED

    def close(self) -> None:
        self._client.close()


def script(source: str, *arguments: str | Path) -> list[str]:
    return [sys.executable, "-c", source, ROOT, *map(str, arguments)]


NAMES = ("ca 3", "holder", "holder log-in", "somebody")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in NAMES:
        private = key(name).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (tmp_path / f"{name}.pem").write_bytes(private)
    files_in(tmp_path / "small")
    files_in(tmp_path / "large", SIZE)
    return tmp_path


@pytest.mark.thorough("files of hundreds of megabytes, and processes whose memory is measured")
def test_the_client_takes_less_than_20_mb_for_it(folder: Path) -> None:
    made = receiver(folder / "portal")
    with served(made) as url:
        done = subprocess.run(script(CLIENT, url, folder), capture_output=True, text=True, check=False, timeout=60)
    made.store.close()
    assert done.returncode == 0, done.stderr
    print("client:", done.stdout)
    assert 0 <= int(done.stdout) < 20_000_000


@pytest.mark.thorough("files of hundreds of megabytes, and processes whose memory is measured")
def test_the_receiver_takes_less_than_40_mb_for_it(folder: Path) -> None:
    with subprocess.Popen(
        script(RECEIVER, "", folder), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        exchange = Exchange(process.stdout.readline().strip(), folder)
        peaks = list[int]()
        for files in (exchange.small, exchange.large):
            exchange.send(files)
            process.stdin.write("\n")
            process.stdin.flush()
            peaks.append(int(process.stdout.readline()))
        exchange.close()
        process.stdin.close()
    print("receiver:", peaks[1] - peaks[0])
    assert peaks[1] - peaks[0] < 40_000_000

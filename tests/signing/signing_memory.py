"""How much memory it takes to sign a PDF file, in a process for each way: at its peak, beyond what a small file takes.

Usage, for one way: python -m tests.signing.signing_memory WAY FILE OUTPUT. Prints bytes.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from mynacard.pin import Pin
from mynacard.signing import pades
from mynacard.signing.making import Format, Making, add_time_stamp_in
from mynacard.signing.shown import sign_to_files
from mynacard.storage import whole_file
from tests.cli.command_line import run
from tests.signing import tsa
from tests.signing.documents import CERTIFICATE
from tests.signing.large import stream
from tests.trust.authorities import key

__all__ = ["WAYS", "measured"]

SIZE: Final = 200_000_000
_KIB: Final = 1024


def file_to_file(file: Path, output: Path) -> None:
    """With a simulated card, dry run and copy included."""
    list(sign_to_files(Making(Format.PADES), {file: output}, Pin("ABC123"), name="sim:", replace=True))


def by_command(file: Path, output: Path) -> None:
    """With ``mynacard sign``."""
    (pin := output.with_name("pin")).write_text("ABC123")
    outcome = run("sign", file, "--format", "pades", "-o", output, "--force", "-r", "sim:", "--pin-file", pin)
    if outcome.code != 0:
        raise ValueError(outcome.err)


def time_stamped(file: Path, output: Path) -> None:
    with whole_file(output, replace=True) as signed:
        with file.open("rb") as original:
            shutil.copyfileobj(original, signed)
        pades.sign_in(signed, CERTIFICATE, key("holder"), room_for_time_stamp=True)
        add_time_stamp_in(signed, tsa.answered)


def bytes_to_bytes(file: Path, _output: Path) -> None:
    data = file.read_bytes()
    pades.examine(data)
    pades.sign(data, CERTIFICATE, key("holder"))


WAYS: Final[dict[str, tuple[Callable[[Path, Path], None], float]]] = {
    "from file to file": (file_to_file, 0.3),
    "by the command": (by_command, 0.3),
    "in a file, with a time stamp": (time_stamped, 0.3),
    "from bytes to bytes": (bytes_to_bytes, 2.2),
}
"""The ways, and the most that each may take, in lengths of the file."""


def measured(way: str, folder: Path) -> float:
    """The memory that *way* takes, in lengths of the file; the file is made in *folder*, and removed."""
    file = folder / "large.pdf"
    file.write_bytes(stream(SIZE))
    try:
        words = [sys.executable, "-m", "tests.signing.signing_memory", way, str(file), str(folder / "signed.pdf")]
        return int(subprocess.run(words, check=True, capture_output=True, text=True).stdout) / file.stat().st_size
    finally:
        file.unlink()
        (folder / "signed.pdf").unlink(missing_ok=True)


def _peak() -> int:
    """The most bytes that this process has had; getrusage would count those of the process that started it, too."""
    (line,) = re.findall(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())
    return int(line) * _KIB


def main(way: str, file: Path, output: Path) -> None:
    work, _ = WAYS[way]
    (small := output.with_name("small.pdf")).write_bytes(stream(1000))
    work(small, output)
    before = _peak()
    work(file, output)
    print(_peak() - before)


if __name__ == "__main__":
    main(sys.argv[1], *map(Path, sys.argv[2:]))

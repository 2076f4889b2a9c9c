"""A host that does what a file says: for what the extension makes of hosts that are late, old or wrong.

The file is a JSON object: ``greeting``, ``answer``; without one of them the host ends there. The answer ``hang`` waits.
What it was sent is written beside the file, in ``.heard``.
"""

from __future__ import annotations

import json
import struct
import sys
from pathlib import Path
from typing import Any


def say(message: object) -> None:
    data = json.dumps(message).encode()
    sys.stdout.buffer.write(struct.pack("=I", len(data)) + data)
    sys.stdout.buffer.flush()


def heard() -> bytes:
    (length,) = struct.unpack("=I", sys.stdin.buffer.read(4))
    return sys.stdin.buffer.read(length)


def main(file: Path) -> None:
    script: dict[str, Any] = json.loads(file.read_text("utf-8"))
    for part in ("greeting", "answer"):
        if part == "answer":
            file.with_suffix(".heard").write_bytes(heard())
        match script.get(part):
            case None:
                return
            case "hang":
                file.with_suffix(".hangs").touch()
                sys.stdin.buffer.read()
            case message:
                say(message)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

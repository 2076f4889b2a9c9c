"""Puts the card in a file on the virtual reader, as ``mynacard sim vpcd`` does, and writes a line for each APDU."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TextIO

from mynacard.doors import disk, vpcd
from mynacard.simulator import SimulatedCard


def main(card_file: Path, port: int, log: Path) -> None:
    with disk.open_file(card_file) as card, log.open("w", encoding="utf-8") as lines:
        _count(card, lines)
        vpcd.serve(card, port)


def _count(card: SimulatedCard, lines: TextIO) -> None:
    def transmit(command: bytes, /) -> bytes:
        print("  > ", file=lines, flush=True)
        return answer(command)

    answer = card.transmit
    vars(card)["transmit"] = transmit


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))

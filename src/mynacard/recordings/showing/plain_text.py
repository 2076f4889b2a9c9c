"""A dialogue as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mynacard.recordings.showing.durations import Share, milliseconds, shares
from mynacard.recordings.showing.words import Line

__all__ = ["text"]


def text(lines: Sequence[Line]) -> Iterator[str]:
    """The dialogue *lines*, two lines of text for each exchange; then how the time was spent."""
    for line in lines:
        when = f"{milliseconds(line.at_us):>10} ms " if line.at_us is not None else ""
        took = f" [{milliseconds(line.took_us)} ms]" if line.took_us is not None else ""
        yield f"{when}> {line.said}"
        yield f"{' ' * len(when)}< {line.answered}{took}"
    for share in shares(lines):
        yield f"{share.kind}: {', '.join(_parts(share))}"


def _parts(share: Share) -> Iterator[str]:
    if share.count:
        yield f"{share.count} command{'s' * (share.count > 1)}"
    if share.spent_us is not None:
        yield f"{milliseconds(share.spent_us)} ms"

"""What the holder has set for the program that browsers start: a small file, read at each start.

An installation is more than a manifest: pages on this computer, pages that may ask for the signing key, and how the
holder is asked are allowed by name, by ``mynacard webeid``, and never by a page, an argument or the environment.
"""

from __future__ import annotations

from mynacard._dataclasses import dataclass

__all__ = ["Settings"]


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of the host.

    Attributes:
        loopback: ``http`` origins on this computer that may log in.
        signing: origins that may ask for the signing certificate and for signatures.
        consent: how the holder is asked: empty for what there is, ``keypad``, ``pinentry``, ``window``, or
            ``script:PATH`` for tests.
        card: which card, as :func:`mynacard.open_card` takes it; empty for the one reader that holds a card.
    """

    loopback: frozenset[str] = frozenset()
    signing: frozenset[str] = frozenset()
    consent: str = ""
    card: str = ""

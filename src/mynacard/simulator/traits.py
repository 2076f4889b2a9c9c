"""How a simulated card behaves where cards and readers differ."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

__all__ = ["ATR_CONTACT", "ATR_CONTACTLESS", "Personality", "Traits"]

ATR_CONTACT = bytes.fromhex("3BE000FF8131FE4514")
ATR_CONTACTLESS = bytes.fromhex("3B888001000005E0B381A1007F")


class Personality(StrEnum):
    """The effect of a warm reset. Reports about real cards contradict expectation, and each other.

    A driver must work with both.
    """

    STRICT = "strict"
    """A warm reset clears everything, as a power-off does: the safest to test drivers with."""
    OBSERVED = "observed"
    """A warm reset keeps application and verified PINs, and clears the current EF (soltia48/myna-card, myna-sign)."""


@dataclass(frozen=True, slots=True)
class Traits:
    """How a card behaves.

    Attributes:
        personality: what a warm reset keeps.
        extended_length: whether commands with extended Lc or Le are understood; '6700' if not.
        atr: the answer to reset.
    """

    personality: Personality = Personality.STRICT
    extended_length: bool = True
    atr: bytes = ATR_CONTACT

    def document(self) -> dict[str, object]:
        """These traits as JSON types."""
        return {
            "personality": self.personality.value,
            "extended_length": self.extended_length,
            "atr": self.atr.hex().upper(),
        }

    @classmethod
    def of(cls, document: Any) -> Traits:
        """The traits in *document*.

        Raises:
            ValueError, KeyError, TypeError: it does not hold any.
        """
        if type(document["extended_length"]) is not bool:
            raise ValueError
        return cls(Personality(document["personality"]), document["extended_length"], bytes.fromhex(document["atr"]))

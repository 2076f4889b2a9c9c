"""How a simulated card behaves where cards and readers differ."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

from mynacard._dataclasses import dataclass
from mynacard.simulator.choices import chosen

__all__ = ["ATR_CONTACT", "ATR_CONTACTLESS", "EF_SIZE", "EF_SIZE_MAX", "Personality", "Traits"]

ATR_CONTACT = bytes.fromhex("3BE000FF8131FE4514")
ATR_CONTACTLESS = bytes.fromhex("3B888001000005E0B381A1007F")
EF_SIZE: Final = chosen(2048, "size of a certificate's EF", "2,048 bytes; a trait")
EF_SIZE_MAX: Final = 1 << 15
"""P1-P2 has 15 bits for an offset (ISO/IEC 7816-4:2005 §7.2.2)."""


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
        ef_size: bytes of the EF of a certificate, of which 'FF' fills the rest; None: as long as its content. A
            longer certificate has an EF of its own length.
        wide_attributes: whether the four attributes begin with 'FF20 82' and two bytes of length, however short they
            are; one client's fixed offsets fit only such a card.
    """

    personality: Personality = Personality.STRICT
    extended_length: bool = True
    atr: bytes = ATR_CONTACT
    ef_size: int | None = EF_SIZE
    wide_attributes: bool = False

    def document(self) -> dict[str, object]:
        """These traits as JSON types."""
        return {
            "personality": self.personality.value,
            "extended_length": self.extended_length,
            "atr": self.atr.hex().upper(),
            "ef_size": self.ef_size,
            "wide_attributes": self.wide_attributes,
        }

    @classmethod
    def of(cls, document: Any) -> Traits:
        """The traits in *document*. One that a file of an older version does not have is the default.

        Raises:
            ValueError, KeyError, TypeError: it does not hold any.
        """
        ef_size = document.get("ef_size", EF_SIZE)
        if ef_size is not None and not (type(ef_size) is int and 0 <= ef_size <= EF_SIZE_MAX):
            raise ValueError
        return cls(
            Personality(document["personality"]),
            _flag(document["extended_length"]),
            bytes.fromhex(document["atr"]),
            ef_size,
            _flag(document.get("wide_attributes", False)),
        )


def _flag(value: Any) -> bool:
    if type(value) is not bool:
        raise ValueError
    return value

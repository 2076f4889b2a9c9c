"""The ways of asking that a setting may name."""

from __future__ import annotations

from typing import Final

__all__ = ["KEYPAD", "NAMED", "PINENTRY", "SCRIPT", "WINDOW"]

KEYPAD: Final = "keypad"
PINENTRY: Final = "pinentry"
WINDOW: Final = "window"
NAMED: Final = (KEYPAD, PINENTRY, WINDOW)
SCRIPT: Final = "script:"
"""Before the path of a script, which answers in tests (:mod:`mynacard.consent.scripted`)."""

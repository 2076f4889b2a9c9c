"""The mark of what the simulator chose where no source tells what a card does.

docs/simulator.md prints its table of choices from these marks (tools/choices_table.py).
"""

from __future__ import annotations

from typing import TypeVar

__all__ = ["chosen"]

T = TypeVar("T")


def chosen(value: T, situation: str, does: str = "", certainty: str = "?") -> T:  # read in the source
    """*value*, which is a choice of the simulator. Its other arguments are literals, and are what the table prints.

    Args:
        value: what was chosen.
        situation: when it matters.
        does: what the simulator does then; empty where *value* is a member of StatusWord, which says it.
        certainty: how sure it is, and what else is possible.
    """
    return value

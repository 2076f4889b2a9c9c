"""Simulated cards for the tests of other projects: a pytest plugin, and the values that its fixtures give.

pytest finds the plugin by itself if mynacard is installed (:mod:`mynacard.testing.plugin`); nothing here needs it.
The names below load their modules when they are first used: pytest imports this package at every start.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mynacard.testing.cards import CardOptions, CardUnderTest, Count, count
    from mynacard.testing.readers import ReaderUnderTest, reader_with

__all__ = ["CardOptions", "CardUnderTest", "Count", "ReaderUnderTest", "count", "reader_with"]

_HOMES: Final = {
    "CardOptions": "cards",
    "CardUnderTest": "cards",
    "Count": "cards",
    "ReaderUnderTest": "readers",
    "count": "cards",
    "reader_with": "readers",
}


if not TYPE_CHECKING:  # a type checker would accept any name

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*__all__, *_HOMES.values(), "plugin"})

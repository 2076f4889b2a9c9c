"""The one type of construct's definitions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from construct import Construct

    Wire: TypeAlias = Construct[Any, Any]
else:  # construct's classes cannot be subscripted at run time
    Wire: TypeAlias = Any

__all__ = ["Wire"]

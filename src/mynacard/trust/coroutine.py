"""Coroutines that never wait, since nothing is fetched: their result at once, in an event loop and outside of one."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar

__all__ = ["result"]

_T = TypeVar("_T")


def result(coroutine: Coroutine[Any, Any, _T]) -> _T:
    """What *coroutine* returns; what it raises comes out.

    Raises:
        AssertionError: it waits for something.
    """
    try:
        coroutine.send(None)
    except StopIteration as end:
        returned: _T = end.value
        return returned
    coroutine.close()
    raise AssertionError("the validation waits for something")

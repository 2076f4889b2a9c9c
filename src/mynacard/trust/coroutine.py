"""Results of coroutines that never wait, since they fetch nothing; works inside and outside of an event loop."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar

__all__ = ["result"]

_T = TypeVar("_T")


def result(coroutine: Coroutine[Any, Any, _T]) -> _T:
    """The result of *coroutine*, run without an event loop. Its exceptions pass through.

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

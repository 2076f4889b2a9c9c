"""Options that stand before the command: the defaults of the same options behind it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import click

__all__ = ["BEFORE", "before", "keep"]

BEFORE: Final = {"reader": "--reader", "as_json": "--json"}
"""The parameters that have such an option."""
_KEY: Final = f"{__name__}."


def keep(context: click.Context, **values: object) -> None:
    """Keep the *values* given before the command for :func:`before`."""
    context.meta.update({_KEY + name: value for name, value in values.items()})


def before(name: str) -> Callable[[], Any]:
    """A default for the option *name*: the value that was given before the command; None without one."""
    return lambda: click.get_current_context().meta.get(_KEY + name)

"""Packages whose public names load their modules when they are first used. Importing this loads nothing."""

TYPE_CHECKING = False  # as type checkers take it; the one in typing would cost more than all the rest
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["names_from"]


def names_from(package: str, modules: "Mapping[str, str]") -> "tuple[Callable[[str], object], Callable[[], list[str]]]":
    """``__getattr__`` and ``__dir__`` of *package*, whose public names, listed, come from *modules*."""
    homes = {name: module for module, names in modules.items() for name in names.split()}

    def load(name: str) -> object:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        from importlib import import_module  # noqa: PLC0415  # bare "import mynacard" does without

        value: object = getattr(import_module(homes[name]), name)
        setattr(import_module(package), name, value)  # the next use finds it there
        return value

    def names() -> list[str]:
        from sys import modules as loaded  # noqa: PLC0415

        return sorted({*homes, *vars(loaded[package])})

    return load, names

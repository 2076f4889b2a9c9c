"""Arguments of the wrong type, told in one sentence: "HashAlgorithm.SHA256 is wanted, not 'sha256'".

A type checker says the same earlier. These checks stand where values enter the library, not in every function.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from mynacard.errors import UsageError
from mynacard.texts import N_

__all__ = ["BYTES", "check_choice", "check_class", "check_member", "check_type", "wrong_type"]

BYTES = (bytes, bytearray, memoryview)


def check_type(value: object, *kinds: type, wanted: str = "") -> None:
    """Check that *value*, which is not a secret, is of one of *kinds*; *wanted* names them in another way.

    Raises:
        UsageError: it is not.
    """
    check_class(type(value), *kinds, wanted=wanted)


def check_class(given: type, *kinds: type, wanted: str = "") -> None:
    """As :func:`check_type`, for the type of a value: the value, which may be a secret, stays out of this frame."""
    if not issubclass(given, kinds):
        raise wrong_type(given, wanted or _listed([kind.__name__ for kind in kinds]))


def check_member(value: object, kind: type[Enum]) -> None:
    """Check that *value* is a member of *kind*; a text that spells one is not.

    Raises:
        UsageError: it is not; the error names the member that is meant, or all.
    """
    check_choice(value, kind, {f"{kind.__name__}.{member.name}": str(member.value) for member in kind})


def check_choice(value: object, kind: type, choices: Mapping[str, str]) -> None:
    """Check that *value* is of *kind*, of which *choices* lists the instances: their names in code, and in words.

    Raises:
        UsageError: it is not; the error names the one that is meant, or all.
    """
    if isinstance(value, kind):
        return
    spelled = _plain(value) if isinstance(value, str) else None
    for name, word in choices.items():
        if spelled in (_plain(name.rpartition(".")[2]), _plain(word)):
            raise UsageError(_WANTED, wanted=name, given=repr(value))
    raise wrong_type(type(value), _listed([*choices]))  # not its repr: in the wrong place, it may be a PIN


def wrong_type(given: type, wanted: str) -> UsageError:
    """The error for a value of type *given*; it does not see the value, which may be a secret."""
    return UsageError(_WANTED, wanted=wanted, given=given.__name__)


_WANTED = N_("{wanted} is wanted, not {given}.")


def _listed(names: list[str]) -> str:
    return " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _plain(text: str) -> str:
    """*text* without the differences between spellings of a name."""
    return text.lower().replace("-", "").replace("_", "").replace(" ", "")

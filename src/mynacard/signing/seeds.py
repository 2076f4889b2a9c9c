"""What a signature field asks of its signature: its seed values, and its lock.

Nothing that they name is contacted, and no wish is obeyed. What a signature does not have is reported if the field only
prefers it, and refused if the field requires it: other readers would call the signature bad.

Source: ISO 32000-2 §12.7.5.5, signature field seed values and certificate seed values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from mynacard._dataclasses import dataclass
from mynacard.errors import PdfFileError
from mynacard.hashes import HashAlgorithm
from mynacard.texts import N_, Sentence
from mynacard.trust import pyhanko

__all__ = ["Made", "check"]

_SHOWN_MAX: Final = 200
_FILTER: Final = "/Adobe.PPKLite"
_VERSION: Final = 3
_NO_REASON: Final = ["."]
_FLAGS: Final = {
    "/Filter": 1 << 0, "/SubFilter": 1 << 1, "/V": 1 << 2, "/Reasons": 1 << 3, "/LegalAttestation": 1 << 4,
    "/AddRevInfo": 1 << 5, "/DigestMethod": 1 << 6, "/LockDocument": 1 << 7, "/AppearanceFilter": 1 << 8,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Made:
    """What the signature will have.

    Attributes:
        sub_filter: its kind, as ISO 32000-2 writes it, with the slash.
        hash_: its hash function.
        time_stamped: whether it will get a time stamp, from an authority that the caller names.
    """

    sub_filter: str
    hash_: HashAlgorithm
    time_stamped: bool


@dataclass(frozen=True, slots=True)
class _Wish:
    """An entry of the seed values that the signature does not follow."""

    entry: str
    value: Any
    required: bool


def check(name: str, field: Any, made: Made) -> tuple[Sentence, ...]:
    """What the field *name* asks for that the signature will not have, and the addresses that it names.

    Args:
        name: the field's full name.
        field: its dictionary, in pyHanko's types.
        made: what the signature will have.

    Raises:
        PdfFileError: the field requires it. With an option that helps, where there is one.
    """
    if "/SV" not in field:
        return ()
    seed = field["/SV"]
    wishes = [*_own(seed, made), *_of_parts(seed, made)]
    for wish in wishes:
        if wish.required:
            raise _refusal(name, wish)
    remarks = [Sentence(_WISHED, {"field": name, "entry": wish.entry, "value": _shown(wish.value)}) for wish in wishes]
    return (*remarks, *(_not_contacted(name, address) for address in _addresses(seed)))


def _own(seed: Any, made: Made) -> Iterator[_Wish]:
    """The wishes of the seed values themselves."""
    flags = int(_entry(seed, "/Ff", 0))
    follows: dict[str, Callable[[Any], bool]] = {
        "/Filter": lambda value: bool(value == _FILTER),
        "/SubFilter": lambda value: made.sub_filter in value,
        "/V": lambda value: float(value) <= _VERSION,
        "/Reasons": lambda value: not value or bool(value == _NO_REASON),
        "/LegalAttestation": lambda value: not value,
        "/AddRevInfo": lambda value: not value,
        "/DigestMethod": lambda value: made.hash_.value in [str(one).lower().replace("-", "") for one in value],
        "/LockDocument": lambda value: bool(value != "/true"),
        "/AppearanceFilter": lambda _value: False,
    }
    for entry, follow in follows.items():
        if entry in seed and not follow(seed[entry]):
            yield _Wish(entry, seed[entry], bool(flags & _FLAGS[entry]))


def _of_parts(seed: Any, made: Made) -> Iterator[_Wish]:
    """The wishes of the dictionaries in the seed values."""
    if "/MDP" in seed and int(_entry(seed["/MDP"], "/P", 0)) != 0:
        yield _Wish("/MDP", seed["/MDP"]["/P"], required=True)
    if "/TimeStamp" in seed and not made.time_stamped:
        stamp = seed["/TimeStamp"]
        yield _Wish("/TimeStamp", _entry(stamp, "/URL", ""), bool(int(_entry(stamp, "/Ff", 0))))
    if "/Cert" in seed:
        entries = [entry for entry in seed["/Cert"] if entry not in ("/Type", "/Ff", "/URL", "/URLType")]
        if entries:
            yield _Wish("/Cert", ", ".join(map(_shown, entries)), bool(int(_entry(seed["/Cert"], "/Ff", 0))))


def _addresses(seed: Any) -> Iterator[Any]:
    for part in ("/TimeStamp", "/Cert"):
        if "/URL" in _entry(seed, part, ()):
            yield seed[part]["/URL"]


def _not_contacted(name: str, address: Any) -> Sentence:
    text = N_("The signature field {field} names the address {address}. It was not contacted.")
    return Sentence(text, {"field": name, "address": _shown(address)})


_WISHED: Final = N_("The signature field {field} prefers {entry} {value}; this signature is made without it.")


def _refusal(name: str, wish: _Wish) -> PdfFileError:
    return PdfFileError(_CURES.get(wish.entry, _REFUSED), field=name, entry=wish.entry, value=_shown(wish.value))


_REFUSED: Final = N_("The signature field {field} requires {entry} {value}, which signatures made here do not have.")
_CURES: Final = {
    "/DigestMethod": N_("The signature field {field} requires the hash function {value}. Choose it (--hash)."),
    "/SubFilter": N_("The signature field {field} requires a signature of the kind {value}. Choose it (--format)."),
    "/TimeStamp": N_(
        "The signature field {field} requires a time stamp. Name an authority (--timestamp-url); the one in the file,"
        " {value}, is not asked."
    ),
    "/Cert": N_(
        "The signature field {field} accepts only certificates of its choice ({value}), which cannot be checked before"
        " the password is typed."
    ),
}


def _entry(dictionary: Any, key: str, otherwise: Any) -> Any:
    if key not in dictionary:
        return otherwise
    return dictionary[key]  # which follows references, unlike get


def _shown(value: Any) -> str:
    """*value* as a person reads it, shortened."""
    if isinstance(value, pyhanko.generic.ArrayObject):
        return ", ".join(map(_shown, value))[:_SHOWN_MAX]
    return str(value).removeprefix("/")[:_SHOWN_MAX]

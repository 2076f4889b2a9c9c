"""asn1crypto: it has no types, is loaded when it is first used, and parses late, so that each access may raise."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

__all__ = ["UNREADABLE", "OnUse", "certificate", "cms", "core", "crl", "ocsp", "parser", "tsp"]

UNREADABLE: Final = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError)
"""What asn1crypto raises for values that do not fit."""


class OnUse:
    """A module that is loaded when a name in it is first used, after the modules *before* it."""

    def __init__(self, module: str, *, before: tuple[str, ...] = ()) -> None:
        self._modules = (*before, module)

    def __getattr__(self, name: str) -> Any:
        *_, module = map(import_module, self._modules)
        return getattr(module, name)


cms: Final[Any] = OnUse("asn1crypto.cms", before=("asn1crypto.tsp",))  # which adds signing-certificate-v2 to it
core: Final[Any] = OnUse("asn1crypto.core")
crl: Final[Any] = OnUse("asn1crypto.crl")
ocsp: Final[Any] = OnUse("asn1crypto.ocsp")
parser: Final[Any] = OnUse("asn1crypto.parser")
tsp: Final[Any] = OnUse("asn1crypto.tsp")
_x509: Final[Any] = OnUse("asn1crypto.x509")


def certificate(loaded: x509.Certificate) -> Any:
    """*loaded* as asn1crypto and pyHanko have it."""
    return _x509.Certificate.load(loaded.public_bytes(Encoding.DER))

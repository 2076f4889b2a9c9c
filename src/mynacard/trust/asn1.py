"""asn1crypto, loaded on first use. It is untyped, and parses lazily: any access may raise."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

__all__ = ["UNREADABLE", "OnUse", "certificate", "cms", "core", "crl", "ocsp", "parser", "tsp"]

UNREADABLE: Final = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError)
"""The exceptions that asn1crypto raises for malformed values."""


class OnUse:
    """A module that is loaded when one of its names is first used, after the modules in *before*."""

    def __init__(self, module: str, *, before: tuple[str, ...] = ()) -> None:
        self._modules = (*before, module)

    def __getattr__(self, name: str) -> Any:
        *_, module = map(import_module, self._modules)
        return getattr(module, name)


cms: Final[Any] = OnUse("asn1crypto.cms", before=("asn1crypto.tsp",))  # tsp adds signing-certificate-v2 to cms
core: Final[Any] = OnUse("asn1crypto.core")
crl: Final[Any] = OnUse("asn1crypto.crl")
ocsp: Final[Any] = OnUse("asn1crypto.ocsp")
parser: Final[Any] = OnUse("asn1crypto.parser")
tsp: Final[Any] = OnUse("asn1crypto.tsp")
_x509: Final[Any] = OnUse("asn1crypto.x509")


def certificate(loaded: x509.Certificate) -> Any:
    """*loaded* as asn1crypto's type, which pyHanko takes."""
    return _x509.Certificate.load(loaded.public_bytes(Encoding.DER))

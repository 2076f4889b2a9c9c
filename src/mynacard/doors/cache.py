"""Values that this machine makes once and keeps in its cache folder: JSON documents, and the keys in them."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_der_private_key
from filelock import Timeout

from mynacard.errors import TestPkiError
from mynacard.storage import lock, private_folder, replace_file
from mynacard.texts import N_

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

__all__ = ["cache_folder", "cached", "damaged", "dump_key", "load_key", "new_serial"]

T = TypeVar("T")

_LOCK_TIMEOUT_S: Final = 120.0
_BROKEN: Final = (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError, RecursionError)


def cache_folder() -> Path:
    """The cache folder: ``MYNACARD_CACHE``, else the user's own."""
    if chosen := os.environ.get("MYNACARD_CACHE"):
        return Path(chosen)
    from platformdirs import user_cache_path  # noqa: PLC0415

    return user_cache_path("mynacard", appauthor=False)


def cached(
    name: str,
    version: int,
    *,
    load: Callable[[Any], T | None],
    make: Callable[[], T],
    dump: Callable[[T], Mapping[str, object]],
) -> T:
    """The value in the file *name* in the cache folder; if there is no usable one, one process makes it.

    Args:
        name: the file's name.
        version: the version of its document; no other one is used.
        load: returns the value of a document. None, or one of the usual errors, means that it cannot be used.
        make: makes a new value.
        dump: returns the document of a value, without the version.

    Raises:
        TestPkiError: the cache folder cannot be used, or as *make* and *load* raise it.
    """
    path = cache_folder().resolve() / name  # its owner may keep it elsewhere, through a link
    try:
        value = _read(path, version, load)
        if value is None:
            private_folder(path.parent)
            with lock(path.with_suffix(".lock"), _LOCK_TIMEOUT_S):
                value = _read(path, version, load)  # another process may have made it meanwhile
                if value is None:
                    value = make()
                    replace_file(path, json.dumps({"version": version, **dump(value)}).encode())
    except (OSError, Timeout) as error:
        raise TestPkiError(
            N_("The test PKI in {path} cannot be used ({reason})."), path=str(path), reason=type(error).__name__
        ) from error
    return value


def _read(path: Path, version: int, load: Callable[[Any], T | None]) -> T | None:
    try:
        document: Any = json.loads(path.read_bytes())
        return load(document) if document["version"] == version else None
    except _BROKEN:
        return None


@lru_cache(maxsize=64)
def load_key(der: bytes) -> PrivateKeyTypes:
    """The key in a document, PKCS #8 DER.

    Raises:
        TestPkiError: it is damaged.
    """
    try:
        return load_der_private_key(der, None, unsafe_skip_rsa_key_validation=True)
    except ValueError as error:
        raise damaged() from error


def damaged() -> TestPkiError:
    """The error for a key that is not what it should be."""
    return TestPkiError(N_("A key of the test PKI is damaged. Delete its folder: {path}."), path=str(cache_folder()))


def dump_key(key: PrivateKeyTypes) -> bytes:
    """*key* for a document, in PKCS #8 DER."""
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def new_serial() -> int:
    """A serial number for a certificate: 63 bits, of which 62 are random."""
    return secrets.randbits(62) | 1 << 62

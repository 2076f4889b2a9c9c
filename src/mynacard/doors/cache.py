"""Values that this machine makes once and keeps in its cache folder: JSON documents, and the keys in them.

Where nothing can be kept there, they last as long as this program.
"""

from __future__ import annotations

import errno
import json
import logging
import os
import secrets
import threading
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_der_private_key

from mynacard._dataclasses import dataclass
from mynacard.errors import TestPkiError
from mynacard.storage import lock, private_folder, replace_file
from mynacard.texts import N_, Sentence

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

__all__ = ["cache_folder", "cached", "damaged", "dump_key", "load_key", "new_serial"]

T = TypeVar("T")

_log = logging.getLogger(__name__)

_VARIABLE: Final = "MYNACARD_CACHE"
_LOCK_TIMEOUT_S: Final = 120.0
_ONLY_IN_MEMORY: Final = N_(
    "Nothing can be kept in the folder {path} ({reason}). Simulated cards work from memory, and programs that start"
    " later do not know them; {variable} names another folder."
)
_BROKEN: Final = (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError, RecursionError)


def cache_folder() -> Path:
    """The cache folder: ``MYNACARD_CACHE``, else the user's own, which begins with ``~`` if there is no home."""
    if chosen := os.environ.get(_VARIABLE):
        return Path(chosen)
    from platformdirs import user_cache_path  # noqa: PLC0415

    try:
        return user_cache_path("mynacard", appauthor=False)
    except RuntimeError:  # platformdirs 4.14; earlier ones return such a path
        return Path("~", ".cache", "mynacard")


def cached(
    name: str,
    version: int,
    *,
    load: Callable[[Any], T | None],
    make: Callable[[], T],
    dump: Callable[[T], Mapping[str, object]],
) -> T:
    """The value in the file *name* in the cache folder; if there is no usable one, one process makes it.

    Where the file can be neither read nor written, this process makes it, keeps it in memory, and logs that once.

    Args:
        name: the file's name.
        version: the version of its document; no other one is used.
        load: returns the value of a document. None, or one of the usual errors, means that it cannot be used.
        make: makes a new value.
        dump: returns the document of a value, without the version.

    Raises:
        TestPkiError: another process keeps the cache folder locked, or as *make* and *load* raise it.
    """
    path, document = cache_folder() / name, _Document(version, load, make, dump)
    try:
        return _on_disk(path, document)
    except TimeoutError as error:  # the lock's
        raise TestPkiError(
            N_("The test PKI in {path} cannot be used ({reason})."), path=str(path), reason=type(error).__name__
        ) from error
    except OSError as error:
        return _in_memory(path, document, error)


@dataclass(frozen=True, slots=True)
class _Document(Generic[T]):
    """How a value becomes the content of a file, and a file's content a value."""

    version: int
    load: Callable[[Any], T | None]
    make: Callable[[], T]
    dump: Callable[[T], Mapping[str, object]]

    def value(self, content: bytes) -> T | None:
        try:
            document: Any = json.loads(content)
            return self.load(document) if document["version"] == self.version else None
        except _BROKEN:
            return None

    def content(self, value: T) -> bytes:
        return json.dumps({"version": self.version, **self.dump(value)}).encode()


def _on_disk(path: Path, document: _Document[T]) -> T:
    """The value in the file *path*, which is made if there is no usable one.

    Raises:
        OSError: the file can be neither read nor written.
        TimeoutError: another process is making it, and does not end.
    """
    _check_home(path)
    path = path.parent.resolve() / path.name  # its owner may keep the folder elsewhere, through a link
    value = _read(path, document)
    if value is None:
        private_folder(path.parent)
        with lock(path.with_suffix(".lock"), _LOCK_TIMEOUT_S):
            value = _read(path, document)  # another process may have made it meanwhile
            if value is None:
                value = document.make()
                replace_file(path, document.content(value))
    return value


def _check_home(path: Path) -> None:
    """Refuse a folder named "~" in the current one: that is not the user's home."""
    if path.parts[0] == "~":
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))


def _read(path: Path, document: _Document[T]) -> T | None:
    try:
        return document.value(path.read_bytes())
    except FileNotFoundError:
        return None


_LOCK: Final = threading.Lock()


@cache
def _memory() -> dict[Path, bytes]:
    """The contents of files that could not be written."""
    return {}


def _in_memory(path: Path, document: _Document[T], reason: OSError) -> T:
    """The value that this process keeps in place of the file *path*; made if there is no usable one."""
    with _LOCK:
        kept = _memory()
        if not kept:
            details = {"path": path.parent, "reason": reason.strerror or str(reason), "variable": _VARIABLE}
            _log.warning("%s", Sentence(_ONLY_IN_MEMORY, details))
        value = document.value(kept.get(path, b""))
        if value is None:
            value = document.make()
            kept[path] = document.content(value)
    return value


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

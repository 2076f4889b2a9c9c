"""A small Web eID extension, for browsers under test only: its folder, its ids, and hosts that it may start.

It says and hears what the published extension does (github.com/web-eid/web-eid-webextension 2.5.0, read at commit
2277476): host name, messages, limits and codes are that one's; the code is not. One thing differs: after a command that
failed under an invalid version the published one never answers, and this one says that the version is invalid.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

__all__ = ["CHROMIUM_ID", "FIREFOX_ID", "FOLDER", "allowed"]

FOLDER: Final = Path(__file__).resolve().parent / "extension"
_MANIFEST: Final = json.loads((FOLDER / "manifest.json").read_text("utf-8"))


def _chromium_id(key: str) -> str:
    """The id that Chromium derives from the key in a manifest: half of its SHA-256, in the letters a to p."""
    digest = hashlib.sha256(base64.b64decode(key)).hexdigest()
    return "".join(chr(ord("a") + int(digit, 16)) for digit in digest[:32])


CHROMIUM_ID: Final = _chromium_id(_MANIFEST["key"])
FIREFOX_ID: Final[str] = _MANIFEST["browser_specific_settings"]["gecko"]["id"]


@contextmanager
def allowed(host: Path, home: Path) -> Iterator[None]:
    """Let the extension start *host*, and no other, in the browsers whose profiles are in *home*.

    Source: developer.chrome.com, "Native messaging"; developer.mozilla.org, "Native manifests".
    """
    manifest = {"name": "eu.webeid", "description": "for a test", "path": str(host), "type": "stdio"}
    with ExitStack() as restored:
        for folder, extensions in (
            (home / "chromium/NativeMessagingHosts", {"allowed_origins": [f"chrome-extension://{CHROMIUM_ID}/"]}),
            (home / ".mozilla/native-messaging-hosts", {"allowed_extensions": [FIREFOX_ID]}),
        ):
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / "eu.webeid.json"
            if path.exists():
                restored.callback(path.write_bytes, path.read_bytes())
            path.write_text(json.dumps(manifest | extensions), "utf-8")
        yield

"""What a page says to the extension, and hears from it."""

from __future__ import annotations

import json
from typing import Final

__all__ = ["call"]

_CALL: Final = """
new Promise((resolve) => {
  const message = %s;
  let acknowledged = false;
  addEventListener("message", function hear({ source, data }) {
    if (source !== window || !data.action?.startsWith(`${message.action}-`)) return;
    if (data.action.endsWith("-ack")) return (acknowledged = true);
    removeEventListener("message", hear);
    resolve({ ...data, acknowledged });
  });
  postMessage(message, location.origin);
})
"""


def call(command: str, options: object = None, /, **fields: str) -> str:
    """The expression that asks for *command*: a promise of the last message, and of whether it was acknowledged."""
    message = {"action": f"web-eid:{command}", "libraryVersion": "2.1.0", "options": options or {}, **fields}
    return _CALL % json.dumps(message)

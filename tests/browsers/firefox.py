"""Firefox, driven by WebDriver BiDi, which it speaks by itself."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Final

from tests.browsers.connection import Connection
from tests.browsers.manifest import FOLDER
from tests.rig.pcscd import program

__all__ = ["Firefox"]


class _Tab:
    def __init__(self, connection: Connection, context: str) -> None:
        self._connection = connection
        self._context = context

    async def evaluate(self, expression: str) -> object:
        answer = await self._connection.call(
            "script.evaluate", expression=expression, target={"context": self._context}, awaitPromise=True
        )
        assert answer["type"] == "success", answer["exceptionDetails"]["text"]
        return answer["result"].get("value")

    async def close(self) -> None:
        await self._connection.call("browsingContext.close", context=self._context)


class Firefox:
    """A running Firefox with the extension in it."""

    announcement: Final = "WebDriverBiDiServer.json"

    def __init__(self, connection: Connection, version: str) -> None:
        self.version = version
        self._connection = connection

    @staticmethod
    def command(profile: Path) -> list[str | Path]:
        options = ["--headless", "--no-remote", "--remote-debugging-port=0"]
        return [shutil.which("firefox-esr") or program("firefox"), *options, "--profile", profile]

    @staticmethod
    def port(announcement: Path) -> str:
        try:
            return str(json.loads(announcement.read_text("utf-8"))["ws_port"])
        except (FileNotFoundError, ValueError):  # it may be half written
            return ""

    @classmethod
    async def attach(cls, port: str) -> Firefox:
        connection = await Connection.to(f"ws://127.0.0.1:{port}/session")
        session = await connection.call("session.new", capabilities={"alwaysMatch": {"acceptInsecureCerts": True}})
        await connection.call("webExtension.install", extensionData={"type": "path", "path": str(FOLDER)})
        return cls(connection, session["capabilities"]["browserVersion"])

    async def open(self, url: str) -> _Tab:
        context = (await self._connection.call("browsingContext.create", type="tab"))["context"]
        await self._connection.call("browsingContext.navigate", context=context, url=url, wait="complete")
        return _Tab(self._connection, context)

    async def detach(self) -> None:
        await self._connection.close()

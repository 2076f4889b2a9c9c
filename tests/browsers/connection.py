"""A WebDriver BiDi connection (W3C): commands are answered in any order, and told apart by their numbers."""

from __future__ import annotations

import asyncio
import itertools
import json
from typing import Any, Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

__all__ = ["Connection"]


class Connection:
    """An open connection, in an event loop."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._waiting: Final[dict[int, asyncio.Future[dict[str, Any]]]] = {}
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def to(cls, url: str) -> Connection:
        return cls(await connect(url, max_size=None))

    async def call(self, method: str, **params: object) -> dict[str, Any]:
        """The result of a command; a RuntimeError if the browser refuses, a ConnectionError if it is gone."""
        number = next(self._numbers)
        waiting = self._waiting[number] = asyncio.get_running_loop().create_future()
        await self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        answer = await waiting
        if answer["type"] == "error":
            raise RuntimeError(f"{method}: {answer['error']}: {answer['message']}")
        result: dict[str, Any] = answer["result"]
        return result

    async def close(self) -> None:
        await self._socket.close()
        await self._reader

    async def _read(self) -> None:
        try:
            async for text in self._socket:
                message = json.loads(text)
                if message.get("id") in self._waiting:  # else it is an event
                    self._waiting.pop(message["id"]).set_result(message)
        except ConnectionClosed:
            pass
        for answer in self._waiting.values():
            answer.set_exception(ConnectionError("the browser is gone"))

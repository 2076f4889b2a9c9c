"""A Web eID extension over pipes: it starts the host as a browser does, and speaks the same messages."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from mynacard.webeid.framing import ANSWER_LENGTHS, FrameReader, frame
from mynacard.webeid.messages import Answer, Command, decode_answer, encode
from mynacard.webeid.settings import Settings, save, settings_file

PATIENCE_S: Final = 30.0
HOST: Final = [sys.executable, "-m", "mynacard.webeid.serving", "chrome-extension://ncibgoaomkmdpilpocfeponihegamlic/"]


class Extension:
    """One call of a page: one process of the host, gone when the ``with`` ends."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._frames = FrameReader(ANSWER_LENGTHS)
        self._answers: list[Answer] = []

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(
            HOST, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self._environment
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait(PATIENCE_S)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert stream is not None
            with contextlib.suppress(BrokenPipeError):
                stream.close()

    def write(self, data: bytes) -> None:
        """Send *data*; a host that is gone does not mind."""
        with contextlib.suppress(BrokenPipeError):
            os.write(_open(self.process.stdin).fileno(), data)

    def send(self, command: Command) -> None:
        self.write(frame(encode(command)))

    def answer(self) -> Answer | None:
        """The host's next message; None if it ends without one."""
        while not self._answers:
            data = os.read(_open(self.process.stdout).fileno(), 65536)
            if not data:
                assert self._frames.is_between, "half a message"
                return None
            self._answers += map(decode_answer, self._frames.feed(data))
        return self._answers.pop(0)

    def disconnect(self) -> None:
        _open(self.process.stdin).close()

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.process.kill()

    def ended(self) -> str:
        """What the host wrote to its standard error, once it is gone."""
        self.process.wait(PATIENCE_S)
        return _open(self.process.stderr).read().decode()


def _open(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None
    return stream


class Home:
    """A user's account with the host's settings and the answers of a holder."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.environment = {**environment, "HOME": str(folder), "XDG_CONFIG_HOME": str(folder / "config")}
        self.script = folder / "holder.json"
        self.requests_file = folder / "holder.json.requests"

    def set(self, *answers: object, **settings: object) -> None:
        """Have the holder give *answers* in each dialog from now on."""
        self.script.write_text(json.dumps(answers), "utf-8")
        chosen = Settings(consent=f"script:{self.script}", **settings)  # type: ignore[arg-type]
        before = dict(os.environ)
        os.environ.update(self.environment)
        try:
            save(chosen, settings_file())
        finally:
            os.environ.clear()
            os.environ.update(before)

    def call(self) -> Extension:
        return Extension(self.environment)

    @property
    def requests(self) -> list[dict[str, object]]:
        """What would have been shown so far."""
        if not self.requests_file.exists():
            return []
        return [json.loads(line) for line in self.requests_file.read_text("utf-8").splitlines()]


def wait_until(condition: Callable[[], object]) -> None:
    """Return as soon as *condition* holds."""
    until = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < until, "it never was so"
        time.sleep(0.01)


@contextlib.contextmanager
def greeted(home: Home) -> Iterator[Extension]:
    """A host that has greeted."""
    with home.call() as extension:
        greeting = extension.answer()
        assert greeting is not None
        yield extension

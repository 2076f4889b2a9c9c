"""Where PC/SC is missing, one sentence says what to install, and nothing else is printed."""

from __future__ import annotations

import ctypes
import importlib
import subprocess
import sys
from collections.abc import Callable

import pytest
from readers.fake_scard import FakeScard

from mynacard import errors
from mynacard.readers import library
from mynacard.readers.library import Calls

NO_LIBRARY = """
import ctypes, sys, types

def refuse(name, *_, **__):
    raise OSError(f"{name}: cannot open shared object file")

class Printing:  # what the binding does where the library is missing
    def find_spec(self, name, *_):
        if name.partition(".")[0] == "smartcard":
            print("the binding was imported", end="")

ctypes.CDLL = refuse
sys.platform = "linux"
sys.meta_path.insert(0, Printing())

from mynacard import errors
from mynacard.readers import ReaderCard, list_readers

def enter():
    with ReaderCard("A Reader"):
        pass

for use in (list_readers, enter):
    try:
        use()
    except errors.NoPcscLibraryError as error:
        print(error, file=sys.stderr)
"""


def run(script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)


def test_a_missing_library_is_said_in_one_sentence_and_nothing_is_printed() -> None:
    done = run(NO_LIBRARY)
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert len(lines) == 2
    assert all("apt install pcscd" in line for line in lines)


def test_importing_the_room_imports_no_binding() -> None:
    done = run("import sys, mynacard.readers; print(*[name for name in sys.modules if name.startswith('smartcard')])")
    assert done.stdout.strip() == ""


@pytest.mark.parametrize("raised", [ModuleNotFoundError("smartcard"), ImportError("DLL"), OSError("so")])
def test_a_missing_binding_is_a_missing_library(monkeypatch: pytest.MonkeyPatch, raised: Exception) -> None:
    def refuse(name: str) -> object:
        raise raised

    monkeypatch.setattr(ctypes, "CDLL", lambda _: None)
    monkeypatch.setattr(importlib, "import_module", refuse)
    with pytest.raises(errors.NoPcscLibraryError, match=r'pip install "mynacard\[pcsc\]"'):
        library.find_library()


@pytest.mark.parametrize(("platform", "probes"), [("linux", True), ("win32", False), ("darwin", False)])
def test_only_linux_is_probed(monkeypatch: pytest.MonkeyPatch, platform: str, probes: bool) -> None:
    order: list[str] = []
    fake = FakeScard()

    def import_module(name: str) -> object:
        order.append(name)
        return fake

    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(ctypes, "CDLL", order.append)
    monkeypatch.setattr(importlib, "import_module", import_module)
    assert library.find_library() is fake
    assert order == [*(["libpcsclite.so.1"] if probes else []), "smartcard.scard"]


class Odd(FakeScard):
    """A binding that answers what no binding should."""

    def __init__(self, answer: object) -> None:
        super().__init__()
        self.answer = answer

    def SCardStatus(self, card: int, /) -> object:
        return self.answer


@pytest.mark.parametrize("answer", [None, [], [0], ["zero"], [0, "r", 1, 2, [256]], [0, "r", 1, 2, None], object()])
def test_an_answer_of_no_known_shape_is_a_reader_error(answer: object) -> None:
    with pytest.raises(errors.ReaderError):
        Calls(Odd(answer)).atr(0x1001)


@pytest.mark.parametrize("shape", [list, tuple])
def test_an_answer_may_be_a_list_or_a_tuple(shape: Callable[[list[object]], object]) -> None:
    assert Calls(Odd(shape([0, "r", 1, 2, [0x3B, 0x00]]))).atr(0x1001) == b"\x3b\x00"


def test_what_the_binding_says_of_its_arguments_is_not_repeated() -> None:
    scard = FakeScard()
    scard.fail("SCardDisconnect", TypeError("argument 3: [0, 32, 0, 152, 4, 52, 55, 49, 49]"))
    with pytest.raises(errors.ReaderError) as raised:
        Calls(scard).disconnect(1, power_off=False)
    assert "52" not in repr(raised.value)

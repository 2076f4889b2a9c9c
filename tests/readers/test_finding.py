"""Which binding is found, and what is said where none is: one sentence, and nothing else is printed."""

from __future__ import annotations

import ctypes
import importlib
import subprocess
import sys
from collections.abc import Callable

import pytest

from mynacard import errors
from mynacard.readers import native
from mynacard.readers.finding import VARIABLE, find_library

NO_LIBRARY = """
import ctypes, sys

def refuse(name, *_, **__):
    raise OSError(f"{name}: cannot open shared object file")

class Printing:  # what pyscard does where the library is missing
    def find_spec(self, name, *_):
        if name.partition(".")[0] == "smartcard":
            print("pyscard was imported", end="")

ctypes.CDLL = refuse
sys.platform = "linux"
sys.meta_path.insert(0, Printing())

from mynacard import errors
from mynacard.readers.finding import find_library

try:
    find_library()
except errors.NoPcscLibraryError as error:
    print(error, file=sys.stderr)
"""


class Machine:
    """One where importing pyscard and loading a library are only noted down, and work unless told otherwise."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.noted: list[str] = []
        self.pyscard: BaseException | None = None
        self.library: BaseException | None = None
        self._set = monkeypatch.setattr
        self._set(importlib, "import_module", self._import)
        self._set(ctypes, "CDLL", self._load)
        self._set(native, "load", self._load_native)
        self.is_on("linux")

    def is_on(self, system: str) -> None:
        self._set(sys, "platform", system)

    def _import(self, name: str) -> object:
        self.noted.append(name)
        if self.pyscard:
            raise self.pyscard
        return object()

    def _load(self, name: str) -> object:
        self.noted.append(name)
        if self.library:
            raise self.library
        return object()

    def _load_native(self) -> native.Native:
        self.noted.append("native")
        if self.library:
            raise self.library
        return native.Native(native.system_abi(), _AnyFunction())


class _AnyFunction:
    def __getitem__(self, name: str) -> Callable[..., int]:
        def function(*_: object) -> int:
            raise AssertionError(name)

        return function


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    monkeypatch.delenv(VARIABLE, raising=False)
    return Machine(monkeypatch)


def run(script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)


@pytest.mark.parametrize("wanted", ["", "pyscard", "native"])
def test_a_missing_library_is_said_in_one_sentence_and_nothing_is_printed(
    monkeypatch: pytest.MonkeyPatch, wanted: str
) -> None:
    monkeypatch.setenv(VARIABLE, wanted)
    done = run(NO_LIBRARY)
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert "apt install pcscd" in done.stderr


def test_importing_the_room_imports_no_binding() -> None:
    done = run("import sys, mynacard.readers; print(*[name for name in sys.modules if name.startswith('smartcard')])")
    assert done.stdout.strip() == ""


@pytest.mark.parametrize(
    ("system", "first", "second"),
    [
        ("linux", ["native"], ["libpcsclite.so.1", "smartcard.scard"]),
        ("freebsd14", ["native"], ["libpcsclite.so.1", "smartcard.scard"]),
        ("win32", ["smartcard.scard"], ["native"]),
        ("darwin", ["smartcard.scard"], ["native"]),
    ],
)
@pytest.mark.parametrize("raised", [ModuleNotFoundError("smartcard"), ImportError("DLL"), OSError("so")])
def test_each_system_has_its_first_choice_and_a_second(
    machine: Machine, system: str, first: list[str], second: list[str], raised: Exception
) -> None:
    machine.is_on(system)
    find_library()
    assert machine.noted == first
    machine.noted.clear()
    if first == ["native"]:
        machine.library = OSError("cannot open shared object file")
        with pytest.raises(errors.NoPcscLibraryError):
            find_library()
        assert machine.noted == [*first, second[0]], "importing pyscard without the library would print"
    else:
        machine.pyscard = raised
        find_library()
        assert machine.noted == [*first, *second]


def test_the_variable_decides_each_time(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    for wanted, name in (("native", "pcsc-lite"), ("pyscard", "pyscard"), ("", "pcsc-lite"), ("pyscard", "pyscard")):
        monkeypatch.setenv(VARIABLE, wanted)
        assert find_library().name == name


def test_native_alone_imports_no_pyscard(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "native")
    find_library()
    assert machine.noted == ["native"]


def test_pyscard_alone_is_missed_where_it_is_not(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "pyscard")
    machine.pyscard = ModuleNotFoundError("smartcard")
    with pytest.raises(errors.NoPcscLibraryError, match=r'pip install "mynacard\[pcsc\]"'):
        find_library()
    assert "native" not in machine.noted


@pytest.mark.parametrize("wanted", ["ctypes", "Native", "pyscard,native", " "])
def test_another_name_is_a_mistake_of_the_caller(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, wanted: str
) -> None:
    monkeypatch.setenv(VARIABLE, wanted)
    with pytest.raises(errors.UsageError, match=r"MYNACARD_PCSC.*pyscard, native"):
        find_library()
    assert machine.noted == []


@pytest.mark.parametrize(
    ("system", "says"),
    [
        ("linux", "apt install pcscd.*dnf install"),
        ("openbsd7", "PC/SC library"),
        ("win32", "winscard"),
        ("darwin", "framework"),
    ],
)
def test_where_there_is_nothing_each_system_hears_what_it_lacks(machine: Machine, system: str, says: str) -> None:
    machine.is_on(system)
    machine.pyscard = ModuleNotFoundError("smartcard")
    machine.library = OSError("cannot open shared object file")
    with pytest.raises(errors.NoPcscLibraryError, match=says):
        find_library()

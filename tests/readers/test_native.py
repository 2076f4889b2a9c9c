"""The ctypes binding against libraries of all three shapes, and its layouts against the world's header files.

macOS's and Windows's libraries run nowhere but there. ``foreign_pcsc.c`` is compiled here in their shape instead.
"""

from __future__ import annotations

import _ctypes
import ctypes
import os
import platform
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import pytest

from mynacard.readers.abi import MACOS, PCSC_LITE, SIGNATURES, WINDOWS, Abi, system_abi
from mynacard.readers.library import ANY_PROTOCOL, Disposition, Outcome, Share, State, Status
from mynacard.readers.native import Native, load
from tests.rig.pcscd import program, unavailable
from tests.support import CANARY, Vector, id_of, tells, vectors

SHAPES = {"ABI_PCSCLITE": PCSC_LITE, "ABI_WINDOWS": WINDOWS, "ABI_MACOS": MACOS}
ABIS = {abi.name: abi for abi in SHAPES.values()}
ROWS = vectors("readers/abi.json")
HEADERS = Path("/usr/include/PCSC/winscard.h")
POINTER = ctypes.sizeof(ctypes.c_void_p)

FIRST = "A Foreign Reader 00 00"
SECOND = "\uff20 \u30ab\u30fc\u30c9 01"
THIRD = "?\udcff!"
"""No text: it is the byte FF in UTF-8, and half a surrogate pair in UTF-16."""

ATR = bytes.fromhex("3BE000FF8131FE4514")
T1 = 2
CONTEXTS = {PCSC_LITE.name: 0x7766554433221100, WINDOWS.name: 0xFFEEDDCCBBAA9988, MACOS.name: -2}
CARDS = {PCSC_LITE.name: 0x1122334455667788, WINDOWS.name: 0x8877665544332211, MACOS.name: -0x7FFFFFF0}

SUCCESS = 0
INVALID_HANDLE = 0x80100003
TOO_SMALL = 0x80100008
UNKNOWN_READER = 0x80100009
TIMEOUT = 0x8010000A
CANCELLED = 0x80100002
NO_CARD = 0x8010000C
NO_READERS = 0x8010002E


@dataclass(frozen=True, slots=True)
class Foreign:
    """A library of one shape, and the strings that it is pulled by."""

    abi: Abi
    native: Native
    strings: Any

    @property
    def context(self) -> int:
        return CONTEXTS[self.abi.name]

    @property
    def card(self) -> int:
        return CARDS[self.abi.name]

    def transmit(self, command: str) -> Outcome[bytes]:
        return self.native.transmit(self.card, T1, bytes.fromhex(command))


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Compiles the foreign library in a shape, once."""
    folder = tmp_path_factory.mktemp("foreign")

    def compile_in(shape: str) -> Path:
        library = folder / f"{shape}.so"
        if not library.exists():
            source = Path(__file__).with_name("foreign_pcsc.c")
            subprocess.run(
                [program("gcc"), "-std=c11", "-D_GNU_SOURCE", "-O1", "-shared", "-fPIC", "-pthread", f"-D{shape}"]
                + [str(source), "-o", str(library)],
                check=True, timeout=60,
            )  # fmt: skip
        return library

    return compile_in


@pytest.fixture(params=SHAPES)
def foreign(request: pytest.FixtureRequest, compiled: Callable[[str], Path]) -> Iterator[Foreign]:
    if sys.platform == "win32":
        pytest.skip("the foreign library is made of POSIX")
    library = compiled(request.param)
    strings = ctypes.CDLL(str(library))
    strings.foreign_fail.argtypes = [ctypes.c_char_p, ctypes.c_longlong]
    strings.foreign_lie_about_length.argtypes = [ctypes.c_char_p, ctypes.c_ulonglong]
    abi = SHAPES[request.param]
    yield Foreign(abi, load(abi, str(library)), strings)
    strings.foreign_readers(3)
    strings.foreign_crowd(0)


def code(outcome: Outcome[Any]) -> int:
    return outcome[0] & 0xFFFFFFFF


# --- layouts -----------------------------------------------------------------------------------------


def layout(structure: Any) -> dict[str, int]:
    offsets = {name: getattr(structure, name).offset for name, _ in structure._fields_}
    return {"size": ctypes.sizeof(structure), **offsets}


@pytest.mark.parametrize("row", [row for row in ROWS if row.number("pointer") == POINTER], ids=id_of)
def test_types_structures_and_names_are_those_of_the_header_files(row: Vector) -> None:
    abi = ABIS[row.text("abi")]
    sizes = [row.number(name) for name in ("dword", "long", "handle")]
    assert [ctypes.sizeof(kind) for kind in (abi.dword, abi.long, abi.handle)] == sizes
    assert [kind(-1).value for kind in (abi.dword, abi.long)] == [256 ** row.number("dword") - 1, -1]
    assert (abi.handle(-1).value == -1) is row.flag("handle_is_signed", default=False)
    assert layout(abi.reader_state()) == row.row("reader_state")
    assert layout(abi.io_request()) == row.row("io_request")
    assert (abi.library, abi.encoding, abi.atr_length) == (row.text("library"), row.text("encoding"), row.number("atr"))
    assert abi.symbols == row.row("symbols")
    assert abi.control_code(3400) == int(row.text("features"), 16)


def claims(row: Vector) -> Iterator[str]:
    """What *row* says, for a C compiler to refuse or not."""
    for kind in ("DWORD", "LONG"):
        yield f"sizeof({kind}) == {row.number(kind.lower())}"
    for handle in ("SCARDCONTEXT", "SCARDHANDLE"):
        yield f"sizeof({handle}) == {row.number('handle')}"
        yield f"(({handle})-1 < 0) == {int(row.flag('handle_is_signed', default=False))}"
    yield f"sizeof(((SCARD_READERSTATE *)0)->rgbAtr) == {row.number('atr')}"
    structures = {"SCARD_READERSTATE": row.row("reader_state"), "SCARD_IO_REQUEST": row.row("io_request")}
    for name in cast(list[str], row.row("headers")["structures"]):
        yield f"sizeof({name}) == {structures[name]['size']}"
        for member, offset in structures[name].items():
            if member != "size":
                yield f"__builtin_offsetof({name}, {member}) == {offset}"


def compiler_of(row: Vector) -> str:
    return cast(str, row.row("headers")["compiler"])


COMPILED: Final = [
    row
    for row in ROWS
    if (platform.machine(), sys.platform) == ("x86_64", "linux")  # the options are for gcc there
    and (compiler_of(row) == "gcc" or shutil.which(compiler_of(row)))  # others are nothing that the tests ask for
]


@pytest.mark.parametrize("row", COMPILED, ids=id_of)
def test_the_header_files_say_so_themselves(row: Vector, tmp_path: Path) -> None:
    compiler, options = compiler_of(row), cast(list[str], row.row("headers")["options"])
    if compiler == "gcc" and not HEADERS.exists():
        unavailable("libpcsclite-dev is not installed; tools/system_packages.sh says which packages the tests need")
    source = tmp_path / "claims.c"
    source.write_text("#include <winscard.h>\n" + "".join(f'_Static_assert({each}, "");\n' for each in claims(row)))
    subprocess.run(
        [program(compiler), "-ffreestanding", "-fsyntax-only", *options, str(source)], check=True, timeout=60
    )


def test_the_foreign_library_lays_out_its_structures_by_itself(foreign: Foreign) -> None:
    sizes = [ctypes.sizeof(foreign.abi.reader_state()), ctypes.sizeof(foreign.abi.io_request())]
    assert sizes == [foreign.strings.foreign_size(0), foreign.strings.foreign_size(1)]


# --- readers -----------------------------------------------------------------------------------------


def test_readers_are_listed_whatever_their_names_are(foreign: Foreign) -> None:
    assert foreign.native.establish_context() == (SUCCESS, foreign.context)
    assert foreign.native.list_readers(foreign.context) == (SUCCESS, (FIRST, SECOND, THIRD))


@pytest.mark.parametrize("count", [1, 2])
def test_few_readers_are_listed(foreign: Foreign, count: int) -> None:
    foreign.strings.foreign_readers(count)
    assert foreign.native.list_readers(foreign.context) == (SUCCESS, (FIRST, SECOND)[:count])


def test_no_reader_is_a_code_or_an_empty_list(foreign: Foreign) -> None:
    foreign.strings.foreign_readers(0)
    assert code(foreign.native.list_readers(foreign.context)) == (SUCCESS if foreign.abi is MACOS else NO_READERS)
    assert foreign.native.list_readers(foreign.context)[1] == ()


def test_names_have_room_and_no_more_than_that(foreign: Foreign) -> None:
    foreign.strings.foreign_crowd(0x10000 - 2)
    assert foreign.native.list_readers(foreign.context) == (SUCCESS, ("x" * (0x10000 - 2),))
    foreign.strings.foreign_crowd(0x10000 - 1)
    assert code(foreign.native.list_readers(foreign.context)) == TOO_SMALL


def test_the_state_of_every_reader_comes_with_its_own_atr(foreign: Foreign) -> None:
    first, second = (FIRST, 0x00050022, ATR), (SECOND, 0x00000012, b"")
    ask = foreign.native.get_status_change
    assert ask(foreign.context, 0, [(FIRST, State.UNAWARE), (SECOND, 0), (FIRST, 0)]) == (0, (first, second, first))
    assert code(ask(foreign.context, 0, [(FIRST, 0), ("Another", 0)])) == UNKNOWN_READER


def test_a_known_state_is_waited_for_without_the_bit_that_says_changed(foreign: Foreign) -> None:
    known = [(name, state) for name, state, _ in states(foreign)]
    assert code(foreign.native.get_status_change(foreign.context, 0, known)) == TIMEOUT


def states(foreign: Foreign) -> tuple[Status, ...]:
    found, values = foreign.native.get_status_change(foreign.context, 0, [(FIRST, 0), (SECOND, 0)])
    assert found == SUCCESS
    return values


def test_another_thread_runs_while_the_library_waits_and_can_end_it(foreign: Foreign) -> None:
    known = [(name, state) for name, state, _ in states(foreign)]
    outcomes: list[Outcome[tuple[Status, ...]]] = []
    waits = threading.Thread(
        target=lambda: outcomes.append(foreign.native.get_status_change(foreign.context, 60_000, known))
    )
    waits.start()
    while waits.is_alive() and not foreign.strings.foreign_waits():
        waits.join(0.001)
    assert foreign.native.cancel(foreign.context) == (SUCCESS, None)
    waits.join()
    assert [code(outcome) for outcome in outcomes] == [CANCELLED]


# --- the card ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("share", Share)
@pytest.mark.parametrize(
    ("name", "expected"), [(FIRST, SUCCESS), (SECOND, NO_CARD), (THIRD, SUCCESS), ("A", UNKNOWN_READER)]
)
def test_a_listed_name_leads_to_its_reader(foreign: Foreign, share: Share, name: str, expected: int) -> None:
    outcome = foreign.native.connect(foreign.context, name, share, ANY_PROTOCOL)
    assert code(outcome) == expected
    assert expected != SUCCESS or outcome[1] == (foreign.card, T1)


@pytest.mark.parametrize("disposition", Disposition)
def test_a_connection_is_used_and_let_go(foreign: Foreign, disposition: Disposition) -> None:
    assert foreign.native.begin_transaction(foreign.card) == (SUCCESS, None)
    assert foreign.native.status(foreign.card) == (SUCCESS, ATR)
    assert foreign.native.end_transaction(foreign.card, disposition) == (SUCCESS, None)
    assert foreign.native.disconnect(foreign.card, disposition) == (SUCCESS, None)
    assert foreign.native.release_context(foreign.context) == (SUCCESS, None)


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("00840000", "00840000 9000"),
        ("00B00000 01", "5A 9000"),
        ("00B00000 00", "5A" * 256 + "9000"),
        ("00B00000 00FFFD", "5A" * 65533 + "9000"),
        ("00D60000 FF" + "00" * 255, "000104 9000"),
        ("00D60000 00FFFF" + "00" * 65535 + "0000", "010008 9000"),
        ("", "6700"),
        ("00", "6700"),
    ],
    ids=["4 bytes", "1 byte back", "256 back", "64K back", "260", "64K", "nothing", "too short"],
)
def test_commands_and_answers_of_any_length_pass(foreign: Foreign, command: str, answer: str) -> None:
    assert foreign.transmit(command) == (SUCCESS, bytes.fromhex(answer))


def test_an_answer_that_the_system_has_no_room_for_is_a_failure(foreign: Foreign) -> None:
    longest = foreign.transmit("00B00000 000000")
    if foreign.abi.answer_length >= 65538:
        assert longest == (SUCCESS, b"\x5a" * 65536 + b"\x90\x00")
    else:
        assert code(longest) == TOO_SMALL


@pytest.mark.parametrize("length", [0, 4, 300])
def test_the_reader_is_asked_under_the_systems_own_number(foreign: Foreign, length: int) -> None:
    code = foreign.native.control_code(3400)
    assert foreign.native.control(foreign.card, code, bytes(length)) == (SUCCESS, bytes(length))


# --- what goes wrong ---------------------------------------------------------------------------------


def calls(foreign: Foreign, *, off_by: int = 0) -> dict[str, Callable[[], Outcome[Any]]]:
    """Every function once, as it succeeds; with handles that are wrong *off_by* something."""
    native, context, card = foreign.native, foreign.context + off_by, foreign.card + off_by
    return {
        "SCardEstablishContext": native.establish_context,
        "SCardReleaseContext": lambda: native.release_context(context),
        "SCardCancel": lambda: native.cancel(context),
        "SCardListReaders": lambda: native.list_readers(context),
        "SCardGetStatusChange": lambda: native.get_status_change(context, 0, [(FIRST, 0)]),
        "SCardConnect": lambda: native.connect(context, FIRST, Share.SHARED, ANY_PROTOCOL),
        "SCardDisconnect": lambda: native.disconnect(card, Disposition.LEAVE),
        "SCardBeginTransaction": lambda: native.begin_transaction(card),
        "SCardEndTransaction": lambda: native.end_transaction(card, Disposition.LEAVE),
        "SCardStatus": lambda: native.status(card),
        "SCardTransmit": lambda: native.transmit(card, T1, b"\x00\x84\x00\x00"),
        "SCardControl": lambda: native.control(card, native.control_code(3400), b""),
    }


@pytest.mark.parametrize("name", SIGNATURES)
@pytest.mark.parametrize("failure", [0x80100069, 0x8010001D, 0x1F, 0x6])
def test_every_code_comes_back_as_it_is(foreign: Foreign, name: str, failure: int) -> None:
    foreign.strings.foreign_fail(name.encode(), failure)
    assert code(calls(foreign)[name]()) == failure
    assert code(calls(foreign)[name]()) == SUCCESS


@pytest.mark.parametrize("off_by", [1, 1 << 16, -(1 << 30)])
@pytest.mark.parametrize("name", [name for name in SIGNATURES if name != "SCardEstablishContext"])
def test_a_handle_passes_whole(foreign: Foreign, name: str, off_by: int) -> None:
    assert code(calls(foreign, off_by=off_by)[name]()) == INVALID_HANDLE


@pytest.mark.parametrize("name", ["SCardReleaseContext", "SCardDisconnect"])
def test_a_handle_passes_whole_where_it_is_as_wide_as_a_pointer(foreign: Foreign, name: str) -> None:
    wide = ctypes.sizeof(foreign.abi.handle) == 8
    assert code(calls(foreign, off_by=1 << 32)[name]()) == (INVALID_HANDLE if wide else SUCCESS)


@pytest.mark.parametrize(
    "name", ["SCardListReaders", "SCardGetStatusChange", "SCardStatus", "SCardTransmit", "SCardControl"]
)
def test_a_length_beyond_the_buffer_is_a_failure_and_nothing_is_read(foreign: Foreign, name: str) -> None:
    room = {
        "SCardListReaders": 0x10000,
        "SCardGetStatusChange": foreign.abi.atr_length,
        "SCardStatus": foreign.abi.atr_length,
    }.get(name, foreign.abi.answer_length)
    for length in (room + 1, 0x7FFFFFFF, 0xFFFFFFFF):
        foreign.strings.foreign_lie_about_length(name.encode(), length)
        assert code(calls(foreign)[name]()) == TOO_SMALL


def test_a_length_up_to_the_whole_buffer_is_believed(foreign: Foreign) -> None:
    foreign.strings.foreign_lie_about_length(b"SCardStatus", foreign.abi.atr_length)
    assert foreign.native.status(foreign.card) == (SUCCESS, ATR.ljust(foreign.abi.atr_length, b"\0"))


# --- secrets -----------------------------------------------------------------------------------------


class Watching:
    """Functions that keep what they are called with, and how it looked then."""

    def __init__(self) -> None:
        self.kept: list[Any] = []
        self.seen: list[bytes] = []
        self.raises: list[BaseException] = []

    def __getitem__(self, name: str) -> Any:
        return _Watched(self)


class _Watched:
    def __init__(self, watching: Watching) -> None:
        self._watching = watching

    def __call__(self, *arguments: Any) -> int:
        arrays = [argument for argument in arguments if isinstance(argument, ctypes.Array)]
        self._watching.kept = arrays
        self._watching.seen = [bytes(array) for array in arrays]
        if self._watching.raises:
            raise self._watching.raises.pop()
        return SUCCESS


@pytest.mark.parametrize("interrupt", [None, KeyboardInterrupt()])
def test_the_copy_of_a_command_is_overwritten_when_the_library_has_returned(interrupt: BaseException | None) -> None:
    watching, command = Watching(), b"\x00\x20\x00\x80\x04" + CANARY.encode()
    native = Native(PCSC_LITE, watching)
    watching.raises = [interrupt] if interrupt else []
    if interrupt:
        with pytest.raises(KeyboardInterrupt):
            native.transmit(1, T1, command)
    else:
        native.transmit(1, T1, command)
    assert watching.seen[0] == command
    assert bytes(watching.kept[0]) == bytes(len(command))
    assert not any(CANARY.encode() in bytes(array) for array in watching.kept)


@pytest.mark.parametrize("command", [CANARY, list(CANARY.encode()), None])
def test_no_argument_is_quoted_when_it_is_of_a_wrong_type(foreign: Foreign, command: Any) -> None:
    with pytest.raises((TypeError, ctypes.ArgumentError)) as raised:
        foreign.native.transmit(foreign.card, T1, command)
    assert not tells(f"{raised.value!r} {raised.value}")


# --- loading -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("library", ["libnobody-has-this.so.1", os.path.realpath(_ctypes.__file__)])
def test_what_is_not_there_or_is_no_pcsc_library_is_an_os_error(library: str) -> None:
    with pytest.raises(OSError, match=r"nobody|is not a PC/SC library"):
        load(PCSC_LITE, library)


def test_importing_the_module_loads_no_library() -> None:
    script = "import ctypes; del ctypes.CDLL; import mynacard.readers.native, mynacard.readers.finding"
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


@pytest.mark.parametrize(
    ("system", "abi"), [("linux", PCSC_LITE), ("freebsd14", PCSC_LITE), ("darwin", MACOS), ("win32", WINDOWS)]
)
def test_each_system_has_its_abi(monkeypatch: pytest.MonkeyPatch, system: str, abi: Abi) -> None:
    monkeypatch.setattr(sys, "platform", system)
    assert system_abi() is abi


@pytest.mark.parametrize(("abi", "loader"), [(PCSC_LITE, "CDLL"), (MACOS, "CDLL"), (WINDOWS, "WinDLL")], ids=ABIS)
def test_a_library_is_loaded_the_systems_way(monkeypatch: pytest.MonkeyPatch, abi: Abi, loader: str) -> None:
    loaded: list[tuple[str, int]] = []

    def load_from(name: str, *, winmode: int) -> Watching:
        loaded.append((name, winmode))
        return Watching()

    monkeypatch.setattr(ctypes, loader, load_from, raising=False)
    assert load(abi).name == abi.name
    assert loaded == [(abi.library, 0x00000800)]  # LOAD_LIBRARY_SEARCH_SYSTEM32

"""Each thing that can be wrong with readers and cards is made wrong, and found."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

from mynacard import errors
from mynacard.doctor import FINDINGS, Desk, Finding, Level, System, UsbDevice, examination, examine
from mynacard.doctor.findings import Kind
from mynacard.doors import disk
from mynacard.doors.pcsclite import PcscliteDoor
from mynacard.readers import Library, ReaderState
from mynacard.simulator import ATR_CONTACT, ATR_CONTACTLESS, SimulatedCard, Traits
from mynacard.simulator.faults import Fault
from mynacard.simulator.individual.persona import PERSONAS
from mynacard.simulator.residence import RESIDENCE_PERSONAS
from tests.rig.doctor import CARD, READER, RUNNING, doctor, environment, shown
from tests.rig.pcscd import program, unavailable
from tests.rig.programs import AUTHENTICATION, sign_with_pkcs11
from tests.rig.programs import found as found_file

Found = Callable[..., list[Finding]]
LayDesk = Callable[..., Desk]

# --- readers and cards -------------------------------------------------------------------------------


class Mute(SimulatedCard):
    """One that lies face down."""

    def __init__(self) -> None:
        self.__dict__ = disk.new_card().__dict__

    def power_on(self) -> bytes:
        return b""

    @property
    def atr(self) -> bytes:
        return b""


class Other(SimulatedCard):
    """A card of another kind."""

    def __init__(self, atr: bytes = ATR_CONTACT) -> None:
        self.__dict__ = disk.new_card(Traits(atr=atr)).__dict__

    def transmit(self, command: bytes, /) -> bytes:
        return b"\x6a\x82"


def test_no_reader_is_found(door: PcscliteDoor) -> None:
    assert doctor(door.environment()) == ([*RUNNING, "reader/none"], 72)


def test_a_good_desk_is_found_good(door: PcscliteDoor) -> None:
    door.plug(READER, disk.new_card())
    assert doctor(door.environment()) == ([*RUNNING, "reader/found", *CARD], 0)
    assert door.open_handles == 0


def test_an_empty_reader_is_no_problem(door: PcscliteDoor) -> None:
    door.plug(READER)
    assert doctor(door.environment()) == ([*RUNNING, "reader/found", "card/none"], 0)


def test_a_reader_of_another_name_is_not_looked_at(door: PcscliteDoor) -> None:
    door.plug(READER, disk.new_card())
    door.plug("Second", disk.new_card())
    assert doctor(door.environment(), "-r", "second") == ([*RUNNING, "reader/found", *CARD], 0)
    assert doctor(door.environment(), "-r", "third") == ([*RUNNING, "reader/other"], 72)


def test_a_card_of_another_kind_is_found(door: PcscliteDoor) -> None:
    door.plug(READER, Other())
    assert doctor(door.environment()) == ([*RUNNING, "reader/found", "card/likely"], 0)
    door.remove(READER)
    door.insert(READER, Other(ATR_CONTACTLESS))
    assert doctor(door.environment()) == ([*RUNNING, "reader/found", "card/other"], 0)


@pytest.mark.parametrize("name", ["residence-1-mid-term", "residence-2-special-permanent"])
def test_a_residence_card_is_found(door: PcscliteDoor, name: str) -> None:
    door.plug(READER, disk.new_card(persona=RESIDENCE_PERSONAS[name]))
    assert doctor(door.environment()) == ([*RUNNING, "reader/found", "card/residence"], 0)


def test_a_mute_card_is_found(door: PcscliteDoor) -> None:
    door.plug(READER, Mute())
    assert doctor(door.environment()) == ([*RUNNING, "reader/found", "card/mute"], 72)


@pytest.mark.parametrize(
    ("fault", "codes"),
    [
        ("removed@2", ["card/lost"]),
        ("reset@6", ["card/jpki", "certificate/valid", "certificate/present", "card/lost"]),
        ("not-transacted@2", ["card/failed"]),
        ("mute@6", ["card/jpki", "certificate/valid", "certificate/present", "card/failed"]),
    ],
)
def test_a_card_that_fails_meanwhile_is_found(door: PcscliteDoor, fault: str, codes: list[str]) -> None:
    door.plug(READER, disk.new_card(), [Fault.parse(fault)])
    assert doctor(door.environment()) == ([*RUNNING, "reader/found", *codes], 72)


HOLD: Final = """
import sys
from mynacard.readers.library import Share
from mynacard.readers.native import load
library = load()
_, context = library.establish_context()
code, (handle, _) = library.connect(context, sys.argv[1], Share[sys.argv[2]], 3)
assert code == 0, hex(code)
if "transaction" in sys.argv:
    assert library.begin_transaction(handle)[0] == 0
print("here", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize(
    ("words", "codes", "status"),
    [
        (["SHARED"], ["card/shared", *CARD], 0),
        (["SHARED", "transaction"], ["card/shared", "card/held"], 72),
        (["EXCLUSIVE"], ["card/exclusive"], 72),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_who_else_has_the_card_is_found(door: PcscliteDoor, words: list[str], codes: list[str], status: int) -> None:
    door.plug(READER, disk.new_card())
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, READER, *words], env=door.environment(), text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as holder:  # fmt: skip
        assert holder.stdout is not None
        assert holder.stdout.readline() == "here\n"
        assert doctor(door.environment()) == ([*RUNNING, "reader/found", *codes], status)
        assert f"({holder.pid})" in shown(door.environment())[0]


LOCKING: Final = """
app default { framework pkcs15 { } }
app opensc-pkcs11 { pkcs11 { lock_login = true; } }
"""
"""OpenSC's way to keep the card for itself from login to log-out (opensc.conf(5))."""


@pytest.mark.thorough("the programs of OpenSC")
def test_opensc_in_a_transaction_is_found_and_named(door: PcscliteDoor, tmp_path: Path) -> None:
    """It has logged in, and waits for what it is to sign."""
    door.plug(READER, disk.new_card())
    (tmp_path / "opensc.conf").write_text(LOCKING)
    os.mkfifo(tmp_path / "message")
    command = [str(word) for word in sign_with_pkcs11(AUTHENTICATION, tmp_path / "message", tmp_path / "signature")]
    given = door.environment() | {"OPENSC_CONF": str(tmp_path / "opensc.conf")}
    with subprocess.Popen(command, env=given, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as opensc:
        with (tmp_path / "message").open("wb") as message:  # opens when it opens the other end, and that is after login
            assert door.transaction_holder(READER) == opensc.pid
            codes = doctor(door.environment())
            said, _ = shown(door.environment())
            message.write(b"a message")
        assert opensc.wait(60) == 0
    assert codes == ([*RUNNING, "reader/found", "card/shared", "card/held"], 72)
    assert f"pkcs11-tool ({opensc.pid})" in said
    assert len((tmp_path / "signature").read_bytes()) == 256
    assert doctor(door.environment()) == ([*RUNNING, "reader/found", *CARD], 0)


# --- the library --------------------------------------------------------------------------------------

WITHOUT: Final = """
set -e
mount -t tmpfs tmpfs "$1"
mkdir "$1/upper" "$1/work"
mount -t overlay overlay -o "lowerdir=$2,upperdir=$1/upper,workdir=$1/work" "$2"
rm "$2"/libpcsclite.so.1*
shift 2
exec "$@"
"""
"""Takes the library away, in a view of the file system that only what is executed has."""


def test_no_library_is_found_where_there_is_none(place: Path) -> None:
    library = found_file("**/libpcsclite.so.1") or unavailable("libpcsclite1 is not installed")
    outside = [program("unshare"), "--mount", *(["--user", "--map-root-user"] if os.geteuid() else [])]
    before = [*outside, "sh", "-c", WITHOUT, "sh", str(place), str(library.parent)]
    tried = subprocess.run([*before, "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        unavailable(f"no file system of its own for a program: {tried.stderr.strip()}")
    given = environment(place / "none")
    assert doctor(given, before=before) == (["library/missing"], 72)
    assert "sudo apt install pcscd" in shown(given, before=before)[0]


# --- what no machine of these tests can be -----------------------------------------------------------


@pytest.fixture
def states(monkeypatch: pytest.MonkeyPatch) -> list[ReaderState]:
    """The readers that PC/SC has; none of them has a card."""
    attached: list[ReaderState] = []
    monkeypatch.setattr(examination, "list_readers", lambda *_: tuple(attached))
    return attached


def test_no_library_is_found_with_what_to_install(monkeypatch: pytest.MonkeyPatch, lay_desk: LayDesk) -> None:
    def missing() -> Library:
        raise errors.NoPcscLibraryError("Install it.")

    monkeypatch.setattr(examination, "find_library", missing)
    finding, _ = examine(desk=lay_desk())
    assert (finding.code, finding.cure()) == ("library/missing", "Install it.")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.CardRemovedError(""), "card/lost"),
        (errors.ReaderNotFoundError(""), "card/lost"),
        (errors.CardMuteError(""), "card/mute"),
        (errors.ReaderBusyError(""), "card/held"),
        (errors.OutcomeUnknownError("It broke."), "card/failed"),
        (errors.CardDataError("It is damaged."), "card/failed"),
    ],
)
def test_each_failure_of_a_card_has_its_row(
    found: Found, states: list[ReaderState], monkeypatch: pytest.MonkeyPatch, error: errors.MynacardError, code: str
) -> None:
    def fail(*_: object) -> None:
        raise error

    states.append(ReaderState("A", card_present=True))
    monkeypatch.setattr(examination, "ReaderCard", fail)
    assert [finding.code for finding in found()][-2:] == [code, "clock/good"]


RC_S380: Final = UsbDevice(0x054C, 0x06C1)


def test_usb_is_looked_at_where_pcsc_has_no_reader(found: Found, states: list[ReaderState], lay_desk: LayDesk) -> None:
    desk = lay_desk(usb=(RC_S380,))
    assert [each.code for each in found(desk)][2:] == ["reader/none", "usb/no-driver", "clock/good"]
    states.append(ReaderState("A"))
    assert [each.code for each in found(desk)][2:] == ["reader/found", "card/none", "usb/no-driver", "clock/good"]
    assert [each.code for each in found(lay_desk(usb=()))][2:] == ["reader/found", "card/none", "clock/good"]


def test_usb_is_not_looked_at_where_the_service_is_another(
    found: Found, states: list[ReaderState], lay_desk: LayDesk
) -> None:
    assert not states
    desk = lay_desk(usb=(RC_S380,), PCSCLITE_CSOCK_NAME="elsewhere")
    assert [each.code for each in found(desk)][2:] == ["reader/none", "clock/good"]


def test_usb_is_looked_at_where_pcsc_cannot_be_asked(
    found: Found, lay_desk: LayDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(*_: object) -> tuple[ReaderState, ...]:
        raise errors.CallTimeoutError("", call="SCardListReaders")

    monkeypatch.setattr(examination, "list_readers", silent)
    desk = lay_desk(usb=(RC_S380,))
    assert [each.code for each in found(desk)] == ["library/found", "service/silent", "usb/no-driver", "clock/good"]


@pytest.mark.parametrize("system", list(System))
def test_no_reader_has_the_cure_of_its_system(
    found: Found, states: list[ReaderState], lay_desk: LayDesk, system: System
) -> None:
    (finding,) = [each for each in found(lay_desk(system)) if each.code == "reader/none"]
    assert ("RC-S380" in finding.cure()) == (system is System.LINUX)


# --- the clock ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("system", "cure"), [(System.LINUX, "timedatectl"), (System.WINDOWS, "Sync now"), (System.MACOS, "System Settings")]
)
def test_a_clock_from_before_this_program_is_behind(
    found: Found, states: list[ReaderState], lay_desk: LayDesk, system: System, cure: str
) -> None:
    assert not states
    finding = found(lay_desk(system, datetime(1970, 1, 1, tzinfo=UTC)))[-1]
    assert (finding.code, finding.level) == ("clock/behind", Level.PROBLEM)
    assert "this version of mynacard" in finding.cause()
    assert cure in finding.cure()


def test_a_clock_from_before_the_certificate_is_behind(door: PcscliteDoor) -> None:
    door.plug(READER, disk.new_card(persona=PERSONAS["not-yet-valid"]))
    codes, status = shown(door.environment(), "--json")
    assert status == 72
    assert '"certificate/not-yet-valid"' in codes
    assert "the card's certificate is newer than the time it shows" in codes
    assert '"clock/good"' not in codes


# --- the table ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", FINDINGS.values(), ids=FINDINGS)
def test_what_is_not_good_has_a_cure(kind: Kind) -> None:
    assert bool(kind.cure) == (kind.level is not Level.GOOD)


def test_sentences_are_translated_with_what_they_name() -> None:
    finding = Finding("service/failed", {"reason": errors.ReaderError("It broke.")})
    assert finding.cause(lambda text: f"<{text}>") == "<The PC/SC service fails: <It broke.>>"


PAGE: Final = (Path(__file__).resolve().parents[2] / "docs/doctor.md").read_text("utf-8")


NAMES: Final = {System.WINDOWS: "Windows", System.MACOS: "macOS"}


def cures(kind: Kind) -> str:
    """What mends it, on each system, as docs/doctor.md has it."""
    others = [f"**{NAMES[system]}:** {cure}" for system, cure in kind.cures.items()]
    return " ".join(["" if kind.cure == "{cure}" else kind.cure, *others]).replace("|", "\\|")


def table() -> str:
    """The table of findings as docs/doctor.md has it."""
    lines = [f"| `{code}` | {kind.level.value} | {kind.cause} | {cures(kind)} |" for code, kind in FINDINGS.items()]
    return "\n".join(["| code | | what is so | what mends it |", "| --- | --- | --- | --- |", *lines]) + "\n"


def test_the_page_has_every_row() -> None:
    assert table() in PAGE


def test_the_page_tells_of_every_row_how_it_was_tried() -> None:
    tried = PAGE.partition("## How each was tried")[2]
    told = [code for line in tried.splitlines() if line.startswith("| `") for code in line.split("|")[1].split(", ")]
    assert sorted(code.strip("` ") for code in told) == sorted(FINDINGS)

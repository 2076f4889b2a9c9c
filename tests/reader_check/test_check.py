"""The reader check on simulated readers: what it finds, what it keeps, and that it spends no try."""

from __future__ import annotations

import errno
import io
import json
import plistlib
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree

import jsonschema
import pytest
import reader_check
import reader_desk
import reader_lengths
import reader_profile
import reader_speed
import reader_subject
import reader_values
from printable import printable
from reader_check import CHECKS, run
from reader_lengths import longest_that_passes
from reader_page import page_of
from reader_report import CardKind, Check, Report, ReportError, Result, read_report, write_report
from reader_subject import Options

from mynacard import errors
from mynacard.doors import disk
from mynacard.doors.pcsclite import Gesture, Keypad, PcscliteDoor
from mynacard.jpki import DF_NAME, DIGITAL_SIGNATURE, USER_AUTHENTICATION, JpkiSession
from mynacard.opening import open_card
from mynacard.pin import Pin
from mynacard.readers import load_profiles
from mynacard.readers.profiles import VARIABLE, to_json
from mynacard.simulator import SimulatedCard
from mynacard.simulator.faults import Fault
from mynacard.simulator.narrow import NarrowReader, Narrows
from mynacard.simulator.powered import Around
from mynacard.simulator.residence import RESIDENCE_PERSONAS
from tests.support import CANARY

NAME: Final = "Simulated Reader 00 00"
PIN: Final = CANARY
NEVER: Final = {"signature", "keypad-verify", "soak", "removal"}
"""What is done only where somebody asks for it."""
SCHEMA: Final = json.loads(Path(reader_check.__file__).with_name("reader_report.schema.json").read_text("utf-8"))


class Counting(Around):
    """A card that keeps what it was sent."""

    def __init__(self, card: Any) -> None:
        super().__init__(card)
        self.sent: list[bytes] = []
        self.answers: list[bytes] = []

    def transmit(self, command: bytes, /) -> bytes:
        self.sent.append(command)
        self.answers.append(super().transmit(command))
        return self.answers[-1]


@pytest.fixture
def card() -> SimulatedCard:
    return disk.new_card(pins={USER_AUTHENTICATION.name: PIN, DIGITAL_SIGNATURE.name: "KANARIE73"})


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits longer than it takes."""
    monkeypatch.setattr(reader_desk, "_HELD_S", 0.05)
    monkeypatch.setattr(reader_desk, "_WAIT_S", 0.05)
    monkeypatch.setattr(reader_subject, "BACK_S", 0.3)
    monkeypatch.setattr(reader_lengths, "BACK_S", 0.3)
    monkeypatch.setattr(reader_speed, "BACK_S", 0.3)
    monkeypatch.setattr(reader_speed, "_REMOVAL_S", 20.0)


def results(report: Report) -> dict[str, str]:
    return {check.code: check.result.value for check in report.checks}


def of(report: Report, code: str) -> Check:
    return next(check for check in report.checks if check.code == code)


def tries(card: SimulatedCard) -> int:
    return card.pins[DF_NAME, USER_AUTHENTICATION.pin.key].tries_left


# --- a reader as it should be ------------------------------------------------------------------------


def test_every_check_that_nobody_must_allow_passes_and_no_pin_is_sent(door: PcscliteDoor, card: SimulatedCard) -> None:
    counting = Counting(card)
    door.plug(NAME, counting)
    report = run(NAME)
    assert results(report) == {code: "not-tested" if code in NEVER else "passed" for code, _, _ in CHECKS}
    assert [check.number for check in report.checks] == list(range(1, len(CHECKS) + 1))
    assert report.finished
    assert report.card.kind is CardKind.JPKI
    assert not [command for command in counting.sent if command[1] in (0x20, 0x24, 0x2A) and len(command) > 4]
    jsonschema.validate(report.document(), SCHEMA)
    assert Report.of(json.loads(json.dumps(report.document()))) == report


def test_without_a_card_the_reader_itself_is_checked(door: PcscliteDoor) -> None:
    door.plug(NAME)
    found = results(run(NAME))
    passed = {code for code, result in found.items() if result == "passed"}
    assert passed == {"library", "listing", "events", "keypad"}
    assert set(found.values()) == {"passed", "not-tested"}


def test_a_residence_card_is_one_and_what_needs_the_other_card_is_not_tested(door: PcscliteDoor) -> None:
    door.plug(NAME, disk.new_card(persona=next(iter(RESIDENCE_PERSONAS.values()))))
    report = run(NAME)
    assert report.card.kind is CardKind.RESIDENCE
    assert of(report, "longest-command").result is Result.PASSED
    assert of(report, "longest-answer").reason == "There is no Individual Number Card on the reader."


def test_a_mute_card_is_a_failure_and_no_crash(door: PcscliteDoor, card: SimulatedCard) -> None:
    class Mute(Around):
        def power_on(self) -> bytes:
            raise OSError

        def reset(self) -> bytes:
            raise OSError

    door.plug(NAME, Mute(card))
    report = run(NAME)
    assert of(report, "card").result is Result.FAILED
    assert "does not answer" in of(report, "card").reason
    assert report.finished


# --- which lengths pass ------------------------------------------------------------------------------

SHORT: Final = Narrows(extended_length=False)
READERS: Final = {
    "short-only": SHORT, "261": Narrows(longest=261), "522": Narrows(longest=522), "65000": Narrows(longest=65_000),
    "65-kB": Narrows(), "261-cuts": Narrows(longest=261, cuts=True), "522-cuts": Narrows(longest=522, cuts=True),
    "700": Narrows(longest=700), "1212": Narrows(longest=1212),
}  # fmt: skip


@pytest.mark.parametrize("narrows", READERS.values(), ids=READERS)
def test_each_limit_is_found_to_the_byte(door: PcscliteDoor, card: SimulatedCard, narrows: Narrows) -> None:
    door.plug(NAME, NarrowReader(card, narrows))
    report = run(NAME)
    command, answer = of(report, "longest-command"), of(report, "longest-answer")
    assert Result.FAILED not in {check.result for check in report.checks}
    assert command.values["longest_command_bytes"] == (narrows.longest if narrows.extended_length else 261)
    assert command.values["extended_commands"] is narrows.extended_length
    whole = len(JpkiSession(card).certificate_der(USER_AUTHENTICATION)) + 2
    longest = narrows.longest if narrows.extended_length else 258
    assert answer.values["longest_answer_bytes"] == min(longest, whole)
    assert answer.values["limited"] is (longest < whole)


@pytest.mark.parametrize("high", [257, 300, 5000, 65_544])
def test_the_bisection_finds_every_limit_between_its_ends(high: int) -> None:
    for limit in {256, 257, high - 1, high, 261, 271, 511, 512, 513, 522, 523, 4096, 65_535}:
        if 256 <= limit <= high:
            assert longest_that_passes(lambda length, limit=limit: length <= limit, 256, high) == limit


# --- profiles learned from it ------------------------------------------------------------------------


def cheapest(narrows: Narrows, length: int) -> tuple[int, int]:
    """The fewest commands and the fewest bytes of those, over all ways to read a file of *length* bytes.

    The length is not known before at least four bytes were read; the rest may come in pieces of any size.
    """
    most = min(narrows.longest - 2, 65_536) if narrows.extended_length else 256
    best = [(0, 0)]
    for left in range(1, length + 1):
        tried = {min(most, left), min(256, left)} | set(range(max(1, left - 1200), min(most, left) + 1))
        best.append(
            min((best[left - ne][0] + 1, best[left - ne][1] + (5 if ne <= 256 else 7) + ne + 2) for ne in tried)
        )
    ways = [(best[length - ne], ne) for ne in range(4, min(most, length) + 1)]
    return min((count + 1, size + (5 if ne <= 256 else 7) + ne + 2) for (count, size), ne in ways)


@pytest.mark.parametrize("narrows", READERS.values(), ids=READERS)
def test_with_the_learned_profile_a_certificate_costs_the_least_of_all_ways(
    door: PcscliteDoor, card: SimulatedCard, narrows: Narrows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counting = Counting(card)
    door.plug(NAME, NarrowReader(counting, narrows))
    profile = reader_profile.learned(run(NAME))
    path = tmp_path / "profiles.json"
    path.write_text(to_json((profile,)), "utf-8")
    monkeypatch.setenv(VARIABLE, str(path))
    counting.sent.clear()
    counting.answers.clear()
    with open_card(NAME) as channel:
        der = JpkiSession(channel).certificate_der(USER_AUTHENTICATION)
    select, *reads = counting.sent
    spent = sum(map(len, reads)) + sum(map(len, counting.answers[1:]))
    assert select[1] == 0xA4
    assert (len(reads), spent) == cheapest(narrows, len(der))


def test_a_profile_is_put_into_a_file_in_place_of_the_same_readers(
    door: PcscliteDoor, card: SimulatedCard, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report, profiles = tmp_path / "report.json", tmp_path / "profiles.json"
    for longest, keypad in ((261, None), (700, Keypad([PIN])), (522, None)):
        door.plug(NAME, NarrowReader(card, Narrows(longest=longest)), keypad=keypad)
        write_report(run(NAME, Options(typed=keypad is not None, tell=lambda _: None)), report)
        door.unplug(NAME)
        assert reader_profile.main([str(report), "--add", str(profiles)]) == 0
    (row,) = load_profiles(profiles)
    assert (row.names, row.command_max, row.answer_max, row.chunk) == (("Simulated Reader",), 522, 522, 520)
    assert row.keypad_tested  # as the second report said; the third did not look
    assert reader_profile.main([str(report)]) == 0
    assert capsys.readouterr().out == to_json((replace(row, keypad_tested=False),))


def test_a_report_without_a_card_teaches_nothing(door: PcscliteDoor, tmp_path: Path) -> None:
    door.plug(NAME)
    report = run(NAME)
    with pytest.raises(ReportError, match="which lengths pass"):
        reader_profile.learned(report)
    path = tmp_path / "report.json"
    write_report(report, path)
    assert reader_profile.main([str(path)]) == 1
    assert reader_profile.main([str(tmp_path / "none.json")]) == 1


# --- PINs --------------------------------------------------------------------------------------------


def test_a_signature_is_timed_after_one_verify_where_that_is_allowed(door: PcscliteDoor, card: SimulatedCard) -> None:
    counting = Counting(card)
    door.plug(NAME, counting)
    check = of(run(NAME, Options(pin=Pin(PIN))), "signature")
    assert check.result is Result.PASSED
    assert len(check.values["signature_ms"]) == 5  # type: ignore[arg-type]
    assert len([command for command in counting.sent if command[1] == 0x20 and len(command) > 4]) == 1
    assert tries(card) == 3


def test_a_wrong_pin_costs_one_try_and_is_no_fault_of_the_reader(door: PcscliteDoor, card: SimulatedCard) -> None:
    door.plug(NAME, card)
    check = of(run(NAME, Options(pin=Pin("0000"))), "signature")
    assert check.result is Result.NOT_TESTED
    assert check.reason.startswith("The PIN did not open the key: The user-authentication PIN is wrong.")
    assert tries(card) == 2


@pytest.mark.parametrize(
    ("entry", "result", "left"),
    [
        (PIN, Result.PASSED, 3),
        (Gesture.CANCEL, Result.NOT_TESTED, 3),
        (Gesture.TIME_OUT, Result.NOT_TESTED, 3),
        ("0000", Result.NOT_TESTED, 2),
    ],
)
def test_a_pin_is_asked_for_at_the_readers_keys_where_that_is_allowed(
    door: PcscliteDoor, card: SimulatedCard, entry: str | Gesture, result: Result, left: int
) -> None:
    told: list[str] = []
    door.plug("A Keypad", card, keypad=Keypad([entry]))
    report = run("A Keypad", Options(typed=True, tell=told.append))
    assert of(report, "keypad").values["verifies"] is True
    assert of(report, "keypad-verify").result is result
    assert told == ["Type the user-authentication PIN at the reader's keys."]
    assert tries(card) == left
    if result is Result.PASSED:
        assert reader_profile.learned(report).keypad_tested


def test_keys_that_nobody_allowed_are_not_used(door: PcscliteDoor, card: SimulatedCard) -> None:
    keypad = Keypad([PIN])
    door.plug(NAME, card, keypad=keypad)
    assert of(run(NAME), "keypad-verify").result is Result.NOT_TESTED
    assert keypad.left == 1


# --- for long, and without the card ------------------------------------------------------------------


def test_the_soak_counts_reads(door: PcscliteDoor, card: SimulatedCard) -> None:
    door.plug(NAME, card)
    check = of(run(NAME, Options(soak_s=0.1)), "soak")
    assert check.result is Result.PASSED
    assert check.values["reads"] == len(check.values["read_ms"])  # type: ignore[arg-type]
    assert check.values["failures"] == 0


def test_the_soak_counts_failures_and_ends_when_there_are_only_those(
    door: PcscliteDoor, card: SimulatedCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader_speed, "_PACE_S", 0)
    door.plug(NAME, card)

    def show(line: str) -> None:
        if "Soak" in line:
            door.arm(NAME, *(Fault.parse(f"status=6F00@{at}") for at in range(1, 200)))

    check = of(run(NAME, Options(soak_s=600), show=show), "soak")
    assert check.result is Result.FAILED
    assert check.values["failures"] == 20
    assert str(check.values["last_error"]).startswith("card: ")


def test_a_card_that_is_taken_off_and_laid_on_again(door: PcscliteDoor, card: SimulatedCard) -> None:
    door.plug(NAME, card)
    hands: list[threading.Thread] = []

    def tell(text: str) -> None:
        do = (lambda: door.remove(NAME)) if "off" in text else (lambda: door.insert(NAME, card))
        hands.append(threading.Thread(target=do))
        hands[-1].start()

    check = of(run(NAME, Options(removal=True, tell=tell)), "removal")
    for hand in hands:
        hand.join()
    assert check.result is Result.PASSED, check
    assert check.values == {"error": "reader/card-removed", "noticed": True, "works_again": True}


# --- readers that vanish -----------------------------------------------------------------------------


@pytest.mark.parametrize("at", range(1, len(CHECKS) + 1))
def test_a_reader_that_vanishes_costs_no_check_before_it(
    door: PcscliteDoor, card: SimulatedCard, at: int, tmp_path: Path
) -> None:
    door.plug(NAME, card)
    path = tmp_path / "report.json"
    kept: list[int] = []

    def show(line: str) -> None:
        if line.startswith(f"[{at:2}/"):
            door.unplug(NAME)

    def keep(report: Report) -> None:
        write_report(report, path)
        kept.append(len(read_report(path).checks))

    report = run(NAME, Options(pin=Pin(PIN), soak_s=0.05), keep, show)
    assert kept == list(range(1, len(CHECKS) + 1))
    assert read_report(path) == report
    before = [check.result for check in report.checks[: at - 1] if check.code not in {"keypad-verify", "removal"}]
    assert before == [Result.PASSED] * len(before)
    after = {check.result for check in report.checks[at:]}
    assert after <= {Result.NOT_TESTED, Result.FAILED, Result.PASSED}
    assert Result.PASSED not in {check.result for check in report.checks[max(at, 3) :]}
    assert tries(card) == 3


@pytest.mark.parametrize("kind", ["unplugged", "removed", "removed-during", "reset", "service-gone", "empty"])
def test_whatever_happens_at_whatever_command_ends_in_a_whole_report(
    door: PcscliteDoor, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader_subject, "BACK_S", 0.05)
    for at in (1, 5, 14, 60, 150):
        card = disk.new_card()
        door.plug(NAME, card, [Fault.parse(f"{kind}@{at}")])
        report = run(NAME, replace(Options(), rounds=5))
        assert len(report.checks) == len(CHECKS)
        assert report.finished
        assert tries(card) == 3
        if NAME in door.readers:
            door.unplug(NAME)


# --- names, pages, the script ------------------------------------------------------------------------

MARKUP: Final = '<script>alert("x")</script> & <b>読取装置</b>'


def test_names_in_other_letters_and_with_markup_are_text(door: PcscliteDoor, card: SimulatedCard) -> None:
    for name in ("カードリーダー 00 00", MARKUP):
        door.plug(name, card)
        report = run(name)
        assert Result.FAILED not in {check.result for check in report.checks}
        page = page_of(report)
        assert "<script" not in page
        root = ElementTree.fromstring(page.split("\n", 1)[1])
        assert name.removesuffix(" 00 00") in "".join(root.itertext())
        assert not [each for each in root.iter() if {"src", "href"} & set(each.attrib)]
        door.unplug(name)


def test_two_readers_of_one_model_are_noted_and_chosen_by_their_whole_names(
    door: PcscliteDoor, card: SimulatedCard, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("A Reader (QX-1) 00 00", "A Reader (QX-2) 01 00"):
        door.plug(name, card if "QX-1" in name else None)
    assert reader_check.main(["--reader", "A Reader"]) == 3
    assert "Several readers fit" in capsys.readouterr().err
    report = run("A Reader (QX-1) 00 00")
    assert of(report, "listing").result is Result.NOTED
    assert report.reader.name == "A Reader 00 00"
    assert "QX-" not in json.dumps(report.document())


def test_neither_is_that_of_any_reader_in_what_an_error_lists(door: PcscliteDoor, card: SimulatedCard) -> None:
    name, other = "A Reader (QX-4711) 00 00", "Another (QX-1) (2) 01 00"
    door.plug(name, card)
    door.plug(other)
    report = run(name, Options(pin=Pin(PIN)), show=lambda line: door.unplug(name) if "] Signature" in line else None)
    assert "Attached: Another 01 00" in of(report, "signature").reason
    assert "QX-" not in json.dumps(report.document())
    door.plug(name, card)
    report = run(name, Options(soak_s=0.1), show=lambda line: door.remove(name) if "] Soak" in line else None)
    assert str(of(report, "soak").values["last_error"]).startswith("reader/")
    assert "QX-" not in json.dumps(report.document())


def test_numbers_without_end_are_thinned() -> None:
    thinned = reader_speed._Thinned()
    for number in range(10_000):
        thinned.add(number)
    assert thinned.kept == [float(number) for number in range(0, 10_000, 8)]


def test_a_serial_number_is_in_no_report_whatever_fails(door: PcscliteDoor, card: SimulatedCard) -> None:
    name = "A Reader (QX-4711) 00 00"
    for at in (1, 4, 20):
        door.plug(name, card, [Fault.parse(f"unplugged@{at}")])
        assert "QX-" not in json.dumps(run(name).document())


def test_the_page_of_a_whole_run_has_its_pictures(door: PcscliteDoor, card: SimulatedCard) -> None:
    door.plug(NAME, card)
    page = page_of(run(NAME))
    root = ElementTree.fromstring(page.split("\n", 1)[1])
    assert len([each for each in root.iter() if each.tag.endswith("svg")]) == 3


def test_the_driver_is_told_where_it_knows_the_reader(tmp_path: Path) -> None:
    path = tmp_path / "Info.plist"
    path.write_bytes(plistlib.dumps({"CFBundleShortVersionString": "1.5.2", "ifdFriendlyName": ["ACS ACR1252 Reader"]}))
    assert reader_desk.driver("ACS ACR1252 Reader [PICC] 00 00", path) == "libccid 1.5.2"
    assert reader_desk.driver(NAME, path) == ""
    for damaged in (b"", b"nonsense", plistlib.dumps({})):
        path.write_bytes(damaged)
        assert reader_desk.driver(NAME, path) == ""
    assert reader_desk.driver(NAME, tmp_path / "none") == ""


@pytest.fixture
def script(door: PcscliteDoor, card: SimulatedCard, tmp_path: Path) -> Callable[..., int]:
    door.plug(NAME, card)
    return lambda *words: reader_check.main([*map(str, words)])


def test_the_script_writes_report_and_page_and_says_how_it_went(
    script: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert script("--json", tmp_path / "r.json", "--html", tmp_path / "r.html", "--rounds", 3) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert "[ 1/21] PC/SC library" in said.err
    assert "17 passed, 4 not tested" in said.err
    assert read_report(tmp_path / "r.json").finished
    assert (tmp_path / "r.html").read_text("utf-8").startswith("<!DOCTYPE html>")


def test_a_failure_is_in_its_exit_code(script: Callable[..., int], door: PcscliteDoor) -> None:
    door.arm(NAME, Fault.parse("unplugged@5"))
    assert script("--rounds", 1) == 1


def test_a_pin_that_is_none_is_told_before_the_reader_is_touched(
    script: Callable[..., int], tmp_path: Path, card: SimulatedCard, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "pin").write_text("12345\n")
    with pytest.raises(SystemExit) as ended:
        script("--allow-pin", USER_AUTHENTICATION.name, "--pin-file", tmp_path / "pin")
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert "must be exactly 4 digits" in said
    assert "12345" not in said
    assert "[ 1/21]" not in said


@pytest.mark.parametrize(
    "words",
    [
        ("--rounds", "0"), ("--rounds", "9999"), ("--soak", "-1"), ("--allow-pin", "user-authentication"),
        ("--pin-file", "x"), ("--allow-pin", "digital-signature", "--pin-file", "x"), ("--nonsense",),
        ("--allow-pin", "user-authentication", "--pin-file", "/nonexistent/pin"),
    ],
)  # fmt: skip
def test_a_wrong_command_line_touches_nothing(
    script: Callable[..., int], card: SimulatedCard, words: tuple[str, ...]
) -> None:
    with pytest.raises(SystemExit) as ended:
        script(*words)
    assert ended.value.code == 2
    assert tries(card) == 3


def test_no_such_reader_has_an_exit_code_of_its_own(script: Callable[..., int]) -> None:
    assert script("--reader", "another") == 3


@pytest.mark.parametrize("option", ["--json", "--html"])
def test_a_place_where_nothing_can_be_written_is_told_before_the_reader_is_touched(
    script: Callable[..., int], tmp_path: Path, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in (tmp_path / "none" / "r.json", tmp_path):
        with pytest.raises(SystemExit) as ended:
            script(option, path)
        assert ended.value.code == 2
        said = capsys.readouterr().err
        assert str(path) in said
        assert "[ 1/21]" not in said


def test_a_file_that_cannot_be_written_any_more_is_named(
    script: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    assert script("--json", tmp_path / "r.json") == 1
    assert f"reader_check: {tmp_path / 'r.json'}: No space left on device\n" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("code", ["card", "longest-command", "latency", "soak"])
def test_what_was_measured_stays_when_somebody_presses_control_c(
    script: Callable[..., int], tmp_path: Path, code: str, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    def stopped(desk: reader_subject.Desk, values: reader_subject.Values) -> str:
        values["measured_ms"] = (1.0, 2.0)
        raise KeyboardInterrupt

    monkeypatch.setattr(
        reader_check, "CHECKS", [(each, title, stopped if each == code else step) for each, title, step in CHECKS]
    )
    assert script("--json", tmp_path / "r.json", "--html", tmp_path / "r.html", "--rounds", 2) == 130
    report = read_report(tmp_path / "r.json")
    assert [check.code for check in report.checks] == [each for each, _, _ in CHECKS][: len(report.checks)]
    assert (report.checks[-1].code, report.finished) == (code, False)
    assert report.checks[-1].result is Result.NOT_TESTED
    assert report.checks[-1].values == {"measured_ms": (1.0, 2.0)}
    assert "This check was not finished." in (tmp_path / "r.html").read_text("utf-8")
    assert "what was measured until then is kept" in capsys.readouterr().err


def test_that_nobody_listens_stops_no_measuring(
    script: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Gone(io.StringIO):
        def write(self, _: str) -> int:
            raise BrokenPipeError

    monkeypatch.setattr("sys.stderr", Gone())
    assert script("--json", tmp_path / "r.json", "--rounds", 1) == 0
    assert read_report(tmp_path / "r.json").finished


# --- time ------------------------------------------------------------------------------------------


def test_a_command_that_would_take_too_long_is_not_tried_and_makes_no_limit(
    door: PcscliteDoor, card: SimulatedCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader_lengths, "_seconds_per_byte", lambda _: 0.002)
    counting = Counting(card)
    door.plug(NAME, counting)
    report = run(NAME)
    check = of(report, "longest-command")
    assert check.result is Result.PASSED
    assert check.values["longest_command_bytes"] == 4000 == max(map(len, counting.sent))
    assert check.values["limited"] is False
    assert "were not tried" in check.summary
    assert reader_profile.learned(report).command_max is None


def test_a_bytes_time_is_the_difference_of_a_long_command_and_a_short_one(monkeypatch: pytest.MonkeyPatch) -> None:
    class Wire:
        """Each command takes a second, and a byte of it 1/1000."""

        lengths: Final[list[int]] = []

        def transmit(self, command: bytes) -> bytes:
            self.lengths.append(len(command))
            return b"\x6a\x82"

    def timed(job: Callable[[], object]) -> float:
        job()
        return 1 + Wire.lengths[-1] / 1000

    monkeypatch.setattr(reader_lengths, "timed", timed)
    assert reader_lengths._seconds_per_byte(Wire()) == pytest.approx(0.001)  # type: ignore[arg-type]


def test_the_sizes_that_take_longest_are_left_out_where_there_is_no_time(
    door: PcscliteDoor, card: SimulatedCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader_speed, "_SIZES_S", 0.0)
    door.plug(NAME, card)
    values = of(run(NAME), "read-sizes").values
    whole = len(JpkiSession(card).certificate_der(USER_AUTHENTICATION))
    assert values["size_bytes"] == (whole,)
    assert values["fastest_bytes"] == whole


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (errors.CallTimeoutError("slow", call="PC/SC"), "Since check 5 nothing is answered."),
        (errors.NoCardError("gone"), "The card was gone at check 5."),
        (errors.NoPcscServiceError("gone"), "The PC/SC service was gone at check 5."),
        (reader_subject.Stuck("stuck.", "Plug it in."), "Since check 5 nothing is answered."),
    ],
)
def test_where_nothing_answers_any_more_no_further_check_waits_for_it(
    door: PcscliteDoor, card: SimulatedCard, error: Exception, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(desk: reader_subject.Desk, values: reader_subject.Values) -> str:
        raise error

    checks = [(code, title, fails if code == "protocol" else step) for code, title, step in CHECKS]
    monkeypatch.setattr(reader_check, "CHECKS", checks)
    door.plug(NAME, card)
    report = run(NAME)
    assert report.checks[4].result is Result.FAILED
    assert {(check.result, check.reason) for check in report.checks[5:]} == {(Result.NOT_TESTED, reason)}
    assert report.finished


# --- words -----------------------------------------------------------------------------------------


def test_every_value_has_words_of_its_own(door: PcscliteDoor, card: SimulatedCard) -> None:
    door.plug("A Keypad", card, keypad=Keypad([PIN]))
    report = run("A Keypad", Options(pin=Pin(PIN), typed=True, soak_s=0.05, tell=lambda _: None))
    for check in report.checks:
        for name in check.values:
            assert name in reader_values._LABELS[check.code], (check.code, name)
    assert set(reader_values._LABELS) == {code for code, _, _ in CHECKS}


def test_what_failed_or_is_noted_says_what_to_do(door: PcscliteDoor, card: SimulatedCard) -> None:
    door.plug(NAME, NarrowReader(card, SHORT), [Fault.parse("error=80100016@9")])
    for check in run(NAME).checks:
        if check.result in {Result.NOTED, Result.FAILED}:
            said = check.summary or check.reason
            assert len([part for part in said.split(". ") if part]) >= 2, said
            assert said.endswith(".")


def test_a_name_that_is_no_text_makes_a_report(door: PcscliteDoor, card: SimulatedCard, tmp_path: Path) -> None:
    name = "A\udcff Reader 00 00"
    door.plug(NAME, card)
    desk = Options()
    report = reader_check.Run(reader_subject.Desk(name, desk), lambda each: write_report(each, tmp_path / "r"), print)
    assert report.report().reader.name == "A? Reader 00 00"
    assert read_report(tmp_path / "r").finished


def test_the_blank_of_japanese_names_is_shown_and_what_commands_a_terminal_is_not() -> None:
    assert printable("カード\u3000リーダー\x1b[2J") == "カード\u3000リーダー\N{REPLACEMENT CHARACTER}[2J"

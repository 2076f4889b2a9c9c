"""The reader check on simulated readers: what it learns, what it keeps, and that it spends no try."""

from __future__ import annotations

import json
import plistlib
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

import jsonschema
import pytest

from mynacard import errors
from mynacard.doors import disk
from mynacard.doors.pcsclite import Gesture, Keypad, PcscliteDoor
from mynacard.jpki import USER_AUTHENTICATION, JpkiSession
from mynacard.pin import Pin
from mynacard.reader_check import (
    CHECKS,
    CardKind,
    Options,
    Report,
    Result,
    learned,
    lengths,
    page_of,
    read_report,
    reader_to_check,
    run,
    speed,
    subject,
    values,
    write_report,
)
from mynacard.reader_check import check as check_module
from mynacard.reader_check.driver import installed_driver
from mynacard.reader_check.lengths import longest_that_passes
from mynacard.simulator import SimulatedCard, Traits
from mynacard.simulator.faults import Fault
from mynacard.simulator.individual.persona import PERSONAS
from mynacard.simulator.narrow import NarrowReader, Narrows
from mynacard.simulator.powered import Around
from mynacard.simulator.residence import RESIDENCE_PERSONAS
from mynacard.texts import printable
from tests.extent import all_or_some
from tests.reader_check.runs import NAME, PIN, READERS, SHORT, Counting, of, results, tries
from tests.support import SOURCE

NEVER: Final = {"signature", "keypad-verify", "soak", "removal"}
"""What is done only where somebody asks for it."""
SCHEMA: Final = json.loads((SOURCE / "reader_check" / "report.schema.json").read_text("utf-8"))


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


def test_a_guarded_certificate_is_not_called_the_readers_fault(door: PcscliteDoor) -> None:
    door.plug(NAME, disk.new_card(persona=PERSONAS["android-phone"]))
    report = run(NAME)
    assert {check.result for check in report.checks} == {Result.PASSED, Result.NOT_TESTED}
    for code in ("longest-answer", "read-sizes"):
        assert of(report, code).reason == "This card's certificate cannot be read without a PIN ('6982')."


def test_a_card_that_refuses_long_commands_is_noted(door: PcscliteDoor) -> None:
    door.plug(NAME, disk.new_card(Traits(extended_length=False)))
    check = of(run(NAME), "longest-command")
    assert check.result is Result.NOTED
    assert "'6A82' at 261 bytes, '6700' at 65,544 bytes" in check.summary


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
    assert told == ["Type the user-authentication PIN at the reader's keypad."]
    assert tries(card) == left
    if result is Result.PASSED:
        assert learned(report).keypad_tested


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
    monkeypatch.setattr(speed, "_PACE_S", 0)
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


@pytest.mark.exhaustive
@pytest.mark.parametrize("at", list(all_or_some(range(1, len(CHECKS) + 1), sample=6)))
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


@pytest.mark.exhaustive
@pytest.mark.parametrize("kind", ["unplugged", "removed", "removed-during", "reset", "service-gone", "empty"])
def test_whatever_happens_at_whatever_command_ends_in_a_whole_report(
    door: PcscliteDoor, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subject, "BACK_S", 0.05)
    for at in all_or_some((1, 5, 14, 60, 150), sample=2):
        card = disk.new_card()
        door.plug(NAME, card, [Fault.parse(f"{kind}@{at}")])
        report = run(NAME, replace(Options(), rounds=5))
        assert len(report.checks) == len(CHECKS)
        assert report.finished
        assert tries(card) == 3
        if NAME in door.readers:
            door.unplug(NAME)


# --- names and pages -------------------------------------------------------------------------------

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
    door: PcscliteDoor, card: SimulatedCard
) -> None:
    for name in ("A Reader (QX-1) 00 00", "A Reader (QX-2) 01 00"):
        door.plug(name, card if "QX-1" in name else None)
    with pytest.raises(errors.ReaderAmbiguousError, match="Several readers fit"):
        reader_to_check("A Reader")
    assert reader_to_check("QX-2") == "A Reader (QX-2) 01 00"
    assert reader_to_check() == "A Reader (QX-1) 00 00"  # the one with a card
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
    thinned = speed._Thinned()
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


def test_the_page_begins_with_how_many_checks_ended_how_and_with_what_to_know(
    door: PcscliteDoor, card: SimulatedCard
) -> None:
    door.plug(NAME, NarrowReader(card, SHORT), [Fault.parse("garbage=5@200")])
    body = page_of(run(NAME)).partition("</h1>")[2].lstrip()
    assert body.startswith("<p><b>14 passed, 2 noted, 1 failed, 4 not tested.</b></p>\n<ul>")
    remarks = body.partition("<table>")[0]
    assert remarks.index("Size of READ BINARY") < remarks.index("Longest command")
    assert "172 bytes and " in remarks


def test_the_driver_is_told_where_it_knows_the_reader(tmp_path: Path) -> None:
    path = tmp_path / "Info.plist"
    path.write_bytes(plistlib.dumps({"CFBundleShortVersionString": "1.5.2", "ifdFriendlyName": ["ACS ACR1252 Reader"]}))
    assert installed_driver("ACS ACR1252 Reader [PICC] 00 00", path) == "libccid 1.5.2"
    assert installed_driver(NAME, path) == ""
    for damaged in (b"", b"nonsense", plistlib.dumps({})):
        path.write_bytes(damaged)
        assert installed_driver(NAME, path) == ""
    assert installed_driver(NAME, tmp_path / "none") == ""


# --- time ------------------------------------------------------------------------------------------


def test_a_command_that_would_take_too_long_is_not_tried_and_makes_no_limit(
    door: PcscliteDoor, card: SimulatedCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lengths, "_seconds_per_byte", lambda _: 0.002)
    counting = Counting(card)
    door.plug(NAME, counting)
    report = run(NAME)
    check = of(report, "longest-command")
    assert check.result is Result.PASSED
    assert check.values["longest_command_bytes"] == 4000 == max(map(len, counting.sent))
    assert check.values["limited"] is False
    assert "were not tried" in check.summary
    assert learned(report).command_max is None


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

    monkeypatch.setattr(lengths, "timed", timed)
    assert lengths._seconds_per_byte(Wire()) == pytest.approx(0.001)  # type: ignore[arg-type]


def test_the_sizes_that_take_longest_are_left_out_where_there_is_no_time(
    door: PcscliteDoor, card: SimulatedCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speed, "_SIZES_S", 0.0)
    door.plug(NAME, card)
    measured = of(run(NAME), "read-sizes").values
    whole = len(JpkiSession(card).certificate_der(USER_AUTHENTICATION))
    assert measured["size_bytes"] == (whole,)
    assert measured["fastest_bytes"] == whole


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (errors.CallTimeoutError("slow", call="PC/SC"), "Nothing has answered since check 5."),
        (errors.NoCardError("gone"), "The card was gone at check 5."),
        (errors.NoPcscServiceError("gone"), "The PC/SC service was gone at check 5."),
        (subject.Stuck("stuck.", "Plug it in."), "Nothing has answered since check 5."),
    ],
)
def test_where_nothing_answers_any_more_no_further_check_waits_for_it(
    door: PcscliteDoor, card: SimulatedCard, error: Exception, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(desk: subject.Desk, values: subject.Values) -> str:
        raise error

    checks = [(code, title, fails if code == "protocol" else step) for code, title, step in CHECKS]
    monkeypatch.setattr(check_module, "CHECKS", checks)
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
            assert name in values._LABELS[check.code], (check.code, name)
    assert set(values._LABELS) == {code for code, _, _ in CHECKS}


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
    report = check_module.Run(subject.Desk(name, desk), lambda each: write_report(each, tmp_path / "r"), print)
    assert report.report().reader.name == "A? Reader 00 00"
    assert read_report(tmp_path / "r").finished


def test_the_blank_of_japanese_names_is_shown_and_what_commands_a_terminal_is_not() -> None:
    assert printable("カード\u3000リーダー\x1b[2J") == "カード\u3000リーダー\\x1b[2J"

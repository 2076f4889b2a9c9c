"""A profile that is learned from a report: what it saves, and how it gets into a file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mynacard.doors.pcsclite import Keypad, PcscliteDoor
from mynacard.jpki import DIGITAL_SIGNATURE, USER_AUTHENTICATION, JpkiSession
from mynacard.opening import open_card
from mynacard.reader_check import Options, ReportError, learned, run, write_report
from mynacard.readers import load_profiles
from mynacard.readers.profiles import VARIABLE, to_json
from mynacard.simulator import SimulatedCard
from mynacard.simulator.faults import Fault
from mynacard.simulator.narrow import NarrowReader, Narrows
from tests.reader_check.programs import Program, both
from tests.reader_check.runs import NAME, PIN, READERS, Counting


@pytest.fixture(params=both("profile"), ids=lambda program: program.name)
def readers_profile(request: pytest.FixtureRequest) -> Program:
    program: Program = request.param
    return program


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
    profile = learned(run(NAME))
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


@pytest.mark.parametrize("narrows", READERS.values(), ids=READERS)
def test_with_the_learned_profile_a_signature_costs_as_few_commands_and_no_login(
    door: PcscliteDoor, card: SimulatedCard, narrows: Narrows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a card was asked for through this reader is asked for after a password, too."""
    counting = Counting(card)
    door.plug(NAME, NarrowReader(counting, narrows))
    profile = learned(run(NAME))
    path = tmp_path / "profiles.json"
    path.write_text(to_json((profile,)), "utf-8")
    monkeypatch.setenv(VARIABLE, str(path))
    counting.sent.clear()
    with open_card(NAME) as channel:
        session = JpkiSession(channel)
        session.verify(DIGITAL_SIGNATURE, "KANARIE73")
        session.sign(b"a document")
        length = len(session.certificate_der(DIGITAL_SIGNATURE))
    at_once = (profile.chunk or 256) if profile.extended_length else 256
    reads = sum(command[1] == 0xB0 for command in counting.sent)
    assert (reads, len(counting.sent)) == (-(-length // at_once), 5 + -(-length // at_once))


def test_a_profile_is_put_into_a_file_in_place_of_the_same_readers(
    door: PcscliteDoor, card: SimulatedCard, tmp_path: Path, readers_profile: Program
) -> None:
    report, profiles = tmp_path / "report.json", tmp_path / "profiles.json"
    for longest, keypad in ((261, None), (700, Keypad([PIN])), (522, None)):
        door.plug(NAME, NarrowReader(card, Narrows(longest=longest)), keypad=keypad)
        write_report(run(NAME, Options(typed=keypad is not None, tell=lambda _: None)), report)
        door.unplug(NAME)
        assert readers_profile(report, "--add", profiles).code == 0
    (row,) = load_profiles(profiles)
    assert (row.names, row.command_max, row.answer_max, row.chunk) == (("Simulated Reader",), 522, 522, 520)
    assert row.keypad_tested  # as the second report said; the third did not look
    assert readers_profile(report).out == to_json((replace(row, keypad_tested=False),))


def test_a_report_in_which_a_check_failed_teaches_a_profile_only_by_force(
    door: PcscliteDoor, card: SimulatedCard, tmp_path: Path, readers_profile: Program
) -> None:
    door.plug(NAME, NarrowReader(card, Narrows(longest=522)), [Fault.parse("repeated-block@200")])
    write_report(run(NAME), tmp_path / "report")
    refused = readers_profile(tmp_path / "report")
    assert (refused.code, refused.out) == (1, "")
    assert "A check failed (Size of READ BINARY" in refused.err
    assert "no profile is learned" in refused.err
    assert '"command_max": 522' in readers_profile(tmp_path / "report", "--force").out


def test_a_report_without_a_card_teaches_nothing(door: PcscliteDoor, tmp_path: Path, readers_profile: Program) -> None:
    door.plug(NAME)
    report = run(NAME)
    with pytest.raises(ReportError, match="which lengths pass"):
        learned(report)
    path = tmp_path / "report.json"
    write_report(report, path)
    assert readers_profile(path).code == 1
    assert readers_profile(tmp_path / "none.json").code == 1

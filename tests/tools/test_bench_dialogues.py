"""The dialogues of whole tasks: exactly these commands and bytes, and no more of yesterday's time than this share."""

from __future__ import annotations

import bench_dialogues
import pytest
from bench_dialogues import EF_SIZES, PAGE, TASKS, WAYS, counted, dialogues, picture, table, way, ways_table

from mynacard.apdu.reading import COMMAND_S
from mynacard.simulator.timing import TRANSPORTS
from tests.rig.pcscd import unavailable

EXACT = {
    "sign a document, new reader and card": ((11, 1739), (7, 4366)),
    "… on a reader with a profile": ((7, 1731), (6, 2316)),
    "… certificate held by the caller": ((5, 266), (5, 266)),
    "log in, certificate new": ((7, 1481), (6, 2316)),
    "read the user-authentication certificate": ((3, 1217), (2, 2052)),
}
BLOCKS, KNOWN, WHOLE, *PROBED = WAYS


@pytest.mark.parametrize("name", TASKS)
def test_a_task_costs_exactly_these_commands_and_bytes(name: str) -> None:
    now, before = counted(TASKS[name].now), counted(TASKS[name].before)
    assert ((now.commands, now.received), (before.commands, before.received)) == EXACT[name]


@pytest.mark.parametrize("name", TASKS)
def test_a_task_takes_no_more_than_is_wanted(name: str) -> None:
    task = TASKS[name]
    now, before = counted(task.now), counted(task.before)
    commands, received, share = task.wanted
    assert commands is None or now.commands <= commands
    assert received is None or now.received <= received
    assert share is not None
    assert now.seconds <= share * before.seconds + 1e-9


@pytest.mark.parametrize("name", [name for name, task in TASKS.items() if task.others])
def test_a_task_takes_fewer_commands_bytes_and_less_time_than_others_need(name: str) -> None:
    now, _, *others = (dialogue for _, dialogue in dialogues(TASKS[name]))
    assert others
    for other in others:
        assert now.commands < other.commands
        assert now.received < other.received
        assert now.seconds < other.seconds


def test_mynas_dialogues_have_the_counts_that_are_known() -> None:
    signs = TASKS["sign a document, new reader and card"].others["myna 0.7.1"]
    reads = TASKS["read the user-authentication certificate"].others["myna 0.7.1"]
    assert [(one.commands, one.received) for one in map(counted, (signs, reads))] == [(15, 1779), (10, 1263)]


@pytest.mark.parametrize("ef_size", EF_SIZES)
@pytest.mark.parametrize("task", ["sign a document, new reader and card", "… on a reader with a profile"])
def test_what_a_task_costs_does_not_depend_on_the_filler(task: str, ef_size: int | None) -> None:
    now = counted(TASKS[task].now, ef_size)
    assert (now.commands, now.received) == EXACT[task][0]


@pytest.mark.parametrize("wire", TRANSPORTS)
@pytest.mark.parametrize("ef_size", EF_SIZES)
def test_no_other_way_takes_less_time_on_an_unknown_reader(ef_size: int | None, wire: str) -> None:
    blocks_s = way(BLOCKS, ef_size, wire).seconds
    assert [name for name in PROBED if way(name, ef_size, wire).seconds < blocks_s] == []


@pytest.mark.parametrize("wire", TRANSPORTS)
@pytest.mark.parametrize("ef_size", EF_SIZES)
def test_only_an_ef_without_filler_is_read_faster_whole_and_only_by_a_command(ef_size: int | None, wire: str) -> None:
    known_s, whole_s = way(KNOWN, ef_size, wire).seconds, way(WHOLE, ef_size, wire).seconds
    if ef_size is None:
        assert 0 < known_s - whole_s < 1.1 * COMMAND_S
    else:
        assert known_s < whole_s
    assert known_s < way(BLOCKS, ef_size, wire).seconds


def test_this_library_reads_by_the_ways_that_are_compared() -> None:
    assert counted(TASKS["sign a document, new reader and card"].now) == way(BLOCKS, 2048)
    known = counted(TASKS["… on a reader with a profile"].now)
    assert (known.commands, known.received) == (way(KNOWN, 2048).commands, way(KNOWN, 2048).received)
    assert known.seconds == pytest.approx(way(KNOWN, 2048).seconds)


def test_the_page_has_these_tables_and_this_picture() -> None:
    text = PAGE.read_text("utf-8")
    assert f"<!-- tasks -->\n{table()}<!-- end -->" in text
    assert f"<!-- ways -->\n{ways_table()}<!-- end -->" in text
    assert PAGE.with_suffix(".svg").read_text("utf-8") == picture() + "\n"


def test_opensc_is_left_out_where_it_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_dialogues.shutil, "which", lambda _: None)
    named = [figure.what for figure in bench_dialogues.figures()]
    assert not any("OpenSC" in what for what in named)
    assert len(named) == len(WAYS) + sum(2 + len(task.others) for task in TASKS.values())


@pytest.mark.thorough("the programs of OpenSC")
@pytest.mark.parametrize("forced", [False, True], ids=["default", "forced"])
@pytest.mark.parametrize("name", [name for name, task in TASKS.items() if task.opensc])
def test_opensc_takes_more_commands_and_more_time(name: str, forced: bool) -> None:
    other = bench_dialogues.by_opensc(TASKS[name], forced=forced) or unavailable("OpenSC is not installed")
    now = counted(TASKS[name].now)
    assert now.commands < other.commands
    assert now.seconds < other.seconds

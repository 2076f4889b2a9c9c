"""The report of a reader check: what is written is read back, what is none is refused, and the schema says the same."""

from __future__ import annotations

import copy
import json
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from mynacard.reader_check import report as reader_report
from mynacard.reader_check.report import (
    CardKind,
    CardSeen,
    Check,
    Reader,
    Report,
    ReportError,
    Result,
    System,
    read_report,
    write_report,
)

SCHEMA = Path(reader_report.__file__).with_name("report.schema.json")
VALIDATOR = Draft202012Validator(json.loads(SCHEMA.read_text("utf-8")))

REPORT = Report(
    made=datetime(2026, 11, 24, 15, 0, 0, tzinfo=UTC),
    mynacard="0.4.0",
    system=System("Linux", "6.1.0", "3.11.7", "pcsc-lite", "1.9.9"),
    reader=Reader("SONY FeliCa RC-S300/P 00 00", "054C:0DC8", "1.5.0", "1.02"),
    card=CardSeen(CardKind.JPKI, "3B888001"),
    checks=(
        Check(1, "library", "the PC/SC library", Result.PASSED, "pcsc-lite answers.", took_s=0.02),
        Check(
            2, "extended-length", "long commands", Result.FAILED, "None passes.", "reader/extended-length: None.", 0.1,
            1.5, {"largest_command": 261, "ms": (1.5, 2, 2.25), "passed": False, "protocol": "T=1"},
            ("SELECT, at 0.2 s: 0 bytes and '6F00', after 3 ms",),
        ),
        Check(3, "signature", "a signature", Result.NOT_TESTED, "", "No PIN was given."),
    ),
    finished=True,
)  # fmt: skip


# --- both directions -----------------------------------------------------------------------------------------

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
NUMBER = st.integers(-(10**15), 10**15) | st.floats(-1e15, 1e15)
VALUES = st.dictionaries(
    st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}", fullmatch=True),
    st.booleans() | NUMBER | TEXT | st.lists(NUMBER, max_size=5).map(tuple),
    max_size=4,
)
SECONDS = st.floats(0, 1e9)
CHECKS = st.lists(
    st.builds(
        Check, st.integers(1, 10**6), st.from_regex(r"[a-z0-9][a-z0-9._-]{0,59}", fullmatch=True), TEXT,
        st.sampled_from(Result), TEXT, TEXT, SECONDS, SECONDS, VALUES,
        st.lists(TEXT, max_size=3).map(tuple),
    ),
    max_size=4, unique_by=lambda check: check.code,
).map(tuple)  # fmt: skip
REPORTS = st.builds(
    Report,
    st.datetimes(timezones=st.just(UTC)).map(lambda time: time.replace(microsecond=0)),
    TEXT,
    st.builds(System, TEXT, TEXT, TEXT, TEXT, TEXT),
    st.builds(Reader, TEXT, st.from_regex(r"([0-9A-F]{4}:[0-9A-F]{4})?", fullmatch=True), TEXT, TEXT),
    st.builds(CardSeen, st.sampled_from(CardKind), st.binary(max_size=33).map(lambda atr: atr.hex().upper())),
    CHECKS,
    st.booleans(),
)


@given(REPORTS)
def test_every_report_is_read_back_and_fits_the_schema(report: Report) -> None:
    document = json.loads(json.dumps(report.document(), ensure_ascii=False))
    assert Report.of(document) == report
    VALIDATOR.validate(document)


def test_a_file_gives_back_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "日本 report.json"
    write_report(REPORT, path)
    assert read_report(path) == REPORT
    write_report(Report(REPORT.made, "", System(""), Reader("読取装置"), CardSeen(CardKind.NONE)), path)
    assert read_report(path).reader.name == "読取装置"
    assert list(tmp_path.iterdir()) == [path]


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(VALIDATOR.schema)


def test_the_format_is_this_to_the_letter() -> None:
    document = REPORT.document()
    assert document["made"] == "2026-11-24T15:00:00Z"
    assert document["checks"] == [
        {
            "number": 1, "code": "library", "title": "the PC/SC library", "result": "passed",
            "summary": "pcsc-lite answers.", "reason": "", "at_s": 0.0, "took_s": 0.02, "values": {},
            "incidents": [],
        },
        {
            "number": 2, "code": "extended-length", "title": "long commands", "result": "failed",
            "summary": "None passes.", "reason": "reader/extended-length: None.", "at_s": 0.1, "took_s": 1.5,
            "values": {"largest_command": 261, "ms": [1.5, 2, 2.25], "passed": False, "protocol": "T=1"},
            "incidents": ["SELECT, at 0.2 s: 0 bytes and '6F00', after 3 ms"],
        },
        {
            "number": 3, "code": "signature", "title": "a signature", "result": "not-tested", "summary": "",
            "reason": "No PIN was given.", "at_s": 0.0, "took_s": 0.0, "values": {},
            "incidents": [],
        },
    ]  # fmt: skip


def test_members_that_a_later_program_added_are_passed_over() -> None:
    document = cast(dict[str, Any], REPORT.document())
    for inside in (document, document["system"], document["reader"], document["card"], document["checks"][0]):
        inside["colour"] = {"blue": [1]}
    assert Report.of(document) == REPORT
    VALIDATOR.validate(document)


def test_a_report_of_an_earlier_version_has_no_incidents() -> None:
    document = cast(dict[str, Any], REPORT.document())
    for row in document["checks"]:
        del row["incidents"]
    assert {check.incidents for check in Report.of(document).checks} == {()}
    VALIDATOR.validate(document)


# --- what is refused -----------------------------------------------------------------------------------------


def changed(*path: str | int, to: object) -> dict[str, Any]:
    document = copy.deepcopy(cast(dict[str, Any], REPORT.document()))
    inside: Any = document
    for step in path[:-1]:
        inside = inside[step]
    inside[path[-1]] = to
    return document


BAD = {
    "a list": ([], "It is not a JSON object."),
    "another format": (changed("format", to="mynacard recording"), "It is not a report of a reader check."),
    "another version": (changed("version", to=2), "Its format has another version; this program reads version 1."),
    "a version that is a flag": (changed("version", to=True), "Its format has another version"),
    "a month that is none": (changed("made", to="2026-13-01T00:00:00Z"), "made is missing, or does not have its form."),
    "a time zone": (changed("made", to="2026-11-24T15:00:00+09:00"), "made is missing"),
    "no reader": (changed("reader", to=None), "reader is not a JSON object."),
    "a name that is a number": (changed("reader", "name", to=5), "reader.name is missing"),
    "half a letter": (changed("reader", "name", to="\ud800"), "reader.name is missing"),
    "an endless text": (changed("reader", "driver", to="x" * 2001), "reader.driver is missing"),
    "a USB id in small letters": (changed("reader", "usb", to="054c:0dc8"), "reader.usb is missing"),
    "another kind of card": (changed("card", "kind", to="bank"), "card.kind is missing"),
    "half a byte": (changed("card", "atr", to="3B8"), "card.atr is missing"),
    "a long ATR": (changed("card", "atr", to="3B" * 34), "card.atr is missing"),
    "another result": (changed("checks", 1, "result", to="works"), "checks[1].result is missing"),
    "a check that is none": (changed("checks", 1, to="passed"), "checks[1] is not a JSON object."),
    "a check that stands twice": (changed("checks", 1, "code", to="library"), "It holds one check twice."),
    "markup for a code": (changed("checks", 1, "code", to="<b>"), "checks[1].code is missing"),
    "a time before the begin": (changed("checks", 1, "at_s", to=-1), "checks[1].at_s is missing"),
    "an endless time": (changed("checks", 1, "took_s", to=float("inf")), "checks[1].took_s is missing"),
    "a flag for a number": (changed("checks", 1, "number", to=True), "checks[1].number is missing"),
    "a number without a value": (changed("checks", 1, "values", "ms", to=float("nan")), "checks[1].values.ms is"),
    "a number beyond all": (changed("checks", 1, "values", "ms", to=10**400), "checks[1].values.ms is missing"),
    "an object as a value": (changed("checks", 1, "values", "ms", to={}), "checks[1].values.ms is missing"),
    "a number among incidents": (changed("checks", 1, "incidents", to=["x", 2]), "checks[1].incidents is missing"),
    "words among figures": (changed("checks", 1, "values", "ms", to=[1, "2"]), "checks[1].values.ms is missing"),
    "a name with a line": (changed("checks", 1, "values", "a\nb", to=1), "checks[1].values has a malformed name."),
    "too many checks": (changed("checks", to=[{}] * 501), "checks is missing, or does not have its form."),
    "perhaps finished": (changed("finished", to="yes"), "finished is missing, or does not have its form."),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_document_that_is_none_is_refused_and_told_where(name: str) -> None:
    document, sentence = BAD[name]
    with pytest.raises(ReportError) as caught:
        Report.of(document)
    assert str(caught.value).startswith(sentence)


CONTENTS = {
    "nothing": b"", "no JSON": b"{", "no UTF-8": b'{"format": "\xff"}', "deep": b"[" * 100_000,
    "another": b"{}", "large": b" " * (reader_report.SIZE_MAX + 1), "digits": b"9" * 5000,
}  # fmt: skip


@pytest.mark.parametrize("name", CONTENTS)
def test_a_file_that_holds_none_is_told_by_its_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a report"
    path.write_bytes(CONTENTS[name])
    with pytest.raises(ReportError, match="a report: It ") as caught:
        read_report(path)
    assert str(caught.value).startswith(str(path))


def test_a_file_that_is_not_there_is_told_by_its_name(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(ReportError, match="directory"):
            read_report(path)


@pytest.mark.parametrize("number", range(300))
def test_a_damaged_document_is_refused_or_still_a_report(number: int) -> None:
    chance = random.Random(number)
    document = json.loads(json.dumps(REPORT.document()))
    for _ in range(chance.randint(1, 3)):
        mutate(document, chance)
    try:
        found = Report.of(document)
    except ReportError as error:
        assert "{" not in str(error)
    else:
        VALIDATOR.validate(found.document())
        VALIDATOR.validate(document)
        assert Report.of(found.document()) == found


def mutate(document: Any, chance: random.Random) -> None:
    """Change, add, take away or double one thing somewhere inside *document*."""
    inside = document
    while isinstance(inside, dict | list) and inside:
        at = chance.choice(list(inside) if isinstance(inside, dict) else range(len(inside)))
        if isinstance(inside[at], dict | list) and inside[at] and chance.random() < 0.8:
            inside = inside[at]
            continue
        match chance.randrange(3):
            case 0:
                del inside[at]
            case 1:
                inside[at] = chance.choice(
                    [None, True, -1, 2, 0.5, 10**20, "", "x", "passed", [], [1, 2], {}, {"a": 1}]
                )
            case _ if isinstance(inside, list):
                inside.append(copy.deepcopy(inside[at]))
            case _:
                inside[f"{at}.more"] = copy.deepcopy(inside[at])
        return


# --- what is written -----------------------------------------------------------------------------------------


def test_what_nobody_could_read_back_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    write_report(REPORT, path)
    before = path.read_bytes()
    bad = Check(1, "Not a code", "", Result.PASSED)
    with pytest.raises(ReportError, match=r"checks\[0\].code"):
        write_report(Report(REPORT.made, "", REPORT.system, REPORT.reader, REPORT.card, (bad,)), path)
    assert path.read_bytes() == before


def test_a_disk_that_is_full_leaves_the_report_of_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "report.json"
    write_report(REPORT, path)
    before = path.read_bytes()

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_report(Report(REPORT.made, "", REPORT.system, REPORT.reader, REPORT.card), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]

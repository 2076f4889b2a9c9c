"""Many reports as one table: what was not tested is never said to work, and what a report holds is shown, not taken."""

from __future__ import annotations

import html.parser
import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mynacard.reader_check.matrix import Cell, Column, fold
from mynacard.reader_check.report import CardKind, CardSeen, Check, Reader, Report, Result, System, Value
from mynacard.reader_check.tables import markdown
from mynacard.reader_check.tables import web_page as page

READER = Reader("A Reader (0012AB) 00 00", "1234:ABCD", "1.5.0")
LINUX = System("Linux", "6.1.0", "3.11.7", "pcsc-lite", "1.9.9")


def check(code: str, result: Result = Result.PASSED, **more: Value) -> Check:
    number = 1 + ["library", "extended-length", "signature"].index(code)
    return Check(number, code, f"the {code}", result, f"{code} {result.value}", values=more)


def report(
    *checks: Check, reader: Reader = READER, day: int = 1, system: System = LINUX, finished: bool = True
) -> Report:
    made = datetime(2026, 11, day, 15, 0, 0, tzinfo=UTC)
    return Report(made, "0.4.0", system, reader, CardSeen(CardKind.JPKI), checks, finished)


def cells(*reports: Report) -> dict[str, Cell]:
    """What the one row says of each check."""
    found = fold(reports)
    (row,) = found.rows
    return {column.code: cell for column, cell in zip(found.columns, row.cells, strict=True)}


# --- one reader ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("result", Result)
def test_one_report_says_what_it_says(result: Result) -> None:
    found = cells(report(check("signature", result)))["signature"]
    assert (found.result, found.words) == (result, result.value.replace("-", " "))


def test_what_a_report_does_not_tell_is_not_tested() -> None:
    first = report(check("library"), check("signature", Result.NOT_TESTED, ms=5), finished=False)
    other = report(check("extended-length"), reader=replace(READER, name="Another 00 00"))
    matrix = fold([first, other])
    assert [row.kind.name for row in matrix.rows] == ["A Reader", "Another"]
    results = [[cell.result for cell in row.cells] for row in matrix.rows]
    not_tested = Result.NOT_TESTED
    assert results == [[Result.PASSED, not_tested, not_tested], [not_tested, Result.PASSED, not_tested]]
    assert all(not cell.figures for row in matrix.rows for cell in row.cells if cell.result is not_tested)
    assert matrix.rows[0].source == "1 report, 1 not finished, 2026-11-01"


PASSED, FAILED, NOTED, NOT_TESTED = Result.PASSED, Result.FAILED, Result.NOTED, Result.NOT_TESTED


@pytest.mark.parametrize(
    ("results", "worst", "words"),
    [
        ([PASSED, PASSED], PASSED, "2 of 2 passed"),
        ([PASSED, FAILED, PASSED], FAILED, "2 of 3 passed"),
        ([FAILED, PASSED], FAILED, "1 of 2 passed"),
        ([FAILED, FAILED], FAILED, "0 of 2 passed"),
        ([NOTED, PASSED], NOTED, "1 of 2 passed"),
        ([NOTED, NOTED], NOTED, "noted"),
        ([NOTED, FAILED], FAILED, "0 of 2 passed"),
        ([NOT_TESTED, PASSED], PASSED, "passed"),
        ([FAILED, NOT_TESTED, NOT_TESTED], FAILED, "failed"),
        ([NOT_TESTED, NOT_TESTED], NOT_TESTED, "not tested"),
    ],
)
def test_a_failure_outweighs_passes_and_a_check_that_was_skipped_counts_for_nothing(
    results: list[Result], worst: Result, words: str
) -> None:
    reports = [report(check("signature", result), day=day) for day, result in enumerate(results, 1)]
    for order in (reports, reports[::-1]):
        found = cells(*order)["signature"]
        assert (found.result, found.words) == (worst, words)


def test_the_newest_gives_the_figures_and_the_newest_failure_the_reason() -> None:
    reports = [
        report(check("signature", FAILED, ms=1), day=1),
        report(check("signature", PASSED, ms=703.25), day=3),
        report(check("signature", NOT_TESTED, ms=9), day=4),
        report(check("signature", PASSED, ms=2), day=2),
    ]
    found = cells(*reports)["signature"]
    assert found == Cell(FAILED, "2 of 3 passed", ("ms: 703.2",), "signature failed")


def test_a_report_that_is_given_twice_counts_once() -> None:
    assert cells(report(check("signature")), report(check("signature")))["signature"].words == "passed"


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("largest_command", 261, "largest command: 261"),
        ("largest_ne", 65536, "largest ne: 65,536"),
        ("signature_ms", 703.25, "signature: 703.2 ms"),
        ("wait_s", 0.0042, "wait: 0.0042 s"),
        ("answer_bytes", 2050, "answer: 2,050 bytes"),
        ("rate_bytes_per_s", 12345.678, "rate: 12,345.7 bytes/s"),
        ("reset", True, "reset: yes"),
        ("reset", False, "reset: no"),
        ("protocol", "T=1", "protocol: T=1"),
        ("protocol", "x" * 100, f"protocol: {'x' * 60}…"),
        ("times_ms", (1, 9, 2), "times: 2 ms, median of 3"),
        ("times_ms", (), "times: none"),
        ("sizes_bytes", (16, 2048, 1024), "sizes: 16 to 2,048 bytes, 3 values"),
        ("_ms", 5.0, ": 5 ms"),
    ],
)
def test_figures_are_for_people(name: str, value: Value, text: str) -> None:
    assert cells(report(check("signature", **{name: value})))["signature"].figures == (text,)


def test_of_many_figures_the_first_are_shown() -> None:
    found = cells(report(check("signature", **{f"n{at}": at for at in range(50)})))["signature"]
    assert found.figures == (*(f"n{at}: {at}" for at in range(3)), "…")


def test_numbers_go_before_words() -> None:
    found = cells(report(check("signature", told=True, size_bytes=5, kind="a word")))["signature"]
    assert found.figures == ("size: 5 bytes",)


# --- many readers --------------------------------------------------------------------------------------------


def test_serial_number_and_index_make_no_other_reader() -> None:
    names = ["A Reader (0012AB) 00 00", "A Reader (77) 01 00", "A Reader 00 00", "A Reader 0"]
    (row,) = fold(report(reader=replace(READER, name=name)) for name in names).rows
    assert (row.kind.name, row.reports) == ("A Reader", 4)
    for text in ("0012AB", "(77)"):
        assert text not in page(fold([report(reader=READER)])) + markdown(fold([report(reader=READER)]))


def test_usb_id_driver_and_system_do() -> None:
    reports = [
        report(),
        report(reader=replace(READER, usb="1234:ABCE")),
        report(reader=replace(READER, driver="1.6.0")),
        report(system=System("Windows", pcsc="winscard")),
        report(reader=replace(READER, name="読取装置 00 00")),
        report(reader=Reader("")),
        report(system=replace(LINUX, release="6.12")),
    ]
    rows = fold(reports).rows
    assert [row.reports for row in rows] == [1, 2, 1, 1, 1, 1]
    assert [row.kind.system for row in rows[1:3]] == ["Linux pcsc-lite", "Windows winscard"]
    shown = page(fold(reports))
    assert "読取装置" in shown
    assert "(no name)" in shown


def test_columns_are_the_checks_of_all_reports_with_their_newest_titles() -> None:
    renamed = replace(check("library"), title="a new title")
    matrix = fold(
        [report(check("signature"), check("library"), day=1), report(renamed, check("extended-length"), day=2)]
    )
    assert matrix.columns == (
        Column("library", "a new title"), Column("extended-length", "the extended-length"),
        Column("signature", "the signature"),
    )  # fmt: skip


def test_checks_that_failed_or_differ_come_first() -> None:
    same, differs = check("library", size_bytes=5), check("extended-length", size_bytes=5, took_ms=1.0)
    other = report(
        same, replace(differs, values={"size_bytes": 6, "took_ms": 1.0}), reader=replace(READER, name="Another")
    )
    assert codes(report(same, differs), other) == ["extended-length", "library"]
    slower = replace(other, checks=(same, replace(differs, values={"size_bytes": 5, "took_ms": 9.0})))
    assert codes(report(same, differs), slower) == ["library", "extended-length"]
    failing = report(same, differs, check("signature", FAILED))
    assert codes(failing, other) == ["signature", "extended-length", "library"]


def codes(*reports: Report) -> list[str]:
    return [column.code for column in fold(reports).columns]


def test_on_paper_and_narrow_screens_each_cell_names_its_check() -> None:
    shown = page(fold([report(check("signature"))]))
    assert 'data-column="the signature"' in shown
    assert "@media print, (max-width: 60em)" in shown
    assert "prefers-color-scheme: dark" in shown


# --- markup --------------------------------------------------------------------------------------------------

EVIL = "<script>alert('1')</script>|`x`[a](http://b) \"&amp; *b* _c_ @all \x1b[31m\u202e\n www.evil.example"


class Tags(html.parser.HTMLParser):
    """Which elements and attributes a page has, and its words."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.words = ""
        self.feed(content)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.words += data


OURS = Tags(page(fold([report(check("signature", FAILED, ms=1))])))


def evil(text: str) -> Report:
    reader = Reader(text, "", text)
    odd = Check(1, "library", text, Result.FAILED, text, text, values={"said": text})
    return report(odd, reader=reader, system=System(text, pcsc=text))


@given(st.just(EVIL) | st.text(st.characters(exclude_categories=["Cs"]), max_size=50))
def test_nothing_in_a_report_is_markup_on_the_page(text: str) -> None:
    found = Tags(page(fold([evil(text)])))
    assert found.tags <= OURS.tags
    assert found.attributes <= OURS.attributes


@given(st.just(EVIL) | st.text(st.characters(exclude_categories=["Cs"]), max_size=50))
def test_nothing_in_a_report_ends_a_cell_of_the_table(text: str) -> None:
    lines = markdown(fold([evil(text)])).split("\n")
    assert [line[:2] for line in lines] == ["| ", "| ", "| ", *(["", "- "] if text else []), ""]
    for line in lines:
        assert not re.search(r"<(?!br>)", line)
    for line in lines[:3]:
        assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) == 5


def test_what_a_report_says_is_shown_as_it_is() -> None:
    shown = Tags(page(fold([evil(EVIL)]))).words
    assert "<script>alert('1')</script>|`x`[a](http://b)" in shown
    assert "\\x1b[31m\\u202e\\n" in shown
    table = markdown(fold([evil(EVIL)]))
    assert r"&lt;script&gt;alert('1')&lt;/script&gt;\|\`x\`\[a\](http&#58;//b)" in table
    for loose in ("\x1b", "\u202e", "@", "www.", "://"):
        assert loose not in table


def test_what_failed_or_is_noted_is_said_in_words_below_the_table() -> None:
    said = fold([report(check("library"), check("signature", FAILED), check("extended-length", NOTED))])
    shown = page(said)
    assert "<li>A Reader, the signature (failed): signature failed</li>" in shown
    assert "<li>A Reader, the extended-length (noted): extended-length noted</li>" in shown
    assert "- A Reader, the signature (failed): signature failed" in markdown(said).splitlines()
    works = fold([report(check("library"), check("signature", NOT_TESTED))])
    assert "What failed" not in page(works)
    assert len(markdown(works).splitlines()) == 3


def test_the_page_loads_and_runs_nothing() -> None:
    content = page(fold([report(check("signature", ms=1)), evil("a")]))
    for word in ("http:", "https:", "src=", "href=", "<script", "@import", "url(", "<link"):
        assert word not in content, word
    assert "default-src 'none'" in content

"""What a file can demand of its reader is bounded: one that was made to keep it busy ends in an error or a verdict."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader

from mynacard.errors import PdfFileError
from mynacard.signing import budget as budgets
from mynacard.signing.bounded import Reader
from mynacard.signing.budget import Budget
from mynacard.signing.pades import Beyond, check_signable, read, sign
from mynacard.trust import Verdict
from tests.signing import large
from tests.signing.documents import CERTIFICATE
from tests.signing.pdfs import bomb, fill_in, pdf, updated
from tests.signing.test_pades import SIGNED, TWICE
from tests.trust.authorities import key

STEPS, MEMORY = "takes more than 300000 steps", "take more than 20000000 bytes of memory"


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A budget of 1/80 of the steps and 1/32 of the memory, so that what exceeds it is soon made."""
    monkeypatch.setattr(budgets, "STEPS_MAX", 300_000)
    monkeypatch.setattr(budgets, "MEMORY_MAX", 20_000_000)


# --- as pyHanko, but faster ---


def objects(reader: Any) -> list[str]:
    """All objects of all versions of a file as *reader* has them, and in which versions they begin and change."""
    texts: list[str] = []
    for revision in range(reader.xrefs.total_revisions):
        resolver = reader.get_historical_resolver(revision)
        for ref in refs_until(reader, revision):
            versions = reader.xrefs.get_introducing_revision(ref), reader.xrefs.get_last_change(ref)
            texts.append(repr((revision, ref, versions, resolver(ref))))
    return sorted(texts)


def refs_until(reader: Any, revision: int) -> set[Any]:
    return {ref for earlier in range(revision + 1) for ref in reader.xrefs.explicit_refs_in_revision(earlier)}


PACKED = large.signed(large.objects(250, packed=True), 2)


@pytest.mark.parametrize(
    "data", [TWICE, PACKED, large.signed(large.bookmarks(20), 2)], ids=["two", "packed", "bookmarks"]
)
def test_every_object_of_every_version_is_the_one_that_pyhanko_reads(data: bytes) -> None:
    theirs: Any = PdfFileReader(io.BytesIO(data))
    assert objects(Reader(data, Budget())) == objects(theirs)


def usages(reader: Any, revision: int) -> dict[Any, set[Any]]:
    resolver = reader.get_historical_resolver(revision)
    resolver._load_reverse_xref_cache()
    return {ref: resolver._get_usages_of_ref(ref) for ref in refs_until(reader, revision)}


@pytest.mark.parametrize(
    "data",
    [TWICE, updated(sign(pdf(form=True), CERTIFICATE, key("holder")), fill_in), large.changed(large.ladder(3))],
    ids=["two", "form", "ladder"],
)
def test_the_paths_to_an_object_are_among_those_that_pyhanko_finds_and_none_is_without(data: bytes) -> None:
    theirs: Any = PdfFileReader(io.BytesIO(data))
    for revision in range(2):
        every, some = usages(theirs, revision), usages(Reader(data, Budget()), revision)
        assert every.keys() == some.keys()
        for ref, paths in every.items():
            assert some[ref] <= paths
            assert bool(some[ref]) == bool(paths)


def test_a_file_with_bookmarks_or_with_many_pages_is_read() -> None:
    for data in (large.signed(large.bookmarks(500), 2), large.signed(large.plain(pages=50), 2)):
        assert [(one.rest.verdict, one.beyond) for one in read(data)] == [
            (Verdict.GOOD, Beyond.LATER_SIGNATURES), (Verdict.GOOD, Beyond.NOTHING),
        ]  # fmt: skip


def test_paths_without_number_are_no_trouble() -> None:
    assert read(large.changed(large.ladder(60)))[0].signature.verdict is Verdict.GOOD


# --- what is refused ---


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    ("make", "bound"),
    [
        (lambda: large.shared(10, 10_000), STEPS),
        (lambda: large.changed(large.array(50_000)), MEMORY),
        (lambda: large.changed(large.array(50_000, b"[]")), MEMORY),
        (lambda: large.changed(large.array(50_000, b"/")), MEMORY),
        (lambda: large.changed(large.array(50_000, b"()")), MEMORY),
        (lambda: large.changed(large.array(50_000, b"1 0 R ")), MEMORY),
        (lambda: large.changed(large.lying(300, 100_000)), MEMORY),
        (lambda: large.changed(large.tree(3000)), MEMORY),
        (lambda: updated(large.signed(large.star(300, 60)), fill_in), STEPS),
        (lambda: large.entries(1 << 32), STEPS),
        (lambda: large.entries(1 << 16), MEMORY),
        (lambda: large.table(100_000), MEMORY),
    ],
    ids=[
        "shared", "numbers", "arrays", "names", "strings", "references", "lying", "tree", "star",
        "entries", "fewer entries", "table",
    ],
)  # fmt: skip
def test_what_was_made_to_keep_a_reader_busy_is_refused_with_the_bound(make: Callable[[], bytes], bound: str) -> None:
    with pytest.raises(PdfFileError, match=bound):
        read(make())


def test_more_versions_than_are_read_are_refused_and_can_be_signed() -> None:
    data = large.revisions(1100)
    with pytest.raises(PdfFileError, match="1 signatures in 1102 versions"):
        read(data)
    assert check_signable(data) == 1


@pytest.mark.parametrize(("make", "size"), [(bomb, 30_000_000), (large.unfolding, 10_000_000)], ids=["once", "twice"])
def test_what_unfolds_to_more_than_is_read_is_refused(make: Callable[[int], bytes], size: int) -> None:
    with pytest.raises(PdfFileError, match="unfold to more"):
        read(make(size))


def test_arrays_in_each_other_are_not_compared() -> None:
    data = large.changed(large.raw([b"[" * 3000 + b"]" * 3000]))
    assert [(one.signature.verdict, one.beyond) for one in read(data)] == [(Verdict.GOOD, Beyond.NOT_CHECKED)]


def test_a_page_tree_that_contains_itself_is_not_compared() -> None:
    data = large.changed(large.raw([b"<</Type/Pages/Count 1/Kids[2 0 R]>>"], pages=b"/Kids[3 0 R 4 0 R]/Count 2"))
    assert [(one.signature.verdict, one.beyond) for one in read(data)] == [(Verdict.GOOD, Beyond.NOT_CHECKED)]


def test_a_stream_that_lies_about_its_length_is_not_compared() -> None:
    data = large.changed(large.raw([b"<</Length 5000>>stream\nshort\nendstream"]))
    assert [(one.signature.verdict, one.beyond) for one in read(data)] == [(Verdict.GOOD, Beyond.NOT_CHECKED)]


@pytest.mark.usefixtures("small")
def test_hashing_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    from mynacard.signing import pdf as reading

    assert read(SIGNED)[0].signature.verdict is Verdict.GOOD
    monkeypatch.setattr(reading, "_BYTES_PER_STEP", 0.001)
    with pytest.raises(PdfFileError, match=STEPS):
        read(SIGNED)


def test_the_memory_of_a_version_is_released() -> None:
    budget = Budget()
    reader = Reader(TWICE, budget)
    before = budget.memory
    for _ in range(3):
        resolver = reader.get_historical_resolver(1)
        resolver._load_reverse_xref_cache()
        assert budget.memory < before
        reader.forget(1)
        kept, before = before - budget.memory, budget.memory
    assert kept == 0, "the reader keeps its objects from the first time on"

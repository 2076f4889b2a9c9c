"""The graph of references: no reference is without a path, and no paths are there that pyHanko's full search lacks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mynacard.signing.references import Link, Path, References
from tests.extent import examples

Graph: TypeAlias = Mapping[int | None, tuple[Link[int], ...]]
ROOT = 0


def references(graph: Graph, **given_: object) -> References[int]:
    options = {"root": ROOT, "structure": None, "pages": {}, "elements": frozenset(), "spend": lambda _: None}
    return References(lambda ref: graph.get(ref, ()), **(options | given_))  # type: ignore[arg-type]  # a table


def all_paths(graph: Graph, target: int) -> set[Path]:
    """Every path from the trailer to *target* that passes no object twice: the exhaustive search."""
    paths: set[Path] = set()
    pending: list[tuple[int | None, Path, frozenset[int]]] = [(None, (), frozenset())]
    while pending:
        ref, path, passed = pending.pop()
        for entry, following in graph.get(ref, ()):
            if following == target and following not in passed:
                paths.add((*path, *entry))
            elif following not in passed:
                pending.append((following, (*path, *entry), passed | {following}))
    return paths


def uses(graph: Graph, paths: set[Path]) -> set[tuple[int | None, Path]]:
    """The references with which *paths* end: the object, and its entry, which is one name in these graphs."""
    ends: set[tuple[int | None, Path]] = set()
    for path in paths:
        ref: int | None = None
        for at, name in enumerate(path):
            following = dict(graph[ref])[name,]
            if at == len(path) - 1:
                ends.add((ref, (name,)))
            ref = following
    return ends


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    count = draw(st.integers(2, 7))
    objects = {
        number: tuple(
            ((f"/K{at}",), target) for at, target in enumerate(draw(st.lists(st.integers(0, count - 1), max_size=4)))
        )
        for number in range(count)
    }
    return {None: ((("/Root",), ROOT),), **objects}


@settings(max_examples=examples(400), deadline=None)
@given(graphs())
def test_every_reference_has_a_path_and_every_path_is_one_of_the_full_search(graph: Graph) -> None:
    graph_here = references(graph)
    for target in range(1, len(graph) - 1):
        every = all_paths(graph, target)
        some = graph_here.paths(target)
        assert uses(graph, some) == uses(graph, every), target


@settings(max_examples=examples(400), deadline=None)
@given(graphs())
def test_an_object_with_several_ways_to_it_has_several_paths(graph: Graph) -> None:
    """Else a rule that justifies one way would justify the others, where the object means something else."""
    graph_here = references(graph)
    for target in range(1, len(graph) - 1):
        every = all_paths(graph, target)
        assert min(len(graph_here.paths(target)), 2) == min(len(every), 2), target


def ladder(rungs: int) -> Graph:
    steps = {number: ((("/A",), number + 1), (("/B",), number + 1)) for number in range(rungs)}
    return {None: ((("/Root",), ROOT),), **steps}


def test_there_are_no_more_paths_than_references_on_the_way() -> None:
    assert len(references(ladder(10)).paths(10)) == 2 + 2 * 9
    assert len(references(ladder(200)).paths(200)) == 2 + 2 * 199


def test_a_long_chain_is_no_deep_recursion() -> None:
    length = 20_000
    chain: Graph = {None: ((("/Root",), ROOT),), **{at: ((("/Next",), at + 1),) for at in range(length)}}
    (path,) = references(chain).paths(length)
    assert len(path) == length + 1


def test_each_step_is_counted() -> None:
    spent: list[int] = []
    graph = references(ladder(200), spend=spent.append)
    assert 200 <= sum(spent) <= 2000
    graph.paths(200)
    assert sum(spent) >= 200 * 200


def test_a_page_is_entered_by_its_own_path_only() -> None:
    """Also where the array of its siblings is used as another array: a shadow of the page tree."""
    kids: Path = ("/Root", "/Pages", "/Kids", 0)
    graph: Graph = {
        None: ((("/Root",), ROOT),),
        ROOT: ((("/AcroForm", "/Fields"), 2), (("/Pages",), 1)),
        1: ((("/Kids",), 2),),
        2: (((0,), 3),),
        3: ((("/Contents",), 4), (("/Parent2",), 1)),
    }
    pages = {1: ("/Root", "/Pages"), 3: kids}
    graph_of_pages = references(graph, pages=pages)
    assert kids in graph_of_pages.paths(3)
    assert graph_of_pages.paths(4) == {(*kids, "/Contents")}


def test_elements_of_the_structure_tree_are_entered_through_it_only_and_their_pages_are_not_followed() -> None:
    graph: Graph = {
        None: ((("/Root",), ROOT),),
        ROOT: ((("/StructTreeRoot",), 1), (("/Other",), 2)),
        1: ((("/K", 0), 2), (("/ParentTree",), 2)),
        2: ((("/K", "/Obj"), 3), (("/P",), 1)),
        3: ((("/P",), 4), (("/AP",), 5)),
    }
    tree = references(graph, structure=1, elements=frozenset({2}))
    assert tree.paths(3) == {("/Root", "/StructTreeRoot", "/K", 0, "/K", "/Obj")}
    assert tree.paths(2) == {
        ("/Root", "/StructTreeRoot", "/K", 0), ("/Root", "/Other"), ("/Root", "/StructTreeRoot", "/ParentTree"),
    }  # fmt: skip
    assert tree.paths(4) == set()
    assert len(tree.paths(5)) == 1


@pytest.mark.parametrize("target", [99, 7])
def test_what_nothing_refers_to_has_no_path(target: int) -> None:
    assert references({None: ((("/Root",), ROOT),), ROOT: (), 7: ()}).paths(target) == set()

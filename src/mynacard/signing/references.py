"""The references between the objects of one version of a PDF file, and by which paths each object is reached.

pyHanko asks by which paths a replaced object was used, and lets its rules justify the paths one by one. It computes all
paths in the file, and their number can grow exponentially. Here, a reference has its shortest path, and one more for
each other reference to an object on that path: as many as there are references on the way, and no reference has none.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import Final, Generic, TypeAlias, TypeVar

__all__ = ["Link", "Path", "References"]

Ref = TypeVar("Ref", bound=Hashable)
Path: TypeAlias = tuple[str | int, ...]
Link: TypeAlias = tuple[Path, Ref]
"""Where in an object a reference stands, and what it refers to."""
_State: TypeAlias = tuple[Ref | None, bool]
"""An object, or None for the trailer; and whether it is reached through the structure tree."""

_K: Final = "/K"
_P: Final = "/P"
_STRUCTURE: Final = ("/StructTreeRoot", _K)


class References(Generic[Ref]):
    """The reference graph of one version, without entries ``/Parent``, and ``/P`` below the structure tree.

    Args:
        links: the references in an object; None is the trailer.
        root: the catalog.
        structure: the root of the structure tree, if it is an object of its own.
        pages: the nodes of the page tree with their paths. A node is entered by this path only.
        elements: the elements of the structure tree, which are entered only through it.
        spend: counts steps.
    """

    def __init__(
        self,
        links: Callable[[Ref | None], tuple[Link[Ref], ...]],
        *,
        root: Ref,
        structure: Ref | None,
        pages: Mapping[Ref, Path],
        elements: frozenset[Ref],
        spend: Callable[[int], None],
    ) -> None:
        self._links, self._root, self._structure, self._spend = links, root, structure, spend
        self._pages, self._elements = pages, elements
        self._fixed: dict[_State[Ref], Path] = {(None, False): (), (root, False): ("/Root",)}
        if structure is not None:
            self._fixed[structure, False] = ("/Root", "/StructTreeRoot")
        self._fixed.update(((page, False), path) for page, path in pages.items())
        self._uses: dict[Ref | None, list[tuple[_State[Ref], Path]]] = {}
        self._around: dict[Ref | None, dict[_State[Ref], tuple[_State[Ref], Path]]] = {}
        self._tree = self._spanning(None, self._uses)

    def paths(self, ref: Ref) -> set[Path]:
        """Paths from the trailer to *ref*, none of which passes through *ref* itself; empty if nothing refers to it."""
        if ref in self._pages:
            return {self._pages[ref]}  # a page is justified as a whole or not at all, and every bookmark leads to one
        return {path for use in self._uses.get(ref, ()) for path in self._of_use(ref, *use)}

    def _spanning(
        self, avoided: Ref | None, uses: dict[Ref | None, list[tuple[_State[Ref], Path]]] | None = None
    ) -> dict[_State[Ref], tuple[_State[Ref], Path]]:
        """For each object by which other and which entry it is reached first, breadth first; not through *avoided*."""
        tree: dict[_State[Ref], tuple[_State[Ref], Path]] = {}
        known = set(self._fixed)
        queue = deque(state for state in self._fixed if avoided is None or state[0] != avoided)
        while queue:
            state = queue.popleft()
            for path, target, in_structure in self._leaving(state):
                if uses is not None:
                    uses.setdefault(target, []).append((state, path))
                following = (target, in_structure)
                if following in known or target == avoided or not self._may_enter(*following):
                    continue
                known.add(following)
                tree[following] = state, path
                queue.append(following)
        return tree

    def _leaving(self, state: _State[Ref]) -> Iterator[tuple[Path, Ref, bool]]:
        ref, in_structure = state
        links = self._links(ref)
        self._spend(1 + 2 * len(links))
        for path, target in links:
            below = in_structure or self._enters_structure(ref, path)
            if not (below and _P in path):
                yield path, target, below

    def _enters_structure(self, ref: Ref | None, path: Path) -> bool:
        if path[:1] == (_K,):
            return ref is not None and ref == self._structure
        return path[:2] == _STRUCTURE and ref == self._root

    def _may_enter(self, ref: Ref, in_structure: bool) -> bool:
        return ref not in self._pages and (in_structure or ref not in self._elements)

    def _of_use(self, ref: Ref, user: _State[Ref], entry: Path) -> Iterator[Path]:
        """The paths that end with *entry* of *user*: its shortest, and those by other ways to objects on that one."""
        chain, tree = self._chain(user, self._tree), self._tree
        if any(state[0] == ref for state, _ in chain):
            if ref in self._pages:
                return  # a page is justified as a whole or not at all, and has a path of the page tree
            tree = self._without(ref)
            if user not in tree and user not in self._fixed:
                return  # reached through *ref* only
            chain = self._chain(user, tree)
        yield self._joined(chain, entry)
        for at, (state, _) in enumerate(chain):
            if state in self._fixed:
                return
            for other, place in self._uses.get(state[0], ()):
                if (other, place) != tree[state] and self._below(other, place) == state[1]:
                    upper = self._detour(state[0], other)
                    if upper is not None and all(passed[0] != ref for passed, _ in upper):
                        yield self._joined([*chain[:at], (state, place), *upper], entry)

    def _below(self, user: _State[Ref], path: Path) -> bool:
        return user[1] or self._enters_structure(user[0], path)

    def _detour(self, avoided: Ref | None, user: _State[Ref]) -> list[tuple[_State[Ref], Path]] | None:
        """How *user* is reached other than through the object *avoided*; None if it is not."""
        chain = self._chain(user, self._tree)
        if all(state[0] != avoided for state, _ in chain):
            return chain
        tree = self._without(avoided)
        return self._chain(user, tree) if user in tree or user in self._fixed else None

    def _without(self, ref: Ref | None) -> dict[_State[Ref], tuple[_State[Ref], Path]]:
        if ref not in self._around:
            self._around[ref] = self._spanning(ref)
        return self._around[ref]

    def _chain(
        self, state: _State[Ref], tree: Mapping[_State[Ref], tuple[_State[Ref], Path]]
    ) -> list[tuple[_State[Ref], Path]]:
        """The objects from *state* up to one with a fixed path, and by which entry of the next each is reached."""
        chain: list[tuple[_State[Ref], Path]] = []
        while state not in self._fixed:
            above, path = tree[state]
            chain.append((state, path))
            state = above
        chain.append((state, self._fixed[state]))
        self._spend(len(chain))
        return chain

    def _joined(self, chain: list[tuple[_State[Ref], Path]], tail: Path) -> Path:
        steps = [step for _, path in reversed(chain) for step in path]
        self._spend(8 + len(steps))  # pyHanko walks along it
        return (*steps, *tail)

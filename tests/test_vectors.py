"""The vector files themselves: each names its source, and no two rows have one name."""

from __future__ import annotations

from collections import Counter
from typing import cast

import pytest

from tests.support import VECTORS, vector_file, vectors

FILES = sorted(path.relative_to(VECTORS).as_posix() for path in VECTORS.rglob("*.json"))
SAYS = {
    "specification": {"document", "clause"},
    "recording": {"reader", "driver", "card", "made", "masked"},
    "independent": {"implementations"},
    "derived": {"how"},
}


@pytest.mark.parametrize("name", FILES)
def test_a_vector_file_says_what_it_is_about_and_where_it_is_from(name: str) -> None:
    file = vector_file(name)
    source = cast(dict[str, object], file["source"])
    assert isinstance(file["about"], str)
    assert SAYS[str(source["kind"])] <= source.keys()


@pytest.mark.parametrize("name", FILES)
def test_every_vector_has_a_name_of_its_own(name: str) -> None:
    names = Counter(vector.id for vector in vectors(name))
    assert names
    assert not [name for name, count in names.items() if count > 1]


@pytest.mark.parametrize("name", FILES)
def test_every_vector_is_vouched_for_by_somebody_the_file_names(name: str) -> None:
    source = cast(dict[str, object], vector_file(name)["source"])
    named = cast(dict[str, str], source.get("implementations", {}))
    for vector in vectors(name):
        assert set(cast(list[str], vector.fields.get("by", []))) <= named.keys(), vector.id

"""What is said of each signature of honest files, here and by pyHanko and pdfsig: a table of docs/oracles.md.

tests/signing/test_honest.py asks the two programs, and compares what they say with the same rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import pytest

from tests.signing.oracles import column, together
from tests.signing.test_honest import IRREGULAR, OF_REST, TABLE, Told, of_pdfsig

TITLE: Final = "Honest PDF files"
VALIDITIES: Final = {"is Valid": "good", "has not yet been verified": "Signature has not yet been verified"}
EXTENTS: Final = {"Total": "the whole file", "Not total": "not the whole file"}


def here(tolds: Sequence[Told]) -> str:
    return together(f"{OF_REST[told.beyond].value}: {told.beyond}" for told in tolds)


def pyhanko(tolds: Sequence[Told]) -> str:
    kept = ("refused", "unreadable")
    levels = (told.pyhanko for told in tolds)
    return together(level if level in kept else f"good: {level.lower().replace('_', ' ')}" for level in levels)


def pdfsig(tolds: Sequence[Told]) -> str:
    return together(f"{VALIDITIES[validity]}: {EXTENTS[extent]}" for validity, extent in of_pdfsig(tolds))


ASKED: Final[dict[str, Callable[[Sequence[Told]], str]]] = {"mynacard": here, "pyHanko": pyhanko, "pdfsig": pdfsig}


@pytest.mark.parametrize("name", ASKED)
def test_the_page_has_what_is_said_of_each_honest_file(name: str) -> None:
    tolds = {file: (IRREGULAR,) * len(row.told) if row.irregular else row.told for file, row in TABLE.items()}
    assert column(TITLE, name)[1] == {file: ASKED[name](told) for file, told in tolds.items()}

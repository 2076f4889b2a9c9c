"""What the European Commission's DSS says of attacks and of honest files, beside other programs: docs/oracles.md."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

import pytest

from tests.rig import dss
from tests.rig.dss import Said
from tests.signing import contracts, honest, test_attack_oracles, test_honest_oracles, tsa
from tests.signing.dss_files import lay_out
from tests.signing.oracles import NO_SIGNATURE, column, of_dss, together
from tests.signing.test_attacks import BROKEN_FILES, DOCUMENTS, ROWS
from tests.signing.test_honest import TABLE, file

pytestmark = pytest.mark.thorough("DSS, which is written in Java")

BEFORE: Final = "before the attack, "


def pdf_files() -> dict[str, bytes]:
    before = {f"{BEFORE}{name}": data for name, data in DOCUMENTS.items()}
    return before | dict(test_attack_oracles.files()) | {name: file(name) for name in TABLE}


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, list[Said]]:
    """What DSS says of each signature in each PDF file, in one run: a Java machine takes seconds to start.

    They are judged today, as the time stamps in them are of today.
    """
    files = {f"{number}.pdf": named for number, named in enumerate(pdf_files().items())}
    folder, now = tmp_path_factory.mktemp("dss"), datetime.now(UTC)
    lay_out(folder, {path: data for path, (_, data) in files.items()}, (contracts.CA, honest.CA, tsa.CA), now)
    done = dss.run(folder, now, [f"validate {path}" for path in files])
    return {name: done[path] for path, (name, _) in files.items()}


def of_first(signatures: list[Said], document: list[Said]) -> str:
    """What DSS says of the first signature, beyond what it says of the *document* before the attack."""
    of = [of_dss(said, document[0].changes) for said in signatures if said.field in ("First", "")]
    return of[0] if of else NO_SIGNATURE


def test_the_page_has_what_dss_says_of_each_attack(said: Mapping[str, list[Said]]) -> None:
    documents = {name: document for name, (document, *_) in (ROWS | BROKEN_FILES).items()}
    assert column(test_attack_oracles.TITLE, "DSS") == (
        dss.version(),
        {name: of_first(said[name], said[f"{BEFORE}{document}"]) for name, document in documents.items()},
    )


def test_dss_passes_the_same_files_before_the_attack(said: Mapping[str, list[Said]]) -> None:
    for name in DOCUMENTS:
        (only,) = said[f"{BEFORE}{name}"]
        assert (only.indication, {*only.changes} <= {"overlapping annotations"}) == ("TOTAL_PASSED", True)


def test_the_page_has_what_dss_says_of_each_honest_file(said: Mapping[str, list[Said]]) -> None:
    assert column(test_honest_oracles.TITLE, "DSS") == (
        dss.version(),
        {name: together(map(of_dss, said[name])) for name in TABLE},
    )
